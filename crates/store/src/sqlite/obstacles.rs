//! What keeps calls from being placed: halts and open breakers.

use outdial_domain::{TenantId, Timestamp, TrunkName};
use rusqlite::{Connection, params};

use super::attempt_row::trunk;
use super::contact_row::number;
use super::fault::Outcome;
use crate::{Breaker, Halt};

/// Stores a halt in place of the one of its scope.
pub(super) fn put_halt(db: &Connection, halt: &Halt) -> Outcome<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO halt (tenant, scope, reason, at) VALUES (?, ?, ?, ?)",
    )?
    .execute(params![
        halt.tenant.number(),
        halt.scope,
        halt.reason,
        halt.at.millis()
    ])?;
    Ok(())
}

/// Ends a halt; says whether there was one.
pub(super) fn remove_halt(db: &Connection, tenant: TenantId, scope: &str) -> Outcome<bool> {
    let gone = db
        .prepare_cached("DELETE FROM halt WHERE tenant = ? AND scope = ?")?
        .execute(params![tenant.number(), scope])?;
    Ok(gone > 0)
}

/// Stores a breaker in place of the one of its trunk and caller ID.
pub(super) fn put_breaker(db: &Connection, breaker: &Breaker) -> Outcome<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO breaker (tenant, trunk, caller_id, data) VALUES (?, ?, ?, ?)",
    )?
    .execute(params![
        breaker.tenant.number(),
        breaker.trunk.as_str(),
        breaker.caller_id.text(),
        breaker.data
    ])?;
    Ok(())
}

/// Closes the breakers of a trunk; returns how many were open.
pub(super) fn remove_breakers(db: &Connection, tenant: TenantId, trunk: TrunkName) -> Outcome<u64> {
    let gone = db
        .prepare_cached("DELETE FROM breaker WHERE tenant = ? AND trunk = ?")?
        .execute(params![tenant.number(), trunk.as_str()])?;
    Ok(gone as u64)
}

/// All halts.
pub(super) fn halts(db: &Connection) -> Outcome<Vec<Halt>> {
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

/// All open breakers.
pub(super) fn breakers(db: &Connection) -> Outcome<Vec<Breaker>> {
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
