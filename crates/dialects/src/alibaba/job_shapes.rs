//! Jobs and tasks as the vendor's answers show them: our contacts and attempts.

use outdial_domain::{
    Attempt, Campaign, CampaignState, Contact, ContactState, EndReason, EndedBy, Outcome,
};
use serde_json::{Value, json};

use super::ids;
use super::jobs::PERSON;
use super::strategy;

/// Where a job stands, in the vendor's words.
pub(super) fn job_status(contact: &Contact, campaign: &Campaign, group: &str) -> &'static str {
    match contact.state {
        ContactState::Done => match contact.last_outcome {
            Some(outcome) if picked_up(outcome) => "Succeeded",
            Some(Outcome::Cancelled) => "Cancelled",
            _ => "Failed",
        },
        ContactState::InProgress => "Executing",
        ContactState::Fresh | ContactState::Resting => match (group, campaign.state) {
            ("Draft", _) => "Drafted",
            ("Paused", _) => "Paused",
            (_, CampaignState::Ended(EndReason::ByHand)) => "Cancelled",
            (_, CampaignState::Ended(EndReason::PeriodOver | EndReason::Fault)) => "Failed",
            ("Completed", _) => "Failed",
            _ if contact.is_held() => "Paused",
            _ => "Scheduling",
        },
    }
}

/// Whether somebody, or something, took the call: it is what the vendor counts as reached.
pub(super) fn picked_up(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Answered | Outcome::Machine | Outcome::Abandoned
    )
}

/// Why a job failed.
pub(super) fn failure_reason(
    contact: &Contact,
    campaign: &Campaign,
    status: &str,
) -> Option<&'static str> {
    if status != "Failed" {
        return None;
    }
    if contact.state != ContactState::Done {
        return Some(match campaign.state {
            CampaignState::Ended(EndReason::Fault) => "CallFailed",
            _ => "TimeUp",
        });
    }
    let retry = &campaign.settings.retry;
    let used_up = contact.history.attempts >= retry.attempts_total && retry.attempts_total > 1;
    Some(match contact.last_outcome {
        Some(Outcome::Invalid) => "EmptyNumber",
        Some(Outcome::InArrears) => "InArrears",
        Some(Outcome::OutOfService) => "OutOfService",
        Some(Outcome::NoAnswer | Outcome::Busy | Outcome::PoweredOff | Outcome::Unreachable)
            if used_up =>
        {
            "NoneRepeatableJobMaxAttemptCountLimit"
        }
        Some(Outcome::NoAnswer) => "NoAnswer",
        Some(_) => "CallFailed",
        // Without any call only the do-not-call list makes a contact final.
        None => "ContactBlockList",
    })
}

/// The number by which lists show a job's status.
pub(super) fn job_status_number(status: &str) -> u8 {
    match status {
        "Scheduling" => 0,
        "Executing" => 1,
        "Succeeded" => 2,
        "Paused" => 3,
        "Failed" => 4,
        "Cancelled" => 5,
        _ => 6,
    }
}

/// How an attempt went: the vendor's number and word. What its network never tells us stays out.
pub(super) fn task_status(attempt: &Attempt) -> (u8, &'static str) {
    match attempt.outcome {
        None => (0, "Executing"),
        Some(Outcome::Answered) => match attempt.evidence.ended_by {
            Some(EndedBy::Remote) => (24, "SucceededClientHangUp"),
            _ => (20, "SucceededFinish"),
        },
        Some(Outcome::Abandoned) => (28, "SucceededError"),
        Some(Outcome::Machine) => (29, "SucceededSpecialInterceptVoiceAssistant"),
        Some(Outcome::NoAnswer) => (2, "NoAnswer"),
        Some(Outcome::Invalid) => (3, "NotExist"),
        Some(Outcome::Busy) => (4, "Busy"),
        Some(Outcome::Cancelled) => (5, "Cancelled"),
        Some(Outcome::Unreachable | Outcome::Rejected) => (7, "NotConnected"),
        Some(Outcome::PoweredOff) => (8, "PoweredOff"),
        Some(Outcome::OutOfService) => (9, "OutOfService"),
        Some(Outcome::InArrears) => (10, "InArrears"),
        Some(Outcome::Congestion | Outcome::NetworkError | Outcome::Failed | Outcome::Unknown) => {
            (6, "Failed")
        }
    }
}

/// `EndReason` of a task that was picked up, as its number.
pub(super) fn end_reason(attempt: &Attempt) -> Option<u8> {
    match task_status(attempt).0 {
        20 => Some(1),
        24 => Some(5),
        28 => Some(9),
        29 => Some(10),
        _ => None,
    }
}

/// The same by its name.
pub(super) fn end_reason_name(attempt: &Attempt) -> Option<&'static str> {
    match end_reason(attempt)? {
        1 => Some("FINISHED"),
        5 => Some("CLIENT_HANGUP"),
        9 => Some("ERROR"),
        _ => Some("SPECIAL_INTERCEPT_VOICE_ASSISTANT"),
    }
}

fn person<'c>(contact: &'c Contact, name: &str) -> Option<&'c str> {
    let value = contact.attributes.get(&format!("{PERSON}{name}"));
    value.map(String::as_str)
}

/// The contact shape. In our lists a job has one contact, so both have one id.
pub(super) fn contact_shape(contact: &Contact) -> Value {
    let number = contact.numbers.first().map(|number| number.given());
    let name = person(contact, "name").unwrap_or_default();
    let state = match contact.last_outcome {
        Some(Outcome::Invalid) => "DoesNotExist",
        Some(Outcome::OutOfService | Outcome::InArrears) => "Suspended",
        _ => "Available",
    };
    json!({
        "ContactId": ids::of_job(contact.id),
        "ContactName": name,
        "Honorific": person(contact, "honorific").unwrap_or(name),
        "JobId": ids::of_job(contact.id),
        "PhoneNumber": number.unwrap_or_default(),
        "ReferenceId": contact.external_id.clone().unwrap_or_default(),
        "Role": person(contact, "role").unwrap_or_default(),
        "State": state,
    })
}

/// The variables of a job.
pub(super) fn extras(contact: &Contact) -> Vec<Value> {
    let own = contact
        .attributes
        .iter()
        .filter(|(key, _)| !key.starts_with(PERSON));
    own.map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect()
}

/// The common shape of a job, without its tasks.
pub(super) fn job_shape(contact: &Contact, campaign: &Campaign, group: &str) -> Value {
    let status = job_status(contact, campaign, group);
    let shown = campaign.settings.caller_ids.iter();
    let shown: Vec<String> = shown.map(|number| number.given()).collect();
    let priority = person(contact, "priority").and_then(|text| text.parse::<i64>().ok());
    let mut shape = json!({
        "JobId": ids::of_job(contact.id),
        "JobGroupId": campaign.uuid,
        "StrategyId": strategy::id_of(campaign),
        "ReferenceId": contact.external_id.clone().unwrap_or_default(),
        "Status": status,
        "Priority": priority.unwrap_or(0),
        "CallingNumbers": shown,
        "Contacts": [contact_shape(contact)],
        "Extras": extras(contact),
    });
    if let Some(reason) = failure_reason(contact, campaign, status) {
        shape["FailureReason"] = reason.into();
    }
    shape
}

/// The number that was called, as the list gave it.
pub(super) fn called(attempt: &Attempt, contact: &Contact) -> String {
    let own = contact
        .numbers
        .iter()
        .find(|number| **number == attempt.number);
    own.unwrap_or(&attempt.number).given()
}

/// The common shape of a task. Talk time in seconds; the rest of its times in milliseconds.
pub(super) fn task_shape(attempt: &Attempt, contact: &Contact) -> Value {
    let talk_s = talk_ms(attempt) / 1_000;
    json!({
        "TaskId": ids::of_task(attempt.id),
        "JobId": ids::of_job(attempt.contact),
        "CallId": ids::of_task(attempt.id),
        "CallingNumber": attempt.caller_id.given(),
        "CalledNumber": called(attempt, contact),
        "PlanedTime": attempt.started_at.millis(),
        "ActualTime": attempt.started_at.millis(),
        "Duration": talk_s,
        "Status": task_status(attempt).1,
        "Contact": contact_shape(contact),
        "Conversation": [],
    })
}

/// A task with what only DescribeJob shows of it.
pub(super) fn task_in_full(attempt: &Attempt, contact: &Contact) -> Value {
    let mut shape = task_shape(attempt, contact);
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            shape[name] = value;
        }
    };
    let total = attempt.ended_at.map(|end| end.since(attempt.started_at));
    let side = hang_up_direction(attempt);
    add("EndTime", attempt.ended_at.map(|end| end.millis().into()));
    add(
        "EndReason",
        end_reason(attempt).map(|reason| reason.to_string().into()),
    );
    add("HangUpDirection", side.map(Value::from));
    add("RealRingingDuration", rang_ms(attempt).map(Value::from));
    add(
        "SipCode",
        attempt
            .evidence
            .sip_status
            .map(|status| status.to_string().into()),
    );
    add(
        "TotalDuration",
        total.map(|total| (total.as_millis() as u64).into()),
    );
    shape
}

/// Milliseconds of ringing; `None` where nothing told of any.
pub(super) fn rang_ms(attempt: &Attempt) -> Option<u64> {
    let until = attempt.answered_at.or(attempt.ended_at);
    match (attempt.progress_at, until) {
        (Some(from), Some(to)) => Some(to.since(from).as_millis() as u64),
        _ => None,
    }
}

/// Which side hung up.
pub(super) fn hang_up_direction(attempt: &Attempt) -> Option<&'static str> {
    match attempt.evidence.ended_by? {
        EndedBy::Remote => Some("client"),
        EndedBy::Us => Some("ivr"),
        EndedBy::Network => None,
    }
}

/// Whether the flow ended the call by itself.
pub(super) fn reached_end_of_flow(attempt: &Attempt) -> bool {
    attempt.outcome == Some(Outcome::Answered) && attempt.evidence.ended_by == Some(EndedBy::Us)
}

/// `00:01:30` of 90 s.
pub(super) fn clock_time(secs: u64) -> String {
    format!("{:02}:{:02}:{:02}", secs / 3600, secs / 60 % 60, secs % 60)
}

/// Milliseconds from answer to end.
pub(super) fn talk_ms(attempt: &Attempt) -> u64 {
    match (attempt.answered_at, attempt.ended_at) {
        (Some(from), Some(to)) => to.since(from).as_millis() as u64,
        _ => 0,
    }
}

/// `LatestTask` of a job in QueryJobsWithResult.
pub(super) fn latest_task(attempt: &Attempt, contact: &Contact) -> Value {
    let (_, name) = task_status(attempt);
    let talk_s = talk_ms(attempt) / 1_000;
    let number = called(attempt, contact);
    let mut person = contact_shape(contact);
    person["Id"] = person["ContactId"].clone();
    person["Name"] = person["ContactName"].clone();
    person["PreferredPhoneNumber"] = number.into();
    person["JobUuid"] = person["JobId"].clone();
    json!({
        "CallDuration": talk_s,
        "CallDurationDisplay": clock_time(talk_s),
        "CallTime": attempt.started_at.millis(),
        "HasAnswered": attempt.answered_at.is_some(),
        "HasHangUpByRejection": attempt.outcome == Some(Outcome::Rejected),
        "HasReachedEndOfFlow": reached_end_of_flow(attempt),
        "HangUpDirection": match attempt.evidence.ended_by {
            Some(EndedBy::Remote) => "client",
            _ => "ivr",
        },
        "Status": name,
        "StatusName": name,
        "TaskEndReason": end_reason(attempt).map(|reason| reason.to_string()).unwrap_or_default(),
        "Extras": extras(contact),
        "TagHits": [],
        "DialExceptionCodes": [],
        "Contact": person,
    })
}
