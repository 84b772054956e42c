//! Start, pause, stop. Their paths are ours: no public page has the vendor's.

use outdial_domain::edit::Rule;
use outdial_domain::{
    Calendar, Campaign, CampaignId, CampaignState, EditPolicy, Field, LifeCycleCommand,
};
use outdial_service::{CampaignEdit, ServiceError};
use serde_json::Value;

use super::fault::Fault;
use super::routes::Call;
use super::task::task_id;

/// A start before the time moves the period's start, and no more.
const START: EditPolicy = EditPolicy::new("dezhu task/outbound/start")
    .taking(|state| matches!(state, CampaignState::Scheduled))
    .ruling(|field, _| match field {
        Field::StartsAt => Rule::Take,
        _ => Rule::Refuse,
    });

/// Holds a running task.
pub(super) async fn pause_task(call: Call) -> Result<Value, Fault> {
    let id = task_id(&call.body)?;
    let campaign = call.service.campaign(&call.caller, id).await?;
    match campaign.state {
        CampaignState::Paused => Ok(Value::Bool(true)),
        // It has not begun: there is nothing to hold.
        CampaignState::Scheduled => Err(Fault::failed("taskStatus")),
        _ => command(&call, id, LifeCycleCommand::Pause).await,
    }
}

/// Ends a task for good.
pub(super) async fn stop_task(call: Call) -> Result<Value, Fault> {
    let id = task_id(&call.body)?;
    command(&call, id, LifeCycleCommand::Abort).await
}

/// Takes a task out of all lists.
pub(super) async fn delete_task(call: Call) -> Result<Value, Fault> {
    let id = task_id(&call.body)?;
    let campaign = call.service.campaign(&call.caller, id).await?;
    match campaign.state {
        CampaignState::Running => return Err(Fault::failed("taskStatus")),
        // A removed campaign must not be one that could go on.
        CampaignState::Paused => {
            let end = LifeCycleCommand::Abort;
            call.service.command_campaign(&call.caller, id, end).await?;
        }
        CampaignState::Draft | CampaignState::Scheduled | CampaignState::Ended(_) => {}
    }
    call.service.remove_campaign(&call.caller, id).await?;
    Ok(Value::Bool(true))
}

pub(super) async fn command(
    call: &Call,
    id: CampaignId,
    command: LifeCycleCommand,
) -> Result<Value, Fault> {
    call.service
        .command_campaign(&call.caller, id, command)
        .await?;
    Ok(Value::Bool(true))
}

/// Lets a task that waits for its first window begin with the next one from now on.
pub(super) async fn bring_forward(call: &Call, id: CampaignId) -> Result<Value, Fault> {
    // The first instant of the day: passed, whatever the server's clock says.
    let now = call.now;
    let wish = move |campaign: &Campaign| {
        let mut settings = campaign.settings.clone();
        let calendar = &settings.calendar;
        let (end, zone) = (calendar.ends_at(), calendar.time_zone().to_owned());
        let rules = calendar.rules().to_vec();
        let today = calendar.local_day(now).0;
        settings.calendar = Calendar::new(Some(today), end, &zone, rules)
            .map_err(|problem| ServiceError::field("taskExecTimes", problem.to_string()))?;
        Ok(settings)
    };
    let edit = CampaignEdit::new(START, wish);
    call.service.edit_campaign(&call.caller, id, edit).await?;
    Ok(Value::Bool(true))
}
