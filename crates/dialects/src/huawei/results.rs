//! Results of calls: of a campaign, of one call, and how often which failure occurred.

use std::collections::BTreeMap;

use outdial_domain::{Attempt, AttemptId, CampaignId, Contact, ContactId, ContactState, Timestamp};
use outdial_service::views::PageRequest;
use outdial_service::{AttemptFilter, ServiceError};
use serde_json::{Value, json};

use super::calldata::CUSTOM_FIELD;
use super::campaign::{campaign_id, campaign_of};
use super::fail_code::{SUCCESS, call_status, fail_code};
use super::fault::{Fault, FieldFault};
use super::outcomes::Displays;
use super::routes::{Answer, Call};
use super::time::Zone;
use super::wire::Fields;

/// Rows without paging. Source: the page about querying results.
const ROWS_MAX: usize = 2_000;

/// Days that a query may span. Source: as above.
const DAYS_MAX: i64 = 30;

/// Both days or neither, `yyyy-MM-dd`: from the first's beginning until the second's end.
fn days(
    fields: &Fields,
    zone: &Zone,
    names: [&str; 2],
) -> Result<Option<(Timestamp, Timestamp)>, Fault> {
    let day = |name: &str| {
        let Some(text) = fields.text(name)? else {
            return Ok(None);
        };
        let wrong = || {
            fields.fault(
                FieldFault::Conversion,
                name,
                "is not a day such as 2026-01-15",
            )
        };
        let at = zone.parse(&format!("{text} 00:00:00"));
        at.map(Some).ok_or_else(wrong)
    };
    let combined = |problem: &str| Err(fields.fault(FieldFault::Combination, names[1], problem));
    match (day(names[0])?, day(names[1])?) {
        (None, None) => Ok(None),
        (Some(first), Some(last)) => {
            let length = last.millis() - first.millis();
            // A day more for clocks that are put forward or back.
            if !(0..=DAYS_MAX * 86_400_000 + 3_600_000).contains(&length) {
                return combined("must be from 0 to 30 days after the first day");
            }
            let next = Timestamp::from_millis(last.millis() + 30 * 3_600_000);
            Ok(Some((first, zone.midnight(next))))
        }
        _ => combined("the first and the last day are given together"),
    }
}

/// Every attempt of a campaign that is over, oldest first.
pub(super) async fn ended(call: &Call, id: CampaignId) -> Result<Vec<Attempt>, Fault> {
    let mut attempts = Vec::new();
    let mut cursor = None;
    loop {
        let limit = Some(1_000);
        let page = PageRequest { cursor, limit };
        let filter = AttemptFilter {
            campaign: Some(id),
            ..AttemptFilter::default()
        };
        let page = call.service.attempts(&call.caller, filter, page).await?;
        let over = |attempt: &Attempt| attempt.outcome.is_some();
        attempts.extend(page.items.into_iter().filter(over));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(attempts);
        }
    }
}

pub(super) async fn records(
    call: &Call,
    id: CampaignId,
) -> Result<BTreeMap<ContactId, Contact>, Fault> {
    let mut records = BTreeMap::new();
    let mut cursor = None;
    loop {
        let limit = Some(1_000);
        let page = PageRequest { cursor, limit };
        let page = call.service.contacts(&call.caller, id, page).await?;
        records.extend(page.items.into_iter().map(|contact| (contact.id, contact)));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(records);
        }
    }
}

/// `callId`: the second in which the call began, and its number.
pub(super) fn call_id(attempt: &Attempt) -> String {
    format!(
        "{}-{}",
        attempt.started_at.millis().div_euclid(1000),
        attempt.id
    )
}

/// The number as it was given with its record.
pub(super) fn called(attempt: &Attempt, contact: Option<&Contact>) -> String {
    let mut numbers = contact.into_iter().flat_map(|contact| &contact.numbers);
    let given = numbers.find(|number| **number == attempt.number);
    given.unwrap_or(&attempt.number).given()
}

/// What both queries show of a call.
fn shown(
    call: &Call,
    displays: &Displays,
    attempt: &Attempt,
    contact: Option<&Contact>,
) -> Option<Value> {
    let outcome = attempt.outcome?;
    let code = fail_code(attempt, outcome);
    Some(json!({
        "called": called(attempt, contact),
        "callStatus": call_status(outcome),
        "failCode": code,
        "resultCode": displays.code(code),
        "vdnId": call.vdn_id,
        "callId": call_id(attempt),
        "recordPath": "",
    }))
}

/// `POST …/callresult/{campaignId}`. Source: the CC-iSales page of the operation.
pub(super) async fn list(call: Call) -> Result<Answer, Fault> {
    let zone = Zone::of(&call)?;
    let fields = &call.body;
    let session = fields.text_up_to("sessionId", 32)?;
    let custom = fields.text_up_to(CUSTOM_FIELD, 200)?;
    let detail = fields.integer_in("showDetail", 0..=1)?.unwrap_or(0) == 1;
    let most = if detail { 100 } else { 500 };
    let size = fields.integer_in("pageSize", 1..=most)?;
    let number = fields
        .integer_in("pageNum", 1..=i64::from(i32::MAX))?
        .unwrap_or(1);
    let period = days(fields, &zone, ["beginTime", "endTime"])?;
    let campaign = campaign_of(&call).await?;
    let displays = Displays::of(&call.service, &call.caller).await?;
    let mut attempts = ended(&call, campaign.id).await?;
    let records = records(&call, campaign.id).await?;
    if !detail {
        attempts = finals(attempts, &records);
    }
    let text_of = |attempt: &Attempt| {
        let contact = records.get(&attempt.contact)?;
        Some((
            contact.external_id.as_deref(),
            contact.attributes.get(CUSTOM_FIELD),
        ))
    };
    attempts.retain(|attempt| {
        let (own_session, own_custom) = text_of(attempt).unwrap_or_default();
        let at = attempt.started_at;
        session
            .as_deref()
            .is_none_or(|session| own_session == Some(session))
            && custom
                .as_ref()
                .is_none_or(|custom| own_custom == Some(custom))
            && period.is_none_or(|(from, to)| from <= at && at < to)
    });
    let rows = size.map_or(ROWS_MAX, |size| usize::try_from(size).unwrap_or(ROWS_MAX));
    let before = usize::try_from(number - 1).unwrap_or(usize::MAX);
    let page = attempts.iter().skip(before.saturating_mul(rows)).take(rows);
    let data: Vec<Value> = page
        .filter_map(|attempt| {
            let mut row = shown(&call, &displays, attempt, records.get(&attempt.contact))?;
            let (session, _) = text_of(attempt).unwrap_or_default();
            row["campaignId"] = campaign.id.to_string().into();
            row["sessionId"] = session.unwrap_or_default().into();
            row["callTimeStr"] = zone.write(attempt.started_at).into();
            Some(row)
        })
        .collect();
    let total = json!(attempts.len());
    Ok(Answer::with(
        "Query Success!",
        [("totalCount", total), ("data", json!(data))],
    ))
}

/// The last attempt of each record that is final.
fn finals(attempts: Vec<Attempt>, records: &BTreeMap<ContactId, Contact>) -> Vec<Attempt> {
    let done = |attempt: &Attempt| {
        let contact = records.get(&attempt.contact);
        contact.is_some_and(|contact| contact.state == ContactState::Done)
    };
    let last: BTreeMap<ContactId, Attempt> = attempts
        .into_iter()
        .filter(done)
        .map(|attempt| (attempt.contact, attempt))
        .collect();
    let mut finals: Vec<Attempt> = last.into_values().collect();
    finals.sort_by_key(|attempt| attempt.id);
    finals
}

/// `GET …/callresultdetail/{callId}`. Source: the CC-iSales page of the operation.
pub(super) async fn detail(call: Call) -> Result<Answer, Fault> {
    let zone = Zone::of(&call)?;
    let unknown = || Fault::field(FieldFault::Value, "callId", "is no call of this tenant");
    let number = call
        .text(0)
        .split_once('-')
        .and_then(|(_, id)| id.parse().ok());
    let id = AttemptId::new(number.ok_or_else(unknown)?);
    let attempt = match call.service.attempt(&call.caller, id).await {
        Ok(attempt) if call_id(&attempt) == call.text(0) => attempt,
        Ok(_) | Err(ServiceError::NotFound { .. }) => return Err(unknown()),
        Err(error) => return Err(error.into()),
    };
    let (service, caller) = (&call.service, &call.caller);
    let contact = service
        .contact(caller, attempt.campaign, attempt.contact)
        .await;
    let displays = Displays::of(service, caller).await?;
    // The list may have been replaced since.
    let contact = contact.ok();
    let mut data = shown(&call, &displays, &attempt, contact.as_ref()).ok_or_else(unknown)?;
    let time = |at: Option<Timestamp>| at.map(|at| zone.write(at)).unwrap_or_default();
    data["ackBeginTime"] = time(attempt.progress_at).into();
    data["callBeginTime"] = time(attempt.answered_at).into();
    data["callEndTime"] = time(attempt.ended_at).into();
    // The example has a text where the table says a number.
    data["callStatus"] = data["callStatus"].to_string().into();
    Ok(Answer::with("Query Success!", [("data", data)]))
}

/// `GET …/failcategorystatistics`. Source: the CC-iSales page of the operation.
pub(super) async fn failures(call: Call) -> Result<Answer, Fault> {
    let zone = Zone::of(&call)?;
    let id = call.query.integer("campaignId")?;
    let id = call.query.required("campaignId", id)?;
    let period = days(&call.query, &zone, ["startDate", "endDate"])?;
    let id = campaign_id(u64::try_from(id).unwrap_or(0))?;
    let mut by_day: BTreeMap<String, BTreeMap<&str, u64>> = BTreeMap::new();
    for attempt in ended(&call, id).await? {
        let at = attempt.started_at;
        let Some(outcome) = attempt.outcome else {
            continue;
        };
        let code = fail_code(&attempt, outcome);
        if code != SUCCESS && period.is_none_or(|(from, to)| from <= at && at < to) {
            *by_day
                .entry(zone.day(at))
                .or_default()
                .entry(code)
                .or_default() += 1;
        }
    }
    let days = by_day.into_iter();
    let data: Vec<Value> = days
        .map(|(day, codes)| json!({"statDate": day, "failData": codes}))
        .collect();
    Ok(Answer::with("query success", [("data", json!(data))]))
}
