//! Campaigns are shown: one, or those that a query finds.

use outdial_domain::{Campaign, Timestamp};
use serde_json::{Value, json};

use super::device::Device;
use super::modify::active;
use super::show::{shown, status};
use super::{Names, Stored, all_campaigns, campaign_of};
use crate::huawei::fault::{Fault, FieldFault};
use crate::huawei::routes::{Answer, Call};
use crate::huawei::time::Zone;
use crate::huawei::wire::Fields;

/// `GET …/{campaignId}`. Source: the CC-iSales page of the operation.
pub(in crate::huawei) async fn details(call: Call) -> Result<Answer, Fault> {
    let campaign = campaign_of(&call).await?;
    let names = Names::of(&call).await?;
    let shown = shown(&campaign, &names, &Zone::of(&call)?, call.now);
    Ok(Answer::with("query success", [("returnObject", shown)]))
}

/// What a query asks for.
struct Wanted {
    name: Option<String>,
    status: i64,
    device: i64,
    begin: Option<Timestamp>,
    end: Option<Timestamp>,
    page: i64,
    rows: i64,
}

impl Wanted {
    fn read(query: &Fields, zone: &Zone) -> Result<Self, Fault> {
        let one_of = |name: &str, allowed: &[i64]| {
            let given = query.integer(name)?.unwrap_or(0);
            if allowed.contains(&given) {
                return Ok(given);
            }
            let problem = format!("must be one of {allowed:?}");
            Err(query.fault(FieldFault::Value, name, &problem))
        };
        let wanted = Self {
            name: query.text_up_to("name", 30)?,
            status: one_of("status", &[0, 2, 3, 4])?,
            device: one_of("deviceType", &[0, 1, 2, 3, 5, 6])?,
            begin: zone.field(query, "beginTime")?,
            end: zone.field(query, "endTime")?,
            page: query.integer("curPage")?.unwrap_or(1).max(1),
            rows: query.integer_in("rowsPerPage", 1..=100)?.unwrap_or(10),
        };
        for unknown in ["ccId", "statusV2"] {
            query.text(unknown)?;
        }
        Ok(wanted)
    }

    fn finds(&self, campaign: &Campaign, now: Timestamp) -> bool {
        let settings = &campaign.settings;
        let name = self.name.as_deref().unwrap_or_default();
        let device = Device::of(campaign, Stored::of(campaign).device_type);
        let (starts, ends) = (settings.calendar.starts_at(), settings.calendar.ends_at());
        settings.name.contains(name)
            && [0, status(campaign, now)].contains(&self.status)
            && [0, device.number()].contains(&self.device)
            && self
                .begin
                .is_none_or(|begin| starts.is_some_and(|at| at >= begin))
            && self.end.is_none_or(|end| ends.is_some_and(|at| at <= end))
    }
}

/// `GET …/{vdnId}?…`, newest first. Source: the CC-iSales page of the operation.
pub(in crate::huawei) async fn list(call: Call) -> Result<Answer, Fault> {
    let zone = Zone::of(&call)?;
    let wanted = Wanted::read(&call.query, &zone)?;
    let campaigns = all_campaigns(&call).await?;
    let names = Names::of(&call).await?;
    let now = call.now;
    let found: Vec<&Campaign> = campaigns
        .iter()
        .filter(|campaign| wanted.finds(campaign, now))
        .collect();
    let skipped = wanted.page.saturating_sub(1).saturating_mul(wanted.rows);
    let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
    let rows = usize::try_from(wanted.rows).unwrap_or(0);
    let page = found.iter().skip(skipped).take(rows);
    let data: Vec<Value> = page
        .map(|campaign| shown(campaign, &names, &zone, now))
        .collect();
    let members = [
        ("curPage", json!(wanted.page)),
        ("totalSize", json!(found.len())),
        ("rowsPerPage", json!(wanted.rows)),
        (
            "curSkillQueueCount",
            json!(active(campaigns.iter(), now, false)),
        ),
        ("curIvrCount", json!(active(campaigns.iter(), now, true))),
        ("data", json!(data)),
    ];
    Ok(Answer::with("query success", members))
}
