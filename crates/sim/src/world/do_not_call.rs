//! The do-not-call list of the world: numbers are put on it and taken off it.

use std::time::Duration;

use outdial_domain::{Listing, PhoneNumber};
use outdial_engine::input::Input;

use super::life::Life;

impl Life {
    /// Puts a share of the numbers of all contacts on the list.
    pub(super) fn list_numbers(&mut self, percent: u32, lasts: Option<Duration>) {
        let listing = Listing {
            since: self.now,
            until: lasts.map(|time| self.now + time),
        };
        let numbers: Vec<_> = self.list.numbers().collect();
        self.change_list(numbers, percent, Some(listing));
    }

    /// Takes a share of the numbers off the list; contacts that were left out return.
    pub(super) fn unlist_numbers(&mut self, percent: u32) {
        let numbers: Vec<_> = self.list.listed().collect();
        self.change_list(numbers, percent, None);
    }

    fn change_list(&mut self, mut numbers: Vec<PhoneNumber>, percent: u32, to: Option<Listing>) {
        numbers.retain(|_| self.rolls.percent(percent));
        for number in &numbers {
            self.list.list(*number, to);
        }
        let changes = numbers.into_iter().map(|number| (number, to));
        self.hear(Input::DoNotCallChanged(changes.collect()));
        if to.is_none_or(|listing| listing.until.is_some()) {
            // After whatever the engine had left out by then is committed.
            self.write_returns();
        }
    }

    /// Contacts that were left out are in the list again.
    pub(super) fn return_contacts(&mut self) {
        for (campaign, count) in self.list.return_contacts(self.now) {
            self.hear(Input::ContactsReturned { campaign, count });
        }
    }
}
