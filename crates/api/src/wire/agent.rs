//! Agents, what they are offered and what they conclude.

use outdial_domain::{BreakTime, WishedState};
use outdial_service::views::{AgentView, OfferView};
use outdial_service::{Disposition, FieldProblem};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::fields::read_object;
use crate::scalar::{Time, boolean, text};
use crate::wire::contact::ContactJson;
use crate::wire::names::{AgentActivityName, LegName, Name, WhenName, WishedStateName, named};

/// An agent and what it is doing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Agent)]
pub(crate) struct AgentJson {
    id: String,
    name: String,
    /// The groups whose calls it takes.
    skill_groups: Vec<u64>,
    /// What it is, in the words in which it is wished.
    state: WishedStateName,
    /// What it is doing, closer.
    activity: AgentActivityName,
    /// Since when it does that.
    since: Time,
    /// What it has asked to be; a break or the end of the day may wait for a call.
    wished_state: WishedStateName,
    /// Why it is on a break; may be empty.
    reason: String,
    leg: LegName,
    /// The call that it is in or bound to: the id of its attempt.
    call: Option<u64>,
}

impl From<&AgentView> for AgentJson {
    fn from(agent: &AgentView) -> Self {
        Self {
            id: agent.id.to_string(),
            name: agent.name.clone(),
            skill_groups: agent.skill_groups.iter().map(|id| id.number()).collect(),
            state: Name(agent.state.wish_come_true()),
            activity: Name(agent.state),
            since: Time(agent.since),
            wished_state: Name(agent.wish),
            reason: agent.reason.clone(),
            leg: Name(agent.leg),
            call: agent.call.map(|call| call.number()),
        }
    }
}

/// What an agent wishes to be.
#[derive(Debug, ToSchema)]
#[schema(as = AgentStateRequest)]
pub(crate) struct AgentWish {
    pub(crate) state: WishedStateName,
    /// Why, up to 200 characters; shown to supervisors.
    #[schema(required = false)]
    pub(crate) reason: String,
    /// Default: now.
    #[schema(required = false)]
    pub(crate) when: WhenName,
}

impl AgentWish {
    /// Reads a wish.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn read(body: &Value) -> Result<Self, Vec<FieldProblem>> {
        read_object(body, |findings, object| {
            let state = object.required_scalar(findings, "state", named::<WishedState>);
            let reason = object.optional(findings, "reason", text(0..=200));
            let when = object.optional(findings, "when", named::<BreakTime>);
            Some(Self {
                state: Name(state?),
                reason: reason.unwrap_or_default(),
                when: Name(when.unwrap_or_default()),
            })
        })
    }
}

/// A contact that is offered to an agent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Offer)]
pub(crate) struct OfferJson {
    id: u64,
    campaign_id: u32,
    contact: ContactJson,
    /// The appointment that it is about.
    appointment_id: Option<u64>,
    /// When it is dialed by itself; null = never.
    dials_at: Option<Time>,
    /// When it is withdrawn.
    ends_at: Time,
}

impl From<&OfferView> for OfferJson {
    fn from(offer: &OfferView) -> Self {
        Self {
            id: offer.id,
            campaign_id: offer.campaign.number(),
            contact: ContactJson::from(&offer.contact),
            appointment_id: offer.appointment.map(|id| id.number()),
            dials_at: offer.dials_at.map(Time),
            ends_at: Time(offer.ends_at),
        }
    }
}

/// What an agent concluded of a call.
#[derive(Debug, ToSchema)]
#[schema(as = Disposition)]
pub(crate) struct DispositionJson {
    /// A code of the tenant's own, 1 to 64 characters; `machine` marks the call as one that a machine
    /// took.
    #[schema(example = "interested")]
    code: String,
    /// In the agent's words, up to 4000 characters.
    #[schema(required = false)]
    notes: String,
    /// The callee wishes not to be called again.
    #[schema(required = false)]
    do_not_call: bool,
}

impl DispositionJson {
    /// Reads a disposition.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn read(body: &Value) -> Result<Self, Vec<FieldProblem>> {
        read_object(body, |findings, object| {
            let code = object.required_scalar(findings, "code", text(1..=64));
            let notes = object.optional(findings, "notes", text(0..=4000));
            let do_not_call = object.optional(findings, "do_not_call", boolean);
            Some(Self {
                code: code?,
                notes: notes.unwrap_or_default(),
                do_not_call: do_not_call.unwrap_or_default(),
            })
        })
    }
}

impl From<DispositionJson> for Disposition {
    fn from(json: DispositionJson) -> Self {
        Self {
            code: json.code,
            notes: json.notes,
            do_not_call: json.do_not_call,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wish_takes_effect_now_unless_it_says_otherwise() {
        let wish = AgentWish::read(&json!({"state": "break", "reason": "lunch"})).unwrap();
        assert_eq!(wish.state.0, WishedState::Break);
        assert_eq!(wish.when.0, BreakTime::Now);
        assert_eq!(wish.reason, "lunch");
        let later = AgentWish::read(&json!({"state": "offline", "when": "after_call"})).unwrap();
        assert_eq!(later.when.0, BreakTime::AfterCall);
    }

    #[test]
    fn a_wrong_wish_names_every_field() {
        let wrong = json!({"state": "idle", "when": "later", "why": "x"});
        let problems = AgentWish::read(&wrong).expect_err("three fields are wrong");
        let fields: Vec<_> = problems.iter().map(|p| p.field.as_str()).collect();
        assert_eq!(fields, ["state", "when", "why"]);
    }
}
