//! What happens, as it is told to those who listen.

use outdial_domain::{
    AgentId, AgentState, AppointmentId, Attempt, AttemptId, CampaignId, CampaignState,
    RevisionNumber, TenantId, Timestamp, TrunkName,
};
use outdial_store::NewEvent;
use serde::{Deserialize, Serialize};

/// One thing that happened, in the order of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the journal: what `Last-Event-ID` names.
    pub id: u64,
    /// When.
    pub at: Timestamp,
    /// Whose.
    pub tenant: TenantId,
    /// What.
    pub happened: Happened,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Happened {
    /// A campaign is in another state.
    CampaignState {
        /// The campaign.
        campaign: CampaignId,
        /// Its state.
        state: CampaignState,
    },
    /// A campaign's settings were edited.
    CampaignRevised {
        /// The campaign.
        campaign: CampaignId,
        /// The new revision.
        revision: RevisionNumber,
        /// Who edited it.
        author: String,
    },
    /// A running campaign's figures, every few seconds while they change.
    CampaignStats {
        /// The campaign.
        campaign: CampaignId,
        /// Attempts so far.
        attempts: u64,
        /// Answered so far.
        answered: u64,
        /// Abandoned so far.
        abandoned: u64,
    },
    /// A call is being placed.
    AttemptStarted(Box<Attempt>),
    /// The callee picked up.
    AttemptAnswered(Box<Attempt>),
    /// A call is over and its outcome stored.
    AttemptEnded(Box<Attempt>),
    /// An agent does something else.
    AgentState {
        /// Who.
        agent: AgentId,
        /// What.
        state: AgentState,
        /// The attempt that it is about.
        attempt: Option<AttemptId>,
    },
    /// A contact is offered to an agent.
    OfferMade {
        /// The offer.
        offer: u64,
        /// To whom.
        agent: AgentId,
        /// The campaign.
        campaign: CampaignId,
        /// The appointment that it is about.
        #[serde(default)]
        appointment: Option<AppointmentId>,
        /// When it is withdrawn.
        ends_at: Timestamp,
    },
    /// An offer is over.
    OfferEnded {
        /// The offer.
        offer: u64,
        /// To whom it was made.
        agent: AgentId,
        /// Whether the call is being dialed.
        dialed: bool,
    },
    /// Contacts are being added.
    ImportProgress {
        /// The campaign.
        campaign: CampaignId,
        /// Contacts taken so far.
        accepted: u64,
        /// Whether that was all.
        done: bool,
    },
    /// A trunk is up, doubtful or out, or one of its breakers opened or was lifted.
    TrunkHealth {
        /// The trunk.
        trunk: TrunkName,
        /// `up`, `doubtful`, `out`, `breaker_open` or `breaker_lifted`.
        health: String,
        /// Why, in words.
        reason: String,
    },
}

impl Happened {
    /// As the store remembers it.
    pub(crate) fn recorded(&self, tenant: TenantId, at: Timestamp) -> NewEvent {
        // Events are plain data: they always become JSON.
        let data = serde_json::to_string(self).unwrap_or_default();
        NewEvent {
            tenant,
            at,
            kind: self.name().into(),
            campaign: self.campaign(),
            data,
        }
    }

    /// The campaign it is about.
    pub fn campaign(&self) -> Option<CampaignId> {
        match self {
            Self::CampaignState { campaign, .. }
            | Self::CampaignRevised { campaign, .. }
            | Self::CampaignStats { campaign, .. }
            | Self::OfferMade { campaign, .. }
            | Self::ImportProgress { campaign, .. } => Some(*campaign),
            Self::AttemptStarted(attempt)
            | Self::AttemptAnswered(attempt)
            | Self::AttemptEnded(attempt) => Some(attempt.campaign),
            Self::AgentState { .. } | Self::OfferEnded { .. } | Self::TrunkHealth { .. } => None,
        }
    }

    /// The event's name in our API.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CampaignState { .. } => "campaign.state",
            Self::CampaignRevised { .. } => "campaign.revised",
            Self::CampaignStats { .. } => "campaign.stats",
            Self::AttemptStarted(_) => "attempt.started",
            Self::AttemptAnswered(_) => "attempt.answered",
            Self::AttemptEnded(_) => "attempt.ended",
            Self::AgentState { .. } => "agent.state",
            Self::OfferMade { .. } => "offer.made",
            Self::OfferEnded { .. } => "offer.ended",
            Self::ImportProgress { .. } => "import.progress",
            Self::TrunkHealth { .. } => "trunk.health",
        }
    }
}
