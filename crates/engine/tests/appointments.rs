//! Reserved calls: offered or dialed at their time, before fresh contacts, and within every limit.

#![allow(clippy::unwrap_used)]

mod world;

use outdial_domain::*;
use outdial_engine::input::*;
use outdial_engine::output::{Offer, Output};
use world::*;

const MINUTE: u64 = 60;

fn appointment(world: &World, id: u64, kind: AppointmentKind, contact: u64) -> AppointmentRules {
    AppointmentRules {
        id: AppointmentId::new(id),
        revision: 1,
        kind,
        campaign: campaign_id(1),
        contact: ContactId::new(contact),
        number: number(100_000 + contact),
        agent: (kind == AppointmentKind::Manual).then(|| agent_id(1)),
        skill_group: None,
        caller_id: None,
        due_at: world.now + secs(MINUTE),
        valid_until: world.now + secs(11 * MINUTE),
    }
}

fn manual(world: &World, id: u64, contact: u64) -> AppointmentRules {
    appointment(world, id, AppointmentKind::Manual, contact)
}

fn automatic(world: &World, id: u64, contact: u64) -> AppointmentRules {
    appointment(world, id, AppointmentKind::Automatic, contact)
}

/// A paused campaign of ten contacts, and two agents.
fn world(mode: Mode) -> World {
    let mut world = World::new();
    for n in 0..10 {
        world.store_contact(1, n, |_| ());
    }
    world.load(1, settings(mode), CampaignState::Paused);
    world.ready_agents(1, 2);
    world.orders.clear();
    world
}

fn offers(world: &mut World) -> Vec<Offer> {
    world.take(|order| match order {
        Output::Offered(offer) => Some(*offer),
        _ => None,
    })
}

fn ends(world: &mut World) -> Vec<AppointmentState> {
    world.take(|order| match order {
        Output::AppointmentEnded { state, .. } => Some(*state),
        _ => None,
    })
}

fn sound(world: &World) {
    assert_eq!(world.engine.inconsistencies(), Vec::<String>::new());
}

#[test]
fn a_manual_one_is_offered_to_its_agent_at_its_time_and_called_when_accepted() {
    let mut world = world(Mode::Concurrency);
    world.fact(Input::AppointmentSet(manual(&world, 7, 9)));
    world.wait(secs(59));
    assert_eq!(offers(&mut world), []);
    world.wait(secs(1));
    let offer = offers(&mut world)[0];
    assert_eq!(offer.appointment, Some(AppointmentId::new(7)));
    assert_eq!(
        (offer.agent, offer.contact),
        (agent_id(1), ContactId::new(9))
    );
    assert_eq!(offer.ends_at, world.now + secs(10 * MINUTE));
    assert_eq!(world.agent_state(1), AgentState::Reserved);
    sound(&world);
    world.fact(Input::OfferAccepted(offer.id));
    let dial = world.dial();
    assert_eq!(dial.appointment, Some(AppointmentId::new(7)));
    assert_eq!(
        (dial.agent, dial.number),
        (Some(agent_id(1)), number(100_009))
    );
    sound(&world);
    world.answer(dial.attempt);
    assert_eq!(world.agent_state(1), AgentState::Talking);
    world.end(dial.attempt, None);
    assert_eq!(world.outcome(), Outcome::Answered);
    assert_eq!(world.agent_state(1), AgentState::Idle);
    sound(&world);
}

#[test]
fn one_that_is_skipped_or_not_taken_in_time_is_over_and_its_contact_is_where_it_was() {
    let mut world = world(Mode::Concurrency);
    world.fact(Input::AppointmentSet(manual(&world, 7, 9)));
    world.wait(secs(MINUTE));
    let offer = offers(&mut world)[0];
    world.fact(Input::OfferSkipped(offer.id));
    assert_eq!(ends(&mut world), [AppointmentState::Skipped]);
    assert_eq!(
        world.contacts[&ContactId::new(9)].place,
        ContactPlace::Fresh
    );
    // What the store still shows of it changes nothing.
    let old = manual(&world, 7, 9);
    world.fact(Input::AppointmentSet(old));
    world.wait(secs(2 * MINUTE));
    assert_eq!(offers(&mut world), []);

    world.fact(Input::AppointmentSet(manual(&world, 8, 8)));
    world.wait(secs(11 * MINUTE - 1));
    assert_eq!(offers(&mut world).len(), 1);
    assert_eq!(ends(&mut world), []);
    world.wait(secs(1));
    assert_eq!(ends(&mut world), [AppointmentState::TimedOut]);
    assert_eq!(world.agent_state(1), AgentState::Idle);
    assert_eq!(
        world.contacts[&ContactId::new(8)].place,
        ContactPlace::Fresh
    );
    sound(&world);
}

#[test]
fn one_waits_for_its_agent() {
    let mut world = world(Mode::Concurrency);
    world.wish(1, WishedState::Break, BreakTime::Now);
    world.fact(Input::AppointmentSet(manual(&world, 7, 9)));
    world.wait(secs(5 * MINUTE));
    assert_eq!(offers(&mut world), []);
    sound(&world);
    world.wish(1, WishedState::Ready, BreakTime::Now);
    let offer = offers(&mut world)[0];
    // The agent leaves: it waits again.
    world.wish(1, WishedState::Break, BreakTime::Now);
    assert_eq!(world.engine.offer(offer.id), None);
    sound(&world);
    world.wish(1, WishedState::Ready, BreakTime::Now);
    assert_eq!(offers(&mut world).len(), 1);
}

#[test]
fn moving_an_appointment_moves_its_offer() {
    let mut world = world(Mode::Concurrency);
    let mut rules = manual(&world, 7, 9);
    world.fact(Input::AppointmentSet(rules.clone()));
    world.wait(secs(MINUTE));
    let first = offers(&mut world)[0];
    rules.revision = 2;
    rules.agent = Some(agent_id(2));
    rules.due_at = world.now + secs(30);
    world.fact(Input::AppointmentSet(rules));
    assert_eq!(world.engine.offer(first.id), None);
    assert_eq!(world.agent_state(1), AgentState::Idle);
    sound(&world);
    world.wait(secs(29));
    assert_eq!(offers(&mut world), []);
    world.wait(secs(1));
    assert_eq!(offers(&mut world)[0].agent, agent_id(2));
    let (appointment, revision) = (AppointmentId::new(7), 3);
    world.fact(Input::AppointmentGone {
        appointment,
        revision,
    });
    assert_eq!(world.agent_state(2), AgentState::Idle);
    assert_eq!(
        world.contacts[&ContactId::new(9)].place,
        ContactPlace::Fresh
    );
    sound(&world);
}

#[test]
fn nothing_is_left_of_the_time_from_which_an_appointment_was_moved() {
    let mut world = world(Mode::Concurrency);
    let mut rules = manual(&world, 7, 9);
    let first = rules.due_at;
    world.fact(Input::AppointmentSet(rules.clone()));
    assert_eq!(world.wake_at, Some(first));
    rules.revision = 2;
    rules.due_at = first + secs(90);
    world.fact(Input::AppointmentSet(rules.clone()));
    // It is not looked at again and again from its old time on, but once, just at the new one.
    world.wait(secs(2 * MINUTE));
    assert_eq!(world.wake_at, Some(rules.due_at));
    world.wait(rules.due_at.since(world.now));
    assert_eq!(offers(&mut world).len(), 1);
    sound(&world);
}

#[test]
fn an_automatic_one_is_dialed_at_its_time_though_the_campaign_is_paused() {
    let mut world = world(Mode::Concurrency);
    world.fact(Input::AppointmentSet(automatic(&world, 7, 9)));
    world.wait(secs(59));
    assert_eq!(world.dials(), []);
    world.wait(secs(1));
    let dial = world.dial();
    assert_eq!(
        (dial.agent, dial.appointment),
        (None, Some(AppointmentId::new(7)))
    );
    world.fact(Input::Answered(dial.attempt));
    let flows = |o: &Output| matches!(o, Output::CallFlow { .. }).then_some(());
    assert_eq!(world.take(flows).len(), 1);
    sound(&world);
    world.end(dial.attempt, None);
    world.wait(secs(MINUTE));
    assert_eq!(world.dials(), []);
    sound(&world);
}

#[test]
fn an_automatic_one_for_agents_is_dialed_when_one_is_bound() {
    let mut world = world(Mode::Progressive);
    for n in [1, 2] {
        world.wish(n, WishedState::Break, BreakTime::Now);
    }
    world.agent(3, &[GROUP], Connection::PerCall);
    world.fact(Input::AppointmentSet(automatic(&world, 7, 9)));
    world.wait(secs(2 * MINUTE));
    assert_eq!(world.dials(), []);
    world.wish(3, WishedState::Ready, BreakTime::Now);
    let called = |o: &Output| matches!(o, Output::CallAgent(_)).then_some(());
    assert_eq!(world.take(called).len(), 1);
    assert_eq!(world.dials(), []);
    sound(&world);
    world.fact(Input::AgentLegUp(agent_id(3)));
    let dial = world.dial();
    assert_eq!(dial.agent, Some(agent_id(3)));
    world.answer(dial.attempt);
    assert_eq!(world.agent_state(3), AgentState::Talking);
    sound(&world);
}

#[test]
fn it_goes_before_fresh_contacts_and_within_the_lines() {
    let mut world = World::new();
    world.permit("carrier", 1, None);
    world.campaign(1, settings(Mode::Concurrency), 0, 10);
    world.start(1);
    let busy = world.dial();
    let mut rules = automatic(&world, 7, 9);
    rules.due_at = world.now;
    world.fact(Input::AppointmentSet(rules));
    assert_eq!(world.dials(), []);
    sound(&world);
    world.end(busy.attempt, Some(486));
    let dial = world.dial();
    assert_eq!(dial.contact, ContactId::new(9));
    assert_eq!(dial.appointment, Some(AppointmentId::new(7)));
    sound(&world);
}

#[test]
fn it_obeys_do_not_call_halts_caps_and_the_campaigns_end() {
    let mut world = world(Mode::Concurrency);
    let due = |world: &World, id, contact| AppointmentRules {
        due_at: world.now,
        ..automatic(world, id, contact)
    };
    world.list(number(100_009), None);
    world.fact(Input::AppointmentSet(due(&world, 1, 9)));
    assert_eq!(ends(&mut world), [AppointmentState::DoNotCall]);
    assert_eq!(
        world.contacts[&ContactId::new(9)].place,
        ContactPlace::Fresh
    );

    let scope = HaltScope::Campaign(campaign_id(1));
    let reason = String::new();
    world.fact(Input::Halted { scope, reason });
    world.fact(Input::AppointmentSet(due(&world, 2, 8)));
    world.wait(secs(10));
    assert_eq!(world.dials(), []);
    world.fact(Input::HaltReleased(scope));
    world.wait(secs(2));
    let dial = world.dial();
    world.end(dial.attempt, Some(486));

    world.tenant(|t| t.compliance.calls_per_number_per_day = Some(1));
    world.store_contact(1, 20, |c| c.number_calls_today = 1);
    world.fact(Input::AppointmentSet(due(&world, 3, 20)));
    world.wait(secs(MINUTE));
    assert_eq!(world.dials(), []);
    world.command(1, LifeCycleCommand::Abort).unwrap();
    assert_eq!(ends(&mut world), [AppointmentState::CampaignOver]);
    assert_eq!(world.dials(), []);
}

#[test]
fn a_final_contact_is_called_and_is_final_again() {
    let mut world = World::new();
    let mut settings = settings(Mode::Concurrency);
    settings.retry.attempts_total = 1;
    world.campaign(1, settings, 0, 1);
    world.start(1);
    let dial = world.dial();
    world.answer(dial.attempt);
    world.end(dial.attempt, None);
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::ListDone));
    for id in [1, 2] {
        let rules = automatic(&world, id, 0);
        world.fact(Input::AppointmentSet(rules));
        world.wait(secs(MINUTE));
        let dial = world.dial();
        sound(&world);
        world.end(dial.attempt, Some(486));
        assert_eq!(world.contacts[&ContactId::new(0)].place, ContactPlace::Done);
        sound(&world);
    }
}

#[test]
fn one_that_could_not_be_committed_is_tried_again() {
    let mut world = world(Mode::Concurrency);
    world.fact(Input::AppointmentSet(automatic(&world, 7, 9)));
    world.wait(secs(MINUTE));
    let dial = world.dials().remove(0);
    world.fact(Input::NotPlaced(dial.attempt));
    sound(&world);
    world.wait(secs(5));
    let again = world.dial();
    assert_eq!(again.appointment, dial.appointment);
    assert_ne!(again.attempt, dial.attempt);
    sound(&world);
}

#[test]
fn one_that_is_refused_for_good_is_tried_less_and_less_until_its_end() {
    let mut world = world(Mode::Concurrency);
    world.fact(Input::AppointmentSet(automatic(&world, 7, 9)));
    let mut tries = Vec::new();
    // Its time comes after a minute, and ends ten minutes later.
    for second in 0..(12 * MINUTE) {
        world.wait(secs(1));
        for dial in world.dials() {
            tries.push(second);
            world.fact(Input::NeverPlaced(dial.attempt));
            sound(&world);
        }
    }
    assert!((8..=20).contains(&tries.len()), "{tries:?}");
    let rests: Vec<u64> = tries.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(rests.is_sorted(), "{rests:?}");
    assert!(rests.last().unwrap() >= &60, "{rests:?}");
    assert_eq!(ends(&mut world), [AppointmentState::TimedOut]);
    sound(&world);
    // Its contact is free again.
    world.fact(Input::AppointmentSet(automatic(&world, 8, 9)));
    world.wait(secs(2 * MINUTE));
    assert_eq!(world.dial().appointment, Some(AppointmentId::new(8)));
    sound(&world);
}

#[test]
fn a_contact_that_is_in_a_call_is_waited_for() {
    let mut world = World::new();
    let mut settings = settings(Mode::Concurrency);
    settings.retry.attempts_total = 3;
    settings.retry.interval = secs(600);
    world.campaign(1, settings, 0, 1);
    world.start(1);
    let dial = world.dial();
    let mut rules = automatic(&world, 7, 0);
    rules.due_at = world.now;
    world.fact(Input::AppointmentSet(rules));
    world.wait(secs(10));
    assert_eq!(world.dials(), []);
    sound(&world);
    world.end(dial.attempt, Some(486));
    world.wait(secs(2));
    let reserved = world.dial();
    assert_eq!(reserved.appointment, Some(AppointmentId::new(7)));
    world.end(reserved.attempt, Some(486));
    assert_eq!(world.last_end().contact.history.attempts, 2);
}

#[test]
fn a_snapshot_keeps_appointments() {
    let mut world = world(Mode::Concurrency);
    world.fact(Input::AppointmentSet(automatic(&world, 7, 9)));
    let bytes = world.engine.snapshot();
    world.engine = outdial_engine::Engine::restore(&bytes).unwrap();
    world.wait(secs(MINUTE));
    assert_eq!(world.dial().appointment, Some(AppointmentId::new(7)));
}
