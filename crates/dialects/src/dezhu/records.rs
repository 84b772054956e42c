//! 通话记录查询: what became of the calls.
//!
//! Source: "通话记录查询" (parameters) and "通话记录-回调" (the fields of a record).

use std::collections::{BTreeMap, BTreeSet};

use outdial_domain::{
    AgentId, Attempt, Campaign, CampaignId, Contact, ContactId, EndedBy, Outcome, PhoneNumber,
    SkillGroupId, TenantId, Timestamp,
};
use outdial_service::views::PageRequest;
use outdial_service::{AttemptFilter, Caller, Disposition, Service, ServiceError};
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
    mode: Mode,
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
    /// What the agent concluded, by its code.
    summary: String,
    person: String,
    phone: String,
}

/// `queryMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Every call.
    All,
    /// Those whose agent has not said yet what came of it.
    Open,
    /// Those whose agent has.
    Concluded,
}

/// 通话记录查询.
pub(super) async fn list_records(call: Call) -> Result<Value, Fault> {
    let around = Surroundings::of(&call).await?;
    let query = Query::read(&call, &around).await?;
    let paging = Paging::read(&call.query)?;
    let records = Records::of(&call, &query).await?;
    let page = paging.of(&records.found);
    let ids = page.iter().map(|(attempt, _)| attempt.contact).collect();
    let contacts = call.service.contacts_by_id(&call.caller, ids).await?;
    let contacts: BTreeMap<_, _> = contacts.into_iter().map(|c| (c.id, c)).collect();
    let mut list = Vec::new();
    for (attempt, disposition) in page {
        let contact = contacts.get(&attempt.contact);
        let record = Record {
            attempt,
            contact,
            call_times: call_times(&call, attempt, contact).await?,
            line: records.line(attempt.campaign),
            staff: &records.staff,
            tenant: call.caller.tenant,
        };
        let mut shown = record.shown(&around);
        // Beside the fields of a push: what the agent has concluded is known later only.
        let code = disposition.as_ref().map_or("", |found| found.code.as_str());
        shown["summaryId"] = json!(code);
        list.push(shown);
    }
    Ok(json!({"total": records.found.len(), "list": list}))
}

/// The recording of a call: there is none. The path is ours.
pub(super) async fn recording(call: Call) -> Result<Value, Fault> {
    let id = call.query.text_of("communicateVoiceId", 1..=64)?;
    call.query.required("communicateVoiceId", id)?;
    Err(Fault::failed("communicateVoiceId: calls are not recorded"))
}

/// Which of a customer's calls a record is about, from 1.
async fn call_times(
    call: &Call,
    attempt: &Attempt,
    contact: Option<&Contact>,
) -> Result<Option<usize>, Fault> {
    match contact {
        None => Ok(None),
        // Most customers are called once.
        Some(contact) if contact.history.dialed <= 1 => Ok(Some(1)),
        Some(contact) => {
            let found = call.service.contact_with_attempts(&call.caller, contact.id);
            match found.await {
                Ok((_, attempts)) => Ok(place_of(attempt, &attempts)),
                // Their campaign is gone; its records stay.
                Err(ServiceError::NotFound { .. }) => Ok(None),
                Err(error) => Err(error.into()),
            }
        }
    }
}

/// An attempt's place among those to its contact, from 1.
pub(super) fn place_of(attempt: &Attempt, all: &[Attempt]) -> Option<usize> {
    let before = all.iter().filter(|other| other.id <= attempt.id).count();
    (before > 0).then_some(before)
}

impl Query {
    async fn read(call: &Call, around: &Surroundings) -> Result<Self, Fault> {
        let query = &call.query;
        let mode = match query.integer_in("queryMode", 1..=3)? {
            None | Some(1) => Mode::All,
            Some(2) => Mode::Open,
            Some(_) => Mode::Concluded,
        };
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
        let group = match group.as_str() {
            "" => None,
            name => {
                let groups = call.service.skill_groups(&call.caller).await?;
                let named = groups.iter().find(|group| group.name == name);
                Some(named.map(|group| group.id))
            }
        };
        Ok(Self {
            mode,
            from,
            to,
            // All calls are automatic outbound ones, without score.
            nothing: kind.is_some_and(|kind| kind != 3) || score.is_some_and(|score| score > 0),
            campaign,
            agent,
            result,
            group,
            search,
            person_or_number,
            summary,
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

    /// Whether a call is one of those whose agent has, or has not, said what came of it.
    fn asks_for(&self, attempt: &Attempt, disposition: Option<&Disposition>) -> bool {
        let by_mode = match self.mode {
            Mode::All => true,
            // Only who talked has something to say.
            Mode::Open => {
                attempt.outcome == Some(Outcome::Answered)
                    && attempt.agent.is_some()
                    && disposition.is_none()
            }
            Mode::Concluded => disposition.is_some(),
        };
        let code = disposition.map_or("", |found| found.code.as_str());
        by_mode && (self.summary.is_empty() || self.summary == code)
    }

    fn asks_for_people(&self) -> bool {
        !(self.person.is_empty() && self.person_or_number.is_empty() && self.search.is_empty())
    }
}

fn text(query: &Fields, name: &str) -> Result<String, Fault> {
    Ok(query.text(name)?.unwrap_or_default().trim().to_owned())
}

/// A call, and what its agent concluded of it.
type Found = (Attempt, Option<Disposition>);

/// Who takes a campaign's calls.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Line {
    group: Option<SkillGroupId>,
    /// A flow takes the callee before the agents do: in campaigns of other APIs.
    asks_flow: bool,
}

impl Line {
    pub(super) fn of(campaign: &Campaign) -> Self {
        Self {
            group: campaign.settings.target.skill_group(),
            asks_flow: campaign.settings.flow_first.is_some(),
        }
    }
}

/// The calls that were found, newest first, and what they are shown with.
struct Records {
    found: Vec<Found>,
    lines: BTreeMap<CampaignId, Line>,
    staff: Staff,
}

/// Agents' names.
pub(super) type Staff = BTreeMap<AgentId, String>;

/// The tenant's agents' names.
pub(super) async fn staff(service: &Service, caller: &Caller) -> Result<Staff, ServiceError> {
    let staff = service.staff(caller).await?;
    Ok(staff
        .into_iter()
        .map(|agent| (agent.id, agent.name))
        .collect())
}

impl Records {
    async fn of(call: &Call, query: &Query) -> Result<Self, Fault> {
        let mut records = Self {
            found: Vec::new(),
            lines: BTreeMap::new(),
            staff: staff(&call.service, &call.caller).await?,
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
                .recorded_attempts(&call.caller, filter, page.clone())
                .await?;
            // Attempts are numbered in the order of dialing.
            let last = part.items.last();
            let earlier = last.is_some_and(|(a, _)| a.started_at < query.from);
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
        mut page: Vec<Found>,
    ) -> Result<(), Fault> {
        page.retain(|(a, _)| {
            a.started_at >= query.from && a.started_at < query.to && a.ended_at.is_some()
        });
        let mut fresh: BTreeSet<_> = page.iter().map(|(attempt, _)| attempt.campaign).collect();
        fresh.retain(|id| !self.lines.contains_key(id));
        for id in fresh {
            // A task that is gone has left its calls.
            let line = match call.service.campaign(&call.caller, id).await {
                Err(ServiceError::CampaignNotFound(_)) => Line::default(),
                campaign => Line::of(&campaign?),
            };
            self.lines.insert(id, line);
        }
        let contacts: BTreeMap<ContactId, Contact> = if query.asks_for_people() {
            let ids = page.iter().map(|(attempt, _)| attempt.contact).collect();
            let contacts = call.service.contacts_by_id(&call.caller, ids).await?;
            contacts.into_iter().map(|c| (c.id, c)).collect()
        } else {
            BTreeMap::new()
        };
        page.retain(|(attempt, disposition)| {
            let disposition = disposition.as_ref();
            query.asks_for(attempt, disposition)
                && self.fits(query, attempt, contacts.get(&attempt.contact))
        });
        self.found.append(&mut page);
        Ok(())
    }

    fn line(&self, campaign: CampaignId) -> Line {
        self.lines.get(&campaign).copied().unwrap_or_default()
    }

    fn fits(&self, query: &Query, attempt: &Attempt, contact: Option<&Contact>) -> bool {
        let customer = contact.and_then(|contact| contact.attributes.get("name"));
        let customer = customer.map_or("", String::as_str);
        let agent = attempt.agent.and_then(|id| self.staff.get(&id));
        let agent = agent.map_or("", String::as_str);
        let staff = attempt.agent.map(staff_id);
        let has = |number: outdial_domain::PhoneNumber, part: &str| {
            number.text().contains(part) || number.national().contains(part)
        };
        let (to, from) = (attempt.number, attempt.caller_id);
        let line = self.line(attempt.campaign);
        let said = |part: &str, matches: bool| part.is_empty() || matches;
        let (search, any, person) = (&query.search, &query.person_or_number, &query.person);
        query.agent.is_none_or(|agent| staff == Some(json!(agent)))
            && query
                .result
                .is_none_or(|result| result == call_result(attempt, line))
            && query
                .group
                .is_none_or(|wanted| wanted.is_some() && wanted == line.group)
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
}

/// A call as it is shown and pushed.
pub(super) struct Record<'r> {
    pub(super) attempt: &'r Attempt,
    pub(super) contact: Option<&'r Contact>,
    /// Which of the customer's calls it is, from 1.
    pub(super) call_times: Option<usize>,
    pub(super) line: Line,
    pub(super) staff: &'r Staff,
    pub(super) tenant: TenantId,
}

impl Record<'_> {
    /// The fields of the vendor's push, and behind them ours about the task.
    pub(super) fn shown(&self, around: &Surroundings) -> Value {
        let (attempt, contact) = (self.attempt, self.contact);
        let secs = |from: Option<Timestamp>, to: Option<Timestamp>| match (from, to) {
            (Some(from), Some(to)) => to.since(from).as_secs(),
            _ => 0,
        };
        let pick_up = attempt.answered_at.or(attempt.ended_at);
        let (queued, joined) = agents_times(attempt, self.line);
        let attribute = |name: &str| contact.and_then(|contact| contact.attributes.get(name));
        let dialed = |contact: &Contact| {
            let place = contact.numbers.iter().position(|n| *n == attempt.number);
            place.and_then(|place| contact.attributes.get(&relation_name(place)).cloned())
        };
        let answered = attempt.answered_at.map(|at| at.millis().to_string());
        // Attempts do not keep how a number was given; customers do.
        let listed = contact.and_then(|c| c.numbers.iter().find(|n| **n == attempt.number));
        let called = listed.map_or_else(|| attempt.number.national(), PhoneNumber::given);
        json!({
            "id": attempt.id.to_string(),
            "iccCallId": attempt.id.to_string(),
            "tenantId": self.tenant.to_string(),
            "communicateVoiceId": "",
            "iccRecordDate": answered.unwrap_or_default(),
            "callType": 2,
            "callingNumber": attempt.caller_id.national(),
            "calledNumber": called,
            "custNumberAttribution": "",
            "custIspName": "",
            "callWaitDuration": secs(Some(attempt.started_at), pick_up),
            "queueWaitDuration": secs(queued, joined.or(attempt.ended_at)),
            "parkingWaitDuration": secs(attempt.progress_at, pick_up),
            "digitUrl": "",
            "staffId": attempt.agent.map(staff_id),
            "staffName": attempt.agent.and_then(|id| self.staff.get(&id)),
            "skillSetId": self.line.group.map(|group| around.skill_set_id(group)),
            "communicateDuration": secs(joined, attempt.ended_at),
            "communicateSource": 2,
            "communicateBeginTime": clock(Some(attempt.started_at), &around.zone),
            "communicateEndTime": clock(attempt.ended_at, &around.zone),
            "createTime": clock(Some(attempt.started_at), &around.zone),
            "customerName": attribute("name"),
            "speechCallResult": call_result(attempt, self.line),
            "evaluationScore": 0,
            "taskId": attempt.campaign.number(),
            "externalCustomerId": contact.and_then(|contact| contact.external_id.as_ref()),
            "externalData": attribute("externalData"),
            "relation": contact.and_then(dialed),
            "callTimes": self.call_times,
        })
    }
}

/// When the callee came to the agents' queue, and when one was joined. Records that are older than this
/// evidence tell it only where no flow came first: then they are the answer and the first joining.
fn agents_times(attempt: &Attempt, line: Line) -> (Option<Timestamp>, Option<Timestamp>) {
    let (queued, joined) = (attempt.evidence.queued_at, attempt.evidence.agent_joined_at);
    match line.asks_flow {
        true => (queued, joined),
        false => (queued.or(attempt.answered_at), joined.or(attempt.joined_at)),
    }
}

/// `speechCallResult`: what an outcome alone does not tell is in who ended the call, and when.
fn call_result(attempt: &Attempt, line: Line) -> i64 {
    let evidence = &attempt.evidence;
    let by_callee = evidence.ended_by == Some(EndedBy::Remote);
    let in_flow = line.asks_flow && attempt.answered_at.is_some() && evidence.queued_at.is_none();
    match attempt.outcome {
        Some(Outcome::Answered | Outcome::Abandoned) if in_flow && by_callee => return 8,
        // It rang, and we gave it up.
        Some(Outcome::Cancelled) if attempt.progress_at.is_some() => return 9,
        Some(Outcome::Abandoned) => {}
        outcome => return result_of(outcome),
    }
    let talked = attempt.answered_at.zip(attempt.ended_at);
    let quick = talked.is_some_and(|(from, to)| to.millis() - from.millis() < QUICK_HANG_UP_MS);
    match attempt.agent {
        _ if quick && by_callee => 7,
        // Its agent was bound to it and did not come.
        Some(_) if !by_callee => 6,
        _ => 4,
    }
}
