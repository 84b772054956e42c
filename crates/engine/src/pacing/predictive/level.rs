//! The present level of answers against the long run: more or fewer people pick up at some hours, from
//! some batches and behind some caller IDs.

use serde::{Deserialize, Serialize};

/// After how many expected answers a memory has faded to its 1/e; the last one never fades.
const MEMORIES: [f64; 3] = [30.0, 150.0, f64::INFINITY];

/// Answers that each memory begins with, all of them expected: an opinion without weight.
const PRIOR: f64 = 2.0;

/// Expected answers after which an old success of a memory counts 1/e.
const TRIAL: f64 = 200.0;

/// Answers seen against answers expected, by memories of three lengths; the one that foretold best counts
/// most. A level that holds is soon known well, and one that jumps is followed at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Level {
    memories: [Memory; 3],
    /// What no memory has been told of yet: answers expected, and seen.
    news: (f64, f64),
}

/// What a memory still holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Memory {
    /// Seconds of ringing at each age. What was to be expected of them is known better later.
    secs: Vec<f64>,
    expected: f64,
    seen: f64,
    /// Logarithm of how well it foretold.
    score: f64,
}

impl Memory {
    fn factor(&self) -> f64 {
        (self.seen + PRIOR) / (self.expected + PRIOR)
    }
}

impl Level {
    /// A level by so many intervals of age.
    pub(super) fn new(ages: usize) -> Self {
        let memory = || Memory {
            secs: vec![0.0; ages],
            expected: 0.0,
            seen: 0.0,
            score: 0.0,
        };
        Self {
            memories: [memory(), memory(), memory()],
            news: (0.0, 0.0),
        }
    }

    /// A call rang so long at an age at which so many answers a second are expected in the long run.
    pub(super) fn rang(&mut self, age: usize, secs: f64, rate: f64) {
        self.news.0 += secs * rate;
        for memory in &mut self.memories {
            memory.secs[age] += secs;
            memory.expected += secs * rate;
        }
    }

    /// A call was answered.
    pub(super) fn answered(&mut self) {
        self.news.1 += 1.0;
        for memory in &mut self.memories {
            memory.seen += 1.0;
        }
    }

    /// Judges the memories by what has happened since, and lets them fade.
    pub(super) fn settle(&mut self) {
        let (expected, seen) = std::mem::take(&mut self.news);
        for (memory, length) in self.memories.iter_mut().zip(MEMORIES) {
            // As it was before.
            let factor = (memory.seen - seen + PRIOR) / (memory.expected - expected + PRIOR);
            memory.score =
                memory.score * (-expected / TRIAL).exp() + seen * factor.ln() - factor * expected;
            let kept = (-expected / length).exp();
            if kept < 1.0 {
                memory.seen *= kept;
                memory.expected *= kept;
                for secs in &mut memory.secs {
                    *secs *= kept;
                }
            }
        }
    }

    /// Takes what the long run is now known to expect at each age.
    pub(super) fn renew(&mut self, rates: &[f64]) {
        self.settle();
        for memory in &mut self.memories {
            let expected = memory.secs.iter().zip(rates);
            memory.expected = expected.map(|(secs, rate)| secs * rate).sum();
        }
    }

    /// The level as a factor of the long run, and its relative variance.
    pub(super) fn estimate(&self) -> (f64, f64) {
        let memories = || self.memories.iter();
        let best = memories().map(|m| m.score).fold(f64::MIN, f64::max);
        let weights = memories().map(|m| (m.score - best).exp());
        let total: f64 = weights.clone().sum();
        let weighted = || weights.clone().zip(memories());
        let mean = weighted()
            .map(|(weight, m)| weight * m.factor())
            .sum::<f64>()
            / total;
        let spread = |(weight, memory): (f64, &Memory)| {
            let factor = memory.factor();
            let own = factor * factor / (memory.seen + PRIOR);
            weight * ((factor - mean).powi(2) + own)
        };
        let variance = weighted().map(spread).sum::<f64>() / total;
        (mean, variance / (mean * mean))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many seconds in which one answer is expected, and so many come.
    fn pass(level: &mut Level, secs: u32, answers: u32) {
        for _ in 0..secs {
            level.rang(0, 1.0, 1.0);
            for _ in 0..answers {
                level.answered();
            }
            level.settle();
        }
    }

    #[test]
    fn a_level_that_holds_is_known_better_and_better() {
        let mut level = Level::new(1);
        assert_eq!(level.estimate(), (1.0, 0.5));
        let mut doubt = 0.5;
        for _ in 0..5 {
            pass(&mut level, 100, 1);
            let (mean, variance) = level.estimate();
            assert!((mean - 1.0).abs() < 1e-9);
            assert!(variance < doubt, "{variance}");
            doubt = variance;
        }
    }

    #[test]
    fn a_level_that_jumps_is_followed_within_a_few_dozen_answers() {
        let mut level = Level::new(1);
        pass(&mut level, 2_000, 1);
        pass(&mut level, 60, 2);
        assert!(level.estimate().0 > 1.7, "{:?}", level.estimate());
    }

    #[test]
    fn what_the_long_run_has_learned_is_no_news() {
        let mut level = Level::new(1);
        pass(&mut level, 1_000, 2);
        assert!(level.estimate().0 > 1.9);
        level.renew(&[2.0]);
        assert!((level.estimate().0 - 1.0).abs() < 0.02);
    }
}
