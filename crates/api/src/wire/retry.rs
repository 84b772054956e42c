//! The retry policy on the wire.

use std::collections::BTreeMap;
use std::time::Duration;

use outdial_domain::{Outcome, OutcomeRetry, RetryPolicy};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::fields::{At, Findings, echo};
use crate::scalar::{Seconds, seconds, whole};
use crate::wire::names::{Name, OutcomeName, named};

/// When a contact is tried again, and when it is given up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Retry {
    /// Attempts in all, the first one included.
    #[schema(required = false, default = 1, minimum = 1, maximum = 100)]
    attempts_total: u32,
    /// Attempts in one local day of the campaign's zone; null = no limit.
    #[schema(minimum = 1)]
    attempts_per_day: Option<u32>,
    /// Rest between the end of an attempt and the next one.
    #[schema(required = false, default = 0)]
    interval_s: Seconds,
    /// Outcomes with a rest or a limit of their own, by the name of the outcome.
    #[schema(required = false)]
    by_outcome: BTreeMap<&'static str, RetryByOutcome>,
    /// Outcomes after which the contact is final at once.
    #[schema(required = false)]
    never: Vec<OutcomeName>,
}

/// What an outcome changes in the retry policy.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetryByOutcome {
    /// Rest after this outcome; null = the policy's.
    interval_s: Option<Seconds>,
    /// Most attempts that may end so before the contact is final; null = no limit of its own.
    #[schema(minimum = 1)]
    attempts: Option<u32>,
}

/// Rests and limits by the names of the outcomes.
pub(crate) fn by_outcome_json(
    rules: &BTreeMap<Outcome, OutcomeRetry>,
) -> BTreeMap<&'static str, RetryByOutcome> {
    let by_name = rules.iter().map(|(outcome, retry)| {
        let json = RetryByOutcome {
            interval_s: retry.interval.map(Seconds),
            attempts: retry.attempts,
        };
        (outcome.as_str(), json)
    });
    by_name.collect()
}

impl From<&RetryPolicy> for Retry {
    fn from(policy: &RetryPolicy) -> Self {
        Self {
            attempts_total: policy.attempts_total,
            attempts_per_day: policy.attempts_per_day,
            interval_s: Seconds(policy.interval),
            by_outcome: by_outcome_json(&policy.by_outcome),
            never: policy.never.iter().copied().map(Name).collect(),
        }
    }
}

/// Reads a retry policy.
pub(crate) fn read_retry(findings: &mut Findings, at: At<'_>) -> Option<RetryPolicy> {
    let mut object = at.object(findings)?;
    let attempts = whole::<u32>(1..=u64::from(u32::MAX));
    let attempts_total = object
        .optional(findings, "attempts_total", whole::<u32>(1..=100))
        .unwrap_or(1);
    let attempts_per_day = object.optional(findings, "attempts_per_day", attempts);
    let interval = object
        .optional(findings, "interval_s", seconds)
        .unwrap_or(Duration::ZERO);
    let by_outcome = object
        .field("by_outcome")
        .and_then(|at| read_by_outcome(findings, at))
        .unwrap_or_default();
    let never = object
        .field("never")
        .and_then(|at| {
            at.list(findings, Outcome::ALL.len(), |findings, at| {
                at.scalar(findings, named::<Outcome>)
            })
        })
        .unwrap_or_default();
    object.finish(findings);
    Some(RetryPolicy {
        attempts_total,
        attempts_per_day,
        interval,
        by_outcome,
        never: never.into_iter().collect(),
    })
}

fn read_by_outcome(findings: &mut Findings, at: At<'_>) -> Option<BTreeMap<Outcome, OutcomeRetry>> {
    let Value::Object(map) = at.value else {
        at.object(findings)?;
        return None;
    };
    let mut by_outcome = BTreeMap::new();
    for (name, value) in map.iter().filter(|(_, value)| !value.is_null()) {
        let path = format!("{}.{}", at.path, echo(name));
        let outcome = named::<Outcome>(&Value::String(name.clone()));
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(problem) => {
                findings.add(path, problem);
                continue;
            }
        };
        if let Some(retry) = read_outcome(findings, At { value, path }) {
            by_outcome.insert(outcome, retry);
        }
    }
    Some(by_outcome)
}

fn read_outcome(findings: &mut Findings, at: At<'_>) -> Option<OutcomeRetry> {
    let mut object = at.object(findings)?;
    let retry = OutcomeRetry {
        interval: object.optional(findings, "interval_s", seconds),
        attempts: object.optional(findings, "attempts", whole::<u32>(1..=100)),
    };
    object.finish(findings);
    Some(retry)
}
