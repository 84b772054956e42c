//! All APIs edit one campaign at once: each edit is made whole, one after another, and none is lost.

use super::chance::Chance;
use super::expected::plain;
use super::of_agents::{self, NAME, suspended};
use super::run::Run;
use crate::clients::{of_agents as body_of_agents, task};
use crate::harness::{secs, until};
use crate::judge::{Placed, placed};
use crate::world::{SHOWN, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Edits of each API.
const EDITS: usize = 8;

/// The n-th edit of an API, from 1 on: the campaign begins with the first number of the first API. Each API
/// has two numbers that take turns, so that every edit is a change, and changes ratio or timeout beside them.
type Edit = fn(&World, u64, &str, usize);

const APIS: [(&str, Edit); 4] = [
    ("dezhu", |world, id, _, n| {
        let power = u32::try_from(3 + n % 2).unwrap();
        world.dezhu.edit(id, &task(NAME, SHOWN[n % 2], power));
    }),
    ("huawei", |world, id, _, n| {
        let mut body = body_of_agents(NAME);
        body["callerNo"] = json!(SHOWN[2 + n % 2]);
        body["maxAlertingTime"] = json!(5 + n % 2);
        world.huawei.modify(id, &body);
    }),
    ("alibaba", |world, _, uuid, n| {
        let fields = vec![
            ("JobGroupId", uuid.to_owned()),
            ("Name", NAME.to_owned()),
            ("CallingNumber.1", SHOWN[4 + n % 2].to_owned()),
            ("RingingDuration", (7 + n % 2).to_string()),
        ];
        suspended(uuid, fields)(world);
    }),
    ("rest", |world, id, _, n| {
        let patch = json!({ "caller_ids": [SHOWN[6 + n % 2]], "ratio": 5 + n % 2 });
        world.campaign(id).patch(&patch);
    }),
];

/// What an API's edits leave as they find it.
fn untouched(origin: &str) -> &'static str {
    match origin {
        "dezhu" | "rest" => "ring_timeout_s",
        _ => "ratio",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_by_all_apis_at_once_are_made_one_after_another_and_whole() {
    let run = of_agents::start(&mut Chance::seeded("all at once")).await;
    let (world, id, uuid) = (&run.world, run.campaign.id, &*run.uuid);
    // The clients block; the carrier goes on meanwhile.
    tokio::task::block_in_place(|| {
        std::thread::scope(|threads| {
            for (_, edit) in APIS {
                threads.spawn(move || (1..=EDITS).for_each(|n| edit(world, id, uuid, n)));
            }
        });
    });
    let count = world.carrier.read(outdial_peers::CallLog::count);
    world
        .carrier
        .until("it dials on", secs(30), |log| log.count() >= count + 10)
        .await
        .unwrap();

    let revisions = world.revisions(id);
    let mut made = BTreeMap::new();
    for pair in revisions.windows(2) {
        let origin = pair[1]["origin"].as_str().unwrap();
        let numbers = |revision: &Value| revision["settings"]["caller_ids"].clone();
        if numbers(&pair[0]) != numbers(&pair[1]) {
            *made.entry(origin.to_owned()).or_insert(0) += 1;
        }
        let name = untouched(origin);
        let (before, after) = (&pair[0]["settings"][name], &pair[1]["settings"][name]);
        assert_eq!(before, after, "{name} by {origin}: {pair:?}");
    }
    let wanted = APIS.map(|(name, _)| (name.to_owned(), EDITS));
    assert_eq!(made, BTreeMap::from(wanted), "none is lost");
    check_calls(&run, &revisions).await;
}

/// Each call shows a number of its own revision, and revisions only go up.
async fn check_calls(run: &Run, revisions: &[Value]) {
    run.campaign.command("pause");
    let over = |log: &outdial_peers::CallLog| log.open_now() == 0;
    let carrier = &run.world.carrier;
    carrier
        .until("calls are over", secs(60), over)
        .await
        .unwrap();
    let log = carrier.log();
    let calls = until("every call is recorded", secs(20), || {
        let calls = placed(&run.campaign);
        let all = log
            .calls()
            .iter()
            .all(|call| calls.contains_key(&call.number));
        if all {
            Ok(calls)
        } else {
            Err(format!("{} calls", calls.len()))
        }
    })
    .await;
    for call in log.calls() {
        let placed = &calls[&call.number];
        let shown = revisions[placed.revision as usize - 1]["settings"]["caller_ids"].to_string();
        assert!(
            shown.contains(plain(&call.caller_id)),
            "{shown}: {placed:?}"
        );
    }
    let mut order: Vec<&Placed> = calls.values().collect();
    order.sort_by_key(|call| call.id);
    let sorted = order.is_sorted_by_key(|call| call.revision);
    assert!(sorted, "an older revision dialed after a newer one");
}
