//! The do-not-call list of each tenant: found by number, whatever its length.

use async_trait::async_trait;
use outdial_domain::{CampaignId, DoNotCallEntry, Listing, PhoneNumber, TenantId, Timestamp};

use crate::{Page, StoreError};

/// What becomes of a number that is on the list already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfListed {
    /// It stays as it is.
    #[default]
    Keep,
    /// The new entry takes its place.
    Replace,
    /// Nothing of the whole request is done.
    Refuse,
}

/// What came of numbers that were to be put on the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumbersListed {
    /// Numbers whose entry is new or was replaced, as they stand now.
    pub listed: Vec<(PhoneNumber, Listing)>,
    /// Numbers that were on the list and stay as they were.
    pub kept: Vec<PhoneNumber>,
    /// Whether some were listed for good and are not any more: contacts may return.
    pub lifted: bool,
}

/// The do-not-call list. An entry whose end is over counts as if it were not there.
#[async_trait]
pub trait DoNotCall: Send + Sync {
    /// Puts numbers on the list. Long lists are committed in parts, unless listed numbers are to be
    /// refused; of a number that comes twice the first entry counts.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] for a listed number that is to be refused; other [`StoreError`]s when
    /// some could not be committed: the same request may be made again.
    async fn list_numbers(
        &self,
        tenant: TenantId,
        entries: Vec<DoNotCallEntry>,
        if_listed: IfListed,
    ) -> Result<NumbersListed, StoreError>;

    /// Takes numbers off the list; answers those that were on it. Contacts that were left out because
    /// of them return with [`DoNotCall::return_contacts`].
    ///
    /// # Errors
    /// [`StoreError`] when some could not be committed.
    async fn unlist_numbers(
        &self,
        tenant: TenantId,
        numbers: Vec<PhoneNumber>,
    ) -> Result<Vec<PhoneNumber>, StoreError>;

    /// Puts contacts back into their lists that were left out and have a number again that is not
    /// listed for good: untried ones where they were, others due at `now`. Answers how many of which
    /// campaign. To be called when everything that an engine had left out by then is committed; what
    /// a crash kept from being returned is returned by the next call.
    ///
    /// # Errors
    /// [`StoreError`] when some could not be committed.
    async fn return_contacts(
        &self,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<Vec<(CampaignId, u64)>, StoreError>;

    /// The entry of a number that may not be called at `now`.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn listed_number(
        &self,
        tenant: TenantId,
        number: PhoneNumber,
        now: Timestamp,
    ) -> Result<Option<DoNotCallEntry>, StoreError>;

    /// The list as it is at `now`, in the order of the numbers' text.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn listed_numbers(
        &self,
        tenant: TenantId,
        now: Timestamp,
        after: Option<PhoneNumber>,
        limit: usize,
    ) -> Result<Page<DoNotCallEntry, PhoneNumber>, StoreError>;
}
