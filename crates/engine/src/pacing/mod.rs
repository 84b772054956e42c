//! Pacing: how many calls a campaign starts now.
//!
//! Every mode answers this one question through [`Pacer`], from the same [`View`]. Whom to call, and
//! whether a call may be placed at all, is never its business: gates decide that. A pacer may learn
//! from what happens to its calls ([`Pacer::note`]); it is told the time and has no other.

mod bound;
mod open;
pub mod predictive;
mod preview;
mod rate;
mod ratio;

use std::time::Duration;

use outdial_domain::{Mode, Timestamp};
use serde::{Deserialize, Serialize};

use bound::Bound;
use open::Open;
use preview::Preview;
use rate::Rate;
use ratio::Promised;
pub(crate) use ratio::agents_for;

/// What a pacer knows of the moment. Agents are those of the campaign's skill group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) now: Timestamp,
    /// Idle agents with the phone connected who are free for this campaign: promised to nobody, or
    /// to itself.
    pub(crate) idle: u32,
    /// Idle agents whose phone is called for each call.
    pub(crate) idle_per_call: u32,
    /// Agents talking or in wrap-up who have announced no break: they will come idle.
    pub(crate) coming: u32,
    /// Calls dialed and not answered, and calls with a flow that hands them to the queue.
    pub(crate) ringing: u32,
    /// Callees waiting for an agent.
    pub(crate) waiting: u32,
}

/// Something that has happened to a campaign's calls or agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A call was dialed.
    Dialed,
    /// A person picked up after so long.
    Answered(Duration),
    /// A call ended without an answer after so long.
    NotAnswered(Duration),
    /// An answer that nobody took in time.
    Abandoned,
    /// An agent's conversation is over after so long.
    Talked(Duration),
    /// An agent's wrap-up is over after so long.
    WrappedUp(Duration),
}

/// How many calls to start.
pub(crate) trait Pacer {
    /// Calls that may start now.
    fn calls_now(&self, view: &View) -> u32;

    /// When the answer changes though nothing but time passes.
    fn next_at(&self, _view: &View) -> Option<Timestamp> {
        None
    }

    /// Takes a fact into account.
    fn note(&mut self, _now: Timestamp, _event: Event) {}
}

/// What a call needs of an agent when it is dialed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    /// Nothing: a flow takes it.
    Nobody,
    /// One agent for itself, from the INVITE on.
    OneAgent,
    /// Its share of a promised agent: so many hundredths of a call for each.
    Promise(u32),
}

/// Predictive, until the policy is joined with campaigns: starts nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Predictive;

impl Pacer for Predictive {
    fn calls_now(&self, _view: &View) -> u32 {
        0
    }
}

/// The pacer of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Pacing {
    Bound(Bound),
    Preview(Preview),
    Ratio(Promised),
    Rate(Rate),
    Open(Open),
    Predictive(Predictive),
}

impl Pacing {
    /// The pacer of a mode.
    pub(crate) fn new(mode: &Mode) -> Self {
        match *mode {
            Mode::Preview(rules) => Self::Preview(Preview::new(rules)),
            Mode::Preempted | Mode::Progressive => Self::Bound(Bound),
            Mode::Ratio(ratio) => Self::Ratio(Promised::new(ratio)),
            Mode::Predictive => Self::Predictive(Predictive),
            Mode::Rate { calls, interval } => Self::Rate(Rate::new(calls, interval)),
            Mode::Concurrency => Self::Open(Open),
        }
    }

    /// Takes an edit's parameters; what was learned stays.
    pub(crate) fn revise(&mut self, mode: &Mode) {
        match (self, *mode) {
            (Self::Preview(preview), Mode::Preview(rules)) => preview.revise(rules),
            (Self::Rate(rate), Mode::Rate { calls, interval }) => rate.revise(calls, interval),
            (this, _) => *this = Self::new(mode),
        }
    }

    pub(crate) fn seat(&self) -> Seat {
        match self {
            Self::Bound(_) | Self::Preview(_) => Seat::OneAgent,
            Self::Ratio(promised) => Seat::Promise(promised.hundredths()),
            Self::Predictive(_) | Self::Rate(_) | Self::Open(_) => Seat::Nobody,
        }
    }

    /// Whether the end of one of its own ringing calls can let another one start.
    pub(crate) fn minds_its_calls(&self) -> bool {
        matches!(self, Self::Ratio(_) | Self::Predictive(_))
    }

    pub(crate) fn is_built(&self) -> bool {
        !matches!(self, Self::Predictive(_))
    }

    fn pacer(&self) -> &dyn Pacer {
        match self {
            Self::Bound(pacer) => pacer,
            Self::Preview(pacer) => pacer,
            Self::Ratio(pacer) => pacer,
            Self::Rate(pacer) => pacer,
            Self::Open(pacer) => pacer,
            Self::Predictive(pacer) => pacer,
        }
    }
}

impl Pacer for Pacing {
    fn calls_now(&self, view: &View) -> u32 {
        self.pacer().calls_now(view)
    }

    fn next_at(&self, view: &View) -> Option<Timestamp> {
        self.pacer().next_at(view)
    }

    fn note(&mut self, now: Timestamp, event: Event) {
        match self {
            Self::Bound(pacer) => pacer.note(now, event),
            Self::Preview(pacer) => pacer.note(now, event),
            Self::Ratio(pacer) => pacer.note(now, event),
            Self::Rate(pacer) => pacer.note(now, event),
            Self::Open(pacer) => pacer.note(now, event),
            Self::Predictive(pacer) => pacer.note(now, event),
        }
    }
}
