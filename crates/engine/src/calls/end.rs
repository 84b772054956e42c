//! The end of a call: another trunk, or its outcome and where that leaves the contact.

use outdial_domain::{
    AttemptId, Blame, ContactPlace, ContactUpdate, EarlyMedia, Evidence, EvidenceSource,
    LocalFailure, Outcome, Timestamp, TrunkName,
};

use super::retry::{LINE_FAILURES, Over, uses_attempt};
use super::{Call, GaveUp, Stage};
use crate::campaign::Held;
use crate::engine::Engine;
use crate::mutant::Mutant;
use crate::output::{AttemptEnd, Output};
use crate::pacing::Event;
use crate::timer::TimerKey;
use crate::trunk::breaker::{Judged, Suspect};

/// Contacts in trouble with their lines that are remembered.
const TROUBLE_MAX: usize = 10_000;

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
    /// out a second time it ends as it did the first time.
    pub(crate) fn not_placed(&mut self, attempt: AttemptId) {
        let Some(call) = self.calls.get(&attempt) else {
            self.counters.unknown += 1;
            return;
        };
        if call.stage != Stage::Committing && !call.cancel_due {
            self.counters.late += 1;
            return;
        }
        self.store_refused();
        self.forget_orphan(attempt);
        self.free_line(attempt);
        let Some(mut call) = self.calls.remove(&attempt) else {
            return;
        };
        self.timers
            .set(&mut call.alarm, TimerKey::Call(attempt), None);
        self.numbers.over(call.number(), attempt);
        if let Some((trunk, evidence)) = call.failed_on.pop() {
            call.attempt.trunk = trunk;
            call.attempt.evidence = evidence;
            let (outcome, blame) = self.outcome(&call);
            self.conclude(*call, outcome, blame);
            return;
        }
        let id = call.attempt.campaign;
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            campaign.calls = campaign.calls.saturating_sub(1);
            let dialed_before = self.numbers.dialed(&call.contact.numbers);
            let held = Held {
                contact: call.contact,
                dialed_before,
            };
            if campaign.is_running() {
                campaign.window.insert(held);
            } else {
                self.give_back(id, vec![held]);
            }
        }
        if let Some(agent) = call.agent {
            self.release_agent(agent);
        }
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
            self.note(id, Event::Abandoned);
        }
        if !call.is_answered() {
            let rang = now.since(call.attempt.started_at);
            self.note(id, Event::NotAnswered(rang));
        }
        let contact = self.contact_after(&call, outcome, blame);
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            campaign.calls = campaign.calls.saturating_sub(1);
        }
        self.contact_left(&contact);
        let agent = call.agent;
        let done = (call.attempt.id, call.settings.wrap_up, is_live(&call));
        let talked = call.stage == Stage::Connected && call.taken;
        self.out
            .push_back(Output::AttemptEnded(Box::new(AttemptEnd {
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
            .is_some_and(|a| matches!(a.phase, crate::agents::Phase::Talking(_)));
        if talked && was_talking {
            self.agent_done(agent, id, done);
        } else {
            self.release_agent(agent);
        }
    }

    /// Sends a call that failed before any progress over another trunk, where its trunk says so. It
    /// stays the same attempt.
    fn redial(&mut self, attempt: AttemptId) -> bool {
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

    /// Where the attempt leaves its contact, after trunk and breaker have heard of it.
    fn contact_after(
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
    fn trunk_hears(
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
        history_before: outdial_domain::History,
        after: ContactUpdate,
    ) -> ContactUpdate {
        let speaks = !matches!(outcome, Outcome::Cancelled | Outcome::Unknown)
            && blame != Some(Blame::Capacity);
        let (name, caller_id) = (call.attempt.trunk, call.attempt.caller_id);
        let now = self.now;
        let breaker_off = self.is_off(Mutant::Breaker);
        let Some(trunk) = self.trunks.get_mut(name).filter(|_| speaks && !breaker_off) else {
            return after;
        };
        let breaker = trunk.breakers.entry(caller_id).or_default();
        if !outcome.is_permanent_failure() {
            breaker.passed();
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
            Suspect {
                before,
                after: after.clone(),
            },
        ) {
            Judged::Stands => after,
            Judged::Suspect => doubted,
            Judged::Opened(suspects) => {
                self.tell_breaker(name, caller_id);
                let own = after.contact;
                self.return_suspects(suspects.into_iter().filter(|s| s.contact != own).collect());
                doubted
            }
        }
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
