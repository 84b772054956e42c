//! The do-not-call list: no number on it is called, however far its contact has come.

#![allow(clippy::unwrap_used)]

mod world;

use outdial_domain::*;
use outdial_engine::input::*;
use outdial_engine::output::Output;
use world::*;

/// One contact, or several, with a campaign that makes one call at a time.
fn world(contacts: u64) -> World {
    let mut world = World::new();
    let mut settings = settings(Mode::Concurrency);
    settings.max_calls = Some(1);
    settings.retry.attempts_total = 3;
    settings.retry.interval = secs(60);
    world.campaign(1, settings, 0, contacts);
    world
}

fn place(world: &World, n: u64) -> ContactPlace {
    world.contacts[&ContactId::new(n)].place
}

#[test]
fn a_listed_contact_is_left_out_and_the_next_one_called() {
    let mut world = world(2);
    world.list(number(100_000), None);
    world.start(1);
    assert_eq!(world.dial().number, number(100_001));
    assert_eq!(place(&world, 0), ContactPlace::LeftOut);
}

#[test]
fn a_change_reaches_contacts_that_the_engine_holds_already() {
    let mut world = world(3);
    world.start(1);
    let first = world.dial();
    world.list(number(100_001), None);
    world.end(first.attempt, Some(200));
    assert_eq!(world.dial().number, number(100_002));
}

#[test]
fn a_call_in_progress_goes_on_and_is_not_repeated() {
    let mut world = world(1);
    world.start(1);
    let dial = world.dial();
    world.list(dial.number, None);
    assert_eq!((world.cancels(), world.hang_ups()), (vec![], vec![]));
    world.end(dial.attempt, Some(486));
    world.wait(secs(120));
    assert_eq!(world.dials(), []);
    assert_eq!(place(&world, 0), ContactPlace::LeftOut);
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::ListDone));
}

#[test]
fn a_call_does_not_go_out_again_over_another_trunk_to_a_number_listed_meanwhile() {
    let mut world = world(1);
    world.trunk("second", |_| ());
    world.permit("second", 10, None);
    world.start(1);
    let dial = world.dial();
    world.list(dial.number, None);
    world.end(dial.attempt, Some(503));
    let redials = world.take(|order| matches!(order, Output::Redial { .. }).then_some(()));
    assert_eq!(redials, []);
}

#[test]
fn a_contact_with_another_number_is_called_under_that_one() {
    let mut world = world(0);
    world.store_contact(1, 7, |c| c.numbers = vec![number(555), number(556)]);
    world.list(number(555), None);
    let campaign = campaign_id(1);
    world.fact(Input::ContactsAdded { campaign, count: 1 });
    world.start(1);
    let dial = world.dial();
    assert_eq!(dial.number, number(556));
    world.end(dial.attempt, Some(404));
    // Its other number may not be called, and this one is wrong.
    assert_eq!(world.dials(), []);
}

#[test]
fn a_contact_returns_when_its_number_leaves_the_list() {
    let mut world = world(1);
    world.list(number(100_000), None);
    world.start(1);
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::ListDone));
    world.unlist(number(100_000));
    assert_eq!(world.state(1), CampaignState::Running);
    assert_eq!(world.dial().number, number(100_000));
}

#[test]
fn an_entry_that_ends_is_waited_for() {
    let mut world = world(1);
    let until = world.now + secs(5_000);
    world.list(number(100_000), Some(until));
    world.start(1);
    assert_eq!(
        place(&world, 0),
        ContactPlace::Resting(world.now + secs(3_600))
    );
    world.wait(secs(4_999));
    assert_eq!(world.dials(), []);
    world.wait(secs(2));
    assert_eq!(world.dials().len(), 1);
}

#[test]
fn an_offered_contact_that_is_listed_is_not_dialed_when_accepted() {
    let mut world = World::new();
    world.campaign(1, settings(Mode::Preview(PreviewRules::default())), 0, 2);
    world.ready_agents(1, 1);
    world.start(1);
    let offers = |order: &Output| match order {
        Output::Offered(offer) => Some(*offer),
        _ => None,
    };
    let offer = world.take(offers)[0];
    world.list(number(100_000), None);
    world.fact(Input::OfferAccepted(offer.id));
    assert_eq!(world.dials(), []);
    assert_eq!(place(&world, 0), ContactPlace::LeftOut);
    assert_eq!(world.take(offers)[0].contact, ContactId::new(1));
}

#[test]
fn an_answer_of_the_store_from_before_a_change_does_not_undo_it() {
    let mut world = world(2);
    world.store_answers = false;
    world.start(1);
    let load = world.take(|order| match order {
        Output::LoadContacts { load, .. } => Some(*load),
        _ => None,
    })[0];
    let contacts: Vec<_> = world.contacts.values().map(|s| s.contact.clone()).collect();
    world.list(number(100_000), None);
    world.fact(Input::ContactsLoaded {
        campaign: campaign_id(1),
        load,
        contacts,
        next_due: None,
        more: false,
    });
    assert_eq!(world.dial().number, number(100_001));
}

#[test]
fn a_list_of_any_length_is_remembered_or_loaded_afresh() {
    let mut world = world(3);
    world.start(1);
    let first = world.dial();
    for n in [100_001, 100_002] {
        world.list(number(n), None);
    }
    let since = world.now;
    let listing = Some(Listing { since, until: None });
    let many = (0..200_000).map(|n| (number(1_000_000 + n), listing));
    world.fact(Input::DoNotCallChanged(many.collect()));
    world.end(first.attempt, Some(200));
    world.wait(secs(1));
    assert_eq!(world.dials(), []);
    assert_eq!(place(&world, 2), ContactPlace::LeftOut);
}

#[test]
fn explain_says_since_when() {
    let mut world = world(2);
    world.start(1);
    let number = number(100_001);
    world.list(number, None);
    let explained = world.engine.explain(campaign_id(1), Some(number)).unwrap();
    let refusal = &explained.contacts[0].refusals[0];
    assert_eq!(refusal.code, "do_not_call");
    let since = format!("on the do-not-call list since {}", world.now);
    assert_eq!(refusal.words, since);
}
