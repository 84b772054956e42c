//! Results are pushed to their receivers, at least once: one mechanism for every vendor whose API does so.
//!
//! What is pushed is told by the journal of committed events: a call that is over. Results are kept in the
//! store, in the same transaction as the place up to which the journal was read, before they are sent; they
//! leave it when they have arrived. A server that was killed goes on from there, and may push again what
//! arrived as it died: every vendor's record has an id that tells a receiver that it has it already.
//!
//! A vendor says by [`Results`] which calls are told, in which words and to whom, and by [`Rules`] when.

mod outbox;
mod post;
mod round;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use outdial_domain::{Attempt, CampaignId};
use outdial_service::{Caller, Event, EventStream, Happened, Heard, Service, ServiceError};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use outbox::{Push, key};
use round::{Made, make, until_it_works};

pub(crate) use outbox::Outbox;
pub(crate) use post::{Answered, Patience, Post, may_be_called_back};

/// Pushes at once, over all campaigns of a tenant and for one of them: a receiver that is slow must not
/// keep the others waiting.
const AT_ONCE: usize = 16;
const AT_ONCE_OF_CAMPAIGN: usize = 4;

/// So many records of a campaign are kept without waiting for more.
const KEPT_MAX: usize = 20;

/// How long pushing rests after the journal could not be read.
const AFTER_FAULT: Duration = Duration::from_secs(1);

/// The place in the journal is kept at least so often, also while nothing is pushed.
const PLACE_EVERY: Duration = Duration::from_secs(10);

/// When results are pushed, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Records that are made within this time are kept together.
    pub(crate) gather: Duration,
    /// Most records of one push.
    pub(crate) records_max: usize,
    /// The rest after each push that fails; when they are used up, results are given up.
    pub(crate) rests: Arc<[Duration]>,
}

/// What a vendor tells its receivers.
pub(crate) trait Results: Clone + Send + Sync + 'static {
    /// To which address a call that is over is told, and its record; `None` = it is not told.
    fn record(
        &self,
        outbox: &Outbox,
        attempt: &Attempt,
    ) -> impl Future<Output = Result<Option<(String, Value)>, ServiceError>> + Send;

    /// The address that is right now for what a campaign has to tell; `None` = the one it had before.
    fn address(
        &self,
        outbox: &Outbox,
        campaign: CampaignId,
    ) -> impl Future<Output = Result<Option<String>, ServiceError>> + Send;

    /// The body of a push; there is at least one record.
    fn body(&self, records: &[Value]) -> Value;

    /// Whether this answer is a success.
    fn is_taken(&self, answered: &Answered) -> bool;
}

/// A push that is to be made.
struct Waiting {
    campaign: u32,
    due: Instant,
}

/// What a pusher waits for.
enum Next {
    Heard(Option<Heard>),
    Made(Made),
    Time,
}

/// Pushes the results of one tenant.
struct Pusher<R> {
    outbox: Outbox,
    post: Post,
    results: R,
    rules: Rules,
    /// Records that are not kept yet, by campaign, with the campaign's address.
    gathering: BTreeMap<CampaignId, (String, Vec<Value>)>,
    /// When what is gathered, or the place, is kept.
    keep_at: Option<Instant>,
    waiting: BTreeMap<String, Waiting>,
    making: BTreeMap<u32, usize>,
    made: JoinSet<Made>,
}

impl<R: Results> Pusher<R> {
    fn new(outbox: Outbox, post: Post, results: R, rules: Rules) -> Self {
        Self {
            outbox,
            post,
            results,
            rules,
            gathering: BTreeMap::new(),
            keep_at: None,
            waiting: BTreeMap::new(),
            making: BTreeMap::new(),
            made: JoinSet::new(),
        }
    }

    /// Pushes until the server stops. Whatever else ends it, it takes up again what is kept and not pushed.
    async fn run(mut self) {
        loop {
            let ended = self.push_all().await;
            if self.outbox.service.is_stopping() {
                return;
            }
            let error = ended.err().map(|error| error.to_string());
            tracing::error!(
                error,
                "results are not pushed for a moment: the journal ended"
            );
            self.made.shutdown().await;
            self.gathering.clear();
            self.waiting.clear();
            self.making.clear();
            self.keep_at = None;
            tokio::time::sleep(AFTER_FAULT).await;
        }
    }

    async fn push_all(&mut self) -> Result<(), ServiceError> {
        let mut events = self.begin().await?;
        loop {
            // One instant for both: what is not due now has its time to wake at.
            let now = Instant::now();
            self.make_due(now);
            let wake = self.wake_at(now);
            let next = tokio::select! {
                heard = events.next() => Next::Heard(heard),
                Some(made) = self.made.join_next() => match made {
                    Ok(made) => Next::Made(made),
                    // A push that failed by a fault of ours stays in the outbox for the next start.
                    Err(error) => {
                        tracing::error!(%error, "a push of results has failed");
                        Next::Time
                    }
                },
                () = sleep_until(wake) => Next::Time,
            };
            match next {
                Next::Heard(None) => return Ok(()),
                Next::Heard(Some(heard)) => self.hear(heard).await?,
                Next::Made(made) => self.push_is_made(made),
                Next::Time => {}
            }
            let full = |(_, records): &(String, Vec<Value>)| records.len() >= KEPT_MAX;
            let due = self.keep_at.is_some_and(|at| at <= Instant::now());
            if due || self.gathering.values().any(full) {
                self.keep(events.place()).await?;
            }
        }
    }

    /// Takes up what the last run has left, and goes on in the journal from where it was.
    async fn begin(&mut self) -> Result<EventStream, ServiceError> {
        let outbox = self.outbox.clone();
        for (key, push) in until_it_works(&outbox.service, || outbox.all()).await? {
            let (campaign, due) = (push.campaign, Instant::now());
            self.waiting.insert(key, Waiting { campaign, due });
        }
        let place = until_it_works(&outbox.service, || outbox.place()).await?;
        let events = outbox.service.watch(&outbox.caller, place).await?;
        // From the first time on nothing is missed, also if the server is killed before a first result.
        until_it_works(&outbox.service, || outbox.keep(&[], events.place())).await?;
        Ok(events)
    }

    async fn hear(&mut self, heard: Heard) -> Result<(), ServiceError> {
        let at = Instant::now();
        match heard {
            Heard::Gap {
                after,
                resumes_after,
            } => tracing::error!(
                after,
                resumes_after,
                "results were not pushed: the journal does not go back so far"
            ),
            Heard::Event(Event {
                happened: Happened::AttemptEnded(attempt),
                ..
            }) => {
                let (outbox, results) = (&self.outbox, &self.results);
                let record = || results.record(outbox, &attempt);
                let found = until_it_works(&outbox.service, record).await?;
                if let Some((url, record)) = found {
                    let entry = self.gathering.entry(attempt.campaign);
                    let (_, records) = entry.or_insert_with(|| (url, Vec::new()));
                    records.push(record);
                    let soon = at + self.rules.gather;
                    self.keep_at = Some(self.keep_at.map_or(soon, |keep_at| keep_at.min(soon)));
                }
            }
            Heard::Event(_) => {}
        }
        self.keep_at.get_or_insert(at + PLACE_EVERY);
        Ok(())
    }

    /// Keeps what is gathered; from then on it is pushed.
    async fn keep(&mut self, place: u64) -> Result<(), ServiceError> {
        self.keep_at = None;
        let gathered = std::mem::take(&mut self.gathering);
        let mut pushes: Vec<(String, Push)> = Vec::new();
        for (campaign, (url, records)) in gathered {
            for part in records.chunks(self.rules.records_max.max(1)) {
                let push = Push {
                    campaign: campaign.number(),
                    url: url.clone(),
                    records: part.to_vec(),
                    failed: 0,
                };
                pushes.push((key(place, pushes.len()), push));
            }
        }
        let outbox = &self.outbox;
        until_it_works(&outbox.service, || outbox.keep(&pushes, place)).await?;
        let due = Instant::now();
        for (key, push) in pushes {
            let campaign = push.campaign;
            self.waiting.insert(key, Waiting { campaign, due });
        }
        Ok(())
    }

    /// Makes the pushes that are due, as far as there is room.
    fn make_due(&mut self, now: Instant) {
        while self.made.len() < AT_ONCE {
            let making = &self.making;
            let room = |campaign| {
                making
                    .get(campaign)
                    .is_none_or(|n| *n < AT_ONCE_OF_CAMPAIGN)
            };
            let mut waiting = self.waiting.iter();
            let found = waiting.find(|(_, w)| w.due <= now && room(&w.campaign));
            let Some((key, campaign)) = found.map(|(key, w)| (key.clone(), w.campaign)) else {
                return;
            };
            self.waiting.remove(&key);
            *self.making.entry(campaign).or_default() += 1;
            let (outbox, post) = (self.outbox.clone(), self.post.clone());
            let (results, rests) = (self.results.clone(), Arc::clone(&self.rules.rests));
            self.made
                .spawn(make(outbox, post, results, rests, key, campaign));
        }
    }

    fn push_is_made(&mut self, made: Made) {
        let campaign = made.campaign;
        if let Some(count) = self.making.get_mut(&campaign) {
            *count -= 1;
            if *count == 0 {
                self.making.remove(&campaign);
            }
        }
        if let Some(due) = made.again {
            self.waiting.insert(made.key, Waiting { campaign, due });
        }
    }

    fn wake_at(&self, now: Instant) -> Instant {
        // Those that are due already wait for room, and that is told.
        let next = self
            .waiting
            .values()
            .map(|w| w.due)
            .filter(|due| *due > now);
        let next = next.chain(self.keep_at).min();
        next.unwrap_or_else(|| now + Duration::from_secs(3_600))
    }
}

/// Begins to push the results of the caller's tenant by `post`; ends with the server.
pub(crate) fn start<R: Results>(
    service: Service,
    caller: Caller,
    post: Post,
    results: R,
    rules: Rules,
) {
    let outbox = Outbox { service, caller };
    tokio::spawn(Pusher::new(outbox, post, results, rules).run());
}
