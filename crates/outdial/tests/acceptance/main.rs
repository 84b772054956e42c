//! The whole product from outside: the real binary, SIPp or a simulated carrier at one end, agents'
//! phones at the other, and the REST API as its users see it.
//!
//! What counts is what the *database* says, read through the API, held against what the far ends
//! say they did. The tests wait more than they work, so they may run side by side.
//! `OUTDIAL_SOAK=1` asks for the long variants.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what fails here is a failed test"
)]

#[path = "../harness/mod.rs"]
mod harness;

/// First by name, because it takes longest.
mod agent_legs;
mod agents;
mod audio;
mod bad_input;
mod breaker;
mod carriers;
mod crash;
mod demo;
mod flows;
mod full_disk;
mod life;
mod modes;
mod scenarios;
mod trunks;
