//! What a connector can be told.

use outdial_domain::{Codec, PhoneNumber, Trunk, TrunkName};
use serde::{Deserialize, Serialize};

use crate::{DialogIdentity, LegId, StoredDialog};

/// An order to a connector. Orders for a leg that is gone are normal, since events and orders cross:
/// they do nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::large_enum_variant,
    reason = "the large one is the common one, and each is moved a few times only"
)]
pub enum Command {
    /// Calls a party. The leg ends with exactly one [`Event::Ended`](crate::Event::Ended), whatever happens.
    Place {
        /// Whom and how.
        call: Call,
        /// What [`Connector::plan`](crate::Connector::plan) made for this call.
        identity: DialogIdentity,
    },
    /// The answered dialog is stored (or could not be): the answer may be acknowledged now.
    ///
    /// Until then the far end repeats its answer, so that a server that died in between hears it again
    /// after its restart and can end the call. To be sent once for every `Answered`; media can be joined
    /// before it.
    Confirm {
        /// The answered leg.
        leg: LegId,
    },
    /// Gives up a call that is not answered yet. An answer that crosses this is reported as an answer.
    Cancel {
        /// The leg that rings.
        leg: LegId,
    },
    /// Ends a leg in whatever state it is. Its partner in a bridge stays up.
    HangUp {
        /// The leg.
        leg: LegId,
        /// What the far end is told.
        reason: HangUpReason,
    },
    /// Joins the media of two answered legs; answered by [`Event::Joined`](crate::Event::Joined). Both leave
    /// whom they were joined with.
    Join {
        /// The callee. What it said in the last 200 ms is heard by `other`.
        callee: LegId,
        /// The agent or flow that takes the call.
        other: LegId,
        /// Whether `other` hears a short tone first.
        tone: bool,
    },
    /// Lets an answered leg hear what comes from a callee that is still being called, early media; the
    /// callee hears nothing of it. A later [`Command::Join`] takes its place.
    Listen {
        /// The callee, not answered yet.
        callee: LegId,
        /// The agent who hears it.
        other: LegId,
    },
    /// Ends what an earlier process left behind: cancels every call without final response, acknowledges
    /// and ends an answer that still comes, ends every answered dialog. Tried again while the far end does not say
    /// that the call is over. Answered by [`Event::Cleared`](crate::Event::Cleared), more than once where it takes
    /// more than one try.
    Clear(Vec<StoredDialog>),
    /// Asks a trunk whether it is there; answered by [`Event::TrunkHealth`](crate::Event::TrunkHealth).
    Probe {
        /// The trunk.
        trunk: TrunkName,
    },
    /// These are the trunks from now on. Calls in progress keep what they began with.
    Trunks(Vec<Trunk>),
    /// These accounts may register from now on.
    Accounts(Vec<Account>),
}

/// A call to be placed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The id of its leg.
    pub leg: LegId,
    /// Who is called.
    pub party: Party,
    /// Further headers of the request (name, value), such as what a flow should know about the call.
    pub headers: Vec<(String, String)>,
}

impl Call {
    /// A call without further headers.
    #[must_use]
    pub const fn to(leg: LegId, party: Party) -> Self {
        Self {
            leg,
            party,
            headers: Vec::new(),
        }
    }
}

/// Who is called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Party {
    /// A person of a list, over a trunk.
    Callee {
        /// The trunk.
        trunk: TrunkName,
        /// The number to call; the trunk's rules decide how it is written.
        to: PhoneNumber,
        /// The number to show.
        caller_id: PhoneNumber,
    },
    /// An agent's phone.
    Agent {
        /// Where it is.
        address: Address,
        /// What its display shows.
        caller: Caller,
        /// Codecs in the order of preference; empty stands for A-law, then µ-law.
        codecs: Vec<Codec>,
    },
    /// A flow: an IVR or a voice bot. It may hand the callee back.
    Flow {
        /// Where it is.
        address: Address,
        /// Who calls it: usually the callee's number.
        caller: Caller,
        /// Codecs in the order of preference; empty stands for A-law, then µ-law.
        codecs: Vec<Codec>,
    },
}

/// Where a phone or flow is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Address {
    /// At this SIP URI.
    Uri(String),
    /// Wherever this account has registered from.
    Registered(String),
}

/// What the called phone shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// A number or a user name; `None` shows the server itself.
    pub user: Option<String>,
    /// A name in words.
    pub display: Option<String>,
}

/// An account that phones may register with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The user part of its address, and its digest user name.
    pub name: String,
    /// The digest password.
    pub password: String,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Why we end a leg, in what the far end is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HangUpReason {
    /// The conversation is over.
    #[default]
    Normal,
    /// The server is stopping.
    Stopping,
}
