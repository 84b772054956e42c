//! Lists that take the place of others: whatever happens meanwhile, it is one or the other.
#![allow(clippy::unwrap_used)] // What fails here fails the test.

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use outdial_domain::{CampaignId, Order, Origin, TenantId};
use outdial_store::{
    Attempts, CampaignQuery, Campaigns, Contacts, Edits, ImportOptions, NewRevision, SqliteStore,
    StoreError, Upkeep,
};
use support::{attempt, campaign, contact, draft, import};

/// Where the child finds its database; set for the child alone.
const DATABASE: &str = "OUTDIAL_STORE_LISTS_DATABASE";
const LIST: u32 = 6_000;

/// Replaces the list of a campaign by the next one: each has numbers of its own.
async fn replace(store: &SqliteStore, campaign: CampaignId, list: u32) -> Result<(), StoreError> {
    let mut session = store.stage_list(campaign, ImportOptions::default()).await?;
    for first in (list * LIST..(list + 1) * LIST).step_by(1_000) {
        let contacts = (first..first + 1_000).map(contact).collect();
        session.add(contacts).await?;
    }
    session.finish().await?;
    let staged = store.compare_staged(campaign).await?;
    assert_eq!(staged.kept, 0);
    let mut settings = draft(TenantId::new(1), Order::List).settings;
    settings.name = format!("list {list}");
    let revision = NewRevision {
        campaign,
        expected: None,
        expected_state: None,
        author: "crm".to_owned(),
        origin: Origin::Tencent,
        at: support::at(0),
        settings,
        changes: Vec::new(),
        restores: None,
        pending: None,
        list: Some(staged),
        extras: None,
        events: Vec::new(),
    };
    store.revise_campaign(revision).await?;
    Ok(())
}

/// Not a test of its own: what the killed process does. Without its variable it has nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(path) = std::env::var(DATABASE) else {
        return;
    };
    let store = SqliteStore::open(Path::new(&path)).unwrap();
    let found = store.campaigns(CampaignQuery::default()).await.unwrap();
    let campaign = found.items[0].id;
    let (version, _) = store.list_versions(campaign).await.unwrap();
    for list in version.. {
        println!("\n@{list}");
        replace(&store, campaign, list).await.unwrap();
    }
}

/// Lets a child replace lists and kills it so long after its `lists`-th one has begun.
fn run_and_kill(path: &Path, lists: usize, after: Duration) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .env(DATABASE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let begun = lines.map_while(Result::ok).filter(|l| l.starts_with('@'));
    assert_eq!(begun.take(lists).count(), lists);
    // At different points of the replacement: no condition to wait for.
    std::thread::sleep(after);
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn a_kill_leaves_the_old_list_or_the_new_one_with_its_settings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outdial.db");
    let store = SqliteStore::open(&path).unwrap();
    let id = campaign(&store).await;
    import(&store, id, 0, LIST).await.unwrap();
    store.close().await.unwrap();
    for kill in 0..6 {
        let after = Duration::from_millis(25 * kill);
        let killed = path.clone();
        tokio::task::spawn_blocking(move || run_and_kill(&killed, 2, after))
            .await
            .unwrap();
        let store = open_soon(&path).await;
        let (version, versions) = store.list_versions(id).await.unwrap();
        let stored = store.campaign(id).await.unwrap().unwrap();
        assert_eq!(stored.revision.number(), version);
        assert_eq!(versions.len() as u32, version - 1);
        let list = version - 1;
        if list > 0 {
            assert_eq!(stored.settings.name, format!("list {list}"));
        }
        let counts = store.contact_counts(id).await.unwrap();
        assert_eq!((counts.fresh, counts.total()), (LIST.into(), LIST.into()));
        let due = store
            .due_contacts(id, support::at(0), 2 * LIST as usize, &[])
            .await
            .unwrap();
        let found: Vec<_> = due.contacts.iter().map(|c| c.numbers[0]).collect();
        let expected: Vec<_> = (list * LIST..(list + 1) * LIST)
            .map(support::number)
            .collect();
        assert!(found == expected, "version {version}");
        store.close().await.unwrap();
    }
}

/// The killed process' lock goes with it, a moment later.
async fn open_soon(path: &Path) -> SqliteStore {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        match SqliteStore::open(path) {
            Ok(store) => return store,
            Err(error) if tokio::time::Instant::now() > deadline => panic!("{error}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dials_go_on_while_a_list_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(&folder.path().join("outdial.db")).unwrap());
    let dialed = campaign(store.as_ref()).await;
    import(store.as_ref(), dialed, 1_000_000, 2_000)
        .await
        .unwrap();
    let replaced = campaign(store.as_ref()).await;
    import(store.as_ref(), replaced, 0, LIST).await.unwrap();
    let replacing = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            for list in 1..6 {
                replace(&store, replaced, list).await.unwrap();
            }
        }
    });
    let mut waits = Vec::new();
    let mut id = 0;
    while !replacing.is_finished() && id < 2_000 {
        id += 1;
        let began = Instant::now();
        store.place_attempt(attempt(dialed, id)).await.unwrap();
        waits.push(began.elapsed());
    }
    replacing.await.unwrap();
    waits.sort();
    // Far above what a quiet machine takes: this is about a writer that is held for a whole list.
    let median = waits[waits.len() / 2];
    assert!(median < Duration::from_millis(100), "{median:?}");
    assert!(waits.len() > 10, "{} dials", waits.len());
    println!("longest hold {:?}", store.writer_figures().longest_hold);
    store.close().await.unwrap();
}
