//! Modes: what each does with agents, offers and lines.

use crate::harness::team::until_agent;
use crate::harness::{Campaign, Config, Server, Team, Work, list, ms, secs, until};
use outdial_peers::{
    CallLog, CalleePlan, Carrier, CarrierOptions, Flow, FlowEnd, FlowOptions, PhoneCall, Planner,
};
use serde_json::{Value, json};

async fn carrier(plan: CalleePlan) -> Carrier {
    Carrier::start(CarrierOptions::new(Planner::same(plan)))
        .await
        .unwrap()
}

async fn offers(server: &Server, agent: &str) -> Vec<Value> {
    until(&format!("an offer to {agent}"), secs(10), || {
        let offers = server
            .rest
            .get(&format!("agents/{agent}/offers"))
            .ok("offers");
        match offers["items"].as_array() {
            Some(items) if !items.is_empty() => Ok(items.clone()),
            _ => Err(offers.to_string()),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn preview_dials_what_an_agent_accepts_and_nothing_else() {
    let work = Work::new("preview");
    let carrier = carrier(CalleePlan::answer().ring_time(ms(100)).talk(ms(400))).await;
    let team = Team::start(1, |phone| phone).await;
    let config = Config::new().carrier(&carrier.uri()).agents(team.agents());
    let server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let campaign = Campaign::create(&server.rest, json!({ "mode": "preview" }));
    campaign.import(&[list::number(1, 0), list::number(2, 0)]);
    campaign.start();

    let offer = offers(&server, "1001").await.remove(0);
    assert_eq!(
        offer["contact"]["attributes"]["name"], "Contact, 0",
        "{offer}"
    );
    assert_eq!(
        carrier.read(CallLog::count),
        0,
        "nobody is dialed before the agent decides"
    );
    server
        .rest
        .command(&format!("offers/{}/skip", offer["id"]))
        .ok("skip");
    let next = until("another contact is offered", secs(10), || {
        let offers = server.rest.get("agents/1001/offers").ok("offers");
        let items = offers["items"].as_array().cloned().unwrap_or_default();
        let other = |o: &&Value| o["contact"]["id"] != offer["contact"]["id"];
        items
            .iter()
            .find(other)
            .cloned()
            .ok_or_else(|| offers.to_string())
    })
    .await;
    assert_eq!(carrier.read(CallLog::count), 0);
    server
        .rest
        .command(&format!("offers/{}/accept", next["id"]))
        .ok("accept");
    carrier
        .until("the accepted one is called", secs(5), |log| {
            log.answered() == 1
        })
        .await
        .unwrap();
    let number = carrier.read(|log| log.calls()[0].number.clone());
    assert_eq!(json!(number), next["contact"]["number"], "{next}");
    campaign
        .until("its outcome is kept", secs(10), |s| {
            s["outcomes"]["answered"] == 1
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preempted_agent_is_bound_while_it_rings() {
    let work = Work::new("preempted");
    let carrier = carrier(CalleePlan::refuse(486).ring_time(secs(1))).await;
    let team = Team::start(2, |phone| phone).await;
    let config = Config::new().carrier(&carrier.uri()).agents(team.agents());
    let server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let campaign = Campaign::create(&server.rest, json!({ "mode": "preempted" }));
    campaign.import(&list::mixed(&[(0, 6)]));
    campaign.start();
    carrier
        .until("it rings", secs(5), |log| log.open_now() > 0)
        .await
        .unwrap();
    until_agent(&server.rest, "1001", "it is bound", secs(2), |a| {
        a["call"].is_u64()
    })
    .await;
    campaign.until_list_done(secs(30)).await;
    assert!(
        carrier.read(CallLog::peak_open) <= 2,
        "one call for each agent"
    );
    assert!(campaign.attempts().iter().all(|a| a.agent_id.is_some()));
    assert!(
        team.phones
            .iter()
            .all(|phone| phone.status().call == PhoneCall::Up)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ratio_rings_more_than_it_has_idle_agents_and_counts_who_was_abandoned() {
    let work = Work::new("ratio");
    let carrier = carrier(CalleePlan::answer().ring_time(ms(300))).await;
    let team = Team::start(1, |phone| phone).await;
    let config = Config::new().carrier(&carrier.uri()).agents(team.agents());
    let server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let changes = json!({ "mode": "ratio", "ratio": 3, "answer_wait_s": 1 });
    let campaign = Campaign::create(&server.rest, changes);
    campaign.import(&list::mixed(&[(0, 3)]));
    campaign.start();
    // Three callees answer at once, and there is one agent, who talks on.
    carrier
        .until("all have answered", secs(10), |log| log.answered() == 3)
        .await
        .unwrap();
    let stats = campaign
        .until("two were given up", secs(10), |s| s["abandoned"] == 2)
        .await;
    assert_eq!(stats["calls_now"]["talking"], 1, "{stats}");
    assert_eq!(carrier.read(CallLog::up_now), 1);
    let waits: Vec<_> =
        carrier.read(|log| log.calls().iter().filter_map(|c| c.talk_time()).collect());
    assert!(
        waits.iter().all(|wait| (ms(900)..ms(2_000)).contains(wait)),
        "answer wait: {waits:?}"
    );
    assert_eq!(campaign.outcomes().get("abandoned"), Some(&2));
}

#[tokio::test(flavor = "multi_thread")]
async fn rate_places_so_many_calls_in_each_interval() {
    let work = Work::new("rate");
    let carrier = carrier(CalleePlan::answer().talk(ms(200))).await;
    let flow = Flow::start("ivr", FlowOptions::new(secs(5), FlowEnd::HangUp))
        .await
        .unwrap();
    let config = Config::new().carrier(&carrier.uri());
    let server = Server::start(&work, &config).await;
    let rate = json!({ "calls": 5, "interval_s": 2 });
    let changes = json!({ "mode": "rate", "rate": rate, "target": { "sip": flow.uri() } });
    let campaign = Campaign::create(&server.rest, changes);
    campaign.import(&list::mixed(&[(0, 20)]));
    campaign.start();
    campaign.until_list_done(secs(30)).await;
    let times: Vec<_> = carrier.read(|log| log.calls().iter().map(|c| c.received_at).collect());
    assert_eq!(times.len(), 20);
    // In no interval more than its share, and no call of the rate lost.
    for (n, at) in times.iter().enumerate().skip(5) {
        assert!(
            *at - times[n - 5] >= ms(1_800),
            "calls {} to {n} within one interval",
            n - 5
        );
    }
    assert!(
        times[19] - times[0] <= secs(9),
        "{:?} for 20 calls",
        times[19] - times[0]
    );
}
