//! Campaigns over SIPp as the carrier: what the database says equals what SIPp's statistics say.

use crate::harness::sipp::SippCounts;
use crate::harness::{
    Attempt, Campaign, Config, Server, Sipp, SippOptions, Team, TrunkLines, Work,
};
use crate::harness::{campaign::counts, list, ports, secs, until};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of `carrier.xml` and how many contacts of each; with those of [`FULL`] a thousand.
const MOST: [(u8, usize); 12] = [
    (0, 356),
    (10, 160),
    (20, 110),
    (21, 90),
    (30, 24),
    (40, 70),
    (60, 40),
    (70, 90),
    (80, 25),
    (81, 25),
    (90, 2),
    (99, 2),
];

/// Kinds that get 503, which slows a trunk down: late in the list, and not at its end, because a
/// contact is given up only where others go through.
const FULL: [u8; 6] = [50, 51, 51, 50, 51, 51];
const FULL_FROM: usize = 970;

fn thousand() -> Vec<String> {
    let mut numbers = list::mixed(&MOST);
    let late = FULL
        .iter()
        .enumerate()
        .map(|(n, &kind)| list::number(990_000 + n, kind));
    numbers.splice(FULL_FROM..FULL_FROM, late);
    assert_eq!(numbers.len(), 1_000);
    numbers
}

/// Kind, the counter of SIPp that says how often it came to that, and the outcomes that mean it.
const MEANING: [(u8, &[&str], &[&str]); 12] = [
    (10, &["busy"], &["busy"]),
    (20, &["absent"], &["no_answer"]),
    (21, &["off"], &["unreachable"]),
    (30, &["invalid"], &["invalid"]),
    (40, &["declined"], &["rejected"]),
    (60, &["cancelled"], &["no_answer"]),
    (70, &["early"], &["answered", "abandoned"]),
    (80, &["known_401"], &["answered", "abandoned"]),
    (81, &["known_407"], &["answered", "abandoned"]),
    (90, &["nameless"], &["failed"]),
    (99, &["odd"], &["network_error"]),
    (0, &["talker"], &["answered", "abandoned"]),
];

fn credentials(uri: &str) -> TrunkLines {
    TrunkLines::new("carrier", uri)
        .with("keepalive_s = 0")
        .with("username = \"outdial\"\npassword = \"s3cret\"")
}

/// Attempts whose number has a kind and whose outcome is one of these.
fn tally(attempts: &[Attempt], kinds: &[u8], outcomes: &[&str]) -> u64 {
    let fits = |a: &&Attempt| kinds.contains(&a.kind()) && outcomes.contains(&a.outcome());
    attempts.iter().filter(fits).count() as u64
}

fn compare(attempts: &[Attempt], sipp: &SippCounts) {
    let ours: BTreeMap<(u8, &str), usize> = attempts.iter().fold(BTreeMap::new(), |mut map, a| {
        *map.entry((a.kind(), a.outcome())).or_default() += 1;
        map
    });
    for (kind, counters, outcomes) in MEANING {
        // Calls of kind 51 are answered by the same part of the scenario as those of kind 0.
        let kinds: &[u8] = if kind == 0 { &[0, 51] } else { &[kind] };
        let theirs: u64 = counters.iter().map(|counter| sipp.of(counter)).sum();
        assert_eq!(
            tally(attempts, kinds, outcomes),
            theirs,
            "kind {kind}, outcomes {outcomes:?}, SIPp's {counters:?}; ours: {ours:?}"
        );
    }
    assert_eq!(
        tally(attempts, &[50, 51], &["congestion"]),
        sipp.of("full"),
        "503: {ours:?}"
    );
    let all: u64 = MEANING
        .iter()
        .flat_map(|(_, counters, _)| *counters)
        .map(|c| sipp.of(c))
        .sum();
    assert_eq!(
        attempts.len() as u64,
        all + sipp.of("full"),
        "every attempt is accounted for"
    );
}

/// Numbers of a list that stand in a text, in any of the ways in which they are written.
fn leaked(text: &str, numbers: &[String]) -> Vec<String> {
    let national: BTreeSet<&str> = numbers.iter().map(|number| &number[3..]).collect();
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("138") {
        if let Some(digits) = text.get(at..at + 11)
            && national.contains(digits)
        {
            let line = text[..at].rfind('\n').map_or(0, |n| n + 1);
            found.insert(text[line..].lines().next().unwrap_or_default().to_owned());
        }
    }
    found.into_iter().take(5).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_contacts_end_in_the_database_as_sipp_counted_them() {
    let work = Work::new("thousand");
    let sipp = SippOptions::carrier("carrier")
        .with("refusals", 3)
        .start(&work)
        .await;
    let team = Team::start(24, |phone| phone).await;
    let config = Config::new()
        .trunk(credentials(&sipp.uri()))
        .agents(team.agents());
    let mut server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let campaign = Campaign::create(
        &server.rest,
        json!({ "name": "a thousand", "ring_timeout_s": 2, "no_progress_s": 4 }),
    );
    let numbers = thousand();
    let csv = list::csv(&numbers) + "no number at all,c-x,\"a bad line\"\n,c-y,without one\n";
    let report = campaign.import_csv(&csv);
    assert_eq!(
        (&report["accepted"], &report["rejected"]),
        (&json!(1000), &json!(2)),
        "{report}"
    );
    assert_eq!(report["errors"][0]["line"], 1002, "{report}");
    assert_eq!(report["errors"][0]["field"], "number", "{report}");
    campaign.start();

    let stats = campaign.until_list_done(secs(200)).await;
    let theirs = sipp.finish().await;
    let attempts = campaign.attempts();
    compare(&attempts, &theirs);
    for counter in ["wrong_cancel", "wrong_credentials"] {
        assert_eq!(theirs.of(counter), 0, "{counter}");
    }
    assert_eq!(
        theirs.of("nameless_ended"),
        theirs.of("nameless"),
        "each ended by BYE"
    );
    assert_eq!(theirs.failed(), 0, "calls against the scenario: {theirs:?}");

    assert_eq!(stats["contacts"]["done"], 1000, "{stats}");
    assert_eq!(stats["attempts"], attempts.len(), "{stats}");
    assert_eq!(counts(&stats["outcomes"]), campaign.outcomes(), "{stats}");
    assert_eq!(stats["abandoned"], 0, "progressive: {stats}");
    let states: BTreeSet<String> = campaign
        .contacts()
        .iter()
        .map(|c| c["state"].to_string())
        .collect();
    assert_eq!(states, BTreeSet::from(["\"done\"".to_owned()]));

    assert!(
        server.stop(secs(20)).await.success(),
        "exit code after SIGTERM"
    );
    assert_eq!(
        leaked(&server.log(), &numbers),
        [""; 0],
        "numbers in the log"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_times_of_an_attempt_are_in_order() {
    let work = Work::new("times");
    let sipp = SippOptions::carrier("carrier").start(&work).await;
    let team = Team::start(2, |phone| phone).await;
    let config = Config::new().carrier(&sipp.uri()).agents(team.agents());
    let server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let campaign = Campaign::create(&server.rest, json!({}));
    campaign.import(&list::mixed(&[(0, 4), (10, 2), (70, 2)]));
    campaign.start();
    campaign.until_list_done(secs(30)).await;
    for attempt in campaign.attempts() {
        let times = [
            Some(&attempt.started_at),
            attempt.progress_at.as_ref(),
            attempt.answered_at.as_ref(),
            attempt.joined_at.as_ref(),
            attempt.ended_at.as_ref(),
        ];
        // RFC 3339 in UTC with milliseconds sorts as text.
        let times: Vec<&String> = times.into_iter().flatten().collect();
        assert!(times.is_sorted(), "{attempt:?}");
        let parts = (attempt.progress_at.is_some(), attempt.joined_at.is_some());
        assert_eq!(
            parts,
            (attempt.kind() != 10, attempt.kind() != 10),
            "{attempt:?}"
        );
        assert!(attempt.ended_at.is_some(), "{attempt:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_port_makes_the_campaign_wait_and_a_live_one_end_it() {
    let work = Work::new("dead-port");
    let port = ports::free();
    let team = Team::start(6, |phone| phone).await;
    let config = Config::new()
        .carrier(&format!("sip:127.0.0.1:{port}"))
        .agents(team.agents());
    let server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let campaign = Campaign::create(
        &server.rest,
        json!({ "name": "dead port", "no_progress_s": 2 }),
    );
    let numbers = list::mixed(&[(0, 30), (10, 10)]);
    campaign.import(&numbers);
    campaign.start();

    let stats = campaign.until_not_dialing(&["trunk"], secs(60)).await;
    assert_eq!(
        stats["contacts"]["done"], 0,
        "no contact is final by a dead port: {stats}"
    );
    assert_eq!(stats["state"], "running", "{stats}");
    let trunks = server.rest.get("trunks").ok("trunks");
    assert_eq!(trunks["items"][0]["health"], "out", "{trunks}");

    let sipp: Sipp = SippOptions::carrier("carrier")
        .port(port)
        .start(&work)
        .await;
    campaign.until_list_done(secs(150)).await;
    let theirs = sipp.finish().await;
    let attempts = campaign.attempts();
    assert_eq!(tally(&attempts, &[0], &["answered"]), 30);
    assert_eq!(tally(&attempts, &[10], &["busy"]), 10);
    assert_eq!((theirs.of("talker"), theirs.of("busy")), (30, 10));
    let dead = attempts.len() as u64 - 40;
    assert_eq!(
        tally(&attempts, &[0, 10], &["network_error"]),
        dead,
        "{:?}",
        campaign.outcomes()
    );
    until("the trunk is up again", secs(5), || {
        let trunks = server.rest.get("trunks").ok("trunks");
        if trunks["items"][0]["health"] == "up" {
            Ok(())
        } else {
            Err(trunks.to_string())
        }
    })
    .await;
}
