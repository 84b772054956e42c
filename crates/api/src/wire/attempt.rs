//! Attempts as our API shows them.

use outdial_domain::Attempt;
use serde::Serialize;
use utoipa::ToSchema;

use crate::scalar::{Number, Time};
use crate::wire::names::{BlameName, Name, OutcomeName};

/// One dial of one number, from the INVITE to its outcome.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(crate) struct AttemptJson {
    /// Its id; while it is under way, the id of the call.
    id: u64,
    campaign_id: u32,
    contact_id: u64,
    /// The number that was dialed.
    number: Number,
    /// The number that was shown.
    caller_id: Number,
    /// The agent who was bound to it or took it.
    agent_id: Option<String>,
    /// The trunk it went out on.
    trunk: String,
    /// The revision of the campaign under which it was placed.
    revision: u32,
    /// When it was handed to the trunk.
    started_at: Time,
    /// The first progress.
    progress_at: Option<Time>,
    /// When the callee picked up.
    answered_at: Option<Time>,
    /// When an agent or flow was joined.
    joined_at: Option<Time>,
    /// When it was over.
    ended_at: Option<Time>,
    /// Null while it is under way.
    outcome: Option<OutcomeName>,
    /// Null where the call succeeded.
    blame: Option<BlameName>,
    /// Final SIP status of the INVITE.
    sip_status: Option<u16>,
    /// Q.850 cause.
    q850_cause: Option<u8>,
    /// Whether it counts as an abandonment: true also for a callee whom an agent took too late.
    counts_as_abandoned: bool,
}

impl From<&Attempt> for AttemptJson {
    fn from(attempt: &Attempt) -> Self {
        Self {
            id: attempt.id.number(),
            campaign_id: attempt.campaign.number(),
            contact_id: attempt.contact.number(),
            number: Number(attempt.number),
            caller_id: Number(attempt.caller_id),
            agent_id: attempt.agent.map(|agent| agent.to_string()),
            trunk: attempt.trunk.to_string(),
            revision: attempt.revision.number(),
            started_at: Time(attempt.started_at),
            progress_at: attempt.progress_at.map(Time),
            answered_at: attempt.answered_at.map(Time),
            joined_at: attempt.joined_at.map(Time),
            ended_at: attempt.ended_at.map(Time),
            outcome: attempt.outcome.map(Name),
            blame: attempt.blame.map(Name),
            sip_status: attempt.evidence.sip_status,
            q850_cause: attempt.evidence.q850_cause,
            counts_as_abandoned: attempt.counts_as_abandoned,
        }
    }
}
