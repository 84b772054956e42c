//! Contacts: look-ups, lists, moves.

use std::collections::{BTreeSet, HashSet};

use async_trait::async_trait;
use outdial_domain::{
    Aside, CampaignId, Contact, ContactId, ContactState, ContactUpdate, Order, PhoneNumber,
    RetryPolicy, TenantId, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Params, params};
use tokio::sync::oneshot;

use super::contact_row::{COLUMNS, contact, state_code};
use super::fault::{Fault, Outcome};
use super::import::{Session, being_replaced, flush};
use super::import_key;
use super::lists::{Bounds, IN_FORCE};
use super::number_key::NumberKey;
use super::reorder::Reorder;
use super::work::{Tx, Urgency, request};
use super::{SqliteStore, answered, due, keys, places, removal};
use crate::ImportProgress;
use crate::page::page_size;
use crate::{
    ContactCounts, Contacts, DueContacts, ImportOptions, ImportSession, NewEvent, Page, StoreError,
};

/// So many moves are committed as one request: more would keep a dial waiting.
const MOVES_AT_ONCE: usize = 100;

/// The most contacts that are found by one number.
const FOUND_MAX: i64 = 1000;

#[async_trait]
impl Contacts for SqliteStore {
    async fn import(
        &self,
        campaign: CampaignId,
        options: ImportOptions,
    ) -> Result<Box<dyn ImportSession>, StoreError> {
        let bounds = move |db: &_| Bounds::read(db, campaign);
        if self.readers.read(bounds).await?.is_staged() {
            return Err(being_replaced());
        }
        let before = match options.key.clone() {
            Some(key) => {
                let taken = move |db: &_| import_key::taken(db, campaign, &key);
                self.readers.read(taken).await?
            }
            None => ImportProgress::default(),
        };
        let begun = Session::begin(self.queue.clone(), campaign, options, false);
        let session = begun.await?.after(before);
        Ok(Box::new(session))
    }

    async fn due_contacts(
        &self,
        campaign: CampaignId,
        now: Timestamp,
        limit: usize,
        holds: &[ContactId],
    ) -> Result<DueContacts, StoreError> {
        let holds: HashSet<ContactId> = holds.iter().copied().collect();
        self.readers
            .read(move |db| due::due_contacts(db, campaign, now, limit, &holds))
            .await
    }

    async fn move_contacts(
        &self,
        updates: Vec<ContactUpdate>,
        events: Vec<NewEvent>,
    ) -> Result<(), StoreError> {
        let mut answers = Vec::new();
        for part in updates.chunks(MOVES_AT_ONCE) {
            answers.push(self.push_moves(part.to_vec())?);
        }
        for answer in answers {
            answered(answer).await?;
        }
        if events.is_empty() {
            return Ok(());
        }
        crate::Events::append_events(self, events).await
    }

    async fn set_contacts_aside(
        &self,
        campaign: CampaignId,
        contacts: Vec<ContactId>,
        in_hand: Vec<ContactId>,
        aside: Aside,
    ) -> Result<Vec<ContactId>, StoreError> {
        let mut closed = Vec::new();
        for part in contacts.chunks(MOVES_AT_ONCE) {
            let (part, in_hand) = (part.to_vec(), in_hand.clone());
            let of_part = part.clone();
            let work = move |tx: &Tx<'_>| {
                let mut closed = Vec::new();
                for contact in of_campaign(tx.db, campaign, &part)? {
                    let id = contact.id;
                    if places::set_aside(tx.db, contact, aside, in_hand.contains(&id))? {
                        closed.push(id);
                    }
                }
                Ok(closed)
            };
            closed.extend(self.write(Urgency::Prompt, of_part, true, work).await?);
        }
        Ok(closed)
    }

    async fn release_contacts(
        &self,
        campaign: CampaignId,
        contacts: Vec<ContactId>,
        now: Timestamp,
        retry: RetryPolicy,
    ) -> Result<u64, StoreError> {
        let mut count = 0;
        for part in contacts.chunks(MOVES_AT_ONCE) {
            let (part, retry) = (part.to_vec(), retry.clone());
            let of_part = part.clone();
            let work = move |tx: &Tx<'_>| {
                let mut count = 0;
                for contact in of_campaign(tx.db, campaign, &part)? {
                    count += u64::from(places::release(tx.db, contact, now, &retry)?);
                }
                Ok(count)
            };
            count += self.write(Urgency::Prompt, of_part, true, work).await?;
        }
        Ok(count)
    }

    async fn remove_contacts(
        &self,
        campaign: CampaignId,
        contacts: Vec<ContactId>,
    ) -> Result<u64, StoreError> {
        // Numbers on their way into the index would get there after their contacts had left.
        flush(&self.queue, campaign).await?;
        let mut removed = 0;
        for part in contacts.chunks(MOVES_AT_ONCE) {
            let part = part.to_vec();
            let of_part = part.clone();
            removed += self
                .write(Urgency::Prompt, of_part, true, move |tx| {
                    let mut removed = 0;
                    for contact in &part {
                        removed += u64::from(removal::remove(tx.db, campaign, *contact)?);
                    }
                    Ok(removed)
                })
                .await?;
        }
        Ok(removed)
    }

    async fn reorder(&self, campaign: CampaignId, order: Order) -> Result<(), StoreError> {
        self.campaign_exists(campaign).await?;
        let (reply, answer) = oneshot::channel();
        self.queue
            .push_bulk(Box::new(Reorder::new(campaign, order, reply)))?;
        answered(answer).await
    }

    async fn contact(&self, contact: ContactId) -> Result<Option<Contact>, StoreError> {
        let found = self.contacts_by_id(vec![contact]).await?;
        Ok(found.into_iter().next())
    }

    async fn contacts_with_number(
        &self,
        tenant: TenantId,
        campaign: Option<CampaignId>,
        number: PhoneNumber,
    ) -> Result<Vec<Contact>, StoreError> {
        self.readers
            .read(move |db| with_number(db, tenant, campaign, number))
            .await
    }

    async fn contacts(
        &self,
        campaign: CampaignId,
        state: Option<ContactState>,
        after: Option<ContactId>,
        limit: usize,
    ) -> Result<Page<Contact, ContactId>, StoreError> {
        let limit = page_size(limit);
        self.readers
            .read(move |db| {
                let range = match Bounds::read(db, campaign) {
                    Ok(bounds) => bounds.in_force(campaign),
                    Err(Fault(StoreError::NotFound { .. })) => keys::contact_keys(campaign),
                    Err(fault) => return Err(fault),
                };
                let from = after.map_or(*range.start(), |id| {
                    keys::contact_id_key(id).saturating_add(1)
                });
                let from = from.max(*range.start());
                let sql = format!(
                    "SELECT {COLUMNS} FROM contact JOIN campaign ON campaign.id = contact.campaign
                     WHERE contact.id BETWEEN ?1 AND ?2 AND (?3 IS NULL OR contact.state = ?3)
                     ORDER BY contact.id LIMIT ?4"
                );
                let state = state.map(state_code);
                let found = query(
                    db,
                    &sql,
                    params![from, range.end(), state, limit as i64 + 1],
                )?;
                Ok(Page::from_probe(found, limit, |contact| contact.id))
            })
            .await
    }

    async fn contacts_by_id(&self, ids: Vec<ContactId>) -> Result<Vec<Contact>, StoreError> {
        self.readers
            .read(move |db| {
                let keys = ids.into_iter().map(keys::contact_id_key);
                by_keys(db, keys)
            })
            .await
    }

    async fn contact_counts(&self, campaign: CampaignId) -> Result<ContactCounts, StoreError> {
        self.readers.read_few(move |db| counts(db, campaign)).await
    }
}

impl SqliteStore {
    async fn campaign_exists(&self, campaign: CampaignId) -> Result<(), StoreError> {
        self.readers
            .read(move |db| {
                db.prepare_cached("SELECT 1 FROM campaign WHERE id = ?")?
                    .exists([campaign.number()])?
                    .then_some(())
                    .ok_or_else(|| StoreError::not_found("campaign", campaign).into())
            })
            .await
    }

    fn push_moves(
        &self,
        updates: Vec<ContactUpdate>,
    ) -> Result<oneshot::Receiver<Result<(), StoreError>>, StoreError> {
        let contacts = updates.iter().map(|update| update.contact).collect();
        let (request, answer) = request(Urgency::Prompt, contacts, false, move |tx| {
            for update in &updates {
                places::move_contact(tx.db, update)?;
            }
            Ok(())
        });
        self.queue.push(Urgency::Prompt, request)?;
        Ok(answer)
    }
}

/// Those of these contacts that are a campaign's.
fn of_campaign(
    db: &Connection,
    campaign: CampaignId,
    contacts: &[ContactId],
) -> Outcome<Vec<Contact>> {
    let mut found = by_keys(db, contacts.iter().map(|id| keys::contact_id_key(*id)))?;
    found.retain(|contact| contact.campaign == campaign);
    Ok(found)
}

/// Where the contacts of a campaign stand.
pub(super) fn counts(db: &Connection, campaign: CampaignId) -> Outcome<ContactCounts> {
    let counts = db
        .prepare_cached(
            "SELECT fresh, resting, in_progress, done FROM campaign_total WHERE campaign = ?",
        )?
        .query_row([campaign.number()], |row| {
            let count = |column| {
                row.get(column)
                    .map(|count: i64| count.max(0).unsigned_abs())
            };
            Ok(ContactCounts {
                fresh: count(0)?,
                resting: count(1)?,
                in_progress: count(2)?,
                done: count(3)?,
            })
        })
        .optional()?;
    Ok(counts.unwrap_or_default())
}

fn query(db: &Connection, sql: &str, parameters: impl Params) -> Outcome<Vec<Contact>> {
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(contact(row)?);
    }
    Ok(found)
}

fn by_keys(db: &Connection, keys: impl IntoIterator<Item = i64>) -> Outcome<Vec<Contact>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM contact JOIN campaign ON campaign.id = contact.campaign
         WHERE contact.id = ? AND {IN_FORCE}"
    );
    let mut found = Vec::new();
    for key in keys {
        found.extend(query(db, &sql, [key])?);
    }
    Ok(found)
}

/// Contacts of a tenant that have this number.
pub(super) fn with_number(
    db: &Connection,
    tenant: TenantId,
    campaign: Option<CampaignId>,
    number: PhoneNumber,
) -> Outcome<Vec<Contact>> {
    let (from, to) = match campaign {
        // Contacts of lists that are not in force are left out below.
        Some(campaign) => keys::contact_keys(campaign).into_inner(),
        None => (0, i64::MAX),
    };
    let key = NumberKey::of(&number);
    let mut found: BTreeSet<i64> = db
        .prepare_cached(
            "SELECT contact FROM contact_number WHERE number = ?1 AND contact BETWEEN ?2 AND ?3
               AND EXISTS (SELECT 1 FROM campaign WHERE id = contact / ?4 AND tenant = ?5)
             LIMIT ?6",
        )?
        .query_map(
            params![
                key.as_bytes(),
                from,
                to,
                keys::CONTACTS_PER_CAMPAIGN,
                tenant.number(),
                FOUND_MAX
            ],
            |row| row.get(0),
        )?
        .collect::<Result<_, _>>()?;
    found.extend(not_indexed_yet(db, tenant, campaign, number)?);
    let mut contacts = by_keys(db, found)?;
    contacts.truncate(FOUND_MAX as usize);
    Ok(contacts)
}

/// Contacts with this number among those whose numbers are not in the index yet.
fn not_indexed_yet(
    db: &Connection,
    tenant: TenantId,
    campaign: Option<CampaignId>,
    number: PhoneNumber,
) -> Outcome<Vec<i64>> {
    let mut rest = db.prepare_cached(
        "SELECT id, numbered, contact_seq FROM campaign
         WHERE tenant = ?1 AND (?2 IS NULL OR id = ?2) AND numbered < contact_seq",
    )?;
    let mut rows = rest.query(params![tenant.number(), campaign.map(CampaignId::number)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let campaign = keys::campaign_id(row.get(0)?)?;
        let range = [row.get(1)?, row.get(2)?].map(|place| keys::contact_key(campaign, place));
        let mut contacts = db.prepare_cached(
            "SELECT id FROM contact WHERE id > ?1 AND id <= ?2
             AND (number = ?3 OR (more_numbers IS NOT NULL
                  AND instr(' ' || more_numbers || ' ', ' ' || ?3 || ' ')))
             LIMIT ?4",
        )?;
        let keys = contacts.query_map(
            params![range[0], range[1], number.text(), FOUND_MAX],
            |row| row.get(0),
        )?;
        for key in keys {
            found.push(key?);
        }
    }
    Ok(found)
}
