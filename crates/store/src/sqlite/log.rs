//! The state of the write-ahead log that the writer and the checkpointer share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A frame holds one page of 4 KiB.
const fn mebibytes(count: u64) -> u64 {
    count * 256
}

/// After so many new frames the log is written back, off the writer.
pub(super) const CHECKPOINT_EVERY: u64 = mebibytes(4);
/// From this length on the log is to start again: long work pauses until it does, so that the rest
/// is soon small.
pub(super) const RESTART_FROM: u64 = mebibytes(24);
/// What may be left for the writer to write back itself, in frames.
pub(super) const REMAINDER_MAX: u64 = 64;
/// Space that the log has from the start: writing over it is faster than growing.
pub(super) const ALLOCATED_BYTES: u64 = 32 * 1024 * 1024;

/// How long the log is, and who waits for whom.
#[derive(Debug, Default)]
pub(super) struct Log {
    frames: AtomicU64,
    /// Length at the last attempt to start again: a reader may have prevented it.
    tried_at: AtomicU64,
    bulk_paused: AtomicBool,
}

impl Log {
    /// The writer has committed; the log has this length now. Says whether it is due to be written
    /// back.
    pub(super) fn grew_to(&self, frames: u64) -> bool {
        let before = self.frames.swap(frames, Ordering::Relaxed);
        if frames < before {
            self.tried_at.store(0, Ordering::Relaxed);
        }
        if self.is_to_restart() {
            self.bulk_paused.store(true, Ordering::Relaxed);
        }
        frames < before || frames / CHECKPOINT_EVERY > before / CHECKPOINT_EVERY
    }

    /// Whether the log has grown by so much that it should start again.
    pub(super) fn is_to_restart(&self) -> bool {
        let tried_at = self.tried_at.load(Ordering::Relaxed);
        self.frames().saturating_sub(tried_at) >= RESTART_FROM
    }

    /// The length of the log.
    pub(super) fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// Whether long work has to wait.
    pub(super) fn bulk_paused(&self) -> bool {
        self.bulk_paused.load(Ordering::Relaxed)
    }

    /// All was written back that could be: long work goes on, also when a reader keeps the log from
    /// starting again.
    pub(super) fn finished(&self) {
        self.tried_at.store(self.frames(), Ordering::Relaxed);
        self.bulk_paused.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_work_pauses_until_the_log_was_written_back() {
        let log = Log::default();
        assert!(!log.grew_to(10));
        assert!(log.grew_to(CHECKPOINT_EVERY));
        assert!(!log.bulk_paused());
        log.grew_to(RESTART_FROM);
        assert!(log.bulk_paused() && log.is_to_restart());
        log.finished();
        assert!(!log.bulk_paused() && !log.is_to_restart());
        // A reader kept it from starting again: it may grow by as much once more.
        log.grew_to(RESTART_FROM + 1);
        assert!(!log.bulk_paused());
        log.grew_to(2 * RESTART_FROM);
        assert!(log.bulk_paused());
    }
}
