//! When a campaign may dial: its period and, inside it, the calling windows of each day.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::range::{OutOfRange, within};
use crate::time::Timestamp;

/// How far ahead [`Calendar::next_change`] looks: two years and a day, so that a rule for one
/// yearly date is found whatever the day.
const HORIZON_DAYS: i32 = 731;

/// A local time of day in whole seconds, 00:00:00 to 24:00:00 (the end of the day).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TimeOfDay(u32);

impl TimeOfDay {
    /// The end of the day.
    pub const END: Self = Self(86_400);

    /// The time so many seconds after midnight, at most 86 400.
    ///
    /// # Errors
    /// [`OutOfRange`] beyond the end of the day.
    pub fn from_secs(secs: u32) -> Result<Self, OutOfRange> {
        within("time of day", i64::from(secs), 0, 86_400).map(|_| Self(secs))
    }

    /// Reads `HH:MM` or `HH:MM:SS`; `24:00` is the end of the day.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{}` is not a time of day such as 09:00 or 21:30:00",
                text.escape_debug()
            )
        };
        let mut parts = [0_u32; 3];
        let mut count = 0;
        for part in text.split(':') {
            if count == 3 || part.len() != 2 || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(wrong());
            }
            parts[count] = part.parse().map_err(|_| wrong())?;
            count += 1;
        }
        let [h, m, s] = parts;
        if count < 2 || m > 59 || s > 59 {
            return Err(wrong());
        }
        Self::from_secs(h * 3600 + m * 60 + s).map_err(|_| wrong())
    }

    /// Seconds after midnight.
    pub fn secs(self) -> u32 {
        self.0
    }
}

impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (h, m, s) = (self.0 / 3600, self.0 / 60 % 60, self.0 % 60);
        write!(f, "{h:02}:{m:02}")?;
        if s == 0 { Ok(()) } else { write!(f, ":{s:02}") }
    }
}

/// A calling window: half-open, in local wall time. One that ends before it begins runs over
/// midnight and belongs to the day on which it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    from: TimeOfDay,
    to: TimeOfDay,
}

impl Window {
    /// The window from `from` until just before `to`.
    ///
    /// # Errors
    /// [`CalendarError::EmptyWindow`] when both are the same time, or it starts at 24:00.
    pub fn new(from: TimeOfDay, to: TimeOfDay) -> Result<Self, CalendarError> {
        if from == to || from == TimeOfDay::END {
            return Err(CalendarError::EmptyWindow);
        }
        Ok(Self { from, to })
    }

    /// When it opens.
    pub fn from(&self) -> TimeOfDay {
        self.from
    }

    /// When it closes; earlier than `from` when it runs over midnight.
    pub fn to(&self) -> TimeOfDay {
        self.to
    }

    fn over_midnight(&self) -> bool {
        self.to < self.from
    }

    fn holds_on_its_day(&self, secs: u32) -> bool {
        secs >= self.from.0 && (self.over_midnight() || secs < self.to.0)
    }

    fn holds_on_next_day(&self, secs: u32) -> bool {
        self.over_midnight() && secs < self.to.0
    }
}

/// Which days a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DaySelector {
    /// Every day.
    Every,
    /// Days of the week, 1 = Monday to 7 = Sunday.
    Weekdays(Vec<u8>),
    /// Days of the month, 1–31.
    MonthDays(Vec<u8>),
    /// Certain dates: (year, month, day).
    Dates(Vec<(i16, u8, u8)>),
    /// Dates of every year: (month, day).
    Yearly(Vec<(u8, u8)>),
}

impl DaySelector {
    fn check(&self) -> Result<(), CalendarError> {
        let sound = match self {
            Self::Every => true,
            Self::Weekdays(days) => !days.is_empty() && days.iter().all(|d| (1..=7).contains(d)),
            Self::MonthDays(days) => !days.is_empty() && days.iter().all(|d| (1..=31).contains(d)),
            Self::Dates(dates) => {
                !dates.is_empty()
                    && dates.iter().all(|&(y, m, d)| {
                        (1..=9999).contains(&y)
                            && m <= 12
                            && d <= 31
                            && Date::new(y, m as i8, d as i8).is_ok()
                    })
            }
            // 29 February is a date of every leap year.
            Self::Yearly(dates) => {
                !dates.is_empty()
                    && dates.iter().all(|&(m, d)| {
                        m <= 12 && d <= 31 && Date::new(2024, m as i8, d as i8).is_ok()
                    })
            }
        };
        if sound {
            Ok(())
        } else {
            Err(CalendarError::NoSuchDay)
        }
    }

    fn matches(&self, date: Date) -> bool {
        match self {
            Self::Every => true,
            Self::Weekdays(days) => days.contains(&(date.weekday().to_monday_one_offset() as u8)),
            Self::MonthDays(days) => days.contains(&(date.day() as u8)),
            Self::Dates(dates) => {
                dates.contains(&(date.year(), date.month() as u8, date.day() as u8))
            }
            Self::Yearly(dates) => dates.contains(&(date.month() as u8, date.day() as u8)),
        }
    }
}

/// The calling windows of the days that a selector names; no windows means no dialing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRule {
    /// Which days.
    pub days: DaySelector,
    /// When on those days; may be empty.
    pub windows: Vec<Window>,
}

/// A calendar cannot be made from what was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// A window that holds no time.
    #[error("the window is empty; `from` and `to` must differ")]
    EmptyWindow,
    /// A rule names a day that does not exist, or no day at all.
    #[error("names no day, or a day that does not exist")]
    NoSuchDay,
    /// The period ends before it starts.
    #[error("ends_at is not after starts_at")]
    EmptyPeriod,
    /// The time zone is not in the bundled database.
    #[error("`{0}` is not an IANA time zone such as Asia/Shanghai")]
    UnknownZone(String),
}

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
            .window_changes(from)
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
        self.rules
            .iter()
            .find(|rule| rule.days.matches(date))
            .map_or(&[], |rule| &rule.windows)
    }

    /// Instants after `t`, in order, at which a window may open or close.
    fn window_changes(&self, t: Timestamp) -> impl Iterator<Item = Timestamp> {
        let today = self.zone.to_datetime(t.to_jiff()).date();
        let days = if self.rules.is_empty() {
            0
        } else {
            HORIZON_DAYS
        };
        (0..days)
            .filter_map(move |n| today.checked_add(n.days()).ok())
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
            .flat_map(|w| self.instants(date, w.to))
            .collect();
        for window in windows {
            changes.extend(self.instants(date, window.from));
            if !window.over_midnight() {
                changes.extend(self.instants(date, window.to));
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
            .checked_add(i64::from(time.0).seconds())
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
}
