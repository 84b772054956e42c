//! After a crash: what becomes of an attempt whose end nobody saw.

use outdial_domain::{
    Attempt, ContactUpdate, EndedBy, History, LocalFailure, Outcome, Settings, Timestamp,
};

use crate::calls::retry::Over;
use crate::output::AttemptEnd;

/// Ends an attempt that was under way when the server died.
///
/// Its outcome is *unknown*. It counts as an attempt. It counts as abandoned unless someone is known to
/// have taken the call: the callee may have picked up after the server died, or so shortly before that
/// it was not stored. With a flow first only entries into the queue count, and nobody knows of one. Its
/// contact rests for the retry interval, at least a minute; that its number does as well, whichever
/// contact has it, [`Input::NumberRests`](crate::input::Input::NumberRests) tells the engine.
///
/// `history` is the contact's from before the attempt, `numbers` how many it has, `settings` those of
/// the attempt's revision.
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
    let taken = attempt.joined_at.is_some();
    // An agent who was bound when the call was dialed need not be the one whom the callee was joined with.
    let by_agent = taken && attempt.agent.is_some() && !settings.mode.name().binds_agent();
    let counts_as_live = settings.flow_first.is_none() || by_agent;
    attempt.counts_as_abandoned |= counts_as_live && !taken;
    AttemptEnd {
        counts_as_live: counts_as_live || attempt.counts_as_abandoned,
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
