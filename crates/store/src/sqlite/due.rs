//! The window of due contacts: read from one index, best first, however long the list is.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use outdial_domain::{CampaignId, ContactId, Order, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::contact_row::{history, numbers};
use super::fault::{Fault, Outcome};
use super::lists::Bounds;
use super::{do_not_call, keys, places};
use crate::{DueContact, DueContacts, StoreError};

// Reads of the index. `state < 2` is said beside the state so that the partial index applies; the
// plus keeps the list's bounds from being the index that is read.
const RESTED: &str = "SELECT id, sort_key FROM contact
     WHERE campaign = ?1 AND state < 2 AND state = ?2 AND priority = ?3 AND sort_key <= ?4
     AND +id BETWEEN ?5 AND ?6
     ORDER BY sort_key, id";
const FRESH: &str = "SELECT id, sort_key FROM contact
     WHERE campaign = ?1 AND state < 2 AND state = ?2 AND priority = ?3 AND sort_key >= ?4
     AND +id BETWEEN ?5 AND ?6
     ORDER BY sort_key, id";
// A held contact is due at no time: 253402300799999 is `Contact::HELD_UNTIL`.
const NEXT: &str = "SELECT id, sort_key FROM contact
     WHERE campaign = ?1 AND state < 2 AND state = ?2 AND priority = ?3 AND sort_key > ?4
     AND sort_key < 253402300799999
     AND +id BETWEEN ?5 AND ?6
     ORDER BY sort_key, id";

const STATE_FRESH: i64 = 0;
const STATE_RESTING: i64 = 1;

/// All priorities, the first one first.
const PRIORITIES: std::ops::RangeInclusive<u8> = 1..=5;

/// A contact in the index.
struct Entry {
    key: i64,
    sort_key: i64,
    rested: bool,
}

pub(super) fn due_contacts(
    db: &Connection,
    campaign: CampaignId,
    now: Timestamp,
    limit: usize,
    holds: &HashSet<ContactId>,
) -> Outcome<DueContacts> {
    let bounds = match Bounds::read(db, campaign) {
        Ok(bounds) => bounds,
        Err(Fault(StoreError::NotFound { .. })) => return Ok(DueContacts::default()),
        Err(fault) => return Err(fault),
    };
    let list = bounds.in_force(campaign);
    // In list order the contacts of an earlier list, not set aside yet, are not even looked at.
    let fresh_from = match places::order(db, campaign)? {
        Order::List if bounds.first() > 1 => bounds.first(),
        Order::List | Order::Random => i64::MIN,
    };
    let mut found = Vec::new();
    for priority in PRIORITIES {
        let passes = [
            (RESTED, STATE_RESTING, now.millis()),
            (FRESH, STATE_FRESH, fresh_from),
        ];
        for (sql, state, bound) in passes {
            if found.len() > limit {
                break;
            }
            let wanted = limit + 1 - found.len();
            let parameters = (campaign, state, priority, bound);
            found.extend(entries(db, sql, parameters, &list, wanted, holds)?);
        }
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let mut next_due = None;
    for priority in PRIORITIES {
        let parameters = (campaign, STATE_RESTING, priority, now.millis());
        let next = entries(db, NEXT, parameters, &list, 1, holds)?
            .first()
            .map(|entry| Timestamp::from_millis(entry.sort_key));
        next_due = [next_due, next].into_iter().flatten().min();
    }
    let mut contacts = found
        .iter()
        .map(|entry| contact(db, entry))
        .collect::<Outcome<Vec<_>>>()?;
    add_listings(db, campaign, &mut contacts)?;
    Ok(DueContacts {
        contacts,
        next_due,
        more,
    })
}

/// Adds what the tenant's do-not-call list says of the contacts' numbers.
fn add_listings(db: &Connection, campaign: CampaignId, contacts: &mut [DueContact]) -> Outcome<()> {
    let tenant: Option<i64> = db
        .prepare_cached("SELECT tenant FROM campaign WHERE id = ?")?
        .query_row([campaign.number()], |row| row.get(0))
        .optional()?;
    let Some(tenant) = tenant else { return Ok(()) };
    if !do_not_call::has_any(db, tenant)? {
        return Ok(());
    }
    for contact in contacts {
        for number in &contact.numbers {
            let listing = do_not_call::listing(db, tenant, number)?;
            contact
                .listed
                .extend(listing.map(|listing| (*number, listing)));
        }
    }
    Ok(())
}

fn entries(
    db: &Connection,
    sql: &str,
    (campaign, state, priority, bound): (CampaignId, i64, u8, i64),
    list: &RangeInclusive<i64>,
    wanted: usize,
    holds: &HashSet<ContactId>,
) -> Outcome<Vec<Entry>> {
    let mut found = Vec::new();
    if wanted == 0 {
        return Ok(found);
    }
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query(params![
        campaign.number(),
        state,
        priority,
        bound,
        list.start(),
        list.end()
    ])?;
    while let Some(row) = rows.next()? {
        let key: i64 = row.get(0)?;
        if holds.contains(&keys::contact_id(key)) {
            continue;
        }
        found.push(Entry {
            key,
            sort_key: row.get(1)?,
            rested: state == STATE_RESTING,
        });
        if found.len() == wanted {
            break;
        }
    }
    Ok(found)
}

fn contact(db: &Connection, entry: &Entry) -> Outcome<DueContact> {
    let mut query = db.prepare_cached(
        "SELECT number, more_numbers, given, time_zone, priority, history FROM contact WHERE id = ?",
    )?;
    let mut rows = query.query([entry.key])?;
    let row = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    Ok(DueContact {
        id: keys::contact_id(entry.key),
        numbers: numbers(row.get(0)?, row.get(1)?, row.get(2)?)?,
        time_zone: row.get(3)?,
        priority: row.get(4)?,
        rested: entry.rested,
        order_key: entry.sort_key,
        history: history(row.get(5)?)?,
        listed: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema;

    #[test]
    fn the_window_is_read_from_its_index_alone() {
        let mut db = Connection::open_in_memory().unwrap();
        schema::migrate(&mut db).unwrap();
        for sql in [RESTED, FRESH, NEXT] {
            let plan: Vec<String> = db
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                .unwrap()
                .query_map((1, 1, 3, 0, 0, 9), |row| row.get(3))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            let plan = plan.join("; ");
            let searched = "SEARCH contact USING COVERING INDEX contact_due \
                            (campaign=? AND state=? AND priority=? AND sort_key";
            assert!(plan.starts_with(searched), "{plan}");
            // In the order of the index: the first rows come without reading the others.
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
