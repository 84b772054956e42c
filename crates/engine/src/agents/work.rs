//! What an agent does next: one place that brings idleness, phone and what is told in line with what
//! has changed.

use std::time::Duration;

use outdial_domain::{AgentId, AgentState, AttemptId, CampaignId};

use super::{AgentKey, Leg, Phase, WrapUp};
use crate::campaign::Held;
use crate::engine::Engine;
use crate::output::Output;
use crate::pacing::Event;
use crate::timer::{TimerKey, Timers};
use crate::waiters::Need;

impl Engine {
    pub(crate) fn with_agent(&mut self, id: AgentId, act: impl FnOnce(&mut Self, AgentKey)) {
        match self.agents.key(id) {
            Some(key) => act(self, key),
            None => self.counters.unknown += 1,
        }
    }

    /// After anything has changed about an agent: idle or not, phone called or hung up, told.
    pub(crate) fn settle_agent(&mut self, key: AgentKey) {
        let Some(agent) = self.agents.get(key) else {
            return;
        };
        let may_idle = agent.may_idle();
        match agent.phase {
            Phase::Idle { promised_to, .. } if !may_idle => {
                self.agents.take(key, Phase::Off);
                if let Some(campaign) = promised_to {
                    self.keep_promises(campaign);
                }
            }
            Phase::Off if may_idle => self.agent_free(key),
            _ => {}
        }
        self.settle_phone(key);
        self.tell_agent(key);
        self.forget_if_gone(key);
    }

    /// An agent is free: a waiting callee comes first, then a call that has lost its agent, then
    /// whoever may dial.
    fn agent_free(&mut self, key: AgentKey) {
        let Some(agent) = self.agents.get(key) else {
            return;
        };
        if agent.is_permanent() {
            if let Some(first) = self.agents.first_in_queue(key) {
                self.connect(first.attempt, key);
                return;
            }
        } else if let Some(first) = self.agents.first_in_queue(key)
            && self.binds_agent(first.attempt)
        {
            self.reserve(key, first.attempt);
            return;
        }
        if let Some(orphan) = self.agents.first_orphan(key) {
            self.forget_orphan(orphan);
            self.reserve(key, orphan);
            return;
        }
        self.agents.set_idle(key, self.now);
        self.wake_agents_needs(key);
    }

    /// Whether a call was dialed for one agent, and no agent is on the way to it.
    fn binds_agent(&self, attempt: AttemptId) -> bool {
        self.calls
            .get(&attempt)
            .is_some_and(|c| c.agent.is_none() && c.settings.mode.name().binds_agent())
    }

    /// Binds an agent to a call that has lost its own.
    pub(crate) fn reserve(&mut self, key: AgentKey, attempt: AttemptId) {
        let Some(id) = self.agents.get(key).map(|a| a.rules.id) else {
            return;
        };
        if let Some(call) = self.calls.get_mut(&attempt) {
            call.agent = Some(key);
            call.attempt.agent = Some(id);
            self.agents.take(key, Phase::Reserved(attempt));
            self.settle_phone(key);
            self.tell_agent(key);
        }
    }

    /// Campaigns that wait for an agent of these groups may look again.
    pub(crate) fn wake_agents_needs(&mut self, key: AgentKey) {
        let Self {
            agents, waiters, ..
        } = self;
        let Some(agent) = agents.get(key) else { return };
        for &group in &agent.rules.skill_groups {
            waiters.wake(Need::Agent(group));
            if agent.is_permanent() {
                waiters.wake(Need::Connected(group));
            }
        }
    }

    /// Tells what an agent does now, if it is something else than was told last.
    pub(crate) fn tell_agent(&mut self, key: AgentKey) {
        let now = self.now;
        let Some(agent) = self.agents.get(key) else {
            return;
        };
        let state = agent.state();
        if state == agent.told {
            return;
        }
        let id = agent.rules.id;
        let was_absent = matches!(agent.told.0, AgentState::Offline | AgentState::Break);
        self.agents.count(key, |agent| {
            agent.worked.add(agent.told.0, now.since(agent.since));
            agent.told = state;
            agent.since = now;
        });
        if was_absent {
            self.shift_may_begin(key);
        }
        self.out.push_back(Output::AgentChanged {
            agent: id,
            state: state.0,
            attempt: state.1,
        });
    }

    /// The first agent of a group has come: ledgers that count by the shift begin anew.
    fn shift_may_begin(&mut self, key: AgentKey) {
        let Some(agent) = self.agents.get(key) else {
            return;
        };
        let first_of = |group: &outdial_domain::SkillGroupId| {
            self.agents.group(*group).is_some_and(|g| g.at_work() == 1)
        };
        let groups: Vec<_> = agent.rules.skill_groups.clone();
        let begun: Vec<_> = groups.into_iter().filter(|g| first_of(g)).collect();
        if begun.is_empty() {
            return;
        }
        for campaign in self.campaigns.values_mut() {
            if campaign.group().is_some_and(|group| begun.contains(&group)) {
                campaign.ledger.shift_begins();
            }
        }
    }

    /// An agent's conversation is over.
    pub(crate) fn agent_done(
        &mut self,
        key: AgentKey,
        campaign: CampaignId,
        (attempt, wrap_up, is_live): (AttemptId, Duration, bool),
    ) {
        let now = self.now;
        let Some(agent) = self.agents.get_mut(key) else {
            return;
        };
        let talked = now.since(agent.since);
        let skips = agent.announced.is_some_and(|a| a.skips_wrap_up);
        if skips || wrap_up.is_zero() {
            self.agent_over(key);
        } else {
            self.timers.set(
                &mut agent.wrap_up,
                TimerKey::WrapUp(key),
                Some(now + wrap_up),
            );
            let work = WrapUp {
                attempt,
                campaign,
                is_live,
            };
            self.agents.take(key, Phase::WrapUp(work));
            self.settle_agent(key);
        }
        self.note(campaign, Event::Talked(talked));
    }

    /// A call and its wrap-up are over: a break that was announced begins, or the agent is free.
    fn agent_over(&mut self, key: AgentKey) {
        self.take_announced(key);
        self.agents.take(key, Phase::Off);
        self.settle_agent(key);
    }

    pub(crate) fn wrap_up_due(&mut self, key: AgentKey) {
        if let Some(agent) = self.agents.get_mut(key) {
            Timers::fired(&mut agent.wrap_up);
        }
        self.end_wrap_up(key);
    }

    /// The agent ends the wrap-up early.
    pub(crate) fn wrap_up_ended(&mut self, key: AgentKey) {
        match self.agents.get(key).map(|agent| agent.phase) {
            Some(Phase::WrapUp(_)) => self.end_wrap_up(key),
            _ => self.counters.late += 1,
        }
    }

    pub(crate) fn end_wrap_up(&mut self, key: AgentKey) {
        let now = self.now;
        let Some(agent) = self.agents.get_mut(key) else {
            return;
        };
        self.timers
            .set(&mut agent.wrap_up, TimerKey::WrapUp(key), None);
        if let Phase::WrapUp(work) = agent.phase {
            let took = now.since(agent.since);
            self.agent_over(key);
            self.note(work.campaign, Event::WrappedUp(took));
        }
    }

    /// An agent's call or reservation is lost to the agent: the phone is gone.
    pub(crate) fn agent_loses_call(&mut self, key: AgentKey) {
        let Some(phase) = self.agents.get(key).map(|agent| agent.phase) else {
            return;
        };
        match phase {
            Phase::Off | Phase::Idle { .. } | Phase::WrapUp(_) => {}
            Phase::Offered(offer) => self.withdraw_offer(offer, false),
            Phase::Bound(campaign) => {
                self.appointment_loses_agent(key);
                self.unbind(key, campaign);
                self.agents.take(key, Phase::Off);
                self.take_announced(key);
            }
            Phase::Reserved(attempt) => {
                self.agents.take(key, Phase::Off);
                self.take_announced(key);
                self.find_other_agent(attempt);
            }
            Phase::Talking(attempt) => {
                self.agents.take(key, Phase::Off);
                self.take_announced(key);
                self.callee_lost_agent(attempt);
            }
        }
    }

    /// A call that still rings, or waits for its agent's phone, has lost that agent.
    fn find_other_agent(&mut self, attempt: AttemptId) {
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        call.agent = None;
        let group = call.settings.target.skill_group();
        let id = call.attempt.campaign;
        let waits = call.queued.is_some();
        if waits && let Some(agent) = group.and_then(|g| self.agents.for_callee(g, id)) {
            self.connect(attempt, agent);
            return;
        }
        match group.and_then(|g| self.agents.longest_idle(g)) {
            Some(agent) => self.reserve(agent, attempt),
            None if !waits => {
                if let Some(group) = group {
                    self.agents.group_mut(group).orphans.insert(attempt);
                }
            }
            None => {}
        }
    }

    /// A callee in conversation has lost the agent: first in the queue for another one.
    fn callee_lost_agent(&mut self, attempt: AttemptId) {
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        call.agent = None;
        let group = call.settings.target.skill_group();
        let id = call.attempt.campaign;
        match group.and_then(|g| self.agents.for_callee(g, id)) {
            Some(agent) => self.connect(attempt, agent),
            None => self.enqueue(attempt, false),
        }
    }

    /// A campaign no longer waits for this agent; a contact that was chosen goes back.
    pub(crate) fn unbind(&mut self, key: AgentKey, campaign: CampaignId) {
        let Some(bound_to) = self.campaigns.get_mut(&campaign) else {
            return;
        };
        let ready = bound_to.ready_agents.remove(&key);
        let called = bound_to.called_agents.remove(&key);
        let chosen = ready.into_iter().chain(called).flatten().collect();
        self.give_back(campaign, chosen);
        self.load_contacts(campaign);
    }

    /// Binds an agent to a campaign that will dial for it, for a contact that is chosen already or for
    /// the next one. The phone is called first where it is not connected.
    pub(crate) fn bind_agent(&mut self, key: AgentKey, id: CampaignId, chosen: Option<Held>) {
        let connected = self.agents.get(key).is_some_and(|a| a.leg == Leg::Up);
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return;
        };
        if connected {
            campaign.ready_agents.insert(key, chosen);
        } else {
            campaign.called_agents.insert(key, chosen);
        }
        self.agents.take(key, Phase::Bound(id));
        self.settle_phone(key);
        self.tell_agent(key);
        if connected {
            self.wake_campaign(id);
        }
    }
}
