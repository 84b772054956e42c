//! What every acceptance test stands on: the real binary, SIPp, phones, and waits with deadlines.
//!
//! Each test binary uses a part of it.
#![allow(
    dead_code,
    unused_imports,
    reason = "each test binary uses a part of the harness"
)]

pub(crate) mod calls;
pub(crate) mod campaign;
pub(crate) mod config;
pub(crate) mod list;
pub(crate) mod ports;
pub(crate) mod rest;
pub(crate) mod scenario;
pub(crate) mod server;
pub(crate) mod signal;
pub(crate) mod sipp;
pub(crate) mod team;
pub(crate) mod wait;
pub(crate) mod work;

pub(crate) use campaign::{Attempt, Campaign};
pub(crate) use config::{Config, TrunkLines};
pub(crate) use rest::{Answer, Rest};
pub(crate) use server::Server;
pub(crate) use sipp::{Sipp, SippOptions};
pub(crate) use team::Team;
pub(crate) use wait::until;
pub(crate) use work::Work;

use std::time::Duration;

/// Whether the long variants are asked for.
pub(crate) fn soak() -> bool {
    std::env::var_os("OUTDIAL_SOAK").is_some_and(|value| value == "1")
}

pub(crate) const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

pub(crate) const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}
