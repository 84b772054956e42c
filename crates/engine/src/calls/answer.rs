//! A callee has picked up: to the agent who is bound to the call, to whoever is idle, to a flow, or
//! into the queue.

use std::time::Duration;

use outdial_domain::{AttemptId, Target, Timestamp};

use super::{Call, Stage};
use crate::agents::{Leg, QueueKey};
use crate::calls::call::Queued;
use crate::engine::Engine;
use crate::mutant::Mutant;
use crate::output::Output;
use crate::pacing::Event;

/// A flow is given at least so long to answer, however short a campaign lets callees wait for an agent:
/// no flow picks up at once.
const FLOW_PATIENCE: Duration = Duration::from_secs(5);

impl Engine {
    pub(crate) fn answered(&mut self, attempt: AttemptId) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(&attempt) else {
            self.counters.unknown += 1;
            return;
        };
        if call.is_answered() {
            self.counters.late += 1;
            return;
        }
        call.attempt.answered_at = Some(now);
        call.attempt.evidence.responded = true;
        call.cancel_due = false;
        let crossed = call.gave_up.take().is_some();
        call.crossed = crossed;
        let (id, trunk) = (call.attempt.campaign, call.attempt.trunk);
        let rang = now.since(call.attempt.started_at);
        let flow = first_flow(call);
        let reserved = call.appointment.is_some();
        self.out
            .push_back(Output::AttemptAnswered { attempt, at: now });
        self.set_call_alarm(attempt, None);
        if crossed {
            // The answer crossed our CANCEL: a person is there, and is served like any other.
            self.counters.answered_after_cancel += 1;
            self.take_line_back(attempt);
        }
        self.trunk_succeeded(trunk);
        if !reserved {
            self.note(id, Event::Answered(rang));
        }
        match flow {
            Some(flow) => self.call_flow(attempt, flow),
            None => self.seek_agent(attempt),
        }
        self.ringing_is_over(attempt);
    }

    fn call_flow(&mut self, attempt: AttemptId, flow: Target) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        if call.settings.flow_first.is_none() {
            call.waits_since = Some(now);
        }
        call.flow_until = Some(now + call.settings.answer_wait.max(FLOW_PATIENCE));
        self.set_stage(attempt, Stage::InFlow);
        self.out.push_back(Output::CallFlow { attempt, flow });
        self.set_flow_alarm(attempt);
    }

    fn set_flow_alarm(&mut self, attempt: AttemptId) {
        if let Some(call) = self.calls.get(&attempt) {
            let over = call.flow_until;
            let next = over.into_iter().chain(self.abandoned_at(call)).min();
            self.set_call_alarm(attempt, next);
        }
    }

    /// A flow that rings and does not answer: the callee hears nothing, which an IVR that is busy or
    /// gone can keep up for as long as it likes.
    pub(crate) fn flow_due(&mut self, attempt: AttemptId) {
        let now = self.now;
        let Some(call) = self.calls.get(&attempt) else {
            return;
        };
        if call.taken {
            // It has talked for as long as a call may last.
            return self.hang_up(attempt);
        }
        if self.abandoned_at(call).is_some_and(|at| at <= now) {
            self.count_abandoned(attempt);
        }
        let over = self.calls.get(&attempt).and_then(|call| call.flow_until);
        if over.is_none_or(|until| until <= now) {
            self.flow_failed(attempt);
        } else {
            self.set_flow_alarm(attempt);
        }
    }

    /// When a waiting callee counts as abandoned, if not before then by the end of the wait.
    fn abandoned_at(&self, call: &Call) -> Option<Timestamp> {
        let after = self.tenant.compliance.abandon_after?;
        call.waits_since
            .filter(|_| !call.counted)
            .map(|since| since + after)
    }

    /// A call no longer rings, nor is it with a flow: a campaign that counts its ringing calls may start another one.
    pub(crate) fn ringing_is_over(&mut self, attempt: AttemptId) {
        let Some(call) = self.calls.get(&attempt) else {
            return;
        };
        let id = call.attempt.campaign;
        if self
            .campaigns
            .get(&id)
            .is_some_and(|c| c.pacing.minds_its_calls())
        {
            self.keep_promises(id);
            self.wake_campaign(id);
        }
    }

    /// Brings an answered callee to an agent, or into the queue.
    pub(crate) fn seek_agent(&mut self, attempt: AttemptId) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        call.waits_since = Some(now);
        if let Some(agent) = call.agent
            && self.agents.get(agent).is_some_and(|a| a.leg == Leg::Up)
        {
            self.connect(attempt, agent);
            return;
        }
        // The phone of an agent who is to take the place of a lost one may still be called: whoever can
        // talk at once goes first.
        let group = call.settings.target.skill_group();
        let id = call.attempt.campaign;
        self.forget_orphan(attempt);
        match group.and_then(|group| self.agents.for_callee(group, id)) {
            Some(agent) => self.connect(attempt, agent),
            None => self.enqueue(attempt, true),
        }
    }

    /// Lets a callee wait. `is_new` is false for one who has lost an agent: he goes first.
    pub(crate) fn enqueue(&mut self, attempt: AttemptId, is_new: bool) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        let key = QueueKey {
            is_new,
            priority: call.settings.priority,
            since: now,
            attempt,
        };
        let until = now + call.settings.answer_wait;
        call.queued = Some(Queued { key, until });
        if let Some(group) = call.settings.target.skill_group() {
            self.agents.group_mut(group).queue.insert(key);
        }
        self.set_stage(attempt, Stage::Waiting);
        self.set_wait_alarm(attempt);
    }

    fn set_wait_alarm(&mut self, attempt: AttemptId) {
        let Some(call) = self.calls.get(&attempt) else {
            return;
        };
        let until = call.queued.map(|queued| queued.until);
        let next = until.into_iter().chain(self.abandoned_at(call)).min();
        self.set_call_alarm(attempt, next);
    }

    /// A waiting callee's time is over: the law's, or the campaign's.
    pub(crate) fn wait_due(&mut self, attempt: AttemptId) {
        let (now, abandon_after) = (self.now, self.tenant.compliance.abandon_after);
        let Some(call) = self.calls.get(&attempt) else {
            return;
        };
        let too_late = abandon_after
            .zip(call.waits_since)
            .is_some_and(|(after, since)| since + after <= now);
        let over = call.queued.is_none_or(|queued| queued.until <= now);
        if too_late || over {
            self.count_abandoned(attempt);
        }
        if over && !self.is_off(Mutant::AnswerWait) {
            self.hang_up(attempt);
        } else if !over {
            self.set_wait_alarm(attempt);
        }
    }

    /// Takes a callee out of the queue.
    pub(crate) fn leave_queue(&mut self, attempt: AttemptId) {
        if let Some(call) = self.calls.get_mut(&attempt)
            && let Some(queued) = call.queued.take()
            && let Some(group) = call.settings.target.skill_group()
        {
            self.agents.group_mut(group).queue.remove(&queued.key);
        }
    }

    /// A call no longer looks for an agent in place of the one that it has lost.
    pub(crate) fn forget_orphan(&mut self, attempt: AttemptId) {
        if let Some(call) = self.calls.get(&attempt)
            && let Some(group) = call.settings.target.skill_group()
        {
            self.agents.group_mut(group).orphans.remove(&attempt);
        }
    }

    /// Counts an answer that nobody took in time, once.
    pub(crate) fn count_abandoned(&mut self, attempt: AttemptId) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        if std::mem::replace(&mut call.counted, true) {
            return;
        }
        call.attempt.counts_as_abandoned = true;
        let id = call.attempt.campaign;
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            let day = campaign.calendar.day().0;
            campaign.ledger.abandoned(now, day);
        }
        self.note(id, Event::Abandoned);
    }
}

/// The flow that hears the callee first, if any.
fn first_flow(call: &Call) -> Option<Target> {
    call.settings
        .flow_first
        .clone()
        .or_else(|| match &call.settings.target {
            Target::SkillGroup(_) => None,
            flow => Some(flow.clone()),
        })
}
