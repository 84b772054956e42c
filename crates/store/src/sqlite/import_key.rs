//! How much of a list was taken in under a key, so that a repeated request takes in the rest.

use outdial_domain::CampaignId;
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Outcome;
use crate::{ImportProgress, StoreError};

/// What was taken in under this key before.
pub(super) fn taken(db: &Connection, campaign: CampaignId, key: &str) -> Outcome<ImportProgress> {
    let taken = db
        .prepare_cached(
            "SELECT accepted, duplicates FROM import_key WHERE campaign = ? AND key = ?",
        )?
        .query_row(params![campaign.number(), key], |row| {
            Ok(ImportProgress {
                accepted: row.get::<_, i64>(0)?.unsigned_abs(),
                duplicates: row.get::<_, i64>(1)?.unsigned_abs(),
            })
        })
        .optional()?;
    Ok(taken.unwrap_or_default())
}

/// Notes how much is taken in now, after so much before.
///
/// # Errors
/// [`StoreError::Conflict`] when another request with the same key has come in between.
pub(super) fn note(
    db: &Connection,
    campaign: CampaignId,
    key: &str,
    before: ImportProgress,
    now: ImportProgress,
) -> Outcome<()> {
    if taken(db, campaign, key)? != before {
        let problem = "another request with the same key is under way; repeat it when that is over";
        return Err(StoreError::conflict("import", problem).into());
    }
    db.prepare_cached(
        "INSERT OR REPLACE INTO import_key (campaign, key, accepted, duplicates)
         VALUES (?, ?, ?, ?)",
    )?
    .execute(params![
        campaign.number(),
        key,
        now.accepted.cast_signed(),
        now.duplicates.cast_signed(),
    ])?;
    Ok(())
}
