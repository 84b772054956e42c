//! Trunks that fail: out and back, and the breaker that guards a list from a wrong prefix.

#![allow(clippy::unwrap_used)]

mod world;

use outdial_domain::*;
use outdial_engine::input::*;
use outdial_engine::output::{Output, TrunkHealth};
use world::*;

fn world(contacts: u64) -> World {
    let mut world = World::new();
    let mut settings = settings(Mode::Concurrency);
    settings.max_calls = Some(1);
    world.campaign(1, settings, 0, contacts);
    world.start(1);
    world
}

fn dead_port(world: &mut World, attempt: AttemptId) {
    world.fact(Input::Ended {
        attempt,
        evidence: Evidence {
            local: Some(LocalFailure::Transport),
            ..Evidence::default()
        },
    });
}

fn health(world: &World) -> TrunkHealth {
    world.engine.trunks()[0].health
}

#[test]
fn ten_dead_calls_take_a_trunk_out_and_a_trial_that_works_brings_it_back() {
    let mut world = world(50);
    for _ in 0..10 {
        let dial = world.dial();
        dead_port(&mut world, dial.attempt);
    }
    assert_eq!(health(&world), TrunkHealth::Out);
    assert_eq!(world.dials(), []);
    let because = &world.view(1).not_dialing_because[0];
    assert_eq!(because.code, "trunk_out");
    assert_eq!(because.until, Some(world.now + secs(30)));

    world.wait(secs(30));
    let trial = world.dial();
    dead_port(&mut world, trial.attempt);
    assert_eq!(world.last_end().contact.history.line_failures, 0);
    world.wait(secs(29));
    assert_eq!(world.dials(), []);
    world.wait(secs(1));
    let trial = world.dial();
    world.rings(trial.attempt);
    assert_eq!(health(&world), TrunkHealth::Up);
    world.end(trial.attempt, Some(486));
    assert_eq!(world.dials().len(), 1);
    assert_eq!(world.open_contacts(1), 49);
}

#[test]
fn one_contact_that_fails_three_times_while_nothing_else_works_takes_the_trunk_out() {
    let mut world = world(1);
    for _ in 0..3 {
        let dial = world.dial();
        dead_port(&mut world, dial.attempt);
        world.wait(secs(30));
    }
    assert_eq!(world.state(1), CampaignState::Running);
    assert_eq!(world.open_contacts(1), 1);
    assert!(
        world
            .ended
            .iter()
            .all(|end| end.contact.place != ContactPlace::Done)
    );
    let changed = world.take(|order| match order {
        Output::TrunkChanged { health, .. } => Some(*health),
        _ => None,
    });
    assert_eq!(changed, [TrunkHealth::Out]);
    // Trials go on, and one that works ends the campaign.
    world.wait(secs(40));
    let trial = world.dials().pop().unwrap();
    world.end(trial.attempt, Some(486));
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::ListDone));
}

#[test]
fn one_contact_that_fails_three_times_while_others_work_is_final_as_failed() {
    let mut world = world(10);
    for _ in 0..3 {
        let bad = world.dial();
        assert_eq!(bad.contact, ContactId::new(0));
        dead_port(&mut world, bad.attempt);
        let other = world.dial();
        world.rings(other.attempt);
        world.wait(secs(29));
        world.end(other.attempt, Some(486));
        for dial in world.dials() {
            world.fact(Input::Placed(dial.attempt));
            world.rings(dial.attempt);
            world.wait(secs(1));
            world.end(dial.attempt, Some(486));
        }
    }
    let last = world
        .ended
        .iter()
        .rev()
        .find(|e| e.contact.contact.number() == 0)
        .unwrap();
    assert_eq!(last.contact.place, ContactPlace::Done);
    assert_eq!(last.contact.last_outcome, Some(Outcome::Failed));
    assert_eq!(last.attempt.outcome, Some(Outcome::NetworkError));
}

#[test]
fn a_probe_that_is_not_answered_only_warns() {
    let mut world = world(5);
    world.fact(Input::TrunkProbed {
        trunk: trunk_name(),
        answered: false,
    });
    assert_eq!(health(&world), TrunkHealth::Doubtful);
    let dial = world.dial();
    world.end(dial.attempt, Some(486));
    assert_eq!(health(&world), TrunkHealth::Up);
    assert_eq!(world.dials().len(), 1);
}

/// Dials until the breaker opens; every call gets a 404. Gives the number of calls.
fn until_open(world: &mut World) -> u64 {
    for calls in 1..=100 {
        let Some(dial) = world.dials().pop() else {
            return calls - 1;
        };
        world.fact(Input::Placed(dial.attempt));
        world.end(dial.attempt, Some(404));
    }
    panic!("the breaker never opened");
}

#[test]
fn a_burst_of_404_opens_the_breaker_within_30_calls_and_no_contact_is_final_by_it() {
    let mut world = world(1_000);
    // First a list that is bad in the usual way: three tenths are dead.
    for n in 0..500 {
        let dial = world.dial();
        let status = if n % 10 < 3 { 404 } else { 486 };
        world.end(dial.attempt, Some(status));
    }
    let done = world.open_contacts(1);
    assert_eq!(done, 500);
    let calls = until_open(&mut world);
    assert!(calls <= 30, "{calls}");
    assert_eq!(world.open_contacts(1), 500 - before_change(&world));
    let because = &world.view(1).not_dialing_because[0];
    assert_eq!(because.code, "breaker");
    let suspects = world.engine.trunks()[0].breakers[0].suspects;
    assert!(
        because.words.contains(&format!("{suspects} results")),
        "{}",
        because.words
    );
    let opened = world.take(|order| match order {
        Output::BreakerOpened(state) => Some(state.clone()),
        _ => None,
    });
    assert_eq!(opened[0].suspects.len(), suspects);

    // Lifted, the suspects are called again; the trunk is well now.
    world.fact(Input::BreakerLifted {
        trunk: trunk_name(),
        suspects: Suspects::Retry,
    });
    while let Some(dial) = world.dials().pop() {
        world.end(dial.attempt, Some(486));
    }
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::ListDone));
}

/// Bad results of the burst that stand, because the detector dates the change later.
fn before_change(world: &World) -> u64 {
    let final_404 = world.contacts.values().filter(|stored| {
        stored.place == ContactPlace::Done && stored.last_outcome == Some(Outcome::Invalid)
    });
    (final_404.count() as u64).saturating_sub(150)
}

#[test]
fn calls_in_flight_when_the_breaker_opens_are_suspect_as_well() {
    let mut world = World::new();
    let mut settings = settings(Mode::Concurrency);
    settings.max_calls = Some(60);
    world.campaign(1, settings, 0, 100);
    world.start(1);
    let dials = world.dials();
    for dial in &dials {
        world.fact(Input::Placed(dial.attempt));
        world.end(dial.attempt, Some(404));
    }
    assert_eq!(world.open_contacts(1), 100);
    let breakers = &world.engine.trunks()[0].breakers;
    assert_eq!(breakers[0].suspects, 60);
    // After a restart they must be suspect as well: what is stored grows with them.
    world.wait(secs(1));
    let stored = world.take(|order| match order {
        Output::BreakerOpened(state) | Output::BreakerGrew(state) => Some(state.suspects.len()),
        _ => None,
    });
    assert_eq!(stored.len(), 2);
    assert_eq!(stored[1], 60);
}

#[test]
fn a_suspect_contact_whose_agent_is_being_called_gets_its_history_back() {
    let mut world = World::new();
    let mut preview = settings(Mode::Preview(PreviewRules::default()));
    preview.retry.attempts_total = 2;
    world.load(1, preview, CampaignState::Draft);
    world.store_contact(1, 7, |c| c.numbers.push(number(200_000)));
    world.agent(1, &[GROUP], Connection::PerCall);
    world.wish(1, WishedState::Ready, BreakTime::Now);
    world.start(1);
    let accept = |world: &mut World| {
        let offers = world.take(|order| match order {
            Output::Offered(offer) => Some(offer.id),
            _ => None,
        });
        world.fact(Input::OfferAccepted(offers[0]));
    };
    accept(&mut world);
    world.fact(Input::AgentLegUp(agent_id(1)));
    let dial = world.dial();
    world.end(dial.attempt, Some(404));
    let (agent, why) = (agent_id(1), outdial_engine::input::LegEnd::ByUs);
    world.fact(Input::AgentLegDown { agent, why });
    world.wait(secs(1));
    // The second number is to be called, as soon as the agent's phone is up; then the breaker opens.
    accept(&mut world);
    let mut flow = settings(Mode::Concurrency);
    flow.max_calls = Some(1);
    world.campaign(2, flow, 1_000, 50);
    world.start(2);
    until_open(&mut world);
    world.fact(Input::AgentLegUp(agent_id(1)));
    assert_eq!(world.dials(), []);
    world.fact(Input::BreakerLifted {
        trunk: trunk_name(),
        suspects: Suspects::Retry,
    });
    world.command(1, LifeCycleCommand::Pause).unwrap();
    assert_eq!(world.contacts[&dial.contact].contact.history.dialed, 0);
}

#[test]
fn a_list_that_was_done_by_suspect_results_runs_again_and_keep_ends_it() {
    let mut world = world(24);
    let calls = until_open_or_done(&mut world);
    assert_eq!(calls, 24);
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::ListDone));
    // A second campaign with the same caller ID brings the burst to light.
    let mut settings = settings(Mode::Concurrency);
    settings.max_calls = Some(1);
    world.campaign(2, settings, 1_000, 50);
    world.start(2);
    until_open(&mut world);
    assert_eq!(world.state(1), CampaignState::Running);
    assert_eq!(world.open_contacts(1), 24);
    assert_eq!(world.view(1).open_contacts, 24);
    world.fact(Input::BreakerLifted {
        trunk: trunk_name(),
        suspects: Suspects::Keep,
    });
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::ListDone));
    assert_eq!(world.open_contacts(1), 0);
}

#[test]
fn who_was_reached_another_way_is_not_called_again_for_a_breaker() {
    let mut world = World::new();
    let mut settings = settings(Mode::Concurrency);
    settings.max_calls = Some(1);
    settings.retry.attempts_total = 2;
    settings.retry.interval = secs(3_600);
    world.campaign(1, settings, 0, 60);
    world.start(1);
    let reached = world.dial();
    world.end(reached.attempt, Some(404));
    // It is retried over a second trunk, and someone is talked to.
    world.trunk("second", |t| t.weight = 1);
    world.fact(Input::Halted {
        scope: HaltScope::Tenant,
        reason: String::new(),
    });
    for dial in world.dials() {
        world.end(dial.attempt, Some(404));
    }
    world.wait(secs(3_600));
    world.permit("second", 1, None);
    world.permit("carrier", 0, None);
    world.fact(Input::HaltReleased(HaltScope::Tenant));
    let again = world.dial();
    assert_eq!(
        (again.contact, again.trunk.as_str()),
        (reached.contact, "second")
    );
    world.permit("second", 0, None);
    world.permit("carrier", 10, None);
    world.fact(Input::Answered(again.attempt));
    world.fact(Input::Joined(again.attempt));
    world.end(again.attempt, None);
    assert_eq!(world.outcome(), Outcome::Answered);
    until_open(&mut world);
    assert_eq!(world.engine.trunks()[0].breakers.len(), 1);
    assert_eq!(world.contacts[&reached.contact].place, ContactPlace::Done);
}

fn until_open_or_done(world: &mut World) -> u64 {
    let mut calls = 0;
    while let Some(dial) = world.dials().pop() {
        calls += 1;
        world.fact(Input::Placed(dial.attempt));
        world.end(dial.attempt, Some(404));
    }
    calls
}

#[test]
fn a_breaker_that_was_open_is_open_after_a_restart() {
    let mut world = World::new();
    let state = BreakerState {
        trunk: trunk_name(),
        caller_id: caller_id(),
        since: world.now,
        changed_at: world.now,
        suspects: Vec::new(),
    };
    world.fact(Input::BreakerSet(state));
    world.campaign(1, settings(Mode::Concurrency), 0, 5);
    world.start(1);
    assert_eq!(world.dials(), []);
    assert_eq!(world.refusals(1), ["breaker"]);
}
