//! What the writer is asked to do: single requests, and long work done in pieces.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::time::Instant;

use outdial_domain::{CampaignId, ContactId};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::fault::Outcome;
use super::number_index::NumberIndex;
use super::number_key::NumberKey;
use crate::StoreError;

/// The transaction that the writer is in.
pub(super) struct Tx<'c> {
    pub(super) db: &'c Connection,
    /// The newest event, this transaction's included.
    pub(super) newest_event: Cell<u64>,
    /// Numbers that it has added to campaigns in which somebody looks for duplicates.
    pub(super) numbers: RefCell<HashSet<(CampaignId, NumberKey)>>,
}

/// How urgent a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// A call waits for it.
    Dial,
    /// Something has happened, or someone asks for a change.
    Prompt,
    /// As prompt; and it is tried although the store refuses all else, because its last commit failed.
    Probe,
}

/// One request, committed or refused as a whole.
pub(super) trait Work: Send {
    /// Writes it. A request that is refused has written nothing: it checks first, or is `guarded`.
    /// It may be run again after its transaction was rolled back.
    ///
    /// # Errors
    /// Only what ends the whole transaction; a refusal is the request's own answer.
    fn run(&mut self, tx: &Tx<'_>) -> Outcome<()>;

    /// What becomes of it with its transaction.
    fn verdict(&self, transaction: &Result<(), StoreError>) -> Verdict;

    /// Tells who asked, once the transaction is committed or has failed.
    fn settle(self: Box<Self>, transaction: &Result<(), StoreError>);

    /// Whether it is tried while the store refuses all else.
    fn is_probe(&self) -> bool;

    /// Contacts whose places it changes: a later request about them must not overtake it.
    fn contacts(&self) -> &[ContactId];
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Committed,
    Refused,
    Failed,
}

/// A request as a function to run in the transaction.
struct Request<T, F> {
    run: F,
    urgency: Urgency,
    contacts: Vec<ContactId>,
    /// Whether a refusal may come after something was written.
    guarded: bool,
    answer: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

/// A request, and where its answer will come.
pub(super) fn request<T, F>(
    urgency: Urgency,
    contacts: Vec<ContactId>,
    guarded: bool,
    run: F,
) -> (Box<dyn Work>, oneshot::Receiver<Result<T, StoreError>>)
where
    T: Send + 'static,
    F: FnMut(&Tx<'_>) -> Outcome<T> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let request = Request {
        run,
        urgency,
        contacts,
        guarded,
        answer: None,
        reply,
    };
    (Box::new(request), answer)
}

impl<T, F> Work for Request<T, F>
where
    T: Send,
    F: FnMut(&Tx<'_>) -> Outcome<T> + Send,
{
    fn run(&mut self, tx: &Tx<'_>) -> Outcome<()> {
        if self.guarded {
            tx.db.prepare_cached("SAVEPOINT request")?.execute([])?;
        }
        let newest_event = tx.newest_event.get();
        match (self.run)(tx) {
            Err(fault) if fault.ends_transaction() => return Err(fault),
            Err(refusal) => {
                if self.guarded {
                    tx.db.prepare_cached("ROLLBACK TO request")?.execute([])?;
                    tx.newest_event.set(newest_event);
                }
                self.answer = Some(Err(refusal.0));
            }
            Ok(value) => self.answer = Some(Ok(value)),
        }
        if self.guarded {
            tx.db.prepare_cached("RELEASE request")?.execute([])?;
        }
        Ok(())
    }

    fn verdict(&self, transaction: &Result<(), StoreError>) -> Verdict {
        match (transaction, &self.answer) {
            (Err(_), _) | (Ok(()), None) => Verdict::Failed,
            (Ok(()), Some(Err(_))) => Verdict::Refused,
            (Ok(()), Some(Ok(_))) => Verdict::Committed,
        }
    }

    fn settle(self: Box<Self>, transaction: &Result<(), StoreError>) {
        let answer = match (transaction, self.answer) {
            (Err(error), _) => Err(error.clone()),
            (Ok(()), Some(answer)) => answer,
            (Ok(()), None) => Err(StoreError::Unavailable(
                "the request was not run".to_owned(),
            )),
        };
        // Whoever asked may have gone; what is committed stays.
        let _ = self.reply.send(answer);
    }

    fn is_probe(&self) -> bool {
        self.urgency == Urgency::Probe
    }

    fn contacts(&self) -> &[ContactId] {
        &self.contacts
    }
}

/// What a piece of long work has left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Time is up; there is more.
    More,
    /// It was the last one.
    Last,
}

/// Long work, done in pieces between and beside requests.
pub(super) trait Bulk: Send {
    /// Writes a piece: at least a little, and no more once `until` has passed.
    fn step(&mut self, tx: &Tx<'_>, index: &NumberIndex, until: Instant) -> Outcome<Piece>;

    /// The piece is on the disk.
    fn committed(&mut self, index: &mut NumberIndex);

    /// The piece was rolled back.
    fn rolled_back(&mut self);

    /// Whether it must not overtake work that waits to be tried again.
    fn keeps_its_turn(&self) -> bool {
        false
    }

    /// It is over: all on the disk, or given up with this error. Work that comes back instead is
    /// tried again once the store commits again.
    fn settle(
        self: Box<Self>,
        result: Result<(), StoreError>,
        index: &mut NumberIndex,
    ) -> Option<Box<dyn Bulk>>;
}
