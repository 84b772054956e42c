//! The actions that are built, and the names of those that are known.

use outdial_domain::Timestamp;
use outdial_service::{Caller, Service};
use serde_json::{Map, Value};

use super::fault::Fault;
use super::numbers;
use super::wire::Parameters;
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

/// Every action that is built. Each topic adds its own here.
pub(super) const OPERATIONS: &[Operation] = &[Operation {
    name: "ListOutboundCallNumbers",
    instance: Some("InstanceId"),
    run: |call| Box::pin(numbers::list(call)),
}];

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
