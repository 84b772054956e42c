//! Campaigns and revisions as rows.

use outdial_domain::{
    Campaign, CampaignId, CampaignState, EndReason, Origin, Revision, RevisionNumber, TenantId,
    Timestamp,
};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::fault::{Fault, Outcome};
use super::keys;

const SELECT: &str = "SELECT campaign.id, uuid, tenant, campaign.origin, state, end_reason, \
     revision, settings, created_at, extras FROM campaign \
     JOIN revision ON revision.campaign = campaign.id AND revision.number = campaign.revision ";

/// Campaigns with the settings in force; a condition and an order are given.
pub(super) fn read(
    db: &Connection,
    rest: &str,
    parameters: impl IntoIterator<Item = Value>,
) -> Outcome<Vec<Campaign>> {
    let mut query = db.prepare_cached(&format!("{SELECT}{rest}"))?;
    let mut rows = query.query(params_from_iter(parameters))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(campaign(row)?);
    }
    Ok(found)
}

fn campaign(row: &Row<'_>) -> Outcome<Campaign> {
    Ok(Campaign {
        id: keys::campaign_id(row.get(0)?)?,
        uuid: row.get(1)?,
        tenant: TenantId::new(row.get(2)?),
        origin: origin(&row.get::<_, String>(3)?)?,
        state: state(&row.get::<_, String>(4)?, row.get(5)?)?,
        revision: RevisionNumber::new(row.get(6)?),
        settings: serde_json::from_str(&row.get::<_, String>(7)?)?,
        created_at: Timestamp::from_millis(row.get(8)?),
        extras: serde_json::from_str(&row.get::<_, String>(9)?)?,
    })
}

/// Revisions above the first number up to the second, at most so many.
pub(super) fn read_revisions(
    db: &Connection,
    campaign: CampaignId,
    (after, up_to, limit): (u32, u32, i64),
) -> Outcome<Vec<Revision>> {
    let mut query = db.prepare_cached(
        "SELECT number, author, origin, at, settings, changes, restores FROM revision
         WHERE campaign = ? AND number > ? AND number <= ? ORDER BY number LIMIT ?",
    )?;
    let mut rows = query.query(params![campaign.number(), after, up_to, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Revision {
            campaign,
            number: RevisionNumber::new(row.get(0)?),
            author: row.get(1)?,
            origin: origin(&row.get::<_, String>(2)?)?,
            at: Timestamp::from_millis(row.get(3)?),
            settings: serde_json::from_str(&row.get::<_, String>(4)?)?,
            changes: serde_json::from_str(&row.get::<_, String>(5)?)?,
            restores: row.get::<_, Option<u32>>(6)?.map(RevisionNumber::new),
        });
    }
    Ok(found)
}

fn state(name: &str, end_reason: Option<String>) -> Outcome<CampaignState> {
    let reason = || {
        [
            EndReason::ListDone,
            EndReason::PeriodOver,
            EndReason::ByHand,
            EndReason::Fault,
        ]
        .into_iter()
        .find(|reason| Some(reason.name()) == end_reason.as_deref())
    };
    match name {
        "draft" => Some(CampaignState::Draft),
        "scheduled" => Some(CampaignState::Scheduled),
        "running" => Some(CampaignState::Running),
        "paused" => Some(CampaignState::Paused),
        "ended" => reason().map(CampaignState::Ended),
        _ => None,
    }
    .ok_or_else(|| Fault::unreadable(format!("campaign state `{name}`")))
}

const ORIGINS: [(Origin, &str); 5] = [
    (Origin::Rest, "rest"),
    (Origin::Tencent, "tencent"),
    (Origin::Alibaba, "alibaba"),
    (Origin::Huawei, "huawei"),
    (Origin::Dezhu, "dezhu"),
];

pub(super) fn origin_name(origin: Origin) -> &'static str {
    match origin {
        Origin::Rest => "rest",
        Origin::Tencent => "tencent",
        Origin::Alibaba => "alibaba",
        Origin::Huawei => "huawei",
        Origin::Dezhu => "dezhu",
    }
}

pub(super) fn origin(name: &str) -> Outcome<Origin> {
    ORIGINS
        .into_iter()
        .find(|(_, known)| *known == name)
        .map(|(origin, _)| origin)
        .ok_or_else(|| Fault::unreadable(format!("origin `{name}`")))
}
