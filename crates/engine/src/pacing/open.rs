//! Concurrency: as many calls at once as lines and shares allow.

use serde::{Deserialize, Serialize};

use super::{Pacer, View};

/// No limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Open;

impl Pacer for Open {
    fn calls_now(&self, _view: &View) -> u32 {
        u32::MAX
    }
}
