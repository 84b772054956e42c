//! What the requests of one tenant share.

use std::collections::BTreeMap;

use outdial_domain::{CampaignId, Timestamp};
use tokio::sync::Mutex;

/// What statistics are asked of: a campaign, or all; a batch in it, or all.
type StatisticsOf = (Option<i64>, Option<String>);

/// Where requests of a tenant take turns.
#[derive(Debug, Default)]
pub struct Desk {
    /// Held from looking for a campaign's name to taking it, and from reading what is stored with a
    /// campaign to storing it anew.
    pub(super) campaigns: Mutex<()>,
    /// When numbers were last added, by campaign.
    pub(super) uploads: Mutex<BTreeMap<CampaignId, Timestamp>>,
    /// When statistics were last asked for, by campaign and batch.
    pub(super) statistics: Mutex<BTreeMap<StatisticsOf, Timestamp>>,
}
