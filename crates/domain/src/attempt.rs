//! An attempt: one dial of one number, the evidence of how it went, and its outcome.

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, AttemptId, CampaignId, ContactId, RevisionNumber, TrunkName};
use crate::phone_number::PhoneNumber;
use crate::time::Timestamp;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// The callee picked up and an agent or flow took the call.
    Answered,
    /// The callee picked up and nobody took the call.
    Abandoned,
    /// A machine picked up.
    Machine,
    /// The line was busy.
    Busy,
    /// It rang and nobody picked up.
    NoAnswer,
    /// The callee could not be reached, and nothing tells why.
    Unreachable,
    /// The callee's phone is switched off.
    PoweredOff,
    /// The subscription is suspended.
    OutOfService,
    /// The subscriber has not paid.
    InArrears,
    /// There is no such number.
    Invalid,
    /// The callee, or the network for it, declined the call.
    Rejected,
    /// No capacity on the way.
    Congestion,
    /// The network or the trunk failed.
    NetworkError,
    /// Our side or the trunk's configuration failed.
    Failed,
    /// Given up by us before an outcome, by hand.
    Cancelled,
    /// The server died with this attempt under way; nobody saw how it ended.
    Unknown,
}

impl Outcome {
    /// All outcomes, in the order of our API.
    pub const ALL: [Self; 16] = [
        Self::Answered,
        Self::Abandoned,
        Self::Machine,
        Self::Busy,
        Self::NoAnswer,
        Self::Unreachable,
        Self::PoweredOff,
        Self::OutOfService,
        Self::InArrears,
        Self::Invalid,
        Self::Rejected,
        Self::Congestion,
        Self::NetworkError,
        Self::Failed,
        Self::Cancelled,
        Self::Unknown,
    ];

    /// The name in our API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Abandoned => "abandoned",
            Self::Machine => "machine",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Unreachable => "unreachable",
            Self::PoweredOff => "powered_off",
            Self::OutOfService => "out_of_service",
            Self::InArrears => "in_arrears",
            Self::Invalid => "invalid",
            Self::Rejected => "rejected",
            Self::Congestion => "congestion",
            Self::NetworkError => "network_error",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }

    /// The outcome with this name in our API.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == name)
    }

    /// Whether a retry policy may try again after it: all but a conversation and a call given up by
    /// hand.
    pub fn retryable(self) -> bool {
        !matches!(self, Self::Answered | Self::Cancelled)
    }

    /// Whether it says something lasting about the number (or about how we dial it): what the trunk
    /// breaker watches.
    pub fn is_permanent_failure(self) -> bool {
        matches!(
            self,
            Self::Invalid | Self::Rejected | Self::OutOfService | Self::Failed
        )
    }
}

/// Who is to blame for a call that did not succeed. Only the callee's blame uses up an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Blame {
    /// The called party: busy, absent, no such number.
    Callee,
    /// The number shown.
    CallerId,
    /// A limit on how often a number may be called.
    FrequencyRule,
    /// Lines or servers on the way.
    Capacity,
    /// Our configuration, or the trunk's.
    Configuration,
}

impl Blame {
    /// The name in our API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Callee => "callee",
            Self::CallerId => "caller_id",
            Self::FrequencyRule => "frequency_rule",
            Self::Capacity => "capacity",
            Self::Configuration => "configuration",
        }
    }

    /// The blame with this name in our API.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Callee,
            Self::CallerId,
            Self::FrequencyRule,
            Self::Capacity,
            Self::Configuration,
        ]
        .into_iter()
        .find(|blame| blame.as_str() == name)
    }
}

/// The first sign that a call makes progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Progress {
    /// 180: the callee's phone rings.
    Ringing,
    /// 183 with media: the network plays something, a ring-back tone or an announcement.
    SessionProgress,
}

/// What was heard before the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EarlyMedia {
    /// No media before the answer.
    #[default]
    None,
    /// Media, not classified.
    Present,
}

/// Where an outcome was read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EvidenceSource {
    /// SIP.
    #[default]
    Signalling,
    /// What was heard.
    Media,
    /// What the agent said.
    Agent,
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndedBy {
    /// The far end.
    Remote,
    /// We did.
    Us,
    /// The agent did, whose phone hung up or who had us end it.
    Agent,
    /// Nobody: it was lost.
    Network,
}

/// A failure that we saw ourselves and no SIP status tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LocalFailure {
    /// No response at all to the INVITE.
    NoResponse,
    /// The request could not be sent.
    Transport,
    /// A 2xx whose Contact is missing or cannot be read: the dialog cannot be used.
    NoUsableContact,
    /// The answer has no media that we can speak.
    MediaMismatch,
    /// The no-progress timer ran out after a provisional response.
    NoProgress,
    /// The ring timeout ran out.
    RingTimeout,
    /// The far end fell silent and did not answer when asked.
    MediaLost,
    /// The server died with the call under way.
    ServerDied,
}

/// What is known of how a call went, from which its outcome is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Final SIP status of the INVITE (or none was received).
    pub sip_status: Option<u16>,
    /// Q.850 cause from a `Reason` header (RFC 3326).
    pub q850_cause: Option<u8>,
    /// First progress, if any.
    pub progress: Option<Progress>,
    /// Whether any response came, 100 included.
    pub responded: bool,
    /// What was heard before the answer.
    pub early_media: EarlyMedia,
    /// A failure that we saw ourselves.
    pub local: Option<LocalFailure>,
    /// Who ended the call.
    pub ended_by: Option<EndedBy>,
    /// Where the outcome was read from.
    pub source: EvidenceSource,
    /// When the answered callee came to the agents' queue: at the answer, or when the flow before it gave
    /// the callee back. `None` where no agents were sought.
    #[serde(default)]
    pub queued_at: Option<Timestamp>,
    /// When the first agent was joined; `joined_at` of the attempt may be that of a flow.
    #[serde(default)]
    pub agent_joined_at: Option<Timestamp>,
}

/// One dial of one number, from INVITE to outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its id, unique within the tenant.
    pub id: AttemptId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The contact.
    pub contact: ContactId,
    /// The number that was dialed.
    pub number: PhoneNumber,
    /// The number that was shown.
    pub caller_id: PhoneNumber,
    /// The trunk it went out on (the last one, after a failover).
    pub trunk: TrunkName,
    /// The agent who was bound to it or took it.
    pub agent: Option<AgentId>,
    /// The settings under which it was placed.
    pub revision: RevisionNumber,
    /// When it was handed to the trunk.
    pub started_at: Timestamp,
    /// First progress.
    pub progress_at: Option<Timestamp>,
    /// The callee picked up.
    pub answered_at: Option<Timestamp>,
    /// An agent or flow was joined.
    pub joined_at: Option<Timestamp>,
    /// It was over.
    pub ended_at: Option<Timestamp>,
    /// How it ended; `None` while it is under way.
    pub outcome: Option<Outcome>,
    /// Who is to blame, where the call did not succeed.
    pub blame: Option<Blame>,
    /// Why.
    pub evidence: Evidence,
    /// Whether it counts as an abandonment: true also for a callee whom an agent took after the
    /// profile's time was over.
    pub counts_as_abandoned: bool,
}
