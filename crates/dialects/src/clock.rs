//! The clock that signatures and rates are checked against, and how far a client's may be off.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use outdial_domain::Timestamp;

/// Tells the time; cheap to clone. Tests give one that they move themselves.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::new(|| {
            let since_1970 = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            Timestamp::from_millis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
        })
    }

    /// A clock of one's own.
    pub fn new(tell: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({:?})", self.now())
    }
}

/// How far the time in a request may be from ours, in either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance(Option<Duration>);

impl Tolerance {
    /// Any time is taken.
    pub const ANY: Self = Self(None);

    /// At most this far, the limit itself included.
    pub const fn of(most: Duration) -> Self {
        Self(Some(most))
    }

    /// Whether a request that says it is `then` may come `now`.
    pub fn accepts(self, now: Timestamp, then: Timestamp) -> bool {
        let Some(most) = self.0 else { return true };
        // The difference of two i64 always fits u64.
        u128::from(now.millis().abs_diff(then.millis())) <= most.as_millis()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tolerance_holds_in_both_directions_and_includes_its_limit() {
        let tolerance = Tolerance::of(Duration::from_secs(300));
        let now = Timestamp::from_secs(1_708_483_433);
        for off in [-300_000_i64, 0, 300_000] {
            assert!(tolerance.accepts(now, Timestamp::from_millis(now.millis() + off)));
        }
        for off in [-300_001_i64, 300_001] {
            assert!(!tolerance.accepts(now, Timestamp::from_millis(now.millis() + off)));
        }
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        let (first, last) = (
            Timestamp::from_millis(i64::MIN),
            Timestamp::from_millis(i64::MAX),
        );
        assert!(!Tolerance::of(Duration::from_secs(1)).accepts(first, last));
        assert!(Tolerance::ANY.accepts(first, last));
    }
}
