//! The carrier against a calling peer: each outcome, the log, and what breaks a rule.
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod common;

use common::{LIMIT, caller, carrier, carrier_with, dial, ms};
use outdial_peers::sip::{Credentials, Message, Method};
use outdial_peers::{
    Action, Audio, CallEnd, CallOptions, CalleeOutcome, CalleePlan, CarrierOptions, ContactForm,
    Direction, KnownStream, Law, MediaOptions, PlacedStatus, Planner, Progress, RefreshBy, Rule,
    SessionTimer,
};

async fn ended(call: &outdial_peers::PlacedCall) -> PlacedStatus {
    call.until("the end of the call", LIMIT, |s| s.end.is_some())
        .await
        .unwrap()
}

#[tokio::test]
async fn every_refusal_arrives_with_its_status_and_breaks_no_rule() {
    for code in [302, 404, 480, 486, 488, 500, 503, 603, 607, 699] {
        let (carrier, caller) = (
            carrier(CalleePlan::refuse(code).q850(17)).await,
            caller().await,
        );
        let call = dial(&caller, &carrier).await;
        assert_eq!(ended(&call).await.end, Some(CallEnd::Refused(code)));
        carrier
            .until("the end in the log", LIMIT, |log| log.open_now() == 0)
            .await
            .unwrap();
        let log = carrier.log();
        assert_eq!(
            (log.count(), log.answered(), log.by_status()),
            (1, 0, [(code, 1)].into())
        );
        assert_eq!(carrier.violations(), []);
        carrier.shut_down().await;
    }
}

#[tokio::test]
async fn progress_comes_at_its_time_and_the_callee_hangs_up_after_its_talk() {
    let progress = vec![
        Progress::ringing(),
        Progress {
            after: ms(60),
            code: 183,
            early_media: true,
        },
    ];
    let plan = CalleePlan::answer()
        .post_dial_delay(ms(80))
        .progress(progress)
        .ring_time(ms(120))
        .talk(ms(150));
    let (carrier, caller) = (carrier(plan).await, caller().await);
    let call = dial(&caller, &carrier).await;
    let status = ended(&call).await;
    assert_eq!(
        (status.progress, status.final_status),
        (vec![100, 180, 183], Some(200))
    );
    assert_eq!(status.end, Some(CallEnd::TheirBye { reason: None }));
    carrier
        .until("the end in the log", LIMIT, |log| log.open_now() == 0)
        .await
        .unwrap();
    let record = carrier.log().calls()[0].clone();
    let since = |at: Option<tokio::time::Instant>| at.unwrap().duration_since(record.received_at);
    assert!(
        since(record.progress_at) >= ms(80) && since(record.answered_at) >= ms(200),
        "{record:?}"
    );
    assert!(
        record.talk_time().unwrap() >= ms(150) && record.acked_at.is_some(),
        "{record:?}"
    );
    assert_eq!(
        (record.number.as_str(), record.caller_id.as_str()),
        ("13800000000", "10085")
    );
    assert_eq!(record.end, Some(CallEnd::OurBye));
}

#[tokio::test]
async fn ringing_for_ever_ends_by_cancel() {
    let (carrier, caller) = (carrier(CalleePlan::ring_for_ever()).await, caller().await);
    let call = dial(&caller, &carrier).await;
    call.until("ringing", LIMIT, |s| s.progress.contains(&180))
        .await
        .unwrap();
    assert_eq!(carrier.read(|log| (log.open_now(), log.up_now())), (1, 0));
    assert!(call.act(Action::hang_up()).await);
    assert_eq!(ended(&call).await.end, Some(CallEnd::Cancelled));
    carrier
        .until("the end in the log", LIMIT, |log| log.open_now() == 0)
        .await
        .unwrap();
    assert_eq!(carrier.log().calls()[0].end, Some(CallEnd::Cancelled));
    assert_eq!(carrier.violations(), []);
}

#[tokio::test]
async fn an_answer_may_cross_the_cancel() {
    let plan = CalleePlan::with_outcome(CalleeOutcome::AnswerAtCancel(Default::default()));
    let (carrier, caller) = (carrier(plan).await, caller().await);
    let call = dial(&caller, &carrier).await;
    call.until("ringing", LIMIT, |s| s.progress.contains(&180))
        .await
        .unwrap();
    call.act(Action::hang_up()).await;
    call.until("the answer", LIMIT, |s| s.final_status == Some(200))
        .await
        .unwrap();
    carrier
        .until("the ACK", LIMIT, |log| log.calls()[0].acked_at.is_some())
        .await
        .unwrap();
    call.act(Action::hang_up()).await;
    assert_eq!(ended(&call).await.end, Some(CallEnd::OurBye));
}

#[tokio::test]
async fn a_dead_callee_never_says_a_word() {
    let (carrier, caller) = (carrier(CalleePlan::dead()).await, caller().await);
    let call = dial(&caller, &carrier).await;
    let status = ended(&call).await;
    assert_eq!(
        (status.progress, status.end),
        (vec![], Some(CallEnd::NoResponse))
    );
    assert_eq!(carrier.counts().sent, 0);
    assert_eq!(
        carrier.read(|log| log.count()),
        1,
        "retransmissions are not calls"
    );
}

#[tokio::test]
async fn credentials_are_asked_for_and_checked() {
    for code in [401, 407] {
        for (password, end) in [("right", None), ("wrong", Some(CallEnd::Refused(403)))] {
            let plan =
                CalleePlan::answer().challenge(code, "carrier", Credentials::new("trunk", "right"));
            let (carrier, caller) = (carrier(plan).await, caller().await);
            let mut options = CallOptions::new("1", carrier.address());
            options.credentials = Some(Credentials::new("trunk", password));
            let call = caller.call(options).await.unwrap();
            call.until("the outcome", LIMIT, |s| {
                s.final_status.is_some() && s.end == end
            })
            .await
            .unwrap();
            let log = carrier.log();
            // On a slow machine an INVITE may come twice.
            assert!(log.count() == 1 && log.calls()[0].invites >= 2, "{log:?}");
            assert_eq!(carrier.violations(), []);
        }
    }
}

#[tokio::test]
async fn a_caller_without_credentials_ends_at_the_challenge() {
    let plan = CalleePlan::answer().challenge(401, "carrier", Credentials::new("trunk", "right"));
    let (carrier, caller) = (carrier(plan).await, caller().await);
    let call = dial(&caller, &carrier).await;
    assert_eq!(ended(&call).await.end, Some(CallEnd::Refused(401)));
    assert_eq!(
        carrier.read(|log| (log.open_now(), log.by_status())),
        (0, [(401, 1)].into())
    );
}

#[tokio::test]
async fn the_plan_number_k_is_the_first_blocked_one() {
    let planner =
        Planner::same(CalleePlan::answer().talk(ms(10))).from_call(3, CalleePlan::refuse(404));
    let (carrier, caller) = (
        carrier_with(CarrierOptions::new(planner)).await,
        caller().await,
    );
    for _ in 0..5 {
        ended(&dial(&caller, &carrier).await).await;
    }
    assert_eq!(
        carrier.read(|log| log.by_status()),
        [(200, 3), (404, 2)].into()
    );
    carrier.set_planner(Planner::same(CalleePlan::answer()));
    let call = dial(&caller, &carrier).await;
    call.until("an answer again", LIMIT, |s| s.final_status == Some(200))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_full_carrier_refuses_with_503() {
    let mut options = CarrierOptions::new(Planner::same(CalleePlan::answer()));
    options.max_calls = Some(1);
    let (carrier, caller) = (carrier_with(options).await, caller().await);
    let first = dial(&caller, &carrier).await;
    first
        .until("the answer", LIMIT, |s| s.final_status == Some(200))
        .await
        .unwrap();
    assert_eq!(
        ended(&dial(&caller, &carrier).await).await.end,
        Some(CallEnd::Refused(503))
    );
}

#[tokio::test]
async fn both_sides_hear_each_other_byte_for_byte() {
    let (theirs, ours) = (KnownStream::new(1), KnownStream::new(2));
    let plan =
        CalleePlan::answer().media(MediaOptions::recording(Audio::Known(theirs)).only(Law::Mu));
    let (carrier, caller) = (carrier(plan).await, caller().await);
    let mut options = CallOptions::new("1", carrier.address());
    options.media = MediaOptions::recording(Audio::Known(ours));
    let call = caller.call(options).await.unwrap();
    call.media().heard().until_count(15, LIMIT).await.unwrap();
    let callee = carrier.log().calls()[0].media.clone().unwrap();
    callee.heard().until_count(15, LIMIT).await.unwrap();
    assert!(
        call.media()
            .heard()
            .known(theirs, 500, |b| b)
            .is_unbroken(15)
    );
    assert!(callee.heard().known(ours, 500, |b| b).is_unbroken(15));
    assert!(callee.heard().continuity().is_one_continuous_stream());
    assert_eq!((call.media().law(), callee.law()), (Law::Mu, Law::Mu));
}

#[tokio::test]
async fn early_media_flows_before_the_answer() {
    let plan = CalleePlan::ring_for_ever()
        .progress(vec![Progress::early_media()])
        .media(MediaOptions::recording(Audio::Tone));
    let (carrier, caller) = (carrier(plan).await, caller().await);
    let call = dial(&caller, &carrier).await;
    call.media().heard().until_count(5, LIMIT).await.unwrap();
    assert_eq!(call.status().final_status, None);
}

#[tokio::test]
async fn without_a_common_law_the_carrier_says_488() {
    let plan = CalleePlan::answer().media(MediaOptions::mute().only(Law::A));
    let (carrier, caller) = (carrier(plan).await, caller().await);
    let mut options = CallOptions::new("1", carrier.address());
    options.media = MediaOptions::mute().only(Law::Mu);
    let call = caller.call(options).await.unwrap();
    assert_eq!(ended(&call).await.end, Some(CallEnd::Refused(488)));
}

#[tokio::test]
async fn an_invite_without_offer_gets_one() {
    let plan = CalleePlan::answer().media(MediaOptions::recording(Audio::Silence));
    let (carrier, caller) = (carrier(plan).await, caller().await);
    let mut options = CallOptions::new("1", carrier.address());
    options.late_offer = true;
    let call = caller.call(options).await.unwrap();
    call.until("the answer", LIMIT, |s| s.final_status == Some(200))
        .await
        .unwrap();
    let callee = carrier.log().calls()[0].media.clone().unwrap();
    callee.heard().until_count(3, LIMIT).await.unwrap();
    call.media().heard().until_count(3, LIMIT).await.unwrap();
}

#[tokio::test]
async fn the_callee_holds_and_resumes() {
    let plan = CalleePlan::answer()
        .media(MediaOptions::recording(Audio::Silence))
        .step(ms(100), Action::Hold)
        .step(ms(300), Action::Resume);
    let (carrier, caller) = (carrier(plan).await, caller().await);
    let call = dial(&caller, &carrier).await;
    call.until("hold", LIMIT, |s| s.changes == 1).await.unwrap();
    let held = call.media().counts().sent;
    call.until("resume", LIMIT, |s| s.changes == 2)
        .await
        .unwrap();
    let resumed = call.media().counts().sent;
    assert!(
        resumed <= held + 1,
        "held, the caller sends nothing: {held} to {resumed}"
    );
    let callee = carrier.log().calls()[0].media.clone().unwrap();
    callee
        .heard()
        .until_count(callee.heard().count() + 5, LIMIT)
        .await
        .unwrap();
    assert_eq!(Direction::SendOnly.answered(), Direction::RecvOnly);
    assert_eq!(carrier.violations(), []);
}

#[tokio::test]
async fn an_answer_can_be_malformed_repeated_and_forked() {
    let plan = CalleePlan::answer().answering(|answer| {
        answer.contact = ContactForm::Missing;
        answer.copies = 3;
        answer.forked = true;
    });
    let carrier = carrier(plan).await;
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let here = socket.local_addr().unwrap();
    let invite = Message::request(Method::Invite, format!("sip:1@{}", carrier.address()))
        .with("Via", format!("SIP/2.0/UDP {here};branch=z9hG4bKx"))
        .with("Max-Forwards", "70")
        .with("From", "<sip:10085@h>;tag=f")
        .with("To", "<sip:1@h>")
        .with("Call-ID", "odd")
        .with("CSeq", "1 INVITE")
        .with("Contact", format!("<sip:10085@{here}>"));
    socket
        .send_to(&invite.to_bytes(), carrier.address())
        .await
        .unwrap();
    let (mut buffer, mut answers) = ([0; 4096], Vec::new());
    while answers.len() < 5 {
        let length = tokio::time::timeout(LIMIT, socket.recv(&mut buffer))
            .await
            .unwrap()
            .unwrap();
        let response = Message::parse(&buffer[..length]).unwrap();
        answers.extend((response.code() == Some(200)).then_some(response));
    }
    assert!(answers.iter().all(|a| a.header("Contact").is_none()));
    let tags: std::collections::BTreeSet<_> =
        answers.iter().map(|a| a.header("To").unwrap()).collect();
    assert_eq!(tags.len(), 2, "two branches of the call answered");
}

#[tokio::test]
async fn an_answer_that_nobody_acknowledges_is_ended_and_counted() {
    let (carrier, caller) = (
        carrier(CalleePlan::answer().ring_time(ms(100))).await,
        caller().await,
    );
    let call = dial(&caller, &carrier).await;
    call.until("ringing", LIMIT, |s| s.progress.contains(&180))
        .await
        .unwrap();
    call.unplug();
    carrier
        .until("the end", LIMIT, |log| log.open_now() == 0)
        .await
        .unwrap();
    assert_eq!(carrier.log().calls()[0].end, Some(CallEnd::NotAcknowledged));
    assert_eq!(carrier.violation_counts(), [(Rule::AckMissing, 1)].into());
}

#[tokio::test]
async fn a_callee_refreshes_its_session_and_insists_on_refreshes() {
    for by in [RefreshBy::Reinvite, RefreshBy::Update] {
        let plan = CalleePlan::answer()
            .answering(|a| a.session_timer = Some(SessionTimer::by_peer(1, by)));
        let (carrier, caller) = (carrier(plan).await, caller().await);
        let call = dial(&caller, &carrier).await;
        call.until("two refreshes", LIMIT, |s| s.changes >= 2)
            .await
            .unwrap();
        assert_eq!(carrier.read(|log| log.up_now()), 1);
        assert_eq!(caller.violations(), []);
    }
    let plan =
        CalleePlan::answer().answering(|a| a.session_timer = Some(SessionTimer::by_caller(1)));
    let (carrier, caller) = (carrier(plan).await, caller().await);
    let status = ended(&dial(&caller, &carrier).await).await;
    let reason = Some("SIP;cause=408;text=\"session expired\"".to_owned());
    assert_eq!(status.end, Some(CallEnd::TheirBye { reason }));
}

#[tokio::test]
async fn requests_that_break_rules_are_counted_and_garbage_is_ignored() {
    let (carrier, caller) = (carrier(CalleePlan::ring_for_ever()).await, caller().await);
    let here = caller.address();
    let invite = Message::request(Method::Invite, format!("sip:1@{}", carrier.address()))
        .with("Via", format!("SIP/2.0/UDP {here};branch=z9hG4bKa"))
        .with("From", "<sip:10085@h>;tag=f")
        .with("To", "<sip:1@h>")
        .with("Call-ID", "odd")
        .with("CSeq", "1 INVITE");
    caller.send_raw(b"\x80\x08 not SIP", carrier.address());
    caller.send_raw(&invite.to_bytes(), carrier.address());
    carrier
        .until("the call", LIMIT, |log| {
            log.calls().iter().any(|c| c.progress_at.is_some())
        })
        .await
        .unwrap();
    let mut cancel = Message::request(Method::Cancel, invite.uri());
    for (name, value) in invite.all_headers() {
        cancel.push(name, value);
    }
    cancel.set("Via", format!("SIP/2.0/UDP {here};branch=z9hG4bKother"));
    cancel.set("CSeq", "1 CANCEL");
    caller.send_raw(&cancel.to_bytes(), carrier.address());
    let bye = Message::request(Method::Bye, "sip:1@127.0.0.1")
        .with("Via", format!("SIP/2.0/UDP {here};branch=z9hG4bKb"))
        .with("Max-Forwards", "0")
        .with("From", "<sip:10085@h>;tag=f")
        .with("To", "<sip:1@h>;tag=x")
        .with("Call-ID", "unknown")
        .with("CSeq", "1 BYE");
    caller.send_raw(&bye.to_bytes(), carrier.address());
    carrier
        .until_broken(Rule::CancelBranch, LIMIT)
        .await
        .unwrap();
    carrier
        .until_broken(Rule::MaxForwards, LIMIT)
        .await
        .unwrap();
    let rules: Vec<Rule> = carrier.violation_counts().into_keys().collect();
    for rule in [
        Rule::MandatoryHeader,
        Rule::Contact,
        Rule::CancelBranch,
        Rule::MaxForwards,
        Rule::UnknownDialog,
    ] {
        assert!(rules.contains(&rule), "{rule:?} in {rules:?}");
    }
    assert_eq!(
        (carrier.counts().garbage, carrier.read(|log| log.open_now())),
        (1, 1),
        "it rings on"
    );
}

#[tokio::test]
async fn a_dial_string_is_a_number_as_well() {
    let (carrier, caller) = (
        carrier(CalleePlan::answer().talk(ms(20))).await,
        caller().await,
    );
    let call = caller
        .call(CallOptions::new("*123#", carrier.address()))
        .await
        .unwrap();
    ended(&call).await;
    carrier
        .until("the end in the log", LIMIT, |log| log.open_now() == 0)
        .await
        .unwrap();
    assert_eq!(
        (
            carrier.log().calls()[0].number.as_str(),
            carrier.violations()
        ),
        ("*123#", vec![])
    );
}

#[tokio::test]
async fn a_wrong_caller_id_is_noticed() {
    let mut options = CarrierOptions::new(Planner::same(CalleePlan::refuse(486)));
    options.caller_ids = vec!["10085".into()];
    options.identity_header = Some("P-Asserted-Identity".into());
    let (carrier, caller) = (carrier_with(options).await, caller().await);
    let mut right = CallOptions::new("1", carrier.address());
    right.headers = vec![("P-Asserted-Identity".into(), "<sip:10085@h>".into())];
    ended(&caller.call(right.clone()).await.unwrap()).await;
    assert_eq!(carrier.violations(), []);
    assert_eq!(
        carrier.log().calls()[0].asserted_id.as_deref(),
        Some("10085")
    );
    right.caller_id = "10086".into();
    right.headers.clear();
    ended(&caller.call(right).await.unwrap()).await;
    assert_eq!(carrier.violation_counts(), [(Rule::CallerId, 2)].into());
}

#[tokio::test]
async fn hundreds_of_calls_at_once_with_audio() {
    const CALLS: usize = 300;
    let plan = CalleePlan::answer().media(MediaOptions::default());
    let (carrier, caller) = (carrier(plan).await, caller().await);
    let mut calls = Vec::new();
    for n in 0..CALLS {
        let options = CallOptions::new(&format!("{n}"), carrier.address());
        calls.push(caller.call(options).await.unwrap());
    }
    carrier
        .until("all calls up", LIMIT, |log| log.up_now() == CALLS)
        .await
        .unwrap();
    let callees: Vec<_> =
        carrier.read(|log| log.calls().iter().filter_map(|c| c.media.clone()).collect());
    for callee in &callees {
        callee.heard().until_count(10, LIMIT).await.unwrap();
    }
    for call in &calls {
        call.media().heard().until_count(10, LIMIT).await.unwrap();
        assert!(call.act(Action::hang_up()).await);
    }
    carrier
        .until("all calls over", LIMIT, |log| log.open_now() == 0)
        .await
        .unwrap();
    let log = carrier.log();
    assert_eq!(
        (log.count(), log.answered(), log.peak_up()),
        (CALLS, CALLS, CALLS)
    );
    assert_eq!(carrier.violations(), []);
    assert_eq!(callees.len(), CALLS);
    for callee in callees {
        let heard = callee.heard().continuity();
        assert!(heard.is_one_continuous_stream(), "{heard:?}");
    }
}

#[tokio::test]
async fn shut_down_leaves_no_socket_and_no_task() {
    let carrier = carrier(CalleePlan::answer().media(MediaOptions::default())).await;
    let caller = caller().await;
    let call = dial(&caller, &carrier).await;
    call.media().heard().until_count(3, LIMIT).await.unwrap();
    let address = carrier.address();
    carrier.shut_down().await;
    caller.shut_down().await;
    drop(call);
    let runtime = tokio::runtime::Handle::current().metrics();
    let limit = tokio::time::Instant::now() + LIMIT;
    while runtime.num_alive_tasks() > 0 {
        assert!(
            tokio::time::Instant::now() < limit,
            "{} tasks live on",
            runtime.num_alive_tasks()
        );
        tokio::task::yield_now().await;
    }
    std::net::UdpSocket::bind(address).expect("the port is free again");
}
