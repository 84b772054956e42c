//! Commands that talk to a running server.

pub(crate) mod agent;
pub(crate) mod campaign;
pub(crate) mod explain;
pub(crate) mod reasons;
pub(crate) mod trunk;
