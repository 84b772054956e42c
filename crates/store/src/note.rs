//! Notes: what an API keeps beside campaigns and contacts, and only it can read.

use async_trait::async_trait;
use outdial_domain::{Origin, TenantId};

use crate::StoreError;

/// A note of an API: a place, and what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What kind of note it is, in the API's words.
    pub kind: String,
    /// Its name among those of its kind.
    pub key: String,
    /// What stands there, in the API's own form; `None` = nothing any more.
    pub data: Option<String>,
}

/// Notes of the APIs, each tenant's and each API's its own.
#[async_trait]
pub trait Notes: Send + Sync {
    /// Writes notes, all in one transaction: each takes the place of the one with its kind and key.
    ///
    /// # Errors
    /// [`StoreError`] when they could not be committed; then none is.
    async fn write_notes(
        &self,
        tenant: TenantId,
        origin: Origin,
        notes: Vec<Note>,
    ) -> Result<(), StoreError>;

    /// What a note says.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn note(
        &self,
        tenant: TenantId,
        origin: Origin,
        kind: &str,
        key: &str,
    ) -> Result<Option<String>, StoreError>;

    /// Notes of a kind by their keys, those after a key; at most [`crate::PAGE_MAX`].
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn notes(
        &self,
        tenant: TenantId,
        origin: Origin,
        kind: &str,
        after: &str,
    ) -> Result<Vec<Note>, StoreError>;
}
