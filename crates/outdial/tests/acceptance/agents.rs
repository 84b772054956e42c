//! Agents who come, go, pause and lose their phones.

use crate::harness::team::{self, set_state, until_agent, until_leg};
use crate::harness::{Campaign, Config, Server, Team, Work, list, ms, secs, soak, until};
use outdial_peers::sip::Credentials;
use outdial_peers::{
    CalleePlan, Carrier, CarrierOptions, OnCall, Phone, PhoneCall, PhoneOptions, Planner,
    RegistrationOptions, RegistrationState,
};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

async fn carrier(plan: CalleePlan) -> Carrier {
    Carrier::start(CarrierOptions::new(Planner::same(plan)))
        .await
        .unwrap()
}

fn talker(talk: Duration) -> CalleePlan {
    CalleePlan::answer().ring_time(ms(200)).talk(talk)
}

/// Waits until a phone's voice has been on its way for two seconds: from then on its silence says
/// that something is wrong.
async fn until_it_speaks(phone: &Phone) {
    until("the phone's voice flows", secs(10), || {
        let sent = phone.media().map_or(0, |media| media.counts().sent);
        if sent >= 100 {
            Ok(())
        } else {
            Err(format!("{sent} packets"))
        }
    })
    .await;
}

/// A campaign with so many talkers, started.
fn talkers(server: &Server, contacts: usize, changes: serde_json::Value) -> Campaign {
    let campaign = Campaign::create(&server.rest, changes);
    campaign.import(&list::mixed(&[(0, contacts)]));
    campaign.start();
    campaign
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_hangs_up_puts_its_agent_on_a_break() {
    let work = Work::new("hang-up");
    let carrier = carrier(talker(secs(30))).await;
    let team = Team::start(1, |phone| phone).await;
    let config = Config::new().carrier(&carrier.uri()).agents(team.agents());
    let server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let campaign = talkers(&server, 3, json!({}));
    carrier
        .until("a callee is up", secs(10), |log| log.up_now() == 1)
        .await
        .unwrap();
    campaign
        .until("the callee talks", secs(5), |s| {
            s["calls_now"]["talking"] == 1
        })
        .await;

    assert!(team.phones[0].hang_up().await);
    carrier
        .until("the callee's call has ended", secs(5), |log| {
            log.up_now() == 0
        })
        .await
        .unwrap();
    let agent = until_agent(&server.rest, "1001", "it is on a break", secs(5), |agent| {
        agent["state"] == "break" && agent["leg"] == "down"
    })
    .await;
    assert_eq!(agent["call"], json!(null), "{agent}");
    campaign
        .until("its outcome is kept", secs(5), |s| {
            s["outcomes"]["answered"] == 1
        })
        .await;
    campaign.until_not_dialing(&["agent"], secs(5)).await;

    set_state(&server.rest, "1001", "ready");
    until_leg(&server.rest, "1001", "up", secs(10)).await;
    carrier
        .until("the next callee is up", secs(10), |log| log.count() == 2)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_phone_is_called_again_until_it_answers() {
    let work = Work::new("busy-phone");
    let carrier = carrier(talker(ms(300))).await;
    let team = Team::start(1, |phone| phone.on_call(OnCall::Refuse { code: 486 })).await;
    let config = Config::new().carrier(&carrier.uri()).agents(team.agents());
    let server = Server::start(&work, &config).await;
    set_state(&server.rest, "1001", "ready");
    let campaign = talkers(&server, 1, json!({}));
    let phone = &team.phones[0];
    // Called at once, then after 1 and 2 more seconds.
    let began = Instant::now();
    phone
        .until("called three times", secs(10), |s| s.invited >= 3)
        .await
        .unwrap();
    assert!(
        began.elapsed() >= ms(2_500),
        "backing off 1, 2 s: {:?}",
        began.elapsed()
    );
    assert_eq!(
        carrier.read(|log| log.count()),
        0,
        "nobody is dialed without an agent"
    );
    campaign.until_not_dialing(&["agent"], secs(5)).await;
    phone.set_on_call(OnCall::Answer { after: ms(50) });
    until_leg(&server.rest, "1001", "up", secs(15)).await;
    campaign.until_list_done(secs(15)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unplugged_phone_is_noticed_and_called_again() {
    let work = Work::new("unplugged");
    let carrier = carrier(talker(secs(2))).await;
    // The phone gives up by itself when it hears nothing, as phones do.
    let team = Team::start(1, |phone| phone.audio_watchdog(secs(15))).await;
    let config = Config::new().carrier(&carrier.uri()).agents(team.agents());
    let server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let phone = &team.phones[0];

    until_it_speaks(phone).await;
    phone.unplug();
    until_agent(&server.rest, "1001", "its leg is not up", secs(60), |a| {
        a["leg"] != "up"
    })
    .await;
    let campaign = talkers(&server, 1, json!({}));
    campaign.until_not_dialing(&["agent"], secs(5)).await;
    assert_eq!(carrier.read(|log| log.count()), 0);
    phone
        .until("the phone gives up", secs(30), |s| {
            s.call == PhoneCall::Idle
        })
        .await
        .unwrap();
    phone.plug_in();
    until_leg(&server.rest, "1001", "up", secs(60)).await;
    campaign.until_list_done(secs(15)).await;
    assert_eq!(campaign.outcomes(), [("answered".to_owned(), 1)].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_registers_from_another_port_is_called_there() {
    let work = Work::new("registered");
    let carrier = carrier(talker(ms(500))).await;
    let config = Config::new()
        .carrier(&carrier.uri())
        .agent_with("1001", "registers = true\npassword = \"phone-secret\"");
    let server = Server::start(&work, &config).await;
    let registrar = ([127, 0, 0, 1], server.sip).into();
    let phone = Phone::start(PhoneOptions::new("1001")).await.unwrap();

    phone.register(RegistrationOptions::at(
        registrar,
        Some(Credentials::new("1001", "wrong")),
    ));
    phone
        .until("a wrong password is refused", secs(10), |s| {
            matches!(s.registration, RegistrationState::Refused(401 | 403))
        })
        .await
        .unwrap();
    let right = Credentials::new("1001", "phone-secret");
    phone.register(RegistrationOptions::at(registrar, Some(right)));
    phone
        .until("registered", secs(10), |s| {
            matches!(s.registration, RegistrationState::Registered { .. })
        })
        .await
        .unwrap();
    set_state(&server.rest, "1001", "ready");
    until_leg(&server.rest, "1001", "up", secs(10)).await;

    until_it_speaks(&phone).await;
    phone.move_to_new_port().await.unwrap();
    phone
        .until("it is called at its new port", secs(60), |s| {
            s.answered == 2 && s.call == PhoneCall::Up
        })
        .await
        .unwrap();
    until_leg(&server.rest, "1001", "up", secs(5)).await;
    talkers(&server, 1, json!({}))
        .until_list_done(secs(15))
        .await;
    assert_eq!(carrier.read(|log| log.answered()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announced_break_begins_after_the_call_and_nobody_is_dialed_for_it() {
    let work = Work::new("announced-break");
    let carrier = carrier(talker(secs(3))).await;
    let team = Team::start(1, |phone| phone).await;
    let config = Config::new().carrier(&carrier.uri()).agents(team.agents());
    let server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let campaign = talkers(&server, 5, json!({ "mode": "ratio", "ratio": 1 }));
    carrier
        .until("a callee is up", secs(10), |log| log.up_now() == 1)
        .await
        .unwrap();

    let announced = json!({ "state": "break", "when": "after_call", "reason": "lunch" });
    server
        .rest
        .put("agents/1001/state", &announced)
        .ok("announce a break");
    let agent = team::agent(&server.rest, "1001");
    assert_ne!(agent["state"], "break", "the call goes on: {agent}");
    assert_eq!(carrier.read(|log| log.up_now()), 1);
    let agent = until_agent(&server.rest, "1001", "it is on its break", secs(10), |a| {
        a["state"] == "break"
    })
    .await;
    assert_eq!(agent["reason"], "lunch", "{agent}");
    campaign.until_not_dialing(&["agent"], secs(5)).await;
    assert_eq!(
        carrier.read(|log| log.count()),
        1,
        "nobody was dialed for the agent on a break"
    );
    let talk = carrier.read(|log| log.calls()[0].talk_time()).unwrap();
    assert!(talk >= ms(2_900), "the call was not cut: {talk:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dialing_stops_at_once_when_the_last_agent_leaves() {
    let work = Work::new("last-agent");
    // Callees who ring for long, so that dialing goes on while nobody talks.
    let plan = CalleePlan::refuse(486).ring_time(ms(400));
    let carrier = carrier(plan).await;
    let team = Team::start(2, |phone| phone).await;
    let config = Config::new().carrier(&carrier.uri()).agents(team.agents());
    let server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let campaign = talkers(&server, 500, json!({ "mode": "ratio", "ratio": 3 }));
    carrier
        .until("dialing goes on", secs(10), |log| log.count() >= 20)
        .await
        .unwrap();

    set_state(&server.rest, "1001", "offline");
    set_state(&server.rest, "1002", "offline");
    let left = Instant::now();
    campaign.until_not_dialing(&["agent"], secs(5)).await;
    campaign
        .until("ringing calls end", secs(10), |s| {
            s["calls_now"]["ringing"] == 0
        })
        .await;
    let grace = ms(300);
    let late = carrier.read(|log| {
        log.calls()
            .iter()
            .filter(|call| call.received_at > left + grace)
            .count()
    });
    assert_eq!(late, 0, "calls placed after the last agent left");
    for phone in &team.phones {
        phone
            .until("its leg is ended", secs(5), |s| s.call == PhoneCall::Idle)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_called_per_call_answers_before_the_callee_is_dialed() {
    let work = Work::new("per-call");
    let carrier = carrier(talker(ms(500))).await;
    let team = Team::start(1, |phone| phone.on_call(OnCall::Answer { after: ms(300) })).await;
    let (id, uri) = team.agents().remove(0);
    let lines = format!("uri = \"{uri}\"\nconnection = \"per_call\"");
    let config = Config::new()
        .carrier(&carrier.uri())
        .agent_with(&id, &lines);
    let server = Server::start(&work, &config).await;
    set_state(&server.rest, &id, "ready");
    let phone = &team.phones[0];
    assert_eq!(
        phone.status().invited,
        0,
        "not called before there is a call"
    );
    let campaign = talkers(&server, 3, json!({}));
    for n in 1..=3 {
        carrier
            .until("the next callee is dialed", secs(10), |log| {
                log.count() >= n
            })
            .await
            .unwrap();
        let status = phone.status();
        assert!(
            status.answered as usize >= n,
            "callee {n} was dialed too early: {status:?}"
        );
    }
    campaign.until_list_done(secs(15)).await;
    phone
        .until("its last leg has ended", secs(5), |s| {
            s.call == PhoneCall::Idle
        })
        .await
        .unwrap();
    assert_eq!(
        phone.status().answered,
        3,
        "one call of the phone for each callee"
    );
    assert_eq!(campaign.outcomes(), [("answered".to_owned(), 3)].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callee_whose_agent_dies_waits_for_another_one() {
    let work = Work::new("leg-dies");
    let carrier = carrier(talker(secs(if soak() { 60 } else { 25 }))).await;
    let team = Team::start(2, |phone| phone).await;
    let config = Config::new().carrier(&carrier.uri()).agents(team.agents());
    let server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let campaign = talkers(&server, 1, json!({ "answer_wait_s": 30 }));
    carrier
        .until("a callee is up", secs(10), |log| log.up_now() == 1)
        .await
        .unwrap();
    let first = until("an agent has the call", secs(5), || {
        let agents = ["1001", "1002"].map(|id| team::agent(&server.rest, id));
        agents
            .iter()
            .position(|a| a["call"].is_u64())
            .ok_or_else(|| format!("{agents:?}"))
    })
    .await;
    // The phone loses power: no BYE, no packets.
    team.phones[first].unplug();
    let other = team::id(1 - first);
    until_agent(
        &server.rest,
        &other,
        "it takes the callee over",
        secs(20),
        |a| a["call"].is_u64(),
    )
    .await;
    assert_eq!(
        carrier.read(|log| log.up_now()),
        1,
        "the callee was never dropped"
    );
    campaign.until_list_done(secs(60)).await;
    assert_eq!(campaign.outcomes(), [("answered".to_owned(), 1)].into());
    assert_eq!(
        campaign.attempts()[0].agent_id.as_deref(),
        Some(other.as_str())
    );
}
