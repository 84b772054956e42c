//! Simulated carrier, callees, agents' phones and flows, as real SIP and RTP endpoints on loopback.
mod caller;
mod carrier;
mod conversation;
mod dialog;
mod endpoint;
mod flow;
mod leg;
mod media;
mod phone;
mod random;
mod registrar;
mod rtp;
mod sdp;
mod session;
pub mod sip;
mod strict;
mod wait;

pub use caller::{CallOptions, Caller, PlacedCall, PlacedStatus};
pub use carrier::*;
pub use conversation::{Action, CallEnd, Step, TO_QUEUE};
pub use endpoint::{EndpointCounts, Timing};
pub use flow::{Flow, FlowEnd, FlowOptions};
pub use media::*;
pub use phone::{
    OnCall, Phone, PhoneCall, PhoneHost, PhoneOptions, PhoneStatus, RegistrationOptions,
    RegistrationState,
};
pub use registrar::Binding;
pub use rtp::RtpPacket;
pub use sdp::{Direction, Law, Sdp};
pub use session::{RefreshBy, Refresher, SessionTimer};
pub use strict::{Rule, Violation};
pub use wait::Expired;
