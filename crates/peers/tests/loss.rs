//! Calls over a relay that loses datagrams: retransmission on both sides.
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod common;

use common::{LIMIT, caller, carrier_with, ms};
use outdial_peers::{
    Action, CallOptions, CalleePlan, CarrierOptions, Fate, Planner, UdpRelay, Way, lossless,
    random_loss,
};

#[tokio::test]
async fn calls_survive_one_lost_datagram_in_five() {
    const CALLS: usize = 40;
    let relay = UdpRelay::start(random_loss(5, 0.2, ms(5))).await.unwrap();
    let mut options = CarrierOptions::new(Planner::same(CalleePlan::answer().ring_time(ms(50))));
    options.contact = Some(relay.front());
    options.to_source = true;
    let (carrier, caller) = (carrier_with(options).await, caller().await);
    relay.set_target(carrier.address());
    let mut calls = Vec::new();
    for n in 0..CALLS {
        let call = CallOptions::new(&n.to_string(), relay.front());
        calls.push(caller.call(call).await.unwrap());
    }
    carrier
        .until("all answered", LIMIT, |log| log.answered() == CALLS)
        .await
        .unwrap();
    for call in &calls {
        call.until("the answer", LIMIT, |s| s.final_status == Some(200))
            .await
            .unwrap();
        call.act(Action::hang_up()).await;
    }
    for call in &calls {
        call.until("the end", LIMIT, |s| s.end.is_some())
            .await
            .unwrap();
    }
    carrier
        .until("all over", LIMIT, |log| log.open_now() == 0)
        .await
        .unwrap();
    let log = carrier.log();
    assert_eq!(
        (log.count(), log.answered()),
        (CALLS, CALLS),
        "{:?}",
        relay.counts()
    );
    assert!(relay.counts().dropped > 20, "{:?}", relay.counts());
    assert_eq!(carrier.violations(), []);
    relay.shut_down().await;
}

#[tokio::test]
async fn a_lost_ack_is_sent_again_when_the_answer_is_repeated() {
    let mut lost = 0;
    let relay = UdpRelay::start(
        move |way, datagram| match (way, datagram.starts_with(b"ACK")) {
            (Way::ToTarget, true) if lost < 2 => {
                lost += 1;
                Fate::Drop
            }
            _ => Fate::Pass,
        },
    )
    .await
    .unwrap();
    let mut options = CarrierOptions::new(Planner::same(CalleePlan::answer()));
    (options.contact, options.to_source) = (Some(relay.front()), true);
    let (carrier, caller) = (carrier_with(options).await, caller().await);
    relay.set_target(carrier.address());
    let call = caller
        .call(CallOptions::new("1", relay.front()))
        .await
        .unwrap();
    carrier
        .until("the ACK", LIMIT, |log| {
            log.calls().iter().any(|c| c.acked_at.is_some())
        })
        .await
        .unwrap();
    relay.set_rule(lossless());
    call.act(Action::hang_up()).await;
    carrier
        .until("the end", LIMIT, |log| log.open_now() == 0)
        .await
        .unwrap();
    assert_eq!((relay.counts().dropped, carrier.violations()), (2, vec![]));
}
