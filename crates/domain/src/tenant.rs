//! A tenant, and what its configuration gives it: caller IDs, number groups, flows.

use serde::{Deserialize, Serialize};

use crate::compliance::ComplianceProfile;
use crate::id::{FlowId, NumberGroupId, TenantId, TrunkName};
use crate::phone_number::{Country, PhoneNumber};

/// One customer of the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tenant {
    /// Assigned by the store.
    pub id: TenantId,
    /// Its name in the configuration.
    pub name: String,
    /// IANA zone of its wall clock.
    pub time_zone: String,
    /// The country by whose rules numbers are read.
    pub default_country: Country,
    /// The law its calls are under.
    pub compliance: ComplianceProfile,
    /// Most calls at once, over all its campaigns.
    pub max_calls: u32,
}

/// A number of a tenant's that may be shown, with its limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerId {
    /// The number.
    pub number: PhoneNumber,
    /// The trunk it belongs to; `None` = any trunk that does not own other numbers only.
    pub trunk: Option<TrunkName>,
    /// Calls at once; `None` = no limit.
    pub channels: Option<u32>,
    /// Calls in an hour; `None` = no limit.
    pub per_hour: Option<u32>,
    /// Calls in a local day; `None` = no limit.
    pub per_day: Option<u32>,
    /// Free labels.
    pub tags: Vec<String>,
}

impl CallerId {
    /// A caller ID without limits.
    pub fn unlimited(number: PhoneNumber) -> Self {
        Self {
            number,
            trunk: None,
            channels: None,
            per_hour: None,
            per_day: None,
            tags: Vec::new(),
        }
    }
}

/// Caller IDs under one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberGroup {
    /// Its id in the configuration.
    pub id: NumberGroupId,
    /// The numbers.
    pub caller_ids: Vec<PhoneNumber>,
}

/// An IVR or voice bot that takes calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Its id in the configuration.
    pub id: FlowId,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub source: FlowSource,
    /// Further names by which an API may call it.
    pub aliases: Vec<String>,
}

/// Where a flow runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FlowSource {
    /// At a SIP address.
    Sip(String),
}
