//! GetTaskByUuid, TerminateCall and DownloadRecording.
//!
//! Source: their pages of OutboundBot 2019-12-26.

use outdial_service::ServiceError;
use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::ids;
use super::job_shapes as shapes;
use super::routes::{Answer, Call};

/// `GetTaskByUuid`: one attempt.
pub(super) async fn show(call: Call) -> Result<Answer, Fault> {
    let not_there = || Fault::not_exist("Task");
    let id = ids::task(call.parameters.required("TaskId")?).ok_or_else(not_there)?;
    // What was said is known to the flow alone.
    call.parameters.boolean("WithConversations")?;
    let attempt = match call.service.attempt(&call.caller, id).await {
        Err(ServiceError::NotFound { .. }) => return Err(not_there()),
        attempt => attempt?,
    };
    let campaign = match call.service.campaign(&call.caller, attempt.campaign).await {
        Err(ServiceError::CampaignNotFound(_)) => return Err(not_there()),
        campaign => campaign?,
    };
    let contact = call
        .service
        .contact_with_attempts(&call.caller, attempt.contact)
        .await?;
    let mut task = json!({
        "Id": ids::of_task(attempt.id),
        "JobId": ids::of_job(attempt.contact),
        "JobGroupId": campaign.uuid,
        "InstanceId": call.instance_id,
        "CallId": ids::of_task(attempt.id),
        "CallingNumber": attempt.caller_id.given(),
        "CalledNumber": shapes::called(&attempt, &contact.0),
        "PlannedTime": attempt.started_at.millis(),
        "ActualTime": attempt.started_at.millis(),
        "Conversations": [],
    });
    if let Some(end) = attempt.ended_at {
        task["EndTime"] = end.millis().into();
    }
    if let Some(reason) = shapes::end_reason_name(&attempt) {
        task["EndReason"] = Value::from(reason);
    }
    Ok(Map::from_iter([("Task".to_owned(), task)]))
}

/// `TerminateCall`: ends the call of a task, however far it has come.
pub(super) async fn terminate(call: Call) -> Result<Answer, Fault> {
    let not_there = || Fault::not_exist("Call");
    let id = ids::task(call.parameters.required("CallId")?).ok_or_else(not_there)?;
    match call.service.hang_up(&call.caller, id).await {
        Ok(()) => Ok(Answer::new()),
        Err(ServiceError::NotFound { .. }) => Err(not_there()),
        Err(error) => Err(error.into()),
    }
}

/// `DownloadRecording`: calls are not recorded, so that no task has one.
pub(super) async fn recording(call: Call) -> Result<Answer, Fault> {
    let not_there = || Fault::not_exist("Task");
    let id = ids::task(call.parameters.required("TaskId")?).ok_or_else(not_there)?;
    call.parameters.boolean("NeedVoiceSliceRecording")?;
    call.parameters.boolean("SwapChannels")?;
    match call.service.attempt(&call.caller, id).await {
        Err(ServiceError::NotFound { .. }) => Err(not_there()),
        Err(error) => Err(error.into()),
        Ok(_) => Err(Fault::not_exist("Recording")),
    }
}
