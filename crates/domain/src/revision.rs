//! Numbered versions of a campaign's settings.

use serde::{Deserialize, Serialize};

use crate::campaign::{Origin, Settings};
use crate::edit::Change;
use crate::id::{CampaignId, RevisionNumber};
use crate::time::Timestamp;

/// The settings of a campaign as one edit left them. Each attempt records the revision under which
/// it was placed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// The campaign.
    pub campaign: CampaignId,
    /// From 1, without gaps.
    pub number: RevisionNumber,
    /// Who made it: the name of the key.
    pub author: String,
    /// Through which API it was made.
    pub origin: Origin,
    /// When it was made.
    pub at: Timestamp,
    /// What it changed; empty for the first one.
    pub changes: Vec<Change>,
    /// The revision whose settings it brought back.
    pub restores: Option<RevisionNumber>,
    /// The settings, whole.
    pub settings: Settings,
}
