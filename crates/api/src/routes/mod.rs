//! The handlers, one file for each thing that they are about. Each reads a request, asks the service
//! and writes the answer; none decides anything.

pub(crate) mod agents;
pub(crate) mod attempts;
pub(crate) mod campaigns;
pub(crate) mod contacts;
pub(crate) mod edits;
pub(crate) mod events;
pub(crate) mod health;
pub(crate) mod later;
pub(crate) mod operations;
pub(crate) mod registry;
