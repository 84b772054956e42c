//! Builds the chosen tests and says which binaries came of it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::choice::Choice;
use super::run::Part;
use crate::fault::Fault;
use crate::process;
use crate::workspace::{Package, Target, Workspace};

/// Integration tests that wait for calls far more than they work, and how many of each run at once,
/// however few processors there are.
const WAITING: [(&str, usize); 3] = [("acceptance", 4), ("live_edits", 4), ("vendors", 4)];

/// One line of cargo's JSON messages; only artifacts have all of this.
#[derive(Deserialize)]
struct Artifact {
    package_id: String,
    target: Target,
    profile: Profile,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// Builds the tests, and returns what to run: unit tests first, then integration tests, then doc tests.
///
/// # Errors
/// When something does not build.
pub(super) fn parts(
    workspace: &Workspace,
    choice: &Choice<'_>,
    release: bool,
) -> Result<Vec<Part>, Fault> {
    let mut cargo = cargo_test(workspace, choice, release);
    if let Some(test) = choice.test {
        cargo.args(["--test", test]);
    }
    cargo.args(["--no-run", "--message-format=json-render-diagnostics"]);
    println!("    {}", process::as_typed(&cargo));
    // Cargo tells its progress on the error output, which the person sees.
    let messages = process::capture(&mut cargo)?;
    let mut artifacts = test_artifacts(&messages);
    // Cargo's order is that in which builds happened to end.
    artifacts.sort_by_key(|artifact| {
        let is_integration_test = artifact.target.is("test");
        (
            is_integration_test,
            artifact.package_id.clone(),
            artifact.target.name.clone(),
        )
    });

    let mut parts: Vec<Part> = artifacts
        .into_iter()
        .filter_map(|artifact| part(&workspace.packages, artifact))
        .collect();
    if choice.doc_tests {
        let mut command = cargo_test(workspace, choice, release);
        command.arg("--doc");
        parts.push(Part {
            label: "doc tests".into(),
            command,
        });
    }
    Ok(parts)
}

fn cargo_test(workspace: &Workspace, choice: &Choice<'_>, release: bool) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--locked"]);
    if choice.everything {
        cargo.arg("--workspace");
    } else {
        cargo.args(
            choice
                .packages
                .iter()
                .flat_map(|package| ["--package", package]),
        );
    }
    if release {
        cargo.arg("--release");
    }
    cargo
}

fn test_artifacts(messages: &str) -> Vec<Artifact> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Artifact>(line).ok())
        .filter(|artifact| artifact.profile.test && artifact.executable.is_some())
        .collect()
}

/// A test binary with the surroundings that `cargo test` gives it.
fn part(packages: &[Package], artifact: Artifact) -> Option<Part> {
    let package = packages
        .iter()
        .find(|package| package.id == artifact.package_id)?;
    let label = if artifact.target.is("test") {
        format!("{}: tests/{}", package.name, artifact.target.name)
    } else {
        format!("{}: unit tests", package.name)
    };
    let mut command = Command::new(artifact.executable?);
    command.current_dir(package.folder()).stdin(Stdio::null());
    command
        .env("CARGO_MANIFEST_DIR", package.folder())
        .env("CARGO_PKG_NAME", &package.name);
    if let Some(threads) = threads(&artifact.target)
        && std::env::var_os("RUST_TEST_THREADS").is_none()
    {
        command.env("RUST_TEST_THREADS", threads.to_string());
    }
    Some(Part { label, command })
}

fn threads(target: &Target) -> Option<usize> {
    let mut waiting = WAITING.iter();
    let found = waiting.find(|(name, _)| target.is("test") && target.name == *name);
    found.map(|&(_, threads)| threads)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::samples::package;

    const MESSAGES: &str = r#"
{"reason":"compiler-artifact","package_id":"dep","target":{"kind":["lib"],"name":"serde"},"profile":{"test":false},"executable":null}
{"reason":"compiler-artifact","package_id":"path+file:///here#outdial-engine","target":{"kind":["test"],"name":"properties"},"profile":{"test":true},"executable":"/t/properties-1"}
{"reason":"compiler-artifact","package_id":"path+file:///here#outdial","target":{"kind":["bin"],"name":"outdial"},"profile":{"test":false},"executable":"/t/outdial"}
{"reason":"build-script-executed","package_id":"dep"}
{"reason":"build-finished","success":true}
"#;

    #[test]
    fn only_test_binaries_are_run() {
        let artifacts = test_artifacts(MESSAGES);
        assert_eq!(artifacts.len(), 1);
        assert_eq!(artifacts[0].target.name, "properties");
    }

    #[test]
    fn a_test_binary_is_run_in_the_folder_of_its_crate() {
        let packages = [package("outdial-engine", &[], &[])];
        let part = part(&packages, test_artifacts(MESSAGES).remove(0)).unwrap();
        assert_eq!(part.label, "outdial-engine: tests/properties");
        assert_eq!(part.command.get_current_dir(), Some(packages[0].folder()));
    }

    #[test]
    fn tests_that_wait_run_side_by_side_on_any_machine() {
        assert_eq!(threads(&test_artifacts(MESSAGES)[0].target), None);
        let messages = MESSAGES.replace("properties", "acceptance");
        assert_eq!(threads(&test_artifacts(&messages)[0].target), Some(4));
    }
}
