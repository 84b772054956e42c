//! A campaign as a supervisor sees it.

use outdial_domain::{AgentState, CampaignId, CampaignState, RevisionNumber};
use serde::{Deserialize, Serialize};

use super::Refusal;
use crate::agents::Worked;
use crate::campaign::Campaign;
use crate::counters::Counters;
use crate::engine::Engine;
use crate::input::Ledger;

/// Calls right now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallsNow {
    /// Dialed, not answered.
    pub ringing: u32,
    /// With an agent or a flow.
    pub talking: u32,
    /// Answered, waiting for an agent.
    pub waiting: u32,
}

/// The agents of a campaign's skill group right now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentCounts {
    /// Free for a call.
    pub idle: u32,
    /// Reserved or talking.
    pub busy: u32,
    /// In wrap-up.
    pub wrap_up: u32,
    /// Offline, on a break, or not connected.
    pub away: u32,
}

/// A campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignView {
    /// Where it stands.
    pub state: CampaignState,
    /// The settings in force.
    pub revision: RevisionNumber,
    /// Its contacts that are not final.
    pub open_contacts: u64,
    /// All its contacts.
    pub contacts: u64,
    /// Its calls.
    pub calls: CallsNow,
    /// Its agents; none where a flow takes the calls.
    pub agents: AgentCounts,
    /// Talk and wrap-up time over the time at work of its agents, 0–1, since the engine began.
    pub occupancy: f64,
    /// What counts for its share of abandoned calls.
    pub ledger: Ledger,
    /// Why it does not dial right now; empty when it does.
    pub not_dialing_because: Vec<Refusal>,
}

impl Engine {
    /// A campaign.
    pub fn campaign_view(&self, id: CampaignId) -> Option<CampaignView> {
        let campaign = self.campaigns.get(&id)?;
        let tally = &campaign.tally;
        let day = campaign.calendar.day().0;
        Some(CampaignView {
            state: campaign.state,
            revision: campaign.revision,
            open_contacts: u64::try_from(campaign.open).unwrap_or(0),
            contacts: campaign.contacts,
            calls: CallsNow {
                ringing: tally.ringing,
                talking: tally.connected + tally.in_flow,
                waiting: tally.waiting,
            },
            agents: self.agent_counts(campaign),
            occupancy: self.occupancy(campaign),
            ledger: campaign.ledger.at(self.now, day),
            not_dialing_because: self.refusals(campaign),
        })
    }

    fn agent_counts(&self, campaign: &Campaign) -> AgentCounts {
        let Some(group) = campaign.group().and_then(|id| self.agents.group(id)) else {
            return AgentCounts::default();
        };
        let of = |state| group.in_state(state);
        AgentCounts {
            idle: of(AgentState::Idle),
            busy: of(AgentState::Reserved) + of(AgentState::Talking),
            wrap_up: of(AgentState::WrapUp),
            away: of(AgentState::Offline) + of(AgentState::Break) + of(AgentState::Connecting),
        }
    }

    fn occupancy(&self, campaign: &Campaign) -> f64 {
        let Some(group) = campaign.group().and_then(|id| self.agents.group(id)) else {
            return 0.0;
        };
        let mut sum = Worked::default();
        for agent in group.members().filter_map(|key| self.agents.get(key)) {
            let mut worked = agent.worked;
            worked.add(agent.told.0, self.now.since(agent.since));
            sum.busy += worked.busy;
            sum.present += worked.present;
        }
        if sum.present.is_zero() {
            0.0
        } else {
            sum.busy.as_secs_f64() / sum.present.as_secs_f64()
        }
    }

    /// Whether it has a campaign that has calls, or would dial if it had a line. One that waits for
    /// agents, for its hours or for its list does not.
    pub fn wants_lines(&self) -> bool {
        self.campaigns.values().any(|campaign| {
            campaign.is_running() && (campaign.has_claim || campaign.tally.lines() > 0)
        })
    }

    /// Facts that came late, twice, or about nothing that is known.
    pub fn counters(&self) -> Counters {
        self.counters
    }
}
