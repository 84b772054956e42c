//! Facts: everything that the engine hears.

use std::time::Duration;

use outdial_domain::RevisionNumber;
use outdial_domain::contact::History;
use outdial_domain::{
    AgentId, AppointmentId, AppointmentKind, Aside, AttemptId, BreakTime, CallerId, Campaign,
    CampaignId, CauseMap, ComplianceProfile, Connection, ContactId, Evidence, FailoverCause,
    LifeCycleCommand, Listing, Permit, PhoneNumber, Progress, Settings, SkillGroupId, Timestamp,
    TrunkName, WishedState,
};
use serde::{Deserialize, Serialize};

/// One fact. Late, repeated and impossible facts are normal: they are counted, never a panic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// Nothing but time has passed.
    TimeReached,
    /// The tenant's own rules, whole.
    TenantSet(TenantRules),
    /// The tenant's caller IDs, whole.
    CallerIdsSet(Vec<CallerId>),
    /// What was used of a caller ID before the server started; after `CallerIdsSet`.
    CallerIdUsed {
        /// The caller ID.
        caller_id: PhoneNumber,
        /// When its calls of the last hour were placed; may be left empty where it has no hourly
        /// limit.
        last_hour: Vec<Timestamp>,
        /// Calls since the tenant's midnight.
        today: u32,
    },
    /// A call to this number was under way when the server died, and its phone may ring still: no
    /// contact of any campaign is called under it before then.
    NumberRests {
        /// The number.
        number: PhoneNumber,
        /// Until when.
        until: Timestamp,
    },
    /// A trunk that the tenant may use, new or changed.
    TrunkSet(TrunkRules),
    /// A trunk that is no more.
    TrunkGone(TrunkName),
    /// What the tenant may use of a trunk from now on.
    PermitSet {
        /// The trunk.
        trunk: TrunkName,
        /// The permit.
        permit: Permit,
    },
    /// OPTIONS to a trunk was answered, or was not.
    TrunkProbed {
        /// The trunk.
        trunk: TrunkName,
        /// Whether it answered.
        answered: bool,
    },
    /// A breaker that was open when the server stopped.
    BreakerSet(BreakerState),
    /// An operator lifts every breaker of a trunk.
    BreakerLifted {
        /// The trunk.
        trunk: TrunkName,
        /// What becomes of the suspect results.
        suspects: Suspects,
    },
    /// No new call in this scope until released.
    Halted {
        /// Whose calls.
        scope: HaltScope,
        /// Why, in an operator's words.
        reason: String,
    },
    /// The halt of this scope is over.
    HaltReleased(HaltScope),
    /// The store cannot commit (a full disk): nothing may be dialed until it can.
    StoreFailing {
        /// Why, in words; `None` = it works again.
        reason: Option<String>,
    },

    /// An agent, new or changed.
    AgentSet(AgentRules),
    /// An agent who is no more.
    AgentGone(AgentId),
    /// What an agent wishes to be.
    AgentWished {
        /// Who.
        agent: AgentId,
        /// What.
        wish: WishedState,
        /// When.
        when: BreakTime,
        /// Why, in the agent's words; may be empty.
        reason: String,
    },
    /// The agent's phone has answered our call.
    AgentLegUp(AgentId),
    /// The agent's phone leg is over, or never came up.
    AgentLegDown {
        /// Whose.
        agent: AgentId,
        /// Why.
        why: LegEnd,
    },
    /// A phone that registers has registered (again): worth calling now.
    AgentRegistered(AgentId),
    /// A phone that registers no longer does: it cannot be called.
    AgentUnregistered(AgentId),
    /// The agent ends the wrap-up early.
    WrapUpEnded(AgentId),
    /// The agent takes an offered contact.
    OfferAccepted(OfferId),
    /// The agent leaves an offered contact.
    OfferSkipped(OfferId),

    /// A campaign as the store has it: at start, or just created.
    CampaignLoaded(Box<LoadedCampaign>),
    /// A new revision of a campaign's settings, in force from this instant; calls in progress keep
    /// the old ones. Where its order is another one the list is loaded afresh, so that it must stand in
    /// the new order by then.
    Revised {
        /// The campaign.
        campaign: CampaignId,
        /// The revision's number.
        revision: RevisionNumber,
        /// The settings, whole and sound.
        settings: Box<Settings>,
    },
    /// Contacts that the engine asked for with `LoadContacts`.
    ContactsLoaded {
        /// The campaign.
        campaign: CampaignId,
        /// Number of the request. An answer to an earlier request than the last one is ignored.
        load: u64,
        /// The contacts, best first.
        contacts: Vec<DueContact>,
        /// When the next resting contact that is not among them is due; `None` = there is none.
        next_due: Option<Timestamp>,
        /// Whether more contacts are due now than were asked for.
        more: bool,
    },
    /// Numbers that were put on the do-not-call list (or changed there), and numbers that left it
    /// (`None`). The list is committed already: what is loaded from now on knows of it.
    DoNotCallChanged(Vec<(PhoneNumber, Option<Listing>)>),
    /// Contacts that were left out because of the do-not-call list are in the list again.
    ContactsReturned {
        /// The campaign.
        campaign: CampaignId,
        /// How many.
        count: u64,
    },
    /// Contacts of a campaign that are held or cancelled one by one: none of them is called from now on.
    /// Which of them the engine moves itself [`Engine::in_hand`](crate::Engine::in_hand) says.
    ContactsSetAside {
        /// The campaign.
        campaign: CampaignId,
        /// The contacts.
        contacts: Vec<ContactId>,
        /// What becomes of them.
        aside: Aside,
    },
    /// Of contacts that were set aside the store has moved those that the engine did not have in hand.
    AsideStored {
        /// The campaign.
        campaign: CampaignId,
        /// All that were set aside.
        contacts: Vec<ContactId>,
        /// Those that the store has made final.
        closed: Vec<ContactId>,
    },
    /// Contacts that are held no longer. The store returns them afterwards, which `ContactsReturned`
    /// tells.
    ContactsReleased {
        /// The campaign.
        campaign: CampaignId,
        /// The contacts.
        contacts: Vec<ContactId>,
    },
    /// An appointment whose time is near, or that was changed.
    AppointmentSet(AppointmentRules),
    /// An appointment that was taken back, or moved to a time that is not near.
    AppointmentGone {
        /// The appointment.
        appointment: AppointmentId,
        /// Its last revision.
        revision: u32,
    },
    /// The contact of an appointment, that the engine asked for with `LoadAppointment`.
    AppointmentLoaded {
        /// The appointment.
        appointment: AppointmentId,
        /// The contact as the store has it; `None` = it is being called, or there is none.
        contact: Option<AppointmentContact>,
    },
    /// Contacts are being added to a campaign's list, and go on coming until `ImportEnds`: a list that
    /// is being filled is not done, however few contacts are left.
    ImportBegins(CampaignId),
    /// An import is over; after the last `ContactsAdded` that tells of it.
    ImportEnds(CampaignId),
    /// Contacts were added to a campaign's list. The engine may have loaded them before it is told.
    ContactsAdded {
        /// The campaign.
        campaign: CampaignId,
        /// How many.
        count: u64,
    },

    /// The fresh contacts of a campaign have got their places in its new order.
    Reordered(CampaignId),
    /// Another list has taken the place of a campaign's: nothing of the old one was called. What
    /// the window holds of it is forgotten, and not given back.
    ListReplaced {
        /// The campaign.
        campaign: CampaignId,
        /// All contacts of the new list.
        contacts: u64,
        /// Of them those that are not final.
        open: u64,
    },
    /// Contacts that were not being called were taken out of the list of a campaign that does not dial
    /// now. What the window holds is forgotten, and loaded afresh when it dials again.
    ContactsRemoved {
        /// The campaign.
        campaign: CampaignId,
        /// How many; none of them was final.
        count: u64,
    },

    /// The attempt is committed and its INVITE on its way.
    Placed(AttemptId),
    /// The attempt could not be committed for now: it was never dialed.
    NotPlaced(AttemptId),
    /// The attempt could not be committed and never will be: the store does not have the contact as the
    /// engine has it, or cannot read it. It was never dialed, and the contact is left alone from now on.
    NeverPlaced(AttemptId),
    /// The attempt is committed and was not sent, as `Engine::placing` said.
    Withheld(AttemptId),
    /// A provisional response without progress (100).
    Responded(AttemptId),
    /// First progress.
    Progressed {
        /// The attempt.
        attempt: AttemptId,
        /// Which.
        progress: Progress,
    },
    /// Media was heard before the answer.
    EarlyMediaHeard(AttemptId),
    /// The callee picked up.
    Answered(AttemptId),
    /// The callee's media is joined to the agent's or the flow's.
    Joined(AttemptId),
    /// The flow that had the call could not be reached.
    FlowFailed(AttemptId),
    /// The flow gives the callee back, for the queue.
    HandedBack(AttemptId),
    /// The flow ended the call.
    FlowEnded(AttemptId),
    /// The callee's leg is over; the last fact about an attempt.
    Ended {
        /// The attempt.
        attempt: AttemptId,
        /// What is known of it.
        evidence: Evidence,
    },
    /// Someone ends the callee's leg (the agent goes on to wrap-up).
    HangUpAsked(AttemptId),
    /// The agent says that a machine picked up.
    MarkedAsMachine(AttemptId),
}

/// What a person asks of a campaign; answered at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The campaign.
    pub campaign: CampaignId,
    /// What.
    pub command: LifeCycleCommand,
}

/// The part of a tenant that rules dialing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TenantRules {
    /// Most calls at once over all campaigns.
    pub max_calls: u32,
    /// IANA zone of its wall clock: the day of caller-ID and number limits.
    pub time_zone: String,
    /// The law its calls are under.
    pub compliance: ComplianceProfile,
}

/// The part of a trunk that rules dialing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrunkRules {
    /// Its name.
    pub name: TrunkName,
    /// Numbers that it owns; empty = any.
    pub caller_ids: Vec<PhoneNumber>,
    /// What sends a call to another trunk.
    pub failover_on: Vec<FailoverCause>,
    /// Share of calls among equal trunks.
    pub weight: u32,
    /// What its causes mean.
    pub cause_map: CauseMap,
    /// A call is ended so long after its answer.
    pub longest_call: Duration,
}

/// The part of an agent that rules dialing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentRules {
    /// Who.
    pub id: AgentId,
    /// Whose calls.
    pub skill_groups: Vec<SkillGroupId>,
    /// Whether the phone stays connected between calls.
    pub connection: Connection,
    /// Whether the phone is called only while it is registered.
    pub registers: bool,
}

/// Why an agent's leg is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LegEnd {
    /// The phone hung up a leg that was up: the agent goes on break.
    HungUp,
    /// The phone did not answer, declined (486), or could not be reached: called again.
    NotReached,
    /// The leg that was up was lost (media stopped, no answer when asked, refresh failed): called
    /// again.
    Lost,
    /// We ended it.
    ByUs,
}

/// A campaign together with what its past has left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadedCampaign {
    /// The campaign.
    pub campaign: Campaign,
    /// Contacts that are not final.
    pub open_contacts: u64,
    /// All contacts.
    pub contacts: u64,
    /// What the abandonment ledger holds of the present window, and when it was counted, oldest first: a
    /// rolling window forgets it bit by bit.
    pub ledger: Vec<(Timestamp, Ledger)>,
}

/// What counts for the share of abandoned calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Answers that an agent took and did not mark as machine, together with those nobody took.
    pub live: u64,
    /// Answers that nobody took in time.
    pub abandoned: u64,
}

/// A contact that may be called now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueContact {
    /// Its id.
    pub id: ContactId,
    /// Its numbers.
    pub numbers: Vec<PhoneNumber>,
    /// Where the callee lives, if known.
    pub time_zone: Option<String>,
    /// 1 (first) to 5.
    pub priority: u8,
    /// Whether it has been resting (a due retry goes before fresh contacts of its priority).
    pub rested: bool,
    /// Its place: order key when fresh, due time in milliseconds when rested.
    pub order_key: i64,
    /// What its attempts have left.
    pub history: History,
    /// Calls to its numbers today from all campaigns of the tenant, where a profile limits them.
    pub number_calls_today: u32,
    /// Those of its numbers that are on the do-not-call list.
    pub listed: Vec<(PhoneNumber, Listing)>,
}

/// A contact that an appointment is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppointmentContact {
    /// The contact.
    pub contact: DueContact,
    /// Whether it is final: it is so again when it is not called.
    pub is_final: bool,
}

/// The part of an appointment that rules dialing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppointmentRules {
    /// Its id.
    pub id: AppointmentId,
    /// Its revision: an older one changes nothing.
    pub revision: u32,
    /// Whether it is offered or dialed.
    pub kind: AppointmentKind,
    /// The campaign, which the engine knows.
    pub campaign: CampaignId,
    /// Who is called.
    pub contact: ContactId,
    /// The number to call.
    pub number: PhoneNumber,
    /// The agent who is to take it.
    pub agent: Option<AgentId>,
    /// Whose agents may take it, where none is named; with neither, the campaign's target does.
    pub skill_group: Option<SkillGroupId>,
    /// The number to show; `None` = the campaign's.
    pub caller_id: Option<PhoneNumber>,
    /// Its time.
    pub due_at: Timestamp,
    /// When it is given up.
    pub valid_until: Timestamp,
}

/// An offer of a contact to an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OfferId(pub u64);

/// Whose calls are halted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HaltScope {
    /// The whole tenant.
    Tenant,
    /// Calls over a trunk.
    Trunk(TrunkName),
    /// Calls of a campaign.
    Campaign(CampaignId),
}

/// What becomes of results that a tripped breaker made suspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Suspects {
    /// Their contacts stay in the list and are called again.
    Retry,
    /// They were right: their contacts get them back.
    Keep,
}

/// A breaker that is open: dialing with this caller ID over this trunk has stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerState {
    /// The trunk.
    pub trunk: TrunkName,
    /// The number shown.
    pub caller_id: PhoneNumber,
    /// When it opened.
    pub since: Timestamp,
    /// From when on results are suspect.
    pub changed_at: Timestamp,
    /// Contacts whose results are suspect, with what they would be without suspicion.
    pub suspects: Vec<crate::output::ContactUpdate>,
}
