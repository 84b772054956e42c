//! Where attempts leave their contacts.

use std::sync::Arc;
use std::time::Duration;

use outdial_domain::{
    CampaignId, CampaignState, CauseMap, ContactId, LocalFailure, Outcome, Settings, Timestamp,
};
use outdial_engine::output::{AttemptEnd, ContactPlace, ContactUpdate};

use super::picture::AttemptView;
use super::{Checker, Doubt, Property};

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
        let callable = self.picture.callable(update.contact, now);
        let Some(contact) = self.picture.contacts.get_mut(&update.contact) else {
            return;
        };
        if std::mem::take(&mut contact.put_right) {
            let told = &update.history;
            contact.used = told.attempts.saturating_sub(u32::from(used_up));
            contact.used_at.truncate(contact.used as usize);
            contact.dialed = told.dialed;
            contact.by_outcome.clone_from(&told.by_outcome);
            let same = contact.by_outcome.entry(outcome).or_default();
            *same = same.saturating_sub(u32::from(used_up));
        }
        if used_up {
            contact.used += 1;
            *contact.by_outcome.entry(outcome).or_default() += 1;
            contact.used_at.push((call.dial.at, now));
            contact.line_failures = 0;
        } else {
            contact.line_failures += 1;
        }
        let same = contact.by_outcome.get(&outcome).copied().unwrap_or(0);
        // An invalid number sends its contact to the next one at once.
        let next_number = outcome == Outcome::Invalid && (same as usize) < callable;
        contact.rests = (!next_number).then(|| (now, outcome, used_up, Arc::clone(&call.settings)));
        contact.failed_over = outcome
            .is_permanent_failure()
            .then_some((call.trunk, call.dial.caller_id));
        let counted = (contact.used, contact.dialed);
        let told = (update.history.attempts, update.history.dialed);
        let line_failures = contact.line_failures;
        let sure = self.violations.len();
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
        if outcome.is_permanent_failure() {
            // Should this very result open a breaker, other rules hold for its contact.
            self.doubts.push(Doubt {
                breaker: (call.trunk, call.dial.caller_id),
                update: update.clone(),
                objections: self.violations.split_off(sure),
            });
        }
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
        let contact = self.picture.contacts.get(&update.contact);
        let next_number = contact.is_some_and(|contact| contact.rests.is_none());
        let wrong = match update.place {
            ContactPlace::Done => must_retry,
            // Where it is left out, it is by a gate and not by an attempt; and nobody holds one here.
            ContactPlace::LeftOut | ContactPlace::Held => true,
            ContactPlace::Resting(_) if next_number => {
                both.iter().all(|s| used >= s.retry.attempts_total)
            }
            ContactPlace::Fresh => true,
            ContactPlace::Resting(until) => {
                rest.is_some_and(|rest| until < now + rest) || (!may_retry && !over)
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
            ContactPlace::LeftOut | ContactPlace::Held => true,
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

    /// Objections to results that may have opened a breaker: they stand where none is open. Where one
    /// is, the contact is not final, and its history is the one from before.
    pub(super) fn settle_doubts(&mut self, now: Timestamp) {
        for doubt in std::mem::take(&mut self.doubts) {
            let (trunk, caller_id) = doubt.breaker;
            if !self.breaker_is_open(trunk, caller_id) {
                for objection in doubt.objections {
                    self.object(objection.property, objection.at, objection.what);
                }
                continue;
            }
            self.history_taken_back(&doubt.update);
            let contact = doubt.update.contact;
            if self.picture.contacts.get(&contact).is_some_and(|c| c.done) {
                let what = format!("contact {contact} is final by a failure over {trunk}");
                self.object(Property::BreakerSuspects, now, what);
            }
        }
    }

    /// A contact gets the history back that it had before a suspect result (or keeps that result).
    fn history_taken_back(&mut self, update: &ContactUpdate) {
        if let Some(contact) = self.picture.contacts.get_mut(&update.contact) {
            contact.used = update.history.attempts;
            contact.used_at.truncate(update.history.attempts as usize);
            contact.dialed = update.history.dialed;
            contact.by_outcome.clone_from(&update.history.by_outcome);
            contact.line_failures = update.history.line_failures;
            contact.rests = None;
        }
    }

    pub(super) fn at_contacts_moved(&mut self, now: Timestamp, updates: &[ContactUpdate]) {
        for update in updates {
            let contact = self.picture.contacts.get_mut(&update.contact);
            if contact.is_some_and(|c| std::mem::take(&mut c.put_right)) || self.takes_back {
                self.history_taken_back(update);
            }
            self.no_longer_at_hand(update.campaign, update.contact);
            self.final_now(now, update, false);
        }
    }

    pub(super) fn at_load(&mut self, campaign: CampaignId, load: u64) {
        if let Some(campaign) = self.picture.campaigns.get_mut(&campaign) {
            campaign.load = Some(load);
            campaign.left.clear();
        }
    }

    /// The engine has called a contact, offered it, or given it back.
    pub(super) fn no_longer_at_hand(&mut self, campaign: CampaignId, contact: ContactId) {
        let standing = self.picture.contacts.get(&contact);
        if let Some(standing) = standing.and_then(|contact| contact.standing)
            && let Some(campaign) = self.picture.campaigns.get_mut(&campaign)
        {
            campaign.at_hand.remove(&standing);
        }
    }

    /// Notes whether a contact is final; a final one may not come back by itself.
    fn final_now(&mut self, now: Timestamp, update: &ContactUpdate, by_attempt: bool) {
        let listed = self.picture.contacts.get(&update.contact);
        let listed = listed.is_some_and(|contact| self.picture.is_listed_for_good(contact));
        let Some(contact) = self.picture.contacts.get_mut(&update.contact) else {
            let what = format!("contact {} was never given", update.contact);
            return self.object(Property::HistoryFits, now, what);
        };
        let (used, failed) = (contact.used, contact.failed_over.is_some());
        let (done, left_out) = (
            update.place.is_final(),
            update.place == ContactPlace::LeftOut,
        );
        let was_done = std::mem::replace(&mut contact.done, done);
        contact.left_out = left_out;
        if !(by_attempt || done && self.takes_back) {
            // Where it is now, no failure has put it.
            contact.failed_over = None;
        }
        let mut used_up = false;
        if let Some(campaign) = self.picture.campaigns.get_mut(&update.campaign) {
            // An edit may have left it fewer attempts than it has had.
            used_up = used >= campaign.settings.retry.attempts_total;
            campaign.left.insert(update.contact);
            match (was_done, done) {
                (false, true) => campaign.open = campaign.open.saturating_sub(1),
                (true, false) => campaign.open += 1,
                _ => {}
            }
        }
        let wrong = match (was_done, done) {
            (true, true) => by_attempt,
            (true, false) => !self.takes_back || !failed,
            (false, true) if left_out => !listed,
            (false, true) => !by_attempt && !self.takes_back && !used_up,
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
