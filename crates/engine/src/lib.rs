//! The engine: who is called, when, how often, and who takes the call.
//!
//! A pure state machine. Facts go in ([`Engine::handle`], [`input::Input`]), orders come out
//! ([`Engine::poll`], [`output::Output`]); it has no clock, no socket, no storage and no chance but
//! what it is given, so that the same facts at the same times give the same orders, byte for byte. The
//! server drives it with real calls, the simulator drives the very same code in virtual time.
//!
//! One engine serves one tenant. A fact costs what it can have changed: campaigns that cannot dial
//! wait for exactly what they lack ([`waiters`](self) in the source), deadlines stand in one ordered
//! set, counts are kept and not taken.
//!
//! ```
//! use outdial_engine::{Engine, EngineConfig, input::Input};
//! use outdial_domain::{AttemptId, TenantId, Timestamp};
//!
//! let mut engine = Engine::new(EngineConfig {
//!     tenant: TenantId::new(1),
//!     seed: 7,
//!     next_attempt: AttemptId::new(1),
//! });
//! engine.handle(Timestamp::from_secs(0), Input::TimeReached);
//! assert_eq!(engine.poll(), None);
//! ```

mod agents;
mod appointment;
mod calls;
mod campaign;
mod counters;
mod dispatch;
mod do_not_call;
mod engine;
mod gate;
pub mod input;
mod mutant;
pub mod output;
mod pacing;
mod recover;
mod route;
mod self_check;
mod snapshot;
mod suspects;
mod tenant;
mod timer;
mod trunk;
mod trunk_facts;
mod turn;
mod view;
mod waiters;

pub use calls::Placing;
pub use campaign::CommandError;
pub use counters::Counters;
pub use engine::{Engine, EngineConfig};
pub use mutant::Mutant;
pub use pacing::predictive;
pub use recover::recover;
pub use snapshot::SnapshotError;
pub use view::{
    AgentCounts, AgentView, BreakerView, CallsNow, CampaignView, ContactStanding, Explanation,
    LegView, Refusal, TrunkView,
};
