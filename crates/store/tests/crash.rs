//! A process killed in the middle of its writes: whatever it was told to be committed is there.
#![allow(clippy::unwrap_used)] // What fails here fails the test.

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use outdial_domain::{Outcome, TenantId};
use outdial_store::{Attempts, Contacts, ImportOptions, SqliteStore, Upkeep};
use support::{attempt, campaign, contact, end, import, number};

/// Where the child finds its database; set for the child alone.
const DATABASE: &str = "OUTDIAL_STORE_CRASH_DATABASE";
const CONTACTS: u32 = 20_000;
const KILLS: u64 = 4;

/// Not a test of its own: what the killed process does. Without its variable it has nothing to do.
#[test]
fn child() {
    let Ok(path) = std::env::var(DATABASE) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(write_until_killed(Path::new(&path)));
}

/// Dials, ends and imports, and says on standard output what has been acknowledged.
async fn write_until_killed(path: &Path) {
    let store = Arc::new(SqliteStore::open(path).unwrap());
    let campaign = match store.campaigns_of_one().await {
        Some(campaign) => campaign,
        None => {
            let campaign = campaign(store.as_ref()).await;
            import(store.as_ref(), campaign, 1, CONTACTS).await.unwrap();
            campaign
        }
    };
    let importing = Arc::clone(&store);
    tokio::spawn(async move {
        let mut session = importing
            .import(campaign, ImportOptions::default())
            .await
            .unwrap();
        let mut next = 1_000_000;
        loop {
            let list = (next..next + 1_000).map(contact).collect();
            let progress = session.add(list).await.unwrap();
            say(&format!("accepted {}", progress.accepted));
            next += 1_000;
        }
    });
    let first = store
        .last_attempt(TenantId::new(1))
        .await
        .unwrap()
        .map_or(1, |last| last.number() + 1);
    for lane in 0..16 {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for id in (first + lane..).step_by(16) {
                let new = attempt(campaign, id);
                store.place_attempt(new.clone()).await.unwrap();
                say(&format!("placed {id}"));
                store.end_attempt(end(&new, Outcome::Busy)).await.unwrap();
                say(&format!("ended {id}"));
            }
        });
    }
    std::future::pending::<()>().await;
}

/// One line, whole: written by one call, and seen by the parent also after a kill.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n@{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

trait OneCampaign {
    async fn campaigns_of_one(&self) -> Option<outdial_domain::CampaignId>;
}

impl OneCampaign for SqliteStore {
    async fn campaigns_of_one(&self) -> Option<outdial_domain::CampaignId> {
        use outdial_store::Campaigns;
        let page = self
            .campaigns(outdial_store::CampaignQuery::default())
            .await;
        page.unwrap().items.first().map(|campaign| campaign.id)
    }
}

#[derive(Default)]
struct Acknowledged {
    placed: BTreeSet<u64>,
    ended: BTreeSet<u64>,
    accepted: u64,
}

/// Lets a child write, kills it, and returns what it was told to be committed.
fn run_and_kill(path: &Path, after_lines: usize) -> Acknowledged {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .env(DATABASE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = Acknowledged::default();
    let mut seen = 0;
    for line in lines.by_ref() {
        let line = line.unwrap();
        note(&mut told, &line);
        seen += usize::from(line.starts_with('@'));
        if seen == after_lines {
            // SIGKILL.
            child.kill().unwrap();
        }
    }
    assert!(seen >= after_lines, "the child ended by itself");
    child.wait().unwrap();
    told
}

fn note(told: &mut Acknowledged, line: &str) {
    let Some((what, count)) = line.strip_prefix('@').and_then(|line| line.split_once(' ')) else {
        return;
    };
    // The last line may have been cut off by the kill, but a pipe's writes of this size are whole.
    let count: u64 = count.parse().unwrap();
    match what {
        "placed" => {
            told.placed.insert(count);
        }
        "ended" => {
            told.ended.insert(count);
        }
        _ => told.accepted = count,
    }
}

#[tokio::test]
async fn every_acknowledged_write_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outdial.db");
    let mut placed = BTreeSet::new();
    let mut ended = BTreeSet::new();
    let mut accepted = u64::from(CONTACTS);
    for kill in 0..KILLS {
        let (path, lines) = (path.clone(), 150 + 97 * kill as usize);
        let told = tokio::task::spawn_blocking(move || run_and_kill(&path, lines))
            .await
            .unwrap();
        placed.extend(&told.placed);
        ended.extend(&told.ended);

        let store = open_soon(&folder.path().join("outdial.db")).await;
        let campaign = store.campaigns_of_one().await.unwrap();
        let mut stored = BTreeSet::new();
        let mut stored_ends = BTreeSet::new();
        let mut query = outdial_store::AttemptQuery::of(TenantId::new(1));
        loop {
            let page = store.attempts(query.clone()).await.unwrap();
            for item in &page.items {
                stored.insert(item.attempt.id.number());
                if item.attempt.outcome.is_some() {
                    stored_ends.insert(item.attempt.id.number());
                }
            }
            query.after = page.next;
            if page.next.is_none() {
                break;
            }
        }
        assert!(placed.is_subset(&stored));
        assert!(ended.is_subset(&stored_ends));
        let open: BTreeSet<u64> = store
            .open_attempts()
            .await
            .unwrap()
            .iter()
            .map(|open| open.attempt.id.number())
            .collect();
        assert_eq!(open, stored.difference(&stored_ends).copied().collect());
        let legs: BTreeSet<u64> = store
            .open_dialogs()
            .await
            .unwrap()
            .iter()
            .map(|dialog| dialog.leg)
            .collect();
        assert_eq!(legs, open, "each attempt under way has its dialog");

        // Counters, contacts and index tell the same story.
        let counts = store.contact_counts(campaign).await.unwrap();
        assert!(counts.total() >= accepted + told.accepted);
        accepted = counts.total();
        assert_eq!(counts.in_progress, open.len() as u64);
        assert_eq!(counts.done, stored_ends.len() as u64);
        let last = store.contacts(campaign, None, None, 1).await.unwrap();
        assert_eq!(last.items.len(), 1);
        if told.accepted > 0 {
            let found = store
                .contacts_with_number(TenantId::new(1), None, number(1_000_000))
                .await
                .unwrap();
            assert!(!found.is_empty(), "a number is missing from the index");
        }
        // The next child goes on where this one was killed.
        for open in store.open_attempts().await.unwrap() {
            let new = attempt(campaign, open.attempt.id.number());
            store
                .end_attempt(end(&new, Outcome::Unknown))
                .await
                .unwrap();
            ended.insert(open.attempt.id.number());
        }
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
