//! ListJobGroups and ListJobGroupsAsync.
//!
//! Source: their pages of OutboundBot 2019-12-26.

use outdial_domain::{Campaign, CampaignState};
use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::group::{self, Belongings};
use super::groups::{all, modified_at, progress, stats};
use super::paging::Paging;
use super::routes::{Answer, Call};

/// Which groups a list shows.
struct Filter {
    text: Option<String>,
    statuses: Option<Vec<String>>,
    from: Option<i64>,
    to: Option<i64>,
    floored: bool,
}

impl Filter {
    fn read(call: &Call) -> Result<Self, Fault> {
        let parameters = &call.parameters;
        let text = parameters.text("SearchText").map(str::to_lowercase);
        let statuses = parameters
            .text("JobGroupStatusFilter")
            .map(|statuses| {
                let known = |one: &str| {
                    [
                        "Draft",
                        "Scheduling",
                        "Executing",
                        "Completed",
                        "Paused",
                        "Failed",
                        "Cancelled",
                        "Initializing",
                    ]
                    .contains(&one)
                };
                let statuses: Vec<String> = statuses
                    .split(',')
                    .map(|one| one.trim().to_owned())
                    .collect();
                match statuses.iter().all(|one| known(one)) {
                    true => Ok(statuses),
                    false => Err(Fault::invalid("JobGroupStatusFilter", "")),
                }
            })
            .transpose()?;
        Ok(Self {
            text,
            statuses,
            from: parameters.integer("StartTime")?,
            to: parameters.integer("EndTime")?,
            floored: parameters
                .boolean("OnlyMinConcurrencyEnabled")?
                .unwrap_or(false),
        })
    }

    fn takes(&self, campaign: &Campaign) -> bool {
        let made = campaign.created_at.millis();
        let name = || campaign.settings.name.to_lowercase();
        self.text
            .as_ref()
            .is_none_or(|text| name().contains(text) || campaign.uuid == *text)
            && self.from.is_none_or(|from| made >= from)
            && self.to.is_none_or(|to| made <= to)
            && (!self.floored || campaign.settings.guaranteed_calls > 0)
    }
}

/// `ListJobGroups`.
pub(super) async fn list(call: Call) -> Result<Answer, Fault> {
    let paging = Paging::required(&call.parameters)?;
    let filter = Filter::read(&call)?;
    let is_async = call.parameters.boolean("AsyncQuery")?.unwrap_or(false);
    let has = Belongings::of(&call).await?;
    let mut found = all(&call).await?;
    found.retain(|campaign| filter.takes(campaign));
    if let Some(statuses) = &filter.statuses {
        let mut kept = Vec::new();
        for campaign in found {
            // Only of a running one its calls have to be known.
            let stats = match campaign.state {
                CampaignState::Running => Some(stats(&call, &campaign).await?),
                _ => None,
            };
            let status = group::status(&campaign, stats.as_ref(), call.now);
            if statuses.iter().any(|wanted| wanted == status) {
                kept.push(campaign);
            }
        }
        found = kept;
    }
    let total = found.len() as u64;
    let mut items = Vec::new();
    for campaign in paging.of(found) {
        items.push(item(&call, &campaign, &has).await?);
    }
    if !is_async {
        let list = paging.list(items, total);
        return Ok(Answer::from_iter([("JobGroups".to_owned(), list)]));
    }
    // Flat, and misspelt as at the vendor.
    let later = Answer::from_iter([
        ("JobGroups".to_owned(), items.into()),
        ("PageNumber".to_owned(), paging.number.into()),
        ("PageSize".to_owned(), paging.size.into()),
        ("TotalCount".to_owned(), total.into()),
        ("Timeout".to_owned(), false.into()),
        ("Vaild".to_owned(), true.into()),
    ]);
    let id = call.desk.keep(call.caller.tenant, later, call.now);
    Ok(Answer::from_iter([("AsyncTaskId".to_owned(), id.into())]))
}

/// `ListJobGroupsAsync`: a list that `ListJobGroups` was asked to make.
pub(super) async fn list_async(call: Call) -> Result<Answer, Fault> {
    let id = call.parameters.required("AsyncTaskId")?;
    let kept = call.desk.kept(call.caller.tenant, id, call.now);
    kept.ok_or_else(|| Fault::not_exist("AsyncTask"))
}

async fn item(call: &Call, campaign: &Campaign, has: &Belongings) -> Result<Value, Fault> {
    let stats = stats(call, campaign).await?;
    let status = group::status(campaign, Some(&stats), call.now);
    let shape = group::show(campaign, status, modified_at(call, campaign).await?, has);
    let progress = progress(campaign, &stats, status);
    let mut item = Map::new();
    for name in [
        "JobGroupId",
        "JobGroupName",
        "JobGroupDescription",
        "Status",
        "ScriptId",
        "ScriptName",
        "CreationTime",
        "ModifyTime",
        "MinConcurrency",
        "ExportProgress",
    ] {
        if let Some(value) = shape.get(name) {
            item.insert(name.to_owned(), value.clone());
        }
    }
    let mut period = Map::new();
    for name in ["StartTime", "EndTime"] {
        if let Some(time) = shape.get("Strategy").and_then(|s| s.get(name)) {
            period.insert(name.to_owned(), time.clone());
        }
    }
    item.insert("Strategy".to_owned(), period.into());
    item.insert("TotalCallNum".to_owned(), stats.attempts.into());
    // Other names than in the answer of DescribeJobGroup.
    let progress = json!({
        "TotalJobs": progress.total,
        "TotalCompleted": progress.completed,
        "Scheduling": progress.scheduling,
        "ExecutingNum": progress.executing,
        "PausedNum": progress.paused,
        "FailedNum": progress.failed,
        "CancelledNum": progress.cancelled,
    });
    item.insert("Progress".to_owned(), progress);
    Ok(item.into())
}
