//! Rules about the text of any file: nothing that holds on one machine only, nothing left unfinished.

use std::path::Path;

use crate::fault::Fault;
use crate::workspace::Workspace;

/// Top folders that stand for one machine: home directories and the build roots of CI services.
const MACHINE_FOLDERS: [&str; 6] = ["root", "home", "Users", "work", "farm", "builds"];

/// Hosts of package registries, in two halves so that this list does not find itself.
/// A package is called by its name: where it is fetched from is the machine's affair.
const REGISTRY_HOSTS: [(&str, &str); 6] = [
    ("index", "crates.io"),
    ("static", "crates.io"),
    ("registry", "npmjs.org"),
    ("files", "pythonhosted.org"),
    ("pypi", "org"),
    ("deb", "debian.org"),
];

/// Marks of unfinished code, in two halves for the same reason.
const UNFINISHED: [(&str, &str); 4] = [
    ("todo", "!("),
    ("unimplemented", "!("),
    ("panic!(\"not ", "implemented"),
    ("panic!(\"not yet ", "implemented"),
];

/// # Errors
/// [`Fault::Findings`], a line for each offending line.
pub(crate) fn check(workspace: &Workspace) -> Result<String, Fault> {
    let files = workspace.files()?;
    let mut findings = Vec::new();
    for path in &files {
        if let Some(text) = workspace.text(path)? {
            findings.extend(findings_in(path, &text));
        }
    }
    Fault::from_findings(findings)?;
    Ok(format!("{} files", files.len()))
}

fn findings_in(path: &Path, text: &str) -> Vec<String> {
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    let mut findings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let problems = [
            machine_path(line),
            registry_host(line),
            is_rust.then(|| ignored_test(line)).flatten(),
            is_rust.then(|| unfinished(line)).flatten(),
        ];
        let place = format!("{}:{}", path.display(), number + 1);
        findings.extend(
            problems
                .into_iter()
                .flatten()
                .map(|problem| format!("{place}: {problem}")),
        );
    }
    findings
}

fn machine_path(line: &str) -> Option<String> {
    MACHINE_FOLDERS.iter().map(|folder| format!("/{folder}/")).find_map(|path| {
        let stands_alone = |at: usize| !line[..at].ends_with(|before: char| continues_a_path(before));
        line.match_indices(&path)
            .any(|(at, _)| stands_alone(at))
            .then(|| format!("`{path}…` is a path of one machine; make it relative, or take it as a setting"))
    })
}

/// Whether a `/` after this character goes on with a relative path, an address or a variable.
fn continues_a_path(before: char) -> bool {
    before.is_alphanumeric() || "_.-~/}])>*".contains(before)
}

fn registry_host(line: &str) -> Option<String> {
    REGISTRY_HOSTS
        .iter()
        .map(|(name, domain)| format!("{name}.{domain}"))
        .find_map(|host| {
            line.contains(&host).then(|| {
                format!("`{host}` is the host of a package registry; call the package by its name")
            })
        })
}

fn ignored_test(line: &str) -> Option<String> {
    let line = line.trim_start();
    let attribute = concat!("#[", "ignore");
    let conditional = line.starts_with("#[cfg_attr(") && line.contains("ignore");
    let doc_test = (line.starts_with("///") || line.starts_with("//!"))
        && line.contains(concat!("```", "ignore"));
    (line.starts_with(attribute) || conditional || doc_test).then(|| {
        "a test that does not run; mend it, or move its long variant behind OUTDIAL_SOAK".to_owned()
    })
}

fn unfinished(line: &str) -> Option<String> {
    UNFINISHED
        .iter()
        .map(|(head, tail)| format!("{head}{tail}"))
        .find_map(|mark| {
            line.contains(&mark).then(|| {
                format!("`{mark}` is unfinished code; return an error that says what is missing")
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, line: &str) -> usize {
        findings_in(Path::new(file), line).len()
    }

    #[test]
    fn paths_of_one_machine_are_found_wherever_they_stand() {
        for folder in MACHINE_FOLDERS {
            for line in [
                format!("/{folder}/x"),
                format!("see `/{folder}/x`"),
                format!("DIR=/{folder}/x"),
            ] {
                assert_eq!(found("notes.md", &line), 1, "{line}");
            }
        }
    }

    #[test]
    fn relative_paths_and_addresses_are_no_paths_of_a_machine() {
        for line in [
            "a/home/b",
            "https://example.com/home/x",
            "$DIR/home/x",
            "~/home/x",
            "${DIR}/home/x",
        ] {
            assert_eq!(found("notes.md", line), 0, "{line}");
        }
    }

    #[test]
    fn hosts_of_registries_are_found_and_names_of_packages_are_not() {
        for (name, domain) in REGISTRY_HOSTS {
            assert_eq!(
                found("pip.conf", &format!("https://{name}.{domain}/simple")),
                1
            );
        }
        let standard_source = r#"source = "registry+https://github.com/rust-lang/crates.io-index""#;
        assert_eq!(found("Cargo.lock", standard_source), 0);
    }

    #[test]
    fn ignored_tests_are_found_in_every_spelling() {
        let bare = concat!("    #[", "ignore]");
        let reasoned = concat!("#[", "ignore = \"slow\"]");
        let conditional = concat!("#[cfg_attr(miri, ", "ignore)]");
        let documented = concat!("/// ```", "ignore");
        for line in [bare, reasoned, conditional, documented] {
            assert_eq!(found("a.rs", line), 1, "{line}");
            assert_eq!(found("a.md", line), 0, "{line}");
        }
    }

    #[test]
    fn unfinished_code_is_found_in_rust_only() {
        for (head, tail) in UNFINISHED {
            let line = format!("    {head}{tail}");
            assert_eq!(found("a.rs", &line), 1, "{line}");
            assert_eq!(found("a.md", &line), 0, "{line}");
        }
    }

    #[test]
    fn a_finding_names_file_line_and_remedy() {
        let text = format!("fine\n    {}{}\n", UNFINISHED[0].0, UNFINISHED[0].1);
        let findings = findings_in(Path::new("src/a.rs"), &text);
        assert!(findings[0].starts_with("src/a.rs:2: "), "{findings:?}");
        assert!(findings[0].contains("return an error"), "{findings:?}");
    }
}
