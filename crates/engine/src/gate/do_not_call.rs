//! The do-not-call gate: no number on the tenant's list is called.
//!
//! The list may have millions of numbers and stays in the store. A contact that is loaded brings what
//! the list says of its numbers; what has changed since is told, and remembered here until all windows
//! are loaded afresh.

use std::collections::BTreeMap;
use std::time::Duration;

use outdial_domain::{Listing, PhoneNumber, Timestamp};
use serde::{Deserialize, Serialize};

use super::{ContactRefused, ContactWhy};
use crate::input::DueContact;

/// Changes that are remembered between two loads of all windows.
const CHANGES_MAX: usize = 200_000;

/// A contact whose listings end is looked at again after this time at the latest: its numbers may have
/// been taken off the list before their end.
const LOOK_AGAIN: Duration = Duration::from_secs(3_600);

/// What has changed in the list since the windows were loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DoNotCallGate {
    changes: BTreeMap<PhoneNumber, Option<Listing>>,
}

impl DoNotCallGate {
    /// A number was put on the list, or taken off it.
    pub(crate) fn changed(&mut self, number: PhoneNumber, listing: Option<Listing>) {
        self.changes.insert(number, listing);
    }

    /// Whether so much is remembered that windows should be loaded afresh.
    pub(crate) fn is_full(&self) -> bool {
        self.changes.len() >= CHANGES_MAX
    }

    /// Forgets the changes: contacts that are loaded from now on bring them with them.
    pub(crate) fn forget(&mut self) {
        self.changes.clear();
    }

    /// What the list says of a number of this contact at `now`.
    pub(crate) fn listing(
        &self,
        contact: &DueContact,
        number: PhoneNumber,
        now: Timestamp,
    ) -> Option<Listing> {
        let loaded = || {
            let mut listed = contact.listed.iter();
            listed.find(|(listed, _)| *listed == number).map(|l| l.1)
        };
        let listing = match self.changes.get(&number) {
            Some(&changed) => changed,
            None => loaded(),
        };
        listing.filter(|listing| listing.holds_at(now))
    }

    /// The first of the contact's numbers that may be called, beginning with the one whose turn it
    /// is.
    ///
    /// # Errors
    /// For good when all are listed for good; else until the first may be called again, or for an
    /// hour.
    pub(crate) fn choose(
        &self,
        contact: &DueContact,
        now: Timestamp,
    ) -> Result<PhoneNumber, ContactRefused> {
        let numbers = &contact.numbers;
        let count = numbers.len();
        let mut since: Option<Timestamp> = None;
        let mut until: Option<Timestamp> = None;
        for step in 0..count {
            // Fewer than 2^32 numbers and calls: the sum fits.
            let turn = (contact.history.dialed as usize).wrapping_add(step) % count;
            let Some(listing) = self.listing(contact, numbers[turn], now) else {
                return Ok(numbers[turn]);
            };
            since = Some(since.map_or(listing.since, |first| first.min(listing.since)));
            until = match (until, listing.until) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        Err(match since {
            None => ContactRefused {
                why: ContactWhy::NoNumber,
                until: None,
            },
            Some(since) => ContactRefused {
                why: ContactWhy::DoNotCall(since),
                until: until.map(|until| until.min(now + LOOK_AGAIN)),
            },
        })
    }

    /// How many of a contact's numbers may be called.
    pub(crate) fn callable(&self, contact: &DueContact, now: Timestamp) -> usize {
        let numbers = contact.numbers.iter();
        numbers
            .filter(|&&number| self.listing(contact, number, now).is_none())
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outdial_domain::{ContactId, History};

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn number(text: &str) -> PhoneNumber {
        PhoneNumber::from_text(text).unwrap()
    }

    fn contact(numbers: &[&str]) -> DueContact {
        DueContact {
            id: ContactId::new(1),
            numbers: numbers.iter().map(|text| number(text)).collect(),
            time_zone: None,
            priority: 3,
            rested: false,
            order_key: 1,
            history: History::default(),
            number_calls_today: 0,
            listed: Vec::new(),
        }
    }

    fn listing(until: Option<i64>) -> Listing {
        Listing {
            since: Timestamp::from_secs(10),
            until: until.map(Timestamp::from_secs),
        }
    }

    #[test]
    fn a_change_outweighs_what_was_loaded() {
        let mut gate = DoNotCallGate::default();
        let mut contact = contact(&["10085"]);
        assert_eq!(gate.choose(&contact, NOW), Ok(number("10085")));
        gate.changed(number("10085"), Some(listing(None)));
        assert!(gate.choose(&contact, NOW).is_err());
        contact.listed = vec![(number("10085"), listing(None))];
        gate.changed(number("10085"), None);
        assert_eq!(gate.choose(&contact, NOW), Ok(number("10085")));
        gate.forget();
        assert!(gate.choose(&contact, NOW).is_err());
    }

    #[test]
    fn a_contact_is_called_under_another_number() {
        let gate = DoNotCallGate::default();
        let mut contact = contact(&["10085", "10086", "10087"]);
        contact.listed = vec![(number("10085"), listing(None))];
        assert_eq!(gate.choose(&contact, NOW), Ok(number("10086")));
        contact.history.dialed = 3;
        assert_eq!(gate.choose(&contact, NOW), Ok(number("10086")));
        contact.history.dialed = 2;
        assert_eq!(gate.choose(&contact, NOW), Ok(number("10087")));
        assert_eq!(gate.callable(&contact, NOW), 2);
    }

    #[test]
    fn a_listing_that_ends_is_waited_for_and_looked_at_every_hour() {
        let gate = DoNotCallGate::default();
        let mut contact = contact(&["10085", "10086"]);
        contact.listed = vec![
            (number("10085"), listing(None)),
            (number("10086"), listing(Some(1_500))),
        ];
        let refused = gate.choose(&contact, NOW).unwrap_err();
        assert_eq!(refused.until, Some(Timestamp::from_secs(1_500)));
        contact.listed[1].1 = listing(Some(100_000));
        let refused = gate.choose(&contact, NOW).unwrap_err();
        assert_eq!(refused.until, Some(Timestamp::from_secs(4_600)));
        contact.listed[1].1 = listing(Some(999));
        assert_eq!(gate.choose(&contact, NOW), Ok(number("10086")));
    }
}
