//! Telephony: the messages by which calls are placed, joined and ended, and the connectors that carry
//! them out.
//!
//! The interface is messages only. A [`Command`] goes in, [`Event`]s come out, both could cross a process
//! boundary, and every leg of a call bears an id of ours. A connector reports facts; it never decides who
//! is called or when, how fast, or whether to try again.
//!
//! * [`Connector`]: the interface; [`conformance`] is the suite that every connector passes.
//! * [`BusyLine`]: a connector without phone lines, for tests.
//! * [`sip`]: the embedded connector, native SIP over UDP and TCP with a media relay of its own.
//! * [`sdp`], [`media`]: session descriptions, G.711 and RTP; public, because simulated phones need them too.
//!
//! ```no_run
//! use outdial_domain::{PhoneNumber, Trunk, TrunkName};
//! use outdial_telephony::sip::{SipConnector, SipSettings};
//! use outdial_telephony::{Call, Command, Connector, Event, LegId, Party};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let (connector, mut events) = SipConnector::start(SipSettings::at("127.0.0.1:0".parse()?)).await?;
//! let carrier = TrunkName::new("carrier")?;
//! connector.send(Command::Trunks(vec![Trunk::at(carrier, "sip:127.0.0.1:5080")]));
//! let call = Call::to(LegId(1), Party::Callee {
//!     trunk: carrier,
//!     to: PhoneNumber::from_text("+8613012345678")?,
//!     caller_id: PhoneNumber::from_text("10085")?,
//! });
//! // What identifies the call at the carrier is known, and can be stored, before anything is sent.
//! let identity = connector.plan(&call)?;
//! connector.send(Command::Place { call, identity });
//! while let Some(event) = events.recv().await {
//!     match event {
//!         // Once the dialog is stored the answer is acknowledged; media can be joined before.
//!         Event::Answered { leg, .. } => connector.send(Command::Confirm { leg }),
//!         Event::Ended { evidence, .. } => { println!("{evidence:?}"); break }
//!         _ => {}
//!     }
//! }
//! # Ok(()) }
//! ```

mod busy;
mod clock;
mod command;
pub mod conformance;
mod connector;
mod dialog;
pub mod digest;
mod event;
pub mod media;
pub mod number;
pub mod sdp;
pub mod sip;

pub use busy::BusyLine;
pub use command::{Account, Address, Call, Caller, Command, HangUpReason, Party};
pub use connector::{Connector, Counters, EventReceiver, LegState, LegUp, PlanError};
pub use dialog::{AnsweredDialog, DialogIdentity, StoredDialog};
pub use event::Event;

use serde::{Deserialize, Serialize};

/// One leg of a call: us and one other party.
///
/// Made by the runtime, never used twice, not even after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LegId(pub u64);

impl std::fmt::Display for LegId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
