//! `outdial demo`: the whole product in one process, with a simulated carrier, callees and agents
//! behind real SIP and RTP on loopback.

mod account;
mod progress;
mod stage;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use outdial_domain::{CampaignState, EndReason};
use outdial_service::views::Stats;

use crate::command_line::DemoArguments;
use crate::failure::Failure;
use crate::log::start_log;
use crate::wiring;
use account::Account;
use progress::Progress;
use stage::Stage;

/// How often progress is shown.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What the demo is asked to do.
#[derive(Clone, Debug)]
struct DemoOptions {
    /// How many contacts are called.
    contacts: u32,
    /// How many agents take the answers.
    agents: usize,
    /// Where API and console listen.
    listen: SocketAddr,
    /// Where the database is kept; `None` = in a temporary folder that goes with the demo.
    data: Option<PathBuf>,
    /// Whether to end when the campaign is done.
    once: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &DemoArguments) -> Result<(), Failure> {
    let options = DemoOptions {
        contacts: arguments.contacts,
        agents: arguments.agents as usize,
        listen: arguments.listen,
        data: arguments.data.clone(),
        once: arguments.once,
    };
    start_log("error");
    let runtime = wiring::runtime().map_err(Failure::Failed)?;
    let sound = runtime
        .block_on(perform(options))
        .map_err(Failure::Failed)?;
    if sound { Ok(()) } else { Err(Failure::Told) }
}

/// Performs the demo; says whether everything came out right.
async fn perform(options: DemoOptions) -> Result<bool, String> {
    let stage = Stage::set(&options).await?;
    println!("{}", stage.greeting(&options));
    let outcome = tokio::select! {
        outcome = play(&stage, &options) => outcome?,
        _ = tokio::signal::ctrl_c() => {
            println!("stopping …");
            true
        }
    };
    stage.strike().await;
    Ok(outcome)
}

async fn play(stage: &Stage, options: &DemoOptions) -> Result<bool, String> {
    let mut round = 1;
    loop {
        let total = u64::from(options.contacts) * u64::from(round);
        let stats = until_done(stage, total).await?;
        let account = Account::take(stage, &stats).await?;
        println!("{account}");
        if options.once {
            return Ok(account.is_sound());
        }
        println!(
            "the next {} contacts are added; end with Ctrl-C",
            options.contacts
        );
        stage
            .add_contacts(options.contacts * round, options.contacts)
            .await?;
        round += 1;
    }
}

/// Shows progress until the list is done.
async fn until_done(stage: &Stage, total: u64) -> Result<Stats, String> {
    let progress = Progress::new(total);
    loop {
        let stats = stage.stats().await?;
        progress.show(&stats);
        if stats.state == CampaignState::Ended(EndReason::ListDone) && stats.contacts.done >= total
        {
            progress.finish();
            return Ok(stats);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
