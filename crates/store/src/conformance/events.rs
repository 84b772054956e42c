//! Cases about the journal of events.

use super::Check;
use super::world::World;
use crate::{EVENTS_KEPT, EventId, NewEvent};

pub(super) async fn events_are_read_in_order_and_resumed(mut world: World<'_>) -> Check {
    let mut news = world.store.newest_event();
    assert_eq!(*news.borrow_and_update(), EventId(0));
    let other = world.other_tenant().await?.id;
    let mut foreign = world.event("theirs");
    foreign.tenant = other;
    let events = vec![world.event("one"), foreign.clone(), world.event("two")];
    world.store.append_events(events).await?;
    assert!(news.has_changed()?);
    assert_eq!(*news.borrow_and_update(), EventId(3));
    let more = vec![world.event("three"), foreign];
    world.store.append_events(more).await?;
    world.restart().await?;
    assert_eq!(*world.store.newest_event().borrow(), EventId(5));

    let read = async |after, limit| {
        let page = world
            .store
            .events_after(Some(world.tenant), EventId(after), limit)
            .await?;
        let data = page.events.into_iter().map(|event| event.event.data);
        Ok::<_, crate::StoreError>((data.collect::<Vec<_>>(), page.next.0, page.gap))
    };
    let text = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        read(0, 100).await?,
        (text(&["one", "two", "three"]), 5, false)
    );
    assert_eq!(read(1, 100).await?, (text(&["two", "three"]), 5, false));
    assert_eq!(read(0, 2).await?, (text(&["one"]), 2, false));
    assert_eq!(read(5, 100).await?, (text(&[]), 5, false));
    assert_eq!(read(u64::MAX, 100).await?, (text(&[]), u64::MAX, false));
    let page = world.store.events_after(None, EventId(0), 100).await?;
    assert_eq!(page.events.len(), 5);
    assert_eq!(page.events[0].event, world.event("one"));
    assert_eq!(page.events[1].event.tenant, other);
    Ok(())
}

pub(super) async fn events_commit_with_their_change_or_not_at_all(world: World<'_>) -> Check {
    let ids = world.import_count(1).await?;
    let store = &world.store;
    let mut new = world.attempt(1, ids[0])?;
    new.events = vec![world.event("started")];
    store.place_attempt(new.clone()).await?;
    assert!(store.place_attempt(new).await.is_err());
    let page = store.events_after(None, EventId(0), 10).await?;
    assert_eq!(page.events.len(), 1);
    assert_eq!(*store.newest_event().borrow(), EventId(1));
    Ok(())
}

pub(super) async fn the_journal_forgets_the_oldest_and_says_so(world: World<'_>) -> Check {
    let store = &world.store;
    let batch: Vec<NewEvent> = (0..5_000).map(|_| world.event("{}")).collect();
    for _ in 0..EVENTS_KEPT / 5_000 {
        store.append_events(batch.clone()).await?;
    }
    let page = store.events_after(None, EventId(0), 1).await?;
    assert_eq!((page.events[0].id, page.gap), (EventId(1), false));
    store.append_events(batch).await?;
    let newest = store.newest_event().borrow().0;
    let page = store.events_after(None, EventId(0), 1).await?;
    assert!(page.gap);
    let kept = newest + 1 - page.events[0].id.0;
    assert!(kept >= EVENTS_KEPT, "{kept}");
    let resumed = store.events_after(None, EventId(newest - 10), 100).await?;
    assert_eq!((resumed.events.len(), resumed.gap), (10, false));
    Ok(())
}
