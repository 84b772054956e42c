//! MinConcurrency: the lines that are kept for groups.
//!
//! Source: ModifyJobGroup of OutboundBot 2019-12-26: the guarantees of all tasks of one priority must not exceed
//! the instance's concurrency.

use outdial_domain::{Campaign, CampaignState, Settings};

use super::fault::Fault;
use super::group::{self, Belongings};
use super::groups::all;
use super::routes::Call;

/// That the floors of all groups of one priority fit into the instance's lines. Whoever checks holds the turn
/// (`Desk::floors`) until what was checked is stored: two that fit alone need not fit together.
pub(super) async fn check_floor(
    call: &Call,
    settings: &Settings,
    own: Option<&Campaign>,
    has: &Belongings,
) -> Result<(), Fault> {
    if settings.guaranteed_calls == 0 {
        return Ok(());
    }
    let others = all(call).await?.into_iter().filter(|other| {
        own.is_none_or(|own| own.id != other.id)
            && !matches!(other.state, CampaignState::Ended(_))
            && group::is_urgent(&other.settings) == group::is_urgent(settings)
    });
    let others: u64 = others
        .map(|other| u64::from(other.settings.guaranteed_calls))
        .sum();
    if others + u64::from(settings.guaranteed_calls) <= u64::from(has.tenant.max_calls) {
        return Ok(());
    }
    let message = "The sum of MinConcurrency of all job groups of this priority exceeds the concurrency of the instance.";
    Err(Fault::bad("LimitExceeded.MinConcurrency", message))
}
