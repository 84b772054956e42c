//! Preview, preempted, and a flow before the agents.

#![allow(clippy::unwrap_used)]

mod world;

use outdial_domain::*;
use outdial_engine::input::{Input, OfferId};
use outdial_engine::output::{Offer, Output};
use world::*;

fn offers(world: &mut World) -> Vec<Offer> {
    world.take(|order| match order {
        Output::Offered(offer) => Some(*offer),
        _ => None,
    })
}

fn preview(rules: PreviewRules, agents: u32) -> World {
    let mut world = World::new();
    world.campaign(1, settings(Mode::Preview(rules)), 0, 10);
    world.ready_agents(1, agents);
    world.start(1);
    world
}

#[test]
fn an_agent_takes_an_offered_contact_and_it_is_dialed() {
    let mut world = preview(PreviewRules::default(), 1);
    let offer = offers(&mut world)[0];
    assert_eq!(world.dials(), []);
    assert_eq!(world.agent_state(1), AgentState::Reserved);
    assert_eq!(world.engine.offers(agent_id(1)), [offer]);
    world.fact(Input::OfferAccepted(offer.id));
    let dial = world.dial();
    assert_eq!(
        (dial.contact, dial.agent),
        (offer.contact, Some(agent_id(1)))
    );
    world.answer(dial.attempt);
    world.end(dial.attempt, None);
    assert_eq!(offers(&mut world).len(), 1);
}

#[test]
fn a_contact_that_is_left_rests_and_one_whose_time_is_over_is_offered_again() {
    let mut world = preview(PreviewRules::default(), 1);
    let first = offers(&mut world)[0];
    world.fact(Input::OfferSkipped(first.id));
    let second = offers(&mut world)[0];
    assert_ne!(second.contact, first.contact);
    world.wait(secs(60));
    let third = offers(&mut world).pop().unwrap();
    assert!([first.contact, second.contact].contains(&third.contact));
    world.fact(Input::OfferAccepted(second.id));
    assert_eq!(world.engine.counters().unknown, 1);
    assert_eq!(world.dials(), []);
    world.fact(Input::OfferAccepted(OfferId(0)));
}

#[test]
fn an_offer_that_is_held_is_dialed_by_itself() {
    let rules = PreviewRules {
        dial_after: Some(secs(10)),
        ..PreviewRules::default()
    };
    let mut world = preview(rules, 1);
    world.wait(secs(9));
    assert_eq!(world.dials(), []);
    world.wait(secs(1));
    assert_eq!(world.dials().len(), 1);
}

#[test]
fn a_break_after_the_call_begins_when_the_offer_ends_without_one() {
    let mut world = preview(PreviewRules::default(), 1);
    world.wish(1, WishedState::Break, BreakTime::AfterCall);
    assert_eq!(world.agent_state(1), AgentState::Reserved);
    world.wait(secs(60));
    assert_eq!(world.agent_state(1), AgentState::Break);
}

#[test]
fn offers_are_made_in_rounds() {
    let rules = PreviewRules {
        every: secs(60),
        offers: 2,
        ..PreviewRules::default()
    };
    let mut world = preview(rules, 5);
    assert_eq!(offers(&mut world).len(), 2);
    world.wait(secs(30));
    assert_eq!(offers(&mut world).len(), 0);
    world.wait(secs(30));
    assert_eq!(offers(&mut world).len(), 2);
}

/// A round each 3 s (`failInterval`), two records a round (`obCallCount`), dialed after 5 s
/// (`autoCallTime`), withdrawn after 9 s (`maxAlertingTime`).
const VENDORS: PreviewRules = PreviewRules {
    every: secs(3),
    offers: 2,
    dial_after: Some(secs(5)),
    offer: secs(9),
};

#[test]
fn rounds_and_times_of_a_previewed_campaign_hold_together() {
    let mut world = World::new();
    let mut settings = settings(Mode::Preview(VENDORS));
    settings.ring_timeout = secs(9);
    world.campaign(1, settings, 0, 10);
    world.ready_agents(1, 5);
    world.start(1);
    let mut offered = vec![offers(&mut world).len()];
    let mut dialed = Vec::new();
    let mut calls = Vec::new();
    for second in 1..=12 {
        world.wait(secs(1));
        offered.push(offers(&mut world).len());
        for dial in world.dials() {
            world.fact(Input::Placed(dial.attempt));
            dialed.push(second);
            calls.push(dial.attempt);
        }
    }
    // Two at once, two after three seconds, and one for the fifth agent; each is dialed 5 s later.
    assert_eq!(offered[..=6], [2, 0, 0, 2, 0, 0, 1]);
    assert_eq!(dialed, [5, 5, 8, 8, 11]);
    // The customer's phone rings for as long, from its first sign of ringing.
    world.cancels();
    world.rings(calls[4]);
    world.wait(secs(8));
    assert!(!world.cancels().contains(&calls[4]));
    world.wait(secs(1));
    assert!(world.cancels().contains(&calls[4]));
}

#[test]
fn a_record_that_is_not_dialed_in_time_returns_without_an_attempt() {
    // Halted: an offer that is held cannot be dialed by itself.
    let mut world = World::new();
    world.campaign(1, settings(Mode::Preview(VENDORS)), 0, 10);
    world.ready_agents(1, 1);
    world.start(1);
    let offer = offers(&mut world).remove(0);
    world.fact(Input::Halted {
        scope: outdial_engine::input::HaltScope::Tenant,
        reason: "a test".to_owned(),
    });
    world.wait(secs(9));
    assert_eq!(world.dials(), []);
    assert_eq!(world.engine.offers(agent_id(1)), []);
    assert_eq!(world.open_contacts(1), 10, "no attempt is counted");
    world.fact(Input::HaltReleased(
        outdial_engine::input::HaltScope::Tenant,
    ));
    world.wait(secs(3));
    let next = offers(&mut world).remove(0);
    assert_ne!(next.contact, offer.contact, "it is at the end of the list");
}

#[test]
fn a_pause_takes_offers_back() {
    let mut world = preview(PreviewRules::default(), 1);
    world.command(1, LifeCycleCommand::Pause).unwrap();
    assert_eq!(world.engine.offers(agent_id(1)), []);
    assert_eq!(world.agent_state(1), AgentState::Idle);
    assert_eq!(world.open_contacts(1), 10);
}

#[test]
fn a_preempted_agent_hears_the_progress() {
    let mut world = World::new();
    world.campaign(1, settings(Mode::Preempted), 0, 1);
    world.ready_agents(1, 1);
    world.start(1);
    let dial = world.dial();
    let listens = world.take(|order| match order {
        Output::Listen { attempt, agent } => Some((*attempt, *agent)),
        _ => None,
    });
    assert_eq!(listens, [(dial.attempt, agent_id(1))]);
    world.answer(dial.attempt);
    assert_eq!(world.agent_state(1), AgentState::Talking);
}

fn flow_first() -> (World, AttemptId) {
    let mut world = World::new();
    let mut settings = settings(Mode::Ratio(Ratio::ONE));
    settings.flow_first = Some(Target::Flow(FLOW));
    world.campaign(1, settings, 0, 1);
    world.ready_agents(1, 1);
    world.start(1);
    let attempt = world.dial().attempt;
    world.fact(Input::Answered(attempt));
    let flows = world.take(|o| matches!(o, Output::CallFlow { .. }).then_some(()));
    assert_eq!(flows.len(), 1);
    world.fact(Input::Joined(attempt));
    (world, attempt)
}

#[test]
fn a_flow_hands_the_callee_back_to_the_queue_where_the_ledger_counts() {
    let (mut world, attempt) = flow_first();
    assert_eq!(world.view(1).ledger.live, 0);
    world.fact(Input::HandedBack(attempt));
    assert_eq!(world.joins(), [(attempt, agent_id(1))]);
    world.fact(Input::Joined(attempt));
    assert_eq!(world.view(1).ledger.live, 1);
    world.end(attempt, None);
    assert_eq!(world.outcome(), Outcome::Answered);
}

#[test]
fn a_callee_who_is_handed_back_to_nobody_is_abandoned() {
    let (mut world, attempt) = flow_first();
    world.wish(1, WishedState::Break, BreakTime::Now);
    world.fact(Input::HandedBack(attempt));
    world.wait(secs(2));
    assert_eq!(world.hang_ups(), [attempt]);
    world.end(attempt, None);
    assert_eq!(world.outcome(), Outcome::Abandoned);
    assert_eq!(world.view(1).ledger.abandoned, 1);
}

#[test]
fn a_callee_who_hangs_up_in_the_flow_does_not_count() {
    let (mut world, attempt) = flow_first();
    world.end(attempt, None);
    assert_eq!(world.outcome(), Outcome::Answered);
    assert_eq!(world.view(1).ledger.live, 0);
}

#[test]
fn machines_are_not_live_answers_marked_in_the_call_or_in_its_wrap_up() {
    let mut world = World::new();
    let mut settings = settings(Mode::Progressive);
    settings.wrap_up = secs(10);
    world.campaign(1, settings, 0, 2);
    world.ready_agents(1, 1);
    world.start(1);
    let first = world.dial();
    world.answer(first.attempt);
    world.fact(Input::MarkedAsMachine(first.attempt));
    assert_eq!(world.view(1).ledger.live, 0);
    world.end(first.attempt, None);
    assert_eq!(world.outcome(), Outcome::Machine);
    world.wait(secs(10));
    let second = world.dial();
    world.answer(second.attempt);
    world.end(second.attempt, None);
    assert_eq!(world.view(1).ledger.live, 1);
    world.fact(Input::MarkedAsMachine(second.attempt));
    world.fact(Input::MarkedAsMachine(second.attempt));
    assert_eq!(world.view(1).ledger.live, 0);
}
