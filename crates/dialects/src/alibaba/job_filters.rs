//! By what lists of jobs and tasks are chosen.

use outdial_domain::{Attempt, Contact, PhoneNumber};

use super::fault::Fault;
use super::job_lists::Group;
use super::job_shapes as shapes;
use super::routes::Call;

/// A number by which a list is searched. One that is none finds nothing, and is told.
pub(super) async fn number(call: &Call, name: &str) -> Result<Option<PhoneNumber>, Fault> {
    let Some(text) = call.parameters.text(name) else {
        return Ok(None);
    };
    let country = call.service.tenant(call.caller.tenant)?.default_country;
    let number = PhoneNumber::parse(text, country);
    number
        .map(Some)
        .map_err(|_| Fault::invalid(name, "It is no number that can be called."))
}

/// Which jobs QueryJobsWithResult answers.
pub(super) struct Wanted {
    number: Option<PhoneNumber>,
    status: Option<Vec<String>>,
    reason: Option<Vec<String>>,
    task: Option<Vec<String>>,
    answered: Option<bool>,
    rejected: Option<bool>,
    end_of_flow: Option<bool>,
    from: Option<i64>,
    to: Option<i64>,
}

impl Wanted {
    pub(super) async fn read(call: &Call) -> Result<Self, Fault> {
        let parameters = &call.parameters;
        let wanted = Self {
            number: number(call, "QueryText").await?,
            status: words(call, "JobStatusFilter", JOB_STATUSES)?,
            reason: words(call, "JobFailureReasonsFilter", FAILURE_REASONS)?,
            task: words(call, "TaskStatusFilter", TASK_STATUSES)?,
            answered: parameters.boolean("HasAnsweredFilter")?,
            rejected: parameters.boolean("HasHangUpByRejectionFilter")?,
            end_of_flow: parameters.boolean("HasReachedEndOfFlowFilter")?,
            from: parameters.integer("StartActualTimeFilter")?,
            to: parameters.integer("EndActualTimeFilter")?,
        };
        if parameters.list("LabelsJson").is_some() {
            return Err(Fault::invalid(
                "LabelsJson",
                "Labels are given by scripts, which are not kept here.",
            ));
        }
        Ok(wanted)
    }

    pub(super) fn needs_attempts(&self) -> bool {
        self.task.is_some()
            || self.answered.is_some()
            || self.rejected.is_some()
            || self.end_of_flow.is_some()
            || self.from.is_some()
            || self.to.is_some()
    }

    pub(super) fn takes(&self, group: &Group, contact: &Contact) -> bool {
        self.number
            .is_none_or(|number| contact.numbers.contains(&number))
            && has(&self.status, Some(group.job_status(contact)))
            && has(&self.reason, group.failure(contact))
    }

    pub(super) fn takes_attempt(&self, attempt: Option<&Attempt>) -> bool {
        if !self.needs_attempts() {
            return true;
        }
        let Some(attempt) = attempt else {
            return false;
        };
        let shown = shapes::task_status(attempt).1;
        let rejected = attempt.outcome == Some(outdial_domain::Outcome::Rejected);
        let to_its_end = shapes::reached_end_of_flow(attempt);
        let at = attempt.started_at.millis();
        has_task_status(&self.task, shown)
            && self
                .answered
                .is_none_or(|wanted| wanted == attempt.answered_at.is_some())
            && self.rejected.is_none_or(|wanted| wanted == rejected)
            && self.end_of_flow.is_none_or(|wanted| wanted == to_its_end)
            && self.from.is_none_or(|from| at >= from)
            && self.to.is_none_or(|to| at <= to)
    }
}

pub(super) const JOB_STATUSES: &[&str] = &[
    "Scheduling",
    "Executing",
    "Succeeded",
    "Paused",
    "Failed",
    "Cancelled",
    "Drafted",
];

pub(super) const FAILURE_REASONS: &[&str] = &[
    "Unknown",
    "NoAnswer",
    "InvalidStrategy",
    "TimeUp",
    "NoStrategy",
    "CallFailed",
    "PerDayCallCountLimit",
    "ContactBlockList",
    "EmptyNumber",
    "JobPerDayCallCountLimit",
    "VerificationCancelled",
    "ContactSuspended",
    "InArrears",
    "OutOfService",
    "NoneRepeatableJobMaxAttemptCountLimit",
];

pub(super) const TASK_STATUSES: &[&str] = &[
    "Executing",
    "Succeeded",
    "NoAnswer",
    "NotExist",
    "Busy",
    "Cancelled",
    "Failed",
    "NotConnected",
    "PoweredOff",
    "OutOfService",
    "InArrears",
    "EmptyNumber",
    "PerDayCallCountLimit",
    "ContactBlockList",
    "CallerNotRegistered",
    "Terminated",
    "VerificationCancelled",
    "OutOfServiceNoCall",
    "InArrearsNoCall",
    "CallingNumberNotExist",
    "SucceededFinish",
    "SucceededChatbotHangUpAfterNoAnswer",
    "SucceededChatbotHangUpAfterSilence",
    "SucceededClientHangUpAfterNoAnswer",
    "SucceededClientHangUp",
    "SucceededTransferByIntent",
    "SucceededTransferAfterNoAnswer",
    "SucceededInoInterAction",
    "SucceededError",
    "SucceededSpecialInterceptVoiceAssistant",
    "SucceededSpecialInterceptExtensionNumberTransfer",
    "SucceededSpecialInterceptCustomSpecialIntercept",
    "HighRiskSipCode",
];

/// Words by which a list is chosen, as JSON or between commas.
pub(super) fn words(call: &Call, name: &str, known: &[&str]) -> Result<Option<Vec<String>>, Fault> {
    let Some(items) = call.parameters.list(name) else {
        return Ok(None);
    };
    let words: Vec<String> = items
        .iter()
        .flat_map(|item| item.split(','))
        .map(|word| word.trim().to_owned())
        .filter(|word| !word.is_empty())
        .collect();
    match words.iter().all(|word| known.contains(&word.as_str())) {
        true => Ok((!words.is_empty()).then_some(words)),
        false => Err(Fault::invalid(
            name,
            "It names something that there is not.",
        )),
    }
}

pub(super) fn has(wanted: &Option<Vec<String>>, found: Option<&str>) -> bool {
    wanted
        .as_ref()
        .is_none_or(|wanted| wanted.iter().any(|one| found == Some(one)))
}

/// Whether a task's status is asked for.
pub(super) fn has_task_status(wanted: &Option<Vec<String>>, shown: &str) -> bool {
    // `Succeeded` is no longer answered, and still asked for.
    let fits =
        |one: &String| one == shown || (one == "Succeeded" && shown.starts_with("Succeeded"));
    wanted.as_ref().is_none_or(|wanted| wanted.iter().any(fits))
}
