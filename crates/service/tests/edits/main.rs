//! Edits on a real store and loop: who wins, what is kept, what a restart leaves.

#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod later;
mod lists;
mod now;
mod preview;
mod world;
