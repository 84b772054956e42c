//! Rules that a test may switch off, to show that its checks would notice.

#[cfg(feature = "mutants")]
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A rule that can be switched off with the feature `mutants`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Mutant {
    /// Campaigns dial outside of their calendar.
    Calendar,
    /// Contacts are called beyond their attempts.
    Attempts,
    /// Contacts are called beyond their attempts of a day.
    AttemptsPerDay,
    /// A number may have several live calls.
    NumberLive,
    /// Caller IDs have no limits.
    CallerIdLimits,
    /// Trunks have as many lines as are asked for.
    TrunkLines,
    /// The tenant has as many lines as are asked for.
    TenantCalls,
    /// A campaign has as many calls as it likes.
    CampaignCalls,
    /// Guaranteed lines are not kept.
    GuaranteedLines,
    /// Calls that need an agent are dialed without one.
    AgentReservation,
    /// Retries are due at once.
    RetryRest,
    /// The profile's hours do not count.
    ProfileHours,
    /// Halts are not heard.
    Halt,
    /// A failing store does not stop dialing.
    Store,
    /// Answered callees wait for ever.
    AnswerWait,
    /// Calls ring for ever.
    RingTimeout,
    /// A campaign is not over when its list is.
    ListDone,
    /// Trunks have no calls per second.
    TrunkPace,
    /// Breakers never open.
    Breaker,
    /// The do-not-call list does not count.
    DoNotCall,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::Calendar,
        Self::Attempts,
        Self::AttemptsPerDay,
        Self::NumberLive,
        Self::CallerIdLimits,
        Self::TrunkLines,
        Self::TenantCalls,
        Self::CampaignCalls,
        Self::GuaranteedLines,
        Self::AgentReservation,
        Self::RetryRest,
        Self::ProfileHours,
        Self::Halt,
        Self::Store,
        Self::AnswerWait,
        Self::RingTimeout,
        Self::ListDone,
        Self::TrunkPace,
        Self::Breaker,
        Self::DoNotCall,
    ];
}

/// The rules that are switched off: none, unless the feature `mutants` is on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mutants {
    #[cfg(feature = "mutants")]
    off: BTreeSet<Mutant>,
}

impl Mutants {
    #[cfg(feature = "mutants")]
    pub(crate) fn switch_off(&mut self, mutant: Mutant) {
        self.off.insert(mutant);
    }

    #[cfg(feature = "mutants")]
    pub(crate) fn is_off(&self, mutant: Mutant) -> bool {
        !self.off.is_empty() && self.off.contains(&mutant)
    }

    #[cfg(not(feature = "mutants"))]
    #[expect(clippy::unused_self, reason = "the other build looks into it")]
    pub(crate) fn is_off(&self, _mutant: Mutant) -> bool {
        false
    }
}
