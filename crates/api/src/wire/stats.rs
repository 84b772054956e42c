//! How a campaign is doing, and why it does what it does.

use std::collections::BTreeMap;

use outdial_service::views::{ContactExplanation, Explanation, Reason, Stats};
use serde::Serialize;
use utoipa::ToSchema;

use crate::scalar::Time;
use crate::wire::attempt::AttemptJson;
use crate::wire::names::{CampaignStateName, Name};

/// How a campaign is doing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stats)]
pub(crate) struct StatsJson {
    state: CampaignStateName,
    contacts: ContactCounts,
    /// Attempts since it began.
    attempts: u64,
    /// Of them with the outcome answered.
    answered: u64,
    /// Calls that count as abandoned, an answer that an agent took too late included.
    abandoned: u64,
    /// Share of live answers that nobody took in time, in the campaign's present window, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    abandonment: f64,
    /// Talk and wrap-up time over logged-in time of its agents since it began, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    occupancy: f64,
    calls_now: CallsNow,
    agents: AgentCounts,
    /// Attempts by the name of their outcome.
    outcomes: BTreeMap<&'static str, u64>,
    /// Why it does not dial right now; empty when it does.
    not_dialing_because: Vec<ReasonJson>,
}

/// Contacts by where they stand.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContactCounts {
    /// Fresh, or waiting for their next attempt.
    waiting: u64,
    /// With an attempt under way.
    in_progress: u64,
    /// Final.
    done: u64,
}

/// Calls right now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallsNow {
    /// Dialed, not answered.
    ringing: u32,
    /// With an agent or flow.
    talking: u32,
    /// Answered, waiting for an agent.
    waiting: u32,
}

/// A campaign's agents right now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentCounts {
    /// Free for a call.
    idle: u32,
    /// Reserved or talking.
    busy: u32,
    /// In wrap-up.
    wrap_up: u32,
    /// On a break, offline, or not connected.
    away: u32,
}

/// Why something is not dialed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reason)]
pub(crate) struct ReasonJson {
    /// A stable code.
    #[schema(example = "calendar")]
    code: String,
    /// In a supervisor's words.
    text: String,
    /// Until when, where that is known.
    until: Option<Time>,
}

impl From<&Reason> for ReasonJson {
    fn from(reason: &Reason) -> Self {
        Self {
            code: reason.code.clone(),
            text: reason.text.clone(),
            until: reason.until.map(Time),
        }
    }
}

fn reasons(reasons: &[Reason]) -> Vec<ReasonJson> {
    reasons.iter().map(ReasonJson::from).collect()
}

/// A share of nothing is none: JSON has no word for what is no number.
fn finite(share: f64) -> f64 {
    if share.is_finite() { share } else { 0.0 }
}

impl From<&Stats> for StatsJson {
    fn from(stats: &Stats) -> Self {
        let outcomes = stats.outcomes.iter();
        Self {
            state: Name(stats.state),
            contacts: ContactCounts {
                waiting: stats.contacts.waiting,
                in_progress: stats.contacts.in_progress,
                done: stats.contacts.done,
            },
            attempts: stats.attempts,
            answered: stats.answered,
            abandoned: stats.abandoned,
            abandonment: finite(stats.abandonment),
            occupancy: finite(stats.occupancy),
            calls_now: CallsNow {
                ringing: stats.calls_now.ringing,
                talking: stats.calls_now.talking,
                waiting: stats.calls_now.waiting,
            },
            agents: AgentCounts {
                idle: stats.agents.idle,
                busy: stats.agents.busy,
                wrap_up: stats.agents.wrap_up,
                away: stats.agents.away,
            },
            outcomes: outcomes
                .map(|(outcome, count)| (outcome.as_str(), *count))
                .collect(),
            not_dialing_because: reasons(&stats.not_dialing_because),
        }
    }
}

/// Why a campaign, or a number in it, is (not) dialed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub(crate) struct ExplanationJson {
    /// What holds for the whole campaign; empty when it dials.
    campaign: Vec<ReasonJson>,
    /// The contacts with the number asked for.
    contacts: Vec<ContactExplanationJson>,
}

/// Why a contact is (not) dialed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContactExplanation)]
pub(crate) struct ContactExplanationJson {
    contact_id: u64,
    /// In words.
    reasons: Vec<ReasonJson>,
    /// Its attempts so far, newest first.
    attempts: Vec<AttemptJson>,
}

impl From<&Explanation> for ExplanationJson {
    fn from(explanation: &Explanation) -> Self {
        let contacts = explanation.contacts.iter();
        Self {
            campaign: reasons(&explanation.campaign),
            contacts: contacts.map(ContactExplanationJson::from).collect(),
        }
    }
}

impl From<&ContactExplanation> for ContactExplanationJson {
    fn from(contact: &ContactExplanation) -> Self {
        Self {
            contact_id: contact.contact.number(),
            reasons: reasons(&contact.reasons),
            attempts: contact.attempts.iter().map(AttemptJson::from).collect(),
        }
    }
}
