//! What agents wish to be.

use outdial_domain::{TenantId, WishedState};
use rusqlite::{Connection, params};

use super::attempt_row::agent;
use super::fault::{Fault, Outcome};
use crate::AgentWish;

/// Stores a wish in place of the agent's former one.
pub(super) fn put(db: &Connection, tenant: TenantId, wish: &AgentWish) -> Outcome<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO agent_wish (tenant, agent, wish, reason) VALUES (?, ?, ?, ?)",
    )?
    .execute(params![
        tenant.number(),
        wish.agent.as_str(),
        wish_name(wish.wish),
        wish.reason
    ])?;
    Ok(())
}

/// The wishes of a tenant's agents.
pub(super) fn all(db: &Connection, tenant: TenantId) -> Outcome<Vec<AgentWish>> {
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
