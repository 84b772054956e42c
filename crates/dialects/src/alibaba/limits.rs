//! Limits of an instance: attempts in a day, the period in which calls are made, and numbers that do not
//! exist.
//!
//! They are told as they are in force. Each group has its own in its strategy, and what holds for the whole
//! tenant stands in the configuration of the server: values other than those in force are refused.
//!
//! Source: the pages of the six actions of OutboundBot 2019-12-26.

use outdial_domain::TimeOfDay;
use serde_json::json;

use super::fault::Fault;
use super::routes::{Answer, Call};
use super::strategy::ATTEMPTS_PER_DAY;

/// Levels: the system, the tenant, the instance.
const LEVELS: std::ops::RangeInclusive<i64> = 0..=2;

fn check_level(call: &Call) -> Result<(), Fault> {
    call.parameters.integer_in("StrategyLevel", LEVELS)?;
    Ok(())
}

fn refused(name: &str, where_else: &str) -> Fault {
    let reason = format!("It differs from what is in force for all groups: {where_else}.");
    Fault::invalid(name, &reason)
}

/// `GetMaxAttemptsPerDay`: what a group has that names none.
pub(super) async fn attempts(call: Call) -> Result<Answer, Fault> {
    check_level(&call)?;
    let most = ("MaxAttemptsPerDay".to_owned(), ATTEMPTS_PER_DAY.into());
    Ok(Answer::from_iter([most]))
}

/// `SaveMaxAttemptsPerDay`.
pub(super) async fn save_attempts(call: Call) -> Result<Answer, Fault> {
    let most = call.parameters.integer("MaxAttemptsPerDay")?;
    check_level(&call)?;
    match most {
        Some(most) if most != i64::from(ATTEMPTS_PER_DAY) => Err(refused(
            "MaxAttemptsPerDay",
            "use maxAttemptsPerDay in the StrategyJson of a group",
        )),
        _ => Ok(Answer::new()),
    }
}

/// `GetBaseStrategyPeriod`: every day, all day.
pub(super) async fn period(call: Call) -> Result<Answer, Fault> {
    check_level(&call)?;
    let all_day = json!([{
        "BeginTime": "00:00:00",
        "BeginTimeMillis": 0,
        "EndTime": "24:00:00",
        "EndTimeMillis": 86_400_000,
    }]);
    Ok(Answer::from_iter([
        ("WorkingTime".to_owned(), all_day),
        ("OnlyWeekdays".to_owned(), false.into()),
        ("OnlyWorkdays".to_owned(), false.into()),
    ]))
}

/// `SaveBaseStrategyPeriod`.
pub(super) async fn save_period(call: Call) -> Result<Answer, Fault> {
    const FRAMES: &str = "WorkingTimeFramesJson";
    const ELSE: &str = "use workingTime and repeatDays in the StrategyJson of a group";
    let parameters = &call.parameters;
    for name in ["OnlyWeekdays", "OnlyWorkdays"] {
        if parameters.boolean(name)? == Some(true) {
            return Err(refused(name, ELSE));
        }
    }
    check_level(&call)?;
    if parameters
        .list("WorkingTime")
        .is_some_and(|list| !list.is_empty())
    {
        return Err(refused("WorkingTime", ELSE));
    }
    let Some(text) = parameters.text(FRAMES) else {
        return Ok(Answer::new());
    };
    let frames = serde_json::from_str::<serde_json::Value>(text);
    let frames = frames.map_err(|_| Fault::invalid(FRAMES, "It is not a JSON list."))?;
    let Some(frames) = frames.as_array() else {
        return Err(Fault::invalid(FRAMES, "It is not a JSON list."));
    };
    let is = |frame: &serde_json::Value, name: &str, time: u32| {
        let members = frame.as_object();
        let mut members = members.into_iter().flatten();
        let member = members.find(|(key, _)| key.eq_ignore_ascii_case(name));
        let text = member.and_then(|(_, value)| value.as_str());
        let given = text.and_then(|text| TimeOfDay::parse(text).ok());
        given.is_some_and(|given| given.secs() == time)
    };
    let all_day = |frame| is(frame, "beginTime", 0) && is(frame, "endTime", 86_400);
    match !frames.is_empty() && frames.iter().all(all_day) {
        true => Ok(Answer::new()),
        false => Err(refused(FRAMES, ELSE)),
    }
}

/// `GetEmptyNumberNoMoreCallsInfo`.
pub(super) async fn empty_number(call: Call) -> Result<Answer, Fault> {
    check_level(&call)?;
    let no = ("EmptyNumberNoMoreCalls".to_owned(), false.into());
    Ok(Answer::from_iter([no]))
}

/// `ModifyEmptyNumberNoMoreCallsInfo`.
pub(super) async fn modify_empty_number(call: Call) -> Result<Answer, Fault> {
    const NAME: &str = "EmptyNumberNoMoreCalls";
    check_level(&call)?;
    match call.parameters.boolean(NAME)? {
        None => Err(Fault::missing(NAME)),
        Some(true) => Err(refused(
            NAME,
            "use emptyNumberIgnore in the RecallStrategyJson of a group",
        )),
        Some(false) => Ok(Answer::new()),
    }
}
