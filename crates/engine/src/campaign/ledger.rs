//! The abandonment ledger: live answers and those that nobody took in time, over the window in which
//! the ceiling is kept.

use std::collections::VecDeque;

use outdial_domain::{AbandonmentWindow, Share, Timestamp};
use serde::{Deserialize, Serialize};

use crate::input::Ledger;

/// A rolling window is counted in so many parts.
const PARTS: i64 = 60;

/// The ledger of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LedgerWindow {
    window: AbandonmentWindow,
    /// What the present window holds; in a rolling one the sum of the parts.
    now: Ledger,
    /// Parts of a rolling window by their number, oldest first.
    parts: VecDeque<(i64, Ledger)>,
    /// The beginning of the day that `now` belongs to.
    day: Timestamp,
}

impl LedgerWindow {
    /// A window with what was counted `before`, oldest first.
    pub(crate) fn new(
        window: AbandonmentWindow,
        before: &[(Timestamp, Ledger)],
        now: Timestamp,
        day: Timestamp,
    ) -> Self {
        let mut this = Self {
            window,
            now: Ledger::default(),
            parts: VecDeque::new(),
            day,
        };
        for &(at, counted) in before {
            // Nothing was counted in times to come, whatever a clock says that was set back.
            this.add(at.min(now), day, counted);
        }
        this.roll(now, day);
        this
    }

    /// Another window from now on; what was counted stays, as far as it can.
    pub(crate) fn revise(&mut self, window: AbandonmentWindow, now: Timestamp) {
        if window != self.window {
            *self = Self::new(window, &[(now, self.now)], now, self.day);
        }
    }

    /// A live answer that an agent took in time.
    pub(crate) fn taken(&mut self, now: Timestamp, day: Timestamp) {
        let one = Ledger {
            live: 1,
            abandoned: 0,
        };
        self.add(now, day, one);
    }

    /// A live answer that nobody took in time.
    pub(crate) fn abandoned(&mut self, now: Timestamp, day: Timestamp) {
        let one = Ledger {
            live: 1,
            abandoned: 1,
        };
        self.add(now, day, one);
    }

    /// An answer that was counted as taken was a machine's.
    pub(crate) fn was_machine(&mut self) {
        self.now.live = self.now.live.saturating_sub(1).max(self.now.abandoned);
        if let Some((_, part)) = self.parts.back_mut() {
            part.live = part.live.saturating_sub(1).max(part.abandoned);
        }
    }

    /// A shift begins: the first agent has come.
    pub(crate) fn shift_begins(&mut self) {
        if self.window == AbandonmentWindow::Shift {
            self.now = Ledger::default();
        }
    }

    /// What the window holds. `day` is the campaign's last local midnight.
    pub(crate) fn at(&self, now: Timestamp, day: Timestamp) -> Ledger {
        if self.is_another_day(day) {
            return Ledger::default();
        }
        let mut ledger = self.now;
        for part in self.gone(now) {
            take_off(&mut ledger, part);
        }
        ledger
    }

    /// Whether the share of abandoned calls is at a ceiling or above it. A ceiling of zero is reached
    /// before the first call, any other with the first abandoned one that is too many.
    pub(crate) fn has_reached(&self, ceiling: Share, now: Timestamp, day: Timestamp) -> bool {
        let ledger = self.at(now, day);
        let most = u128::from(ceiling.basis_points());
        let is_at = u128::from(ledger.abandoned) * 10_000 >= u128::from(ledger.live) * most;
        is_at && (ledger.abandoned > 0 || most == 0)
    }

    fn add(&mut self, now: Timestamp, day: Timestamp, more: Ledger) {
        self.roll(now, day);
        self.now.live += more.live;
        self.now.abandoned += more.abandoned;
        if let Some(number) = self.part(now) {
            if self.parts.back().is_none_or(|&(last, _)| last != number) {
                self.parts.push_back((number, Ledger::default()));
            }
            if let Some((_, part)) = self.parts.back_mut() {
                part.live += more.live;
                part.abandoned += more.abandoned;
            }
        }
    }

    /// Drops what has left the window.
    fn roll(&mut self, now: Timestamp, day: Timestamp) {
        if self.is_another_day(day) {
            self.now = Ledger::default();
        }
        self.day = day;
        for _ in 0..self.gone(now).count() {
            if let Some((_, part)) = self.parts.pop_front() {
                take_off(&mut self.now, part);
            }
        }
    }

    fn is_another_day(&self, day: Timestamp) -> bool {
        self.window == AbandonmentWindow::Day && day != self.day
    }

    /// Parts that have left a rolling window.
    fn gone(&self, now: Timestamp) -> impl Iterator<Item = Ledger> {
        let first = self.part(now).map(|number| number - PARTS + 1);
        self.parts
            .iter()
            .take_while(move |&&(number, _)| first.is_some_and(|first| number < first))
            .map(|&(_, part)| part)
    }

    /// The number of the part of a rolling window that `now` lies in.
    fn part(&self, now: Timestamp) -> Option<i64> {
        match self.window {
            AbandonmentWindow::Rolling(length) => {
                let part_ms = i64::try_from(length.as_millis()).unwrap_or(i64::MAX) / PARTS;
                Some(now.millis().div_euclid(part_ms.max(1)))
            }
            AbandonmentWindow::Day | AbandonmentWindow::Shift => None,
        }
    }
}

fn take_off(from: &mut Ledger, part: Ledger) {
    from.live = from.live.saturating_sub(part.live);
    from.abandoned = from.abandoned.saturating_sub(part.abandoned);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const DAY: Timestamp = Timestamp::from_secs(0);

    fn counts(ledger: Ledger) -> (u64, u64) {
        (ledger.live, ledger.abandoned)
    }

    #[test]
    fn a_day_ends_at_the_campaigns_midnight() {
        let at = Timestamp::from_secs;
        let before = Ledger {
            live: 10,
            abandoned: 1,
        };
        let mut ledger = LedgerWindow::new(AbandonmentWindow::Day, &[(at(5), before)], at(10), DAY);
        ledger.taken(at(11), DAY);
        ledger.abandoned(at(12), DAY);
        assert_eq!(counts(ledger.at(at(13), DAY)), (12, 2));
        assert_eq!(counts(ledger.at(at(86_401), at(86_400))), (0, 0));
    }

    #[test]
    fn a_rolling_window_forgets_bit_by_bit() {
        let at = Timestamp::from_secs;
        let window = AbandonmentWindow::Rolling(Duration::from_secs(600));
        let mut ledger = LedgerWindow::new(window, &[], at(0), DAY);
        ledger.abandoned(at(1), DAY);
        ledger.taken(at(300), DAY);
        assert_eq!(counts(ledger.at(at(599), DAY)), (2, 1));
        assert_eq!(counts(ledger.at(at(605), DAY)), (1, 0));
        assert_eq!(counts(ledger.at(at(1_000), DAY)), (0, 0));
    }

    #[test]
    fn what_was_counted_before_a_restart_leaves_a_rolling_window_when_its_time_is_over() {
        let at = Timestamp::from_secs;
        let one = Ledger {
            live: 1,
            abandoned: 1,
        };
        let before = [(at(100), one), (at(500), one)];
        let window = AbandonmentWindow::Rolling(Duration::from_secs(600));
        let ledger = LedgerWindow::new(window, &before, at(650), DAY);
        assert_eq!(counts(ledger.at(at(650), DAY)), (2, 2));
        assert_eq!(counts(ledger.at(at(720), DAY)), (1, 1));
        assert_eq!(counts(ledger.at(at(1_200), DAY)), (0, 0));
    }

    #[test]
    fn a_machine_does_not_count_as_a_live_answer() {
        let mut ledger = LedgerWindow::new(AbandonmentWindow::Shift, &[], DAY, DAY);
        ledger.taken(DAY, DAY);
        ledger.was_machine();
        ledger.was_machine();
        assert_eq!(counts(ledger.at(DAY, DAY)), (0, 0));
        ledger.abandoned(DAY, DAY);
        ledger.shift_begins();
        assert_eq!(counts(ledger.at(DAY, DAY)), (0, 0));
    }

    #[test]
    fn a_ceiling_is_reached_with_the_abandoned_call_that_is_too_many() {
        let share = |points| Share::from_basis_points(points).unwrap();
        let window = AbandonmentWindow::Rolling(Duration::from_secs(600));
        let mut ledger = LedgerWindow::new(window, &[], DAY, DAY);
        assert!(!ledger.has_reached(share(300), DAY, DAY));
        assert!(ledger.has_reached(share(0), DAY, DAY));
        ledger.abandoned(DAY, DAY);
        for _ in 0..32 {
            ledger.taken(DAY, DAY);
        }
        assert!(ledger.has_reached(share(300), DAY, DAY));
        ledger.taken(DAY, DAY);
        assert!(!ledger.has_reached(share(300), DAY, DAY));
        assert!(ledger.has_reached(share(200), DAY, DAY));
        assert!(!ledger.has_reached(share(200), Timestamp::from_secs(601), DAY));
    }
}
