//! Calling windows, and the days that they belong to.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::range::{OutOfRange, within};

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

    pub(super) fn over_midnight(&self) -> bool {
        self.to < self.from
    }

    pub(super) fn holds_on_its_day(&self, secs: u32) -> bool {
        secs >= self.from.0 && (self.over_midnight() || secs < self.to.0)
    }

    pub(super) fn holds_on_next_day(&self, secs: u32) -> bool {
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
    pub(super) fn check(&self) -> Result<(), CalendarError> {
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
