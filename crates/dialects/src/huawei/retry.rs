//! The retry policy: when a record is called again.

use std::time::Duration;

use outdial_domain::edit::Rule;
use outdial_domain::{EditPolicy, Field, RetryPolicy};
use outdial_service::{CampaignEdit, ServiceError};
use serde_json::{Map, Value, json};

use super::campaign::{Stored, campaign_of};
use super::fault::{Fault, FieldFault};
use super::routes::{Answer, Call};
use super::wire::Fields;
use crate::json;

/// Rest between two calls of a plain policy, which names none.
const PLAIN_REST: Duration = Duration::from_secs(3_600);

/// The retry policy changes in every state; nothing else does by it.
pub(super) const RETRY: EditPolicy = EditPolicy::new("huawei retryPolicy")
    .taking(|_| true)
    .ruling(|field, _| match field {
        Field::AttemptsTotal | Field::AttemptsPerDay | Field::RetryInterval => Rule::Take,
        _ => Rule::Ignore,
    });

/// The code of an unknown campaign, which is spelled so here only.
fn unknown(fault: Fault) -> Fault {
    match fault.code {
        "0200007" => Fault::business("0200-01", fault.text),
        _ => fault,
    }
}

/// JSON that stands in a text, or by itself.
fn embedded(fields: &Fields, name: &str) -> Result<Option<Value>, Fault> {
    match fields.value(name) {
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => json::value(text.as_bytes())
            .map(Some)
            .map_err(|fault| fields.fault(FieldFault::Conversion, name, &fault.to_string())),
        given => Ok(given.cloned()),
    }
}

/// The first object of an object or a list.
fn first(value: Option<Value>) -> Option<Map<String, Value>> {
    match value? {
        Value::Object(members) => Some(members),
        Value::Array(items) => first(items.into_iter().next()),
        _ => None,
    }
}

/// What a policy means. One by results is one for all of them: the numbers of results are not documented.
fn read(fields: &Fields) -> Result<RetryPolicy, Fault> {
    let policy = first(embedded(fields, "policyJson")?);
    let policy = Fields::of(fields.required("policyJson", policy)?);
    policy.text("dataType")?;
    let by_result = policy.integer_in("type", 0..=1)?.unwrap_or(0) == 1;
    let inner = embedded(&policy, "policy")?;
    let inner = policy.required("policy", inner)?;
    if by_result {
        let entries = match inner {
            Value::Array(entries) => entries,
            entry => vec![entry],
        };
        let mut read = RetryPolicy::default();
        for entry in entries {
            let entry = Fields::of(first(Some(entry)).unwrap_or_default());
            entry.integer("result")?;
            let rest = entry.integer_in("callInterval", 0..=2_592_000)?;
            let rest = entry.required("callInterval", rest)?;
            let times = entry.integer_in("retryNumber", 0..=99)?;
            let times = entry.required("retryNumber", times)?;
            let times = u32::try_from(times).unwrap_or(0);
            read.attempts_total = read.attempts_total.max(1 + times);
            let rest = Duration::from_secs(rest.unsigned_abs());
            read.interval = read.interval.max(rest);
        }
        return Ok(read);
    }
    let inner = Fields::of(first(Some(inner)).unwrap_or_default());
    let days = inner.integer_in("retryDay", 1..=100)?;
    let days = inner.required("retryDay", days)?;
    let times = inner.integer_in("retryTimes", 1..=100)?;
    let times = times.or(inner.integer_in("retryTime", 1..=100)?);
    let times = inner.required("retryTimes", times)?;
    let problem = "more than 100 calls in all";
    let total = u32::try_from(days * times)
        .ok()
        .filter(|total| *total <= 100);
    let total = total.ok_or_else(|| inner.fault(FieldFault::Value, "retryDay", problem))?;
    Ok(RetryPolicy {
        attempts_total: total,
        attempts_per_day: u32::try_from(times).ok(),
        interval: PLAIN_REST,
        ..RetryPolicy::default()
    })
}

/// `POST …/retryPolicy/{campaignId}`. Source: the CC-iSales page of the operation.
pub(super) async fn set(call: Call) -> Result<Answer, Fault> {
    let fields = &call.body;
    let kind = fields.integer_in("policyType", 0..=1)?;
    let kind = fields.required("policyType", kind)?;
    let policy = read(fields)?;
    let stored = json!({
        "policyType": kind,
        "policyJson": fields.value("policyJson"),
        "noRetryPolicy": fields.value("noRetryPolicy"),
        "busiPolicy": fields.value("busiPolicy"),
    });
    let desk = call.desk.clone();
    let _turn = desk.campaigns.lock().await;
    let campaign = campaign_of(&call).await.map_err(unknown)?;
    let edit = CampaignEdit::new(RETRY, move |campaign| {
        let mut settings = campaign.settings.clone();
        let retry = &mut settings.retry;
        retry.attempts_total = policy.attempts_total;
        retry.attempts_per_day = policy.attempts_per_day;
        retry.interval = policy.interval;
        Ok::<_, ServiceError>(settings)
    });
    let edit = edit.with_extras(move |campaign| {
        let mut after = Stored::of(campaign);
        after.retry_policy = Some(stored.clone());
        after.value()
    });
    let edited = call.service.edit_campaign(&call.caller, campaign.id, edit);
    edited.await?;
    Ok(Answer::default())
}

/// `GET …/retryPolicy/{campaignId}`. Source: the CC-iSales page of the operation.
pub(super) async fn show(call: Call) -> Result<Answer, Fault> {
    let campaign = campaign_of(&call).await.map_err(unknown)?;
    let mut data = Stored::of(&campaign)
        .retry_policy
        .unwrap_or_else(|| json!({}));
    data["retryPolicyId"] = campaign.id.number().into();
    if data["policyJson"].is_null() {
        let retry = &campaign.settings.retry;
        let times = retry.attempts_per_day.unwrap_or(retry.attempts_total);
        let days = retry.attempts_total.div_ceil(times.max(1));
        let policy = json!({"retryDay": days, "retryTimes": times}).to_string();
        data["policyType"] = 0.into();
        data["policyJson"] = json!({"type": 0, "policy": policy}).to_string().into();
    }
    Ok(Answer::with("query success", [("data", data)]))
}
