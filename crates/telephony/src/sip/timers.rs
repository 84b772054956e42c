//! What the core will do later.

use std::collections::BTreeMap;
use std::time::Duration;

use outdial_domain::TrunkName;
use tokio::time::Instant;

use crate::LegId;

/// Something that is due at a time. Nothing is ever taken back: what has become pointless is told by a
/// generation or by its leg being gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// A call was given up and its far end has said nothing final.
    GiveUp(LegId),
    /// Our turn to refresh the session.
    Refresh(LegId, u32),
    /// The far end has not refreshed the session.
    SessionOver(LegId, u32),
    /// The far end has not answered whether it is still there.
    NoAnswer(LegId, u32),
    /// Time to try again to end what an earlier process left behind.
    ClearAgain,
    /// Time to ask whether a callee's call is still known.
    CheckCallee(LegId),
    /// Nothing more can come for a call that is over.
    Forget(String),
    /// Time to ask a trunk.
    Probe(TrunkName, u64),
    /// Time to register with a trunk.
    Register(TrunkName, u64),
    /// Time to look for registrations that ran out.
    Bindings,
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    due: BTreeMap<(Instant, u64), Timer>,
    set: u64,
}

impl Timers {
    pub(super) fn after(&mut self, delay: Duration, timer: Timer) {
        self.set += 1;
        self.due.insert((Instant::now() + delay, self.set), timer);
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    /// The next that is due now.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Timer> {
        let entry = self.due.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }
}
