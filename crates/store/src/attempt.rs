//! Attempts, and the SIP dialogs that a crash must not leave behind.

use async_trait::async_trait;
use outdial_domain::{
    AgentId, AppointmentId, Attempt, AttemptId, CampaignId, ContactId, ContactUpdate, PhoneNumber,
    RevisionNumber, TenantId, Timestamp, TrunkName,
};

use crate::{NewEvent, Page, StoreError};

/// A new attempt, to be committed before its INVITE leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAttempt {
    /// Whose.
    pub tenant: TenantId,
    /// Its id, unique within the tenant, below 10^12.
    pub id: AttemptId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The contact; it goes in progress.
    pub contact: ContactId,
    /// The number to call.
    pub number: PhoneNumber,
    /// The number to show.
    pub caller_id: PhoneNumber,
    /// The trunk to use.
    pub trunk: TrunkName,
    /// The agent who is bound to it.
    pub agent: Option<AgentId>,
    /// The appointment that it keeps, which waits: it is being called from now on, and its contact may
    /// be final.
    pub appointment: Option<AppointmentId>,
    /// The settings it is placed under.
    pub revision: RevisionNumber,
    /// When it was decided.
    pub started_at: Timestamp,
    /// The leg that is about to be called.
    pub leg: NewLeg,
    /// What is told once it is committed.
    pub events: Vec<NewEvent>,
}

/// The leg of an attempt that is about to be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLeg {
    /// Its id.
    pub leg: u64,
    /// How its dialog can be found again, in telephony's own words.
    pub identity: String,
}

/// A SIP dialog that may be up.
#[derive(Clone, PartialEq, Eq)]
pub struct Dialog {
    /// The leg it belongs to; unique.
    pub leg: u64,
    /// For what it was opened.
    pub owner: DialogOwner,
    /// How it can be found again and ended, in telephony's own words; may hold phone numbers.
    pub identity: String,
    /// Whether it has been answered: it is ended by BYE, else by CANCEL.
    pub answered: bool,
}

impl std::fmt::Debug for Dialog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialog")
            .field("leg", &self.leg)
            .field("owner", &self.owner)
            .field("answered", &self.answered)
            .finish_non_exhaustive()
    }
}

/// For what a dialog was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DialogOwner {
    /// The callee's leg of an attempt.
    Callee(TenantId, AttemptId),
    /// The leg of a flow that serves an attempt.
    Flow(TenantId, AttemptId),
    /// An agent's phone.
    Agent(TenantId, AgentId),
    /// An earlier run that died: the dialog only waits to be ended.
    Nobody(TenantId),
}

impl DialogOwner {
    /// Whose it is.
    pub fn tenant(self) -> TenantId {
        match self {
            Self::Callee(tenant, _)
            | Self::Flow(tenant, _)
            | Self::Agent(tenant, _)
            | Self::Nobody(tenant) => tenant,
        }
    }
}

/// An attempt goes out again, over another trunk, before any progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRerouted {
    /// Whose.
    pub tenant: TenantId,
    /// The attempt.
    pub attempt: AttemptId,
    /// The other trunk.
    pub trunk: TrunkName,
    /// The leg that takes the place of the attempt's former one.
    pub leg: NewLeg,
}

/// The callee picked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptAnswered {
    /// Whose.
    pub tenant: TenantId,
    /// The attempt.
    pub attempt: AttemptId,
    /// First progress, if there was any.
    pub progress_at: Option<Timestamp>,
    /// When.
    pub at: Timestamp,
    /// The dialog as it is now, if it is known already.
    pub dialog: Option<Dialog>,
    /// What is told once it is committed.
    pub events: Vec<NewEvent>,
}

/// An agent or a flow has the callee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptJoined {
    /// Whose.
    pub tenant: TenantId,
    /// The attempt.
    pub attempt: AttemptId,
    /// When.
    pub at: Timestamp,
    /// Which agent.
    pub agent: Option<AgentId>,
}

/// How an attempt ended, and where that leaves its contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndAttempt {
    /// Whose.
    pub tenant: TenantId,
    /// The attempt, whole, with its outcome.
    pub attempt: Attempt,
    /// Where it leaves the contact.
    pub contact: ContactUpdate,
    /// Whether it counts as a live answer: the denominator of the abandonment share.
    pub counts_as_live: bool,
    /// What is told once it is committed.
    pub events: Vec<NewEvent>,
}

/// What the agent, or the one who asks, concludes about an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposition {
    /// The code.
    pub code: String,
    /// In words.
    pub notes: String,
    /// Whether the callee wishes no more calls.
    pub do_not_call: bool,
    /// Who said it: the name of the key.
    pub author: String,
    /// When.
    pub at: Timestamp,
}

/// An attempt as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAttempt {
    /// Whose.
    pub tenant: TenantId,
    /// The attempt.
    pub attempt: Attempt,
    /// What was concluded about it.
    pub disposition: Option<Disposition>,
}

/// The latest calls under one caller ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdCalls {
    /// The caller ID.
    pub caller_id: PhoneNumber,
    /// When those of the last hour were placed, the first one first.
    pub last_hour: Vec<Timestamp>,
    /// How many were placed since midnight.
    pub today: u32,
}

/// Which attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptQuery {
    /// Of this tenant.
    pub tenant: TenantId,
    /// Only of this campaign.
    pub campaign: Option<CampaignId>,
    /// Only of this contact.
    pub contact: Option<ContactId>,
    /// Only to this number.
    pub number: Option<PhoneNumber>,
    /// Only after this one (before it, when the newest come first).
    pub after: Option<AttemptId>,
    /// Whether the newest come first.
    pub newest_first: bool,
    /// How many at most.
    pub limit: usize,
}

impl AttemptQuery {
    /// All attempts of a tenant, oldest first, in pages of 1,000.
    pub fn of(tenant: TenantId) -> Self {
        Self {
            tenant,
            campaign: None,
            contact: None,
            number: None,
            after: None,
            newest_first: false,
            limit: 1000,
        }
    }
}

/// Attempts and dialogs. Each write is durable when its future resolves.
///
/// Writes about the same contact take effect in the order in which they were asked for; else a
/// `place_attempt` overtakes what is not as urgent.
#[async_trait]
pub trait Attempts: Send + Sync {
    /// Commits a new attempt: its row, its contact in progress, its leg's dialog.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown contact, [`StoreError::Conflict`] when the id is
    /// taken, or the contact is in progress or final; else why it could not be committed.
    async fn place_attempt(&self, attempt: NewAttempt) -> Result<(), StoreError>;

    /// Commits that an attempt goes out over another trunk; the former leg's dialog is forgotten.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an attempt that is not under way.
    async fn reroute_attempt(&self, rerouted: AttemptRerouted) -> Result<(), StoreError>;

    /// Commits that the callee picked up. No change when the attempt has ended meanwhile.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown attempt.
    async fn attempt_answered(&self, answered: AttemptAnswered) -> Result<(), StoreError>;

    /// Commits that an agent or a flow has the callee. No change when the attempt has ended
    /// meanwhile.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown attempt.
    async fn attempt_joined(&self, joined: AttemptJoined) -> Result<(), StoreError>;

    /// Commits how an attempt ended, where that leaves its contact, the counters and the ledger,
    /// and forgets its dialogs. Asked for again with the same outcome it changes nothing, so that
    /// it may be repeated after an error that left its effect in doubt.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown attempt, [`StoreError::Conflict`] for one that has
    /// ended with another outcome or an end without outcome.
    async fn end_attempt(&self, end: EndAttempt) -> Result<(), StoreError>;

    /// Stores what was concluded about an attempt, in place of what was before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown attempt.
    async fn dispose_attempt(
        &self,
        tenant: TenantId,
        attempt: AttemptId,
        disposition: Disposition,
    ) -> Result<(), StoreError>;

    /// Stores a dialog, or replaces what is known of its leg.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be committed.
    async fn store_dialog(&self, dialog: Dialog) -> Result<(), StoreError>;

    /// Forgets dialogs that are over, by their legs.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be committed.
    async fn forget_dialogs(&self, legs: Vec<u64>) -> Result<(), StoreError>;

    /// All stored dialogs: after a crash, those to be ended.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn open_dialogs(&self) -> Result<Vec<Dialog>, StoreError>;

    /// All attempts without outcome: after a crash, those whose end nobody saw.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn open_attempts(&self) -> Result<Vec<StoredAttempt>, StoreError>;

    /// The newest attempt of a tenant: its engine counts on from there.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn last_attempt(&self, tenant: TenantId) -> Result<Option<AttemptId>, StoreError>;

    /// One attempt.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn attempt(
        &self,
        tenant: TenantId,
        attempt: AttemptId,
    ) -> Result<Option<StoredAttempt>, StoreError>;

    /// Attempts in the order of ids. Pages of a growing list neither repeat nor skip; reading one
    /// page after the other is how results are exported.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn attempts(
        &self,
        query: AttemptQuery,
    ) -> Result<Page<StoredAttempt, AttemptId>, StoreError>;

    /// For each number the attempts to it since an instant, over all campaigns of the tenant.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn attempts_to(
        &self,
        tenant: TenantId,
        numbers: Vec<PhoneNumber>,
        since: Timestamp,
    ) -> Result<Vec<u32>, StoreError>;

    /// What a tenant's caller IDs were used for lately, over all its campaigns; those without a call
    /// since either instant are left out. Takes time in proportion to the tenant's calls since the
    /// earlier of the two, not to those of all time.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn caller_id_calls(
        &self,
        tenant: TenantId,
        midnight: Timestamp,
        hour_ago: Timestamp,
    ) -> Result<Vec<CallerIdCalls>, StoreError>;
}
