//! A disk that is slow or full on purpose: how tests see what becomes of those who wait for a commit.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::fault::{Fault, Outcome};
use crate::StoreError;

/// How the disk takes commits. For tests; a real disk is as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Disk {
    /// As the real one does.
    #[default]
    Sound,
    /// Commits wait until it is another way again.
    Stuck,
    /// Commits fail for want of room.
    Full,
    /// The next commit fails for want of room, those after it do not.
    FullOnce,
}

/// The way of the disk that the writer asks before it commits.
#[derive(Default)]
pub(super) struct Pretence {
    disk: Mutex<Disk>,
    changed: Condvar,
}

impl Pretence {
    fn lock(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, disk: Disk) {
        *self.lock() = disk;
        self.changed.notify_all();
    }

    /// # Errors
    /// That the disk is full.
    pub(super) fn before_commit(&self) -> Outcome<()> {
        let mut disk = self
            .changed
            .wait_while(self.lock(), |disk| *disk == Disk::Stuck)
            .unwrap_or_else(PoisonError::into_inner);
        match *disk {
            Disk::Sound | Disk::Stuck => Ok(()),
            Disk::Full => Err(Fault(StoreError::Full)),
            Disk::FullOnce => {
                *disk = Disk::Sound;
                Err(Fault(StoreError::Full))
            }
        }
    }
}
