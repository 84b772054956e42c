//! `kill -9` at random moments under load: nothing is called twice, nothing is lost, nothing hangs.

use crate::harness::{Attempt, Campaign, Config, Server, SippOptions, Team, TrunkLines, Work};
use crate::harness::{list, ms, secs, soak, until};
use outdial_peers::sip::Credentials;
use outdial_peers::{CallLog, CalleeMix, Carrier, CarrierOptions, Planner};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;
use tokio::time::Instant;

/// Rest of a number between two attempts.
const INTERVAL: Duration = secs(12);
const AGENTS: usize = 10;

fn rounds() -> usize {
    if soak() { 20 } else { 5 }
}

/// A moment between `from` and `to` that nobody chose.
fn random_between(from: Duration, to: Duration) -> Duration {
    let share = RandomState::new().hash_one(Instant::now()) as f64 / u64::MAX as f64;
    from + (to - from).mul_f64(share)
}

fn settings() -> Value {
    json!({
        "name": "crash",
        "mode": "ratio",
        "ratio": 1.5,
        "ring_timeout_s": 3,
        "retry": {
            "attempts_total": 2,
            "interval_s": INTERVAL.as_secs(),
            "never": ["invalid", "rejected", "answered"],
        },
    })
}

/// Callees who ring and talk briefly, of every outcome.
fn callees() -> CalleeMix {
    CalleeMix {
        post_dial_delay: ms(20)..ms(200),
        ring_time: ms(100)..ms(1_500),
        talk_time: ms(500)..ms(3_000),
        ..CalleeMix::compressed()
    }
}

/// Calls that were live at a kill: those open, and those that ended so shortly before that the server
/// had heard of it and could not have it on disk yet.
fn live_at(log: &CallLog, killed: Instant) -> usize {
    let too_late = killed - ms(250);
    let live = |end: Option<Instant>| end.is_none_or(|end| end > too_late);
    log.calls()
        .iter()
        .filter(|call| live(call.ended_at))
        .count()
}

/// Kills the server after a random while and starts it again; returns how many calls were live at
/// the carrier at that moment.
async fn kill_under_load(server: &mut Server, campaign: &Campaign, carrier: &Carrier) -> usize {
    carrier
        .until("calls are up", secs(30), |log| log.up_now() > 0)
        .await
        .unwrap();
    tokio::time::sleep(random_between(ms(300), ms(3_000))).await;
    server.kill();
    let killed = Instant::now();
    let live = carrier.read(|log| live_at(log, killed));
    server.launch();
    server.until_ready().await;
    let started = Instant::now();
    // Ten seconds after the restart no call from before it is up.
    let left = started + secs(10) - Instant::now();
    carrier
        .until("calls from before the kill are over", left, |log| {
            log.calls()
                .iter()
                .all(|c| c.received_at > killed || c.ended_at.is_some())
        })
        .await
        .unwrap();
    assert_eq!(campaign.show()["state"], "running");
    live
}

/// What the carrier saw of a number: how many calls, how many of them answered.
fn by_number(log: &CallLog) -> BTreeMap<String, (usize, usize)> {
    let mut seen: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for call in log.calls() {
        let entry = seen.entry(call.number.clone()).or_default();
        entry.0 += 1;
        entry.1 += usize::from(call.answered_at.is_some());
    }
    seen
}

fn attempts_by_number(attempts: &[Attempt]) -> BTreeMap<&str, Vec<&str>> {
    let mut ours: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for attempt in attempts {
        ours.entry(&attempt.number)
            .or_default()
            .push(attempt.outcome());
    }
    ours
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_random_moments_lose_nothing_and_call_nobody_twice() {
    survive_kills(
        "crash",
        Planner::seeded(11, callees()),
        |trunk| trunk,
        rounds(),
    )
    .await;
}

/// The INVITE that rings is the second one then, and the first one is known to the carrier for a while, too.
#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_nothing_at_a_carrier_that_asks_for_credentials() {
    let account = Credentials::new("outdial", "s3cret");
    let mix = Planner::seeded(12, callees());
    let planner =
        Planner::by(move |dialed| mix.plan(dialed).challenge(407, "carrier", account.clone()));
    let log_in = |trunk: TrunkLines| {
        trunk
            .with("username = \"outdial\"")
            .with("password = \"s3cret\"")
    };
    survive_kills("crash-challenge", planner, log_in, rounds().div_ceil(2)).await;
}

async fn survive_kills(
    name: &str,
    planner: Planner,
    log_in: impl Fn(TrunkLines) -> TrunkLines,
    rounds: usize,
) {
    let work = Work::new(name);
    let carrier = Carrier::start(CarrierOptions::new(planner)).await.unwrap();
    // Longer than the pause between two packets that an idle agent hears while contacts rest.
    let team = Team::start(AGENTS, |phone| phone.audio_watchdog(secs(15))).await;
    let trunk = TrunkLines::new("carrier", &carrier.uri()).with("keepalive_s = 0");
    let config = Config::new().trunk(log_in(trunk)).agents(team.agents());
    let mut server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let campaign = Campaign::create(&server.rest, settings());
    let numbers = list::mixed(&[(0, 70 * rounds)]);
    campaign.import(&numbers);
    campaign.start();

    let mut live_at_kills = 0;
    for _ in 0..rounds {
        live_at_kills += kill_under_load(&mut server, &campaign, &carrier).await;
    }
    let stats = campaign
        .until_list_done(secs(60 + 60 * rounds as u64))
        .await;
    assert_eq!(stats["contacts"]["done"], numbers.len(), "{stats}");
    carrier
        .until("every call is over", secs(10), |log| log.open_now() == 0)
        .await
        .unwrap();

    let attempts = campaign.attempts();
    let log = carrier.log();
    let ours = attempts_by_number(&attempts);
    let mut unsent = attempts.len();
    for (number, (calls, answered)) in by_number(&log) {
        let outcomes = ours.get(number.as_str()).cloned().unwrap_or_default();
        assert!(
            outcomes.len() >= calls,
            "{number}: {calls} calls, attempts {outcomes:?}"
        );
        unsent -= calls;
        let may_be_answered = |o: &&&str| ["answered", "abandoned", "unknown"].contains(*o);
        let explained = outcomes.iter().filter(may_be_answered).count();
        assert!(
            explained >= answered,
            "{number}: {answered} answered, attempts {outcomes:?}"
        );
    }
    let unknown = attempts.iter().filter(|a| a.outcome() == "unknown").count();
    assert!(
        unsent <= unknown,
        "{unsent} attempts never reached the carrier"
    );
    // An attempt is committed before its INVITE goes out, so a few may be live only with us.
    assert!(
        unknown <= live_at_kills + unsent,
        "{unknown} unknown, {live_at_kills} live at the kills, {unsent} never sent"
    );
    let unfinished = attempts.iter().filter(|a| a.outcome.is_none()).count();
    assert_eq!(unfinished, 0, "attempts without outcome");
    let (number, gap) = log.shortest_gap_per_number().expect("retries happen");
    assert!(
        gap >= INTERVAL - ms(50),
        "{number} was called again after {gap:?}"
    );
    let twice_at_once = log
        .most_open_per(|call| &call.number)
        .expect("calls happened");
    assert_eq!(twice_at_once.1, 1, "{} had two live calls", twice_at_once.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sipp_counts_the_same_answers_as_the_database_after_kills() {
    let work = Work::new("crash-sipp");
    let sipp = SippOptions::carrier("carrier")
        .with("talk_ms", 1_000)
        .start(&work)
        .await;
    let team = Team::start(AGENTS, |phone| phone.audio_watchdog(secs(8))).await;
    let config = Config::new().carrier(&sipp.uri()).agents(team.agents());
    let mut server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let campaign = Campaign::create(
        &server.rest,
        json!({ "name": "crash", "ring_timeout_s": 2 }),
    );
    let numbers = list::mixed(&[(0, 160), (10, 40), (60, 20)]);
    campaign.import(&numbers);
    campaign.start();
    for done in [20, 60, 100] {
        campaign
            .until("the campaign is under way", secs(60), |s| {
                s["contacts"]["done"].as_u64() >= Some(done)
            })
            .await;
        tokio::time::sleep(random_between(ms(10), ms(900))).await;
        server.restart().await;
    }
    let stats = campaign.until_list_done(secs(120)).await;
    assert_eq!(stats["contacts"]["done"], numbers.len(), "{stats}");
    let theirs = until("SIPp's counts are written", secs(5), || Ok(sipp.counts())).await;
    assert!(theirs.of("talker") > 0);
    let theirs = sipp.finish().await;
    let outcomes = campaign.outcomes();
    let of = |name: &str| outcomes.get(name).copied().unwrap_or(0);
    let sure = of("answered") + of("abandoned");
    let answered = theirs.of("talker");
    assert!(
        sure <= answered,
        "{sure} answers in the database, {answered} at SIPp: {outcomes:?}"
    );
    assert!(
        answered <= sure + of("unknown"),
        "{answered} answers at SIPp: {outcomes:?}"
    );
    assert_eq!(
        theirs.of("wrong_cancel"),
        0,
        "a CANCEL after a restart repeats the INVITE's branch"
    );
    // Nobody is called twice: one attempt each, whatever happened.
    assert_eq!(campaign.attempts().len(), numbers.len(), "{outcomes:?}");
}

/// Reserved calls fall due while the server is killed again and again: each is called once at most, and
/// over in the end.
#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_no_reserved_call_and_make_none_twice() {
    let work = Work::new("crash-reserved");
    let mix = Planner::seeded(13, callees());
    let carrier = Carrier::start(CarrierOptions::new(mix)).await.unwrap();
    let team = Team::start(3, |phone| phone.audio_watchdog(secs(15))).await;
    let trunk = TrunkLines::new("carrier", &carrier.uri()).with("keepalive_s = 0");
    let config = Config::new().trunk(trunk).agents(team.agents());
    let mut server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let campaign = Campaign::create(&server.rest, settings());
    // It has no list of its own: its list is done as soon as it is started.
    campaign.start();
    let numbers: Vec<String> = (100..112).map(|n| list::number(n, 0)).collect();
    for (second, number) in (3..).zip(&numbers) {
        let due_at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(second);
        let draft = json!({
            "kind": "automatic",
            "campaign_id": campaign.id,
            "number": number,
            "due_at": due_at.to_string(),
        });
        server
            .rest
            .post("appointments", &draft)
            .ok("reserve a call");
    }
    for _ in 0..3 {
        tokio::time::sleep(random_between(ms(500), ms(4_000))).await;
        server.kill();
        server.launch();
        server.until_ready().await;
    }
    let rest = server.rest.clone();
    until("every reserved call is over", secs(180), || {
        let all = rest.all("appointments");
        let open =
            |item: &&Value| ["waiting", "calling"].contains(&item["state"].as_str().unwrap());
        match all.iter().find(open) {
            None if all.len() == numbers.len() => Ok(()),
            open => Err(format!("{open:?}")),
        }
    })
    .await;
    carrier
        .until("every call is over", secs(10), |log| log.open_now() == 0)
        .await
        .unwrap();
    let seen = by_number(&carrier.log());
    assert!(seen.values().all(|(calls, _)| *calls == 1), "{seen:?}");
    assert!(
        seen.keys().all(|called| numbers.contains(called)),
        "{seen:?}"
    );
    // One that was committed and not sent when the server died is unknown, and not tried again.
    let unknown = campaign.attempts();
    let unknown = unknown.iter().filter(|a| a.outcome() == "unknown").count();
    assert!(seen.len() + unknown >= numbers.len(), "{seen:?} {unknown}");
}
