//! The end of a call: its outcome, and all that it gives back.

use outdial_domain::{
    AttemptId, Blame, EarlyMedia, Evidence, EvidenceSource, LocalFailure, Outcome, TrunkName,
};

use super::{Call, GaveUp, Stage};
use crate::agents::Phase;
use crate::campaign::Held;
use crate::engine::Engine;
use crate::output::{AttemptEnd, Output};
use crate::pacing::Event;
use crate::timer::TimerKey;

impl Engine {
    /// The callee's leg is over.
    pub(crate) fn ended(&mut self, attempt: AttemptId, told: Evidence) {
        let Some(call) = self.calls.get_mut(&attempt) else {
            self.counters.unknown += 1;
            return;
        };
        let evidence = merged(call, told);
        call.attempt.evidence = evidence;
        if self.redial(attempt) {
            return;
        }
        self.count_cut_join(attempt);
        self.leave_queue(attempt);
        self.forget_orphan(attempt);
        self.free_line(attempt);
        let Some(mut call) = self.calls.remove(&attempt) else {
            return;
        };
        self.timers
            .set(&mut call.alarm, TimerKey::Call(attempt), None);
        self.numbers.over(call.number(), attempt);
        let (outcome, blame) = self.outcome(&call);
        self.conclude(*call, outcome, blame);
    }

    /// The attempt could not be committed: it was never dialed, and leaves no trace. Where it was to go
    /// out a second time it ends as it did the first time. When it is `for_good` that the store does not
    /// take the contact's attempts, the contact is left alone and all others are dialed on.
    pub(crate) fn not_placed(&mut self, attempt: AttemptId, for_good: bool) {
        let Some(call) = self.calls.get(&attempt) else {
            self.counters.unknown += 1;
            return;
        };
        if call.stage != Stage::Committing && !call.cancel_due {
            self.counters.late += 1;
            return;
        }
        if !for_good {
            self.store_refused();
        }
        self.forget_orphan(attempt);
        self.free_line(attempt);
        let Some(mut call) = self.calls.remove(&attempt) else {
            return;
        };
        self.timers
            .set(&mut call.alarm, TimerKey::Call(attempt), None);
        if let Some((trunk, evidence)) = call.failed_on.pop() {
            self.end_as_before(*call, (trunk, evidence));
            return;
        }
        self.numbers.not_placed(call.number(), attempt);
        let id = call.attempt.campaign;
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            campaign.calls = campaign.calls.saturating_sub(1);
            let held = Held::up_to_date(call.contact, &self.numbers);
            if let Some(appointment) = call.appointment {
                if for_good {
                    self.appointment_refused(appointment);
                } else {
                    self.appointment_not_placed(appointment, held);
                }
            } else if for_good {
                self.counters.barred += 1;
                campaign.barred.insert(held.contact.id);
            } else if campaign.is_running() {
                campaign.window.insert(held);
            } else {
                self.give_back(id, vec![held]);
            }
        }
        if let Some(agent) = call.agent {
            self.release_agent(agent);
        }
        if for_good {
            self.end_if_done(id);
            self.load_contacts(id);
        }
    }

    /// A call that was to go out a second time ends as it did the first time.
    pub(super) fn end_as_before(&mut self, mut call: Call, before: (TrunkName, Evidence)) {
        self.numbers.over(call.number(), call.attempt.id);
        (call.attempt.trunk, call.attempt.evidence) = before;
        let (outcome, blame) = self.outcome(&call);
        self.conclude(call, outcome, blame);
    }

    /// Writes the outcome down and tells everybody whom it concerns.
    fn conclude(&mut self, mut call: Call, outcome: Outcome, blame: Option<Blame>) {
        let now = self.now;
        let id = call.attempt.campaign;
        call.attempt.ended_at = Some(now);
        call.attempt.outcome = Some(outcome);
        call.attempt.blame = blame;
        // With a flow first the ledger counts from the queue on.
        let queued = call.waits_since.is_some() || call.settings.flow_first.is_none();
        if outcome == Outcome::Abandoned && queued && !call.counted {
            call.counted = true;
            call.attempt.counts_as_abandoned = true;
            if let Some(campaign) = self.campaigns.get_mut(&id) {
                let day = campaign.calendar.day().0;
                campaign.ledger.abandoned(now, day);
            }
            if call.appointment.is_none() {
                self.note(id, Event::Abandoned);
            }
        }
        if !call.is_answered() && call.appointment.is_none() {
            let rang = now.since(call.attempt.started_at);
            self.note(id, Event::NotAnswered(rang));
        }
        let mut contact = self.contact_after(&call, outcome, blame);
        self.as_set_aside(&mut contact);
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            campaign.calls = campaign.calls.saturating_sub(1);
        }
        self.contact_left(&contact);
        if let Some(appointment) = call.appointment {
            self.appointment_called(appointment);
        }
        let agent = call.agent;
        let done = (call.attempt.id, call.settings.wrap_up, is_live(&call));
        let talked = call.stage == Stage::Connected && call.taken;
        self.out
            .push_back(Output::AttemptEnded(Box::new(AttemptEnd {
                counts_as_live: call.counted && !call.machine,
                attempt: call.attempt,
                contact,
            })));
        if let Some(agent) = agent {
            if talked {
                self.agent_done(agent, id, done);
            } else {
                self.release_agent(agent);
            }
        }
        self.end_if_done(id);
        self.load_contacts(id);
    }

    /// Frees the agent of a call that we have ended: to wrap-up after a conversation.
    pub(crate) fn drop_agent(&mut self, attempt: AttemptId) {
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        let Some(agent) = call.agent.take() else {
            return;
        };
        let done = (attempt, call.settings.wrap_up, is_live(call));
        let (id, talked) = (call.attempt.campaign, call.taken);
        let was_talking = self
            .agents
            .get(agent)
            .is_some_and(|a| matches!(a.phase, Phase::Talking(_)));
        if talked && was_talking {
            self.agent_done(agent, id, done);
        } else {
            self.release_agent(agent);
        }
    }

    /// How a call went.
    fn outcome(&self, call: &Call) -> (Outcome, Option<Blame>) {
        let evidence = &call.attempt.evidence;
        let unusable = matches!(
            evidence.local,
            Some(LocalFailure::NoUsableContact | LocalFailure::MediaMismatch)
        );
        if call.machine {
            return (Outcome::Machine, None);
        }
        if call.taken {
            return (Outcome::Answered, None);
        }
        if call.is_answered() && !unusable {
            return (Outcome::Abandoned, None);
        }
        if call.gave_up == Some(GaveUp::ByHand) {
            return (Outcome::Cancelled, None);
        }
        let verdict = self.trunks.verdict(call.attempt.trunk, evidence);
        (verdict.outcome, Some(verdict.blame))
    }
}

/// What is known of a call: what telephony told, and what the engine saw itself.
fn merged(call: &Call, told: Evidence) -> Evidence {
    let seen = call.attempt.evidence;
    let timer = match call.gave_up {
        Some(GaveUp::NoProgress) => Some(LocalFailure::NoProgress),
        Some(GaveUp::RingTimeout) => Some(LocalFailure::RingTimeout),
        Some(GaveUp::ByHand) | None => None,
    };
    Evidence {
        progress: seen.progress.or(told.progress),
        responded: seen.responded || told.responded,
        early_media: match (seen.early_media, told.early_media) {
            (EarlyMedia::None, EarlyMedia::None) => EarlyMedia::None,
            _ => EarlyMedia::Present,
        },
        local: timer.or(told.local),
        source: if call.machine {
            EvidenceSource::Agent
        } else {
            told.source
        },
        ..told
    }
}

/// Whether the ledger counts a call as a live answer that was taken.
fn is_live(call: &Call) -> bool {
    call.counted && !call.attempt.counts_as_abandoned && !call.machine
}
