//! What the writer promises: together, in order, never for long.
#![allow(clippy::unwrap_used)] // What fails here fails the test.

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_join::join_all;
use outdial_domain::{ContactPlace, ContactUpdate, History, Outcome};
use outdial_store::{
    Attempts, Contacts, ImportOptions, OpenError, SqliteStore, StoreError, Upkeep,
};
use support::{attempt, campaign, contact, contact_id, end, import};

/// Polls futures together, as concurrent requests come.
mod futures_join {
    pub(crate) async fn join_all<T: Send + 'static>(
        requests: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
    ) -> Vec<T> {
        let tasks: Vec<_> = requests.into_iter().map(tokio::spawn).collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap());
        }
        answers
    }
}

fn open(folder: &tempfile::TempDir) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(&folder.path().join("outdial.db")).unwrap())
}

#[tokio::test]
async fn requests_that_come_together_are_committed_together() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let campaign = campaign(store.as_ref()).await;
    import(store.as_ref(), campaign, 1, 500).await.unwrap();
    let before = store.writer_figures();
    let placed = join_all((1..=500).map(|id| {
        let store = Arc::clone(&store);
        async move { store.place_attempt(attempt(campaign, id)).await }
    }))
    .await;
    assert!(placed.iter().all(Result::is_ok));
    let after = store.writer_figures();
    assert_eq!(after.requests - before.requests, 500);
    let transactions = after.transactions - before.transactions;
    assert!(
        transactions <= 50,
        "{transactions} transactions for 500 requests"
    );
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_refused_request_does_not_disturb_its_neighbours() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let campaign = campaign(store.as_ref()).await;
    import(store.as_ref(), campaign, 1, 100).await.unwrap();
    let placed = join_all((1..=100).map(|id| {
        let store = Arc::clone(&store);
        let mut new = attempt(campaign, id);
        if id % 2 == 0 {
            // The same contact as its neighbour's: one of the two is refused.
            new.contact = contact_id(campaign, id - 1);
        }
        async move { store.place_attempt(new).await }
    }))
    .await;
    let committed = placed.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(committed, 50);
    assert_eq!(store.writer_figures().refused, 50);
    assert_eq!(store.open_attempts().await.unwrap().len(), 50);
    let counts = store.contact_counts(campaign).await.unwrap();
    assert_eq!((counts.in_progress, counts.fresh), (50, 50));
    store.close().await.unwrap();
}

#[tokio::test]
async fn dials_overtake_what_has_happened() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let campaign = campaign(store.as_ref()).await;
    import(store.as_ref(), campaign, 1, 20_001).await.unwrap();
    // More moves than one transaction takes, then a dial about another contact.
    let updates = (1..=20_000)
        .map(|place| ContactUpdate {
            contact: contact_id(campaign, place),
            campaign,
            place: ContactPlace::Resting(support::at(60)),
            history: History::default(),
            last_outcome: None,
        })
        .collect();
    let moving = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.move_contacts(updates, Vec::new()).await }
    });
    while store.writer_figures().queued < 50 {
        assert!(!moving.is_finished(), "the moves were never queued");
        tokio::task::yield_now().await;
    }
    store
        .place_attempt(attempt(campaign, 20_001))
        .await
        .unwrap();
    assert!(!moving.is_finished(), "the dial waited for all the moves");
    moving.await.unwrap().unwrap();
    assert_eq!(
        store.contact_counts(campaign).await.unwrap().resting,
        20_000
    );
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dials_go_on_while_a_list_comes_in() {
    const LIST: u32 = 60_000;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let dialed = campaign(store.as_ref()).await;
    import(store.as_ref(), dialed, 1, 2_000).await.unwrap();
    let listed = campaign(store.as_ref()).await;
    let importing = tokio::spawn({
        let store = Arc::clone(&store);
        async move { import(store.as_ref(), listed, 100_000, LIST).await }
    });
    let mut waits = Vec::new();
    let mut id = 0;
    while !importing.is_finished() && id < 2_000 {
        id += 1;
        let began = Instant::now();
        store.place_attempt(attempt(dialed, id)).await.unwrap();
        waits.push(began.elapsed());
    }
    let after_dials = store.contact_counts(listed).await.unwrap().fresh;
    assert_eq!(importing.await.unwrap().unwrap(), u64::from(LIST));
    waits.sort();
    // Far above what a quiet machine takes: this is about a writer that is held for a whole list.
    let median = waits[waits.len() / 2];
    assert!(median < Duration::from_millis(100), "{median:?}");
    assert!(after_dials > 0 && waits.len() > 20, "{} dials", waits.len());
    let found = store
        .contacts_with_number(
            outdial_domain::TenantId::new(1),
            Some(listed),
            support::number(130_000),
        )
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    store.close().await.unwrap();
}

#[tokio::test]
async fn the_log_starts_again_while_lists_come_in() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let campaign = campaign(store.as_ref()).await;
    let list: Vec<_> = (1..=1000)
        .map(|index| {
            let mut new = contact(index);
            new.attributes.insert("note".to_owned(), "x".repeat(2_000));
            new
        })
        .collect();
    // 100 MB in all; the log starts again each 24 MiB.
    let mut session = store
        .import(campaign, ImportOptions::default())
        .await
        .unwrap();
    for _ in 0..50 {
        session.add(list.clone()).await.unwrap();
    }
    session.finish().await.unwrap();
    let log = std::fs::metadata(folder.path().join("outdial.db-wal")).unwrap();
    assert!(log.len() < 48_000_000, "{} bytes", log.len());
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_second_store_is_refused_while_the_first_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let path = folder.path().join("outdial.db");
    let second = SqliteStore::open(&path);
    assert!(matches!(second, Err(OpenError::InUse { .. })));
    let message = second.err().unwrap().to_string();
    assert!(message.contains("in use by another process"), "{message}");
    store.close().await.unwrap();
    SqliteStore::open(&path).unwrap().close().await.unwrap();
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let campaign = campaign(store.as_ref()).await;
    let mut session = store
        .import(campaign, ImportOptions::default())
        .await
        .unwrap();
    store.close().await.unwrap();
    store.close().await.unwrap();
    let unavailable = |error| matches!(error, Err(StoreError::Unavailable(_)));
    assert!(unavailable(store.probe().await));
    assert!(unavailable(store.open_attempts().await.map(|_| ())));
    assert!(unavailable(session.add(vec![contact(1)]).await.map(|_| ())));
}

#[tokio::test]
async fn what_is_no_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    let letter = "Dear Sir or Madam, ".repeat(100);
    std::fs::write(&path, &letter).unwrap();
    let refused = SqliteStore::open(&path);
    assert!(
        matches!(refused, Err(OpenError::Foreign { .. })),
        "{:?}",
        refused.err()
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), letter);
    let missing = SqliteStore::open(&folder.path().join("no/such/folder/outdial.db"));
    assert!(matches!(missing, Err(OpenError::Unavailable { .. })));
}

#[cfg(unix)]
#[tokio::test]
async fn the_database_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let campaign = campaign(store.as_ref()).await;
    import(store.as_ref(), campaign, 1, 10).await.unwrap();
    for file in ["outdial.db", "outdial.db-wal", "outdial.db-shm"] {
        let mode = std::fs::metadata(folder.path().join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{file} has mode {mode:o}");
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_request_whose_asker_has_gone_is_committed_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let campaign = campaign(store.as_ref()).await;
    import(store.as_ref(), campaign, 1, 1).await.unwrap();
    let new = attempt(campaign, 1);
    store.place_attempt(new.clone()).await.unwrap();
    {
        let mut ending = Box::pin(store.end_attempt(end(&new, Outcome::Busy)));
        // One poll puts it into the queue; then the asker gives up.
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        assert!(ending.as_mut().poll(&mut context).is_pending());
    }
    store.close().await.unwrap();
    let store = open(&folder);
    assert!(store.open_attempts().await.unwrap().is_empty());
    store.close().await.unwrap();
}
