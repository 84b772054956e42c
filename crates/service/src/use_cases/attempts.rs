//! Attempts: the results.

use outdial_domain::{Attempt, AttemptId, CampaignId, PhoneNumber};
use outdial_store::AttemptQuery;

use super::{Service, cursor_number, page_limit};
use crate::access::{Caller, Right};
use crate::error::ServiceError;
use crate::views::{Page, PageRequest};

/// Which attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttemptFilter {
    /// Of this campaign.
    pub campaign: Option<CampaignId>,
    /// To this number.
    pub number: Option<PhoneNumber>,
    /// Newest first instead of oldest first.
    pub newest_first: bool,
}

impl Service {
    /// Attempts in the order in which they were placed, or against it.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`].
    pub async fn attempts(
        &self,
        caller: &Caller,
        filter: AttemptFilter,
        page: PageRequest,
    ) -> Result<Page<Attempt>, ServiceError> {
        caller.needs(Right::Read)?;
        if let Some(id) = filter.campaign {
            self.own_campaign(caller, Right::Read, id).await?;
        }
        let query = AttemptQuery {
            campaign: filter.campaign,
            number: filter.number,
            after: cursor_number(&page)?.map(AttemptId::new),
            newest_first: filter.newest_first,
            limit: page_limit(&page),
            ..AttemptQuery::of(caller.tenant)
        };
        let found = self.store().attempts(query).await?;
        Ok(Page {
            items: found
                .items
                .into_iter()
                .map(|stored| stored.attempt)
                .collect(),
            next_cursor: found.next.map(|id| id.to_string()),
        })
    }

    /// An attempt.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn attempt(&self, caller: &Caller, id: AttemptId) -> Result<Attempt, ServiceError> {
        caller.needs(Right::Read)?;
        match self.store().attempt(caller.tenant, id).await? {
            Some(stored) => Ok(stored.attempt),
            None => Err(ServiceError::NotFound {
                what: "attempt",
                id: id.to_string(),
            }),
        }
    }
}
