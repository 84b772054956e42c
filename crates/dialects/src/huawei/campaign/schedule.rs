//! `scheduleParam`: three segments for workdays, three for holidays.

use outdial_domain::{DayRule, DaySelector, TimeOfDay, Window};
use serde_json::{Map, Value};

use crate::huawei::fault::{Fault, FieldFault};
use crate::huawei::holidays::Holiday;
use crate::huawei::wire::Fields;

/// When a campaign may call on workdays and on holidays.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::huawei) struct Schedule {
    workday: [Option<Window>; 3],
    holiday: [Option<Window>; 3],
}

impl Schedule {
    /// Reads it. Source: Table 4 of "Modifying an Outbound Campaign (V1)".
    ///
    /// # Errors
    /// `02000006` and `02000008` for what is no time, `02000010` for an hour or a minute alone,
    /// `02000009` for a segment without one of its ends, one that does not begin before it ends, or no
    /// segment for workdays.
    pub(in crate::huawei) fn read(fields: &Fields) -> Result<Self, Fault> {
        let schedule = Self {
            workday: segments(fields, "workday")?,
            holiday: segments(fields, "holiday")?,
        };
        if schedule.workday.iter().all(Option::is_none) {
            let problem = "at least one segment for workdays must be set";
            return Err(fields.fault(FieldFault::Combination, "workdayBeginTime1", problem));
        }
        Ok(schedule)
    }

    /// The rules that make it: the days of the holidays first, since the first rule that names a day
    /// is the day's.
    pub(in crate::huawei) fn rules(&self, holidays: &[Holiday]) -> Vec<DayRule> {
        let windows = |segments: &[Option<Window>]| segments.iter().flatten().copied().collect();
        let mut rules: Vec<DayRule> = holidays
            .iter()
            .map(|holiday| DayRule {
                days: holiday.days(),
                windows: windows(&self.holiday),
            })
            .collect();
        rules.push(DayRule {
            days: DaySelector::Every,
            windows: windows(&self.workday),
        });
        rules
    }

    /// What rules of another API come closest to: its rule for every day, and the first rule before it.
    pub(in crate::huawei) fn of(rules: &[DayRule]) -> Self {
        let three = |rule: Option<&DayRule>| {
            let mut windows = rule.map(|rule| rule.windows.clone()).unwrap_or_default();
            windows.truncate(3);
            let mut three = [None; 3];
            for (place, window) in three.iter_mut().zip(windows) {
                *place = Some(window);
            }
            three
        };
        let every = rules
            .iter()
            .position(|rule| rule.days == DaySelector::Every);
        Self {
            workday: three(every.and_then(|at| rules.get(at))),
            holiday: three(rules.first().filter(|_| every != Some(0))),
        }
    }

    /// As it is shown: all twelve, empty ones as empty texts.
    pub(in crate::huawei) fn shown(&self) -> Value {
        let mut shown = Map::new();
        for (kind, segments) in [("workday", &self.workday), ("holiday", &self.holiday)] {
            for (index, window) in segments.iter().enumerate() {
                let text = |time: Option<TimeOfDay>| {
                    let time = time.map(|time| time.to_string());
                    Value::String(time.unwrap_or_default())
                };
                let number = index + 1;
                let begin = format!("{kind}BeginTime{number}");
                shown.insert(begin, text(window.map(|window| window.from())));
                let end = format!("{kind}EndTime{number}");
                shown.insert(end, text(window.map(|window| window.to())));
            }
        }
        Value::Object(shown)
    }
}

fn segments(fields: &Fields, kind: &str) -> Result<[Option<Window>; 3], Fault> {
    let mut segments = [None; 3];
    for (number, segment) in (1..).zip(&mut segments) {
        let (begin, end) = (
            format!("{kind}BeginTime{number}"),
            format!("{kind}EndTime{number}"),
        );
        let times = (time(fields, &begin)?, time(fields, &end)?);
        let combined = |problem| fields.fault(FieldFault::Combination, &begin, problem);
        *segment = match times {
            (None, None) => None,
            (Some(from), Some(to)) if from < to => {
                let problem = "must be before the segment's end";
                Some(Window::new(from, to).map_err(|_| combined(problem))?)
            }
            (Some(_), Some(_)) => return Err(combined("must be before the segment's end")),
            _ => return Err(combined("begin and end of a segment are set together")),
        };
    }
    Ok(segments)
}

fn time(fields: &Fields, name: &str) -> Result<Option<TimeOfDay>, Fault> {
    let Some(text) = fields.text(name)? else {
        return Ok(None);
    };
    let half = |part: &str| part.len() == 2 && part.bytes().all(|c| c.is_ascii_digit());
    let (hour, minute) = text.split_once(':').unwrap_or((&text, ""));
    if (half(hour) && minute.is_empty()) || (hour.is_empty() && half(minute)) {
        let problem = "hour and minute must both be set";
        return Err(fields.fault(FieldFault::HourAndMinute, name, problem));
    }
    let wrong = || {
        let problem = "is not a time such as 08:30";
        fields.fault(FieldFault::Conversion, name, problem)
    };
    if text.len() != 5 || hour == "24" {
        return Err(wrong());
    }
    TimeOfDay::parse(&text).map(Some).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Schedule, &'static str> {
        Schedule::read(&Fields::read(body.as_bytes()).unwrap()).map_err(|fault| fault.code)
    }

    #[test]
    fn each_wrong_segment_has_its_code() {
        for (body, code) in [
            (r#"{}"#, "02000009"),
            (
                r#"{"workdayBeginTime1":"","workdayEndTime1":""}"#,
                "02000009",
            ),
            (r#"{"workdayBeginTime1":"08:00"}"#, "02000009"),
            (
                r#"{"workdayBeginTime1":"08:00","workdayEndTime1":"08:00"}"#,
                "02000009",
            ),
            (
                r#"{"workdayBeginTime1":"22:00","workdayEndTime1":"06:00"}"#,
                "02000009",
            ),
            (
                r#"{"workdayBeginTime1":"08","workdayEndTime1":"09:00"}"#,
                "02000010",
            ),
            (
                r#"{"workdayBeginTime1":"08:","workdayEndTime1":"09:00"}"#,
                "02000010",
            ),
            (
                r#"{"workdayBeginTime1":":30","workdayEndTime1":"09:00"}"#,
                "02000010",
            ),
            (
                r#"{"workdayBeginTime1":"8:00","workdayEndTime1":"09:00"}"#,
                "02000008",
            ),
            (
                r#"{"workdayBeginTime1":"08:00","workdayEndTime1":"24:00"}"#,
                "02000008",
            ),
            (
                r#"{"workdayBeginTime1":"08:00","workdayEndTime1":"08:60"}"#,
                "02000008",
            ),
            (
                r#"{"workdayBeginTime1":[],"workdayEndTime1":"08:60"}"#,
                "02000006",
            ),
            (
                r#"{"holidayBeginTime1":"08:00","holidayEndTime1":"09:00"}"#,
                "02000009",
            ),
        ] {
            assert_eq!(read(body), Err(code), "{body}");
        }
    }

    #[test]
    fn what_was_read_is_shown_and_makes_rules() {
        let schedule = read(
            r#"{"workdayBeginTime2":"00:00","workdayEndTime2":"23:59","holidayBeginTime1":"10:00","holidayEndTime1":"11:00"}"#,
        )
        .unwrap();
        let shown = schedule.shown();
        assert_eq!(shown["workdayBeginTime2"], "00:00");
        assert_eq!(shown["workdayEndTime1"], "");
        assert_eq!(shown["holidayEndTime1"], "11:00");
        assert_eq!(shown.as_object().map(Map::len), Some(12));
        let rules = schedule.rules(&[]);
        assert_eq!(rules.len(), 1, "holiday segments alone never apply");
        assert_eq!(rules[0].days, DaySelector::Every);
    }
}
