//! The operations, and the table of paths that lead to them.
//!
//! Source: the public pages of the API. Paths of the second part are our own, since no public page names
//! the vendor's: an operator who knows better adds them to the table.

use outdial_domain::Timestamp;
use outdial_service::{Caller, Service};
use serde_json::Value;

use super::fault::Fault;
use super::wire::Fields;
use super::{customers, edit, groups, records, run, tasks};
use crate::running::Answering;

/// What an operation is asked: everything has been checked that holds for all operations.
#[derive(Debug)]
pub struct Call {
    /// The use cases.
    pub service: Service,
    /// Whose key signed the request.
    pub caller: Caller,
    /// When the request came.
    pub now: Timestamp,
    /// The parameters of the query.
    pub query: Fields,
    /// The fields of the body.
    pub body: Fields,
}

/// An operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its name in the table of paths.
    pub name: &'static str,
    /// `data` of the answer to a request that was not carried out: `false` for edits, else `null`.
    pub data_on_fault: Value,
    /// Carries it out and answers `data`.
    pub run: fn(Call) -> Answering<Value, Fault>,
}

/// Every operation that is built. Each topic adds its own here.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "create_task",
        data_on_fault: Value::Null,
        run: |call| Box::pin(tasks::create_task(call)),
    },
    Operation {
        name: "edit_task",
        data_on_fault: Value::Bool(false),
        run: |call| Box::pin(edit::edit_task(call)),
    },
    Operation {
        name: "list_tasks",
        data_on_fault: Value::Null,
        run: |call| Box::pin(tasks::list_tasks(call)),
    },
    Operation {
        name: "append_customers",
        data_on_fault: Value::Null,
        run: |call| Box::pin(customers::append_customers(call)),
    },
    Operation {
        name: "phone_groups",
        data_on_fault: Value::Null,
        run: |call| Box::pin(tasks::phone_groups(call)),
    },
    Operation {
        name: "list_records",
        data_on_fault: Value::Null,
        run: |call| Box::pin(records::list_records(call)),
    },
    Operation {
        name: "start_task",
        data_on_fault: Value::Null,
        run: |call| Box::pin(tasks::start_task(call)),
    },
    Operation {
        name: "pause_task",
        data_on_fault: Value::Null,
        run: |call| Box::pin(run::pause_task(call)),
    },
    Operation {
        name: "stop_task",
        data_on_fault: Value::Null,
        run: |call| Box::pin(run::stop_task(call)),
    },
    Operation {
        name: "delete_task",
        data_on_fault: Value::Null,
        run: |call| Box::pin(run::delete_task(call)),
    },
    Operation {
        name: "show_task",
        data_on_fault: Value::Null,
        run: |call| Box::pin(tasks::show_task(call)),
    },
    Operation {
        name: "delete_customers",
        data_on_fault: Value::Null,
        run: |call| Box::pin(customers::delete_customers(call)),
    },
    Operation {
        name: "recording",
        data_on_fault: Value::Null,
        run: |call| Box::pin(records::recording(call)),
    },
    Operation {
        name: "list_customers",
        data_on_fault: Value::Null,
        run: |call| Box::pin(customers::list_customers(call)),
    },
    Operation {
        name: "list_agents",
        data_on_fault: Value::Null,
        run: |call| Box::pin(groups::agents(call)),
    },
    Operation {
        name: "list_skill_groups",
        data_on_fault: Value::Null,
        run: |call| Box::pin(groups::skill_groups(call)),
    },
    Operation {
        name: "list_number_groups",
        data_on_fault: Value::Null,
        run: |call| Box::pin(groups::number_groups(call)),
    },
];

/// So many rows of the table are on public pages.
pub(super) const PUBLIC: usize = 6;

/// Method, path after `/speech/openapi/v1`, operation.
pub(super) const PATHS: &[(&str, &str, &str)] = &[
    // On public pages.
    ("POST", "/task/outbound/create", "create_task"),
    ("POST", "/task/outbound/edit", "edit_task"),
    ("GET", "/task/outbound/page", "list_tasks"),
    ("POST", "/task/outbound/customer/append", "append_customers"),
    ("GET", "/task/outbound/getPhoneGroups", "phone_groups"),
    ("GET", "/communicate/pageQuery", "list_records"),
    // Our own.
    ("POST", "/task/outbound/start", "start_task"),
    ("POST", "/task/outbound/pause", "pause_task"),
    ("POST", "/task/outbound/stop", "stop_task"),
    ("POST", "/task/outbound/close", "stop_task"),
    ("POST", "/task/outbound/delete", "delete_task"),
    ("GET", "/task/outbound/detail", "show_task"),
    ("POST", "/task/outbound/customer/delete", "delete_customers"),
    ("GET", "/task/outbound/customer/page", "list_customers"),
    ("GET", "/skillset/outbound/list", "list_skill_groups"),
    ("GET", "/number/outbound/groups", "list_number_groups"),
    ("GET", "/agent/list", "list_agents"),
    ("GET", "/communicate/voice", "recording"),
];
