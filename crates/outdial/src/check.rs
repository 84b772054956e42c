//! `outdial check`: a configuration, its database and its trunks, before a server depends on them.

use crate::command_line::CheckArguments;
use crate::config::Configuration;
use crate::failure::Failure;
use crate::output::print;
use crate::wiring;

/// Runs the command.
pub(crate) fn run(arguments: &CheckArguments) -> Result<(), Failure> {
    let file = arguments.config.display();
    let configuration = Configuration::load(&arguments.config).map_err(|broken| {
        eprintln!("{broken}");
        Failure::Told
    })?;
    for warning in &configuration.warnings {
        eprintln!("{warning}");
    }
    print(&format!("{file}: sound ({})\n", summary(&configuration)))?;
    if arguments.file_only {
        return Ok(());
    }
    let runtime = wiring::runtime().map_err(Failure::Failed)?;
    runtime.block_on(outside(&configuration))
}

/// What lies outside of the file: the database and the trunks.
async fn outside(configuration: &Configuration) -> Result<(), Failure> {
    let mut failed = false;
    match wiring::check_database(&configuration.database).await {
        Ok(words) => print(&format!(
            "database {}: {words}\n",
            configuration.database.path.display()
        ))?,
        Err(problem) => {
            failed = true;
            eprintln!(
                "error: database {}: {problem}",
                configuration.database.path.display()
            );
        }
    }
    let trunks = wiring::check_trunks(&configuration.sip, &configuration.setup.trunks).await;
    for (name, result) in trunks {
        match result {
            Ok(words) => print(&format!("trunk {name}: {words}\n"))?,
            Err(problem) => {
                failed = true;
                eprintln!("error: trunk {name}: {problem}");
            }
        }
    }
    if failed { Err(Failure::Told) } else { Ok(()) }
}

fn summary(configuration: &Configuration) -> String {
    let setup = &configuration.setup;
    let agents: usize = setup.tenants.iter().map(|tenant| tenant.agents.len()).sum();
    let count =
        |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    [
        count(setup.trunks.len(), "trunk"),
        count(setup.tenants.len(), "tenant"),
        count(agents, "agent"),
    ]
    .join(", ")
}
