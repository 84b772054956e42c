//! A running task of Dezhu's is edited.

use crate::clients::task;
use crate::harness::calls::most_open;
use crate::harness::{ms, secs};
use crate::judge::{one_instant, placed, timed};
use crate::world::{MIXED_GROUP, Plan, SHOWN, World, numbers};
use outdial_peers::{CallLog, CalleePlan, Planner};
use serde_json::json;
use std::collections::BTreeSet;

/// Rings a while, so that calls stand at the carrier side by side, and takes no agent.
fn rings_and_is_busy() -> Planner {
    Planner::same(CalleePlan::refuse(486).ring_time(ms(700)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_higher_multiply_power_raises_the_calls_in_flight() {
    let plan = Plan {
        agents: 2,
        ..Plan::new(rings_and_is_busy())
    };
    let world = World::start("dezhu-power", plan).await;
    let body = task("power", SHOWN[0], 1);
    let id = world.dezhu.create(&body, &numbers(0, 400));
    world
        .carrier
        .until("a few calls", secs(20), |log| log.count() >= 6)
        .await
        .unwrap();
    assert!(
        world.carrier.read(most_open) <= 2,
        "one call for each agent"
    );

    let mut more = body.clone();
    more["multiplyPower"] = json!(4);
    let raised = timed(|| world.dezhu.edit(id, &more));
    world
        .carrier
        .until("eight calls at once", secs(20), |log| log.open_now() == 8)
        .await
        .unwrap();

    let lowered = timed(|| world.dezhu.edit(id, &body));
    let count = world.carrier.read(CallLog::count);
    world
        .carrier
        .until("fewer calls go on", secs(20), |log| {
            log.open_now() <= 2 && log.count() > count + 12
        })
        .await
        .unwrap();
    assert!(world.carrier.read(most_open) <= 8, "four for each agent");
    let calls = placed(&world.campaign(id));
    one_instant(calls.values().filter(|call| call.revision < 3), 2, raised);
    one_instant(calls.values(), 3, lowered);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_strategy_changes_the_pace_of_a_running_task() {
    let plan = Plan {
        agents: 2,
        ..Plan::new(rings_and_is_busy())
    };
    let world = World::start("dezhu-strategy", plan).await;
    let ratio = task("strategy", SHOWN[0], 3);
    let id = world.dezhu.create(&ratio, &numbers(0, 400));
    let many = |log: &CallLog| log.open_now() == 6;
    world
        .carrier
        .until("six at once", secs(20), many)
        .await
        .unwrap();

    let mut predicted = ratio.clone();
    predicted["sendNumberStrategy"] = json!(1);
    predicted["abandonmentRate"] = json!(3);
    let switched = timed(|| world.dezhu.edit(id, &predicted));
    let count = world.carrier.read(CallLog::count);
    let few = |log: &CallLog| log.open_now() <= 2 && log.count() > count + 10;
    world
        .carrier
        .until("one for each agent", secs(20), few)
        .await
        .unwrap();
    let from = world.carrier.read(CallLog::count) - 3;
    let back = timed(|| world.dezhu.edit(id, &ratio));
    world
        .carrier
        .until("six again", secs(20), many)
        .await
        .unwrap();

    let calls = placed(&world.campaign(id));
    one_instant(calls.values().filter(|call| call.revision < 3), 2, switched);
    one_instant(calls.values(), 3, back);
    // The last ones of the second revision came when those of the first were over.
    let log = world.carrier.log();
    let call = &log.calls()[from];
    let open = log.calls()[..=from].iter();
    let open = open.filter(|c| {
        c.ended_at
            .is_none_or(|end| end > call.received_at + ms(150))
    });
    assert!(open.count() <= 2, "one call for each agent");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_display_switch_changes_the_shown_numbers_with_the_next_call() {
    let plan = Plan {
        agents: 1,
        ..Plan::new(rings_and_is_busy())
    };
    let world = World::start("dezhu-display", plan).await;
    let mut body = task("display", MIXED_GROUP, 4);
    let id = world.dezhu.create(&body, &numbers(0, 400));
    let shown = |log: &CallLog, from: usize| -> BTreeSet<String> {
        let calls = &log.calls()[from..];
        calls.iter().map(|call| call.caller_id.clone()).collect()
    };
    world
        .carrier
        .until("the numbers take turns", secs(20), |log| {
            shown(log, 0).len() == SHOWN.len() - 1
        })
        .await
        .unwrap();

    body["strategyDisplaySwitch"] = json!(1);
    let switched = timed(|| world.dezhu.edit(id, &body));
    let before = world.carrier.read(CallLog::count);
    world
        .carrier
        .until("calls after the edit", secs(20), |log| {
            log.count() >= before + 20
        })
        .await
        .unwrap();
    let calls = placed(&world.campaign(id));
    one_instant(calls.values(), 2, switched);
    // Every callee begins with 138, and one of the numbers does too.
    let nearest = "13800009999";
    let log = world.carrier.log();
    let mut after = 0;
    for call in log.calls() {
        let placed = &calls[&call.number];
        if placed.revision == 2 {
            after += 1;
            assert_eq!(call.caller_id, nearest, "{placed:?}");
        }
    }
    assert!(after >= 10, "{after} calls after the edit");
}
