//! What a field holds, and how it gets into settings and out of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Field;
use crate::attempt::Outcome;
use crate::calendar::{Calendar, DayRule};
use crate::campaign::{AtEnd, Settings, SettingsError};
use crate::mode::{AbandonmentWindow, Mode, ModeName, Order, PreviewRules, Ratio, Target};
use crate::phone_number::PhoneNumber;
use crate::range::Share;
use crate::retry::OutcomeRetry;
use crate::time::Timestamp;

/// What a field holds. Each field has one kind of value; where it may be left out it may also be
/// [`FieldValue::Unset`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldValue {
    /// Nothing: no limit, no such parameter.
    Unset,
    /// A name, a time zone.
    Text(String),
    /// A count, a priority.
    Count(u32),
    /// A span of time.
    Time(Duration),
    /// An instant.
    Instant(Timestamp),
    /// A share.
    Share(Share),
    /// A mode without its parameters.
    Mode(ModeName),
    /// The parameter of mode ratio.
    Ratio(Ratio),
    /// The parameters of mode rate.
    Rate {
        /// Calls in each interval.
        calls: u32,
        /// The interval.
        interval: Duration,
    },
    /// The parameters of mode preview.
    Preview(PreviewRules),
    /// A target, a flow before it.
    Target(Target),
    /// Whether agents take the call (else a flow).
    Agents(bool),
    /// Numbers to show.
    Numbers(Vec<PhoneNumber>),
    /// An order.
    Order(Order),
    /// A window of the abandonment ceiling.
    Window(AbandonmentWindow),
    /// Rests and limits by outcome.
    ByOutcome(BTreeMap<Outcome, OutcomeRetry>),
    /// Outcomes.
    Outcomes(BTreeSet<Outcome>),
    /// Day rules.
    Rules(Vec<DayRule>),
    /// What happens at the end.
    AtEnd(AtEnd),
    /// A list, by its version and its size.
    List {
        /// Its version, from 1.
        version: u32,
        /// Contacts in it.
        contacts: u64,
    },
}

impl FieldValue {
    fn count(value: Option<u32>) -> Self {
        value.map_or(Self::Unset, Self::Count)
    }

    fn instant(value: Option<Timestamp>) -> Self {
        value.map_or(Self::Unset, Self::Instant)
    }
}

impl Field {
    /// What these settings hold in this field. The list is none of the settings: `Unset`.
    pub fn of(self, settings: &Settings) -> FieldValue {
        use FieldValue as V;
        let (retry, calendar) = (&settings.retry, &settings.calendar);
        match self {
            Self::Name => V::Text(settings.name.clone()),
            Self::Mode => V::Mode(settings.mode.name()),
            Self::Ratio => match settings.mode {
                Mode::Ratio(ratio) => V::Ratio(ratio),
                _ => V::Unset,
            },
            Self::Rate => match settings.mode {
                Mode::Rate { calls, interval } => V::Rate { calls, interval },
                _ => V::Unset,
            },
            Self::Preview => match settings.mode {
                Mode::Preview(rules) => V::Preview(rules),
                _ => V::Unset,
            },
            Self::Target => V::Target(settings.target.clone()),
            Self::TargetKind => V::Agents(settings.target.skill_group().is_some()),
            Self::FlowFirst => settings.flow_first.clone().map_or(V::Unset, V::Target),
            Self::CallerIds => V::Numbers(settings.caller_ids.clone()),
            Self::RecallCallerIds => V::Numbers(settings.recall_caller_ids.clone()),
            Self::Order => V::Order(settings.order),
            Self::RingTimeout => V::Time(settings.ring_timeout),
            Self::NoProgress => V::Time(settings.no_progress),
            Self::WrapUp => V::Time(settings.wrap_up),
            Self::AnswerWait => V::Time(settings.answer_wait),
            Self::Priority => V::Count(settings.priority.into()),
            Self::GuaranteedCalls => V::Count(settings.guaranteed_calls),
            Self::MaxCalls => V::count(settings.max_calls),
            Self::AbandonmentCeiling => settings.abandonment_ceiling.map_or(V::Unset, V::Share),
            Self::AbandonmentWindow => V::Window(settings.abandonment_window),
            Self::AttemptsTotal => V::Count(retry.attempts_total),
            Self::AttemptsPerDay => V::count(retry.attempts_per_day),
            Self::RetryInterval => V::Time(retry.interval),
            Self::RetryByOutcome => V::ByOutcome(retry.by_outcome.clone()),
            Self::RetryNever => V::Outcomes(retry.never.clone()),
            Self::StartsAt => V::instant(calendar.starts_at()),
            Self::EndsAt => V::instant(calendar.ends_at()),
            Self::TimeZone => V::Text(calendar.time_zone().to_owned()),
            Self::Rules => V::Rules(calendar.rules().to_vec()),
            Self::AtEnd => V::AtEnd(settings.at_end),
            Self::Contacts => V::Unset,
        }
    }
}

/// Settings with some fields set to other values.
///
/// The calendar is put together last, so that both ends of a period can move past the old ones.
///
/// # Errors
/// [`SettingsError`] for a value that is none of its field's, and for parts that make no calendar.
/// What else is wrong with the settings [`Settings::problems`] says.
pub fn with_values<'v>(
    settings: &Settings,
    values: impl IntoIterator<Item = (Field, &'v FieldValue)>,
) -> Result<Settings, SettingsError> {
    let mut after = settings.clone();
    let calendar = &settings.calendar;
    let mut parts = CalendarParts {
        starts_at: calendar.starts_at(),
        ends_at: calendar.ends_at(),
        time_zone: calendar.time_zone().to_owned(),
        rules: calendar.rules().to_vec(),
    };
    let mut ordered: Vec<_> = values.into_iter().collect();
    // The mode goes before its parameters.
    ordered.sort_by_key(|(field, _)| *field);
    for (field, value) in ordered {
        set(&mut after, &mut parts, field, value).ok_or_else(|| SettingsError {
            field: field.request_path(),
            problem: "has a value of another kind".to_owned(),
        })?;
    }
    after.calendar = Calendar::new(
        parts.starts_at,
        parts.ends_at,
        &parts.time_zone,
        parts.rules,
    )
    .map_err(|problem| SettingsError {
        field: "calendar",
        problem: problem.to_string(),
    })?;
    Ok(after)
}

struct CalendarParts {
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    time_zone: String,
    rules: Vec<DayRule>,
}

/// Sets one field; `None` when the value is none of its.
fn set(
    settings: &mut Settings,
    calendar: &mut CalendarParts,
    field: Field,
    value: &FieldValue,
) -> Option<()> {
    use FieldValue as V;
    let retry = &mut settings.retry;
    match (field, value) {
        (Field::Name, V::Text(name)) => settings.name.clone_from(name),
        (Field::Mode, V::Mode(mode)) => settings.mode = with_name(settings.mode, *mode),
        // The parameter of a mode that the campaign is not in any more.
        (Field::Ratio | Field::Rate | Field::Preview, V::Unset) => {}
        (Field::Ratio, V::Ratio(ratio)) => settings.mode = Mode::Ratio(*ratio),
        (Field::Rate, V::Rate { calls, interval }) => {
            settings.mode = Mode::Rate {
                calls: *calls,
                interval: *interval,
            };
        }
        (Field::Preview, V::Preview(rules)) => settings.mode = Mode::Preview(*rules),
        (Field::Target, V::Target(target)) => settings.target = target.clone(),
        // The target says it.
        (Field::TargetKind, V::Agents(_)) => {}
        (Field::FlowFirst, V::Unset) => settings.flow_first = None,
        (Field::FlowFirst, V::Target(target)) => settings.flow_first = Some(target.clone()),
        (Field::CallerIds, V::Numbers(numbers)) => settings.caller_ids.clone_from(numbers),
        (Field::RecallCallerIds, V::Numbers(numbers)) => {
            settings.recall_caller_ids.clone_from(numbers);
        }
        (Field::Order, V::Order(order)) => settings.order = *order,
        (Field::RingTimeout, V::Time(time)) => settings.ring_timeout = *time,
        (Field::NoProgress, V::Time(time)) => settings.no_progress = *time,
        (Field::WrapUp, V::Time(time)) => settings.wrap_up = *time,
        (Field::AnswerWait, V::Time(time)) => settings.answer_wait = *time,
        (Field::Priority, V::Count(priority)) => {
            settings.priority = u8::try_from(*priority).ok()?
        }
        (Field::GuaranteedCalls, V::Count(calls)) => settings.guaranteed_calls = *calls,
        (Field::MaxCalls, limit) => settings.max_calls = limit_of(limit)?,
        (Field::AbandonmentCeiling, V::Unset) => settings.abandonment_ceiling = None,
        (Field::AbandonmentCeiling, V::Share(share)) => settings.abandonment_ceiling = Some(*share),
        (Field::AbandonmentWindow, V::Window(window)) => settings.abandonment_window = *window,
        (Field::AttemptsTotal, V::Count(attempts)) => retry.attempts_total = *attempts,
        (Field::AttemptsPerDay, limit) => retry.attempts_per_day = limit_of(limit)?,
        (Field::RetryInterval, V::Time(time)) => retry.interval = *time,
        (Field::RetryByOutcome, V::ByOutcome(rules)) => retry.by_outcome.clone_from(rules),
        (Field::RetryNever, V::Outcomes(outcomes)) => retry.never.clone_from(outcomes),
        (Field::StartsAt, instant) => calendar.starts_at = instant_of(instant)?,
        (Field::EndsAt, instant) => calendar.ends_at = instant_of(instant)?,
        (Field::TimeZone, V::Text(zone)) => calendar.time_zone.clone_from(zone),
        (Field::Rules, V::Rules(rules)) => calendar.rules.clone_from(rules),
        (Field::AtEnd, V::AtEnd(at_end)) => settings.at_end = *at_end,
        // The list is replaced beside the settings.
        (Field::Contacts, _) => {}
        _ => return None,
    }
    Some(())
}

fn limit_of(value: &FieldValue) -> Option<Option<u32>> {
    match value {
        FieldValue::Unset => Some(None),
        FieldValue::Count(count) => Some(Some(*count)),
        _ => None,
    }
}

fn instant_of(value: &FieldValue) -> Option<Option<Timestamp>> {
    match value {
        FieldValue::Unset => Some(None),
        FieldValue::Instant(at) => Some(Some(*at)),
        _ => None,
    }
}

/// A mode of this name: the one there is, or one with the mode's defaults.
fn with_name(mode: Mode, name: ModeName) -> Mode {
    if mode.name() == name {
        return mode;
    }
    match name {
        ModeName::Preview => Mode::Preview(PreviewRules::default()),
        ModeName::Preempted => Mode::Preempted,
        ModeName::Progressive => Mode::Progressive,
        ModeName::Ratio => Mode::Ratio(Ratio::ONE),
        ModeName::Predictive => Mode::Predictive,
        ModeName::Rate => Mode::Rate {
            calls: 1,
            interval: Duration::from_secs(1),
        },
        ModeName::Concurrency => Mode::Concurrency,
    }
}
