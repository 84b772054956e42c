//! What must be true of numbers on the do-not-call list.

use outdial_domain::{AttemptId, CampaignId, ContactId, Listing, PhoneNumber, Timestamp};

use super::picture::{ContactView, Picture};
use super::{Checker, Property};

impl Picture {
    /// Whether a number may not be called.
    pub(super) fn is_listed(&self, number: PhoneNumber, now: Timestamp) -> bool {
        self.listed.get(&number).is_some_and(|l| l.holds_at(now))
    }

    /// Whether all numbers of a contact are listed for good.
    pub(super) fn is_listed_for_good(&self, contact: &ContactView) -> bool {
        let for_good = |number| self.listed.get(number).is_some_and(|l| l.until.is_none());
        contact.numbers.iter().all(for_good)
    }

    /// How many numbers of a contact may be called.
    pub(super) fn callable(&self, contact: ContactId, now: Timestamp) -> usize {
        let numbers = self.contacts.get(&contact).map(|view| &view.numbers);
        let callable = |number: &&PhoneNumber| !self.is_listed(**number, now);
        numbers.into_iter().flatten().filter(callable).count()
    }

    /// The number of a contact whose turn it is, of those that may be called.
    pub(super) fn number_in_turn(
        &self,
        contact: &ContactView,
        now: Timestamp,
    ) -> Option<PhoneNumber> {
        let numbers = contact.numbers.iter().cycle();
        let from_turn = numbers.skip(contact.dialed as usize % contact.numbers.len().max(1));
        let mut each_once = from_turn.take(contact.numbers.len()).copied();
        each_once.find(|number| !self.is_listed(*number, now))
    }
}

impl Checker {
    pub(super) fn check_not_listed(
        &mut self,
        now: Timestamp,
        attempt: AttemptId,
        number: PhoneNumber,
    ) {
        if self.picture.is_listed(number, now) {
            let what = format!("attempt {attempt} is placed");
            self.object(Property::DoNotCall, now, what);
        }
    }

    pub(super) fn do_not_call_changed(&mut self, changes: &[(PhoneNumber, Option<Listing>)]) {
        for (number, listing) in changes {
            match listing {
                Some(listing) => self.picture.listed.insert(*number, *listing),
                None => self.picture.listed.remove(number),
            };
        }
    }

    /// Contacts that were left out are in the list again: all of the campaign that need not be left
    /// out.
    pub(super) fn contacts_returned(&mut self, id: CampaignId, count: u64) {
        let Some(mut campaign) = self.picture.campaigns.remove(&id) else {
            return;
        };
        campaign.open += count;
        let mut contacts = std::mem::take(&mut self.picture.contacts);
        for view in contacts.values_mut() {
            if view.left_out && view.campaign == Some(id) && !self.picture.is_listed_for_good(view)
            {
                view.left_out = false;
                view.done = false;
            }
        }
        self.picture.contacts = contacts;
        self.picture.campaigns.insert(id, campaign);
    }
}
