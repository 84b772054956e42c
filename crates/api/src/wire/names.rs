//! Values that are one of a few names: one list each for reading, writing and the OpenAPI document.

use std::borrow::Cow;

use outdial_domain::{
    AgentState, AtEnd, Blame, BreakTime, CampaignState, ContactState, EndReason, ModeName, Order,
    Origin, Outcome, WishedState,
};
use outdial_service::views::{LegView, UncallableWhy};
use outdial_service::{Role, Suspects};
use serde::{Serialize, Serializer};
use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::fields::{echo, unknown};
use crate::scalar::any_text;
use crate::wire::edit::RevisionStatus;

/// A type whose values have names in our API.
pub(crate) trait Named: Copy + 'static {
    /// The type's name in the OpenAPI document.
    const SCHEMA: &'static str;
    /// What it says, for the OpenAPI document.
    const ABOUT: &'static str;

    /// All values (one for each name).
    fn all() -> Vec<Self>;

    /// The name of a value.
    fn name_of(self) -> &'static str;
}

/// The value with this name.
pub(crate) fn named<T: Named>(value: &Value) -> Result<T, String> {
    let given = any_text(value)?;
    let all = T::all();
    if let Some(found) = all.iter().find(|value| value.name_of() == given) {
        return Ok(*found);
    }
    let names: Vec<&str> = all.iter().map(|value| value.name_of()).collect();
    Err(format!("`{}` {}", echo(given), unknown(given, &names)))
}

/// A value that is written as its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name<T>(pub(crate) T);

impl<T: Named> Serialize for Name<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name_of())
    }
}

impl<T: Named> PartialSchema for Name<T> {
    fn schema() -> RefOr<Schema> {
        let names: Vec<&str> = T::all().into_iter().map(T::name_of).collect();
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .description(Some(T::ABOUT))
            .enum_values(Some(names))
            .into()
    }
}

impl<T: Named> ToSchema for Name<T> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed(T::SCHEMA)
    }
}

macro_rules! named {
    ($alias:ident = $type:ty, $about:literal, $name:expr, [$($value:expr),+ $(,)?]) => {
        #[doc = $about]
        pub(crate) type $alias = Name<$type>;

        impl Named for $type {
            const SCHEMA: &'static str = stringify!($alias);
            const ABOUT: &'static str = $about;

            fn all() -> Vec<Self> {
                vec![$($value),+]
            }

            fn name_of(self) -> &'static str {
                let name: fn(Self) -> &'static str = $name;
                name(self)
            }
        }
    };
}

named!(
    CampaignStateName = CampaignState,
    "Where a campaign stands.",
    CampaignState::name,
    [
        CampaignState::Draft,
        CampaignState::Scheduled,
        CampaignState::Running,
        CampaignState::Paused,
        CampaignState::Ended(EndReason::ListDone),
    ]
);
named!(
    EndReasonName = EndReason,
    "Why a campaign is over.",
    EndReason::name,
    [
        EndReason::ListDone,
        EndReason::PeriodOver,
        EndReason::ByHand,
        EndReason::Fault,
    ]
);
named!(
    PacingMode = ModeName,
    "How many calls to start, and for whom.",
    ModeName::as_str,
    [
        ModeName::Preview,
        ModeName::Preempted,
        ModeName::Progressive,
        ModeName::Ratio,
        ModeName::Predictive,
        ModeName::Rate,
        ModeName::Concurrency,
    ]
);
named!(
    OrderName = Order,
    "Order of fresh contacts: as the list was given, or shuffled.",
    |order| match order {
        Order::List => "list",
        Order::Random => "random",
    },
    [Order::List, Order::Random]
);
named!(
    AtEndName = AtEnd,
    "What happens to ringing calls when the campaign ends.",
    |at_end| match at_end {
        AtEnd::LetRing => "let_ring",
        AtEnd::CancelRinging => "cancel_ringing",
    },
    [AtEnd::LetRing, AtEnd::CancelRinging]
);
named!(
    OriginName = Origin,
    "Through which API something was made.",
    |origin| match origin {
        Origin::Rest => "rest",
        Origin::Tencent => "tencent",
        Origin::Alibaba => "alibaba",
        Origin::Huawei => "huawei",
        Origin::Dezhu => "dezhu",
    },
    [
        Origin::Rest,
        Origin::Tencent,
        Origin::Alibaba,
        Origin::Huawei,
        Origin::Dezhu,
    ]
);
named!(
    RevisionStatusName = RevisionStatus,
    "Where a revision stands: in force, in force before, an edit that waits for its time, or one that could not be made when it came.",
    |status| match status {
        RevisionStatus::InForce => "in_force",
        RevisionStatus::Past => "past",
        RevisionStatus::Pending => "pending",
        RevisionStatus::Failed => "failed",
    },
    [
        RevisionStatus::InForce,
        RevisionStatus::Past,
        RevisionStatus::Pending,
        RevisionStatus::Failed,
    ]
);
named!(
    UncallableName = UncallableWhy,
    "Why contacts could not be called after an edit.",
    |why| match why {
        UncallableWhy::AttemptsUsed => "attempts_used",
        UncallableWhy::PeriodOver => "period_over",
        UncallableWhy::NoWindow => "no_window",
        UncallableWhy::RestsPastEnd => "rests_past_end",
        UncallableWhy::NoTrunk => "no_trunk",
    },
    [
        UncallableWhy::AttemptsUsed,
        UncallableWhy::PeriodOver,
        UncallableWhy::NoWindow,
        UncallableWhy::RestsPastEnd,
        UncallableWhy::NoTrunk,
    ]
);
named!(
    OutcomeName = Outcome,
    "How an attempt ended.",
    Outcome::as_str,
    [
        Outcome::Answered,
        Outcome::Abandoned,
        Outcome::Machine,
        Outcome::Busy,
        Outcome::NoAnswer,
        Outcome::Unreachable,
        Outcome::PoweredOff,
        Outcome::OutOfService,
        Outcome::InArrears,
        Outcome::Invalid,
        Outcome::Rejected,
        Outcome::Congestion,
        Outcome::NetworkError,
        Outcome::Failed,
        Outcome::Cancelled,
        Outcome::Unknown,
    ]
);
named!(
    BlameName = Blame,
    "Who is to blame for a call that did not succeed.",
    Blame::as_str,
    [
        Blame::Callee,
        Blame::CallerId,
        Blame::FrequencyRule,
        Blame::Capacity,
        Blame::Configuration,
    ]
);
named!(
    ContactStateName = ContactState,
    "Where a contact stands: never tried, waiting for its next attempt, with an attempt under way, or final.",
    |state| match state {
        ContactState::Fresh => "fresh",
        ContactState::Resting => "resting",
        ContactState::InProgress => "in_progress",
        ContactState::Done => "done",
    },
    [
        ContactState::Fresh,
        ContactState::Resting,
        ContactState::InProgress,
        ContactState::Done,
    ]
);
named!(
    AgentActivityName = AgentState,
    "What an agent is doing.",
    AgentState::as_str,
    [
        AgentState::Offline,
        AgentState::Break,
        AgentState::Connecting,
        AgentState::Idle,
        AgentState::Reserved,
        AgentState::Talking,
        AgentState::WrapUp,
    ]
);
named!(
    WishedStateName = WishedState,
    "What an agent wishes to be; kept across a restart.",
    |wish| match wish {
        WishedState::Ready => "ready",
        WishedState::Break => "break",
        WishedState::Offline => "offline",
    },
    [WishedState::Ready, WishedState::Break, WishedState::Offline]
);
named!(
    WhenName = BreakTime,
    "When a wish takes effect: at once (a reserved call is waited for), or when the present call and its wrap-up are over.",
    |when| match when {
        BreakTime::Now => "now",
        BreakTime::AfterCall => "after_call",
    },
    [BreakTime::Now, BreakTime::AfterCall]
);
named!(
    LegName = LegView,
    "An agent's phone.",
    |leg| match leg {
        LegView::Down => "down",
        LegView::Calling => "calling",
        LegView::Up => "up",
    },
    [LegView::Down, LegView::Calling, LegView::Up]
);
named!(
    RoleName = Role,
    "What a key is for.",
    Role::as_str,
    [
        Role::Admin,
        Role::Supervisor,
        Role::Integrator,
        Role::Agent,
        Role::Auditor,
    ]
);
named!(
    SuspectsName = Suspects,
    "What becomes of results that a tripped breaker made suspect: their contacts are called again, or the results stand.",
    |suspects| match suspects {
        Suspects::Retry => "retry",
        Suspects::Keep => "keep",
    },
    [Suspects::Retry, Suspects::Keep]
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_outcome_and_mode_of_the_domain_can_be_named() {
        assert_eq!(<Outcome as Named>::all(), Outcome::ALL);
        assert_eq!(<ModeName as Named>::all(), ModeName::ALL);
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_right_ones() {
        assert_eq!(named::<Order>(&json!("random")), Ok(Order::Random));
        assert_eq!(
            named::<Order>(&json!("randon")),
            Err("`randon` is not known; did you mean `random`?".to_owned())
        );
        assert_eq!(
            named::<Order>(&json!("x")),
            Err("`x` is not known; known are list, random".to_owned())
        );
        assert_eq!(
            named::<Order>(&json!(1)),
            Err("must be a text, not a number".to_owned())
        );
    }
}
