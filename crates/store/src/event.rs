//! Events: the journal that clients follow and resume.

use std::borrow::Cow;

use async_trait::async_trait;
use outdial_domain::{CampaignId, TenantId, Timestamp};
use tokio::sync::watch;

use crate::StoreError;

/// The place of an event in the journal: 1 for the first, in the order of commits, without gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u64);

/// An event to be remembered, together with the change that it tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Whose event it is.
    pub tenant: TenantId,
    /// When it happened.
    pub at: Timestamp,
    /// Its name in the API, such as `attempt.ended`.
    pub kind: Cow<'static, str>,
    /// The campaign it is about, if any.
    pub campaign: Option<CampaignId>,
    /// Its data as the API tells it, a JSON object.
    pub data: String,
}

/// A remembered event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place in the journal.
    pub id: EventId,
    /// What happened.
    pub event: NewEvent,
}

/// What follows a place in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// The events, oldest first.
    pub events: Vec<Event>,
    /// Go on after this place: it also steps over other tenants' events.
    pub next: EventId,
    /// Whether events between the place asked for and the first one here are already forgotten.
    pub gap: bool,
}

/// The journal of events. It remembers the newest [`EVENTS_KEPT`]; older ones are forgotten.
#[async_trait]
pub trait Events: Send + Sync {
    /// Remembers events that come with no other change. (Those that tell of a change are given
    /// with it and committed in its transaction.)
    ///
    /// # Errors
    /// [`StoreError`] when they could not be committed.
    async fn append_events(&self, events: Vec<NewEvent>) -> Result<(), StoreError>;

    /// The events of one tenant, or of all, after a place in the journal.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn events_after(
        &self,
        tenant: Option<TenantId>,
        after: EventId,
        limit: usize,
    ) -> Result<EventPage, StoreError>;

    /// The newest committed event, as it changes: the sign to read on. Zero before the first.
    fn newest_event(&self) -> watch::Receiver<EventId>;
}

/// How many events the journal remembers at least.
pub const EVENTS_KEPT: u64 = 100_000;
