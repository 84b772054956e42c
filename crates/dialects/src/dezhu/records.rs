//! 通话记录查询: what became of the calls.
//!
//! Source: "通话记录查询" (parameters) and "通话记录-回调" (the fields of a record).

use std::collections::{BTreeMap, BTreeSet};

use outdial_domain::{
    Attempt, CampaignId, Contact, ContactId, EndedBy, Outcome, SkillGroupId, Timestamp,
};
use outdial_service::AttemptFilter;
use outdial_service::views::PageRequest;
use serde_json::{Value, json};

use super::customers::{relation_name, result_of};
use super::fault::Fault;
use super::groups::staff_id;
use super::page::Paging;
use super::period::{clock, date, day_bounds, today};
use super::routes::Call;
use super::task::Surroundings;
use super::wire::Fields;

/// A callee who is gone so soon after the answer has hung up at once.
const QUICK_HANG_UP_MS: i64 = 3000;
/// Without dates so many days are looked at.
const DAYS_DEFAULT: i64 = 7;

/// What records are asked for.
struct Query {
    from: Timestamp,
    to: Timestamp,
    nothing: bool,
    campaign: Option<CampaignId>,
    agent: Option<i64>,
    result: Option<i64>,
    /// A group by its name; `Some(None)` = one that does not exist.
    group: Option<Option<SkillGroupId>>,
    search: String,
    person_or_number: String,
    person: String,
    phone: String,
}

/// 通话记录查询.
pub(super) async fn list_records(call: Call) -> Result<Value, Fault> {
    let around = Surroundings::of(&call).await?;
    let query = Query::read(&call, &around).await?;
    let paging = Paging::read(&call.query)?;
    let records = Records::of(&call, &query).await?;
    let page = paging.of(&records.found);
    let ids = page.iter().map(|attempt| attempt.contact).collect();
    let contacts = call.service.contacts_by_id(&call.caller, ids).await?;
    let contacts: BTreeMap<_, _> = contacts.into_iter().map(|c| (c.id, c)).collect();
    let list: Vec<Value> = page
        .iter()
        .map(|attempt| records.shown(attempt, contacts.get(&attempt.contact), &call, &around))
        .collect();
    Ok(json!({"total": records.found.len(), "list": list}))
}

impl Query {
    async fn read(call: &Call, around: &Surroundings) -> Result<Self, Fault> {
        let query = &call.query;
        let mode = query.integer_in("queryMode", 1..=3)?.unwrap_or(1);
        let agent = query.integer("userId")?;
        let kind = query.integer_in("callType", 1..=3)?;
        let (from, to) = Self::period(query, around)?;
        let result = query.integer_in("callResult", 0..=10)?;
        let score = query.integer_in("evaluationScore", 0..=5)?;
        let group = text(query, "skillsetName")?;
        let search = text(query, "searchInfo")?;
        let person_or_number = text(query, "nameOrPhoneOrRelay")?;
        let summary = text(query, "summaryId")?;
        let person = text(query, "name")?;
        let phone = text(query, "customerPhone")?;
        let campaign = match query.value("taskId") {
            Some(Value::String(id)) if id.is_empty() => None,
            None => None,
            Some(_) => Some(super::task::task_id(query)?),
        };
        if mode != 1 {
            return Err(Fault::failed("queryMode: summaries are not kept"));
        }
        let group = match group.as_str() {
            "" => None,
            name => {
                let groups = call.service.skill_groups(&call.caller).await?;
                let named = groups.iter().find(|group| group.name == name);
                Some(named.map(|group| group.id))
            }
        };
        Ok(Self {
            from,
            to,
            // All calls are automatic outbound ones, without score and summary.
            nothing: kind.is_some_and(|kind| kind != 3)
                || score.is_some_and(|score| score > 0)
                || !summary.is_empty(),
            campaign,
            agent,
            result,
            group,
            search,
            person_or_number,
            person,
            phone,
        })
    }

    /// From the beginning of the first day to the end of the last one.
    fn period(query: &Fields, around: &Surroundings) -> Result<(Timestamp, Timestamp), Fault> {
        let given = |name| match query.text(name)? {
            Some(text) if text.is_empty() => Ok(None),
            _ => date(query, name),
        };
        let (first, last) = (given("startDate")?, given("endDate")?);
        let last = last.unwrap_or_else(|| {
            first
                .unwrap_or(jiff::civil::Date::MIN)
                .max(today(around.now, &around.zone))
        });
        let week = || last.saturating_sub(jiff::Span::new().days(DAYS_DEFAULT - 1));
        let first = first.unwrap_or_else(week);
        if last < first {
            return Err(query.wrong("endDate"));
        }
        let day = |date, name| day_bounds(date, &around.zone).ok_or_else(|| query.wrong(name));
        Ok((day(first, "startDate")?.0, day(last, "endDate")?.1))
    }

    fn asks_for_people(&self) -> bool {
        !(self.person.is_empty() && self.person_or_number.is_empty() && self.search.is_empty())
    }
}

fn text(query: &Fields, name: &str) -> Result<String, Fault> {
    Ok(query.text(name)?.unwrap_or_default().trim().to_owned())
}

/// The attempts that were found, newest first, and what they are shown with.
struct Records {
    found: Vec<Attempt>,
    groups: BTreeMap<CampaignId, Option<SkillGroupId>>,
    agents: BTreeMap<outdial_domain::AgentId, String>,
}

impl Records {
    async fn of(call: &Call, query: &Query) -> Result<Self, Fault> {
        let agents = call.service.agents(&call.caller).await?;
        let mut records = Self {
            found: Vec::new(),
            groups: BTreeMap::new(),
            agents: agents.into_iter().map(|a| (a.id, a.name)).collect(),
        };
        if let Some(id) = query.campaign {
            call.service.campaign(&call.caller, id).await?;
        }
        if query.nothing {
            return Ok(records);
        }
        let filter = AttemptFilter {
            campaign: query.campaign,
            number: None,
            newest_first: true,
        };
        let mut page = PageRequest {
            cursor: None,
            limit: Some(1000),
        };
        loop {
            let part = call
                .service
                .attempts(&call.caller, filter, page.clone())
                .await?;
            // Attempts are numbered in the order of dialing.
            let earlier = part.items.last().is_some_and(|a| a.started_at < query.from);
            records.take(call, query, part.items).await?;
            page.cursor = part.next_cursor;
            if earlier || page.cursor.is_none() {
                break;
            }
        }
        Ok(records)
    }

    /// Keeps those of a page that are asked for.
    async fn take(
        &mut self,
        call: &Call,
        query: &Query,
        mut page: Vec<Attempt>,
    ) -> Result<(), Fault> {
        page.retain(|a| {
            a.started_at >= query.from && a.started_at < query.to && a.ended_at.is_some()
        });
        let mut fresh: BTreeSet<_> = page.iter().map(|attempt| attempt.campaign).collect();
        fresh.retain(|id| !self.groups.contains_key(id));
        for id in fresh {
            // A task that is gone has left its calls.
            let found = call.service.campaign(&call.caller, id).await.ok();
            let group = found.and_then(|campaign| campaign.settings.target.skill_group());
            self.groups.insert(id, group);
        }
        let contacts: BTreeMap<ContactId, Contact> = if query.asks_for_people() {
            let ids = page.iter().map(|attempt| attempt.contact).collect();
            let contacts = call.service.contacts_by_id(&call.caller, ids).await?;
            contacts.into_iter().map(|c| (c.id, c)).collect()
        } else {
            BTreeMap::new()
        };
        page.retain(|attempt| self.fits(query, attempt, contacts.get(&attempt.contact)));
        self.found.append(&mut page);
        Ok(())
    }

    fn fits(&self, query: &Query, attempt: &Attempt, contact: Option<&Contact>) -> bool {
        let customer = contact.and_then(|contact| contact.attributes.get("name"));
        let customer = customer.map_or("", String::as_str);
        let agent = attempt.agent.and_then(|id| self.agents.get(&id));
        let agent = agent.map_or("", String::as_str);
        let staff = attempt.agent.map(staff_id);
        let has = |number: outdial_domain::PhoneNumber, part: &str| {
            number.text().contains(part) || number.given().contains(part)
        };
        let (to, from) = (attempt.number, attempt.caller_id);
        let group = self.groups.get(&attempt.campaign).copied().flatten();
        let said = |part: &str, matches: bool| part.is_empty() || matches;
        let (search, any, person) = (&query.search, &query.person_or_number, &query.person);
        query.agent.is_none_or(|agent| staff == Some(json!(agent)))
            && query
                .result
                .is_none_or(|result| result == call_result(attempt))
            && query
                .group
                .is_none_or(|wanted| wanted.is_some() && wanted == group)
            && said(
                search,
                agent.contains(&**search) || has(to, search) || has(from, search),
            )
            && said(
                any,
                customer.contains(&**any) || has(to, any) || has(from, any),
            )
            && said(
                person,
                customer.contains(&**person) || agent.contains(&**person),
            )
            && said(&query.phone, has(to, &query.phone))
    }

    fn shown(
        &self,
        attempt: &Attempt,
        contact: Option<&Contact>,
        call: &Call,
        around: &Surroundings,
    ) -> Value {
        let secs = |from: Option<Timestamp>, to: Option<Timestamp>| match (from, to) {
            (Some(from), Some(to)) => to.since(from).as_secs(),
            _ => 0,
        };
        let pick_up = attempt.answered_at.or(attempt.ended_at);
        let attribute = |name: &str| contact.and_then(|contact| contact.attributes.get(name));
        let dialed = |contact: &&Contact| {
            let place = contact.numbers.iter().position(|n| *n == attempt.number);
            place.and_then(|place| contact.attributes.get(&relation_name(place)).cloned())
        };
        let answered = attempt.answered_at.map(|at| at.millis().to_string());
        let group = self.groups.get(&attempt.campaign).copied().flatten();
        json!({
            "id": attempt.id.to_string(),
            "iccCallId": attempt.id.to_string(),
            "tenantId": call.caller.tenant.to_string(),
            "communicateVoiceId": "",
            "iccRecordDate": answered.unwrap_or_default(),
            "callType": 2,
            "callingNumber": attempt.caller_id.given(),
            "calledNumber": attempt.number.given(),
            "custNumberAttribution": "",
            "custIspName": "",
            "callWaitDuration": secs(Some(attempt.started_at), pick_up),
            "queueWaitDuration": secs(attempt.answered_at, attempt.joined_at.or(attempt.ended_at)),
            "parkingWaitDuration": secs(attempt.progress_at, pick_up),
            "digitUrl": "",
            "staffId": attempt.agent.map(staff_id),
            "staffName": attempt.agent.and_then(|id| self.agents.get(&id)),
            "skillSetId": group.map(|group| around.skill_set_id(group)),
            "communicateDuration": secs(attempt.joined_at, attempt.ended_at),
            "communicateSource": 2,
            "communicateBeginTime": clock(Some(attempt.started_at), &around.zone),
            "communicateEndTime": clock(attempt.ended_at, &around.zone),
            "createTime": clock(Some(attempt.started_at), &around.zone),
            "customerName": attribute("name"),
            "speechCallResult": call_result(attempt),
            "evaluationScore": 0,
            "taskId": attempt.campaign.number(),
            "externalCustomerId": contact.and_then(|contact| contact.external_id.as_ref()),
            "externalData": attribute("externalData"),
            "relation": contact.as_ref().and_then(dialed),
        })
    }
}

/// `speechCallResult`: what an outcome alone does not tell is in who ended the call, and when.
fn call_result(attempt: &Attempt) -> i64 {
    if attempt.outcome != Some(Outcome::Abandoned) {
        return result_of(attempt.outcome);
    }
    let talked = attempt.answered_at.zip(attempt.ended_at);
    let quick = talked.is_some_and(|(from, to)| to.millis() - from.millis() < QUICK_HANG_UP_MS);
    let by_callee = attempt.evidence.ended_by == Some(EndedBy::Remote);
    match attempt.agent {
        _ if quick && by_callee => 7,
        // Its agent was bound to it and did not come.
        Some(_) if !by_callee => 6,
        _ => 4,
    }
}
