//! Flows at a SIP address: a campaign without agents, and a flow before the agents.

use crate::harness::calls::most_open;
use crate::harness::config::GROUP;
use crate::harness::{Campaign, Config, Server, Team, Work, list, ms, ports, secs};
use outdial_peers::{
    CallEnd, CalleePlan, Carrier, CarrierOptions, Flow, FlowEnd, FlowOptions, Planner,
};
use serde_json::{Value, json};

const FLOW: u64 = 4600;

async fn carrier(plan: CalleePlan) -> Carrier {
    Carrier::start(CarrierOptions::new(Planner::same(plan)))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_takes_every_answer_of_a_campaign_without_agents() {
    let work = Work::new("flow");
    let carrier = carrier(CalleePlan::answer().ring_time(ms(100))).await;
    let flow = Flow::start("ivr", FlowOptions::new(ms(400), FlowEnd::HangUp))
        .await
        .unwrap();
    let config = Config::new()
        .carrier(&carrier.uri())
        .flow(FLOW, &flow.uri());
    let server = Server::start(&work, &config).await;
    for target in [json!({ "flow": FLOW }), json!({ "sip": flow.uri() })] {
        let before = flow.read(|log| log.answered());
        let changes =
            json!({ "mode": "concurrency", "target": target, "max_calls": 5, "name": "flow" });
        let campaign = Campaign::create(&server.rest, changes);
        campaign.import(&list::mixed(&[(0, 20)]));
        campaign.start();
        campaign.until_list_done(secs(40)).await;
        assert_eq!(campaign.outcomes(), [("answered".to_owned(), 20)].into());
        assert_eq!(flow.read(|log| log.answered()) - before, 20);
        assert!(
            campaign
                .attempts()
                .iter()
                .all(|a| a.joined_at.is_some() && a.agent_id.is_none())
        );
    }
    assert!(carrier.read(most_open) <= 5, "max_calls");
    // The flow hung up, so each callee is ended by us.
    let by_us = |end: &Option<CallEnd>| matches!(end, Some(CallEnd::TheirBye { .. }));
    carrier
        .until("every callee was ended by us", secs(5), |log| {
            log.calls().iter().all(|call| by_us(&call.end))
        })
        .await
        .unwrap();
    assert_eq!((carrier.violations(), flow.violations()), (vec![], vec![]));
}

/// A flow comes first and hands back; every callee ends up with the agent.
async fn hands_back(name: &str, end: impl Fn(u16) -> FlowEnd) {
    let work = Work::new(name);
    let carrier = carrier(CalleePlan::answer().ring_time(ms(100)).talk(ms(2_500))).await;
    let (http, sip) = (ports::free(), ports::free());
    let flow = Flow::start("ivr", FlowOptions::new(ms(300), end(sip)))
        .await
        .unwrap();
    let team = Team::start(2, |phone| phone).await;
    let config = Config::new()
        .carrier(&carrier.uri())
        .flow(FLOW, &flow.uri())
        .agents(team.agents());
    let server = Server::start_at(&work, &config, http, sip).await;
    team.ready(&server.rest).await;
    let changes = json!({
        "mode": "ratio",
        "target": { "skill_group": GROUP },
        "flow_first": { "flow": FLOW },
        "answer_wait_s": 20,
    });
    let campaign = Campaign::create(&server.rest, changes);
    campaign.import(&list::mixed(&[(0, 6)]));
    campaign.start();
    let stats = campaign.until_list_done(secs(60)).await;
    assert_eq!(stats["abandoned"], 0, "{stats}");
    let attempts = campaign.attempts();
    assert_eq!(campaign.outcomes(), [("answered".to_owned(), 6)].into());
    assert!(
        attempts.iter().all(|a| a.agent_id.is_some()),
        "agents took them: {attempts:?}"
    );
    assert_eq!(
        flow.read(|log| log.answered()),
        6,
        "each heard the flow once"
    );
    assert_eq!(flow.read(|log| log.up_now()), 0);
    // Nobody was dropped between flow and agent: the callees hung up themselves.
    let ended: Vec<_> = carrier.read(|log| log.calls().iter().map(|c| c.end.clone()).collect());
    assert_eq!(ended, vec![Some(CallEnd::OurBye); 6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_hands_the_callee_to_the_agents_by_bye() {
    hands_back("flow-bye", |_| FlowEnd::ToQueue).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_hands_the_callee_to_the_agents_by_refer() {
    hands_back("flow-refer", |sip| {
        FlowEnd::Refer(format!("sip:queue@127.0.0.1:{sip}"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callee_who_hangs_up_in_the_flow_never_reaches_an_agent() {
    let work = Work::new("flow-hang-up");
    let carrier = carrier(CalleePlan::answer().talk(ms(500))).await;
    let flow = Flow::start("ivr", FlowOptions::new(secs(10), FlowEnd::ToQueue))
        .await
        .unwrap();
    let team = Team::start(1, |phone| phone).await;
    let config = Config::new()
        .carrier(&carrier.uri())
        .flow(FLOW, &flow.uri())
        .agents(team.agents());
    let server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let changes = json!({ "mode": "ratio", "flow_first": { "flow": FLOW } });
    let campaign = Campaign::create(&server.rest, changes);
    campaign.import(&list::mixed(&[(0, 2)]));
    campaign.start();
    let stats = campaign.until_list_done(secs(30)).await;
    assert_eq!(
        stats["abandoned"],
        Value::from(0),
        "the flow is no queue: {stats}"
    );
    assert!(campaign.attempts().iter().all(|a| a.agent_id.is_none()));
    flow.until("the flow is told", secs(5), |log| log.up_now() == 0)
        .await
        .unwrap();
}
