//! Create, Update, Pause, Resume, Abort, Delete.

use outdial_domain::{Campaign, LifeCycleCommand, Origin};
use outdial_service::{CampaignEdit, ServiceError};
use serde_json::json;

use super::super::fault::Fault;
use super::super::list::windows;
use super::super::routes::{Answer, Call};
use super::super::states::{self, Action};
use super::read::{Asked, Operation};
use super::{UPDATE, id_in, named};

/// `CreatePredictiveDialingCampaign`.
pub(super) async fn create(call: Call) -> Result<Answer, Fault> {
    let asked = Asked::read(&call, Operation::Create).await?;
    let rules = windows(&call.fields)?;
    let zone = match call.fields.text("TimeZone")? {
        Some(zone) => zone.to_owned(),
        None => call.service.tenant(call.caller.tenant)?.time_zone,
    };
    let settings = asked.settings(asked.calendar(&zone, rules)?);
    let extras = [(Origin::Tencent, asked.extras)].into();
    let created = call
        .service
        .create_and_start(&call.caller, settings, extras, asked.contacts)
        .await?;
    let mut answer = Answer::new();
    answer.insert("CampaignId".to_owned(), json!(created.id.number()));
    Ok(answer)
}

/// `UpdatePredictiveDialingCampaign`: everything is replaced, and what is left out returns to its
/// default. Time zone and windows cannot be said, so they stay.
pub(super) async fn update(call: Call) -> Result<Answer, Fault> {
    let id = id_in(&call)?;
    let mut asked = Asked::read(&call, Operation::Update).await?;
    named(&call).await?;
    let contacts = std::mem::take(&mut asked.contacts);
    let extras = asked.extras.clone();
    let edit = CampaignEdit::new(UPDATE, move |campaign| {
        let edited = asked.edited(&campaign.settings);
        edited.map_err(|fault| ServiceError::field("calendar", fault.message))
    });
    let edit = edit
        .replacing_contacts(contacts)
        .with_extras(move |_| extras.clone());
    call.service.edit_campaign(&call.caller, id, edit).await?;
    Ok(Answer::new())
}

/// `PausePredictiveDialingCampaign`: a running one.
pub(super) async fn pause(call: Call) -> Result<Answer, Fault> {
    command(call, LifeCycleCommand::Pause, Action::Pause).await
}

/// `ResumePredictiveDialingCampaign`: a paused one.
pub(super) async fn resume(call: Call) -> Result<Answer, Fault> {
    command(call, LifeCycleCommand::Resume, Action::Resume).await
}

/// `AbortPredictiveDialingCampaign`: any that has not ended.
pub(super) async fn abort(call: Call) -> Result<Answer, Fault> {
    command(call, LifeCycleCommand::Abort, Action::Abort).await
}

async fn command(call: Call, command: LifeCycleCommand, action: Action) -> Result<Answer, Fault> {
    let campaign = named(&call).await?;
    if !action.fits(campaign.state) {
        return Err(wrong_state(&campaign, command.name()));
    }
    call.service
        .command_campaign(&call.caller, campaign.id, command)
        .await?;
    Ok(Answer::new())
}

/// `DeletePredictiveDialingCampaign`: one that has not begun or has ended.
pub(super) async fn delete(call: Call) -> Result<Answer, Fault> {
    let campaign = named(&call).await?;
    if !Action::Delete.fits(campaign.state) {
        return Err(wrong_state(&campaign, "be deleted"));
    }
    call.service
        .remove_campaign(&call.caller, campaign.id)
        .await?;
    Ok(Answer::new())
}

/// The only business code that these operations have, with a message that names the state.
fn wrong_state(campaign: &Campaign, command: &str) -> Fault {
    let name = match states::campaign(campaign.state).0 {
        0 => "pending",
        1 => "running",
        2 => "paused",
        3 => "terminated",
        _ => "completed",
    };
    let problem = format!("names a campaign that is {name} and cannot {command}");
    Fault::value("CampaignId", &problem)
}
