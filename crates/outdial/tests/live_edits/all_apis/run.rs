//! Makes edits one after another, and waits each time until the carrier has seen it.

use super::expected::{Expected, Pace};
use crate::clients::now_ms;
use crate::harness::{Campaign, ms, secs};
use crate::judge::Answered;
use crate::world::World;
use outdial_peers::{CallLog, Flow};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Longest wait for anything, on a machine however busy.
const PATIENCE: Duration = secs(30);

/// Carries an edit out. Where dialing stands still meanwhile, it answers when that began and when the end
/// of it was asked for.
pub(crate) type Make = Box<dyn Fn(&World) -> Option<Answered>>;

/// An edit that is to be made.
pub(crate) struct Edit {
    /// API and operation.
    pub(crate) by: &'static str,
    /// What it makes of the settings.
    pub(crate) after: Expected,
    /// Calls that are waited for after it was seen, so that edits meet calls of all ages.
    pub(crate) calls: usize,
    /// Carries it out.
    pub(crate) make: Make,
}

/// An edit that was made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) by: &'static str,
    /// The last revision before it.
    pub(crate) before: u32,
    /// No older call is placed after the second time, no newer one before the first.
    pub(crate) force: Answered,
    /// When the answer had come.
    pub(crate) at: Instant,
    /// From the answer to the first call that shows the edit; `None` where no single call does.
    pub(crate) seen_after: Option<Duration>,
}

pub(crate) struct Run {
    pub(crate) world: World,
    pub(crate) flows: BTreeMap<u64, Flow>,
    pub(crate) campaign: Campaign,
    pub(crate) uuid: String,
    pub(crate) agents: u32,
    pub(crate) now: Expected,
    pub(crate) by_revision: BTreeMap<u32, Expected>,
    pub(crate) made: Vec<Made>,
}

impl Run {
    /// With a campaign that dials already, as the test expects it to.
    pub(crate) async fn start(
        world: World,
        flows: BTreeMap<u64, Flow>,
        id: u64,
        agents: u32,
        now: Expected,
    ) -> Self {
        let campaign = world.campaign(id);
        let shown = campaign.show();
        let revision = revision(&shown);
        world
            .carrier
            .until("it dials", PATIENCE, |log| log.count() > 0)
            .await
            .unwrap();
        Self {
            uuid: shown["uuid"].as_str().unwrap().to_owned(),
            by_revision: (1..=revision).map(|n| (n, now.clone())).collect(),
            world,
            flows,
            campaign,
            agents,
            now,
            made: Vec::new(),
        }
    }

    fn revision(&self) -> u32 {
        *self.by_revision.last_key_value().unwrap().0
    }

    /// Makes an edit, and waits until it is seen.
    pub(crate) async fn make(&mut self, edit: Edit) {
        let count = self.world.carrier.read(CallLog::count);
        let asked = now_ms();
        let stood_still = (edit.make)(&self.world);
        let (answered, at) = (now_ms(), Instant::now());
        let before = self.revision();
        let revision = revision(&self.campaign.show());
        assert!(revision > before, "{}: no new revision", edit.by);
        for number in before + 1..=revision {
            self.by_revision.insert(number, edit.after.clone());
        }
        let seen_after = self.until_seen(&edit, count, at).await;
        if edit.after.open {
            let some_more = self.world.carrier.read(CallLog::count) + edit.calls;
            let more = |log: &CallLog| log.count() >= some_more;
            self.world
                .carrier
                .until("some calls more", PATIENCE, more)
                .await
                .unwrap();
        }
        self.now = edit.after;
        self.made.push(Made {
            by: edit.by,
            before,
            force: stood_still.unwrap_or(Answered { asked, answered }),
            at,
            seen_after,
        });
    }

    async fn until_seen(&self, edit: &Edit, count: usize, at: Instant) -> Option<Duration> {
        let (before, after, carrier) = (&self.now, &edit.after, &self.world.carrier);
        if !after.open {
            // Time in which a call could come that must not; the end of the run tells.
            tokio::time::sleep(ms(100)).await;
            return None;
        }
        let mut shown = after.shown.iter();
        let fresh = shown.find(|number| !before.shown.contains(number) || !before.open);
        let what = format!("{} is seen: {before:?} becomes {after:?}", edit.by);
        if let Some(fresh) = fresh {
            let first = |log: &CallLog| {
                let mut calls = log.calls()[count..].iter();
                calls
                    .find(|call| call.caller_id == *fresh)
                    .map(|call| call.received_at)
            };
            carrier
                .until(&what, PATIENCE, |log| first(log).is_some())
                .await
                .unwrap();
            let seen = carrier.read(first).unwrap();
            return Some(seen.saturating_duration_since(at));
        }
        match (before.pace, after.pace) {
            (Pace::Ratio(low), Pace::Ratio(high)) if low < high && after.max_calls.is_none() => {
                let wanted = (self.agents * high) as usize;
                carrier
                    .until(&what, PATIENCE, |log| log.open_now() >= wanted)
                    .await
                    .unwrap();
                Some(at.elapsed())
            }
            _ => None,
        }
    }
}

fn revision(campaign: &serde_json::Value) -> u32 {
    u32::try_from(campaign["revision"].as_u64().unwrap()).unwrap()
}
