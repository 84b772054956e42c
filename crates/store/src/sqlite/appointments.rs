//! Appointments: one row each, found by when they are due.

use std::collections::BTreeMap;

use async_trait::async_trait;
use outdial_domain::{
    Appointment, AppointmentId, AppointmentKind, AppointmentState, AttemptId, CampaignId,
    ContactId, Outcome as CallOutcome, PhoneNumber, SkillGroupId, TenantId, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use super::attempt_row::agent;
use super::contact_row::{number, outcome};
use super::contacts::with_number;
use super::fault::{Fault, Outcome};
use super::number_key::NumberKey;
use super::{SqliteStore, keys};
use crate::page::page_size;
use crate::{AppointmentChange, AppointmentQuery, Appointments, NewAppointment, Page, StoreError};

const COLUMNS: &str = "id, kind, campaign, contact, number, agent, skill_group, caller_id, due_at, \
     valid_until, remark, attributes, report, state, attempt, outcome, author, created_at, revision";

#[async_trait]
impl Appointments for SqliteStore {
    async fn create_appointment(&self, new: NewAppointment) -> Result<Appointment, StoreError> {
        self.change(move |tx| create(tx.db, &new)).await
    }

    async fn change_appointment(
        &self,
        tenant: TenantId,
        id: AppointmentId,
        change: AppointmentChange,
    ) -> Result<Appointment, StoreError> {
        self.change(move |tx| edit(tx.db, tenant, id, &change))
            .await
    }

    async fn report_appointment(
        &self,
        tenant: TenantId,
        id: AppointmentId,
        report: BTreeMap<String, String>,
    ) -> Result<Appointment, StoreError> {
        self.change(move |tx| {
            let before = existing(tx.db, tenant, id)?;
            let (state, revision) = match before.state {
                AppointmentState::Waiting => (AppointmentState::Done, before.revision + 1),
                other => (other, before.revision),
            };
            tx.db
                .prepare_cached(
                    "UPDATE appointment SET report = ?2, state = ?3, revision = ?4 WHERE id = ?1",
                )?
                .execute(params![
                    id_key(id),
                    serde_json::to_string(&report)?,
                    state.as_str(),
                    revision
                ])?;
            existing(tx.db, tenant, id)
        })
        .await
    }

    async fn remove_appointment(
        &self,
        tenant: TenantId,
        id: AppointmentId,
    ) -> Result<Appointment, StoreError> {
        self.change(move |tx| {
            let before = existing(tx.db, tenant, id)?;
            tx.db
                .prepare_cached("DELETE FROM appointment WHERE id = ?")?
                .execute([id_key(id)])?;
            Ok(before)
        })
        .await
    }

    async fn end_appointment(
        &self,
        tenant: TenantId,
        id: AppointmentId,
        revision: u32,
        state: AppointmentState,
    ) -> Result<(), StoreError> {
        self.change(move |tx| {
            tx.db
                .prepare_cached(
                    "UPDATE appointment SET state = ?4
                     WHERE tenant = ?1 AND id = ?2 AND revision = ?3 AND state = 'waiting'",
                )?
                .execute(params![
                    tenant.number(),
                    id_key(id),
                    revision,
                    state.as_str()
                ])?;
            Ok(())
        })
        .await
    }

    async fn appointment(
        &self,
        tenant: TenantId,
        id: AppointmentId,
    ) -> Result<Option<Appointment>, StoreError> {
        self.readers.read(move |db| find(db, tenant, id)).await
    }

    async fn appointments(
        &self,
        query: AppointmentQuery,
    ) -> Result<Page<Appointment, AppointmentId>, StoreError> {
        self.readers.read(move |db| list(db, &query)).await
    }

    async fn appointments_due(
        &self,
        tenant: TenantId,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Appointment>, StoreError> {
        let limit = page_size(limit) as i64;
        self.readers
            .read(move |db| {
                let rest = "WHERE tenant = ?1 AND state = 'waiting' AND due_at < ?2
                            ORDER BY due_at LIMIT ?3";
                read(db, rest, params![tenant.number(), until.millis(), limit])
            })
            .await
    }
}

/// An attempt keeps an appointment that waits: committed with the attempt, so that none is called twice.
pub(super) fn begin(
    db: &Connection,
    tenant: TenantId,
    id: AppointmentId,
    attempt: AttemptId,
) -> Outcome<()> {
    let begun = db
        .prepare_cached(
            "UPDATE appointment SET state = 'calling', attempt = ?3
             WHERE tenant = ?1 AND id = ?2 AND state = 'waiting'",
        )?
        .execute(params![
            tenant.number(),
            id_key(id),
            keys::attempt_key(tenant, attempt)?
        ])?;
    if begun == 0 {
        return Err(not_waiting().into());
    }
    Ok(())
}

/// Whether an appointment can be begun.
pub(super) fn waits(db: &Connection, tenant: TenantId, id: AppointmentId) -> Outcome<bool> {
    let found = find(db, tenant, id)?;
    Ok(found.is_some_and(|found| found.state == AppointmentState::Waiting))
}

/// The call of an appointment, if the attempt is one, has ended.
pub(super) fn finish(db: &Connection, attempt_key: i64, outcome: CallOutcome) -> Outcome<()> {
    db.prepare_cached("UPDATE appointment SET state = 'done', outcome = ?2 WHERE attempt = ?1")?
        .execute(params![attempt_key, outcome.as_str()])?;
    Ok(())
}

pub(super) fn not_waiting() -> StoreError {
    StoreError::conflict("appointment", "is being called or over")
}

fn create(db: &Connection, new: &NewAppointment) -> Outcome<Appointment> {
    let owner: Option<u32> = db
        .prepare_cached("SELECT tenant FROM campaign WHERE id = ?")?
        .query_row([new.campaign.number()], |row| row.get(0))
        .optional()?;
    if owner != Some(new.tenant.number()) {
        return Err(StoreError::not_found("campaign", new.campaign).into());
    }
    let own = with_number(db, new.tenant, Some(new.campaign), new.number)?;
    let contact = match new.contact {
        Some(id) if own.iter().any(|contact| contact.id == id) => id,
        Some(_) => {
            let problem = "has not this number, or is not in the campaign";
            return Err(StoreError::conflict("contact", problem).into());
        }
        None => match own.last() {
            Some(newest) => newest.id,
            None => add_contact(db, new.campaign, new.number)?,
        },
    };
    db.prepare_cached(
        "INSERT INTO appointment
             (tenant, kind, campaign, contact, number, agent, skill_group, caller_id, due_at,
              valid_until, remark, attributes, report, state, author, created_at, revision)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '{}', 'waiting', ?, ?, 1)",
    )?
    .execute(params![
        new.tenant.number(),
        new.kind.as_str(),
        new.campaign.number(),
        keys::contact_id_key(contact),
        new.number.text(),
        new.agent.map(|agent| agent.to_string()),
        new.skill_group.map(group_key),
        new.caller_id.map(|number| number.text()),
        new.due_at.millis(),
        new.valid_until.millis(),
        new.remark,
        serde_json::to_string(&new.attributes)?,
        new.author,
        new.at.millis(),
    ])?;
    let id = AppointmentId::new(db.last_insert_rowid().unsigned_abs());
    existing(db, new.tenant, id)
}

/// Adds a contact that is final from the start: only its appointment calls it.
fn add_contact(db: &Connection, campaign: CampaignId, number: PhoneNumber) -> Outcome<ContactId> {
    let (newest, numbered): (i64, i64) = db
        .prepare_cached("SELECT contact_seq, numbered FROM campaign WHERE id = ?")?
        .query_row([campaign.number()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let place = newest + 1;
    if place >= keys::CONTACTS_PER_CAMPAIGN {
        return Err(StoreError::conflict("campaign", "is full").into());
    }
    let key = keys::contact_key(campaign, place);
    let given = number.is_spelled().then(|| number.given().to_string());
    db.prepare_cached(
        "INSERT INTO contact (id, campaign, state, priority, sort_key, number, given)
         VALUES (?, ?, 3, 3, 0, ?, ?)",
    )?
    .execute(params![key, campaign.number(), number.text(), given])?;
    db.prepare_cached("INSERT OR IGNORE INTO contact_number (number, contact) VALUES (?, ?)")?
        .execute(params![NumberKey::of(&number).as_bytes(), key])?;
    // Numbers of a list that is on its way stay to be indexed.
    let numbered = if numbered == newest { place } else { numbered };
    db.prepare_cached("UPDATE campaign SET contact_seq = ?2, numbered = ?3 WHERE id = ?1")?
        .execute(params![campaign.number(), place, numbered])?;
    db.prepare_cached("UPDATE campaign_total SET done = done + 1 WHERE campaign = ?")?
        .execute([campaign.number()])?;
    Ok(keys::contact_id(key))
}

fn edit(
    db: &Connection,
    tenant: TenantId,
    id: AppointmentId,
    change: &AppointmentChange,
) -> Outcome<Appointment> {
    let before = existing(db, tenant, id)?;
    if before.state != AppointmentState::Waiting {
        return Err(not_waiting().into());
    }
    let (agent, group) = match (change.agent, change.skill_group) {
        (None, None) => (before.agent, before.skill_group),
        other => other,
    };
    let due_at = change.due_at.unwrap_or(before.due_at);
    let waits = before.valid_until.since(before.due_at);
    let valid_until = change.valid_until.unwrap_or(due_at + waits);
    db.prepare_cached(
        "UPDATE appointment SET agent = ?2, skill_group = ?3, due_at = ?4, valid_until = ?5,
             remark = ?6, revision = revision + 1
         WHERE id = ?1",
    )?
    .execute(params![
        id_key(id),
        agent.map(|agent| agent.to_string()),
        group.map(group_key),
        due_at.millis(),
        valid_until.millis(),
        change.remark.as_ref().unwrap_or(&before.remark),
    ])?;
    existing(db, tenant, id)
}

fn list(db: &Connection, query: &AppointmentQuery) -> Outcome<Page<Appointment, AppointmentId>> {
    let limit = page_size(query.limit);
    let agents: Vec<String> = query.agents.iter().map(ToString::to_string).collect();
    let rest = "WHERE tenant = ?1 AND id > ?2 AND (?3 IS NULL OR campaign = ?3)
         AND (?4 IS NULL OR number = ?4) AND (?5 IS NULL OR state = ?5)
         AND (?6 IS NULL OR due_at >= ?6) AND (?7 IS NULL OR due_at < ?7)
         AND (?8 = '[]' OR agent IN (SELECT value FROM json_each(?8)))
         ORDER BY id LIMIT ?9";
    let found = read(
        db,
        rest,
        params![
            query.tenant.number(),
            query.after.map_or(0, id_key),
            query.campaign.map(CampaignId::number),
            query.number.map(|number| number.text()),
            query.state.map(AppointmentState::as_str),
            query.from.map(Timestamp::millis),
            query.to.map(Timestamp::millis),
            serde_json::to_string(&agents)?,
            limit as i64 + 1,
        ],
    )?;
    Ok(Page::from_probe(found, limit, |found| found.id))
}

fn existing(db: &Connection, tenant: TenantId, id: AppointmentId) -> Outcome<Appointment> {
    find(db, tenant, id)?.ok_or_else(|| StoreError::not_found("appointment", id).into())
}

fn find(db: &Connection, tenant: TenantId, id: AppointmentId) -> Outcome<Option<Appointment>> {
    let rest = "WHERE tenant = ?1 AND id = ?2";
    Ok(read(db, rest, params![tenant.number(), id_key(id)])?.pop())
}

fn read(db: &Connection, rest: &str, parameters: impl Params) -> Outcome<Vec<Appointment>> {
    let sql = format!("SELECT {COLUMNS} FROM appointment {rest}");
    let mut query = db.prepare_cached(&sql)?;
    let mut rows = query.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(appointment(row)?);
    }
    Ok(found)
}

fn appointment(row: &Row<'_>) -> Outcome<Appointment> {
    let (kind, state): (String, String) = (row.get(1)?, row.get(13)?);
    let text = |column| row.get::<_, Option<String>>(column);
    let at = |column| row.get::<_, i64>(column).map(Timestamp::from_millis);
    let attempt: Option<i64> = row.get(14)?;
    Ok(Appointment {
        id: AppointmentId::new(row.get::<_, i64>(0)?.unsigned_abs()),
        kind: AppointmentKind::from_name(&kind)
            .ok_or_else(|| Fault::unreadable(format!("appointment kind `{kind}`")))?,
        campaign: keys::campaign_id(row.get(2)?)?,
        contact: keys::contact_id(row.get(3)?),
        number: number(&row.get::<_, String>(4)?)?,
        agent: text(5)?.map(|id| agent(&id)).transpose()?,
        skill_group: row
            .get::<_, Option<i64>>(6)?
            .map(|id| SkillGroupId::new(id as u64)),
        caller_id: text(7)?
            .map(|number_text| number(&number_text))
            .transpose()?,
        due_at: at(8)?,
        valid_until: at(9)?,
        remark: row.get(10)?,
        attributes: serde_json::from_str(&row.get::<_, String>(11)?)?,
        report: serde_json::from_str(&row.get::<_, String>(12)?)?,
        state: AppointmentState::from_name(&state)
            .ok_or_else(|| Fault::unreadable(format!("appointment state `{state}`")))?,
        attempt: attempt.map(keys::attempt_id).transpose()?.map(|(_, id)| id),
        outcome: text(15)?.map(outcome).transpose()?,
        author: row.get(16)?,
        created_at: at(17)?,
        revision: row.get(18)?,
    })
}

/// The key of an appointment; an id that none can have gives a key that none has.
fn id_key(id: AppointmentId) -> i64 {
    i64::try_from(id.number()).unwrap_or(-1)
}

/// A skill group as it is kept: the same bits, whatever their sign.
fn group_key(group: SkillGroupId) -> i64 {
    group.number() as i64
}
