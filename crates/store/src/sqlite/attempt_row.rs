//! Attempts as rows.

use outdial_domain::{
    AgentId, Attempt, Blame, CampaignId, RevisionNumber, TenantId, Timestamp, TrunkName,
};
use rusqlite::{Connection, Params, Row};

use super::contact_row::{number, outcome};
use super::fault::{Fault, Outcome};
use super::keys;
use crate::{Disposition, StoredAttempt};

/// Attempts with their dispositions; a condition and an order follow.
pub(super) const SELECT: &str = "SELECT key, campaign, contact, number, caller_id, trunk, agent, \
     revision, started_at, progress_at, answered_at, joined_at, ended_at, outcome, blame, \
     evidence, abandoned, code, notes, do_not_call, author, at \
     FROM attempt LEFT JOIN disposition ON disposition.attempt = attempt.key ";

pub(super) fn read(
    db: &Connection,
    rest: &str,
    parameters: impl Params,
) -> Outcome<Vec<StoredAttempt>> {
    let mut query = db.prepare_cached(&format!("{SELECT}{rest}"))?;
    let mut rows = query.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(stored_attempt(row)?);
    }
    Ok(found)
}

fn stored_attempt(row: &Row<'_>) -> Outcome<StoredAttempt> {
    let (tenant, id): (TenantId, _) = keys::attempt_id(row.get(0)?)?;
    let campaign: CampaignId = keys::campaign_id(row.get(1)?)?;
    let time = |column| {
        row.get::<_, Option<i64>>(column)
            .map(|at| at.map(Timestamp::from_millis))
    };
    let evidence: Option<String> = row.get(15)?;
    Ok(StoredAttempt {
        tenant,
        attempt: Attempt {
            id,
            campaign,
            contact: keys::contact_id(row.get(2)?),
            number: number(&row.get::<_, String>(3)?)?,
            caller_id: number(&row.get::<_, String>(4)?)?,
            trunk: trunk(&row.get::<_, String>(5)?)?,
            agent: row
                .get::<_, Option<String>>(6)?
                .map(|text| agent(&text))
                .transpose()?,
            revision: RevisionNumber::new(row.get(7)?),
            started_at: Timestamp::from_millis(row.get(8)?),
            progress_at: time(9)?,
            answered_at: time(10)?,
            joined_at: time(11)?,
            ended_at: time(12)?,
            outcome: row.get::<_, Option<String>>(13)?.map(outcome).transpose()?,
            blame: row
                .get::<_, Option<String>>(14)?
                .map(|name| {
                    Blame::from_name(&name)
                        .ok_or_else(|| Fault::unreadable(format!("blame `{name}`")))
                })
                .transpose()?,
            evidence: match evidence {
                Some(json) => serde_json::from_str(&json)?,
                None => Default::default(),
            },
            counts_as_abandoned: row.get(16)?,
        },
        disposition: disposition(row)?,
    })
}

fn disposition(row: &Row<'_>) -> Outcome<Option<Disposition>> {
    let Some(code) = row.get::<_, Option<String>>(17)? else {
        return Ok(None);
    };
    Ok(Some(Disposition {
        code,
        notes: row.get(18)?,
        do_not_call: row.get(19)?,
        author: row.get(20)?,
        at: Timestamp::from_millis(row.get(21)?),
    }))
}

pub(super) fn trunk(text: &str) -> Outcome<TrunkName> {
    TrunkName::new(text).map_err(|problem| Fault::unreadable(format!("trunk name {problem}")))
}

pub(super) fn agent(text: &str) -> Outcome<AgentId> {
    AgentId::new(text).map_err(|problem| Fault::unreadable(format!("agent id {problem}")))
}
