//! Pause, resume, delete.

use outdial_domain::{Campaign, CampaignState, EndReason, LifeCycleCommand};

use super::{campaign_of, status};
use crate::huawei::fault::Fault;
use crate::huawei::routes::{Answer, Call};

/// `PUT …/{campaignId}/pause`. Source: the CC-iSales page of the operation.
pub(in crate::huawei) async fn pause(call: Call) -> Result<Answer, Fault> {
    let campaign = campaign_of(&call).await?;
    command(call, &campaign, 2, LifeCycleCommand::Pause).await
}

/// `PUT …/{campaignId}/resume`. A draft of another API is shown as suspended, and starts. Source: the
/// CC-iSales page of the operation.
pub(in crate::huawei) async fn resume(call: Call) -> Result<Answer, Fault> {
    let campaign = campaign_of(&call).await?;
    let resume = match campaign.state {
        CampaignState::Draft => LifeCycleCommand::Start,
        _ => LifeCycleCommand::Resume,
    };
    command(call, &campaign, 3, resume).await
}

async fn command(
    call: Call,
    campaign: &Campaign,
    wanted: i64,
    command: LifeCycleCommand,
) -> Result<Answer, Fault> {
    let status = status(campaign, call.now);
    if status != wanted {
        let text = format!("the campaign is in state {status}");
        return Err(Fault::business("0200011", text));
    }
    let (service, caller) = (&call.service, &call.caller);
    service
        .command_campaign(caller, campaign.id, command)
        .await?;
    Ok(Answer::default())
}

/// `DELETE …/{campaignId}`: a running one is refused, others are gone for every API; their attempts
/// stay. `archiveHistory` is checked and has no effect: history is always kept. Source: the CC-iSales
/// page of the operation.
pub(in crate::huawei) async fn delete(call: Call) -> Result<Answer, Fault> {
    call.body.integer_in("archiveHistory", 0..=1)?;
    let campaign = campaign_of(&call).await?;
    // One whose list is done does not run, whatever its state is called.
    let done = campaign.state == CampaignState::Ended(EndReason::ListDone);
    if status(&campaign, call.now) == 2 && !done {
        let text = "the campaign is running: suspend it first";
        return Err(Fault::business("0200009", text));
    }
    let (service, caller) = (&call.service, &call.caller);
    if campaign.state.end_reason().is_none() {
        let ended = service.command_campaign(caller, campaign.id, LifeCycleCommand::Abort);
        ended.await?;
    }
    service.remove_campaign(caller, campaign.id).await?;
    Ok(Answer::default())
}
