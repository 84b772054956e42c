//! Calls: one attempt each, from the order to dial until its end is known.

mod answer;
mod call;
mod dial;
mod end;
mod give_up;
mod join;
mod judge;
mod progress;
mod redial;
pub(crate) mod retry;
mod withhold;

pub(crate) use call::{Call, GaveUp, Reserved, Sort, Stage, Tally};
pub use withhold::Placing;
