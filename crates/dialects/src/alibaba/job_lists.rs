//! ListJobs, ListJobsByGroup, DescribeJob, QueryJobs and QueryJobsWithResult.
//!
//! Source: their pages of OutboundBot 2019-12-26.

use std::collections::BTreeMap;

use outdial_domain::{Attempt, Campaign, CampaignId, Contact, PhoneNumber};
use outdial_service::ServiceError;
use outdial_service::views::PageRequest;
use serde_json::{Value, json};

use super::fault::Fault;
use super::group::{self, Belongings};
use super::groups;
use super::ids;
use super::job_shapes as shapes;
use super::paging::Paging;
use super::routes::{Answer, Call};

/// Most jobs of ListJobs.
const JOBS_MAX: usize = 99;

/// A group with its status, as lists of jobs need it.
struct Group {
    campaign: Campaign,
    status: &'static str,
}

impl Group {
    async fn of(call: &Call, campaign: Campaign) -> Result<Self, Fault> {
        let stats = groups::stats(call, &campaign).await?;
        let status = group::status(&campaign, Some(&stats), call.now);
        Ok(Self { campaign, status })
    }

    fn job_status(&self, contact: &Contact) -> &'static str {
        shapes::job_status(contact, &self.campaign, self.status)
    }

    fn failure(&self, contact: &Contact) -> Option<&'static str> {
        let status = self.job_status(contact);
        shapes::failure_reason(contact, &self.campaign, status)
    }

    fn shape(&self, contact: &Contact) -> Value {
        shapes::job_shape(contact, &self.campaign, self.status)
    }
}

/// Every job of a group that passes, in the order in which they came; only as many as fill the page
/// are kept.
async fn page_of_jobs(
    call: &Call,
    group: &Group,
    paging: Paging,
    passes: impl Fn(&Contact) -> bool,
) -> Result<(Vec<Contact>, u64), Fault> {
    let (mut found, mut passed, mut cursor) = (Vec::new(), 0_usize, None);
    loop {
        let request = PageRequest {
            cursor,
            limit: Some(1_000),
        };
        let page = call
            .service
            .contacts(&call.caller, group.campaign.id, request)
            .await?;
        for contact in page.items.into_iter().filter(&passes) {
            if passed >= paging.skipped() && found.len() < paging.len() {
                found.push(contact);
            }
            passed += 1;
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok((found, passed as u64));
        }
    }
}

/// The job that a request names, its group, and its attempts.
async fn job(call: &Call, id: &str) -> Result<(Group, Contact, Vec<Attempt>), Fault> {
    let not_there = || Fault::not_exist("Job");
    let id = ids::job(id).ok_or_else(not_there)?;
    let found = call.service.contact_with_attempts(&call.caller, id).await;
    let campaign = match found {
        Err(ServiceError::NotFound { .. }) => return Err(not_there()),
        found => found?.0.campaign,
    };
    let campaign = call.service.campaign(&call.caller, campaign).await?;
    let group = Group::of(call, campaign).await?;
    // The job is read after its group: a group that is completed shows its last job as it ended, and
    // not as it was a moment before.
    let (contact, attempts) = call.service.contact_with_attempts(&call.caller, id).await?;
    Ok((group, contact, attempts))
}

fn tasks(attempts: &[Attempt], contact: &Contact) -> Vec<Value> {
    attempts
        .iter()
        .map(|attempt| shapes::task_shape(attempt, contact))
        .collect()
}

/// `ListJobs`.
pub(super) async fn list(call: Call) -> Result<Answer, Fault> {
    let ids = call.parameters.list("JobId").unwrap_or_default();
    if ids.is_empty() {
        return Err(Fault::missing("JobId"));
    }
    if ids.len() > JOBS_MAX {
        let reason = format!("It must have at most {JOBS_MAX} items.");
        return Err(Fault::invalid("JobId", &reason));
    }
    let mut jobs = Vec::new();
    for id in ids {
        let (group, contact, attempts) = job(&call, &id).await?;
        let mut shape = group.shape(&contact);
        shape["Tasks"] = tasks(&attempts, &contact).into();
        jobs.push(shape);
    }
    let mut answer = Answer::new();
    answer.insert("Jobs".to_owned(), jobs.into());
    Ok(answer)
}

/// `ListJobsByGroup`.
pub(super) async fn list_by_group(call: Call) -> Result<Answer, Fault> {
    let campaign = groups::named(&call).await?;
    let paging = Paging::required(&call.parameters)?;
    let status = words(&call, "JobStatus", JOB_STATUSES)?;
    let reason = words(&call, "JobFailureReason", FAILURE_REASONS)?;
    let group = Group::of(&call, campaign).await?;
    let passes = |contact: &Contact| {
        has(&status, Some(group.job_status(contact))) && has(&reason, group.failure(contact))
    };
    let (jobs, total) = page_of_jobs(&call, &group, paging, passes).await?;
    let jobs = jobs.iter().map(|contact| group.shape(contact)).collect();
    let mut answer = Answer::new();
    answer.insert("Jobs".to_owned(), paging.list(jobs, total));
    Ok(answer)
}

/// `DescribeJob`.
pub(super) async fn describe(call: Call) -> Result<Answer, Fault> {
    let id = call.parameters.required("JobId")?;
    // Scripts belong to the flow and not to us: there is none to show.
    call.parameters.boolean("WithScript")?;
    let (group, contact, attempts) = job(&call, id).await?;
    let mut shape = group.shape(&contact);
    shape["InstanceId"] = call.instance_id.clone().into();
    shape["CalledNumber"] = contact
        .numbers
        .first()
        .map(PhoneNumber::given)
        .unwrap_or_default()
        .into();
    if contact.state == outdial_domain::ContactState::Resting {
        shape["NextExecutionTime"] = contact.not_before.millis().into();
    }
    if let Some(first) = attempts.first() {
        shape["ActualTime"] = first.started_at.millis().into();
    }
    let tasks: Vec<Value> = attempts
        .iter()
        .map(|attempt| shapes::task_in_full(attempt, &contact))
        .collect();
    shape["Tasks"] = tasks.into();
    shape["Summary"] = json!([]);
    let mut answer = Answer::new();
    answer.insert("Job".to_owned(), shape);
    Ok(answer)
}

/// The attempts of a job.
async fn attempts_of(call: &Call, contact: &Contact) -> Result<Vec<Attempt>, Fault> {
    let found = call
        .service
        .contact_with_attempts(&call.caller, contact.id)
        .await?;
    Ok(found.1)
}

/// `QueryJobs`.
pub(super) async fn query(call: Call) -> Result<Answer, Fault> {
    let parameters = &call.parameters;
    let paging = Paging::required(parameters)?;
    if parameters.text("ScenarioId").is_some() {
        return Err(Fault::invalid(
            "ScenarioId",
            "It chooses nothing here: use JobGroupId.",
        ));
    }
    let number = number(&call, "PhoneNumber").await?;
    let name = parameters.text("ContactName").map(str::to_lowercase);
    for unused in ["StartTime", "EndTime"] {
        if parameters.integer(unused)?.is_some_and(|time| time != 0) {
            return Err(Fault::invalid(unused, "Jobs are not chosen by time here."));
        }
    }
    match parameters.text("TimeAlignment") {
        None | Some("start" | "end" | "job_create") => {}
        Some(_) => return Err(Fault::invalid("TimeAlignment", "")),
    }
    let campaigns = match parameters.text("JobGroupId") {
        Some(id) => vec![groups::by_id(&call, id).await?],
        None => groups::all(&call).await?,
    };
    let passes = |contact: &Contact| {
        let person = shapes::contact_shape(contact);
        let called = person["ContactName"]
            .as_str()
            .unwrap_or_default()
            .to_lowercase();
        number.is_none_or(|number| contact.numbers.contains(&number))
            && name.as_ref().is_none_or(|name| called.contains(name))
    };
    let (mut found, mut total) = (Vec::new(), 0);
    for campaign in campaigns {
        let group = Group::of(&call, campaign).await?;
        let before = usize::try_from(total).unwrap_or(usize::MAX);
        // What is left of the page when the groups before have had their turn.
        let rest = Paging {
            number: 1,
            size: paging.number.saturating_mul(paging.size),
        };
        let (jobs, passed) = page_of_jobs(&call, &group, rest, passes).await?;
        for (place, contact) in jobs.into_iter().enumerate() {
            let place = before + place;
            if place >= paging.skipped() && place - paging.skipped() < paging.len() {
                let attempts = attempts_of(&call, &contact).await?;
                let mut shape = group.shape(&contact);
                shape["Tasks"] = tasks(&attempts, &contact).into();
                shape["TagHits"] = json!([]);
                found.push(shape);
            }
        }
        total += passed;
    }
    let mut answer = Answer::new();
    answer.insert("Jobs".to_owned(), paging.list(found, total));
    Ok(answer)
}

/// A number by which a list is searched. One that is none finds nothing, and is told.
async fn number(call: &Call, name: &str) -> Result<Option<PhoneNumber>, Fault> {
    let Some(text) = call.parameters.text(name) else {
        return Ok(None);
    };
    let country = Belongings::of(call).await?.tenant.default_country;
    let number = PhoneNumber::parse(text, country);
    number
        .map(Some)
        .map_err(|_| Fault::invalid(name, "It is no number that can be called."))
}

/// `QueryJobsWithResult`.
pub(super) async fn query_with_result(call: Call) -> Result<Answer, Fault> {
    let campaign = groups::named(&call).await?;
    let paging = Paging::required(&call.parameters)?;
    let wanted = Wanted::read(&call).await?;
    let group = Group::of(&call, campaign).await?;
    let latest = match wanted.needs_attempts() {
        true => latest_attempts(&call, group.campaign.id).await?,
        false => BTreeMap::new(),
    };
    let passes = |contact: &Contact| {
        wanted.takes(&group, contact) && wanted.takes_attempt(latest.get(&contact.id.number()))
    };
    let (jobs, total) = page_of_jobs(&call, &group, paging, passes).await?;
    let mut items = Vec::new();
    for contact in jobs {
        let status = group.job_status(&contact);
        let mut item = json!({
            "Id": ids::of_job(contact.id),
            "Status": shapes::job_status_number(status),
            "StatusName": status,
        });
        if let Some(reason) = group.failure(&contact) {
            item["JobFailureReason"] = reason.into();
        }
        if let Some(attempt) = attempts_of(&call, &contact).await?.last() {
            item["LatestTask"] = shapes::latest_task(attempt, &contact);
        }
        items.push(item);
    }
    let mut list = paging.list(items, total);
    // Other names than in all other lists.
    if let Some(list) = list.as_object_mut() {
        list.remove("TotalCount");
        list.insert("RowCount".to_owned(), total.into());
        list.insert("PageCount".to_owned(), total.div_ceil(paging.size).into());
    }
    let mut answer = Answer::new();
    answer.insert("Jobs".to_owned(), list);
    answer.insert("Labels".to_owned(), json!([]));
    answer.insert("VariableNames".to_owned(), json!([]));
    Ok(answer)
}

/// The last attempt of each contact of a campaign.
async fn latest_attempts(
    call: &Call,
    campaign: CampaignId,
) -> Result<BTreeMap<u64, Attempt>, Fault> {
    let mut latest = BTreeMap::new();
    let mut cursor = None;
    loop {
        let filter = outdial_service::AttemptFilter {
            campaign: Some(campaign),
            ..outdial_service::AttemptFilter::default()
        };
        let request = PageRequest {
            cursor,
            limit: Some(1_000),
        };
        let page = call.service.attempts(&call.caller, filter, request).await?;
        for attempt in page.items {
            latest.insert(attempt.contact.number(), attempt);
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(latest);
        }
    }
}

/// Which jobs QueryJobsWithResult answers.
struct Wanted {
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
    async fn read(call: &Call) -> Result<Self, Fault> {
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

    fn needs_attempts(&self) -> bool {
        self.task.is_some()
            || self.answered.is_some()
            || self.rejected.is_some()
            || self.end_of_flow.is_some()
            || self.from.is_some()
            || self.to.is_some()
    }

    fn takes(&self, group: &Group, contact: &Contact) -> bool {
        self.number
            .is_none_or(|number| contact.numbers.contains(&number))
            && has(&self.status, Some(group.job_status(contact)))
            && has(&self.reason, group.failure(contact))
    }

    fn takes_attempt(&self, attempt: Option<&Attempt>) -> bool {
        if !self.needs_attempts() {
            return true;
        }
        let Some(attempt) = attempt else {
            return false;
        };
        let shown = shapes::task_status(attempt).1;
        let rejected = attempt.outcome == Some(outdial_domain::Outcome::Rejected);
        let to_its_end = attempt.outcome == Some(outdial_domain::Outcome::Answered)
            && attempt.evidence.ended_by == Some(outdial_domain::EndedBy::Us);
        let at = attempt.started_at.millis();
        let of_kind = |wanted: &String| {
            // `Succeeded` is no longer answered, and still asked for.
            wanted == shown || (wanted == "Succeeded" && shown.starts_with("Succeeded"))
        };
        self.task
            .as_ref()
            .is_none_or(|wanted| wanted.iter().any(of_kind))
            && self
                .answered
                .is_none_or(|wanted| wanted == attempt.answered_at.is_some())
            && self.rejected.is_none_or(|wanted| wanted == rejected)
            && self.end_of_flow.is_none_or(|wanted| wanted == to_its_end)
            && self.from.is_none_or(|from| at >= from)
            && self.to.is_none_or(|to| at <= to)
    }
}

const JOB_STATUSES: &[&str] = &[
    "Scheduling",
    "Executing",
    "Succeeded",
    "Paused",
    "Failed",
    "Cancelled",
    "Drafted",
];

const FAILURE_REASONS: &[&str] = &[
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

const TASK_STATUSES: &[&str] = &[
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
fn words(call: &Call, name: &str, known: &[&str]) -> Result<Option<Vec<String>>, Fault> {
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

fn has(wanted: &Option<Vec<String>>, found: Option<&str>) -> bool {
    wanted
        .as_ref()
        .is_none_or(|wanted| wanted.iter().any(|one| found == Some(one)))
}
