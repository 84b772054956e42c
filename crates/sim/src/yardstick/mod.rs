//! The yardstick's world: one endless list, one team, and a pacer that says at each step how many calls to
//! launch. Small and exact, so that figures of different pacers can be compared: every draw is fixed by the
//! seed and the number of the call, whoever launches it and whenever.
//!
//! It is not [`World`](crate::World), in which the whole engine works: here stands the policy alone.

mod draws;
mod policy;
mod world;

pub use draws::{AnswerRate, Callee, Draws, Result};
pub use policy::{Policy, Predictive, Progressive};
pub use world::{Event, Shift, Step, Tally, Team, run};
