//! The journal of events.

use std::borrow::Cow;

use async_trait::async_trait;
use outdial_domain::{CampaignId, TenantId, Timestamp};
use rusqlite::params;
use tokio::sync::watch;

use super::fault::Outcome;
use super::work::{Tx, Urgency};
use super::{SqliteStore, keys};
use crate::page::page_size;
use crate::{EVENTS_KEPT, Event, EventId, EventPage, Events, NewEvent, StoreError};

/// The oldest events are forgotten so many at a time.
const FORGET_EVERY: u64 = 100;

/// Appends events to the journal, in the transaction of what they tell of.
pub(super) fn append(tx: &Tx<'_>, events: &[NewEvent]) -> Outcome<()> {
    for event in events {
        let id = tx.newest_event.get() + 1;
        tx.db
            .prepare_cached(
                "INSERT INTO event (id, tenant, at, kind, campaign, data) VALUES (?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                id as i64,
                event.tenant.number(),
                event.at.millis(),
                event.kind,
                event.campaign.map(CampaignId::number),
                event.data,
            ])?;
        tx.newest_event.set(id);
        if id.is_multiple_of(FORGET_EVERY) && id > EVENTS_KEPT {
            tx.db
                .prepare_cached("DELETE FROM event WHERE id <= ?")?
                .execute([(id - EVENTS_KEPT) as i64])?;
        }
    }
    Ok(())
}

#[async_trait]
impl Events for SqliteStore {
    async fn append_events(&self, events: Vec<NewEvent>) -> Result<(), StoreError> {
        self.write(Urgency::Prompt, Vec::new(), false, move |tx| {
            append(tx, &events)
        })
        .await
    }

    async fn events_after(
        &self,
        tenant: Option<TenantId>,
        after: EventId,
        limit: usize,
    ) -> Result<EventPage, StoreError> {
        let limit = page_size(limit);
        self.readers
            .read(move |db| {
                let oldest: Option<i64> = db
                    .prepare_cached("SELECT min(id) FROM event")?
                    .query_row([], |row| row.get(0))?;
                let mut query = db.prepare_cached(
                    "SELECT id, tenant, at, kind, campaign, data FROM event
                     WHERE id > ? ORDER BY id LIMIT ?",
                )?;
                let from = i64::try_from(after.0).unwrap_or(i64::MAX);
                let mut rows = query.query(params![from, limit as i64])?;
                let mut page = EventPage {
                    events: Vec::new(),
                    next: after,
                    gap: oldest.is_some_and(|oldest| oldest > from.saturating_add(1)),
                };
                while let Some(row) = rows.next()? {
                    let id = EventId(row.get::<_, i64>(0)?.unsigned_abs());
                    page.next = id;
                    let owner = TenantId::new(row.get(1)?);
                    if tenant.is_some_and(|tenant| tenant != owner) {
                        continue;
                    }
                    let campaign: Option<i64> = row.get(4)?;
                    page.events.push(Event {
                        id,
                        event: NewEvent {
                            tenant: owner,
                            at: Timestamp::from_millis(row.get(2)?),
                            kind: Cow::Owned(row.get(3)?),
                            campaign: campaign.map(keys::campaign_id).transpose()?,
                            data: row.get(5)?,
                        },
                    });
                }
                Ok(page)
            })
            .await
    }

    fn newest_event(&self) -> watch::Receiver<EventId> {
        self.events.clone()
    }
}
