//! Tenants and what is set up for them.

use async_trait::async_trait;
use outdial_domain::{
    Agent, CallerId, ComplianceProfile, Country, Flow, NumberGroup, SkillGroup, Tenant, TenantId,
    TrunkName,
};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::fault::Outcome;
use super::keys::TENANT_MAX;
use super::work::Tx;
use super::{SqliteStore, api_keys, events, items, obstacles, wishes};
use crate::{
    AgentWish, Breaker, Configuration, Halt, Item, ItemId, Key, NewEvent, NewTenant, Source,
    StoreError, StoredItem,
};

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
        new: Vec<Item>,
    ) -> Result<(), StoreError> {
        self.change(move |tx| {
            tenant_exists(tx.db, tenant)?;
            new.iter()
                .try_for_each(|item| items::put(tx.db, tenant, source, item))
        })
        .await
    }

    async fn remove_item(&self, tenant: TenantId, item: ItemId) -> Result<bool, StoreError> {
        self.change(move |tx| items::remove(tx.db, tenant, item))
            .await
    }

    async fn keep_only(
        &self,
        tenant: TenantId,
        kept: Vec<ItemId>,
        kept_keys: Vec<String>,
    ) -> Result<u64, StoreError> {
        self.change(move |tx| items::keep_only(tx.db, tenant, &kept, &kept_keys))
            .await
    }

    async fn skill_groups(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<StoredItem<SkillGroup>>, StoreError> {
        let mut groups: Vec<StoredItem<SkillGroup>> = self
            .readers
            .read(move |db| items::all(db, tenant, items::SKILL_GROUP))
            .await?;
        groups.sort_by_key(|stored| stored.item.id);
        Ok(groups)
    }

    async fn agents(&self, tenant: TenantId) -> Result<Vec<StoredItem<Agent>>, StoreError> {
        let mut agents: Vec<StoredItem<Agent>> = self
            .readers
            .read(move |db| items::all(db, tenant, items::AGENT))
            .await?;
        agents.sort_by_key(|stored| stored.item.id);
        Ok(agents)
    }

    async fn flows(&self, tenant: TenantId) -> Result<Vec<StoredItem<Flow>>, StoreError> {
        let mut flows: Vec<StoredItem<Flow>> = self
            .readers
            .read(move |db| items::all(db, tenant, items::FLOW))
            .await?;
        flows.sort_by_key(|stored| stored.item.id);
        Ok(flows)
    }

    async fn number_groups(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<StoredItem<NumberGroup>>, StoreError> {
        let mut groups: Vec<StoredItem<NumberGroup>> = self
            .readers
            .read(move |db| items::all(db, tenant, items::NUMBER_GROUP))
            .await?;
        groups.sort_by_key(|stored| stored.item.id);
        Ok(groups)
    }

    async fn caller_ids(&self, tenant: TenantId) -> Result<Vec<StoredItem<CallerId>>, StoreError> {
        self.readers
            .read(move |db| items::all(db, tenant, items::CALLER_ID))
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
            wishes::put(tx.db, tenant, &wish)?;
            events::append(tx, &events)
        })
        .await
    }

    async fn agent_wishes(&self, tenant: TenantId) -> Result<Vec<AgentWish>, StoreError> {
        self.readers.read(move |db| wishes::all(db, tenant)).await
    }

    async fn put_key(&self, key: Key) -> Result<(), StoreError> {
        self.change(move |tx| api_keys::put(tx.db, &key)).await
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
        self.readers.read(api_keys::all).await
    }

    async fn put_halt(&self, halt: Halt, events: Vec<NewEvent>) -> Result<(), StoreError> {
        self.change(move |tx| {
            tenant_exists(tx.db, halt.tenant)?;
            obstacles::put_halt(tx.db, &halt)?;
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
            let gone = obstacles::remove_halt(tx.db, tenant, &scope)?;
            events::append(tx, &events)?;
            Ok(gone)
        })
        .await
    }

    async fn halts(&self) -> Result<Vec<Halt>, StoreError> {
        self.readers.read(obstacles::halts).await
    }

    async fn put_breaker(&self, breaker: Breaker, events: Vec<NewEvent>) -> Result<(), StoreError> {
        self.change(move |tx| {
            tenant_exists(tx.db, breaker.tenant)?;
            obstacles::put_breaker(tx.db, &breaker)?;
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
            let gone = obstacles::remove_breakers(tx.db, tenant, trunk)?;
            events::append(tx, &events)?;
            Ok(gone)
        })
        .await
    }

    async fn breakers(&self) -> Result<Vec<Breaker>, StoreError> {
        self.readers.read(obstacles::breakers).await
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

/// Refuses what is meant for a tenant that does not exist.
pub(super) fn tenant_exists(db: &Connection, tenant: TenantId) -> Outcome<()> {
    db.prepare_cached("SELECT 1 FROM tenant WHERE id = ?")?
        .exists([tenant.number()])?
        .then_some(())
        .ok_or_else(|| StoreError::not_found("tenant", tenant).into())
}
