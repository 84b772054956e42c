//! Create and modify: the same body, read whole before anything is looked up or changed.

use outdial_domain::edit::Rule;
use outdial_domain::{
    Campaign, CampaignState, EditPolicy, EndReason, Extras, Field, LifeCycleCommand, Origin,
    Timestamp,
};
use outdial_service::CampaignEdit;
use serde_json::json;

use super::device::Device;
use super::settings::Wanted;
use super::show::status;
use super::{Body, Names, Stored, all_campaigns, campaign_of};
use crate::huawei::fault::{Fault, FieldFault};
use crate::huawei::routes::{Answer, Call};
use crate::huawei::time::Zone;
use crate::push::may_be_called_back;

/// Campaigns of one kind (agents, IVR) that a tenant may have at once. Source: the page about creating.
const CAMPAIGNS_MAX: usize = 20;

/// What a PUT changes: everything but the device type, until the campaign has expired. One whose list
/// is done has not: it goes on when numbers are added.
///
/// Source: "Modifying an Outbound Campaign (V1)", restrictions and code 0200016.
pub(in crate::huawei) const MODIFY: EditPolicy = EditPolicy::new("huawei ModifyCampaign")
    .taking(|state| match state {
        CampaignState::Ended(reason) => reason == EndReason::ListDone,
        _ => true,
    })
    .ruling(|field, _| match field {
        Field::Mode | Field::TargetKind => Rule::Refuse,
        _ => Rule::Take,
    });

/// `POST …/{vdnId}`. Source: the CC-iSales page of the operation.
pub(in crate::huawei) async fn create(call: Call) -> Result<Answer, Fault> {
    let zone = Zone::of(&call)?;
    let body = Body::read(&call.body, &zone)?;
    check_address(&call, &body)?;
    // Two requests with one name: the second finds what the first has made.
    let desk = call.desk.clone();
    let _turn = desk.campaigns.lock().await;
    check_period(&body, &zone, call.now, None)?;
    let campaigns = all_campaigns(&call).await?;
    if campaigns
        .iter()
        .any(|other| other.settings.name == body.name)
    {
        return Err(name_is_taken());
    }
    check_limit(&body, &campaigns, call.now)?;
    let wanted = look_up(&call, body, zone).await?;
    let settings = wanted.settings(None, &[])?;
    let stored = Stored::default().with(&wanted.body);
    let extras = Extras::from([(Origin::Huawei, stored.value())]);
    let (service, caller) = (&call.service, &call.caller);
    let made = service.create_campaign_with(caller, settings, extras, None);
    let id = made.await?.id;
    // There is no operation that starts it: it runs by itself.
    let mut commands = vec![LifeCycleCommand::Start];
    if wanted.body.suspended {
        commands.push(LifeCycleCommand::Pause);
    }
    for command in commands {
        if let Err(error) = service.command_campaign(caller, id, command).await {
            // Nobody has heard of it: nothing of it is left.
            service.remove_campaign(caller, id).await?;
            return Err(error.into());
        }
    }
    let id = json!({"id": id.number()});
    Ok(Answer::with("success", [("returnObject", id)]))
}

/// `PUT …/{vdnId}/{campaignId}`. Source: "Modifying an Outbound Campaign (V1)", 2023-09-27.
pub(in crate::huawei) async fn modify(call: Call) -> Result<Answer, Fault> {
    let zone = Zone::of(&call)?;
    let body = Body::read(&call.body, &zone)?;
    check_address(&call, &body)?;
    let desk = call.desk.clone();
    let _turn = desk.campaigns.lock().await;
    let campaign = campaign_of(&call).await?;
    if status(&campaign, call.now) == 4 {
        return Err(Fault::business("0200016", "the campaign has expired"));
    }
    let device = Device::of(&campaign, Stored::of(&campaign).device_type);
    if device != body.device {
        let problem = format!("is {} and cannot be changed", device.number());
        return Err(Fault::field(
            FieldFault::Combination,
            "deviceType",
            &problem,
        ));
    }
    check_period(&body, &zone, call.now, Some(&campaign))?;
    let (service, caller) = (&call.service, &call.caller);
    if !service
        .is_name_free(caller, &body.name, Some(campaign.id))
        .await?
    {
        return Err(name_is_taken());
    }
    let wanted = look_up(&call, body, zone).await?;
    let body = wanted.body.clone();
    let edit = CampaignEdit::new(MODIFY, move |campaign| {
        let holidays = Stored::of(campaign).holidays;
        wanted.settings(Some(&campaign.settings), &holidays)
    });
    let edit = edit.with_extras(move |campaign| Stored::of(campaign).with(&body).value());
    let edited = call.service.edit_campaign(&call.caller, campaign.id, edit);
    edited.await?;
    Ok(Answer::default())
}

/// `02000007` for an address to which results may not be pushed.
fn check_address(call: &Call, body: &Body) -> Result<(), Fault> {
    if may_be_called_back(&body.call_back_url, &call.callback_hosts) {
        return Ok(());
    }
    let problem = "is no address of a host that may be called back";
    Err(Fault::field(FieldFault::Value, "callBackUrl", problem))
}

/// `0200002` for a period that begins before today, `02000007` for one that is over. What a campaign
/// has already may stay.
fn check_period(
    body: &Body,
    zone: &Zone,
    now: Timestamp,
    campaign: Option<&Campaign>,
) -> Result<(), Fault> {
    let Some((begin, end)) = body.period else {
        return Ok(());
    };
    let present = campaign.and_then(|campaign| campaign.settings.calendar.starts_at());
    if begin < zone.midnight(now) && present != Some(begin) {
        let problem = "strBeginTime: is before 00:00 of today";
        return Err(Fault::business("0200002", problem));
    }
    if end < now {
        let problem = "is in the past";
        return Err(Fault::field(FieldFault::Value, "strEndTime", problem));
    }
    Ok(())
}

fn name_is_taken() -> Fault {
    Fault::business("0200005", "name: another campaign has it")
}

fn check_limit(body: &Body, campaigns: &[Campaign], now: Timestamp) -> Result<(), Fault> {
    let own = campaigns
        .iter()
        .filter(|other| other.origin == Origin::Huawei);
    if active(own, now, body.device.is_ivr()) < CAMPAIGNS_MAX {
        return Ok(());
    }
    let (code, kind) = match body.device.is_ivr() {
        false => ("0200003", "skill queue"),
        true => ("0200004", "IVR"),
    };
    let text = format!("there are {CAMPAIGNS_MAX} {kind} campaigns, and no more at once");
    Err(Fault::business(code, text))
}

/// How many of these campaigns have not ended and are of this kind.
pub(super) fn active<'c>(
    campaigns: impl Iterator<Item = &'c Campaign>,
    now: Timestamp,
    ivr: bool,
) -> usize {
    let agents = |campaign: &Campaign| campaign.settings.target.skill_group().is_some();
    let alive = campaigns.filter(|campaign| status(campaign, now) != 4);
    alive.filter(|campaign| agents(campaign) != ivr).count()
}

async fn look_up(call: &Call, body: Body, zone: Zone) -> Result<Wanted, Fault> {
    let names = Names::of(call).await?;
    Ok(Wanted {
        caller_id: names.caller_id("callerNo", &body.caller_no)?,
        target: names.target(&body.work)?,
        zone: zone.name,
        body,
    })
}
