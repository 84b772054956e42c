//! Cases about the do-not-call list.

use std::collections::BTreeSet;

use outdial_domain::{
    ContactId, ContactPlace, ContactState, DoNotCallEntry, NewContact, Timestamp,
};

use super::Check;
use super::world::{World, at, number};
use crate::{IfListed, StoreError};

fn entry(
    index: u32,
    until: Option<Timestamp>,
) -> Result<DoNotCallEntry, Box<dyn std::error::Error + Send + Sync>> {
    Ok(DoNotCallEntry {
        number: number(index)?,
        reason: "asked for it".to_owned(),
        source: "rest".to_owned(),
        author: "crm".to_owned(),
        created_at: at(0),
        until,
    })
}

pub(super) async fn numbers_are_listed_found_and_taken_off(mut world: World<'_>) -> Check {
    let (one, two) = (entry(1, None)?, entry(2, Some(at(60)))?);
    let given = vec![one.clone(), two.clone(), one.clone()];
    let listed = world
        .store
        .list_numbers(world.tenant, given, IfListed::Keep)
        .await?;
    assert_eq!(listed.listed.len(), 2);
    assert_eq!(listed.kept, [one.number]);
    world.restart().await?;
    let found = |number, now| world.store.listed_number(world.tenant, number, now);
    assert_eq!(found(one.number, at(9_999)).await?.as_ref(), Some(&one));
    assert_eq!(found(two.number, at(59)).await?.as_ref(), Some(&two));
    assert_eq!(found(two.number, at(60)).await?, None);
    assert_eq!(found(number(3)?, at(0)).await?, None);
    let other = world.other_tenant().await?.id;
    let theirs = world.store.listed_number(other, one.number, at(0)).await?;
    assert_eq!(theirs, None);
    let numbers = vec![one.number, number(3)?];
    let gone = world.store.unlist_numbers(world.tenant, numbers).await?;
    assert_eq!(gone, [one.number]);
    assert_eq!(found(one.number, at(0)).await?, None);
    Ok(())
}

pub(super) async fn listed_numbers_are_kept_replaced_or_refused(world: World<'_>) -> Check {
    let store = &world.store;
    let list = |entries, how| store.list_numbers(world.tenant, entries, how);
    list(vec![entry(1, None)?], IfListed::Refuse).await?;
    let both = vec![entry(2, None)?, entry(1, Some(at(60)))?];
    let refused = list(both.clone(), IfListed::Refuse).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })));
    assert_eq!(
        store.listed_number(world.tenant, number(2)?, at(0)).await?,
        None
    );
    let kept = list(both.clone(), IfListed::Keep).await?;
    assert_eq!((kept.listed.len(), kept.lifted), (1, false));
    let replaced = list(both, IfListed::Replace).await?;
    assert_eq!((replaced.listed.len(), replaced.lifted), (2, true));
    let found = store.listed_number(world.tenant, number(1)?, at(0)).await?;
    assert_eq!(found.and_then(|found| found.until), Some(at(60)));
    // One whose end is over is no longer listed.
    let mut again = entry(1, None)?;
    again.created_at = at(60);
    let listed = list(vec![again], IfListed::Refuse).await?;
    assert_eq!(listed.listed.len(), 1);
    Ok(())
}

pub(super) async fn the_list_is_read_in_pages(world: World<'_>) -> Check {
    let entries: Vec<_> = (1..=450)
        .map(|n| entry(n, None))
        .collect::<Result<_, _>>()?;
    let store = &world.store;
    let listed = store
        .list_numbers(world.tenant, entries, IfListed::Keep)
        .await?;
    assert_eq!(listed.listed.len(), 450);
    let passing = vec![entry(451, Some(at(5)))?];
    store
        .list_numbers(world.tenant, passing, IfListed::Keep)
        .await?;
    let mut seen = BTreeSet::new();
    let mut after = None;
    loop {
        let page = store
            .listed_numbers(world.tenant, at(5), after, 100)
            .await?;
        seen.extend(page.items.iter().map(|entry| entry.number));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 450);
    assert!(!seen.contains(&number(451)?));
    Ok(())
}

pub(super) async fn due_contacts_say_which_numbers_are_listed(world: World<'_>) -> Check {
    let two = NewContact {
        numbers: vec![number(8)?, number(9)?],
        ..NewContact::with_number(number(8)?)
    };
    world.import_count(2).await?;
    world.import(world.campaign, vec![two]).await?;
    let entries = vec![entry(2, None)?, entry(9, Some(at(60)))?];
    let listings: Vec<_> = entries.iter().map(|e| (e.number, e.listing())).collect();
    world
        .store
        .list_numbers(world.tenant, entries, IfListed::Keep)
        .await?;
    let due = world
        .store
        .due_contacts(world.campaign, at(0), 10, &[])
        .await?;
    assert_eq!(due.contacts[0].listed, []);
    assert_eq!(due.contacts[1].listed, [listings[0]]);
    assert_eq!(due.contacts[2].listed, [listings[1]]);
    Ok(())
}

pub(super) async fn contacts_left_out_return_when_a_number_leaves_the_list(
    mut world: World<'_>,
) -> Check {
    let ids = world.import_count(5).await?;
    let entries = (1..=5).map(|n| entry(n, None)).collect::<Result<_, _>>()?;
    let tenant = world.tenant;
    world
        .store
        .list_numbers(tenant, entries, IfListed::Keep)
        .await?;
    let mut tried = world.moved(ids[1], ContactPlace::LeftOut);
    tried.history.dialed = 1;
    let moves = vec![
        world.moved(ids[0], ContactPlace::LeftOut),
        tried,
        world.moved(ids[2], ContactPlace::Done),
        world.moved(ids[3], ContactPlace::LeftOut),
    ];
    world.store.move_contacts(moves, Vec::new()).await?;
    let state = |world: &World<'_>, id: ContactId| {
        let store = std::sync::Arc::clone(&world.store);
        async move { store.contact(id).await.map(|found| found.map(|c| c.state)) }
    };
    assert_eq!(state(&world, ids[0]).await?, Some(ContactState::Done));
    assert_eq!(world.store.return_contacts(tenant, at(9)).await?, []);
    let numbers = vec![number(1)?, number(2)?, number(3)?];
    world.store.unlist_numbers(tenant, numbers).await?;
    // What a crash kept from returning returns afterwards.
    world.restart().await?;
    let returned = world.store.return_contacts(tenant, at(9)).await?;
    assert_eq!(returned, [(world.campaign, 2)]);
    assert_eq!(world.store.return_contacts(tenant, at(9)).await?, []);
    assert_eq!(state(&world, ids[0]).await?, Some(ContactState::Fresh));
    assert_eq!(state(&world, ids[1]).await?, Some(ContactState::Resting));
    assert_eq!(state(&world, ids[2]).await?, Some(ContactState::Done));
    assert_eq!(state(&world, ids[3]).await?, Some(ContactState::Done));
    let counts = world.store.contact_counts(world.campaign).await?;
    assert_eq!((counts.fresh, counts.resting, counts.done), (2, 1, 2));
    Ok(())
}
