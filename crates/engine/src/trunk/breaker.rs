//! The trunk breaker of one trunk and caller ID: dialing stops when permanent failures burst, and
//! the results since the change are put in doubt.
//!
//! That there was a change is seen in the order in which results come in, so that it is seen soon.
//! Since when is then asked in the order in which the calls were placed: a 404 comes at once, an answered call from
//! before the change ends a minute later.

use std::collections::{BTreeMap, VecDeque};

use outdial_domain::{ContactId, ContactUpdate, Timestamp};
use serde::{Deserialize, Serialize};

use super::cusum::{Cusum, Step};

/// Most results that are kept, to tell at an alarm which ones are suspect.
const HEARD_MAX: usize = 256;
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
    /// The latest results, as they came in.
    heard: VecDeque<Heard>,
    /// How many of them, from the end, are the run that may be the beginning of a change.
    run: usize,
    open: Option<Open>,
}

/// A result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Heard {
    /// When the call was placed.
    placed: Timestamp,
    failed: bool,
    /// What to put right if it turns out to be suspect.
    suspect: Option<Suspect>,
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

    /// Takes a result that is no permanent failure, of a call placed then.
    pub(crate) fn passed(&mut self, placed: Timestamp) {
        if self.open.is_some() {
            return;
        }
        self.hear(placed, None);
        if self.cusum.take(false) == Step::Calm {
            self.run = 0;
        }
    }

    /// Takes a permanent failure of a call placed then.
    pub(crate) fn failed(&mut self, now: Timestamp, placed: Timestamp, suspect: Suspect) -> Judged {
        if let Some(open) = &mut self.open {
            if open.suspects.len() < SUSPECTS_MAX {
                open.suspects.insert(suspect.after.contact, suspect.after);
            }
            return Judged::Suspect;
        }
        self.hear(placed, Some(suspect));
        match self.cusum.take(true) {
            Step::Calm => {
                self.run = 0;
                Judged::Stands
            }
            Step::Rising => Judged::Stands,
            Step::Alarm => Judged::Opened(self.trip(now)),
        }
    }

    fn hear(&mut self, placed: Timestamp, suspect: Option<Suspect>) {
        if self.heard.len() == HEARD_MAX {
            self.heard.pop_front();
        }
        self.heard.push_back(Heard {
            placed,
            failed: suspect.is_some(),
            suspect,
        });
        self.run = (self.run + 1).min(self.heard.len());
    }

    fn trip(&mut self, now: Timestamp) -> Vec<ContactUpdate> {
        let mut since = self.since_change();
        let changed_at = since.first().map(|&first| self.heard[first].placed);
        let heard = std::mem::take(&mut self.heard);
        let run_from = heard.len() - std::mem::take(&mut self.run);
        since.sort_unstable();
        let mut before: BTreeMap<ContactId, ContactUpdate> = BTreeMap::new();
        let mut suspects = BTreeMap::new();
        for (index, heard) in heard.into_iter().enumerate() {
            let is_since = index >= run_from || since.binary_search(&index).is_ok();
            if let Some(suspect) = heard.suspect.filter(|_| is_since) {
                let contact = suspect.after.contact;
                // Tried twice since the change: what counts is how it was before.
                before.entry(contact).or_insert(suspect.before);
                suspects.insert(contact, suspect.after);
            }
        }
        self.open = Some(Open {
            since: now,
            changed_at: changed_at.unwrap_or(now),
            suspects,
        });
        before.into_values().collect()
    }

    /// The results of the calls placed since the change, by place in the list, the first call first:
    /// of all moments the change was most likely at the one since which results speak most for it.
    fn since_change(&self) -> Vec<usize> {
        let (failed, passed) = self.cusum.weights();
        let mut calls: Vec<usize> = (0..self.heard.len()).collect();
        calls.sort_by_key(|&index| self.heard[index].placed);
        let (mut sum, mut best, mut first) = (0.0, 0.0, calls.len());
        for (place, &index) in calls.iter().enumerate().rev() {
            sum += if self.heard[index].failed {
                failed
            } else {
                passed
            };
            if sum > best {
                (best, first) = (sum, place);
            }
        }
        calls.split_off(first)
    }

    /// A contact has been called since, and it went another way: its old result is out of date.
    pub(crate) fn forget(&mut self, contact: ContactId) {
        for heard in &mut self.heard {
            let of_contact = |suspect: &Suspect| suspect.after.contact == contact;
            if heard.suspect.as_ref().is_some_and(of_contact) {
                heard.suspect = None;
            }
        }
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
            if let Judged::Opened(before) = breaker.failed(now, now, suspect(contact)) {
                return (contact - 999, before);
            }
        }
        unreachable!("an endless range")
    }

    #[test]
    fn it_opens_on_a_burst_and_doubts_only_results_since_the_change() {
        let mut breaker = Breaker::default();
        for contact in 0..100 {
            let now = Timestamp::from_secs(contact as i64);
            breaker.failed(now, now, suspect(contact));
            for _ in 0..9 {
                breaker.passed(now);
            }
        }
        let (results, before) = opened(&mut breaker);
        assert!(results <= 30, "{results}");
        assert_eq!(before.len() as u64, results);
        let open = breaker.open().unwrap();
        assert_eq!(open.changed_at, Timestamp::from_secs(1_000));
        let since = open.since;
        assert_eq!(breaker.failed(since, since, suspect(5)), Judged::Suspect);
    }

    #[test]
    fn an_answer_from_before_the_change_does_not_make_the_first_failures_stand() {
        let at = Timestamp::from_secs;
        let mut breaker = Breaker::default();
        for second in 0..100 {
            breaker.passed(at(second));
        }
        // The trunk changes at 100. Calls placed before go on, and end among the first failures.
        breaker.failed(at(101), at(100), suspect(1));
        for placed in 90..100 {
            breaker.passed(at(placed));
        }
        breaker.failed(at(102), at(101), suspect(2));
        breaker.passed(at(99));
        let (_, before) = opened(&mut breaker);
        let suspects: Vec<u64> = before.iter().map(|b| b.contact.number()).collect();
        assert_eq!(suspects[..2], [1, 2], "{suspects:?}");
        assert_eq!(breaker.open().unwrap().changed_at, at(100));
    }

    #[test]
    fn failures_of_before_the_change_stand() {
        let at = Timestamp::from_secs;
        let mut breaker = Breaker::default();
        for second in 0..100 {
            if second % 10 == 5 {
                breaker.failed(at(second), at(second), suspect(second as u64));
            } else {
                breaker.passed(at(second));
            }
        }
        let (_, before) = opened(&mut breaker);
        assert!(
            before.iter().all(|b| b.contact.number() >= 1_000),
            "{before:?}"
        );
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
        let early = Timestamp::from_secs(1);
        breaker.failed(early, early, suspect(7));
        breaker.forget(ContactId::new(7));
        let (_, before) = opened(&mut breaker);
        assert!(before.iter().all(|update| update.contact.number() != 7));
        breaker.forget(ContactId::new(1_000));
        let kept = breaker.lift(true).unwrap();
        assert!(kept.iter().all(|update| update.contact.number() != 1_000));
    }
}
