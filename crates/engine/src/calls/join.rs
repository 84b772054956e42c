//! A callee and whoever takes the call: agents, flows.

use std::time::Duration;

use outdial_domain::{AttemptId, CampaignId, EvidenceSource, Timestamp};

use super::Stage;
use crate::agents::{AgentKey, Phase, WrapUp};
use crate::engine::Engine;
use crate::output::Output;

/// An order to join is carried out well within this time.
const JOIN_TIME: Duration = Duration::from_secs(2);

impl Engine {
    /// Joins an answered callee with an agent whose phone is connected.
    pub(crate) fn connect(&mut self, attempt: AttemptId, agent: AgentKey) {
        let now = self.now;
        self.leave_queue(attempt);
        let Some(agent_id) = self.agents.get(agent).map(|a| a.rules.id) else {
            return;
        };
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        let other = call.agent.replace(agent).filter(|&other| other != agent);
        call.attempt.agent = Some(agent_id);
        call.joining_since = Some(now);
        let id = call.attempt.campaign;
        self.set_stage(attempt, Stage::Connected);
        self.end_in_time(attempt);
        self.out.push_back(Output::Join {
            attempt,
            agent: agent_id,
        });
        let promised_to = match self.agents.get(agent).map(|a| a.phase) {
            Some(Phase::Idle { promised_to, .. }) => promised_to,
            _ => None,
        };
        self.agents.take(agent, Phase::Talking(attempt));
        self.tell_agent(agent);
        if let Some(other) = other {
            self.release_agent(other);
        }
        if let Some(loser) = promised_to.filter(|&loser| loser != id) {
            self.keep_promises(loser);
        }
    }

    /// A conversation has its alarm, too: a far end that has vanished without a word, or a bot that talks
    /// to nobody, must not hold a line for ever.
    fn end_in_time(&mut self, attempt: AttemptId) {
        let until = self.calls.get(&attempt).and_then(|call| {
            let trunk = self.trunks.get(call.attempt.trunk)?;
            let answered = call.attempt.answered_at?;
            Some(answered + trunk.rules.longest_call)
        });
        self.set_call_alarm(attempt, until);
    }

    /// The callee's media is joined with the agent's or the flow's.
    pub(crate) fn joined(&mut self, attempt: AttemptId) {
        let now = self.now;
        let abandon_after = self.tenant.compliance.abandon_after;
        let Some(call) = self.calls.get_mut(&attempt) else {
            self.counters.unknown += 1;
            return;
        };
        let by_agent = match call.stage {
            Stage::Connected => true,
            Stage::InFlow => false,
            _ => {
                self.counters.late += 1;
                return;
            }
        };
        call.attempt.joined_at.get_or_insert(now);
        call.taken = true;
        let in_queue = by_agent || call.settings.flow_first.is_none();
        if !by_agent {
            self.end_in_time(attempt);
        }
        if !in_queue {
            // It has not come to the queue, where the ledger counts it.
            return;
        }
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        let waited = call.waits_since.map(|since| now.since(since));
        if waited.zip(abandon_after).is_some_and(|(w, most)| w > most) {
            self.count_abandoned(attempt);
        }
        self.count_taken(attempt, now);
    }

    /// A callee who hangs up in the moment in which the agent is joined has been served: the agent was
    /// there in time. One whose answer had crossed our CANCEL was cut off by it.
    pub(crate) fn count_cut_join(&mut self, attempt: AttemptId) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        let joining = call.stage == Stage::Connected && !call.taken && !call.crossed;
        let just_now = call
            .joining_since
            .is_some_and(|t| now.since(t) <= JOIN_TIME);
        if joining && just_now {
            call.taken = true;
            self.count_taken(attempt, now);
        }
    }

    fn count_taken(&mut self, attempt: AttemptId, now: Timestamp) {
        if let Some(call) = self.calls.get_mut(&attempt)
            && !std::mem::replace(&mut call.counted, true)
            && let Some(campaign) = self.campaigns.get_mut(&call.attempt.campaign)
        {
            let day = campaign.calendar.day().0;
            campaign.ledger.taken(now, day);
        }
    }

    /// The flow could not be reached: nobody took the call.
    pub(crate) fn flow_failed(&mut self, attempt: AttemptId) {
        if self.is_in_flow(attempt) {
            self.count_abandoned(attempt);
            self.hang_up(attempt);
        }
    }

    /// The flow has ended the call.
    pub(crate) fn flow_ended(&mut self, attempt: AttemptId) {
        if self.is_in_flow(attempt) {
            if let Some(call) = self.calls.get_mut(&attempt) {
                call.taken = true;
            }
            self.hang_up(attempt);
        }
    }

    /// The flow gives the callee back: from here on he waits for an agent, and counts.
    pub(crate) fn handed_back(&mut self, attempt: AttemptId) {
        if !self.is_in_flow(attempt) {
            return;
        }
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        if call.settings.target.skill_group().is_none() {
            // There is no queue behind this flow: it is done with the call.
            self.flow_ended(attempt);
            return;
        }
        call.taken = false;
        let id = call.attempt.campaign;
        self.seek_agent(attempt);
        self.keep_promises(id);
    }

    fn is_in_flow(&mut self, attempt: AttemptId) -> bool {
        match self.calls.get(&attempt).map(|call| call.stage) {
            Some(Stage::InFlow) => return true,
            Some(_) => self.counters.late += 1,
            None => self.counters.unknown += 1,
        }
        false
    }

    /// The agent says that a machine picked up, during the call or in its wrap-up.
    pub(crate) fn marked_as_machine(&mut self, attempt: AttemptId) {
        let id = match self.calls.get_mut(&attempt) {
            Some(call) if call.taken && !call.machine => {
                call.machine = true;
                call.attempt.evidence.source = EvidenceSource::Agent;
                let counts = call.counted && !call.attempt.counts_as_abandoned;
                counts.then_some(call.attempt.campaign)
            }
            Some(_) => {
                self.counters.late += 1;
                None
            }
            None => self.wraps_up(attempt),
        };
        if let Some(campaign) = id.and_then(|id| self.campaigns.get_mut(&id)) {
            campaign.ledger.was_machine();
        }
    }

    /// The campaign of an attempt that an agent is wrapping up and that counts as a live answer; it
    /// does so no longer.
    fn wraps_up(&mut self, attempt: AttemptId) -> Option<CampaignId> {
        let of_attempt = |work: &WrapUp| work.attempt == attempt && work.is_live;
        let found = self
            .agents
            .iter()
            .find_map(|(key, agent)| match agent.phase {
                Phase::WrapUp(work) if of_attempt(&work) => Some((key, work)),
                _ => None,
            });
        let Some((key, work)) = found else {
            self.counters.unknown += 1;
            return None;
        };
        if let Some(agent) = self.agents.get_mut(key) {
            agent.phase = Phase::WrapUp(WrapUp {
                is_live: false,
                ..work
            });
        }
        Some(work.campaign)
    }
}
