//! A trunk's calls per second: evenly spaced, halved when it refuses, grown again when it does not.
//!
//! Carriers refuse bursts, so calls are spaced, each from the slot of the one before: who wakes up
//! a moment late takes the slot late and does not push all later ones back, or a fast trunk would
//! never reach its rate. Slots that nobody wanted are not made up for. A 503 halves the rate; every
//! ten seconds without one add a call per second, until the configured rate is reached again. Where
//! no rate is configured calls are not spaced until the first 503, which starts at half of the rate
//! just measured.

use std::time::Duration;

use outdial_domain::Timestamp;
use serde::{Deserialize, Serialize};

const GROW_EVERY: Duration = Duration::from_secs(10);
/// Growth and least rate, in calls per 1,000 s.
const GROW_BY: u64 = 1_000;
const RATE_MIN: u64 = 100;
/// How late a slot may be taken and still count as taken on time: as late as a wake-up comes on a busy
/// machine. Two calls may be nearer to each other by so much than the rate says.
const LATE_MAX: Duration = Duration::from_millis(5);
/// The rate is measured over so many of the last seconds.
const MEASURED_S: i64 = 10;

/// When a trunk takes its next call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pace {
    /// Calls in 1,000 s by configuration; `None` = not limited.
    configured: Option<u64>,
    /// Calls in 1,000 s since the trunk has refused.
    backed_off: Option<BackedOff>,
    /// The next call may go out in this microsecond.
    next_us: i64,
    /// Calls in each of the last seconds, by the second's number.
    measured: [(i64, u32); MEASURED_S as usize],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct BackedOff {
    rate: u64,
    /// Calls placed before this time say nothing new when they are refused.
    since: Timestamp,
    /// The last refusal or growth.
    grown_at: Timestamp,
    /// Where no rate is configured the limit is dropped again above this one.
    free_above: u64,
}

impl Pace {
    /// Sets the configured rate in calls per 1,000 s.
    pub(crate) fn configure(&mut self, calls_per_1000_s: Option<u32>) {
        self.configured = calls_per_1000_s.map(u64::from);
    }

    /// The rate in force, in calls per 1,000 s; `None` = not limited.
    pub(crate) fn rate(&self, now: Timestamp) -> Option<u64> {
        let Some(backed_off) = self.backed_off else {
            return self.configured;
        };
        let steps = now.since(backed_off.grown_at).as_secs() / GROW_EVERY.as_secs();
        let grown = backed_off
            .rate
            .saturating_add(steps.saturating_mul(GROW_BY));
        match self.configured {
            Some(configured) => Some(grown.min(configured)),
            None if grown > backed_off.free_above => None,
            None => Some(grown),
        }
    }

    /// Whether a call may go out now.
    ///
    /// # Errors
    /// When the next one may.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), Timestamp> {
        match self.rate(now) {
            None => Ok(()),
            Some(0) => Err(Timestamp::MAX),
            // A millisecond may hold several slots: those that lie within it are open.
            Some(_) if self.next_us < micros(now).saturating_add(1_000) => Ok(()),
            Some(_) => Err(Timestamp::from_millis(self.next_us.div_euclid(1_000))),
        }
    }

    /// A call goes out.
    pub(crate) fn take(&mut self, now: Timestamp) {
        let second = now.millis().div_euclid(1_000);
        let slot = &mut self.measured[second.rem_euclid(MEASURED_S) as usize];
        if slot.0 != second {
            *slot = (second, 0);
        }
        slot.1 = slot.1.saturating_add(1);
        if let Some(rate) = self.rate(now).filter(|&rate| rate > 0) {
            let spacing = i64::try_from(1_000_000_000_u64.div_ceil(rate)).unwrap_or(i64::MAX);
            let late = micros(now).saturating_sub(self.next_us);
            let is_on_time = late <= LATE_MAX.as_micros() as i64;
            let slot = if is_on_time {
                self.next_us
            } else {
                micros(now)
            };
            self.next_us = slot.saturating_add(spacing);
        }
    }

    /// The trunk refused a call that was placed at `placed` for want of capacity.
    pub(crate) fn refused(&mut self, now: Timestamp, placed: Timestamp) {
        if self.backed_off.is_some_and(|b| placed < b.since) {
            return;
        }
        let before = self.rate(now).unwrap_or_else(|| self.measure(now));
        let rate = (before / 2).max(RATE_MIN);
        self.backed_off = Some(BackedOff {
            rate,
            since: now,
            grown_at: now,
            free_above: before.saturating_mul(2).max(GROW_BY),
        });
    }

    /// Calls in 1,000 s, by the calls of the last seconds.
    fn measure(&self, now: Timestamp) -> u64 {
        let second = now.millis().div_euclid(1_000);
        let recent = self
            .measured
            .iter()
            .filter(|(s, calls)| second - s < MEASURED_S && *calls > 0);
        let (seconds, calls) = recent.fold((0_u64, 0_u64), |(s, n), &(_, calls)| {
            (s + 1, n + u64::from(calls))
        });
        calls * 1_000 / seconds.max(1)
    }
}

fn micros(t: Timestamp) -> i64 {
    t.millis().saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// Calls placed in `[from, to)` when every millisecond is used.
    fn calls(pace: &mut Pace, from: i64, to: i64) -> u32 {
        let mut placed = 0;
        for t in from..to {
            while pace.check(ms(t)).is_ok() && placed < 1_000_000 {
                pace.take(ms(t));
                placed += 1;
            }
        }
        placed
    }

    #[test]
    fn calls_are_spaced_evenly() {
        let mut pace = Pace::default();
        pace.configure(Some(10_000));
        assert_eq!(calls(&mut pace, 0, 1), 1);
        assert_eq!(pace.check(ms(1)), Err(ms(100)));
        assert_eq!(calls(&mut pace, 1, 1_000), 9);
        // Time without calls gives no burst.
        assert_eq!(calls(&mut pace, 60_000, 60_050), 1);
    }

    #[test]
    fn slots_taken_late_do_not_lower_the_rate() {
        let mut pace = Pace::default();
        pace.configure(Some(200_000));
        let (mut now, mut placed) = (0, 0);
        while now < 10_000 {
            if let Err(until) = pace.check(ms(now)) {
                // A wake-up is one, two or three milliseconds late.
                now = until.millis() + 1 + placed % 3;
            }
            pace.take(ms(now));
            placed += 1;
        }
        assert!((1_998..=2_001).contains(&placed), "{placed}");
    }

    #[test]
    fn rates_above_one_call_a_millisecond_are_kept() {
        let mut pace = Pace::default();
        pace.configure(Some(3_000_000));
        // Spacing is in whole microseconds, rounded up: never more than the rate.
        let placed = calls(&mut pace, 0, 1_000);
        assert!((2_990..=3_000).contains(&placed), "{placed}");
    }

    #[test]
    fn a_refusal_halves_the_rate_once_and_it_grows_back() {
        let mut pace = Pace::default();
        pace.configure(Some(40_000));
        pace.take(ms(0));
        pace.refused(ms(100), ms(0));
        assert_eq!(pace.rate(ms(100)), Some(20_000));
        // A call that was out before the rate was halved says nothing new.
        pace.refused(ms(150), ms(90));
        assert_eq!(pace.rate(ms(150)), Some(20_000));
        pace.refused(ms(300), ms(200));
        assert_eq!(pace.rate(ms(300)), Some(10_000));
        assert_eq!(pace.rate(ms(10_300)), Some(11_000));
        assert_eq!(pace.rate(ms(1_000_000)), Some(40_000));
    }

    #[test]
    fn without_a_configured_rate_the_measured_one_is_halved() {
        let mut pace = Pace::default();
        for t in 0..4_000 {
            if t % 20 == 0 {
                pace.take(ms(t));
            }
        }
        assert!(pace.check(ms(4_000)).is_ok());
        pace.refused(ms(4_000), ms(3_990));
        assert_eq!(pace.rate(ms(4_000)), Some(25_000));
        assert_eq!(pace.rate(ms(4_000 + 760_000)), None);
    }
}
