//! Calls that are up: hold and resume, session timers, phones that vanish, flows that hand back.

mod common;

use std::time::{Duration, Instant};

use common::{Outcome, bench, bench_with, is_request};
use outdial_domain::{EndedBy, LocalFailure};
use outdial_telephony::conformance::Bench;
use outdial_telephony::conformance::far_end::{Extra, FarEnd, Message};
use outdial_telephony::media::g711::Law;
use outdial_telephony::{Command, Event, LegId};

/// A callee and an agent who hear each other.
async fn joined(
    bench: &mut Bench,
    carrier: &mut FarEnd,
    phone: &mut FarEnd,
) -> Result<Joined, Box<dyn std::error::Error>> {
    let trunk = bench.trunk_at(carrier, |_| ())?;
    let (agent, to_agent) = bench.agent_up(phone, &[Law::Pcma]).await?;
    let (callee, to_callee) = bench.callee_up(carrier, trunk, &[Law::Pcma]).await?;
    bench.connector.send(Command::Join {
        callee,
        other: agent,
        tone: false,
    });
    bench
        .wait(callee, |event| matches!(event, Event::Joined { .. }))
        .await?;
    Ok(Joined {
        callee,
        agent,
        to_callee,
        to_agent,
    })
}

struct Joined {
    callee: LegId,
    agent: LegId,
    to_callee: Message,
    to_agent: Message,
}

#[tokio::test]
async fn ten_callees_in_a_row_are_one_stream_on_the_agents_leg() -> Outcome {
    let (mut bench, _) = bench().await;
    let (mut carrier, mut phone) = (FarEnd::start().await?, FarEnd::start().await?);
    let trunk = bench.trunk_at(&carrier, |_| ())?;
    let (agent, to_agent) = bench.agent_up(&mut phone, &[Law::Pcma]).await?;
    let mut heard = Vec::new();
    let mut said = Vec::new();
    for call in 0..10u8 {
        let (callee, to_callee) = bench.callee_up(&mut carrier, trunk, &[Law::Pcma]).await?;
        bench.connector.send(Command::Join {
            callee,
            other: agent,
            tone: true,
        });
        bench
            .wait(callee, |event| matches!(event, Event::Joined { .. }))
            .await?;
        for packet in 0..20u8 {
            let payload = [call, packet].repeat(80);
            carrier.say(&to_callee, Law::Pcma, &payload).await?;
            phone.say(&to_agent, Law::Pcma, &payload).await?;
            said.push(payload);
        }
        while heard
            .iter()
            .filter(|(_, payload): &&(_, Vec<u8>)| payload[..2] == [call, 19])
            .count()
            == 0
        {
            heard.push(phone.hear().await?);
        }
        carrier.hear_payload(&[call, 19].repeat(80)).await?;
        bench.connector.send(Command::HangUp {
            leg: callee,
            reason: Default::default(),
        });
        bench.ended(callee).await?;
    }
    let voices: Vec<&Vec<u8>> = heard
        .iter()
        .map(|(_, payload)| payload)
        .filter(|p| said.contains(p))
        .collect();
    assert_eq!(
        voices,
        said.iter().collect::<Vec<_>>(),
        "in order and byte for byte"
    );
    for pair in heard.windows(2) {
        assert_eq!(pair[1].0.ssrc, pair[0].0.ssrc);
        assert_eq!(pair[1].0.sequence, pair[0].0.sequence.wrapping_add(1));
        assert!(pair[1].0.timestamp.wrapping_sub(pair[0].0.timestamp) < 8_000 * 60);
    }
    Ok(())
}

#[tokio::test]
async fn a_trunk_can_hold_and_resume() -> Outcome {
    let (mut bench, _) = bench().await;
    let (mut carrier, mut phone) = (FarEnd::start().await?, FarEnd::start().await?);
    let call = joined(&mut bench, &mut carrier, &mut phone).await?;
    let resumed = carrier.description(&[Law::Pcma], None)?;
    let held = resumed.replace("a=sendrecv", "a=inactive");
    carrier
        .request(
            "INVITE",
            &call.to_callee,
            "far",
            Extra::default().body(held),
        )
        .await?;
    let ok = carrier
        .expect_where("INVITE", |message| message.status() == 200)
        .await?;
    assert!(String::from_utf8_lossy(&ok.body).contains("a=inactive"));
    carrier
        .acknowledge(&call.to_callee, "far", ok.cseq(), Extra::default())
        .await?;
    carrier
        .request(
            "UPDATE",
            &call.to_callee,
            "far",
            Extra::default().body(resumed),
        )
        .await?;
    let ok = carrier
        .expect_where("UPDATE", |message| message.status() == 200)
        .await?;
    assert!(String::from_utf8_lossy(&ok.body).contains("a=sendrecv"));
    phone.say(&call.to_agent, Law::Pcma, &[2; 160]).await?;
    // What is said during a hold is the relay's own test, in virtual time: from outside nobody can tell
    // when a packet was looked at. After the hold the agent is heard again.
    loop {
        let (_, payload) = carrier.hear().await?;
        if payload[0] != Law::Pcma.silence() {
            assert_eq!(payload, [2; 160]);
            break;
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_invite_without_offer_gets_ours_and_its_acknowledgement_is_read() -> Outcome {
    let (mut bench, _) = bench().await;
    let (mut carrier, mut phone) = (FarEnd::start().await?, FarEnd::start().await?);
    let call = joined(&mut bench, &mut carrier, &mut phone).await?;
    carrier
        .request("INVITE", &call.to_callee, "far", Extra::default())
        .await?;
    let ok = carrier
        .expect_where("INVITE", |message| message.status() == 200)
        .await?;
    assert!(String::from_utf8_lossy(&ok.body).contains("m=audio"));
    // The carrier moves its media to another socket, which it names in the acknowledgement.
    let moved = FarEnd::start().await?;
    let body = moved.description(&[Law::Pcmu], None)?;
    let invite_number = ok.cseq();
    let mut ack = Extra::default().body(body);
    ack.lines.clear();
    carrier
        .acknowledge(&call.to_callee, "far", invite_number, ack)
        .await?;
    let converted = [Law::Pcmu.encode(Law::Pcma.decode(7)); 160];
    for _ in 0..50 {
        phone.say(&call.to_agent, Law::Pcma, &[7; 160]).await?;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    moved.hear_payload(&converted).await?;
    Ok(())
}

#[tokio::test]
async fn offers_that_nobody_can_speak_and_old_requests_are_refused() -> Outcome {
    let (mut bench, ours) = bench().await;
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    let (_, invite) = bench.callee_up(&mut far, trunk, &[Law::Pcma]).await?;
    let opus =
        "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n"
            .to_owned();
    far.request("INVITE", &invite, "far", Extra::default().body(opus))
        .await?;
    far.expect_where("INVITE", |message| message.status() == 488)
        .await?;
    far.request(
        "REFER",
        &invite,
        "far",
        Extra::default().line("Refer-To: <sip:x@y>"),
    )
    .await?;
    far.expect_where("REFER", |message| message.status() == 603)
        .await?;
    far.request("OPTIONS", &invite, "far", Extra::default())
        .await?;
    far.expect_where("OPTIONS", |message| message.status() == 200)
        .await?;
    // What we cannot do is said, not passed over; the timer we can.
    let insists = Extra::default()
        .body(far.description(&[Law::Pcma], None)?)
        .line("Require: timer, 100rel")
        .line("Require: replaces");
    far.request("INVITE", &invite, "far", insists).await?;
    let refused = far
        .expect_where("INVITE", |message| message.status() == 420)
        .await?;
    assert_eq!(refused.header("Unsupported"), "100rel, replaces");
    // A dialog of another tag is not ours.
    let before = bench.connector.counters().unknown_dialogs;
    far.request("BYE", &invite, "stranger", Extra::default())
        .await?;
    far.expect_where("BYE", |message| message.status() == 481)
        .await?;
    assert_eq!(bench.connector.counters().unknown_dialogs, before + 1);
    // Garbage changes nothing and is counted.
    for garbage in [
        &b"hello"[..],
        b"\x80\x08\0\0",
        b"INVITE sip:x SIP/2.0\r\nVia: ?\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
        &[0xFF; 3_000],
    ] {
        far.send_raw(garbage, ours).await?;
    }
    common::eventually("the count of garbage", || {
        bench.connector.counters().signalling_garbage == 5
    })
    .await;
    assert_eq!(bench.connector.legs_up().await.len(), 1);
    Ok(())
}

#[tokio::test]
async fn sessions_are_refreshed_by_update_or_invite_and_end_when_refused() -> Outcome {
    let (mut bench, _) = bench_with(|settings| settings.session_expires_s = 1).await;
    for (allow, method) in [
        ("Allow: INVITE, BYE, UPDATE", "UPDATE"),
        ("Allow: INVITE, BYE", "INVITE"),
    ] {
        let mut phone = FarEnd::start().await?;
        let (leg, _) = bench.call_agent(&phone)?;
        let invite = phone.expect("INVITE").await?;
        assert_eq!(
            (invite.header("Session-Expires"), invite.header("Supported")),
            ("1", "timer")
        );
        let body = phone.description(&[Law::Pcma], None)?;
        let answer = Extra::tag("b")
            .body(body.clone())
            .line(allow)
            .line("Session-Expires: 1;refresher=uac");
        phone.respond(&invite, "200 OK", answer).await?;
        bench
            .wait(leg, |event| matches!(event, Event::Answered { .. }))
            .await?;
        bench.connector.send(Command::Confirm { leg });
        for _ in 0..3 {
            let refresh = phone.expect_where(method, is_request).await?;
            assert_eq!(refresh.header("Session-Expires"), "1;refresher=uac");
            let extra = Extra::default().line("Session-Expires: 1;refresher=uac");
            let extra = if method == "INVITE" {
                extra.body(body.clone())
            } else {
                extra
            };
            phone.respond(&refresh, "200 OK", extra).await?;
            if method == "INVITE" {
                phone
                    .expect_where("ACK", |ack| ack.cseq() == refresh.cseq())
                    .await?;
            }
        }
        let refresh = phone.expect_where(method, is_request).await?;
        phone
            .respond(
                &refresh,
                "481 Call/Transaction Does Not Exist",
                Extra::default(),
            )
            .await?;
        let evidence = bench.ended(leg).await?;
        assert_eq!(
            (evidence.local, evidence.ended_by),
            (Some(LocalFailure::MediaLost), Some(EndedBy::Network))
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_session_interval_is_neither_too_short_nor_kept_when_it_is_taken_back() -> Outcome {
    let (mut bench, _) = bench_with(|settings| settings.session_expires_s = 2).await;
    let mut phone = FarEnd::start().await?;
    let (leg, _) = bench.call_agent(&phone)?;
    let invite = phone.expect("INVITE").await?;
    let answer = Extra::tag("b")
        .body(phone.description(&[Law::Pcma], None)?)
        .line("Session-Expires: 2;refresher=uas");
    phone.respond(&invite, "200 OK", answer).await?;
    bench
        .wait(leg, |event| matches!(event, Event::Answered { .. }))
        .await?;
    bench.connector.send(Command::Confirm { leg });
    let too_short = Extra::default().line("Session-Expires: 1;refresher=uac");
    phone.request("UPDATE", &invite, "b", too_short).await?;
    let refused = phone
        .expect_where("UPDATE", |message| message.status() == 422)
        .await?;
    assert_eq!(refused.header("Min-SE"), "2");
    phone
        .request("UPDATE", &invite, "b", Extra::default())
        .await?;
    let ok = phone
        .expect_where("UPDATE", |message| message.status() == 200)
        .await?;
    assert_eq!(ok.header("Session-Expires"), "");
    // No timer stands any more: the leg outlives the interval.
    let ended = tokio::time::timeout(Duration::from_secs(3), bench.ended(leg));
    assert!(ended.await.is_err(), "the leg stays up");
    Ok(())
}

/// A phone whose session we keep alive by INVITE, as often as may be.
async fn refreshed_by_invite(
    bench: &mut Bench,
    phone: &mut FarEnd,
) -> Result<(LegId, Message), Box<dyn std::error::Error>> {
    let (leg, _) = bench.call_agent(phone)?;
    let invite = phone.expect("INVITE").await?;
    let answer = Extra::tag("b")
        .body(phone.description(&[Law::Pcma], None)?)
        .line("Allow: INVITE, BYE")
        .line("Session-Expires: 1;refresher=uac");
    phone.respond(&invite, "200 OK", answer).await?;
    bench
        .wait(leg, |event| matches!(event, Event::Answered { .. }))
        .await?;
    bench.connector.send(Command::Confirm { leg });
    phone.expect("ACK").await?;
    Ok((leg, invite))
}

#[tokio::test]
async fn re_invites_that_cross_are_put_off_on_both_sides() -> Outcome {
    let (mut bench, _) = bench_with(|settings| settings.session_expires_s = 1).await;
    let mut phone = FarEnd::start().await?;
    let (leg, invite) = refreshed_by_invite(&mut bench, &mut phone).await?;
    let ours = phone.expect_where("INVITE", is_request).await?;
    // Theirs crosses it.
    let body = phone.description(&[Law::Pcma], None)?;
    let offer = || Extra::default().body(body.clone());
    phone.request("INVITE", &invite, "b", offer()).await?;
    phone
        .expect_where("INVITE", |message| message.status() == 491)
        .await?;
    phone
        .respond(&ours, "491 Request Pending", Extra::default())
        .await?;
    phone
        .expect_where("ACK", |ack| ack.cseq() == ours.cseq())
        .await?;
    // An offer crosses ours also when we make it because theirs is missing.
    phone
        .request("INVITE", &invite, "b", Extra::default())
        .await?;
    let ok = phone
        .expect_where("INVITE", |message| message.status() == 200)
        .await?;
    for method in ["INVITE", "UPDATE"] {
        phone.request(method, &invite, "b", offer()).await?;
        phone
            .expect_where(method, |message| message.status() == 491)
            .await?;
    }
    phone.acknowledge(&invite, "b", ok.cseq(), offer()).await?;
    // The acknowledgement may still be on its way inside; then the next offer is put off once more.
    let mut status = 491;
    while status == 491 {
        phone.request("UPDATE", &invite, "b", offer()).await?;
        status = phone
            .expect_where("UPDATE", |message| message.status() > 0)
            .await?
            .status();
    }
    assert_eq!(status, 200);
    assert_eq!(bench.connector.legs_up().await[0].leg, leg);
    Ok(())
}

#[tokio::test]
async fn a_refresh_that_crossed_is_sent_again() -> Outcome {
    let (mut bench, _) = bench_with(|settings| settings.session_expires_s = 1).await;
    let mut phone = FarEnd::start().await?;
    let (_, _) = refreshed_by_invite(&mut bench, &mut phone).await?;
    let ours = phone.expect_where("INVITE", is_request).await?;
    phone
        .respond(&ours, "491 Request Pending", Extra::default())
        .await?;
    let refused_at = Instant::now();
    let again = phone.expect_where("INVITE", is_request).await?;
    assert!(again.cseq() > ours.cseq());
    assert!(refused_at.elapsed() > Duration::from_millis(2_100));
    Ok(())
}

#[tokio::test]
async fn a_phone_that_should_refresh_and_does_not_is_gone() -> Outcome {
    let (mut bench, _) = bench_with(|settings| settings.session_expires_s = 2).await;
    let mut phone = FarEnd::start().await?;
    let (leg, _) = bench.call_agent(&phone)?;
    let invite = phone.expect("INVITE").await?;
    // Too short an interval is asked for anew.
    phone
        .respond(
            &invite,
            "422 Session Interval Too Small",
            Extra::tag("a").line("Min-SE: 3"),
        )
        .await?;
    let invite = phone.expect("INVITE").await?;
    assert_eq!(invite.header("Session-Expires"), "3");
    let body = phone.description(&[Law::Pcma], None)?;
    let answer = Extra::tag("b")
        .body(body)
        .line("Session-Expires: 3;refresher=uas");
    phone.respond(&invite, "200 OK", answer).await?;
    bench
        .wait(leg, |event| matches!(event, Event::Answered { .. }))
        .await?;
    bench.connector.send(Command::Confirm { leg });
    let started = Instant::now();
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        phone
            .request(
                "UPDATE",
                &invite,
                "b",
                Extra::default().line("Session-Expires: 3;refresher=uac"),
            )
            .await?;
        let ok = phone
            .expect_where("UPDATE", |message| message.status() == 200)
            .await?;
        assert_eq!(ok.header("Session-Expires"), "3;refresher=uac");
    }
    let evidence = bench.ended(leg).await?;
    assert!(
        started.elapsed() > Duration::from_millis(3_500),
        "refreshes counted"
    );
    assert_eq!(evidence.local, Some(LocalFailure::MediaLost));
    Ok(())
}

#[tokio::test]
async fn a_phone_whose_voice_stops_and_who_does_not_answer_is_gone() -> Outcome {
    let (mut bench, _) = bench().await;
    let (mut there, mut gone) = (FarEnd::start().await?, FarEnd::start().await?);
    let (stays, to_stays) = bench.agent_up(&mut there, &[Law::Pcma]).await?;
    let (leaves, to_leaves) = bench.agent_up(&mut gone, &[Law::Pcma]).await?;
    for _ in 0..20 {
        there.say(&to_stays, Law::Pcma, &[1; 160]).await?;
        gone.say(&to_leaves, Law::Pcma, &[1; 160]).await?;
    }
    // Both fall silent; one answers when it is asked.
    let answering = async {
        loop {
            let message = there.receive().await?;
            if message.method() == "OPTIONS" {
                there.respond(&message, "200 OK", Extra::default()).await?;
            }
        }
        #[expect(unreachable_code, reason = "names the error type")]
        Ok::<(), Box<dyn std::error::Error>>(())
    };
    let ending = async {
        loop {
            match bench.events.recv().await {
                Some(Event::Ended { leg, evidence, .. }) => return (leg, evidence),
                Some(_) => {}
                None => panic!("the connector closed its events"),
            }
        }
    };
    let ended = tokio::select! {
        ended = ending => ended,
        broken = answering => panic!("{broken:?}"),
        () = tokio::time::sleep(Duration::from_secs(15)) => panic!("nobody ended"),
    };
    assert_eq!(ended.0, leaves);
    assert_eq!(ended.1.local, Some(LocalFailure::MediaLost));
    assert_eq!(
        bench
            .connector
            .legs_up()
            .await
            .iter()
            .map(|up| up.leg)
            .collect::<Vec<_>>(),
        [stays]
    );
    Ok(())
}

#[tokio::test]
async fn a_callee_whose_trunk_lost_the_call_is_gone() -> Outcome {
    let (mut bench, _) = bench_with(|settings| {
        common::impatient(settings);
        settings.callee_check = Duration::from_millis(300);
    })
    .await;
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    // The trunk that knows the call keeps it, whatever it thinks of the question.
    let (leg, _) = bench.callee_up(&mut far, trunk, &[Law::Pcma]).await?;
    for status in ["200 OK", "405 Method Not Allowed"] {
        let question = far.expect_where("OPTIONS", is_request).await?;
        far.respond(&question, status, Extra::default()).await?;
    }
    let question = far.expect_where("OPTIONS", is_request).await?;
    let unknown = "481 Call/Transaction Does Not Exist";
    far.respond(&question, unknown, Extra::default()).await?;
    let evidence = bench.ended(leg).await?;
    assert_eq!(evidence.local, Some(LocalFailure::MediaLost));
    // And one that says nothing at all.
    let (leg, _) = bench.callee_up(&mut far, trunk, &[Law::Pcma]).await?;
    let evidence = bench.ended(leg).await?;
    assert_eq!(evidence.ended_by, Some(EndedBy::Network));
    Ok(())
}

#[tokio::test]
async fn a_far_end_that_moves_is_ended_where_it_is_now() -> Outcome {
    let (mut bench, _) = bench().await;
    for method in ["UPDATE", "INVITE"] {
        let (mut before, mut after) = (FarEnd::start().await?, FarEnd::start().await?);
        let trunk = bench.trunk_at(&before, |_| ())?;
        let (leg, invite) = bench.callee_up(&mut before, trunk, &[Law::Pcma]).await?;
        // A border controller takes over: the same dialog from another address.
        let moved = Extra::default().body(after.description(&[Law::Pcma], None)?);
        after.request(method, &invite, "far", moved).await?;
        let ok = after
            .expect_where(method, |message| message.status() == 200)
            .await?;
        if method == "INVITE" {
            after
                .acknowledge(&invite, "far", ok.cseq(), Extra::default())
                .await?;
        }
        let told = bench
            .wait(leg, |event| matches!(event, Event::Moved { .. }))
            .await?;
        let Event::Moved { dialog, .. } = told else {
            return Err("not a move".into());
        };
        assert_eq!(dialog.destination, format!("udp:{}", after.address()?));
        assert_eq!(dialog.remote_target, after.uri("far")?);
        bench.connector.send(Command::HangUp {
            leg,
            reason: Default::default(),
        });
        let bye = after.expect("BYE").await?;
        assert_eq!(bye.uri(), after.uri("far")?);
        after.respond(&bye, "200 OK", Extra::default()).await?;
        bench.ended(leg).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_flow_hands_the_callee_back_by_refer_or_by_bye() -> Outcome {
    let (mut bench, _) = bench().await;
    let (mut carrier, mut flow) = (FarEnd::start().await?, FarEnd::start().await?);
    let trunk = bench.trunk_at(&carrier, |_| ())?;
    let (callee, _) = bench.callee_up(&mut carrier, trunk, &[Law::Pcma]).await?;
    for by_refer in [true, false] {
        let (leg, _) = bench.call_flow(&flow)?;
        let invite = flow.expect("INVITE").await?;
        flow.pick_up(&invite, "f", &[Law::Pcma]).await?;
        bench
            .wait(leg, |event| matches!(event, Event::Answered { .. }))
            .await?;
        bench.connector.send(Command::Confirm { leg });
        bench.connector.send(Command::Join {
            callee,
            other: leg,
            tone: false,
        });
        bench
            .wait(callee, |event| matches!(event, Event::Joined { .. }))
            .await?;
        if by_refer {
            flow.request(
                "REFER",
                &invite,
                "f",
                Extra::default().line("Refer-To: <sip:queue@outdial>"),
            )
            .await?;
            flow.expect_where("REFER", |message| message.status() == 202)
                .await?;
            let notify = flow.expect("NOTIFY").await?;
            assert_eq!(notify.body, b"SIP/2.0 200 OK\r\n");
            flow.respond(&notify, "200 OK", Extra::default()).await?;
            let bye = flow.expect("BYE").await?;
            flow.respond(&bye, "200 OK", Extra::default()).await?;
        } else {
            flow.request(
                "BYE",
                &invite,
                "f",
                Extra::default().line("Reason: X-Outdial;text=\"queue\""),
            )
            .await?;
        }
        bench
            .wait(leg, |event| matches!(event, Event::HandedBack { .. }))
            .await?;
        bench.ended(leg).await?;
        let up = bench.connector.legs_up().await;
        assert_eq!((up.len(), up[0].leg, up[0].joined_with), (1, callee, None));
    }
    Ok(())
}

#[tokio::test]
async fn a_shutdown_ends_every_call_at_the_far_end() -> Outcome {
    let (mut bench, _) = bench().await;
    let (mut carrier, mut phone) = (FarEnd::start().await?, FarEnd::start().await?);
    let call = joined(&mut bench, &mut carrier, &mut phone).await?;
    let trunk = bench.trunk_at(&carrier, |_| ())?;
    let (ringing, _) = bench.dial(trunk)?;
    let invite = carrier.expect("INVITE").await?;
    carrier
        .respond(&invite, "180 Ringing", Extra::tag("r"))
        .await?;
    bench
        .wait(ringing, |event| matches!(event, Event::Progress { .. }))
        .await?;
    let far = async {
        let bye = phone.expect("BYE").await?;
        assert!(bye.header("Reason").contains("Server stopping"));
        phone.respond(&bye, "200 OK", Extra::default()).await?;
        for _ in 0..2 {
            let message = carrier.expect_any(&["BYE", "CANCEL"]).await?;
            carrier.respond(&message, "200 OK", Extra::tag("r")).await?;
            if message.method() == "CANCEL" {
                carrier
                    .respond(&invite, "487 Request Terminated", Extra::tag("r"))
                    .await?;
            }
        }
        Ok::<(), Box<dyn std::error::Error>>(())
    };
    let started = Instant::now();
    let ((), far) = tokio::join!(bench.connector.shutdown(Duration::from_secs(5)), far);
    far?;
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "it waited for nothing"
    );
    for leg in [call.callee, call.agent, ringing] {
        bench
            .ended(leg)
            .await
            .or_else(|_| Ok::<_, Box<dyn std::error::Error>>(Default::default()))?;
    }
    Ok(())
}
