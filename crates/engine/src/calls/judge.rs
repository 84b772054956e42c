//! What an outcome means: for the trunk, for the breaker, and for where it leaves the contact.

use outdial_domain::{Blame, ContactPlace, ContactUpdate, History, Outcome, Timestamp, TrunkName};

use super::Call;
use super::retry::{LINE_FAILURES, Over, uses_attempt};
use crate::engine::Engine;
use crate::mutant::Mutant;
use crate::trunk::breaker::{Judged, Suspect};

/// Contacts in trouble with their lines that are remembered.
const TROUBLE_MAX: usize = 10_000;

impl Engine {
    /// Where the attempt leaves its contact, after trunk and breaker have heard of it.
    pub(crate) fn contact_after(
        &mut self,
        call: &Call,
        outcome: Outcome,
        blame: Option<Blame>,
    ) -> ContactUpdate {
        let id = call.attempt.campaign;
        let before = call.contact.history.clone();
        let mut history = before.clone();
        let day = self.campaigns.get(&id).map(|c| c.calendar.day());
        let over = Over {
            outcome,
            blame,
            now: self.now,
            numbers: call.contact.numbers.len(),
            policy: &call.settings.retry,
            day: day.unwrap_or(self.day),
        };
        let mut place = over.place(&mut history);
        let mut last_outcome = outcome;
        let attempt = &call.attempt;
        let (trunk, sip) = (attempt.trunk, attempt.evidence.sip_status);
        self.trunk_hears(trunk, blame, sip, attempt.started_at);
        if !uses_attempt(blame) {
            if call.trial {
                // A trial was for the trunk's sake.
                history.line_failures = before.line_failures;
            }
            if let Some(verdict) = self.line_trouble(call, history.line_failures) {
                (place, last_outcome) = verdict;
            }
        } else {
            self.line_trouble.remove(&call.contact.id);
        }
        if self.is_off(Mutant::RetryRest)
            && let ContactPlace::Resting(until) = &mut place
        {
            *until = self.now;
        }
        let update = ContactUpdate {
            contact: call.contact.id,
            campaign: id,
            place,
            history,
            last_outcome: Some(last_outcome),
        };
        self.judge(call, outcome, blame, before, update)
    }

    /// Tells a trunk how a call on it went.
    pub(crate) fn trunk_hears(
        &mut self,
        trunk: TrunkName,
        blame: Option<Blame>,
        sip: Option<u16>,
        placed: Timestamp,
    ) {
        let now = self.now;
        if sip == Some(503)
            && let Some(known) = self.trunks.get_mut(trunk)
        {
            known.pace.refused(now, placed);
            self.set_trunk_alarm(trunk);
        }
        match blame {
            Some(Blame::Capacity) => self.trunk_failed(trunk),
            Some(Blame::Callee) => self.trunk_succeeded(trunk),
            Some(Blame::CallerId | Blame::FrequencyRule | Blame::Configuration) | None => {}
        }
    }

    /// A contact that fails on the line again and again: either the trunk is out, then it waits; or
    /// others go through, then it is the contact that cannot be reached, and it is final.
    fn line_trouble(&mut self, call: &Call, failures: u32) -> Option<(ContactPlace, Outcome)> {
        let now = self.now;
        let contact = call.contact.id;
        let since = match self.line_trouble.get(&contact) {
            Some(&since) if failures > 1 => since,
            _ => {
                // What is not remembered is taken to have begun with the failure before this one.
                let since = match call.contact.history.last_ended_at {
                    Some(last) if failures > 1 => last,
                    _ => now,
                };
                if self.line_trouble.len() < TROUBLE_MAX {
                    self.line_trouble.insert(contact, since);
                }
                since
            }
        };
        if failures < LINE_FAILURES {
            return None;
        }
        let name = call.attempt.trunk;
        let health = self.trunks.get(name).map(|trunk| &trunk.health);
        let others_succeed = health.is_some_and(|h| h.last_success().is_some_and(|at| at > since));
        let is_out = health.is_none_or(|h| h.next_trial().is_some());
        if others_succeed && !is_out {
            self.line_trouble.remove(&contact);
            return Some((ContactPlace::Done, Outcome::Failed));
        }
        if !is_out {
            self.trunk_given_up(name);
        }
        None
    }

    /// Lets the breaker judge a result: it stands, or it is suspect and the contact goes back.
    fn judge(
        &mut self,
        call: &Call,
        outcome: Outcome,
        blame: Option<Blame>,
        history_before: History,
        after: ContactUpdate,
    ) -> ContactUpdate {
        let called_before = history_before.dialed > 0;
        let fails = outcome.is_permanent_failure();
        let but = fails.then_some((call.attempt.trunk, call.attempt.caller_id));
        self.trunks
            .forget_suspect(after.contact, called_before, but);
        let speaks = !matches!(outcome, Outcome::Cancelled | Outcome::Unknown)
            && blame != Some(Blame::Capacity);
        let (name, caller_id) = (call.attempt.trunk, call.attempt.caller_id);
        let (now, placed) = (self.now, call.attempt.started_at);
        let breaker_off = self.is_off(Mutant::Breaker);
        let Some(trunk) = self.trunks.get_mut(name).filter(|_| speaks && !breaker_off) else {
            return after;
        };
        let breaker = trunk.breakers.entry(caller_id).or_default();
        if !fails {
            breaker.passed(placed);
            return after;
        }
        let before = ContactUpdate {
            contact: after.contact,
            campaign: after.campaign,
            place: if history_before.dialed == 0 {
                ContactPlace::Fresh
            } else {
                ContactPlace::Resting(now)
            },
            history: history_before,
            last_outcome: None,
        };
        let doubted = ContactUpdate {
            last_outcome: after.last_outcome,
            ..before.clone()
        };
        match breaker.failed(
            now,
            placed,
            Suspect {
                before,
                after: after.clone(),
            },
        ) {
            Judged::Stands => after,
            Judged::Suspect => {
                self.breaker_grew(name, caller_id);
                doubted
            }
            Judged::Opened(suspects) => {
                self.tell_breaker(name, caller_id);
                let own = after.contact;
                self.return_suspects(suspects.into_iter().filter(|s| s.contact != own).collect());
                doubted
            }
        }
    }
}
