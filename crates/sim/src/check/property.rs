//! The properties that hold at every step, each with the sentence that it stands for.

use std::fmt;

use outdial_domain::Timestamp;

/// Something that was said or left unsaid against a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The property.
    pub property: Property,
    /// When.
    pub at: Timestamp,
    /// What happened, in words.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} at {}: {}. The rule: {}.",
            self.property,
            self.at,
            self.what,
            self.property.rule()
        )
    }
}

macro_rules! properties {
    ($($(#[$doc:meta])* $name:ident: $rule:literal,)*) => {
        /// What holds at every step, whatever happens.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Property {
            $(#[doc = $rule] $name,)*
        }

        impl Property {
            /// All properties.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The rule in one sentence.
            pub fn rule(self) -> &'static str {
                match self {
                    $(Self::$name => $rule,)*
                }
            }
        }
    };
}

properties! {
    OneCallPerNumber: "never two live attempts to one number",
    OneCallPerContact: "never two live attempts of one contact",
    OwnNumber: "a contact is called under one of its own numbers, in turn",
    BestFirst: "of the contacts at hand the best is called: by priority, retries before fresh ones, then by place",
    InsideCalendar: "never a call outside of the campaign's calendar",
    InsideHours: "never a call outside of the profile's hours where the callee lives",
    AttemptsTotal: "never more attempts than the retry policy allows in all",
    AttemptsPerDay: "never more attempts than the retry policy allows in a day",
    CallsPerNumber: "never more calls to a number in a day than the profile allows",
    DoNotCall: "never a call to a number on the do-not-call list",
    RetryInterval: "a contact rests between two attempts as the policy says",
    TenantLines: "never more calls at once than the tenant may make",
    TrunkLines: "never more calls at once over a trunk than its permit allows",
    CampaignLines: "never more calls at once than the campaign may make",
    TrunkSpacing: "new calls over a trunk keep the spacing of its permit",
    CallerIdFits: "a number is shown that the campaign, the tenant and the trunk allow",
    CallerIdChannels: "never more calls at once under a caller ID than its channels",
    CallerIdPerHour: "never more calls in an hour under a caller ID than its limit",
    CallerIdPerDay: "never more calls in a day under a caller ID than its limit",
    OnlyRunning: "a campaign dials only while it runs",
    NotHalted: "nothing is dialed in a scope that is halted",
    StoreWorks: "nothing is dialed while the store cannot commit",
    RevisionInForce: "a call is placed under the revision in force",
    AgentReady: "a call is placed or joined only for an agent who is ready, free, connected and in the group",
    AgentInOneCall: "an agent is never in two calls",
    AgentStateFits: "nobody is told to be idle or coming who wishes to be away",
    WrapUpKept: "an agent is left alone until the wrap-up is over",
    RatioKept: "a ratio campaign has at most so many calls ringing for each idle agent, and none without",
    RateKept: "a rate campaign starts at most so many calls in an interval",
    ReservedAgentTakes: "in preempted and progressive mode nobody is abandoned unless an agent's leg was lost",
    NobodyWaitsBesideIdle: "no callee waits while an agent who could take the call is idle",
    AnswerWait: "a callee who picked up waits for an agent as long as the answer wait, and no longer",
    RingTimers: "a call is given up when its timer runs out, and not before",
    RingMinimum: "an unanswered call rings at least as long as the profile says",
    EndsOnce: "every attempt ends exactly once, and at once when its call is over",
    OrderFits: "orders are about calls and agents in a state that they fit",
    OutcomeFits: "the outcome is what the evidence says",
    RecordFits: "the record of an attempt says what was seen of it and when",
    AbandonmentCounts: "a live answer counts as abandoned when nobody took it, or too late for the law",
    HistoryFits: "a contact's history counts what happened",
    RetryOrFinal: "after an attempt its contact is final or rests as the policy says",
    FinalOnce: "a final contact stays final, unless a breaker made its result suspect",
    CommandsFit: "commands are taken and refused as the life cycle says",
    StateFits: "a campaign changes its state only for a reason",
    BreakerStops: "after 30 permanent failures in a row nothing more is dialed on that trunk and caller ID",
    BreakerSuspects: "no contact is final by the failures that opened a breaker",
    WakesInTime: "the engine asks to be woken before its next deadline",
    StopsTalking: "the engine does not run in circles",
    Restores: "a snapshot can be restored",
    GetsDone: "every contact becomes final once trunk, calendar and agents allow it",
}
