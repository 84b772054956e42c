//! The writer: one thread, one connection. It takes what has queued as soon as it is free, commits
//! it in one transaction, and then tells everybody who asked.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::watch;

use super::checkpoint::write_back;
use super::disk::Pretence;
use super::fault::{Fault, Outcome};
use super::log::Log;
use super::number_index::NumberIndex;
use super::queue::{Queue, Turn};
use super::work::{Bulk, Piece, Tx, Verdict, Work};
use crate::{EventId, StoreError, WriterFigures};

/// How long a transaction that carries long work is meant to take, its commit included. Below the
/// promised 20 ms by what a disk's slower moments take.
const HOLD_AIM: Duration = Duration::from_millis(7);
/// The least and the most time that long work gets in one transaction.
const PIECE_MIN: Duration = Duration::from_millis(1);
const PIECE_MAX: Duration = Duration::from_millis(4);
/// The most when requests wait for the same commit.
const PIECE_MAX_BESIDE_REQUESTS: Duration = Duration::from_micros(1500);
/// So long the requests of one transaction may take to run, before the rest waits for the next.
const REQUESTS_MAX: Duration = Duration::from_millis(10);

/// What the writer has done, for everybody to read.
#[derive(Debug, Default)]
pub(super) struct Figures {
    transactions: AtomicU64,
    requests: AtomicU64,
    refused: AtomicU64,
    failed_transactions: AtomicU64,
    contacts_imported: AtomicU64,
    longest_hold_us: AtomicU64,
    refuses: AtomicBool,
}

impl Figures {
    pub(super) fn snapshot(&self, queued: usize) -> WriterFigures {
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        WriterFigures {
            transactions: read(&self.transactions),
            requests: read(&self.requests),
            refused: read(&self.refused),
            failed_transactions: read(&self.failed_transactions),
            contacts_imported: read(&self.contacts_imported),
            queued: queued as u64,
            refuses: self.refuses.load(Ordering::Relaxed),
            longest_hold: Duration::from_micros(read(&self.longest_hold_us)),
        }
    }

    fn count(figure: &AtomicU64, more: u64) {
        figure.fetch_add(more, Ordering::Relaxed);
    }

    fn held(&self, since: Instant) {
        let held = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.longest_hold_us.fetch_max(held, Ordering::Relaxed);
    }
}

pub(super) struct Writer {
    pub(super) db: Connection,
    pub(super) queue: Arc<Queue>,
    pub(super) log: Arc<Log>,
    pub(super) index: NumberIndex,
    pub(super) figures: Arc<Figures>,
    pub(super) newest_event: watch::Sender<EventId>,
    /// What commits take of late.
    pub(super) commit_time: Duration,
    /// Long work to be tried again once the store commits again.
    pub(super) stalled: VecDeque<Box<dyn Bulk>>,
    pub(super) disk: Arc<Pretence>,
    /// Requests have failed so. Whoever made them tries them again, in order: until a probe has been
    /// committed no request is taken that could overtake them.
    pub(super) refusing: Option<StoreError>,
}

/// Requests of one transaction, in the order in which they were run.
#[derive(Default)]
struct Batch {
    dials: VecDeque<Box<dyn Work>>,
    prompt: VecDeque<Box<dyn Work>>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.dials.is_empty() && self.prompt.is_empty()
    }
}

impl Writer {
    /// Works until the queue is closed and empty; then the log is empty, too.
    pub(super) fn run(mut self) {
        loop {
            let log = Arc::clone(&self.log);
            match self.queue.take(|| !log.bulk_paused()) {
                Turn::Write {
                    dials,
                    prompt,
                    bulk_allowed,
                } => self.write(Batch { dials, prompt }, bulk_allowed),
                Turn::Checkpoint => self.finish_checkpoint(),
                Turn::Close => break,
            }
        }
        if let Err(error) = write_back(&self.db, "TRUNCATE") {
            // Not lost: the log is read again when the database is opened.
            tracing::warn!(%error, "the log stays beside the database");
        }
    }

    fn finish_checkpoint(&mut self) {
        let began = Instant::now();
        if let Err(error) = write_back(&self.db, "PASSIVE") {
            tracing::warn!(%error, "the log could not be written back");
        }
        self.log.finished();
        self.figures.held(began);
    }

    fn write(&mut self, mut batch: Batch, bulk_allowed: bool) {
        self.refuse(&mut batch);
        let mut bulk = bulk_allowed.then(|| self.queue.take_bulk()).flatten();
        let began = Instant::now();
        let mut result = self.transaction(&mut batch, &mut bulk, began);
        self.figures.held(began);
        if let Err(error) = &result
            && bulk.is_some()
        {
            // A disk that has no room for a list may have room for a call.
            self.give_up_bulk(&mut bulk, error.0.clone());
            if !batch.is_empty() {
                let began = Instant::now();
                result = self.transaction(&mut batch, &mut None, began);
                self.figures.held(began);
            }
        }
        self.note_refusal(&batch, &result);
        self.settle(batch, result.map_err(|fault| fault.0));
    }

    /// While requests are refused: takes out what comes before the first probe, and refuses it.
    fn refuse(&mut self, batch: &mut Batch) {
        let Some(error) = &self.refusing else {
            return;
        };
        let probe = batch.prompt.iter().position(|work| work.is_probe());
        let after = batch.prompt.split_off(probe.unwrap_or(batch.prompt.len()));
        let prompt = std::mem::replace(&mut batch.prompt, after);
        let dials = std::mem::take(&mut batch.dials);
        let error = error.clone();
        self.settle(Batch { dials, prompt }, Err(error));
    }

    fn note_refusal(&mut self, batch: &Batch, result: &Outcome<()>) {
        if batch.is_empty() {
            return;
        }
        self.refusing = match result {
            Err(fault) if fault.ends_transaction() => Some(fault.0.clone()),
            _ => None,
        };
        let refuses = self.refusing.is_some();
        self.figures.refuses.store(refuses, Ordering::Relaxed);
    }

    /// Runs and commits; afterwards `batch` holds what was run and `bulk` what was not finished.
    fn transaction(
        &mut self,
        batch: &mut Batch,
        bulk: &mut Option<Box<dyn Bulk>>,
        began: Instant,
    ) -> Outcome<()> {
        let newest_event = self.newest_event.borrow().0;
        let mut finished = Vec::new();
        let ran = self.run_all(batch, bulk, &mut finished, began);
        let committing = Instant::now();
        let result = ran.and_then(|newest| {
            self.disk.before_commit()?;
            self.db.prepare_cached("COMMIT")?.execute([])?;
            Ok(newest)
        });
        match result {
            Ok(newest) => {
                self.commit_time = (self.commit_time * 3 + committing.elapsed()) / 4;
                if newest > newest_event {
                    self.newest_event.send_replace(EventId(newest));
                }
                Figures::count(&self.figures.transactions, 1);
                for mut done in finished {
                    done.committed(&mut self.index);
                    done.settle(Ok(()), &mut self.index);
                }
                if let Some(mut unfinished) = bulk.take() {
                    unfinished.committed(&mut self.index);
                    self.queue.put_back_bulk(unfinished);
                }
                self.figures
                    .contacts_imported
                    .store(self.index.imported, Ordering::Relaxed);
                for stalled in self.stalled.drain(..).rev() {
                    self.queue.put_back_bulk(stalled);
                }
                Ok(())
            }
            Err(fault) => {
                if !self.db.is_autocommit() {
                    let _ = self.db.execute_batch("ROLLBACK");
                }
                Figures::count(&self.figures.failed_transactions, 1);
                let mut undone = finished;
                undone.extend(bulk.take());
                for work in &mut undone {
                    work.rolled_back();
                }
                // In the order in which they were: all but the last one wait for their next turn.
                *bulk = undone.pop();
                for work in undone.into_iter().rev() {
                    self.queue.put_back_bulk(work);
                }
                Err(fault)
            }
        }
    }

    /// Runs requests and pieces of long work in a new transaction; returns the newest event.
    fn run_all(
        &mut self,
        batch: &mut Batch,
        bulk: &mut Option<Box<dyn Bulk>>,
        finished: &mut Vec<Box<dyn Bulk>>,
        began: Instant,
    ) -> Outcome<u64> {
        self.db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let tx = Tx {
            db: &self.db,
            newest_event: Cell::new(self.newest_event.borrow().0),
            numbers: RefCell::default(),
        };
        for work in &mut batch.dials {
            work.run(&tx)?;
        }
        let mut ran = 0;
        for work in &mut batch.prompt {
            if ran > 0 && began.elapsed() >= REQUESTS_MAX {
                break;
            }
            work.run(&tx)?;
            ran += 1;
        }
        if ran < batch.prompt.len() {
            self.queue.put_back(batch.prompt.split_off(ran));
        }
        let until = self.piece_end(began, batch);
        while let Some(mut work) = bulk.take() {
            if work.keeps_its_turn() && !self.stalled.is_empty() {
                let again = StoreError::Unavailable("earlier work waits, too".to_owned());
                self.stalled
                    .extend(work.settle(Err(again), &mut self.index));
                *bulk = self.queue.take_bulk();
                continue;
            }
            match work.step(&tx, &self.index, until) {
                Ok(Piece::Last) => finished.push(work),
                Ok(Piece::More) => {
                    *bulk = Some(work);
                    break;
                }
                Err(fault) => {
                    *bulk = Some(work);
                    return Err(fault);
                }
            }
            if Instant::now() >= until {
                break;
            }
            *bulk = self.queue.take_bulk();
        }
        Ok(tx.newest_event.get())
    }

    fn piece_end(&self, began: Instant, batch: &Batch) -> Instant {
        let most = if batch.is_empty() {
            PIECE_MAX
        } else {
            PIECE_MAX_BESIDE_REQUESTS
        };
        let piece = HOLD_AIM
            .saturating_sub(self.commit_time)
            .saturating_sub(began.elapsed())
            .clamp(PIECE_MIN, most);
        Instant::now() + piece
    }

    fn give_up_bulk(&mut self, bulk: &mut Option<Box<dyn Bulk>>, error: StoreError) {
        if let Some(work) = bulk.take()
            && let Some(again) = work.settle(Err(error), &mut self.index)
        {
            self.stalled.push_back(again);
        }
    }

    fn settle(&mut self, batch: Batch, result: Result<(), StoreError>) {
        for work in batch.dials {
            self.settle_one(work, &result);
        }
        for work in batch.prompt {
            self.queue.release(work.contacts());
            self.settle_one(work, &result);
        }
    }

    fn settle_one(&self, work: Box<dyn Work>, result: &Result<(), StoreError>) {
        // Counted first, so that who asked finds it counted.
        match work.verdict(result) {
            Verdict::Committed => Figures::count(&self.figures.requests, 1),
            Verdict::Refused => Figures::count(&self.figures.refused, 1),
            Verdict::Failed => {}
        }
        work.settle(result);
    }

    /// The log has grown by a commit; called by the database.
    pub(super) fn note_log(log: &Log, wake_checkpointer: &SyncSender<()>, frames: i32) {
        if log.grew_to(u64::try_from(frames).unwrap_or(0)) {
            // Full means that it is awake already.
            let _ = wake_checkpointer.try_send(());
        }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        fault.0
    }
}
