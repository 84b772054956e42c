//! The gates: everything that must hold before a call is placed, one rule to a file.
//!
//! A gate that refuses says why, what would have to come for it to change its mind, and until when
//! it will refuse if nothing else changes. `not_dialing_because` is nothing but their answers.

pub(crate) mod attempts;
pub(crate) mod calendar;
pub(crate) mod caller_id;
pub(crate) mod contact;
pub(crate) mod do_not_call;
pub(crate) mod halt;
pub(crate) mod hours;
pub(crate) mod lines;
pub(crate) mod number;
pub(crate) mod store;

use outdial_domain::{
    Aside, CampaignState, ContactPlace, ModeName, PhoneNumber, SkillGroupId, Timestamp, TrunkName,
};

use crate::input::HaltScope;
use crate::waiters::Need;

/// Why a gate refuses a campaign. Small and without text: gates refuse many times for each time
/// that someone asks why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// Its state does not allow dialing.
    State(CampaignState),
    /// Its mode is not built.
    NotBuilt(ModeName),
    /// Dialing is halted in this scope.
    Halted(HaltScope),
    /// The store cannot commit.
    Store,
    /// Its calendar is closed.
    Calendar,
    /// No contact is due.
    NoContact,
    /// Contacts are on their way from the store.
    Loading,
    /// It has no agents at all who are ready.
    NoAgent(SkillGroupId),
    /// All its agents are busy.
    AgentsBusy(SkillGroupId),
    /// Its idle agents are called for each call; it needs such as are connected.
    NotConnected(SkillGroupId),
    /// As many calls ring as its agents allow.
    Paced,
    /// Its share of abandoned calls has come to the ceiling: it waits for an agent for each call.
    AbandonmentCeiling,
    /// Its next round or slot has not come.
    Slot,
    /// Its own most calls.
    OwnCalls(u32),
    /// The tenant's most calls.
    TenantCalls(u32),
    /// The free lines are kept for others by their guarantees.
    KeptLines,
    /// The caller ID is none of the tenant's.
    UnknownCallerId(PhoneNumber),
    /// All channels of the caller ID are in use.
    CallerIdChannels(PhoneNumber),
    /// The caller ID's calls of this hour are used up.
    CallerIdHour(PhoneNumber),
    /// The caller ID's calls of today are used up.
    CallerIdDay(PhoneNumber),
    /// No trunk carries the caller ID.
    NoTrunk(PhoneNumber),
    /// The trunk's permit has no line left (or there is no permit).
    TrunkLines(TrunkName),
    /// The trunk's calls per second.
    TrunkPace(TrunkName),
    /// The trunk is out.
    TrunkOut(TrunkName),
    /// The breaker of this trunk and caller ID is open.
    Breaker(TrunkName, PhoneNumber),
}

/// A refusal together with what would end it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Why.
    pub(crate) why: Why,
    /// What would have to come; empty when only a fact about the campaign itself helps.
    pub(crate) needs: Vec<Need>,
    /// Until when it lasts by itself.
    pub(crate) until: Option<Timestamp>,
}

impl Refused {
    /// Nothing but a fact about the campaign itself will change this.
    pub(crate) fn flatly(why: Why) -> Self {
        Self {
            why,
            needs: Vec::new(),
            until: None,
        }
    }

    /// Lasts until a time that is known.
    pub(crate) fn until(why: Why, until: Option<Timestamp>) -> Self {
        Self {
            why,
            needs: Vec::new(),
            until,
        }
    }

    /// Lasts until there is some of this.
    pub(crate) fn needs(why: Why, need: Need) -> Self {
        Self {
            why,
            needs: vec![need],
            until: None,
        }
    }

    /// Whether the campaign would dial at once, were there only a line, an agent or a slot: it
    /// then has a claim on the lines that are guaranteed to it.
    pub(crate) fn is_for_want_of_room(&self) -> bool {
        match self.why {
            Why::Loading
            | Why::AgentsBusy(_)
            | Why::Paced
            | Why::AbandonmentCeiling
            | Why::Slot
            | Why::OwnCalls(_)
            | Why::TenantCalls(_)
            | Why::KeptLines
            | Why::CallerIdChannels(_)
            | Why::TrunkLines(_)
            | Why::TrunkPace(_) => true,
            Why::State(_)
            | Why::NotBuilt(_)
            | Why::Halted(_)
            | Why::Store
            | Why::Calendar
            | Why::NoContact
            | Why::NoAgent(_)
            | Why::NotConnected(_)
            | Why::UnknownCallerId(_)
            | Why::CallerIdHour(_)
            | Why::CallerIdDay(_)
            | Why::NoTrunk(_)
            | Why::TrunkOut(_)
            | Why::Breaker(..) => false,
        }
    }
}

/// What a gate says about one contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContactWhy {
    /// Outside of the profile's hours where the callee lives.
    Hours,
    /// Its attempts are used up.
    AttemptsTotal,
    /// Its attempts of today are used up.
    AttemptsToday,
    /// The number has been called as often today as the profile allows.
    NumberCap,
    /// Another call to the number is under way.
    NumberLive,
    /// A crash has cut off a call to the number a moment ago.
    NumberRests,
    /// It has no number.
    NoNumber,
    /// All its numbers are on the do-not-call list, the first of them since this time.
    DoNotCall(Timestamp),
    /// Someone holds it or has cancelled it.
    SetAside(Aside),
}

/// What becomes of a contact that a gate refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ContactRefused {
    /// Why.
    pub(crate) why: ContactWhy,
    /// Until when; `None` = for good.
    pub(crate) until: Option<Timestamp>,
}

impl ContactRefused {
    /// Where the contact goes.
    pub(crate) fn place(&self) -> ContactPlace {
        match (self.until, self.why) {
            (Some(until), _) => ContactPlace::Resting(until),
            (None, ContactWhy::DoNotCall(_)) => ContactPlace::LeftOut,
            // Whoever moves it sees to it that a cancelled one is final.
            (None, ContactWhy::SetAside(_)) => ContactPlace::Held,
            (None, _) => ContactPlace::Done,
        }
    }
}
