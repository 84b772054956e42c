//! A change detector for the share of permanent failures: a CUSUM against a learned baseline.
//!
//! Lists differ: on one a twentieth of the numbers is dead, on another two fifths. What tells a
//! wrong prefix or a blocked caller ID from a bad list is the *change*. Each result adds its log
//! likelihood ratio "the share has jumped" against "it is as it was" to a score that never falls
//! below zero; a score above the threshold is an alarm, and the change happened where the score
//! last left zero (Page 1954; Lorden 1971: for a known baseline the mean number of results between
//! false alarms is at least `exp(threshold)`).
//!
//! The baseline is not known but learned, slowly and only from results that turned out to be no
//! alarm: those since the score left zero wait until it has returned there. What is not known well
//! yet is taken to be bad: the upper end of what the results so far allow stands for the baseline.

use serde::{Deserialize, Serialize};

/// `exp(15.5)` is 5.4 million results.
const THRESHOLD: f64 = 15.5;
/// Share of the way from the baseline to "all fail" at which the detector is sharpest.
const JUMP: f64 = 0.8;
/// Before the first result: a tenth fails, weighed like so many results.
const PRIOR_SHARE: f64 = 0.1;
const PRIOR_WEIGHT: f64 = 4.0;
/// Results that the baseline remembers.
const MEMORY: f64 = 1_000.0;
/// Standard deviations above the mean that still count as possible.
const CAUTION: f64 = 2.6;
/// The baseline is never taken to be better or worse than this.
const BASELINE_MIN: f64 = 0.15;
const BASELINE_MAX: f64 = 0.8;

/// The detector.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cusum {
    score: f64,
    results: f64,
    failures: f64,
    run_results: f64,
    run_failures: f64,
}

/// What a result did to the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The score is zero: nothing points to a change.
    Calm,
    /// The score is above zero: the result belongs to a run that may be the beginning of a change.
    Rising,
    /// There was a change, where the run began.
    Alarm,
}

impl Default for Cusum {
    fn default() -> Self {
        Self {
            score: 0.0,
            results: PRIOR_WEIGHT,
            failures: PRIOR_WEIGHT * PRIOR_SHARE,
            run_results: 0.0,
            run_failures: 0.0,
        }
    }
}

impl Cusum {
    /// Takes one result.
    pub(crate) fn take(&mut self, failed: bool) -> Step {
        let weights = self.weights();
        let weight = if failed { weights.0 } else { weights.1 };
        self.score = (self.score + weight).max(0.0);
        self.run_results += 1.0;
        self.run_failures += f64::from(u8::from(failed));
        if self.score >= THRESHOLD {
            self.forget_run();
            return Step::Alarm;
        }
        if self.score > 0.0 {
            return Step::Rising;
        }
        self.learn_run();
        Step::Calm
    }

    /// How much a failure and a pass speak for a change, by what is normal now: logarithms of how much
    /// likelier each is after one.
    pub(crate) fn weights(&self) -> (f64, f64) {
        let baseline = self.baseline();
        let jumped = baseline + JUMP * (1.0 - baseline);
        let failed = (jumped / baseline).ln();
        let passed = ((1.0 - jumped) / (1.0 - baseline)).ln();
        (failed, passed)
    }

    /// Drops the run: its results say nothing about the baseline.
    pub(crate) fn forget_run(&mut self) {
        self.score = 0.0;
        self.run_results = 0.0;
        self.run_failures = 0.0;
    }

    /// So many failures were right: they are what is normal.
    pub(crate) fn accept(&mut self, failures: usize) {
        self.run_results = failures as f64;
        self.run_failures = failures as f64;
        self.learn_run();
    }

    /// The share of failures that counts as normal: the upper end of what is possible.
    fn baseline(&self) -> f64 {
        let mean = self.failures / self.results;
        // Agresti and Coull's two added failures and successes keep the deviation honest when none
        // or all have failed so far.
        let (n, share) = (
            self.results + 4.0,
            (self.failures + 2.0) / (self.results + 4.0),
        );
        let deviation = (share * (1.0 - share) / n).sqrt();
        (mean + CAUTION * deviation).clamp(BASELINE_MIN, BASELINE_MAX)
    }

    fn learn_run(&mut self) {
        self.results += self.run_results;
        self.failures += self.run_failures;
        if self.results > MEMORY {
            self.failures *= MEMORY / self.results;
            self.results = MEMORY;
        }
        self.run_results = 0.0;
        self.run_failures = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steele, Lea and Flood's SplitMix64: small and good enough to draw results from.
    struct Draw(u64);

    impl Draw {
        fn fails(&mut self, percent: u64) -> bool {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            (z ^ (z >> 31)) % 100 < percent
        }
    }

    const BASELINES: [u64; 7] = [0, 5, 10, 20, 30, 40, 50];

    #[test]
    fn a_change_to_failures_only_is_seen_within_thirty_results() {
        for percent in BASELINES {
            for seed in 0..200 {
                let mut draw = Draw(seed * 7_919 + percent);
                let mut cusum = Cusum::default();
                let before = 20 + seed * 10;
                for _ in 0..before {
                    cusum.take(draw.fails(percent));
                }
                let needed = (1..=60).find(|_| cusum.take(true) == Step::Alarm);
                let most = if percent <= 30 { 30 } else { 60 };
                assert!(
                    needed.is_some_and(|n| n <= most),
                    "{percent} % for {before} results, then {needed:?}"
                );
            }
        }
    }

    #[test]
    fn a_trunk_that_never_worked_is_seen_within_thirty_results() {
        let mut cusum = Cusum::default();
        let needed = (1..=60).find(|_| cusum.take(true) == Step::Alarm);
        assert!(needed.is_some_and(|n| n <= 30), "{needed:?}");
    }

    /// One long run and many short ones from the start, where the baseline is known worst.
    #[test]
    fn false_alarms_are_rarer_than_one_in_a_million_results() {
        for percent in BASELINES {
            let mut draw = Draw(percent + 1);
            let mut alarms = 0;
            let mut cusum = Cusum::default();
            for _ in 0..1_500_000 {
                alarms += u32::from(cusum.take(draw.fails(percent)) == Step::Alarm);
            }
            for _ in 0..5_000 {
                let mut fresh = Cusum::default();
                for _ in 0..200 {
                    alarms += u32::from(fresh.take(draw.fails(percent)) == Step::Alarm);
                }
            }
            assert!(alarms <= 1, "{percent} %: {alarms} alarms in 2.5 million");
        }
    }
}
