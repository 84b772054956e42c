//! A virtual world that drives the very same engine as the server does, and a checker that watches.
//!
//! Callees, a carrier, agents with their phones, flows, operators and a store are modelled around the
//! engine, in virtual time and from one seed: the same seed says the same bytes. An outsider who
//! believes none of the engine's bookkeeping checks every step against the rules of [`Property`].
//!
//! ```
//! use outdial_domain::Mode;
//! use outdial_sim::{World, minutes, percent, secs};
//!
//! let mut world = World::seeded(7)
//!     .campaign(Mode::Progressive, 40)
//!     .agents(5)
//!     .answer_rate(percent(30))
//!     .talk_time(secs(30));
//! world.run(minutes(10));
//! assert!(world.violations().is_empty(), "{}", world.report());
//! ```

pub mod callees;
pub mod check;
pub mod contact_list;
pub mod counters;
pub mod dice;
mod event_queue;
pub mod plan;
pub mod random;
mod report;
pub mod spread;
pub mod trace;
pub mod units;
mod world;
pub mod yardstick;

pub use callees::{Callees, Mix};
pub use check::{Checker, Property, Violation};
pub use counters::Counters;
pub use dice::Dice;
pub use plan::{Act, AgentPlan, CampaignPlan, Plan};
pub use random::Shape;
pub use spread::Spread;
pub use trace::Trace;
pub use units::{Percent, hours, millis, minutes, percent, secs};
pub use world::World;
