//! Placeholder.
pub mod input;
pub mod output;
