//! When a task dials: its days and the windows that repeat on each of them.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use outdial_domain::{Calendar, DayRule, DaySelector, TimeOfDay, Timestamp, Window};
use serde_json::{Value, json};

use super::fault::Fault;
use super::wire::Fields;

/// Most windows of a day.
const WINDOWS_MAX: usize = 24;

/// The days and windows of a task as it says them.
#[derive(Clone, Debug)]
pub(super) struct Period {
    first: Date,
    last: Date,
    windows: Vec<Window>,
}

impl Period {
    /// Reads `taskExecStartDate`, `taskExecEndDate` and `taskExecTimes`.
    pub(super) fn read(fields: &Fields) -> Result<Self, Fault> {
        let required = |name| fields.required(name, date(fields, name)?);
        let (first, last) = (required("taskExecStartDate")?, required("taskExecEndDate")?);
        if last < first {
            return Err(fields.wrong("taskExecEndDate"));
        }
        let times = fields.required("taskExecTimes", fields.objects("taskExecTimes")?)?;
        if !(1..=WINDOWS_MAX).contains(&times.len()) {
            return Err(fields.wrong("taskExecTimes"));
        }
        let windows: Result<_, Fault> = times.iter().map(window).collect();
        Ok(Self {
            first,
            last,
            windows: windows?,
        })
    }

    /// The calendar that it means: from the first opening to the last closing, so that a task is not
    /// started before it may dial.
    pub(super) fn calendar(&self, zone: &str, now: Timestamp) -> Result<Calendar, Fault> {
        let tz = TimeZone::get(zone).map_err(|_| Fault::failed("time zone"))?;
        if self.last < day_of(now, &tz) {
            return Err(Fault::parameter("taskExecEndDate"));
        }
        let opens = self.windows.iter().map(Window::from).min();
        let closes = self.windows.iter().map(Window::to).max();
        let starts_at = opens.and_then(|time| instant(self.first, time, &tz));
        let ends_at = closes.and_then(|time| instant(self.last, time, &tz));
        let rule = DayRule {
            days: DaySelector::Every,
            windows: self.windows.clone(),
        };
        Calendar::new(starts_at, ends_at, zone, vec![rule])
            .map_err(|_| Fault::parameter("taskExecTimes"))
    }
}

/// `taskExecStartDate`, `taskExecEndDate` and `taskExecTimes` of a calendar, as far as they can say it.
pub(super) fn shown(calendar: &Calendar) -> (Value, Value, Value) {
    let tz = TimeZone::get(calendar.time_zone()).unwrap_or(TimeZone::UTC);
    let day = |at: Timestamp| json!(day_of(at, &tz).to_string());
    let first = calendar.starts_at().map_or(Value::Null, day);
    // The end is the first instant after the period.
    let last = calendar
        .ends_at()
        .map(|end| Timestamp::from_millis(end.millis() - 1));
    let windows = match calendar.rules().first() {
        Some(rule) => rule.windows.iter().map(window_shown).collect(),
        None => json!([{"taskExecTimeStartStr": "00:00:00", "taskExecTimeEndStr": "23:59:59"}]),
    };
    (first, last.map_or(Value::Null, day), windows)
}

/// A date: `yyyy-MM-dd` or `yyyyMMdd`, since the vendor's pages have both.
pub(super) fn date(fields: &Fields, name: &str) -> Result<Option<Date>, Fault> {
    let Some(text) = fields.text(name)? else {
        return Ok(None);
    };
    fields.required(name, parse_date(text.trim())).map(Some)
}

fn parse_date(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    let digits = match bytes.len() {
        8 => text.to_owned(),
        10 if bytes[4] == b'-' && bytes[7] == b'-' => text.replace('-', ""),
        _ => return None,
    };
    if digits.len() != 8 || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = digits.split_at(4);
    let (month, day) = rest.split_at(2);
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// The instants at which a local day begins and ends.
pub(super) fn day_bounds(date: Date, zone: &str) -> Option<(Timestamp, Timestamp)> {
    let tz = TimeZone::get(zone).ok()?;
    let midnight = TimeOfDay::from_secs(0).ok()?;
    let next = date.tomorrow().ok()?;
    Some((instant(date, midnight, &tz)?, instant(next, midnight, &tz)?))
}

/// The local day of an instant in a zone that is known to exist.
pub(super) fn today(now: Timestamp, zone: &str) -> Date {
    day_of(now, &TimeZone::get(zone).unwrap_or(TimeZone::UTC))
}

/// An instant as the vendor writes it, `yyyy-MM-dd HH:mm:ss`.
pub(super) fn clock(at: Option<Timestamp>, zone: &str) -> Value {
    let tz = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    at.and_then(|at| jiff::Timestamp::from_millisecond(at.millis()).ok())
        .map_or(Value::Null, |at| {
            json!(at.to_zoned(tz).strftime("%Y-%m-%d %H:%M:%S").to_string())
        })
}

fn day_of(at: Timestamp, tz: &TimeZone) -> Date {
    jiff::Timestamp::from_millisecond(at.millis())
        .map_or(Date::MAX, |at| at.to_zoned(tz.clone()).date())
}

fn instant(date: Date, time: TimeOfDay, tz: &TimeZone) -> Option<Timestamp> {
    let secs = i32::try_from(time.secs()).ok()?;
    let wall = date
        .to_datetime(Time::midnight())
        .checked_add(jiff::Span::new().seconds(secs))
        .ok()?;
    let at = tz.to_ambiguous_timestamp(wall).compatible().ok()?;
    Some(Timestamp::from_millis(at.as_millisecond()))
}

fn window(fields: &Fields) -> Result<Window, Fault> {
    let time = |name| {
        let text = fields.required(name, fields.text(name)?)?;
        let time = TimeOfDay::parse(&text).ok();
        // The vendor's form has no 24:00.
        fields.required(name, time.filter(|time| *time < TimeOfDay::END))
    };
    let (from, to) = (time("taskExecTimeStartStr")?, time("taskExecTimeEndStr")?);
    if to <= from {
        return Err(fields.wrong("taskExecTimeEndStr"));
    }
    Window::new(from, to).map_err(|_| fields.wrong("taskExecTimeEndStr"))
}

fn window_shown(window: &Window) -> Value {
    let clock = |time: TimeOfDay| {
        let secs = time.secs();
        format!("{:02}:{:02}:{:02}", secs / 3600, secs / 60 % 60, secs % 60)
    };
    json!({
        "taskExecTimeStartStr": clock(window.from()),
        "taskExecTimeEndStr": clock(window.to()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(start: &str, end: &str, times: &Value) -> Result<Period, Fault> {
        let body = json!({
            "taskExecStartDate": start, "taskExecEndDate": end, "taskExecTimes": times,
        });
        Period::read(&Fields::read(body.to_string().as_bytes()).unwrap())
    }

    fn times(from: &str, to: &str) -> Value {
        json!([{"taskExecTimeStartStr": from, "taskExecTimeEndStr": to}])
    }

    #[test]
    fn days_and_windows_come_back_as_they_were_given() {
        let period = read("2030-09-27", "2030-09-28", &times("11:36:00", "12:35:00")).unwrap();
        let calendar = period
            .calendar("Asia/Shanghai", Timestamp::from_secs(0))
            .unwrap();
        let (first, last, windows) = shown(&calendar);
        assert_eq!((first, last), (json!("2030-09-27"), json!("2030-09-28")));
        assert_eq!(windows, times("11:36:00", "12:35:00"));
        assert_eq!(
            calendar.starts_at().unwrap().to_string(),
            "2030-09-27T03:36:00.000Z"
        );
        assert_eq!(
            calendar.ends_at().unwrap().to_string(),
            "2030-09-28T04:35:00.000Z"
        );
    }

    #[test]
    fn what_is_no_date_no_time_or_no_window_is_refused() {
        let good = times("09:00:00", "18:00");
        assert!(read("20300927", "2030-09-27", &good).is_ok());
        for (start, end) in [
            ("2030-9-27", "2030-09-27"),
            ("2030-09-31", "2030-10-01"),
            ("2030-09-28", "2030-09-27"),
            ("", "2030-09-27"),
        ] {
            assert!(read(start, end, &good).is_err(), "{start} {end}");
        }
        for (from, to) in [
            ("09:00:00", "09:00:00"),
            ("18:00:00", "09:00:00"),
            ("09:00:00", "24:00:00"),
            ("9:00", "10:00"),
            ("09:60:00", "10:00:00"),
        ] {
            let windows = times(from, to);
            assert!(
                read("2030-09-27", "2030-09-27", &windows).is_err(),
                "{from} {to}"
            );
        }
        let many = |count: usize| Value::Array(vec![good[0].clone(); count]);
        for (count, fits) in [(0, false), (1, true), (24, true), (25, false)] {
            assert_eq!(read("2030-09-27", "2030-09-27", &many(count)).is_ok(), fits);
        }
    }
}
