//! Campaigns, their revisions, and what their attempts add up to.

use std::collections::BTreeMap;

use async_trait::async_trait;
use outdial_domain::{
    Campaign, CampaignId, CampaignState, Change, Extras, Origin, Outcome, Revision, RevisionNumber,
    Settings, TenantId, Timestamp,
};

use crate::{ContactCounts, NewEvent, Page, PendingEditId, StagedList, StoreError};

/// A campaign to be created, as a draft with revision 1.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCampaign {
    /// Whose.
    pub tenant: TenantId,
    /// Through which API it is made.
    pub origin: Origin,
    /// Who makes it: the name of the key.
    pub author: String,
    /// When.
    pub at: Timestamp,
    /// Its settings, sound.
    pub settings: Settings,
    /// What its API stores with it and shows again.
    pub extras: Extras,
    /// Makes a repeated request answer with what the first one made.
    pub idempotency: Option<IdempotencyKey>,
}

/// A client's own name for one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The name, unique within the tenant.
    pub key: String,
    /// A hash of the request: the same name for another request is refused.
    pub fingerprint: String,
}

/// A campaign that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatedCampaign {
    /// The campaign.
    pub campaign: Campaign,
    /// Whether this request made it (else an earlier one with the same key).
    pub created: bool,
}

/// A new revision of a campaign's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRevision {
    /// The campaign.
    pub campaign: CampaignId,
    /// The revision that the author had before their eyes; `None` = any.
    pub expected: Option<RevisionNumber>,
    /// The state by which the edit was judged; `None` = any.
    pub expected_state: Option<CampaignState>,
    /// Who makes it: the name of the key.
    pub author: String,
    /// Through which API.
    pub origin: Origin,
    /// When.
    pub at: Timestamp,
    /// The settings, whole and sound.
    pub settings: Settings,
    /// What it changes.
    pub changes: Vec<Change>,
    /// The revision whose settings it brings back.
    pub restores: Option<RevisionNumber>,
    /// The pending edit that it makes: it waits no longer then.
    pub pending: Option<PendingEditId>,
    /// A list that was staged and takes the present one's place.
    pub list: Option<StagedList>,
    /// What vendors' APIs store with the campaign from now on; `None` = as before.
    pub extras: Option<Extras>,
    /// What is told once it is committed.
    pub events: Vec<NewEvent>,
}

/// Which campaigns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CampaignQuery {
    /// Only of this tenant.
    pub tenant: Option<TenantId>,
    /// Only in one of these states, as the API names them; empty = any.
    pub states: Vec<&'static str>,
    /// Only with exactly this name.
    pub name: Option<String>,
    /// Only made through this API.
    pub origin: Option<Origin>,
    /// Only after this one (before it, when the newest come first).
    pub after: Option<CampaignId>,
    /// Whether the newest come first.
    pub newest_first: bool,
    /// How many at most; 0 = 1,000.
    pub limit: usize,
}

/// What the attempts of a campaign add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CampaignStats {
    /// Where its contacts stand.
    pub contacts: ContactCounts,
    /// Attempts, those under way included.
    pub attempts: u64,
    /// Attempts whose callee picked up and that an agent or a flow took.
    pub answered: u64,
    /// Live answers: the denominator of the abandonment share.
    pub live: u64,
    /// Attempts that count as abandoned.
    pub abandoned: u64,
    /// Ended attempts by outcome.
    pub outcomes: BTreeMap<Outcome, u64>,
}

/// What the abandonment ledger holds of a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerSum {
    /// Live answers.
    pub live: u64,
    /// Attempts that count as abandoned.
    pub abandoned: u64,
}

/// Campaigns.
#[async_trait]
pub trait Campaigns: Send + Sync {
    /// Creates a campaign, or finds the one that the same request has created before.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the idempotency key was used for another request, or all ids
    /// are used up; [`StoreError::NotFound`] for an unknown tenant.
    async fn create_campaign(&self, campaign: NewCampaign) -> Result<CreatedCampaign, StoreError>;

    /// Commits that a campaign is in another state now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown campaign.
    async fn set_campaign_state(
        &self,
        campaign: CampaignId,
        state: CampaignState,
        events: Vec<NewEvent>,
    ) -> Result<(), StoreError>;

    /// Takes a campaign out of every query; its attempts stay, and its id is never given again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown campaign.
    async fn remove_campaign(
        &self,
        campaign: CampaignId,
        events: Vec<NewEvent>,
    ) -> Result<(), StoreError>;

    /// Commits a new revision; it is in force from then on.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another revision than the expected one is in force,
    /// [`StoreError::Moved`] when the campaign is in another state than the expected one,
    /// [`StoreError::NotFound`] for an unknown campaign, a pending edit that waits no longer, or a
    /// list that is not staged.
    async fn revise_campaign(&self, revision: NewRevision) -> Result<Revision, StoreError>;

    /// One campaign.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn campaign(&self, campaign: CampaignId) -> Result<Option<Campaign>, StoreError>;

    /// One campaign, by its second id.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn campaign_by_uuid(&self, uuid: &str) -> Result<Option<Campaign>, StoreError>;

    /// Campaigns in the order of ids.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn campaigns(
        &self,
        query: CampaignQuery,
    ) -> Result<Page<Campaign, CampaignId>, StoreError>;

    /// How many campaigns a query finds in all; cursor and limit do not count.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn count_campaigns(&self, query: CampaignQuery) -> Result<u64, StoreError>;

    /// Revisions of a campaign, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn revisions(
        &self,
        campaign: CampaignId,
        after: Option<RevisionNumber>,
        limit: usize,
    ) -> Result<Page<Revision, RevisionNumber>, StoreError>;

    /// One revision of a campaign.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn revision(
        &self,
        campaign: CampaignId,
        number: RevisionNumber,
    ) -> Result<Option<Revision>, StoreError>;

    /// What the attempts of a campaign add up to. Kept, not counted: cheap for any size.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn campaign_stats(&self, campaign: CampaignId) -> Result<CampaignStats, StoreError>;

    /// What the ledger holds of attempts that ended from `from` until before `to`, both rounded
    /// down to a quarter of an hour (every zone's midnight is one).
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn ledger(
        &self,
        campaign: CampaignId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<LedgerSum, StoreError>;
}
