//! What edits need beside revisions: edits that wait for their time, lists that take the place of
//! others, and how many contacts an edit would leave without a call.

use async_trait::async_trait;
use outdial_domain::{
    CampaignId, Change, NewContact, Origin, Revision, RevisionNumber, TenantId, Timestamp,
};

use crate::{ImportOptions, ImportSession, NewRevision, StoreError};

/// An edit that waits for its time. Counts up over all campaigns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PendingEditId(pub u64);

/// An edit that is to be made later.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPendingEdit {
    /// Whose.
    pub tenant: TenantId,
    /// The campaign.
    pub campaign: CampaignId,
    /// When it is to be made.
    pub apply_at: Timestamp,
    /// Who asks: the name of the key.
    pub author: String,
    /// Through which API.
    pub origin: Origin,
    /// When it was asked for.
    pub at: Timestamp,
    /// What it changes. At its time the fields get these values, whatever they hold then.
    pub changes: Vec<Change>,
}

/// An edit that waits, or that could not be made when its time came.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingEdit {
    /// Its number.
    pub id: PendingEditId,
    /// What was asked for.
    pub edit: NewPendingEdit,
    /// Why it could not be made; `None` = it waits.
    pub failed: Option<String>,
}

/// A list that is stored and not in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedList {
    /// Its first place.
    pub first: u64,
    /// Contacts in it whose number is not in the list in force.
    pub added: u64,
    /// Contacts in force whose number is not in it.
    pub removed: u64,
    /// Contacts in it whose number is in force.
    pub kept: u64,
}

/// The list that a campaign dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListInForce {
    /// As in [`ListVersion`].
    pub version: u32,
    /// Contacts in it now.
    pub contacts: u64,
}

/// A list that took the place of an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListVersion {
    /// From 2: what a campaign was given first is version 1.
    pub version: u32,
    /// The revision with which it came.
    pub revision: RevisionNumber,
    /// Who gave it.
    pub author: String,
    /// Through which API.
    pub origin: Origin,
    /// When.
    pub at: Timestamp,
    /// Contacts in it when it came.
    pub contacts: u64,
    /// Of them with a number that the one before had not.
    pub added: u64,
    /// Contacts of the one before whose number it has not.
    pub removed: u64,
    /// Contacts with a number that both have.
    pub kept: u64,
}

/// What edits need beside [`Campaigns::revise_campaign`](crate::Campaigns::revise_campaign).
#[async_trait]
pub trait Edits: Send + Sync {
    /// Stores an edit for later.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown campaign, [`StoreError::Conflict`] when 100 wait for
    /// it already.
    async fn put_pending_edit(&self, edit: NewPendingEdit) -> Result<PendingEdit, StoreError>;

    /// Forgets an edit that waits or has failed; says whether there was one.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be committed.
    async fn remove_pending_edit(
        &self,
        campaign: CampaignId,
        edit: PendingEditId,
    ) -> Result<bool, StoreError>;

    /// Notes why an edit could not be made when its time came. It waits no longer.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be committed.
    async fn fail_pending_edit(
        &self,
        edit: PendingEditId,
        problem: String,
    ) -> Result<(), StoreError>;

    /// Edits of a campaign that wait or have failed, by their time.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn pending_edits(&self, campaign: CampaignId) -> Result<Vec<PendingEdit>, StoreError>;

    /// The edit whose time comes next, over all tenants.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn next_pending_edit(&self) -> Result<Option<PendingEdit>, StoreError>;

    /// How many contacts of a campaign wait for another attempt and have used up so many already.
    /// Read from an index alone.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn count_tried(&self, campaign: CampaignId, attempts: u32) -> Result<u64, StoreError>;

    /// How many contacts of a campaign rest until this instant or longer. Read from an index alone.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn count_resting_from(
        &self,
        campaign: CampaignId,
        at: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Whether a list of so many contacts can take the place of the campaign's within the transaction
    /// of its edit: both are short, and nothing of the one in force is still on its way.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown campaign; [`StoreError`] when the store cannot be read.
    async fn can_replace_at_once(
        &self,
        campaign: CampaignId,
        contacts: usize,
    ) -> Result<bool, StoreError>;

    /// Makes an edit and puts a short list in the place of the one in force, in one transaction. The
    /// revision's list has what comparing them has shown; its first place is of no account.
    ///
    /// # Errors
    /// As [`Campaigns::revise_campaign`](crate::Campaigns::revise_campaign); [`StoreError::Moved`] when
    /// the list cannot be replaced at once (any more), and has to be staged; [`StoreError::Conflict`]
    /// when another list is on its way in, or contacts have been called.
    async fn revise_with_list(
        &self,
        revision: NewRevision,
        contacts: Vec<NewContact>,
    ) -> Result<Revision, StoreError>;

    /// Begins to take in a list that is to take the place of the present one. Nothing of it is seen
    /// until it is in force; until then, or until it is dropped, the campaign takes no other.
    ///
    /// A crash before [`Campaigns::revise_campaign`](crate::Campaigns::revise_campaign) leaves the
    /// old list, one after it the new one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown campaign; [`StoreError::Conflict`] when contacts are
    /// being added or replaced, or attempts were made.
    async fn stage_list(
        &self,
        campaign: CampaignId,
        options: ImportOptions,
    ) -> Result<Box<dyn ImportSession>, StoreError>;

    /// Compares the staged list with the one in force, by the contacts' first numbers. The session
    /// must be finished.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when none is staged.
    async fn compare_staged(&self, campaign: CampaignId) -> Result<StagedList, StoreError>;

    /// Compares a list that is not stored with the one in force, the same way.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn compare_list(
        &self,
        campaign: CampaignId,
        contacts: Vec<NewContact>,
    ) -> Result<StagedList, StoreError>;

    /// Drops a staged list, a part at a time; the one in force stays.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be committed. It is dropped when the store is opened next.
    async fn drop_staged(&self, campaign: CampaignId) -> Result<(), StoreError>;

    /// The list in force. Takes the same time however many there were before it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown campaign; [`StoreError`] when the store cannot be read.
    async fn list_in_force(&self, campaign: CampaignId) -> Result<ListInForce, StoreError>;

    /// The version of the list in force, and those that took the place of others, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn list_versions(
        &self,
        campaign: CampaignId,
    ) -> Result<(u32, Vec<ListVersion>), StoreError>;
}
