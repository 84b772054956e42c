//! The trunk breaker: it stops dialing in time, and takes back what made it trip.

use std::collections::BTreeSet;

use outdial_domain::{AttemptId, CauseMap, ContactId, Outcome, PhoneNumber, Timestamp, TrunkName};
use outdial_engine::input::{BreakerState, Suspects};
use outdial_engine::output::Dial;

use super::picture::AttemptView;
use super::{Checker, Property};

/// Permanent failures in a row after which nothing more may be dialed.
const RUN_MAX: usize = 30;
/// The same once an operator has said that such failures were right.
const RUN_MAX_ACCEPTED: usize = 100;

impl Checker {
    pub(super) fn check_breaker(&mut self, now: Timestamp, dial: &Dial, trunk: TrunkName) {
        let view = self.picture.breaker(trunk, dial.caller_id);
        let (open, run) = (view.open, view.run.len());
        let most = if view.accepted {
            RUN_MAX_ACCEPTED
        } else {
            RUN_MAX
        };
        if open || run >= most {
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
        let live = self.picture.attempts.values().map(|call| call.dial.contact);
        let live: BTreeSet<_> = live.collect();
        for suspect in &breaker.suspects {
            if live.contains(&suspect.contact)
                && let Some(contact) = self.picture.contacts.get_mut(&suspect.contact)
            {
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

    pub(super) fn breakers_closed(&mut self, trunk: TrunkName) {
        for ((over, _), view) in &mut self.picture.breakers {
            if *over == trunk {
                view.open = false;
                view.run.clear();
            }
        }
    }
}
