//! The promises, one function each.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use outdial_domain::{EndedBy, Progress};

use super::far_end::{Extra, FarEnd};
use super::{Bench, Case, Failure};
use crate::media::g711::{A_TO_MU, Law};
use crate::media::tone::joining_tone;
use crate::{Command, Event, HangUpReason, LegState, StoredDialog};

type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// A case's code.
#[derive(Clone, Copy)]
pub(crate) struct Body(fn(&mut Bench) -> Running<'_>);

impl Body {
    pub(crate) fn run(self, bench: &mut Bench) -> Running<'_> {
        (self.0)(bench)
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body")
    }
}

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        /// Every promise.
        pub const CASES: &[Case] = &[$(Case {
            name: stringify!($name),
            body: Body(|bench| Box::pin($name(bench))),
        }),*];
    };
}

cases![
    a_call_uses_exactly_the_names_that_were_planned,
    an_answer_is_acknowledged_only_when_it_is_confirmed,
    facts_before_the_answer_are_told_in_order,
    a_refusal_is_reported_with_status_and_cause,
    a_cancelled_call_ends_and_says_so_at_once,
    an_answer_that_crosses_the_cancel_is_told_and_ended,
    both_sides_can_hang_up,
    two_legs_hear_each_other_after_the_join,
    a_partner_stays_up_when_the_other_leg_ends,
    what_is_up_can_be_asked,
    stored_calls_of_an_earlier_process_are_ended,
    orders_for_legs_that_are_gone_do_nothing,
];

fn check(holds: bool, what: &str) -> Result<(), Failure> {
    if holds {
        Ok(())
    } else {
        Err(Failure::new(what))
    }
}

async fn a_call_uses_exactly_the_names_that_were_planned(bench: &mut Bench) -> Result<(), Failure> {
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    let (_, identity) = bench.dial(trunk)?;
    let invite = far.expect("INVITE").await?;
    check(
        invite.header("Call-ID") == identity.call_id,
        "Call-ID differs from the plan",
    )?;
    check(
        invite.branch() == identity.branch,
        "branch differs from the plan",
    )?;
    check(invite.cseq() == identity.cseq, "CSeq differs from the plan")?;
    check(
        invite.parameter("From", "tag") == identity.local_tag,
        "tag differs from the plan",
    )?;
    check(
        invite.uri() == identity.request_uri,
        "request URI differs from the plan",
    )
}

async fn an_answer_is_acknowledged_only_when_it_is_confirmed(
    bench: &mut Bench,
) -> Result<(), Failure> {
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    let (leg, _) = bench.dial(trunk)?;
    let invite = far.expect("INVITE").await?;
    far.pick_up(&invite, "b", &[Law::Pcma]).await?;
    bench
        .wait(leg, |event| matches!(event, Event::Answered { .. }))
        .await?;
    far.expect_none("ACK", Duration::from_millis(300)).await?;
    bench.connector.send(Command::Confirm { leg });
    let ack = far.expect("ACK").await?;
    check(
        ack.parameter("To", "tag") == "b",
        "the acknowledgement is for another dialog",
    )?;
    // A repeated answer means that the acknowledgement was lost.
    let body = far.description(&[Law::Pcma], None)?;
    far.respond(&invite, "200 OK", Extra::tag("b").body(body))
        .await?;
    let again = async {
        loop {
            if far.receive().await?.method() == "ACK" {
                return Ok::<(), Failure>(());
            }
        }
    };
    tokio::time::timeout(super::PATIENCE, again)
        .await
        .map_err(|_| Failure::new("a repeated answer was not acknowledged again"))?
}

async fn facts_before_the_answer_are_told_in_order(bench: &mut Bench) -> Result<(), Failure> {
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    let (leg, _) = bench.dial(trunk)?;
    let invite = far.expect("INVITE").await?;
    far.respond(&invite, "100 Trying", Extra::default()).await?;
    bench
        .wait(leg, |event| matches!(event, Event::Trying { .. }))
        .await?;
    far.respond(&invite, "180 Ringing", Extra::tag("b")).await?;
    let ringing = |event: &Event| {
        matches!(
            event,
            Event::Progress {
                progress: Progress::Ringing,
                media: false,
                ..
            }
        )
    };
    bench.wait(leg, ringing).await?;
    let body = far.description(&[Law::Pcma], None)?;
    far.respond(
        &invite,
        "183 Session Progress",
        Extra::tag("b").body(body.clone()),
    )
    .await?;
    let early = |event: &Event| {
        matches!(
            event,
            Event::Progress {
                progress: Progress::SessionProgress,
                media: true,
                ..
            }
        )
    };
    bench.wait(leg, early).await?;
    far.say(&invite, Law::Pcma, &[1; 160]).await?;
    bench
        .wait(leg, |event| matches!(event, Event::EarlyMedia { .. }))
        .await?;
    far.respond(&invite, "200 OK", Extra::tag("b").body(body))
        .await?;
    bench
        .wait(leg, |event| matches!(event, Event::Answered { .. }))
        .await?;
    bench.connector.send(Command::HangUp {
        leg,
        reason: HangUpReason::Normal,
    });
    let evidence = bench.ended(leg).await?;
    check(
        evidence.sip_status == Some(200),
        "an answered call ends with status 200",
    )?;
    check(
        evidence.progress == Some(Progress::Ringing),
        "the first progress is not in the evidence",
    )?;
    check(
        evidence.early_media == outdial_domain::EarlyMedia::Present,
        "early media is not in the evidence",
    )
}

async fn a_refusal_is_reported_with_status_and_cause(bench: &mut Bench) -> Result<(), Failure> {
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    for (status, line, cause) in [
        ("486 Busy Here", "Reason: Q.850;cause=17", Some(17)),
        ("404 Not Found", "X-Nothing: 1", None),
        ("503 Service Unavailable", "Retry-After: 7", None),
        ("699 What", "X-Nothing: 1", None),
    ] {
        let (leg, _) = bench.dial(trunk)?;
        let invite = far.expect("INVITE").await?;
        far.respond(&invite, status, Extra::tag("b").line(line))
            .await?;
        far.expect("ACK").await?;
        let end = bench
            .wait(leg, |event| matches!(event, Event::Ended { .. }))
            .await?;
        let Event::Ended {
            evidence,
            retry_after,
            ..
        } = end
        else {
            return Err(Failure::new("not an end"));
        };
        check(
            evidence.sip_status == status.get(..3).and_then(|code| code.parse().ok()),
            status,
        )?;
        check(evidence.q850_cause == cause, "the cause differs")?;
        check(
            evidence.ended_by == Some(EndedBy::Remote),
            "the far end refused it",
        )?;
        check(evidence.local.is_none(), "nothing failed here")?;
        let wait = line.starts_with("Retry").then(|| Duration::from_secs(7));
        check(retry_after == wait, "Retry-After differs")?;
    }
    Ok(())
}

async fn a_cancelled_call_ends_and_says_so_at_once(bench: &mut Bench) -> Result<(), Failure> {
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    let (leg, identity) = bench.dial(trunk)?;
    let invite = far.expect("INVITE").await?;
    far.respond(&invite, "180 Ringing", Extra::tag("b")).await?;
    bench
        .wait(leg, |event| matches!(event, Event::Progress { .. }))
        .await?;
    bench.connector.send(Command::Cancel { leg });
    bench
        .wait(leg, |event| matches!(event, Event::Cancelling { .. }))
        .await?;
    let cancel = far.expect("CANCEL").await?;
    check(
        cancel.branch() == identity.branch,
        "the CANCEL has another branch than the INVITE",
    )?;
    far.respond(&cancel, "200 OK", Extra::tag("b")).await?;
    far.respond(&invite, "487 Request Terminated", Extra::tag("b"))
        .await?;
    far.expect("ACK").await?;
    let evidence = bench.ended(leg).await?;
    check(evidence.sip_status == Some(487), "the status differs")?;
    check(evidence.ended_by == Some(EndedBy::Us), "we gave it up")
}

async fn an_answer_that_crosses_the_cancel_is_told_and_ended(
    bench: &mut Bench,
) -> Result<(), Failure> {
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    let (leg, _) = bench.dial(trunk)?;
    let invite = far.expect("INVITE").await?;
    far.respond(&invite, "180 Ringing", Extra::tag("b")).await?;
    bench
        .wait(leg, |event| matches!(event, Event::Progress { .. }))
        .await?;
    bench.connector.send(Command::Cancel { leg });
    let cancel = far.expect("CANCEL").await?;
    let body = far.description(&[Law::Pcma], None)?;
    far.respond(&invite, "200 OK", Extra::tag("b").body(body))
        .await?;
    far.respond(&cancel, "200 OK", Extra::tag("b")).await?;
    bench
        .wait(leg, |event| matches!(event, Event::Answered { .. }))
        .await?;
    far.expect("ACK").await?;
    let bye = far.expect("BYE").await?;
    far.respond(&bye, "200 OK", Extra::default()).await?;
    check(
        bench.ended(leg).await?.sip_status == Some(200),
        "the callee had picked up",
    )
}

async fn both_sides_can_hang_up(bench: &mut Bench) -> Result<(), Failure> {
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    let (leg, invite) = bench.callee_up(&mut far, trunk, &[Law::Pcma]).await?;
    far.request(
        "BYE",
        &invite,
        "far",
        Extra::default().line("Reason: Q.850;cause=16"),
    )
    .await?;
    let ok = far.expect("BYE").await?;
    check(ok.status() == 200, "the BYE was not accepted")?;
    let evidence = bench.ended(leg).await?;
    check(
        evidence.ended_by == Some(EndedBy::Remote),
        "the far end hung up",
    )?;
    check(evidence.q850_cause == Some(16), "the cause is lost")?;

    let (leg, invite) = bench.callee_up(&mut far, trunk, &[Law::Pcma]).await?;
    bench.connector.send(Command::HangUp {
        leg,
        reason: HangUpReason::Normal,
    });
    let bye = far
        .expect_where("BYE", |message| message.status() == 0)
        .await?;
    check(
        bye.header("Call-ID") == invite.header("Call-ID"),
        "the BYE is for another call",
    )?;
    check(bye.cseq() > invite.cseq(), "the BYE's number is not higher")?;
    far.respond(&bye, "200 OK", Extra::default()).await?;
    check(
        bench.ended(leg).await?.ended_by == Some(EndedBy::Us),
        "we hung up",
    )
}

async fn two_legs_hear_each_other_after_the_join(bench: &mut Bench) -> Result<(), Failure> {
    let (mut carrier, mut phone) = (FarEnd::start().await?, FarEnd::start().await?);
    let trunk = bench.trunk_at(&carrier, |_| ())?;
    let (agent, to_agent) = bench.agent_up(&mut phone, &[Law::Pcmu]).await?;
    let (callee, to_callee) = bench.callee_up(&mut carrier, trunk, &[Law::Pcma]).await?;
    bench.connector.send(Command::Join {
        callee,
        other: agent,
        tone: true,
    });
    bench
        .wait(callee, |event| matches!(event, Event::Joined { .. }))
        .await?;
    phone.hear_payload(&joining_tone(Law::Pcmu)[..160]).await?;
    let said: Vec<u8> = (0..160).collect();
    carrier.say(&to_callee, Law::Pcma, &said).await?;
    let converted: Vec<u8> = said
        .iter()
        .map(|byte| A_TO_MU[usize::from(*byte)])
        .collect();
    phone.hear_payload(&converted).await?;
    phone.say(&to_agent, Law::Pcmu, &[0x11; 160]).await?;
    let back = Law::Pcma.encode(Law::Pcmu.decode(0x11));
    carrier.hear_payload(&[back; 160]).await?;
    Ok(())
}

async fn a_partner_stays_up_when_the_other_leg_ends(bench: &mut Bench) -> Result<(), Failure> {
    let (mut carrier, mut phone) = (FarEnd::start().await?, FarEnd::start().await?);
    let trunk = bench.trunk_at(&carrier, |_| ())?;
    let (agent, _) = bench.agent_up(&mut phone, &[Law::Pcma]).await?;
    for round in 0..2u8 {
        let (callee, to_callee) = bench.callee_up(&mut carrier, trunk, &[Law::Pcma]).await?;
        bench.connector.send(Command::Join {
            callee,
            other: agent,
            tone: false,
        });
        bench
            .wait(callee, |event| matches!(event, Event::Joined { .. }))
            .await?;
        carrier.say(&to_callee, Law::Pcma, &[round; 160]).await?;
        phone.hear_payload(&[round; 160]).await?;
        carrier
            .request("BYE", &to_callee, "far", Extra::default())
            .await?;
        bench.ended(callee).await?;
    }
    let up = bench.connector.legs_up().await;
    check(
        up.len() == 1 && up[0].leg == agent && up[0].joined_with.is_none(),
        "the agent's leg is not up and free",
    )
}

async fn what_is_up_can_be_asked(bench: &mut Bench) -> Result<(), Failure> {
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    check(
        bench.connector.legs_up().await.is_empty(),
        "nothing was placed yet",
    )?;
    let (leg, identity) = bench.dial(trunk)?;
    let invite = far.expect("INVITE").await?;
    let up = bench.connector.legs_up().await;
    check(
        up.len() == 1 && up[0].state == LegState::Calling,
        "the leg is not calling",
    )?;
    check(
        up[0].call_id == identity.call_id,
        "the leg has another name",
    )?;
    far.pick_up(&invite, "b", &[Law::Pcma]).await?;
    bench
        .wait(leg, |event| matches!(event, Event::Answered { .. }))
        .await?;
    check(
        bench.connector.legs_up().await[0].state == LegState::Up,
        "the leg is not up",
    )
}

async fn stored_calls_of_an_earlier_process_are_ended(bench: &mut Bench) -> Result<(), Failure> {
    let mut far = FarEnd::start().await?;
    // A trunk that may have asked for credentials, so that a second INVITE may ring.
    let trunk = bench.trunk_at(&far, |trunk| {
        trunk.username = Some("acme".into());
        trunk.password = Some("secret".into());
    })?;
    // Names as an earlier process would have stored them; they are planned but never placed here.
    let mut stored = Vec::new();
    for _ in 0..3 {
        let (leg, identity) = {
            let leg = bench.new_leg();
            let number = |text| {
                outdial_domain::PhoneNumber::from_text(text)
                    .map_err(|e| Failure::new(e.to_string()))
            };
            let party = crate::Party::Callee {
                trunk,
                to: number("+8613012345678")?,
                caller_id: number("10085")?,
            };
            let call = crate::Call::to(leg, party);
            (
                leg,
                bench
                    .connector
                    .plan(&call)
                    .map_err(|e| Failure::new(e.to_string()))?,
            )
        };
        stored.push(StoredDialog {
            leg,
            identity,
            answered: None,
        });
    }
    stored[2].answered = Some(crate::AnsweredDialog {
        remote_tag: "b".into(),
        remote_target: far.uri("far")?,
        route_set: Vec::new(),
        cseq: 1,
        destination: stored[2].identity.destination.clone(),
    });
    bench.connector.send(Command::Clear(stored.clone()));
    // The first still rings: it is cancelled.
    let call_id = |index: usize| stored[index].identity.call_id.clone();
    let cancel = far
        .expect_where("CANCEL", |m| {
            m.header("Call-ID") == call_id(0) && m.cseq() == 1
        })
        .await?;
    check(
        cancel.branch() == stored[0].identity.branch,
        "the CANCEL has another branch than the INVITE",
    )?;
    far.respond(&cancel, "200 OK", Extra::tag("a")).await?;
    // The second was answered while nobody was there: the answer is repeated, and ended.
    let cancel = far
        .expect_where("CANCEL", |m| {
            m.header("Call-ID") == call_id(1) && m.cseq() == 1
        })
        .await?;
    far.respond(
        &cancel,
        "481 Call/Transaction Does Not Exist",
        Extra::tag("a"),
    )
    .await?;
    let again = far
        .expect_where("CANCEL", |m| {
            m.header("Call-ID") == call_id(1) && m.cseq() == 2
        })
        .await?;
    far.respond(
        &again,
        "481 Call/Transaction Does Not Exist",
        Extra::tag("a"),
    )
    .await?;
    let mut invite = cancel.clone();
    for (name, value) in &mut invite.headers {
        if name == "CSeq" {
            "1 INVITE".clone_into(value);
        }
    }
    let body = far.description(&[Law::Pcma], None)?;
    far.respond(&invite, "200 OK", Extra::tag("late").body(body))
        .await?;
    let late = |m: &super::Message| m.status() == 0 && m.parameter("To", "tag") == "late";
    far.expect_where("ACK", late).await?;
    let bye = far.expect_where("BYE", late).await?;
    far.respond(&bye, "200 OK", Extra::default()).await?;
    Ok(())
}

async fn orders_for_legs_that_are_gone_do_nothing(bench: &mut Bench) -> Result<(), Failure> {
    let leg = crate::LegId(99);
    for command in [
        Command::Confirm { leg },
        Command::Cancel { leg },
        Command::HangUp {
            leg,
            reason: HangUpReason::Normal,
        },
        Command::Join {
            callee: leg,
            other: leg,
            tone: true,
        },
        Command::Clear(Vec::new()),
    ] {
        bench.connector.send(command);
    }
    let event = bench.wait_for(|_| true).await?;
    check(
        matches!(event, Event::Cleared { left: 0, .. }),
        "only the empty clearing is told",
    )
}
