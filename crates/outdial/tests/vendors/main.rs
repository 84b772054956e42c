//! The vendors' official client libraries, unmodified, against a running `outdial serve`: only the
//! address is another one.
//!
//! `cargo xtask test` brings the libraries (`requirements.txt`) into `vendor-clients` below the target
//! folder. Each workflow is a Python script in `scripts/`; what it prints is shown when it fails. For vendors
//! without a library of their own an independent client stands here.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what fails here is a failed test"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod alibaba;
mod dezhu;
mod script;
mod tencent;
