//! What the server has recorded of its calls, beside what the carrier has seen of them.

use crate::clients::now_ms;
use crate::harness::Campaign;
use serde::Deserialize;
use std::collections::BTreeMap;

/// An attempt as far as an edit shows in it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Placed {
    pub(crate) id: u64,
    pub(crate) number: String,
    pub(crate) caller_id: String,
    pub(crate) revision: u32,
    pub(crate) started_at: String,
    pub(crate) ended_at: Option<String>,
    pub(crate) outcome: Option<String>,
}

impl Placed {
    /// When the server decided to dial, in milliseconds since 1970.
    pub(crate) fn started_ms(&self) -> i64 {
        millis(&self.started_at)
    }

    /// When it was over; never for one that is not.
    pub(crate) fn ended_ms(&self) -> i64 {
        self.ended_at.as_deref().map_or(i64::MAX, millis)
    }
}

fn millis(text: &str) -> i64 {
    let at: jiff::Timestamp = text.parse().unwrap();
    at.as_millisecond()
}

/// The campaign's attempts by number: each contact of these tests is dialed once.
pub(crate) fn placed(campaign: &Campaign) -> BTreeMap<String, Placed> {
    let all = campaign.attempts_json();
    let count = all.len();
    let placed = all.into_iter().map(|attempt| {
        let placed: Placed = serde_json::from_value(attempt).unwrap();
        (placed.number.clone(), placed)
    });
    let placed: BTreeMap<_, _> = placed.collect();
    assert_eq!(placed.len(), count, "each number is dialed once");
    placed
}

/// When an edit was asked for and when it was answered, in milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered {
    pub(crate) asked: i64,
    pub(crate) answered: i64,
}

/// Makes an edit and notes when.
pub(crate) fn timed(edit: impl FnOnce()) -> Answered {
    let asked = now_ms();
    edit();
    Answered {
        asked,
        answered: now_ms(),
    }
}

/// That calls of the new revision were placed after the edit was asked for, and those of older ones not
/// after it was answered: the edit came into force at one instant in between.
pub(crate) fn one_instant<'p>(
    placed: impl IntoIterator<Item = &'p Placed>,
    revision: u32,
    edit: Answered,
) {
    for call in placed {
        let at = call.started_ms();
        if call.revision < revision {
            let late = at - edit.answered;
            assert!(
                late <= 0,
                "{call:?} is of before the edit, {late} ms after it"
            );
        } else {
            let early = edit.asked - at;
            assert!(
                early <= 0,
                "{call:?} is of after the edit, {early} ms before it"
            );
        }
    }
}
