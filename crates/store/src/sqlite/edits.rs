//! Edits that wait for their time, and what an edit would do to contacts.

use async_trait::async_trait;
use outdial_domain::{CampaignId, NewContact, Revision, TenantId, Timestamp};
use rusqlite::{Connection, Row, params};

use super::campaign_row::{origin, origin_name};
use super::fault::{Fault, Outcome};
use super::import::Session;
use super::{SqliteStore, import, keys, lists};
use crate::{
    Edits, ImportOptions, ImportSession, ListInForce, ListVersion, NewPendingEdit, NewRevision,
    PendingEdit, PendingEditId, StagedList, StoreError,
};

/// So many edits may wait for a campaign.
const PENDING_MAX: i64 = 100;

/// The most attempts that one byte of a history says; a campaign allows at most 100.
const ATTEMPTS_BYTE_MAX: u32 = 127;

const COLUMNS: &str = "id, tenant, campaign, apply_at, author, origin, at, changes, failed";
const TRIED: &str = "SELECT count(*) FROM contact WHERE campaign = ?1 AND state = 1
     AND history IS NOT NULL AND substr(history, 2, 1) >= ?2";
// `state < 2` is said beside the state so that the partial index applies.
const RESTING_FROM: &str = "SELECT count(*) FROM contact
     WHERE campaign = ?1 AND state < 2 AND state = 1 AND priority = ?2 AND sort_key >= ?3";

#[async_trait]
impl Edits for SqliteStore {
    async fn put_pending_edit(&self, edit: NewPendingEdit) -> Result<PendingEdit, StoreError> {
        self.change(move |tx| put(tx.db, &edit)).await
    }

    async fn remove_pending_edit(
        &self,
        campaign: CampaignId,
        edit: PendingEditId,
    ) -> Result<bool, StoreError> {
        self.change(move |tx| remove(tx.db, campaign, edit)).await
    }

    async fn fail_pending_edit(
        &self,
        edit: PendingEditId,
        problem: String,
    ) -> Result<(), StoreError> {
        self.change(move |tx| {
            tx.db
                .prepare_cached("UPDATE pending_edit SET failed = ?2 WHERE id = ?1")?
                .execute(params![key(edit), problem])?;
            Ok(())
        })
        .await
    }

    async fn pending_edits(&self, campaign: CampaignId) -> Result<Vec<PendingEdit>, StoreError> {
        self.readers
            .read(move |db| {
                let sql = format!(
                    "SELECT {COLUMNS} FROM pending_edit WHERE campaign = ? ORDER BY apply_at, id"
                );
                let mut query = db.prepare_cached(&sql)?;
                let mut rows = query.query([campaign.number()])?;
                let mut found = Vec::new();
                while let Some(row) = rows.next()? {
                    found.push(pending(row)?);
                }
                Ok(found)
            })
            .await
    }

    async fn next_pending_edit(&self) -> Result<Option<PendingEdit>, StoreError> {
        self.readers
            .read(move |db| {
                let sql = format!(
                    "SELECT {COLUMNS} FROM pending_edit WHERE failed IS NULL
                     ORDER BY apply_at, id LIMIT 1"
                );
                let mut query = db.prepare_cached(&sql)?;
                let mut rows = query.query([])?;
                rows.next()?.map(pending).transpose()
            })
            .await
    }

    async fn count_tried(&self, campaign: CampaignId, attempts: u32) -> Result<u64, StoreError> {
        if attempts > ATTEMPTS_BYTE_MAX {
            return Ok(0);
        }
        let least = vec![attempts.to_le_bytes()[0]];
        self.readers
            .read(move |db| {
                let count: i64 = db
                    .prepare_cached(TRIED)?
                    .query_row(params![campaign.number(), least], |row| row.get(0))?;
                Ok(count.unsigned_abs())
            })
            .await
    }

    async fn count_resting_from(
        &self,
        campaign: CampaignId,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        self.readers
            .read(move |db| {
                let mut query = db.prepare_cached(RESTING_FROM)?;
                let mut sum = 0;
                for priority in 1..=5 {
                    let parameters = params![campaign.number(), priority, at.millis()];
                    let count: i64 = query.query_row(parameters, |row| row.get(0))?;
                    sum += count.unsigned_abs();
                }
                Ok(sum)
            })
            .await
    }

    async fn can_replace_at_once(
        &self,
        campaign: CampaignId,
        contacts: usize,
    ) -> Result<bool, StoreError> {
        self.readers
            .read_few(move |db| lists::can_replace_at_once(db, campaign, contacts))
            .await
    }

    async fn revise_with_list(
        &self,
        mut revision: NewRevision,
        contacts: Vec<NewContact>,
    ) -> Result<Revision, StoreError> {
        let rows = import::rows(contacts)?;
        self.change(move |tx| lists::replace_at_once(tx, &mut revision, &rows))
            .await
    }

    async fn stage_list(
        &self,
        campaign: CampaignId,
        options: ImportOptions,
    ) -> Result<Box<dyn ImportSession>, StoreError> {
        self.change(move |tx| lists::begin(tx.db, campaign)).await?;
        let begun = Session::begin(self.queue.clone(), campaign, options, true).await;
        Ok(Box::new(begun?))
    }

    async fn compare_staged(&self, campaign: CampaignId) -> Result<StagedList, StoreError> {
        self.readers
            .read(move |db| lists::compare_staged(db, campaign))
            .await
    }

    async fn compare_list(
        &self,
        campaign: CampaignId,
        contacts: Vec<NewContact>,
    ) -> Result<StagedList, StoreError> {
        let is_short = contacts.len() <= lists::FEW;
        let compare = move |db: &Connection| lists::compare(db, campaign, &contacts);
        match is_short {
            true => self.readers.read_few(compare).await,
            false => self.readers.read(compare).await,
        }
    }

    async fn drop_staged(&self, campaign: CampaignId) -> Result<(), StoreError> {
        self.drop_staged_list(campaign).await
    }

    async fn list_in_force(&self, campaign: CampaignId) -> Result<ListInForce, StoreError> {
        self.readers
            .read_few(move |db| lists::in_force(db, campaign))
            .await
    }

    async fn list_versions(
        &self,
        campaign: CampaignId,
    ) -> Result<(u32, Vec<ListVersion>), StoreError> {
        self.readers
            .read(move |db| lists::versions(db, campaign))
            .await
    }
}

fn key(edit: PendingEditId) -> i64 {
    i64::try_from(edit.0).unwrap_or(-1)
}

fn put(db: &Connection, edit: &NewPendingEdit) -> Outcome<PendingEdit> {
    let waiting: i64 = db
        .prepare_cached("SELECT count(*) FROM pending_edit WHERE campaign = ?")?
        .query_row([edit.campaign.number()], |row| row.get(0))?;
    if waiting >= PENDING_MAX {
        return Err(Fault(StoreError::conflict(
            "apply_at",
            "100 edits wait for this campaign already; cancel one",
        )));
    }
    let known = db
        .prepare_cached("SELECT 1 FROM campaign WHERE id = ?")?
        .exists([edit.campaign.number()])?;
    if !known {
        return Err(StoreError::not_found("campaign", edit.campaign).into());
    }
    db.prepare_cached(
        "INSERT INTO pending_edit (tenant, campaign, apply_at, author, origin, at, changes)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        edit.tenant.number(),
        edit.campaign.number(),
        edit.apply_at.millis(),
        edit.author,
        origin_name(edit.origin),
        edit.at.millis(),
        serde_json::to_string(&edit.changes)?,
    ])?;
    Ok(PendingEdit {
        id: PendingEditId(db.last_insert_rowid().unsigned_abs()),
        edit: edit.clone(),
        failed: None,
    })
}

fn remove(db: &Connection, campaign: CampaignId, edit: PendingEditId) -> Outcome<bool> {
    let gone = db
        .prepare_cached("DELETE FROM pending_edit WHERE id = ? AND campaign = ?")?
        .execute(params![key(edit), campaign.number()])?;
    Ok(gone > 0)
}

/// Takes an edit out because it is being made: in the transaction of its revision, so that it is
/// made once.
pub(super) fn take(db: &Connection, campaign: CampaignId, edit: PendingEditId) -> Outcome<()> {
    if remove(db, campaign, edit)? {
        Ok(())
    } else {
        Err(StoreError::not_found("pending edit", edit.0).into())
    }
}

fn pending(row: &Row<'_>) -> Outcome<PendingEdit> {
    Ok(PendingEdit {
        id: PendingEditId(row.get::<_, i64>(0)?.unsigned_abs()),
        edit: NewPendingEdit {
            tenant: TenantId::new(row.get(1)?),
            campaign: keys::campaign_id(row.get(2)?)?,
            apply_at: Timestamp::from_millis(row.get(3)?),
            author: row.get(4)?,
            origin: origin(&row.get::<_, String>(5)?)?,
            at: Timestamp::from_millis(row.get(6)?),
            changes: serde_json::from_str(&row.get::<_, String>(7)?)?,
        },
        failed: row.get(8)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema;

    fn plan(sql: &str, parameters: impl rusqlite::Params) -> String {
        let mut db = Connection::open_in_memory().unwrap();
        schema::migrate(&mut db).unwrap();
        let plan: Vec<String> = db
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap()
            .query_map(parameters, |row| row.get(3))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        plan.join("; ")
    }

    #[test]
    fn contacts_are_counted_from_an_index_and_no_list_is_read() {
        let tried = plan(TRIED, (1, vec![2_u8]));
        assert!(tried.contains("INDEX contact_tried"), "{tried}");
        assert!(tried.contains("campaign=? AND <expr>>?"), "{tried}");
        let resting = plan(RESTING_FROM, (1, 3, 0));
        assert!(resting.contains("COVERING INDEX contact_due"), "{resting}");
    }
}
