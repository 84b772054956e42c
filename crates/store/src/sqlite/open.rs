//! Opening a database: lock, schema, connections, threads.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use outdial_domain::{CampaignId, PhoneNumber};
use rusqlite::Connection;
use tokio::sync::watch;

use super::checkpoint::Checkpointer;
use super::disk::Pretence;
use super::fault::{Fault, Outcome};
use super::log::{ALLOCATED_BYTES, Log};
use super::number_index::{Entry, NumberIndex, RUN_LENGTH, Run, start_sorter};
use super::number_key::NumberKey;
use super::queue::Queue;
use super::readers::Readers;
use super::schema::{self, SchemaError};
use super::writer::{Figures, Writer};
use super::{SqliteStore, Threads, keys, lists};
use crate::{EventId, OpenError};

/// How an SQLite database is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    /// Connections for reading. 1 to 64, default 4.
    pub readers: usize,
    /// The writer's page cache in KiB. Default 16 MiB.
    pub writer_cache_kib: u32,
    /// The size in pages of 4 KiB beyond which the database takes nothing more, as if the disk were
    /// full; `None` = as the disk allows.
    pub pages_max: Option<u32>,
    /// Whether the log gets its space on the disk, 32 MiB, when the database is opened: commits are
    /// more even then. Default yes.
    pub log_allocated: bool,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            readers: 4,
            writer_cache_kib: 16 * 1024,
            pages_max: None,
            log_allocated: true,
        }
    }
}

/// The page cache of each connection for reading, in KiB.
const READER_CACHE_KIB: u32 = 2 * 1024;

pub(super) fn open(path: &Path, options: &SqliteOptions) -> Result<SqliteStore, OpenError> {
    let name = || path.display().to_string();
    let unavailable = |problem: String| OpenError::Unavailable {
        path: name(),
        problem,
    };
    let lock = lock(path)?;
    create_private(path).map_err(|error| unavailable(error.to_string()))?;
    if options.log_allocated {
        allocate_log(path);
    }
    let mut db = connect(path, options.writer_cache_kib)
        .map_err(SchemaError::from)
        .map_err(|error| schema_problem(path, error))?;
    schema::migrate(&mut db).map_err(|error| schema_problem(path, error))?;
    if let Some(pages) = options.pages_max {
        db.pragma_update(None, "max_page_count", pages)
            .map_err(|error| unavailable(error.to_string()))?;
    }
    let (newest_event, replaced) =
        start_up(&db).map_err(|fault| unavailable(fault.0.to_string()))?;
    let readers = (0..options.readers.clamp(1, 64))
        .map(|_| {
            let reader = connect(path, READER_CACHE_KIB)?;
            reader.pragma_update(None, "query_only", true)?;
            Ok(reader)
        })
        .collect::<rusqlite::Result<Vec<_>>>()
        .map_err(|error| unavailable(error.to_string()))?;
    let checkpoints =
        connect(path, READER_CACHE_KIB).map_err(|error| unavailable(error.to_string()))?;
    let start = Start {
        lock,
        db,
        checkpoints,
        readers,
        newest_event,
    };
    let store = start
        .threads()
        .map_err(|error| unavailable(error.to_string()))?;
    for campaign in replaced {
        store
            .set_aside(campaign)
            .map_err(|error| unavailable(error.to_string()))?;
    }
    Ok(store)
}

/// What is opened and not running yet.
struct Start {
    lock: File,
    db: Connection,
    checkpoints: Connection,
    readers: Vec<Connection>,
    newest_event: EventId,
}

impl Start {
    fn threads(mut self) -> std::io::Result<SqliteStore> {
        let queue = Arc::new(Queue::default());
        let log = Arc::new(Log::default());
        let figures = Arc::new(Figures::default());
        let disk = Arc::new(Pretence::default());
        let (newest_event, events) = watch::channel(self.newest_event);
        let checkpointer =
            Checkpointer::start(self.checkpoints, Arc::clone(&log), Arc::clone(&queue))?;
        let (sorter, sorting) = start_sorter(Arc::clone(&queue))?;
        let hook = (Arc::clone(&log), checkpointer.wake.clone());
        self.db
            .wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, frames| {
                Writer::note_log(&hook.0, &hook.1, frames);
                Ok(())
            }))
            .map_err(std::io::Error::other)?;
        let writer = Writer {
            db: self.db,
            queue: Arc::clone(&queue),
            log,
            index: NumberIndex::new(sorter),
            figures: Arc::clone(&figures),
            newest_event,
            commit_time: Duration::from_millis(4),
            stalled: Default::default(),
            disk: Arc::clone(&disk),
            refusing: None,
        };
        let writing = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run())?;
        Ok(SqliteStore {
            queue,
            readers: Readers::new(self.readers),
            figures,
            events,
            disk,
            threads: Mutex::new(Some(Threads {
                writer: writing,
                sorter: sorting,
                checkpointer,
                lock: self.lock,
            })),
        })
    }
}

/// Keeps other processes (and another store of this one) away. The lock goes with the process,
/// however it ends.
fn lock(path: &Path) -> Result<File, OpenError> {
    let lock_path = PathBuf::from(format!("{}.lock", path.display()));
    let unavailable = |problem: std::io::Error| OpenError::Unavailable {
        path: path.display().to_string(),
        problem: format!("{}: {problem}", lock_path.display()),
    };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .map_err(unavailable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
            path: path.display().to_string(),
        }),
        Err(TryLockError::Error(error)) => Err(unavailable(error)),
    }
}

/// Creates the file for its owner alone: it holds phone numbers. SQLite gives its other files the
/// same rights.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}

/// Gives a log that does not exist yet its space on the disk. A commit then writes over what is
/// there and waits for its own data only, not for the file system's journal, in which the database
/// may be growing at the same time. Zeros are no valid log: SQLite starts a new one.
///
/// Without it the database works as well, with slower moments, so that failing is no error.
fn allocate_log(path: &Path) {
    let log = PathBuf::from(format!("{}-wal", path.display()));
    if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        return;
    }
    if let Err(error) = create_private(&log).and_then(|()| write_zeros(&log)) {
        tracing::info!(%error, "no space was set aside for the log");
        // What is left of it must not take the last of a full disk.
        let _ = std::fs::remove_file(&log);
    }
}

fn write_zeros(log: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(log)?;
    let zeros = vec![0; 1024 * 1024];
    for _ in 0..ALLOCATED_BYTES / zeros.len() as u64 {
        file.write_all(&zeros)?;
    }
    file.sync_all()
}

fn connect(path: &Path, cache_kib: u32) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    db.busy_timeout(Duration::from_secs(10))?;
    db.set_prepared_statement_cache_capacity(256);
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    db.pragma_update(None, "journal_size_limit", ALLOCATED_BYTES as i64)?;
    db.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update(None, "foreign_keys", true)?;
    Ok(db)
}

fn schema_problem(path: &Path, error: SchemaError) -> OpenError {
    let path = path.display().to_string();
    match error {
        SchemaError::Newer { found } => OpenError::Newer {
            path,
            found,
            known: schema::KNOWN,
        },
        SchemaError::Foreign(problem) => OpenError::Foreign { path, problem },
        SchemaError::Sqlite(error) => OpenError::Unavailable {
            path,
            problem: error.to_string(),
        },
    }
}

/// Makes good what a crash has left, and reads where to go on: after which event, and where
/// contacts are still to be set aside.
fn start_up(db: &Connection) -> Outcome<(EventId, Vec<CampaignId>)> {
    complete_number_index(db)?;
    let replaced = lists::recover(db)?;
    let newest: i64 = db.query_row("SELECT coalesce(max(id), 0) FROM event", [], |row| {
        row.get(0)
    })?;
    Ok((EventId(newest.unsigned_abs()), replaced))
}

/// Adds the numbers of contacts that were committed and whose numbers were only gathered yet.
fn complete_number_index(db: &Connection) -> Outcome<()> {
    let mut campaigns =
        db.prepare("SELECT id, numbered, contact_seq FROM campaign WHERE numbered < contact_seq")?;
    let campaigns: Vec<(i64, i64, i64)> = campaigns
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for (campaign, numbered, newest) in campaigns {
        let campaign = keys::campaign_id(campaign)?;
        let mut after = numbered;
        while after < newest {
            let up_to = newest.min(after + RUN_LENGTH as i64);
            let mut entries = Vec::new();
            let mut contacts = db.prepare_cached(
                "SELECT id, number, more_numbers FROM contact WHERE id > ? AND id <= ?",
            )?;
            let range = [after, up_to].map(|place| keys::contact_key(campaign, place));
            let mut rows = contacts.query(range)?;
            while let Some(row) = rows.next()? {
                let (id, first, more): (i64, String, Option<String>) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                for text in std::iter::once(first.as_str())
                    .chain(more.iter().flat_map(|more| more.split(' ')))
                {
                    entries.push(entry(text, id)?);
                }
            }
            drop(rows);
            Run::recovered(campaign, entries, up_to).write_at_once(db)?;
            after = up_to;
        }
        tracing::info!(campaign.id = %campaign, "numbers added to their index after a crash");
    }
    Ok(())
}

fn entry(text: &str, contact: i64) -> Outcome<Entry> {
    PhoneNumber::from_text(text)
        .map(|number| (NumberKey::of(&number), contact))
        .map_err(|problem| Fault::unreadable(format!("number of contact {contact}: {problem}")))
}
