//! The store of the world: one writer that commits what has queued, and can fail.

use std::collections::VecDeque;
use std::time::Duration;

use outdial_domain::{AttemptId, Calendar, CampaignId, ContactId, Timestamp};
use outdial_engine::input::Input;
use outdial_engine::output::{AttemptEnd, ContactUpdate};

use super::Event;
use super::life::Life;
use crate::units::secs;

/// What waits for the writer.
#[derive(Debug, Default)]
pub(super) struct StoreModel {
    queue: VecDeque<Job>,
    /// The writer is at work, or waits to try again.
    busy: bool,
    /// It cannot commit.
    pub(super) failing: bool,
}

#[derive(Debug)]
enum Job {
    /// Commit an attempt (its first dial, or another one over another trunk).
    Attempt(AttemptId),
    /// Commit where contacts stand.
    Contacts(Vec<ContactUpdate>),
    /// Commit that contacts return which were left out.
    Returns,
    /// Read a campaign's due contacts.
    Read(Read),
}

/// A request of the engine for contacts.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) campaign: CampaignId,
    pub(super) load: u64,
    pub(super) count: u32,
    pub(super) holds: Vec<ContactId>,
}

impl StoreModel {
    /// Whether everything is committed.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }
}

/// Between two tries of a store that cannot commit.
const TRIES_AGAIN: Duration = secs(1);

impl Life {
    pub(super) fn write_attempt(&mut self, attempt: AttemptId) {
        self.queue(Job::Attempt(attempt));
    }

    pub(super) fn end(&mut self, end: &AttemptEnd) {
        self.calls.remove(&end.attempt.id);
        self.write_moves(vec![end.contact.clone()]);
    }

    pub(super) fn write_moves(&mut self, updates: Vec<ContactUpdate>) {
        self.queue(Job::Contacts(updates));
    }

    pub(super) fn write_returns(&mut self) {
        self.queue(Job::Returns);
    }

    pub(super) fn read_contacts(&mut self, read: Read) {
        self.queue(Job::Read(read));
    }

    fn queue(&mut self, job: Job) {
        self.store.queue.push_back(job);
        if !self.store.busy {
            self.store.busy = true;
            let takes = self.roll(self.plan.machinery.commit);
            self.after(takes, Event::Commit);
        }
    }

    /// One commit of everything that waits; while the store fails, new attempts are given up and
    /// results wait, because a result is never lost.
    pub(super) fn commit(&mut self) {
        self.store.busy = false;
        let jobs = std::mem::take(&mut self.store.queue);
        if self.store.failing {
            let (attempts, rest) = jobs.into_iter().partition(|j| matches!(j, Job::Attempt(_)));
            self.store.queue = rest;
            let attempts: VecDeque<Job> = attempts;
            for job in attempts {
                if let Job::Attempt(attempt) = job {
                    self.not_placed(attempt);
                }
            }
            if !self.store.queue.is_empty() && !self.store.busy {
                self.store.busy = true;
                self.after(TRIES_AGAIN, Event::Commit);
            }
            return;
        }
        for job in jobs {
            match job {
                Job::Attempt(attempt) => {
                    let day = self.tenant_day();
                    if let Some(call) = self.calls.get(&attempt) {
                        let (contact, number) = (call.dial.contact, call.dial.number);
                        self.list.begin(contact, number, day);
                    }
                    self.placed(attempt);
                }
                Job::Contacts(updates) => {
                    for update in updates {
                        self.list.update(&update);
                    }
                }
                Job::Returns => self.return_contacts(),
                Job::Read(read) => self.read(&read),
            }
        }
    }

    fn read(&mut self, read: &Read) {
        let day = self.tenant_day();
        let count = read.count as usize;
        let due = self
            .list
            .due(read.campaign, self.now, count, &read.holds, day);
        let loaded = Input::ContactsLoaded {
            campaign: read.campaign,
            load: read.load,
            contacts: due.contacts,
            next_due: due.next_due,
            more: due.more,
        };
        let takes = self.roll(self.plan.machinery.load);
        self.after(takes, Event::Fact(Box::new(loaded)));
    }

    /// The tenant's local day.
    fn tenant_day(&self) -> (Timestamp, Timestamp) {
        Calendar::always(&self.plan.rules.time_zone)
            .map_or((Timestamp::MIN, Timestamp::MAX), |zone| {
                zone.local_day(self.now)
            })
    }

    pub(super) fn store_fails(&mut self, time: Duration) {
        if self.store.failing || self.good {
            return;
        }
        self.store.failing = true;
        // The engine hears of it a little later: in between, commits fail without a word.
        let told = self.rolls.time(Duration::ZERO, secs(2)).min(time);
        let failing = Input::StoreFailing {
            reason: Some("the disk is full".to_owned()),
        };
        self.after(told, Event::Fact(Box::new(failing)));
        self.after(time, Event::StoreWell);
    }

    pub(super) fn store_well(&mut self) {
        self.store.failing = false;
        self.hear(Input::StoreFailing { reason: None });
    }
}
