//! The table of operations, and what an operation is asked.

use outdial_domain::Timestamp;
use outdial_service::{Caller, Service};
use serde_json::{Map, Value};

use super::fault::Fault;
use super::wire::{Fields, Member};
use super::{auto_tasks, numbers, predictive, records, skill_groups, staff};
use crate::running::Answering;

/// What an operation is asked: everything has been checked that holds for all operations.
#[derive(Debug)]
pub struct Call {
    /// The use cases.
    pub service: Service,
    /// Whose key signed the request.
    pub caller: Caller,
    /// The application, which is the caller's.
    pub sdk_app_id: u64,
    /// When the request came.
    pub now: Timestamp,
    /// The parameters: none is unknown, none that is required is missing.
    pub fields: Fields,
}

/// What an operation answers: the members beside `RequestId`.
pub type Answer = Map<String, Value>;

/// An operation.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Its name, `X-TC-Action`.
    pub name: &'static str,
    /// Its parameters in the order of the documentation, which is the order in which they are checked.
    pub members: &'static [Member],
    /// The code for an application that does not exist; the lists of the operations differ.
    pub unknown_app: &'static str,
    /// Carries it out.
    pub run: fn(Call) -> Answering<Answer, Fault>,
}

/// Every operation that is built: each topic has its own.
pub(super) fn all() -> impl Iterator<Item = &'static Operation> {
    let topics = [
        predictive::OPERATIONS,
        auto_tasks::OPERATIONS,
        records::OPERATIONS,
        skill_groups::OPERATIONS,
        staff::OPERATIONS,
        numbers::OPERATIONS,
    ];
    topics.into_iter().flatten()
}

/// Operations of the vendor that need a voice bot, which is none of ours.
pub(super) const UNSUPPORTED: [&str; 2] = ["CreateAICall", "CreateAIAgentCall"];
