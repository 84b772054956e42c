//! The store: one interface for everything that must outlive the process, and its embedded engine.
//!
//! The interface speaks in the words of `outdial-domain` and says nothing of how it is kept. It is
//! one trait, [`Store`], made of parts by use: [`Attempts`], [`Contacts`], [`Campaigns`],
//! [`Configuration`], [`Events`] and [`Upkeep`]. An SQLite file fulfils it.
//!
//! **Durability.** A write's future resolves when its transaction is on the disk, not before.
//! Requests that are asked for together are committed together; dropping the future does not take
//! the request back. **Urgency.** Attempts about to be dialed go before what has happened, and that
//! before imports, which go in short pieces between the others.

mod attempt;
mod campaign;
mod configuration;
mod contact;
mod error;
mod event;
mod page;
mod upkeep;

pub use attempt::{
    AttemptAnswered, AttemptJoined, AttemptQuery, AttemptRerouted, Attempts, Dialog, DialogOwner,
    Disposition, EndAttempt, NewAttempt, NewLeg, StoredAttempt,
};
pub use campaign::{
    CampaignQuery, CampaignStats, Campaigns, CreatedCampaign, IdempotencyKey, LedgerSum,
    NewCampaign, NewRevision,
};
pub use configuration::{
    AgentWish, Breaker, Configuration, Halt, Item, ItemId, Key, NewTenant, Source, StoredItem,
};
pub use contact::{
    ContactCounts, Contacts, DueContact, DueContacts, ImportOptions, ImportProgress, ImportSession,
};
pub use error::{OpenError, StoreError};
pub use event::{EVENTS_KEPT, Event, EventId, EventPage, Events, NewEvent};
pub use page::{PAGE_MAX, Page};
pub use upkeep::{Upkeep, WriterFigures};

/// Everything that must outlive the process. Object safe: use it as `Arc<dyn Store>`.
pub trait Store:
    Attempts + Contacts + Campaigns + Configuration + Events + Upkeep + 'static
{
}

impl<T> Store for T where
    T: Attempts + Contacts + Campaigns + Configuration + Events + Upkeep + 'static
{
}
