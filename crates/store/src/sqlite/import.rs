//! Taking lists in: prepared by the caller's thread, written by the writer in short pieces.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use outdial_domain::{CampaignId, NewContact, Order};
use rusqlite::{CachedStatement, Connection, params};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::contact_row::{self, given, more_numbers};
use super::fault::{Fault, Outcome};
use super::keys::{CONTACTS_PER_CAMPAIGN, contact_id, contact_key, contact_keys};
use super::number_index::{Entry, NumberIndex, RunReply};
use super::number_key::NumberKey;
use super::order_key::order_key;
use super::queue::Queue;
use super::work::{Bulk, Piece, Tx};
use super::{answered, import_key, totals};
use crate::{ImportOptions, ImportProgress, ImportSession, StoreError};

/// Batches of a session that may wait for the writer: the caller prepares the next ones meanwhile.
const BATCHES_AHEAD: usize = 4;

/// Why a list cannot come in now.
pub(super) fn being_replaced() -> StoreError {
    StoreError::conflict(
        "list",
        "it is being replaced by another one; try again in a moment",
    )
}

/// Waits until every number that was committed so far is in the index.
pub(super) async fn flush(queue: &Queue, campaign: CampaignId) -> Result<(), StoreError> {
    let (reply, answer) = oneshot::channel();
    queue.push_bulk(Box::new(Finish {
        campaign,
        session: None,
        reply: Some(reply),
    }))?;
    answered(answer).await
}

/// A contact ready to be written.
pub(super) struct Row {
    number: String,
    more_numbers: Option<String>,
    given: Option<String>,
    /// Keys of all its numbers.
    keys: Vec<NumberKey>,
    external_id: Option<String>,
    time_zone: Option<String>,
    priority: u8,
    attributes: Option<String>,
}

impl Row {
    pub(super) fn new(contact: NewContact) -> Result<Self, StoreError> {
        let Some(first) = contact.numbers.first() else {
            return Err(StoreError::conflict(
                "contact",
                "has no number; give at least one",
            ));
        };
        let attributes = if contact.attributes.is_empty() {
            None
        } else {
            let json = serde_json::to_string(&contact.attributes);
            Some(json.map_err(|error| StoreError::conflict("contact", error.to_string()))?)
        };
        Ok(Self {
            number: first.text(),
            more_numbers: more_numbers(&contact),
            given: given(&contact),
            keys: contact.numbers.iter().map(NumberKey::of).collect(),
            external_id: contact.external_id,
            time_zone: contact.time_zone,
            priority: contact.priority,
            attributes,
        })
    }
}

/// Contacts ready to be written.
///
/// # Errors
/// [`StoreError::Conflict`] for a contact that cannot be.
pub(super) fn rows(contacts: impl IntoIterator<Item = NewContact>) -> Result<Vec<Row>, StoreError> {
    contacts.into_iter().map(Row::new).collect()
}

/// Writes contacts behind all others of their campaign, with their numbers in the index; for so few that
/// they fit beside other requests. Every number before them must be in the index.
pub(super) fn write_few(
    tx: &Tx<'_>,
    campaign: CampaignId,
    rows: &[Row],
) -> Outcome<RangeInclusive<i64>> {
    let (newest, shuffled): (i64, bool) = tx
        .db
        .prepare_cached("SELECT contact_seq, shuffled FROM campaign WHERE id = ?")?
        .query_row([campaign.number()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let last = newest + rows.len() as i64;
    if last >= CONTACTS_PER_CAMPAIGN {
        return Err(Fault(StoreError::conflict("campaign", "is full")));
    }
    let list = contact_key(campaign, newest + 1)..=contact_key(campaign, last);
    let order = contact_row::order(shuffled);
    let mut statements = Statements::prepare(tx.db, list.clone())?;
    let mut number = tx
        .db
        .prepare_cached("INSERT OR IGNORE INTO contact_number (number, contact) VALUES (?, ?)")?;
    for (place, row) in (newest + 1..).zip(rows) {
        let key = statements.insert(campaign, order, place, row)?;
        for of_contact in &row.keys {
            number.execute(params![of_contact.as_bytes(), key])?;
        }
    }
    tx.db
        .prepare_cached("UPDATE campaign SET contact_seq = ?2, numbered = ?2 WHERE id = ?1")?
        .execute(params![campaign.number(), last])?;
    Ok(list)
}

/// What session and writer share.
#[derive(Default)]
struct Shared {
    progress: ImportProgress,
    /// First and last key of contacts that are committed, in order.
    runs: Vec<RangeInclusive<i64>>,
    failed: Option<StoreError>,
    /// The progress together with what the transaction under way has written.
    written: ImportProgress,
    /// Whether the index watches the campaign for it.
    watched: bool,
}

impl Shared {
    /// Remembers which keys a piece has used: those up to its newest place, without gaps.
    fn committed(&mut self, campaign: CampaignId, piece: &WrittenPiece) {
        if piece.accepted == 0 {
            return;
        }
        let last = contact_key(campaign, piece.newest);
        let first = last - (piece.accepted as i64 - 1);
        match self.runs.last_mut() {
            Some(run) if *run.end() + 1 == first => *run = *run.start()..=last,
            _ => self.runs.push(first..=last),
        }
    }
}

/// An import as its caller sees it.
pub(super) struct Session {
    queue: Arc<Queue>,
    campaign: CampaignId,
    options: ImportOptions,
    /// Whether the list is staged: it takes the place of the one in force later.
    staged: bool,
    shared: Arc<Mutex<Shared>>,
    ahead: Arc<Semaphore>,
    finished: bool,
    /// Contacts that were taken in before, and are passed over.
    pass_over: u64,
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    pub(super) async fn begin(
        queue: Arc<Queue>,
        campaign: CampaignId,
        options: ImportOptions,
        staged: bool,
    ) -> Result<Self, StoreError> {
        let session = Self {
            queue,
            campaign,
            options,
            staged,
            shared: Arc::default(),
            ahead: Arc::new(Semaphore::new(BATCHES_AHEAD)),
            finished: false,
            pass_over: 0,
        };
        if session.options.skip_duplicates {
            let (reply, answer) = oneshot::channel();
            session.queue.push_bulk(Box::new(Begin {
                campaign,
                session: Arc::clone(&session.shared),
                reply: Some(reply),
            }))?;
            answered(answer).await?;
        }
        Ok(session)
    }

    /// The same session, where so much was taken in under its key before.
    pub(super) fn after(mut self, before: ImportProgress) -> Self {
        self.pass_over = before.accepted + before.duplicates;
        {
            let mut shared = lock(&self.shared);
            (shared.progress, shared.written) = (before, before);
        }
        self
    }

    fn failure(&self) -> Result<(), StoreError> {
        lock(&self.shared).failed.clone().map_or(Ok(()), Err)
    }

    fn push_finish(&mut self, reply: Option<RunReply>) -> Result<(), StoreError> {
        self.finished = true;
        self.queue.push_bulk(Box::new(Finish {
            campaign: self.campaign,
            session: Some(Arc::clone(&self.shared)),
            reply,
        }))
    }
}

#[async_trait]
impl ImportSession for Session {
    async fn add(&mut self, contacts: Vec<NewContact>) -> Result<ImportProgress, StoreError> {
        self.failure()?;
        if self.finished {
            return Err(StoreError::conflict("import", "is finished"));
        }
        let known = usize::try_from(self.pass_over).unwrap_or(usize::MAX);
        let known = known.min(contacts.len());
        self.pass_over -= known as u64;
        if known == contacts.len() {
            return Ok(self.progress());
        }
        let rows = rows(contacts.into_iter().skip(known))?;
        let room = Arc::clone(&self.ahead)
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Unavailable("the import is closed".to_owned()))?;
        self.queue.push_bulk(Box::new(Batch {
            campaign: self.campaign,
            skip_duplicates: self.options.skip_duplicates,
            key: self.options.key.clone(),
            staged: self.staged,
            rows,
            next: 0,
            shared: Arc::clone(&self.shared),
            piece: WrittenPiece::default(),
            _room: room,
        }))?;
        self.failure()?;
        Ok(self.progress())
    }

    async fn finish(&mut self) -> Result<ImportProgress, StoreError> {
        if !self.finished {
            let (reply, answer) = oneshot::channel();
            self.push_finish(Some(reply))?;
            let result = answered(answer).await;
            self.failure()?;
            result?;
        }
        self.failure()?;
        Ok(self.progress())
    }

    fn progress(&self) -> ImportProgress {
        lock(&self.shared).progress
    }

    fn runs(&self) -> Vec<RangeInclusive<u64>> {
        let runs = lock(&self.shared).runs.clone();
        runs.into_iter()
            .map(|run| contact_id(*run.start()).number()..=contact_id(*run.end()).number())
            .collect()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.finished {
            // Were the store closed, opening it again would find what is missing.
            let _ = self.push_finish(None);
        }
    }
}

/// Some contacts of a list, on their way.
struct Batch {
    campaign: CampaignId,
    skip_duplicates: bool,
    key: Option<String>,
    staged: bool,
    rows: Vec<Row>,
    /// Rows before this one are committed.
    next: usize,
    shared: Arc<Mutex<Shared>>,
    piece: WrittenPiece,
    _room: OwnedSemaphorePermit,
}

/// What the transaction under way has written of a batch.
#[derive(Default)]
struct WrittenPiece {
    rows: usize,
    accepted: u64,
    duplicates: u64,
    entries: Vec<Entry>,
    newest: i64,
}

/// Statements that write contacts.
struct Statements<'c> {
    contact: CachedStatement<'c>,
    known: CachedStatement<'c>,
    /// Keys of the contacts that are in the same list.
    list: RangeInclusive<i64>,
}

impl<'c> Statements<'c> {
    fn prepare(db: &'c Connection, list: RangeInclusive<i64>) -> Outcome<Self> {
        Ok(Self {
            list,
            contact: db.prepare_cached(
                "INSERT INTO contact (id, campaign, state, priority, sort_key, number,
                     more_numbers, given, external_id, time_zone, attributes)
                 VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?,
            known: db.prepare_cached(
                "SELECT 1 FROM contact_number WHERE number = ? AND contact BETWEEN ? AND ?",
            )?,
        })
    }

    /// Writes a contact at a place; says its key.
    fn insert(
        &mut self,
        campaign: CampaignId,
        order: Order,
        place: i64,
        row: &Row,
    ) -> Outcome<i64> {
        let key = contact_key(campaign, place);
        self.contact.execute(params![
            key,
            campaign.number(),
            row.priority,
            order_key(order, campaign, place),
            row.number,
            row.more_numbers,
            row.given,
            row.external_id,
            row.time_zone,
            row.attributes,
        ])?;
        Ok(key)
    }
}

impl Batch {
    /// Whether one of a contact's numbers is in the list already.
    fn is_known(
        &self,
        tx: &Tx<'_>,
        index: &NumberIndex,
        statements: &mut Statements<'_>,
        row: &Row,
    ) -> Outcome<bool> {
        let contacts = &statements.list;
        for key in &row.keys {
            let parameters = params![key.as_bytes(), contacts.start(), contacts.end()];
            if tx.numbers.borrow().contains(&(self.campaign, *key))
                || index.is_on_its_way(self.campaign, key)
                || statements.known.exists(parameters)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn write(&self, tx: &Tx<'_>, index: &NumberIndex, until: Instant) -> Outcome<WrittenPiece> {
        let (mut place, shuffled, first, staged): (i64, bool, i64, Option<i64>) = tx
            .db
            .prepare_cached(
                "SELECT contact_seq, shuffled, list_first, staged_from FROM campaign WHERE id = ?",
            )?
            .query_row([self.campaign.number()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?;
        if staged.is_some() != self.staged {
            return Err(being_replaced().into());
        }
        let list = contact_key(self.campaign, staged.unwrap_or(first))
            ..=*contact_keys(self.campaign).end();
        let order = contact_row::order(shuffled);
        let watched = index.is_watched(self.campaign);
        let mut statements = Statements::prepare(tx.db, list)?;
        let mut piece = WrittenPiece::default();
        for row in &self.rows[self.next..] {
            if piece.rows > 0 && piece.rows % 32 == 0 && Instant::now() >= until {
                break;
            }
            piece.rows += 1;
            if self.skip_duplicates && self.is_known(tx, index, &mut statements, row)? {
                piece.duplicates += 1;
                continue;
            }
            place += 1;
            if place >= CONTACTS_PER_CAMPAIGN {
                return Err(Fault(StoreError::conflict("campaign", "is full")));
            }
            let key = statements.insert(self.campaign, order, place, row)?;
            for number in &row.keys {
                piece.entries.push((*number, key));
                if watched {
                    tx.numbers.borrow_mut().insert((self.campaign, *number));
                }
            }
            piece.accepted += 1;
        }
        piece.newest = place;
        tx.db
            .prepare_cached("UPDATE campaign SET contact_seq = ?2 WHERE id = ?1")?
            .execute(params![self.campaign.number(), place])?;
        if let Some(key) = &self.key {
            let mut shared = lock(&self.shared);
            let before = shared.written;
            shared.written.accepted += piece.accepted;
            shared.written.duplicates += piece.duplicates;
            import_key::note(tx.db, self.campaign, key, before, shared.written)?;
        }
        if !self.staged {
            totals::contacts_added(tx.db, self.campaign, piece.accepted as i64)?;
        }
        Ok(piece)
    }
}

impl Bulk for Batch {
    fn step(&mut self, tx: &Tx<'_>, index: &NumberIndex, until: Instant) -> Outcome<Piece> {
        if lock(&self.shared).failed.is_some() {
            // An earlier batch was given up, and with it the import: the list must have no hole.
            return Ok(Piece::Last);
        }
        self.piece = self.write(tx, index, until)?;
        if self.next + self.piece.rows < self.rows.len() {
            Ok(Piece::More)
        } else {
            Ok(Piece::Last)
        }
    }

    fn committed(&mut self, index: &mut NumberIndex) {
        let mut piece = std::mem::take(&mut self.piece);
        self.next += piece.rows;
        index.imported += piece.accepted;
        index.gather(self.campaign, &mut piece.entries, piece.newest);
        let mut shared = lock(&self.shared);
        shared.committed(self.campaign, &piece);
        shared.progress.accepted += piece.accepted;
        shared.progress.duplicates += piece.duplicates;
    }

    fn rolled_back(&mut self) {
        self.piece = WrittenPiece::default();
        let mut shared = lock(&self.shared);
        shared.written = shared.progress;
    }

    fn settle(
        self: Box<Self>,
        result: Result<(), StoreError>,
        _: &mut NumberIndex,
    ) -> Option<Box<dyn Bulk>> {
        if let Err(error) = result {
            lock(&self.shared).failed.get_or_insert(error);
        }
        None
    }
}

/// An import begins that has to find duplicates.
struct Begin {
    campaign: CampaignId,
    session: Arc<Mutex<Shared>>,
    reply: Option<RunReply>,
}

impl Bulk for Begin {
    fn step(&mut self, _: &Tx<'_>, _: &NumberIndex, _: Instant) -> Outcome<Piece> {
        Ok(Piece::Last)
    }

    fn committed(&mut self, index: &mut NumberIndex) {
        if let Some(reply) = self.reply.take() {
            lock(&self.session).watched = true;
            index.watch(self.campaign, reply);
        }
    }

    fn rolled_back(&mut self) {}

    fn settle(
        mut self: Box<Self>,
        result: Result<(), StoreError>,
        _: &mut NumberIndex,
    ) -> Option<Box<dyn Bulk>> {
        if let (Err(error), Some(reply)) = (result, self.reply.take()) {
            let _ = reply.send(Err(error));
        }
        None
    }
}

/// An import is over.
struct Finish {
    campaign: CampaignId,
    /// The session that it ends, if any.
    session: Option<Arc<Mutex<Shared>>>,
    reply: Option<RunReply>,
}

impl Bulk for Finish {
    fn step(&mut self, _: &Tx<'_>, _: &NumberIndex, _: Instant) -> Outcome<Piece> {
        Ok(Piece::Last)
    }

    fn committed(&mut self, _: &mut NumberIndex) {}

    fn rolled_back(&mut self) {}

    fn settle(
        self: Box<Self>,
        result: Result<(), StoreError>,
        index: &mut NumberIndex,
    ) -> Option<Box<dyn Bulk>> {
        // Also when the transaction failed: what was committed before has to get into the index.
        let reply = match (result, self.reply) {
            (Err(error), Some(reply)) => {
                if let Some(session) = &self.session {
                    // Whoever hears that the list has failed sends it again: none of it may come in now.
                    lock(session).failed.get_or_insert_with(|| error.clone());
                }
                let _ = reply.send(Err(error));
                None
            }
            (_, reply) => reply,
        };
        // Only a watch that was begun is ended: else another session would lose its own.
        let watched = self
            .session
            .is_some_and(|session| std::mem::take(&mut lock(&session).watched));
        index.finish(self.campaign, watched, reply);
        None
    }
}
