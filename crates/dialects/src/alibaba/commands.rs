//! SuspendJobs, ResumeJobs and CancelJobs.
//!
//! Source: their pages of OutboundBot 2019-12-26: `All` with a group holds, resumes or cancels the group
//! with all of its jobs, without one all groups of the instance; otherwise the jobs that are named. A call
//! that is under way goes on.

use std::collections::{BTreeMap, BTreeSet};

use outdial_domain::{
    Aside, Campaign, CampaignId, CampaignState, ContactId, EndReason, LifeCycleCommand,
};
use outdial_service::ServiceError;
use outdial_service::views::PageRequest;

use super::fault::Fault;
use super::floors::check_floor;
use super::group::{self, Belongings};
use super::groups;
use super::ids;
use super::job_lists::JOBS_MAX;
use super::routes::{Answer, Call};

/// What a request is about.
enum Chosen {
    /// Groups with all of their jobs.
    Groups(Vec<Campaign>),
    /// Single jobs of some groups, whose own status stays.
    Jobs(Vec<(Campaign, Vec<ContactId>)>),
}

/// `SuspendJobs`.
pub(super) async fn suspend(call: Call) -> Result<Answer, Fault> {
    match chosen(&call).await? {
        Chosen::Groups(groups) => {
            for campaign in groups {
                suspend_group(&call, &campaign).await?;
            }
        }
        Chosen::Jobs(jobs) => set_aside(&call, jobs, Aside::Held).await?,
    }
    Ok(Answer::new())
}

/// `ResumeJobs`.
pub(super) async fn resume(call: Call) -> Result<Answer, Fault> {
    let of_one = call.parameters.text("JobGroupId").is_some();
    let groups = match chosen(&call).await? {
        Chosen::Groups(groups) => groups,
        Chosen::Jobs(jobs) => {
            for (campaign, jobs) in jobs {
                call.service
                    .release_contacts(&call.caller, campaign.id, jobs)
                    .await?;
            }
            return Ok(Answer::new());
        }
    };
    for campaign in groups {
        let over = matches!(
            campaign.state,
            CampaignState::Ended(EndReason::ByHand | EndReason::Fault)
        );
        // Of all groups those that are over are passed by.
        if of_one && over {
            return Err(
                ServiceError::EditRefused(outdial_domain::EditRefused::State(campaign.state))
                    .into(),
            );
        }
        if group::status(&campaign, None, call.now) == "Paused" {
            resume_group(&call, &campaign).await?;
        }
    }
    Ok(Answer::new())
}

/// `CancelJobs`.
pub(super) async fn cancel(call: Call) -> Result<Answer, Fault> {
    match chosen(&call).await? {
        Chosen::Groups(groups) => {
            for campaign in groups {
                command(&call, &campaign, LifeCycleCommand::Abort).await?;
            }
        }
        Chosen::Jobs(jobs) => set_aside(&call, jobs, Aside::Cancelled).await?,
    }
    Ok(Answer::new())
}

async fn set_aside(
    call: &Call,
    jobs: Vec<(Campaign, Vec<ContactId>)>,
    aside: Aside,
) -> Result<(), Fault> {
    for (campaign, jobs) in jobs {
        call.service
            .set_contacts_aside(&call.caller, campaign.id, jobs, aside)
            .await?;
    }
    Ok(())
}

/// What a request is about.
async fn chosen(call: &Call) -> Result<Chosen, Fault> {
    let parameters = &call.parameters;
    parameters.required("All")?;
    let all = parameters.boolean("All")?.unwrap_or(false);
    if !all {
        return Ok(Chosen::Jobs(single_jobs(call).await?));
    }
    if parameters.text("ScenarioId").is_some() && parameters.text("JobGroupId").is_none() {
        return Err(Fault::invalid(
            "ScenarioId",
            "It chooses nothing here: use JobGroupId.",
        ));
    }
    Ok(Chosen::Groups(match parameters.text("JobGroupId") {
        Some(id) => vec![groups::by_id(call, id).await?],
        None => groups::all(call).await?,
    }))
}

/// The jobs that a request names by id or by referenceId, by group. With a group all of them are its own.
async fn single_jobs(call: &Call) -> Result<Vec<(Campaign, Vec<ContactId>)>, Fault> {
    let parameters = &call.parameters;
    let texts = parameters.list("JobId").unwrap_or_default();
    let references = parameters.list("JobReferenceId").unwrap_or_default();
    if texts.is_empty() && references.is_empty() {
        return Err(Fault::missing("JobId"));
    }
    for (name, list) in [("JobId", &texts), ("JobReferenceId", &references)] {
        if list.len() > JOBS_MAX {
            let reason = format!("It must have at most {JOBS_MAX} items.");
            return Err(Fault::invalid(name, &reason));
        }
    }
    let not_there = || Fault::not_exist("Job");
    let named = match parameters.text("JobGroupId") {
        Some(id) => Some(groups::by_id(call, id).await?),
        None => None,
    };
    let ids = texts.iter().map(|id| ids::job(id).ok_or_else(not_there));
    let ids = ids.collect::<Result<BTreeSet<_>, _>>()?;
    let mut jobs: BTreeMap<CampaignId, BTreeSet<ContactId>> = BTreeMap::new();
    let found = call
        .service
        .contacts_by_id(&call.caller, ids.iter().copied().collect())
        .await?;
    if found.len() < ids.len() {
        return Err(not_there());
    }
    for contact in found {
        jobs.entry(contact.campaign).or_default().insert(contact.id);
    }
    if !references.is_empty() {
        let groups = match &named {
            Some(group) => vec![group.clone()],
            None => groups::all(call).await?,
        };
        by_reference(call, groups, references, &mut jobs).await?;
    }
    if named
        .as_ref()
        .is_some_and(|group| jobs.keys().any(|id| *id != group.id))
    {
        return Err(not_there());
    }
    let mut chosen = Vec::new();
    for (id, jobs) in jobs {
        let campaign = call.service.campaign(&call.caller, id).await?;
        chosen.push((campaign, jobs.into_iter().collect()));
    }
    Ok(chosen)
}

/// Finds jobs by the client's own ids. Several jobs may have the same.
async fn by_reference(
    call: &Call,
    groups: Vec<Campaign>,
    references: Vec<String>,
    jobs: &mut BTreeMap<CampaignId, BTreeSet<ContactId>>,
) -> Result<(), Fault> {
    let wanted: BTreeSet<String> = references.into_iter().collect();
    let mut found = BTreeSet::new();
    for group in groups {
        let mut cursor = None;
        loop {
            let request = PageRequest {
                cursor,
                limit: Some(1_000),
            };
            let page = call
                .service
                .contacts(&call.caller, group.id, request)
                .await?;
            for contact in page.items {
                if let Some(own) = contact.external_id.filter(|own| wanted.contains(own)) {
                    jobs.entry(group.id).or_default().insert(contact.id);
                    found.insert(own);
                }
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
    }
    match found.len() < wanted.len() {
        true => Err(Fault::not_exist("Job")),
        false => Ok(()),
    }
}

/// Does what a state allows; one that does not is left as it is.
async fn command(call: &Call, campaign: &Campaign, command: LifeCycleCommand) -> Result<(), Fault> {
    let done = call
        .service
        .command_campaign(&call.caller, campaign.id, command)
        .await;
    match done {
        Ok(_) | Err(ServiceError::State(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn suspend_group(call: &Call, campaign: &Campaign) -> Result<(), Fault> {
    match campaign.state {
        CampaignState::Draft if group::status(campaign, None, call.now) == "Scheduling" => {
            groups::remember(call, campaign, |stored| {
                group::hold_as(stored, Some("Paused"));
            })
            .await
        }
        CampaignState::Scheduled | CampaignState::Running => {
            command(call, campaign, LifeCycleCommand::Pause).await
        }
        CampaignState::Draft | CampaignState::Paused | CampaignState::Ended(_) => Ok(()),
    }
}

/// Lets a held group go on; one without jobs begins with its first ones.
pub(super) async fn resume_group(call: &Call, campaign: &Campaign) -> Result<Campaign, Fault> {
    let has = Belongings::of(call).await?;
    let _floors = call.desk.floors(call.caller.tenant).await;
    check_floor(call, &campaign.settings, Some(campaign), &has).await?;
    groups::remember(call, campaign, |stored| group::hold_as(stored, None)).await?;
    let campaign = call.service.campaign(&call.caller, campaign.id).await?;
    match campaign.state {
        CampaignState::Paused => command(call, &campaign, LifeCycleCommand::Resume).await?,
        CampaignState::Draft => start_with_jobs(call, &campaign).await?,
        _ => {}
    }
    Ok(call.service.campaign(&call.caller, campaign.id).await?)
}

/// Starts a draft that has jobs.
pub(super) async fn start_with_jobs(call: &Call, campaign: &Campaign) -> Result<(), Fault> {
    let contacts = groups::stats(call, campaign).await?.contacts;
    let has_jobs = contacts.waiting + contacts.in_progress + contacts.done > 0;
    if has_jobs || !groups::begins_with_jobs(campaign) {
        command(call, campaign, LifeCycleCommand::Start).await?;
    }
    Ok(())
}
