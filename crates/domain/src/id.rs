//! Ids: one type for each kind of thing, so that one cannot be passed for another.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::range::{OutOfRange, within};
use crate::text::{ShortText, TextError};

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name($inner);

        impl $name {
            /// The id with this number.
            pub const fn new(number: $inner) -> Self {
                Self(number)
            }

            /// The number.
            pub const fn number(self) -> $inner {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident($max:literal)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(ShortText<$max>);

        impl $name {
            /// The id with this text.
            ///
            /// # Errors
            /// [`TextError`] when the text is empty, too long, or has control characters.
            pub fn new(text: &str) -> Result<Self, TextError> {
                ShortText::new(text).map(Self)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

number_id! {
    /// A tenant: one customer of the server. Assigned by the store, from 1.
    TenantId(u32)
}
number_id! {
    /// A contact of a campaign. Assigned by the store, unique on the server.
    ContactId(u64)
}
number_id! {
    /// An attempt. Assigned by the tenant's engine in the order of dialing, from 1; unique within
    /// a tenant.
    AttemptId(u64)
}
number_id! {
    /// A reserved call. Assigned by the store, from 1; unique on the server.
    AppointmentId(u64)
}
number_id! {
    /// A skill group, by the number its configuration gives; unique within a tenant.
    SkillGroupId(u64)
}
number_id! {
    /// A flow (IVR or voice bot), by the number its configuration gives; unique within a tenant.
    FlowId(u64)
}
number_id! {
    /// The number of a campaign's revision, from 1.
    RevisionNumber(u32)
}
text_id! {
    /// An agent, by the id its configuration gives (such as `1001`); unique within a tenant.
    /// 1 to 32 bytes.
    AgentId(32)
}
text_id! {
    /// A trunk, by its name in the configuration; unique on the server. 1 to 32 bytes.
    TrunkName(32)
}
text_id! {
    /// A group of caller IDs under one name; unique within a tenant. 1 to 64 bytes.
    NumberGroupId(64)
}

/// A campaign. One sequence for the whole server, from 1 below 2^31, because four vendors' APIs
/// carry it as a 32-bit signed integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct CampaignId(u32);

impl CampaignId {
    /// The id with this number.
    ///
    /// # Errors
    /// [`OutOfRange`] for 0 and from 2^31 on.
    pub fn new(number: u32) -> Result<Self, OutOfRange> {
        within("campaign id", i64::from(number), 1, i64::from(i32::MAX)).map(|_| Self(number))
    }

    /// The number.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for CampaignId {
    type Error = OutOfRange;
    fn try_from(number: u32) -> Result<Self, OutOfRange> {
        Self::new(number)
    }
}

impl From<CampaignId> for u32 {
    fn from(id: CampaignId) -> u32 {
        id.0
    }
}

impl fmt::Display for CampaignId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn campaign_ids_fit_a_vendors_signed_integer() {
        assert!(CampaignId::new(0).is_err());
        assert!(CampaignId::new(1).is_ok());
        assert!(CampaignId::new(2_147_483_647).is_ok());
        assert!(CampaignId::new(2_147_483_648).is_err());
    }
}
