//! Two of Alibaba's job groups share lines, and one gives up what was kept for it.

use crate::harness::{ms, secs};
use crate::world::{Plan, SHOWN, World, numbers};
use outdial_peers::{CallLog, CalleePlan, Planner};
use serde_json::json;
use std::time::Duration;

const LINES: u32 = 6;
/// Calls that lines are kept for, before and after.
const FLOORS: [u32; 2] = [5, 1];
/// A call that is over is so at the carrier a moment before or after the server knows it.
const LAG: Duration = ms(150);

/// Most calls of a group open at once, among those that came from the n-th call on.
fn most_open_of(log: &CallLog, shown: &str, from: usize) -> usize {
    let calls: Vec<_> = log.calls()[from.min(log.count())..]
        .iter()
        .filter(|call| call.caller_id == shown)
        .collect();
    let open_at = |n: usize| {
        let at = calls[n].received_at;
        let open = |end: Option<_>| end.is_none_or(|end| end > at + LAG);
        let open = calls[..=n].iter().filter(|call| open(call.ended_at));
        open.count()
    };
    (0..calls.len()).map(open_at).max().unwrap_or(0)
}

fn fields(group: &str, floor: u32) -> Vec<(&'static str, String)> {
    vec![
        ("JobGroupId", group.to_owned()),
        ("Name", "kept".to_owned()),
        ("MinConcurrency", floor.to_string()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lower_min_concurrency_frees_lines_for_another_group() {
    let rings = CalleePlan::refuse(486).ring_time(ms(600));
    let plan = Plan {
        lines: Some(LINES),
        ..Plan::new(Planner::same(rings))
    };
    let world = World::start("alibaba-lines", plan).await;
    let [first, second] = [SHOWN[1], SHOWN[2]];
    let group = |name: &str, shown: &str, floor: u32| {
        let further = [
            ("CallingNumber.1", shown.to_owned()),
            ("MinConcurrency", floor.to_string()),
        ];
        world.alibaba.create(name, &further)
    };
    let kept = group("kept", first, FLOORS[0]);
    let other = group("other", second, 0);
    world.alibaba.assign(&kept, &numbers(0, 400));
    world
        .carrier
        .until("the group uses its lines", secs(30), |log| {
            most_open_of(log, first, 0) >= FLOORS[0] as usize
        })
        .await
        .unwrap();
    world.alibaba.assign(&other, &numbers(1_000, 400));
    let from = world.carrier.read(CallLog::count);
    world
        .carrier
        .until("the other has what is left", secs(30), |log| {
            let calls = &log.calls()[from..];
            calls.iter().filter(|call| call.caller_id == second).count() >= 4
        })
        .await
        .unwrap();
    let left = LINES - FLOORS[0];
    assert_eq!(
        world.carrier.read(|log| most_open_of(log, second, 0)),
        left as usize,
        "lines are kept for the first group"
    );

    world.alibaba.all_jobs("SuspendJobs", &kept);
    world
        .alibaba
        .ok("ModifyJobGroup", &fields(&kept, FLOORS[1]));
    world.alibaba.all_jobs("ResumeJobs", &kept);
    let from = world.carrier.read(CallLog::count);
    world
        .carrier
        .until(
            "both groups dial, the other on more lines",
            secs(30),
            |log| {
                let after = &log.calls()[from..];
                let of = |shown: &str| after.iter().filter(|call| call.caller_id == shown).count();
                of(first) >= 10
                    && of(second) >= 10
                    && most_open_of(log, second, from) > left as usize
            },
        )
        .await
        .unwrap();
    assert!(
        world.carrier.read(crate::harness::calls::most_open) <= LINES as usize,
        "no more calls than lines"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn recall_numbers_that_are_modified_are_shown_from_the_second_attempt_on() {
    let rings = CalleePlan::refuse(486).ring_time(ms(300));
    let plan = Plan {
        lines: Some(LINES),
        ..Plan::new(Planner::same(rings))
    };
    let world = World::start("alibaba-recall", plan).await;
    // As many attempts as the strategy says, and no time between them.
    let strategy = |attempts: u32| {
        json!({ "maxAttemptsPerDay": attempts, "minAttemptInterval": 0 }).to_string()
    };
    let group = world.alibaba.create(
        "recall",
        &[
            ("CallingNumber.1", SHOWN[1].to_owned()),
            ("StrategyJson", strategy(1)),
        ],
    );
    world.alibaba.assign(&group, &numbers(0, 300));
    let some = |log: &CallLog| log.count() >= 10;
    world
        .carrier
        .until("first attempts", secs(30), some)
        .await
        .unwrap();

    world.alibaba.all_jobs("SuspendJobs", &group);
    let change = [
        ("JobGroupId", group.clone()),
        ("Name", "recall".to_owned()),
        ("RecallCallingNumber.1", SHOWN[2].to_owned()),
        ("StrategyJson", strategy(3)),
    ];
    world.alibaba.ok("ModifyJobGroup", &change);
    world.alibaba.all_jobs("ResumeJobs", &group);
    let recalled = |log: &CallLog| {
        let again = log
            .calls()
            .iter()
            .filter(|call| log.to(&call.number).count() == 3);
        again.count() >= 9
    };
    world
        .carrier
        .until("recalls", secs(60), recalled)
        .await
        .unwrap();
    let log = world.carrier.log();
    for call in log.calls() {
        let shown: Vec<_> = log.to(&call.number).map(|call| &*call.caller_id).collect();
        let wanted = [SHOWN[1], SHOWN[2], SHOWN[2]];
        assert_eq!(shown, wanted[..shown.len()], "{}", call.number);
    }
}
