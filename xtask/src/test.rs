//! `cargo xtask test` and `cargo xtask soak`: build every test once, then run one binary after another.
//!
//! Plain cargo builds, so that a Rust toolchain is enough. The binaries are run from here
//! rather than by `cargo test`, because that tells how long each took, and ends one that hangs.

mod build;
mod choice;
mod clients;
mod run;
mod tally;

use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::packages::{self, SIPP, Tool};
use crate::steps::readable;
use crate::workspace::Workspace;

use choice::Choice;
use run::Part;
use tally::{Report, Tally};

/// Crates whose tests drive a program that cargo cannot bring.
const NEEDS: [(&str, Tool); 3] = [
    ("outdial", SIPP),
    ("outdial-peers", SIPP),
    ("outdial-telephony", SIPP),
];

/// How a run of the tests differs from another.
pub(crate) struct Plan {
    only: Option<String>,
    limit: Duration,
    /// The long variants: optimised, and told by `OUTDIAL_SOAK=1` to raise their counts.
    soak: bool,
}

impl Plan {
    /// What every change has to pass.
    pub(crate) fn everyday(only: Option<String>, minutes: u64) -> Self {
        Self {
            only,
            limit: Duration::from_secs(60 * minutes),
            soak: false,
        }
    }

    /// What runs overnight.
    pub(crate) fn soak(only: Option<String>, minutes: u64) -> Self {
        Self {
            only,
            limit: Duration::from_secs(60 * minutes),
            soak: true,
        }
    }
}

/// # Errors
/// When a tool is missing, a test does not build, fails, or does not end in time.
pub(crate) fn run(workspace: &Workspace, plan: &Plan) -> Result<(), Fault> {
    let choice = Choice::of(workspace, plan.only.as_deref())?;
    let mut tools: Vec<Tool> = NEEDS
        .iter()
        .filter(|(package, _)| choice.packages.contains(package))
        .map(|&(_, tool)| tool)
        .collect();
    tools.dedup();
    println!("==> tools");
    packages::ensure(&tools)?;
    if clients::are_needed(&choice) {
        clients::ensure(workspace)?;
    }

    println!("==> build");
    let started = Instant::now();
    let parts = build::parts(workspace, &choice, plan.soak)?;
    let mut report = Report::new(started.elapsed());

    let deadline = Instant::now() + plan.limit;
    let count = parts.len();
    for (index, mut part) in parts.into_iter().enumerate() {
        println!("==> {} ({} of {count})", part.label, index + 1);
        if plan.soak {
            part.command.env("OUTDIAL_SOAK", "1");
        }
        let started = Instant::now();
        let tally = run_part(&mut part, deadline)?;
        report.add(part.label, tally, started.elapsed());
    }
    println!("\n{report}");
    if report.total().failed == 0 {
        return Ok(());
    }
    let limit = readable(plan.limit);
    Err(Fault::Refused(format!(
        "tests failed or did not end; the limit for all of them is {limit} (--minutes)"
    )))
}

fn run_part(part: &mut Part, deadline: Instant) -> Result<Tally, Fault> {
    if Instant::now() >= deadline {
        println!("not run: no time is left");
        return Ok(Tally {
            failed: 1,
            ..Tally::default()
        });
    }
    part.run(deadline)
}
