//! The dialects over HTTP, on a real service and store.

#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod alibaba;
mod alibaba_calls;
mod alibaba_client;
mod alibaba_groups;
mod alibaba_instance;
mod anything;
mod common;
mod dezhu;
mod fuzz;
mod huawei;
mod tencent;
mod tencent_campaigns;
