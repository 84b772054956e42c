//! Rate: so many calls in each interval, evenly spaced, whatever becomes of them.

use std::time::Duration;

use outdial_domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Event, Pacer, View};

/// Evenly spaced calls. A slot that could not be used is lost: a campaign that was held back does
/// not catch up in a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rate {
    calls: u32,
    interval: Duration,
    /// The next slot, in microseconds since 1970.
    next_us: i64,
}

impl Rate {
    pub(crate) fn new(calls: u32, interval: Duration) -> Self {
        Self {
            calls,
            interval,
            next_us: i64::MIN,
        }
    }

    pub(crate) fn revise(&mut self, calls: u32, interval: Duration) {
        let slower = self.spacing_us();
        self.calls = calls;
        self.interval = interval;
        // A faster rate begins now, not when the old, longer spacing is over.
        let sooner = slower.saturating_sub(self.spacing_us()).max(0);
        self.next_us = self.next_us.saturating_sub(sooner);
    }

    fn spacing_us(&self) -> i64 {
        let interval = i64::try_from(self.interval.as_micros()).unwrap_or(i64::MAX);
        interval / i64::from(self.calls.max(1))
    }
}

fn micros(t: Timestamp) -> i64 {
    t.millis().saturating_mul(1_000)
}

impl Pacer for Rate {
    fn calls_now(&self, view: &View) -> u32 {
        let end_of_now = micros(view.now).saturating_add(1_000);
        if self.next_us >= end_of_now {
            return 0;
        }
        // Several slots of a fast rate lie within one millisecond.
        let room = end_of_now - self.next_us.max(micros(view.now));
        u32::try_from((room - 1) / self.spacing_us().max(1) + 1).unwrap_or(u32::MAX)
    }

    fn next_at(&self, _view: &View) -> Option<Timestamp> {
        Some(Timestamp::from_millis(self.next_us.div_euclid(1_000)))
    }

    fn note(&mut self, now: Timestamp, event: Event) {
        if event == Event::Dialed {
            self.next_us = self
                .next_us
                .max(micros(now))
                .saturating_add(self.spacing_us());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(rate: &mut Rate, from: i64, to: i64) -> u32 {
        let mut placed = 0;
        for millis in from..to {
            let now = Timestamp::from_millis(millis);
            let view = View {
                now,
                ..View::default()
            };
            for _ in 0..rate.calls_now(&view) {
                rate.note(now, Event::Dialed);
                placed += 1;
            }
        }
        placed
    }

    #[test]
    fn calls_are_spread_over_the_interval() {
        let mut rate = Rate::new(6, Duration::from_secs(60));
        assert_eq!(calls(&mut rate, 0, 9_999), 1);
        assert_eq!(calls(&mut rate, 9_999, 60_000), 5);
        assert_eq!(calls(&mut rate, 600_000, 605_000), 1);
    }

    #[test]
    fn a_fast_rate_is_kept() {
        let mut rate = Rate::new(10_000, Duration::from_secs(1));
        assert_eq!(calls(&mut rate, 0, 1_000), 10_000);
    }

    #[test]
    fn a_faster_rate_begins_at_once() {
        let mut rate = Rate::new(1, Duration::from_secs(3_600));
        assert_eq!(calls(&mut rate, 0, 1), 1);
        rate.revise(1, Duration::from_secs(1));
        assert_eq!(calls(&mut rate, 1, 1_001), 1);
    }
}
