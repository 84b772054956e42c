//! A skill group: its members, who of them is idle, and the callees who wait for one of them.

use std::collections::{BTreeMap, BTreeSet};

use outdial_domain::{AgentState, AttemptId, CampaignId, Timestamp};
use serde::{Deserialize, Serialize};

use super::record::AgentKey;

/// A waiting callee's place: those who lost their agent first, then priority, then the longest wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct QueueKey {
    pub(crate) is_new: bool,
    pub(crate) priority: u8,
    pub(crate) since: Timestamp,
    pub(crate) attempt: AttemptId,
}

const AGENT_STATES: [AgentState; 7] = [
    AgentState::Offline,
    AgentState::Break,
    AgentState::Connecting,
    AgentState::Idle,
    AgentState::Reserved,
    AgentState::Talking,
    AgentState::WrapUp,
];

pub(super) type Longest = BTreeSet<(Timestamp, AgentKey)>;

/// A skill group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(super) members: BTreeSet<AgentKey>,
    /// Free agents whose phone is connected, longest idle first.
    pub(super) connected: Longest,
    /// Free agents whose phone is called for each call.
    pub(super) per_call: Longest,
    /// Idle agents who are promised to a campaign.
    pub(super) promised: Longest,
    /// Callees who wait.
    pub(crate) queue: BTreeSet<QueueKey>,
    /// Calls that have lost the agent who was bound to them.
    pub(crate) orphans: BTreeSet<AttemptId>,
    /// Members by the state that was told last.
    pub(super) states: BTreeMap<AgentState, u32>,
    /// Members with a call or in wrap-up who have announced a break.
    pub(super) leaving: u32,
}

impl Group {
    pub(crate) fn has_free(&self) -> bool {
        !self.connected.is_empty() || !self.per_call.is_empty()
    }

    pub(crate) fn has_connected(&self) -> bool {
        !self.connected.is_empty()
    }

    pub(crate) fn connected(&self) -> u32 {
        self.connected.len() as u32
    }

    pub(crate) fn per_call(&self) -> u32 {
        self.per_call.len() as u32
    }

    pub(crate) fn in_state(&self, state: AgentState) -> u32 {
        self.states.get(&state).copied().unwrap_or(0)
    }

    /// Members who will come idle.
    pub(crate) fn coming(&self) -> u32 {
        (self.in_state(AgentState::Talking) + self.in_state(AgentState::WrapUp))
            .saturating_sub(self.leaving)
    }

    /// Members who are at work or wish to be.
    pub(crate) fn at_work(&self) -> u32 {
        self.present() + self.in_state(AgentState::Connecting)
    }

    /// Members who are at work, whether free or not.
    pub(crate) fn present(&self) -> u32 {
        let at_work = [
            AgentState::Idle,
            AgentState::Reserved,
            AgentState::Talking,
            AgentState::WrapUp,
        ];
        at_work.into_iter().map(|state| self.in_state(state)).sum()
    }

    /// Whether both count the same members in the same places.
    pub(super) fn has_same_members(&self, other: &Self) -> bool {
        self.members == other.members
            && self.connected == other.connected
            && self.per_call == other.per_call
            && self.promised == other.promised
            && self.leaving == other.leaving
            && AGENT_STATES
                .iter()
                .all(|&state| self.in_state(state) == other.in_state(state))
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = AgentKey> {
        self.members.iter().copied()
    }
}

impl Group {
    pub(super) fn pool(
        &mut self,
        permanent: bool,
        promised_to: Option<CampaignId>,
    ) -> &mut Longest {
        match (promised_to, permanent) {
            (Some(_), _) => &mut self.promised,
            (None, true) => &mut self.connected,
            (None, false) => &mut self.per_call,
        }
    }
}
