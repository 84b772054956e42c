//! Counts of what should not happen often: the engine never panics over a fact, it counts it.

use serde::{Deserialize, Serialize};

/// Facts that the engine could do nothing with, and other things worth a look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Facts in all.
    pub facts: u64,
    /// Facts about an attempt, agent, campaign, offer or trunk that the engine does not know (any
    /// more).
    pub unknown: u64,
    /// Facts that no longer, or not yet, fit the state of what they are about.
    pub late: u64,
    /// Facts whose time lay before that of the fact before; they were taken as of the later time.
    pub clock_went_back: u64,
    /// Calls whose end nobody told within minutes of our hanging up; given up as ended.
    pub never_ended: u64,
    /// Calls that were answered after we had given up ringing.
    pub answered_after_cancel: u64,
    /// Facts after which deadlines kept coming that lay in the past: a mistake of the engine's.
    pub deadlines_in_the_past: u64,
    /// Contacts that are left alone because the store refuses their attempts for good: it and the engine do
    /// not agree, which is a mistake, or the database is damaged.
    pub barred: u64,
    /// Attempts that went out again over another trunk.
    pub redials: u64,
}
