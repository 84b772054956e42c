//! Agents' phones: called when they are needed, called again when they are lost, heard when they hang
//! up.

use std::time::Duration;

use outdial_domain::WishedState;

use super::{AgentKey, Leg, Phase};
use crate::calls::Stage;
use crate::engine::Engine;
use crate::input::LegEnd;
use crate::output::Output;
use crate::timer::{TimerKey, Timers};

/// A phone that rings so long is not answered. Longer, and a mobile's mailbox takes the call and is
/// joined with a callee.
const RINGS_MAX: Duration = Duration::from_secs(20);
/// Who has let the phone ring out so often in a row is not there.
const RUNG_OUT_MAX: u32 = 3;

impl Engine {
    /// Calls an agent's phone, or hangs it up, where it is not as it should be.
    pub(crate) fn settle_phone(&mut self, key: AgentKey) {
        let now = self.now;
        let Some(agent) = self.agents.get_mut(key) else {
            return;
        };
        let id = agent.rules.id;
        match (agent.wants_leg(), agent.leg) {
            (Some(true), Leg::Down) if agent.is_reachable() && agent.phone.at().is_none() => {
                agent.leg = Leg::Calling;
                let rings_out = Some(now + RINGS_MAX);
                self.timers
                    .set(&mut agent.phone, TimerKey::Phone(key), rings_out);
                self.out.push_back(Output::CallAgent(id));
            }
            (Some(false), Leg::Up | Leg::Calling) => {
                agent.leg = Leg::Ending;
                self.timers
                    .set(&mut agent.phone, TimerKey::Phone(key), None);
                self.out.push_back(Output::HangUpAgent(id));
            }
            (Some(false), Leg::Down) if agent.is_permanent() => {
                self.timers
                    .set(&mut agent.phone, TimerKey::Phone(key), None);
            }
            _ => {}
        }
    }

    pub(crate) fn agent_leg_up(&mut self, key: AgentKey) {
        let Some(agent) = self.agents.get_mut(key) else {
            return;
        };
        match agent.leg {
            Leg::Calling => {}
            Leg::Ending => {
                // Answered while we were hanging up: the end still comes.
                self.counters.late += 1;
                return;
            }
            Leg::Down | Leg::Up => self.counters.late += 1,
        }
        agent.leg = Leg::Up;
        agent.misses = 0;
        agent.rung_out = 0;
        self.timers
            .set(&mut agent.phone, TimerKey::Phone(key), None);
        match agent.phase {
            Phase::Bound(campaign) => {
                if let Some(campaign) = self.campaigns.get_mut(&campaign)
                    && let Some(chosen) = campaign.called_agents.remove(&key)
                {
                    campaign.ready_agents.insert(key, chosen);
                }
                self.wake_campaign(campaign);
            }
            Phase::Reserved(attempt) => {
                let waits = self
                    .calls
                    .get(&attempt)
                    .is_some_and(|call| call.stage == Stage::Waiting);
                if waits {
                    self.connect(attempt, key);
                }
            }
            _ => {}
        }
        self.settle_agent(key);
    }

    pub(crate) fn agent_leg_down(&mut self, key: AgentKey, why: LegEnd) {
        let now = self.now;
        let Some(agent) = self.agents.get_mut(key) else {
            return;
        };
        let before = std::mem::replace(&mut agent.leg, Leg::Down);
        if before == Leg::Down {
            self.counters.late += 1;
            return;
        }
        if before == Leg::Calling {
            self.timers
                .set(&mut agent.phone, TimerKey::Phone(key), None);
        }
        let ours = before == Leg::Ending || why == LegEnd::ByUs;
        if !ours {
            match why {
                LegEnd::HungUp if before == Leg::Up => {
                    self.phone_hung_up(key);
                    return;
                }
                LegEnd::HungUp | LegEnd::NotReached | LegEnd::Lost | LegEnd::ByUs => {
                    agent.misses = agent.misses.saturating_add(1);
                    let again = now + agent.back_off();
                    self.timers
                        .set(&mut agent.phone, TimerKey::Phone(key), Some(again));
                }
            }
        }
        self.agent_loses_call(key);
        self.settle_agent(key);
    }

    /// The agent has hung up: that ends the call as well, and is a wish for a break.
    fn phone_hung_up(&mut self, key: AgentKey) {
        let Some(agent) = self.agents.get_mut(key) else {
            return;
        };
        let id = agent.rules.id;
        let leaves = agent.announced.map_or(WishedState::Break, |a| a.wish);
        let phase = agent.phase;
        let reason = "the agent's phone hung up";
        if agent.wish == WishedState::Ready {
            agent.wish = leaves;
            agent.reason = reason.to_owned();
            self.out.push_back(Output::AgentWishChanged {
                agent: id,
                wish: leaves,
                reason: reason.to_owned(),
            });
        }
        self.agents.count(key, |agent| agent.announced = None);
        match phase {
            Phase::Talking(attempt) => {
                self.agents.take(key, Phase::Off);
                if let Some(call) = self.calls.get_mut(&attempt) {
                    call.agent = None;
                }
                self.hang_up_by_agent(attempt);
            }
            Phase::WrapUp(_) => self.end_wrap_up(key),
            _ => self.agent_loses_call(key),
        }
        self.settle_agent(key);
    }

    /// A phone has registered: worth calling at once.
    pub(crate) fn agent_registered(&mut self, key: AgentKey) {
        if let Some(agent) = self.agents.get_mut(key) {
            agent.registered = true;
            if agent.leg != Leg::Calling {
                self.timers
                    .set(&mut agent.phone, TimerKey::Phone(key), None);
            }
        }
        self.settle_agent(key);
    }

    /// A phone no longer registers: its agent can have no call, other than one that is up already.
    pub(crate) fn agent_unregistered(&mut self, key: AgentKey) {
        if let Some(agent) = self.agents.get_mut(key) {
            agent.registered = false;
        }
        self.settle_agent(key);
    }

    /// A phone has rung long enough, or may be called again.
    pub(crate) fn phone_due(&mut self, key: AgentKey) {
        let Some(agent) = self.agents.get_mut(key) else {
            return;
        };
        Timers::fired(&mut agent.phone);
        if agent.leg == Leg::Calling {
            self.phone_rang_out(key);
        }
        self.settle_agent(key);
    }

    /// Nobody answers an agent's phone: whoever waits for this agent does not wait any longer.
    fn phone_rang_out(&mut self, key: AgentKey) {
        let now = self.now;
        let Some(agent) = self.agents.get_mut(key) else {
            return;
        };
        let id = agent.rules.id;
        agent.leg = Leg::Ending;
        agent.misses = agent.misses.saturating_add(1);
        agent.rung_out += 1;
        let again = now + agent.back_off();
        self.timers
            .set(&mut agent.phone, TimerKey::Phone(key), Some(again));
        self.out.push_back(Output::HangUpAgent(id));
        self.agent_loses_call(key);
        let Some(agent) = self.agents.get_mut(key) else {
            return;
        };
        if agent.rung_out < RUNG_OUT_MAX || agent.wish != WishedState::Ready {
            return;
        }
        let reason = "the agent's phone was not answered three times in a row";
        agent.rung_out = 0;
        agent.wish = WishedState::Break;
        agent.reason = reason.to_owned();
        self.out.push_back(Output::AgentWishChanged {
            agent: id,
            wish: WishedState::Break,
            reason: reason.to_owned(),
        });
    }
}
