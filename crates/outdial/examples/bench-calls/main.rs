//! A busy call centre: how soon an answer is joined with an agent, and what a call costs.
//!
//! `cargo xtask bench calls`, or `cargo build --release -p outdial --bin outdial` and then
//! `cargo run --release -p outdial --example bench-calls [CALLS_PER_SECOND] [SECONDS] [AGENTS]`.
//!
//! The server is the binary with a configuration file and its database on the disk. SIPp is the
//! carrier: its callees pick up at once, talk for a second and hang up. The agents' phones are on
//! permanent legs and send nothing. The time to the joined relay is taken on the wire: from SIPp's
//! 200 to the first packet of the joining tone at the phone. Then SIPp's own caller makes as many
//! calls; processor time is that of whole processes, as Linux accounts it.

#[path = "../support/mod.rs"]
mod support;

mod phones;
mod sipp;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use outdial_domain::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

use phones::Phones;
use sipp::Sipp;
use support::{Config, Failure, Figures, GROUP, Metric, Server, percentile, say, until};

/// Agents beside the campaign's, whose legs stay idle for the whole run.
const BYSTANDERS: usize = 40;
/// How much of the rate has to be reached, from the first answer to the last.
const RATE_SHARE_MIN: f64 = 0.95;
/// A tone later than this after a 200 belongs to another call: talks last a second.
const JOIN_MAX: Duration = Duration::from_millis(1_500);

/// What is asked of the server.
struct Load {
    rate: u64,
    seconds: u64,
    agents: u64,
}

impl Load {
    fn calls(&self) -> u64 {
        self.rate * self.seconds
    }
}

/// What came of it.
struct Outcome {
    cpu: Duration,
    memory_mb: f64,
    attempts: Vec<Value>,
    answers: HashMap<String, SystemTime>,
    tones: HashMap<String, Vec<SystemTime>>,
    comfort: Vec<f64>,
    legs_kept: usize,
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise: u64| arguments.next().map_or(Ok(otherwise), |text| text.parse());
    let load = Load {
        rate: number(200)?,
        seconds: number(30)?,
        agents: number(400)?,
    };
    let folder = tempfile::tempdir()?;
    let outcome = dial(folder.path(), &load)?;
    say("SIPp's own caller makes as many calls");
    let theirs = sipp::caller_cpu(folder.path(), load.rate, load.calls())?;
    figures(&load, &outcome, theirs)?.print();
    Ok(())
}

/// Runs the campaign.
fn dial(folder: &std::path::Path, load: &Load) -> Result<Outcome, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let agents = usize::try_from(load.agents)?;
    let phones = Phones::start(&runtime, agents + BYSTANDERS)?;
    let carrier = Sipp::carrier(folder)?;
    let group = |n: usize| if n < agents { GROUP } else { GROUP + 1 };
    let config = Config {
        trunk: format!(
            "uri = \"sip:127.0.0.1:{}\"\ncalls_per_second = {}",
            carrier.port, load.rate
        ),
        agents: phones
            .addresses()
            .enumerate()
            .map(|(n, (id, uri))| (id.to_owned(), group(n), uri))
            .collect(),
        ..Config::default()
    };
    let server = Server::start(folder, &config)?;
    server.ready(&config)?;
    phones.until_up()?;
    say(&format!("{} legs are up", config.agents.len()));
    let campaign = server.new_campaign()?;
    server.rest.post_csv(
        &format!("campaigns/{campaign}/contacts"),
        list(load.calls()),
    )?;
    let before = server.account.cpu()?;
    // An idle leg hears its next packet at most 10 s after the one before.
    let began = Instant::now() - Duration::from_secs(11);
    server
        .rest
        .command(&format!("campaigns/{campaign}/start"))?;
    let limit = Duration::from_secs(load.seconds * 4 + 30);
    let mut asked = Instant::now();
    until("every contact is done", limit, || {
        // Each question costs the server time that is counted.
        if asked.elapsed() < Duration::from_secs(2) {
            return Ok(None);
        }
        asked = Instant::now();
        let stats = server.rest.get(&format!("campaigns/{campaign}/stats"))?;
        say(&format!(
            "{} of {} attempts",
            stats["attempts"],
            load.calls()
        ));
        Ok((stats["contacts"]["done"].as_u64() == Some(load.calls())).then_some(()))
    })?;
    let cpu = server.account.cpu()? - before;
    let memory_mb = server.account.peak_memory_mb()?;
    let attempts = server.rest.all(&format!("campaigns/{campaign}/attempts"))?;
    let tones = phones.tones().into_iter();
    let outcome = Outcome {
        cpu,
        memory_mb,
        attempts,
        tones: tones.map(|(id, times)| (id.to_owned(), times)).collect(),
        comfort: phones.comfort(BYSTANDERS, began),
        legs_kept: phones.legs_kept(),
        answers: carrier.answers()?,
    };
    server.stop()?;
    Ok(outcome)
}

fn list(calls: u64) -> String {
    let mut text = String::from("number\n");
    for n in 0..calls {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "+86138{n:08}");
    }
    text
}

fn figures(load: &Load, outcome: &Outcome, theirs: Duration) -> Result<Figures, Failure> {
    let calls = load.calls() as f64;
    let per_call = |cpu: Duration| cpu.as_secs_f64() * 1e3 / calls;
    let answered = outcome.attempts.iter();
    let answered = answered.filter(|attempt| attempt["outcome"] == "answered");
    let joins = joins(outcome)?;
    let mut figures = Figures::of("calls");
    let mut add = |metric| figures.add(metric);
    add(Metric::new(
        "calls answered and joined",
        answered.count() as f64,
        "calls",
    )
    .at_least(calls, "every contact of the list, by the database"));
    add(
        Metric::new("joins heard at the phone", joins.len() as f64, "calls")
            .at_least(calls, "every contact of the list, by the joining tone"),
    );
    add(
        Metric::new("answers a second, first to last", rate(outcome), "calls/s").at_least(
            RATE_SHARE_MIN * load.rate as f64,
            format!("95 % of the trunk's {} calls/s", load.rate),
        ),
    );
    for (name, share) in [("p50", 0.5), ("max", 1.0)] {
        add(Metric::new(
            &format!("callee's 200 to joined relay, {name}"),
            percentile(&joins, share),
            "ms",
        ));
    }
    add(Metric::new(
        "callee's 200 to joined relay, p99",
        percentile(&joins, 0.99),
        "ms",
    )
    .at_most(
        200.0,
        "a fixed goal; SIPp's 200 to the first packet of the tone at the phone",
    ));
    add(Metric::new(
        "answered to joined by the database, p99",
        percentile(&stored_joins(outcome)?, 0.99),
        "ms",
    ));
    let (ours, sipps) = (per_call(outcome.cpu), per_call(theirs));
    add(
        Metric::new("processor time per call, store included", ours, "ms")
            .at_most(10.0 * sipps, format!("10 × SIPp's caller, {sipps:.3} ms")),
    );
    add(Metric::new(
        "processor time against SIPp's caller",
        ours / sipps,
        "×",
    ));
    let fewest = outcome.comfort.iter().copied().fold(f64::MAX, f64::min);
    let most = outcome.comfort.iter().copied().fold(0.0, f64::max);
    let what = format!("one per 10 s on each of {BYSTANDERS} idle legs, ± 5 %");
    add(Metric::new(
        "comfort packets per 10 s, idle leg with the fewest",
        fewest,
        "packets",
    )
    .at_least(0.95, &*what));
    add(Metric::new(
        "comfort packets per 10 s, idle leg with the most",
        most,
        "packets",
    )
    .at_most(1.05, what));
    let legs = load.agents as f64 + BYSTANDERS as f64;
    add(Metric::new(
        "permanent legs up from first to last",
        outcome.legs_kept as f64,
        "legs",
    )
    .at_least(legs, "every leg"));
    add(Metric::new(
        "peak memory of the server",
        outcome.memory_mb,
        "MB",
    ));
    Ok(figures)
}

/// Answers a second at the carrier.
fn rate(outcome: &Outcome) -> f64 {
    let (first, last) = (
        outcome.answers.values().min(),
        outcome.answers.values().max(),
    );
    let (Some(first), Some(last)) = (first, last) else {
        return 0.0;
    };
    let took = last.duration_since(*first).unwrap_or_default();
    outcome.answers.len() as f64 / took.as_secs_f64()
}

/// How long each answer waited on the wire, sorted; without those whose tone nobody heard.
fn joins(outcome: &Outcome) -> Result<Vec<Duration>, Failure> {
    let mut joins = Vec::new();
    for attempt in &outcome.attempts {
        let text = |field: &str| attempt[field].as_str().unwrap_or_default();
        let answer = outcome.answers.get(text("number").trim_start_matches('+'));
        let tones = outcome.tones.get(text("agent_id"));
        if let (Some(answer), Some(tones)) = (answer, tones) {
            let next = tones.partition_point(|tone| tone < answer);
            if let Some(tone) = tones.get(next) {
                joins.push(tone.duration_since(*answer)?);
            }
        }
    }
    joins.retain(|wait| *wait <= JOIN_MAX);
    joins.sort_unstable();
    Ok(joins)
}

/// The same as the server's own books have it, between the two facts at its engine.
fn stored_joins(outcome: &Outcome) -> Result<Vec<Duration>, Failure> {
    let mut joins = Vec::new();
    for attempt in &outcome.attempts {
        let (Some(answered), Some(joined)) = (
            attempt["answered_at"].as_str(),
            attempt["joined_at"].as_str(),
        ) else {
            continue;
        };
        let answered = Timestamp::parse_rfc3339(answered)?;
        joins.push(Timestamp::parse_rfc3339(joined)?.since(answered));
    }
    joins.sort_unstable();
    Ok(joins)
}
