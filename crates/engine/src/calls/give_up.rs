//! Ending a call from our side: a CANCEL while it rings, a BYE once it is answered.
//!
//! What a call holds is free two seconds after that, or at its end, whichever comes first: a far end
//! that ignores a CANCEL for half a minute must not hold a line and an agent. Its number stays live
//! until the end is known.

use std::time::Duration;

use outdial_domain::{AttemptId, EndedBy, Evidence, LocalFailure};

use super::{GaveUp, Stage};
use crate::engine::Engine;
use crate::output::Output;

/// What a call holds is free so long after we have ended it.
const HOLDS_ON: Duration = Duration::from_secs(2);
/// A connector that has said nothing for so long will never tell the end.
const END_PATIENCE: Duration = Duration::from_secs(180);

impl Engine {
    /// Gives up ringing.
    pub(crate) fn give_up(&mut self, attempt: AttemptId, why: GaveUp) {
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        call.gave_up = Some(why);
        call.cancel_due = false;
        self.set_stage(attempt, Stage::GivingUp);
        self.send_cancel(attempt);
    }

    pub(crate) fn send_cancel(&mut self, attempt: AttemptId) {
        self.out.push_back(Output::Cancel(attempt));
        self.set_call_alarm(attempt, Some(self.now + HOLDS_ON));
    }

    /// Gives up ringing because someone wants it, as soon as the minimum ring allows.
    pub(crate) fn cancel_by_hand(&mut self, attempt: AttemptId) {
        let ring_min = self.tenant.compliance.ring_min;
        let now = self.now;
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        match call.stage {
            Stage::Committing => {
                // Nothing to cancel yet: it is given up when the INVITE is out.
                call.gave_up = Some(GaveUp::ByHand);
                call.cancel_due = true;
                self.set_stage(attempt, Stage::GivingUp);
            }
            Stage::Trying => self.give_up(attempt, GaveUp::ByHand),
            Stage::Ringing => {
                let may = call.attempt.progress_at.map_or(now, |at| at + ring_min);
                if may <= now {
                    self.give_up(attempt, GaveUp::ByHand);
                } else {
                    call.cancel_due = true;
                    self.set_call_alarm(attempt, Some(may));
                }
            }
            Stage::GivingUp
            | Stage::InFlow
            | Stage::Waiting
            | Stage::Connected
            | Stage::Leaving => {}
        }
    }

    /// Ends an answered call: its agent is done with it at once.
    pub(crate) fn hang_up(&mut self, attempt: AttemptId) {
        self.leave_queue(attempt);
        self.set_stage(attempt, Stage::Leaving);
        self.out.push_back(Output::HangUp(attempt));
        self.set_call_alarm(attempt, Some(self.now + HOLDS_ON));
        self.drop_agent(attempt);
        self.ringing_is_over(attempt);
    }

    /// Ends an answered call for its agent.
    pub(crate) fn hang_up_by_agent(&mut self, attempt: AttemptId) {
        if let Some(call) = self.calls.get_mut(&attempt) {
            call.attempt.evidence.ended_by = Some(EndedBy::Agent);
        }
        self.hang_up(attempt);
    }

    /// Someone ends the callee's leg.
    pub(crate) fn hang_up_asked(&mut self, attempt: AttemptId, by_agent: bool) {
        let Some(call) = self.calls.get(&attempt) else {
            self.counters.unknown += 1;
            return;
        };
        match call.stage {
            Stage::Committing | Stage::Trying | Stage::Ringing => self.cancel_by_hand(attempt),
            Stage::Connected if by_agent => self.hang_up_by_agent(attempt),
            Stage::InFlow | Stage::Waiting | Stage::Connected => self.hang_up(attempt),
            Stage::GivingUp | Stage::Leaving => self.counters.late += 1,
        }
    }

    /// We have ended a call and its end has not been told.
    pub(crate) fn end_is_overdue(&mut self, attempt: AttemptId) {
        let Some(call) = self.calls.get(&attempt) else {
            return;
        };
        if call.holds {
            self.free_line(attempt);
            self.drop_agent(attempt);
            self.set_call_alarm(attempt, Some(self.now + END_PATIENCE));
        } else {
            self.counters.never_ended += 1;
            let evidence = Evidence {
                local: Some(LocalFailure::NoResponse),
                ..call.attempt.evidence
            };
            self.ended(attempt, evidence);
        }
    }
}
