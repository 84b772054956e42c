//! How a campaign paces its calls, and to whom it connects those that answer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{FlowId, SkillGroupId};
use crate::range::{OutOfRange, within};

/// How many calls to start, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// An agent is offered the contact and decides.
    Preview(PreviewRules),
    /// An agent is seized, hears the progress; one call.
    Preempted,
    /// An idle agent is reserved from INVITE to result; one call.
    Progressive,
    /// So many ringing calls for each idle agent.
    Ratio(Ratio),
    /// The controller decides, under the abandonment ceiling.
    Predictive,
    /// No agents: so many calls in each interval, for a flow.
    Rate {
        /// Calls in each interval, at least 1.
        calls: u32,
        /// The interval, at least 1 s.
        interval: Duration,
    },
    /// No agents: so many calls at once as lines and shares allow, for a flow.
    Concurrency,
}

/// A mode without its parameters: what an edit may not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ModeName {
    /// See [`Mode::Preview`].
    Preview,
    /// See [`Mode::Preempted`].
    Preempted,
    /// See [`Mode::Progressive`].
    Progressive,
    /// See [`Mode::Ratio`].
    Ratio,
    /// See [`Mode::Predictive`].
    Predictive,
    /// See [`Mode::Rate`].
    Rate,
    /// See [`Mode::Concurrency`].
    Concurrency,
}

impl Mode {
    /// Its name.
    pub fn name(&self) -> ModeName {
        match self {
            Self::Preview(_) => ModeName::Preview,
            Self::Preempted => ModeName::Preempted,
            Self::Progressive => ModeName::Progressive,
            Self::Ratio(_) => ModeName::Ratio,
            Self::Predictive => ModeName::Predictive,
            Self::Rate { .. } => ModeName::Rate,
            Self::Concurrency => ModeName::Concurrency,
        }
    }
}

impl ModeName {
    /// All modes.
    pub const ALL: [Self; 7] = [
        Self::Preview,
        Self::Preempted,
        Self::Progressive,
        Self::Ratio,
        Self::Predictive,
        Self::Rate,
        Self::Concurrency,
    ];

    /// The name in our API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Preempted => "preempted",
            Self::Progressive => "progressive",
            Self::Ratio => "ratio",
            Self::Predictive => "predictive",
            Self::Rate => "rate",
            Self::Concurrency => "concurrency",
        }
    }

    /// Whether answered calls go to a skill group (else to a flow).
    pub fn needs_agents(self) -> bool {
        !matches!(self, Self::Rate | Self::Concurrency)
    }

    /// Whether one agent is bound to the call before it is dialed, so that an agent whose phone is
    /// called per call can serve it.
    pub fn binds_agent(self) -> bool {
        matches!(self, Self::Preview | Self::Preempted | Self::Progressive)
    }

    /// Whether an abandonment ceiling means anything to it: it keeps the ceiling, or dials only for an
    /// agent who is there. In preview an agent decides about each call, and without agents nothing
    /// that is dialed depends on whether flows answer.
    pub fn keeps_ceiling(self) -> bool {
        match self {
            Self::Ratio | Self::Predictive | Self::Progressive | Self::Preempted => true,
            Self::Preview | Self::Rate | Self::Concurrency => false,
        }
    }
}

/// Ringing calls for each idle agent, in hundredths. Range 0.01–100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Ratio(u32);

impl Ratio {
    /// One call for each idle agent.
    pub const ONE: Self = Self(100);

    /// A ratio from hundredths, 1–10 000.
    ///
    /// # Errors
    /// [`OutOfRange`] otherwise.
    pub fn from_hundredths(hundredths: u32) -> Result<Self, OutOfRange> {
        within("ratio", i64::from(hundredths), 1, 10_000).map(|_| Self(hundredths))
    }

    /// The ratio in hundredths.
    pub fn hundredths(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Ratio {
    type Error = OutOfRange;
    fn try_from(hundredths: u32) -> Result<Self, OutOfRange> {
        Self::from_hundredths(hundredths)
    }
}

impl From<Ratio> for u32 {
    fn from(ratio: Ratio) -> u32 {
        ratio.0
    }
}

/// How contacts are offered to agents in preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewRules {
    /// Time between two rounds of offers; zero offers to an agent as soon as one is idle.
    pub every: Duration,
    /// Most offers made in one round; 0 = as many as there are idle agents.
    pub offers: u32,
    /// After this time an offer that the agent still holds is dialed by itself; `None` = never.
    pub dial_after: Option<Duration>,
    /// After this time without a call the offer is withdrawn.
    pub offer: Duration,
}

impl Default for PreviewRules {
    fn default() -> Self {
        Self {
            every: Duration::ZERO,
            offers: 0,
            dial_after: None,
            offer: Duration::from_secs(60),
        }
    }
}

/// Who takes an answered call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// Agents of a skill group.
    SkillGroup(SkillGroupId),
    /// A configured flow.
    Flow(FlowId),
    /// A flow at a SIP address.
    Sip(String),
}

impl Target {
    /// Whether two targets are of the same kind (agents, or a flow): the kind of a campaign's
    /// target never changes.
    pub fn same_kind(&self, other: &Self) -> bool {
        matches!(self, Self::SkillGroup(_)) == matches!(other, Self::SkillGroup(_))
    }

    /// The skill group, when agents take the call.
    pub fn skill_group(&self) -> Option<SkillGroupId> {
        match self {
            Self::SkillGroup(group) => Some(*group),
            _ => None,
        }
    }
}

/// In which order fresh contacts are called (after priority, and after retries that are due).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Order {
    /// As the list was given.
    #[default]
    List,
    /// Shuffled, the same way for the same campaign each time.
    Random,
}

/// Over which time the abandonment ceiling is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AbandonmentWindow {
    /// The campaign's local calendar day.
    #[default]
    Day,
    /// From the first agent's log-in to the last one's leaving.
    Shift,
    /// The time just past.
    Rolling(Duration),
}
