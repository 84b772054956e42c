//! Voice: RTP in on one socket, out on another, as one continuous stream towards each side.
//!
//! [`Relay`](relay::Relay) is the rule book, pure and without sockets; [`MediaThread`](thread::MediaThread)
//! feeds it from the sockets of all legs on a thread of its own, so that neither a busy runtime nor a
//! slow reader of events ever delays a packet. Everything is G.711: bytes pass untouched between legs of
//! the same law and through a table otherwise.

pub mod g711;
pub mod ports;
pub mod relay;
pub mod rtp;
pub mod stream;
pub mod thread;
pub mod tone;
