//! A disk that is full or stuck for a while: what waits is not overtaken, and nothing goes on by halves.
#![allow(clippy::unwrap_used)] // What fails here fails the test.

mod support;

use std::sync::Arc;
use std::time::Duration;

use outdial_domain::{CampaignId, NewContact, Outcome, TenantId};
use outdial_store::{
    Attempts, Contacts, Disk, Events, ImportOptions, ImportSession, SqliteStore, StoreError, Upkeep,
};
use rusqlite::Connection;
use support::{attempt, campaign, contact, end, import, number, open_small};

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

#[tokio::test]
async fn an_attempt_whose_end_is_refused_has_not_ended() {
    let (folder, store, campaign) = world().await;
    let first = attempt(campaign, 1);
    store.place_attempt(first.clone()).await.unwrap();
    let beside = Connection::open(folder.path().join("outdial.db")).unwrap();
    let broken = beside.execute("UPDATE contact SET state = 77 WHERE state = 2", []);
    assert_eq!(broken.unwrap(), 1);
    drop(beside);
    let refused = store.end_attempt(end(&first, Outcome::Busy)).await;
    assert!(
        refused.as_ref().is_err_and(|error| !error.is_passing()),
        "{refused:?}"
    );
    assert_eq!(store.open_attempts().await.unwrap().len(), 1);
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
        ..ImportOptions::default()
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

/// Takes a list in under a key, in batches; whether all of it came in, and how much counts as taken.
async fn keyed(
    store: &SqliteStore,
    campaign: CampaignId,
    indexes: std::ops::Range<u32>,
) -> (Result<(), StoreError>, u64) {
    let options = ImportOptions {
        key: Some("list-1".to_owned()),
        ..ImportOptions::default()
    };
    let mut session = store.import(campaign, options).await.unwrap();
    let mut result = Ok(());
    for batch in contacts(indexes).chunks(100) {
        result = result.and(session.add(batch.to_vec()).await.map(|_| ()));
    }
    let finished = session.finish().await.map(|_| ());
    (result.and(finished), session.progress().accepted)
}

#[tokio::test]
async fn a_list_that_comes_again_under_its_key_is_taken_in_once() {
    let (_folder, store, campaign) = world().await;
    let first = keyed(&store, campaign, 1_000..1_450).await;
    assert_eq!(first, (Ok(()), 450));
    assert_eq!(keyed(&store, campaign, 1_000..1_450).await, first);
    assert_eq!(store.contact_counts(campaign).await.unwrap().total(), 460);

    // One that broke off goes on from where it was, also after a failure in the middle of it.
    store.pretend(Disk::FullOnce);
    let (failed, taken) = keyed(&store, campaign, 1_000..3_000).await;
    assert_eq!((failed, taken), (Err(StoreError::Full), 450));
    let whole = keyed(&store, campaign, 1_000..3_000).await;
    assert_eq!(whole, (Ok(()), 2_000));
    assert_eq!(store.contact_counts(campaign).await.unwrap().total(), 2_010);
    let last = store.contacts_with_number(TenantId::new(1), Some(campaign), number(2_999));
    assert_eq!(last.await.unwrap().len(), 1);
    store.close().await.unwrap();
}

#[tokio::test]
async fn two_imports_under_one_key_at_once_do_not_both_come_in() {
    let (_folder, store, campaign) = world().await;
    let options = ImportOptions {
        key: Some("list-1".to_owned()),
        ..ImportOptions::default()
    };
    let mut one = store.import(campaign, options.clone()).await.unwrap();
    let mut other = store.import(campaign, options).await.unwrap();
    one.add(contacts(100..200)).await.unwrap();
    one.finish().await.unwrap();
    // Refused when it is written, or when the next batch comes.
    let _ = other.add(contacts(100..200)).await;
    let refused = other.finish().await;
    assert!(
        matches!(refused, Err(StoreError::Conflict { .. })),
        "{refused:?}"
    );
    assert_eq!(store.contact_counts(campaign).await.unwrap().total(), 110);
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
