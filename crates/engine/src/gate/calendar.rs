//! The calendar gate: a campaign's period and calling windows, and its local day.

use std::time::Duration;

use outdial_domain::{Calendar, Timestamp};
use serde::{Deserialize, Serialize};

/// How long an answer is trusted that the calendar says holds for ever.
const TRUST: Duration = Duration::from_secs(24 * 3600);

/// What a calendar said, kept until it would answer otherwise: asking it means walking over days
/// and zone rules, and a gate is asked at each call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CalendarGate {
    open: bool,
    until: Timestamp,
    day: (Timestamp, Timestamp),
}

impl CalendarGate {
    pub(crate) fn new(calendar: &Calendar, now: Timestamp) -> Self {
        Self {
            open: calendar.is_open(now),
            // More days ahead than the answer is trusted for.
            until: calendar.next_change_within(now, 2).unwrap_or(now + TRUST),
            day: calendar.local_day(now),
        }
    }

    /// Asks the calendar again where its answer is out of date; says whether it has opened or
    /// closed.
    pub(crate) fn refresh(&mut self, calendar: &Calendar, now: Timestamp) -> bool {
        if now < self.until && now < self.day.1 {
            return false;
        }
        let before = self.open;
        *self = Self::new(calendar, now);
        self.open != before
    }

    /// Whether it is open, as of the last refresh.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// When it opens or closes next, or must be asked again.
    pub(crate) fn until(&self) -> Timestamp {
        self.until
    }

    /// The local midnights around the time of the last refresh.
    pub(crate) fn day(&self) -> (Timestamp, Timestamp) {
        self.day
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outdial_domain::{DayRule, DaySelector, TimeOfDay, Window};

    #[test]
    fn an_answer_is_asked_for_again_when_it_would_change() {
        let hours = DayRule {
            days: DaySelector::Every,
            windows: vec![
                Window::new(
                    TimeOfDay::parse("09:00").unwrap(),
                    TimeOfDay::parse("21:00").unwrap(),
                )
                .unwrap(),
            ],
        };
        let calendar = Calendar::new(None, None, "Asia/Shanghai", vec![hours]).unwrap();
        let noon = Timestamp::parse_rfc3339("2026-11-20T12:00:00+08:00").unwrap();
        let nine = Timestamp::parse_rfc3339("2026-11-20T21:00:00+08:00").unwrap();
        let mut gate = CalendarGate::new(&calendar, noon);
        assert!(gate.is_open());
        assert!(!gate.refresh(&calendar, nine - Duration::from_millis(1)));
        assert!(gate.refresh(&calendar, nine));
        assert!(!gate.is_open());
        assert_eq!(gate.until() - Duration::from_secs(12 * 3600), nine);
    }
}
