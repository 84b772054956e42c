//! The fields of the actions on jobs.

use super::{Row, row};
use crate::coverage::Fate::{Honoured, Refused, Stored};

const ALL_JOBS: &str = "SuspendJobs ResumeJobs CancelJobs";

/// Every field, in the order of the documentation.
pub(super) const FIELDS: &[Row] = &[
    row(
        "AssignJobs AssignJobsAsync",
        "JobsJson",
        Honoured,
        "1–99 jobs, all of them or none",
    ),
    row(
        "AssignJobs AssignJobsAsync",
        "CallingNumber",
        Refused,
        "unless it is the group's own list: all jobs of a group show its numbers",
    ),
    row(
        "AssignJobs AssignJobsAsync",
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
        "true: the group, or all groups; false: the jobs that are named, by JobId, JobReferenceId or both, and the group goes on. Progress counts a suspended job of a group that goes on among those that are scheduling",
    ),
    row(
        ALL_JOBS,
        "JobId",
        Honoured,
        "1–99 ids; an unknown one is 404 NotExist.Job, one in another state is passed by",
    ),
    row(
        ALL_JOBS,
        "JobReferenceId",
        Honoured,
        "1–99 of them; every job that has one of them",
    ),
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
    row(
        "GetAssignJobsAsyncResult",
        "AsyncTaskId",
        Honoured,
        "of an AssignJobsAsync, as long as its group is there: the jobs were stored when that was answered",
    ),
];
