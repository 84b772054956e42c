//! The rounds after each fact: whose turn it is to dial.
//!
//! A round lasts until nobody who may be able to dial is left. Each turn starts one call (or makes
//! one offer, or has one agent's phone called) or names the first gate that refuses; what a turn
//! itself has freed is looked at in another round.

use outdial_domain::CampaignId;

use crate::campaign::Held;
use crate::engine::Engine;
use crate::gate::lines::Kept;
use crate::gate::{Refused, Why};
use crate::mutant::Mutant;
use crate::waiters::Need;

/// More rounds than any fact can need; what is left then waits for the next fact.
const ROUNDS_MAX: u32 = 1_000;

impl Engine {
    /// Puts a campaign among those that are looked at in this round.
    pub(crate) fn wake_campaign(&mut self, id: CampaignId) {
        if let Some(campaign) = self.campaigns.get_mut(&id)
            && campaign.is_running()
            && !campaign.standing.is_ready()
        {
            let turn = campaign.turn();
            self.waiters.ready(&mut campaign.standing, turn);
        }
    }

    pub(crate) fn dispatch(&mut self) {
        for _ in 0..ROUNDS_MAX {
            if !self.waiters.begin_round() {
                return;
            }
            self.round();
        }
        debug_assert!(false, "rounds without end");
    }

    fn round(&mut self) {
        let mut refusals: Vec<(CampaignId, Vec<Need>)> = Vec::new();
        while let Some(id) = self.next_turn() {
            match self.start_one(id) {
                Ok(()) => self.stay_ready(id),
                Err(refused) => {
                    self.note_refusal(id, &refused);
                    refusals.push((id, refused.needs));
                }
            }
        }
        for (id, needs) in refusals {
            if let Some(campaign) = self.campaigns.get_mut(&id)
                && campaign.is_running()
                && !campaign.standing.is_ready()
            {
                let turn = campaign.turn();
                self.waiters.wait(&mut campaign.standing, turn, needs);
            }
        }
    }

    fn next_turn(&mut self) -> Option<CampaignId> {
        let Self {
            waiters,
            lines,
            agents,
            trunks,
            halts,
            caller_ids,
            now,
            ..
        } = self;
        waiters.next(|need| match need {
            Need::Agent(group) => agents.group(group).is_some_and(|g| g.has_free()),
            Need::Connected(group) => agents.group(group).is_some_and(|g| g.has_connected()),
            Need::GuaranteedLine | Need::Line => lines.has(need),
            Need::Trunk(name) => trunks
                .get(name)
                .is_some_and(|t| halts.check_trunk(name).is_ok() && t.check(*now).is_ok()),
            Need::CallerId(number) => caller_ids.find(number).is_some_and(|c| c.has_channel()),
        })
    }

    fn stay_ready(&mut self, id: CampaignId) {
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            if campaign.is_running() {
                let turn = campaign.turn();
                self.waiters.ready(&mut campaign.standing, turn);
            } else {
                self.waiters.remove(&mut campaign.standing);
            }
        }
    }

    fn note_refusal(&mut self, id: CampaignId, refused: &Refused) {
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return;
        };
        self.waiters.remove(&mut campaign.standing);
        campaign.has_claim = refused.is_for_want_of_room();
        campaign.is_full = matches!(refused.why, Why::OwnCalls(_));
        if campaign.refused_until != refused.until {
            campaign.refused_until = refused.until;
            self.set_campaign_alarm(id);
        }
        match refused.why {
            // Who has accepted a contact does not need another one.
            Why::NoContact => self.release_agents_without_contact(id),
            // The campaign that the lines are kept for may be waiting for just these agents.
            Why::KeptLines => self.release_ready_agents(id),
            _ if refused.is_for_want_of_room() => {}
            // Nothing will come of waiting soon.
            _ => self.release_ready_agents(id),
        }
        self.keep_lines(id);
    }

    /// Brings the lines that are kept for a campaign up to date.
    pub(crate) fn keep_lines(&mut self, id: CampaignId) {
        let is_off = self.is_off(Mutant::GuaranteedLines);
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            let new = if is_off {
                Kept::default()
            } else {
                campaign.kept_now()
            };
            let old = std::mem::replace(&mut campaign.kept, new);
            if old != new && self.lines.keep(old, new) {
                self.waiters.wake(Need::Line);
            }
        }
    }

    fn release_agents_without_contact(&mut self, id: CampaignId) {
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return;
        };
        if campaign.ready_agents.is_empty() && campaign.called_agents.is_empty() {
            return;
        }
        let bound = campaign.ready_agents.iter().chain(&campaign.called_agents);
        let without = bound.filter(|(_, chosen)| chosen.is_none());
        let agents: Vec<_> = without.map(|(&agent, _)| agent).collect();
        for agent in agents {
            self.unbind(agent, id);
            self.release_agent(agent);
        }
    }

    /// Agents who are bound to a campaign and wait to be dialed for are free again; contacts that
    /// were chosen for them go back.
    pub(crate) fn release_ready_agents(&mut self, id: CampaignId) {
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return;
        };
        if campaign.ready_agents.is_empty() && campaign.called_agents.is_empty() {
            return;
        }
        let ready = std::mem::take(&mut campaign.ready_agents);
        let called = std::mem::take(&mut campaign.called_agents);
        let mut back: Vec<Held> = Vec::new();
        for (agent, held) in ready.into_iter().chain(called) {
            back.extend(held);
            self.release_agent(agent);
        }
        self.give_back(id, back);
    }
}
