//! AssignJobs, AssignJobsAsync and its result: contacts come into a group, and a group that waits for them
//! begins.
//!
//! Source: AssignJobs, AssignJobsAsync and GetAssignJobsAsyncResult of OutboundBot 2019-12-26, and its FAQ: the call is repeated for one group.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use outdial_domain::{Campaign, CampaignState, ContactId, NewContact, PhoneNumber};
use serde_json::{Value, json};

use super::fault::Fault;
use super::group::{self, Belongings};
use super::groups;
use super::ids;
use super::routes::{Answer, Call};
use super::wire::{JsonFields, Parameters};

/// The parameter that holds them.
const NAME: &str = "JobsJson";
/// Most jobs of a call.
pub(super) const JOBS_MAX: usize = 99;
/// Most variables of a job, and characters of one.
const EXTRAS_MAX: usize = 100;
const EXTRA_LEN_MAX: usize = 4_096;
/// Variables that the vendor makes itself; those of a client are left out, as it does.
const SYSTEM_EXTRAS: [&str; 2] = ["TenantId", "ServiceId"];
/// What a contact says of a person stands under these names among its attributes.
pub(super) const PERSON: &str = "contact.";

/// `AssignJobs`.
pub(super) async fn assign(call: Call) -> Result<Answer, Fault> {
    let asked = Asked::read(&call).await?;
    match call.parameters.text("RosterType") {
        None | Some("json") => {}
        Some(_) => {
            return Err(Fault::invalid(
                "RosterType",
                "Only json is supported: send the jobs in JobsJson.",
            ));
        }
    }
    if call.parameters.text("JobDataParsingTaskId").is_some() {
        return Err(Fault::invalid(
            "JobDataParsingTaskId",
            "Files are not read here: send the jobs in JobsJson.",
        ));
    }
    // Both ways are answered when the jobs are stored.
    call.parameters.boolean("IsAsynchrony")?;
    let jobs = add(&call, &asked.campaign, asked.contacts).await?;
    let jobs: Vec<String> = jobs.into_iter().map(ids::of_job).collect();
    let mut answer = Answer::new();
    answer.insert("JobGroupId".to_owned(), asked.campaign.uuid.into());
    answer.insert("JobsId".to_owned(), json!(jobs));
    Ok(answer)
}

/// `AssignJobsAsync`: the jobs are stored when it is answered; its id says which they are, so that the
/// result can be asked for as long as the group is there.
pub(super) async fn assign_async(call: Call) -> Result<Answer, Fault> {
    let asked = Asked::read(&call).await?;
    let jobs = add(&call, &asked.campaign, asked.contacts).await?;
    // A list that comes in one piece has ids one after the other.
    let first = jobs.first().copied().ok_or_else(Fault::internal)?;
    let id = ids::of_assigned(first, jobs.len());
    Ok(Answer::from_iter([("AsyncTaskId".to_owned(), id.into())]))
}

/// `GetAssignJobsAsyncResult`.
pub(super) async fn assigned(call: Call) -> Result<Answer, Fault> {
    let not_there = || Fault::not_exist("AsyncTask");
    let id = call.parameters.required("AsyncTaskId")?;
    let jobs = ids::assigned(id).ok_or_else(not_there)?;
    let found = call
        .service
        .contacts_by_id(&call.caller, jobs.clone())
        .await?;
    let campaign = found.first().ok_or_else(not_there)?.campaign;
    let one_group = found.iter().all(|contact| contact.campaign == campaign);
    if found.len() < jobs.len() || !one_group {
        return Err(not_there());
    }
    let campaign = call.service.campaign(&call.caller, campaign).await?;
    let jobs: Vec<String> = jobs.into_iter().map(ids::of_job).collect();
    let mut answer = Answer::new();
    answer.insert("JobGroupId".to_owned(), campaign.uuid.into());
    answer.insert("JobsId".to_owned(), json!(jobs));
    answer.insert("Timeout".to_owned(), false.into());
    answer.insert("Valid".to_owned(), true.into());
    Ok(answer)
}

/// Jobs that are to come into a group.
struct Asked {
    campaign: Campaign,
    contacts: Vec<NewContact>,
}

impl Asked {
    async fn read(call: &Call) -> Result<Self, Fault> {
        let parameters = &call.parameters;
        let campaign = groups::named(call).await?;
        let has = Belongings::of(call).await?;
        parameters
            .list(NAME)
            .filter(|jobs| !jobs.is_empty())
            .ok_or_else(|| Fault::missing(NAME))?;
        let contacts = read(parameters, &has)?;
        check_numbers(parameters, &campaign, &has)?;
        if parameters.text("StrategyJson").is_some() {
            return Err(Fault::invalid(
                "StrategyJson",
                "All jobs of a group follow the group's strategy: use ModifyJobGroup.",
            ));
        }
        Ok(Self { campaign, contacts })
    }
}

/// Stores the jobs, all of them or none, and lets a group begin that waits for them.
async fn add(
    call: &Call,
    campaign: &Campaign,
    contacts: Vec<NewContact>,
) -> Result<Vec<ContactId>, Fault> {
    let status = group::status(campaign, None, call.now);
    if matches!(status, "Cancelled" | "Failed") {
        let message = format!("A job group that is {status} takes no jobs.");
        return Err(Fault::new(
            StatusCode::CONFLICT,
            "InvalidStatus.JobGroup",
            message,
        ));
    }
    let ids = call
        .service
        .add_contacts(&call.caller, campaign.id, contacts)
        .await?;
    if status == "Scheduling" && campaign.state == CampaignState::Draft {
        super::commands::start_with_jobs(call, campaign).await?;
    }
    Ok(ids)
}

/// Numbers that jobs of a call would show: only those that the group shows anyway.
fn check_numbers(
    parameters: &Parameters,
    campaign: &Campaign,
    has: &Belongings,
) -> Result<(), Fault> {
    let Some(numbers) = group::numbers(parameters, "CallingNumber", has)? else {
        return Ok(());
    };
    let own = &campaign.settings.caller_ids;
    let same = numbers.len() == own.len() && numbers.iter().all(|number| own.contains(number));
    match numbers.is_empty() || same {
        true => Ok(()),
        false => Err(Fault::invalid(
            "CallingNumber",
            "All jobs of a group show the group's numbers: use ModifyJobGroup.",
        )),
    }
}

fn read(parameters: &Parameters, has: &Belongings) -> Result<Vec<NewContact>, Fault> {
    let jobs = parameters.list(NAME).unwrap_or_default();
    if jobs.len() > JOBS_MAX {
        let message = format!("A call takes at most {JOBS_MAX} jobs.");
        return Err(Fault::bad("LimitExceeded.JobsJson", message));
    }
    jobs.iter()
        .map(|text| contact(&JsonFields::read(NAME, text)?, has))
        .collect()
}

fn wrong(reason: &str) -> Fault {
    Fault::invalid(NAME, reason)
}

fn contact(job: &JsonFields, has: &Belongings) -> Result<NewContact, Fault> {
    let mut attributes = BTreeMap::new();
    for (key, value) in variables(job)? {
        attributes.insert(key, value);
    }
    let contacts = job.value("contacts").and_then(Value::as_array);
    let contacts = contacts.map_or(&[][..], Vec::as_slice);
    let [person] = contacts else {
        return Err(wrong("A job has just one contact in contacts."));
    };
    let person = JsonFields::of(NAME, person)?;
    let given = person
        .text("phoneNumber")?
        .ok_or_else(|| wrong("A contact lacks its phoneNumber."))?;
    // Answers show it as it was given.
    let number = PhoneNumber::parse(&given, has.tenant.default_country)
        .map(|number| number.spelled(&given))
        .map_err(|_| wrong("A phoneNumber is no number that can be called."))?;
    let short = |name: &str| -> Result<Option<String>, Fault> {
        let text = person.text(name)?.filter(|text| !text.is_empty());
        match &text {
            Some(text) if text.chars().count() > 256 => {
                Err(wrong(&format!("{name} must have at most 256 characters.")))
            }
            _ => Ok(text),
        }
    };
    let reference = short("referenceId")?;
    for name in ["name", "honorific", "role"] {
        if let Some(text) = short(name)? {
            attributes.insert(format!("{PERSON}{name}"), text);
        }
    }
    if let Some(priority) = person.integer("priority")? {
        attributes.insert(format!("{PERSON}priority"), priority.to_string());
    }
    Ok(NewContact {
        external_id: reference,
        attributes,
        ..NewContact::with_number(number)
    })
}

/// `extras` of a job: pairs of key and value.
fn variables(job: &JsonFields) -> Result<Vec<(String, String)>, Fault> {
    let Some(extras) = job.value("extras") else {
        return Ok(Vec::new());
    };
    let extras = extras
        .as_array()
        .ok_or_else(|| wrong("extras is no list."))?;
    if extras.len() > EXTRAS_MAX {
        return Err(wrong("A job has at most 100 extras."));
    }
    let mut variables = Vec::new();
    for extra in extras {
        let extra = JsonFields::of(NAME, extra)?;
        let key = extra
            .text("key")?
            .ok_or_else(|| wrong("One of the extras has no key."))?;
        let value = extra.text("value")?.unwrap_or_default();
        let long = |text: &str| text.chars().count() > EXTRA_LEN_MAX;
        if long(&key) || long(&value) || key.starts_with(PERSON) {
            return Err(wrong(
                "A key or value of extras has more than 4096 characters, or begins with `contact.`.",
            ));
        }
        if !SYSTEM_EXTRAS.contains(&key.as_str()) {
            variables.push((key, value));
        }
    }
    Ok(variables)
}
