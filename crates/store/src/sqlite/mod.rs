//! The embedded engine: one SQLite file, one writer thread, a few connections for reading.

mod api_keys;
mod appointments;
mod attempt_row;
mod attempts;
mod caller_ids;
mod campaign_row;
mod campaigns;
mod checkpoint;
mod configuration;
mod contact_row;
mod contacts;
mod dialogs;
mod disk;
mod do_not_call;
mod due;
mod edits;
mod events;
mod fault;
mod import;
mod import_key;
mod items;
mod keys;
mod lists;
mod log;
mod notes;
mod number_index;
mod number_key;
mod obstacles;
mod open;
mod order_key;
mod places;
mod queue;
mod readers;
mod removal;
mod reorder;
mod schema;
mod totals;
mod wishes;
mod work;
mod writer;

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use async_trait::async_trait;
use outdial_domain::ContactId;
use tokio::sync::{oneshot, watch};

pub use self::disk::Disk;
pub use self::open::SqliteOptions;

use self::checkpoint::Checkpointer;
use self::disk::Pretence;
use self::fault::Outcome;
use self::queue::Queue;
use self::readers::Readers;
use self::work::{Tx, Urgency, request};
use self::writer::Figures;
use crate::{EventId, OpenError, StoreError, Upkeep, WriterFigures};

/// A store in an SQLite file.
///
/// One process at a time: a second one is refused. Dropping the store lets the writer finish what
/// it was asked for; [`Upkeep::close`] waits for that.
pub struct SqliteStore {
    queue: Arc<Queue>,
    readers: Readers,
    figures: Arc<Figures>,
    events: watch::Receiver<EventId>,
    disk: Arc<Pretence>,
    threads: Mutex<Option<Threads>>,
}

/// What runs beside, and the lock that lasts as long.
struct Threads {
    writer: JoinHandle<()>,
    sorter: JoinHandle<()>,
    checkpointer: Checkpointer,
    lock: File,
}

impl SqliteStore {
    /// Opens a database with the usual options; creates it if it is missing.
    ///
    /// # Errors
    /// [`OpenError`] when another process has it open, a newer program has written it, or it cannot
    /// be read and written.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_with(path, &SqliteOptions::default())
    }

    /// Opens a database; creates it if it is missing.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_with(path: &Path, options: &SqliteOptions) -> Result<Self, OpenError> {
        open::open(path, options)
    }

    /// Sets the size in pages of 4 KiB beyond which the database takes nothing more, as if the disk
    /// were full.
    ///
    /// # Errors
    /// [`StoreError`] when the store is closed.
    pub async fn limit_pages(&self, pages_max: u32) -> Result<(), StoreError> {
        self.write(Urgency::Probe, Vec::new(), false, move |tx| {
            tx.db
                .pragma_update_and_check(None, "max_page_count", pages_max, |_| Ok(()))?;
            Ok(())
        })
        .await
    }

    /// Lets the disk take commits another way from now on, for tests.
    pub fn pretend(&self, disk: Disk) {
        self.disk.set(disk);
    }

    /// Asks the writer for something and waits until it is committed.
    async fn write<T: Send + 'static>(
        &self,
        urgency: Urgency,
        contacts: Vec<ContactId>,
        guarded: bool,
        run: impl FnMut(&Tx<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (request, answer) = request(urgency, contacts, guarded, run);
        self.queue.push(urgency, request)?;
        answered(answer).await
    }

    /// Asks the writer for a change that someone makes by hand; it may be refused half-way.
    async fn change<T: Send + 'static>(
        &self,
        run: impl FnMut(&Tx<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write(Urgency::Prompt, Vec::new(), true, run).await
    }
}

async fn answered<T>(answer: oneshot::Receiver<Result<T, StoreError>>) -> Result<T, StoreError> {
    answer
        .await
        .unwrap_or_else(|_| Err(StoreError::Unavailable("the writer has stopped".to_owned())))
}

#[async_trait]
impl Upkeep for SqliteStore {
    async fn probe(&self) -> Result<(), StoreError> {
        self.write(Urgency::Probe, Vec::new(), false, |tx| {
            tx.db
                .prepare_cached("UPDATE probe SET count = count + 1")?
                .execute([])?;
            Ok(())
        })
        .await
    }

    fn writer_figures(&self) -> WriterFigures {
        self.figures.snapshot(self.queue.length())
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.queue.close();
        self.readers.close().await;
        let threads = self
            .threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(threads) = threads else {
            return Ok(());
        };
        tokio::task::spawn_blocking(move || threads.join())
            .await
            .map_err(|error| StoreError::Unavailable(error.to_string()))?
    }
}

impl Threads {
    fn join(self) -> Result<(), StoreError> {
        let stopped = |_| StoreError::Unavailable("a thread of the store panicked".to_owned());
        self.writer.join().map_err(stopped)?;
        self.sorter.join().map_err(stopped)?;
        drop(self.checkpointer.wake);
        self.checkpointer.thread.join().map_err(stopped)?;
        drop(self.lock);
        Ok(())
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.queue.close();
        // The lock has to outlive the writer, and a drop must not block its caller's runtime.
        if let Some(threads) = self
            .threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            std::thread::spawn(move || threads.join());
        }
    }
}
