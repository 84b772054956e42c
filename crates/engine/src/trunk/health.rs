//! A trunk's health, as this tenant's calls see it.
//!
//! Only failed calls take a trunk out; a probe that is not answered merely raises doubt. While it is
//! out, one trial call goes out every half minute.

use std::time::Duration;

use outdial_domain::Timestamp;
use serde::{Deserialize, Serialize};

use crate::output::TrunkHealth;

/// So many failures of the line in a row take a trunk out.
const FAILURES_OUT: u32 = 10;
/// Time between two trial calls.
pub(crate) const TRIAL_EVERY: Duration = Duration::from_secs(30);

/// How a trunk is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Health {
    health: TrunkHealth,
    failures: u32,
    last_success: Option<Timestamp>,
    next_trial: Option<Timestamp>,
    probes_missed: u32,
}

impl Health {
    pub(crate) fn now(&self) -> TrunkHealth {
        self.health
    }

    /// When the last call went through, however it ended.
    pub(crate) fn last_success(&self) -> Option<Timestamp> {
        self.last_success
    }

    /// When the next trial call may go out; `None` = the trunk is not out.
    pub(crate) fn next_trial(&self) -> Option<Timestamp> {
        self.next_trial
    }

    /// Whether a call may go out, as far as the trunk's health is concerned.
    ///
    /// # Errors
    /// When the next trial may.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), Timestamp> {
        match self.next_trial {
            Some(at) if at > now => Err(at),
            _ => Ok(()),
        }
    }

    /// A call goes out; says whether it is a trial.
    pub(crate) fn dial(&mut self, now: Timestamp) -> bool {
        let trial = self.health == TrunkHealth::Out;
        if trial {
            self.next_trial = Some(now + TRIAL_EVERY);
        }
        trial
    }

    /// The network took a call as far as the callee; says whether health has changed.
    pub(crate) fn success(&mut self, now: Timestamp) -> bool {
        self.failures = 0;
        self.last_success = Some(now);
        self.becomes(TrunkHealth::Up, now)
    }

    /// A call failed on the line; says whether health has changed.
    pub(crate) fn failure(&mut self, now: Timestamp) -> bool {
        self.failures = self.failures.saturating_add(1);
        self.failures >= FAILURES_OUT && self.becomes(TrunkHealth::Out, now)
    }

    /// A contact failed on it time and again and nothing went through; says whether health has
    /// changed.
    pub(crate) fn give_up(&mut self, now: Timestamp) -> bool {
        self.becomes(TrunkHealth::Out, now)
    }

    /// OPTIONS was answered or not; says whether health has changed.
    pub(crate) fn probed(&mut self, answered: bool, now: Timestamp) -> bool {
        if answered {
            let after_silence = std::mem::take(&mut self.probes_missed) > 0;
            if after_silence {
                self.failures = 0;
            }
            after_silence && self.becomes(TrunkHealth::Up, now)
        } else {
            self.probes_missed = self.probes_missed.saturating_add(1);
            self.health == TrunkHealth::Up && self.becomes(TrunkHealth::Doubtful, now)
        }
    }

    fn becomes(&mut self, health: TrunkHealth, now: Timestamp) -> bool {
        let changed = self.health != health;
        self.health = health;
        match health {
            TrunkHealth::Out if changed => self.next_trial = Some(now + TRIAL_EVERY),
            TrunkHealth::Out => {}
            TrunkHealth::Up | TrunkHealth::Doubtful => self.next_trial = None,
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn ten_failures_in_a_row_take_it_out_and_one_success_brings_it_back() {
        let mut health = Health::default();
        for _ in 0..9 {
            assert!(!health.failure(at(0)));
        }
        assert!(health.failure(at(0)));
        assert_eq!(health.now(), TrunkHealth::Out);
        assert_eq!(health.check(at(29)), Err(at(30)));
        assert!(health.dial(at(30)));
        assert_eq!(health.check(at(31)), Err(at(60)));
        assert!(health.success(at(35)));
        assert!(health.check(at(36)).is_ok());
    }

    #[test]
    fn a_missed_probe_raises_doubt_only() {
        let mut health = Health::default();
        assert!(health.probed(false, at(0)));
        assert_eq!(health.now(), TrunkHealth::Doubtful);
        assert!(health.check(at(0)).is_ok());
        assert!(health.probed(true, at(1)));
        for _ in 0..10 {
            health.failure(at(2));
        }
        // Answers to probes do not speak for calls, unless probes had gone unanswered as well.
        assert!(!health.probed(true, at(3)));
        assert_eq!(health.now(), TrunkHealth::Out);
        assert!(!health.probed(false, at(4)));
        assert!(health.probed(true, at(5)));
        assert_eq!(health.now(), TrunkHealth::Up);
    }
}
