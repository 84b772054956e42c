//! A contact: someone to reach under one or more numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::attempt::Outcome;
use crate::id::{CampaignId, ContactId};
use crate::phone_number::PhoneNumber;
use crate::range::{OutOfRange, within};
use crate::time::Timestamp;

/// A contact as it is given to a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewContact {
    /// At least one; tried in this order, one at each attempt.
    pub numbers: Vec<PhoneNumber>,
    /// The caller's own key for it.
    pub external_id: Option<String>,
    /// IANA zone where the callee lives, if known.
    pub time_zone: Option<String>,
    /// 1 (first) to 5.
    pub priority: u8,
    /// Anything else that came with it.
    pub attributes: BTreeMap<String, String>,
}

impl NewContact {
    /// The priority of a contact that names none.
    pub const PRIORITY_DEFAULT: u8 = 3;

    /// A contact with one number and nothing else.
    pub fn with_number(number: PhoneNumber) -> Self {
        Self {
            numbers: vec![number],
            external_id: None,
            time_zone: None,
            priority: Self::PRIORITY_DEFAULT,
            attributes: BTreeMap::new(),
        }
    }

    /// Checks a priority given from outside.
    ///
    /// # Errors
    /// [`OutOfRange`] outside of 1–5.
    pub fn check_priority(given: i64) -> Result<u8, OutOfRange> {
        within("priority", given, 1, 5).map(|p| p as u8)
    }
}

/// Where a contact stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ContactState {
    /// Never tried and free to be called.
    Fresh,
    /// Waits until a time: for its next attempt, or because a gate refused it until then.
    Resting,
    /// An attempt is under way.
    InProgress,
    /// Final, for good.
    Done,
}

/// A contact of a campaign, with what its attempts have left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Its id.
    pub id: ContactId,
    /// The campaign.
    pub campaign: CampaignId,
    /// Its numbers, in order.
    pub numbers: Vec<PhoneNumber>,
    /// The caller's own key for it.
    pub external_id: Option<String>,
    /// IANA zone where the callee lives, if known.
    pub time_zone: Option<String>,
    /// 1 (first) to 5.
    pub priority: u8,
    /// Anything else that came with it.
    pub attributes: BTreeMap<String, String>,
    /// Where it stands.
    pub state: ContactState,
    /// Not before this time, when resting.
    pub not_before: Timestamp,
    /// Its place among the fresh contacts of its priority.
    pub order_key: i64,
    /// What its attempts have left.
    pub history: History,
    /// The outcome that made it final, or the last one.
    pub last_outcome: Option<Outcome>,
}

/// What the attempts of a contact have left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Attempts that used one up.
    pub attempts: u32,
    /// Attempts of any kind; picks the next number.
    pub dialed: u32,
    /// Attempts that used one up, by outcome.
    pub by_outcome: BTreeMap<Outcome, u32>,
    /// Failures in a row whose blame was not the callee's.
    pub line_failures: u32,
    /// Attempts that used one up on the local day that began at `day`.
    pub attempts_today: u32,
    /// The campaign's local midnight to which `attempts_today` belongs.
    pub day: Timestamp,
    /// When the last attempt ended.
    pub last_ended_at: Option<Timestamp>,
}

/// Where a contact stands from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactUpdate {
    /// The contact.
    pub contact: ContactId,
    /// The campaign.
    pub campaign: CampaignId,
    /// Its place.
    pub place: ContactPlace,
    /// What its attempts have left.
    pub history: History,
    /// The outcome that made it final, or the last one; `None` = the one that is known already.
    pub last_outcome: Option<Outcome>,
}

/// A contact's place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContactPlace {
    /// Back among the fresh contacts, where it was.
    Fresh,
    /// Not before this time.
    Resting(Timestamp),
    /// Final.
    Done,
    /// Final, because all its numbers are on the do-not-call list: it returns to the list when one of
    /// them leaves that.
    LeftOut,
    /// Waits until someone releases it, however long that takes.
    Held,
}

/// What becomes of one contact by hand, while its campaign goes on. A call that is under way goes on,
/// too, and the contact follows when it is over, unless that call has made it final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Aside {
    /// It waits until it is released.
    Held,
    /// It is final, without having been reached.
    Cancelled,
}

impl Aside {
    /// Its place in the list.
    pub fn place(self) -> ContactPlace {
        match self {
            Self::Held => ContactPlace::Held,
            Self::Cancelled => ContactPlace::Done,
        }
    }

    /// The outcome that it leaves.
    pub fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Held => None,
            Self::Cancelled => Some(Outcome::Cancelled),
        }
    }

    /// Sends an open contact there.
    pub fn apply(self, update: &mut ContactUpdate) {
        if !update.place.is_final() {
            update.place = self.place();
            update.last_outcome = self.outcome().or(update.last_outcome);
        }
    }
}

impl ContactPlace {
    /// Whether the contact is final.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::LeftOut)
    }
}

impl Contact {
    /// Until when a contact rests that is held: no clock comes there, and it can be written like any
    /// other time.
    pub const HELD_UNTIL: Timestamp = Timestamp::from_millis(253_402_300_799_999);

    /// Whether it waits until someone releases it.
    pub fn is_held(&self) -> bool {
        self.state == ContactState::Resting && self.not_before == Self::HELD_UNTIL
    }

    /// The number of the next attempt.
    pub fn next_number(&self) -> Option<PhoneNumber> {
        let count = u32::try_from(self.numbers.len()).ok().filter(|&n| n > 0)?;
        self.numbers
            .get((self.history.dialed % count) as usize)
            .copied()
    }
}
