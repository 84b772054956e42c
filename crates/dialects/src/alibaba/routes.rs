//! The actions that are built, and the names of those that are known.

use std::sync::Arc;

use outdial_domain::Timestamp;
use outdial_service::{Caller, Service};
use serde_json::{Map, Value};

use super::desk::Desk;
use super::fault::Fault;
use super::wire::Parameters;
use super::{
    block_list, commands, executing, exports, group_lists, groups, instances, job_lists, jobs,
    limits, numbers, repeat, search, tasks,
};
use crate::running::Answering;

/// What an action is asked: everything has been checked that holds for all actions.
#[derive(Debug)]
pub struct Call {
    /// The use cases.
    pub service: Service,
    /// Whose key signed the request.
    pub caller: Caller,
    /// The caller's instance, which the request names where the action has one.
    pub instance_id: String,
    /// When the request came.
    pub now: Timestamp,
    /// What this API keeps beside the service.
    pub desk: Arc<Desk>,
    /// The server's address as the client wrote it: `http://host:port`.
    pub base: String,
    /// The parameters.
    pub parameters: Parameters,
}

/// What an action answers: the members beside the envelope's.
pub type Answer = Map<String, Value>;

/// An action.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Its name.
    pub name: &'static str,
    /// The parameter that names the instance; `None` for actions on none (`ListInstances`).
    pub instance: Option<&'static str>,
    /// Carries it out.
    pub run: fn(Call) -> Answering<Answer, Fault>,
}

/// An action on the caller's instance.
macro_rules! on_instance {
    ($name:literal, $run:path) => {
        Operation {
            name: $name,
            instance: Some("InstanceId"),
            run: |call| Box::pin($run(call)),
        }
    };
}

/// An action on an instance that it calls an entry.
macro_rules! on_entry {
    ($name:literal, $run:path) => {
        Operation {
            name: $name,
            instance: Some("EntryId"),
            run: |call| Box::pin($run(call)),
        }
    };
}

/// An action on no instance.
macro_rules! on_account {
    ($name:literal, $run:path) => {
        Operation {
            name: $name,
            instance: None,
            run: |call| Box::pin($run(call)),
        }
    };
}

/// Every action that is built. Each topic adds its own here.
pub(super) const OPERATIONS: &[Operation] = &[
    on_instance!("AssignJobs", jobs::assign),
    on_instance!("AssignJobsAsync", jobs::assign_async),
    on_instance!("CancelJobs", commands::cancel),
    on_instance!("CreateBatchRepeatJob", repeat::create),
    on_account!("CreateInstance", instances::create),
    on_instance!("CreateJobGroup", groups::create),
    on_instance!("CreateJobGroupExportTask", exports::create),
    on_instance!("DeleteContactBlockList", block_list::delete),
    on_instance!("DeleteInstance", instances::delete),
    on_instance!("DeleteJobGroup", groups::delete),
    on_instance!("DescribeGroupExecutingInfo", executing::describe),
    on_instance!("DescribeInstance", instances::describe),
    on_instance!("DescribeJob", job_lists::describe),
    on_instance!("DescribeJobGroup", groups::describe),
    on_instance!("DescribeJobGroupExportTaskProgress", exports::progress),
    on_instance!("DownloadRecording", tasks::recording),
    on_account!("GetAssignJobsAsyncResult", jobs::assigned),
    on_entry!("GetBaseStrategyPeriod", limits::period),
    on_account!(
        "GetConcurrentConversationQuota",
        instances::concurrency_quota
    ),
    on_instance!("GetContactBlockList", block_list::show),
    on_instance!("GetCurrentConcurrency", instances::current_concurrency),
    on_entry!("GetEmptyNumberNoMoreCallsInfo", limits::empty_number),
    on_entry!("GetMaxAttemptsPerDay", limits::attempts),
    on_instance!("GetTaskByUuid", tasks::show),
    on_account!("ListInstances", instances::list),
    on_instance!("ListJobGroups", group_lists::list),
    on_account!("ListJobGroupsAsync", group_lists::list_async),
    on_instance!("ListJobs", job_lists::list),
    on_instance!("ListJobsByGroup", job_lists::list_by_group),
    on_instance!("ListOutboundCallNumbers", numbers::list),
    on_entry!(
        "ModifyEmptyNumberNoMoreCallsInfo",
        limits::modify_empty_number
    ),
    on_instance!("ModifyInstance", instances::modify),
    on_instance!("ModifyJobGroup", groups::modify),
    on_instance!("QueryJobs", job_lists::query),
    on_instance!("QueryJobsWithResult", job_lists::query_with_result),
    on_instance!("ResumeJobs", commands::resume),
    on_entry!("SaveBaseStrategyPeriod", limits::save_period),
    on_instance!("SaveContactBlockList", block_list::save),
    on_entry!("SaveMaxAttemptsPerDay", limits::save_attempts),
    on_instance!("SearchTask", search::search),
    on_instance!("SuspendJobs", commands::suspend),
    on_instance!("TerminateCall", tasks::terminate),
];

/// Actions that the vendor has: those not built are answered as unsupported, and only other names as
/// unknown. Source: the API overview of OutboundBot 2019-12-26.
pub(super) const KNOWN: &[&str] = &[
    "AssignJobs",
    "AssignJobsAsync",
    "CancelJobs",
    "CreateBatchJobs",
    "CreateBatchRepeatJob",
    "CreateDownloadUrl",
    "CreateInstance",
    "CreateInstanceBindNumber",
    "CreateJobDataParsingTask",
    "CreateJobGroup",
    "CreateJobGroupExportTask",
    "CreateTaskExportTask",
    "DeleteContactBlockList",
    "DeleteInstance",
    "DeleteJobGroup",
    "DeleteOutboundCallNumber",
    "DescribeGroupExecutingInfo",
    "DescribeInstance",
    "DescribeJob",
    "DescribeJobDataParsingTaskProgress",
    "DescribeJobGroup",
    "DescribeJobGroupExportTaskProgress",
    "DescribeScript",
    "DescribeTenantBindNumber",
    "DownloadRecording",
    "GetAssignJobsAsyncResult",
    "GetBaseStrategyPeriod",
    "GetConcurrentConversationQuota",
    "GetContactBlockList",
    "GetCurrentConcurrency",
    "GetEmptyNumberNoMoreCallsInfo",
    "GetJobDataUploadParams",
    "GetMaxAttemptsPerDay",
    "GetRealtimeConcurrencyReport",
    "GetTaskByUuid",
    "ListAllTenantBindNumberBinding",
    "ListDownloadTasks",
    "ListFlashSmsTemplates",
    "ListInstances",
    "ListJobGroups",
    "ListJobGroupsAsync",
    "ListJobs",
    "ListJobsByGroup",
    "ListOutboundCallNumbers",
    "ListScripts",
    "ModifyBatchJobs",
    "ModifyEmptyNumberNoMoreCallsInfo",
    "ModifyInstance",
    "ModifyJobGroup",
    "ModifyOutboundCallNumber",
    "QueryJobs",
    "QueryJobsWithResult",
    "ResumeJobs",
    "SaveBaseStrategyPeriod",
    "SaveContactBlockList",
    "SaveMaxAttemptsPerDay",
    "SearchTask",
    "StartJob",
    "SubmitBatchJobs",
    "SuspendJobs",
    "TerminateCall",
];
