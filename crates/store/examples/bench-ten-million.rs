//! Ten million contacts: loaded, and the first window of due ones read.
//!
//! `cargo run --release -p outdial-store --example bench-ten-million [CONTACTS]` prints one line of JSON.

mod support;

use std::error::Error;
use std::time::Instant;

use outdial_domain::{
    ContactId, ContactPlace, ContactUpdate, History, NewContact, PhoneNumber, Timestamp,
};
use outdial_store::{Attempts, Contacts, ImportOptions, SqliteStore, Upkeep};
use support::{Metric, new_campaign, number, peak_memory_mib, place, report};

type Failure = Box<dyn Error + Send + Sync>;

/// Contacts that rest when the window is read: half due, half not.
const RESTING: u64 = 200_000;
const WINDOW: usize = 1000;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let contacts: u32 = match std::env::args().nth(1) {
        Some(count) => count.parse()?,
        None => 10_000_000,
    };
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("outdial.db");
    let store = SqliteStore::open(&path)?;
    let campaign = new_campaign(&store, "large").await?;

    let began = Instant::now();
    let mut session = store.import(campaign, ImportOptions::default()).await?;
    let all: Vec<u32> = (1..=contacts).collect();
    for part in all.chunks(1000) {
        let batch = part
            .iter()
            .map(|index| PhoneNumber::from_text(&number(*index)).map(NewContact::with_number))
            .collect::<Result<Vec<_>, _>>()?;
        session.add(batch).await?;
    }
    drop(all);
    session.finish().await?;
    let loading = began.elapsed();

    let now = Timestamp::from_secs(1_795_165_200);
    let resting = RESTING.min(u64::from(contacts) / 2);
    let began = Instant::now();
    let updates = (1..=resting)
        .map(|index| ContactUpdate {
            contact: ContactId::new(u64::from(campaign.number()) * 1_000_000_000 + index),
            campaign,
            place: ContactPlace::Resting(Timestamp::from_millis(
                now.millis() + (index as i64 % 2 * 2 - 1) * 1_000 * index as i64,
            )),
            history: History::default(),
            last_outcome: None,
        })
        .collect();
    store.move_contacts(updates, Vec::new()).await?;
    let moving = began.elapsed();
    store.close().await?;
    drop(store);

    // As after a start: nothing is in memory.
    let began = Instant::now();
    let store = SqliteStore::open(&path)?;
    let opening = began.elapsed();
    let began = Instant::now();
    let first = store.due_contacts(campaign, now, WINDOW, &[]).await?;
    let first_window = began.elapsed();
    let held: Vec<ContactId> = first.contacts.iter().map(|contact| contact.id).collect();
    let began = Instant::now();
    let second = store.due_contacts(campaign, now, WINDOW, &held).await?;
    let second_window = began.elapsed();
    if first.contacts.len() != WINDOW || second.contacts.len() != WINDOW || !second.more {
        return Err("the windows are not full".into());
    }
    let began = Instant::now();
    let mut dial = place(campaign, 1);
    dial.contact = held[0];
    store.place_attempt(dial).await?;
    let first_dial = began.elapsed();
    let counts = store.contact_counts(campaign).await?;
    if counts.total() != u64::from(contacts) {
        return Err(format!("{} contacts were kept", counts.total()).into());
    }
    store.close().await?;
    let size = std::fs::metadata(&path)?.len() as f64 / f64::from(contacts);
    let start = opening + first_window + first_dial;
    report(
        "ten-million",
        &[
            Metric::new("load_time", loading.as_secs_f64(), "s"),
            Metric::new(
                "loaded_per_s",
                f64::from(contacts) / loading.as_secs_f64(),
                "contacts/s",
            ),
            Metric::new("rest_200k_time", moving.as_secs_f64(), "s"),
            Metric::new("database_bytes_per_contact", size, "B"),
            Metric::new("open_time", opening.as_secs_f64() * 1e3, "ms"),
            Metric::new("first_due_contacts", first_window.as_secs_f64() * 1e3, "ms"),
            Metric::new(
                "due_contacts_with_1000_held",
                second_window.as_secs_f64() * 1e3,
                "ms",
            ),
            Metric::new("first_dial_commit", first_dial.as_secs_f64() * 1e3, "ms"),
            Metric::new("open_to_first_dial", start.as_secs_f64(), "s")
                .at_most(2.0, "start to first INVITE, the store's part"),
            Metric::new("peak_memory", peak_memory_mib()?, "MiB").at_most(300.0, "whole process"),
        ],
    )
}
