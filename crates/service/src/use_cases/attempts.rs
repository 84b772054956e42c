//! Attempts: the results.

use outdial_domain::{Attempt, AttemptId, CampaignId, PhoneNumber};
use outdial_store::{AttemptQuery, StoredAttempt};

use super::{Disposition, Service, cursor_number, page_limit};
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
        let found = self.recorded_attempts(caller, filter, page).await?;
        Ok(Page {
            items: found
                .items
                .into_iter()
                .map(|(attempt, _)| attempt)
                .collect(),
            next_cursor: found.next_cursor,
        })
    }

    /// As [`Service::attempts`], each with what its agent concluded.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`].
    pub async fn recorded_attempts(
        &self,
        caller: &Caller,
        filter: AttemptFilter,
        page: PageRequest,
    ) -> Result<Page<(Attempt, Option<Disposition>)>, ServiceError> {
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
            items: found.items.into_iter().map(recorded).collect(),
            next_cursor: found.next.map(|id| id.to_string()),
        })
    }

    /// The calls that are being placed or are up, oldest first.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn live_attempts(&self, caller: &Caller) -> Result<Vec<Attempt>, ServiceError> {
        caller.needs(Right::Read)?;
        let tenant = caller.tenant;
        self.ask(move |runtime| runtime.live_attempts(tenant)).await
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

fn recorded(stored: StoredAttempt) -> (Attempt, Option<Disposition>) {
    let disposition = stored.disposition.map(|found| Disposition {
        code: found.code,
        notes: found.notes,
        do_not_call: found.do_not_call,
    });
    (stored.attempt, disposition)
}
