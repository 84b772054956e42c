//! Contacts that leave their list for good.

use outdial_domain::{CampaignId, ContactId, ContactState};
use rusqlite::{Connection, params};

use super::contact_row::numbers;
use super::fault::Outcome;
use super::number_key::NumberKey;
use super::{keys, places, totals};

/// Deletes a contact that waits for a call, and for which none is reserved; says whether it was one.
pub(super) fn remove(db: &Connection, campaign: CampaignId, contact: ContactId) -> Outcome<bool> {
    let key = keys::contact_id_key(contact);
    let state = match places::place(db, campaign, key)? {
        Some(state @ (ContactState::Fresh | ContactState::Resting)) => state,
        _ => return Ok(false),
    };
    let reserved = db
        .prepare_cached(
            "SELECT 1 FROM appointment WHERE contact = ? AND state IN ('waiting', 'calling')",
        )?
        .exists([key])?;
    if reserved {
        return Ok(false);
    }
    let (first, more) = db
        .prepare_cached("SELECT number, more_numbers FROM contact WHERE id = ?")?
        .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut number =
        db.prepare_cached("DELETE FROM contact_number WHERE number = ? AND contact = ?")?;
    for of_contact in numbers(first, more, None)? {
        number.execute(params![NumberKey::of(&of_contact).as_bytes(), key])?;
    }
    db.prepare_cached("DELETE FROM contact WHERE id = ?")?
        .execute([key])?;
    totals::contact_removed(db, campaign, state)?;
    Ok(true)
}
