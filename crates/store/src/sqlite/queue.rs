//! The writer's queue: three urgencies, one lock.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use outdial_domain::ContactId;

use super::work::{Bulk, Urgency, Work};
use crate::StoreError;

/// Requests that wait for the writer.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
}

#[derive(Default)]
struct State {
    dials: VecDeque<Box<dyn Work>>,
    prompt: VecDeque<Box<dyn Work>>,
    bulk: VecDeque<Box<dyn Bulk>>,
    /// Contacts with requests in `prompt` or in the transaction under way, and how many.
    busy_contacts: HashMap<ContactId, u32>,
    /// The log is to be written back to the end, so that it can start again.
    finish_checkpoint: bool,
    closed: bool,
}

/// What the writer takes up next.
pub(super) enum Turn {
    /// Write. Requests are in the order in which they are to be run.
    Write {
        dials: VecDeque<Box<dyn Work>>,
        prompt: VecDeque<Box<dyn Work>>,
        /// Long work may go on, too.
        bulk_allowed: bool,
    },
    /// Finish the checkpoint.
    Checkpoint,
    /// Nothing is left to do, for good.
    Close,
}

fn closed() -> StoreError {
    StoreError::Unavailable("it is closed".to_owned())
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock, so a poisoned state is a sound one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a request. A dial about a contact with earlier requests waits behind them.
    pub(super) fn push(&self, urgency: Urgency, work: Box<dyn Work>) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.closed {
            return Err(closed());
        }
        let overtakes = urgency == Urgency::Dial
            && !work
                .contacts()
                .iter()
                .any(|contact| state.busy_contacts.contains_key(contact));
        if overtakes {
            state.dials.push_back(work);
        } else {
            for contact in work.contacts() {
                *state.busy_contacts.entry(*contact).or_default() += 1;
            }
            state.prompt.push_back(work);
        }
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Adds long work.
    pub(super) fn push_bulk(&self, work: Box<dyn Bulk>) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.closed {
            return Err(closed());
        }
        state.bulk.push_back(work);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits for something to do. `bulk_allowed` is false while long work must wait for the log.
    pub(super) fn take(&self, bulk_allowed: impl Fn() -> bool) -> Turn {
        let mut state = self.lock();
        loop {
            if std::mem::take(&mut state.finish_checkpoint) {
                return Turn::Checkpoint;
            }
            let bulk_allowed = bulk_allowed() || state.closed;
            let bulk_ready = bulk_allowed && !state.bulk.is_empty();
            if bulk_ready || !state.dials.is_empty() || !state.prompt.is_empty() {
                return Turn::Write {
                    dials: std::mem::take(&mut state.dials),
                    prompt: std::mem::take(&mut state.prompt),
                    bulk_allowed,
                };
            }
            if state.closed && state.bulk.is_empty() {
                return Turn::Close;
            }
            // The time-out is for `bulk_allowed`, which changes outside of this lock.
            state = self
                .filled
                .wait_timeout(state, Duration::from_millis(50))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// The long work that comes next.
    pub(super) fn take_bulk(&self) -> Option<Box<dyn Bulk>> {
        self.lock().bulk.pop_front()
    }

    /// Gives long work back to go on with it first.
    pub(super) fn put_back_bulk(&self, work: Box<dyn Bulk>) {
        self.lock().bulk.push_front(work);
    }

    /// Gives requests back that were not run, ahead of those that came meanwhile.
    pub(super) fn put_back(&self, mut requests: VecDeque<Box<dyn Work>>) {
        let mut state = self.lock();
        requests.append(&mut state.prompt);
        state.prompt = requests;
    }

    /// A request about these contacts, which stood in `prompt`, is settled.
    pub(super) fn release(&self, contacts: &[ContactId]) {
        if contacts.is_empty() {
            return;
        }
        let mut state = self.lock();
        for contact in contacts {
            if let Some(count) = state.busy_contacts.get_mut(contact) {
                *count -= 1;
                if *count == 0 {
                    state.busy_contacts.remove(contact);
                }
            }
        }
    }

    /// Asks the writer to finish the checkpoint, before anything else.
    pub(super) fn finish_checkpoint(&self) {
        self.lock().finish_checkpoint = true;
        self.filled.notify_one();
    }

    /// Takes no more requests; the writer ends when it has done those that wait.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_one();
    }

    /// How many requests wait.
    pub(super) fn length(&self) -> usize {
        let state = self.lock();
        state.dials.len() + state.prompt.len() + state.bulk.len()
    }
}
