//! The do-not-call list: one row for each number, and contacts that return when it leaves.

use std::collections::BTreeMap;

use async_trait::async_trait;
use outdial_domain::{
    CampaignId, Contact, ContactPlace, ContactUpdate, DoNotCallEntry, Listing, PhoneNumber,
    TenantId, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::contact_row::number;
use super::contacts::with_number;
use super::fault::Outcome;
use super::{SqliteStore, keys, places};
use crate::page::page_size;
use crate::{DoNotCall, IfListed, NumbersListed, Page, StoreError};

/// So many numbers are committed as one request: more would keep a dial waiting.
const NUMBERS_AT_ONCE: usize = 200;
/// So many numbers have their contacts returned in one request: each may have many.
const RETURNS_AT_ONCE: i64 = 20;

const COLUMNS: &str = "number, reason, source, author, created_at, until";

#[async_trait]
impl DoNotCall for SqliteStore {
    async fn list_numbers(
        &self,
        tenant: TenantId,
        entries: Vec<DoNotCallEntry>,
        if_listed: IfListed,
    ) -> Result<NumbersListed, StoreError> {
        let at_once = match if_listed {
            IfListed::Refuse => entries.len().max(1),
            IfListed::Keep | IfListed::Replace => NUMBERS_AT_ONCE,
        };
        let mut all = NumbersListed::default();
        for part in entries.chunks(at_once) {
            let part = part.to_vec();
            let listed = self
                .change(move |tx| list(tx.db, tenant, &part, if_listed))
                .await?;
            all.listed.extend(listed.listed);
            all.kept.extend(listed.kept);
            all.lifted |= listed.lifted;
        }
        Ok(all)
    }

    async fn unlist_numbers(
        &self,
        tenant: TenantId,
        numbers: Vec<PhoneNumber>,
    ) -> Result<Vec<PhoneNumber>, StoreError> {
        let mut removed = Vec::new();
        for part in numbers.chunks(NUMBERS_AT_ONCE) {
            let part = part.to_vec();
            let gone = self
                .change(move |tx| {
                    let mut gone = Vec::new();
                    for number in &part {
                        if unlist(tx.db, tenant, *number)? {
                            gone.push(*number);
                        }
                    }
                    Ok(gone)
                })
                .await?;
            removed.extend(gone);
        }
        Ok(removed)
    }

    async fn return_contacts(
        &self,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<Vec<(CampaignId, u64)>, StoreError> {
        let mut counts: BTreeMap<CampaignId, u64> = BTreeMap::new();
        loop {
            let (returned, more) = self
                .change(move |tx| return_some(tx.db, tenant, now))
                .await?;
            for campaign in returned {
                *counts.entry(campaign).or_default() += 1;
            }
            if !more {
                return Ok(counts.into_iter().collect());
            }
        }
    }

    async fn listed_number(
        &self,
        tenant: TenantId,
        number: PhoneNumber,
        now: Timestamp,
    ) -> Result<Option<DoNotCallEntry>, StoreError> {
        self.readers
            .read(move |db| {
                let sql = format!(
                    "SELECT {COLUMNS} FROM do_not_call WHERE tenant = ?1 AND number = ?2
                     AND (until IS NULL OR until > ?3)"
                );
                let mut query = db.prepare_cached(&sql)?;
                let mut rows =
                    query.query(params![tenant.number(), number.text(), now.millis()])?;
                rows.next()?.map(entry).transpose()
            })
            .await
    }

    async fn listed_numbers(
        &self,
        tenant: TenantId,
        now: Timestamp,
        after: Option<PhoneNumber>,
        limit: usize,
    ) -> Result<Page<DoNotCallEntry, PhoneNumber>, StoreError> {
        let limit = page_size(limit);
        self.readers
            .read(move |db| {
                let sql = format!(
                    "SELECT {COLUMNS} FROM do_not_call WHERE tenant = ?1 AND number > ?2
                     AND (until IS NULL OR until > ?3) ORDER BY number LIMIT ?4"
                );
                let mut query = db.prepare_cached(&sql)?;
                let after = after.map(|number| number.text()).unwrap_or_default();
                let mut rows = query.query(params![
                    tenant.number(),
                    after,
                    now.millis(),
                    limit as i64 + 1
                ])?;
                let mut found = Vec::new();
                while let Some(row) = rows.next()? {
                    found.push(entry(row)?);
                }
                Ok(Page::from_probe(found, limit, |entry| entry.number))
            })
            .await
    }
}

/// Whether a tenant has any number on its list: most have none, and need not be asked for each.
pub(super) fn has_any(db: &Connection, tenant: i64) -> Outcome<bool> {
    let mut query = db.prepare_cached("SELECT 1 FROM do_not_call WHERE tenant = ? LIMIT 1")?;
    Ok(query.exists([tenant])?)
}

/// What the list says of a number.
pub(super) fn listing(
    db: &Connection,
    tenant: i64,
    number: &PhoneNumber,
) -> Outcome<Option<Listing>> {
    Ok(db
        .prepare_cached(
            "SELECT created_at, until FROM do_not_call WHERE tenant = ? AND number = ?",
        )?
        .query_row(params![tenant, number.text()], |row| {
            Ok(Listing {
                since: Timestamp::from_millis(row.get(0)?),
                until: row.get::<_, Option<i64>>(1)?.map(Timestamp::from_millis),
            })
        })
        .optional()?)
}

fn list(
    db: &Connection,
    tenant: TenantId,
    entries: &[DoNotCallEntry],
    if_listed: IfListed,
) -> Outcome<NumbersListed> {
    let mut done = NumbersListed::default();
    for entry in entries {
        let before = listing(db, i64::from(tenant.number()), &entry.number)?;
        let before = before.filter(|listing| listing.holds_at(entry.created_at));
        match (before, if_listed) {
            (Some(_), IfListed::Refuse) => {
                let problem = "is on the do-not-call list already";
                return Err(StoreError::conflict("number", problem).into());
            }
            (Some(_), IfListed::Keep) => {
                done.kept.push(entry.number);
                continue;
            }
            _ => {}
        }
        let was_for_good = before.is_some_and(|listing| listing.until.is_none());
        if was_for_good && entry.until.is_some() {
            lifted(db, tenant, entry.number)?;
            done.lifted = true;
        }
        db.prepare_cached(
            "INSERT OR REPLACE INTO do_not_call
                 (tenant, number, reason, source, author, created_at, until)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            tenant.number(),
            entry.number.text(),
            entry.reason,
            entry.source,
            entry.author,
            entry.created_at.millis(),
            entry.until.map(Timestamp::millis),
        ])?;
        done.listed.push((entry.number, entry.listing()));
    }
    Ok(done)
}

/// Takes a number off the list; says whether it was on it.
fn unlist(db: &Connection, tenant: TenantId, number: PhoneNumber) -> Outcome<bool> {
    let gone = db
        .prepare_cached("DELETE FROM do_not_call WHERE tenant = ? AND number = ?")?
        .execute(params![tenant.number(), number.text()])?;
    if gone > 0 {
        lifted(db, tenant, number)?;
    }
    Ok(gone > 0)
}

/// Contacts with this number may have to return.
fn lifted(db: &Connection, tenant: TenantId, number: PhoneNumber) -> Outcome<()> {
    db.prepare_cached("INSERT OR IGNORE INTO do_not_call_lifted (tenant, number) VALUES (?, ?)")?
        .execute(params![tenant.number(), number.text()])?;
    Ok(())
}

/// Returns the contacts of some numbers; answers the campaign of each, and whether there is more.
fn return_some(
    db: &Connection,
    tenant: TenantId,
    now: Timestamp,
) -> Outcome<(Vec<CampaignId>, bool)> {
    let texts: Vec<String> = db
        .prepare_cached("SELECT number FROM do_not_call_lifted WHERE tenant = ? LIMIT ?")?
        .query_map(params![tenant.number(), RETURNS_AT_ONCE], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut returned = Vec::new();
    for text in &texts {
        for contact in with_number(db, tenant, None, number(text)?)? {
            if returns(db, tenant, &contact)? {
                let campaign = contact.campaign;
                places::move_contact(db, &return_of(contact, now))?;
                returned.push(campaign);
            }
        }
        db.prepare_cached("DELETE FROM do_not_call_lifted WHERE tenant = ? AND number = ?")?
            .execute(params![tenant.number(), text])?;
    }
    let more = texts.len() as i64 == RETURNS_AT_ONCE;
    Ok((returned, more))
}

/// Whether a contact was left out and has a number again that is not listed for good.
fn returns(db: &Connection, tenant: TenantId, contact: &Contact) -> Outcome<bool> {
    let left_out: bool = db
        .prepare_cached("SELECT left_out FROM contact WHERE id = ?")?
        .query_row([keys::contact_id_key(contact.id)], |row| row.get(0))?;
    if !left_out {
        return Ok(false);
    }
    for number in &contact.numbers {
        let listing = listing(db, i64::from(tenant.number()), number)?;
        if listing.is_none_or(|listing| listing.until.is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn return_of(contact: Contact, now: Timestamp) -> ContactUpdate {
    ContactUpdate {
        contact: contact.id,
        campaign: contact.campaign,
        place: if contact.history.dialed == 0 {
            ContactPlace::Fresh
        } else {
            ContactPlace::Resting(now)
        },
        history: contact.history,
        last_outcome: contact.last_outcome,
    }
}

fn entry(row: &Row<'_>) -> Outcome<DoNotCallEntry> {
    Ok(DoNotCallEntry {
        number: number(&row.get::<_, String>(0)?)?,
        reason: row.get(1)?,
        source: row.get(2)?,
        author: row.get(3)?,
        created_at: Timestamp::from_millis(row.get(4)?),
        until: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_millis),
    })
}
