//! `SearchTask`: the calls of an instance, by what is asked of them.
//!
//! Source: its page of OutboundBot 2019-12-26.

use std::collections::BTreeMap;

use outdial_domain::{Attempt, AttemptId, CampaignId, Contact, ContactId, PhoneNumber};
use outdial_service::AttemptFilter;
use outdial_service::views::PageRequest;
use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::group::Belongings;
use super::groups;
use super::ids;
use super::job_filters::{JOB_STATUSES, TASK_STATUSES, has, has_task_status, number, words};
use super::job_lists::Group;
use super::job_shapes as shapes;
use super::paging::PAGE_SIZE_MAX;
use super::routes::{Answer, Call};

/// A range that a request gives by `NameGte` and `NameLte`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Range {
    from: Option<i64>,
    to: Option<i64>,
}

impl Range {
    fn read(call: &Call, from: &str, to: &str) -> Result<Self, Fault> {
        Ok(Self {
            from: call.parameters.integer(from)?,
            to: call.parameters.integer(to)?,
        })
    }

    fn has(self, value: i64) -> bool {
        self.from.is_none_or(|from| value >= from) && self.to.is_none_or(|to| value <= to)
    }
}

/// Which tasks are asked for.
struct Wanted {
    group: Option<CampaignId>,
    job: Option<ContactId>,
    task: Option<AttemptId>,
    called: Option<PhoneNumber>,
    calling: Option<PhoneNumber>,
    group_name: Option<String>,
    script_name: Option<String>,
    reference: Option<String>,
    job_status: Option<Vec<String>>,
    task_status: Option<Vec<String>>,
    actual_ms: Range,
    talked_ms: Range,
    rang_s: Range,
    created_s: Range,
    oldest_first: bool,
    page: u64,
    size: u64,
}

impl Wanted {
    /// Reads the request in the order of the documentation. `None` = what it names cannot be here.
    async fn read(call: &Call) -> Result<Option<Self>, Fault> {
        let parameters = &call.parameters;
        let actual_ms = Range::read(call, "ActualTimeGte", "ActualTimeLte")?;
        let talked_ms = Range::read(call, "CallDurationGte", "CallDurationLte")?;
        let called = number(call, "CalledNumber").await?;
        let calling = number(call, "CallingNumber").await?;
        let group = match parameters.text("JobGroupId") {
            Some(id) => Some(groups::by_id(call, id).await?.id),
            None => None,
        };
        let lower = |name: &str| parameters.text(name).map(str::to_lowercase);
        let group_name = lower("JobGroupNameQuery");
        let mut named = Named::default();
        named.add(parameters.text("JobId"), |id| {
            (ids::job(id), None::<AttemptId>)
        });
        let job_status = words(call, "JobStatusStringList", JOB_STATUSES)?;
        if parameters.list("LabelsJson").is_some() {
            return Err(Fault::invalid(
                "LabelsJson",
                "Labels are given by scripts, which are not kept here.",
            ));
        }
        named.add(parameters.text("OtherId"), |id| {
            (ids::job(id), ids::task(id))
        });
        let page = parameters.integer_in("PageIndex", 0..=i64::from(i32::MAX))?;
        let size = parameters.integer_in("PageSize", 1..=PAGE_SIZE_MAX)?;
        let rang_s = Range::read(call, "RecordingDurationGte", "RecordingDurationLte")?;
        let script_name = lower("ScriptNameQuery");
        match parameters.text("SortBy") {
            None | Some("actualTime") => {}
            Some(_) => return Err(Fault::invalid("SortBy", "It must be actualTime.")),
        }
        let oldest_first = match parameters.text("SortOrder") {
            None | Some("desc") => false,
            Some("asc") => true,
            Some(_) => return Err(Fault::invalid("SortOrder", "It must be asc or desc.")),
        };
        let created_s = Range::read(call, "TaskCreateTimeGte", "TaskCreateTimeLte")?;
        // One of them alone has no effect, as at the vendor.
        let created_s = match created_s {
            Range {
                from: Some(_),
                to: Some(_),
            } => created_s,
            _ => Range::default(),
        };
        named.add(parameters.text("TaskId"), |id| (None, ids::task(id)));
        let task_status = words(call, "TaskStatusStringList", TASK_STATUSES)?;
        Ok((!named.nobody).then(|| Self {
            group,
            job: named.job,
            task: named.task,
            called,
            calling,
            group_name,
            script_name,
            reference: parameters.text("UserIdMatch").map(str::to_owned),
            job_status,
            task_status,
            actual_ms,
            talked_ms,
            rang_s,
            created_s,
            oldest_first,
            page: page.unwrap_or(0).unsigned_abs(),
            size: size.unwrap_or(10).unsigned_abs(),
        }))
    }

    fn takes(&self, attempt: &Attempt) -> bool {
        let at = attempt.started_at.millis();
        self.job.is_none_or(|job| attempt.contact == job)
            && self.task.is_none_or(|task| attempt.id == task)
            && self.called.is_none_or(|called| attempt.number == called)
            && self.calling.is_none_or(|shown| attempt.caller_id == shown)
            && has_task_status(&self.task_status, shapes::task_status(attempt).1)
            && self.actual_ms.has(at)
            && self.talked_ms.has(shapes::talk_ms(attempt).cast_signed())
            && self
                .rang_s
                .has(shapes::rang_ms(attempt).unwrap_or(0).cast_signed() / 1_000)
            && self.created_s.has(at.div_euclid(1_000))
    }

    /// Whether nothing that comes after this attempt can be asked for.
    fn is_past(&self, attempt: &Attempt) -> bool {
        let at = attempt.started_at.millis();
        match self.oldest_first {
            true => self.actual_ms.to.is_some_and(|to| at > to),
            false => self.actual_ms.from.is_some_and(|from| at < from),
        }
    }
}

/// The job and the task that a request names in several ways.
#[derive(Default)]
struct Named {
    job: Option<ContactId>,
    task: Option<AttemptId>,
    /// Whether nothing can be all that is named.
    nobody: bool,
}

impl Named {
    fn add(
        &mut self,
        id: Option<&str>,
        read: impl Fn(&str) -> (Option<ContactId>, Option<AttemptId>),
    ) {
        let Some(id) = id else { return };
        match read(id) {
            (None, None) => self.nobody = true,
            (job, task) => {
                self.nobody |= job.is_some() && self.job.is_some() && job != self.job;
                self.nobody |= task.is_some() && self.task.is_some() && task != self.task;
                self.job = self.job.or(job);
                self.task = self.task.or(task);
            }
        }
    }
}

/// The groups whose tasks may be asked for, with the names of their scripts.
async fn groups_of(
    call: &Call,
    wanted: &Wanted,
) -> Result<BTreeMap<CampaignId, (Group, String)>, Fault> {
    let scripts = Belongings::of(call).await?;
    let mut found = BTreeMap::new();
    for campaign in groups::all(call).await? {
        let script = scripts.script_name(&campaign.settings.target);
        let has = |text: &str, part: &Option<String>| {
            part.as_ref()
                .is_none_or(|part| text.to_lowercase().contains(part))
        };
        let fits = wanted.group.is_none_or(|group| group == campaign.id)
            && has(&campaign.settings.name, &wanted.group_name)
            && has(&script, &wanted.script_name);
        if fits {
            let group = Group::of(call, campaign).await?;
            found.insert(group.campaign.id, (group, script));
        }
    }
    Ok(found)
}

/// `SearchTask`.
pub(super) async fn search(call: Call) -> Result<Answer, Fault> {
    let Some(wanted) = Wanted::read(&call).await? else {
        return answer(&call, Vec::new(), 0);
    };
    let groups = groups_of(&call, &wanted).await?;
    let skipped = wanted.page.saturating_mul(wanted.size);
    let (mut items, mut total, mut cursor) = (Vec::new(), 0, None);
    loop {
        let filter = AttemptFilter {
            campaign: wanted.group,
            number: wanted.called,
            newest_first: !wanted.oldest_first,
        };
        let request = PageRequest {
            cursor,
            limit: Some(1_000),
        };
        let page = call.service.attempts(&call.caller, filter, request).await?;
        let over = page
            .items
            .iter()
            .position(|attempt| wanted.is_past(attempt));
        let taken = page.items.iter().take(over.unwrap_or(page.items.len()));
        let taken: Vec<&Attempt> = taken
            .filter(|attempt| groups.contains_key(&attempt.campaign) && wanted.takes(attempt))
            .collect();
        let contacts = contacts_of(&call, &taken).await?;
        for attempt in taken {
            let Some((group, script)) = groups.get(&attempt.campaign) else {
                continue;
            };
            let Some(contact) = contacts.get(&attempt.contact) else {
                continue;
            };
            let fits = has(&wanted.job_status, Some(group.job_status(contact)))
                && (wanted.reference.is_none() || wanted.reference == contact.external_id);
            if fits {
                if total >= skipped && (items.len() as u64) < wanted.size {
                    items.push(item(&call, attempt, contact, group, script));
                }
                total += 1;
            }
        }
        cursor = page.next_cursor;
        if cursor.is_none() || over.is_some() {
            break;
        }
    }
    answer(&call, items, total)
}

async fn contacts_of(
    call: &Call,
    attempts: &[&Attempt],
) -> Result<BTreeMap<ContactId, Contact>, Fault> {
    let mut ids: Vec<ContactId> = attempts.iter().map(|attempt| attempt.contact).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = call.service.contacts_by_id(&call.caller, ids).await?;
    Ok(found
        .into_iter()
        .map(|contact| (contact.id, contact))
        .collect())
}

fn answer(call: &Call, items: Vec<Value>, total: u64) -> Result<Answer, Fault> {
    let page = call.parameters.integer("PageIndex")?.unwrap_or(0);
    let size = call.parameters.integer("PageSize")?.unwrap_or(10);
    Ok(Map::from_iter([
        ("SearchTaskInfoList".to_owned(), items.into()),
        ("Total".to_owned(), total.into()),
        ("PageIndex".to_owned(), page.into()),
        ("PageSize".to_owned(), size.into()),
        ("Labels".to_owned(), json!([])),
        ("VariableNames".to_owned(), json!([])),
    ]))
}

/// An item: the talk in milliseconds, the ringing and the time of creation in seconds.
fn item(call: &Call, attempt: &Attempt, contact: &Contact, group: &Group, script: &str) -> Value {
    let status = group.job_status(contact);
    let (task_number, task_status) = shapes::task_status(attempt);
    let talk_ms = shapes::talk_ms(attempt);
    let person = shapes::contact_shape(contact);
    let mut item = json!({
        "InstanceId": call.instance_id,
        "JobGroupId": group.campaign.uuid,
        "JobGroupName": group.campaign.settings.name,
        "ScriptName": script,
        "JobId": ids::of_job(contact.id),
        "JobStatus": shapes::job_status_number(status),
        "JobStatusName": status,
        "JobStatusString": status,
        "TaskId": ids::of_task(attempt.id),
        "TaskStatus": task_number,
        "TaskStatusName": task_status,
        "TaskStatusString": task_status,
        "TaskCreateTime": attempt.started_at.millis().div_euclid(1_000),
        "ActualTime": attempt.started_at.millis(),
        "CallDuration": talk_ms,
        "CallDurationDisplay": shapes::clock_time(talk_ms / 1_000),
        "CalledNumber": shapes::called(attempt, contact),
        "CallingNumber": attempt.caller_id.given(),
        "RecordingDuration": shapes::rang_ms(attempt).unwrap_or(0) / 1_000,
        "HasAnswered": attempt.answered_at.is_some(),
        "HasHangUpByRejection": attempt.outcome == Some(outdial_domain::Outcome::Rejected),
        "HasReachedEndOfFlow": shapes::reached_end_of_flow(attempt),
        "DialExceptionCodes": [],
        "Labels": [],
        "UserId": person["ReferenceId"],
        "UserName": person["ContactName"],
    });
    if let Some(reason) = shapes::end_reason(attempt) {
        item["TaskEndReason"] = reason.into();
    }
    item
}
