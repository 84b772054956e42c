//! Answers that are not as they should be, challenges, and what comes late.

mod common;

use std::time::Duration;

use common::{Outcome, bench, bench_with, impatient, is_request};
use outdial_domain::{EndedBy, LocalFailure};
use outdial_telephony::conformance::far_end::{Extra, FarEnd, Message};
use outdial_telephony::digest::Claim;
use outdial_telephony::media::g711::Law;
use outdial_telephony::{Command, Event};

#[tokio::test]
async fn an_answer_that_cannot_become_a_call_is_acknowledged_and_ended() -> Outcome {
    let (mut bench, _) = bench().await;
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    let body = far.description(&[Law::Pcma], None)?;
    let with = |extra: Extra| extra.body(body.clone());
    let no_contact = || Extra {
        no_contact: true,
        ..Extra::tag("b")
    };
    for (status, extra, local) in [
        ("200 OK", with(no_contact()), LocalFailure::NoUsableContact),
        (
            "200 OK",
            with(no_contact().line("Contact: <sip:@@@>")),
            LocalFailure::NoUsableContact,
        ),
        (
            "200 OK",
            with(no_contact().line("Contact: nonsense \u{1F4DE}")),
            LocalFailure::NoUsableContact,
        ),
        (
            "200 OK",
            with(no_contact().line("Contact: *")),
            LocalFailure::NoUsableContact,
        ),
        (
            "299 Odd",
            with(Extra::tag("b")),
            LocalFailure::NoUsableContact,
        ),
        (
            "202 Accepted",
            with(Extra::tag("b")),
            LocalFailure::NoUsableContact,
        ),
        ("200 OK", Extra::tag("b"), LocalFailure::MediaMismatch),
        (
            "200 OK",
            Extra::tag("b").body("v=0\r\nm=audio 0 RTP/AVP 8\r\nc=IN IP4 127.0.0.1\r\n".into()),
            LocalFailure::MediaMismatch,
        ),
        (
            "200 OK",
            Extra::tag("b").body("v=0\r\nm=audio 9 RTP/AVP 18\r\nc=IN IP4 127.0.0.1\r\n".into()),
            LocalFailure::MediaMismatch,
        ),
    ] {
        let what = format!("{status} {extra:?}");
        let (leg, identity) = bench.dial(trunk)?;
        let invite = far.expect("INVITE").await?;
        far.respond(&invite, status, extra).await?;
        let ack = far.expect("ACK").await?;
        assert_eq!((ack.parameter("To", "tag"), ack.cseq()), ("b", 1), "{what}");
        let bye = far.expect_where("BYE", is_request).await?;
        assert_eq!((bye.parameter("To", "tag"), bye.cseq()), ("b", 2), "{what}");
        assert_eq!(bye.header("Call-ID"), identity.call_id, "{what}");
        far.respond(&bye, "200 OK", Extra::default()).await?;
        let evidence = bench.ended(leg).await?;
        assert_eq!(evidence.local, Some(local), "{what}");
        assert_eq!(evidence.sip_status, status[..3].parse().ok(), "{what}");
    }
    assert!(bench.connector.legs_up().await.is_empty());
    Ok(())
}

#[tokio::test]
async fn media_described_before_the_answer_serves_an_answer_without_description() -> Outcome {
    let (mut bench, _) = bench().await;
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    let (leg, _) = bench.dial(trunk)?;
    let invite = far.expect("INVITE").await?;
    let body = far.description(&[Law::Pcma], None)?;
    far.respond(&invite, "183 Session Progress", Extra::tag("b").body(body))
        .await?;
    far.respond(&invite, "200 OK", Extra::tag("b")).await?;
    bench
        .wait(leg, |event| matches!(event, Event::Answered { .. }))
        .await?;
    far.hear_payload(&[Law::Pcma.silence(); 160]).await?;
    Ok(())
}

#[tokio::test]
async fn both_kinds_of_challenge_are_answered_once() -> Outcome {
    let (mut bench, _) = bench().await;
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |trunk| {
        trunk.username = Some("acme".into());
        trunk.password = Some("secret".into());
    })?;
    for (status, asks, answers) in [
        ("401 Unauthorized", "WWW-Authenticate", "Authorization"),
        (
            "407 Proxy Authentication Required",
            "Proxy-Authenticate",
            "Proxy-Authorization",
        ),
    ] {
        let challenge =
            format!("{asks}: Digest realm=\"r\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth\"");
        let (leg, identity) = bench.dial(trunk)?;
        let first = far.expect("INVITE").await?;
        far.respond(&first, status, Extra::tag("a").line(&challenge))
            .await?;
        far.expect("ACK").await?;
        let second = far.expect("INVITE").await?;
        assert_eq!(second.cseq(), first.cseq() + 1);
        assert_eq!(second.branch(), format!("{}.1", identity.branch));
        let claim = Claim::parse(second.header(answers)).expect("an answer");
        assert!(claim.is_proven("secret", "INVITE") && claim.uri == second.uri());
        // A stale nonce is answered again; a wrong password is not.
        far.respond(
            &second,
            status,
            Extra::tag("a").line(&format!("{challenge}, stale=true")),
        )
        .await?;
        let third = far.expect("INVITE").await?;
        assert!(Claim::parse(third.header(answers)).is_some());
        far.respond(&third, status, Extra::tag("a").line(&challenge))
            .await?;
        let evidence = bench.ended(leg).await?;
        assert_eq!(evidence.sip_status, status[..3].parse().ok());
        assert_eq!(evidence.ended_by, Some(EndedBy::Remote));
    }
    Ok(())
}

#[tokio::test]
async fn a_challenge_without_credentials_or_for_another_realm_is_final() -> Outcome {
    let (mut bench, _) = bench().await;
    let mut far = FarEnd::start().await?;
    for realm in [None, Some("theirs")] {
        let trunk = bench.trunk_at(&far, |trunk| {
            trunk.username = realm.map(|_| "acme".into());
            trunk.auth_realm = realm.map(Into::into);
        })?;
        let (leg, _) = bench.dial(trunk)?;
        let invite = far.expect("INVITE").await?;
        let challenge = "WWW-Authenticate: Digest realm=\"other\", nonce=\"n\"";
        far.respond(&invite, "401 Unauthorized", Extra::tag("a").line(challenge))
            .await?;
        assert_eq!(bench.ended(leg).await?.sip_status, Some(401));
    }
    Ok(())
}

#[tokio::test]
async fn a_cancel_waits_for_a_sign_of_life_and_nothing_is_sent_before() -> Outcome {
    let (mut bench, _) = bench().await;
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    let (leg, identity) = bench.dial(trunk)?;
    let invite = far.expect("INVITE").await?;
    bench.connector.send(Command::Cancel { leg });
    bench
        .wait(leg, |event| matches!(event, Event::Cancelling { .. }))
        .await?;
    // Neither CANCEL nor the INVITE again, which would be due after 500 ms.
    let silence = Duration::from_millis(1_200);
    let until = tokio::time::Instant::now() + silence;
    let heard = tokio::time::timeout_at(until, far.receive()).await;
    assert!(heard.is_err(), "{heard:?}");
    far.respond(&invite, "180 Ringing", Extra::tag("b")).await?;
    let cancel = far.expect("CANCEL").await?;
    assert_eq!(cancel.branch(), identity.branch);
    far.respond(&cancel, "200 OK", Extra::tag("b")).await?;
    far.respond(&invite, "487 Request Terminated", Extra::tag("b"))
        .await?;
    far.expect("ACK").await?;
    let evidence = bench.ended(leg).await?;
    assert_eq!(
        (evidence.sip_status, evidence.ended_by),
        (Some(487), Some(EndedBy::Us))
    );
    Ok(())
}

#[tokio::test]
async fn silence_is_told_from_a_timeout_of_the_far_end() -> Outcome {
    let (mut bench, _) = bench_with(impatient).await;
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    let (leg, _) = bench.dial(trunk)?;
    let evidence = bench.ended(leg).await?;
    assert_eq!(evidence.local, Some(LocalFailure::NoResponse));
    assert_eq!((evidence.sip_status, evidence.responded), (None, false));

    let (leg, _) = bench.dial(trunk)?;
    let id = bench.connector.legs_up().await[0].call_id.clone();
    let invite = far
        .expect_where("INVITE", |message| message.header("Call-ID") == id)
        .await?;
    far.respond(&invite, "408 Request Timeout", Extra::default())
        .await?;
    let evidence = bench.ended(leg).await?;
    assert_eq!((evidence.local, evidence.sip_status), (None, Some(408)));

    let (leg, _) = bench.dial(trunk)?;
    bench.connector.send(Command::Cancel { leg });
    let evidence = bench.ended(leg).await?;
    assert_eq!(
        (evidence.local, evidence.ended_by),
        (Some(LocalFailure::NoResponse), Some(EndedBy::Us))
    );
    Ok(())
}

#[tokio::test]
async fn what_comes_after_the_end_is_cancelled_or_acknowledged_and_ended() -> Outcome {
    let (mut bench, _) = bench_with(impatient).await;
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    let (leg, _) = bench.dial(trunk)?;
    let invite = far.expect("INVITE").await?;
    assert_eq!(
        bench.ended(leg).await?.local,
        Some(LocalFailure::NoResponse)
    );
    // The trunk wakes up: it rings, and then someone answers.
    far.respond(&invite, "180 Ringing", Extra::tag("b")).await?;
    far.expect("CANCEL").await?;
    let body = far.description(&[Law::Pcma], None)?;
    far.respond(&invite, "200 OK", Extra::tag("b").body(body.clone()))
        .await?;
    far.expect("ACK").await?;
    let bye = far.expect("BYE").await?;
    far.respond(&bye, "200 OK", Extra::default()).await?;
    // The acknowledgement was lost: it is sent again, the BYE is not.
    far.respond(&invite, "200 OK", Extra::tag("b").body(body))
        .await?;
    while far.receive().await?.method() != "ACK" {}
    far.expect_none("BYE", Duration::from_millis(200)).await?;
    Ok(())
}

#[tokio::test]
async fn of_two_who_pick_up_one_is_kept_and_the_other_ended() -> Outcome {
    let (mut bench, _) = bench().await;
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    let (leg, _) = bench.dial(trunk)?;
    let invite = far.expect("INVITE").await?;
    let body = far.description(&[Law::Pcma], None)?;
    far.respond(&invite, "200 OK", Extra::tag("one").body(body.clone()))
        .await?;
    bench
        .wait(leg, |event| matches!(event, Event::Answered { .. }))
        .await?;
    bench.connector.send(Command::Confirm { leg });
    far.expect("ACK").await?;
    far.respond(&invite, "200 OK", Extra::tag("two").body(body))
        .await?;
    let ack = far.expect("ACK").await?;
    assert_eq!(ack.parameter("To", "tag"), "two");
    let bye = far.expect("BYE").await?;
    assert_eq!(bye.parameter("To", "tag"), "two");
    assert_eq!(bench.connector.legs_up().await.len(), 1);
    Ok(())
}

#[tokio::test]
async fn requests_take_the_route_that_the_answer_recorded() -> Outcome {
    let (mut bench, _) = bench().await;
    let (mut far, mut proxy) = (FarEnd::start().await?, FarEnd::start().await?);
    let trunk = bench.trunk_at(&far, |_| ())?;
    let (leg, _) = bench.dial(trunk)?;
    let invite = far.expect("INVITE").await?;
    let body = far.description(&[Law::Pcma], None)?;
    let routes = format!(
        "Record-Route: <sip:192.0.2.66:5099;lr>, <sip:{};lr>",
        proxy.address()?
    );
    far.respond(&invite, "200 OK", Extra::tag("b").body(body).line(&routes))
        .await?;
    let answered = bench
        .wait(leg, |event| matches!(event, Event::Answered { .. }))
        .await?;
    let Event::Answered { dialog, .. } = answered else {
        panic!("{answered:?}")
    };
    assert_eq!(dialog.route_set.len(), 2);
    bench.connector.send(Command::Confirm { leg });
    let ack = proxy.expect("ACK").await?;
    assert_eq!(ack.header("Route"), dialog.route_set[0]);
    assert_eq!(ack.uri(), far.uri("far")?);
    bench.connector.send(Command::HangUp {
        leg,
        reason: Default::default(),
    });
    let bye = proxy.expect("BYE").await?;
    assert!(bye.header("Reason").starts_with("Q.850;cause=16"));
    Ok(())
}

#[tokio::test]
async fn another_branch_that_picks_up_is_acknowledged_each_time_and_ended_once() -> Outcome {
    let (mut bench, _) = bench().await;
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    let (leg, invite) = bench.callee_up(&mut far, trunk, &[Law::Pcma]).await?;
    let body = far.description(&[Law::Pcma], None)?;
    let other = || Extra::tag("other").body(body.clone());
    far.respond(&invite, "200 OK", other()).await?;
    let of_other =
        |message: &Message| is_request(message) && message.parameter("To", "tag") == "other";
    far.expect_where("ACK", of_other).await?;
    let bye = far.expect_where("BYE", of_other).await?;
    far.respond(&bye, "200 OK", Extra::default()).await?;
    let mut acknowledged = 0;
    for _ in 0..3 {
        far.respond(&invite, "200 OK", other()).await?;
        let mut answer = far.receive().await?;
        while answer.method() != "ACK" {
            assert_ne!(answer.method(), "BYE", "a second BYE");
            answer = far.receive().await?;
        }
        acknowledged += usize::from(of_other(&answer));
    }
    assert_eq!(acknowledged, 3);
    far.expect_none("BYE", Duration::from_millis(200)).await?;
    assert_eq!(bench.connector.legs_up().await[0].leg, leg);
    Ok(())
}
