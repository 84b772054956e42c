//! The trunk breaker: it stops dialing in time, and takes back what made it trip.

use outdial_domain::{AttemptId, CauseMap, Outcome, PhoneNumber, Timestamp, TrunkName};
use outdial_engine::input::BreakerState;
use outdial_engine::output::Dial;

use super::picture::AttemptView;
use super::{Checker, Property};

/// Permanent failures in a row after which nothing more may be dialed.
const RUN_MAX: usize = 30;

impl Checker {
    pub(super) fn check_breaker(&mut self, now: Timestamp, dial: &Dial, trunk: TrunkName) {
        let view = self.picture.breaker(trunk, dial.caller_id);
        let (open, run) = (view.open, view.run.len());
        if open || run >= RUN_MAX {
            let what = format!(
                "attempt {} over {trunk} after {run} failures in a row; open: {open}",
                dial.attempt
            );
            self.object(Property::BreakerStops, now, what);
        }
    }

    pub(super) fn breaker_is_open(&mut self, trunk: TrunkName, caller_id: PhoneNumber) -> bool {
        self.picture.breaker(trunk, caller_id).open
    }

    /// A result has come in; the engine may only draw its conclusions now.
    pub(super) fn result_seen(&mut self, attempt: AttemptId) {
        let Some(call) = self.picture.attempts.get(&attempt) else {
            return;
        };
        let (trunk, caller_id) = (call.trunk, call.dial.caller_id);
        let contact = call.dial.contact;
        let permanent = self.permanent(call);
        let view = self.picture.breaker(trunk, caller_id);
        match permanent {
            Some(true) => view.run.push(contact),
            Some(false) => view.run.clear(),
            None => {}
        }
    }

    /// Whether a result is a permanent failure; `None` when it says nothing about the number.
    fn permanent(&self, call: &AttemptView) -> Option<bool> {
        if call.answered_at.is_some() {
            return Some(false);
        }
        let evidence = call.ended.as_ref()?;
        let trunk = self.picture.trunks.get(&call.trunk);
        let rules = trunk.and_then(|view| view.rules.as_ref());
        let causes = rules.map_or_else(CauseMap::default, |rules| rules.cause_map.clone());
        if call.cancelled {
            return call.progress_at.map(|_| false);
        }
        match causes.verdict(evidence).outcome {
            Outcome::Congestion | Outcome::NetworkError | Outcome::Unknown => None,
            outcome => Some(outcome.is_permanent_failure()),
        }
    }

    pub(super) fn at_breaker_opened(&mut self, breaker: &BreakerState) {
        self.takes_back = true;
        let view = self.picture.breaker(breaker.trunk, breaker.caller_id);
        view.open = true;
    }

    /// Once an open breaker has been told of, none of the failures that opened it is final.
    pub(super) fn check_breakers_settled(&mut self, now: Timestamp) {
        if !self.takes_back {
            return;
        }
        let contacts = &self.picture.contacts;
        let is_done = |contact| contacts.get(contact).is_some_and(|c| c.done);
        let mut objections = Vec::new();
        for ((trunk, _), view) in &self.picture.breakers {
            if !view.open {
                continue;
            }
            for contact in view.run.iter().filter(|contact| is_done(contact)) {
                objections.push(format!(
                    "contact {contact} is final by failures over {trunk}"
                ));
            }
        }
        for what in objections {
            self.object(Property::BreakerSuspects, now, what);
        }
    }

    pub(super) fn breakers_closed(&mut self, trunk: TrunkName) {
        for ((over, _), view) in &mut self.picture.breakers {
            if *over == trunk {
                view.open = false;
                view.run.clear();
            }
        }
    }
}
