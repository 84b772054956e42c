//! Orders: everything that the engine wants done, and everything that must be remembered or told.

use outdial_domain::{
    AgentId, AgentState, Attempt, AttemptId, CampaignId, CampaignState, ContactId, PhoneNumber,
    RevisionNumber, Target, Timestamp, TrunkName,
};
pub use outdial_domain::{ContactPlace, ContactUpdate};
use serde::{Deserialize, Serialize};

use crate::input::{BreakerState, OfferId};

/// One order. Drain them with `Engine::poll` until `None` before the next fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Output {
    /// Commit this attempt (its contact goes in progress), then call; answer with `Placed` or
    /// `NotPlaced`.
    Dial(Box<Dial>),
    /// The same attempt again over another trunk, before any progress; answer likewise.
    Redial {
        /// The attempt.
        attempt: AttemptId,
        /// The other trunk.
        trunk: TrunkName,
    },
    /// Give up ringing (a CANCEL). `Ended` still comes.
    Cancel(AttemptId),
    /// End the callee's leg (a BYE). `Ended` still comes.
    HangUp(AttemptId),
    /// Join the callee with this agent's leg, now.
    Join {
        /// The attempt.
        attempt: AttemptId,
        /// Whose leg.
        agent: AgentId,
    },
    /// Let the reserved agent hear the progress of the call (preempted mode): join before the
    /// answer, as soon as there is media.
    Listen {
        /// The attempt.
        attempt: AttemptId,
        /// Whose leg.
        agent: AgentId,
    },
    /// Call this flow and join the callee with it.
    CallFlow {
        /// The attempt.
        attempt: AttemptId,
        /// Where.
        flow: Target,
    },
    /// Commit that the callee picked up. Never waited for.
    AttemptAnswered {
        /// The attempt.
        attempt: AttemptId,
        /// When.
        at: Timestamp,
    },
    /// Commit how the attempt ended and where that leaves its contact, then tell.
    AttemptEnded(Box<AttemptEnd>),
    /// Commit contacts' places without an attempt (a gate refused them until a time, the window is
    /// given back, a breaker made results suspect). `last_outcome` of `None` leaves it as it is.
    ContactsMoved(Vec<ContactUpdate>),
    /// The window of a campaign runs low: load the best `count` contacts that are due, after all
    /// orders that were given before this one have been committed. Answer with `ContactsLoaded`.
    LoadContacts {
        /// The campaign.
        campaign: CampaignId,
        /// Number of the request, which the answer repeats.
        load: u64,
        /// How many at most.
        count: u32,
        /// Contacts that the engine holds: leave them out.
        holds: Vec<ContactId>,
    },

    /// Call the agent's phone.
    CallAgent(AgentId),
    /// End the agent's phone leg.
    HangUpAgent(AgentId),
    /// Tell that an agent does something else now.
    AgentChanged {
        /// Who.
        agent: AgentId,
        /// What.
        state: AgentState,
        /// The attempt it is about, when reserved, talking or in wrap-up.
        attempt: Option<AttemptId>,
    },
    /// The engine itself changed an agent's wish (hung up: break): store it.
    AgentWishChanged {
        /// Who.
        agent: AgentId,
        /// To what.
        wish: outdial_domain::WishedState,
        /// Why, in words.
        reason: String,
    },
    /// Offer a contact to an agent.
    Offered(Offer),
    /// An offer is over.
    OfferEnded {
        /// The offer.
        offer: OfferId,
        /// To whom it was made.
        agent: AgentId,
        /// Whether the call is being dialed now.
        dialed: bool,
    },

    /// Commit and tell that a campaign is in another state now.
    CampaignChanged {
        /// The campaign.
        campaign: CampaignId,
        /// Its state.
        state: CampaignState,
    },
    /// Tell that a trunk is up, doubtful or out.
    TrunkChanged {
        /// The trunk.
        trunk: TrunkName,
        /// How it is.
        health: TrunkHealth,
        /// Why, in an operator's words.
        reason: String,
    },
    /// Commit and tell that a breaker has opened.
    BreakerOpened(BreakerState),
    /// Commit what is known of an open breaker anew: calls that were in flight when it opened have become
    /// suspect. Nobody needs to be told.
    BreakerGrew(BreakerState),
    /// Commit and tell that a trunk's breakers are lifted.
    BreakerClosed {
        /// The trunk.
        trunk: TrunkName,
    },
    /// Call `handle` with `TimeReached` at this time, if nothing else comes first. Only the last
    /// one given counts.
    WakeAt {
        /// When.
        when: Timestamp,
        /// What for.
        why: WakeReason,
    },
}

/// A new attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dial {
    /// Its id.
    pub attempt: AttemptId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The contact.
    pub contact: ContactId,
    /// The number to call.
    pub number: PhoneNumber,
    /// The number to show.
    pub caller_id: PhoneNumber,
    /// The trunk to use.
    pub trunk: TrunkName,
    /// The agent who is bound to it.
    pub agent: Option<AgentId>,
    /// The settings it is placed under.
    pub revision: RevisionNumber,
    /// When the engine decided it.
    pub at: Timestamp,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptEnd {
    /// The attempt, whole, with its outcome.
    pub attempt: Attempt,
    /// Where it leaves the contact.
    pub contact: ContactUpdate,
    /// Whether it is a live answer: in the denominator of the share of abandoned calls.
    pub counts_as_live: bool,
}

/// A contact that an agent may take or leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Its id.
    pub id: OfferId,
    /// To whom it is made.
    pub agent: AgentId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The contact.
    pub contact: ContactId,
    /// When it is dialed by itself.
    pub dials_at: Option<Timestamp>,
    /// When it is withdrawn.
    pub ends_at: Timestamp,
}

/// How a trunk is, as this tenant's calls see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrunkHealth {
    /// It takes calls.
    #[default]
    Up,
    /// OPTIONS is not answered; calls are still tried.
    Doubtful,
    /// Calls fail in a row: one trial call at a time until one succeeds.
    Out,
}

/// What a wake-up is for; it makes traces readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum WakeReason {
    /// A call's no-progress or ring timer.
    CallTimer,
    /// An answered callee has waited long enough.
    AnswerWait,
    /// An agent's wrap-up, or the next try of its phone.
    Agent,
    /// An offer.
    Offer,
    /// A campaign's calendar or period.
    Calendar,
    /// A contact's rest is over.
    Contact,
    /// A trunk may take its next call, or another trial.
    Trunk,
    /// The next calls of a rate.
    Rate,
}
