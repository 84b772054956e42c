//! Versions of a campaign's list: one that takes the place of another does so in one instant.
//!
//! A new list is written behind the old one, like any import, and nobody sees it: a campaign's list
//! is what stands at places from `list_first` on and below `staged_from`. Putting it in force moves
//! these two bounds, in the transaction of the edit's revision. The old contacts are taken out of
//! the window's index afterwards, a few at a time; they stay as they were, but for their state.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::time::Instant;

use outdial_domain::{CampaignId, NewContact, PhoneNumber, Revision, RevisionNumber, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::oneshot;

use super::campaign_row::{origin, origin_name};
use super::contact_row::{number, numbers};
use super::fault::{Fault, Outcome};
use super::number_index::NumberIndex;
use super::number_key::NumberKey;
use super::work::{Bulk, Piece, Tx};
use super::{SqliteStore, answered, campaigns, contacts, import, keys};
use crate::{ListInForce, ListVersion, NewRevision, StagedList, StoreError};

/// The state of contacts whose list another one has replaced.
const SET_ASIDE: i64 = 4;

/// Contacts whose numbers are looked up without another thread: some 0.2 ms.
pub(super) const FEW: usize = 32;

/// Contacts of both lists together that are exchanged in one transaction: some 2 ms of the writer's time.
const AT_ONCE_MAX: i64 = 256;

/// What a look-up of contacts, joined with their campaign, adds so that it sees the list in force.
pub(super) const IN_FORCE: &str = "contact.id % 1000000000 >= campaign.list_first
     AND (campaign.staged_from IS NULL OR contact.id % 1000000000 < campaign.staged_from)";

/// Where a campaign's lists stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    first: i64,
    staged: Option<i64>,
    newest: i64,
    numbered: i64,
}

impl Bounds {
    /// The bounds of a campaign's lists.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown campaign.
    pub(super) fn read(db: &Connection, campaign: CampaignId) -> Outcome<Self> {
        db.prepare_cached(
            "SELECT list_first, staged_from, contact_seq, numbered FROM campaign WHERE id = ?",
        )?
        .query_row([campaign.number()], |row| {
            Ok(Self {
                first: row.get(0)?,
                staged: row.get(1)?,
                newest: row.get(2)?,
                numbered: row.get(3)?,
            })
        })
        .optional()?
        .ok_or_else(|| StoreError::not_found("campaign", campaign).into())
    }

    /// Whether another list is on its way in.
    pub(super) fn is_staged(&self) -> bool {
        self.staged.is_some()
    }

    /// The first place of the list in force.
    pub(super) fn first(&self) -> i64 {
        self.first
    }

    /// The keys that contacts of the list in force can have.
    pub(super) fn in_force(&self, campaign: CampaignId) -> RangeInclusive<i64> {
        let end = match self.staged {
            Some(place) => keys::contact_key(campaign, place) - 1,
            None => *keys::contact_keys(campaign).end(),
        };
        keys::contact_key(campaign, self.first)..=end
    }

    fn staged(&self, campaign: CampaignId) -> Outcome<RangeInclusive<i64>> {
        let first = self
            .staged
            .ok_or_else(|| StoreError::not_found("staged list of campaign", campaign))?;
        let first = keys::contact_key(campaign, first);
        Ok(first..=keys::contact_key(campaign, self.newest))
    }
}

/// Lets a new list in, behind the one in force.
pub(super) fn begin(db: &Connection, campaign: CampaignId) -> Outcome<()> {
    let bounds = Bounds::read(db, campaign)?;
    if bounds.staged.is_some() {
        return Err(import::being_replaced().into());
    }
    check_not_dialed(db, campaign)?;
    db.prepare_cached("UPDATE campaign SET staged_from = contact_seq + 1 WHERE id = ?")?
        .execute([campaign.number()])?;
    Ok(())
}

fn check_not_dialed(db: &Connection, campaign: CampaignId) -> Outcome<()> {
    let attempts: i64 = db
        .prepare_cached("SELECT attempts FROM campaign_total WHERE campaign = ?")?
        .query_row([campaign.number()], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    if attempts == 0 {
        return Ok(());
    }
    Err(Fault(StoreError::conflict(
        "list",
        "contacts of it have been called, so that it cannot be replaced",
    )))
}

/// Puts the staged list in the place of the one in force.
pub(super) fn put_in_force(db: &Connection, revision: &Revision, list: &StagedList) -> Outcome<()> {
    let campaign = revision.campaign;
    let bounds = Bounds::read(db, campaign)?;
    let first = i64::try_from(list.first).unwrap_or(-1);
    if bounds.staged != Some(first) {
        return Err(StoreError::not_found("staged list of campaign", campaign).into());
    }
    check_not_dialed(db, campaign)?;
    let contacts = bounds.newest - first + 1;
    db.prepare_cached(
        "UPDATE campaign SET list_first = staged_from, staged_from = NULL,
             list_version = list_version + 1
         WHERE id = ?",
    )?
    .execute([campaign.number()])?;
    db.prepare_cached(
        "UPDATE campaign_total SET fresh = ?2, resting = 0, in_progress = 0, done = 0
         WHERE campaign = ?1",
    )?
    .execute(params![campaign.number(), contacts])?;
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT INTO list_version
             (campaign, version, revision, author, origin, at, contacts, added, removed, kept)
         SELECT id, list_version, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM campaign WHERE id = ?1",
    )?
    .execute(params![
        campaign.number(),
        revision.number.number(),
        revision.author,
        origin_name(revision.origin),
        revision.at.millis(),
        contacts,
        count(list.added),
        count(list.removed),
        count(list.kept),
    ])?;
    Ok(())
}

/// Whether so many contacts can take the place of the list in force in one transaction.
pub(super) fn can_replace_at_once(
    db: &Connection,
    campaign: CampaignId,
    contacts: usize,
) -> Outcome<bool> {
    let bounds = Bounds::read(db, campaign)?;
    let before = bounds.newest - bounds.first + 1;
    let contacts = i64::try_from(contacts).unwrap_or(i64::MAX);
    let all_numbered = bounds.numbered >= bounds.newest;
    Ok(all_numbered && contacts.saturating_add(before) <= AT_ONCE_MAX)
}

/// Commits a revision with a short list: written, put in force, and the one before set aside, so that
/// nothing is left to be done afterwards.
pub(super) fn replace_at_once(
    tx: &Tx<'_>,
    new: &mut NewRevision,
    rows: &[import::Row],
) -> Outcome<Revision> {
    let (db, campaign) = (tx.db, new.campaign);
    let bounds = Bounds::read(db, campaign)?;
    if bounds.is_staged() {
        return Err(import::being_replaced().into());
    }
    if !can_replace_at_once(db, campaign, rows.len())? {
        return Err(Fault(StoreError::Moved));
    }
    begin(db, campaign)?;
    import::write_few(tx, campaign, rows)?;
    if let Some(list) = &mut new.list {
        list.first = (bounds.newest + 1).unsigned_abs();
    }
    let revision = campaigns::revise(tx, new)?;
    db.prepare_cached("UPDATE contact SET state = ?3 WHERE id BETWEEN ?1 AND ?2 AND state < 4")?
        .execute(params![
            keys::contact_key(campaign, bounds.first),
            keys::contact_key(campaign, bounds.newest),
            SET_ASIDE,
        ])?;
    // Unless earlier lists are still on their way out: then that goes on to the end of this one.
    db.prepare_cached(
        "UPDATE campaign SET aside_below = list_first WHERE id = ?1 AND aside_below = ?2",
    )?
    .execute(params![campaign.number(), bounds.first])?;
    Ok(revision)
}

/// The list in force.
pub(super) fn in_force(db: &Connection, campaign: CampaignId) -> Outcome<ListInForce> {
    Ok(ListInForce {
        version: version(db, campaign)?,
        contacts: contacts::counts(db, campaign)?.total(),
    })
}

fn version(db: &Connection, campaign: CampaignId) -> Outcome<u32> {
    db.prepare_cached("SELECT list_version FROM campaign WHERE id = ?")?
        .query_row([campaign.number()], |row| row.get(0))
        .optional()?
        .ok_or_else(|| StoreError::not_found("campaign", campaign).into())
}

pub(super) fn versions(db: &Connection, campaign: CampaignId) -> Outcome<(u32, Vec<ListVersion>)> {
    let version = version(db, campaign)?;
    let mut query = db.prepare_cached(
        "SELECT version, revision, author, origin, at, contacts, added, removed, kept
         FROM list_version WHERE campaign = ? ORDER BY version",
    )?;
    let mut rows = query.query([campaign.number()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let count = |column| row.get(column).map(|count: i64| count.unsigned_abs());
        found.push(ListVersion {
            version: row.get(0)?,
            revision: RevisionNumber::new(row.get(1)?),
            author: row.get(2)?,
            origin: origin(&row.get::<_, String>(3)?)?,
            at: Timestamp::from_millis(row.get(4)?),
            contacts: count(5)?,
            added: count(6)?,
            removed: count(7)?,
            kept: count(8)?,
        });
    }
    Ok((version, found))
}

/// Compares the staged list with the one in force. Both are in the index: the import is finished.
pub(super) fn compare_staged(db: &Connection, campaign: CampaignId) -> Outcome<StagedList> {
    let bounds = Bounds::read(db, campaign)?;
    let staged = bounds.staged(campaign)?;
    let mut query = db.prepare_cached("SELECT number FROM contact WHERE id BETWEEN ? AND ?")?;
    let mut rows = query.query([staged.start(), staged.end()])?;
    let mut comparison = Comparison::begin(db, campaign, bounds)?;
    while let Some(row) = rows.next()? {
        comparison.count(&number(&row.get::<_, String>(0)?)?)?;
    }
    comparison.end(bounds.staged.unwrap_or(0))
}

/// Compares contacts that are not stored with the list in force.
pub(super) fn compare(
    db: &Connection,
    campaign: CampaignId,
    contacts: &[NewContact],
) -> Outcome<StagedList> {
    let bounds = Bounds::read(db, campaign)?;
    let mut comparison = Comparison::begin(db, campaign, bounds)?;
    for number in contacts
        .iter()
        .filter_map(|contact| contact.numbers.first())
    {
        comparison.count(number)?;
    }
    comparison.end(0)
}

struct Comparison<'c> {
    known: rusqlite::CachedStatement<'c>,
    in_force: RangeInclusive<i64>,
    /// Numbers of the list in force that are not in the index yet.
    on_their_way: HashSet<NumberKey>,
    contacts_in_force: u64,
    kept: u64,
    added: u64,
}

impl<'c> Comparison<'c> {
    fn begin(db: &'c Connection, campaign: CampaignId, bounds: Bounds) -> Outcome<Self> {
        let in_force = bounds.in_force(campaign);
        let not_indexed = keys::contact_key(campaign, bounds.numbered + 1).max(*in_force.start());
        let mut on_their_way = HashSet::new();
        let mut query =
            db.prepare_cached("SELECT number, more_numbers FROM contact WHERE id BETWEEN ? AND ?")?;
        let mut rows = query.query([not_indexed, *in_force.end()])?;
        while let Some(row) = rows.next()? {
            let numbers = numbers(row.get(0)?, row.get(1)?, None)?;
            on_their_way.extend(numbers.iter().map(NumberKey::of));
        }
        Ok(Self {
            known: db.prepare_cached(
                "SELECT 1 FROM contact_number WHERE number = ? AND contact BETWEEN ? AND ?",
            )?,
            in_force,
            on_their_way,
            contacts_in_force: contacts::counts(db, campaign)?.total(),
            kept: 0,
            added: 0,
        })
    }

    fn count(&mut self, number: &PhoneNumber) -> Outcome<()> {
        let key = NumberKey::of(number);
        let parameters = params![key.as_bytes(), self.in_force.start(), self.in_force.end()];
        if self.on_their_way.contains(&key) || self.known.exists(parameters)? {
            self.kept += 1;
        } else {
            self.added += 1;
        }
        Ok(())
    }

    fn end(self, first: i64) -> Outcome<StagedList> {
        Ok(StagedList {
            first: first.unsigned_abs(),
            added: self.added,
            removed: self.contacts_in_force.saturating_sub(self.kept),
            kept: self.kept,
        })
    }
}

impl SqliteStore {
    /// Sets the contacts aside whose list was replaced.
    pub(super) fn set_aside(&self, campaign: CampaignId) -> Result<(), StoreError> {
        self.queue.push_bulk(Box::new(Leave {
            campaign,
            what: What::SetAside,
            reached: 0,
            done: 0,
            reply: None,
        }))
    }

    pub(super) async fn drop_staged_list(&self, campaign: CampaignId) -> Result<(), StoreError> {
        // Numbers on their way into the index would get there after their contacts had left.
        import::flush(&self.queue, campaign).await?;
        let (reply, answer) = oneshot::channel();
        self.queue.push_bulk(Box::new(Leave {
            campaign,
            what: What::Drop,
            reached: 0,
            done: 0,
            reply: Some(reply),
        }))?;
        answered(answer).await
    }
}

/// Campaigns with contacts to be set aside; lists that were staged when the process ended are
/// dropped. For the opening, before the writer starts.
pub(super) fn recover(db: &Connection) -> Outcome<Vec<CampaignId>> {
    let ids = |sql: &str| -> Outcome<Vec<CampaignId>> {
        let mut query = db.prepare(sql)?;
        let found = query
            .query_map([], |row| row.get::<_, i64>(0))?
            .collect::<Result<Vec<_>, _>>()?;
        found.into_iter().map(keys::campaign_id).collect()
    };
    for campaign in ids("SELECT id FROM campaign WHERE staged_from IS NOT NULL")? {
        let range = Bounds::read(db, campaign)?.staged(campaign)?;
        db.execute_batch("BEGIN IMMEDIATE")?;
        drop_contacts(db, range, i64::MAX, || false)?;
        end_drop(db, campaign)?;
        db.execute_batch("COMMIT")?;
        tracing::info!(campaign.id = %campaign, "a list that had not come in whole is dropped");
    }
    ids("SELECT id FROM campaign WHERE aside_below < list_first")
}

/// Deletes contacts and their numbers until time is up; says up to which key none is left.
fn drop_contacts(
    db: &Connection,
    range: RangeInclusive<i64>,
    most: i64,
    is_late: impl Fn() -> bool,
) -> Outcome<Option<i64>> {
    let mut contacts = db.prepare_cached(
        "SELECT id, number, more_numbers FROM contact WHERE id BETWEEN ? AND ?
         ORDER BY id LIMIT ?",
    )?;
    let mut number =
        db.prepare_cached("DELETE FROM contact_number WHERE number = ? AND contact = ?")?;
    let mut contact = db.prepare_cached("DELETE FROM contact WHERE id = ?")?;
    let mut from = *range.start();
    loop {
        let found = contacts
            .query_map([from, *range.end(), most.min(32)], |row| {
                Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<Result<Vec<_>, _>>()?;
        if found.is_empty() {
            return Ok(None);
        }
        for (key, first, more) in found {
            for of_contact in numbers(first, more, None)? {
                number.execute(params![NumberKey::of(&of_contact).as_bytes(), key])?;
            }
            contact.execute([key])?;
            from = key + 1;
        }
        if is_late() {
            return Ok(Some(from));
        }
    }
}

fn end_drop(db: &Connection, campaign: CampaignId) -> Outcome<()> {
    db.prepare_cached("UPDATE campaign SET staged_from = NULL WHERE id = ?")?
        .execute([campaign.number()])?;
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Contacts of a replaced list leave the window's index.
    SetAside,
    /// Contacts of a staged list are deleted.
    Drop,
}

/// Contacts leaving, a few at a time.
struct Leave {
    campaign: CampaignId,
    what: What,
    /// Contacts below this key are done with, in the transaction under way.
    reached: i64,
    /// The same, on the disk.
    done: i64,
    reply: Option<oneshot::Sender<Result<(), StoreError>>>,
}

impl Leave {
    fn set_aside(&mut self, db: &Connection, until: Instant) -> Outcome<Piece> {
        let first = Bounds::read(db, self.campaign)?.first();
        let end = keys::contact_key(self.campaign, first);
        let mut next = db.prepare_cached(
            "SELECT id FROM contact WHERE id >= ? AND id < ? AND state < 4 ORDER BY id LIMIT 64",
        )?;
        let mut leave = db.prepare_cached("UPDATE contact SET state = ?2 WHERE id = ?1")?;
        loop {
            let from = self.reached.max(keys::contact_key(self.campaign, 0));
            let found: Vec<i64> = next
                .query_map([from, end], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let Some(last) = found.last() else {
                break;
            };
            for key in &found {
                leave.execute([*key, SET_ASIDE])?;
            }
            self.reached = last + 1;
            if Instant::now() >= until {
                return Ok(Piece::More);
            }
        }
        db.prepare_cached("UPDATE campaign SET aside_below = ?2 WHERE id = ?1")?
            .execute(params![self.campaign.number(), first])?;
        Ok(Piece::Last)
    }

    fn drop_staged(&mut self, db: &Connection, until: Instant) -> Outcome<Piece> {
        let bounds = Bounds::read(db, self.campaign)?;
        if bounds.staged.is_none() {
            return Ok(Piece::Last);
        }
        let range = bounds.staged(self.campaign)?;
        let from = self.reached.max(*range.start());
        match drop_contacts(db, from..=*range.end(), 32, || Instant::now() >= until)? {
            Some(reached) => {
                self.reached = reached;
                Ok(Piece::More)
            }
            None => {
                end_drop(db, self.campaign)?;
                Ok(Piece::Last)
            }
        }
    }
}

impl Bulk for Leave {
    fn step(&mut self, tx: &Tx<'_>, _: &NumberIndex, until: Instant) -> Outcome<Piece> {
        self.reached = self.done;
        match self.what {
            What::SetAside => self.set_aside(tx.db, until),
            What::Drop => self.drop_staged(tx.db, until),
        }
    }

    fn committed(&mut self, _: &mut NumberIndex) {
        self.done = self.reached;
    }

    fn rolled_back(&mut self) {
        self.reached = self.done;
    }

    fn settle(
        mut self: Box<Self>,
        result: Result<(), StoreError>,
        _: &mut NumberIndex,
    ) -> Option<Box<dyn Bulk>> {
        match self.reply.take() {
            Some(reply) => {
                let _ = reply.send(result);
                None
            }
            // Nobody waits; it is tried again once the store commits again.
            None if result.is_err() => Some(self),
            None => None,
        }
    }
}
