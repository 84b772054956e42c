//! A successor ends the calls of a process that died, whatever the far end says about it.

mod common;

use common::{Outcome, bench_with, impatient, successor};
use outdial_domain::Trunk;
use outdial_telephony::conformance::Bench;
use outdial_telephony::conformance::far_end::{Extra, FarEnd, Message};
use outdial_telephony::media::g711::Law;
use outdial_telephony::{Command, Event, LegId, StoredDialog};

const CHALLENGE: &str = "Proxy-Authenticate: Digest realm=\"far\", nonce=\"n\", qop=\"auth\"";

fn asks_for_credentials(trunk: &mut Trunk) {
    trunk.username = Some("acme".into());
    trunk.password = Some("secret".into());
}

async fn challenge(far: &FarEnd, request: &Message) -> Outcome {
    let extra = Extra::tag("c").line(CHALLENGE);
    far.respond(request, "407 Proxy Authentication Required", extra)
        .await?;
    Ok(())
}

/// Places a call whose first INVITE is challenged; what is stored of it, and its second INVITE.
async fn dial_challenged(
    bench: &mut Bench,
    far: &mut FarEnd,
) -> Result<(StoredDialog, Message), Box<dyn std::error::Error>> {
    let trunk = bench.trunk_at(far, asks_for_credentials)?;
    let (leg, identity) = bench.dial(trunk)?;
    let first = far.expect("INVITE").await?;
    challenge(far, &first).await?;
    far.expect("ACK").await?;
    let second = far.expect("INVITE").await?;
    let stored = StoredDialog {
        leg,
        identity,
        answered: None,
    };
    Ok((stored, second))
}

async fn pick_up(
    bench: &mut Bench,
    far: &mut FarEnd,
    stored: &mut StoredDialog,
    invite: &Message,
) -> Outcome {
    let leg = stored.leg;
    far.pick_up(invite, "far", &[Law::Pcma]).await?;
    let answered = bench
        .wait(leg, |event| matches!(event, Event::Answered { .. }))
        .await?;
    let Event::Answered { dialog, .. } = answered else {
        return Err("not an answer".into());
    };
    stored.answered = Some(dialog);
    bench.connector.send(Command::Confirm { leg });
    far.expect("ACK").await?;
    Ok(())
}

async fn cleared(bench: &mut Bench) -> Result<(Vec<LegId>, usize), Box<dyn std::error::Error>> {
    let event = bench
        .wait_for(|event| matches!(event, Event::Cleared { .. }))
        .await?;
    match event {
        Event::Cleared { legs, left, .. } => Ok((legs, left)),
        other => Err(format!("{other:?}").into()),
    }
}

#[tokio::test]
async fn a_challenge_after_a_crash_is_answered_with_the_trunks_credentials() -> Outcome {
    let (mut first, address) = bench_with(impatient).await;
    let mut far = FarEnd::start().await?;
    let (mut stored, invite) = dial_challenged(&mut first, &mut far).await?;
    pick_up(&mut first, &mut far, &mut stored, &invite).await?;
    drop(first);

    let mut second = successor(address, impatient).await;
    second.trunk_at(&far, asks_for_credentials)?;
    second.connector.send(Command::Clear(vec![stored.clone()]));
    let bye = far.expect("BYE").await?;
    challenge(&far, &bye).await?;
    let again = far.expect("BYE").await?;
    assert!(
        again
            .header("Proxy-Authorization")
            .contains("username=\"acme\"")
    );
    assert!(again.cseq() > bye.cseq());
    far.respond(&again, "200 OK", Extra::default()).await?;
    assert_eq!(cleared(&mut second).await?, (vec![stored.leg], 0));
    Ok(())
}

#[tokio::test]
async fn every_try_of_an_invite_is_cancelled_whatever_is_said_to_the_first() -> Outcome {
    let (mut first, address) = bench_with(impatient).await;
    let mut far = FarEnd::start().await?;
    let (stored, invite) = dial_challenged(&mut first, &mut far).await?;
    far.respond(&invite, "180 Ringing", Extra::tag("r")).await?;
    first
        .wait(stored.leg, |event| matches!(event, Event::Progress { .. }))
        .await?;
    drop(first);

    let mut second = successor(address, impatient).await;
    second.trunk_at(&far, asks_for_credentials)?;
    second.connector.send(Command::Clear(vec![stored.clone()]));
    // The first INVITE is over, but its transaction is still there and knows a CANCEL.
    let mut known = 0;
    for _ in 0..4 {
        let cancel = far.expect("CANCEL").await?;
        let status = match cancel.cseq().cmp(&invite.cseq()) {
            std::cmp::Ordering::Greater => "481 Call/Transaction Does Not Exist",
            _ => "200 OK",
        };
        known += usize::from(cancel.branch() == invite.branch());
        far.respond(&cancel, status, Extra::tag("r")).await?;
    }
    assert_eq!(known, 1, "the INVITE that rings is cancelled");
    far.respond(&invite, "487 Request Terminated", Extra::tag("r"))
        .await?;
    far.expect("ACK").await?;
    assert_eq!(cleared(&mut second).await?, (vec![stored.leg], 0));
    Ok(())
}

#[tokio::test]
async fn a_call_is_forgotten_only_when_its_far_end_says_that_it_is_over() -> Outcome {
    let (mut first, address) = bench_with(impatient).await;
    let mut far = FarEnd::start().await?;
    let (mut stored, invite) = dial_challenged(&mut first, &mut far).await?;
    pick_up(&mut first, &mut far, &mut stored, &invite).await?;
    drop(first);

    let mut second = successor(address, impatient).await;
    second.trunk_at(&far, asks_for_credentials)?;
    second.connector.send(Command::Clear(vec![stored.clone()]));
    let refused = far.expect("BYE").await?;
    far.respond(&refused, "503 Service Unavailable", Extra::default())
        .await?;
    assert_eq!(cleared(&mut second).await?, (vec![], 1));
    // Silence this time, until the transaction is over.
    let silent = far
        .expect_where("BYE", |bye| bye.cseq() > refused.cseq() + 1)
        .await?;
    let answered = far
        .expect_where("BYE", |bye| bye.cseq() > silent.cseq() + 1)
        .await?;
    far.respond(
        &answered,
        "481 Call/Transaction Does Not Exist",
        Extra::default(),
    )
    .await?;
    assert_eq!(cleared(&mut second).await?, (vec![stored.leg], 0));
    Ok(())
}
