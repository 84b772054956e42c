//! `outdial serve`: the server, from its configuration to its last call.

use std::time::Duration;

use crate::command_line::ServeArguments;
use crate::config::Configuration;
use crate::failure::Failure;
use crate::wiring;

/// Runs the command.
pub(crate) fn run(arguments: &ServeArguments) -> Result<(), Failure> {
    let configuration = Configuration::load(&arguments.config).map_err(|broken| {
        eprintln!("{broken}");
        Failure::Told
    })?;
    for warning in &configuration.warnings {
        eprintln!("{warning}");
    }
    let runtime = wiring::runtime().map_err(Failure::Failed)?;
    let stop_limit = Duration::from_secs(arguments.stop_limit);
    let served = runtime.block_on(wiring::serve(configuration, stop_limit));
    // After a second signal nothing is waited for.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served.map_err(Failure::Failed)
}
