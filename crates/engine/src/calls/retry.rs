//! Where an attempt leaves its contact.

use std::time::Duration;

use outdial_domain::{Blame, ContactPlace, History, Outcome, RetryPolicy, Timestamp};

use crate::gate::attempts;

/// Rest after a failure that was not the callee's.
pub(crate) const LINE_REST: Duration = Duration::from_secs(30);
/// So many of them in a row are looked at more closely.
pub(crate) const LINE_FAILURES: u32 = 3;

/// An attempt that is over, as far as its contact is concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Over<'a> {
    pub(crate) outcome: Outcome,
    pub(crate) blame: Option<Blame>,
    pub(crate) now: Timestamp,
    /// Numbers that the contact has.
    pub(crate) numbers: usize,
    pub(crate) policy: &'a RetryPolicy,
    /// The campaign's local midnights around now.
    pub(crate) day: (Timestamp, Timestamp),
}

/// Whether an attempt was the callee's: only then it uses one up.
pub(crate) fn uses_attempt(blame: Option<Blame>) -> bool {
    matches!(blame, None | Some(Blame::Callee))
}

impl Over<'_> {
    /// Writes the attempt into the contact's history and says where it goes.
    pub(crate) fn place(&self, history: &mut History) -> ContactPlace {
        let (today, tomorrow) = self.day;
        let tried_today = attempts::attempts_on(today, history);
        history.dialed = history.dialed.saturating_add(1);
        history.last_ended_at = Some(self.now);
        if !uses_attempt(self.blame) {
            history.line_failures = history.line_failures.saturating_add(1);
            return ContactPlace::Resting(self.now + LINE_REST);
        }
        history.attempts_today = tried_today.saturating_add(1);
        history.day = today;
        history.attempts = history.attempts.saturating_add(1);
        history.line_failures = 0;
        let same = history.by_outcome.entry(self.outcome).or_default();
        *same = same.saturating_add(1);
        let same = *same;

        let another_number = self.outcome == Outcome::Invalid && (same as usize) < self.numbers;
        let rest = if another_number && history.attempts < self.policy.attempts_total {
            Duration::ZERO
        } else if self.policy.may_retry(self.outcome, history.attempts, same) {
            self.policy.rest_after(self.outcome)
        } else {
            return ContactPlace::Done;
        };
        let rested = self.now + rest;
        match self.policy.attempts_per_day {
            Some(most) if history.attempts_today >= most => {
                ContactPlace::Resting(rested.max(tomorrow))
            }
            _ => ContactPlace::Resting(rested),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn policy() -> RetryPolicy {
        RetryPolicy {
            attempts_total: 3,
            interval: Duration::from_secs(600),
            ..RetryPolicy::default()
        }
    }

    fn over(outcome: Outcome, blame: Option<Blame>, policy: &RetryPolicy) -> Over<'_> {
        Over {
            outcome,
            blame,
            now: NOW,
            numbers: 1,
            policy,
            day: (Timestamp::from_secs(0), Timestamp::from_secs(86_400)),
        }
    }

    fn resting(secs: i64) -> ContactPlace {
        ContactPlace::Resting(Timestamp::from_secs(secs))
    }

    #[test]
    fn only_the_callees_blame_uses_up_an_attempt() {
        let policy = policy();
        let mut history = History::default();
        let congested = over(Outcome::Congestion, Some(Blame::Capacity), &policy);
        assert_eq!(congested.place(&mut history), resting(1_030));
        assert_eq!((history.attempts, history.line_failures), (0, 1));
        let busy = over(Outcome::Busy, Some(Blame::Callee), &policy);
        assert_eq!(busy.place(&mut history), resting(1_600));
        assert_eq!((history.attempts, history.line_failures), (1, 0));
        assert_eq!(history.dialed, 2);
    }

    #[test]
    fn a_conversation_is_final_and_so_is_the_last_attempt() {
        let policy = policy();
        let mut history = History::default();
        let answered = over(Outcome::Answered, None, &policy);
        assert_eq!(answered.place(&mut history), ContactPlace::Done);
        let busy = over(Outcome::Busy, Some(Blame::Callee), &policy);
        let mut history = History {
            attempts: 2,
            ..History::default()
        };
        assert_eq!(busy.place(&mut history), ContactPlace::Done);
    }

    #[test]
    fn an_invalid_number_sends_its_contact_to_the_next_one_at_once() {
        let mut policy = policy();
        policy.never.insert(Outcome::Invalid);
        let mut invalid = over(Outcome::Invalid, Some(Blame::Callee), &policy);
        invalid.numbers = 2;
        let mut history = History::default();
        assert_eq!(invalid.place(&mut history), resting(1_000));
        assert_eq!(invalid.place(&mut history), ContactPlace::Done);
    }

    #[test]
    fn attempts_of_a_day_that_are_used_up_wait_for_the_next_midnight() {
        let mut policy = policy();
        policy.attempts_per_day = Some(1);
        let mut history = History::default();
        let busy = over(Outcome::Busy, Some(Blame::Callee), &policy);
        assert_eq!(busy.place(&mut history), resting(86_400));
    }
}
