//! Tasks: made, listed, shown.

use outdial_domain::{Campaign, CampaignState, LifeCycleCommand, Origin};
use outdial_service::views::PageRequest;
use serde_json::{Map, Value, json};

use super::customers::{self, CUSTOMERS_MAX};
use super::fault::Fault;
use super::page::Paging;
use super::routes::Call;
use super::task::{
    IDENTIFY_DEFAULT, Stored, Surroundings, Task, batch_shown, shown, status, task_id,
};

/// 创建自动任务. The form of the answer is ours: its page is not public.
pub(super) async fn create_task(call: Call) -> Result<Value, Fault> {
    let task = Task::read(&call.body)?;
    let kind = call.body.integer_in("taskType", 1..=2)?;
    let identify = task.dialing().identify().unwrap_or(IDENTIFY_DEFAULT);
    let country = call.service.tenant(call.caller.tenant)?.default_country;
    let contacts = customers::read(&call.body, identify, country)?.unwrap_or_default();
    if kind == Some(2) {
        return Err(Fault::failed("taskType: tasks by hand are not built"));
    }
    let around = Surroundings::of(&call).await?;
    let settings = task.settings(&around)?;
    let mut stored = Stored::default();
    task.store(&mut stored);
    let extras = [(Origin::Dezhu, stored.into_value())].into();
    let campaign = call
        .service
        .create_campaign_with_own_name(&call.caller, settings, extras)
        .await?;
    if !contacts.is_empty() {
        let (caller, id) = (&call.caller, campaign.id);
        call.service
            .append_contacts(caller, id, contacts, CUSTOMERS_MAX)
            .await?;
        // Without customers it would be completed at once: the first ones start it.
        call.service
            .command_campaign(caller, id, LifeCycleCommand::Start)
            .await?;
    }
    Ok(json!(campaign.id.number()))
}

/// 查询任务.
pub(super) async fn list_tasks(call: Call) -> Result<Value, Fault> {
    let query = &call.query;
    let name = query.text("query")?.unwrap_or_default();
    let kind = query.integer_in("taskType", 0..=2)?;
    let wanted = query.integer_in("taskStatus", 1..=6)?;
    let group = match query.text("skillsetId")? {
        Some(group) => Some(group),
        None => query.text("skillSetId")?,
    };
    let paging = Paging::read(query)?;
    let around = Surroundings::of(&call).await?;
    let group = group.filter(|group| !group.is_empty());
    let group = group.map(|group| around.skill_group(&group));
    let fits = |campaign: &Campaign| {
        campaign.settings.name.contains(name.trim())
            && wanted.is_none_or(|wanted| wanted == i64::from(status(campaign.state)))
            && group.is_none_or(|group| {
                group.is_some() && campaign.settings.target.skill_group() == group
            })
    };
    let mut found = Vec::new();
    // There are no tasks by hand.
    if kind != Some(2) {
        let mut page = PageRequest {
            cursor: None,
            limit: Some(1000),
        };
        loop {
            let part = call.service.campaigns(&call.caller, page.clone()).await?;
            found.extend(part.items.into_iter().filter(fits));
            page.cursor = part.next_cursor;
            if page.cursor.is_none() {
                break;
            }
        }
    }
    let mut list = Vec::new();
    for campaign in paging.of(&found) {
        list.push(Value::Object(
            with_counters(&call, campaign, &around).await?,
        ));
    }
    Ok(json!({"total": found.len(), "list": list}))
}

/// A task by its id. The path is ours: the vendor's is on no public page.
pub(super) async fn show_task(call: Call) -> Result<Value, Fault> {
    let id = task_id(&call.query)?;
    let campaign = call.service.campaign(&call.caller, id).await?;
    let around = Surroundings::of(&call).await?;
    Ok(Value::Object(
        with_counters(&call, &campaign, &around).await?,
    ))
}

/// 号码批次.
pub(super) async fn phone_groups(call: Call) -> Result<Value, Fault> {
    let id = task_id(&call.query)?;
    let campaign = call.service.campaign(&call.caller, id).await?;
    Ok(json!([batch_shown(&campaign)]))
}

/// Starts a task before its time, or goes on with a paused one. The path is ours.
pub(super) async fn start_task(call: Call) -> Result<Value, Fault> {
    let id = task_id(&call.body)?;
    let campaign = call.service.campaign(&call.caller, id).await?;
    let command = match campaign.state {
        CampaignState::Running => return Ok(Value::Bool(true)),
        CampaignState::Scheduled => return super::run::bring_forward(&call, id).await,
        CampaignState::Paused => LifeCycleCommand::Resume,
        CampaignState::Draft | CampaignState::Ended(_) => LifeCycleCommand::Start,
    };
    super::run::command(&call, id, command).await
}

async fn with_counters(
    call: &Call,
    campaign: &Campaign,
    around: &Surroundings,
) -> Result<Map<String, Value>, Fault> {
    let mut task = shown(campaign, around);
    let stats = call.service.stats(&call.caller, campaign.id).await?;
    let contacts = stats.contacts;
    let total = contacts.waiting + contacts.in_progress + contacts.done;
    for (name, count) in [
        ("totalCount", total),
        ("calledCount", stats.attempts),
        ("connectedCount", stats.answered),
    ] {
        task.insert(name.to_owned(), json!(count));
    }
    Ok(task)
}
