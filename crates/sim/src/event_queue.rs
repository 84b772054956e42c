//! What is going to happen, in the order in which it will.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use outdial_domain::Timestamp;

/// Things to come. Two at the same instant happen in the order in which they were planned.
#[derive(Debug)]
pub(crate) struct EventQueue<T> {
    heap: BinaryHeap<Reverse<Planned<T>>>,
    planned: u64,
}

#[derive(Debug)]
struct Planned<T> {
    at: Timestamp,
    turn: u64,
    thing: T,
}

impl<T> EventQueue<T> {
    pub(crate) fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            planned: 0,
        }
    }

    pub(crate) fn plan(&mut self, at: Timestamp, thing: T) {
        self.planned += 1;
        self.heap.push(Reverse(Planned {
            at,
            turn: self.planned,
            thing,
        }));
    }

    /// When the next thing happens.
    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.heap.peek().map(|Reverse(planned)| planned.at)
    }

    pub(crate) fn pop(&mut self) -> Option<(Timestamp, T)> {
        self.heap
            .pop()
            .map(|Reverse(planned)| (planned.at, planned.thing))
    }
}

impl<T> PartialEq for Planned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.turn == other.turn
    }
}

impl<T> Eq for Planned<T> {}

impl<T> PartialOrd for Planned<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Planned<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.turn).cmp(&(other.at, other.turn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_planned_for_one_instant_keeps_its_order() {
        let mut queue = EventQueue::new();
        let at = Timestamp::from_secs;
        queue.plan(at(5), "late");
        queue.plan(at(1), "first");
        queue.plan(at(1), "second");
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(_, t)| t).collect();
        assert_eq!(order, ["first", "second", "late"]);
    }
}
