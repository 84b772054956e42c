//! The store: one interface for everything that must outlive the process, and its embedded engine.
//!
//! The interface speaks in the words of `outdial-domain` and says nothing of how it is kept. It is
//! one trait, [`Store`], made of parts by use: [`Attempts`], [`Contacts`], [`Campaigns`],
//! [`Edits`], [`Configuration`], [`DoNotCall`], [`Events`], [`Notes`] and [`Upkeep`]. [`SqliteStore`] fulfils it in a file;
//! [`conformance`] is the suite that every engine passes.
//!
//! **Durability.** A write's future resolves when its transaction is on the disk, not before.
//! Requests that are asked for together are committed together; dropping the future does not take
//! the request back. **Urgency.** Attempts about to be dialed go before what has happened, and that
//! before imports, which go in short pieces between the others. **Order.** A request that fails for a
//! passing reason is not overtaken by later ones: all are refused until [`Upkeep::probe`] succeeds.
//!
//! ```
//! use outdial_domain::{ComplianceProfile, Country};
//! use outdial_store::{Configuration, NewTenant, SqliteStore, Upkeep};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("outdial.db");
//! let store = SqliteStore::open(&path)?;
//! let acme = NewTenant {
//!     name: "acme".to_owned(),
//!     time_zone: "Asia/Shanghai".to_owned(),
//!     default_country: Country::new("CN")?,
//!     compliance: ComplianceProfile::none(),
//!     max_calls: 500,
//! };
//! let tenant = store.put_tenant(acme).await?;
//! assert_eq!(store.tenants().await?, [tenant]);
//! store.close().await?;
//! # Ok(())
//! # }
//! ```

mod appointment;
mod attempt;
mod campaign;
mod configuration;
pub mod conformance;
mod contact;
mod do_not_call;
mod edit;
mod error;
mod event;
mod note;
mod page;
mod sqlite;
mod upkeep;

pub use appointment::{AppointmentChange, AppointmentQuery, Appointments, NewAppointment};
pub use attempt::{
    AttemptAnswered, AttemptJoined, AttemptQuery, AttemptRerouted, Attempts, CallerIdCalls, Dialog,
    DialogOwner, Disposition, EndAttempt, NewAttempt, NewLeg, StoredAttempt,
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
pub use do_not_call::{DoNotCall, IfListed, NumbersListed};
pub use edit::{
    Edits, ListInForce, ListVersion, NewPendingEdit, PendingEdit, PendingEditId, StagedList,
};
pub use error::{OpenError, StoreError};
pub use event::{EVENTS_KEPT, Event, EventId, EventPage, Events, NewEvent};
pub use note::{Note, Notes};
pub use page::{PAGE_MAX, Page};
pub use sqlite::{Disk, SqliteOptions, SqliteStore};
pub use upkeep::{Upkeep, WriterFigures};

/// Everything that must outlive the process. Object safe: use it as `Arc<dyn Store>`.
pub trait Store:
    Appointments
    + Attempts
    + Contacts
    + Campaigns
    + Edits
    + Configuration
    + DoNotCall
    + Events
    + Notes
    + Upkeep
    + 'static
{
}

impl<T> Store for T where
    T: Appointments
        + Attempts
        + Contacts
        + Campaigns
        + Edits
        + Configuration
        + DoNotCall
        + Events
        + Notes
        + Upkeep
        + 'static
{
}
