//! `StrategyJson`: when and how often a group dials. What it means for dialing goes into the campaign's
//! calendar and retry policy; what it only says is stored.
//!
//! Source: ModifyJobGroup, and the field notes of the vendor's client libraries.

use std::time::Duration;

use outdial_domain::{
    Calendar, Campaign, DayRule, DaySelector, Origin, Outcome, Settings, TimeOfDay, Timestamp,
    Window,
};
use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::ids;
use super::wire::JsonFields;

/// The parameter that holds it.
pub(super) const NAME: &str = "StrategyJson";

/// Attempts in a day where nothing is said: the vendor's default of an instance.
pub(super) const ATTEMPTS_PER_DAY: u32 = 3;
/// Attempts in all of a group that recurs: as many as there can be.
const ATTEMPTS_RECURRING: u32 = 100;
/// Minutes between attempts where nothing is said.
const INTERVAL_MIN: u64 = 10;
/// Longest rest between attempts: 30 days in minutes.
const INTERVAL_MIN_MAX: i64 = 43_200;
/// The end of the year 9999 in milliseconds.
const TIME_MAX: i64 = 253_402_300_799_999;
const TEXT_MAX: usize = 1_024;

/// How often the days of a strategy come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RepeatBy {
    Once,
    Day,
    Week,
    Month,
}

impl RepeatBy {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Once, "Once"),
        (Self::Day, "Day"),
        (Self::Week, "Week"),
        (Self::Month, "Month"),
    ];

    fn read(text: &str) -> Option<Self> {
        let is = |name: &str| name.eq_ignore_ascii_case(text);
        Self::ALL
            .iter()
            .find(|(_, name)| is(name))
            .map(|(one, _)| *one)
    }

    fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(one, _)| *one == self)
            .map_or("Once", |(_, name)| name)
    }
}

/// What a request says of a strategy; what it leaves out stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct StrategyChange {
    id: Option<String>,
    name: Option<String>,
    description: Option<String>,
    repeat_by: Option<RepeatBy>,
    repeat_days: Option<Vec<u8>>,
    repeatable: Option<bool>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    windows: Option<Vec<Window>>,
    attempts: Option<u32>,
    interval: Option<Duration>,
    routing: Option<&'static str>,
}

fn wrong(name: &str, problem: &str) -> Fault {
    Fault::invalid(NAME, &format!("{name} {problem}."))
}

impl StrategyChange {
    /// Reads it in the order of the documentation.
    pub(super) fn read(fields: &JsonFields) -> Result<Self, Fault> {
        let text = |name: &str| -> Result<Option<String>, Fault> {
            let text = fields.text(name)?.filter(|text| !text.is_empty());
            if text
                .as_ref()
                .is_some_and(|text| text.chars().count() > TEXT_MAX)
            {
                return Err(wrong(
                    name,
                    &format!("must have at most {TEXT_MAX} characters"),
                ));
            }
            Ok(text)
        };
        let number = |name: &str, most: i64| match fields.integer(name)? {
            Some(number) if !(0..=most).contains(&number) => {
                Err(wrong(name, &format!("must be from 0 to {most}")))
            }
            number => Ok(number),
        };
        let name = text("name")?;
        let description = text("description")?;
        let attempts = number("maxAttemptsPerDay", i64::from(ATTEMPTS_RECURRING))?;
        let interval = number("minAttemptInterval", INTERVAL_MIN_MAX)?;
        let start = number("startTime", TIME_MAX)?.map(Timestamp::from_millis);
        let end = number("endTime", TIME_MAX)?.map(Timestamp::from_millis);
        let windows = fields.value("workingTime").map(windows).transpose()?;
        let repeat_by = text("repeatBy")?
            .map(|text| {
                RepeatBy::read(&text)
                    .ok_or_else(|| wrong("repeatBy", "must be Once, Day, Week or Month"))
            })
            .transpose()?;
        let repeat_days = fields.value("repeatDays").map(days).transpose()?;
        let repeatable = fields.boolean("repeatable")?;
        let routing = text("routingStrategy")?
            .map(|text| {
                ["None", "LocalFirst", "LocalProvinceFirst"]
                    .into_iter()
                    .find(|known| *known == text)
                    .ok_or_else(|| {
                        wrong(
                            "routingStrategy",
                            "must be None, LocalFirst or LocalProvinceFirst",
                        )
                    })
            })
            .transpose()?;
        let id = text("id")?;
        let narrow = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(Self {
            id,
            name,
            description,
            repeat_by,
            repeat_days,
            repeatable,
            start,
            end,
            windows,
            attempts: attempts.map(narrow),
            interval: interval.map(|minutes| Duration::from_secs(60 * minutes.unsigned_abs())),
            routing,
        })
    }

    /// The id that it names.
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Puts it into settings, and what cannot be read back from those into `stored`.
    pub(super) fn apply(
        &self,
        settings: &mut Settings,
        stored: &mut Map<String, Value>,
    ) -> Result<(), Fault> {
        let mut store = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                stored.insert(name.to_owned(), value);
            }
        };
        store("StrategyId", self.id.clone().map(Value::from));
        store("StrategyName", self.name.clone().map(Value::from));
        store(
            "StrategyDescription",
            self.description.clone().map(Value::from),
        );
        store("RoutingStrategy", self.routing.map(Value::from));
        let before = Shown::of(settings, stored);
        let repeat_by = self.repeat_by.unwrap_or(before.repeat_by);
        if let Some(repeat_by) = self.repeat_by {
            stored.insert("RepeatBy".to_owned(), repeat_by.name().into());
            // Unless it is said, what recurs follows from how often.
            stored.remove("Repeatable");
        }
        if let Some(repeatable) = self.repeatable {
            stored.insert("Repeatable".to_owned(), repeatable.into());
        }
        let new_days =
            self.repeat_by.is_some() || self.repeat_days.is_some() || self.windows.is_some();
        let (start, end) = (
            self.start.or(settings.calendar.starts_at()),
            self.end.or(settings.calendar.ends_at()),
        );
        let rules = if new_days {
            let days = self.repeat_days.clone().unwrap_or(before.repeat_days);
            rules(
                repeat_by,
                days,
                self.windows.clone().unwrap_or(before.windows),
            )?
        } else {
            settings.calendar.rules().to_vec()
        };
        settings.calendar = Calendar::new(start, end, settings.calendar.time_zone(), rules)
            .map_err(|error| {
                let problem = error
                    .to_string()
                    .replace("ends_at", "endTime")
                    .replace("starts_at", "startTime");
                Fault::invalid(NAME, &format!("{problem}."))
            })?;
        if let Some(interval) = self.interval {
            settings.retry.interval = interval;
        }
        if self.attempts.is_some() || self.repeat_by.is_some() || self.repeatable.is_some() {
            let attempts = self.attempts.unwrap_or(before.attempts);
            stored.remove("MaxAttemptsPerDay");
            if attempts == 0 {
                stored.insert("MaxAttemptsPerDay".to_owned(), 0.into());
            }
            let recurs = stored
                .get("Repeatable")
                .and_then(Value::as_bool)
                .unwrap_or(repeat_by != RepeatBy::Once);
            settings.retry.attempts_per_day = Some(attempts.max(1));
            settings.retry.attempts_total = match (attempts, recurs) {
                (0, _) => 1,
                (_, true) => ATTEMPTS_RECURRING,
                (attempts, false) => attempts,
            };
        }
        Ok(())
    }
}

/// The retry policy and the rest that a group has when nothing is said.
pub(super) fn defaults(settings: &mut Settings) {
    settings.retry.attempts_total = ATTEMPTS_PER_DAY;
    settings.retry.attempts_per_day = Some(ATTEMPTS_PER_DAY);
    settings.retry.interval = Duration::from_secs(60 * INTERVAL_MIN);
    // A call that was picked up is done, whoever picked it up: Succeeded… in all of its kinds.
    settings.retry.never = [Outcome::Machine, Outcome::Abandoned].into();
}

fn days(value: &Value) -> Result<Vec<u8>, Fault> {
    let fault = || {
        wrong(
            "repeatDays",
            "must be a list of 0 to 6 for Week or 1 to 31 for Month",
        )
    };
    let parsed;
    let value = match value {
        Value::String(text) => {
            parsed = serde_json::from_str::<Value>(text).map_err(|_| fault())?;
            &parsed
        }
        other => other,
    };
    let items = value.as_array().ok_or_else(fault)?;
    if items.len() > 31 {
        return Err(fault());
    }
    let mut days = Vec::new();
    for item in items {
        let day = match item {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64().and_then(|day| u8::try_from(day).ok()),
        };
        days.push(day.filter(|day| *day <= 31).ok_or_else(fault)?);
    }
    Ok(days)
}

fn windows(value: &Value) -> Result<Vec<Window>, Fault> {
    let fault = || {
        wrong(
            "workingTime",
            "must be a list of beginTime and endTime such as 09:00:00, each begin before its end",
        )
    };
    let items = value.as_array().ok_or_else(fault)?;
    if items.len() > 48 {
        return Err(wrong("workingTime", "must have at most 48 windows"));
    }
    let mut windows = Vec::new();
    for item in items {
        let members = item.as_object().ok_or_else(fault)?;
        let time = |name: &str| {
            let member = members
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name));
            let text = member.and_then(|(_, value)| value.as_str());
            text.and_then(|text| TimeOfDay::parse(text).ok())
                .ok_or_else(fault)
        };
        let (from, to) = (time("beginTime")?, time("endTime")?);
        if to <= from {
            return Err(fault());
        }
        windows.push(Window::new(from, to).map_err(|_| fault())?);
    }
    Ok(windows)
}

fn rules(
    repeat_by: RepeatBy,
    days: Vec<u8>,
    mut windows: Vec<Window>,
) -> Result<Vec<DayRule>, Fault> {
    let needs = |fits: bool, range: &str| match fits && !days.is_empty() {
        true => Ok(()),
        false => Err(wrong(
            "repeatDays",
            &format!("must name days {range} for this repeatBy"),
        )),
    };
    let selector = match repeat_by {
        RepeatBy::Once | RepeatBy::Day if windows.is_empty() => return Ok(Vec::new()),
        RepeatBy::Once | RepeatBy::Day => DaySelector::Every,
        RepeatBy::Week => {
            needs(days.iter().all(|day| *day <= 6), "0 (Sunday) to 6")?;
            // Theirs begins with Sunday as 0, ours ends with it as 7.
            DaySelector::Weekdays(
                days.iter()
                    .map(|day| if *day == 0 { 7 } else { *day })
                    .collect(),
            )
        }
        RepeatBy::Month => {
            needs(days.iter().all(|day| *day >= 1), "1 to 31")?;
            DaySelector::MonthDays(days.clone())
        }
    };
    if windows.is_empty()
        && let (Ok(begin), end) = (TimeOfDay::from_secs(0), TimeOfDay::END)
        && let Ok(day) = Window::new(begin, end)
    {
        windows.push(day);
    }
    Ok(vec![DayRule {
        days: selector,
        windows,
    }])
}

/// A strategy as it stands in a campaign.
struct Shown {
    repeat_by: RepeatBy,
    repeat_days: Vec<u8>,
    windows: Vec<Window>,
    attempts: u32,
}

impl Shown {
    fn of(settings: &Settings, stored: &Map<String, Value>) -> Self {
        let said = stored
            .get("RepeatBy")
            .and_then(Value::as_str)
            .and_then(RepeatBy::read);
        let said = said.filter(|said| matches!(said, RepeatBy::Once | RepeatBy::Day));
        let rule = settings.calendar.rules().first();
        let (repeat_by, repeat_days) = match rule.map(|rule| &rule.days) {
            Some(DaySelector::Weekdays(days)) => (
                RepeatBy::Week,
                days.iter()
                    .map(|day| if *day == 7 { 0 } else { *day })
                    .collect(),
            ),
            Some(DaySelector::MonthDays(days)) => (RepeatBy::Month, days.clone()),
            _ => (said.unwrap_or(RepeatBy::Once), Vec::new()),
        };
        let retry = &settings.retry;
        let none = stored.get("MaxAttemptsPerDay").is_some() && retry.attempts_total == 1;
        let attempts = retry.attempts_per_day.unwrap_or(retry.attempts_total);
        Self {
            repeat_by,
            repeat_days,
            windows: rule.map_or_else(Vec::new, |rule| rule.windows.clone()),
            attempts: if none { 0 } else { attempts },
        }
    }
}

/// What this API stores of a group.
pub(super) fn stored(campaign: &Campaign) -> Option<&Map<String, Value>> {
    campaign.extras.get(&Origin::Alibaba)?.as_object()
}

/// The id of a group's strategy.
pub(super) fn id_of(campaign: &Campaign) -> String {
    let stored = stored(campaign).and_then(|stored| stored.get("StrategyId"));
    let stored = stored.and_then(Value::as_str);
    stored.map_or_else(|| ids::of_strategy(campaign.id), str::to_owned)
}

/// `Strategy` of an answer.
pub(super) fn show(campaign: &Campaign) -> Value {
    let settings = &campaign.settings;
    let none = Map::new();
    let stored = stored(campaign).unwrap_or(&none);
    let shown = Shown::of(settings, stored);
    let id = id_of(campaign);
    let time = |time: TimeOfDay| {
        let secs = time.secs();
        format!("{:02}:{:02}:{:02}", secs / 3600, secs / 60 % 60, secs % 60)
    };
    let windows: Vec<Value> = shown
        .windows
        .iter()
        .map(|window| json!({"BeginTime": time(window.from()), "EndTime": time(window.to())}))
        .collect();
    let days: Vec<String> = shown.repeat_days.iter().map(u8::to_string).collect();
    let repeatable = stored.get("Repeatable").and_then(Value::as_bool);
    let mut strategy = json!({
        "StrategyId": id,
        "StrategyName": stored.get("StrategyName").cloned().unwrap_or(id.into()),
        "Type": "Repeatable",
        "RepeatBy": shown.repeat_by.name(),
        "RepeatDays": days,
        "Repeatable": repeatable.unwrap_or(shown.repeat_by != RepeatBy::Once),
        "WorkingTime": windows,
        "MaxAttemptsPerDay": shown.attempts,
        "MinAttemptInterval": settings.retry.interval.as_secs() / 60,
        "RoutingStrategy": stored.get("RoutingStrategy").cloned().unwrap_or("None".into()),
        "FollowUpStrategy": "NONE",
        "Customized": "{}",
        "IsTemplate": false,
    });
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            strategy[name] = value;
        }
    };
    add(
        "StrategyDescription",
        stored.get("StrategyDescription").cloned(),
    );
    let calendar = &settings.calendar;
    add("StartTime", calendar.starts_at().map(|t| t.millis().into()));
    add("EndTime", calendar.ends_at().map(|t| t.millis().into()));
    strategy
}

#[cfg(test)]
mod tests {
    use outdial_domain::{FlowId, Mode, PhoneNumber, Target};

    use super::*;

    fn settings() -> Settings {
        let mut settings = Settings::new(
            "spring",
            Mode::Concurrency,
            Target::Flow(FlowId::new(1)),
            vec![PhoneNumber::from_text("10085").unwrap()],
            Calendar::always("Asia/Shanghai").unwrap(),
        );
        defaults(&mut settings);
        settings
    }

    fn applied(text: &str) -> Result<(Settings, Map<String, Value>), Fault> {
        let change = StrategyChange::read(&JsonFields::read(NAME, text)?)?;
        let (mut settings, mut stored) = (settings(), Map::new());
        change.apply(&mut settings, &mut stored)?;
        Ok((settings, stored))
    }

    #[test]
    fn the_seeds_own_strategy_means_one_attempt_and_a_rest_of_five_minutes() {
        let (settings, stored) =
            applied(r#"{"maxAttemptsPerDay":"0","minAttemptInterval":"5"}"#).unwrap();
        assert_eq!(settings.retry.attempts_total, 1);
        assert_eq!(settings.retry.interval, Duration::from_secs(300));
        assert_eq!(Shown::of(&settings, &stored).attempts, 0);
    }

    #[test]
    fn days_and_windows_become_a_calendar_and_come_back() {
        let text = r#"{"repeatBy":"week","repeatDays":["0",1],"workingTime":[{"beginTime":"09:00:00","EndTime":"12:00:00"}]}"#;
        let (settings, stored) = applied(text).unwrap();
        let rule = &settings.calendar.rules()[0];
        assert_eq!(rule.days, DaySelector::Weekdays(vec![7, 1]));
        assert_eq!(settings.retry.attempts_total, 100);
        let shown = Shown::of(&settings, &stored);
        assert_eq!(
            (shown.repeat_by, shown.repeat_days),
            (RepeatBy::Week, vec![0, 1])
        );
    }

    #[test]
    fn what_leaves_a_range_is_refused() {
        for text in [
            r#"{"maxAttemptsPerDay":101}"#,
            r#"{"maxAttemptsPerDay":-1}"#,
            r#"{"minAttemptInterval":43201}"#,
            r#"{"repeatBy":"Year"}"#,
            r#"{"repeatBy":"Week"}"#,
            r#"{"repeatBy":"Week","repeatDays":[7]}"#,
            r#"{"repeatBy":"Month","repeatDays":[0]}"#,
            r#"{"repeatBy":"Month","repeatDays":[32]}"#,
            r#"{"startTime":5,"endTime":5}"#,
            r#"{"workingTime":[{"beginTime":"22:00:00","endTime":"06:00:00"}]}"#,
            r#"{"workingTime":[{"beginTime":"9"}]}"#,
            r#"{"routingStrategy":"Other"}"#,
        ] {
            let refused = applied(text).unwrap_err();
            assert_eq!(refused.code, "InvalidStrategyJson", "{text}");
        }
        for text in [
            r#"{"maxAttemptsPerDay":100}"#,
            r#"{"minAttemptInterval":43200}"#,
            r#"{"repeatBy":"Month","repeatDays":[31]}"#,
            r#"{"startTime":5,"endTime":6}"#,
        ] {
            assert!(applied(text).is_ok(), "{text}");
        }
    }
}
