//! `cargo xtask bench`: runs the benches, keeps their figures in `docs/benchmarks.md`, and
//! fails when a bound does not hold.
//!
//! A bench is an example or a binary called `bench-NAME` in the crate it measures. It prints one JSON line
//! (see `bench/line.rs`) in which each figure stands beside its limit, measured in the same run.

mod document;
mod line;
mod machine;

use std::collections::BTreeSet;
use std::fs;

use crate::fault::Fault;
use crate::packages::{self, SIPP, SQLITE_SHELL, Tool};
use crate::process;
use crate::steps::Steps;
use crate::workspace::{Package, Target, Workspace};

use document::{Document, Section};
use line::Line;
use machine::Machine;

/// Every bench, in the order of the page, with the programs it measures itself against.
const BENCHES: [(&str, &[Tool]); 6] = [
    ("engine", &[]),
    ("import", &[SQLITE_SHELL]),
    ("calls", &[SIPP]),
    ("relay", &[]),
    ("edits", &[SIPP]),
    ("ten-million", &[]),
];

const PAGE: &str = "docs/benchmarks.md";

/// # Errors
/// When a name is unknown, a bench is missing or fails, or a bound does not hold.
pub(crate) fn run(workspace: &Workspace, names: &[String]) -> Result<(), Fault> {
    let chosen = choose(names)?;
    let path = workspace.root.join(PAGE);
    let mut page = Document::parse(&fs::read_to_string(&path).unwrap_or_default());
    let machine = Machine::this(workspace)?;
    let mut steps = Steps::default();
    // Nothing is measured that is not built: what lies there may be older than the code.
    build(workspace, &chosen)?;
    for (name, tools) in chosen {
        steps.run(&format!("bench {name}"), || {
            packages::ensure(tools)?;
            let line = measure(workspace, name)?;
            let section = Section::new(&line, &machine);
            println!("\n{section}");
            page.put(section);
            fs::write(&path, page.to_text(&names_in_order())).map_err(|source| Fault::File {
                path: path.clone(),
                source,
            })?;
            Fault::from_findings(line.broken_bounds())?;
            Ok(format!("{} figures", line.metrics.len()))
        });
    }
    steps.close()
}

fn names_in_order() -> Vec<&'static str> {
    BENCHES.iter().map(|(name, _)| *name).collect()
}

fn choose(names: &[String]) -> Result<Vec<(&'static str, &'static [Tool])>, Fault> {
    if let Some(unknown) = names
        .iter()
        .find(|name| !names_in_order().contains(&name.as_str()))
    {
        return Err(Fault::Refused(format!(
            "no bench `{unknown}`; there are: {}",
            names_in_order().join(", ")
        )));
    }
    let is_chosen = |name: &str| names.is_empty() || names.iter().any(|given| given == name);
    Ok(BENCHES
        .into_iter()
        .filter(|(name, _)| is_chosen(name))
        .collect())
}

/// Builds the chosen benches, and beside them the binaries of their crates, fresh.
///
/// One build over the crates of all benches, chosen or not: with another choice of crates cargo
/// would build their dependencies again, with other features.
fn build(workspace: &Workspace, chosen: &[(&str, &[Tool])]) -> Result<(), Fault> {
    let mut build = workspace.cargo();
    build.args(["build", "--release", "--locked", "--bins"]);
    let known = names_in_order().into_iter();
    let crates = known.filter_map(|name| find(&workspace.packages, name).ok());
    let crates: BTreeSet<&str> = crates.map(|(package, _)| &*package.name).collect();
    for name in crates {
        build.args(["--package", name]);
    }
    for (name, _) in chosen {
        let (_, target) = find(&workspace.packages, name)?;
        if target.is("example") {
            build.args(["--example", &target.name]);
        }
    }
    process::run(&mut build)
}

/// Runs a bench once.
fn measure(workspace: &Workspace, name: &str) -> Result<Line, Fault> {
    let (_, target) = find(&workspace.packages, name)?;
    let folder = workspace.target_directory.join("release");
    let program = if target.is("example") {
        folder.join("examples").join(&target.name)
    } else {
        folder.join(&target.name)
    };
    let mut bench = std::process::Command::new(program);
    bench.current_dir(&workspace.root);
    println!("    {}", process::as_typed(&bench));
    let printed = process::capture(&mut bench)?;
    Line::find(name, &printed).map_err(|problem| Fault::Output {
        command: process::as_typed(&bench),
        problem,
    })
}

fn find<'a>(packages: &'a [Package], name: &str) -> Result<(&'a Package, &'a Target), Fault> {
    let wanted = format!("bench-{name}");
    let targets = packages
        .iter()
        .flat_map(|package| package.targets.iter().map(move |target| (package, target)));
    targets
        .filter(|(_, target)| target.is("example") || target.is("bin"))
        .find(|(_, target)| target.name.replace('_', "-") == wanted)
        .ok_or_else(|| {
            Fault::Refused(format!(
                "bench `{name}` does not exist yet: no crate has an example `{wanted}`"
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::samples::package;

    #[test]
    fn all_benches_run_when_none_is_named() {
        assert_eq!(choose(&[]).unwrap().len(), BENCHES.len());
        assert_eq!(choose(&["relay".into()]).unwrap()[0].0, "relay");
    }

    #[test]
    fn an_unknown_bench_is_answered_with_the_known_ones() {
        let fault = choose(&["speed".into()]).unwrap_err().to_string();
        assert_eq!(
            fault,
            "no bench `speed`; there are: engine, import, calls, relay, edits, ten-million"
        );
    }

    #[test]
    fn a_bench_is_found_in_whichever_crate_has_it() {
        let packages = [
            package("outdial-engine", &[], &[("bench-engine", "example")]),
            package(
                "outdial",
                &[],
                &[("bench_ten_million", "example"), ("bench-relay", "test")],
            ),
        ];
        assert_eq!(find(&packages, "engine").unwrap().0.name, "outdial-engine");
        assert_eq!(
            find(&packages, "ten-million").unwrap().1.name,
            "bench_ten_million"
        );
        let fault = find(&packages, "relay").unwrap_err().to_string();
        assert_eq!(
            fault,
            "bench `relay` does not exist yet: no crate has an example `bench-relay`"
        );
    }
}
