//! After all edits: every call at the carrier is one of just one revision.

use super::expected::{Expected, Pace, plain};
use super::run::Run;
use crate::harness::calls::most_open;
use crate::harness::{secs, soak, until};
use crate::judge::{Placed, one_instant, placed};
use outdial_peers::{CallEnd, CallLog, CallRecord};
use std::collections::BTreeMap;
use std::time::Duration;

type Calls = BTreeMap<String, Placed>;

/// How late an edit may be seen: a second, which a machine with other work does not always have.
fn bound() -> Duration {
    if soak() { secs(1) } else { secs(10) }
}

/// How much longer than it should a call may ring on a busy machine: less than two timeouts of these tests
/// differ.
const RING_LAG: Duration = Duration::from_millis(3_500);

impl Run {
    /// Ends the dialing and judges every call.
    pub(crate) async fn finish(self) {
        assert_eq!(
            self.campaign.show()["state"],
            "running",
            "calls were due all the time"
        );
        self.campaign.command("pause");
        self.world
            .carrier
            .until("calls are over", secs(60), |log| log.open_now() == 0)
            .await
            .unwrap();
        let calls = until("all outcomes are stored", secs(60), || {
            let calls = placed(&self.campaign);
            let open = calls.values().filter(|call| call.outcome.is_none()).count();
            if open == 0 {
                Ok(calls)
            } else {
                Err(format!("{open} are open"))
            }
        })
        .await;
        self.check_revisions();
        let log = self.world.carrier.log();
        for call in log.calls() {
            let placed = &calls[&call.number];
            check_call(call, placed, &self.by_revision[&placed.revision]);
        }
        for made in &self.made {
            one_instant(calls.values(), made.before + 1, made.force);
        }
        self.check_pace(&calls);
        self.check_flows(&calls);
        assert_eq!(self.world.carrier.violations(), []);
        self.tell(&log, &calls);
    }

    /// The server holds for each revision what the edits said.
    fn check_revisions(&self) {
        let revisions = self.world.revisions(self.campaign.id);
        assert_eq!(revisions.len(), self.by_revision.len());
        for (revision, (number, expected)) in revisions.iter().zip(&self.by_revision) {
            assert_eq!(revision["revision"], *number);
            expected.check(&revision["settings"], *number);
        }
    }

    /// No call was placed beyond what its own revision allows, by the server's clock.
    fn check_pace(&self, calls: &Calls) {
        let mut order: Vec<&Placed> = calls.values().collect();
        order.sort_by_key(|call| (call.started_ms(), call.id));
        let mut most_allowed = 0;
        for (n, call) in order.iter().enumerate() {
            let expected = &self.by_revision[&call.revision];
            let at = call.started_ms();
            let allowed = match expected.pace {
                Pace::Ratio(ratio) => self.agents * ratio,
                Pace::Rate(rate) => {
                    let same = order[..n].iter().rfind(|c| c.revision == call.revision);
                    let gap = same.map_or(i64::MAX, |before| at - before.started_ms());
                    let least = 1_000 / i64::from(rate) - 1;
                    assert!(gap >= least, "{gap} ms before {call:?}, not {least}");
                    u32::MAX
                }
            };
            let allowed = allowed.min(expected.max_calls.unwrap_or(u32::MAX));
            most_allowed = most_allowed.max(allowed);
            let others = order[..n].iter().filter(|other| other.ended_ms() > at);
            let live = others.count() + 1;
            assert!(
                live <= allowed as usize,
                "{live} live at {call:?}: {expected:?}"
            );
        }
        let most = self.world.carrier.read(most_open);
        assert!(
            most <= most_allowed as usize,
            "{most} at once at the carrier"
        );
    }

    /// The flow of a call's own revision took it.
    fn check_flows(&self, calls: &Calls) {
        for (id, flow) in &self.flows {
            for taken in flow.log().calls() {
                let placed = &calls[&taken.caller_id];
                let wanted = self.by_revision[&placed.revision].flow;
                assert_eq!(wanted, Some(*id), "{placed:?}");
            }
        }
    }

    /// Prints how soon edits were seen, and judges it.
    fn tell(&self, log: &CallLog, calls: &Calls) {
        let first: Vec<Duration> = self
            .made
            .iter()
            .filter_map(|made| made.seen_after)
            .collect();
        let last_old = self.made.iter().filter_map(|made| {
            let old = |call: &&CallRecord| calls[&call.number].revision <= made.before;
            let last = log.calls().iter().rfind(old)?;
            Some(last.received_at.saturating_duration_since(made.at))
        });
        let (first, last_old) = (Spread::of(first), Spread::of(last_old.collect()));
        let mut apis = BTreeMap::new();
        for made in &self.made {
            *apis.entry(made.by).or_insert(0) += 1;
        }
        println!(
            "{} edits {apis:?}, {} calls\n  the first call by an edit came {first} after its answer\n  \
             the last call from before an edit came {last_old} after its answer",
            self.made.len(),
            log.count(),
        );
        assert!(first.median <= secs(1), "first calls by edits: {first}");
        let late = bound();
        assert!(
            first.most <= late && last_old.most <= late,
            "seen after more than {late:?}"
        );
    }
}

fn check_call(call: &CallRecord, placed: &Placed, expected: &Expected) {
    assert!(expected.open, "out of its hours: {placed:?}");
    let shown = call.caller_id.as_str();
    assert_eq!(plain(shown), plain(&placed.caller_id), "{placed:?}");
    let own = expected.shown.contains(&shown);
    assert!(own, "{shown} is none of {expected:?}: {placed:?}");
    if call.end == Some(CallEnd::Cancelled) {
        let rang = call.ended_at.unwrap() - call.received_at;
        let wanted = secs(expected.ring_s);
        let fits = rang >= wanted && rang <= wanted + RING_LAG;
        assert!(fits, "rang {rang:?}, not {wanted:?}: {placed:?}");
    }
}

/// Median, the 99th of a hundred, and the most of some times.
struct Spread {
    median: Duration,
    p99: Duration,
    most: Duration,
}

impl Spread {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |share: usize| times.get(times.len() * share / 100).copied();
        let most = times.last().copied().unwrap_or_default();
        Self {
            median: at(50).unwrap_or_default(),
            p99: at(99).unwrap_or(most),
            most,
        }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = |time: Duration| time.as_millis();
        let (median, p99, most) = (ms(self.median), ms(self.p99), ms(self.most));
        write!(f, "{median} ms (median), {p99} ms (p99), {most} ms (most)")
    }
}
