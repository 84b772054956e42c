//! A campaign that one API has made is the others' campaign too, as far as they have words for it.

mod looks;

use crate::clients::{of_agents, of_flow, predictive, task};
use crate::harness::config::GROUP;
use crate::world::{FLOW, Plan, SHOWN, World, numbers};
use looks::{Kept, Stand, TakenBy};
use outdial_peers::{CalleePlan, Planner};
use serde_json::json;

/// Nobody is idle, so that what runs does not end by itself.
async fn world(name: &str) -> World {
    World::start(name, Plan::new(Planner::same(CalleePlan::refuse(486)))).await
}

/// Looks at a campaign through every API: in its description and in its list.
fn check(world: &World, kept: &Kept) {
    kept.by_rest(world);
    kept.by_tencent(world);
    kept.by_alibaba(world);
    kept.by_huawei(world);
    kept.by_dezhu(world);
}

fn uuid(world: &World, id: u64) -> String {
    let shown = world.campaign(id).show();
    shown["uuid"].as_str().unwrap().to_owned()
}

/// A campaign of each API, none of which has begun but Huawei's, whose campaigns begin by themselves.
fn one_of_each(world: &World) -> Vec<Kept> {
    let shown = SHOWN[1];
    let kept = |id: u64, name: &str, stand: Stand, taken_by: TakenBy, ring_s: u64| Kept {
        id,
        uuid: uuid(world, id),
        name: name.to_owned(),
        shown,
        ring_s,
        stand,
        taken_by,
        by_alibaba: name == "by alibaba",
    };
    let agents = TakenBy::Agents(GROUP);
    let flow = TakenBy::Flow(FLOW);

    let callers = json!({ "Name": "by tencent", "Callers": [shown] });
    let tencent = world.tencent.create(callers);
    let further = [
        ("CallingNumber.1", shown.to_owned()),
        ("RingingDuration", "33".to_owned()),
    ];
    let alibaba = world.alibaba.create("by alibaba", &further);
    let mut body = of_agents("by huawei");
    body["callerNo"] = json!(shown);
    let huawei = world.huawei.create(&body);
    let mut body = of_flow("by huawei ivr", &FLOW.to_string(), 2, 1);
    body["callerNo"] = json!(shown);
    let ivr = world.huawei.create(&body);
    let dezhu = world
        .dezhu
        .ok("/task/outbound/create", &task("by dezhu", shown, 2));
    let rest = crate::harness::Campaign::create(
        world.rest(),
        json!({ "name": "by rest", "caller_ids": [shown], "ring_timeout_s": 44 }),
    );
    vec![
        kept(tencent, "by tencent", Stand::Scheduled, agents, 30),
        kept(
            world.by_uuid(&alibaba),
            "by alibaba",
            Stand::Draft,
            flow,
            33,
        ),
        kept(huawei, "by huawei", Stand::Running, agents, 20),
        kept(ivr, "by huawei ivr", Stand::Running, flow, 20),
        kept(
            dezhu.as_u64().unwrap(),
            "by dezhu",
            Stand::Draft,
            agents,
            20,
        ),
        kept(rest.id, "by rest", Stand::Draft, agents, 44),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_of_one_api_is_shown_by_all_others() {
    let world = world("visible").await;
    for kept in one_of_each(&world) {
        check(&world, &kept);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_api_does_to_a_campaign_all_others_show() {
    let world = world("visible-changes").await;
    let mut kept = one_of_each(&world).remove(2);
    world.huawei.add(kept.id, &numbers(0, 3));
    let fields = json!({ "CampaignId": kept.id });

    world
        .tencent
        .ok("PausePredictiveDialingCampaign", fields.clone());
    kept.stand = Stand::Paused;
    check(&world, &kept);

    let name = "renamed by alibaba";
    let change = [
        ("JobGroupId", kept.uuid.clone()),
        ("Name", name.to_owned()),
        ("RingingDuration", "55".to_owned()),
        ("CallingNumber.1", SHOWN[2].to_owned()),
    ];
    world.alibaba.ok("ModifyJobGroup", &change);
    (kept.name, kept.ring_s, kept.shown) = (name.to_owned(), 55, SHOWN[2]);
    check(&world, &kept);

    // A task of Dezhu's that is paused takes other numbers, and keeps its name.
    world
        .dezhu
        .edit(kept.id, &task("another name", SHOWN[3], 3));
    kept.shown = SHOWN[3];
    check(&world, &kept);

    world
        .huawei
        .ok("PUT", &format!("/{}/resume", kept.id), None);
    kept.stand = Stand::Running;
    check(&world, &kept);

    let body = json!({ "name": "renamed by rest", "ring_timeout_s": 66 });
    world.campaign(kept.id).patch(&body);
    (kept.name, kept.ring_s) = ("renamed by rest".to_owned(), 66);
    check(&world, &kept);

    world
        .dezhu
        .ok("/task/outbound/stop", &json!({ "taskId": kept.id }));
    kept.stand = Stand::EndedByHand;
    check(&world, &kept);
    // No API revives it.
    let update = predictive(json!({ "CampaignId": kept.id }));
    let refused = world.tencent.ask("UpdatePredictiveDialingCampaign", update);
    assert_eq!(refused, Err("UnsupportedOperation".to_owned()));
    let refused = world.alibaba.ask("ModifyJobGroup", &change);
    assert_eq!(refused, Err("InvalidStatus.JobGroup".to_owned()));
    let body = of_agents("late");
    let refused = world
        .huawei
        .ask("PUT", &format!("/{}", kept.id), Some(&body));
    assert_eq!(refused, Err("0200016".to_owned()));
    let mut body = task("late", SHOWN[0], 1);
    body["taskId"] = json!(kept.id);
    let refused = world.dezhu.post("/task/outbound/edit", &body).unwrap_err();
    assert!(refused.starts_with("20001"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_removed_by_one_api_is_gone_for_all() {
    let world = world("visible-removed").await;
    let kept = one_of_each(&world).remove(0);
    let fields = json!({ "CampaignId": kept.id });
    world
        .tencent
        .ok("DeletePredictiveDialingCampaign", fields.clone());
    let none = "InvalidParameterValue".to_owned();
    let gone = world
        .tencent
        .ask("DescribePredictiveDialingCampaign", fields);
    assert_eq!(gone, Err(none));
    let group = [("JobGroupId", kept.uuid.clone())];
    let gone = world.alibaba.ask("DescribeJobGroup", &group);
    assert_eq!(gone, Err("NotExist.JobGroup".to_owned()));
    let gone = world.huawei.ask("GET", &format!("/{}", kept.id), None);
    assert_eq!(gone, Err("0200007".to_owned()));
    let body = json!({ "taskId": kept.id });
    let gone = world.dezhu.post("/task/outbound/start", &body).unwrap_err();
    assert!(gone.starts_with("20001"), "{gone}");
    let gone = world.rest().get(&format!("campaigns/{}", kept.id)).status;
    assert_eq!(gone, 404);
}
