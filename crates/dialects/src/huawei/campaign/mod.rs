//! Campaigns: create, modify, delete, details, list, pause, resume.

mod body;
mod device;
mod life;
mod list;
mod modify;
mod names;
mod schedule;
mod settings;
mod show;
mod stored;

use outdial_domain::{Campaign, CampaignId};
use outdial_service::views::PageRequest;

use super::fault::Fault;
use super::routes::Call;

pub(super) use body::{Body, phone_number};
pub(super) use life::{delete, pause, resume};
pub(super) use list::{details, list};
pub(super) use modify::{create, modify};
pub(super) use names::Names;
pub(super) use show::status;
pub(super) use stored::Stored;

/// The campaign that a path names first.
///
/// # Errors
/// `0200007` when the tenant has none with this number.
pub(super) async fn campaign_of(call: &Call) -> Result<Campaign, Fault> {
    let id = campaign_id(call.number(0))?;
    Ok(call.service.campaign(&call.caller, id).await?)
}

/// A campaign's id.
///
/// # Errors
/// `0200007` for a number that no campaign can have.
pub(super) fn campaign_id(number: u64) -> Result<CampaignId, Fault> {
    let number = u32::try_from(number).ok();
    let id = number.and_then(|number| CampaignId::new(number).ok());
    id.ok_or_else(|| Fault::business("0200007", "the campaign does not exist"))
}

/// All campaigns of the tenant, newest first.
///
/// # Errors
/// The service's.
pub(super) async fn all_campaigns(call: &Call) -> Result<Vec<Campaign>, Fault> {
    let mut campaigns = Vec::new();
    let mut cursor = None;
    loop {
        let limit = Some(1_000);
        let page = PageRequest { cursor, limit };
        let page = call.service.campaigns(&call.caller, page).await?;
        campaigns.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(campaigns);
        }
    }
}
