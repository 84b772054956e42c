//! Pause and resume. The shortest operations: how the others are written can be seen here.

use outdial_domain::{CampaignId, LifeCycleCommand};

use super::fault::Fault;
use super::routes::{Answer, Call};

/// `PUT …/{campaignId}/pause`. Source: the CC-iSales page of the operation.
pub(super) async fn pause(call: Call) -> Result<Answer, Fault> {
    command(call, LifeCycleCommand::Pause).await
}

/// `PUT …/{campaignId}/resume`. Source: the CC-iSales page of the operation.
pub(super) async fn resume(call: Call) -> Result<Answer, Fault> {
    command(call, LifeCycleCommand::Resume).await
}

async fn command(call: Call, command: LifeCycleCommand) -> Result<Answer, Fault> {
    let number = u32::try_from(call.number(0)).ok();
    let id = number.and_then(|number| CampaignId::new(number).ok());
    let id = id.ok_or_else(|| Fault::business("0200007", "the campaign does not exist"))?;
    call.service
        .command_campaign(&call.caller, id, command)
        .await?;
    Ok(Answer::default())
}
