//! A virtual world that drives the very same engine as the server does, and a checker that watches.

pub mod check;
pub mod contact_list;
pub mod dice;
pub mod spread;
pub mod units;

pub use check::{Checker, Property, Violation};
pub use dice::Dice;
pub use spread::Spread;
pub use units::{Percent, hours, millis, minutes, percent, secs};
