//! Predictive: the place where the controller will stand. Until it does, no call starts.

use serde::{Deserialize, Serialize};

use super::{Pacer, View};

/// Starts nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Predictive;

impl Pacer for Predictive {
    fn calls_now(&self, _view: &View) -> u32 {
        0
    }
}
