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
    dialed: BTreeMap<PhoneNumber, u32>,
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

    /// Calls to these numbers since the last [`NumberGate::forget`].
    pub(crate) fn dialed(&self, numbers: &[PhoneNumber]) -> u32 {
        if self.cap.is_none() {
            return 0;
        }
        numbers
            .iter()
            .filter_map(|number| self.dialed.get(number))
            .sum()
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
    /// Until the next midnight over the cap, and for half a minute while another call is live.
    pub(crate) fn check(
        &self,
        number: PhoneNumber,
        calls_today: u32,
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
        if self.cap.is_some_and(|cap| calls_today >= cap) {
            return Err(ContactRefused {
                why: ContactWhy::NumberCap,
                until: Some(day_end),
            });
        }
        Ok(())
    }

    pub(crate) fn dial(&mut self, number: PhoneNumber, attempt: AttemptId) {
        self.live.insert(number, attempt);
        if self.cap.is_some() {
            *self.dialed.entry(number).or_default() += 1;
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

    #[test]
    fn a_number_is_called_once_at_a_time_and_no_more_than_its_cap() {
        let number = PhoneNumber::dial_string("10085").unwrap();
        let (now, midnight) = (Timestamp::from_secs(10), Timestamp::from_secs(1_000));
        let mut gate = NumberGate::default();
        gate.set_cap(Some(2));
        assert!(gate.check(number, 1, now, midnight).is_ok());
        gate.dial(number, AttemptId::new(1));
        assert_eq!(gate.dialed(&[number]), 1);
        let live = gate.check(number, 2, now, midnight).unwrap_err();
        assert_eq!(live.why, ContactWhy::NumberLive);
        gate.over(number, AttemptId::new(1));
        let capped = gate.check(number, 2, now, midnight).unwrap_err();
        assert_eq!(capped.until, Some(midnight));
    }
}
