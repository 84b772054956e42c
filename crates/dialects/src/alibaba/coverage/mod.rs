//! What becomes of each field: the table from which `docs/dialects/alibaba.md` is made. A field that a
//! request is asked for and that stands in no row here fails the tests.

mod groups;
mod instances;
mod jobs;
mod tasks;

use crate::coverage::Fate;

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
    fields().any(|row| {
        row.field.eq_ignore_ascii_case(field) && row.of.split(' ').any(|action| action == of)
    })
}

/// Whether a field holds JSON whose members stand in the table.
pub(super) fn is_json(parameter: &str) -> bool {
    fields().any(|row| row.of == parameter)
}

/// Every field.
pub(super) fn fields() -> impl Iterator<Item = &'static Row> {
    [
        groups::FIELDS,
        jobs::FIELDS,
        tasks::FIELDS,
        instances::FIELDS,
    ]
    .into_iter()
    .flatten()
}

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
