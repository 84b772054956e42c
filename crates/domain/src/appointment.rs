//! Appointments: calls that are reserved for a time.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::attempt::Outcome;
use crate::id::{AgentId, AppointmentId, AttemptId, CampaignId, ContactId, SkillGroupId};
use crate::phone_number::PhoneNumber;
use crate::time::Timestamp;

/// Who begins the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AppointmentKind {
    /// It is offered to its agent at its time, who takes it or leaves it.
    Manual,
    /// It is dialed at its time.
    Automatic,
}

impl AppointmentKind {
    /// The name in APIs and storage.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Automatic => "automatic",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Manual, Self::Automatic]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// Where an appointment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AppointmentState {
    /// Its time has not come, or it waits for an agent or a line.
    Waiting,
    /// It is being called.
    Calling,
    /// It was called, or someone said how it went.
    Done,
    /// Nobody took it in time.
    TimedOut,
    /// Its agent left it.
    Skipped,
    /// Its number is on the do-not-call list.
    DoNotCall,
    /// Its campaign was aborted.
    CampaignOver,
}

impl AppointmentState {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Calling,
        Self::Done,
        Self::TimedOut,
        Self::Skipped,
        Self::DoNotCall,
        Self::CampaignOver,
    ];

    /// The name in APIs and storage.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Calling => "calling",
            Self::Done => "done",
            Self::TimedOut => "timed_out",
            Self::Skipped => "skipped",
            Self::DoNotCall => "do_not_call",
            Self::CampaignOver => "campaign_over",
        }
    }

    /// The state with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// A call that is reserved for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appointment {
    /// Its id.
    pub id: AppointmentId,
    /// Who begins the call.
    pub kind: AppointmentKind,
    /// The campaign under whose settings it is called.
    pub campaign: CampaignId,
    /// Who is called.
    pub contact: ContactId,
    /// The number to call.
    pub number: PhoneNumber,
    /// The agent who is to take it.
    pub agent: Option<AgentId>,
    /// Whose agents may take it, where no agent is named. An automatic one with neither is taken by the
    /// campaign's own target.
    pub skill_group: Option<SkillGroupId>,
    /// The number to show; `None` = the campaign's.
    pub caller_id: Option<PhoneNumber>,
    /// Its time.
    pub due_at: Timestamp,
    /// When it is given up.
    pub valid_until: Timestamp,
    /// A remark, at most [`Appointment::REMARK_MAX`] characters.
    pub remark: String,
    /// Anything else that came with it.
    pub attributes: BTreeMap<String, String>,
    /// Where it stands.
    pub state: AppointmentState,
    /// Its call.
    pub attempt: Option<AttemptId>,
    /// How its call ended.
    pub outcome: Option<Outcome>,
    /// What someone said of how it went.
    pub report: BTreeMap<String, String>,
    /// Who made it.
    pub author: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Grows with each change of what is dialed, when and for whom; from 1.
    pub revision: u32,
}

impl Appointment {
    /// Most characters of a remark.
    pub const REMARK_MAX: usize = 2_000;
    /// So long an appointment is waited for after its time, unless it says otherwise.
    pub const VALID_FOR: Duration = Duration::from_secs(600);
}
