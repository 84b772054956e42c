//! Legs of agents that nobody talks on: they stay up, at phones that would hang up for less.

use crate::harness::{Config, Server, Team, Work, ms, secs, soak, team};
use outdial_peers::{PhoneCall, RefreshBy, SessionTimer};
use std::time::Duration;

/// The smallest interval that RFC 4028 allows.
const INTERVAL_S: u32 = 90;

#[tokio::test(flavor = "multi_thread")]
async fn a_leg_without_speech_stays_up_past_watchdogs_and_session_timers() {
    let work = Work::new("idle-legs");
    // Phones by number: an impatient one, one that hangs up after 30 s without a packet, one that
    // wants us to refresh the session, and two that refresh it themselves.
    let team = Team::start(5, |phone| match phone.user.as_str() {
        "1001" => phone.audio_watchdog(secs(12)),
        "1002" => phone.audio_watchdog(secs(30)),
        "1003" => phone.session_timer(SessionTimer {
            min_s: Some(INTERVAL_S),
            ..SessionTimer::by_caller(INTERVAL_S)
        }),
        "1004" => phone.session_timer(SessionTimer::by_peer(INTERVAL_S, RefreshBy::Reinvite)),
        _ => phone.session_timer(SessionTimer::by_peer(INTERVAL_S, RefreshBy::Update)),
    })
    .await;
    let config = Config::new()
        .carrier("sip:127.0.0.1:9")
        .agents(team.agents());
    let server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;

    let intervals = if soak() { 40 } else { 2 };
    let period = Duration::from_secs(u64::from(INTERVAL_S) * intervals) + secs(5);
    let end = tokio::time::Instant::now() + period;
    while tokio::time::Instant::now() < end {
        tokio::time::sleep(ms(500)).await;
        for phone in &team.phones {
            let status = phone.status();
            assert_eq!(status.call, PhoneCall::Up, "{}: {status:?}", phone.uri());
        }
    }
    for (n, phone) in team.phones.iter().enumerate() {
        assert_eq!(
            phone.status().answered,
            1,
            "agent {n} was called once and stayed"
        );
        assert_eq!(team::agent(&server.rest, &team::id(n))["leg"], "up");
        let heard = phone.media().expect("it has a call").heard().continuity();
        assert!(heard.is_one_continuous_stream(), "agent {n}: {heard:?}");
        assert!(heard.longest_pause <= secs(10), "agent {n}: {heard:?}");
    }
    for phone in &team.phones[2..] {
        let refreshes = u64::from(phone.status().refreshes);
        assert!(
            refreshes >= intervals,
            "{}: {refreshes} refreshes",
            phone.uri()
        );
    }
    assert_eq!(team.phones[0].violations(), []);
}
