//! What becomes of each field: the table from which `docs/dialects/alibaba.md` is made. A field that a
//! request is asked for and that stands in no row here fails the tests.

use crate::coverage::Fate::{self, Honoured, Refused, Stored};

/// A field of some actions, or a member of JSON inside of a field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Actions between blanks, or the field that holds the JSON.
    pub(super) of: &'static str,
    pub(super) field: &'static str,
    pub(super) fate: Fate,
    pub(super) words: &'static str,
}

const fn row(of: &'static str, field: &'static str, fate: Fate, words: &'static str) -> Row {
    Row {
        of,
        field,
        fate,
        words,
    }
}

/// Whether a field of an action, or a member of its JSON, stands in the table.
pub(super) fn knows(of: &str, field: &str) -> bool {
    FIELDS.iter().any(|row| {
        row.field.eq_ignore_ascii_case(field) && row.of.split(' ').any(|action| action == of)
    })
}

/// Whether a field holds JSON whose members stand in the table.
pub(super) fn is_json(parameter: &str) -> bool {
    FIELDS.iter().any(|row| row.of == parameter)
}

const GROUP: &str = "CreateJobGroup ModifyJobGroup";
const ALL_JOBS: &str = "SuspendJobs ResumeJobs CancelJobs";
const PAGED: &str = "ListJobGroups ListInstances ListOutboundCallNumbers ListJobsByGroup QueryJobs QueryJobsWithResult";

/// Every field, in the order of the documentation.
pub(super) const FIELDS: &[Row] = &[
    row(
        "CreateJobGroup",
        "JobGroupName",
        Honoured,
        "1–128 characters",
    ),
    row(
        "CreateJobGroup",
        "JobGroupDescription",
        Stored,
        "at most 1024 characters",
    ),
    row(
        "ModifyJobGroup DescribeJobGroup DeleteJobGroup AssignJobs SuspendJobs ResumeJobs CancelJobs ListJobsByGroup QueryJobs QueryJobsWithResult",
        "JobGroupId",
        Honoured,
        "the campaign's second id",
    ),
    row("ModifyJobGroup", "Name", Honoured, "1–128 characters"),
    row(
        GROUP,
        "ScenarioId",
        Stored,
        "a new group without ScriptId takes it as its script",
    ),
    row(
        "ModifyJobGroup",
        "Description",
        Stored,
        "at most 1024 characters",
    ),
    row(
        GROUP,
        "StrategyJson",
        Honoured,
        "see its members; what is left out stays",
    ),
    row(GROUP, "RecallStrategyJson", Honoured, "see its members"),
    row(
        GROUP,
        "ScriptId",
        Honoured,
        "an alias or the number of one of the tenant's flows",
    ),
    row(
        GROUP,
        "CallingNumber",
        Honoured,
        "numbers of the tenant; an empty item stands for all of them",
    ),
    row(
        "ModifyJobGroup",
        "JobGroupStatus",
        Honoured,
        "Draft (before the first call) and Paused hold the group, Scheduling lets it go on",
    ),
    row(
        GROUP,
        "RingingDuration",
        Honoured,
        "5–120 s, 25 where a new group says nothing",
    ),
    row(
        GROUP,
        "MinConcurrency",
        Honoured,
        "calls at once that lines are kept for; the sum of one priority is at most the instance's concurrency",
    ),
    row(
        GROUP,
        "Priority",
        Honoured,
        "Urgent is our priority 1, Daily 3; a campaign of 1 or 2 is shown as Urgent",
    ),
    row(
        GROUP,
        "FlashSmsExtras",
        Stored,
        "shown as sent; no message is sent",
    ),
    row(
        GROUP,
        "RecallCallingNumber",
        Honoured,
        "numbers shown from the second attempt on",
    ),
    row(
        "StrategyJson",
        "name",
        Stored,
        "the strategy's id where nothing is said",
    ),
    row("StrategyJson", "description", Stored, ""),
    row(
        "StrategyJson",
        "maxAttemptsPerDay",
        Honoured,
        "0–100, 3 where nothing is said; 0 = one attempt in all. A group that does not recur has as many attempts in all",
    ),
    row(
        "StrategyJson",
        "minAttemptInterval",
        Honoured,
        "0–43200 minutes, 10 where nothing is said",
    ),
    row("StrategyJson", "startTime", Honoured, "milliseconds"),
    row(
        "StrategyJson",
        "endTime",
        Honoured,
        "milliseconds, after startTime; jobs that are open then fail by TimeUp",
    ),
    row(
        "StrategyJson",
        "workingTime",
        Honoured,
        "windows of a day in the tenant's time zone, none over midnight; none = the whole day",
    ),
    row(
        "StrategyJson",
        "repeatBy",
        Honoured,
        "Once, Day, Week, Month",
    ),
    row(
        "StrategyJson",
        "repeatDays",
        Honoured,
        "Week: 0 (Sunday) to 6; Month: 1–31",
    ),
    row(
        "StrategyJson",
        "repeatable",
        Honoured,
        "whether attempts begin anew each day; all but Once do where nothing is said",
    ),
    row(
        "StrategyJson",
        "routingStrategy",
        Stored,
        "there is no table of numbers' areas: all are None to the dialing",
    ),
    row(
        "StrategyJson",
        "id",
        Honoured,
        "names a new group's strategy; ModifyJobGroup refuses another group's",
    ),
    row(
        "RecallStrategyJson",
        "emptyNumberIgnore",
        Honoured,
        "a number that does not exist is not tried again",
    ),
    row(
        "RecallStrategyJson",
        "inArrearsIgnore",
        Honoured,
        "the same of one that has not paid",
    ),
    row(
        "RecallStrategyJson",
        "outOfServiceIgnore",
        Honoured,
        "the same of one that is suspended",
    ),
    row("FlashSmsExtras", "templateId", Stored, ""),
    row("FlashSmsExtras", "configId", Stored, ""),
    row("FlashSmsExtras", "templateContent", Stored, ""),
    row(
        "DescribeJobGroup",
        "BriefTypes",
        Honoured,
        "chooses nothing, as at the vendor",
    ),
    row(PAGED, "PageNumber", Honoured, "from 1"),
    row(PAGED, "PageSize", Honoured, "1–100"),
    row(
        "ListJobGroups",
        "SearchText",
        Honoured,
        "a part of the name in any case, or the id",
    ),
    row(
        "ListJobGroups",
        "JobGroupStatusFilter",
        Honoured,
        "statuses between commas",
    ),
    row(
        "ListJobGroups",
        "StartTime",
        Honoured,
        "made since, in milliseconds",
    ),
    row(
        "ListJobGroups",
        "EndTime",
        Honoured,
        "made until, in milliseconds",
    ),
    row("ListJobGroups", "OnlyMinConcurrencyEnabled", Honoured, ""),
    row(
        "ListJobGroups",
        "AsyncQuery",
        Refused,
        "lists are answered at once",
    ),
    row(
        "AssignJobs",
        "JobsJson",
        Honoured,
        "1–99 jobs, all of them or none",
    ),
    row(
        "AssignJobs",
        "CallingNumber",
        Refused,
        "unless it is the group's own list: all jobs of a group show its numbers",
    ),
    row(
        "AssignJobs",
        "StrategyJson",
        Refused,
        "all jobs of a group follow its strategy",
    ),
    row(
        "AssignJobs",
        "RosterType",
        Honoured,
        "json; files are refused",
    ),
    row(
        "AssignJobs",
        "JobDataParsingTaskId",
        Refused,
        "files are not read",
    ),
    row(
        "AssignJobs",
        "IsAsynchrony",
        Honoured,
        "both ways are answered when the jobs are stored",
    ),
    row(
        "JobsJson",
        "extras",
        Stored,
        "at most 100 variables, in the contact's attributes; TenantId and ServiceId are left out, as at the vendor",
    ),
    row("JobsJson", "key", Stored, "at most 4096 characters"),
    row("JobsJson", "value", Stored, "at most 4096 characters"),
    row("JobsJson", "contacts", Honoured, "just one"),
    row("JobsJson", "phoneNumber", Honoured, "shown as it was given"),
    row(
        "JobsJson",
        "referenceId",
        Honoured,
        "the contact's external id, at most 256 characters",
    ),
    row("JobsJson", "name", Stored, "at most 256 characters"),
    row("JobsJson", "honorific", Stored, "at most 256 characters"),
    row("JobsJson", "role", Stored, "at most 256 characters"),
    row("JobsJson", "priority", Stored, "an integer"),
    row(
        ALL_JOBS,
        "All",
        Honoured,
        "true; single jobs cannot be suspended, resumed or cancelled",
    ),
    row(ALL_JOBS, "JobId", Refused, "see All"),
    row(ALL_JOBS, "JobReferenceId", Refused, "see All"),
    row(
        ALL_JOBS,
        "ScenarioId",
        Refused,
        "where there is no JobGroupId; it chooses nothing beside one, as at the vendor",
    ),
    row("ListJobs", "JobId", Honoured, "1–99 ids"),
    row("DescribeJob", "JobId", Honoured, ""),
    row(
        "DescribeJob",
        "WithScript",
        Honoured,
        "flows keep their scripts: there is none to show",
    ),
    row("ListJobsByGroup", "JobStatus", Honoured, ""),
    row("ListJobsByGroup", "JobFailureReason", Honoured, ""),
    row("QueryJobs", "ScenarioId", Refused, "use JobGroupId"),
    row("QueryJobs", "PhoneNumber", Honoured, ""),
    row(
        "QueryJobs",
        "ContactName",
        Honoured,
        "a part of it in any case",
    ),
    row(
        "QueryJobs",
        "StartTime",
        Refused,
        "unless 0: jobs are not chosen by time",
    ),
    row(
        "QueryJobs",
        "EndTime",
        Refused,
        "unless 0: jobs are not chosen by time",
    ),
    row(
        "QueryJobs",
        "TimeAlignment",
        Honoured,
        "without times it chooses nothing",
    ),
    row("QueryJobsWithResult", "QueryText", Honoured, "a number"),
    row(
        "QueryJobsWithResult",
        "JobStatusFilter",
        Honoured,
        "JSON or commas",
    ),
    row(
        "QueryJobsWithResult",
        "JobFailureReasonsFilter",
        Honoured,
        "JSON or commas",
    ),
    row(
        "QueryJobsWithResult",
        "TaskStatusFilter",
        Honoured,
        "of the last attempt; Succeeded takes all of its kinds",
    ),
    row(
        "QueryJobsWithResult",
        "HasAnsweredFilter",
        Honoured,
        "of the last attempt",
    ),
    row(
        "QueryJobsWithResult",
        "HasHangUpByRejectionFilter",
        Honoured,
        "of the last attempt",
    ),
    row(
        "QueryJobsWithResult",
        "HasReachedEndOfFlowFilter",
        Honoured,
        "of the last attempt: the flow ended the call",
    ),
    row(
        "QueryJobsWithResult",
        "StartActualTimeFilter",
        Honoured,
        "of the last attempt, in milliseconds",
    ),
    row(
        "QueryJobsWithResult",
        "EndActualTimeFilter",
        Honoured,
        "of the last attempt, in milliseconds",
    ),
    row(
        "QueryJobsWithResult",
        "LabelsJson",
        Refused,
        "labels are given by scripts",
    ),
    row("GetTaskByUuid", "TaskId", Honoured, ""),
    row(
        "GetTaskByUuid",
        "WithConversations",
        Honoured,
        "what was said is known to the flow alone: the list is empty",
    ),
    row(
        "ListInstances",
        "Name",
        Honoured,
        "a part of the tenant's name",
    ),
    row(
        "ListInstances",
        "ResourceGroupId",
        Honoured,
        "the instance is in none",
    ),
    row(
        "ListInstances",
        "Tag.1.Key",
        Honoured,
        "the instance has none",
    ),
];

/// How each status of a task is known.
pub(super) const RESULTS: &[(&str, &str)] = &[
    ("Executing", "the call is under way"),
    ("NoAnswer, Busy, NotConnected", "signalling"),
    (
        "NotExist, PoweredOff, OutOfService, InArrears",
        "signalling, where the trunk's cause map tells them; announcements are not listened to",
    ),
    ("Failed", "signalling, or a fault of ours"),
    ("Cancelled", "given up by hand"),
    (
        "SucceededFinish, SucceededClientHangUp",
        "signalling: which side hung up",
    ),
    (
        "SucceededError",
        "the callee picked up and no flow took the call",
    ),
    (
        "SucceededSpecialInterceptVoiceAssistant",
        "an agent marked the call as a machine's",
    ),
    (
        "all others that begin with Succeeded",
        "not distinguishable: only the flow knows how the talk went",
    ),
    (
        "EmptyNumber, OutOfServiceNoCall, InArrearsNoCall, PerDayCallCountLimit, ContactBlockList, CallerNotRegistered, Terminated, VerificationCancelled, CallingNumberNotExist, HighRiskSipCode",
        "never: what is not dialed makes no task",
    ),
];

/// Which statuses of a group an action takes.
pub(super) const STATES: &[(&str, &str, &str)] = &[
    (
        "ModifyJobGroup",
        "Draft, Paused",
        "409 InvalidStatus.JobGroup",
    ),
    (
        "AssignJobs",
        "all but Cancelled and Failed; a Completed group opens again unless its period is over",
        "409 InvalidStatus.JobGroup",
    ),
    ("SuspendJobs", "Scheduling, Executing", "no change"),
    (
        "ResumeJobs",
        "Paused",
        "no change; Cancelled and Failed: 409 InvalidStatus.JobGroup",
    ),
    (
        "CancelJobs",
        "Draft, Scheduling, Executing, Paused",
        "no change",
    ),
    (
        "DeleteJobGroup",
        "all but Scheduling and Executing",
        "409 InvalidStatus.JobGroup",
    ),
];
