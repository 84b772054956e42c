//! Attempts: placed, answered, ended, listed.

use async_trait::async_trait;
use outdial_domain::{
    AttemptId, Blame, CampaignId, ContactState, Outcome as CallOutcome, PhoneNumber, TenantId,
    Timestamp,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Outcome;
use super::work::{Tx, Urgency};
use super::{
    SqliteStore, appointments, attempt_row, caller_ids, dialogs, events, keys, places, totals,
};
use crate::page::page_size;
use crate::{
    AttemptAnswered, AttemptJoined, AttemptQuery, AttemptRerouted, Attempts, CallerIdCalls, Dialog,
    DialogOwner, Disposition, EndAttempt, NewAttempt, Page, StoreError, StoredAttempt,
};

#[async_trait]
impl Attempts for SqliteStore {
    async fn place_attempt(&self, attempt: NewAttempt) -> Result<(), StoreError> {
        let contacts = vec![attempt.contact];
        self.write(Urgency::Dial, contacts, false, move |tx| {
            place(tx, &attempt)
        })
        .await
    }

    async fn reroute_attempt(&self, rerouted: AttemptRerouted) -> Result<(), StoreError> {
        self.write(Urgency::Dial, Vec::new(), false, move |tx| {
            reroute(tx, &rerouted)
        })
        .await
    }

    async fn attempt_answered(&self, answered: AttemptAnswered) -> Result<(), StoreError> {
        self.write(Urgency::Prompt, Vec::new(), false, move |tx| {
            if !is_under_way(tx.db, answered.tenant, answered.attempt)? {
                return Ok(());
            }
            tx.db
                .prepare_cached(
                    "UPDATE attempt SET answered_at = ?2, progress_at = coalesce(?3, progress_at)
                     WHERE key = ?1",
                )?
                .execute(params![
                    keys::attempt_key(answered.tenant, answered.attempt)?,
                    answered.at.millis(),
                    answered.progress_at.map(Timestamp::millis),
                ])?;
            if let Some(dialog) = &answered.dialog {
                dialogs::store(tx.db, dialog)?;
            }
            events::append(tx, &answered.events)
        })
        .await
    }

    async fn attempt_joined(&self, joined: AttemptJoined) -> Result<(), StoreError> {
        self.write(Urgency::Prompt, Vec::new(), false, move |tx| {
            if !is_under_way(tx.db, joined.tenant, joined.attempt)? {
                return Ok(());
            }
            tx.db
                .prepare_cached(
                    "UPDATE attempt SET joined_at = ?2, agent = coalesce(?3, agent)
                     WHERE key = ?1",
                )?
                .execute(params![
                    keys::attempt_key(joined.tenant, joined.attempt)?,
                    joined.at.millis(),
                    joined.agent.map(|agent| agent.to_string()),
                ])?;
            Ok(())
        })
        .await
    }

    async fn end_attempt(&self, end: EndAttempt) -> Result<(), StoreError> {
        let contacts = vec![end.contact.contact];
        // Its contact may turn out to be unreadable when the attempt is written already.
        self.write(Urgency::Prompt, contacts, true, move |tx| finish(tx, &end))
            .await
    }

    async fn dispose_attempt(
        &self,
        tenant: TenantId,
        attempt: AttemptId,
        disposition: Disposition,
    ) -> Result<(), StoreError> {
        self.write(Urgency::Prompt, Vec::new(), false, move |tx| {
            is_under_way(tx.db, tenant, attempt)?;
            let key = keys::attempt_key(tenant, attempt)?;
            let before: Option<String> = tx
                .db
                .prepare_cached("SELECT code FROM disposition WHERE attempt = ?")?
                .query_row([key], |row| row.get(0))
                .optional()?;
            let machine = CallOutcome::Machine.as_str();
            let was_machine = before.as_deref() == Some(machine);
            let is_machine = disposition.code == machine;
            if was_machine != is_machine {
                totals::machine_marked(tx.db, key, is_machine)?;
            }
            tx.db
                .prepare_cached(
                    "INSERT OR REPLACE INTO disposition
                         (attempt, code, notes, do_not_call, author, at)
                     VALUES (?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    key,
                    disposition.code,
                    disposition.notes,
                    disposition.do_not_call,
                    disposition.author,
                    disposition.at.millis(),
                ])?;
            Ok(())
        })
        .await
    }

    async fn store_dialog(&self, dialog: Dialog) -> Result<(), StoreError> {
        // One that is not answered is about to be called, for a callee who is on the line already.
        let urgency = if dialog.answered {
            Urgency::Prompt
        } else {
            Urgency::Dial
        };
        self.write(urgency, Vec::new(), false, move |tx| {
            dialogs::store(tx.db, &dialog)
        })
        .await
    }

    async fn forget_dialogs(&self, legs: Vec<u64>) -> Result<(), StoreError> {
        self.write(Urgency::Prompt, Vec::new(), false, move |tx| {
            legs.iter().try_for_each(|leg| dialogs::forget(tx.db, *leg))
        })
        .await
    }

    async fn open_dialogs(&self) -> Result<Vec<Dialog>, StoreError> {
        self.readers.read(dialogs::all).await
    }

    async fn open_attempts(&self) -> Result<Vec<StoredAttempt>, StoreError> {
        self.readers
            .read(|db| attempt_row::read(db, "WHERE outcome IS NULL ORDER BY key", []))
            .await
    }

    async fn last_attempt(&self, tenant: TenantId) -> Result<Option<AttemptId>, StoreError> {
        self.readers
            .read(move |db| {
                let keys = keys::attempt_keys(tenant);
                let last: Option<i64> = db
                    .prepare_cached("SELECT max(key) FROM attempt WHERE key BETWEEN ? AND ?")?
                    .query_row([keys.start(), keys.end()], |row| row.get(0))?;
                Ok(last.map(keys::attempt_id).transpose()?.map(|(_, id)| id))
            })
            .await
    }

    async fn attempt(
        &self,
        tenant: TenantId,
        attempt: AttemptId,
    ) -> Result<Option<StoredAttempt>, StoreError> {
        self.readers
            .read(move |db| {
                let Ok(key) = keys::attempt_key(tenant, attempt) else {
                    return Ok(None);
                };
                Ok(attempt_row::read(db, "WHERE key = ?", [key])?.pop())
            })
            .await
    }

    async fn attempts(
        &self,
        query: AttemptQuery,
    ) -> Result<Page<StoredAttempt, AttemptId>, StoreError> {
        self.readers.read(move |db| list(db, &query)).await
    }

    async fn attempts_to(
        &self,
        tenant: TenantId,
        numbers: Vec<PhoneNumber>,
        since: Timestamp,
    ) -> Result<Vec<u32>, StoreError> {
        self.readers
            .read(move |db| {
                let keys = keys::attempt_keys(tenant);
                let mut count = db.prepare_cached(
                    "SELECT count(*) FROM attempt
                     WHERE number = ? AND key BETWEEN ? AND ? AND started_at >= ?",
                )?;
                numbers
                    .iter()
                    .map(|number| {
                        let parameters =
                            params![number.text(), keys.start(), keys.end(), since.millis()];
                        Ok(count.query_row(parameters, |row| row.get(0))?)
                    })
                    .collect()
            })
            .await
    }

    async fn caller_id_calls(
        &self,
        tenant: TenantId,
        midnight: Timestamp,
        hour_ago: Timestamp,
    ) -> Result<Vec<CallerIdCalls>, StoreError> {
        self.readers
            .read(move |db| caller_ids::calls(db, tenant, midnight, hour_ago))
            .await
    }
}

fn place(tx: &Tx<'_>, new: &NewAttempt) -> Outcome<()> {
    // All that can be refused comes before the first change that would have to be undone: the
    // insert itself is refused as a whole when the id is taken.
    let key = keys::attempt_key(new.tenant, new.id)?;
    let contact = keys::contact_id_key(new.contact);
    let from = match places::place(tx.db, new.campaign, contact)? {
        None => return Err(StoreError::not_found("contact", new.contact).into()),
        Some(ContactState::InProgress) => {
            return Err(StoreError::conflict("contact", "is being called already").into());
        }
        Some(ContactState::Done) if new.appointment.is_none() => {
            return Err(StoreError::conflict("contact", "is final").into());
        }
        Some(from) => from,
    };
    if let Some(appointment) = new.appointment
        && !appointments::waits(tx.db, new.tenant, appointment)?
    {
        return Err(appointments::not_waiting().into());
    }
    tx.db
        .prepare_cached(
            "INSERT INTO attempt
                 (key, campaign, contact, number, caller_id, trunk, agent, revision, started_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            key,
            new.campaign.number(),
            contact,
            new.number.text(),
            new.caller_id.text(),
            new.trunk.as_str(),
            new.agent.map(|agent| agent.to_string()),
            new.revision.number(),
            new.started_at.millis(),
        ])?;
    places::begin(tx.db, new.campaign, contact, from)?;
    if let Some(appointment) = new.appointment {
        appointments::begin(tx.db, new.tenant, appointment, new.id)?;
    }
    totals::attempt_placed(tx.db, new.campaign)?;
    dialogs::store(
        tx.db,
        &Dialog {
            leg: new.leg.leg,
            owner: DialogOwner::Callee(new.tenant, new.id),
            identity: new.leg.identity.clone(),
            answered: false,
        },
    )?;
    events::append(tx, &new.events)
}

fn reroute(tx: &Tx<'_>, rerouted: &AttemptRerouted) -> Outcome<()> {
    let (tenant, attempt) = (rerouted.tenant, rerouted.attempt);
    if !is_under_way(tx.db, tenant, attempt)? {
        return Err(StoreError::not_found("attempt under way", attempt).into());
    }
    tx.db
        .prepare_cached("UPDATE attempt SET trunk = ?2 WHERE key = ?1")?
        .execute(params![
            keys::attempt_key(tenant, attempt)?,
            rerouted.trunk.as_str()
        ])?;
    dialogs::forget_callee(tx.db, tenant, attempt)?;
    dialogs::store(
        tx.db,
        &Dialog {
            leg: rerouted.leg.leg,
            owner: DialogOwner::Callee(tenant, attempt),
            identity: rerouted.leg.identity.clone(),
            answered: false,
        },
    )
}

fn finish(tx: &Tx<'_>, end: &EndAttempt) -> Outcome<()> {
    let attempt = &end.attempt;
    let key = keys::attempt_key(end.tenant, attempt.id)?;
    let (Some(outcome), Some(ended_at)) = (attempt.outcome, attempt.ended_at) else {
        return Err(StoreError::conflict("attempt", "has no outcome or end").into());
    };
    match outcome_of(tx.db, end.tenant, attempt.id)? {
        None => {}
        Some(before) if before == outcome.as_str() => return Ok(()),
        Some(before) => {
            let problem = format!("has ended already, as {before}");
            return Err(StoreError::conflict("attempt", problem).into());
        }
    }
    tx.db
        .prepare_cached(
            "UPDATE attempt SET trunk = ?2, agent = ?3, progress_at = ?4, answered_at = ?5,
                 joined_at = ?6, ended_at = ?7, outcome = ?8, blame = ?9, evidence = ?10,
                 abandoned = ?11
             WHERE key = ?1",
        )?
        .execute(params![
            key,
            attempt.trunk.as_str(),
            attempt.agent.map(|agent| agent.to_string()),
            attempt.progress_at.map(Timestamp::millis),
            attempt.answered_at.map(Timestamp::millis),
            attempt.joined_at.map(Timestamp::millis),
            ended_at.millis(),
            outcome.as_str(),
            attempt.blame.map(Blame::as_str),
            serde_json::to_string(&attempt.evidence)?,
            attempt.counts_as_abandoned,
        ])?;
    places::move_contact(tx.db, &end.contact)?;
    appointments::finish(tx.db, key, outcome)?;
    totals::attempt_ended(
        tx.db,
        attempt.campaign,
        outcome,
        ended_at,
        end.counts_as_live,
        attempt.counts_as_abandoned,
    )?;
    dialogs::forget_attempt(tx.db, end.tenant, attempt.id)?;
    events::append(tx, &end.events)
}

/// The outcome of an attempt, if it has ended.
fn outcome_of(db: &Connection, tenant: TenantId, attempt: AttemptId) -> Outcome<Option<String>> {
    db.prepare_cached("SELECT outcome FROM attempt WHERE key = ?")?
        .query_row([keys::attempt_key(tenant, attempt)?], |row| row.get(0))
        .optional()?
        .ok_or_else(|| StoreError::not_found("attempt", attempt).into())
}

fn is_under_way(db: &Connection, tenant: TenantId, attempt: AttemptId) -> Outcome<bool> {
    outcome_of(db, tenant, attempt).map(|outcome| outcome.is_none())
}

fn list(db: &Connection, query: &AttemptQuery) -> Outcome<Page<StoredAttempt, AttemptId>> {
    let limit = page_size(query.limit);
    let all = keys::attempt_keys(query.tenant);
    let (mut from, mut to) = (*all.start(), *all.end());
    if let Some(after) = query.after {
        match (keys::attempt_key(query.tenant, after), query.newest_first) {
            (Ok(key), false) => from = key + 1,
            (Ok(key), true) => to = key - 1,
            // An id that no attempt can have: nothing lies beyond it.
            (Err(_), _) => to = from - 1,
        }
    }
    // The most selective index that applies is named by its column alone; `+` keeps the others out.
    let by = match query {
        AttemptQuery {
            contact: Some(_), ..
        } => "contact = ?3 AND (?4 IS NULL OR +campaign = ?4) AND (?5 IS NULL OR +number = ?5)",
        AttemptQuery {
            number: Some(_), ..
        } => "?3 IS NULL AND (?4 IS NULL OR +campaign = ?4) AND number = ?5",
        AttemptQuery {
            campaign: Some(_), ..
        } => "?3 IS NULL AND campaign = ?4 AND ?5 IS NULL",
        _ => "?3 IS NULL AND ?4 IS NULL AND ?5 IS NULL",
    };
    let direction = if query.newest_first { "DESC" } else { "ASC" };
    let rest = format!(
        "WHERE key BETWEEN ?1 AND ?2 AND {by} ORDER BY key {direction} LIMIT {}",
        limit + 1
    );
    let found = attempt_row::read(
        db,
        &rest,
        params![
            from,
            to,
            query.contact.map(keys::contact_id_key),
            query.campaign.map(CampaignId::number),
            query.number.map(|number| number.text()),
        ],
    )?;
    Ok(Page::from_probe(found, limit, |found| found.attempt.id))
}
