//! The do-not-call list: numbers that no campaign of a tenant may call.

use serde::{Deserialize, Serialize};

use crate::phone_number::PhoneNumber;
use crate::time::Timestamp;

/// A number on a tenant's do-not-call list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoNotCallEntry {
    /// The number, in the form in which numbers are compared.
    pub number: PhoneNumber,
    /// Why, in the words of whoever put it there; may be empty. At most
    /// [`DoNotCallEntry::REASON_MAX`] characters.
    pub reason: String,
    /// Through what it came: an API, a disposition, a file.
    pub source: String,
    /// Who put it there.
    pub author: String,
    /// Since when it is listed.
    pub created_at: Timestamp,
    /// When it leaves the list by itself; `None` = never.
    pub until: Option<Timestamp>,
}

impl DoNotCallEntry {
    /// Most characters of a reason.
    pub const REASON_MAX: usize = 500;

    /// What dialing has to know of it.
    pub fn listing(&self) -> Listing {
        Listing {
            since: self.created_at,
            until: self.until,
        }
    }
}

/// Since when a number is on the list, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Listing {
    /// Since when.
    pub since: Timestamp,
    /// When it ends by itself; `None` = never.
    pub until: Option<Timestamp>,
}

impl Listing {
    /// Whether the number may not be called at `now`.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_holds_until_its_end() {
        let at = Timestamp::from_secs;
        let for_ever = Listing {
            since: at(10),
            until: None,
        };
        assert!(for_ever.holds_at(at(1_000_000)));
        let for_a_while = Listing {
            until: Some(at(20)),
            ..for_ever
        };
        assert!(for_a_while.holds_at(at(19)));
        assert!(!for_a_while.holds_at(at(20)));
    }
}
