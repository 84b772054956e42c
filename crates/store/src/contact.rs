//! Contacts: taken in by the million, found by when they are due.

use std::ops::RangeInclusive;

use async_trait::async_trait;
use outdial_domain::{
    Aside, CampaignId, Contact, ContactId, ContactState, ContactUpdate, History, Listing,
    NewContact, Order, PhoneNumber, RetryPolicy, TenantId, Timestamp,
};

use crate::{NewEvent, Page, StoreError};

/// How a list is taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Whether a contact is left out when one of its numbers is already in the campaign, or comes
    /// earlier in the same list.
    pub skip_duplicates: bool,
    /// Names the list. What was taken in of it before, in an import with the same key, is passed over: as
    /// many contacts from its beginning as were accepted or left out as duplicates. They are in the
    /// progress from the start.
    pub key: Option<String>,
}

/// How far an import has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportProgress {
    /// Contacts that are committed.
    pub accepted: u64,
    /// Contacts that were left out as duplicates.
    pub duplicates: u64,
}

/// A list on its way in. What is committed stays, also when the session is dropped unfinished.
#[async_trait]
pub trait ImportSession: Send {
    /// Takes the next contacts of the list, in order. Resolves when there is room for more, not
    /// when they are committed; batches of about 1,000 serve best.
    ///
    /// # Errors
    /// Why earlier contacts could not be committed; the import is over then.
    async fn add(&mut self, contacts: Vec<NewContact>) -> Result<ImportProgress, StoreError>;

    /// Waits until everything is committed and can be found by number.
    ///
    /// # Errors
    /// Why some contacts could not be committed. [`ImportSession::progress`] says how many are.
    async fn finish(&mut self) -> Result<ImportProgress, StoreError>;

    /// How far it has come.
    fn progress(&self) -> ImportProgress;

    /// The ids of the contacts that are committed, first and last of each run, in the order of the list.
    fn runs(&self) -> Vec<RangeInclusive<u64>>;
}

/// A contact that may be called now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueContact {
    /// Its id.
    pub id: ContactId,
    /// Its numbers.
    pub numbers: Vec<PhoneNumber>,
    /// IANA zone where the callee lives, if known.
    pub time_zone: Option<String>,
    /// 1 (first) to 5.
    pub priority: u8,
    /// Whether it has been resting.
    pub rested: bool,
    /// Its place: order key when fresh, due time in milliseconds when rested.
    pub order_key: i64,
    /// What its attempts have left.
    pub history: History,
    /// Those of its numbers that are on the do-not-call list.
    pub listed: Vec<(PhoneNumber, Listing)>,
}

/// The contacts of a campaign that may be called now, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DueContacts {
    /// By priority, those that have rested before fresh ones, then by place.
    pub contacts: Vec<DueContact>,
    /// When the next resting contact is due that is not held; `None` = there is none.
    pub next_due: Option<Timestamp>,
    /// Whether more are due now than were asked for.
    pub more: bool,
}

/// How many contacts of a campaign stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContactCounts {
    /// Never tried and free to be called.
    pub fresh: u64,
    /// Waiting until a time.
    pub resting: u64,
    /// Being called.
    pub in_progress: u64,
    /// Final.
    pub done: u64,
}

impl ContactCounts {
    /// All contacts.
    pub fn total(&self) -> u64 {
        self.open() + self.done
    }

    /// Contacts that are not final.
    pub fn open(&self) -> u64 {
        self.fresh + self.resting + self.in_progress
    }
}

/// Contacts of campaigns.
///
/// A contact's order key is its place in the list, or a fixed shuffle of it where the campaign
/// dials in random order. The campaign's settings say which; [`Contacts::reorder`] applies a
/// changed one.
#[async_trait]
pub trait Contacts: Send + Sync {
    /// Begins to take a list in.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown campaign.
    async fn import(
        &self,
        campaign: CampaignId,
        options: ImportOptions,
    ) -> Result<Box<dyn ImportSession>, StoreError>;

    /// The best `limit` contacts that are due at `now`, leaving out those in `holds`.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn due_contacts(
        &self,
        campaign: CampaignId,
        now: Timestamp,
        limit: usize,
        holds: &[ContactId],
    ) -> Result<DueContacts, StoreError>;

    /// Commits new places of contacts without an attempt. Long lists are committed in parts;
    /// unknown contacts are passed over.
    ///
    /// # Errors
    /// [`StoreError`] when some could not be committed; the whole list may be given again.
    async fn move_contacts(
        &self,
        updates: Vec<ContactUpdate>,
        events: Vec<NewEvent>,
    ) -> Result<(), StoreError>;

    /// Sets contacts of a campaign aside that are not final; answers those that this has made final. Of
    /// those `in_hand` an engine has the say: they are not moved, but one that is in a call goes where it
    /// is set aside to when the call ends, unless the call makes it final, also after a crash.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be committed.
    async fn set_contacts_aside(
        &self,
        campaign: CampaignId,
        contacts: Vec<ContactId>,
        in_hand: Vec<ContactId>,
        aside: Aside,
    ) -> Result<Vec<ContactId>, StoreError>;

    /// Releases those of these contacts that are held: untried ones where they were, others when their
    /// rest is over, counted from their last attempt. Answers how many.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be committed.
    async fn release_contacts(
        &self,
        campaign: CampaignId,
        contacts: Vec<ContactId>,
        now: Timestamp,
        retry: RetryPolicy,
    ) -> Result<u64, StoreError>;

    /// Takes contacts out of a campaign's list for good, as if they had never been given, and answers how
    /// many went. Those that are final, that are being called, or for whom a call is reserved stay, and
    /// so do the attempts of those that go. No engine may hold them meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] when some could not be committed; the whole list may be given again.
    async fn remove_contacts(
        &self,
        campaign: CampaignId,
        contacts: Vec<ContactId>,
    ) -> Result<u64, StoreError>;

    /// Gives the fresh contacts of a campaign new places by its present order, a part at a time;
    /// contacts that are added meanwhile have the new order from the start.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown campaign.
    async fn reorder(&self, campaign: CampaignId, order: Order) -> Result<(), StoreError>;

    /// One contact.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn contact(&self, contact: ContactId) -> Result<Option<Contact>, StoreError>;

    /// Contacts that have this number, in one campaign or in all of a tenant; at most 1,000.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn contacts_with_number(
        &self,
        tenant: TenantId,
        campaign: Option<CampaignId>,
        number: PhoneNumber,
    ) -> Result<Vec<Contact>, StoreError>;

    /// Contacts of a campaign in list order.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn contacts(
        &self,
        campaign: CampaignId,
        state: Option<ContactState>,
        after: Option<ContactId>,
        limit: usize,
    ) -> Result<Page<Contact, ContactId>, StoreError>;

    /// Contacts by their ids; unknown ones are passed over.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn contacts_by_id(&self, ids: Vec<ContactId>) -> Result<Vec<Contact>, StoreError>;

    /// How many contacts of a campaign stand where. Kept, not counted: cheap for any size.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn contact_counts(&self, campaign: CampaignId) -> Result<ContactCounts, StoreError>;
}
