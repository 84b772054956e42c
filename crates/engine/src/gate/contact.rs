//! The gates that look at one contact, together.

use outdial_domain::{PhoneNumber, RetryPolicy, Timestamp};

use super::do_not_call::DoNotCallGate;
use super::hours::HoursGate;
use super::number::{CallsToday, NumberGate};
use super::{ContactRefused, ContactWhy, attempts};
use crate::input::DueContact;
use crate::mutant::{Mutant, Mutants};

/// Everything that decides whether a contact may be called.
pub(crate) struct ContactGates<'a> {
    pub(crate) now: Timestamp,
    pub(crate) policy: &'a RetryPolicy,
    /// The campaign's zone and its local midnights around now.
    pub(crate) zone: &'a str,
    pub(crate) day: (Timestamp, Timestamp),
    /// The tenant's next midnight.
    pub(crate) tenant_day_end: Timestamp,
    pub(crate) hours: &'a mut HoursGate,
    pub(crate) numbers: &'a NumberGate,
    pub(crate) do_not_call: &'a DoNotCallGate,
    pub(crate) mutants: &'a Mutants,
}

/// The number of a contact's next attempt.
pub(crate) fn next_number(contact: &DueContact) -> Option<PhoneNumber> {
    let count = u32::try_from(contact.numbers.len())
        .ok()
        .filter(|&n| n > 0)?;
    let next = contact.history.dialed % count;
    contact.numbers.get(next as usize).copied()
}

impl ContactGates<'_> {
    /// The number to call. `calls_today` are those to all the contact's numbers.
    ///
    /// # Errors
    /// Why the contact may not be called, and until when.
    pub(crate) fn check(
        &mut self,
        contact: &DueContact,
        calls_today: CallsToday,
    ) -> Result<PhoneNumber, ContactRefused> {
        let number = self.number(contact)?;
        let refusals = [
            attempts::check(&contact.history, self.policy, self.day).err(),
            self.hours
                .check(contact.time_zone.as_deref(), self.zone, self.now)
                .err(),
            self.numbers
                .check(number, calls_today, self.now, self.tenant_day_end)
                .err(),
        ];
        match refusals.into_iter().flatten().find(|r| !self.is_off(r.why)) {
            Some(refused) => Err(refused),
            None => Ok(number),
        }
    }

    /// The number whose turn it is, of those that are not on the do-not-call list.
    fn number(&self, contact: &DueContact) -> Result<PhoneNumber, ContactRefused> {
        if !self.mutants.is_off(Mutant::DoNotCall) {
            return self.do_not_call.choose(contact, self.now);
        }
        next_number(contact).ok_or(ContactRefused {
            why: ContactWhy::NoNumber,
            until: None,
        })
    }

    fn is_off(&self, why: ContactWhy) -> bool {
        self.mutants.is_off(match why {
            ContactWhy::AttemptsTotal => Mutant::Attempts,
            ContactWhy::AttemptsToday => Mutant::AttemptsPerDay,
            ContactWhy::Hours => Mutant::ProfileHours,
            ContactWhy::NumberLive => Mutant::NumberLive,
            ContactWhy::NumberCap
            | ContactWhy::NumberRests
            | ContactWhy::NoNumber
            | ContactWhy::DoNotCall(_)
            | ContactWhy::SetAside(_) => return false,
        })
    }
}
