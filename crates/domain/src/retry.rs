//! When a contact is tried again, and when it is given up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::attempt::Outcome;

/// After how many attempts, and how long after the last one, a contact is tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Attempts in all, the first one included; 1–100.
    pub attempts_total: u32,
    /// Attempts in one local day of the campaign's zone; `None` = no limit.
    pub attempts_per_day: Option<u32>,
    /// Rest between the end of an attempt and the next one.
    pub interval: Duration,
    /// Outcomes with a rest or a limit of their own.
    pub by_outcome: BTreeMap<Outcome, OutcomeRetry>,
    /// Outcomes after which the contact is final at once.
    pub never: BTreeSet<Outcome>,
}

/// What an outcome changes in the retry policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeRetry {
    /// Rest after this outcome; `None` = the policy's.
    pub interval: Option<Duration>,
    /// Most attempts that may end so before the contact is final; `None` = no limit of its own.
    pub attempts: Option<u32>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts_total: 1,
            attempts_per_day: None,
            interval: Duration::ZERO,
            by_outcome: BTreeMap::new(),
            never: BTreeSet::new(),
        }
    }
}

impl RetryPolicy {
    /// The rest after an attempt that ended so. An attempt whose end nobody saw rests at least 60 s.
    pub fn rest_after(&self, outcome: Outcome) -> Duration {
        let rest = self
            .by_outcome
            .get(&outcome)
            .and_then(|r| r.interval)
            .unwrap_or(self.interval);
        if outcome == Outcome::Unknown {
            rest.max(Duration::from_secs(60))
        } else {
            rest
        }
    }

    /// Whether a contact may be tried again after an attempt that ended so: `attempts` counts those
    /// that used one up, `same` those of them with this outcome, both with the last one.
    pub fn may_retry(&self, outcome: Outcome, attempts: u32, same: u32) -> bool {
        let limit = self.by_outcome.get(&outcome).and_then(|r| r.attempts);
        outcome.retryable()
            && !self.never.contains(&outcome)
            && attempts < self.attempts_total
            && limit.is_none_or(|most| same < most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_may_have_its_own_rest_and_limit() {
        let mut policy = RetryPolicy {
            attempts_total: 5,
            interval: Duration::from_secs(600),
            ..RetryPolicy::default()
        };
        policy.by_outcome.insert(
            Outcome::Busy,
            OutcomeRetry {
                interval: Some(Duration::from_secs(30)),
                attempts: Some(2),
            },
        );
        policy.never.insert(Outcome::Invalid);
        assert_eq!(policy.rest_after(Outcome::Busy), Duration::from_secs(30));
        assert_eq!(
            policy.rest_after(Outcome::NoAnswer),
            Duration::from_secs(600)
        );
        assert!(policy.may_retry(Outcome::Busy, 3, 1));
        assert!(!policy.may_retry(Outcome::Busy, 3, 2));
        assert!(!policy.may_retry(Outcome::Invalid, 1, 1));
        assert!(!policy.may_retry(Outcome::NoAnswer, 5, 5));
        assert!(!policy.may_retry(Outcome::Answered, 1, 1));
    }

    #[test]
    fn a_number_rests_a_minute_when_nobody_saw_how_its_call_ended() {
        assert_eq!(
            RetryPolicy::default().rest_after(Outcome::Unknown),
            Duration::from_secs(60)
        );
    }
}
