//! A disk that is full or stuck for a while: what waits is not overtaken, and nothing goes on by halves.
#![allow(clippy::unwrap_used)] // What fails here fails the test.

mod support;

use std::sync::Arc;
use std::time::Duration;

use outdial_domain::{CampaignId, NewContact, Outcome};
use outdial_store::{
    Attempts, Contacts, Disk, Events, ImportOptions, ImportSession, SqliteStore, StoreError, Upkeep,
};
use rusqlite::Connection;
use support::{attempt, campaign, contact, end, import, open_small};

/// Long enough for a machine that does ten other things.
const LONG: Duration = Duration::from_secs(120);

async fn world() -> (tempfile::TempDir, Arc<SqliteStore>, CampaignId) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open_small(&folder.path().join("outdial.db")));
    let campaign = campaign(store.as_ref()).await;
    import(store.as_ref(), campaign, 1, 10).await.unwrap();
    (folder, store, campaign)
}

#[tokio::test]
async fn what_has_failed_is_not_overtaken_by_what_was_asked_for_later() {
    let (_folder, store, campaign) = world().await;
    let first = attempt(campaign, 1);
    store.place_attempt(first.clone()).await.unwrap();

    store.pretend(Disk::FullOnce);
    let ended = end(&first, Outcome::Busy);
    assert_eq!(
        store.end_attempt(ended.clone()).await,
        Err(StoreError::Full)
    );
    // The disk has room again, and yet: whoever asks now stands behind what is to be tried again.
    assert!(store.writer_figures().refuses);
    let later = store.place_attempt(attempt(campaign, 2)).await;
    assert_eq!(later, Err(StoreError::Full));
    let later = store.append_events(Vec::new()).await;
    assert_eq!(later, Err(StoreError::Full));

    store.probe().await.unwrap();
    assert!(!store.writer_figures().refuses);
    store.end_attempt(ended).await.unwrap();
    store.place_attempt(attempt(campaign, 2)).await.unwrap();
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_probe_on_a_full_disk_fails_and_lets_nothing_through() {
    let (_folder, store, campaign) = world().await;
    store.pretend(Disk::Full);
    let placed = store.place_attempt(attempt(campaign, 1)).await;
    assert_eq!(placed, Err(StoreError::Full));
    assert_eq!(store.probe().await, Err(StoreError::Full));
    store.pretend(Disk::Sound);
    let placed = store.place_attempt(attempt(campaign, 1)).await;
    assert_eq!(placed, Err(StoreError::Full), "nobody has looked yet");
    store.probe().await.unwrap();
    store.place_attempt(attempt(campaign, 1)).await.unwrap();
    store.close().await.unwrap();
}

fn contacts(indexes: std::ops::Range<u32>) -> Vec<NewContact> {
    indexes.map(contact).collect()
}

async fn looking_for_duplicates(
    store: &SqliteStore,
    campaign: CampaignId,
) -> Result<Box<dyn ImportSession>, StoreError> {
    let options = ImportOptions {
        skip_duplicates: true,
    };
    store.import(campaign, options).await
}

#[tokio::test]
async fn an_import_that_could_not_begin_does_not_blind_another_one() {
    let (_folder, store, campaign) = world().await;
    let mut session = looking_for_duplicates(&store, campaign).await.unwrap();
    store.pretend(Disk::FullOnce);
    let refused = looking_for_duplicates(&store, campaign).await;
    assert_eq!(refused.err(), Some(StoreError::Full));

    session.add(contacts(100..200)).await.unwrap();
    session.add(contacts(100..200)).await.unwrap();
    let told = session.finish().await.unwrap();
    assert_eq!((told.accepted, told.duplicates), (100, 100));
    store.close().await.unwrap();
}

#[tokio::test]
async fn an_import_with_a_batch_that_failed_goes_on_with_none() {
    let (_folder, store, campaign) = world().await;
    store.pretend(Disk::Stuck);
    let mut session = store
        .import(campaign, ImportOptions::default())
        .await
        .unwrap();
    for first in [1_000, 2_000, 3_000] {
        session.add(contacts(first..first + 1_000)).await.unwrap();
    }
    store.pretend(Disk::FullOnce);
    assert_eq!(session.finish().await, Err(StoreError::Full));
    assert_eq!(session.progress().accepted, 0);
    assert_eq!(store.contact_counts(campaign).await.unwrap().total(), 10);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_reader_that_takes_its_time_does_not_hold_a_list_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outdial.db");
    let store = open_small(&path);
    let campaign = campaign(&store).await;
    import(&store, campaign, 1, 10).await.unwrap();
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let read = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    let before = reader.query_row("SELECT count(*) FROM contact", [], read);
    assert_eq!(before.unwrap(), 10);

    // More than the log may hold before it is to start again, which the reader does not allow.
    let mut list = contacts(1_000..2_000);
    for contact in &mut list {
        let note = ("note".to_owned(), "x".repeat(2_000));
        contact.attributes.extend([note]);
    }
    let adding = async {
        let mut session = store
            .import(campaign, ImportOptions::default())
            .await
            .unwrap();
        for _ in 0..20 {
            session.add(list.clone()).await.unwrap();
        }
        session.finish().await.unwrap().accepted
    };
    let added = tokio::time::timeout(LONG, adding).await;
    assert_eq!(added, Ok(20_000));
    reader.execute_batch("COMMIT").unwrap();
    store.close().await.unwrap();
}
