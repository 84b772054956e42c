//! An edit changes the dialing, judged on the carrier's side: a running `outdial serve`, driven by the
//! vendors' own requests, and a simulated carrier that says what it was called with.
//!
//! What a test waits for it waits for generously; what it *judges* is the order of things: no call is
//! placed under old settings after the edit has been answered, and each call carries the settings of
//! just one revision. How soon an edit is seen is measured and printed; the bound of one second holds
//! strictly where a machine has nothing else to do (`OUTDIAL_SOAK=1`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what fails here is a failed test"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod clients;
mod judge;
mod world;

/// First by name, because it takes longest.
mod all_apis;

mod alibaba;
mod dezhu;
mod huawei;
mod reserved;
mod tencent;
mod visible;
