//! Where attempts leave their contacts.

use std::sync::Arc;
use std::time::Duration;

use outdial_domain::{CampaignState, CauseMap, LocalFailure, Outcome, Settings, Timestamp};
use outdial_engine::output::{AttemptEnd, ContactPlace, ContactUpdate};

use super::picture::AttemptView;
use super::{Checker, Property};

/// Failures in a row that are not the callee's, from which on a contact may be given up.
const LINE_FAILURES: u32 = 3;
/// The rest of a contact whose call failed for reasons that are not the callee's.
const LINE_REST: Duration = Duration::from_secs(30);

impl Checker {
    pub(super) fn contact_after(&mut self, now: Timestamp, call: &AttemptView, end: &AttemptEnd) {
        let Some(outcome) = end.attempt.outcome else {
            return;
        };
        let used_up = self.uses_up(call, outcome);
        let update = &end.contact;
        self.check_owner(now, call, update);
        let Some(contact) = self.picture.contacts.get_mut(&update.contact) else {
            return;
        };
        if used_up {
            contact.used += 1;
            *contact.by_outcome.entry(outcome).or_default() += 1;
            contact.used_at.push((call.dial.at, now));
            contact.line_failures = 0;
        } else {
            contact.line_failures += 1;
        }
        contact.rests = Some((now, outcome, used_up, Arc::clone(&call.settings)));
        let counted = (contact.used, contact.dialed);
        let told = (update.history.attempts, update.history.dialed);
        let (line_failures, same) = (contact.line_failures, contact.by_outcome.get(&outcome));
        let same = same.copied().unwrap_or(0);
        if counted != told {
            let what = format!(
                "contact {}: (used up, dialed) {told:?} instead of {counted:?}",
                update.contact
            );
            self.object(Property::HistoryFits, now, what);
        }
        if used_up {
            self.check_place_used(now, call, update, outcome, same);
        } else {
            self.check_place_unused(now, call, update, line_failures);
        }
        self.final_now(now, update, true);
    }

    fn check_owner(&mut self, now: Timestamp, call: &AttemptView, update: &ContactUpdate) {
        if update.contact != call.dial.contact || update.campaign != call.dial.campaign {
            let what = format!("attempt {} moves another contact", call.dial.attempt);
            self.object(Property::HistoryFits, now, what);
        }
    }

    /// Whether an outcome uses up an attempt: all do whose blame is the callee's, or nobody's.
    fn uses_up(&self, call: &AttemptView, outcome: Outcome) -> bool {
        if call.answered_at.is_some() {
            return true;
        }
        let Some(evidence) = call.ended else {
            return false;
        };
        let trunk = self.picture.trunks.get(&call.trunk);
        let rules = trunk.and_then(|view| view.rules.as_ref());
        let causes = rules.map_or_else(CauseMap::default, |rules| rules.cause_map.clone());
        let by = |local| {
            let mut evidence = evidence;
            evidence.local = local;
            evidence.responded |= call.responded;
            causes.verdict(&evidence)
        };
        [
            by(evidence.local),
            by(Some(LocalFailure::RingTimeout)),
            by(Some(LocalFailure::NoProgress)),
        ]
        .into_iter()
        .find(|verdict| verdict.outcome == outcome)
        .is_none_or(|verdict| verdict.blame == outdial_domain::Blame::Callee)
    }

    fn check_place_used(
        &mut self,
        now: Timestamp,
        call: &AttemptView,
        update: &ContactUpdate,
        outcome: Outcome,
        same: u32,
    ) {
        let used = self
            .picture
            .contacts
            .get(&update.contact)
            .map_or(0, |c| c.used);
        let Some(campaign) = self.picture.campaigns.get(&update.campaign) else {
            return;
        };
        let both = [&call.settings, &campaign.settings];
        let may = |s: &&Arc<Settings>| s.retry.may_retry(outcome, used, same);
        let (may_retry, must_retry) = (both.iter().any(may), both.iter().all(may));
        let rest = both.iter().map(|s| s.retry.rest_after(outcome)).min();
        let over = matches!(campaign.state, CampaignState::Ended(_));
        let suspect = outcome.is_permanent_failure()
            && (self.breaker_is_open(call.trunk, call.dial.caller_id) || self.takes_back);
        let wrong = match update.place {
            ContactPlace::Done => must_retry || (suspect && !over),
            ContactPlace::Fresh => true,
            ContactPlace::Resting(until) => {
                let early = rest.is_some_and(|rest| until < now + rest);
                !suspect && (early || !may_retry)
            }
        };
        if wrong {
            let what = format!(
                "contact {} is {:?} after {outcome:?} number {same}, {used} in all",
                update.contact, update.place
            );
            self.object(Property::RetryOrFinal, now, what);
        }
    }

    fn check_place_unused(
        &mut self,
        now: Timestamp,
        call: &AttemptView,
        update: &ContactUpdate,
        line_failures: u32,
    ) {
        let cancelled = call.hang_up_asked || call.cancelled;
        let wrong = match update.place {
            ContactPlace::Done => line_failures < LINE_FAILURES && !cancelled,
            ContactPlace::Fresh => false,
            ContactPlace::Resting(until) => until < now + LINE_REST,
        };
        if wrong {
            let what = format!(
                "contact {} is {:?} after {line_failures} failures that are not the callee's",
                update.contact, update.place
            );
            self.object(Property::RetryOrFinal, now, what);
        }
    }

    pub(super) fn at_contacts_moved(&mut self, now: Timestamp, updates: &[ContactUpdate]) {
        for update in updates {
            self.final_now(now, update, false);
        }
    }

    /// Notes whether a contact is final; a final one may not come back by itself.
    fn final_now(&mut self, now: Timestamp, update: &ContactUpdate, by_attempt: bool) {
        let Some(contact) = self.picture.contacts.get_mut(&update.contact) else {
            let what = format!("contact {} was never given", update.contact);
            return self.object(Property::HistoryFits, now, what);
        };
        let done = update.place == ContactPlace::Done;
        let was_done = std::mem::replace(&mut contact.done, done);
        if let Some(campaign) = self.picture.campaigns.get_mut(&update.campaign) {
            match (was_done, done) {
                (false, true) => campaign.open = campaign.open.saturating_sub(1),
                (true, false) => campaign.open += 1,
                _ => {}
            }
        }
        let wrong = match (was_done, done) {
            (true, true) => by_attempt,
            (true, false) => !self.takes_back,
            (false, true) => !by_attempt && !self.takes_back,
            (false, false) => false,
        };
        if wrong {
            let what = format!(
                "contact {} was final: {was_done}, is final: {done}",
                update.contact
            );
            self.object(Property::FinalOnce, now, what);
        }
    }
}
