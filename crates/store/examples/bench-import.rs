//! Import of a million contacts, beside what the `sqlite3` shell takes for the same file.
//!
//! `cargo run --release -p outdial-store --example bench-import [CONTACTS]` prints one line of JSON.
//! One thread reads the CSV text and its numbers, the store's writer writes. The shell (package
//! `sqlite3`) gets the same file by `.import`, into a table with our columns and our indexes, in the
//! same journal mode and with as much cache. Then the import runs once more while a campaign dials:
//! one attempt every 5 ms.

mod support;

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use outdial_domain::{CampaignId, Country, NewContact, PhoneNumber};
use outdial_store::{Attempts, Contacts, ImportOptions, SqliteStore, Upkeep};
use support::{Metric, new_campaign, number, peak_memory_mb, place, report};

type Failure = Box<dyn Error + Send + Sync>;

/// Contacts that are dialed while the list comes in.
const DIALED: u64 = 20_000;
/// Pages that are synced one by one, to know the disk.
const SYNCS: usize = 500;
const DIAL_EVERY: Duration = Duration::from_millis(5);

fn main() -> Result<(), Failure> {
    let contacts = match std::env::args().nth(1) {
        Some(count) => count.parse()?,
        None => 1_000_000,
    };
    let folder = tempfile::tempdir()?;
    let list = folder.path().join("contacts.csv");
    write_list(&list, contacts)?;
    eprintln!("    the sqlite3 shell imports {contacts} contacts");
    let reference = reference(folder.path(), &list, true)?;
    let bare = self::reference(folder.path(), &list, false)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    eprintln!("    the store imports them: alone, skipping duplicates, and while a campaign dials");
    let quiet = runtime.block_on(import(
        &folder.path().join("quiet.db"),
        &list,
        contacts,
        Mode::Quiet,
    ))?;
    let skipping = runtime.block_on(import(
        &folder.path().join("skipping.db"),
        &list,
        contacts,
        Mode::Skipping,
    ))?;
    let busy = runtime.block_on(import(
        &folder.path().join("busy.db"),
        &list,
        contacts,
        Mode::Dialing,
    ))?;
    let (ours, shells) = (quiet.took.as_secs_f64(), reference.as_secs_f64());
    let against = format!("2.5 × the sqlite3 shell's .import of the same file, {shells:.2} s");
    report(
        "import",
        [
            Metric::new("import", ours, "s").at_most(2.5 * shells, against),
            Metric::new("import against the shell", ours / shells, "×"),
            Metric::new(
                "the shell without an index over numbers",
                bare.as_secs_f64(),
                "s",
            ),
            Metric::new(
                "import that skips duplicates",
                skipping.took.as_secs_f64(),
                "s",
            ),
            Metric::new("import while dialing", busy.took.as_secs_f64(), "s"),
            Metric::new("peak memory", peak_memory_mb()?, "MB").at_most(
                150.0,
                "a fixed goal; the whole process, over all three imports",
            ),
            Metric::new(
                "longest hold of the writer",
                millis(busy.longest_hold),
                "ms",
            )
            .at_most(
                20.0,
                "a fixed goal; while an attempt is committed every 5 ms",
            ),
            Metric::new(
                "longest bare sync of one page on this disk, right after",
                millis(longest_sync(folder.path())?),
                "ms",
            ),
            Metric::new("commit of an attempt, p50", millis(busy.dial_p50), "ms"),
            Metric::new("commit of an attempt, p99", millis(busy.dial_p99), "ms"),
            Metric::new("attempts meanwhile", busy.dials as f64, "attempts"),
        ],
    );
    Ok(())
}

/// What the disk itself takes at its worst: a hold of the writer can be no shorter.
fn longest_sync(folder: &Path) -> Result<Duration, Failure> {
    let mut file = File::create(folder.join("sync"))?;
    let mut longest = Duration::ZERO;
    for _ in 0..SYNCS {
        file.write_all(&[7; 4096])?;
        let began = Instant::now();
        file.sync_data()?;
        longest = longest.max(began.elapsed());
    }
    Ok(longest)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// A list with the columns of our table, so that the shell can take the same file.
fn write_list(path: &Path, contacts: u32) -> Result<(), Failure> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(
        file,
        "id,campaign,state,priority,sort_key,number,more_numbers,given,external_id,time_zone,\
         attributes,history,last_outcome"
    )?;
    for index in 1..=contacts {
        let id = 9_000_000_000 + u64::from(index);
        let number = number(index);
        writeln!(
            file,
            "{id},9,0,3,{index},{number},,,crm-{index},,Customer {index},,"
        )?;
    }
    file.flush()?;
    // Else the system writes it to the disk in the middle of what is measured.
    file.get_ref().sync_all()?;
    Ok(())
}

/// How long the shell takes.
fn reference(folder: &Path, list: &Path, number_index: bool) -> Result<Duration, Failure> {
    let database = folder.join(if number_index { "shell.db" } else { "bare.db" });
    // Our table and index as the migration writes them; an index over the numbers stands for
    // contact_number. STRICT would refuse the empty texts that `.import` makes of empty columns.
    let schema = "PRAGMA journal_mode = WAL;
        CREATE TABLE contact (id INTEGER PRIMARY KEY, campaign INTEGER NOT NULL,
            state INTEGER NOT NULL, priority INTEGER NOT NULL, sort_key INTEGER NOT NULL,
            number TEXT NOT NULL, more_numbers TEXT, given TEXT, external_id TEXT, time_zone TEXT,
            attributes TEXT, history BLOB, last_outcome TEXT);
        CREATE INDEX contact_due ON contact (campaign, state, priority, sort_key)
            WHERE state < 2;";
    let numbers = "CREATE INDEX contact_number ON contact (number);";
    let import = format!(
        "PRAGMA synchronous = FULL;\nPRAGMA cache_size = -16384;\n.import --csv --skip 1 {} contact\n",
        list.display()
    );
    shell(&database, schema)?;
    if number_index {
        shell(&database, numbers)?;
    }
    let began = Instant::now();
    shell(&database, &import)?;
    let took = began.elapsed();
    std::fs::remove_file(&database)?;
    Ok(took)
}

fn shell(database: &Path, script: &str) -> Result<(), Failure> {
    let mut shell = Command::new("sqlite3")
        .arg(database)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| format!("sqlite3 (apt-get install sqlite3): {error}"))?;
    shell
        .stdin
        .take()
        .ok_or("no standard input")?
        .write_all(script.as_bytes())?;
    if shell.wait()?.success() {
        Ok(())
    } else {
        Err("the sqlite3 shell failed".into())
    }
}

/// How the list is taken in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Quiet,
    Skipping,
    Dialing,
}

#[derive(Default)]
struct Figures {
    took: Duration,
    longest_hold: Duration,
    dials: usize,
    dial_p50: Duration,
    dial_p99: Duration,
}

async fn import(path: &Path, list: &Path, contacts: u32, mode: Mode) -> Result<Figures, Failure> {
    let store = Arc::new(SqliteStore::open(path)?);
    let dialed = new_campaign(store.as_ref(), "dialed").await?;
    let campaign = new_campaign(store.as_ref(), "imported").await?;
    let mut session = store.import(dialed, ImportOptions::default()).await?;
    let first = (1..=DIALED as u32)
        .map(|index| PhoneNumber::from_text(&number(90_000_000 + index)))
        .map(|number| number.map(NewContact::with_number))
        .collect::<Result<Vec<_>, _>>()?;
    session.add(first).await?;
    session.finish().await?;
    // What counts is the hold from here on.
    let dialing = mode == Mode::Dialing;
    let store = if dialing {
        store.close().await?;
        drop(store);
        Arc::new(SqliteStore::open(path)?)
    } else {
        store
    };

    let options = ImportOptions {
        skip_duplicates: mode == Mode::Skipping,
        ..ImportOptions::default()
    };
    let began = Instant::now();
    let dialer = dialing.then(|| tokio::spawn(dial(Arc::clone(&store), dialed)));
    let (sender, mut batches) = tokio::sync::mpsc::channel(4);
    let list = list.to_owned();
    let reading = std::thread::spawn(move || read(&list, &sender));
    let mut session = store.import(campaign, options).await?;
    while let Some(batch) = batches.recv().await {
        session.add(batch).await?;
    }
    let accepted = session.finish().await?.accepted;
    let took = began.elapsed();
    reading.join().map_err(|_| "the reader panicked")??;
    if accepted != u64::from(contacts) {
        return Err(format!("{accepted} of {contacts} contacts were accepted").into());
    }
    let mut figures = Figures {
        took,
        longest_hold: store.writer_figures().longest_hold,
        ..Figures::default()
    };
    if let Some(dialer) = dialer {
        dialer.abort();
        let mut waits = std::mem::take(&mut *WAITS.lock().unwrap_or_else(PoisonError::into_inner));
        waits.sort();
        let share = |percent| waits.get(waits.len() * percent / 100).copied();
        figures.dials = waits.len();
        figures.dial_p50 = share(50).unwrap_or_default();
        figures.dial_p99 = share(99).unwrap_or_default();
    }
    store.close().await?;
    Ok(figures)
}

/// How long each dial waited for its commit.
static WAITS: Mutex<Vec<Duration>> = Mutex::new(Vec::new());

async fn dial(store: Arc<SqliteStore>, campaign: CampaignId) {
    let mut ticks = tokio::time::interval(DIAL_EVERY);
    for id in 1..=DIALED {
        ticks.tick().await;
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let began = Instant::now();
            let placed = store.place_attempt(place(campaign, id)).await;
            assert!(placed.is_ok(), "{placed:?}");
            WAITS
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(began.elapsed());
        });
    }
}

/// Reads the list as the API does: header, numbers by their country's rules, other columns as
/// attributes.
fn read(list: &Path, batches: &tokio::sync::mpsc::Sender<Vec<NewContact>>) -> Result<(), Failure> {
    let country = Country::new("CN")?;
    let mut reader = csv::ReaderBuilder::new().from_path(list)?;
    let headers = reader.headers()?.clone();
    let column = |name: &str| headers.iter().position(|header| header == name);
    let (Some(number), Some(external_id), Some(attributes)) = (
        column("number"),
        column("external_id"),
        column("attributes"),
    ) else {
        return Err("columns are missing".into());
    };
    let mut batch = Vec::with_capacity(1000);
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record)? {
        let mut contact = NewContact::with_number(PhoneNumber::parse(&record[number], country)?);
        contact.external_id = Some(record[external_id].to_owned());
        contact
            .attributes
            .insert("name".to_owned(), record[attributes].to_owned());
        batch.push(contact);
        if batch.len() == 1000 {
            batches.blocking_send(std::mem::replace(&mut batch, Vec::with_capacity(1000)))?;
        }
    }
    batches.blocking_send(batch)?;
    Ok(())
}
