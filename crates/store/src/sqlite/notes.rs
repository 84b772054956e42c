//! What APIs keep beside campaigns and contacts.

use async_trait::async_trait;
use outdial_domain::{Origin, TenantId};
use rusqlite::{Connection, OptionalExtension, params};

use super::SqliteStore;
use super::campaign_row::origin_name;
use super::fault::Outcome;
use crate::{Note, Notes, PAGE_MAX, StoreError};

#[async_trait]
impl Notes for SqliteStore {
    async fn write_notes(
        &self,
        tenant: TenantId,
        origin: Origin,
        notes: Vec<Note>,
    ) -> Result<(), StoreError> {
        self.change(move |tx| {
            for note in &notes {
                write(tx.db, tenant, origin, note)?;
            }
            Ok(())
        })
        .await
    }

    async fn note(
        &self,
        tenant: TenantId,
        origin: Origin,
        kind: &str,
        key: &str,
    ) -> Result<Option<String>, StoreError> {
        let (kind, key) = (kind.to_owned(), key.to_owned());
        self.readers
            .read(move |db| {
                Ok(db
                    .prepare_cached(
                        "SELECT data FROM note
                         WHERE tenant = ? AND origin = ? AND kind = ? AND key = ?",
                    )?
                    .query_row(
                        params![tenant.number(), origin_name(origin), kind, key],
                        |row| row.get(0),
                    )
                    .optional()?)
            })
            .await
    }

    async fn notes(
        &self,
        tenant: TenantId,
        origin: Origin,
        kind: &str,
        after: &str,
    ) -> Result<Vec<Note>, StoreError> {
        let (kind, after) = (kind.to_owned(), after.to_owned());
        self.readers
            .read(move |db| {
                let mut query = db.prepare_cached(
                    "SELECT key, data FROM note
                     WHERE tenant = ? AND origin = ? AND kind = ? AND key > ?
                     ORDER BY key LIMIT ?",
                )?;
                let mut rows = query.query(params![
                    tenant.number(),
                    origin_name(origin),
                    kind,
                    after,
                    PAGE_MAX as i64
                ])?;
                let mut found = Vec::new();
                while let Some(row) = rows.next()? {
                    found.push(Note {
                        kind: kind.clone(),
                        key: row.get(0)?,
                        data: Some(row.get(1)?),
                    });
                }
                Ok(found)
            })
            .await
    }
}

fn write(db: &Connection, tenant: TenantId, origin: Origin, note: &Note) -> Outcome<()> {
    let place = params![tenant.number(), origin_name(origin), note.kind, note.key];
    let Some(data) = &note.data else {
        db.prepare_cached(
            "DELETE FROM note WHERE tenant = ? AND origin = ? AND kind = ? AND key = ?",
        )?
        .execute(place)?;
        return Ok(());
    };
    db.prepare_cached(
        "INSERT OR REPLACE INTO note (tenant, origin, kind, key, data) VALUES (?, ?, ?, ?, ?)",
    )?
    .execute(params![
        tenant.number(),
        origin_name(origin),
        note.kind,
        note.key,
        data
    ])?;
    Ok(())
}
