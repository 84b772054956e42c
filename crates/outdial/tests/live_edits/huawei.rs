//! A running campaign of Huawei's is modified.

use crate::clients::{all_day, of_flow, segments};
use crate::harness::wait::holds_for;
use crate::harness::{ms, secs, until};
use crate::judge::{one_instant, placed, timed};
use crate::world::{FLOW, Plan, SHOWN, World, numbers, other_half_of_the_day};
use outdial_peers::{CallEnd, CallLog, CalleePlan, Flow, FlowEnd, FlowOptions, Planner};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn narrower_segments_stop_new_calls_at_once_and_let_live_ones_finish() {
    let flow = Flow::start("ivr", FlowOptions::new(secs(60), FlowEnd::Wait))
        .await
        .unwrap();
    // Some ring when the edit comes, some talk.
    let talks = CalleePlan::answer().ring_time(ms(1_000)).talk(ms(1_500));
    let plan = Plan {
        flow: flow.uri(),
        ..Plan::new(Planner::same(talks))
    };
    let world = World::start("huawei-segments", plan).await;
    let mut body = of_flow("segments", &FLOW.to_string(), 6, 1);
    let id = world.huawei.create(&body);
    world.huawei.add(id, &numbers(0, 200));
    world
        .carrier
        .until("some talk and some ring", secs(30), |log| {
            log.up_now() >= 3 && log.open_now() >= log.up_now() + 2
        })
        .await
        .unwrap();

    body["scheduleParam"] = segments(&[other_half_of_the_day()]);
    let narrowed = timed(|| world.huawei.modify(id, &body));
    world
        .carrier
        .until("live calls are over", secs(30), |log| log.open_now() == 0)
        .await
        .unwrap();
    let campaign = world.campaign(id);
    let count = world.carrier.read(CallLog::count);
    holds_for(
        "nobody is called outside of the segments",
        ms(1_500),
        || {
            let now = world.carrier.read(CallLog::count);
            (now == count).then_some(()).ok_or(format!("{now} calls"))
        },
    )
    .await;
    let calls = until("all outcomes are stored", secs(20), || {
        let calls = placed(&campaign);
        let open = calls.values().any(|call| call.outcome.is_none());
        (!open).then_some(calls).ok_or("some are open".to_owned())
    })
    .await;
    one_instant(calls.values(), 2, narrowed);
    assert!(calls.values().all(|call| call.revision == 1), "none is new");
    assert_eq!(calls.len(), count, "what was placed reached the carrier");
    // Each was answered and talked until the callee hung up.
    for call in world.carrier.log().calls() {
        assert_eq!(call.end, Some(CallEnd::OurBye), "{call:?}");
    }
    assert_eq!(campaign.show()["state"], "running");
    campaign
        .until_not_dialing(&["window", "hours", "calendar"], secs(10))
        .await;

    body["scheduleParam"] = all_day();
    body["maxAlertingTime"] = json!(21);
    let widened = timed(|| world.huawei.modify(id, &body));
    world
        .carrier
        .until("it goes on", secs(20), |log| log.count() > count)
        .await
        .unwrap();
    one_instant(placed(&campaign).values(), 3, widened);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_in_force_after_the_server_is_killed() {
    let busy = CalleePlan::refuse(486).ring_time(ms(100));
    let mut world = World::start("huawei-killed", Plan::new(Planner::same(busy))).await;
    let mut body = of_flow("killed", &FLOW.to_string(), 10, 1);
    let id = world.huawei.create(&body);
    world.huawei.add(id, &numbers(0, 400));
    world
        .carrier
        .until("it dials", secs(30), |log| log.count() >= 5)
        .await
        .unwrap();

    body["callerNo"] = json!(SHOWN[1]);
    world.huawei.modify(id, &body);
    world.server.restart().await;
    // Whatever the killed server had sent has long arrived.
    let before = world.carrier.read(CallLog::count);
    world
        .carrier
        .until("it goes on", secs(60), |log| log.count() >= before + 10)
        .await
        .unwrap();
    let log = world.carrier.log();
    for call in &log.calls()[before..] {
        assert_eq!(call.caller_id, SHOWN[1], "{call:?}");
    }
    assert_eq!(world.revisions(id).len(), 2);
}
