//! What must be true whenever the engine has said all it has to say.

use outdial_domain::{AttemptId, Timestamp};

use super::picture::AttemptView;
use super::{Checker, Property};

impl Checker {
    /// Every call that is over has its outcome, or is dialed again.
    pub(super) fn check_calls_settled(&mut self, now: Timestamp) {
        let over = self.picture.attempts.values().find(|call| !call.is_live());
        if let Some(call) = over {
            let what = format!("attempt {} is over without an outcome", call.dial.attempt);
            self.object(Property::EndsOnce, now, what);
        }
        let ignored = self.picture.attempts.values().find(|call| {
            let wants_end = call.hang_up_asked || (call.flow_over && !call.handed_back);
            call.answered_at.is_some() && wants_end && !call.hung_up
        });
        if let Some(call) = ignored {
            let what = format!("attempt {} should be hung up", call.dial.attempt);
            self.object(Property::OrderFits, now, what);
        }
    }

    /// No callee hears silence while an agent who could take the call is idle.
    pub(super) fn check_nobody_waits(&mut self, now: Timestamp) {
        let waits = |call: &&AttemptView| {
            call.waits_since.is_some() && call.agent.is_none() && !call.hung_up && call.is_live()
        };
        let idle = self
            .picture
            .attempts
            .values()
            .filter(waits)
            .find_map(|call| {
                let group = call.group()?;
                let bound =
                    |a: &super::picture::AgentView| a.bound == Some(call.dial.attempt) && a.leg_up;
                // A wake-up may come a little late, and wrap-up ends only then.
                let then = now - self.slack - std::time::Duration::from_millis(1);
                let agents = self.picture.agents.iter();
                let mut agents = agents.filter(|(_, a)| bound(a) || a.is_idle(group, then));
                agents.next().map(|(agent, _)| (call.dial.attempt, *agent))
            });
        if let Some((attempt, agent)) = idle {
            let what = format!("attempt {attempt} waits while agent {agent} is idle");
            self.object(Property::NobodyWaitsBesideIdle, now, what);
        }
    }

    /// Nothing is overdue, and the engine wakes before the next thing is.
    pub(super) fn check_deadlines(&mut self, now: Timestamp, wake: Option<Timestamp>) {
        let deadlines = self.picture.attempts.values();
        let next = deadlines.filter_map(|call| self.deadline(call)).min();
        let Some((deadline, attempt, property)) = next else {
            return;
        };
        if now > deadline + self.slack {
            let what = format!("attempt {attempt} is {:?} overdue", now.since(deadline));
            self.object(property, now, what);
        } else if wake.is_none_or(|wake| wake > deadline + self.slack) && now < deadline {
            let what = format!("attempt {attempt} needs it at {deadline}, it asks for {wake:?}");
            self.object(Property::WakesInTime, now, what);
        }
    }

    /// By when the engine must have done something about a call.
    fn deadline(&self, call: &AttemptView) -> Option<(Timestamp, AttemptId, Property)> {
        if !call.is_live() || call.hung_up {
            return None;
        }
        let id = call.dial.attempt;
        if call.answered_at.is_some() {
            // One who had an agent and lost it waits on: it is never dropped.
            let since = call.waits_since.filter(|_| !call.lost_agent)?;
            return Some((since + call.settings.answer_wait, id, Property::AnswerWait));
        }
        if call.cancelled {
            return None;
        }
        let placed = call.placed_at?;
        let until = match call.progress_at {
            Some(rings) => rings + self.ring_timeout(call),
            None => placed + call.settings.no_progress,
        };
        Some((until, id, Property::RingTimers))
    }
}
