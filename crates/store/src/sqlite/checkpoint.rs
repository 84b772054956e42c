//! Writing the log back into the database, off the writer.
//!
//! SQLite's own automatic checkpoint would run inside of a commit and hold the writer for as long as
//! the disk takes. Here a thread of its own does the bulk of it with a passive checkpoint, which
//! blocks nobody. Under load the writer is always a few pages ahead, so that the log would never
//! start again from its beginning; when little is left, the writer is asked to do the rest between
//! two transactions.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::log::{CHECKPOINT_EVERY, Log, REMAINDER_MAX};
use super::queue::Queue;

/// So long the checkpointer waits where a reader keeps it from writing more of the log back.
const WAIT_FOR_READER: Duration = Duration::from_millis(20);
/// So often; then long work goes on although the log cannot start again.
const WAITS_MAX: u32 = 25;

/// How much of the log there is, and how much of it is in the database, in frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) log: u64,
    pub(super) back: u64,
}

impl Written {
    fn remainder(self) -> u64 {
        self.log.saturating_sub(self.back)
    }
}

/// Writes the log back as far as nobody is disturbed.
pub(super) fn write_back(db: &Connection, mode: &str) -> rusqlite::Result<Written> {
    db.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        // -1 stands for "not in WAL mode", which cannot be here.
        Ok(Written {
            log: row.get::<_, i64>(1)?.max(0).unsigned_abs(),
            back: row.get::<_, i64>(2)?.max(0).unsigned_abs(),
        })
    })
}

/// The thread that writes the log back.
pub(super) struct Checkpointer {
    pub(super) wake: SyncSender<()>,
    pub(super) thread: JoinHandle<()>,
}

impl Checkpointer {
    pub(super) fn start(db: Connection, log: Arc<Log>, queue: Arc<Queue>) -> std::io::Result<Self> {
        let (wake, woken) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || run(&db, &log, &queue, &woken))?;
        Ok(Self { wake, thread })
    }
}

fn run(db: &Connection, log: &Log, queue: &Queue, woken: &Receiver<()>) {
    let mut idle_at = 0;
    loop {
        match woken.recv_timeout(Duration::from_secs(1)) {
            Ok(()) => {}
            // Nothing was committed for a while: what is in the log may go back now.
            Err(RecvTimeoutError::Timeout) if log.frames() == idle_at => continue,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let mut waits = 0;
        let mut back = None;
        loop {
            let written = match write_back(db, "PASSIVE") {
                Ok(written) => written,
                Err(error) => {
                    // A full disk, most likely. The writer meets it too and tells; here it is only
                    // tried again.
                    tracing::warn!(%error, "the log could not be written back");
                    break;
                }
            };
            idle_at = written.log;
            if log.is_to_restart() {
                if written.remainder() <= REMAINDER_MAX {
                    queue.finish_checkpoint();
                    break;
                }
                // Only short work goes on meanwhile, so that the remainder is soon small enough. Where
                // a reader still needs what the log would overwrite, it may never be.
                if back.replace(written.back) == Some(written.back) {
                    waits += 1;
                    if waits > WAITS_MAX {
                        log.finished();
                        break;
                    }
                    std::thread::sleep(WAIT_FOR_READER);
                }
                continue;
            }
            if written.remainder() < CHECKPOINT_EVERY {
                break;
            }
        }
    }
}
