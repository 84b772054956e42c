//! The closed list of what an edit can change.

use serde::{Deserialize, Serialize};

/// One thing that an edit can change. The list is closed: whatever two [`Settings`] differ in is
/// one of these, and a policy answers for each of them.
///
/// [`Settings`]: crate::Settings
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The campaign's name.
    Name,
    /// How it paces calls, without the mode's parameters.
    Mode,
    /// Ringing calls for each idle agent, in mode ratio.
    Ratio,
    /// Calls in each interval, in mode rate.
    Rate,
    /// How contacts are offered, in mode preview.
    Preview,
    /// Which group or flow takes answered calls.
    Target,
    /// Whether agents or a flow take answered calls: the one thing that no policy can open.
    TargetKind,
    /// The flow before the skill group.
    FlowFirst,
    /// Numbers to show.
    CallerIds,
    /// Numbers to show from the second attempt on.
    RecallCallerIds,
    /// Order of fresh contacts.
    Order,
    /// Longest unanswered ringing.
    RingTimeout,
    /// Longest time to the first progress.
    NoProgress,
    /// Agent's time after a call.
    WrapUp,
    /// How long a callee may wait for an agent.
    AnswerWait,
    /// Place among the tenant's campaigns.
    Priority,
    /// Calls that lines are kept for.
    GuaranteedCalls,
    /// Most calls at once.
    MaxCalls,
    /// Highest share of abandoned calls.
    AbandonmentCeiling,
    /// Over which time that share is kept.
    AbandonmentWindow,
    /// Attempts in all.
    AttemptsTotal,
    /// Attempts in one day.
    AttemptsPerDay,
    /// Rest between attempts.
    RetryInterval,
    /// Rests and limits of single outcomes.
    RetryByOutcome,
    /// Outcomes after which a contact is final.
    RetryNever,
    /// When the period starts.
    StartsAt,
    /// When the period ends.
    EndsAt,
    /// Whose wall time the windows mean.
    TimeZone,
    /// The calling windows.
    Rules,
    /// What happens to ringing calls at the end.
    AtEnd,
    /// The list itself: contacts that replace all others.
    Contacts,
}

impl Field {
    /// All fields, in the order in which a campaign shows them.
    pub const ALL: [Self; 31] = [
        Self::Name,
        Self::Mode,
        Self::Ratio,
        Self::Rate,
        Self::Preview,
        Self::Target,
        Self::TargetKind,
        Self::FlowFirst,
        Self::CallerIds,
        Self::RecallCallerIds,
        Self::Order,
        Self::RingTimeout,
        Self::NoProgress,
        Self::WrapUp,
        Self::AnswerWait,
        Self::Priority,
        Self::GuaranteedCalls,
        Self::MaxCalls,
        Self::AbandonmentCeiling,
        Self::AbandonmentWindow,
        Self::AttemptsTotal,
        Self::AttemptsPerDay,
        Self::RetryInterval,
        Self::RetryByOutcome,
        Self::RetryNever,
        Self::StartsAt,
        Self::EndsAt,
        Self::TimeZone,
        Self::Rules,
        Self::AtEnd,
        Self::Contacts,
    ];

    /// Its stable name: the path under which our API shows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Mode => "mode",
            Self::Ratio => "ratio",
            Self::Rate => "rate",
            Self::Preview => "preview",
            Self::Target => "target",
            Self::TargetKind => "target.kind",
            Self::FlowFirst => "flow_first",
            Self::CallerIds => "caller_ids",
            Self::RecallCallerIds => "recall_caller_ids",
            Self::Order => "order",
            Self::RingTimeout => "ring_timeout_s",
            Self::NoProgress => "no_progress_s",
            Self::WrapUp => "wrap_up_s",
            Self::AnswerWait => "answer_wait_s",
            Self::Priority => "priority",
            Self::GuaranteedCalls => "guaranteed_calls",
            Self::MaxCalls => "max_calls",
            Self::AbandonmentCeiling => "abandonment_ceiling",
            Self::AbandonmentWindow => "abandonment_window",
            Self::AttemptsTotal => "retry.attempts_total",
            Self::AttemptsPerDay => "retry.attempts_per_day",
            Self::RetryInterval => "retry.interval_s",
            Self::RetryByOutcome => "retry.by_outcome",
            Self::RetryNever => "retry.never",
            Self::StartsAt => "calendar.starts_at",
            Self::EndsAt => "calendar.ends_at",
            Self::TimeZone => "calendar.time_zone",
            Self::Rules => "calendar.rules",
            Self::AtEnd => "at_end",
            Self::Contacts => "contacts",
        }
    }

    /// The path by which a request says it: a kind of target is said by the target.
    pub fn request_path(self) -> &'static str {
        match self {
            Self::TargetKind => "target",
            field => field.as_str(),
        }
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
