//! The fields of the actions on calls.

use super::{Row, row};
use crate::coverage::Fate::{Honoured, Refused, Stored};

/// Every field, in the order of the documentation.
pub(super) const FIELDS: &[Row] = &[
    row("GetTaskByUuid", "TaskId", Honoured, ""),
    row(
        "GetTaskByUuid",
        "WithConversations",
        Honoured,
        "what was said is known to the flow alone: the list is empty",
    ),
    row(
        "TerminateCall",
        "CallId",
        Honoured,
        "ends the call, ringing or answered",
    ),
    row(
        "DownloadRecording",
        "TaskId",
        Honoured,
        "no call is recorded: 404 NotExist.Recording",
    ),
    row(
        "DownloadRecording",
        "NeedVoiceSliceRecording",
        Stored,
        "only checked",
    ),
    row("DownloadRecording", "SwapChannels", Stored, "only checked"),
    row(
        "DescribeJobGroupExportTaskProgress",
        "TaskId",
        Honoured,
        "always finished: FileHttpUrl is a link to this server that holds for an hour, or until its restart; the CSV file (UTF-8, a row for each task) is written from what is stored when it is downloaded",
    ),
    row("SearchTask", "ActualTimeGte", Honoured, "milliseconds"),
    row("SearchTask", "ActualTimeLte", Honoured, "milliseconds"),
    row(
        "SearchTask",
        "CallDurationGte",
        Honoured,
        "of the talk, in milliseconds",
    ),
    row(
        "SearchTask",
        "CallDurationLte",
        Honoured,
        "of the talk, in milliseconds",
    ),
    row("SearchTask", "CalledNumber", Honoured, ""),
    row("SearchTask", "CallingNumber", Honoured, ""),
    row(
        "SearchTask",
        "JobGroupNameQuery",
        Honoured,
        "a part of it in any case",
    ),
    row("SearchTask", "JobId", Honoured, ""),
    row(
        "SearchTask",
        "JobStatusStringList",
        Honoured,
        "JSON or commas",
    ),
    row(
        "SearchTask",
        "LabelsJson",
        Refused,
        "labels are given by scripts",
    ),
    row("SearchTask", "OtherId", Honoured, "of a job or a task"),
    row("SearchTask", "PageIndex", Honoured, "from 0"),
    row(
        "SearchTask",
        "PageSize",
        Honoured,
        "1–100, 10 where nothing is said",
    ),
    row(
        "SearchTask",
        "RecordingDurationGte",
        Honoured,
        "of the ringing, in seconds, as at the vendor",
    ),
    row(
        "SearchTask",
        "RecordingDurationLte",
        Honoured,
        "of the ringing, in seconds, as at the vendor",
    ),
    row(
        "SearchTask",
        "ScriptNameQuery",
        Honoured,
        "a part of it in any case",
    ),
    row(
        "SearchTask",
        "SortBy",
        Honoured,
        "actualTime; others are refused",
    ),
    row("SearchTask", "SortOrder", Honoured, "desc or asc"),
    row(
        "SearchTask",
        "TaskCreateTimeGte",
        Honoured,
        "seconds; only together with TaskCreateTimeLte, as at the vendor",
    ),
    row(
        "SearchTask",
        "TaskCreateTimeLte",
        Honoured,
        "seconds; only together with TaskCreateTimeGte, as at the vendor",
    ),
    row("SearchTask", "TaskId", Honoured, ""),
    row(
        "SearchTask",
        "TaskStatusStringList",
        Honoured,
        "JSON or commas; Succeeded takes all of its kinds",
    ),
    row(
        "SearchTask",
        "UserIdMatch",
        Honoured,
        "the referenceId, whole",
    ),
];
