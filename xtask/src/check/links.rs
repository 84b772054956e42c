//! Relative links in the project's own pages lead somewhere.

use std::path::{Component, Path, PathBuf};

use crate::fault::Fault;
use crate::workspace::Workspace;

/// # Errors
/// [`Fault::Findings`], a line for each link whose file is missing.
pub(crate) fn check(workspace: &Workspace) -> Result<String, Fault> {
    let mut findings = Vec::new();
    let mut count = 0;
    for page in workspace
        .files()?
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
    {
        let Some(text) = workspace.text(page)? else {
            continue;
        };
        for (line, link) in relative_links(&text) {
            count += 1;
            if !workspace.root.join(target(page, &link)).exists() {
                findings.push(format!(
                    "{}:{line}: the link `{link}` leads nowhere",
                    page.display()
                ));
            }
        }
    }
    Fault::from_findings(findings)?;
    Ok(format!("{count} links"))
}

/// The links of a page to files of the project, with their line numbers from 1.
fn relative_links(page: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    let mut in_code = false;
    for (number, line) in page.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for rest in line.split("](").skip(1) {
            let link = rest.split([')', ' ', '#']).next().unwrap_or_default();
            let leaves_the_project = link.contains(':') || link.is_empty();
            if !leaves_the_project {
                links.push((number + 1, link.to_owned()));
            }
        }
    }
    links
}

/// Where a link of a page leads, from the root; a link that starts with `/` counts from the root.
fn target(page: &Path, link: &str) -> PathBuf {
    let folder = if link.starts_with('/') {
        Path::new("")
    } else {
        page.parent().unwrap_or(Path::new(""))
    };
    let mut path = PathBuf::new();
    for part in folder.join(link.trim_start_matches('/')).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::CurDir => {}
            other => path.push(other),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_files_are_told_from_addresses_and_code() {
        let page = "See [a](adr/README.md#form) and [b](https://example.com) and [c](#here).\n\
                    ```\n[not](a/link)\n```\n[d](../LICENSE \"title\")\n";
        let links = relative_links(page);
        assert_eq!(
            links,
            [
                (1, "adr/README.md".to_owned()),
                (5, "../LICENSE".to_owned())
            ]
        );
    }

    #[test]
    fn links_count_from_the_folder_of_their_page() {
        assert_eq!(
            target(Path::new("docs/adr/0001.md"), "../GLOSSARY.md"),
            Path::new("docs/GLOSSARY.md")
        );
        assert_eq!(
            target(Path::new("docs/GLOSSARY.md"), "/LICENSE"),
            Path::new("LICENSE")
        );
        assert_eq!(target(Path::new("README.md"), "./docs"), Path::new("docs"));
    }
}
