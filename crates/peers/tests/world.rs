//! The world of the demo.
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod common;

use common::{LIMIT, caller, ms};
use outdial_peers::{CallOptions, PhoneCall, World, WorldOptions};
use std::collections::BTreeMap;

async fn outcomes(seed: u64) -> BTreeMap<String, Option<u16>> {
    let mut options = WorldOptions::compressed(seed, 3);
    // Ten times faster than the demo.
    options.mix.ring_time = ms(40)..ms(350);
    options.mix.talk_time = ms(300)..ms(600);
    let world = options.start().await.unwrap();
    let caller = caller().await;
    let mut calls = Vec::new();
    for n in 0..60 {
        let call = CallOptions::new(&World::number(n), world.carrier.address());
        calls.push(caller.call(call).await.unwrap());
    }
    // Whoever rings for ever does so; all others come to an end.
    let is_for_ever =
        |c: &outdial_peers::CallRecord| c.final_status.is_none() && c.progress_at.is_some();
    let settled = |log: &outdial_peers::CallLog| {
        log.count() == 60
            && log
                .calls()
                .iter()
                .all(|c| c.ended_at.is_some() || is_for_ever(c))
            && log.up_now() == 0
    };
    world
        .carrier
        .until("all calls settled", LIMIT, |log| {
            settled(log) && log.open_now() < 12
        })
        .await
        .unwrap();
    let log = world.carrier.log();
    let result = log
        .calls()
        .iter()
        .map(|c| (c.number.clone(), c.final_status))
        .collect();
    assert_eq!(world.carrier.violations(), []);
    world.shut_down().await;
    result
}

#[tokio::test]
async fn a_seed_decides_what_each_number_does() {
    let (first, again, other) = tokio::join!(outcomes(7), outcomes(7), outcomes(8));
    assert_eq!(first, again);
    assert_ne!(first, other);
    let kinds: std::collections::BTreeSet<_> = first.values().collect();
    assert!(kinds.len() >= 4, "a mixed world: {kinds:?}");
}

#[tokio::test]
async fn phones_and_flow_of_a_world_take_calls() {
    let world = WorldOptions::compressed(1, 4).start().await.unwrap();
    let caller = caller().await;
    assert_eq!(world.phones.len(), 4);
    let mut to_agent = CallOptions::new("1004", world.host.address());
    to_agent.to = world.phones[3].uri();
    let agent = caller.call(to_agent).await.unwrap();
    world.phones[3]
        .until("up", LIMIT, |s| s.call == PhoneCall::Up)
        .await
        .unwrap();
    let mut to_flow = CallOptions::new("ivr", world.flow.address());
    to_flow.to = world.flow.uri();
    let flow = caller.call(to_flow).await.unwrap();
    flow.until("the answer", LIMIT, |s| s.final_status == Some(200))
        .await
        .unwrap();
    agent.media().heard().until_count(5, LIMIT).await.unwrap();
    world.shut_down().await;
}
