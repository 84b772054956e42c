//! The carrier's own account of all calls: what a test compares the product's database with.

use crate::conversation::CallEnd;
use crate::media::MediaPort;
use crate::sip::Message;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// One call, told apart by its Call-ID.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// Call-ID.
    pub call_id: String,
    /// The first INVITE, as it came.
    pub invite: Arc<Message>,
    /// User part of the Request-URI.
    pub number: String,
    /// User part of From.
    pub caller_id: String,
    /// User part of P-Asserted-Identity, where there is one.
    pub asserted_id: Option<String>,
    /// When the first INVITE arrived.
    pub received_at: Instant,
    /// INVITE datagrams, retransmissions and the one with credentials included.
    pub invites: u32,
    /// When the first 180 or 183 went out.
    pub progress_at: Option<Instant>,
    /// When the first 2xx went out.
    pub answered_at: Option<Instant>,
    /// When its ACK came.
    pub acked_at: Option<Instant>,
    /// When the call was over.
    pub ended_at: Option<Instant>,
    /// Status of the final response to the INVITE.
    pub final_status: Option<u16>,
    /// How it ended.
    pub end: Option<CallEnd>,
    /// Second answers (forked) that were acknowledged and ended by BYE as they should.
    pub forks_ended: u32,
    /// Audio of the call, where it came to that.
    pub media: Option<Arc<MediaPort>>,
}

impl CallRecord {
    /// Answered and not over: somebody is on the line.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.answered_at.is_some() && self.ended_at.is_none()
    }

    /// From the answer to the end.
    #[must_use]
    pub fn talk_time(&self) -> Option<Duration> {
        Some(self.ended_at?.duration_since(self.answered_at?))
    }
}

/// All calls of a carrier in order of arrival.
#[derive(Clone, Debug, Default)]
pub struct CallLog {
    calls: Vec<CallRecord>,
    by_call_id: HashMap<String, usize>,
    per_number: HashMap<String, usize>,
    totals: Totals,
}

impl CallLog {
    /// Every call.
    #[must_use]
    pub fn calls(&self) -> &[CallRecord] {
        &self.calls
    }

    /// The call with this Call-ID.
    #[must_use]
    pub fn call(&self, call_id: &str) -> Option<&CallRecord> {
        self.by_call_id
            .get(call_id)
            .and_then(|&i| self.calls.get(i))
    }

    /// Calls to one number in order of arrival.
    pub fn to<'a>(&'a self, number: &'a str) -> impl Iterator<Item = &'a CallRecord> {
        self.calls.iter().filter(move |c| c.number == number)
    }

    /// How many calls came in.
    #[must_use]
    pub fn count(&self) -> usize {
        self.calls.len()
    }

    /// How many calls were answered.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.totals.answered
    }

    /// How many calls are answered and not over.
    #[must_use]
    pub fn up_now(&self) -> usize {
        self.totals.up
    }

    /// How many calls are not over, ringing ones included.
    #[must_use]
    pub fn open_now(&self) -> usize {
        self.totals.open
    }

    /// How often each final status was given.
    #[must_use]
    pub fn by_status(&self) -> BTreeMap<u16, usize> {
        let mut counts = BTreeMap::new();
        for status in self.calls.iter().filter_map(|c| c.final_status) {
            *counts.entry(status).or_default() += 1;
        }
        counts
    }

    /// Most calls open at one instant, ringing ones included.
    #[must_use]
    pub fn peak_open(&self) -> usize {
        peak(&self.calls, |c| Some(c.received_at))
    }

    /// Most calls answered and not over at one instant.
    #[must_use]
    pub fn peak_up(&self) -> usize {
        peak(&self.calls, |c| c.answered_at)
    }

    /// The key with most calls open at one instant, and how many: `|c| &c.number` for numbers,
    /// `|c| &c.caller_id` for caller IDs.
    #[must_use]
    pub fn most_open_per(&self, key: impl Fn(&CallRecord) -> &str) -> Option<(String, usize)> {
        let mut groups: BTreeMap<&str, Vec<&CallRecord>> = BTreeMap::new();
        for call in &self.calls {
            groups.entry(key(call)).or_default().push(call);
        }
        let peaks = groups
            .into_iter()
            .map(|(key, calls)| (key.to_owned(), peak(calls, |c| Some(c.received_at))));
        // Of keys with as many, the first in order.
        peaks.reduce(|most, next| if next.1 > most.1 { next } else { most })
    }

    /// Most calls that came in within any second.
    #[must_use]
    pub fn peak_calls_per_second(&self) -> usize {
        let times: Vec<Instant> = self.calls.iter().map(|c| c.received_at).collect();
        let mut first = 0;
        let mut peak = 0;
        for (i, at) in times.iter().enumerate() {
            while at.duration_since(times[first]) >= Duration::from_secs(1) {
                first += 1;
            }
            peak = peak.max(i + 1 - first);
        }
        peak
    }

    /// Calls per second from the first to the last call; 0 with fewer than two.
    #[must_use]
    pub fn calls_per_second(&self) -> f64 {
        let (Some(first), Some(last)) = (self.calls.first(), self.calls.last()) else {
            return 0.0;
        };
        let span = last
            .received_at
            .duration_since(first.received_at)
            .as_secs_f64();
        // Counts of calls are far below 2^52.
        if span > 0.0 {
            (self.calls.len() - 1) as f64 / span
        } else {
            0.0
        }
    }

    /// Shortest time between the beginnings of two calls to one number.
    #[must_use]
    pub fn shortest_gap_per_number(&self) -> Option<(String, Duration)> {
        let mut last: HashMap<&str, Instant> = HashMap::new();
        let mut shortest: Option<(String, Duration)> = None;
        for call in &self.calls {
            if let Some(before) = last.insert(&call.number, call.received_at) {
                let gap = call.received_at.duration_since(before);
                if shortest.as_ref().is_none_or(|(_, least)| gap < *least) {
                    shortest = Some((call.number.clone(), gap));
                }
            }
        }
        shortest
    }

    /// Calls to this number up to now.
    pub(super) fn attempts(&self, number: &str) -> usize {
        self.per_number.get(number).copied().unwrap_or(0)
    }

    pub(super) fn begin(&mut self, record: CallRecord) {
        *self.per_number.entry(record.number.clone()).or_default() += 1;
        self.by_call_id
            .insert(record.call_id.clone(), self.calls.len());
        self.totals.replace(Totals::default(), Totals::of(&record));
        self.calls.push(record);
    }

    pub(super) fn change(&mut self, call_id: &str, change: impl FnOnce(&mut CallRecord)) {
        let index = self.by_call_id.get(call_id);
        if let Some(record) = index.and_then(|&i| self.calls.get_mut(i)) {
            let before = Totals::of(record);
            change(record);
            self.totals.replace(before, Totals::of(record));
        }
    }
}

/// Totals that are kept, so that waiting for one does not read the whole log at every change.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    answered: usize,
    up: usize,
    open: usize,
}

impl Totals {
    fn of(record: &CallRecord) -> Self {
        Self {
            answered: usize::from(record.answered_at.is_some()),
            up: usize::from(record.is_up()),
            open: usize::from(record.ended_at.is_none()),
        }
    }

    fn replace(&mut self, before: Self, after: Self) {
        self.answered = self.answered + after.answered - before.answered;
        self.up = self.up + after.up - before.up;
        self.open = self.open + after.open - before.open;
    }
}

/// Most calls at one instant, from when each begins to its end.
fn peak<'a>(
    calls: impl IntoIterator<Item = &'a CallRecord>,
    begins: impl Fn(&CallRecord) -> Option<Instant>,
) -> usize {
    let mut changes: Vec<(Instant, bool)> = Vec::new();
    for call in calls {
        if let Some(begin) = begins(call) {
            changes.push((begin, true));
            changes.extend(call.ended_at.map(|end| (end, false)));
        }
    }
    // Ends sort before beginnings of the same instant: a line handed over is one line.
    changes.sort_unstable();
    let (mut now, mut most) = (0usize, 0);
    for (_, begins) in changes {
        now = if begins {
            now + 1
        } else {
            now.saturating_sub(1)
        };
        most = most.max(now);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(calls: &[(&str, u64, Option<u64>, Option<u64>)]) -> CallLog {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut log = CallLog::default();
        for (i, &(number, received, answered, ended)) in calls.iter().enumerate() {
            log.begin(CallRecord {
                call_id: i.to_string(),
                invite: Arc::new(Message::request(crate::sip::Method::Invite, "sip:x")),
                number: number.into(),
                caller_id: "10085".into(),
                asserted_id: None,
                received_at: at(received),
                invites: 1,
                progress_at: None,
                answered_at: answered.map(at),
                acked_at: None,
                ended_at: ended.map(at),
                final_status: answered.map(|_| 200),
                end: None,
                forks_ended: 0,
                media: None,
            });
        }
        log
    }

    #[test]
    fn questions_of_tests_have_answers() {
        let log = log(&[
            ("1", 0, Some(100), Some(900)),
            ("2", 500, Some(900), None),
            ("1", 950, None, Some(990)),
            ("3", 1_400, None, None),
        ]);
        assert_eq!(
            (log.count(), log.answered(), log.up_now(), log.open_now()),
            (4, 2, 1, 2)
        );
        assert_eq!(
            (log.peak_open(), log.peak_up(), log.peak_calls_per_second()),
            (2, 1, 3)
        );
        assert_eq!(log.most_open_per(|c| &c.number), Some(("1".into(), 1)));
        assert_eq!(
            log.shortest_gap_per_number(),
            Some(("1".into(), Duration::from_millis(950)))
        );
        assert_eq!(
            (log.to("1").count(), log.attempts("1"), log.by_status()),
            (2, 2, [(200, 2)].into())
        );
        assert!((log.calls_per_second() - 3.0 / 1.4).abs() < 0.01);
    }
}
