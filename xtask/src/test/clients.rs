//! The vendors' official client libraries, in a Python environment of their own below the target
//! folder.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::choice::Choice;
use crate::fault::Fault;
use crate::packages::{self, PYTHON};
use crate::process;
use crate::workspace::Workspace;

/// The integration test that drives them, and its crate.
const TEST: (&str, &str) = ("outdial", "vendors");

/// Which libraries, each with its version.
const REQUIREMENTS: &str = "crates/outdial/tests/vendors/requirements.txt";

/// Whether the chosen tests drive them.
pub(super) fn are_needed(choice: &Choice<'_>) -> bool {
    choice.packages.contains(&TEST.0) && choice.test.is_none_or(|test| test == TEST.1)
}

/// Makes sure that they are there, in the versions that are asked for.
///
/// # Errors
/// When Python is missing, or the package index cannot be reached.
pub(super) fn ensure(workspace: &Workspace) -> Result<(), Fault> {
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| Fault::File { path, source }
    };
    let requirements = workspace.root.join(REQUIREMENTS);
    let wanted = fs::read_to_string(&requirements).map_err(file(&requirements))?;
    let folder = workspace.target_directory.join("vendor-clients");
    // Written last, so that an environment without it is not whole.
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    packages::ensure(&[PYTHON])?;
    process::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    )?;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps"])
        .args(["--disable-pip-version-check", "--requirement"])
        .arg(&requirements);
    process::run(&mut pip)?;
    fs::write(&stamp, wanted).map_err(file(&stamp))
}
