//! Rules that lie under every API and win over it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::calendar::DayRule;
use crate::range::Share;

/// What the law of a place demands of outbound calls, as data. A campaign may be stricter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComplianceProfile {
    /// Its name in the configuration.
    pub name: String,
    /// Hours in which a number may be called, in the callee's own time zone where it is known, else
    /// the campaign's. Empty = always.
    pub hours: Vec<DayRule>,
    /// An unanswered call rings at least so long.
    pub ring_min: Duration,
    /// From when an answered callee's wait counts as an abandonment; `None` = at the end of the
    /// campaign's answer wait.
    pub abandon_after: Option<Duration>,
    /// Highest share of abandoned calls; `None` = no ceiling of its own.
    pub abandonment_ceiling: Option<Share>,
    /// Most calls to one number in one local day, over all campaigns of the tenant.
    pub calls_per_number_per_day: Option<u32>,
}

impl ComplianceProfile {
    /// No rules beyond the campaign's own.
    pub fn none() -> Self {
        Self {
            name: "none".to_owned(),
            hours: Vec::new(),
            ring_min: Duration::ZERO,
            abandon_after: None,
            abandonment_ceiling: None,
            calls_per_number_per_day: None,
        }
    }

    /// The profile with this name.
    ///
    /// # Errors
    /// Says that the name is unknown, or that the profile is not built yet.
    pub fn named(name: &str) -> Result<Self, String> {
        match name {
            "none" => Ok(Self::none()),
            "us-tsr" | "us-fl" | "uk-ofcom" | "cn-tencent" => Err(format!(
                "the profile `{name}` is not built yet; use \"none\" and set the campaign's own hours and limits"
            )),
            _ => Err(format!(
                "`{}` is not a compliance profile; use \"none\"",
                name.escape_debug()
            )),
        }
    }
}
