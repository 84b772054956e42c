//! The number gate: one live call to a number, and the profile's calls to it in a day.

use std::collections::BTreeMap;
use std::time::Duration;

use outdial_domain::{AttemptId, PhoneNumber, Timestamp};
use serde::{Deserialize, Serialize};

use super::{ContactRefused, ContactWhy};

/// Rest of a contact while another call to its number is under way.
const REST: Duration = Duration::from_secs(30);

/// Numbers whose calls are remembered between two loads of contacts.
const DIALED_MAX: usize = 200_000;

/// Numbers that are being called, and those called since the windows were loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NumberGate {
    live: BTreeMap<PhoneNumber, AttemptId>,
    /// Numbers whose calls a crash has cut off, and until when they are left alone. No more than there
    /// were calls then.
    resting: BTreeMap<PhoneNumber, Timestamp>,
    cap: Option<u32>,
    /// How many dials it has counted.
    dials: u64,
    /// The dials to each number, as numbers of that count.
    dialed: BTreeMap<PhoneNumber, Vec<u64>>,
}

/// Calls to a contact's numbers today, those of other campaigns included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallsToday {
    /// That there were for certain.
    pub(crate) least: u32,
    /// That there may have been: the store may not have known those that were placed while it was
    /// asked.
    pub(crate) most: u32,
}

impl NumberGate {
    /// Sets the profile's calls to one number in a day.
    pub(crate) fn set_cap(&mut self, cap: Option<u32>) {
        self.cap = cap;
        self.forget();
    }

    /// Forgets what was dialed: contacts that are loaded from now on bring the count with them.
    pub(crate) fn forget(&mut self) {
        self.dialed.clear();
    }

    /// Whether so much is remembered that windows should be loaded afresh.
    pub(crate) fn is_full(&self) -> bool {
        self.dialed.len() >= DIALED_MAX
    }

    /// How many dials it has counted so far.
    pub(crate) fn dials(&self) -> u64 {
        self.dials
    }

    /// Calls to these numbers after so many dials, as far as they are remembered.
    pub(crate) fn dialed(&self, numbers: &[PhoneNumber], after: u64) -> u32 {
        if self.cap.is_none() {
            return 0;
        }
        let dials = numbers
            .iter()
            .filter_map(|number| self.dialed.get(number))
            .flatten();
        let count = dials.filter(|&&dial| dial > after).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The attempt that is calling a number now.
    pub(crate) fn live(&self, number: PhoneNumber) -> Option<AttemptId> {
        self.live.get(&number).copied()
    }

    /// Leaves a number alone until a time.
    pub(crate) fn rest(&mut self, number: PhoneNumber, until: Timestamp) {
        let known = self.resting.entry(number).or_insert(until);
        *known = until.max(*known);
    }

    /// Whether a call to `number` may be placed now; `calls_today` are those to all the contact's
    /// numbers, `day_end` is when they are forgotten.
    ///
    /// # Errors
    /// Until the next midnight over the cap; for half a minute while another call is live, or where it
    /// is not certain that the cap is reached.
    pub(crate) fn check(
        &self,
        number: PhoneNumber,
        calls_today: CallsToday,
        now: Timestamp,
        day_end: Timestamp,
    ) -> Result<(), ContactRefused> {
        if let Some(&until) = self.resting.get(&number).filter(|&&until| until > now) {
            return Err(ContactRefused {
                why: ContactWhy::NumberRests,
                until: Some(until),
            });
        }
        if self.live.contains_key(&number) {
            return Err(ContactRefused {
                why: ContactWhy::NumberLive,
                until: Some(now + REST),
            });
        }
        match self.cap {
            Some(cap) if calls_today.most >= cap => Err(ContactRefused {
                why: ContactWhy::NumberCap,
                until: Some(if calls_today.least >= cap {
                    day_end
                } else {
                    now + REST
                }),
            }),
            _ => Ok(()),
        }
    }

    pub(crate) fn dial(&mut self, number: PhoneNumber, attempt: AttemptId) {
        self.live.insert(number, attempt);
        if self.cap.is_some() {
            self.dials += 1;
            self.dialed.entry(number).or_default().push(self.dials);
        }
    }

    /// The attempt to this number was never placed.
    pub(crate) fn not_placed(&mut self, number: PhoneNumber, attempt: AttemptId) {
        self.over(number, attempt);
        if let Some(dials) = self.dialed.get_mut(&number) {
            dials.pop();
        }
    }

    /// The attempt to this number is over.
    pub(crate) fn over(&mut self, number: PhoneNumber, attempt: AttemptId) {
        if self.live.get(&number) == Some(&attempt) {
            self.live.remove(&number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(10);
    const MIDNIGHT: Timestamp = Timestamp::from_secs(1_000);

    fn number() -> PhoneNumber {
        PhoneNumber::dial_string("10085").unwrap()
    }

    fn refused(
        gate: &NumberGate,
        least: u32,
        most: u32,
    ) -> Option<(ContactWhy, Option<Timestamp>)> {
        let refused = gate.check(number(), CallsToday { least, most }, NOW, MIDNIGHT);
        refused.err().map(|refused| (refused.why, refused.until))
    }

    #[test]
    fn a_number_is_called_once_at_a_time_and_no_more_than_its_cap() {
        let mut gate = NumberGate::default();
        gate.set_cap(Some(2));
        assert_eq!(refused(&gate, 1, 1), None);
        gate.dial(number(), AttemptId::new(1));
        assert_eq!(gate.dialed(&[number()], 0), 1);
        let live = refused(&gate, 2, 2).unwrap();
        assert_eq!(live.0, ContactWhy::NumberLive);
        gate.over(number(), AttemptId::new(1));
        let capped = (ContactWhy::NumberCap, Some(MIDNIGHT));
        assert_eq!(refused(&gate, 2, 2), Some(capped));
    }

    #[test]
    fn where_it_is_not_certain_that_the_cap_is_reached_the_store_is_asked_again_soon() {
        let mut gate = NumberGate::default();
        gate.set_cap(Some(2));
        let uncertain = (ContactWhy::NumberCap, Some(NOW + REST));
        assert_eq!(refused(&gate, 1, 2), Some(uncertain));
    }

    #[test]
    fn calls_are_counted_after_a_dial_and_one_that_was_not_placed_is_not() {
        let mut gate = NumberGate::default();
        gate.set_cap(Some(9));
        gate.dial(number(), AttemptId::new(1));
        let after = gate.dials();
        assert_eq!(gate.dialed(&[number()], after), 0);
        gate.dial(number(), AttemptId::new(2));
        assert_eq!(gate.dialed(&[number()], after), 1);
        gate.not_placed(number(), AttemptId::new(2));
        assert_eq!(gate.dialed(&[number()], after), 0);
        assert_eq!(gate.dialed(&[number()], 0), 1);
    }
}
