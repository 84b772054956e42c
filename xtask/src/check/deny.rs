//! cargo-deny: licences, sources and bans without a network; advisories with one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::fault::Fault;
use crate::process;
use crate::workspace::Workspace;

/// Pinned: a new release may judge differently, and that is a change of its own.
const VERSION: &str = "0.20.2";

/// # Errors
/// When a licence, a source or a crate is not one that `deny.toml` allows.
pub(crate) fn offline(workspace: &Workspace) -> Result<String, Fault> {
    let mut deny = Command::new(tool(workspace)?);
    deny.current_dir(&workspace.root);
    // One platform only, the machine's: crates of other platforms were never
    // downloaded, so that naming them would need the network.
    deny.args(["--offline", "--locked", "--target", &host(workspace)?]);
    deny.args(["check", "licenses", "sources", "bans"]);
    process::run(&mut deny)?;
    Ok(String::new())
}

/// # Errors
/// When a dependency has a known vulnerability, or the database cannot be reached.
pub(crate) fn advisories(workspace: &Workspace) -> Result<String, Fault> {
    let mut deny = Command::new(tool(workspace)?);
    deny.current_dir(&workspace.root);
    deny.args(["--locked", "check", "advisories"]);
    process::run(&mut deny)?;
    Ok(String::new())
}

/// The triple of this machine.
fn host(workspace: &Workspace) -> Result<String, Fault> {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.current_dir(&workspace.root).arg("-vV");
    let printed = process::capture(&mut rustc)?;
    let host = printed.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Fault::Output {
        command: process::as_typed(&rustc),
        problem: "no line `host: …`".into(),
    })
}

/// The pinned cargo-deny: the one we built earlier, one on the search path, or a new one.
fn tool(workspace: &Workspace) -> Result<PathBuf, Fault> {
    let tools = workspace.target_directory.join("tools");
    let ours = tools.join("bin").join("cargo-deny");
    for candidate in [ours.clone(), PathBuf::from("cargo-deny")] {
        if is_pinned(&candidate) {
            return Ok(candidate);
        }
    }
    install(workspace, &tools)?;
    Ok(ours)
}

fn is_pinned(candidate: &Path) -> bool {
    let output = Command::new(candidate)
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    output.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).trim() == format!("cargo-deny {VERSION}")
    })
}

/// Builds cargo-deny below `target`. It runs for a second, so building quickly matters more than
/// running quickly: unoptimised and without debug information it takes under a minute on two cores.
fn install(workspace: &Workspace, tools: &Path) -> Result<(), Fault> {
    println!("    cargo-deny {VERSION} is not here yet; building it once");
    let build = tools.join("build");
    let mut cargo = workspace.cargo();
    cargo.args([
        "install",
        "--locked",
        "--debug",
        "--force",
        "--version",
        VERSION,
        "cargo-deny",
    ]);
    cargo
        .arg("--root")
        .arg(tools)
        .arg("--target-dir")
        .arg(&build);
    cargo.envs([
        ("CARGO_INCREMENTAL", "0"),
        ("CARGO_PROFILE_DEV_DEBUG", "0"),
        ("CARGO_PROFILE_DEV_OPT_LEVEL", "0"),
    ]);
    process::run(&mut cargo)?;
    fs::remove_dir_all(&build).map_err(|source| Fault::File {
        path: build,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_of_another_version_is_not_the_pinned_one() {
        assert!(!is_pinned(Path::new("no-such-program-here")));
        // `true --version` prints another program's name.
        assert!(!is_pinned(Path::new("true")));
    }

    #[test]
    fn the_triple_of_this_machine_names_its_processor() {
        let workspace = Workspace::open().unwrap();
        assert!(
            host(&workspace)
                .unwrap()
                .starts_with(std::env::consts::ARCH)
        );
    }
}
