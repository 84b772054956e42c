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
    sip_status: Option<u16>,
}

impl Placed {
    /// When the server decided to dial, in milliseconds since 1970.
    pub(crate) fn started_ms(&self) -> i64 {
        millis(&self.started_at)
    }

    fn was_withheld(&self) -> bool {
        self.outcome.as_deref() == Some("cancelled") && self.sip_status.is_none()
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

/// The campaign's attempts by number: each contact of these tests is dialed once. An attempt that was
/// withheld, since its campaign was held before its INVITE went out, is no call.
pub(crate) fn placed(campaign: &Campaign) -> BTreeMap<String, Placed> {
    let all = campaign.attempts_json().into_iter();
    let all = all.map(|attempt| serde_json::from_value(attempt).unwrap());
    let all: Vec<Placed> = all
        .filter(|placed: &Placed| !placed.was_withheld())
        .collect();
    let count = all.len();
    let placed = all
        .into_iter()
        .map(|placed| (placed.number.clone(), placed));
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

/// The server's clock goes steadily from its start on, while this one follows the machine's: they may come
/// to differ by this.
const CLOCKS_MS: i64 = 50;

/// That an edit came into force at one instant between its request and its answer: after the first call
/// of the new revision no older one was placed, and neither of them on the wrong side of that time.
pub(crate) fn one_instant<'p>(
    placed: impl IntoIterator<Item = &'p Placed>,
    revision: u32,
    edit: Answered,
) {
    let (old, new): (Vec<_>, Vec<_>) = placed.into_iter().partition(|c| c.revision < revision);
    // The server counts its attempts in the order in which it decides on them.
    let last_old = old.iter().max_by_key(|call| call.id);
    let first_new = new.iter().min_by_key(|call| call.id);
    if let (Some(last), Some(first)) = (last_old, first_new) {
        assert!(last.id < first.id, "{last:?} was placed after {first:?}");
    }
    if let Some(last) = last_old {
        let late = last.started_ms() - edit.answered;
        assert!(late <= CLOCKS_MS, "{last:?}: {late} ms after the answer");
    }
    if let Some(first) = first_new {
        let early = edit.asked - first.started_ms();
        assert!(
            early <= CLOCKS_MS,
            "{first:?}: {early} ms before the request"
        );
    }
}
