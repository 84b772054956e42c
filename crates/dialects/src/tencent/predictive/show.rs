//! Describe one, list, list the sessions.

use outdial_domain::{Campaign, Origin, Share, Target, Timestamp};
use outdial_service::AttemptFilter;
use outdial_service::views::PageRequest;
use serde_json::{Value, json};

use super::super::campaigns;
use super::super::fault::Fault;
use super::super::paging::Paging;
use super::super::records::session_id;
use super::super::routes::{Answer, Call};
use super::super::states;
use super::named;

/// `DescribePredictiveDialingCampaign`. It does not tell callees and callers.
pub(super) async fn one(call: Call) -> Result<Answer, Fault> {
    let campaign = named(&call).await?;
    let settings = &campaign.settings;
    let secs = |at: Option<Timestamp>| at.map_or(0, |at| at.millis() / 1000);
    let group = settings.target.skill_group();
    let flow = match &settings.flow_first {
        Some(Target::Flow(id)) => id.number(),
        _ => 0,
    };
    let ceiling = settings.abandonment_ceiling.map_or(0, Share::basis_points);
    let (status, reason) = states::campaign(campaign.state);
    let stored = campaign.extras.get(&Origin::Tencent);
    let stored = |name: &str, default: Value| {
        let found = stored.and_then(|stored| stored.get(name)).cloned();
        found.unwrap_or(default)
    };
    let answer = json!({
        "CampaignId": campaign.id.number(),
        "Name": settings.name,
        "CallOrder": i32::from(settings.order == outdial_domain::Order::List),
        "SkillGroupId": group.map(outdial_domain::SkillGroupId::number),
        "IVRId": flow,
        "Priority": settings.priority,
        "ExpectedAbandonRate": ceiling / 100,
        "RetryTimes": settings.retry.attempts_total.saturating_sub(1),
        "RetryInterval": settings.retry.interval.as_secs(),
        "StartTime": secs(settings.calendar.starts_at()),
        "EndTime": secs(settings.calendar.ends_at()),
        "Variables": stored("Variables", json!([])),
        "UUI": stored("UUI", json!("")),
        "Status": status,
        "StatusReason": reason,
    });
    match answer {
        Value::Object(answer) => Ok(answer),
        _ => Err(Fault::internal()),
    }
}

/// `DescribePredictiveDialingCampaigns`, newest first.
pub(super) async fn list(call: Call) -> Result<Answer, Fault> {
    let paging = Paging::read(&call.fields, 100, None)?;
    let name = call.fields.text("Name")?;
    let group = call.fields.integer("SkillGroupId")?;
    let id = call.fields.integer("CampaignId")?;
    let is = |wanted: Option<i64>, number: u64| {
        wanted.is_none_or(|wanted| u64::try_from(wanted) == Ok(number))
    };
    let matching = |campaign: &Campaign| {
        let own = campaign.settings.target.skill_group();
        own.is_some_and(|own| is(group, own.number()))
            && is(id, campaign.id.number().into())
            && name.is_none_or(|name| campaign.settings.name.contains(name))
    };
    let found = campaigns::all(&call, matching).await?;
    let total = found.len();
    let mut list = Vec::new();
    for campaign in paging.of(found) {
        let contacts = call
            .service
            .stats(&call.caller, campaign.id)
            .await?
            .contacts;
        let (status, reason) = states::campaign(campaign.state);
        let group = campaign.settings.target.skill_group();
        list.push(json!({
            "CampaignId": campaign.id.number(),
            "Name": campaign.settings.name,
            "Status": status,
            "StatusReason": reason,
            "CalleeCount": contacts.waiting + contacts.in_progress + contacts.done,
            "FinishedCalleeCount": contacts.done,
            "Priority": campaign.settings.priority,
            "SkillGroupId": group.map(outdial_domain::SkillGroupId::number),
        }));
    }
    let mut answer = Answer::new();
    answer.insert("TotalCount".to_owned(), json!(total));
    answer.insert("CampaignList".to_owned(), json!(list));
    Ok(answer)
}

/// `DescribePredictiveDialingSessions`: one session for each attempt, oldest first.
pub(super) async fn sessions(call: Call) -> Result<Answer, Fault> {
    let campaign = named(&call).await?;
    let range = Paging::read(&call.fields, 1000, None)?.range();
    let filter = AttemptFilter {
        campaign: Some(campaign.id),
        ..AttemptFilter::default()
    };
    let (mut seen, mut sessions, mut cursor) = (0, Vec::new(), None);
    while seen < range.end {
        let request = PageRequest {
            cursor,
            limit: Some(1000),
        };
        let page = call.service.attempts(&call.caller, filter, request).await?;
        for attempt in &page.items {
            if range.contains(&seen) {
                sessions.push(session_id(call.caller.tenant, attempt.id));
            }
            seen += 1;
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    // Asked last: what has been listed is counted.
    let attempts = call
        .service
        .stats(&call.caller, campaign.id)
        .await?
        .attempts;
    let total = attempts.max(u64::try_from(seen).unwrap_or(u64::MAX));
    let mut answer = Answer::new();
    answer.insert("TotalCount".to_owned(), json!(total));
    answer.insert("SessionList".to_owned(), json!(sessions));
    Ok(answer)
}
