//! The one clock of the runtime: wall time that never runs backwards.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use outdial_domain::Timestamp;

/// How far the machine's wall clock may be ahead before it is believed. Smaller corrections (NTP slewing)
/// are left to the next one.
const AHEAD_MS_MAX: i64 = 500;
/// So far behind, the wall clock was set back and not slewed.
const BEHIND_MS_MAX: i64 = 5_000;

/// Wall time that never runs backwards: it advances with the machine's monotonic clock, and follows
/// the wall clock where that was set forward. Where it was set back, time goes on by the monotonic clock
/// alone, since every timer of every call runs by it, until the wall clock has caught up.
pub(crate) struct Clock {
    anchor_wall: i64,
    anchor: Instant,
    /// The wall clock was set back, and that was said.
    is_behind: bool,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let wall = wall_millis();
        Self {
            anchor_wall: wall,
            anchor: Instant::now(),
            is_behind: false,
        }
    }

    pub(crate) fn now(&mut self) -> Timestamp {
        let elapsed = i64::try_from(self.anchor.elapsed().as_millis()).unwrap_or(i64::MAX);
        let steady = self.anchor_wall.saturating_add(elapsed);
        self.heard(steady, wall_millis())
    }

    /// The time, when the monotonic clock says one and the wall clock another.
    fn heard(&mut self, steady: i64, wall: i64) -> Timestamp {
        let behind = steady.saturating_sub(wall);
        if behind > BEHIND_MS_MAX && !self.is_behind {
            tracing::warn!(
                behind_s = behind / 1_000,
                "the machine's clock was set back; time goes on without it until it has caught up"
            );
        }
        self.is_behind = behind > BEHIND_MS_MAX;
        if wall.saturating_sub(steady) <= AHEAD_MS_MAX {
            return Timestamp::from_millis(steady);
        }
        self.anchor_wall = wall;
        self.anchor = Instant::now();
        Timestamp::from_millis(wall)
    }
}

fn wall_millis() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_a_clock_that_was_set_forward() {
        let mut clock = Clock::new();
        let first = clock.now().millis();
        let ahead = first + 3_600_000;
        assert_eq!(clock.heard(first, ahead).millis(), ahead);
        assert!(
            clock.anchor_wall >= ahead,
            "from now on it goes on from there"
        );
        assert_eq!(clock.heard(ahead, ahead + AHEAD_MS_MAX).millis(), ahead);
    }

    #[test]
    fn it_goes_on_when_the_clock_was_set_back() {
        let mut clock = Clock::new();
        let first = clock.now().millis();
        for passed in [0, 20, 1_000, 60_000] {
            let now = clock.heard(first + passed, first - 3_600_000 + passed);
            assert_eq!(now.millis(), first + passed);
        }
        assert!(clock.is_behind);
        let caught_up = clock.heard(first + 3_700_000, first + 3_700_000);
        assert_eq!(caught_up.millis(), first + 3_700_000);
        assert!(!clock.is_behind);
    }
}
