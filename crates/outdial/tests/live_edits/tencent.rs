//! A pending campaign of Tencent's is updated: what it dials then is of the update alone.

use crate::clients::{now_ms, predictive};
use crate::harness::{ms, secs};
use crate::judge::placed;
use crate::world::{Plan, SHOWN, World};
use outdial_peers::{CallLog, CalleePlan, Planner};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn an_update_before_the_start_replaces_list_numbers_and_order() {
    let talks = CalleePlan::answer().ring_time(ms(50)).talk(ms(100));
    let plan = Plan {
        agents: 1,
        ..Plan::new(Planner::same(talks))
    };
    let world = World::start("tencent-update", plan).await;
    let before: Vec<String> = (0..6).map(|n| format!("1300000000{n}")).collect();
    let soon = now_ms() / 1000 + 600;
    let id = world
        .tencent
        .create(json!({ "Callees": before, "CallOrder": 0, "StartTime": soon }));

    // Two stay, two are new; another number is shown, and they are called as they are listed.
    let after = ["13000000007", "13000000004", "13000000008", "13000000001"];
    let update = predictive(json!({
        "CampaignId": id,
        "Callees": after,
        "Callers": [SHOWN[1]],
        "CallOrder": 1,
        "StartTime": now_ms() / 1000 - 1,
    }));
    world.tencent.ok("UpdatePredictiveDialingCampaign", update);
    let campaign = world.campaign(id);
    campaign.until_list_done(secs(40)).await;
    let dialed: Vec<String> = world.carrier.read(|log: &CallLog| {
        let calls = log.calls().iter();
        calls.map(|call| call.number.replace("+86", "")).collect()
    });
    assert_eq!(dialed, after);
    let shown = |log: &CallLog| log.calls().iter().all(|call| call.caller_id == SHOWN[1]);
    assert!(world.carrier.read(shown));
    assert!(placed(&campaign).values().all(|call| call.revision == 2));
    // It has begun: no other list comes any more.
    let late = predictive(json!({ "CampaignId": id, "Callees": before }));
    let refused = world.tencent.ask("UpdatePredictiveDialingCampaign", late);
    assert_eq!(refused, Err("UnsupportedOperation".to_owned()));
}
