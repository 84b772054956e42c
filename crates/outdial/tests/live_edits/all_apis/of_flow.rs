//! A campaign of Huawei's whose calls a flow takes, which other APIs edit, too.

use std::collections::BTreeMap;

use super::chance::Chance;
use super::expected::{Expected, Pace};
use super::of_agents::{patch, suspended};
use super::run::{Edit, Run};
use crate::clients::{self, SCRIPT};
use crate::harness::{ms, secs};
use crate::world::{FLOW, Plan, SHOWN, World, numbers, other_half_of_the_day};
use outdial_peers::{CalleePlan, Flow, FlowEnd, FlowOptions, Planner};
use serde_json::json;

const NAME: &str = "all apis";
/// The flow beside the tenant's first one, and its name as a script.
const OTHER_FLOW: u64 = 4601;
const OTHER_SCRIPT: &str = "1b5f0f7c-0000-4222-9f0f-605a9b89ea7c";
/// Enough that calls are due all the time.
const NUMBERS: usize = 4_000;
/// Calls in a second.
const RATES: [u32; 4] = [8, 10, 12, 15];

pub(super) async fn start(_: &mut Chance) -> Run {
    let mut flows = BTreeMap::new();
    for id in [FLOW, OTHER_FLOW] {
        let options = FlowOptions::new(secs(60), FlowEnd::Wait);
        flows.insert(id, Flow::start("ivr", options).await.unwrap());
    }
    let talks = CalleePlan::answer().ring_time(ms(60)).talk(ms(150));
    let other = flows[&OTHER_FLOW].uri();
    let plan = Plan {
        flow: flows[&FLOW].uri(),
        tenant: format!(
            "[[tenant.flow]]\nid = {OTHER_FLOW}\nname = \"other\"\nuri = \"{other}\"\n\
             aliases = [\"{OTHER_SCRIPT}\"]\n"
        ),
        ..Plan::new(Planner::same(talks))
    };
    let world = World::start("all-apis-flow", plan).await;
    let now = Expected {
        shown: vec![SHOWN[0]],
        ring_s: 20,
        open: true,
        pace: Pace::Rate(RATES[0]),
        max_calls: None,
        flow: Some(FLOW),
    };
    let id = world.huawei.create(&body(&now));
    world.huawei.add(id, &numbers(0, 20));
    world.campaign(id).import(&numbers(20, NUMBERS));
    Run::start(world, flows, id, 0, now).await
}

pub(super) fn next(run: &Run, chance: &mut Chance) -> Edit {
    let (before, id) = (&run.now, run.campaign.id);
    match (before.open, chance.below(8)) {
        (true, 0..=1) => alibaba(before, &run.uuid, chance),
        (true, 2) => huawei(before, id, false, chance),
        (true, 3) => rest(before, id, false, chance),
        (_, 0..=4) => huawei(before, id, true, chance),
        _ => rest(before, id, true, chance),
    }
}

fn rate(pace: Pace) -> u32 {
    match pace {
        Pace::Rate(calls) => calls,
        Pace::Ratio(_) => unreachable!("a campaign of a flow has a rate"),
    }
}

fn body(wanted: &Expected) -> serde_json::Value {
    let flow = wanted.flow.unwrap().to_string();
    let mut body = clients::of_flow(NAME, &flow, rate(wanted.pace), 1);
    body["callerNo"] = json!(wanted.shown[0]);
    body["maxAlertingTime"] = json!(wanted.ring_s);
    if !wanted.open {
        body["scheduleParam"] = clients::segments(&[other_half_of_the_day()]);
    }
    body
}

/// Number, timeout, rate, segments and flow at once.
fn huawei(before: &Expected, id: u64, open: bool, chance: &mut Chance) -> Edit {
    let first = before.fresh(chance);
    let further = before.shown.iter().skip(1).copied();
    let after = Expected {
        shown: std::iter::once(first).chain(further).collect(),
        ring_s: chance.of(&[20, 25, 30]),
        open,
        pace: Pace::Rate(chance.of(&RATES)),
        flow: Some(chance.of(&[FLOW, OTHER_FLOW])),
        ..before.clone()
    };
    let body = body(&after);
    let make = move |world: &World| {
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
        calls: chance.below(3),
        make: Box::new(make),
    }
}

/// Numbers, timeout and script at once.
fn alibaba(before: &Expected, uuid: &str, chance: &mut Chance) -> Edit {
    let (flow, script) = chance.of(&[(FLOW, SCRIPT), (OTHER_FLOW, OTHER_SCRIPT)]);
    let after = Expected {
        shown: before.fresh_list(chance),
        ring_s: chance.of(&[20, 25, 30]),
        flow: Some(flow),
        ..before.clone()
    };
    let mut fields = vec![
        ("JobGroupId", uuid.to_owned()),
        ("Name", NAME.to_owned()),
        ("RingingDuration", after.ring_s.to_string()),
        ("ScriptId", script.to_owned()),
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
        calls: chance.below(3),
        make: suspended(uuid, fields),
    }
}

/// Anything at all at once.
fn rest(before: &Expected, id: u64, open: bool, chance: &mut Chance) -> Edit {
    let after = Expected {
        shown: before.fresh_list(chance),
        ring_s: chance.of(&[20, 25, 30]),
        open,
        pace: Pace::Rate(chance.of(&RATES)),
        max_calls: None,
        flow: Some(chance.of(&[FLOW, OTHER_FLOW])),
    };
    let mut patch = patch(&after);
    patch["rate"] = json!({ "calls": rate(after.pace), "interval_s": 1 });
    patch["target"] = json!({ "flow": after.flow });
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
        calls: chance.below(3),
        make: Box::new(make),
    }
}
