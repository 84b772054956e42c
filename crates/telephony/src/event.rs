//! What a connector reports.

use std::time::Duration;

use outdial_domain::{Evidence, Progress, Timestamp, TrunkName};
use serde::{Deserialize, Serialize};

use crate::{AnsweredDialog, LegId};

/// A fact, with the time at which it became known here.
///
/// For one leg the order is: `Trying`, any of `Progress`, `EarlyMedia` and `Cancelling`, then `Answered` or
/// nothing, then `Ended`. After `Ended` nothing more is said of a leg.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The far end said that it works on the call: its first provisional response.
    Trying {
        /// The leg.
        leg: LegId,
        /// When.
        at: Timestamp,
    },
    /// A sign of progress: 180, or 183 (some trunks send nothing else). Each kind is reported once.
    Progress {
        /// The leg.
        leg: LegId,
        /// When.
        at: Timestamp,
        /// Which of the two.
        progress: Progress,
        /// Whether it came with a session description, that is, media may follow. A 183 without one
        /// is no sign of ringing.
        media: bool,
    },
    /// Voice packets came before the answer: a ring-back tone or an announcement.
    EarlyMedia {
        /// The leg.
        leg: LegId,
        /// When.
        at: Timestamp,
    },
    /// The far end picked up. To be followed by [`Command::Confirm`](crate::Command::Confirm).
    Answered {
        /// The leg.
        leg: LegId,
        /// When.
        at: Timestamp,
        /// What must be stored to end the call after a crash.
        dialog: AnsweredDialog,
    },
    /// The far end of an answered leg is elsewhere now: this is to be stored in the place of what `Answered` said.
    Moved {
        /// The leg.
        leg: LegId,
        /// When.
        at: Timestamp,
        /// What must be stored to end the call after a crash.
        dialog: AnsweredDialog,
    },
    /// Two legs hear each other.
    Joined {
        /// The callee.
        callee: LegId,
        /// Who takes the call.
        other: LegId,
        /// When.
        at: Timestamp,
    },
    /// The call is being given up: nothing more will come of it, but for an answer that crosses. The line
    /// can be counted as free a little later; `Ended` may take up to 32 s when the far end is silent.
    Cancelling {
        /// The leg.
        leg: LegId,
        /// When.
        at: Timestamp,
    },
    /// The leg is over.
    Ended {
        /// The leg.
        leg: LegId,
        /// When.
        at: Timestamp,
        /// How it went. `sip_status` is 200 when it had been answered.
        evidence: Evidence,
        /// How long the far end asked us to wait before the next call (503 with Retry-After).
        retry_after: Option<Duration>,
    },
    /// A flow gives the callee back to us, to be put before an agent. `Ended` of the flow's leg follows.
    HandedBack {
        /// The flow's leg.
        leg: LegId,
        /// When.
        at: Timestamp,
    },
    /// A phone registered: first, again after its registration had run out, or from another place.
    Registered {
        /// Its account.
        account: String,
        /// When.
        at: Timestamp,
    },
    /// A phone took its registration back, or let it run out.
    Unregistered {
        /// Its account.
        account: String,
        /// When.
        at: Timestamp,
    },
    /// Whether a trunk answered when it was asked.
    TrunkHealth {
        /// The trunk.
        trunk: TrunkName,
        /// When.
        at: Timestamp,
        /// Whether any response came.
        answered: bool,
    },
    /// Whether our registration with a trunk stands.
    TrunkRegistration {
        /// The trunk.
        trunk: TrunkName,
        /// When.
        at: Timestamp,
        /// Whether it stands.
        registered: bool,
        /// The final status, or none when no response came.
        status: Option<u16>,
    },
    /// What came of [`Command::Clear`](crate::Command::Clear): said once when every far end has been asked, and again
    /// whenever more of the calls are over.
    Cleared {
        /// When.
        at: Timestamp,
        /// The calls that are over since the last such event, or given up after an hour of trying.
        legs: Vec<LegId>,
        /// How many calls may still be up. They are tried again, about once a minute.
        left: usize,
    },
}

impl Event {
    /// The leg that it is about, if it is about one.
    #[must_use]
    pub const fn leg(&self) -> Option<LegId> {
        match self {
            Self::Trying { leg, .. }
            | Self::Progress { leg, .. }
            | Self::EarlyMedia { leg, .. }
            | Self::Answered { leg, .. }
            | Self::Moved { leg, .. }
            | Self::Cancelling { leg, .. }
            | Self::Ended { leg, .. }
            | Self::HandedBack { leg, .. } => Some(*leg),
            Self::Joined { callee, .. } => Some(*callee),
            Self::Registered { .. }
            | Self::Unregistered { .. }
            | Self::TrunkHealth { .. }
            | Self::TrunkRegistration { .. }
            | Self::Cleared { .. } => None,
        }
    }
}
