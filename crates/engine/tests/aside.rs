//! Contacts that are held or cancelled one by one, while their campaign goes on.

#![allow(clippy::unwrap_used)]

mod world;

use outdial_domain::*;
use outdial_engine::Engine;
use outdial_engine::input::*;
use outdial_engine::output::Output;
use world::*;

/// Some contacts with a campaign that makes one call at a time.
fn world(contacts: u64) -> World {
    world_of(contacts, 3)
}

fn world_of(contacts: u64, attempts: u32) -> World {
    let mut world = World::new();
    let mut settings = settings(Mode::Concurrency);
    settings.max_calls = Some(1);
    settings.retry.attempts_total = attempts;
    settings.retry.interval = secs(60);
    world.campaign(1, settings, 0, contacts);
    world
}

fn place(world: &World, n: u64) -> ContactPlace {
    world.contacts[&ContactId::new(n)].place
}

fn ids(numbers: &[u64]) -> Vec<ContactId> {
    numbers.iter().map(|n| ContactId::new(*n)).collect()
}

#[test]
fn a_held_contact_is_passed_over_until_it_is_released() {
    let mut world = world_of(3, 1);
    world.start(1);
    let first = world.dial();
    // One waits in the window.
    world.set_aside(1, &[1], Aside::Held);
    assert_eq!(place(&world, 1), ContactPlace::Held);
    world.end(first.attempt, Some(486));
    let third = world.dial();
    assert_eq!(third.contact, ContactId::new(2));
    world.end(third.attempt, Some(486));
    world.wait(secs(100_000));
    assert_eq!(world.dials(), []);
    // It is open, so that the campaign is not done.
    assert_eq!(world.state(1), CampaignState::Running);
    world.release(1, ids(&[1]));
    assert_eq!(world.dial().contact, ContactId::new(1));
}

#[test]
fn a_campaign_whose_last_contacts_are_cancelled_is_done() {
    let mut world = world_of(3, 1);
    world.start(1);
    let first = world.dial();
    world.set_aside(1, &[1, 2], Aside::Cancelled);
    for n in [1, 2] {
        assert_eq!(place(&world, n), ContactPlace::Done);
        let stored = &world.contacts[&ContactId::new(n)];
        assert_eq!(stored.last_outcome, Some(Outcome::Cancelled));
    }
    assert_eq!(world.state(1), CampaignState::Running);
    world.end(first.attempt, Some(486));
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::ListDone));
    assert_eq!(world.engine.inconsistencies(), Vec::<String>::new());
}

#[test]
fn a_contact_in_a_call_follows_when_the_call_has_not_decided_it() {
    for (aside, status, expected) in [
        (Aside::Held, 486, ContactPlace::Held),
        (Aside::Cancelled, 486, ContactPlace::Done),
    ] {
        let mut world = world(1);
        world.start(1);
        let dial = world.dial();
        world.set_aside(1, &[0], aside);
        assert_eq!((world.cancels(), world.hang_ups()), (vec![], vec![]));
        world.end(dial.attempt, Some(status));
        assert_eq!(place(&world, 0), expected);
        world.wait(secs(600));
        assert_eq!(world.dials(), [], "{aside:?}");
        let over = world.state(1) == CampaignState::Ended(EndReason::ListDone);
        assert_eq!(over, aside == Aside::Cancelled);
    }
}

#[test]
fn a_contact_that_is_released_during_its_call_is_called_again() {
    let mut world = world(1);
    world.start(1);
    let dial = world.dial();
    world.set_aside(1, &[0], Aside::Held);
    world.release(1, ids(&[0]));
    world.end(dial.attempt, Some(486));
    world.wait(secs(61));
    assert_eq!(world.dials().len(), 1);
}

#[test]
fn what_is_cancelled_is_not_released() {
    let mut world = world(2);
    world.start(1);
    let dial = world.dial();
    world.set_aside(1, &[0, 1], Aside::Cancelled);
    world.set_aside(1, &[0, 1], Aside::Held);
    world.release(1, ids(&[0, 1]));
    world.end(dial.attempt, Some(486));
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::ListDone));
}

#[test]
fn nobody_calls_a_contact_between_the_engine_and_the_store() {
    let mut world = world(2);
    world.store_answers = false;
    world.start(1);
    let load = world.take(|order| match order {
        Output::LoadContacts { load, .. } => Some(*load),
        _ => None,
    })[0];
    let contacts: Vec<_> = world.contacts.values().map(|s| s.contact.clone()).collect();
    let asked = ids(&[0]);
    let in_hand = world.ask_aside(1, &asked, Aside::Cancelled);
    assert_eq!(in_hand, []);
    // The store was read before.
    world.fact(Input::ContactsLoaded {
        campaign: campaign_id(1),
        load,
        contacts,
        next_due: None,
        more: false,
    });
    assert_eq!(world.dial().contact, ContactId::new(1));
    world.store_aside(1, asked, &in_hand, Aside::Cancelled);
    assert_eq!(world.engine.inconsistencies(), Vec::<String>::new());
}

#[test]
fn an_offered_contact_is_not_dialed_when_accepted() {
    let mut world = World::new();
    world.campaign(1, settings(Mode::Preview(PreviewRules::default())), 0, 2);
    world.ready_agents(1, 1);
    world.start(1);
    let offers = |order: &Output| match order {
        Output::Offered(offer) => Some(*offer),
        _ => None,
    };
    let offer = world.take(offers)[0];
    world.set_aside(1, &[0], Aside::Held);
    world.fact(Input::OfferAccepted(offer.id));
    assert_eq!(world.dials(), []);
    assert_eq!(place(&world, 0), ContactPlace::Held);
    assert_eq!(world.take(offers)[0].contact, ContactId::new(1));
}

#[test]
fn a_snapshot_remembers_what_is_to_become_of_a_contact_in_a_call() {
    let mut world = world(1);
    world.start(1);
    let dial = world.dial();
    world.set_aside(1, &[0], Aside::Cancelled);
    world.engine = Engine::restore(&world.engine.snapshot()).unwrap();
    world.end(dial.attempt, Some(486));
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::ListDone));
}
