//! A task of Dezhu's with agents, which all other APIs edit, too.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::chance::Chance;
use super::expected::{Expected, Pace};
use super::run::{Edit, Make, Run};
use crate::clients::{self, now_ms, task};
use crate::harness::{ms, secs};
use crate::judge::Answered;
use crate::world::{Plan, SHOWN, World, numbers, other_half_of_the_day};
use outdial_peers::{CalleePlan, Planner};
use serde_json::{Value, json};

pub(super) const NAME: &str = "all apis";
const AGENTS: u32 = 2;
/// Enough that calls are due all the time.
const NUMBERS: usize = 12_000;
/// Timeouts are far apart, so that a call tells which one it had.
const RINGS_S: [u64; 2] = [5, 9];
/// A callee who never answers takes a line for a whole timeout: one in this time.
const STUBBORN_EVERY: Duration = secs(3);

/// Most callees are busy after a moment; now and then one rings until we give up.
fn callees() -> Planner {
    let last = Mutex::new(Instant::now());
    Planner::by(move |_| {
        let mut last = last.lock().unwrap();
        if last.elapsed() < STUBBORN_EVERY {
            return CalleePlan::refuse(486).ring_time(ms(250));
        }
        *last = Instant::now();
        CalleePlan::ring_for_ever()
    })
}

pub(super) async fn start(_: &mut Chance) -> Run {
    let plan = Plan {
        agents: AGENTS as usize,
        ..Plan::new(callees())
    };
    let world = World::start("all-apis-agents", plan).await;
    let now = Expected {
        shown: vec![SHOWN[0]],
        ring_s: 20,
        open: true,
        pace: Pace::Ratio(3),
        max_calls: None,
        flow: None,
    };
    let id = world
        .dezhu
        .create(&task(NAME, SHOWN[0], 3), &numbers(0, 10));
    world.campaign(id).import(&numbers(10, NUMBERS));
    Run::start(world, BTreeMap::new(), id, AGENTS, now).await
}

pub(super) fn next(run: &Run, chance: &mut Chance) -> Edit {
    let (before, id) = (&run.now, run.campaign.id);
    if !before.open {
        return match chance.one_in(2) {
            true => huawei(before, id, true, chance),
            false => rest(before, id, true, chance),
        };
    }
    match chance.below(13) {
        0..=2 => dezhu(before, id, chance),
        3 => dezhu_power(before, id, chance),
        4..=5 => huawei(before, id, true, chance),
        6 => huawei(before, id, false, chance),
        7 => huawei_number(before, id, chance),
        8..=9 => alibaba(before, &run.uuid, chance),
        10 => rest(before, id, false, chance),
        _ => rest(before, id, true, chance),
    }
}

fn power(before: &Expected, chance: &mut Chance) -> u32 {
    let others = [3, 4, 5, 6].into_iter();
    let others: Vec<u32> = others.filter(|n| Pace::Ratio(*n) != before.pace).collect();
    chance.of(&others)
}

/// Number and ratio at once.
fn dezhu(before: &Expected, id: u64, chance: &mut Chance) -> Edit {
    let shown = before.fresh(chance);
    let power = power(before, chance);
    let after = Expected {
        shown: vec![shown],
        pace: Pace::Ratio(power),
        ..before.clone()
    };
    let make = move |world: &World| {
        world.dezhu.edit(id, &task(NAME, shown, power));
        None
    };
    Edit {
        by: "dezhu edit",
        after,
        calls: chance.below(4),
        make: Box::new(make),
    }
}

/// The ratio alone. A task shows the numbers of a group: only one that is shown alone can stay.
fn dezhu_power(before: &Expected, id: u64, chance: &mut Chance) -> Edit {
    let [shown] = before.shown[..] else {
        return dezhu(before, id, chance);
    };
    let power = power(before, chance);
    let after = Expected {
        pace: Pace::Ratio(power),
        ..before.clone()
    };
    let make = move |world: &World| {
        world.dezhu.edit(id, &task(NAME, shown, power));
        None
    };
    Edit {
        by: "dezhu edit of the ratio",
        after,
        calls: chance.below(4),
        make: Box::new(make),
    }
}

/// Number, timeout and segments at once.
fn huawei(before: &Expected, id: u64, open: bool, chance: &mut Chance) -> Edit {
    let first = before.fresh(chance);
    let ring_s = chance.of(&RINGS_S);
    // Numbers that were added by their own operation stay.
    let further = before.shown.iter().skip(1).copied();
    let after = Expected {
        shown: std::iter::once(first).chain(further).collect(),
        ring_s,
        open,
        ..before.clone()
    };
    let make = move |world: &World| {
        let mut body = clients::of_agents(NAME);
        body["callerNo"] = json!(first);
        body["maxAlertingTime"] = json!(ring_s);
        if !open {
            body["scheduleParam"] = clients::segments(&[other_half_of_the_day()]);
        }
        world.huawei.modify(id, &body);
        None
    };
    let by = if open {
        "huawei PUT"
    } else {
        "huawei PUT that closes"
    };
    Edit {
        by,
        after,
        calls: chance.below(4),
        make: Box::new(make),
    }
}

/// One number more, or the first one less.
fn huawei_number(before: &Expected, id: u64, chance: &mut Chance) -> Edit {
    let mut after = before.clone();
    let (method, number) = match before.shown.len() {
        1 => {
            let number = before.fresh(chance);
            after.shown.push(number);
            ("POST", number)
        }
        _ => ("DELETE", after.shown.remove(0)),
    };
    let make = move |world: &World| {
        let body = json!({ "callerNo": [number] });
        world
            .huawei
            .ok(method, &format!("/callerNo/{id}"), Some(&body));
        None
    };
    Edit {
        by: "huawei callerNo",
        after,
        calls: chance.below(4),
        make: Box::new(make),
    }
}

/// Numbers and timeout at once. A group has to be suspended for it.
fn alibaba(before: &Expected, uuid: &str, chance: &mut Chance) -> Edit {
    let after = Expected {
        shown: before.fresh_list(chance),
        ring_s: chance.of(&RINGS_S),
        ..before.clone()
    };
    let mut fields = vec![
        ("JobGroupId", uuid.to_owned()),
        ("Name", NAME.to_owned()),
        ("RingingDuration", after.ring_s.to_string()),
    ];
    let names = ["CallingNumber.1", "CallingNumber.2"];
    fields.extend(
        names
            .into_iter()
            .zip(after.shown.iter().map(|n| (*n).to_owned())),
    );
    Edit {
        by: "alibaba ModifyJobGroup",
        after,
        calls: chance.below(4),
        make: suspended(uuid, fields),
    }
}

/// Suspends a group, modifies it, resumes it. No call is placed in between.
pub(super) fn suspended(uuid: &str, fields: Vec<(&'static str, String)>) -> Make {
    let group = uuid.to_owned();
    Box::new(move |world: &World| {
        world.alibaba.all_jobs("SuspendJobs", &group);
        let answered = now_ms();
        world.alibaba.ok("ModifyJobGroup", &fields);
        let asked = now_ms();
        world.alibaba.all_jobs("ResumeJobs", &group);
        Some(Answered { asked, answered })
    })
}

/// Anything at all at once.
fn rest(before: &Expected, id: u64, open: bool, chance: &mut Chance) -> Edit {
    let power = power(before, chance);
    let after = Expected {
        shown: before.fresh_list(chance),
        ring_s: chance.of(&[1, RINGS_S[0], RINGS_S[1]]),
        open,
        pace: Pace::Ratio(power),
        max_calls: chance.one_in(2).then(|| chance.of(&[6, 7, 9])),
        flow: None,
    };
    let mut patch = patch(&after);
    patch["ratio"] = json!(power);
    let make = move |world: &World| {
        world.campaign(id).patch(&patch);
        None
    };
    let by = if open {
        "rest PATCH"
    } else {
        "rest PATCH that closes"
    };
    Edit {
        by,
        after,
        calls: chance.below(4),
        make: Box::new(make),
    }
}

/// A PATCH of everything but the pace.
pub(super) fn patch(after: &Expected) -> Value {
    let (from, to) = match after.open {
        true => ("00:00", "24:00"),
        false => other_half_of_the_day(),
    };
    json!({
        "caller_ids": after.shown,
        "ring_timeout_s": after.ring_s,
        "max_calls": after.max_calls,
        "calendar": { "rules": [{ "days": "every", "windows": [{ "from": from, "to": to }] }] },
    })
}
