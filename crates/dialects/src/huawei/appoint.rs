//! Reserved calls. Unlike everywhere else in this API, times are milliseconds since 1970.

use std::collections::BTreeMap;
use std::time::Duration;

use outdial_domain::{
    AgentId, Appointment, AppointmentId, AppointmentKind, AppointmentState, Timestamp,
};
use outdial_service::views::PageRequest;
use outdial_service::{AppointmentChange, AppointmentDraft, AppointmentFilter, ServiceError};
use serde_json::{Value, json};

use super::campaign::{Names, campaign_id, phone_number};
use super::fail_code::{SUCCESS, fail_code};
use super::fault::{Fault, FieldFault};
use super::routes::{Answer, Call};
use super::wire::Fields;

/// So long before its time an automatic one is dialed. Source: the page about creating.
const AUTOMATIC_AHEAD: Duration = Duration::from_secs(300);

/// Where an automatic one keeps the time that it was given.
const APPOINT_TIME: &str = "appointTime";

/// Where the number is kept as it was given.
const CALLED_NO: &str = "calledNo";

/// Digits of the part of an id that is the time at which the reservation was made, and of the rest.
const ID_DIGITS: (usize, usize) = (13, 17);

/// The id: 30 digits, as the vendor's are.
fn shown_id(appointment: &Appointment) -> String {
    let (first, rest) = ID_DIGITS;
    let made = appointment.created_at.millis().max(0);
    format!("{made:0first$}{:0rest$}", appointment.id.number())
}

fn unknown() -> Fault {
    Fault::business("04000004", "the reserved task does not exist")
}

/// The reservation that the body names.
async fn named(call: &Call) -> Result<Appointment, Fault> {
    let id = call.body.text("appointId")?;
    let id = call.body.required("appointId", id)?;
    if !id.bytes().all(|c| c.is_ascii_digit()) || id.len() != ID_DIGITS.0 + ID_DIGITS.1 {
        return Err(unknown());
    }
    let number = id[ID_DIGITS.0..].parse().map_err(|_| unknown())?;
    let found = call
        .service
        .appointment(&call.caller, AppointmentId::new(number));
    match found.await {
        Ok(appointment) if shown_id(&appointment) == id => Ok(appointment),
        Ok(_) | Err(ServiceError::NotFound { .. }) => Err(unknown()),
        Err(error) => Err(error.into()),
    }
}

/// The agent: `workNo`, or `userAccount` where that is all.
fn agent(fields: &Fields) -> Result<Option<AgentId>, Fault> {
    let account = fields.text_up_to("userAccount", 32)?;
    let work_no = fields.text_up_to("workNo", 32)?;
    let (name, text) = match (work_no, account) {
        (Some(work_no), _) => ("workNo", work_no),
        (None, Some(account)) => ("userAccount", account),
        (None, None) => return Ok(None),
    };
    let wrong = |_| fields.fault(FieldFault::Characters, name, "is no agent's id");
    AgentId::new(&text).map(Some).map_err(wrong)
}

fn instant(fields: &Fields, name: &str) -> Result<Option<Timestamp>, Fault> {
    Ok(fields.integer(name)?.map(Timestamp::from_millis))
}

fn remark(fields: &Fields) -> Result<Option<String>, Fault> {
    match fields.value("remark") {
        // An empty one takes a remark away.
        Some(Value::String(text)) if text.is_empty() => Ok(Some(String::new())),
        _ => fields.text_up_to("remark", Appointment::REMARK_MAX),
    }
}

/// `POST …/appoint/create`. Source: the CC-iSales page of the operation.
pub(super) async fn create(call: Call) -> Result<Answer, Fault> {
    let fields = &call.body;
    let kind = fields.integer_in("callType", 1..=2)?;
    let automatic = fields.required("callType", kind)? == 2;
    let called = fields.text("calledNo")?;
    let called = fields.required("calledNo", called)?;
    let agent = agent(fields)?;
    let task = fields.integer("taskId")?;
    let task = fields.required("taskId", task)?;
    let time = instant(fields, APPOINT_TIME)?;
    let time = fields.required(APPOINT_TIME, time)?;
    let data = fields.text_up_to("callData", 1024)?;
    let remark = remark(fields)?.unwrap_or_default();
    if !automatic {
        fields.required("workNo", agent)?;
    }
    let wrong_number = || Fault::business("04000002", "calledNo: is no number that can be called");
    phone_number(fields, "calledNo").map_err(|_| wrong_number())?;
    let names = Names::of(&call).await?;
    let number = names.number(&called).ok_or_else(wrong_number)?;
    if time <= call.now {
        return Err(Fault::business("04000001", "appointTime: is in the past"));
    }
    // Kept as it was given: a number is stored without its spelling.
    let mut attributes = BTreeMap::from([(CALLED_NO.to_owned(), called)]);
    let mut due_at = time;
    if automatic {
        attributes.insert(APPOINT_TIME.to_owned(), time.millis().to_string());
        attributes.extend(data.map(|data| ("callData".to_owned(), data)));
        let ahead = i64::try_from(AUTOMATIC_AHEAD.as_millis()).unwrap_or(0);
        let soonest = call.now.millis().saturating_add(1_000);
        due_at = Timestamp::from_millis(time.millis().saturating_sub(ahead).max(soonest)).min(time);
    }
    let draft = AppointmentDraft {
        kind: match automatic {
            true => AppointmentKind::Automatic,
            false => AppointmentKind::Manual,
        },
        campaign: campaign_id(u64::try_from(task).unwrap_or(0))?,
        contact: None,
        number,
        agent,
        skill_group: None,
        caller_id: None,
        due_at,
        valid_until: None,
        remark,
        attributes,
    };
    let made = call.service.create_appointment(&call.caller, draft).await?;
    // The table and the example have two names for it.
    let id = shown_id(&made);
    let object = json!({"appointId": id, "id": id});
    Ok(Answer::with("success", [("returnObject", object)]))
}

/// `POST …/appoint/update`: manual ones that wait. Source: "Modifying a Reserved Outbound Call Task".
pub(super) async fn update(call: Call) -> Result<Answer, Fault> {
    let id = call.body.text("appointId")?;
    call.body.required("appointId", id)?;
    let change = AppointmentChange {
        agent: agent(&call.body)?,
        due_at: instant(&call.body, APPOINT_TIME)?,
        remark: remark(&call.body)?,
        ..AppointmentChange::default()
    };
    let appointment = named(&call).await?;
    if appointment.kind == AppointmentKind::Automatic {
        let text = "appointId: an automatic reservation cannot be modified";
        return Err(Fault::business("0200001", text));
    }
    if change.due_at.is_some_and(|at| at <= call.now) {
        return Err(Fault::business("0200001", "appointTime: is in the past"));
    }
    let changed = call
        .service
        .change_appointment(&call.caller, appointment.id, change);
    changed.await.map_err(gone)?;
    Ok(Answer::with("update success", []))
}

/// `POST …/appoint/updateResult`: what an agent says of a manual one. Source: the CC-iSales page of the
/// operation.
pub(super) async fn update_result(call: Call) -> Result<Answer, Fault> {
    let fields = &call.body;
    let id = fields.text("appointId")?;
    fields.required("appointId", id)?;
    let mut report = BTreeMap::new();
    for name in [
        "userAccount",
        "workNo",
        "callerNo",
        "failCode",
        "callId",
        "busiResult",
        "busiSubStatus",
    ] {
        let given = fields.text_up_to(name, 200)?;
        report.extend(given.map(|given| (name.to_owned(), given)));
    }
    for name in ["beginTime", "endTime"] {
        let given = fields.integer(name)?;
        report.extend(given.map(|given| (name.to_owned(), given.to_string())));
    }
    let appointment = named(&call).await?;
    if appointment.kind == AppointmentKind::Automatic {
        let text = "appointId: the system writes the result of an automatic reservation";
        return Err(Fault::business("0200001", text));
    }
    let reported = call
        .service
        .report_appointment(&call.caller, appointment.id, report);
    reported.await.map_err(gone)?;
    Ok(Answer::with("update success", []))
}

/// `POST …/appoint/delete`. Source: the CC-iSales page of the operation.
pub(super) async fn remove(call: Call) -> Result<Answer, Fault> {
    let appointment = named(&call).await?;
    let removed = call
        .service
        .remove_appointment(&call.caller, appointment.id);
    removed.await.map_err(gone)?;
    Ok(Answer::with("success", []))
}

/// What was taken back since it was looked for is not there.
fn gone(error: ServiceError) -> Fault {
    match error {
        ServiceError::NotFound {
            what: "appointment",
            ..
        } => unknown(),
        error => error.into(),
    }
}

/// `POST …/appoint/list`. Source: the CC-iSales page of the operation.
pub(super) async fn list(call: Call) -> Result<Answer, Fault> {
    let fields = &call.body;
    let names = Names::of(&call).await?;
    let called = phone_number(fields, "calledNo")?;
    let accounts = fields.texts("userAccountList")?.unwrap_or_default();
    let from = instant(fields, "beginTime")?;
    let to = instant(fields, "endTime")?;
    let task = fields.integer("taskId")?;
    let offset = fields.integer_in("offset", 0..=i64::from(i32::MAX))?;
    let offset = fields.required("offset", offset)?;
    let limit = fields.integer_in("limit", 1..=1_000)?;
    let limit = fields.required("limit", limit)?;
    let named_some = !accounts.is_empty();
    let filter = AppointmentFilter {
        campaign: task
            .map(|task| campaign_id(u64::try_from(task).unwrap_or(0)))
            .transpose()?,
        number: called.as_deref().and_then(|called| names.number(called)),
        agents: accounts
            .iter()
            .filter_map(|id| AgentId::new(id).ok())
            .collect(),
        state: None,
        from,
        to: to.map(|to| Timestamp::from_millis(to.millis().saturating_add(1))),
    };
    // Nobody is called so: the list is empty, not everyone's.
    let nobody = named_some && filter.agents.is_empty();
    let found = if nobody {
        Vec::new()
    } else {
        all(&call, &filter).await?
    };
    let rows = found
        .iter()
        .skip(usize::try_from(offset).unwrap_or(usize::MAX));
    let mut data = Vec::new();
    for appointment in rows.take(usize::try_from(limit).unwrap_or(0)) {
        data.push(shown(&call, appointment).await?);
    }
    let total = json!(found.len());
    Ok(Answer::with(
        "query success",
        [("totalCount", total), ("data", json!(data))],
    ))
}

async fn all(call: &Call, filter: &AppointmentFilter) -> Result<Vec<Appointment>, Fault> {
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let limit = Some(1_000);
        let page = PageRequest { cursor, limit };
        let page = call
            .service
            .appointments(&call.caller, filter.clone(), page)
            .await?;
        found.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(found);
        }
    }
}

async fn shown(call: &Call, appointment: &Appointment) -> Result<Value, Fault> {
    let (service, caller) = (&call.service, &call.caller);
    let campaign = service.campaign(caller, appointment.campaign).await.ok();
    let attempt = match appointment.attempt {
        Some(id) => service.attempt(caller, id).await.ok(),
        None => None,
    };
    let reported = |name: &str| appointment.report.get(name).cloned().unwrap_or_default();
    let code = attempt.as_ref().zip(appointment.outcome);
    let code = code.map(|(attempt, outcome)| fail_code(attempt, outcome).to_owned());
    let given = appointment
        .attributes
        .get(APPOINT_TIME)
        .and_then(|at| at.parse().ok());
    let time: i64 = given.unwrap_or(appointment.due_at.millis());
    let called = appointment.attributes.get(CALLED_NO).cloned();
    let agent = appointment.agent.map(|agent| agent.to_string());
    let kind = match appointment.kind {
        AppointmentKind::Manual => "1",
        AppointmentKind::Automatic => "2",
    };
    let status = match appointment.state {
        AppointmentState::Waiting => 0,
        AppointmentState::Calling => 1,
        AppointmentState::Done => match code.as_deref() {
            Some(SUCCESS) | None => 2,
            Some(_) => 3,
        },
        _ => 3,
    };
    Ok(json!({
        "appointId": shown_id(appointment),
        "callType": kind,
        "appointTime": time,
        "calledNo": called.unwrap_or_else(|| appointment.number.given()),
        "taskId": appointment.campaign.to_string(),
        "taskName": campaign.map(|campaign| campaign.settings.name),
        "taskStatus": status,
        "timeout": appointment.state == AppointmentState::TimedOut,
        "userAccount": agent,
        "userName": agent,
        "workNo": agent,
        "beginTime": attempt.as_ref().map(|attempt| attempt.started_at.millis()),
        "endTime": attempt.as_ref().and_then(|attempt| attempt.ended_at).map(Timestamp::millis),
        "remark": appointment.remark,
        "callId": reported("callId"),
        "failCode": code.unwrap_or_else(|| reported("failCode")),
        "busiResult": reported("busiResult"),
        "busiSubStatus": reported("busiSubStatus"),
    }))
}
