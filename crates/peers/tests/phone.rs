//! Agents' phones against a calling peer and a registrar.
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod common;

use common::{LIMIT, caller, carrier, carrier_with, ms, quick};
use outdial_peers::sip::Credentials;
use outdial_peers::{
    Action, Audio, CallEnd, CallOptions, CalleePlan, Caller, CarrierOptions, KnownStream, Law,
    MediaOptions, OnCall, Phone, PhoneCall, PhoneHost, PhoneOptions, PlacedCall, Planner,
    RegistrationOptions, RegistrationState, Rule, SessionTimer, Ticker,
};

async fn phone(options: PhoneOptions) -> Phone {
    let listen = "127.0.0.1:0".parse().unwrap();
    Phone::start_at(listen, options, quick(), &Ticker::start())
        .await
        .unwrap()
}

async fn ring(caller: &Caller, phone: &Phone, media: MediaOptions) -> PlacedCall {
    let mut options = CallOptions::new("1001", phone.address());
    options.media = media;
    caller.call(options).await.unwrap()
}

async fn answered(call: &PlacedCall) {
    call.until("the answer", LIMIT, |s| s.final_status == Some(200))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_phone_answers_and_hears_one_continuous_stream() {
    let (agent, callee) = (KnownStream::new(1), KnownStream::new(2));
    let options =
        PhoneOptions::new("1001").media(MediaOptions::recording(Audio::Known(agent)).only(Law::A));
    let (phone, caller) = (phone(options).await, caller().await);
    let call = ring(
        &caller,
        &phone,
        MediaOptions::recording(Audio::Known(callee)),
    )
    .await;
    answered(&call).await;
    let heard = phone.media().unwrap();
    heard.heard().until_count(20, LIMIT).await.unwrap();
    assert!(heard.heard().continuity().is_one_continuous_stream());
    assert!(heard.heard().known(callee, 500, |b| b).is_unbroken(20));
    call.media().heard().until_count(20, LIMIT).await.unwrap();
    assert!(
        call.media()
            .heard()
            .known(agent, 500, |b| b)
            .is_unbroken(20)
    );
    assert!(phone.hang_up().await);
    let status = call
        .until("the end", LIMIT, |s| s.end.is_some())
        .await
        .unwrap();
    assert_eq!(status.end, Some(CallEnd::TheirBye { reason: None }));
    assert_eq!(
        (phone.status().call, phone.violations()),
        (PhoneCall::Idle, vec![])
    );
}

#[tokio::test]
async fn a_phone_is_busy_for_a_second_call_and_refuses_on_demand() {
    let (phone, caller) = (phone(PhoneOptions::new("1001")).await, caller().await);
    let first = ring(&caller, &phone, MediaOptions::mute()).await;
    answered(&first).await;
    let second = ring(&caller, &phone, MediaOptions::mute()).await;
    let busy = |s: &outdial_peers::PlacedStatus| s.end == Some(CallEnd::Refused(486));
    second.until("486", LIMIT, busy).await.unwrap();
    first.act(Action::hang_up()).await;
    phone
        .until("idle", LIMIT, |s| s.call == PhoneCall::Idle)
        .await
        .unwrap();
    phone.set_on_call(OnCall::Refuse { code: 486 });
    ring(&caller, &phone, MediaOptions::mute())
        .await
        .until("486", LIMIT, busy)
        .await
        .unwrap();
    phone.set_on_call(OnCall::RingForEver);
    let ringing = ring(&caller, &phone, MediaOptions::mute()).await;
    phone
        .until("ringing", LIMIT, |s| s.call == PhoneCall::Ringing)
        .await
        .unwrap();
    phone.hang_up().await;
    ringing.until("486", LIMIT, busy).await.unwrap();
    assert_eq!((phone.status().answered, phone.status().invited), (1, 4));
}

#[tokio::test]
async fn silence_ends_the_call_of_a_phone_that_listens_for_it() {
    let options = PhoneOptions::new("1001").audio_watchdog(ms(400));
    let (phone, caller) = (phone(options).await, caller().await);
    let call = ring(&caller, &phone, MediaOptions::default()).await;
    answered(&call).await;
    let heard = phone.media().unwrap();
    heard.heard().until_count(40, LIMIT).await.unwrap();
    assert_eq!(
        phone.status().call,
        PhoneCall::Up,
        "audio keeps the call up"
    );
    call.act(Action::Mute(true)).await;
    let status = phone
        .until("the end", LIMIT, |s| s.last_end.is_some())
        .await
        .unwrap();
    assert_eq!(status.last_end, Some(CallEnd::NoAudio));
    call.until("the BYE", LIMIT, |s| {
        matches!(s.end, Some(CallEnd::TheirBye { .. }))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_phone_goes_silent_while_its_call_goes_on() {
    let (phone, caller) = (phone(PhoneOptions::new("1001")).await, caller().await);
    let call = ring(&caller, &phone, MediaOptions::default()).await;
    answered(&call).await;
    call.media().heard().until_count(3, LIMIT).await.unwrap();
    assert!(phone.act(Action::Mute(true)).await);
    phone
        .media()
        .unwrap()
        .heard()
        .until_count(phone.media().unwrap().heard().count() + 10, LIMIT)
        .await
        .unwrap();
    let before = call.media().heard().count();
    phone
        .media()
        .unwrap()
        .heard()
        .until_count(phone.media().unwrap().heard().count() + 10, LIMIT)
        .await
        .unwrap();
    assert_eq!(
        (call.media().heard().count(), phone.status().call),
        (before, PhoneCall::Up)
    );
}

#[tokio::test]
async fn an_unplugged_phone_says_nothing_and_comes_back() {
    let (phone, caller) = (phone(PhoneOptions::new("1001")).await, caller().await);
    phone.unplug();
    let call = ring(&caller, &phone, MediaOptions::mute()).await;
    let status = call
        .until("no response", LIMIT, |s| s.end.is_some())
        .await
        .unwrap();
    assert_eq!(
        (status.end, status.progress.len()),
        (Some(CallEnd::NoResponse), 0)
    );
    phone.plug_in();
    answered(&ring(&caller, &phone, MediaOptions::mute()).await).await;
    assert_eq!(phone.status().invited, 1);
}

#[tokio::test]
async fn a_phone_drops_a_session_that_nobody_refreshes() {
    let options = PhoneOptions::new("1001").session_timer(SessionTimer::by_caller(1));
    let (phone, caller) = (phone(options).await, caller().await);
    let call = ring(&caller, &phone, MediaOptions::mute()).await;
    answered(&call).await;
    let status = phone
        .until("the end", LIMIT, |s| s.last_end.is_some())
        .await
        .unwrap();
    assert_eq!(status.last_end, Some(CallEnd::SessionExpired));
}

#[tokio::test]
async fn a_phone_registers_with_digest_refreshes_moves_and_leaves() {
    let who = Credentials::new("1001", "secret");
    let mut options = CarrierOptions::new(Planner::same(CalleePlan::answer()));
    options.accounts = vec![who.clone()];
    let (registrar, phone) = (
        carrier_with(options).await,
        phone(PhoneOptions::new("1001")).await,
    );
    let at = RegistrationOptions {
        expires_s: 1,
        ..RegistrationOptions::at(registrar.address(), Some(who))
    };
    phone.register(at);
    let twice = |s: &outdial_peers::PhoneStatus| {
        matches!(
            s.registration,
            RegistrationState::Registered {
                expires_s: 1,
                times: 2..
            }
        )
    };
    phone.until("a refresh", LIMIT, twice).await.unwrap();
    let first = registrar.binding("1001").unwrap();
    assert_eq!(
        (first.source, first.contact.as_str()),
        (phone.address(), phone.uri().as_str())
    );
    phone.move_to_new_port().await.unwrap();
    assert_ne!(phone.address(), first.source);
    let moved = |b: Option<&outdial_peers::Binding>| b.is_some_and(|b| b.source != first.source);
    registrar.until_binding("1001", LIMIT, moved).await.unwrap();
    let caller = caller().await;
    answered(&ring(&caller, &phone, MediaOptions::mute()).await).await;
    phone.unregister();
    registrar
        .until_binding("1001", LIMIT, |b| b.is_none())
        .await
        .unwrap();
    phone
        .until("off", LIMIT, |s| s.registration == RegistrationState::Off)
        .await
        .unwrap();
    assert_eq!(registrar.violations(), []);
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let mut options = CarrierOptions::new(Planner::same(CalleePlan::answer()));
    options.accounts = vec![Credentials::new("1001", "secret")];
    let (registrar, phone) = (
        carrier_with(options).await,
        phone(PhoneOptions::new("1001")).await,
    );
    phone.register(RegistrationOptions::at(
        registrar.address(),
        Some(Credentials::new("1001", "wrong")),
    ));
    let refused =
        |s: &outdial_peers::PhoneStatus| s.registration == RegistrationState::Refused(403);
    phone.until("403", LIMIT, refused).await.unwrap();
    assert_eq!(registrar.binding("1001"), None);
}

#[tokio::test]
async fn a_moved_phone_forgets_its_call_without_a_word() {
    let (phone, caller) = (phone(PhoneOptions::new("1001")).await, caller().await);
    let call = ring(&caller, &phone, MediaOptions::mute()).await;
    answered(&call).await;
    phone.move_to_new_port().await.unwrap();
    phone
        .until("idle", LIMIT, |s| s.call == PhoneCall::Idle)
        .await
        .unwrap();
    assert_eq!(call.status().end, None);
    call.act(Action::hang_up()).await;
    answered(&ring(&caller, &phone, MediaOptions::mute()).await).await;
}

#[tokio::test]
async fn behind_a_nat_only_the_source_of_packets_hears_the_far_end() {
    let options = PhoneOptions::new("1001")
        .media(MediaOptions::recording(Audio::Silence))
        .behind_nat();
    let (phone, caller) = (phone(options).await, caller().await);
    let plain = ring(&caller, &phone, MediaOptions::default()).await;
    let strangers = |_: &outdial_peers::Heard| plain.media().counts().strangers >= 10;
    plain
        .media()
        .heard()
        .until("packets from elsewhere", LIMIT, strangers)
        .await
        .unwrap();
    assert_eq!(
        phone.media().unwrap().heard().count(),
        0,
        "SDP names a dead port"
    );
    phone.hang_up().await;
    phone
        .until("idle", LIMIT, |s| s.call == PhoneCall::Idle)
        .await
        .unwrap();
    let symmetric = MediaOptions {
        symmetric: true,
        ..MediaOptions::default()
    };
    let call = ring(&caller, &phone, symmetric).await;
    answered(&call).await;
    phone
        .media()
        .unwrap()
        .heard()
        .until_count(5, LIMIT)
        .await
        .unwrap();
}

#[tokio::test]
async fn four_hundred_phones_behind_one_socket() {
    const PHONES: usize = 400;
    let host = PhoneHost::start("127.0.0.1:0".parse().unwrap(), quick(), &Ticker::start())
        .await
        .unwrap();
    let silent = MediaOptions::mute();
    let users = (0..PHONES).map(|n| n.to_string());
    let phones: Vec<Phone> = users
        .map(|user| host.phone(PhoneOptions::new(user).media(silent.clone())))
        .collect();
    let caller = caller().await;
    let mut calls = Vec::new();
    for n in 0..PHONES {
        let mut options = CallOptions::new(&n.to_string(), host.address());
        options.media = MediaOptions::mute();
        calls.push(caller.call(options).await.unwrap());
    }
    for phone in &phones {
        phone
            .until("up", LIMIT, |s| s.call == PhoneCall::Up)
            .await
            .unwrap();
    }
    phones[7].hang_up().await;
    calls[7]
        .until("the end", LIMIT, |s| s.end.is_some())
        .await
        .unwrap();
    let up = phones
        .iter()
        .filter(|p| p.status().call == PhoneCall::Up)
        .count();
    assert_eq!((up, host.violations()), (PHONES - 1, vec![]));
    let stranger = caller
        .call(CallOptions::new("9999", host.address()))
        .await
        .unwrap();
    stranger
        .until("404", LIMIT, |s| s.final_status == Some(404))
        .await
        .unwrap();
    host.shut_down().await;
}

#[tokio::test]
async fn an_unknown_dialog_at_a_phone_is_a_violation() {
    let (phone, carrier) = (
        phone(PhoneOptions::new("1001")).await,
        carrier(CalleePlan::answer()).await,
    );
    let caller = caller().await;
    caller.send_raw(
        b"BYE sip:1001@h SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKq\r\nFrom: <sip:a>;tag=1\r\n\
          To: <sip:b>;tag=2\r\nCall-ID: none\r\nCSeq: 2 BYE\r\nMax-Forwards: 70\r\n\r\n",
        phone.address(),
    );
    // The phone takes one message after the other: once it answers a call, it has seen the BYE.
    answered(&ring(&caller, &phone, MediaOptions::mute()).await).await;
    assert_eq!(
        phone.violations().first().map(|v| v.rule),
        Some(Rule::UnknownDialog)
    );
    carrier.shut_down().await;
}
