//! Attempts: the results.

use outdial_domain::{Attempt, AttemptId, CampaignId, PhoneNumber};

use super::Service;
use crate::access::Caller;
use crate::error::ServiceError;
use crate::views::{Page, PageRequest};

/// Which attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttemptFilter {
    /// Of this campaign.
    pub campaign: Option<CampaignId>,
    /// To this number.
    pub number: Option<PhoneNumber>,
}

impl Service {
    /// Attempts in the order in which they were placed.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`].
    pub async fn attempts(
        &self,
        _caller: &Caller,
        _filter: AttemptFilter,
        _page: PageRequest,
    ) -> Result<Page<Attempt>, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// An attempt.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn attempt(&self, _caller: &Caller, _id: AttemptId) -> Result<Attempt, ServiceError> {
        Err(ServiceError::Stopping)
    }
}
