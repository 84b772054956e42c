//! When a campaign may dial: its period and, inside it, the calling windows of each day.

mod day_rule;
mod days;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::time::Timestamp;
use days::Days;

pub use day_rule::{CalendarError, DayRule, DaySelector, TimeOfDay, Window};

/// How far ahead [`Calendar::next_change`] looks: two years and a day, so that a rule for one
/// yearly date is found whatever the day.
const HORIZON_DAYS: u32 = 731;

/// A campaign's period together with its day rules, in one time zone.
///
/// The first rule that matches a day gives that day's windows. A calendar without rules is open for
/// its whole period; with rules, a day that none matches is closed. Windows are local wall time: one
/// in a skipped hour does not exist, one in a repeated hour counts both times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Calendar {
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    zone: TimeZone,
    rules: Vec<DayRule>,
    /// Made of `rules`.
    days: Days,
}

#[derive(Serialize, Deserialize)]
struct Parts {
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    time_zone: String,
    rules: Vec<DayRule>,
}

impl TryFrom<Parts> for Calendar {
    type Error = CalendarError;
    fn try_from(parts: Parts) -> Result<Self, CalendarError> {
        Self::new(
            parts.starts_at,
            parts.ends_at,
            &parts.time_zone,
            parts.rules,
        )
    }
}

impl From<Calendar> for Parts {
    fn from(calendar: Calendar) -> Self {
        Self {
            time_zone: calendar.time_zone().to_owned(),
            starts_at: calendar.starts_at,
            ends_at: calendar.ends_at,
            rules: calendar.rules,
        }
    }
}

impl Calendar {
    /// A calendar with this period (half-open, either side may be open) and these rules.
    ///
    /// # Errors
    /// [`CalendarError`] for an unknown zone, an empty period, or a day that does not exist.
    pub fn new(
        starts_at: Option<Timestamp>,
        ends_at: Option<Timestamp>,
        time_zone: &str,
        rules: Vec<DayRule>,
    ) -> Result<Self, CalendarError> {
        let zone = TimeZone::get(time_zone)
            .map_err(|_| CalendarError::UnknownZone(time_zone.to_owned()))?;
        if let (Some(start), Some(end)) = (starts_at, ends_at)
            && end <= start
        {
            return Err(CalendarError::EmptyPeriod);
        }
        for rule in &rules {
            rule.days.check()?;
        }
        Ok(Self {
            starts_at,
            ends_at,
            zone,
            days: Days::of(&rules),
            rules,
        })
    }

    /// Always open, in this zone.
    ///
    /// # Errors
    /// [`CalendarError::UnknownZone`].
    pub fn always(time_zone: &str) -> Result<Self, CalendarError> {
        Self::new(None, None, time_zone, Vec::new())
    }

    /// When the period starts, if it has a start.
    pub fn starts_at(&self) -> Option<Timestamp> {
        self.starts_at
    }

    /// When the period is over, if it ends.
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.ends_at
    }

    /// The IANA name of the zone whose wall time the windows mean.
    pub fn time_zone(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The rules, first match wins.
    pub fn rules(&self) -> &[DayRule] {
        &self.rules
    }

    /// The same calendar read in another zone (a contact's own).
    ///
    /// # Errors
    /// [`CalendarError::UnknownZone`].
    pub fn in_zone(&self, time_zone: &str) -> Result<Self, CalendarError> {
        Self::new(self.starts_at, self.ends_at, time_zone, self.rules.clone())
    }

    /// Whether the period is over at `t`.
    pub fn is_over(&self, t: Timestamp) -> bool {
        self.ends_at.is_some_and(|end| t >= end)
    }

    /// Whether dialing is allowed at `t`.
    pub fn is_open(&self, t: Timestamp) -> bool {
        self.in_period(t) && self.in_window(t)
    }

    /// The next instant after `t` at which [`Calendar::is_open`] answers otherwise than at `t`;
    /// `None` when it stays as it is for two years.
    pub fn next_change(&self, t: Timestamp) -> Option<Timestamp> {
        self.next_change_within(t, HORIZON_DAYS)
    }

    /// The same, looking no more than so many local days ahead: `None` when it stays as it is for as long.
    pub fn next_change_within(&self, t: Timestamp, days: u32) -> Option<Timestamp> {
        let now_open = self.is_open(t);
        if self.is_over(t) {
            return None;
        }
        let from = if now_open {
            t
        } else {
            self.starts_at.map_or(t, |s| s.max(t))
        };
        if !now_open && from > t && self.is_open(from) {
            return Some(from);
        }
        let change = self
            .window_changes(from, days)
            .find(|&c| self.is_open(c) != now_open);
        let end = if now_open { self.ends_at } else { None };
        [change, end].into_iter().flatten().min()
    }

    /// When dialing is next allowed: `t` itself when it is open then.
    pub fn opens_at(&self, t: Timestamp) -> Option<Timestamp> {
        if self.is_open(t) {
            Some(t)
        } else {
            self.next_change(t)
        }
    }

    /// Midnight that began the local day of `t`, and the one that ends it.
    pub fn local_day(&self, t: Timestamp) -> (Timestamp, Timestamp) {
        let date = self.zone.to_datetime(t.to_jiff()).date();
        let start = self.first_instant(date.to_datetime(jiff::civil::Time::midnight()));
        let next = date.tomorrow().unwrap_or(date);
        (
            start,
            self.first_instant(next.to_datetime(jiff::civil::Time::midnight())),
        )
    }

    fn in_period(&self, t: Timestamp) -> bool {
        self.starts_at.is_none_or(|start| t >= start) && !self.is_over(t)
    }

    fn in_window(&self, t: Timestamp) -> bool {
        if self.rules.is_empty() {
            return true;
        }
        let local = self.zone.to_datetime(t.to_jiff());
        let secs = seconds_of_day(local);
        let yesterday = local.date().yesterday().ok();
        self.windows_of(local.date())
            .iter()
            .any(|w| w.holds_on_its_day(secs))
            || yesterday
                .is_some_and(|d| self.windows_of(d).iter().any(|w| w.holds_on_next_day(secs)))
    }

    fn windows_of(&self, date: Date) -> &[Window] {
        self.days
            .rule_of(date)
            .and_then(|rule| self.rules.get(rule))
            .map_or(&[], |rule| &rule.windows)
    }

    /// Instants after `t`, in order, at which a window may open or close.
    fn window_changes(&self, t: Timestamp, days: u32) -> impl Iterator<Item = Timestamp> {
        let today = self.zone.to_datetime(t.to_jiff()).date();
        let days = if self.rules.is_empty() { 0 } else { days };
        (0..days)
            .filter_map(move |n| today.checked_add(i64::from(n).days()).ok())
            .flat_map(move |date| {
                let mut changes = self.changes_on(date);
                changes.retain(|&c| c > t);
                changes.sort_unstable();
                changes
            })
    }

    /// Instants of a local day at which a window may open or close, in no order.
    fn changes_on(&self, date: Date) -> Vec<Timestamp> {
        let windows = self.windows_of(date);
        let over_midnight = date
            .yesterday()
            .map_or(&[][..], |yesterday| self.windows_of(yesterday))
            .iter()
            .filter(|w| w.over_midnight());
        let mut changes: Vec<Timestamp> = over_midnight
            .flat_map(|w| self.instants(date, w.to()))
            .collect();
        for window in windows {
            changes.extend(self.instants(date, window.from()));
            if !window.over_midnight() {
                changes.extend(self.instants(date, window.to()));
            }
        }
        if !changes.is_empty() {
            // Clocks put forward or back inside a window open and close it as well.
            let start = self.first_instant(date.to_datetime(jiff::civil::Time::midnight()));
            let end = self.first_instant(
                date.tomorrow()
                    .unwrap_or(date)
                    .to_datetime(jiff::civil::Time::midnight()),
            );
            let shifts = self
                .zone
                .following((start - Duration::from_millis(1)).to_jiff());
            changes.extend(
                shifts
                    .map(|s| Timestamp::from_jiff(s.timestamp()))
                    .take_while(|&s| s < end),
            );
        }
        changes
    }

    /// The instants at which a wall clock shows this time: none to two, or where it is skipped, the
    /// instant of the skip.
    fn instants(&self, date: Date, time: TimeOfDay) -> impl Iterator<Item = Timestamp> + use<> {
        let wall = date
            .to_datetime(jiff::civil::Time::midnight())
            .checked_add(i64::from(time.secs()).seconds())
            .unwrap_or_else(|_| date.to_datetime(jiff::civil::Time::midnight()));
        let ambiguous = self.zone.to_ambiguous_timestamp(wall);
        let (first, second) = match ambiguous.offset() {
            AmbiguousOffset::Fold { before, after } => (
                before.to_timestamp(wall).ok(),
                after.to_timestamp(wall).ok(),
            ),
            _ => (ambiguous.compatible().ok(), None),
        };
        [first, second]
            .into_iter()
            .flatten()
            .map(Timestamp::from_jiff)
    }

    fn first_instant(&self, wall: DateTime) -> Timestamp {
        self.zone
            .to_ambiguous_timestamp(wall)
            .compatible()
            .map_or(Timestamp::MAX, Timestamp::from_jiff)
    }
}

fn seconds_of_day(local: DateTime) -> u32 {
    // Hours, minutes and seconds of a civil time are never negative.
    local.hour() as u32 * 3600 + local.minute() as u32 * 60 + local.second() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn window(from: &str, to: &str) -> Window {
        Window::new(
            TimeOfDay::parse(from).unwrap(),
            TimeOfDay::parse(to).unwrap(),
        )
        .unwrap()
    }

    fn calendar(zone: &str, rules: Vec<DayRule>) -> Calendar {
        Calendar::new(None, None, zone, rules).unwrap()
    }

    fn daily(zone: &str, windows: Vec<Window>) -> Calendar {
        calendar(
            zone,
            vec![DayRule {
                days: DaySelector::Every,
                windows,
            }],
        )
    }

    #[test]
    fn windows_are_half_open_local_wall_time() {
        let c = daily("Asia/Shanghai", vec![window("09:00", "21:00")]);
        assert!(!c.is_open(at("2026-11-20T08:59:59.999+08:00")));
        assert!(c.is_open(at("2026-11-20T09:00:00+08:00")));
        assert!(c.is_open(at("2026-11-20T20:59:59.999+08:00")));
        assert!(!c.is_open(at("2026-11-20T21:00:00+08:00")));
        assert_eq!(
            c.next_change(at("2026-11-20T12:00:00+08:00")),
            Some(at("2026-11-20T21:00:00+08:00"))
        );
        assert_eq!(
            c.opens_at(at("2026-11-20T22:00:00+08:00")),
            Some(at("2026-11-21T09:00:00+08:00"))
        );
    }

    #[test]
    fn the_first_matching_rule_gives_the_day_its_windows() {
        let c = calendar(
            "Asia/Shanghai",
            vec![
                DayRule {
                    days: DaySelector::Dates(vec![(2026, 10, 1)]),
                    windows: vec![],
                },
                DayRule {
                    days: DaySelector::Weekdays(vec![1, 2, 3, 4, 5]),
                    windows: vec![window("09:00", "12:00"), window("14:00", "18:00")],
                },
            ],
        );
        assert!(!c.is_open(at("2026-10-01T10:00:00+08:00")), "a holiday");
        assert!(c.is_open(at("2026-10-02T10:00:00+08:00")));
        assert!(
            !c.is_open(at("2026-10-02T13:00:00+08:00")),
            "between two windows"
        );
        assert!(!c.is_open(at("2026-10-03T10:00:00+08:00")), "a Saturday");
        assert_eq!(
            c.opens_at(at("2026-10-02T19:00:00+08:00")),
            Some(at("2026-10-05T09:00:00+08:00"))
        );
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_it_starts() {
        let c = calendar(
            "Asia/Shanghai",
            vec![DayRule {
                days: DaySelector::Weekdays(vec![5]),
                windows: vec![window("22:00", "02:00")],
            }],
        );
        assert!(c.is_open(at("2026-11-20T23:00:00+08:00")), "Friday night");
        assert!(
            c.is_open(at("2026-11-21T01:59:00+08:00")),
            "still Friday's window"
        );
        assert!(
            !c.is_open(at("2026-11-21T23:00:00+08:00")),
            "Saturday has none"
        );
        assert_eq!(
            c.next_change(at("2026-11-20T23:00:00+08:00")),
            Some(at("2026-11-21T02:00:00+08:00"))
        );
    }

    #[test]
    fn a_window_in_a_skipped_hour_does_not_exist() {
        // New York, 8 March 2026: 02:00 to 03:00 is skipped.
        let c = daily("America/New_York", vec![window("02:15", "02:45")]);
        assert_eq!(
            c.opens_at(at("2026-03-08T00:00:00-05:00")),
            Some(at("2026-03-09T02:15:00-04:00"))
        );
        let across = daily("America/New_York", vec![window("01:30", "02:30")]);
        assert_eq!(
            across.next_change(at("2026-03-08T01:45:00-05:00")),
            Some(at("2026-03-08T03:00:00-04:00"))
        );
    }

    #[test]
    fn a_window_in_a_repeated_hour_counts_both_times() {
        // New York, 1 November 2026: 01:00 to 02:00 comes twice.
        let c = daily("America/New_York", vec![window("01:15", "01:45")]);
        let first = at("2026-11-01T01:15:00-04:00");
        let second = at("2026-11-01T01:15:00-05:00");
        assert_eq!(c.opens_at(at("2026-11-01T00:00:00-04:00")), Some(first));
        assert_eq!(c.next_change(first), Some(at("2026-11-01T01:45:00-04:00")));
        assert_eq!(c.opens_at(at("2026-11-01T01:50:00-04:00")), Some(second));
    }

    #[test]
    fn the_period_bounds_every_window() {
        let c = Calendar::new(
            Some(at("2026-11-20T10:00:00Z")),
            Some(at("2026-11-20T12:00:00Z")),
            "UTC",
            vec![],
        )
        .unwrap();
        assert_eq!(
            c.opens_at(at("2026-11-01T00:00:00Z")),
            Some(at("2026-11-20T10:00:00Z"))
        );
        assert_eq!(
            c.next_change(at("2026-11-20T11:00:00Z")),
            Some(at("2026-11-20T12:00:00Z"))
        );
        assert!(c.is_over(at("2026-11-20T12:00:00Z")));
        assert_eq!(c.opens_at(at("2026-11-20T12:00:00Z")), None);
    }

    #[test]
    fn next_change_agrees_with_is_open_minute_by_minute() {
        let zones = [
            "America/New_York",
            "Asia/Shanghai",
            "Australia/Lord_Howe",
            "Europe/London",
        ];
        for zone in zones {
            let c = calendar(
                zone,
                vec![
                    DayRule {
                        days: DaySelector::MonthDays(vec![1, 8]),
                        windows: vec![window("23:30", "02:10"), window("12:00", "24:00")],
                    },
                    DayRule {
                        days: DaySelector::Weekdays(vec![7]),
                        windows: vec![window("00:00", "01:30")],
                    },
                    DayRule {
                        days: DaySelector::Every,
                        windows: vec![window("01:10", "01:50")],
                    },
                ],
            );
            for start in [
                "2026-03-06T00:00:00Z",
                "2026-10-30T00:00:00Z",
                "2026-04-03T00:00:00Z",
            ] {
                let mut t = at(start);
                let end = t + std::time::Duration::from_secs(5 * 86_400);
                let mut expected = c.next_change(t);
                while t < end {
                    let next = t + std::time::Duration::from_secs(60);
                    if c.is_open(next) != c.is_open(t) {
                        assert_eq!(expected, Some(next), "{zone} after {t}");
                        expected = c.next_change(next);
                    }
                    t = next;
                }
            }
        }
    }

    #[test]
    fn times_of_day_are_read_strictly() {
        assert_eq!(TimeOfDay::parse("24:00").unwrap(), TimeOfDay::END);
        assert_eq!(
            TimeOfDay::parse("09:00:30").unwrap().to_string(),
            "09:00:30"
        );
        for wrong in [
            "9:00",
            "25:00",
            "24:01",
            "12:60",
            "12",
            "12:00:00:00",
            "ab:cd",
            "",
        ] {
            assert!(TimeOfDay::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn thousands_of_dates_are_not_looked_at_one_by_one() {
        // The years 1 to 9 have long passed: no day ahead of us is among 76,000 dates.
        let dates = |rule: i16| {
            let dates = (0..190).map(|n| (rule % 9 + 1, (n / 28 + 1) as u8, (n % 28 + 1) as u8));
            DayRule {
                days: DaySelector::Dates(dates.collect()),
                windows: Vec::new(),
            }
        };
        let half_hour = |n: u32| {
            let time = |n: u32| TimeOfDay::from_secs(n * 1_800).unwrap();
            Window::new(time(n), time(n + 1)).unwrap()
        };
        let always = DayRule {
            days: DaySelector::Every,
            windows: (0..48).map(half_hour).collect(),
        };
        let rules: Vec<_> = (0..400).map(dates).chain([always]).collect();
        let calendar = Calendar::new(None, None, "Asia/Shanghai", rules).unwrap();
        let began = std::time::Instant::now();
        assert_eq!(calendar.next_change(at("2026-11-20T12:00:00+08:00")), None);
        // One by one it takes minutes.
        let took = began.elapsed();
        assert!(took < Duration::from_secs(20), "{took:?}");
    }

    #[test]
    fn the_first_rule_that_names_a_day_holds_whatever_it_calls_the_day() {
        let rule = |days, from: &str, to: &str| {
            let time = |text| TimeOfDay::parse(text).unwrap();
            let windows = vec![Window::new(time(from), time(to)).unwrap()];
            DayRule { days, windows }
        };
        let rules = vec![
            rule(DaySelector::Yearly(vec![(11, 20)]), "10:00", "11:00"),
            rule(
                DaySelector::Dates(vec![(2026, 11, 20), (2026, 11, 21)]),
                "12:00",
                "13:00",
            ),
            rule(DaySelector::Weekdays(vec![7]), "14:00", "15:00"),
            rule(DaySelector::MonthDays(vec![22, 23]), "16:00", "17:00"),
            rule(DaySelector::Every, "18:00", "19:00"),
        ];
        let calendar = Calendar::new(None, None, "Asia/Shanghai", rules).unwrap();
        for (day, hour) in [(20, 10), (21, 12), (22, 14), (23, 16), (24, 18)] {
            let midnight = at(&format!("2026-11-{day}T00:00:00+08:00"));
            let opens = at(&format!("2026-11-{day}T{hour}:00:00+08:00"));
            assert_eq!(calendar.opens_at(midnight), Some(opens), "day {day}");
        }
    }
}
