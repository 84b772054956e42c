//! What is heard of a call before its answer, and its two timers.

use outdial_domain::{AttemptId, EarlyMedia, Mode, Progress};

use super::{GaveUp, Stage};
use crate::engine::Engine;
use crate::mutant::Mutant;
use crate::output::Output;
use crate::timer::Timers;

impl Engine {
    /// The INVITE is on its way: from now on it must make progress in time.
    pub(crate) fn placed(&mut self, attempt: AttemptId) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(&attempt) else {
            self.counters.unknown += 1;
            return;
        };
        match call.stage {
            Stage::Committing => {
                let until = now + call.settings.no_progress;
                let listens = matches!(call.settings.mode, Mode::Preempted);
                let agent = call
                    .attempt
                    .agent
                    .filter(|_| listens && call.agent.is_some());
                self.set_stage(attempt, Stage::Trying);
                self.set_call_alarm(attempt, Some(until));
                if let Some(agent) = agent {
                    self.out.push_back(Output::Listen { attempt, agent });
                }
            }
            Stage::GivingUp if call.cancel_due => {
                call.cancel_due = false;
                self.send_cancel(attempt);
            }
            _ => self.counters.late += 1,
        }
    }

    pub(crate) fn responded(&mut self, attempt: AttemptId) {
        match self.calls.get_mut(&attempt) {
            Some(call) => call.attempt.evidence.responded = true,
            None => self.counters.unknown += 1,
        }
    }

    /// First progress: the no-progress timer is over, the ring timeout begins.
    pub(crate) fn progressed(&mut self, attempt: AttemptId, progress: Progress) {
        let now = self.now;
        let ring_min = self.tenant.compliance.ring_min;
        let Some(call) = self.calls.get_mut(&attempt) else {
            self.counters.unknown += 1;
            return;
        };
        call.attempt.evidence.responded = true;
        if call.attempt.evidence.progress.is_some() {
            // A 180 after a 183: only the first one counts.
            return;
        }
        call.attempt.evidence.progress = Some(progress);
        call.attempt.progress_at = Some(now);
        let trunk = call.attempt.trunk;
        if matches!(call.stage, Stage::Committing | Stage::Trying) {
            let until = now + call.settings.ring_timeout.max(ring_min);
            self.set_stage(attempt, Stage::Ringing);
            self.set_call_alarm(attempt, Some(until));
        }
        self.trunk_succeeded(trunk);
    }

    pub(crate) fn early_media_heard(&mut self, attempt: AttemptId) {
        match self.calls.get_mut(&attempt) {
            Some(call) => call.attempt.evidence.early_media = EarlyMedia::Present,
            None => self.counters.unknown += 1,
        }
    }

    /// A call's alarm has gone off; what it means depends on how far the call has come.
    pub(crate) fn call_due(&mut self, attempt: AttemptId) {
        let no_ring_timeout = self.is_off(Mutant::RingTimeout);
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        Timers::fired(&mut call.alarm);
        match call.stage {
            Stage::Trying => self.give_up(attempt, GaveUp::NoProgress),
            Stage::Ringing if call.cancel_due => self.give_up(attempt, GaveUp::ByHand),
            Stage::Ringing if no_ring_timeout => {}
            Stage::Ringing => self.give_up(attempt, GaveUp::RingTimeout),
            Stage::GivingUp | Stage::Leaving => self.end_is_overdue(attempt),
            Stage::Waiting => self.wait_due(attempt),
            Stage::InFlow => self.flow_due(attempt),
            Stage::Connected => self.hang_up(attempt),
            Stage::Committing => {}
        }
    }
}
