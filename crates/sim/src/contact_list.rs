//! The contacts of all campaigns, in memory, behaving as the store does.

use std::collections::{BTreeMap, BTreeSet};

use outdial_domain::contact::History;
use outdial_domain::{CampaignId, ContactId, Listing, Outcome, PhoneNumber, Timestamp};
use outdial_engine::input::DueContact;
use outdial_engine::output::{ContactPlace, ContactUpdate};

/// Contacts and where they stand.
#[derive(Debug, Default)]
pub struct ContactList {
    rows: BTreeMap<ContactId, Row>,
    fresh: BTreeSet<(CampaignId, u8, i64, ContactId)>,
    resting: BTreeSet<(CampaignId, Timestamp, ContactId)>,
    calls: BTreeMap<PhoneNumber, (Timestamp, u32)>,
    listed: BTreeMap<PhoneNumber, Listing>,
    last_id: u64,
}

/// A contact as it is added.
#[derive(Clone, Debug)]
pub struct ListEntry {
    /// Its numbers.
    pub numbers: Vec<PhoneNumber>,
    /// Where the callee lives, if known.
    pub time_zone: Option<String>,
    /// 1 (first) to 5.
    pub priority: u8,
    /// Its place among the fresh contacts of its priority.
    pub order_key: i64,
}

/// A contact of the list.
#[derive(Clone, Debug)]
pub struct Row {
    /// The campaign.
    pub campaign: CampaignId,
    /// What was added.
    pub entry: ListEntry,
    /// Where it stands.
    pub place: Place,
    /// What its attempts have left.
    pub history: History,
    /// The outcome that made it final, or the last one.
    pub last_outcome: Option<Outcome>,
}

/// Where a contact stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Never tried.
    Fresh,
    /// Not before this time.
    Resting(Timestamp),
    /// An attempt is under way.
    InProgress,
    /// Final.
    Done,
    /// Final as long as its numbers are on the do-not-call list.
    LeftOut,
}

impl Place {
    /// Whether the contact is final.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::LeftOut)
    }
}

/// Contacts that are due, as the engine is given them.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// The best ones.
    pub contacts: Vec<DueContact>,
    /// When the next resting one is due.
    pub next_due: Option<Timestamp>,
    /// Whether more are due now.
    pub more: bool,
}

impl ContactList {
    /// Adds a contact to a campaign.
    pub fn add(&mut self, campaign: CampaignId, entry: ListEntry) -> ContactId {
        self.last_id += 1;
        let id = ContactId::new(self.last_id);
        let row = Row {
            campaign,
            entry,
            place: Place::Fresh,
            history: History::default(),
            last_outcome: None,
        };
        self.index(id, &row);
        self.rows.insert(id, row);
        id
    }

    /// The best `count` contacts of a campaign that are due: by priority, then those that have
    /// rested before fresh ones, then by due time or order key.
    pub fn due(
        &self,
        campaign: CampaignId,
        now: Timestamp,
        count: usize,
        holds: &[ContactId],
        day: (Timestamp, Timestamp),
    ) -> Due {
        let held: BTreeSet<ContactId> = holds.iter().copied().collect();
        let first = (campaign, Timestamp::MIN, ContactId::new(0));
        let mut next_due = None;
        let mut best: Vec<(u8, bool, i64, ContactId)> = Vec::new();
        for &(owner, at, id) in self.resting.range(first..) {
            if owner != campaign {
                break;
            }
            if held.contains(&id) {
                continue;
            }
            if at > now {
                next_due = Some(at);
                break;
            }
            best.push((self.rows[&id].entry.priority, false, at.millis(), id));
        }
        let first = (campaign, 0, i64::MIN, ContactId::new(0));
        let fresh = self
            .fresh
            .range(first..)
            .take_while(|(owner, ..)| *owner == campaign)
            .filter(|(.., id)| !held.contains(id))
            .map(|&(_, priority, key, id)| (priority, true, key, id));
        best.extend(fresh.take(count + 1));
        best.sort_unstable();
        let more = best.len() > count;
        best.truncate(count);
        let contacts = best
            .into_iter()
            .map(|(_, fresh, key, id)| self.due_contact(id, !fresh, key, day))
            .collect();
        Due {
            contacts,
            next_due,
            more,
        }
    }

    /// An attempt of this contact to this number is committed.
    pub fn begin(&mut self, contact: ContactId, number: PhoneNumber, day: (Timestamp, Timestamp)) {
        self.place(contact, Place::InProgress);
        let calls = self.calls.entry(number).or_default();
        if calls.0 != day.0 {
            *calls = (day.0, 0);
        }
        calls.1 += 1;
    }

    /// Commits where the engine wants a contact.
    pub fn update(&mut self, update: &ContactUpdate) {
        self.place(
            update.contact,
            match update.place {
                ContactPlace::Fresh => Place::Fresh,
                ContactPlace::Resting(until) => Place::Resting(until),
                ContactPlace::Done => Place::Done,
                ContactPlace::LeftOut => Place::LeftOut,
                ContactPlace::Held => Place::Resting(outdial_domain::Contact::HELD_UNTIL),
            },
        );
        if let Some(row) = self.rows.get_mut(&update.contact) {
            row.history = update.history.clone();
            // One that is only given back says nothing about its outcomes.
            row.last_outcome = update.last_outcome.or(row.last_outcome);
        }
    }

    /// How many contacts there are.
    pub fn len(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Everything in the list.
    pub fn rows(&self) -> impl Iterator<Item = (ContactId, &Row)> {
        self.rows.iter().map(|(id, row)| (*id, row))
    }

    /// The numbers of a contact.
    pub fn row(&self, contact: ContactId) -> Option<&Row> {
        self.rows.get(&contact)
    }

    /// Contacts of a campaign that are not final, and all of them.
    pub fn counts(&self, campaign: CampaignId) -> (u64, u64) {
        let of_it = self.rows.values().filter(|row| row.campaign == campaign);
        of_it.fold((0, 0), |(open, all), row| {
            (open + u64::from(!row.place.is_final()), all + 1)
        })
    }

    /// Puts a number on the do-not-call list, or takes it off.
    pub fn list(&mut self, number: PhoneNumber, listing: Option<Listing>) {
        match listing {
            Some(listing) => self.listed.insert(number, listing),
            None => self.listed.remove(&number),
        };
    }

    /// The numbers of all contacts, each as often as it occurs.
    pub fn numbers(&self) -> impl Iterator<Item = PhoneNumber> {
        let all = self.rows.values().flat_map(|row| &row.entry.numbers);
        all.copied()
    }

    /// Numbers on the do-not-call list.
    pub fn listed(&self) -> impl Iterator<Item = PhoneNumber> {
        self.listed.keys().copied()
    }

    /// Puts contacts back that were left out and need not be any more, at `now`; says how many of
    /// which campaign.
    pub fn return_contacts(&mut self, now: Timestamp) -> BTreeMap<CampaignId, u64> {
        let listed = &self.listed;
        let returns = |row: &Row| {
            let for_good = |number| {
                let listing: Option<&Listing> = listed.get(number);
                listing.is_some_and(|listing| listing.until.is_none())
            };
            row.place == Place::LeftOut && !row.entry.numbers.iter().all(for_good)
        };
        let back: Vec<_> = self.rows.iter().filter(|(_, row)| returns(row)).collect();
        let back: Vec<_> = back
            .into_iter()
            .map(|(id, row)| (*id, row.campaign, row.history.dialed > 0))
            .collect();
        let mut counts = BTreeMap::new();
        for (id, campaign, again) in back {
            let place = if again {
                Place::Resting(now)
            } else {
                Place::Fresh
            };
            self.place(id, place);
            *counts.entry(campaign).or_default() += 1;
        }
        counts
    }

    fn due_contact(
        &self,
        id: ContactId,
        rested: bool,
        order_key: i64,
        day: (Timestamp, Timestamp),
    ) -> DueContact {
        let row = &self.rows[&id];
        let calls_today = |number: &PhoneNumber| match self.calls.get(number) {
            Some((began, count)) if *began == day.0 => *count,
            _ => 0,
        };
        DueContact {
            id,
            numbers: row.entry.numbers.clone(),
            time_zone: row.entry.time_zone.clone(),
            priority: row.entry.priority,
            rested,
            order_key,
            history: row.history.clone(),
            number_calls_today: row.entry.numbers.iter().map(calls_today).sum(),
            listed: row
                .entry
                .numbers
                .iter()
                .filter_map(|number| Some((*number, *self.listed.get(number)?)))
                .collect(),
        }
    }

    fn place(&mut self, contact: ContactId, place: Place) {
        let Some(mut row) = self.rows.remove(&contact) else {
            return;
        };
        self.unindex(contact, &row);
        row.place = place;
        self.index(contact, &row);
        self.rows.insert(contact, row);
    }

    fn index(&mut self, id: ContactId, row: &Row) {
        match row.place {
            Place::Fresh => {
                self.fresh.insert(fresh_key(id, row));
            }
            Place::Resting(until) => {
                self.resting.insert((row.campaign, until, id));
            }
            Place::InProgress | Place::Done | Place::LeftOut => {}
        }
    }

    fn unindex(&mut self, id: ContactId, row: &Row) {
        match row.place {
            Place::Fresh => {
                self.fresh.remove(&fresh_key(id, row));
            }
            Place::Resting(until) => {
                self.resting.remove(&(row.campaign, until, id));
            }
            Place::InProgress | Place::Done | Place::LeftOut => {}
        }
    }
}

fn fresh_key(id: ContactId, row: &Row) -> (CampaignId, u8, i64, ContactId) {
    (row.campaign, row.entry.priority, row.entry.order_key, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: (Timestamp, Timestamp) = (Timestamp::from_secs(0), Timestamp::from_secs(86_400));

    fn campaign() -> CampaignId {
        CampaignId::new(1).unwrap()
    }

    fn entry(priority: u8, order_key: i64) -> ListEntry {
        ListEntry {
            numbers: vec![PhoneNumber::from_text("+8613012345678").unwrap()],
            time_zone: None,
            priority,
            order_key,
        }
    }

    fn rest(list: &mut ContactList, contact: ContactId, until: i64) {
        list.update(&ContactUpdate {
            contact,
            campaign: campaign(),
            place: ContactPlace::Resting(Timestamp::from_secs(until)),
            history: History::default(),
            last_outcome: None,
        });
    }

    fn ids(due: &Due) -> Vec<ContactId> {
        due.contacts.iter().map(|c| c.id).collect()
    }

    #[test]
    fn priority_goes_first_then_those_who_rested_then_the_list() {
        let mut list = ContactList::default();
        let second = list.add(campaign(), entry(3, 2));
        let first = list.add(campaign(), entry(3, 1));
        let rested = list.add(campaign(), entry(3, 3));
        let urgent = list.add(campaign(), entry(1, 9));
        let later = list.add(campaign(), entry(1, 4));
        rest(&mut list, rested, 10);
        rest(&mut list, later, 99);
        let due = list.due(campaign(), Timestamp::from_secs(10), 9, &[], DAY);
        assert_eq!(ids(&due), [urgent, rested, first, second]);
        assert_eq!(due.next_due, Some(Timestamp::from_secs(99)));
        assert!(!due.more);
        let due = list.due(campaign(), Timestamp::from_secs(10), 1, &[urgent], DAY);
        assert_eq!(ids(&due), [rested]);
        assert!(due.more);
    }

    #[test]
    fn a_contact_that_is_being_called_or_final_is_not_due() {
        let mut list = ContactList::default();
        let contact = list.add(campaign(), entry(3, 1));
        let number = list.row(contact).unwrap().entry.numbers[0];
        list.begin(contact, number, DAY);
        let due = list.due(campaign(), Timestamp::from_secs(10), 9, &[], DAY);
        assert_eq!(ids(&due), []);
        assert_eq!(list.counts(campaign()), (1, 1));
        rest(&mut list, contact, 5);
        let due = list.due(campaign(), Timestamp::from_secs(10), 9, &[], DAY);
        assert_eq!(due.contacts[0].number_calls_today, 1);
    }
}
