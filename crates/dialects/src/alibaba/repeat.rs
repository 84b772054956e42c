//! `CreateBatchRepeatJob`: the jobs of a group once more, in a new one.
//!
//! Source: its page of OutboundBot 2019-12-26.

use axum::http::StatusCode;
use outdial_domain::{Calendar, Campaign, Contact, NewContact, Origin, Settings};
use outdial_service::views::PageRequest;
use serde_json::{Map, json};

use super::commands::start_with_jobs;
use super::fault::Fault;
use super::floors::check_floor;
use super::group::{self, Belongings, GroupChange, Request};
use super::groups;
use super::job_filters::{has, words};
use super::job_lists::Group;
use super::routes::{Answer, Call};
use super::strategy::stored;

/// What a job can have come to; nobody can be told from whom the flow has heard nothing.
const RESULTS: &[&str] = &["Succeeded", "NoInteraction", "Failed", "Cancelled"];

/// Jobs that are copied at once.
const JOBS_AT_ONCE: u32 = 1_000;

/// `CreateBatchRepeatJob`: what the request leaves out is as in the group that it names.
pub(super) async fn create(call: Call) -> Result<Answer, Fault> {
    let source = groups::by_id(&call, call.parameters.required("SourceGroupId")?).await?;
    let has_all = Belongings::of(&call).await?;
    let change = GroupChange::read(&call.parameters, Request::Repeat, &has_all)?;
    let results = words(&call, "FilterStatus", RESULTS)?;
    let source = Group::of(&call, source).await?;
    if !matches!(
        source.status(),
        "Paused" | "Completed" | "Failed" | "Cancelled"
    ) {
        let message = "Only a job group that is paused or over can be repeated.";
        return Err(Fault::new(
            StatusCode::CONFLICT,
            "InvalidStatus.JobGroup",
            message,
        ));
    }
    let mut settings = source.campaign.settings.clone();
    let mut extras = stored(&source.campaign).cloned().unwrap_or_default();
    group::hold_as(&mut extras, None);
    // A strategy belongs to its group.
    extras.remove("StrategyId");
    forget_period(&mut settings, &call)?;
    change.apply(&mut settings, &mut extras)?;
    let floors = call.desk.floors(call.caller.tenant).await;
    check_floor(&call, &settings, None, &has_all).await?;
    let extras = [(Origin::Alibaba, extras.into())].into();
    let made = call
        .service
        .create_campaign_with(&call.caller, settings, extras, None)
        .await
        .map_err(|error| group::fault(error, Request::Repeat))?;
    drop(floors);
    copy(&call, &source, &made, |contact| {
        has(&results, Some(source.job_status(contact)))
    })
    .await?;
    start_with_jobs(&call, &made).await?;
    let settings = &made.settings;
    let shape = json!({
        "Id": made.uuid,
        "MinConcurrency": settings.guaranteed_calls,
        "Priority": if group::is_urgent(settings) { "Urgent" } else { "Daily" },
        "RingingDuration": settings.ring_timeout.as_secs(),
    });
    Ok(Map::from_iter([("JobGroup".to_owned(), shape)]))
}

/// A period that is over is not copied: nothing would be dialed again.
fn forget_period(settings: &mut Settings, call: &Call) -> Result<(), Fault> {
    let calendar = &settings.calendar;
    if calendar.is_over(call.now) {
        let rules = calendar.rules().to_vec();
        settings.calendar = Calendar::new(None, None, calendar.time_zone(), rules)
            .map_err(|_| Fault::internal())?;
    }
    Ok(())
}

async fn copy(
    call: &Call,
    from: &Group,
    to: &Campaign,
    takes: impl Fn(&Contact) -> bool,
) -> Result<(), Fault> {
    let service = &call.service;
    let mut import = service.import_contacts(&call.caller, to.id, false).await?;
    let mut cursor = None;
    loop {
        let request = PageRequest {
            cursor,
            limit: Some(JOBS_AT_ONCE),
        };
        let page = service
            .contacts(&call.caller, from.campaign.id, request)
            .await?;
        let contacts = page.items.into_iter().filter(|contact| takes(contact));
        let contacts: Vec<NewContact> = contacts.map(anew).collect();
        if !contacts.is_empty() {
            import.push(contacts).await?;
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    import.finish().await?;
    Ok(())
}

fn anew(contact: Contact) -> NewContact {
    NewContact {
        numbers: contact.numbers,
        external_id: contact.external_id,
        time_zone: contact.time_zone,
        priority: contact.priority,
        attributes: contact.attributes,
    }
}
