//! Records of calls: `DescribeTelCdr`.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use outdial_domain::{
    Agent, Attempt, AttemptId, Campaign, CampaignId, Evidence, LocalFailure, Outcome, TenantId,
    Timestamp,
};
use outdial_domain::{Blame, EndedBy, Origin};
use outdial_service::views::PageRequest;
use outdial_service::{AttemptFilter, ServiceError};
use serde_json::{Value, json};

use super::fault::Fault;
use super::list::UUI_ATTRIBUTE;
use super::numbers::{self, written};
use super::paging::Paging;
use super::routes::{Answer, Call, Operation};
use super::staff;
use super::wire::{optional, required};

/// The operations of this file. Source: the page of each, CCC 2020-02-10.
pub(super) const OPERATIONS: &[Operation] = &[Operation {
    name: "DescribeTelCdr",
    members: &[
        required("SdkAppId").honoured("names the tenant"),
        required("StartTimeStamp").honoured("Unix seconds; at most 180 days back"),
        required("EndTimeStamp").honoured("less than 90 days after it"),
        required("PageSize").honoured("1–100"),
        required("PageNumber").honoured("from 0"),
        optional("Phones").honoured("callees"),
        optional("SessionIds").honoured(""),
        optional("InstanceId").ignored("of older models"),
        optional("Limit").ignored("of older models; the page is PageSize and PageNumber"),
        optional("Offset").ignored("of older models; the page is PageSize and PageNumber"),
    ],
    unknown_app: "InvalidParameter.InstanceNotExist",
    run: |call| Box::pin(list(call)),
}];

const DAY_S: i64 = 86_400;

/// The id of an attempt's session: the attempt can be read back from it.
pub(super) fn session_id(tenant: TenantId, attempt: AttemptId) -> String {
    let (tenant, attempt) = (tenant.number(), attempt.number());
    let high = attempt >> 48;
    let low = attempt & 0xffff_ffff_ffff;
    format!("{tenant:08x}-{high:04x}-4000-8000-{low:012x}")
}

/// The attempt whose session has this id, in whatever case it is written; `None` for what is no id of the
/// tenant's.
pub(super) fn attempt_of(tenant: TenantId, session: &str) -> Option<AttemptId> {
    let (head, low) = session.split_at_checked(24)?;
    let high = u64::from_str_radix(head.get(9..13)?, 16).ok()?;
    let low = u64::from_str_radix(low, 16).ok()?;
    let attempt = AttemptId::new((high << 48) | (low & 0xffff_ffff_ffff));
    session_id(tenant, attempt)
        .eq_ignore_ascii_case(session)
        .then_some(attempt)
}

/// The attempts that a request is about.
struct Asked {
    from: Timestamp,
    until: Timestamp,
    phones: BTreeSet<outdial_domain::PhoneNumber>,
    sessions: BTreeSet<String>,
}

impl Asked {
    fn read(call: &Call) -> Result<Self, Fault> {
        let fields = &call.fields;
        let now = call.now.millis() / 1000;
        let from = fields.integer("StartTimeStamp")?.unwrap_or_default();
        if from < now - 180 * DAY_S {
            let problem = "must not lie more than 180 days back";
            return Err(Fault::value("StartTimeStamp", problem));
        }
        let until = fields.integer("EndTimeStamp")?.unwrap_or_default();
        if until < from || until.saturating_sub(from) >= 90 * DAY_S {
            let problem = "must be after `StartTimeStamp`, by less than 90 days";
            return Err(Fault::value("EndTimeStamp", problem));
        }
        let country = call.service.tenant(call.caller.tenant)?.default_country;
        let mut phones = BTreeSet::new();
        let texts = fields.texts("Phones")?.unwrap_or_default();
        for (index, text) in texts.into_iter().enumerate() {
            phones.insert(numbers::read(text, &format!("Phones.{index}"), country)?);
        }
        let sessions = fields.texts("SessionIds")?.unwrap_or_default();
        for name in ["InstanceId", "Limit", "Offset"] {
            fields.integer(name)?;
        }
        Ok(Self {
            from: Timestamp::from_secs(from),
            until: Timestamp::from_secs(until.saturating_add(1)),
            phones,
            sessions: sessions.into_iter().map(str::to_lowercase).collect(),
        })
    }

    /// A session has its record when it is over.
    fn wants(&self, tenant: TenantId, attempt: &Attempt) -> bool {
        let named = || self.sessions.contains(&session_id(tenant, attempt.id));
        attempt.ended_at.is_some()
            && (self.from..self.until).contains(&attempt.started_at)
            && (self.phones.is_empty() || self.phones.contains(&attempt.number))
            && (self.sessions.is_empty() || named())
    }
}

/// `DescribeTelCdr`, newest first.
async fn list(call: Call) -> Result<Answer, Fault> {
    let asked = Asked::read(&call)?;
    let paging = Paging::read(&call.fields, 100, None)?;
    let tenant = call.caller.tenant;
    let filter = AttemptFilter {
        newest_first: true,
        ..AttemptFilter::default()
    };
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let request = PageRequest {
            cursor,
            limit: Some(1000),
        };
        let page = call.service.attempts(&call.caller, filter, request).await?;
        // Ids follow the order of dialing, so that all further ones are older.
        let reached = page.items.last().is_some_and(|a| a.started_at < asked.from);
        let wanted = page.items.into_iter().filter(|a| asked.wants(tenant, a));
        found.extend(wanted);
        cursor = page.next_cursor;
        if cursor.is_none() || reached {
            break;
        }
    }
    let total = found.len();
    let mut world = World::read(&call).await?;
    let mut records = Vec::new();
    for attempt in paging.of(found) {
        records.push(world.record(&call, &attempt).await?);
    }
    let mut answer = Answer::new();
    answer.insert("TotalCount".to_owned(), json!(total));
    answer.insert("TelCdrList".to_owned(), json!(records));
    // The older twin, which some clients read.
    answer.insert("TelCdrs".to_owned(), json!(records));
    Ok(answer)
}

/// What records name beside the attempt.
pub(super) struct World {
    staff: Vec<Agent>,
    groups: BTreeMap<u64, String>,
    campaigns: BTreeMap<CampaignId, Option<Campaign>>,
}

impl World {
    pub(super) async fn read(call: &Call) -> Result<Self, Fault> {
        let groups = call.service.skill_groups(&call.caller).await?;
        let groups = groups
            .into_iter()
            .map(|group| (group.id.number(), group.name));
        Ok(Self {
            staff: call.service.staff(&call.caller).await?,
            groups: groups.collect(),
            campaigns: BTreeMap::new(),
        })
    }

    pub(super) async fn record(&mut self, call: &Call, attempt: &Attempt) -> Result<Value, Fault> {
        let id = attempt.campaign;
        if let Entry::Vacant(place) = self.campaigns.entry(id) {
            // A campaign that was deleted has left its records.
            let campaign = match call.service.campaign(&call.caller, id).await {
                Err(ServiceError::CampaignNotFound(_)) => None,
                campaign => Some(campaign?),
            };
            place.insert(campaign);
        }
        let campaign = self.campaigns.get(&id).and_then(Option::as_ref);
        let group = campaign.and_then(|campaign| campaign.settings.target.skill_group());
        let group_id = group.map_or(0, |group| group.number());
        let group_name = self.groups.get(&group_id).cloned().unwrap_or_default();
        let contact = call.service.contact_of(&call.caller, attempt.id).await?;
        let own = contact.and_then(|contact| contact.attributes.get(UUI_ATTRIBUTE).cloned());
        let stored = campaign.and_then(|c| c.extras.get(&Origin::Tencent)?.get("UUI")?.as_str());
        let uui = own.unwrap_or_else(|| stored.unwrap_or_default().to_owned());
        let agent = attempt.agent;
        let agent = agent.and_then(|id| self.staff.iter().find(|agent| agent.id == id));
        let (code, text) = end_status(attempt, campaign);
        let secs = |at: Option<Timestamp>| at.map_or(0, |at| at.millis() / 1000);
        let queued = secs(queued_at(attempt, campaign));
        let in_ivr = ivr_s(attempt, campaign);
        let duration = match (attempt.ended_at, attempt.answered_at) {
            (Some(ended), Some(answered)) => ended.since(answered).as_secs(),
            _ => 0,
        };
        let joined = agent_joined_at(attempt, campaign);
        let serving = joined.and(agent).map(|agent| {
            json!({
                "Mail": staff::mail(agent),
                "Type": "staffSeat",
                "SkillGroupId": group_id,
                "SkillGroupName": group_name,
                "Sequence": 0,
                "StartTimestamp": queued,
                "AcceptTimestamp": secs(joined),
                "EndedTimestamp": secs(attempt.ended_at),
                "EndStatusString": text,
            })
        });
        Ok(json!({
            "Caller": written(&attempt.caller_id),
            "Callee": written(&attempt.number),
            "Time": secs(Some(attempt.started_at)),
            "Direction": 1,
            "CallType": 5,
            "Duration": duration,
            "SeatUser": agent.map(|agent| staff::seat(agent, std::slice::from_ref(&group_name))),
            "EndStatus": code,
            "EndStatusString": text,
            "SkillGroup": group_name,
            "SkillGroupId": group_id,
            "StartTimestamp": secs(Some(attempt.started_at)),
            "RingTimestamp": secs(attempt.progress_at),
            "AcceptTimestamp": secs(attempt.answered_at),
            "EndedTimestamp": secs(attempt.ended_at),
            "QueuedTimestamp": queued,
            "QueuedSkillGroupId": group_id,
            "QueuedSkillGroupName": group_name,
            "IVRDuration": in_ivr,
            "IVRKeyPressed": [],
            "HungUpSide": hung_up_by(&attempt.evidence),
            "ServeParticipants": serving.into_iter().collect::<Vec<Value>>(),
            "SessionId": session_id(call.caller.tenant, attempt.id),
            "UUI": uui,
            "Uui": uui,
            "AsrStatus": "NotExists",
        }))
    }
}

/// Who ended the call.
fn hung_up_by(evidence: &Evidence) -> &'static str {
    match evidence.ended_by {
        Some(EndedBy::Remote) => "user",
        Some(EndedBy::Agent) => "seat",
        Some(EndedBy::Us | EndedBy::Network) | None => "system",
    }
}

/// Whether a flow takes the callee before the seats do.
fn has_flow_first(campaign: Option<&Campaign>) -> bool {
    campaign.is_some_and(|campaign| campaign.settings.flow_first.is_some())
}

/// Whether no seats are sought at all: the calls are those of an automatic task.
fn is_task(campaign: Option<&Campaign>) -> bool {
    campaign.is_some_and(|campaign| campaign.settings.target.skill_group().is_none())
}

/// When the callee came to the seats' queue. Records that are older than this evidence tell it only where
/// no flow came first: then it was the answer.
fn queued_at(attempt: &Attempt, campaign: Option<&Campaign>) -> Option<Timestamp> {
    let at_once = !has_flow_first(campaign) && !is_task(campaign);
    let answered = attempt.answered_at.filter(|_| at_once);
    attempt.evidence.queued_at.or(answered)
}

/// When a seat was joined; for older records as above.
fn agent_joined_at(attempt: &Attempt, campaign: Option<&Campaign>) -> Option<Timestamp> {
    let at_once = !has_flow_first(campaign) && !is_task(campaign);
    let joined = attempt.joined_at.filter(|_| at_once);
    attempt.evidence.agent_joined_at.or(joined)
}

/// `IVRDuration`: seconds from the answer until the flow gave the callee to the queue, or to the end.
fn ivr_s(attempt: &Attempt, campaign: Option<&Campaign>) -> u64 {
    if !has_flow_first(campaign) && !is_task(campaign) {
        return 0;
    }
    let until = attempt.evidence.queued_at.or(attempt.ended_at);
    let span = until.zip(attempt.answered_at);
    span.map_or(0, |(until, from)| until.since(from).as_secs())
}

/// `EndStatus` and `EndStatusString`. Codes from 200 on come from the far side, 10x from ours.
fn end_status(attempt: &Attempt, campaign: Option<&Campaign>) -> (u16, &'static str) {
    let by_callee = attempt.evidence.ended_by == Some(EndedBy::Remote);
    // With a flow first, who has not come to the queue was in the flow to the end.
    let in_flow = has_flow_first(campaign)
        && attempt.answered_at.is_some()
        && attempt.evidence.queued_at.is_none();
    match attempt.outcome {
        Some(Outcome::Answered | Outcome::Abandoned) if in_flow && by_callee => (102, "ivrGiveUp"),
        Some(Outcome::Answered) if in_flow => (107, "ivrEnd"),
        Some(Outcome::Answered) => (1, "ok"),
        Some(Outcome::Abandoned) => match attempt.evidence.ended_by {
            Some(EndedBy::Remote) => (103, "waitingGiveUp"),
            _ => (105, "noSeatOnline"),
        },
        Some(Outcome::Machine) => (222, "voiceMailReached"),
        Some(Outcome::Busy) => (206, "busy"),
        Some(Outcome::NoAnswer) => (202, "notAnswer"),
        Some(Outcome::Unreachable) => (210, "notInService"),
        Some(Outcome::PoweredOff) => (204, "powerOff"),
        Some(Outcome::OutOfService) => (210, "notInService"),
        Some(Outcome::InArrears) => (207, "outOfCredit"),
        Some(Outcome::Invalid) => match attempt.evidence.sip_status {
            Some(484) => (215, "numberInvalid"),
            _ => (205, "numberNotExist"),
        },
        Some(Outcome::Rejected) => match (attempt.evidence.sip_status, attempt.blame) {
            (_, Some(Blame::FrequencyRule)) => (109, "tooManyRequest"),
            (Some(403), _) => (216, "callRestricted"),
            _ => (203, "userReject"),
        },
        Some(Outcome::Cancelled) => match attempt.progress_at {
            Some(_) => (220, "callerCancelWhileRing"),
            None => (221, "callerCancelWithoutRing"),
        },
        Some(Outcome::Failed) => match attempt.evidence.local {
            Some(LocalFailure::RingTimeout) => (202, "notAnswer"),
            _ => (211, "clientError"),
        },
        Some(Outcome::Congestion | Outcome::NetworkError | Outcome::Unknown) | None => {
            (208, "operatorError")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_have_ids_of_their_own_in_the_form_of_uuids() {
        let id = |tenant, attempt| session_id(TenantId::new(tenant), AttemptId::new(attempt));
        assert_eq!(id(1, 10), "00000001-0000-4000-8000-00000000000a");
        assert_ne!(id(1, 1 << 48), id(1, 1 << 49));
        assert_eq!(id(u32::MAX, u64::MAX).len(), 36);
    }

    #[test]
    fn a_session_is_read_back_to_its_attempt_and_to_nobody_elses() {
        for (tenant, attempt) in [(1, 0), (1, 10), (7, 1 << 48), (u32::MAX, u64::MAX)] {
            let (tenant, attempt) = (TenantId::new(tenant), AttemptId::new(attempt));
            let id = session_id(tenant, attempt);
            assert_eq!(attempt_of(tenant, &id), Some(attempt));
            assert_eq!(attempt_of(tenant, &id.to_uppercase()), Some(attempt));
            assert_eq!(attempt_of(TenantId::new(2), &id), None);
            for wrong in [
                &id[1..],
                &format!("{id}0"),
                &id.replace('-', ""),
                &id.replace("4000", "5000"),
            ] {
                assert_eq!(attempt_of(tenant, wrong), None, "{wrong}");
            }
        }
        for wrong in [
            "",
            "x",
            "00000001-0000-4000-8000-+0000000000a",
            &"é".repeat(18),
        ] {
            assert_eq!(attempt_of(TenantId::new(1), wrong), None, "{wrong}");
        }
    }

    #[test]
    fn who_hung_up_is_told_by_the_evidence() {
        for (by, side) in [
            (Some(EndedBy::Remote), "user"),
            (Some(EndedBy::Agent), "seat"),
            (Some(EndedBy::Us), "system"),
            (Some(EndedBy::Network), "system"),
            (None, "system"),
        ] {
            let evidence = Evidence {
                ended_by: by,
                ..Evidence::default()
            };
            assert_eq!(hung_up_by(&evidence), side);
        }
    }
}
