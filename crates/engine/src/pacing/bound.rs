//! Progressive and preempted: one call for each idle agent, who is bound to it.

use serde::{Deserialize, Serialize};

use super::{Pacer, View};

/// One call for each idle agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bound;

impl Pacer for Bound {
    fn calls_now(&self, view: &View) -> u32 {
        view.idle + view.idle_per_call
    }
}
