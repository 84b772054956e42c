//! What an API keeps for itself beside campaigns and contacts.

use outdial_store::Note;

use super::Service;
use crate::access::{Caller, Right};
use crate::error::ServiceError;

impl Service {
    /// Writes notes of the caller's API, all or none.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`]; [`ServiceError::Store`] when they could not be committed.
    pub async fn write_notes(&self, caller: &Caller, notes: Vec<Note>) -> Result<(), ServiceError> {
        caller.needs(Right::RunCampaigns)?;
        let written = self
            .store()
            .write_notes(caller.tenant, caller.origin, notes);
        Ok(written.await?)
    }

    /// What a note of the caller's API says.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`]; [`ServiceError::Store`].
    pub async fn note(
        &self,
        caller: &Caller,
        kind: &str,
        key: &str,
    ) -> Result<Option<String>, ServiceError> {
        caller.needs(Right::Read)?;
        let (tenant, origin) = (caller.tenant, caller.origin);
        Ok(self.store().note(tenant, origin, kind, key).await?)
    }

    /// All notes of a kind of the caller's API, by their keys.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`]; [`ServiceError::Store`].
    pub async fn notes(&self, caller: &Caller, kind: &str) -> Result<Vec<Note>, ServiceError> {
        caller.needs(Right::Read)?;
        let (tenant, origin) = (caller.tenant, caller.origin);
        let mut all: Vec<Note> = Vec::new();
        loop {
            let after = all.last().map_or("", |note| note.key.as_str());
            let page = self.store().notes(tenant, origin, kind, after).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }
}
