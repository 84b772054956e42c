//! Contacts: add them, read them.

use outdial_domain::{CampaignId, Contact, NewContact};

use super::Service;
use crate::access::Caller;
use crate::error::ServiceError;
use crate::views::{Imported, Page, PageRequest};

/// A list on its way into a campaign: push batches, then finish. What was pushed stays, whatever
/// becomes of the rest.
pub struct Import {}

impl Import {
    /// Takes a batch (1–5,000 contacts); waits while the store has enough to do.
    ///
    /// # Errors
    /// [`ServiceError::Store`] when it could not be committed.
    pub async fn push(&mut self, _batch: Vec<NewContact>) -> Result<(), ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// Waits until everything is committed and lets the campaign dial it.
    ///
    /// # Errors
    /// [`ServiceError::Store`] when it could not be committed.
    pub async fn finish(self) -> Result<Imported, ServiceError> {
        Err(ServiceError::Stopping)
    }
}

impl Service {
    /// Begins to add contacts to a campaign. With `skip_duplicates` contacts whose first number is in
    /// the campaign already are left out.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`], or [`ServiceError::Conflict`] when it takes no more.
    pub async fn import_contacts(
        &self,
        _caller: &Caller,
        _id: CampaignId,
        _skip_duplicates: bool,
    ) -> Result<Import, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// A campaign's contacts, in the order in which they came.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`].
    pub async fn contacts(
        &self,
        _caller: &Caller,
        _id: CampaignId,
        _page: PageRequest,
    ) -> Result<Page<Contact>, ServiceError> {
        Err(ServiceError::Stopping)
    }
}
