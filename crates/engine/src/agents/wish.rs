//! What agents wish: ready, a break, offline; now, or after the call.

use outdial_domain::{BreakTime, WishedState};

use super::{AgentKey, Announced, Phase};
use crate::engine::Engine;
use crate::input::AgentRules;
use crate::timer::TimerKey;

impl Engine {
    pub(crate) fn agent_set(&mut self, rules: AgentRules) {
        let now = self.now;
        let key = match self.agents.key(rules.id) {
            None => self.agents.add(rules, now),
            Some(key) => {
                // Out of the pools of the old groups, and back into those of the new ones.
                if let Some(Phase::Idle { promised_to, .. }) = self.agents.get(key).map(|a| a.phase)
                {
                    self.agents.take(key, Phase::Off);
                    if let Some(campaign) = promised_to {
                        self.keep_promises(campaign);
                    }
                }
                self.agents.change(key, rules);
                if let Some(agent) = self.agents.get_mut(key) {
                    agent.gone = false;
                }
                self.leave_foreign_campaign(key);
                key
            }
        };
        self.settle_agent(key);
    }

    /// Frees an agent from an offer, or from a campaign about to dial, that is no longer for its groups.
    fn leave_foreign_campaign(&mut self, key: AgentKey) {
        let Some(agent) = self.agents.get(key) else {
            return;
        };
        let id = match agent.phase {
            Phase::Offered(offer) => self.offer(offer).map(|offer| offer.campaign),
            Phase::Bound(id) => Some(id),
            _ => return,
        };
        let campaign = id.and_then(|id| self.campaigns.get_mut(&id));
        let group = campaign
            .as_ref()
            .and_then(|campaign| campaign.settings.target.skill_group());
        if group.is_some_and(|group| agent.rules.skill_groups.contains(&group)) {
            return;
        }
        match (agent.phase, id, campaign) {
            (Phase::Offered(offer), ..) => self.withdraw_offer(offer, true),
            (Phase::Bound(_), Some(id), Some(campaign)) => {
                let ready = campaign.ready_agents.remove(&key);
                let held = ready.or_else(|| campaign.called_agents.remove(&key));
                self.release_agent(key);
                self.give_back(id, held.flatten().into_iter().collect());
            }
            _ => {}
        }
    }

    /// An agent is removed: at once when nothing is under way, else after the call.
    pub(crate) fn agent_gone(&mut self, key: AgentKey) {
        if let Some(agent) = self.agents.get_mut(key) {
            agent.gone = true;
        }
        self.agent_wished(key, WishedState::Offline, BreakTime::Now, String::new());
    }

    /// Forgets an agent who was removed, when nothing is under way any more.
    pub(crate) fn forget_if_gone(&mut self, key: AgentKey) {
        let done = self.agents.get(key).is_some_and(|agent| {
            agent.gone && agent.phase == Phase::Off && agent.leg == super::Leg::Down
        });
        if !done {
            return;
        }
        if let Some(agent) = self.agents.get_mut(key) {
            self.timers
                .set(&mut agent.phone, TimerKey::Phone(key), None);
            self.timers
                .set(&mut agent.wrap_up, TimerKey::WrapUp(key), None);
        }
        self.agents.remove(key);
    }

    pub(crate) fn agent_wished(
        &mut self,
        key: AgentKey,
        wish: WishedState,
        when: BreakTime,
        reason: String,
    ) {
        let Some(agent) = self.agents.get_mut(key) else {
            return;
        };
        agent.reason = reason;
        let phase = agent.phase;
        if wish == WishedState::Ready {
            agent.wish = wish;
            self.agents.count(key, |agent| agent.announced = None);
            self.settle_agent(key);
            return;
        }
        let waits = match phase {
            Phase::Reserved(_) | Phase::Talking(_) => true,
            Phase::Offered(_) | Phase::Bound(_) | Phase::WrapUp(_) => when == BreakTime::AfterCall,
            Phase::Off | Phase::Idle { .. } => false,
        };
        if waits {
            let announced = Announced {
                wish,
                skips_wrap_up: when == BreakTime::Now,
            };
            self.agents
                .count(key, |agent| agent.announced = Some(announced));
            return;
        }
        agent.wish = wish;
        self.agents.count(key, |agent| agent.announced = None);
        match phase {
            Phase::WrapUp(_) => self.end_wrap_up(key),
            Phase::Offered(_) | Phase::Bound(_) => self.agent_loses_call(key),
            _ => {}
        }
        self.settle_agent(key);
    }

    /// A break or leaving that was announced takes effect.
    pub(crate) fn take_announced(&mut self, key: AgentKey) {
        self.agents.count(key, |agent| {
            if let Some(announced) = agent.announced.take() {
                agent.wish = announced.wish;
            }
        });
    }
}
