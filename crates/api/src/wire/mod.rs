//! The JSON of our API, one file for each thing, and how it becomes ours and back.

pub(crate) mod agent;
pub(crate) mod attempt;
pub(crate) mod calendar;
pub(crate) mod campaign;
pub(crate) mod campaign_edit;
pub(crate) mod campaign_request;
pub(crate) mod contact;
pub(crate) mod edit;
pub(crate) mod event;
pub(crate) mod list;
pub(crate) mod merge;
pub(crate) mod mode;
pub(crate) mod names;
pub(crate) mod registry;
pub(crate) mod retry;
pub(crate) mod stats;
pub(crate) mod trunk;
