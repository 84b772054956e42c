//! How long something lasts, learned from exposure: the time spent at each age, and the ends seen there.
//!
//! Finished calls alone would mislead: an answer comes within seconds and a call that nobody takes rings
//! on for half a minute, so that whatever has ended so far answered too often.

use serde::{Deserialize, Serialize};

/// Ages in seconds at which intervals begin; the last interval has no end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ages(pub(super) &'static [f64]);

impl Ages {
    pub(super) fn len(self) -> usize {
        self.0.len()
    }

    /// The interval that holds an age.
    pub(super) fn index(self, age: f64) -> usize {
        self.0
            .partition_point(|&begin| begin <= age)
            .saturating_sub(1)
    }

    fn end(self, index: usize) -> f64 {
        self.0.get(index + 1).copied().unwrap_or(f64::INFINITY)
    }
}

/// Seconds spent in each interval of age.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Exposure {
    secs: Vec<f64>,
}

/// Ends in each interval of age.
pub(super) type Ends = Vec<f64>;

impl Exposure {
    pub(super) fn new(ages: Ages) -> Self {
        let secs = vec![0.0; ages.len()];
        Self { secs }
    }

    /// Something lasted on from one age to another; what each second of it counts is told too.
    pub(super) fn add(&mut self, ages: Ages, from: f64, to: f64, mut each: impl FnMut(usize, f64)) {
        let mut at = from.max(0.0);
        let mut index = ages.index(at);
        while at < to {
            let end = ages.end(index).min(to);
            self.secs[index] += end - at;
            each(index, end - at);
            (at, index) = (end, index + 1);
        }
    }

    pub(super) fn secs(&self, index: usize) -> f64 {
        self.secs[index]
    }

    pub(super) fn total(&self) -> f64 {
        self.secs.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGES: Ages = Ages(&[0.0, 5.0, 10.0]);

    #[test]
    fn time_is_spent_at_the_ages_through_which_it_passes() {
        let mut exposure = Exposure::new(AGES);
        let mut told = Vec::new();
        exposure.add(AGES, 4.0, 12.0, |index, secs| told.push((index, secs)));
        exposure.add(AGES, -1.0, 1.0, |_, _| ());
        assert_eq!(told, [(0, 1.0), (1, 5.0), (2, 2.0)]);
        assert_eq!(exposure.secs, [2.0, 5.0, 2.0]);
        assert_eq!(exposure.total(), 9.0);
        assert_eq!(
            [AGES.index(0.0), AGES.index(9.9), AGES.index(1e6)],
            [0, 1, 2]
        );
    }
}
