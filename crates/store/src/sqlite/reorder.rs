//! New places for the fresh contacts of a campaign.

use std::time::Instant;

use outdial_domain::{CampaignId, Order};
use rusqlite::params;
use tokio::sync::oneshot;

use super::fault::Outcome;
use super::keys;
use super::number_index::NumberIndex;
use super::order_key::order_key;
use super::work::{Bulk, Piece, Tx};
use crate::StoreError;

/// A change of order on its way through the list.
pub(super) struct Reorder {
    campaign: CampaignId,
    order: Order,
    /// Contacts up to this key have their new places, on the disk.
    done: i64,
    /// The same, for the transaction under way.
    reached: i64,
    reply: Option<oneshot::Sender<Result<(), StoreError>>>,
}

impl Reorder {
    pub(super) fn new(
        campaign: CampaignId,
        order: Order,
        reply: oneshot::Sender<Result<(), StoreError>>,
    ) -> Self {
        let before_first = keys::contact_key(campaign, 0);
        Self {
            campaign,
            order,
            done: before_first,
            reached: before_first,
            reply: Some(reply),
        }
    }
}

impl Bulk for Reorder {
    fn step(&mut self, tx: &Tx<'_>, _: &NumberIndex, until: Instant) -> Outcome<Piece> {
        // Said again in each piece, which costs nothing: contacts that come back to be fresh, or
        // are added, take the new order from here on.
        tx.db
            .prepare_cached("UPDATE campaign SET shuffled = ?2 WHERE id = ?1")?
            .execute(params![self.campaign.number(), self.order == Order::Random])?;
        let mut next = tx.db.prepare_cached(
            // Whatever their state, so that a piece ends in time where most are not fresh.
            "SELECT id, state = 0 FROM contact WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT 256",
        )?;
        let mut change = tx
            .db
            .prepare_cached("UPDATE contact SET sort_key = ?2 WHERE id = ?1")?;
        let last = *keys::contact_keys(self.campaign).end();
        self.reached = self.done;
        loop {
            let contacts: Vec<(i64, bool)> = next
                .query_map([self.reached, last], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            for (key, _) in contacts.iter().filter(|(_, is_fresh)| *is_fresh) {
                let place = order_key(self.order, self.campaign, keys::contact_place(*key));
                change.execute(params![key, place])?;
            }
            match contacts.last() {
                Some((key, _)) => self.reached = *key,
                None => return Ok(Piece::Last),
            }
            if Instant::now() >= until {
                return Ok(Piece::More);
            }
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
        if let Some(reply) = self.reply.take() {
            let _ = reply.send(result);
        }
        None
    }
}
