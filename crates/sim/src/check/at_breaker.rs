//! The trunk breaker: it stops dialing in time, and takes back what made it trip.

use outdial_domain::{AttemptId, CauseMap, ContactId, Outcome, PhoneNumber, Timestamp, TrunkName};
use outdial_engine::input::{BreakerState, Suspects};
use outdial_engine::output::Dial;

use super::picture::AttemptView;
use super::{Checker, Property};

/// Permanent failures in a row after which nothing more may be dialed.
const RUN_MAX: usize = 30;
/// The same where so many failures are normal: an operator has said that they were right, or more
/// than `NORMAL_MAX` percent of the results so far were failures.
const RUN_MAX_USUAL: usize = 100;
const NORMAL_MAX: usize = 30;

impl Checker {
    pub(super) fn check_breaker(&mut self, now: Timestamp, dial: &Dial, trunk: TrunkName) {
        let view = self.picture.breaker(trunk, dial.caller_id);
        let (open, run) = (view.open, view.run.len());
        let (failed, results) = (view.failed, view.results);
        let usual = failed * 100 > results * NORMAL_MAX;
        let most = if view.accepted || usual {
            RUN_MAX_USUAL
        } else {
            RUN_MAX
        };
        if open || run >= most {
            let what = format!(
                "attempt {} over {trunk} after {run} failures in a row, {failed} of {results} before; \
                 open: {open}",
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
        let known = self.picture.trunks.get(&trunk);
        if known.is_none_or(|known| known.rules.is_none()) {
            // Nobody keeps count for a trunk that is gone.
            return;
        }
        let permanent = self.permanent(call);
        let view = self.picture.breaker(trunk, caller_id);
        match permanent {
            Some(true) => view.run.push(contact),
            Some(false) => {
                view.failed += view.run.len();
                view.results += view.run.len() + 1;
                view.run.clear();
            }
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
        // Those that the engine can move are told of next.
        for suspect in &breaker.suspects {
            if let Some(contact) = self.picture.contacts.get_mut(&suspect.contact) {
                contact.put_right = true;
            }
        }
    }

    /// Once an open breaker has been told of, none of the failures that opened it is final.
    pub(super) fn check_breakers_settled(&mut self, now: Timestamp) {
        if !self.takes_back {
            return;
        }
        let contacts = &self.picture.contacts;
        let mut objections = Vec::new();
        for (over, view) in &self.picture.breakers {
            if !view.open {
                continue;
            }
            // One who was called another way since then is none of this breaker's, and who is on the
            // do-not-call list is final for another reason.
            let is_final = |contact: &&ContactId| {
                let contact = contacts.get(contact);
                contact.is_some_and(|c| c.done && !c.left_out && c.failed_over == Some(*over))
            };
            let trunk = over.0;
            for contact in view.run.iter().filter(is_final) {
                objections.push(format!(
                    "contact {contact} is final by failures over {trunk}"
                ));
            }
        }
        for what in objections {
            self.object(Property::BreakerSuspects, now, what);
        }
    }

    pub(super) fn breakers_lifted(&mut self, trunk: TrunkName, suspects: Suspects) {
        for ((over, _), view) in &mut self.picture.breakers {
            view.accepted |= *over == trunk && view.open && suspects == Suspects::Keep;
        }
        self.breakers_closed(trunk);
    }

    pub(super) fn breakers_gone(&mut self, trunk: TrunkName) {
        self.picture.breakers.retain(|(over, _), _| *over != trunk);
    }

    pub(super) fn breakers_closed(&mut self, trunk: TrunkName) {
        for ((over, _), view) in &mut self.picture.breakers {
            // A run that has not opened any goes on.
            if *over == trunk && std::mem::take(&mut view.open) {
                view.run.clear();
            }
        }
    }
}
