//! Campaigns: their state, their window of due contacts, their place among the others.

mod aside;
mod ledger;
mod life;
mod list;
mod offer;
mod record;
mod revise;
mod window;

pub(crate) use ledger::LedgerWindow;
pub use life::CommandError;
pub(crate) use offer::Offered;
pub(crate) use record::Campaign;
pub(crate) use window::{Answer, Held, Window, place_of};
