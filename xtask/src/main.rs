//! The project's own commands: `cargo xtask check`, `test`, `soak`, `fuzz`, `bench`, `advisories`.
//!
//! They need a Rust toolchain and a C compiler; what else a command needs it fetches,
//! or it ends with the one command that would fetch it.

mod bench;
mod check;
mod fault;
mod fuzz;
mod packages;
mod process;
mod steps;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::fault::Fault;
use crate::test::Plan;
use crate::workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Checks, tests and measures Outdial")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Format, clippy, docs, licences, sources, and the project's own rules; needs no network.
    Check,
    /// Known vulnerabilities and yanked crates; needs a network.
    Advisories,
    /// Every test of the workspace.
    Test {
        /// Only this crate (`engine`) or this integration test (`sipp`).
        #[arg(long, value_name = "NAME")]
        only: Option<String>,
        /// How long the tests may take once they are compiled.
        #[arg(long, value_name = "N", default_value_t = 15)]
        minutes: u64,
    },
    /// The long variants: the same tests, optimised, with OUTDIAL_SOAK=1.
    Soak {
        /// Only this crate (`engine`) or this integration test (`crash`).
        #[arg(long, value_name = "NAME")]
        only: Option<String>,
        /// How long the tests may take once they are compiled.
        #[arg(long, value_name = "N", default_value_t = 360)]
        minutes: u64,
    },
    /// Sends the vendors' APIs whatever can be made up; a request that is not answered well is kept.
    Fuzz {
        /// For how long, once it is compiled.
        #[arg(long, value_name = "N", default_value_t = 10)]
        minutes: u64,
        /// Goes through the requests of an earlier run again.
        #[arg(long, value_name = "N")]
        seed: Option<u64>,
    },
    /// Measures, and writes docs/benchmarks.md. Fails when a bound does not hold.
    Bench {
        /// Which benches; all of them when none is named.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("\nxtask: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<(), Fault> {
    let workspace = Workspace::open()?;
    match task {
        Task::Check => check::run(&workspace),
        Task::Advisories => check::advisories(&workspace),
        Task::Test { only, minutes } => test::run(&workspace, &Plan::everyday(only, minutes)),
        Task::Soak { only, minutes } => test::run(&workspace, &Plan::soak(only, minutes)),
        Task::Fuzz { minutes, seed } => fuzz::run(&workspace, minutes, seed),
        Task::Bench { names } => bench::run(&workspace, &names),
    }
}
