//! The store gate: what cannot be committed must not be dialed.

use std::time::Duration;

use outdial_domain::Timestamp;
use serde::{Deserialize, Serialize};

use crate::timer::Alarm;

/// Rest after an attempt that could not be committed, so that a store that refuses one after the
/// other is not asked in a circle.
const REST: Duration = Duration::from_secs(1);

/// Whether the store takes commits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoreGate {
    failing: Option<String>,
    pub(crate) alarm: Alarm,
}

impl StoreGate {
    pub(crate) fn set(&mut self, failing: Option<String>) {
        self.failing = failing;
    }

    /// Until when a refused commit makes dialing rest.
    pub(crate) fn rest(now: Timestamp) -> Timestamp {
        now + REST
    }

    pub(crate) fn refuses(&self) -> bool {
        self.failing.is_some() || self.alarm.at().is_some()
    }

    /// Why, in words.
    pub(crate) fn reason(&self) -> &str {
        self.failing
            .as_deref()
            .unwrap_or("the last attempt could not be stored; trying again in a second")
    }
}
