//! A full disk: told as such, nothing torn, and over as soon as there is room.
#![allow(clippy::unwrap_used)] // What fails here fails the test.

mod support;

use outdial_domain::{Outcome, TenantId};
use outdial_store::{Attempts, Contacts, SqliteStore, StoreError, Upkeep};
use support::{attempt, campaign, contact_id, end, import, number, open_small};

/// No page more than the database has.
const NONE: u32 = 1;
const PLENTY: u32 = 1_000_000;
const CONTACTS: u32 = 2_000;

#[tokio::test]
async fn a_full_disk_is_told_and_what_was_committed_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outdial.db");
    let store = open_small(&path);
    let campaign = campaign(&store).await;
    import(&store, campaign, 1, CONTACTS).await.unwrap();
    store.limit_pages(NONE).await.unwrap();

    // A list that does not fit ends with the error; what was accepted before is there.
    let refused = import(&store, campaign, 10_000, 100_000).await;
    assert_eq!(refused, Err(StoreError::Full));
    assert!(refused.err().unwrap().is_passing());
    let accepted = store.contact_counts(campaign).await.unwrap().fresh;
    assert!((2_000..102_000).contains(&accepted), "{accepted}");

    // Dials fail one by one when nothing fits any more, and leave nothing behind.
    let mut placed = 0;
    let failure = loop {
        match store.place_attempt(attempt(campaign, placed + 1)).await {
            Ok(()) => placed += 1,
            Err(error) => break error,
        }
        assert!(placed < u64::from(CONTACTS), "the disk was never full");
    };
    assert_eq!(failure, StoreError::Full);
    assert_eq!(store.open_attempts().await.unwrap().len() as u64, placed);
    let counts = store.contact_counts(campaign).await.unwrap();
    assert_eq!((counts.in_progress, counts.total()), (placed, accepted));

    // Room again: the same request works, without opening the database again.
    store.limit_pages(PLENTY).await.unwrap();
    store.probe().await.unwrap();
    store
        .place_attempt(attempt(campaign, placed + 1))
        .await
        .unwrap();
    let ended = end(&attempt(campaign, 1), Outcome::Busy);
    store.end_attempt(ended).await.unwrap();
    import(&store, campaign, 200_000, 5_000).await.unwrap();

    // Numbers whose way into the index was cut off get there, too.
    let find = async |store: &SqliteStore, index| {
        let found = store.contacts_with_number(TenantId::new(1), Some(campaign), number(index));
        found.await.unwrap().len()
    };
    let last = store
        .contact(contact_id(campaign, accepted))
        .await
        .unwrap()
        .unwrap();
    let found = store.contacts_with_number(TenantId::new(1), None, last.numbers[0]);
    assert_eq!(found.await.unwrap(), [last]);
    assert_eq!(find(&store, 1_000).await, 1);
    assert_eq!(find(&store, 200_001).await, 1);
    store.close().await.unwrap();
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(find(&store, 1_000).await, 1);
    let counts = store.contact_counts(campaign).await.unwrap();
    assert_eq!(counts.total(), accepted + 5_000);
    assert_eq!((counts.in_progress, counts.done), (placed, 1));
    store.close().await.unwrap();
}
