//! Agents: what each wishes, how its phone is, what it does, and the groups it serves.
//!
//! This module keeps the records and the sets over them. What happens to an agent, and why, stands
//! in [`crate::engine`]'s parts: `agents::wish`, `agents::phone` and `agents::work`.

mod group;
mod phone;
mod pool;
mod record;
mod wish;
mod work;

pub(crate) use group::{Group, QueueKey};
pub(crate) use pool::Agents;
pub(crate) use record::{Agent, AgentKey, Announced, Leg, Phase, Worked, WrapUp};
