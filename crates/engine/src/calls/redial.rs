//! Failover: a call that failed before any progress goes out again over another trunk. It stays the
//! same attempt, and the callee's phone has not rung.

use outdial_domain::{AttemptId, Evidence};

use super::{GaveUp, Stage};
use crate::engine::Engine;
use crate::output::Output;

impl Engine {
    /// Sends a failed call over another trunk, where its trunk says so and there is one; says whether it
    /// has.
    pub(crate) fn redial(&mut self, attempt: AttemptId) -> bool {
        let Some(call) = self.calls.get(&attempt) else {
            return false;
        };
        let by_hand = call.gave_up == Some(GaveUp::ByHand) || call.cancel_due;
        let evidence = call.attempt.evidence;
        let may = call.holds && !by_hand && !call.is_answered() && evidence.progress.is_none();
        let trunk = call.attempt.trunk;
        let wants = self
            .trunks
            .get(trunk)
            .is_some_and(|t| t.fails_over_on(&evidence));
        if !may || !wants {
            return false;
        }
        let Some(other) = self.other_trunk(call) else {
            return false;
        };
        let (id, contact) = (call.attempt.campaign, call.contact.clone());
        let number = call.number();
        let reserved = call.appointment.is_some();
        if !self.may_redial(id, &contact, number, reserved) {
            return false;
        }
        let Some(call) = self.calls.get(&attempt) else {
            return false;
        };
        let placed = call.attempt.started_at;
        let blame = self.trunks.verdict(trunk, &evidence).blame;
        self.trunk_hears(trunk, Some(blame), evidence.sip_status, placed);
        let now = self.now;
        self.trunks.free(trunk);
        self.trunk_freed(trunk);
        let trial = self.trunks.dial(other, now);
        self.set_trunk_alarm(other);
        if let Some(call) = self.calls.get_mut(&attempt) {
            call.failed_on.push((trunk, evidence));
            call.attempt.trunk = other;
            call.attempt.evidence = Evidence::default();
            call.gave_up = None;
            call.trial = trial;
        }
        self.set_stage(attempt, Stage::Committing);
        self.set_call_alarm(attempt, None);
        self.counters.redials += 1;
        self.out.push_back(Output::Redial {
            attempt,
            trunk: other,
        });
        true
    }
}
