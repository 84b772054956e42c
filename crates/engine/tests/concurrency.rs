//! Concurrency and rate: no agents, a flow takes the calls.

mod world;

use std::time::Duration;

use outdial_domain::*;
use outdial_engine::input::Input;
use outdial_engine::output::Output;
use world::*;

#[test]
fn a_flow_takes_as_many_calls_as_there_are_lines() {
    let mut world = World::new();
    let mut settings = settings(Mode::Concurrency);
    settings.max_calls = Some(3);
    world.campaign(1, settings, 0, 5);
    world.start(1);
    let dials = world.dials();
    assert_eq!(dials.len(), 3);
    for dial in &dials {
        world.fact(Input::Placed(dial.attempt));
    }
    world.answer(dials[0].attempt);
    let flows = world.take(|order| match order {
        Output::CallFlow { attempt, flow } => Some((*attempt, flow.clone())),
        _ => None,
    });
    assert_eq!(flows, [(dials[0].attempt, Target::Flow(FLOW))]);
    world.fact(Input::Joined(dials[0].attempt));
    assert_eq!(world.view(1).calls.talking, 1);
    assert_eq!(world.refusals(1), ["own_calls"]);

    world.fact(Input::FlowEnded(dials[0].attempt));
    assert_eq!(world.hang_ups(), [dials[0].attempt]);
    world.end(dials[0].attempt, None);
    assert_eq!(world.outcome(), Outcome::Answered);
    assert_eq!(world.dials().len(), 1);

    world.answer(dials[1].attempt);
    world.fact(Input::FlowFailed(dials[1].attempt));
    world.end(dials[1].attempt, None);
    assert_eq!(world.outcome(), Outcome::Abandoned);
}

#[test]
fn a_conversation_ends_when_its_trunk_allows_no_longer_one() {
    let mut world = World::new();
    world.campaign(1, settings(Mode::Concurrency), 0, 1);
    world.start(1);
    let dial = world.dial();
    world.answer(dial.attempt);
    world.wait(secs(1));
    world.fact(Input::Joined(dial.attempt));
    world.wait(LONGEST_CALL - secs(2));
    assert_eq!(world.hang_ups(), []);
    world.wait(secs(1));
    assert_eq!(world.hang_ups(), [dial.attempt]);
    world.end(dial.attempt, None);
    assert_eq!(world.outcome(), Outcome::Answered);
}

#[test]
fn a_flow_that_rings_and_does_not_answer_is_given_up_and_counts_as_an_abandonment() {
    let mut world = World::new();
    world.tenant(|t| t.compliance.abandon_after = Some(secs(2)));
    let mut settings = settings(Mode::Concurrency);
    settings.answer_wait = secs(20);
    world.campaign(1, settings, 0, 2);
    world.start(1);
    let dials = world.dials();
    for dial in &dials {
        world.fact(Input::Placed(dial.attempt));
        world.answer(dial.attempt);
    }
    world.wait(secs(1));
    world.fact(Input::Joined(dials[0].attempt));
    world.wait(secs(1));
    assert_eq!(world.view(1).ledger.abandoned, 1);
    world.wait(secs(17));
    assert_eq!(world.hang_ups(), []);
    world.wait(secs(1));
    assert_eq!(world.hang_ups(), [dials[1].attempt]);
    world.end(dials[1].attempt, None);
    assert_eq!(world.outcome(), Outcome::Abandoned);
    let ledger = world.view(1).ledger;
    assert_eq!((ledger.live, ledger.abandoned), (2, 1));
    // Nothing is said against a conversation.
    world.wait(secs(3_600));
    assert_eq!(world.hang_ups(), []);
}

#[test]
fn a_flow_has_a_moment_to_answer_where_callees_do_not_wait_for_agents() {
    let mut world = World::new();
    let mut settings = settings(Mode::Concurrency);
    settings.answer_wait = secs(0);
    world.campaign(1, settings, 0, 1);
    world.start(1);
    let dial = world.dial();
    world.answer(dial.attempt);
    world.wait(secs(4));
    assert_eq!(world.hang_ups(), []);
    world.wait(secs(1));
    assert_eq!(world.hang_ups(), [dial.attempt]);
    assert_eq!(world.view(1).ledger.abandoned, 1);
}

#[test]
fn a_rate_is_spread_evenly() {
    let mut world = World::new();
    let mode = Mode::Rate {
        calls: 6,
        interval: secs(60),
    };
    world.campaign(1, settings(mode), 0, 100);
    world.start(1);
    assert_eq!(world.dials().len(), 1);
    world.wait(secs(9));
    assert_eq!(world.dials().len(), 0);
    assert_eq!(world.refusals(1), ["slot"]);
    world.wait(secs(51));
    assert_eq!(world.dials().len(), 6);
}

#[test]
fn the_calls_of_a_tick_are_spread_evenly_within_it() {
    // The ticks of an outbound IVR: 3 calls in 3 s, 10 in 5 s (6 a tick), 10 in 7 s (5), 2 in 5 s (2), and
    // 4 in 2 s, whose tick is shorter.
    for (calls, tick) in [(3, 3_000), (6, 3_000), (5, 3_000), (2, 3_000), (4, 2_000)] {
        let mut world = World::new();
        let mode = Mode::Rate {
            calls,
            interval: Duration::from_millis(tick),
        };
        world.campaign(1, settings(mode), 0, 100);
        world.start(1);
        let begin = world.now;
        let mut placed: Vec<i64> = vec![0; world.dials().len()];
        for at in 1..10 * tick {
            world.wait(Duration::from_millis(1));
            assert_eq!((world.now.millis() - begin.millis()).unsigned_abs(), at);
            placed.extend(world.dials().iter().map(|_| at as i64));
        }
        assert_eq!(placed.len(), 10 * calls as usize, "{calls} in {tick} ms");
        for number in 0..10 {
            let of_tick = placed.iter().filter(|&&at| at / tick as i64 == number);
            assert_eq!(of_tick.count(), calls as usize, "tick {number}");
        }
        let even = tick as i64 / i64::from(calls);
        let rests = placed.windows(2).map(|two| two[1] - two[0]);
        assert!(
            rests.clone().all(|rest| (even..=even + 1).contains(&rest)),
            "{placed:?}"
        );
    }
}

#[test]
fn the_list_is_loaded_in_windows() {
    let mut world = World::new();
    let mut settings = settings(Mode::Concurrency);
    settings.max_calls = Some(100);
    world.campaign(1, settings, 0, 5_000);
    world.start(1);
    let mut called = 0;
    loop {
        let dials = world.dials();
        if dials.is_empty() {
            break;
        }
        called += dials.len();
        for dial in dials {
            world.fact(Input::Placed(dial.attempt));
            world.end(dial.attempt, Some(480));
        }
    }
    assert_eq!(called, 5_000);
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::ListDone));
    let loads = world.take(|order| matches!(order, Output::LoadContacts { .. }).then_some(()));
    assert!((5..=20).contains(&loads.len()), "{}", loads.len());
}
