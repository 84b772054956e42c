//! The index of contacts by number, filled in sorted runs.
//!
//! Numbers of a list come in no order. Put into their index one by one, nearly each would dirty a
//! page of its own, and each transaction would write all of them to the log: many times the data
//! itself. So contacts are committed first, their numbers gather in memory, are sorted off the
//! writer, and go into the index in order, many to a page. What is gathered is not lost in a crash:
//! `campaign.numbered` says up to which contact the index is complete, and the rest is read again
//! when the database is opened. Look-ups read that rest from the contacts themselves.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Instant;

use outdial_domain::CampaignId;
use rusqlite::{Connection, params};
use tokio::sync::oneshot;

use super::fault::Outcome;
use super::number_key::NumberKey;
use super::queue::Queue;
use super::work::{Bulk, Piece, Tx};
use crate::StoreError;

/// A number and the key of a contact that has it.
pub(super) type Entry = (NumberKey, i64);

/// Entries are gathered up to this count: 12 MiB of memory, twice while a run is written.
pub(super) const RUN_LENGTH: usize = 512 * 1024;

/// Told when a run is in the index.
pub(super) type RunReply = oneshot::Sender<Result<(), StoreError>>;

/// What is known of numbers that are not in the index yet.
pub(super) struct NumberIndex {
    campaigns: HashMap<CampaignId, Pending>,
    sorter: Sender<Run>,
    /// Contacts that this process has committed in all.
    pub(super) imported: u64,
}

#[derive(Default)]
struct Pending {
    entries: Vec<Entry>,
    /// The place in the list of the newest committed contact.
    newest: i64,
    /// Runs that are being sorted or written.
    runs: u32,
    /// Open imports that look for duplicates.
    watchers: u32,
    /// The numbers in `entries`, while anybody watches.
    gathered: HashSet<NumberKey>,
    /// The numbers in each of the runs, oldest first; none for runs that nobody watched.
    in_runs: VecDeque<HashSet<NumberKey>>,
}

impl NumberIndex {
    pub(super) fn new(sorter: Sender<Run>) -> Self {
        Self {
            campaigns: HashMap::new(),
            sorter,
            imported: 0,
        }
    }

    /// Whether somebody looks for duplicates in the campaign.
    pub(super) fn is_watched(&self, campaign: CampaignId) -> bool {
        self.campaigns
            .get(&campaign)
            .is_some_and(|pending| pending.watchers > 0)
    }

    /// Whether a number of a watched campaign is on its way into the index.
    pub(super) fn is_on_its_way(&self, campaign: CampaignId, number: &NumberKey) -> bool {
        self.campaigns.get(&campaign).is_some_and(|pending| {
            pending.gathered.contains(number)
                || pending.in_runs.iter().any(|run| run.contains(number))
        })
    }

    /// Takes over the entries of contacts that are committed now.
    pub(super) fn gather(&mut self, campaign: CampaignId, entries: &mut Vec<Entry>, newest: i64) {
        let pending = self.campaigns.entry(campaign).or_default();
        pending.newest = pending.newest.max(newest);
        if pending.watchers > 0 {
            pending
                .gathered
                .extend(entries.iter().map(|(number, _)| *number));
        }
        pending.entries.append(entries);
        if pending.entries.len() >= RUN_LENGTH {
            self.cut(campaign, None);
        }
    }

    /// An import begins that looks for duplicates; `reply` when all earlier numbers are there, so
    /// that each number is from then on in the index or known to be on its way.
    pub(super) fn watch(&mut self, campaign: CampaignId, reply: RunReply) {
        self.campaigns.entry(campaign).or_default().watchers += 1;
        self.cut(campaign, Some(reply));
    }

    /// An import is over; `reply` when all its numbers are there.
    pub(super) fn finish(&mut self, campaign: CampaignId, watched: bool, reply: Option<RunReply>) {
        let pending = self.campaigns.entry(campaign).or_default();
        if watched {
            pending.watchers = pending.watchers.saturating_sub(1);
        }
        if pending.watchers == 0 {
            pending.gathered.clear();
            pending.in_runs.iter_mut().for_each(HashSet::clear);
        }
        self.cut(campaign, reply);
    }

    /// Sends what is gathered on its way into the index.
    fn cut(&mut self, campaign: CampaignId, reply: Option<RunReply>) {
        let pending = self.campaigns.entry(campaign).or_default();
        if pending.entries.is_empty() && pending.runs == 0 {
            if let Some(reply) = reply {
                let _ = reply.send(Ok(()));
            }
            self.forget_if_idle(campaign);
            return;
        }
        pending.runs += 1;
        let gathered = std::mem::take(&mut pending.gathered);
        pending.in_runs.push_back(gathered);
        let run = Run {
            campaign,
            entries: std::mem::take(&mut pending.entries),
            next: 0,
            written: 0,
            up_to: pending.newest,
            reply,
        };
        // The sorter lives as long as the writer; were it gone, opening the database again would
        // find the numbers missing and add them.
        let _ = self.sorter.send(run);
    }

    fn run_is_written(&mut self, campaign: CampaignId) {
        if let Some(pending) = self.campaigns.get_mut(&campaign) {
            pending.runs = pending.runs.saturating_sub(1);
            pending.in_runs.pop_front();
        }
        self.forget_if_idle(campaign);
    }

    fn forget_if_idle(&mut self, campaign: CampaignId) {
        let idle = |pending: &Pending| {
            pending.entries.is_empty() && pending.runs == 0 && pending.watchers == 0
        };
        if self.campaigns.get(&campaign).is_some_and(idle) {
            self.campaigns.remove(&campaign);
        }
    }
}

/// Entries on their way into the index.
pub(super) struct Run {
    campaign: CampaignId,
    entries: Vec<Entry>,
    /// Entries before this one are committed.
    next: usize,
    /// Entries of the present transaction.
    written: usize,
    /// With this run the index is complete up to this place of the list.
    up_to: i64,
    reply: Option<RunReply>,
}

impl Run {
    pub(super) fn recovered(campaign: CampaignId, entries: Vec<Entry>, up_to: i64) -> Self {
        Self {
            campaign,
            entries,
            next: 0,
            written: 0,
            up_to,
            reply: None,
        }
    }

    /// Sorts it and writes it in one transaction, before the writer starts.
    pub(super) fn write_at_once(mut self, db: &Connection) -> Outcome<()> {
        self.sort();
        db.execute_batch("BEGIN IMMEDIATE")?;
        self.write(db, None)?;
        db.execute_batch("COMMIT")?;
        Ok(())
    }

    pub(super) fn sort(&mut self) {
        self.entries.sort_unstable();
    }

    /// Writes entries until the time is up.
    fn write(&mut self, db: &Connection, until: Option<Instant>) -> Outcome<Piece> {
        let mut insert = db.prepare_cached(
            "INSERT OR IGNORE INTO contact_number (number, contact) VALUES (?, ?)",
        )?;
        let mut at = self.next;
        for piece in self.entries[at..].chunks(64) {
            for (number, contact) in piece {
                insert.execute(params![number.as_bytes(), contact])?;
            }
            at += piece.len();
            if until.is_some_and(|until| Instant::now() >= until) {
                break;
            }
        }
        self.written = at - self.next;
        if at < self.entries.len() {
            return Ok(Piece::More);
        }
        db.prepare_cached("UPDATE campaign SET numbered = max(numbered, ?2) WHERE id = ?1")?
            .execute(params![self.campaign.number(), self.up_to])?;
        Ok(Piece::Last)
    }
}

impl Bulk for Run {
    fn step(&mut self, tx: &Tx<'_>, _: &NumberIndex, until: Instant) -> Outcome<Piece> {
        self.write(tx.db, Some(until))
    }

    fn committed(&mut self, _: &mut NumberIndex) {
        self.next += std::mem::take(&mut self.written);
    }

    fn rolled_back(&mut self) {
        self.written = 0;
    }

    fn keeps_its_turn(&self) -> bool {
        // `numbered` must not step over a run that is not written.
        true
    }

    fn settle(
        mut self: Box<Self>,
        result: Result<(), StoreError>,
        index: &mut NumberIndex,
    ) -> Option<Box<dyn Bulk>> {
        if let Some(reply) = self.reply.take() {
            let _ = reply.send(result.clone());
        }
        if result.is_err() {
            // The contacts are committed, so their numbers have to get into the index some time.
            return Some(self);
        }
        index.run_is_written(self.campaign);
        None
    }
}

/// The thread that sorts runs, in the order in which they were cut.
pub(super) fn start_sorter(queue: Arc<Queue>) -> std::io::Result<(Sender<Run>, JoinHandle<()>)> {
    let (sender, runs): (Sender<Run>, Receiver<Run>) = channel();
    let thread = std::thread::Builder::new()
        .name("store-sort".to_owned())
        .spawn(move || {
            for mut run in runs {
                run.sort();
                if queue.push_bulk(Box::new(run)).is_err() {
                    return;
                }
            }
        })?;
    Ok((sender, thread))
}
