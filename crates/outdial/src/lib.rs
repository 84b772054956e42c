//! The program `outdial`: configuration, wiring and command line.
//!
//! [`run`] is the program; [`config`] is public for those who start a server in another way.
//!
//! ```
//! use outdial::config::Configuration;
//!
//! let broken = Configuration::load_with("no-such-file.toml".as_ref(), []).expect_err("no file");
//! assert!(broken.to_string().contains("cannot be read"));
//! ```

mod check;
mod client;
pub mod command_line;
pub mod config;
mod demo;
mod export;
mod failure;
mod import;
mod log;
mod not_built;
mod operator;
mod output;
mod pacer;
mod serve;
mod wiring;

use std::process::ExitCode;

use clap::Parser as _;

use command_line::{Command, CommandLine};

/// Does what the command line says: exit code 0 = done, 1 = failed, 2 = the command line is wrong.
pub fn run() -> ExitCode {
    let result = match CommandLine::parse().command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Campaign(arguments) => operator::campaign::run(&arguments),
        Command::Agent(arguments) => operator::agent::run(&arguments),
        Command::Explain(arguments) => operator::explain::run(&arguments),
        Command::Trunk(arguments) => operator::trunk::run(&arguments),
        Command::Simulate(_) => not_built::run("simulate"),
        Command::Pacer => pacer::run(),
        Command::Evidence(_) => not_built::run("evidence"),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
