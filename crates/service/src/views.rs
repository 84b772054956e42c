//! What the use cases answer: things as a supervisor sees them.

use std::collections::BTreeMap;

use outdial_domain::{
    AgentId, AgentState, Attempt, AttemptId, Campaign, CampaignId, CampaignState, Change,
    ContactId, Outcome, PhoneNumber, RefusedField, RevisionNumber, SkillGroupId, Timestamp,
    TrunkName, WishedState,
};
use serde::{Deserialize, Serialize};

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins; `None` = this was the last.
    pub next_cursor: Option<String>,
}

/// Where a page begins and how long it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Most items, 1–1000; `None` = 100.
    pub limit: Option<u32>,
}

/// How a campaign is doing.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// Where it stands.
    pub state: CampaignState,
    /// Contacts by where they stand.
    pub contacts: ContactCounts,
    /// Attempts since it began.
    pub attempts: u64,
    /// Of them with the outcome answered.
    pub answered: u64,
    /// Calls that the ledger counts as abandoned (an answer that an agent took too late included).
    pub abandoned: u64,
    /// Share of live answers nobody took in time, in the ledger's present window, 0–1.
    pub abandonment: f64,
    /// Talk and wrap-up time over logged-in time of its agents since it began, 0–1.
    pub occupancy: f64,
    /// Calls right now.
    pub calls_now: CallsNow,
    /// Its agents right now.
    pub agents: AgentCounts,
    /// Attempts by outcome.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Why it does not dial right now; empty when it does.
    pub not_dialing_because: Vec<Reason>,
}

/// Contacts by where they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContactCounts {
    /// Fresh or resting.
    pub waiting: u64,
    /// With an attempt under way.
    pub in_progress: u64,
    /// Final.
    pub done: u64,
}

/// Calls right now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallsNow {
    /// Dialed, not answered.
    pub ringing: u32,
    /// With an agent or flow.
    pub talking: u32,
    /// Answered, waiting for an agent.
    pub waiting: u32,
}

/// A campaign's agents right now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentCounts {
    /// Free for a call.
    pub idle: u32,
    /// Reserved or talking.
    pub busy: u32,
    /// In wrap-up.
    pub wrap_up: u32,
    /// On a break, offline, or not connected.
    pub away: u32,
}

/// Why something is not dialed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// A stable code: `calendar`, `trunk_out`, `breaker`, `no_agent`, …
    pub code: String,
    /// The reason in a supervisor's words.
    pub text: String,
    /// Until when, where that is known.
    pub until: Option<Timestamp>,
}

/// Why a campaign, or a number in it, is (not) dialed.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// What holds for the whole campaign.
    pub campaign: Vec<Reason>,
    /// What holds for the contacts with the number asked for.
    pub contacts: Vec<ContactExplanation>,
}

/// Why a contact is (not) dialed.
#[derive(Clone, Debug, PartialEq)]
pub struct ContactExplanation {
    /// The contact.
    pub contact: ContactId,
    /// In words.
    pub reasons: Vec<Reason>,
    /// Its attempts so far, newest first.
    pub attempts: Vec<Attempt>,
}

/// An agent as everybody sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentView {
    /// Who.
    pub id: AgentId,
    /// Its name.
    pub name: String,
    /// The groups whose calls it takes.
    pub skill_groups: Vec<SkillGroupId>,
    /// What it wishes to be.
    pub wish: WishedState,
    /// What it is doing.
    pub state: AgentState,
    /// Since when.
    pub since: Timestamp,
    /// Its phone.
    pub leg: LegView,
    /// The call that it is in or bound to.
    pub call: Option<AttemptId>,
    /// Why it is on a break; may be empty.
    pub reason: String,
}

/// An agent's phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegView {
    /// Not connected.
    Down,
    /// Being called.
    Calling,
    /// Connected.
    Up,
}

/// A trunk as an operator sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct TrunkView {
    /// Its name.
    pub name: TrunkName,
    /// Where it is.
    pub uri: String,
    /// `up`, `doubtful` or `out`.
    pub health: &'static str,
    /// Why, in words; empty when up.
    pub reason: String,
    /// Calls right now, over all tenants.
    pub calls: u32,
    /// Most calls at once.
    pub max_calls: Option<u32>,
    /// Breakers that are open on it.
    pub breakers: Vec<BreakerView>,
    /// Whether an operator has halted it, and why.
    pub halted: Option<String>,
}

/// An open breaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerView {
    /// The number shown.
    pub caller_id: PhoneNumber,
    /// When it opened.
    pub since: Timestamp,
    /// How many results are suspect.
    pub suspects: usize,
}

/// A contact offered to an agent.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferView {
    /// The offer.
    pub id: u64,
    /// The campaign.
    pub campaign: CampaignId,
    /// The contact with its attributes.
    pub contact: outdial_domain::Contact,
    /// When it is dialed by itself.
    pub dials_at: Option<Timestamp>,
    /// When it is withdrawn.
    pub ends_at: Timestamp,
}

/// What an import has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Contacts taken.
    pub accepted: u64,
    /// Contacts left out because their number is in the campaign already.
    pub duplicates: u64,
}

/// An edit that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Edited {
    /// The campaign after it; its `revision` is the new one, if anything changed.
    pub campaign: Campaign,
    /// What it changed; empty = nothing, and there is no new revision.
    pub diff: Vec<Change>,
    /// What it asked for and the API's rules leave as it is.
    pub ignored: Vec<Change>,
    /// What became of the list, where another one took its place.
    pub list: Option<ListChange>,
}

/// How a new list differs from the one whose place it took, by the contacts' first numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListChange {
    /// Contacts whose number the old list had not.
    pub added: u64,
    /// Contacts of the old list whose number the new one has not.
    pub removed: u64,
    /// Contacts with a number that both have.
    pub kept: u64,
}

/// What an edit would do.
#[derive(Clone, Debug, PartialEq)]
pub struct EditPreview {
    /// The revision that it would start from.
    pub revision: RevisionNumber,
    /// What it would change.
    pub diff: Vec<Change>,
    /// Fields because of which it would be refused.
    pub refused: Vec<RefusedField>,
    /// What it would leave as it is.
    pub ignored: Vec<Change>,
    /// What would become of the list, where it brings another one.
    pub list: Option<ListChange>,
    /// Contacts that could be called before and not after it, by reason.
    pub uncallable: Vec<Uncallable>,
}

/// Contacts that an edit would leave without a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uncallable {
    /// Why.
    pub why: UncallableWhy,
    /// How many.
    pub contacts: u64,
}

/// Why contacts could not be called after an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UncallableWhy {
    /// They have used up as many attempts as there would be.
    AttemptsUsed,
    /// The period would be over.
    PeriodOver,
    /// The calendar would never open again before its end.
    NoWindow,
    /// They rest until the period would be over.
    RestsPastEnd,
    /// No trunk carries any of the caller IDs.
    NoTrunk,
}
