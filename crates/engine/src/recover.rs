//! After a crash: what becomes of an attempt whose end nobody saw.

use outdial_domain::{
    Attempt, ContactUpdate, EndedBy, History, LocalFailure, Outcome, Settings, Timestamp,
};

use crate::calls::retry::Over;
use crate::output::AttemptEnd;

/// Ends an attempt that was under way when the server died.
///
/// Its outcome is *unknown*. It counts as an attempt; it counts as abandoned when the callee had
/// picked up and nobody is known to have taken the call; and its number rests for the retry interval,
/// at least a minute, so that nobody is called twice within it. `history` is the contact's from
/// before the attempt, `numbers` how many it has, `settings` those of the attempt's revision.
pub fn recover(
    mut attempt: Attempt,
    mut history: History,
    numbers: usize,
    settings: &Settings,
    now: Timestamp,
) -> AttemptEnd {
    let over = Over {
        outcome: Outcome::Unknown,
        blame: None,
        now,
        numbers,
        policy: &settings.retry,
        day: settings.calendar.local_day(now),
    };
    let place = over.place(&mut history);
    attempt.outcome = Some(Outcome::Unknown);
    attempt.blame = None;
    attempt.ended_at = Some(now);
    attempt.evidence.local = Some(LocalFailure::ServerDied);
    attempt.evidence.ended_by = Some(EndedBy::Network);
    attempt.counts_as_abandoned |= attempt.answered_at.is_some() && attempt.joined_at.is_none();
    AttemptEnd {
        counts_as_live: attempt.answered_at.is_some(),
        contact: ContactUpdate {
            contact: attempt.contact,
            campaign: attempt.campaign,
            place,
            history,
            last_outcome: Some(Outcome::Unknown),
        },
        attempt,
    }
}
