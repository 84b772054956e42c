//! The lines gate: calls at once of the tenant, and the lines that are guaranteed to campaigns.
//!
//! Guaranteed lines are kept free for campaigns that could use them at once; a call in progress is
//! never taken away for them. Among campaigns below their guarantee the better priority goes first.

use serde::{Deserialize, Serialize};

use super::Why;
use crate::waiters::Need;

const PRIORITIES: usize = 5;

/// The tenant's lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LinesGate {
    /// Most calls at once of the tenant.
    max: u32,
    /// Most calls at once that its trunks permit together.
    permits: u32,
    used: u32,
    /// Lines kept for campaigns below their guarantee, by priority 1–5. Together they may be more than
    /// there are, and more than a `u32` holds.
    kept: [u64; PRIORITIES],
}

/// What a campaign's guarantee keeps at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    priority: u8,
    lines: u32,
}

impl Kept {
    pub(crate) fn new(priority: u8, lines: u32) -> Self {
        Self { priority, lines }
    }

    /// Adds it to sums by priority.
    pub(crate) fn add_to(self, sums: &mut [u64; PRIORITIES]) {
        sums[self.slot()] += u64::from(self.lines);
    }

    fn slot(self) -> usize {
        usize::from(self.priority.clamp(1, PRIORITIES as u8)) - 1
    }
}

impl LinesGate {
    pub(crate) fn set_max(&mut self, max: u32) {
        self.max = max;
    }

    pub(crate) fn set_permits(&mut self, permits: u32) {
        self.permits = permits;
    }

    /// Calls at once that tenant and trunks allow.
    pub(crate) fn capacity(&self) -> u32 {
        self.max.min(self.permits)
    }

    pub(crate) fn used(&self) -> u32 {
        self.used
    }

    pub(crate) fn kept(&self) -> [u64; PRIORITIES] {
        self.kept
    }

    pub(crate) fn take(&mut self) {
        self.used += 1;
    }

    pub(crate) fn free(&mut self) {
        self.used = self.used.saturating_sub(1);
    }

    /// Replaces what a campaign's guarantee keeps; says whether lines came free by it.
    pub(crate) fn keep(&mut self, old: Kept, new: Kept) -> bool {
        let slot = &mut self.kept[old.slot()];
        *slot = slot.saturating_sub(u64::from(old.lines));
        self.kept[new.slot()] += u64::from(new.lines);
        new.lines < old.lines
    }

    /// Whether a campaign may take a line; `kept` is what its own guarantee keeps.
    ///
    /// # Errors
    /// That no line is free, or that those that are free are kept for others.
    pub(crate) fn check(&self, kept: Kept) -> Result<(), (Why, Need)> {
        let need = if kept.lines > 0 {
            Need::GuaranteedLine
        } else {
            Need::Line
        };
        if self.used >= self.max {
            return Err((Why::TenantCalls(self.max), need));
        }
        let free = u64::from(self.capacity().saturating_sub(self.used));
        let for_others: u64 = if kept.lines > 0 {
            self.kept[..kept.slot()].iter().sum()
        } else {
            self.kept.iter().sum()
        };
        // Where the trunks' permits are the limit the trunk's own gate says so.
        if for_others > 0 && free <= for_others {
            return Err((Why::KeptLines, need));
        }
        Ok(())
    }

    pub(crate) fn has(&self, need: Need) -> bool {
        let free = self.max.saturating_sub(self.used);
        match need {
            Need::GuaranteedLine => free > 0,
            _ => {
                let kept: u64 = self.kept.iter().sum();
                let left = u64::from(self.capacity().saturating_sub(self.used));
                free > 0 && (kept == 0 || left > kept)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(lines: u32) -> LinesGate {
        let mut gate = LinesGate::default();
        gate.set_max(lines);
        gate.set_permits(lines);
        gate
    }

    #[test]
    fn no_more_calls_than_the_tenant_has_lines() {
        let mut gate = gate(1);
        assert!(gate.check(Kept::default()).is_ok());
        gate.take();
        assert!(gate.check(Kept::default()).is_err());
        assert!(!gate.has(Need::Line));
        gate.free();
        assert!(gate.has(Need::Line));
    }

    #[test]
    fn guaranteed_lines_are_kept_from_better_priorities() {
        let mut gate = gate(10);
        let guarantee = Kept::new(5, 8);
        gate.keep(Kept::default(), guarantee);
        gate.take();
        gate.take();
        assert!(gate.check(Kept::new(1, 0)).is_err());
        assert!(gate.check(guarantee).is_ok());
        assert!(gate.keep(guarantee, Kept::new(5, 0)));
        assert!(gate.check(Kept::new(1, 0)).is_ok());
    }

    #[test]
    fn guarantees_beyond_all_measure_are_added_up_and_taken_off_again() {
        let mut gate = gate(10);
        let huge = Kept::new(1, u32::MAX);
        for _ in 0..3 {
            gate.keep(Kept::default(), huge);
        }
        assert!(gate.check(Kept::new(5, 0)).is_err());
        assert!(!gate.has(Need::Line));
        for _ in 0..3 {
            gate.keep(huge, Kept::default());
        }
        assert!(gate.check(Kept::new(5, 0)).is_ok());
        assert!(gate.has(Need::Line));
    }

    #[test]
    fn of_two_guarantees_the_better_priority_goes_first() {
        let mut gate = gate(10);
        let (first, second) = (Kept::new(1, 8), Kept::new(2, 8));
        gate.keep(Kept::default(), first);
        gate.keep(Kept::default(), second);
        assert!(gate.check(second).is_ok());
        gate.take();
        gate.take();
        assert!(gate.check(second).is_err());
        assert!(gate.check(first).is_ok());
    }
}
