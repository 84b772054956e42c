//! Dialogs that may be up.

use outdial_domain::{AttemptId, TenantId};
use rusqlite::{Connection, params};

use super::attempt_row::agent;
use super::fault::{Fault, Outcome};
use crate::{Dialog, DialogOwner};

const CALLEE: &str = "callee";
const FLOW: &str = "flow";
const AGENT: &str = "agent";
const NOBODY: &str = "nobody";

/// Stores a dialog in place of what was known of its leg.
pub(super) fn store(db: &Connection, dialog: &Dialog) -> Outcome<()> {
    let (kind, tenant, owner) = match dialog.owner {
        DialogOwner::Callee(tenant, attempt) => (CALLEE, tenant, attempt.to_string()),
        DialogOwner::Flow(tenant, attempt) => (FLOW, tenant, attempt.to_string()),
        DialogOwner::Agent(tenant, agent) => (AGENT, tenant, agent.to_string()),
        DialogOwner::Nobody(tenant) => (NOBODY, tenant, String::new()),
    };
    db.prepare_cached(
        "INSERT OR REPLACE INTO dialog (leg, owner_kind, tenant, owner, identity, answered)
         VALUES (?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        // The bit pattern: any 64-bit leg has a key of its own.
        dialog.leg as i64,
        kind,
        tenant.number(),
        owner,
        dialog.identity,
        dialog.answered,
    ])?;
    Ok(())
}

/// Forgets the dialog of a leg.
pub(super) fn forget(db: &Connection, leg: u64) -> Outcome<()> {
    db.prepare_cached("DELETE FROM dialog WHERE leg = ?")?
        .execute([leg as i64])?;
    Ok(())
}

/// Forgets the callee's dialog of an attempt.
pub(super) fn forget_callee(db: &Connection, tenant: TenantId, attempt: AttemptId) -> Outcome<()> {
    forget_owned(db, CALLEE, tenant, attempt)
}

/// Forgets every dialog of an attempt.
pub(super) fn forget_attempt(db: &Connection, tenant: TenantId, attempt: AttemptId) -> Outcome<()> {
    forget_owned(db, CALLEE, tenant, attempt)?;
    forget_owned(db, FLOW, tenant, attempt)
}

fn forget_owned(db: &Connection, kind: &str, tenant: TenantId, attempt: AttemptId) -> Outcome<()> {
    db.prepare_cached("DELETE FROM dialog WHERE tenant = ? AND owner_kind = ? AND owner = ?")?
        .execute(params![tenant.number(), kind, attempt.to_string()])?;
    Ok(())
}

/// All dialogs.
pub(super) fn all(db: &Connection) -> Outcome<Vec<Dialog>> {
    let mut query = db.prepare_cached(
        "SELECT leg, owner_kind, tenant, owner, identity, answered FROM dialog ORDER BY leg",
    )?;
    let mut rows = query.query([])?;
    let mut dialogs = Vec::new();
    while let Some(row) = rows.next()? {
        let (kind, owner): (String, String) = (row.get(1)?, row.get(3)?);
        let tenant = TenantId::new(row.get(2)?);
        let attempt = || {
            owner
                .parse()
                .map(AttemptId::new)
                .map_err(|_| Fault::unreadable("a dialog's owner"))
        };
        dialogs.push(Dialog {
            leg: row.get::<_, i64>(0)? as u64,
            owner: match kind.as_str() {
                CALLEE => DialogOwner::Callee(tenant, attempt()?),
                FLOW => DialogOwner::Flow(tenant, attempt()?),
                AGENT => DialogOwner::Agent(tenant, agent(&owner)?),
                NOBODY => DialogOwner::Nobody(tenant),
                _ => return Err(Fault::unreadable(format!("dialog owner `{kind}`"))),
            },
            identity: row.get(4)?,
            answered: row.get(5)?,
        });
    }
    Ok(dialogs)
}
