//! Orders about calls, and how attempts end.

use std::time::Duration;

use outdial_domain::{
    AtEnd, Attempt, AttemptId, CampaignState, CauseMap, EndReason, LocalFailure, Mode, Outcome,
    Target, Timestamp,
};
use outdial_engine::input::HaltScope;
use outdial_engine::output::AttemptEnd;

use super::picture::AttemptView;
use super::{Checker, Property};

impl Checker {
    pub(super) fn at_cancel(&mut self, now: Timestamp, attempt: AttemptId) {
        let Some(call) = self.picture.attempts.get(&attempt) else {
            let what = format!("cancel of attempt {attempt}, which is not live");
            return self.object(Property::OrderFits, now, what);
        };
        let may_end_early = call.hang_up_asked || self.ends_ringing(call);
        let rings_since = call.progress_at;
        let placed = call.placed_at.unwrap_or(call.dial.at);
        let soonest = match rings_since {
            Some(rings) => rings + self.ring_timeout(call),
            None => placed.min(call.dial.at) + call.settings.no_progress,
        };
        let ring_min = self.ring_min();
        if call.answered_at.is_none() {
            if now < soonest && !may_end_early {
                let what = format!(
                    "attempt {attempt} is given up {:?} early",
                    soonest.since(now)
                );
                self.object(Property::RingTimers, now, what);
            }
            if let Some(rings) = rings_since
                && now < rings + ring_min
            {
                let what = format!("attempt {attempt} rang for {:?}", now.since(rings));
                self.object(Property::RingMinimum, now, what);
            }
        }
        if let Some(call) = self.picture.attempts.get_mut(&attempt) {
            call.cancelled = true;
            call.rang_when_given_up = call.progress_at.is_some();
            call.given_up_at = Some(now);
        }
    }

    pub(super) fn at_hang_up(&mut self, now: Timestamp, attempt: AttemptId) {
        let Some(call) = self.picture.attempts.get(&attempt) else {
            let what = format!("hang-up of attempt {attempt}, which is not live");
            return self.object(Property::OrderFits, now, what);
        };
        let asked = call.hang_up_asked || call.flow_over || self.campaign_over(call);
        let talking = call.joined && call.agent.is_some();
        if let (Some(since), false) = (call.waits_since, asked)
            && call.agent.is_none()
            && now < since + call.settings.answer_wait
            && !call.cancelled
        {
            let what = format!("attempt {attempt} after {:?}", now.since(since));
            self.object(Property::AnswerWait, now, what);
        }
        if talking && !asked {
            let what = format!("attempt {attempt} is ended in the middle of a conversation");
            self.object(Property::OrderFits, now, what);
        }
        if let Some(call) = self.picture.attempts.get_mut(&attempt) {
            call.hung_up = true;
            call.given_up_at = Some(now);
            call.waits_since = None;
        }
        // Its agent is done with it at once.
        self.agent_leaves_call(now, attempt);
        self.release_agent(attempt);
    }

    pub(super) fn at_call_flow(&mut self, now: Timestamp, attempt: AttemptId, flow: &Target) {
        let Some(call) = self.picture.attempts.get_mut(&attempt) else {
            let what = format!("a flow for attempt {attempt}, which is not live");
            return self.object(Property::OrderFits, now, what);
        };
        let settings = &call.settings;
        let wanted = settings.flow_first.as_ref().unwrap_or(&settings.target);
        let fits = call.answered_at.is_some() && wanted == flow;
        call.flow_called = true;
        if !fits {
            let what = format!("{flow:?} for attempt {attempt}");
            self.object(Property::OrderFits, now, what);
        }
    }

    /// How an attempt ended, against what was seen of it.
    pub(super) fn at_attempt_ended(&mut self, now: Timestamp, end: &AttemptEnd) {
        let id = end.attempt.id;
        let Some(call) = self.picture.attempts.get(&id) else {
            let what = format!("attempt {id} ends, but is not live");
            return self.object(Property::EndsOnce, now, what);
        };
        if call.withheld && !call.ever_placed {
            return self.at_withheld(now, end);
        }
        let Some(evidence) = call.ended.or(call.redial_lost.then(Default::default)) else {
            let what = format!("attempt {id} ends while its call is up");
            return self.object(Property::EndsOnce, now, what);
        };
        let outcome = end.attempt.outcome;
        let expected = self.outcomes(call, &evidence);
        if !outcome.is_some_and(|outcome| expected.contains(&outcome)) && !call.redial_lost {
            let what = format!("attempt {id} is {outcome:?} instead of {expected:?}");
            self.object(Property::OutcomeFits, now, what);
        }
        self.check_abandonment(now, id, outcome, end.attempt.counts_as_abandoned);
        self.check_record(now, &end.attempt);
        self.release_agent(id);
        if let Some(call) = self.picture.attempts.remove(&id) {
            self.contact_after(now, &call, end);
        }
    }

    /// An attempt that was committed and never sent: its contact is as it was before.
    fn at_withheld(&mut self, now: Timestamp, end: &AttemptEnd) {
        let id = end.attempt.id;
        let Some(call) = self.picture.attempts.get(&id) else {
            return;
        };
        let stopped = self.picture.halts.contains(&HaltScope::Tenant)
            || self.picture.halts.contains(&HaltScope::Trunk(call.trunk))
            || self
                .picture
                .halts
                .contains(&HaltScope::Campaign(call.dial.campaign));
        let campaign = self.picture.campaigns.get(&call.dial.campaign);
        let runs = campaign.is_some_and(|c| c.state == CampaignState::Running);
        let history = &end.contact.history;
        let before = self.picture.contacts.get(&end.contact.contact);
        let as_before = before.is_some_and(|contact| {
            let before = (contact.used, contact.dialed.saturating_sub(1));
            // A breaker puts right what was counted of a doubtful result.
            contact.put_right || before == (history.attempts, history.dialed)
        });
        let fits = (stopped || !runs)
            && end.attempt.outcome == Some(Outcome::Cancelled)
            && !end.contact.place.is_final()
            && as_before;
        if !fits {
            let what = format!("attempt {id} is withheld: {:?}", end.contact);
            self.object(Property::HistoryFits, now, what);
        }
        self.not_placed(id);
    }

    /// What is written down of an attempt, against what was seen of it.
    fn check_record(&mut self, now: Timestamp, told: &Attempt) {
        let Some(call) = self.picture.attempts.get(&told.id) else {
            return;
        };
        let dial = &call.dial;
        let who = (told.campaign, told.contact, told.number, told.caller_id);
        let times = (told.started_at, told.progress_at, told.answered_at);
        let seen = (dial.at, call.progress_at, call.answered_at);
        let fits = [
            who == (dial.campaign, dial.contact, dial.number, dial.caller_id),
            told.trunk == call.trunk && told.revision == dial.revision,
            times == seen,
            told.joined_at == call.joined_at,
            told.ended_at == Some(now),
        ];
        let law = self.picture.tenant.as_ref();
        let abandon_after = law.and_then(|tenant| tenant.compliance.abandon_after);
        let waited = call.waited_from.zip(call.taken_at);
        let waited = waited.map(|(from, taken)| taken.since(from));
        // Who never came to the queue behind a flow is not in its ledger.
        let in_flow = call.settings.flow_first.is_some() && !call.handed_back;
        let expected = match (told.outcome, waited, abandon_after) {
            _ if in_flow => None,
            (Some(Outcome::Abandoned), ..) => Some(true),
            (Some(Outcome::Answered), Some(waited), Some(most)) => Some(waited > most),
            (Some(Outcome::Answered | Outcome::Machine), Some(_), None) => Some(false),
            // In the moment of joining both are right, and a machine's wait is nobody's.
            (Some(Outcome::Answered | Outcome::Machine), ..) => None,
            _ => Some(false),
        };
        let counts = told.counts_as_abandoned;
        if fits.contains(&false) {
            let what = format!(
                "attempt {}: {told:?}; seen {seen:?}, fits {fits:?}",
                told.id
            );
            self.object(Property::RecordFits, now, what);
        }
        if expected.is_some_and(|expected| expected != counts) {
            let what = format!(
                "attempt {} is {:?} after {waited:?} and counts: {counts}",
                told.id, told.outcome
            );
            self.object(Property::AbandonmentCounts, now, what);
        }
    }

    /// The outcomes that fit what was seen.
    fn outcomes(&self, call: &AttemptView, evidence: &outdial_domain::Evidence) -> Vec<Outcome> {
        if call.answered_at.is_some() {
            return if call.machine {
                vec![Outcome::Machine]
            } else if call.talked || call.flow_joined {
                vec![Outcome::Answered]
            } else if call.agent.is_some() && !call.hung_up {
                // Who hangs up in the moment of joining may be taken for served.
                vec![Outcome::Answered, Outcome::Abandoned]
            } else {
                vec![Outcome::Abandoned]
            };
        }
        let trunk = self.picture.trunks.get(&call.trunk);
        let rules = trunk.and_then(|view| view.rules.as_ref());
        let causes = rules.map_or_else(CauseMap::default, |rules| rules.cause_map.clone());
        let verdict = causes.verdict(evidence).outcome;
        if !call.cancelled {
            return vec![verdict];
        }
        let mut by_timer = *evidence;
        by_timer.local = Some(if call.rang_when_given_up {
            LocalFailure::RingTimeout
        } else {
            LocalFailure::NoProgress
        });
        by_timer.responded = call.responded;
        let mut fits = vec![causes.verdict(&by_timer).outcome, verdict];
        if call.hang_up_asked || self.ends_ringing(call) {
            fits.push(Outcome::Cancelled);
        }
        fits
    }

    fn check_abandonment(
        &mut self,
        now: Timestamp,
        id: AttemptId,
        outcome: Option<Outcome>,
        counts: bool,
    ) {
        let Some(call) = self.picture.attempts.get(&id) else {
            return;
        };
        let reserved = matches!(call.settings.mode, Mode::Preempted | Mode::Progressive);
        let direct = call.settings.flow_first.is_none();
        let abandoned = outcome == Some(Outcome::Abandoned) || counts;
        // A callee who hangs up in the moment between the order to join and the joined media is
        // nobody's fault; the order itself came at once, which `check_nobody_waits` sees to.
        let joining = call.agent.is_some();
        // One who picks up long after the call was given up finds its agent gone.
        let too_late = call.agent_freed;
        if reserved
            && direct
            && abandoned
            && !call.leg_lost
            && !joining
            && !too_late
            && !call.hang_up_asked
        {
            let what = format!("attempt {id} is abandoned");
            self.object(Property::ReservedAgentTakes, now, what);
        }
    }

    /// Whether the campaign of a call is over and gives up what rings.
    fn ends_ringing(&self, call: &AttemptView) -> bool {
        let campaign = self.picture.campaigns.get(&call.dial.campaign);
        campaign.is_none_or(|c| {
            let cancels = |at_end| at_end == AtEnd::CancelRinging;
            match c.state {
                CampaignState::Ended(EndReason::ByHand) => true,
                CampaignState::Ended(_) => {
                    cancels(c.settings.at_end) || cancels(call.settings.at_end)
                }
                _ => false,
            }
        })
    }

    fn campaign_over(&self, call: &AttemptView) -> bool {
        let campaign = self.picture.campaigns.get(&call.dial.campaign);
        campaign.is_none_or(|c| c.state == CampaignState::Ended(EndReason::ByHand))
    }

    pub(super) fn ring_min(&self) -> Duration {
        let tenant = self.picture.tenant.as_ref();
        tenant.map_or(Duration::ZERO, |t| t.compliance.ring_min)
    }

    /// How long a call rings: the law's minimum goes before the campaign's timeout.
    pub(super) fn ring_timeout(&self, call: &AttemptView) -> Duration {
        call.settings.ring_timeout.max(self.ring_min())
    }
}
