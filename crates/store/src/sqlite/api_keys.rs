//! REST keys.

use outdial_domain::{TenantId, Timestamp};
use rusqlite::{Connection, params};

use super::attempt_row::agent;
use super::configuration::tenant_exists;
use super::fault::Outcome;
use super::items::{source, source_name};
use crate::{Key, StoreError};

/// Creates or replaces a key.
pub(super) fn put(db: &Connection, key: &Key) -> Outcome<()> {
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

/// All keys.
pub(super) fn all(db: &Connection) -> Outcome<Vec<Key>> {
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
