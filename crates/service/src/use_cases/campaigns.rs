//! Campaigns: make, read, edit, run.

use outdial_domain::{
    Campaign, CampaignId, LifeCycleCommand, PhoneNumber, Revision, RevisionNumber, Settings,
};

use super::Service;
use crate::access::Caller;
use crate::error::ServiceError;
use crate::views::{Explanation, Page, PageRequest, Stats};

/// How an edit turns the settings in force into the new ones. It runs while no other edit can.
pub type Edit = Box<dyn FnOnce(&Settings) -> Result<Settings, ServiceError> + Send>;

impl Service {
    /// Makes a campaign in state draft. The same idempotency key answers the same campaign again.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] naming every field that is wrong.
    pub async fn create_campaign(
        &self,
        _caller: &Caller,
        _settings: Settings,
        _idempotency_key: Option<&str>,
    ) -> Result<Campaign, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// A campaign.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`].
    pub async fn campaign(
        &self,
        _caller: &Caller,
        _id: CampaignId,
    ) -> Result<Campaign, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// The tenant's campaigns, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a cursor that is none of ours.
    pub async fn campaigns(
        &self,
        _caller: &Caller,
        _page: PageRequest,
    ) -> Result<Page<Campaign>, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// Edits a campaign: checks everything, commits a new revision, and hands it to the engine at one
    /// instant. With `if_match` it is refused when the campaign is at another revision.
    ///
    /// # Errors
    /// [`ServiceError::Edited`], [`ServiceError::Invalid`], [`ServiceError::State`] when it has ended.
    pub async fn revise_campaign(
        &self,
        _caller: &Caller,
        _id: CampaignId,
        _if_match: Option<RevisionNumber>,
        _edit: Edit,
    ) -> Result<Campaign, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// A campaign's revisions, oldest first.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`].
    pub async fn revisions(
        &self,
        _caller: &Caller,
        _id: CampaignId,
    ) -> Result<Vec<Revision>, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// Starts, pauses, resumes or aborts a campaign.
    ///
    /// # Errors
    /// [`ServiceError::State`] when its state does not allow it.
    pub async fn command_campaign(
        &self,
        _caller: &Caller,
        _id: CampaignId,
        _command: LifeCycleCommand,
    ) -> Result<Campaign, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// How a campaign is doing.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`].
    pub async fn stats(&self, _caller: &Caller, _id: CampaignId) -> Result<Stats, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// Why a campaign, or a number in it, is (not) dialed.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`].
    pub async fn explain(
        &self,
        _caller: &Caller,
        _id: CampaignId,
        _number: Option<PhoneNumber>,
    ) -> Result<Explanation, ServiceError> {
        Err(ServiceError::Stopping)
    }
}
