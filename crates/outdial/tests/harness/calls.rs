//! Questions to the carrier's log that its own answers are too exact for.

use super::ms;
use outdial_peers::CallLog;
use std::time::Duration;

/// A call ends when its task has read the BYE, a call begins when its INVITE arrives: on a busy
/// machine an end may be seen this much too late.
const LAG: Duration = ms(100);

/// Most calls open at one instant, those not counted that ended a moment later.
pub(crate) fn most_open(log: &CallLog) -> usize {
    let calls = log.calls();
    let open_at = |n: usize| {
        let at = calls[n].received_at;
        calls[..=n]
            .iter()
            .filter(|call| call.ended_at.is_none_or(|end| end > at + LAG))
            .count()
    };
    (0..calls.len()).map(open_at).max().unwrap_or(0)
}
