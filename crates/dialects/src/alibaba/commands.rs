//! SuspendJobs, ResumeJobs and CancelJobs.
//!
//! Source: their pages of OutboundBot 2019-12-26: `All` with a group holds, resumes or cancels the group
//! with all of its jobs, without one all groups of the instance. A call that is under way goes on.

use outdial_domain::{Campaign, CampaignState, EndReason, LifeCycleCommand};
use outdial_service::ServiceError;

use super::fault::Fault;
use super::floors::check_floor;
use super::group::{self, Belongings};
use super::groups;
use super::routes::{Answer, Call};

/// `SuspendJobs`.
pub(super) async fn suspend(call: Call) -> Result<Answer, Fault> {
    for campaign in chosen(&call).await? {
        suspend_group(&call, &campaign).await?;
    }
    Ok(Answer::new())
}

/// `ResumeJobs`.
pub(super) async fn resume(call: Call) -> Result<Answer, Fault> {
    let of_one = call.parameters.text("JobGroupId").is_some();
    for campaign in chosen(&call).await? {
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
    for campaign in chosen(&call).await? {
        command(&call, &campaign, LifeCycleCommand::Abort).await?;
    }
    Ok(Answer::new())
}

/// The groups that a request is about.
async fn chosen(call: &Call) -> Result<Vec<Campaign>, Fault> {
    let parameters = &call.parameters;
    parameters.required("All")?;
    let all = parameters.boolean("All")?.unwrap_or(false);
    let single = parameters.list("JobId").is_some() || parameters.list("JobReferenceId").is_some();
    if !all {
        let reason = "Single jobs cannot be suspended, resumed or cancelled here: use All with a JobGroupId.";
        return Err(match single {
            true => Fault::invalid("All", reason),
            false => Fault::missing("JobId"),
        });
    }
    if parameters.text("ScenarioId").is_some() && parameters.text("JobGroupId").is_none() {
        return Err(Fault::invalid(
            "ScenarioId",
            "It chooses nothing here: use JobGroupId.",
        ));
    }
    match parameters.text("JobGroupId") {
        Some(id) => Ok(vec![groups::by_id(call, id).await?]),
        None => groups::all(call).await,
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
