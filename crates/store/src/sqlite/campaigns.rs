//! Campaigns and their revisions.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use outdial_domain::{
    Campaign, CampaignId, CampaignState, EndReason, Order, Revision, RevisionNumber, TenantId,
    Timestamp,
};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::campaign_row::{origin_name, read, read_revisions};
use super::fault::{Fault, Outcome};
use super::work::Tx;
use super::{SqliteStore, contact_row, contacts, edits, events, keys, lists, totals};
use crate::page::page_size;
use crate::{
    CampaignQuery, CampaignStats, Campaigns, CreatedCampaign, IdempotencyKey, LedgerSum,
    NewCampaign, NewEvent, NewRevision, Page, StoreError,
};

/// So long an idempotency key is remembered.
const IDEMPOTENCY_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// Pages of a query that does not say how long.
const PAGE_DEFAULT: usize = 1000;

/// Campaigns that are read without another thread.
const LIST_FEW: usize = 2;

#[async_trait]
impl Campaigns for SqliteStore {
    async fn create_campaign(&self, campaign: NewCampaign) -> Result<CreatedCampaign, StoreError> {
        let uuid = uuid::Uuid::new_v4().to_string();
        self.change(move |tx| create(tx, &campaign, &uuid)).await
    }

    async fn set_campaign_state(
        &self,
        campaign: CampaignId,
        state: CampaignState,
        events: Vec<NewEvent>,
    ) -> Result<(), StoreError> {
        self.change(move |tx| {
            let changed = tx
                .db
                .prepare_cached("UPDATE campaign SET state = ?2, end_reason = ?3 WHERE id = ?1")?
                .execute(params![
                    campaign.number(),
                    state.name(),
                    state.end_reason().map(EndReason::name)
                ])?;
            if changed == 0 {
                return Err(StoreError::not_found("campaign", campaign).into());
            }
            events::append(tx, &events)
        })
        .await
    }

    async fn remove_campaign(
        &self,
        campaign: CampaignId,
        events: Vec<NewEvent>,
    ) -> Result<(), StoreError> {
        self.change(move |tx| {
            let changed = tx
                .db
                .prepare_cached("UPDATE campaign SET removed = 1 WHERE id = ?1 AND removed = 0")?
                .execute([campaign.number()])?;
            if changed == 0 {
                return Err(StoreError::not_found("campaign", campaign).into());
            }
            events::append(tx, &events)
        })
        .await
    }

    async fn revise_campaign(&self, revision: NewRevision) -> Result<Revision, StoreError> {
        let (campaign, replaces) = (revision.campaign, revision.list.is_some());
        let revised = self.change(move |tx| revise(tx, &revision)).await?;
        if replaces {
            self.set_aside(campaign)?;
        }
        Ok(revised)
    }

    async fn campaign(&self, campaign: CampaignId) -> Result<Option<Campaign>, StoreError> {
        self.readers.read_few(move |db| by_id(db, campaign)).await
    }

    async fn campaign_by_uuid(&self, uuid: &str) -> Result<Option<Campaign>, StoreError> {
        let uuid = uuid.to_lowercase();
        self.readers
            .read_few(move |db| {
                let found = read(db, "WHERE uuid = ? AND removed = 0", [Value::Text(uuid)])?;
                Ok(found.into_iter().next())
            })
            .await
    }

    async fn campaigns(
        &self,
        query: CampaignQuery,
    ) -> Result<Page<Campaign, CampaignId>, StoreError> {
        if (1..=LIST_FEW).contains(&query.limit) {
            return self.readers.read_few(move |db| list(db, &query)).await;
        }
        self.readers.read(move |db| list(db, &query)).await
    }

    async fn count_campaigns(&self, query: CampaignQuery) -> Result<u64, StoreError> {
        self.readers
            .read(move |db| {
                let (condition, parameters) = condition(&query);
                let count: i64 = db
                    .prepare_cached(&format!("SELECT count(*) FROM campaign {condition}"))?
                    .query_row(params_from_iter(parameters), |row| row.get(0))?;
                Ok(count.unsigned_abs())
            })
            .await
    }

    async fn revisions(
        &self,
        campaign: CampaignId,
        after: Option<RevisionNumber>,
        limit: usize,
    ) -> Result<Page<Revision, RevisionNumber>, StoreError> {
        let limit = page_size(limit);
        self.readers
            .read(move |db| {
                let after = after.map_or(0, RevisionNumber::number);
                let range = (after, u32::MAX, limit as i64 + 1);
                let found = read_revisions(db, campaign, range)?;
                Ok(Page::from_probe(found, limit, |revision| revision.number))
            })
            .await
    }

    async fn revision(
        &self,
        campaign: CampaignId,
        number: RevisionNumber,
    ) -> Result<Option<Revision>, StoreError> {
        self.readers
            .read_few(move |db| {
                let Some(before) = number.number().checked_sub(1) else {
                    return Ok(None);
                };
                Ok(read_revisions(db, campaign, (before, number.number(), 1))?.pop())
            })
            .await
    }

    async fn campaign_stats(&self, campaign: CampaignId) -> Result<CampaignStats, StoreError> {
        self.readers.read_few(move |db| stats(db, campaign)).await
    }

    async fn ledger(
        &self,
        campaign: CampaignId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<LedgerSum, StoreError> {
        self.readers
            .read(move |db| {
                let sum = db
                    .prepare_cached(
                        "SELECT coalesce(sum(live), 0), coalesce(sum(abandoned), 0) FROM ledger
                         WHERE campaign = ? AND slot >= ? AND slot < ?",
                    )?
                    .query_row(
                        params![campaign.number(), totals::slot(from), totals::slot(to)],
                        |row| {
                            Ok(LedgerSum {
                                live: row.get::<_, i64>(0)?.unsigned_abs(),
                                abandoned: row.get::<_, i64>(1)?.unsigned_abs(),
                            })
                        },
                    )?;
                Ok(sum)
            })
            .await
    }
}

fn create(tx: &Tx<'_>, new: &NewCampaign, uuid: &str) -> Outcome<CreatedCampaign> {
    if let Some(key) = &new.idempotency
        && let Some(campaign) = created_before(tx.db, new.tenant, key)?
    {
        return Ok(CreatedCampaign {
            campaign,
            created: false,
        });
    }
    let known = tx
        .db
        .prepare_cached("SELECT 1 FROM tenant WHERE id = ?")?
        .exists([new.tenant.number()])?;
    if !known {
        return Err(StoreError::not_found("tenant", new.tenant).into());
    }
    let revision = RevisionNumber::new(1);
    let inserted = tx
        .db
        .prepare_cached(
            "INSERT INTO campaign (uuid, tenant, origin, state, name, revision, created_at, shuffled, extras)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            uuid,
            new.tenant.number(),
            origin_name(new.origin),
            CampaignState::Draft.name(),
            new.settings.name,
            revision.number(),
            new.at.millis(),
            new.settings.order == Order::Random,
            serde_json::to_string(&new.extras)?,
        ]);
    // The only rule that a campaign of ours can break is the check of its id.
    inserted.map_err(|error| match Fault::from(error).0 {
        StoreError::Conflict { .. } => {
            Fault(StoreError::conflict("campaign", "all ids are used up"))
        }
        other => Fault(other),
    })?;
    let id = keys::campaign_id(tx.db.last_insert_rowid())?;
    tx.db
        .prepare_cached("INSERT INTO campaign_total (campaign) VALUES (?)")?
        .execute([id.number()])?;
    insert_revision(
        tx.db,
        &Revision {
            campaign: id,
            number: revision,
            author: new.author.clone(),
            origin: new.origin,
            at: new.at,
            changes: Vec::new(),
            restores: None,
            settings: new.settings.clone(),
        },
    )?;
    if let Some(key) = &new.idempotency {
        remember(tx.db, new.tenant, key, id, new.at)?;
    }
    Ok(CreatedCampaign {
        campaign: Campaign {
            id,
            uuid: uuid.to_owned(),
            tenant: new.tenant,
            origin: new.origin,
            state: CampaignState::Draft,
            revision,
            settings: new.settings.clone(),
            created_at: new.at,
            extras: new.extras.clone(),
        },
        created: true,
    })
}

fn created_before(
    db: &Connection,
    tenant: TenantId,
    key: &IdempotencyKey,
) -> Outcome<Option<Campaign>> {
    let found: Option<(String, i64)> = db
        .prepare_cached(
            "SELECT fingerprint, campaign FROM idempotency WHERE tenant = ? AND key = ?",
        )?
        .query_row(params![tenant.number(), key.key], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    match found {
        None => Ok(None),
        Some((fingerprint, _)) if fingerprint != key.fingerprint => Err(StoreError::conflict(
            "Idempotency-Key",
            "was used for another request; use a new one",
        )
        .into()),
        Some((_, campaign)) => by_id(db, keys::campaign_id(campaign)?),
    }
}

fn remember(
    db: &Connection,
    tenant: TenantId,
    key: &IdempotencyKey,
    campaign: CampaignId,
    at: Timestamp,
) -> Outcome<()> {
    db.prepare_cached("DELETE FROM idempotency WHERE at < ?")?
        .execute([(at - IDEMPOTENCY_KEPT).millis()])?;
    db.prepare_cached(
        "INSERT INTO idempotency (tenant, key, fingerprint, campaign, at) VALUES (?, ?, ?, ?, ?)",
    )?
    .execute(params![
        tenant.number(),
        key.key,
        key.fingerprint,
        campaign.number(),
        at.millis()
    ])?;
    Ok(())
}

/// Commits a revision, and the list that it puts in force.
pub(super) fn revise(tx: &Tx<'_>, new: &NewRevision) -> Outcome<Revision> {
    let current: Option<(u32, String)> = tx
        .db
        .prepare_cached("SELECT revision, state FROM campaign WHERE id = ? AND removed = 0")?
        .query_row([new.campaign.number()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((current, state)) = current else {
        return Err(StoreError::not_found("campaign", new.campaign).into());
    };
    if let Some(expected) = new.expected
        && expected.number() != current
    {
        return Err(Fault(StoreError::Stale {
            current: RevisionNumber::new(current),
        }));
    }
    if new
        .expected_state
        .is_some_and(|judged| judged.name() != state)
    {
        return Err(Fault(StoreError::Moved));
    }
    let revision = Revision {
        campaign: new.campaign,
        number: RevisionNumber::new(current + 1),
        author: new.author.clone(),
        origin: new.origin,
        at: new.at,
        changes: new.changes.clone(),
        restores: new.restores,
        settings: new.settings.clone(),
    };
    insert_revision(tx.db, &revision)?;
    tx.db
        .prepare_cached("UPDATE campaign SET revision = ?2, name = ?3 WHERE id = ?1")?
        .execute(params![
            new.campaign.number(),
            revision.number.number(),
            revision.settings.name
        ])?;
    if let Some(extras) = &new.extras {
        tx.db
            .prepare_cached("UPDATE campaign SET extras = ?2 WHERE id = ?1")?
            .execute(params![
                new.campaign.number(),
                serde_json::to_string(extras)?
            ])?;
    }
    if let Some(pending) = new.pending {
        edits::take(tx.db, new.campaign, pending)?;
    }
    if let Some(list) = &new.list {
        lists::put_in_force(tx.db, &revision, list)?;
    }
    events::append(tx, &new.events)?;
    Ok(revision)
}

fn insert_revision(db: &Connection, revision: &Revision) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO revision (campaign, number, author, origin, at, settings, changes, restores)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        revision.campaign.number(),
        revision.number.number(),
        revision.author,
        origin_name(revision.origin),
        revision.at.millis(),
        serde_json::to_string(&revision.settings)?,
        serde_json::to_string(&revision.changes)?,
        revision.restores.map(RevisionNumber::number),
    ])?;
    Ok(())
}

fn by_id(db: &Connection, campaign: CampaignId) -> Outcome<Option<Campaign>> {
    let id = Value::Integer(campaign.number().into());
    let found = read(db, "WHERE campaign.id = ? AND removed = 0", [id])?;
    Ok(found.into_iter().next())
}

fn list(db: &Connection, query: &CampaignQuery) -> Outcome<Page<Campaign, CampaignId>> {
    let limit = match query.limit {
        0 => PAGE_DEFAULT,
        limit => page_size(limit),
    };
    let (mut condition, mut parameters) = condition(query);
    let (beyond, direction) = if query.newest_first {
        ("<", "DESC")
    } else {
        (">", "ASC")
    };
    if let Some(after) = query.after {
        condition.push_str(&format!(" AND campaign.id {beyond} ?"));
        parameters.push(Value::Integer(after.number().into()));
    }
    condition.push_str(&format!(
        " ORDER BY campaign.id {direction} LIMIT {}",
        limit + 1
    ));
    let found = read(db, &condition, parameters)?;
    Ok(Page::from_probe(found, limit, |campaign| campaign.id))
}

/// The condition of a query, without cursor and limit.
fn condition(query: &CampaignQuery) -> (String, Vec<Value>) {
    let mut condition = "WHERE campaign.removed = 0".to_owned();
    let mut parameters = Vec::new();
    if let Some(tenant) = query.tenant {
        condition.push_str(" AND campaign.tenant = ?");
        parameters.push(Value::Integer(tenant.number().into()));
    }
    if let Some(name) = &query.name {
        condition.push_str(" AND campaign.name = ?");
        parameters.push(Value::Text(name.clone()));
    }
    if let Some(origin) = query.origin {
        condition.push_str(" AND campaign.origin = ?");
        parameters.push(Value::Text(origin_name(origin).to_owned()));
    }
    if !query.states.is_empty() {
        let marks = vec!["?"; query.states.len()].join(", ");
        condition.push_str(&format!(" AND campaign.state IN ({marks})"));
        let states = query
            .states
            .iter()
            .map(|state| Value::Text((*state).to_owned()));
        parameters.extend(states);
    }
    (condition, parameters)
}

fn stats(db: &Connection, campaign: CampaignId) -> Outcome<CampaignStats> {
    let sums: Option<(i64, i64, i64)> = db
        .prepare_cached("SELECT attempts, live, abandoned FROM campaign_total WHERE campaign = ?")?
        .query_row([campaign.number()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let (attempts, live, abandoned) = sums.unwrap_or_default();
    let mut outcomes = BTreeMap::new();
    let mut query =
        db.prepare_cached("SELECT outcome, attempts FROM campaign_outcome WHERE campaign = ?")?;
    let mut rows = query.query([campaign.number()])?;
    while let Some(row) = rows.next()? {
        let count: i64 = row.get(1)?;
        outcomes.insert(contact_row::outcome(row.get(0)?)?, count.unsigned_abs());
    }
    let answered = outcomes.get(&outdial_domain::Outcome::Answered);
    Ok(CampaignStats {
        contacts: contacts::counts(db, campaign)?,
        attempts: attempts.unsigned_abs(),
        answered: answered.copied().unwrap_or(0),
        live: live.unsigned_abs(),
        abandoned: abandoned.unsigned_abs(),
        outcomes,
    })
}
