//! The actions on job groups.
//!
//! Source: CreateJobGroup, ModifyJobGroup, DescribeJobGroup, DeleteJobGroup of OutboundBot
//! 2019-12-26. Where its pages are silent on states: see the vendor's page in `docs/dialects`.

use std::sync::{Arc, Mutex, PoisonError};

use outdial_domain::edit::Rule;
use outdial_domain::{
    Calendar, Campaign, CampaignState, EditPolicy, EditRefused, Field, LifeCycleCommand, Mode,
    Origin, Settings,
};
use outdial_service::views::{PageRequest, Stats};
use outdial_service::{CampaignEdit, ServiceError};
use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::floors::check_floor;
use super::group::{self, Belongings, GroupChange, Request};
use super::routes::{Answer, Call};
use super::strategy::stored;

/// Which groups ModifyJobGroup takes, and which of their fields. A draft of ours that is shown as
/// scheduling is none of these: `may_modify` tells them apart.
pub const MODIFY_JOB_GROUP: EditPolicy = EditPolicy::new("alibaba ModifyJobGroup")
    .taking(|state| matches!(state, CampaignState::Draft | CampaignState::Paused))
    .ruling(|field, _| match field {
        Field::Mode | Field::TargetKind => Rule::Refuse,
        _ => Rule::Take,
    });

/// What this API remembers of a group may change in every state: it is nothing that dials.
const REMEMBER: EditPolicy = EditPolicy::new("alibaba status").taking(|_| true);

/// The group that a request names.
pub(super) async fn named(call: &Call) -> Result<Campaign, Fault> {
    by_id(call, call.parameters.required("JobGroupId")?).await
}

/// The group with this id.
pub(super) async fn by_id(call: &Call, id: &str) -> Result<Campaign, Fault> {
    match call.service.campaign_by_uuid(&call.caller, id).await {
        Ok(campaign) => Ok(campaign),
        Err(ServiceError::NotFound { .. }) => Err(Fault::not_exist("JobGroup")),
        Err(error) => Err(error.into()),
    }
}

/// All groups of the instance, newest first.
pub(super) async fn all(call: &Call) -> Result<Vec<Campaign>, Fault> {
    let mut groups = Vec::new();
    let mut cursor = None;
    loop {
        let request = PageRequest {
            cursor,
            limit: Some(1_000),
        };
        let page = call.service.campaigns(&call.caller, request).await?;
        groups.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(groups);
        }
    }
}

/// How a group is doing; cheap where it cannot be dialing.
pub(super) async fn stats(call: &Call, campaign: &Campaign) -> Result<Stats, Fault> {
    Ok(call.service.stats(&call.caller, campaign.id).await?)
}

/// Changes what this API remembers of a group.
pub(super) async fn remember(
    call: &Call,
    campaign: &Campaign,
    change: fn(&mut Map<String, Value>),
) -> Result<(), Fault> {
    let edit = CampaignEdit::new(REMEMBER, |campaign| Ok(campaign.settings.clone()));
    let edit = edit.with_extras(move |campaign| {
        let mut stored = stored(campaign).cloned().unwrap_or_default();
        change(&mut stored);
        stored.into()
    });
    call.service
        .edit_campaign(&call.caller, campaign.id, edit)
        .await?;
    Ok(())
}

/// `CreateJobGroup`.
pub(super) async fn create(call: Call) -> Result<Answer, Fault> {
    let has = Belongings::of(&call).await?;
    let change = GroupChange::read(&call.parameters, Request::Create, &has)?;
    let target = change.target().ok_or_else(|| Fault::not_exist("Script"))?;
    let calendar = Calendar::always(&has.tenant.time_zone).map_err(|_| Fault::internal())?;
    let name = change.name.clone().unwrap_or_default();
    let mut settings = Settings::new(&name, Mode::Concurrency, target, has.numbers(), calendar);
    group::defaults(&mut settings);
    let mut stored = Map::new();
    change.apply(&mut settings, &mut stored)?;
    // Held until the group counts in the next sum.
    let _floors = call.desk.floors(call.caller.tenant).await;
    check_floor(&call, &settings, None, &has).await?;
    let extras = [(Origin::Alibaba, stored.into())].into();
    let created = call
        .service
        .create_campaign_with(&call.caller, settings, extras, None)
        .await
        .map_err(|error| group::fault(error, Request::Create))?;
    let shape = shape(&call, &created, &has).await?;
    Ok(answer_of(shape))
}

/// `ModifyJobGroup`: the edit.
pub(super) async fn modify(call: Call) -> Result<Answer, Fault> {
    let campaign = named(&call).await?;
    let has = Belongings::of(&call).await?;
    let change = GroupChange::read(&call.parameters, Request::Modify, &has)?;
    let wished = call.parameters.text("JobGroupStatus");
    let wished = wished.map(WishedStatus::read).transpose()?;
    change.check_ids(&campaign, &has)?;
    // Asked for only where it decides: whether the group can be a draft again.
    let dialed = wished == Some(WishedStatus::Draft) && stats(&call, &campaign).await?.attempts > 0;
    let floors = call.desk.floors(call.caller.tenant).await;
    if change.floor.is_some() || change.urgent.is_some() {
        let mut settings = campaign.settings.clone();
        change.apply(&mut settings, &mut Map::new())?;
        check_floor(&call, &settings, Some(&campaign), &has).await?;
    }
    let edited = edit(&call, &campaign, change, wished, dialed).await?;
    drop(floors);
    let edited = match wished {
        Some(WishedStatus::Scheduling) => super::commands::resume_group(&call, &edited).await?,
        _ => edited,
    };
    let mut shape = shape(&call, &edited, &has).await?;
    shape.remove("ScriptId");
    Ok(answer_of(shape))
}

async fn edit(
    call: &Call,
    campaign: &Campaign,
    change: GroupChange,
    wished: Option<WishedStatus>,
    dialed: bool,
) -> Result<Campaign, Fault> {
    // A wish answers the service's errors only: this carries one with a code of ours past it.
    let wrong: Arc<Mutex<Option<Fault>>> = Arc::default();
    let (told, now) = (Arc::clone(&wrong), call.now);
    let become_of = Arc::new(move |campaign: &Campaign| {
        let mut settings = campaign.settings.clone();
        let mut stored = stored(campaign).cloned().unwrap_or_default();
        change.apply(&mut settings, &mut stored)?;
        hold(&mut stored, campaign, wished, dialed, now)?;
        Ok::<_, Fault>((settings, stored))
    });
    let also = Arc::clone(&become_of);
    let edit = CampaignEdit::new(MODIFY_JOB_GROUP, move |campaign| {
        may_modify(campaign, now)?;
        match become_of(campaign) {
            Ok((settings, _)) => Ok(settings),
            Err(fault) => {
                let error = ServiceError::Conflict(fault.to_string());
                *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
                Err(error)
            }
        }
    });
    let edit = edit.with_extras(move |campaign| match also(campaign) {
        Ok((_, stored)) => stored.into(),
        Err(_) => campaign
            .extras
            .get(&Origin::Alibaba)
            .cloned()
            .unwrap_or_default(),
    });
    let edited = call
        .service
        .edit_campaign(&call.caller, campaign.id, edit)
        .await;
    match edited {
        Ok(edited) => Ok(edited.campaign),
        Err(error) => {
            let wrong = wrong.lock().unwrap_or_else(PoisonError::into_inner).take();
            Err(wrong.unwrap_or_else(|| group::fault(error, Request::Modify)))
        }
    }
}

/// Only groups that are shown as draft or paused are modified; suspend a group first.
fn may_modify(campaign: &Campaign, now: outdial_domain::Timestamp) -> Result<(), ServiceError> {
    match group::status(campaign, None, now) {
        "Draft" | "Paused" => Ok(()),
        _ => Err(ServiceError::EditRefused(EditRefused::State(
            campaign.state,
        ))),
    }
}

/// `JobGroupStatus` of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WishedStatus {
    Draft,
    Paused,
    Scheduling,
    /// Another one of the eight: never to be wished for, and no change where it is the group's own.
    Other,
}

impl WishedStatus {
    fn read(text: &str) -> Result<Self, Fault> {
        match text {
            "Draft" => Ok(Self::Draft),
            "Paused" => Ok(Self::Paused),
            "Scheduling" => Ok(Self::Scheduling),
            "Executing" | "Completed" | "Failed" | "Cancelled" | "Initializing" => Ok(Self::Other),
            _ => Err(Fault::invalid("JobGroupStatus", "")),
        }
    }
}

/// Holds a group as draft or paused, as the request wishes.
fn hold(
    stored: &mut Map<String, Value>,
    campaign: &Campaign,
    wished: Option<WishedStatus>,
    dialed: bool,
    now: outdial_domain::Timestamp,
) -> Result<(), Fault> {
    let refused = || {
        let message = "The job group cannot have this status.";
        Fault::new(
            axum::http::StatusCode::CONFLICT,
            "InvalidStatus.JobGroup",
            message,
        )
    };
    let shown = group::status(campaign, None, now);
    match wished {
        None | Some(WishedStatus::Scheduling) => Ok(()),
        Some(WishedStatus::Draft) if shown == "Draft" => Ok(()),
        Some(WishedStatus::Paused) if shown == "Paused" => Ok(()),
        Some(WishedStatus::Draft) if !dialed => {
            group::hold_as(stored, Some("Draft"));
            Ok(())
        }
        Some(WishedStatus::Paused) => {
            group::hold_as(stored, Some("Paused"));
            Ok(())
        }
        Some(WishedStatus::Draft | WishedStatus::Other) => Err(refused()),
    }
}

pub(super) async fn modified_at(
    call: &Call,
    campaign: &Campaign,
) -> Result<outdial_domain::Timestamp, Fault> {
    let revision = call
        .service
        .revision(&call.caller, campaign.id, campaign.revision)
        .await?;
    Ok(revision.at)
}

async fn shape(
    call: &Call,
    campaign: &Campaign,
    has: &Belongings,
) -> Result<Map<String, Value>, Fault> {
    let stats = stats(call, campaign).await?;
    let status = group::status(campaign, Some(&stats), call.now);
    Ok(group::show(
        campaign,
        status,
        modified_at(call, campaign).await?,
        has,
    ))
}

fn answer_of(shape: Map<String, Value>) -> Answer {
    let mut answer = Answer::new();
    answer.insert("JobGroup".to_owned(), Value::Object(shape));
    answer
}

/// `DescribeJobGroup`.
pub(super) async fn describe(call: Call) -> Result<Answer, Fault> {
    let campaign = named(&call).await?;
    let has = Belongings::of(&call).await?;
    let stats = stats(&call, &campaign).await?;
    let status = group::status(&campaign, Some(&stats), call.now);
    let mut shape = group::show(
        &campaign,
        status,
        modified_at(&call, &campaign).await?,
        &has,
    );
    // A text in the answer of ModifyJobGroup, an object in this one.
    if let Some(Value::String(text)) = shape.remove("FlashSmsExtras")
        && let Ok(fields) = super::wire::JsonFields::read("FlashSmsExtras", &text)
    {
        let member = |name| fields.text(name).ok().flatten();
        let mut extras = Map::new();
        for (name, value) in [
            ("TemplateId", member("templateId")),
            ("ConfigId", member("configId")),
        ] {
            if let Some(value) = value {
                extras.insert(name.to_owned(), value.into());
            }
        }
        shape.insert("FlashSmsExtras".to_owned(), extras.into());
    }
    let progress = progress(&campaign, &stats, status);
    shape.insert(
        "Progress".to_owned(),
        json!({
            "TotalJobs": progress.total,
            "TotalCompleted": progress.completed,
            "Scheduling": progress.scheduling,
            "Executing": progress.executing,
            "Paused": progress.paused,
            "Failed": progress.failed,
            "Cancelled": progress.cancelled,
        }),
    );
    Ok(answer_of(shape))
}

/// Jobs of a group by where they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) total: u64,
    pub(super) completed: u64,
    pub(super) scheduling: u64,
    pub(super) executing: u64,
    pub(super) paused: u64,
    pub(super) failed: u64,
    pub(super) cancelled: u64,
}

/// Jobs by where they stand. A contact is reached by one attempt at most, so that attempts which were
/// picked up are jobs that succeeded.
pub(super) fn progress(campaign: &Campaign, stats: &Stats, status: &str) -> Progress {
    use outdial_domain::Outcome::{Abandoned, Answered, Machine};
    let contacts = &stats.contacts;
    let count = |outcome| stats.outcomes.get(&outcome).copied().unwrap_or(0);
    let reached = [Answered, Abandoned, Machine].into_iter().map(count);
    let succeeded = reached.sum::<u64>().min(contacts.done);
    let mut progress = Progress {
        total: contacts.waiting + contacts.in_progress + contacts.done,
        completed: succeeded,
        executing: contacts.in_progress,
        failed: contacts.done - succeeded,
        ..Progress::default()
    };
    let over = matches!(campaign.state, CampaignState::Ended(_)) || status == "Completed";
    match status {
        "Paused" | "Draft" => progress.paused = contacts.waiting,
        "Cancelled" => progress.cancelled = contacts.waiting,
        _ if over => progress.failed += contacts.waiting,
        _ => progress.scheduling = contacts.waiting,
    }
    progress
}

/// `DeleteJobGroup`: takes a group that does not dial out of all lists; its calls stay.
pub(super) async fn delete(call: Call) -> Result<Answer, Fault> {
    let campaign = named(&call).await?;
    let status = group::status(&campaign, None, call.now);
    if matches!(status, "Scheduling" | "Executing") {
        let message = "A job group that is scheduling or executing cannot be deleted.";
        return Err(Fault::new(
            axum::http::StatusCode::CONFLICT,
            "InvalidStatus.JobGroup",
            message,
        ));
    }
    if !matches!(campaign.state, CampaignState::Ended(_)) {
        call.service
            .command_campaign(&call.caller, campaign.id, LifeCycleCommand::Abort)
            .await?;
    }
    call.service
        .remove_campaign(&call.caller, campaign.id)
        .await?;
    Ok(Answer::new())
}

/// Whether a group was made through this API: such a draft of ours begins with its first job.
pub(super) fn begins_with_jobs(campaign: &Campaign) -> bool {
    campaign.state == CampaignState::Draft && campaign.origin == Origin::Alibaba
}
