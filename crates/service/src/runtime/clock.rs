//! The one clock of the runtime: wall time that never runs backwards.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use outdial_domain::Timestamp;

/// How far the machine's wall clock may stray before it is believed again. Smaller corrections (NTP
/// slewing) are left to the next one.
const STRAY_MS_MAX: i64 = 500;

/// Wall time that never runs backwards: it advances with the machine's monotonic clock, and follows
/// the wall clock where that was set forward. Set back, it stands still until time has caught up.
pub(crate) struct Clock {
    anchor_wall: i64,
    anchor: Instant,
    last: i64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let wall = wall_millis();
        Self {
            anchor_wall: wall,
            anchor: Instant::now(),
            last: wall,
        }
    }

    pub(crate) fn now(&mut self) -> Timestamp {
        let elapsed = i64::try_from(self.anchor.elapsed().as_millis()).unwrap_or(i64::MAX);
        let steady = self.anchor_wall.saturating_add(elapsed);
        let wall = wall_millis();
        let now = if (wall - steady).abs() > STRAY_MS_MAX {
            self.anchor_wall = wall;
            self.anchor = Instant::now();
            wall
        } else {
            steady
        };
        self.last = self.last.max(now);
        Timestamp::from_millis(self.last)
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
    fn it_never_runs_backwards_and_follows_a_clock_that_was_set_forward() {
        let mut clock = Clock::new();
        let first = clock.now();
        assert!(clock.now() >= first);
        clock.anchor_wall -= 3_600_000;
        assert!(
            clock.now() >= first,
            "an hour behind the wall clock: it catches up"
        );
        clock.anchor_wall += 7_200_000;
        let ahead = clock.last;
        assert!(clock.now().millis() >= ahead);
    }
}
