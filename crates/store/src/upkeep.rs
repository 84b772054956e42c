//! How the store itself is.

use std::time::Duration;

use async_trait::async_trait;

use crate::StoreError;

/// What the writer has done since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriterFigures {
    /// Transactions committed.
    pub transactions: u64,
    /// Requests committed, many to a transaction.
    pub requests: u64,
    /// Requests refused, each for a reason of its own.
    pub refused: u64,
    /// Transactions that failed as a whole (a full disk, an I/O error).
    pub failed_transactions: u64,
    /// Contacts taken in.
    pub contacts_imported: u64,
    /// Requests that wait for the writer now; an import counts as one.
    pub queued: u64,
    /// Whether requests are refused because one has failed: until a probe is committed.
    pub refuses: bool,
    /// The longest that one transaction, or other work of the writer's, has taken.
    pub longest_hold: Duration,
}

/// How the store itself is.
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// Commits something of no meaning: whether the store can commit (again).
    ///
    /// When a request has failed for a passing reason, all later ones are refused with the same error
    /// until a probe has been committed: so nothing overtakes what is to be tried again.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot.
    async fn probe(&self) -> Result<(), StoreError>;

    /// What the writer has done. Cheap.
    fn writer_figures(&self) -> WriterFigures;

    /// Commits what has been asked for, tidies up and closes. Later requests fail.
    ///
    /// # Errors
    /// [`StoreError`] when something could not be committed.
    async fn close(&self) -> Result<(), StoreError>;
}
