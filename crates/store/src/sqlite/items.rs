//! What is set up for a tenant, kept whole as JSON under its kind and id.

use std::collections::HashSet;

use outdial_domain::TenantId;
use rusqlite::{Connection, params};
use serde::de::DeserializeOwned;

use super::fault::{Fault, Outcome};
use crate::{Item, ItemId, Source, StoredItem};

pub(super) const SKILL_GROUP: &str = "skill_group";
pub(super) const AGENT: &str = "agent";
pub(super) const FLOW: &str = "flow";
pub(super) const NUMBER_GROUP: &str = "number_group";
pub(super) const CALLER_ID: &str = "caller_id";

/// The kind of an item, and its id as text.
fn item_key(id: ItemId) -> (&'static str, String) {
    match id {
        ItemId::SkillGroup(id) => (SKILL_GROUP, id.to_string()),
        ItemId::Agent(id) => (AGENT, id.to_string()),
        ItemId::Flow(id) => (FLOW, id.to_string()),
        ItemId::NumberGroup(id) => (NUMBER_GROUP, id.to_string()),
        ItemId::CallerId(number) => (CALLER_ID, number.text()),
    }
}

/// Creates or replaces an item.
pub(super) fn put(db: &Connection, tenant: TenantId, source: Source, item: &Item) -> Outcome<()> {
    let (kind, id) = item_key(item.id());
    let data = match item {
        Item::SkillGroup(item) => serde_json::to_string(item),
        Item::Agent(item) => serde_json::to_string(item),
        Item::Flow(item) => serde_json::to_string(item),
        Item::NumberGroup(item) => serde_json::to_string(item),
        Item::CallerId(item) => serde_json::to_string(item),
    }?;
    db.prepare_cached(
        "INSERT INTO item (tenant, kind, id, source, data) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (tenant, kind, id)
         DO UPDATE SET source = excluded.source, data = excluded.data",
    )?
    .execute(params![
        tenant.number(),
        kind,
        id,
        source_name(source),
        data
    ])?;
    Ok(())
}

/// Removes an item; says whether it was there.
pub(super) fn remove(db: &Connection, tenant: TenantId, id: ItemId) -> Outcome<bool> {
    let (kind, id) = item_key(id);
    remove_by_key(db, tenant, kind, &id)
}

fn remove_by_key(db: &Connection, tenant: TenantId, kind: &str, id: &str) -> Outcome<bool> {
    if kind == AGENT {
        db.prepare_cached("DELETE FROM agent_wish WHERE tenant = ? AND agent = ?")?
            .execute(params![tenant.number(), id])?;
    }
    let gone = db
        .prepare_cached("DELETE FROM item WHERE tenant = ? AND kind = ? AND id = ?")?
        .execute(params![tenant.number(), kind, id])?;
    Ok(gone > 0)
}

/// Removes what the file set up and no longer names; returns how many went.
pub(super) fn keep_only(
    db: &Connection,
    tenant: TenantId,
    kept: &[ItemId],
    kept_keys: &[String],
) -> Outcome<u64> {
    let kept: HashSet<(&str, String)> = kept.iter().map(|id| item_key(*id)).collect();
    let from_file = params![tenant.number(), source_name(Source::File)];
    let items: Vec<(String, String)> = db
        .prepare_cached("SELECT kind, id FROM item WHERE tenant = ? AND source = ?")?
        .query_map(from_file, |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut gone = 0;
    for (kind, id) in items {
        if !kept.contains(&(kind.as_str(), id.clone())) {
            gone += u64::from(remove_by_key(db, tenant, &kind, &id)?);
        }
    }
    let names: Vec<String> = db
        .prepare_cached("SELECT name FROM api_key WHERE tenant = ? AND source = ?")?
        .query_map(from_file, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for name in names {
        if !kept_keys.contains(&name) {
            db.prepare_cached("DELETE FROM api_key WHERE tenant = ? AND name = ?")?
                .execute(params![tenant.number(), name])?;
            gone += 1;
        }
    }
    Ok(gone)
}

/// Items of a kind, in the order in which they were set up first.
pub(super) fn all<T: DeserializeOwned>(
    db: &Connection,
    tenant: TenantId,
    kind: &str,
) -> Outcome<Vec<StoredItem<T>>> {
    let mut query = db.prepare_cached(
        "SELECT data, source FROM item WHERE tenant = ? AND kind = ? ORDER BY seq",
    )?;
    let mut rows = query.query(params![tenant.number(), kind])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(StoredItem {
            item: serde_json::from_str(&row.get::<_, String>(0)?)?,
            source: source(&row.get::<_, String>(1)?)?,
        });
    }
    Ok(found)
}

pub(super) fn source_name(source: Source) -> &'static str {
    match source {
        Source::File => "file",
        Source::Rest => "rest",
    }
}

pub(super) fn source(name: &str) -> Outcome<Source> {
    match name {
        "file" => Ok(Source::File),
        "rest" => Ok(Source::Rest),
        _ => Err(Fault::unreadable(format!("source `{name}`"))),
    }
}
