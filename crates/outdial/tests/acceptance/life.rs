//! The life of a campaign and of the server: pausing, halting, editing, stopping, going on.

use crate::harness::{Campaign, Config, Server, Team, Work, list, ms, secs, team, until};
use outdial_peers::{CallEnd, CallLog, CalleePlan, Carrier, CarrierOptions, PhoneCall, Planner};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// A server with one trunk and so many agents, all ready.
struct World {
    _work: Work,
    carrier: Carrier,
    team: Team,
    server: Server,
}

impl World {
    async fn start(name: &str, agents: usize, plan: CalleePlan) -> Self {
        let work = Work::new(name);
        let carrier = Carrier::start(CarrierOptions::new(Planner::same(plan)))
            .await
            .unwrap();
        let team = Team::start(agents, |phone| phone).await;
        let config = Config::new().carrier(&carrier.uri()).agents(team.agents());
        let server = Server::start(&work, &config).await;
        team.ready(&server.rest).await;
        Self {
            _work: work,
            carrier,
            team,
            server,
        }
    }

    fn campaign(&self, contacts: usize, changes: serde_json::Value) -> Campaign {
        let campaign = Campaign::create(&self.server.rest, changes);
        campaign.import(&list::mixed(&[(0, contacts)]));
        campaign.start();
        campaign
    }

    async fn until_calls(&self, count: usize) {
        let what = format!("{count} calls");
        self.carrier
            .until(&what, secs(15), |log| log.count() >= count)
            .await
            .unwrap();
    }
}

/// Calls that came in later than this after an instant.
fn later_than(log: &CallLog, instant: Instant, grace: Duration) -> usize {
    log.calls()
        .iter()
        .filter(|call| call.received_at > instant + grace)
        .count()
}

fn talker(talk: Duration) -> CalleePlan {
    CalleePlan::answer().ring_time(ms(100)).talk(talk)
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_lets_live_calls_finish_and_places_no_new_ones() {
    let mut world = World::start("sigterm", 4, talker(secs(2))).await;
    let campaign = world.campaign(40, json!({}));
    world.until_calls(6).await;
    let told = Instant::now();
    let status = world.server.stop(secs(20)).await;
    assert!(status.success(), "{status}");
    let log = world.carrier.log();
    assert_eq!(
        later_than(&log, told, ms(500)),
        0,
        "calls placed after SIGTERM"
    );
    let answered = log.calls().iter().filter(|call| call.answered_at.is_some());
    let cut: Vec<_> = answered
        .filter(|call| call.end != Some(CallEnd::OurBye))
        .collect();
    assert!(cut.is_empty(), "live calls were cut: {cut:?}");
    assert_eq!(log.open_now(), 0);
    for phone in &world.team.phones {
        phone
            .until("its leg is ended", secs(5), |s| s.call == PhoneCall::Idle)
            .await
            .unwrap();
    }
    // Wishes and campaign are kept: it goes on by itself.
    world.server.launch();
    world.server.until_ready().await;
    campaign.until_list_done(secs(60)).await;
    assert_eq!(campaign.outcomes(), [("answered".to_owned(), 40)].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halt_of_any_scope_stops_new_calls_within_a_second() {
    let world = World::start("halt", 4, CalleePlan::refuse(486).ring_time(ms(200))).await;
    let campaign = world.campaign(600, json!({}));
    for scope in [
        json!({ "campaign": campaign.id }),
        json!({ "trunk": "carrier" }),
        json!({ "tenant": true }),
    ] {
        let before = world.carrier.read(CallLog::count);
        world.until_calls(before + 8).await;
        let mut body = scope.clone();
        body["reason"] = json!("fire drill");
        world.server.rest.post("halt", &body).ok("halt");
        let halted = Instant::now();
        campaign.until_not_dialing(&["halt"], secs(5)).await;
        campaign
            .until("calls end", secs(10), |s| s["calls_now"]["ringing"] == 0)
            .await;
        tokio::time::sleep_until(halted + secs(2)).await;
        let late = world.carrier.read(|log| later_than(log, halted, secs(1)));
        assert_eq!(late, 0, "{scope}");
        world.server.rest.post("halt/release", &scope).ok("release");
    }
    let before = world.carrier.read(CallLog::count);
    world.until_calls(before + 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pause_resume_and_abort_do_what_they_say() {
    let world = World::start("pause", 4, CalleePlan::refuse(486).ring_time(ms(200))).await;
    let campaign = world.campaign(400, json!({}));
    world.until_calls(12).await;
    campaign.command("pause");
    let paused = Instant::now();
    campaign
        .until("calls end", secs(10), |s| s["calls_now"]["ringing"] == 0)
        .await;
    assert_eq!(campaign.show()["state"], "paused");
    let late = world.carrier.read(|log| later_than(log, paused, ms(300)));
    assert_eq!(late, 0, "calls placed while paused");
    campaign.command("resume");
    let before = world.carrier.read(CallLog::count);
    world.until_calls(before + 8).await;
    campaign.command("abort");
    until("it has ended", secs(10), || {
        let shown = campaign.show();
        if shown["state"] == "ended" {
            Ok(())
        } else {
            Err(shown.to_string())
        }
    })
    .await;
    assert_eq!(campaign.show()["end_reason"], "by_hand");
    world
        .carrier
        .until("calls end", secs(10), |log| log.open_now() == 0)
        .await
        .unwrap();
    let calls = world.carrier.read(CallLog::count);
    campaign
        .until("every call has its attempt", secs(5), |s| {
            s["attempts"] == calls
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_added_after_the_end_of_the_list_set_it_running_again() {
    let world = World::start("again", 2, talker(ms(200))).await;
    let campaign = world.campaign(4, json!({}));
    campaign.until_list_done(secs(20)).await;
    campaign.import(&[list::number(900, 0), list::number(901, 0)]);
    campaign
        .until("six are done", secs(20), |s| s["contacts"]["done"] == 6)
        .await;
    campaign.until_list_done(secs(10)).await;
    // A number that is in the campaign already is another contact, unless it is to be skipped.
    let csv = list::csv(&[list::number(900, 0)]);
    let path = format!("campaigns/{}/contacts?duplicates=skip", campaign.id);
    let report = world
        .server
        .rest
        .send("POST", &path, Some("text/csv"), csv.as_bytes())
        .unwrap()
        .ok("skip");
    assert_eq!(report["accepted"], 0, "{report}");
    assert_eq!(campaign.import_csv(&csv)["accepted"], 1);
    campaign
        .until("seven are done", secs(20), |s| s["contacts"]["done"] == 7)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_holds_for_new_calls_and_is_a_revision() {
    let world = World::start("edit", 2, CalleePlan::ring_for_ever()).await;
    let campaign = world.campaign(8, json!({ "ring_timeout_s": 4 }));
    world.until_calls(2).await;
    let shown = campaign.show();
    let edited = campaign.patch(&json!({ "ring_timeout_s": 1 }));
    assert_eq!(edited["ring_timeout_s"], 1);
    assert_eq!(
        edited["revision"].as_u64(),
        shown["revision"].as_u64().map(|n| n + 1)
    );
    campaign.until_list_done(secs(40)).await;
    let rings: Vec<Duration> = world.carrier.read(|log| {
        let ring = |c: &outdial_peers::CallRecord| c.ended_at.unwrap() - c.progress_at.unwrap();
        log.calls().iter().map(ring).collect()
    });
    let (old, new) = rings.split_at(2);
    assert!(
        old.iter().all(|ring| (ms(3_900)..ms(5_000)).contains(ring)),
        "calls in progress: {old:?}"
    );
    assert!(
        new.iter().all(|ring| (ms(900)..ms(2_000)).contains(ring)),
        "new calls: {new:?}"
    );
    assert_eq!(campaign.outcomes(), [("no_answer".to_owned(), 8)].into());
    let revisions = world
        .server
        .rest
        .all(&format!("campaigns/{}/revisions", campaign.id));
    assert_eq!(revisions.len(), 2, "{revisions:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_called_outside_the_calendar() {
    let world = World::start("calendar", 2, talker(ms(200))).await;
    // A year ahead: closed today, whatever day the test runs.
    let never =
        json!({ "time_zone": "Asia/Shanghai", "rules": [{ "days": "every", "windows": [] }] });
    let campaign = world.campaign(4, json!({ "calendar": never }));
    let stats = campaign.until_not_dialing(&["calendar"], secs(5)).await;
    assert_eq!(stats["attempts"], 0, "{stats}");
    let path = format!(
        "campaigns/{}/explain?number={}",
        campaign.id,
        list::number(0, 0).replace('+', "%2B")
    );
    let explained = world.server.rest.get(&path).ok("explain");
    assert!(explained.to_string().contains("calendar"), "{explained}");
    campaign.patch(&json!({ "calendar": null }));
    campaign.until_list_done(secs(20)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_callee_is_called_again_after_the_interval_and_not_more_often_than_allowed() {
    let world = World::start("retry", 2, CalleePlan::refuse(486).q850(17)).await;
    let retry = json!({ "attempts_total": 3, "interval_s": 30, "by_outcome": { "busy": { "interval_s": 2 } } });
    let campaign = world.campaign(3, json!({ "retry": retry }));
    campaign.until_list_done(secs(30)).await;
    assert_eq!(campaign.outcomes(), [("busy".to_owned(), 9)].into());
    let (number, gap) = world
        .carrier
        .read(CallLog::shortest_gap_per_number)
        .unwrap();
    assert!(gap >= secs(2), "{number} was called again after {gap:?}");
    assert!(
        campaign
            .attempts()
            .iter()
            .all(|a| a.sip_status == Some(486))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_up_by_the_api_ends_the_callee_only() {
    let world = World::start("hang-up-api", 1, talker(secs(60))).await;
    let campaign = world.campaign(2, json!({}));
    world
        .carrier
        .until("a callee is up", secs(10), |log| log.up_now() == 1)
        .await
        .unwrap();
    campaign
        .until("it talks", secs(5), |s| s["calls_now"]["talking"] == 1)
        .await;
    let talking = team::agent(&world.server.rest, "1001");
    world
        .server
        .rest
        .command(&format!("calls/{}/hangup", talking["call"]))
        .ok("hang up");
    world.until_calls(2).await;
    let end = world.carrier.read(|log| log.calls()[0].end.clone());
    assert!(matches!(end, Some(CallEnd::TheirBye { .. })), "{end:?}");
    assert_eq!(
        world.team.phones[0].status().answered,
        1,
        "the agent's leg stayed"
    );
    campaign
        .until("the first is kept", secs(5), |s| {
            s["outcomes"]["answered"] == 1
        })
        .await;
}
