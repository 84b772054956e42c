//! Where contacts stand: the one function that moves one.

use outdial_domain::{
    Aside, CampaignId, Contact, ContactPlace, ContactState, ContactUpdate, Order,
    Outcome as CallOutcome, RetryPolicy, Timestamp,
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

/// Moves a contact to its new place; says whether it exists. One that was set aside during its call goes
/// where it was set aside to, unless the call has made it final.
pub(super) fn move_contact(db: &Connection, update: &ContactUpdate) -> Outcome<bool> {
    let key = keys::contact_id_key(update.contact);
    let Some(from) = place(db, update.campaign, key)? else {
        return Ok(false);
    };
    let mut update = update.clone();
    if from == ContactState::InProgress
        && let Some(aside) = aside_after_call(db, key)?
    {
        aside.apply(&mut update);
    }
    let update = &update;
    let (to, sort_key) = match update.place {
        ContactPlace::Fresh => {
            let order = order(db, update.campaign)?;
            (
                ContactState::Fresh,
                order_key(order, update.campaign, keys::contact_place(key)),
            )
        }
        ContactPlace::Resting(until) => (ContactState::Resting, until.millis()),
        ContactPlace::Held => (ContactState::Resting, Contact::HELD_UNTIL.millis()),
        ContactPlace::Done | ContactPlace::LeftOut => (ContactState::Done, 0),
    };
    db.prepare_cached(
        "UPDATE contact SET state = ?2, sort_key = ?3, history = ?4,
             last_outcome = coalesce(?5, last_outcome), left_out = ?6
         WHERE id = ?1",
    )?
    .execute(params![
        key,
        state_code(to),
        sort_key,
        history_column(&update.history)?,
        update.last_outcome.map(CallOutcome::as_str),
        update.place == ContactPlace::LeftOut,
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

// What becomes of a contact after its call stands in the sort key, which a contact in a call has no
// other use for: `begin` sets it to zero.
const AFTER_CALL_HELD: i64 = 1;
const AFTER_CALL_CANCELLED: i64 = 2;

fn aside_after_call(db: &Connection, key: i64) -> Outcome<Option<Aside>> {
    let after: i64 = db
        .prepare_cached("SELECT sort_key FROM contact WHERE id = ?")?
        .query_row([key], |row| row.get(0))?;
    Ok(match after {
        AFTER_CALL_HELD => Some(Aside::Held),
        AFTER_CALL_CANCELLED => Some(Aside::Cancelled),
        _ => None,
    })
}

fn set_after_call(db: &Connection, key: i64, after: i64) -> Outcome<()> {
    db.prepare_cached("UPDATE contact SET sort_key = ?2 WHERE id = ?1")?
        .execute(params![key, after])?;
    Ok(())
}

/// Sets a contact aside; says whether that has made it final. One that is `in_hand` is moved by whoever
/// has it: only what becomes of it after its call is written down, for a crash in between.
pub(super) fn set_aside(
    db: &Connection,
    contact: Contact,
    aside: Aside,
    in_hand: bool,
) -> Outcome<bool> {
    let key = keys::contact_id_key(contact.id);
    match contact.state {
        ContactState::Done => Ok(false),
        ContactState::InProgress => {
            let after = match aside_after_call(db, key)?.map_or(aside, |before| before.max(aside)) {
                Aside::Held => AFTER_CALL_HELD,
                Aside::Cancelled => AFTER_CALL_CANCELLED,
            };
            set_after_call(db, key, after)?;
            Ok(false)
        }
        ContactState::Fresh | ContactState::Resting if in_hand => Ok(false),
        ContactState::Fresh | ContactState::Resting => {
            let mut update = as_it_is(contact);
            aside.apply(&mut update);
            move_contact(db, &update)?;
            Ok(update.place.is_final())
        }
    }
}

/// Releases a contact that is held; says whether it was.
pub(super) fn release(
    db: &Connection,
    contact: Contact,
    now: Timestamp,
    retry: &RetryPolicy,
) -> Outcome<bool> {
    let key = keys::contact_id_key(contact.id);
    if contact.state == ContactState::InProgress {
        let held = aside_after_call(db, key)? == Some(Aside::Held);
        if held {
            set_after_call(db, key, 0)?;
        }
        return Ok(held);
    }
    if !contact.is_held() {
        return Ok(false);
    }
    let rested = contact.history.last_ended_at.zip(contact.last_outcome);
    let rested = rested.map(|(ended, outcome)| ended + retry.rest_after(outcome));
    let mut update = as_it_is(contact);
    update.place = match update.history.dialed {
        0 => ContactPlace::Fresh,
        _ => ContactPlace::Resting(rested.map_or(now, |rested| rested.max(now))),
    };
    move_contact(db, &update)?;
    Ok(true)
}

fn as_it_is(contact: Contact) -> ContactUpdate {
    ContactUpdate {
        contact: contact.id,
        campaign: contact.campaign,
        place: ContactPlace::Resting(contact.not_before),
        history: contact.history,
        last_outcome: None,
    }
}
