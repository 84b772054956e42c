//! What is kept instead of being counted: where contacts stand, what attempts add up to.

use outdial_domain::{CampaignId, ContactState, Outcome as CallOutcome, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Outcome;

/// A quarter of an hour, in milliseconds.
const SLOT_MS: i64 = 15 * 60 * 1000;

/// The ledger slot of an instant.
pub(super) fn slot(at: Timestamp) -> i64 {
    at.millis().div_euclid(SLOT_MS)
}

/// Contacts moved from one state to another.
pub(super) fn contact_moved(
    db: &Connection,
    campaign: CampaignId,
    from: ContactState,
    to: ContactState,
) -> Outcome<()> {
    if from == to {
        return Ok(());
    }
    let change = |state: ContactState| i64::from(to == state) - i64::from(from == state);
    db.prepare_cached(
        "UPDATE campaign_total SET fresh = fresh + ?2, resting = resting + ?3,
             in_progress = in_progress + ?4, done = done + ?5
         WHERE campaign = ?1",
    )?
    .execute(params![
        campaign.number(),
        change(ContactState::Fresh),
        change(ContactState::Resting),
        change(ContactState::InProgress),
        change(ContactState::Done),
    ])?;
    Ok(())
}

/// Contacts were added, all fresh.
pub(super) fn contacts_added(db: &Connection, campaign: CampaignId, count: i64) -> Outcome<()> {
    db.prepare_cached("UPDATE campaign_total SET fresh = fresh + ?2 WHERE campaign = ?1")?
        .execute(params![campaign.number(), count])?;
    Ok(())
}

/// A contact that waited has left the list for good.
pub(super) fn contact_removed(
    db: &Connection,
    campaign: CampaignId,
    from: ContactState,
) -> Outcome<()> {
    let was = |state: ContactState| i64::from(from == state);
    db.prepare_cached(
        "UPDATE campaign_total SET fresh = fresh - ?2, resting = resting - ?3 WHERE campaign = ?1",
    )?
    .execute(params![
        campaign.number(),
        was(ContactState::Fresh),
        was(ContactState::Resting),
    ])?;
    Ok(())
}

/// An attempt was placed.
pub(super) fn attempt_placed(db: &Connection, campaign: CampaignId) -> Outcome<()> {
    db.prepare_cached("UPDATE campaign_total SET attempts = attempts + 1 WHERE campaign = ?1")?
        .execute([campaign.number()])?;
    Ok(())
}

/// An attempt has ended.
pub(super) fn attempt_ended(
    db: &Connection,
    campaign: CampaignId,
    outcome: CallOutcome,
    at: Timestamp,
    live: bool,
    abandoned: bool,
) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO campaign_outcome (campaign, outcome, attempts) VALUES (?1, ?2, 1)
         ON CONFLICT DO UPDATE SET attempts = attempts + 1",
    )?
    .execute(params![campaign.number(), outcome.as_str()])?;
    if !live && !abandoned {
        return Ok(());
    }
    db.prepare_cached(
        "UPDATE campaign_total SET live = live + ?2, abandoned = abandoned + ?3
         WHERE campaign = ?1",
    )?
    .execute(params![campaign.number(), live, abandoned])?;
    db.prepare_cached(
        "INSERT INTO ledger (campaign, slot, live, abandoned) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET live = live + excluded.live,
             abandoned = abandoned + excluded.abandoned",
    )?
    .execute(params![campaign.number(), slot(at), live, abandoned])?;
    Ok(())
}

/// An agent says of an attempt that has ended that a machine took it (or takes that back): it counts as
/// a live answer no longer (or again). One that ended so marked already, or that nobody took in time,
/// was counted otherwise.
pub(super) fn machine_marked(db: &Connection, attempt: i64, marked: bool) -> Outcome<()> {
    let counted: Option<(u32, i64)> = db
        .prepare_cached(
            "SELECT campaign, ended_at FROM attempt
             WHERE key = ? AND outcome = 'answered' AND agent IS NOT NULL AND NOT abandoned",
        )?
        .query_row([attempt], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((campaign, ended_at)) = counted else {
        return Ok(());
    };
    let change = if marked { -1 } else { 1 };
    db.prepare_cached("UPDATE campaign_total SET live = max(live + ?2, 0) WHERE campaign = ?1")?
        .execute(params![campaign, change])?;
    db.prepare_cached(
        "UPDATE ledger SET live = max(live + ?3, 0) WHERE campaign = ?1 AND slot = ?2",
    )?
    .execute(params![
        campaign,
        slot(Timestamp::from_millis(ended_at)),
        change
    ])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zones_midnight_begins_a_slot() {
        // Kathmandu is UTC+5:45, the Chatham Islands are UTC+12:45.
        for midnight in ["2026-11-20T00:00:00+05:45", "2026-11-20T00:00:00+12:45"] {
            let midnight = Timestamp::parse_rfc3339(midnight).unwrap();
            assert_eq!(midnight.millis() % SLOT_MS, 0);
        }
    }
}
