//! Agents as everybody sees them.

use outdial_domain::{AgentId, AgentState, AttemptId, Timestamp, WishedState};
use serde::{Deserialize, Serialize};

use crate::agents::{Agent, Leg};
use crate::engine::Engine;

/// An agent's phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LegView {
    /// Not connected.
    Down,
    /// Being called.
    Calling,
    /// Connected.
    Up,
}

/// An agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentView {
    /// Who.
    pub id: AgentId,
    /// What the agent wishes to be.
    pub wish: WishedState,
    /// A wish that takes effect after the present call.
    pub announced: Option<WishedState>,
    /// Why, in the agent's words; may be empty.
    pub reason: String,
    /// What the agent does.
    pub state: AgentState,
    /// Since when.
    pub since: Timestamp,
    /// The agent's phone.
    pub leg: LegView,
    /// The call that the agent is bound to, talks in, or wraps up.
    pub attempt: Option<AttemptId>,
}

impl AgentView {
    fn of(agent: &Agent) -> Self {
        let (state, attempt) = agent.state();
        Self {
            id: agent.rules.id,
            wish: agent.wish,
            announced: agent.announced.map(|announced| announced.wish),
            reason: agent.reason.clone(),
            state,
            since: agent.since,
            leg: match agent.leg {
                Leg::Down | Leg::Ending => LegView::Down,
                Leg::Calling => LegView::Calling,
                Leg::Up => LegView::Up,
            },
            attempt,
        }
    }
}

impl Engine {
    /// All agents, in the order of their ids.
    pub fn agents(&self) -> Vec<AgentView> {
        self.agents
            .iter()
            .map(|(_, agent)| AgentView::of(agent))
            .collect()
    }

    /// An agent.
    pub fn agent(&self, id: AgentId) -> Option<AgentView> {
        let agent = self.agents.get(self.agents.key(id)?)?;
        Some(AgentView::of(agent))
    }
}
