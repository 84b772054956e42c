//! What predictive campaigns and automatic tasks ask the service alike.

use outdial_domain::{Campaign, PhoneNumber};
use outdial_service::views::PageRequest;

use super::fault::Fault;
use super::routes::Call;

/// The tenant's campaigns that are wanted, newest first.
pub(super) async fn all(
    call: &Call,
    wanted: impl Fn(&Campaign) -> bool,
) -> Result<Vec<Campaign>, Fault> {
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let request = PageRequest {
            cursor,
            limit: Some(1000),
        };
        let page = call.service.campaigns(&call.caller, request).await?;
        found.extend(page.items.into_iter().filter(&wanted));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(found);
        }
    }
}

/// Checks that every caller is a number of the tenant's own.
///
/// # Errors
/// `InvalidParameterValue` naming the first that is not.
pub(super) async fn check_callers(call: &Call, callers: &[PhoneNumber]) -> Result<(), Fault> {
    let own = call.service.caller_ids(&call.caller).await?;
    for (index, number) in callers.iter().enumerate() {
        if !own.iter().any(|own| own.number == *number) {
            let problem = "is no number of this application";
            return Err(Fault::value(&format!("Callers.{index}"), problem));
        }
    }
    Ok(())
}
