//! A call begins: what it takes, and what is given back when its line is free again.

use outdial_domain::{Attempt, AttemptId, CampaignId, Evidence, Mode, PhoneNumber};

use super::{Call, Stage};
use crate::agents::{AgentKey, Phase};
use crate::campaign::{Campaign, Held};
use crate::engine::Engine;
use crate::output::{Dial, Output};
use crate::pacing::{Event, Seat, agents_for};
use crate::route::Route;
use crate::timer::TimerKey;
use crate::waiters::Need;

impl Engine {
    /// Orders a call. Every gate has been asked.
    pub(crate) fn dial(
        &mut self,
        id: CampaignId,
        mut held: Held,
        number: PhoneNumber,
        route: Route,
        agent: Option<AgentKey>,
    ) {
        let attempt = AttemptId::new(self.next_attempt);
        self.next_attempt += 1;
        self.served += 1;
        let Route {
            caller_id, trunk, ..
        } = route;
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return;
        };
        campaign.next_caller_id = route.index + 1;
        campaign.served = self.served;
        campaign.calls += 1;
        campaign.tally.add(Stage::Committing, agent.is_some());
        campaign.has_claim = true;
        let (revision, settings) = (campaign.revision, campaign.settings.clone());
        let is_preview = matches!(settings.mode, Mode::Preview(_));

        self.lines.take();
        let trial = self.trunks.dial(trunk, self.now);
        self.set_trunk_alarm(trunk);
        self.caller_ids.dial(caller_id, self.now);
        // Should it not be placed, the contact comes back with what is known now.
        held.contact.number_calls_today = held.calls_today(&self.numbers).most;
        self.numbers.dial(number, attempt);
        self.keep_lines(id);

        let agent_id = agent.and_then(|key| Some(self.agents.get(key)?.rules.id));
        let order = Dial {
            attempt,
            campaign: id,
            contact: held.contact.id,
            number,
            caller_id,
            trunk,
            agent: agent_id,
            revision,
            at: self.now,
        };
        let call = Call::new(record(&order), settings, held.contact, agent, trial);
        self.calls.insert(attempt, Box::new(call));
        self.out.push_back(Output::Dial(Box::new(order)));
        if let Some(agent) = agent {
            self.agents.take(agent, Phase::Reserved(attempt));
            self.tell_agent(agent);
        }
        if !is_preview {
            self.note(id, Event::Dialed);
        }
        if self.numbers.is_full() {
            self.numbers.forget();
            self.give_back_windows();
        }
    }

    /// The line, the trunk's line and the caller ID's channel of a call are free again.
    pub(crate) fn free_line(&mut self, attempt: AttemptId) {
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        if !std::mem::take(&mut call.holds) {
            return;
        }
        let (id, stage, is_bound) = (call.attempt.campaign, call.stage, call.is_bound);
        let (trunk, caller_id) = (call.attempt.trunk, call.attempt.caller_id);
        self.lines.free();
        self.waiters.wake(Need::GuaranteedLine);
        self.waiters.wake(Need::Line);
        self.trunks.free(trunk);
        self.trunk_freed(trunk);
        if self.caller_ids.free(caller_id) {
            self.waiters.wake(Need::CallerId(caller_id));
        }
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return;
        };
        campaign.tally.sub(stage, is_bound);
        let turn = campaign.turn();
        self.waiters.move_to(&mut campaign.standing, turn);
        let wakes = campaign.is_full || campaign.pacing.minds_its_calls();
        self.keep_lines(id);
        self.keep_promises(id);
        if wakes {
            self.wake_campaign(id);
        }
    }

    /// A call whose line was freed after our CANCEL has been answered after all: it is live, whether
    /// or not there is a line for it.
    pub(crate) fn take_line_back(&mut self, attempt: AttemptId) {
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        if std::mem::replace(&mut call.holds, true) {
            return;
        }
        self.lines.take();
        self.trunks.take_back(call.attempt.trunk);
        self.caller_ids.take_back(call.attempt.caller_id);
        if let Some(campaign) = self.campaigns.get_mut(&call.attempt.campaign) {
            let id = campaign.id;
            campaign.tally.add(call.stage, call.is_bound);
            let turn = campaign.turn();
            self.waiters.move_to(&mut campaign.standing, turn);
            self.keep_lines(id);
        }
    }

    /// Brings a call to another stage.
    pub(crate) fn set_stage(&mut self, attempt: AttemptId, stage: Stage) {
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        let before = std::mem::replace(&mut call.stage, stage);
        if call.holds
            && let Some(campaign) = self.campaigns.get_mut(&call.attempt.campaign)
        {
            campaign.tally.sub(before, call.is_bound);
            campaign.tally.add(stage, call.is_bound);
        }
    }

    pub(crate) fn set_call_alarm(
        &mut self,
        attempt: AttemptId,
        when: Option<outdial_domain::Timestamp>,
    ) {
        if let Some(call) = self.calls.get_mut(&attempt) {
            self.timers
                .set(&mut call.alarm, TimerKey::Call(attempt), when);
        }
    }

    /// Frees all agents who are promised to a campaign.
    pub(crate) fn release_promises(&mut self, id: CampaignId) {
        while let Some(agent) = self.agents.last_promised(id) {
            self.agents.unpromise(agent);
            self.wake_agents_needs(agent);
        }
    }

    /// Promises a campaign as many agents as its ringing calls count on: those who are too many are
    /// free again, and where one has gone another takes the place, if there is one.
    pub(crate) fn keep_promises(&mut self, id: CampaignId) {
        let Some(campaign) = self.campaigns.get(&id) else {
            return;
        };
        let promised = self.agents.promised(id);
        let needed = self.agents_needed(campaign);
        let group = campaign.group();
        for _ in needed..promised {
            if let Some(agent) = self.agents.last_promised(id) {
                self.agents.unpromise(agent);
                self.wake_agents_needs(agent);
            }
        }
        for _ in promised..needed {
            match group.and_then(|group| self.agents.longest_connected(group)) {
                Some(agent) => self.agents.promise(agent, id),
                None => break,
            }
        }
    }

    /// Agents on whom a campaign's ringing calls count.
    pub(crate) fn agents_needed(&self, campaign: &Campaign) -> u32 {
        match campaign.pacing.seat() {
            Seat::Promise(hundredths) => agents_for(campaign.tally.unbound(), hundredths),
            Seat::Nobody | Seat::OneAgent => 0,
        }
    }
}

fn record(order: &Dial) -> Attempt {
    Attempt {
        id: order.attempt,
        campaign: order.campaign,
        contact: order.contact,
        number: order.number,
        caller_id: order.caller_id,
        trunk: order.trunk,
        agent: order.agent,
        revision: order.revision,
        started_at: order.at,
        progress_at: None,
        answered_at: None,
        joined_at: None,
        ended_at: None,
        outcome: None,
        blame: None,
        evidence: Evidence::default(),
        counts_as_abandoned: false,
    }
}
