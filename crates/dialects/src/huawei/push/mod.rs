//! Results are pushed to `callBackUrl`, at least once.
//!
//! What is pushed is told by the journal of committed events: a call that made its record final. Results
//! are kept in the store, in the same transaction as the place up to which the journal was read, before
//! they are sent; they leave it when they have arrived. A server that was killed goes on from there, and
//! may push again what arrived as it died: `callId` tells a receiver that it has a record already.
//!
//! Source: the CC-iSales page about the callback of results: POST of a bare list, HTTP 200 is success,
//! a failed push is repeated at once, then after ten minutes, six pushes in all.

mod outbox;
mod post;
mod round;

use std::collections::BTreeMap;
use std::time::Duration;

use outdial_domain::{Attempt, CampaignId, Contact, ContactState};
use outdial_service::{Caller, Event, EventStream, Happened, Heard, Service, ServiceError};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::calldata::CUSTOM_FIELD;
use super::fail_code::{call_status, fail_code};
use super::results::{call_id, called};
use super::time::Zone;
use outbox::{Outbox, Push, key};
use round::{Made, address, make, until_it_works};

pub(super) use post::{Post, may_be_called_back};

/// Most records of one push.
const RECORDS_MAX: usize = 20;

/// Pushes at once, over all campaigns of a tenant and for one of them: a receiver that is slow must not
/// keep the others waiting.
const AT_ONCE: usize = 16;
const AT_ONCE_OF_CAMPAIGN: usize = 4;

/// The place in the journal is kept at least so often, also while nothing is pushed.
const PLACE_EVERY: Duration = Duration::from_secs(10);

/// When results are pushed, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PushRules {
    /// Records that become final within this time go together.
    pub gather: Duration,
    /// Rest between two rounds of two pushes.
    pub rest: Duration,
    /// Rounds until results are given up.
    pub rounds: u32,
}

impl Default for PushRules {
    /// As the vendor's pages say: 1 s, ten minutes, six pushes.
    fn default() -> Self {
        Self {
            gather: Duration::from_secs(1),
            rest: Duration::from_secs(600),
            rounds: 3,
        }
    }
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
struct Pusher {
    outbox: Outbox,
    post: Post,
    vdn_id: u32,
    zone: Zone,
    rules: PushRules,
    /// Records that are not kept yet, by campaign, with the campaign's address.
    gathering: BTreeMap<CampaignId, (String, Vec<Value>)>,
    /// When what is gathered, or the place, is kept.
    keep_at: Option<Instant>,
    waiting: BTreeMap<String, Waiting>,
    making: BTreeMap<u32, usize>,
    made: JoinSet<Made>,
}

impl Pusher {
    fn new(outbox: Outbox, post: Post, vdn_id: u32, zone: Zone, rules: PushRules) -> Self {
        Self {
            outbox,
            post,
            vdn_id,
            zone,
            rules,
            gathering: BTreeMap::new(),
            keep_at: None,
            waiting: BTreeMap::new(),
            making: BTreeMap::new(),
            made: JoinSet::new(),
        }
    }

    /// Pushes until the server stops.
    async fn run(mut self) {
        // The service's only error that lasts is that it is stopping.
        if let Err(error) = self.push_all().await {
            tracing::debug!(%error, "results are not pushed any more");
        }
    }

    async fn push_all(&mut self) -> Result<(), ServiceError> {
        let mut events = self.begin().await?;
        loop {
            self.make_due();
            let wake = self.wake_at();
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
            let full = |(_, records): &(String, Vec<Value>)| records.len() >= RECORDS_MAX;
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
                let outbox = self.outbox.clone();
                let found =
                    until_it_works(&outbox.service, || final_result(&outbox, &attempt)).await?;
                let found = found.and_then(|(url, contact)| {
                    let record = self.record(&attempt, &contact)?;
                    Some((url, record))
                });
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
        let pushes: Vec<(String, Push)> = gathered
            .into_iter()
            .enumerate()
            .map(|(number, (campaign, (url, records)))| {
                let push = Push {
                    campaign: campaign.number(),
                    url,
                    records,
                    failed: 0,
                };
                (key(place, number), push)
            })
            .collect();
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
    fn make_due(&mut self) {
        let now = Instant::now();
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
            let (outbox, post, rules) = (self.outbox.clone(), self.post.clone(), self.rules);
            self.made
                .spawn(async move { make(outbox, post, rules, key, campaign).await });
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

    fn wake_at(&self) -> Instant {
        let now = Instant::now();
        // Those that are due already wait for room, and that is told.
        let next = self
            .waiting
            .values()
            .map(|w| w.due)
            .filter(|due| *due > now);
        let next = next.chain(self.keep_at).min();
        next.unwrap_or_else(|| now + Duration::from_secs(3_600))
    }

    /// An element of the list that is pushed.
    fn record(&self, attempt: &Attempt, contact: &Contact) -> Option<Value> {
        let outcome = attempt.outcome?;
        let custom = contact.attributes.get(CUSTOM_FIELD);
        Some(json!({
            "campaignId": attempt.campaign.to_string(),
            "sessionId": contact.external_id.as_deref().unwrap_or_default(),
            "called": called(attempt, Some(contact)),
            "callTimeStr": self.zone.write(attempt.started_at),
            "callStatus": call_status(outcome),
            "failCode": fail_code(attempt, outcome),
            "vdnId": self.vdn_id,
            "callId": call_id(attempt),
            "customField": custom.cloned().unwrap_or_default(),
            "recordPath": "",
        }))
    }
}

/// The address and the record of a call, if the call made the record final and its campaign has an
/// address. A call that is tried again is not pushed.
async fn final_result(
    outbox: &Outbox,
    attempt: &Attempt,
) -> Result<Option<(String, Contact)>, ServiceError> {
    let (service, caller) = (&outbox.service, &outbox.caller);
    let Some(url) = address(outbox, attempt.campaign).await? else {
        return Ok(None);
    };
    let found = service.contact_with_attempts(caller, attempt.contact).await;
    let (contact, attempts) = match found {
        Ok(found) => found,
        Err(ServiceError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let last = attempts.iter().map(|attempt| attempt.id).max();
    let is_final = contact.state == ContactState::Done && last == Some(attempt.id);
    Ok(is_final.then_some((url, contact)))
}

/// Begins to push the results of a tenant by `post`; ends with the server.
pub(super) fn start(
    service: Service,
    caller: Caller,
    post: Post,
    vdn_id: u32,
    zone: Zone,
    rules: PushRules,
) {
    let outbox = Outbox { service, caller };
    tokio::spawn(Pusher::new(outbox, post, vdn_id, zone, rules).run());
}
