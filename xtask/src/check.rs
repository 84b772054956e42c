//! `cargo xtask check`: everything that can be said about the code without running it.

mod arrows;
mod deny;
mod engine_bans;
mod links;
mod text_rules;

use crate::fault::Fault;
use crate::process;
use crate::steps::Steps;
use crate::workspace::Workspace;

/// Runs every check, the quick ones first, and tells all that is wrong at once.
///
/// # Errors
/// Names the checks that failed; what they found is printed above.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Fault> {
    let mut steps = Steps::default();
    steps.run("text rules", || text_rules::check(workspace));
    steps.run("links", || links::check(workspace));
    steps.run("crate arrows", || arrows::check(workspace));
    steps.run("engine bans", || engine_bans::check(workspace));
    steps.run("format", || format(workspace));
    steps.run("licences, sources, bans", || deny::offline(workspace));
    steps.run("clippy", || clippy(workspace));
    steps.run("docs", || docs(workspace));
    steps.close()
}

/// `cargo xtask advisories`: the one check that needs a network.
///
/// # Errors
/// When a dependency has a known vulnerability, or the database cannot be reached.
pub(crate) fn advisories(workspace: &Workspace) -> Result<(), Fault> {
    let mut steps = Steps::default();
    steps.run("advisories", || deny::advisories(workspace));
    steps.close()
}

fn format(workspace: &Workspace) -> Result<String, Fault> {
    component(workspace, "fmt", "rustfmt")?;
    process::run(workspace.cargo().args(["fmt", "--all", "--check"]))?;
    Ok(String::new())
}

fn clippy(workspace: &Workspace) -> Result<String, Fault> {
    component(workspace, "clippy", "clippy")?;
    let mut clippy = workspace.cargo();
    clippy.args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]);
    process::run(&mut clippy)?;
    Ok(String::new())
}

fn docs(workspace: &Workspace) -> Result<String, Fault> {
    let mut doc = workspace.cargo();
    doc.args(["doc", "--workspace", "--no-deps", "--locked"]);
    let given = std::env::var("RUSTDOCFLAGS").unwrap_or_default();
    doc.env("RUSTDOCFLAGS", format!("{given} -D warnings").trim());
    process::run(&mut doc)?;
    Ok(String::new())
}

/// A toolchain installed with rustup's minimal profile lacks rustfmt and clippy.
fn component(workspace: &Workspace, subcommand: &str, name: &str) -> Result<(), Fault> {
    match process::capture(workspace.cargo().args([subcommand, "--version"])) {
        Ok(_) => Ok(()),
        Err(_) => Err(Fault::Refused(format!(
            "`cargo {subcommand}` is missing; bring it with: rustup component add {name}"
        ))),
    }
}
