//! The API over HTTP, on a real service and store: what a client sees.

#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod access;
mod campaigns;
mod common;
mod contacts;
mod document;
mod edits;
mod operations;
mod restart;
