//! The fields of the actions on job groups.

use super::{Row, row};
use crate::coverage::Fate::{Honoured, Ignored, Stored};

const GROUP: &str = "CreateJobGroup ModifyJobGroup";
const MADE: &str = "CreateJobGroup ModifyJobGroup CreateBatchRepeatJob";
const PAGED: &str = "ListJobGroups ListInstances ListOutboundCallNumbers ListJobsByGroup QueryJobs QueryJobsWithResult GetContactBlockList";

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
        "ModifyJobGroup DescribeJobGroup DeleteJobGroup AssignJobs AssignJobsAsync SuspendJobs ResumeJobs CancelJobs ListJobsByGroup QueryJobs QueryJobsWithResult SearchTask DescribeGroupExecutingInfo CreateJobGroupExportTask",
        "JobGroupId",
        Honoured,
        "the campaign's second id",
    ),
    row(
        "ModifyJobGroup CreateBatchRepeatJob",
        "Name",
        Honoured,
        "1–128 characters",
    ),
    row(
        GROUP,
        "ScenarioId",
        Stored,
        "a new group without ScriptId takes it as its script",
    ),
    row(
        "ModifyJobGroup CreateBatchRepeatJob",
        "Description",
        Stored,
        "at most 1024 characters",
    ),
    row(
        MADE,
        "StrategyJson",
        Honoured,
        "see its members; what is left out stays",
    ),
    row(MADE, "RecallStrategyJson", Honoured, "see its members"),
    row(
        MADE,
        "ScriptId",
        Honoured,
        "an alias or the number of one of the tenant's flows",
    ),
    row(
        MADE,
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
        MADE,
        "RingingDuration",
        Honoured,
        "5–120 s, 25 where a new group says nothing",
    ),
    row(
        MADE,
        "MinConcurrency",
        Honoured,
        "calls at once that lines are kept for; the sum of one priority is at most the instance's concurrency",
    ),
    row(
        MADE,
        "Priority",
        Honoured,
        "Urgent is our priority 1, Daily 3; a campaign of 1 or 2 is shown as Urgent",
    ),
    row(
        MADE,
        "FlashSmsExtras",
        Stored,
        "shown as sent, and handed to the server's herald with each call before its INVITE; none is built in, so that no message is sent",
    ),
    row(
        MADE,
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
        Honoured,
        "the list is made at once, and kept for ListJobGroupsAsync for ten minutes, unless the server is restarted",
    ),
    row(
        "ListJobGroupsAsync",
        "AsyncTaskId",
        Honoured,
        "of a ListJobGroups with AsyncQuery",
    ),
    row(
        "CreateBatchRepeatJob",
        "SourceGroupId",
        Honoured,
        "a group that is Paused, Completed, Failed or Cancelled; what the request leaves out is as there, but a period that is over is not copied",
    ),
    row(
        "CreateBatchRepeatJob",
        "FilterStatus",
        Honoured,
        "Succeeded, Failed, Cancelled between commas, all jobs where nothing is said; NoInteraction chooses none, since only the flow knows",
    ),
    row(
        "CreateJobGroupExportTask",
        "Option",
        Ignored,
        "the vendor documents no value",
    ),
];
