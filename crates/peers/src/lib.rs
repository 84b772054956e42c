//! The far end of every call: a simulated carrier with its callees, agents' phones and flows.
//!
//! All of them are real SIP and RTP endpoints on loopback, for the demo, for integration tests and
//! for benches. They share no SIP code with the product, so that a mistake on one side does not
//! hide a mistake on the other, and they can misbehave on purpose: a 200 without Contact, an answer
//! that crosses the CANCEL, a phone whose cable is pulled.
//!
//! * [`Carrier`] takes INVITEs, gives each call a [`CalleePlan`] by its [`Planner`], and keeps a
//!   [`CallLog`] that a test compares with the product's database. It judges every request as a
//!   strict carrier would ([`Rule`]).
//! * [`Phone`] is an agent's phone, alone or with others behind one [`PhoneHost`].
//! * [`Flow`] is an IVR or bot; [`Caller`] places calls itself; [`UdpRelay`] loses datagrams.
//! * [`World`] is all of it at once, seeded and compressed.
//!
//! Nothing needs to sleep: everything that can be observed can be awaited with a deadline.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use outdial_peers::{CallOptions, CalleePlan, Caller, Carrier, CarrierOptions, Planner, Timing};
//! use std::time::Duration;
//!
//! let second = Duration::from_secs(1);
//! let talks = CalleePlan::answer().talk(Duration::from_millis(50));
//! let carrier = Carrier::start(CarrierOptions::new(Planner::same(talks))).await.unwrap();
//! let caller = Caller::start(Timing::default()).await.unwrap();
//! let call = caller.call(CallOptions::new("13800000000", carrier.address())).await.unwrap();
//! call.until("the end", second, |status| status.end.is_some()).await.unwrap();
//! assert_eq!(carrier.read(|log| log.answered()), 1);
//! assert_eq!(carrier.violations(), []);
//! # });
//! ```

mod caller;
mod carrier;
mod conversation;
mod dialog;
mod endpoint;
mod flow;
mod g711;
mod leg;
mod media;
mod phone;
mod random;
mod registrar;
mod relay;
mod rtp;
mod sdp;
mod session;
pub mod sip;
mod strict;
mod wait;
mod world;

pub use caller::{CallOptions, Caller, PlacedCall, PlacedStatus};
pub use carrier::*;
pub use conversation::{Action, CallEnd, Step, TO_QUEUE};
pub use endpoint::{EndpointCounts, Timing};
pub use flow::{Flow, FlowEnd, FlowOptions};
pub use g711::Law;
pub use media::*;
pub use phone::{
    OnCall, Phone, PhoneCall, PhoneHost, PhoneOptions, PhoneStatus, RegistrationOptions,
    RegistrationState,
};
pub use registrar::Binding;
pub use relay::{Fate, RelayCounts, UdpRelay, Way, lossless, random_loss};
pub use rtp::RtpPacket;
pub use sdp::{Direction, Sdp};
pub use session::{RefreshBy, Refresher, SessionTimer};
pub use strict::{Rule, Violation};
pub use wait::Expired;
pub use world::{World, WorldOptions};
