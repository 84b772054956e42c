//! Where contacts stand: the one function that moves one.

use outdial_domain::{
    CampaignId, ContactPlace, ContactState, ContactUpdate, Order, Outcome as CallOutcome,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::contact_row::{self, history_column, state, state_code};
use super::fault::Outcome;
use super::order_key::order_key;
use super::{keys, totals};

// As `lists::IN_FORCE`: a contact of a list that was replaced is nobody's any more.
const PLACE: &str =
    "SELECT contact.state FROM contact JOIN campaign ON campaign.id = contact.campaign
     WHERE contact.id = ? AND contact.id % 1000000000 >= campaign.list_first
     AND (campaign.staged_from IS NULL OR contact.id % 1000000000 < campaign.staged_from)";

/// Where a contact stands now; `None` = there is no such contact in that campaign's list.
pub(super) fn place(
    db: &Connection,
    campaign: CampaignId,
    key: i64,
) -> Outcome<Option<ContactState>> {
    if !keys::contact_keys(campaign).contains(&key) {
        return Ok(None);
    }
    db.prepare_cached(PLACE)?
        .query_row([key], |row| row.get::<_, i64>(0))
        .optional()?
        .map(state)
        .transpose()
}

/// The order in which the fresh contacts of a campaign stand.
pub(super) fn order(db: &Connection, campaign: CampaignId) -> Outcome<Order> {
    let shuffled = db
        .prepare_cached("SELECT shuffled FROM campaign WHERE id = ?")?
        .query_row([campaign.number()], |row| row.get(0))
        .optional()?
        .unwrap_or(false);
    Ok(contact_row::order(shuffled))
}

/// Moves a contact to its new place; says whether it exists.
pub(super) fn move_contact(db: &Connection, update: &ContactUpdate) -> Outcome<bool> {
    let key = keys::contact_id_key(update.contact);
    let Some(from) = place(db, update.campaign, key)? else {
        return Ok(false);
    };
    let (to, sort_key) = match update.place {
        ContactPlace::Fresh => {
            let order = order(db, update.campaign)?;
            (
                ContactState::Fresh,
                order_key(order, update.campaign, keys::contact_place(key)),
            )
        }
        ContactPlace::Resting(until) => (ContactState::Resting, until.millis()),
        ContactPlace::Done => (ContactState::Done, 0),
    };
    db.prepare_cached(
        "UPDATE contact SET state = ?2, sort_key = ?3, history = ?4,
             last_outcome = coalesce(?5, last_outcome)
         WHERE id = ?1",
    )?
    .execute(params![
        key,
        state_code(to),
        sort_key,
        history_column(&update.history)?,
        update.last_outcome.map(CallOutcome::as_str),
    ])?;
    totals::contact_moved(db, update.campaign, from, to)?;
    Ok(true)
}

/// A contact is being called now.
pub(super) fn begin(
    db: &Connection,
    campaign: CampaignId,
    key: i64,
    from: ContactState,
) -> Outcome<()> {
    db.prepare_cached("UPDATE contact SET state = ?2, sort_key = 0 WHERE id = ?1")?
        .execute(params![key, state_code(ContactState::InProgress)])?;
    totals::contact_moved(db, campaign, from, ContactState::InProgress)
}
