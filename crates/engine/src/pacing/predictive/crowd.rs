//! Who rings, talks and wraps up, and since when.

use outdial_domain::Timestamp;
use serde::{Deserialize, Serialize};

/// Calls and agents that something is expected of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crowd {
    /// Calls that ring, since they were dialed.
    pub ringing: Since,
    /// Agents who talk, since they were joined with a callee.
    pub talking: Since,
    /// Agents in wrap-up, since the end of their conversation.
    pub wrapping: Since,
}

/// Beginnings in the order of time. Those that began together are alike: one may stand for another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since(Vec<Timestamp>);

impl Since {
    /// One more that began then.
    pub fn add(&mut self, began: Timestamp) {
        let at = self.0.partition_point(|&other| other <= began);
        self.0.insert(at, began);
    }

    /// One that began then is over; whether there was one.
    pub fn remove(&mut self, began: Timestamp) -> bool {
        let found = self.0.binary_search(&began);
        if let Ok(at) = found {
            self.0.remove(at);
        }
        found.is_ok()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Ages in seconds, the oldest first.
    pub(super) fn ages(&self, now: Timestamp) -> impl Iterator<Item = f64> {
        let began = self.0.iter();
        began.map(move |began| (now.millis() - began.millis()) as f64 / 1_000.0)
    }

    /// Whole seconds of age, each with how many are of this age; the oldest first.
    pub(super) fn by_second(&self, now: Timestamp) -> impl Iterator<Item = (usize, u32)> {
        let second =
            move |began: &Timestamp| ((now.millis() - began.millis()).max(0) / 1_000) as usize;
        let same = move |a: &Timestamp, b: &Timestamp| second(a) == second(b);
        let groups = self.0.chunk_by(same);
        groups.map(move |group| (second(&group[0]), group.len() as u32))
    }
}

impl FromIterator<Timestamp> for Since {
    fn from_iter<T: IntoIterator<Item = Timestamp>>(began: T) -> Self {
        let mut began: Vec<_> = began.into_iter().collect();
        began.sort_unstable();
        Self(began)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_counted_by_second() {
        let at = Timestamp::from_millis;
        let mut since: Since = [at(2_500), at(0), at(2_100)].into_iter().collect();
        since.add(at(900));
        let now = at(3_200);
        assert_eq!(
            since.by_second(now).collect::<Vec<_>>(),
            [(3, 1), (2, 1), (1, 1), (0, 1)]
        );
        assert!(since.remove(at(0)) && !since.remove(at(1)));
        assert_eq!(since.ages(now).collect::<Vec<_>>(), [2.3, 1.1, 0.7]);
        assert_eq!(since.len(), 3);
    }
}
