//! `failCode`: what became of a call, in the vendor's numbers.

use outdial_domain::{Attempt, LocalFailure, Outcome};

/// The code of success.
pub(super) const SUCCESS: &str = "00000";

/// `failCode` of a call that is over. Source: the vendor's list of codes; which of them a SIP answer is,
/// is this project's choice.
pub(super) fn fail_code(attempt: &Attempt, outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Answered => SUCCESS,
        Outcome::Abandoned => "00701",
        Outcome::Machine => "00162",
        Outcome::Busy => "00537",
        Outcome::NoAnswer if attempt.evidence.local == Some(LocalFailure::RingTimeout) => "01040",
        Outcome::NoAnswer => "00603",
        Outcome::Unreachable => "00549",
        Outcome::PoweredOff => "00548",
        Outcome::OutOfService | Outcome::InArrears | Outcome::Invalid => "00538",
        Outcome::Rejected => "00604",
        Outcome::Congestion => "34606",
        Outcome::NetworkError | Outcome::Failed => "00606",
        Outcome::Cancelled => "00601",
        Outcome::Unknown => "34608",
    }
}

/// `callStatus`: 6 succeeded, 5 failed.
pub(super) fn call_status(outcome: Outcome) -> i64 {
    if outcome == Outcome::Answered { 6 } else { 5 }
}
