//! The interface of a connector.

use std::time::Duration;

use async_trait::async_trait;
use outdial_domain::{Timestamp, TrunkName};
use serde::{Deserialize, Serialize};

use crate::{Call, Command, DialogIdentity, Event, LegId};

/// Where a connector's events come out, in the order in which they happened. Never blocks the connector:
/// media and signalling go on however slowly it is read.
pub type EventReceiver = tokio::sync::mpsc::UnboundedReceiver<Event>;

/// Something that places calls.
///
/// Cheap to call from anywhere: nothing waits for the network.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Makes what will identify `call` on the wire, and sends nothing. The call that is placed with it
    /// uses exactly these names.
    ///
    /// # Errors
    /// [`PlanError`] when the call cannot be placed as things are; nothing has happened then.
    fn plan(&self, call: &Call) -> Result<DialogIdentity, PlanError>;

    /// Gives an order. What comes of it is reported by events.
    fn send(&self, command: Command);

    /// Which calls are up?
    async fn legs_up(&self) -> Vec<LegUp>;

    /// What has been counted since the start.
    fn counters(&self) -> Counters;

    /// Ends every leg and stops, at the latest after `patience`. Events of the ends still come out.
    async fn shutdown(&self, patience: Duration);
}

/// Why a call cannot be placed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum PlanError {
    /// There is no such trunk.
    #[error("trunk {0} does not exist")]
    UnknownTrunk(TrunkName),
    /// The trunk's configuration cannot carry this call.
    #[error("trunk {trunk}: {problem}")]
    Trunk {
        /// The trunk.
        trunk: TrunkName,
        /// What is wrong and what helps.
        problem: String,
    },
    /// The phone has no registration at present.
    #[error("account {0} is not registered; its phone must register first")]
    NotRegistered(String),
    /// The address cannot be called.
    #[error("address: {0}")]
    Address(String),
    /// A further header cannot be sent.
    #[error("header {name}: {problem}")]
    Header {
        /// Its name.
        name: String,
        /// What is wrong.
        problem: &'static str,
    },
}

/// A leg that a connector knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegUp {
    /// Its id.
    pub leg: LegId,
    /// Its name on the wire.
    pub call_id: String,
    /// How far it is.
    pub state: LegState,
    /// When it was placed.
    pub since: Timestamp,
    /// Whom it is joined with.
    pub joined_with: Option<LegId>,
}

/// How far a leg is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LegState {
    /// Placed, not answered.
    Calling,
    /// Being given up.
    Cancelling,
    /// Answered.
    Up,
}

/// Counts since the start, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Messages on the signalling port that were no SIP, or broken beyond use.
    pub signalling_garbage: u64,
    /// Requests for dialogs that do not exist.
    pub unknown_dialogs: u64,
    /// Datagrams on media ports that belonged to no call.
    pub media_garbage: u64,
    /// Requests to register that were refused.
    pub registrations_refused: u64,
    /// Requests that were ignored because strangers sent too many.
    #[serde(default)]
    pub strangers_refused: u64,
}
