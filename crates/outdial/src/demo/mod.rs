//! `outdial demo`: the whole product in one process, with a simulated carrier, callees and agents
//! behind real SIP and RTP on loopback.

mod account;
mod progress;
mod stage;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use outdial_domain::{CampaignState, EndReason};
use outdial_service::views::Stats;

use crate::command_line::DemoArguments;
use crate::failure::Failure;
use crate::log::start_log;
use crate::wiring::{self, Signals};
use account::Account;
use progress::Progress;
use stage::Stage;

/// How often progress is shown.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Nothing in the demo takes this long: something is lost.
const STANDSTILL: Duration = Duration::from_secs(60);

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
    let mut signals = Signals::listen()?;
    let stage = Stage::set(&options).await?;
    println!("{}", stage.greeting(&options));
    let outcome = tokio::select! {
        outcome = play(&stage, &options) => outcome?,
        () = signals.next() => {
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
        let (stats, is_done) = until_done(stage, total).await?;
        let account = Account::take(stage, &stats).await?;
        println!("{account}");
        if options.once || !is_done {
            return Ok(account.is_sound() && is_done);
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

/// Shows progress until the list is done; says whether it is, or whether the campaign has ended otherwise
/// or nothing has happened for too long.
async fn until_done(stage: &Stage, total: u64) -> Result<(Stats, bool), String> {
    let progress = Progress::new(total);
    let mut last = (0, 0, Instant::now());
    loop {
        let stats = stage.stats().await?;
        progress.show(&stats);
        let (attempts, done) = (stats.attempts, stats.contacts.done);
        if (attempts, done) != (last.0, last.1) {
            last = (attempts, done, Instant::now());
        }
        let list_done = CampaignState::Ended(EndReason::ListDone);
        let otherwise = matches!(stats.state, CampaignState::Ended(_)) && stats.state != list_done;
        if stats.state == list_done && done >= total {
            progress.finish();
            return Ok((stats, true));
        }
        if otherwise || last.2.elapsed() > STANDSTILL {
            progress.finish();
            let reasons = stats
                .not_dialing_because
                .iter()
                .map(|why| why.text.as_str());
            println!(
                "the campaign is {:?} with {done} of {total} contacts final: {}",
                stats.state,
                reasons.collect::<Vec<_>>().join("; ")
            );
            return Ok((stats, false));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
