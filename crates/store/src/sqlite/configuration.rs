//! Tenants and what is set up for them.

use std::collections::HashSet;

use async_trait::async_trait;
use outdial_domain::{
    Agent, CallerId, ComplianceProfile, Country, Flow, NumberGroup, SkillGroup, Tenant, TenantId,
    Timestamp, TrunkName, WishedState,
};
use rusqlite::{Connection, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::attempt_row::{agent, trunk};
use super::contact_row::number;
use super::fault::{Fault, Outcome};
use super::keys::TENANT_MAX;
use super::work::Tx;
use super::{SqliteStore, events};
use crate::{
    AgentWish, Breaker, Configuration, Halt, Item, ItemId, Key, NewEvent, NewTenant, Source,
    StoreError, StoredItem,
};

const SKILL_GROUP: &str = "skill_group";
const AGENT: &str = "agent";
const FLOW: &str = "flow";
const NUMBER_GROUP: &str = "number_group";
const CALLER_ID: &str = "caller_id";

#[async_trait]
impl Configuration for SqliteStore {
    async fn put_tenant(&self, tenant: NewTenant) -> Result<Tenant, StoreError> {
        self.change(move |tx| put_tenant(tx, &tenant)).await
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        self.readers.read(tenants).await
    }

    async fn put_items(
        &self,
        tenant: TenantId,
        source: Source,
        items: Vec<Item>,
    ) -> Result<(), StoreError> {
        self.change(move |tx| {
            tenant_exists(tx.db, tenant)?;
            items
                .iter()
                .try_for_each(|item| put_item(tx.db, tenant, source, item))
        })
        .await
    }

    async fn remove_item(&self, tenant: TenantId, item: ItemId) -> Result<bool, StoreError> {
        self.change(move |tx| remove_item(tx.db, tenant, item))
            .await
    }

    async fn keep_only(
        &self,
        tenant: TenantId,
        items: Vec<ItemId>,
        keys: Vec<String>,
    ) -> Result<u64, StoreError> {
        self.change(move |tx| keep_only(tx.db, tenant, &items, &keys))
            .await
    }

    async fn skill_groups(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<StoredItem<SkillGroup>>, StoreError> {
        let mut groups: Vec<StoredItem<SkillGroup>> = self
            .readers
            .read(move |db| items(db, tenant, SKILL_GROUP))
            .await?;
        groups.sort_by_key(|stored| stored.item.id);
        Ok(groups)
    }

    async fn agents(&self, tenant: TenantId) -> Result<Vec<StoredItem<Agent>>, StoreError> {
        let mut agents: Vec<StoredItem<Agent>> = self
            .readers
            .read(move |db| items(db, tenant, AGENT))
            .await?;
        agents.sort_by_key(|stored| stored.item.id);
        Ok(agents)
    }

    async fn flows(&self, tenant: TenantId) -> Result<Vec<StoredItem<Flow>>, StoreError> {
        let mut flows: Vec<StoredItem<Flow>> =
            self.readers.read(move |db| items(db, tenant, FLOW)).await?;
        flows.sort_by_key(|stored| stored.item.id);
        Ok(flows)
    }

    async fn number_groups(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<StoredItem<NumberGroup>>, StoreError> {
        let mut groups: Vec<StoredItem<NumberGroup>> = self
            .readers
            .read(move |db| items(db, tenant, NUMBER_GROUP))
            .await?;
        groups.sort_by_key(|stored| stored.item.id);
        Ok(groups)
    }

    async fn caller_ids(&self, tenant: TenantId) -> Result<Vec<StoredItem<CallerId>>, StoreError> {
        self.readers
            .read(move |db| items(db, tenant, CALLER_ID))
            .await
    }

    async fn wish_agent(
        &self,
        tenant: TenantId,
        wish: AgentWish,
        events: Vec<NewEvent>,
    ) -> Result<(), StoreError> {
        self.change(move |tx| {
            tenant_exists(tx.db, tenant)?;
            tx.db
                .prepare_cached(
                    "INSERT OR REPLACE INTO agent_wish (tenant, agent, wish, reason)
                     VALUES (?, ?, ?, ?)",
                )?
                .execute(params![
                    tenant.number(),
                    wish.agent.as_str(),
                    wish_name(wish.wish),
                    wish.reason
                ])?;
            events::append(tx, &events)
        })
        .await
    }

    async fn agent_wishes(&self, tenant: TenantId) -> Result<Vec<AgentWish>, StoreError> {
        self.readers.read(move |db| wishes(db, tenant)).await
    }

    async fn put_key(&self, key: Key) -> Result<(), StoreError> {
        self.change(move |tx| put_key(tx.db, &key)).await
    }

    async fn remove_key(&self, tenant: TenantId, name: &str) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.change(move |tx| {
            let gone = tx
                .db
                .prepare_cached("DELETE FROM api_key WHERE tenant = ? AND name = ?")?
                .execute(params![tenant.number(), name])?;
            Ok(gone > 0)
        })
        .await
    }

    async fn keys(&self) -> Result<Vec<Key>, StoreError> {
        self.readers.read(keys).await
    }

    async fn put_halt(&self, halt: Halt, events: Vec<NewEvent>) -> Result<(), StoreError> {
        self.change(move |tx| {
            tenant_exists(tx.db, halt.tenant)?;
            tx.db
                .prepare_cached(
                    "INSERT OR REPLACE INTO halt (tenant, scope, reason, at) VALUES (?, ?, ?, ?)",
                )?
                .execute(params![
                    halt.tenant.number(),
                    halt.scope,
                    halt.reason,
                    halt.at.millis()
                ])?;
            events::append(tx, &events)
        })
        .await
    }

    async fn remove_halt(
        &self,
        tenant: TenantId,
        scope: &str,
        events: Vec<NewEvent>,
    ) -> Result<bool, StoreError> {
        let scope = scope.to_owned();
        self.change(move |tx| {
            let gone = tx
                .db
                .prepare_cached("DELETE FROM halt WHERE tenant = ? AND scope = ?")?
                .execute(params![tenant.number(), scope])?;
            events::append(tx, &events)?;
            Ok(gone > 0)
        })
        .await
    }

    async fn halts(&self) -> Result<Vec<Halt>, StoreError> {
        self.readers.read(halts).await
    }

    async fn put_breaker(&self, breaker: Breaker, events: Vec<NewEvent>) -> Result<(), StoreError> {
        self.change(move |tx| {
            tenant_exists(tx.db, breaker.tenant)?;
            tx.db
                .prepare_cached(
                    "INSERT OR REPLACE INTO breaker (tenant, trunk, caller_id, data)
                     VALUES (?, ?, ?, ?)",
                )?
                .execute(params![
                    breaker.tenant.number(),
                    breaker.trunk.as_str(),
                    breaker.caller_id.text(),
                    breaker.data
                ])?;
            events::append(tx, &events)
        })
        .await
    }

    async fn remove_breakers(
        &self,
        tenant: TenantId,
        trunk: TrunkName,
        events: Vec<NewEvent>,
    ) -> Result<u64, StoreError> {
        self.change(move |tx| {
            let gone = tx
                .db
                .prepare_cached("DELETE FROM breaker WHERE tenant = ? AND trunk = ?")?
                .execute(params![tenant.number(), trunk.as_str()])?;
            events::append(tx, &events)?;
            Ok(gone as u64)
        })
        .await
    }

    async fn breakers(&self) -> Result<Vec<Breaker>, StoreError> {
        self.readers.read(breakers).await
    }
}

/// A tenant beside its id and name.
#[derive(Serialize, Deserialize)]
struct TenantData {
    time_zone: String,
    default_country: Country,
    compliance: ComplianceProfile,
    max_calls: u32,
}

fn put_tenant(tx: &Tx<'_>, new: &NewTenant) -> Outcome<Tenant> {
    let data = TenantData {
        time_zone: new.time_zone.clone(),
        default_country: new.default_country,
        compliance: new.compliance.clone(),
        max_calls: new.max_calls,
    };
    let id: i64 = tx
        .db
        .prepare_cached(
            "INSERT INTO tenant (name, data) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET data = excluded.data RETURNING id",
        )?
        .query_row(params![new.name, serde_json::to_string(&data)?], |row| {
            row.get(0)
        })?;
    if id > TENANT_MAX {
        return Err(StoreError::conflict("tenant", "all ids are used up").into());
    }
    Ok(tenant(TenantId::new(id as u32), new.name.clone(), data))
}

fn tenant(id: TenantId, name: String, data: TenantData) -> Tenant {
    Tenant {
        id,
        name,
        time_zone: data.time_zone,
        default_country: data.default_country,
        compliance: data.compliance,
        max_calls: data.max_calls,
    }
}

fn tenants(db: &Connection) -> Outcome<Vec<Tenant>> {
    let mut query = db.prepare_cached("SELECT id, name, data FROM tenant ORDER BY id")?;
    let mut rows = query.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let data: TenantData = serde_json::from_str(&row.get::<_, String>(2)?)?;
        found.push(tenant(TenantId::new(row.get(0)?), row.get(1)?, data));
    }
    Ok(found)
}

fn tenant_exists(db: &Connection, tenant: TenantId) -> Outcome<()> {
    db.prepare_cached("SELECT 1 FROM tenant WHERE id = ?")?
        .exists([tenant.number()])?
        .then_some(())
        .ok_or_else(|| StoreError::not_found("tenant", tenant).into())
}

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

fn put_item(db: &Connection, tenant: TenantId, source: Source, item: &Item) -> Outcome<()> {
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

fn remove_item(db: &Connection, tenant: TenantId, id: ItemId) -> Outcome<bool> {
    let (kind, id) = item_key(id);
    remove(db, tenant, kind, &id)
}

fn remove(db: &Connection, tenant: TenantId, kind: &str, id: &str) -> Outcome<bool> {
    if kind == AGENT {
        db.prepare_cached("DELETE FROM agent_wish WHERE tenant = ? AND agent = ?")?
            .execute(params![tenant.number(), id])?;
    }
    let gone = db
        .prepare_cached("DELETE FROM item WHERE tenant = ? AND kind = ? AND id = ?")?
        .execute(params![tenant.number(), kind, id])?;
    Ok(gone > 0)
}

fn keep_only(
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
            gone += u64::from(remove(db, tenant, &kind, &id)?);
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

fn items<T: DeserializeOwned>(
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

fn wishes(db: &Connection, tenant: TenantId) -> Outcome<Vec<AgentWish>> {
    let mut query = db.prepare_cached(
        "SELECT agent, wish, reason FROM agent_wish WHERE tenant = ? ORDER BY agent",
    )?;
    let mut rows = query.query([tenant.number()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(AgentWish {
            agent: agent(&row.get::<_, String>(0)?)?,
            wish: wish(&row.get::<_, String>(1)?)?,
            reason: row.get(2)?,
        });
    }
    Ok(found)
}

fn put_key(db: &Connection, key: &Key) -> Outcome<()> {
    tenant_exists(db, key.tenant)?;
    let taken = db
        .prepare_cached(
            "SELECT 1 FROM api_key WHERE secret_hash = ? AND NOT (tenant = ? AND name = ?)",
        )?
        .exists(params![key.secret_hash, key.tenant.number(), key.name])?;
    if taken {
        let problem = "another key has this secret; choose a different one";
        return Err(StoreError::conflict("key", problem).into());
    }
    db.prepare_cached(
        "INSERT INTO api_key (tenant, name, role, agent, secret_hash, source, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (tenant, name) DO UPDATE SET role = excluded.role, agent = excluded.agent,
             secret_hash = excluded.secret_hash, source = excluded.source",
    )?
    .execute(params![
        key.tenant.number(),
        key.name,
        key.role,
        key.agent.map(|agent| agent.to_string()),
        key.secret_hash,
        source_name(key.source),
        key.created_at.millis(),
    ])?;
    Ok(())
}

fn keys(db: &Connection) -> Outcome<Vec<Key>> {
    let mut query = db.prepare_cached(
        "SELECT tenant, name, role, agent, secret_hash, source, created_at FROM api_key
         ORDER BY tenant, name",
    )?;
    let mut rows = query.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Key {
            tenant: TenantId::new(row.get(0)?),
            name: row.get(1)?,
            role: row.get(2)?,
            agent: row
                .get::<_, Option<String>>(3)?
                .map(|id| agent(&id))
                .transpose()?,
            secret_hash: row.get(4)?,
            source: source(&row.get::<_, String>(5)?)?,
            created_at: Timestamp::from_millis(row.get(6)?),
        });
    }
    Ok(found)
}

fn halts(db: &Connection) -> Outcome<Vec<Halt>> {
    let mut query =
        db.prepare_cached("SELECT tenant, scope, reason, at FROM halt ORDER BY tenant, scope")?;
    let mut rows = query.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Halt {
            tenant: TenantId::new(row.get(0)?),
            scope: row.get(1)?,
            reason: row.get(2)?,
            at: Timestamp::from_millis(row.get(3)?),
        });
    }
    Ok(found)
}

fn breakers(db: &Connection) -> Outcome<Vec<Breaker>> {
    let mut query = db.prepare_cached(
        "SELECT tenant, trunk, caller_id, data FROM breaker ORDER BY tenant, trunk, caller_id",
    )?;
    let mut rows = query.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Breaker {
            tenant: TenantId::new(row.get(0)?),
            trunk: trunk(&row.get::<_, String>(1)?)?,
            caller_id: number(&row.get::<_, String>(2)?)?,
            data: row.get(3)?,
        });
    }
    Ok(found)
}

fn source_name(source: Source) -> &'static str {
    match source {
        Source::File => "file",
        Source::Rest => "rest",
    }
}

fn source(name: &str) -> Outcome<Source> {
    match name {
        "file" => Ok(Source::File),
        "rest" => Ok(Source::Rest),
        _ => Err(Fault::unreadable(format!("source `{name}`"))),
    }
}

fn wish_name(wish: WishedState) -> &'static str {
    match wish {
        WishedState::Offline => "offline",
        WishedState::Ready => "ready",
        WishedState::Break => "break",
    }
}

fn wish(name: &str) -> Outcome<WishedState> {
    match name {
        "offline" => Ok(WishedState::Offline),
        "ready" => Ok(WishedState::Ready),
        "break" => Ok(WishedState::Break),
        _ => Err(Fault::unreadable(format!("wished state `{name}`"))),
    }
}
