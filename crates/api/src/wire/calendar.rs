//! The calendar on the wire.

use outdial_domain::{Calendar, CalendarError, DayRule, DaySelector, TimeOfDay, Window};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::Schema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type};

use crate::fields::{At, Findings, Object, echo, unknown};
use crate::scalar::{Time, any_text, text, time, whole};

/// Names of the days of the week, Monday first.
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Most day rules of a calendar, and most dates of a rule.
const RULES_MAX: usize = 400;

/// Most windows of a day.
const WINDOWS_MAX: usize = 48;

/// When a campaign may dial: a period, and the calling windows of each day in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Calendar)]
pub(crate) struct CalendarJson {
    /// When the period starts; null = at once.
    starts_at: Option<Time>,
    /// When it is over (the first instant that is outside); null = never.
    ends_at: Option<Time>,
    /// IANA zone whose wall time the windows mean; default: the tenant's.
    #[schema(required = false, example = "Asia/Shanghai")]
    time_zone: String,
    /// Day rules: the first that matches a day gives its windows; a day that none matches is closed.
    /// Without any rule every day is open.
    #[schema(required = false)]
    rules: Vec<CalendarRule>,
}

/// The calling windows of some days. Exactly one of `days`, `dates`, `yearly` and `month_days` says
/// which.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(example = json!({"days": ["mon", "tue"], "windows": [{"from": "09:00", "to": "21:00"}]}))]
pub(crate) struct CalendarRule {
    /// Days of the week, or `"every"` for every day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, schema_with = days_schema)]
    days: Option<Value>,
    /// Certain dates, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = json!(["2026-10-01"]))]
    dates: Option<Vec<String>>,
    /// Dates of every year, `MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = json!(["10-01"]))]
    yearly: Option<Vec<String>>,
    /// Days of the month, 1 to 31.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = json!([1, 15]))]
    month_days: Option<Vec<u8>>,
    /// When on those days; an empty array closes them.
    windows: Vec<WindowJson>,
}

fn days_schema() -> Schema {
    let texts = |texts: &[&'static str]| {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .enum_values(Some(texts.to_vec()))
            .build()
    };
    let weekdays = ArrayBuilder::new().items(texts(&WEEKDAYS));
    OneOfBuilder::new()
        .description(Some("Days of the week, or `every` for every day."))
        .item(texts(&["every"]))
        .item(weekdays)
        .into()
}

/// A calling window: half-open, in local wall time. One that ends before it begins runs over midnight
/// and belongs to the day on which it starts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Window)]
pub(crate) struct WindowJson {
    /// When it opens, `HH:MM` or `HH:MM:SS`.
    #[schema(example = "09:00")]
    from: String,
    /// When it closes; `24:00` is the end of the day.
    #[schema(example = "21:00")]
    to: String,
}

impl From<&Calendar> for CalendarJson {
    fn from(calendar: &Calendar) -> Self {
        Self {
            starts_at: calendar.starts_at().map(Time),
            ends_at: calendar.ends_at().map(Time),
            time_zone: calendar.time_zone().to_owned(),
            rules: calendar.rules().iter().map(CalendarRule::from).collect(),
        }
    }
}

impl From<&DayRule> for CalendarRule {
    fn from(rule: &DayRule) -> Self {
        let mut json = Self {
            windows: rule.windows.iter().map(WindowJson::from).collect(),
            ..Self::default()
        };
        match &rule.days {
            DaySelector::Every => json.days = Some("every".into()),
            DaySelector::Weekdays(days) => {
                let name = |day: &u8| WEEKDAYS.get(usize::from(day.wrapping_sub(1))).copied();
                json.days = Some(days.iter().filter_map(name).collect());
            }
            DaySelector::MonthDays(days) => json.month_days = Some(days.clone()),
            DaySelector::Dates(dates) => {
                let texts = dates
                    .iter()
                    .map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}"));
                json.dates = Some(texts.collect());
            }
            DaySelector::Yearly(dates) => {
                json.yearly = Some(
                    dates
                        .iter()
                        .map(|(m, d)| format!("{m:02}-{d:02}"))
                        .collect(),
                );
            }
        }
        json
    }
}

impl From<&Window> for WindowJson {
    fn from(window: &Window) -> Self {
        Self {
            from: window.from().to_string(),
            to: window.to().to_string(),
        }
    }
}

/// Reads a calendar; `home_zone` is the tenant's.
pub(crate) fn read_calendar(
    findings: &mut Findings,
    at: At<'_>,
    home_zone: &str,
) -> Option<Calendar> {
    let mut object = at.object(findings)?;
    let starts_at = object.optional(findings, "starts_at", time);
    let ends_at = object.optional(findings, "ends_at", time);
    let zone = object
        .optional(findings, "time_zone", text(1..=64))
        .unwrap_or_else(|| home_zone.to_owned());
    let rules = match object.field("rules") {
        Some(at) => at.list(findings, RULES_MAX, read_rule).unwrap_or_default(),
        None => Vec::new(),
    };
    let (ends_path, zone_path) = (object.path_of("ends_at"), object.path_of("time_zone"));
    let rules_path = object.path_of("rules");
    object.finish(findings);
    match Calendar::new(starts_at, ends_at, &zone, rules) {
        Ok(calendar) => Some(calendar),
        Err(error) => {
            let path = match &error {
                CalendarError::UnknownZone(_) => zone_path,
                CalendarError::EmptyPeriod => ends_path,
                CalendarError::NoSuchDay | CalendarError::EmptyWindow => rules_path,
            };
            findings.add(path, error.to_string());
            None
        }
    }
}

fn read_rule(findings: &mut Findings, at: At<'_>) -> Option<DayRule> {
    let path = at.path.clone();
    let mut object = at.object(findings)?;
    let selector = read_selector(findings, &mut object, &path);
    let windows = object
        .required(findings, "windows")
        .and_then(|at| at.list(findings, WINDOWS_MAX, read_window));
    object.finish(findings);
    Some(DayRule {
        days: selector?,
        windows: windows?,
    })
}

fn read_selector(
    findings: &mut Findings,
    rule: &mut Object<'_>,
    path: &str,
) -> Option<DaySelector> {
    let days = rule.field("days");
    let dates = rule.field("dates");
    let yearly = rule.field("yearly");
    let month_days = rule.field("month_days");
    let (at, selector) = match (days, dates, yearly, month_days) {
        (Some(at), None, None, None) => (at.clone(), read_days(findings, at)?),
        (None, Some(at), None, None) => {
            let dates = list_of(findings, at.clone(), date)?;
            (at, DaySelector::Dates(dates))
        }
        (None, None, Some(at), None) => {
            let dates = list_of(findings, at.clone(), yearly_date)?;
            (at, DaySelector::Yearly(dates))
        }
        (None, None, None, Some(at)) => {
            let days = list_of(findings, at.clone(), whole::<u8>(1..=31))?;
            (at, DaySelector::MonthDays(days))
        }
        _ => {
            findings.add(
                path,
                "must have exactly one of days, dates, yearly and month_days, such as \
                 {\"days\": [\"mon\"], \"windows\": [{\"from\": \"09:00\", \"to\": \"21:00\"}]}",
            );
            return None;
        }
    };
    // The domain decides which days exist; asked for each rule, its answer has a place.
    let alone = DayRule {
        days: selector.clone(),
        windows: Vec::new(),
    };
    match Calendar::new(None, None, "UTC", vec![alone]) {
        Ok(_) => Some(selector),
        Err(error) => {
            if !findings.touch(&at.path) {
                findings.add(at.path, error.to_string());
            }
            None
        }
    }
}

fn list_of<T>(
    findings: &mut Findings,
    at: At<'_>,
    parse: impl Fn(&Value) -> Result<T, String>,
) -> Option<Vec<T>> {
    at.list(findings, RULES_MAX, |findings, at| {
        at.scalar(findings, &parse)
    })
}

fn read_days(findings: &mut Findings, at: At<'_>) -> Option<DaySelector> {
    match at.value {
        Value::String(text) if text == "every" => Some(DaySelector::Every),
        Value::Array(_) => list_of(findings, at, weekday).map(DaySelector::Weekdays),
        _ => {
            findings.add(
                at.path,
                "must be \"every\" or an array of mon, tue, wed, thu, fri, sat, sun",
            );
            None
        }
    }
}

fn weekday(value: &Value) -> Result<u8, String> {
    let hint = "; dates go into `dates`, `yearly` or `month_days`";
    let given = value
        .as_str()
        .ok_or_else(|| format!("must be a text such as \"mon\"{hint}"))?;
    WEEKDAYS
        .iter()
        .zip(1..)
        .find_map(|(name, number)| (*name == given).then_some(number))
        .ok_or_else(|| {
            let hint = if given.contains('-') { hint } else { "" };
            format!("`{}` {}{hint}", echo(given), unknown(given, &WEEKDAYS))
        })
}

fn date(value: &Value) -> Result<(i16, u8, u8), String> {
    let wrong = || "must be a date such as 2026-10-01".to_owned();
    let given = any_text(value).map_err(|_| wrong())?;
    let (year, rest) = given.split_once('-').ok_or_else(wrong)?;
    let year = digits(year, 4).ok_or_else(wrong)?;
    let (month, day) = month_and_day(rest).ok_or_else(wrong)?;
    Ok((i16::try_from(year).map_err(|_| wrong())?, month, day))
}

fn yearly_date(value: &Value) -> Result<(u8, u8), String> {
    let wrong = || "must be a month and a day such as 10-01".to_owned();
    let given = any_text(value).map_err(|_| wrong())?;
    month_and_day(given).ok_or_else(wrong)
}

fn month_and_day(text: &str) -> Option<(u8, u8)> {
    let (month, day) = text.split_once('-')?;
    let month = u8::try_from(digits(month, 2)?).ok()?;
    let day = u8::try_from(digits(day, 2)?).ok()?;
    Some((month, day))
}

/// A number of exactly so many ASCII digits.
fn digits(text: &str, count: usize) -> Option<u16> {
    let sound = text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    sound.then(|| text.parse().ok()).flatten()
}

fn read_window(findings: &mut Findings, at: At<'_>) -> Option<Window> {
    let path = at.path.clone();
    let mut object = at.object(findings)?;
    let mut side = |findings: &mut Findings, name| {
        object.required_scalar(findings, name, |value| TimeOfDay::parse(any_text(value)?))
    };
    let from = side(findings, "from");
    let to = side(findings, "to");
    object.finish(findings);
    Window::new(from?, to?)
        .map_err(|error| findings.add(path, error.to_string()))
        .ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Result<Calendar, Vec<String>> {
        let mut findings = Findings::default();
        let at = At {
            value: &value,
            path: "calendar".to_owned(),
        };
        let calendar = read_calendar(&mut findings, at, "Asia/Shanghai");
        let problems = findings.into_problems();
        match calendar {
            Some(calendar) if problems.is_empty() => Ok(calendar),
            _ => Err(problems.into_iter().map(|p| p.field).collect()),
        }
    }

    #[test]
    fn every_kind_of_rule_comes_back_as_it_was_written() {
        let written = json!({
            "starts_at": "2026-11-20T01:00:00.000Z",
            "ends_at": null,
            "time_zone": "Asia/Shanghai",
            "rules": [
                {"dates": ["2026-10-01", "2028-02-29"], "windows": []},
                {"yearly": ["10-01"], "windows": [{"from": "10:00", "to": "12:00"}]},
                {"month_days": [1, 15], "windows": [{"from": "22:00", "to": "02:00"}]},
                {"days": ["mon", "sun"], "windows": [{"from": "09:00:30", "to": "24:00"}]},
                {"days": "every", "windows": [{"from": "09:00", "to": "21:00"}]},
            ],
        });
        let calendar = read(written.clone()).unwrap();
        let back = serde_json::to_value(CalendarJson::from(&calendar)).unwrap();
        assert_eq!(back, written);
    }

    #[test]
    fn the_tenants_zone_is_the_default() {
        assert_eq!(read(json!({})).unwrap().time_zone(), "Asia/Shanghai");
    }

    #[test]
    fn everything_wrong_is_found_at_its_place() {
        let wrong = json!({
            "starts_at": "tomorrow",
            "time_zone": "Asia/Peking",
            "rules": [
                {"days": ["mon", "2026-10-01"], "windows": []},
                {"days": "every", "dates": ["2026-10-01"], "windows": []},
                {"days": "every", "windows": [{"from": "9:00", "to": "21:00"}, {"from": "09:00", "to": "09:00"}]},
                {"dates": ["2026-02-30"], "windows": []},
                {"yearly": ["1001"], "windows": [], "window": []},
                {"month_days": [32], "windows": []},
            ],
        });
        assert_eq!(
            read(wrong).unwrap_err(),
            [
                "calendar.starts_at",
                "calendar.rules[0].days[1]",
                "calendar.rules[1]",
                "calendar.rules[2].windows[0].from",
                "calendar.rules[2].windows[1]",
                "calendar.rules[3].dates",
                "calendar.rules[4].yearly[0]",
                "calendar.rules[4].window",
                "calendar.rules[5].month_days[0]",
                "calendar.time_zone",
            ]
        );
    }

    #[test]
    fn a_period_that_ends_before_it_starts_names_its_end() {
        let wrong = json!({"starts_at": "2026-11-20T01:00:00Z", "ends_at": "2026-11-20T00:00:00Z"});
        assert_eq!(read(wrong).unwrap_err(), ["calendar.ends_at"]);
    }
}
