//! ListJobs, ListJobsByGroup, DescribeJob, QueryJobs and QueryJobsWithResult.
//!
//! Source: their pages of OutboundBot 2019-12-26.

use std::collections::BTreeMap;

use outdial_domain::{Attempt, Campaign, CampaignId, Contact, PhoneNumber};
use outdial_service::ServiceError;
use outdial_service::views::PageRequest;
use serde_json::{Value, json};

use super::fault::Fault;
use super::group;
use super::groups;
use super::ids;
use super::job_filters::{FAILURE_REASONS, JOB_STATUSES, Wanted, has, number, words};
use super::job_shapes as shapes;
use super::paging::Paging;
use super::routes::{Answer, Call};

/// Most jobs that a request names.
pub(super) const JOBS_MAX: usize = 99;

/// A group with its status, as lists of jobs need it.
pub(super) struct Group {
    pub(super) campaign: Campaign,
    status: &'static str,
}

impl Group {
    pub(super) async fn of(call: &Call, campaign: Campaign) -> Result<Self, Fault> {
        let stats = groups::stats(call, &campaign).await?;
        let status = group::status(&campaign, Some(&stats), call.now);
        Ok(Self::with_status(campaign, status))
    }

    pub(super) fn with_status(campaign: Campaign, status: &'static str) -> Self {
        Self { campaign, status }
    }

    pub(super) fn status(&self) -> &'static str {
        self.status
    }

    pub(super) fn job_status(&self, contact: &Contact) -> &'static str {
        shapes::job_status(contact, &self.campaign, self.status)
    }

    pub(super) fn failure(&self, contact: &Contact) -> Option<&'static str> {
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
    if contact.state == outdial_domain::ContactState::Resting && !contact.is_held() {
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
