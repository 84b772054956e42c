//! Cases about contacts that are held or cancelled one by one.

use std::time::Duration;

use outdial_domain::{Aside, ContactId, ContactPlace, ContactState, History, Outcome, RetryPolicy};

use super::Check;
use super::world::{World, at};
use crate::ContactCounts;

/// Retries after ten minutes.
fn retry() -> RetryPolicy {
    RetryPolicy {
        attempts_total: 3,
        interval: Duration::from_secs(600),
        ..RetryPolicy::default()
    }
}

pub(super) async fn a_held_contact_waits_until_it_is_released(mut world: World<'_>) -> Check {
    let ids = world.import_count(4).await?;
    let campaign = world.campaign;
    let mut tried = world.moved(ids[1], ContactPlace::Resting(at(100)));
    tried.history = History {
        dialed: 1,
        attempts: 1,
        last_ended_at: Some(at(0)),
        ..History::default()
    };
    tried.last_outcome = Some(Outcome::Busy);
    world.store.move_contacts(vec![tried], Vec::new()).await?;
    let other = world
        .create(world.tenant, "other", outdial_domain::Order::List)
        .await?;
    let aside = |of, contacts: &[ContactId], in_hand: &[ContactId]| {
        world
            .store
            .set_contacts_aside(of, contacts.to_vec(), in_hand.to_vec(), Aside::Held)
    };
    // The third is in somebody's hand, and none of them is another campaign's.
    assert_eq!(aside(campaign, &ids[..3], &ids[2..3]).await?, []);
    assert_eq!(aside(other, &ids[3..], &[]).await?, []);
    assert_eq!(world.due(at(1_000_000)).await?, ids[2..]);
    let due = world.store.due_contacts(campaign, at(0), 9, &[]).await?;
    assert_eq!(due.next_due, None);
    world.restart().await?;
    let held = world.store.contact(ids[0]).await?;
    assert!(held.is_some_and(|contact| contact.is_held()));
    let counts = world.store.contact_counts(campaign).await?;
    let expected = ContactCounts {
        fresh: 2,
        resting: 2,
        ..ContactCounts::default()
    };
    assert_eq!(counts, expected);

    let release = async |now| {
        world
            .store
            .release_contacts(campaign, ids.clone(), at(now), retry())
            .await
    };
    assert_eq!(release(50).await?, 2);
    assert_eq!(release(50).await?, 0);
    // The first is where it was; the second rests for the whole interval.
    assert_eq!(world.due(at(599)).await?, [ids[0], ids[2], ids[3]]);
    assert_eq!(world.due(at(600)).await?, [ids[1], ids[0], ids[2], ids[3]]);
    let tried = world.store.contact(ids[1]).await?;
    assert!(tried.is_some_and(|contact| contact.last_outcome == Some(Outcome::Busy)));
    Ok(())
}

pub(super) async fn a_cancelled_contact_is_final(world: World<'_>) -> Check {
    let ids = world.import_count(3).await?;
    let (store, campaign) = (&world.store, world.campaign);
    let held = vec![ids[0]];
    store
        .set_contacts_aside(campaign, held, Vec::new(), Aside::Held)
        .await?;
    let done = world.moved(ids[2], ContactPlace::Done);
    store.move_contacts(vec![done], Vec::new()).await?;
    let cancel = async || {
        store
            .set_contacts_aside(campaign, ids.clone(), Vec::new(), Aside::Cancelled)
            .await
    };
    // What was final already is not told.
    assert_eq!(cancel().await?, ids[..2]);
    assert_eq!(cancel().await?, []);
    let released = store
        .release_contacts(campaign, ids.clone(), at(0), retry())
        .await?;
    assert_eq!(released, 0);
    let outcomes = store.contacts_by_id(ids.clone()).await?;
    let outcomes: Vec<_> = outcomes.iter().map(|c| (c.state, c.last_outcome)).collect();
    let cancelled = (ContactState::Done, Some(Outcome::Cancelled));
    assert_eq!(outcomes, [cancelled, cancelled, (ContactState::Done, None)]);
    assert_eq!(store.contact_counts(campaign).await?.done, 3);
    Ok(())
}

pub(super) async fn a_contact_in_a_call_follows_when_the_call_is_over(
    mut world: World<'_>,
) -> Check {
    let ids = world.import_count(4).await?;
    let campaign = world.campaign;
    let mut attempts = Vec::new();
    for (n, id) in (1..).zip(&ids) {
        let attempt = world.attempt(n, *id)?;
        world.store.place_attempt(attempt.clone()).await?;
        attempts.push(attempt);
    }
    let aside = async |world: &World<'_>, contacts: &[ContactId], aside| {
        let contacts = contacts.to_vec();
        world
            .store
            .set_contacts_aside(campaign, contacts.clone(), contacts, aside)
            .await
    };
    assert_eq!(aside(&world, &ids[..2], Aside::Held).await?, []);
    assert_eq!(aside(&world, &ids[1..3], Aside::Cancelled).await?, []);
    // What is cancelled is not held instead.
    assert_eq!(aside(&world, &ids[2..3], Aside::Held).await?, []);
    // Whoever had the calls in hand has forgotten everything.
    world.restart().await?;
    for (place, attempt) in attempts.iter().enumerate() {
        let mut end = world.end(attempt, Outcome::Busy);
        end.contact.place = ContactPlace::Resting(at(600));
        if place == 3 {
            end.contact.place = ContactPlace::Done;
        }
        world.store.end_attempt(end).await?;
    }
    let found = world.store.contacts_by_id(ids.clone()).await?;
    assert!(found[0].is_held());
    assert_eq!(found[0].last_outcome, Some(Outcome::Busy));
    for cancelled in &found[1..3] {
        assert_eq!(cancelled.state, ContactState::Done);
        assert_eq!(cancelled.last_outcome, Some(Outcome::Cancelled));
    }
    assert_eq!(found[3].last_outcome, Some(Outcome::Busy));
    let released = world
        .store
        .release_contacts(campaign, ids.clone(), at(20), retry());
    assert_eq!(released.await?, 1);
    let again = world.attempt(9, ids[0])?;
    world.store.place_attempt(again.clone()).await?;
    let mut end = world.end(&again, Outcome::Busy);
    end.contact.place = ContactPlace::Resting(at(900));
    world.store.end_attempt(end).await?;
    // It was released: the mark of its earlier call is gone.
    let found = world.store.contact(ids[0]).await?;
    assert!(found.is_some_and(|contact| contact.not_before == at(900)));
    Ok(())
}
