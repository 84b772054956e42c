//! The trunk breaker of one trunk and caller ID: dialing stops when permanent failures burst, and
//! the results since the change are put in doubt.

use std::collections::BTreeMap;

use outdial_domain::{ContactId, ContactUpdate, Timestamp};
use serde::{Deserialize, Serialize};

use super::cusum::{Cusum, Step};

/// Most results that are kept as possible suspects. An alarm comes long before.
const RUN_MAX: usize = 1_000;
/// Most suspects of an open breaker; more can only come from calls in flight when it opened.
const SUSPECTS_MAX: usize = 100_000;

/// A permanent failure that may turn out to say nothing about its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Suspect {
    /// Where the contact goes back to if it is suspect, with its history from before.
    pub(crate) before: ContactUpdate,
    /// Where the result left it.
    pub(crate) after: ContactUpdate,
}

/// The breaker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Breaker {
    cusum: Cusum,
    run: BTreeMap<ContactId, Suspect>,
    run_since: Timestamp,
    open: Option<Open>,
}

/// What an open breaker remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Open {
    pub(crate) since: Timestamp,
    pub(crate) changed_at: Timestamp,
    /// Where the suspect results would have left their contacts.
    pub(crate) suspects: BTreeMap<ContactId, ContactUpdate>,
}

/// What a result means for its contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// It stands.
    Stands,
    /// The breaker is open: it is in doubt.
    Suspect,
    /// It opened the breaker: it is in doubt, and so are these from before.
    Opened(Vec<ContactUpdate>),
}

impl Breaker {
    /// The breaker as it was when the server stopped.
    pub(crate) fn opened_before(
        since: Timestamp,
        changed_at: Timestamp,
        suspects: Vec<ContactUpdate>,
    ) -> Self {
        Self {
            open: Some(Open {
                since,
                changed_at,
                suspects: suspects.into_iter().map(|s| (s.contact, s)).collect(),
            }),
            ..Self::default()
        }
    }

    pub(crate) fn open(&self) -> Option<&Open> {
        self.open.as_ref()
    }

    /// Takes a result that is no permanent failure.
    pub(crate) fn passed(&mut self) {
        if self.open.is_none() && self.cusum.take(false) == Step::Calm {
            self.run.clear();
        }
    }

    /// Takes a permanent failure.
    pub(crate) fn failed(&mut self, now: Timestamp, suspect: Suspect) -> Judged {
        if let Some(open) = &mut self.open {
            if open.suspects.len() < SUSPECTS_MAX {
                open.suspects.insert(suspect.after.contact, suspect.after);
            }
            return Judged::Suspect;
        }
        if self.run.is_empty() {
            self.run_since = now;
        }
        let contact = suspect.after.contact;
        if let Some(earlier) = self.run.get_mut(&contact) {
            // Tried again within the run: what counts is how it was before the run.
            earlier.after = suspect.after;
        } else if self.run.len() < RUN_MAX {
            self.run.insert(contact, suspect);
        }
        match self.cusum.take(true) {
            Step::Calm => {
                self.run.clear();
                Judged::Stands
            }
            Step::Rising => Judged::Stands,
            Step::Alarm => Judged::Opened(self.trip(now)),
        }
    }

    fn trip(&mut self, now: Timestamp) -> Vec<ContactUpdate> {
        let run = std::mem::take(&mut self.run);
        let mut before = Vec::with_capacity(run.len());
        let mut suspects = BTreeMap::new();
        for (contact, suspect) in run {
            before.push(suspect.before);
            suspects.insert(contact, suspect.after);
        }
        self.open = Some(Open {
            since: now,
            changed_at: self.run_since,
            suspects,
        });
        before
    }

    /// A contact has been called since, and it went another way: its old result is out of date.
    pub(crate) fn forget(&mut self, contact: ContactId) {
        self.run.remove(&contact);
        if let Some(open) = &mut self.open {
            open.suspects.remove(&contact);
        }
    }

    /// Closes it; gives the suspect results back if it was open. When they were right after all, so
    /// many failures are what is normal here from now on.
    pub(crate) fn lift(&mut self, they_were_right: bool) -> Option<Vec<ContactUpdate>> {
        let open = self.open.take()?;
        self.cusum.forget_run();
        if they_were_right {
            self.cusum.accept(open.suspects.len());
        }
        Some(open.suspects.into_values().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outdial_domain::{CampaignId, ContactPlace, History};

    fn suspect(contact: u64) -> Suspect {
        let update = |place| ContactUpdate {
            contact: ContactId::new(contact),
            campaign: CampaignId::new(1).unwrap(),
            place,
            history: History::default(),
            last_outcome: None,
        };
        Suspect {
            before: update(ContactPlace::Fresh),
            after: update(ContactPlace::Done),
        }
    }

    fn opened(breaker: &mut Breaker) -> (u64, Vec<ContactUpdate>) {
        for contact in 1_000.. {
            let now = Timestamp::from_secs(contact as i64);
            if let Judged::Opened(before) = breaker.failed(now, suspect(contact)) {
                return (contact - 999, before);
            }
        }
        unreachable!("an endless range")
    }

    #[test]
    fn it_opens_on_a_burst_and_doubts_only_results_since_the_change() {
        let mut breaker = Breaker::default();
        for contact in 0..100 {
            breaker.failed(Timestamp::from_secs(0), suspect(contact));
            for _ in 0..9 {
                breaker.passed();
            }
        }
        let (results, before) = opened(&mut breaker);
        assert!(results <= 30, "{results}");
        assert_eq!(before.len() as u64, results);
        let open = breaker.open().unwrap();
        assert_eq!(open.changed_at, Timestamp::from_secs(1_000));
        assert_eq!(breaker.failed(open.since, suspect(5)), Judged::Suspect);
    }

    #[test]
    fn results_that_were_right_become_the_new_normal() {
        let mut breaker = Breaker::default();
        let (first, _) = opened(&mut breaker);
        let kept = breaker.lift(true).unwrap();
        assert_eq!(kept.len() as u64, first);
        assert!(breaker.open().is_none());
        assert_eq!(breaker.lift(true), None);
        let (second, _) = opened(&mut breaker);
        assert!(second > first, "{second} after {first}");
    }

    #[test]
    fn a_contact_that_is_called_another_way_is_no_longer_suspect() {
        let mut breaker = Breaker::default();
        breaker.failed(Timestamp::from_secs(1), suspect(7));
        breaker.forget(ContactId::new(7));
        let (_, before) = opened(&mut breaker);
        assert!(before.iter().all(|update| update.contact.number() != 7));
        breaker.forget(ContactId::new(1_000));
        let kept = breaker.lift(true).unwrap();
        assert!(kept.iter().all(|update| update.contact.number() != 1_000));
    }
}
