//! Automatic call-out tasks: a list and an IVR that takes the calls; no seats.

use std::collections::BTreeMap;
use std::time::Duration;

use outdial_domain::{
    Calendar, Campaign, CampaignId, Contact, ContactId, ContactState, FlowId, LifeCycleCommand,
    Mode, Origin, Outcome, RetryPolicy, Settings, Target, Timestamp,
};
use outdial_service::AttemptFilter;
use outdial_service::views::PageRequest;
use serde_json::{Value, json};

use super::campaigns::{self, check_callers};
use super::fault::Fault;
use super::list::{attributes, callees, callers, extras, uui, variables, windows};
use super::numbers::written;
use super::paging::Paging;
use super::predictive::read::{SECOND_MAX, name};
use super::records::session_id;
use super::routes::{Answer, Call, Operation};
use super::states;
use super::wire::{Member, optional, required};

const SDK_APP_ID: Member = required("SdkAppId").honoured("names the tenant");
const TASK_ID: Member = required("TaskId").honoured("names the task");

/// The operations of this file. Source: the page of each, CCC 2020-02-10.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "CreateAutoCalloutTask",
        members: &[
            SDK_APP_ID,
            required("NotBefore").honoured("Unix seconds; in the past: at once"),
            required("Callees").honoured("1–100,000 numbers; one that stands twice counts once"),
            required("Callers").honoured("numbers of the tenant's own, used in turn"),
            optional("IvrId")
                .honoured("a flow of the tenant; must be there, since there are no voice bots"),
            optional("Name").honoured("1–128 characters; default: `task`"),
            optional("Description").stored(""),
            optional("NotAfter").honoured("Unix seconds, after NotBefore and in the future"),
            optional("Tries").honoured("1–3 attempts in all; default 1"),
            optional("Variables").honoured("attributes of every contact; also stored"),
            optional("UUI").stored("at most 1024 bytes; returned in the records of calls"),
            optional("CalleeAttributes").honoured("UUI and Variables of single callees"),
            optional("TimeZone").honoured("IANA zone; default: the tenant's"),
            optional("AvailableTime").honoured("daily windows in that zone; default: always"),
            optional("AIAgentId").refused("there are no voice bots: `UnsupportedOperation`"),
            optional("RetryInterval").honoured("600–86,400 s; default 600"),
            optional("MaxRingTimeoutSecond").honoured("1–300 s; default 30"),
            optional("RetryHangupTypes").stored("for voice bots only"),
            optional("RetryTags").stored("for voice bots only"),
            optional("AvailableWorkTimeConfig")
                .refused("`UnsupportedOperation`; AvailableTime says daily windows"),
            optional("TriggerStrategy").stored("nothing is triggered"),
            optional("ConcurrencyLimit").honoured("most calls at once; default: as lines allow"),
        ],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(create(call)),
    },
    Operation {
        name: "DescribeAutoCalloutTasks",
        members: &[
            SDK_APP_ID,
            required("PageSize").honoured("1–100"),
            required("PageNumber").honoured("from 0"),
        ],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(list(call)),
    },
    Operation {
        name: "DescribeAutoCalloutTask",
        members: &[SDK_APP_ID, TASK_ID],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(one(call)),
    },
    Operation {
        name: "PauseAutoCalloutTask",
        members: &[SDK_APP_ID, TASK_ID],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(command(call, LifeCycleCommand::Pause, &[1])),
    },
    Operation {
        name: "ResumeAutoCalloutTask",
        members: &[SDK_APP_ID, TASK_ID],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(command(call, LifeCycleCommand::Resume, &[5])),
    },
    Operation {
        name: "StopAutoCalloutTask",
        members: &[SDK_APP_ID, TASK_ID],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(command(call, LifeCycleCommand::Abort, &[0, 1, 5])),
    },
];

/// `CreateAutoCalloutTask`.
async fn create(call: Call) -> Result<Answer, Fault> {
    let tenant = call.service.tenant(call.caller.tenant)?;
    let fields = &call.fields;
    let starts = fields.integer_in("NotBefore", 0..=SECOND_MAX)?.unwrap_or(0);
    let mut contacts = callees(fields, &tenant, "InvalidParameterValue")?;
    let caller_ids = callers(fields, &tenant)?;
    let flow = fields.integer("IvrId")?;
    let name = match fields.text("Name")? {
        Some(_) => name(fields)?,
        None => "task".to_owned(),
    };
    let description = fields.text("Description")?.unwrap_or_default().to_owned();
    let ends = fields.integer_in("NotAfter", 0..=SECOND_MAX)?;
    let ends = ends.map(Timestamp::from_secs);
    if ends.is_some_and(|ends| ends <= Timestamp::from_secs(starts) || ends <= call.now) {
        let problem = "must be after `NotBefore` and in the future";
        return Err(Fault::value("NotAfter", problem));
    }
    let tries = fields.integer_in("Tries", 1..=3)?.unwrap_or(1);
    let common = variables(fields, "Variables")?;
    let uui = uui(fields)?;
    attributes(fields, &tenant, &common, &mut contacts)?;
    let zone = fields.text("TimeZone")?.unwrap_or(&tenant.time_zone);
    let rules = windows(fields)?;
    if fields.integer("AIAgentId")?.is_some() {
        let message = "The parameter `AIAgentId` is not supported: there are no voice bots.";
        return Err(Fault::new("UnsupportedOperation", message));
    }
    let interval = fields.integer_in("RetryInterval", 600..=86_400)?;
    let ring = fields.integer_in("MaxRingTimeoutSecond", 1..=300)?;
    let mut stored = extras(&common, uui.as_deref());
    stored["Description"] = json!(description);
    for name in ["RetryHangupTypes", "RetryTags"] {
        stored[name] = fields.list(name)?.unwrap_or(json!([]));
    }
    if fields.list("AvailableWorkTimeConfig")?.is_some() {
        let message =
            "The parameter `AvailableWorkTimeConfig` is not supported; use `AvailableTime`.";
        return Err(Fault::new("UnsupportedOperation", message));
    }
    stored["TriggerStrategy"] = fields.list("TriggerStrategy")?.unwrap_or(json!([]));
    let limit = fields.integer_in("ConcurrencyLimit", 1..=i64::from(i32::MAX))?;

    let flow = flow.ok_or_else(|| Fault::missing("IvrId"))?;
    let flow = FlowId::new(u64::try_from(flow).unwrap_or(u64::MAX));
    let flows = call.service.flows(&call.caller).await?;
    if !flows.iter().any(|own| own.id == flow) {
        return Err(Fault::value("IvrId", "names no IVR"));
    }
    check_callers(&call, &caller_ids).await?;
    let calendar = Calendar::new(Some(Timestamp::from_secs(starts)), ends, zone, rules)
        .map_err(|error| Fault::value("TimeZone", &format!("cannot be used: {error}")))?;
    let target = Target::Flow(flow);
    let mut settings = Settings::new(&name, Mode::Concurrency, target, caller_ids, calendar);
    settings.retry = RetryPolicy {
        attempts_total: u32::try_from(tries).unwrap_or(1),
        interval: secs(interval.unwrap_or(600)),
        never: [Outcome::Invalid, Outcome::Machine].into(),
        ..RetryPolicy::default()
    };
    settings.max_calls = limit.and_then(|limit| u32::try_from(limit).ok());
    if let Some(ring) = ring {
        settings.ring_timeout = secs(ring);
    }
    let stored = [(Origin::Tencent, stored)].into();
    let created = call
        .service
        .create_and_start(&call.caller, settings, stored, contacts.list)
        .await?;
    let mut answer = Answer::new();
    answer.insert("TaskId".to_owned(), json!(created.id.number()));
    Ok(answer)
}

fn secs(secs: i64) -> Duration {
    Duration::from_secs(secs.unsigned_abs())
}

/// The task that `TaskId` names: a campaign whose calls a flow takes.
async fn named(call: &Call) -> Result<Campaign, Fault> {
    let none = || Fault::value("TaskId", "names no automatic call-out task");
    let given = call.fields.integer("TaskId")?;
    let given = given.and_then(|id| u32::try_from(id).ok());
    let id = given.and_then(|id| CampaignId::new(id).ok());
    let campaign = call
        .service
        .campaign(&call.caller, id.ok_or_else(none)?)
        .await?;
    match campaign.settings.target.skill_group() {
        None => Ok(campaign),
        Some(_) => Err(none()),
    }
}

/// What the list and the single task have alike.
async fn shown(call: &Call, campaign: &Campaign) -> Result<(Answer, u64), Fault> {
    let stats = call.service.stats(&call.caller, campaign.id).await?;
    let (now, settings) = (stats.calls_now, &campaign.settings);
    let calls_up = now.ringing + now.talking + now.waiting > 0;
    let secs = |at: Timestamp| at.millis() / 1000;
    let flow = match &settings.target {
        Target::Flow(id) => id.number(),
        _ => 0,
    };
    let callers: Vec<String> = settings.caller_ids.iter().map(written).collect();
    let members = [
        ("Name", json!(settings.name)),
        ("Callers", json!(callers)),
        (
            "NotBefore",
            json!(settings.calendar.starts_at().map_or(0, secs)),
        ),
        ("NotAfter", json!(settings.calendar.ends_at().map(secs))),
        ("IvrId", json!(flow)),
        ("State", json!(states::task(campaign.state, calls_up))),
        (
            "MaxRingTimeoutSecond",
            json!(settings.ring_timeout.as_secs()),
        ),
    ];
    let members = members.map(|(name, value)| (name.to_owned(), value));
    let contacts = stats.contacts;
    let count = contacts.waiting + contacts.in_progress + contacts.done;
    Ok((members.into_iter().collect(), count))
}

/// `DescribeAutoCalloutTasks`, newest first.
async fn list(call: Call) -> Result<Answer, Fault> {
    let paging = Paging::read(&call.fields, 100, None)?;
    let is_task = |campaign: &Campaign| campaign.settings.target.skill_group().is_none();
    let found = campaigns::all(&call, is_task).await?;
    let total = found.len();
    let mut tasks = Vec::new();
    for campaign in paging.of(found) {
        let (mut task, count) = shown(&call, &campaign).await?;
        task.insert("TaskId".to_owned(), json!(campaign.id.number()));
        task.insert("CalleeCount".to_owned(), json!(count));
        tasks.push(Value::Object(task));
    }
    let mut answer = Answer::new();
    answer.insert("TotalCount".to_owned(), json!(total));
    answer.insert("Tasks".to_owned(), json!(tasks));
    Ok(answer)
}

/// `DescribeAutoCalloutTask`, with every callee and its sessions.
async fn one(call: Call) -> Result<Answer, Fault> {
    let campaign = named(&call).await?;
    let (mut answer, _) = shown(&call, &campaign).await?;
    let stored = campaign.extras.get(&Origin::Tencent);
    let description = stored.and_then(|stored| stored.get("Description")).cloned();
    answer.insert("Description".to_owned(), description.unwrap_or(json!("")));
    let mut sessions = sessions(&call, campaign.id).await?;
    let (mut callees, mut cursor) = (Vec::new(), None);
    loop {
        let request = PageRequest {
            cursor,
            limit: Some(1000),
        };
        let page = call
            .service
            .contacts(&call.caller, campaign.id, request)
            .await?;
        callees.extend(page.items.iter().map(|contact| {
            json!({
                "Callee": contact.numbers.first().map(written),
                "State": callee_state(contact),
                "Sessions": sessions.remove(&contact.id).unwrap_or_default(),
            })
        }));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    answer.insert("Callees".to_owned(), json!(callees));
    Ok(answer)
}

/// The sessions of a task's callees, oldest first.
async fn sessions(call: &Call, id: CampaignId) -> Result<BTreeMap<ContactId, Vec<String>>, Fault> {
    let filter = AttemptFilter {
        campaign: Some(id),
        ..AttemptFilter::default()
    };
    let (mut sessions, mut cursor) = (BTreeMap::<ContactId, Vec<String>>::new(), None);
    loop {
        let request = PageRequest {
            cursor,
            limit: Some(1000),
        };
        let page = call.service.attempts(&call.caller, filter, request).await?;
        for attempt in &page.items {
            let session = session_id(call.caller.tenant, attempt.id);
            sessions.entry(attempt.contact).or_default().push(session);
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(sessions);
        }
    }
}

/// A callee's `State`: 0 initial, 1 answered, 2 not answered, 3 calling, 4 waiting for a retry.
fn callee_state(contact: &Contact) -> u8 {
    match contact.state {
        ContactState::InProgress => 3,
        ContactState::Done if contact.last_outcome == Some(Outcome::Answered) => 1,
        ContactState::Done => 2,
        ContactState::Resting if contact.history.dialed > 0 => 4,
        ContactState::Fresh | ContactState::Resting => 0,
    }
}

/// Pause, Resume and Stop: in these states, else `UnsupportedOperation`.
async fn command(
    call: Call,
    command: LifeCycleCommand,
    allowed: &'static [u8],
) -> Result<Answer, Fault> {
    let campaign = named(&call).await?;
    if !allowed.contains(&states::task(campaign.state, false)) {
        let name = campaign.state.name();
        let message = format!("A task that is {name} cannot {}.", command.name());
        return Err(Fault::new("UnsupportedOperation", message));
    }
    call.service
        .command_campaign(&call.caller, campaign.id, command)
        .await?;
    Ok(Answer::new())
}
