//! Cases about contacts: lists in, contacts due, moves.

use std::collections::BTreeMap;
use std::time::Duration;

use outdial_domain::{
    CampaignId, ContactId, ContactPlace, ContactState, History, NewContact, Order, Outcome,
    PhoneNumber, Timestamp,
};

use super::Check;
use super::world::{World, at, contact, number};
use crate::{ContactCounts, ImportOptions, StoreError};

pub(super) async fn a_list_comes_back_as_it_was_given(mut world: World<'_>) -> Check {
    let rich = NewContact {
        numbers: vec![
            number(1)?,
            PhoneNumber::from_text("10085")?,
            PhoneNumber::from_text("+8675586013388")?.spelled("075586013388"),
        ],
        external_id: Some("crm-77".to_owned()),
        time_zone: Some("Asia/Urumqi".to_owned()),
        priority: 1,
        attributes: BTreeMap::from([("name".to_owned(), "王小明".to_owned())]),
    };
    let plain = contact(3)?;
    let progress = world
        .import(world.campaign, vec![rich.clone(), plain.clone()])
        .await?;
    assert_eq!((progress.accepted, progress.duplicates), (2, 0));
    world.restart().await?;
    let page = world.store.contacts(world.campaign, None, None, 1).await?;
    let first = &page.items[0];
    assert_eq!(first.campaign, world.campaign);
    assert_eq!(first.numbers, rich.numbers);
    let given =
        |numbers: &[PhoneNumber]| numbers.iter().map(PhoneNumber::given).collect::<Vec<_>>();
    assert_eq!(given(&first.numbers), given(&rich.numbers));
    let due = world
        .store
        .due_contacts(world.campaign, at(0), 9, &[])
        .await?;
    assert_eq!(given(&due.contacts[0].numbers), given(&rich.numbers));
    assert_eq!(first.external_id, rich.external_id);
    assert_eq!(first.time_zone, rich.time_zone);
    assert_eq!(first.priority, 1);
    assert_eq!(first.attributes, rich.attributes);
    assert_eq!(first.state, ContactState::Fresh);
    assert_eq!(first.history, History::default());
    assert_eq!(first.last_outcome, None);
    let page = world
        .store
        .contacts(world.campaign, None, page.next, 1)
        .await?;
    assert_eq!(page.next, None);
    let second = &page.items[0];
    assert_eq!(second.numbers, plain.numbers);
    assert_eq!(second.attributes, BTreeMap::new());
    assert!(second.order_key > first.order_key);
    assert_eq!(world.store.contact(second.id).await?.as_ref(), Some(second));
    assert_eq!(world.store.contact(ContactId::new(u64::MAX)).await?, None);

    let nowhere = world.import(CampaignId::new(999)?, vec![plain]).await;
    assert!(matches!(nowhere, Err(StoreError::NotFound { .. })));
    let numberless = NewContact {
        numbers: Vec::new(),
        ..contact(4)?
    };
    let refused = world.import(world.campaign, vec![numberless]).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })));
    Ok(())
}

pub(super) async fn duplicates_are_skipped_where_asked(mut world: World<'_>) -> Check {
    world.import_count(3).await?;
    // Without being asked: another contact.
    world.import(world.campaign, vec![contact(1)?]).await?;
    let skip = ImportOptions {
        skip_duplicates: true,
        ..ImportOptions::default()
    };
    let mut session = world.store.import(world.campaign, skip.clone()).await?;
    let two_numbers = NewContact {
        numbers: vec![number(20)?, number(2)?],
        ..contact(20)?
    };
    session
        .add(vec![contact(3)?, contact(4)?, two_numbers, contact(4)?])
        .await?;
    session.add(vec![contact(4)?, contact(5)?]).await?;
    let progress = session.finish().await?;
    assert_eq!((progress.accepted, progress.duplicates), (2, 4));
    world.restart().await?;
    assert_eq!(world.ids(world.campaign).await?.len(), 6);

    // Another campaign's numbers are no duplicates.
    let other = world.create(world.tenant, "other", Order::List).await?;
    let mut session = world.store.import(other, skip).await?;
    session.add(vec![contact(1)?, contact(5)?]).await?;
    assert_eq!(session.finish().await?.accepted, 2);
    Ok(())
}

pub(super) async fn duplicates_are_found_while_they_come_in(world: World<'_>) -> Check {
    // The same numbers by two sessions at once, in opposite order, and twice in one of them.
    let load = async |numbers: Vec<u32>| -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
        let skip = ImportOptions {
            skip_duplicates: true,
            ..ImportOptions::default()
        };
        let mut session = world.store.import(world.campaign, skip).await?;
        for batch in numbers.chunks(300) {
            let contacts = batch
                .iter()
                .copied()
                .map(contact)
                .collect::<Result<_, _>>()?;
            session.add(contacts).await?;
        }
        Ok(session.finish().await?.accepted)
    };
    let up = (0..3_000).chain(0..500).collect();
    let down = (0..3_000).rev().collect();
    let (one, two) = tokio::join!(load(up), load(down));
    assert_eq!(one? + two?, 3_000);
    assert_eq!(load((0..3_001).collect()).await?, 1);
    assert_eq!(world.ids(world.campaign).await?.len(), 3_001);
    Ok(())
}

pub(super) async fn contacts_are_found_by_any_of_their_numbers(mut world: World<'_>) -> Check {
    world.import_count(3).await?;
    let two = NewContact {
        numbers: vec![number(50)?, PhoneNumber::from_text("*123#")?],
        ..contact(50)?
    };
    world.import(world.campaign, vec![two, contact(2)?]).await?;
    let other = world.create(world.tenant, "other", Order::List).await?;
    world.import(other, vec![contact(2)?]).await?;
    let bolt = world.other_tenant().await?.id;
    let foreign = world.create(bolt, "foreign", Order::List).await?;
    world.import(foreign, vec![contact(2)?]).await?;
    world.restart().await?;

    let find = async |campaign, number| {
        let found = world
            .store
            .contacts_with_number(world.tenant, campaign, number);
        found.await.map(|found| found.len())
    };
    let here = Some(world.campaign);
    assert_eq!(find(here, number(2)?).await?, 2);
    assert_eq!(find(None, number(2)?).await?, 3);
    assert_eq!(find(Some(foreign), number(2)?).await?, 0);
    assert_eq!(find(here, PhoneNumber::from_text("*123#")?).await?, 1);
    assert_eq!(find(here, PhoneNumber::from_text("*123")?).await?, 0);
    assert_eq!(find(here, number(4)?).await?, 0);

    // However many of them others have.
    let crowd = world.create(bolt, "crowd", Order::List).await?;
    let list = vec![contact(60)?; 1_001];
    world.import(crowd, list).await?;
    let last = world.create(world.tenant, "last", Order::List).await?;
    world.import(last, vec![contact(60)?]).await?;
    assert_eq!(find(None, number(60)?).await?, 1);

    // Also before the list is in whole.
    let mut session = world
        .store
        .import(here.ok_or("")?, ImportOptions::default())
        .await?;
    let before = session.add(vec![contact(4)?]).await?.accepted;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while session.progress().accepted == before && before == 0 {
        assert!(tokio::time::Instant::now() < deadline, "never committed");
        tokio::task::yield_now().await;
    }
    assert_eq!(find(here, number(4)?).await?, 1);
    drop(session);
    Ok(())
}

pub(super) async fn due_contacts_come_in_order_and_leave_held_ones_out(world: World<'_>) -> Check {
    let mut list = Vec::new();
    for index in 1..=9 {
        let mut new = contact(index)?;
        new.priority = if index % 3 == 0 { 1 } else { 3 };
        list.push(new);
    }
    world.import(world.campaign, list).await?;
    let ids = world.ids(world.campaign).await?;
    let [a, b, c, d, e, f, g, h, i] = ids[..] else {
        return Err("not nine".into());
    };
    assert_eq!(world.due(at(0)).await?, [c, f, i, a, b, d, e, g, h]);

    // Those that have rested go before fresh ones of their priority, the longest due first.
    let store = &world.store;
    let resting = |contact, seconds| world.moved(contact, ContactPlace::Resting(at(seconds)));
    store
        .move_contacts(
            vec![
                resting(h, 60),
                resting(g, 30),
                resting(i, 60),
                resting(b, 90),
            ],
            Vec::new(),
        )
        .await?;
    assert_eq!(world.due(at(29)).await?, [c, f, a, d, e]);
    assert_eq!(world.due(at(60)).await?, [i, c, f, g, h, a, d, e]);
    assert_eq!(world.due(at(90)).await?, [i, c, f, g, h, b, a, d, e]);

    let due = store
        .due_contacts(world.campaign, at(60), 3, &[i, f, h])
        .await?;
    let found: Vec<ContactId> = due.contacts.iter().map(|contact| contact.id).collect();
    assert_eq!(found, [c, g, a]);
    assert!(due.more);
    assert!(due.contacts[1].rested);
    assert_eq!(due.contacts[1].order_key, at(30).millis());
    assert!(!due.contacts[0].rested);
    let all = store
        .due_contacts(world.campaign, at(60), 5, &[i, f, h])
        .await?;
    assert!(!all.more);

    // Back among the fresh ones, each stands where it was; those being called or done are gone.
    store
        .move_contacts(vec![world.moved(b, ContactPlace::Fresh)], Vec::new())
        .await?;
    store
        .move_contacts(vec![world.moved(c, ContactPlace::Done)], Vec::new())
        .await?;
    store.place_attempt(world.attempt(1, f)?).await?;
    assert_eq!(world.due(at(90)).await?, [i, g, h, a, b, d, e]);
    Ok(())
}

pub(super) async fn the_next_due_time_is_the_earliest_of_those_left(world: World<'_>) -> Check {
    let ids = world.import_count(3).await?;
    let store = &world.store;
    let next = async |now: Timestamp, limit, holds: &[ContactId]| {
        let due = store.due_contacts(world.campaign, now, limit, holds).await;
        due.map(|due| due.next_due)
    };
    assert_eq!(next(at(0), 10, &[]).await?, None);
    let moves = vec![
        world.moved(ids[0], ContactPlace::Resting(at(60))),
        world.moved(ids[1], ContactPlace::Resting(at(30))),
    ];
    store.move_contacts(moves, Vec::new()).await?;
    assert_eq!(next(at(0), 10, &[]).await?, Some(at(30)));
    assert_eq!(next(at(0), 10, &[ids[1]]).await?, Some(at(60)));
    assert_eq!(next(at(30), 10, &[]).await?, Some(at(60)));
    assert_eq!(next(at(60), 10, &[]).await?, None);
    Ok(())
}

pub(super) async fn random_order_shuffles_the_same_way_each_time(mut world: World<'_>) -> Check {
    world.campaign = world.create(world.tenant, "random", Order::Random).await?;
    let ids = world.import_count(200).await?;
    let order = world.due(at(0)).await?;
    assert_ne!(order, ids);
    let mut sorted = order.clone();
    sorted.sort();
    assert_eq!(sorted, ids);
    world.restart().await?;
    assert_eq!(world.due(at(0)).await?, order);
    // A contact that was away comes back to its place.
    let moved = |place| vec![world.moved(order[5], place)];
    let store = &world.store;
    store
        .move_contacts(moved(ContactPlace::Resting(at(900))), Vec::new())
        .await?;
    store
        .move_contacts(moved(ContactPlace::Fresh), Vec::new())
        .await?;
    assert_eq!(world.due(at(0)).await?, order);
    Ok(())
}

pub(super) async fn a_changed_order_applies_to_fresh_contacts_only(world: World<'_>) -> Check {
    let ids = world.import_count(300).await?;
    let store = &world.store;
    let resting = world.moved(ids[9], ContactPlace::Resting(at(-5)));
    store.move_contacts(vec![resting], Vec::new()).await?;
    store.reorder(world.campaign, Order::Random).await?;
    let shuffled = world.due(at(0)).await?;
    assert_eq!(shuffled[0], ids[9]);
    assert_ne!(shuffled[1..10], ids[..9]);
    // Those added later have the new order from the start.
    let before = world.due(at(0)).await?;
    let more = (301..=400).map(contact).collect::<Result<_, _>>()?;
    world.import(world.campaign, more).await?;
    let after = world.due(at(0)).await?;
    assert_eq!(after.len(), 400);
    let without_new: Vec<ContactId> = after
        .iter()
        .copied()
        .filter(|id| ids.contains(id))
        .collect();
    assert_eq!(without_new, before);
    assert_ne!(after[..300], before[..]);
    store.reorder(world.campaign, Order::List).await?;
    let listed = world.due(at(0)).await?;
    assert_eq!(listed[0], ids[9]);
    assert!(listed[1..].is_sorted());
    let missing = store.reorder(CampaignId::new(999)?, Order::List).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
    Ok(())
}

pub(super) async fn counts_follow_every_move(mut world: World<'_>) -> Check {
    let ids = world.import_count(6).await?;
    let moves = vec![
        world.moved(ids[0], ContactPlace::Done),
        world.moved(ids[1], ContactPlace::Resting(at(9))),
        world.moved(ids[1], ContactPlace::Resting(at(99))),
        world.moved(ContactId::new(77), ContactPlace::Done),
    ];
    world.store.move_contacts(moves, Vec::new()).await?;
    let one = world.attempt(1, ids[2])?;
    world.store.place_attempt(one.clone()).await?;
    world.store.place_attempt(world.attempt(2, ids[1])?).await?;
    let counts = ContactCounts {
        fresh: 3,
        resting: 0,
        in_progress: 2,
        done: 1,
    };
    assert_eq!(world.store.contact_counts(world.campaign).await?, counts);
    let mut end = world.end(&one, Outcome::Busy);
    end.contact.place = ContactPlace::Resting(at(600));
    world.store.end_attempt(end).await?;
    world.restart().await?;
    let counts = ContactCounts {
        fresh: 3,
        resting: 1,
        in_progress: 1,
        done: 1,
    };
    assert_eq!(world.store.contact_counts(world.campaign).await?, counts);
    assert_eq!((counts.total(), counts.open()), (6, 5));
    let unknown = world.store.contact_counts(CampaignId::new(999)?).await?;
    assert_eq!(unknown, ContactCounts::default());
    let resting = Some(ContactState::Resting);
    let page = world
        .store
        .contacts(world.campaign, resting, None, 10)
        .await?;
    assert_eq!(page.items.len(), 1);
    assert_eq!(page.items[0].id, ids[2]);
    assert_eq!(page.items[0].not_before, at(600));
    assert_eq!(page.items[0].last_outcome, Some(Outcome::Busy));
    Ok(())
}

pub(super) async fn a_move_without_an_outcome_leaves_the_last_one_as_it_is(
    world: World<'_>,
) -> Check {
    let ids = world.import_count(1).await?;
    let one = world.attempt(1, ids[0])?;
    world.store.place_attempt(one.clone()).await?;
    let mut end = world.end(&one, Outcome::Busy);
    end.contact.place = ContactPlace::Resting(at(600));
    world.store.end_attempt(end).await?;
    let last_outcome = async || -> Result<Option<Outcome>, StoreError> {
        let contact = world.store.contact(ids[0]).await?;
        Ok(contact.and_then(|contact| contact.last_outcome))
    };
    for place in [
        ContactPlace::Resting(at(900)),
        ContactPlace::Fresh,
        ContactPlace::Done,
    ] {
        let moves = vec![world.moved(ids[0], place)];
        world.store.move_contacts(moves, Vec::new()).await?;
        assert_eq!(last_outcome().await?, Some(Outcome::Busy), "{place:?}");
    }
    let mut failed = world.moved(ids[0], ContactPlace::Done);
    failed.last_outcome = Some(Outcome::Failed);
    world.store.move_contacts(vec![failed], Vec::new()).await?;
    assert_eq!(last_outcome().await?, Some(Outcome::Failed));
    Ok(())
}

pub(super) async fn imports_of_two_sessions_do_not_mix_up(world: World<'_>) -> Check {
    let other = world.create(world.tenant, "other", Order::List).await?;
    let load = async |campaign, first: u32| -> Check {
        let mut session = world
            .store
            .import(campaign, ImportOptions::default())
            .await?;
        for batch in 0..5 {
            let from = first + batch * 200;
            let contacts = (from..from + 200).map(contact).collect::<Result<_, _>>()?;
            session.add(contacts).await?;
        }
        assert_eq!(session.finish().await?.accepted, 1000);
        Ok(())
    };
    let (one, two, three) = tokio::join!(
        load(world.campaign, 0),
        load(other, 10_000),
        load(world.campaign, 20_000)
    );
    one?;
    two?;
    three?;
    let counts = world.store.contact_counts(world.campaign).await?;
    assert_eq!(counts.fresh, 2000);
    assert_eq!(world.ids(world.campaign).await?.len(), 2000);
    // Each list keeps its order.
    let page = world
        .store
        .contacts(world.campaign, None, None, 5000)
        .await?;
    let numbers = page.items.iter().map(|contact| contact.numbers[0]);
    let (early, late): (Vec<_>, Vec<_>) = numbers.partition(|n| n < &number(20_000).unwrap_or(*n));
    assert_eq!((early.len(), late.len()), (1000, 1000));
    assert!(early.is_sorted() && late.is_sorted());
    for index in [0, 999, 20_500] {
        let found = world
            .store
            .contacts_with_number(world.tenant, None, number(index)?);
        assert_eq!(found.await?.len(), 1, "{index}");
    }
    Ok(())
}

pub(super) async fn hostile_texts_are_kept_as_they_are(world: World<'_>) -> Check {
    let texts = ["'; DROP TABLE contact; --", "\u{0}nul", "🤖\"\\", "", "%_"];
    let mut list = Vec::new();
    for (index, text) in (1..).zip(texts) {
        let mut new = contact(index)?;
        new.external_id = Some(text.to_owned());
        new.attributes.insert(text.to_owned(), text.to_owned());
        list.push(new);
    }
    world.import(world.campaign, list).await?;
    let page = world.store.contacts(world.campaign, None, None, 10).await?;
    for (contact, text) in page.items.iter().zip(texts) {
        assert_eq!(contact.external_id.as_deref(), Some(text));
        assert_eq!(contact.attributes.get(text).map(String::as_str), Some(text));
    }
    Ok(())
}

pub(super) async fn contacts_that_wait_leave_the_list_for_good(mut world: World<'_>) -> Check {
    let ids = world.import_count(4).await?;
    let rests = world.moved(ids[1], ContactPlace::Resting(at(60)));
    let is_final = world.moved(ids[2], ContactPlace::Done);
    world
        .store
        .move_contacts(vec![rests, is_final], Vec::new())
        .await?;
    let remove = |which: Vec<ContactId>| world.store.remove_contacts(world.campaign, which);
    assert_eq!(remove(ids[..3].to_vec()).await?, 2);
    assert_eq!(remove(ids[..3].to_vec()).await?, 0, "they are gone");
    let other = world.create(world.tenant, "other", Order::List).await?;
    let theirs = world.store.remove_contacts(other, vec![ids[3]]).await?;
    assert_eq!(theirs, 0, "another campaign's");
    world.restart().await?;
    let left = world.ids(world.campaign).await?;
    assert_eq!(left, [ids[2], ids[3]]);
    let counts = world.store.contact_counts(world.campaign).await?;
    assert_eq!((counts.fresh, counts.resting, counts.done), (1, 0, 1));
    assert_eq!(world.due(at(120)).await?, [ids[3]]);
    let contact = world.store.contact(ids[0]).await?;
    assert_eq!(contact, None);
    Ok(())
}
