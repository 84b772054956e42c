//! Calls by caller ID.

use std::collections::BTreeMap;
use std::time::Duration;

use outdial_domain::{TenantId, Timestamp};
use rusqlite::Connection;

use super::contact_row::number;
use super::fault::Outcome;
use super::keys;
use crate::CallerIdCalls;

/// A clock that was put back leaves later attempts with earlier times. By so much they may differ.
const CLOCK_SLACK: Duration = Duration::from_secs(3600);

/// Reads a tenant's attempts from the newest one back until they are too old. Attempts have their keys
/// in the order in which they are placed, so that no index by time is needed, which each new attempt
/// would have to pay for.
pub(super) fn calls(
    db: &Connection,
    tenant: TenantId,
    midnight: Timestamp,
    hour_ago: Timestamp,
) -> Outcome<Vec<CallerIdCalls>> {
    let keys = keys::attempt_keys(tenant);
    let mut query = db.prepare_cached(
        "SELECT caller_id, started_at FROM attempt WHERE key BETWEEN ? AND ? ORDER BY key DESC",
    )?;
    let mut rows = query.query([keys.start(), keys.end()])?;
    let mut found: BTreeMap<String, (Vec<Timestamp>, u32)> = BTreeMap::new();
    let oldest = midnight.min(hour_ago);
    while let Some(row) = rows.next()? {
        let at = Timestamp::from_millis(row.get(1)?);
        if at + CLOCK_SLACK < oldest {
            break;
        }
        if at < oldest {
            continue;
        }
        let caller_id = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        if !found.contains_key(caller_id) {
            found.insert(caller_id.to_owned(), (Vec::new(), 0));
        }
        if let Some((last_hour, today)) = found.get_mut(caller_id) {
            if at >= hour_ago {
                last_hour.push(at);
            }
            if at >= midnight {
                *today = today.saturating_add(1);
            }
        }
    }
    found
        .into_iter()
        .map(|(caller_id, (mut last_hour, today))| {
            last_hour.sort_unstable();
            Ok(CallerIdCalls {
                caller_id: number(&caller_id)?,
                last_hour,
                today,
            })
        })
        .collect()
}
