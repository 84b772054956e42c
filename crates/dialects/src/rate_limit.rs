//! So many requests in any one second, and no more.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use outdial_domain::Timestamp;

/// The vendors count by the second.
const WINDOW_MS: i64 = 1_000;

/// Names that are remembered before idle ones are thrown out.
const NAMES_KEPT: usize = 1_024;

/// Lets so many requests of each name through in any span of one second.
///
/// It is exact: the request after the limit is refused however the others were spread, and the one that
/// comes a second after the first is taken. (A bucket that refills, as most limiters have, lets nearly
/// twice the limit through in the first second.) A refused request does not count. Name only what is
/// known (a key that has signed, an operation that exists): then the memory is bounded by what is
/// configured.
#[derive(Debug)]
pub struct RateLimiter {
    per_second: usize,
    taken: Mutex<BTreeMap<String, VecDeque<i64>>>,
}

impl RateLimiter {
    /// So many in a second; 0 = no limit.
    pub fn new(per_second: u32) -> Self {
        Self {
            per_second: per_second as usize,
            taken: Mutex::default(),
        }
    }

    /// Takes a request of this name.
    ///
    /// # Errors
    /// How long to wait until one can be taken.
    pub fn take(&self, name: &str, now: Timestamp) -> Result<(), Duration> {
        if self.per_second == 0 {
            return Ok(());
        }
        let now = now.millis();
        let mut names = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= NAMES_KEPT && !names.contains_key(name) {
            names.retain(|_, taken| taken.back().is_some_and(|last| is_recent(*last, now)));
        }
        let taken = names.entry(name.to_owned()).or_default();
        while taken.front().is_some_and(|first| !is_recent(*first, now)) {
            taken.pop_front();
        }
        if taken.len() < self.per_second {
            taken.push_back(now);
            return Ok(());
        }
        let oldest = taken.front().copied().unwrap_or(now);
        let wait = oldest.saturating_add(WINDOW_MS).saturating_sub(now);
        Err(Duration::from_millis(wait.max(1).unsigned_abs()))
    }
}

/// Whether a request of `then` counts `now`. A clock that was set back must not close the door for good.
fn is_recent(then: i64, now: i64) -> bool {
    now.abs_diff(then) < WINDOW_MS.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + millis)
    }

    #[test]
    fn the_request_after_the_limit_is_refused_and_told_when_to_come_back() {
        let limiter = RateLimiter::new(20);
        for request in 0..20 {
            assert_eq!(limiter.take("AKID Update", ms(request * 40)), Ok(()));
        }
        let wait = limiter.take("AKID Update", ms(900)).unwrap_err();
        assert_eq!(wait, Duration::from_millis(100));
        assert_eq!(limiter.take("AKID Update", ms(1000)), Ok(()));
        assert!(limiter.take("AKID Update", ms(1001)).is_err());
    }

    #[test]
    fn names_do_not_share() {
        let limiter = RateLimiter::new(1);
        assert!(limiter.take("a", ms(0)).is_ok());
        assert!(limiter.take("a", ms(0)).is_err());
        assert!(limiter.take("b", ms(0)).is_ok());
    }

    #[test]
    fn zero_is_no_limit() {
        let limiter = RateLimiter::new(0);
        assert!((0..1000).all(|_| limiter.take("a", ms(0)).is_ok()));
    }

    #[test]
    fn a_clock_set_back_closes_no_door() {
        let limiter = RateLimiter::new(1);
        assert!(limiter.take("a", ms(3_600_000)).is_ok());
        assert!(limiter.take("a", ms(0)).is_ok());
    }

    proptest! {
        #[test]
        fn no_second_holds_more_than_the_limit(steps in prop::collection::vec(0_i64..400, 1..200)) {
            let limiter = RateLimiter::new(5);
            let (mut now, mut taken) = (0, Vec::new());
            for step in steps {
                now += step;
                let recent = taken.iter().filter(|t| now - **t < 1000).count();
                let answer = limiter.take("a", ms(now));
                prop_assert_eq!(answer.is_ok(), recent < 5);
                if answer.is_ok() {
                    taken.push(now);
                }
            }
        }
    }
}
