//! The use cases that every API shares, and the one loop that feeds the engines.
//!
//! An API authenticates a key to a [`Caller`] and calls methods of [`Service`]; nothing of HTTP and
//! no vendor's word comes in here. Behind it the runtime owns one engine for each tenant, commits
//! what must be remembered before it lets anything happen, and passes facts and orders between
//! engine, store and telephony.

pub mod access;
pub mod error;
pub mod events;
mod herald;
mod registry;
mod runtime;
pub mod setup;
mod use_cases;
pub mod views;

pub use access::{Caller, Right, Role};
pub use error::{FieldProblem, ServiceError};
pub use events::{Event, Happened};
pub use herald::{CallNotice, Herald};
pub use outdial_store::{ListVersion, NewPendingEdit, Note, PendingEdit, PendingEditId};
pub use setup::{KeySetup, Setup, TenantSetup};
pub use use_cases::{
    AppointmentChange, AppointmentDraft, AppointmentFilter, AttemptFilter, CampaignEdit,
    Disposition, EventStream, HaltScope, Heard, IfListed, Import, NUMBERS_MAX, NewKey, NewListing,
    NumbersListed, REST_EDIT, Readiness, Running, Service, Stopped, Suspects, Wish,
};
