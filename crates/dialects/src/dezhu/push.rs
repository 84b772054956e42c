//! 通话记录回调: each call that is over is told to the tenant's own address.
//!
//! Source: "通话记录-回调": a POST of one record; at most ten times, until the first that succeeds, with 5 s
//! for each. What a success is and how long it rests is on no page: any 2xx, and the rests below.

use std::time::Duration;

use outdial_domain::{Attempt, CampaignId, Timestamp};
use outdial_service::{Caller, Service, ServiceError};
use serde_json::Value;

use super::records::{Line, Record, place_of, staff};
use super::task::Surroundings;
use crate::clock::Clock;
use crate::push::{self, Answered, Outbox, Patience, Post};

/// How long a receiver may take.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(5),
    answer: Duration::from_secs(5),
    whole: Duration::from_secs(5),
};

/// The rests between ten pushes, in seconds.
const RESTS_S: [u64; 9] = [5, 15, 30, 60, 120, 300, 600, 1800, 3600];

/// When records are pushed, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushRules {
    /// The rest after each push that fails; after the last one that follows them, a record is given up.
    pub rests: Vec<Duration>,
}

impl Default for PushRules {
    /// Ten pushes within two hours.
    fn default() -> Self {
        Self {
            rests: RESTS_S.map(Duration::from_secs).to_vec(),
        }
    }
}

impl PushRules {
    fn rules(self) -> push::Rules {
        push::Rules {
            // What ends together is kept by one transaction.
            gather: Duration::from_millis(50),
            records_max: 1,
            rests: self.rests.into(),
        }
    }
}

/// What a tenant's receiver is told.
#[derive(Clone, Debug)]
struct Results {
    url: String,
    clock: Clock,
}

impl push::Results for Results {
    /// Every call is told, not only the last one to a customer.
    async fn record(
        &self,
        outbox: &Outbox,
        attempt: &Attempt,
    ) -> Result<Option<(String, Value)>, ServiceError> {
        let record = record(&outbox.service, &outbox.caller, attempt, self.clock.now()).await?;
        Ok(Some((self.url.clone(), record)))
    }

    async fn address(
        &self,
        _outbox: &Outbox,
        _campaign: CampaignId,
    ) -> Result<Option<String>, ServiceError> {
        Ok(Some(self.url.clone()))
    }

    fn body(&self, records: &[Value]) -> Value {
        records.first().cloned().unwrap_or_default()
    }

    /// What the receiver says does not matter: the call alone does.
    fn is_taken(&self, answered: &Answered) -> bool {
        (200..300).contains(&answered.status)
    }
}

async fn record(
    service: &Service,
    caller: &Caller,
    attempt: &Attempt,
    now: Timestamp,
) -> Result<Value, ServiceError> {
    let around = Surroundings::at(service, caller, now).await?;
    let line = match service.campaign(caller, attempt.campaign).await {
        Ok(campaign) => Line::of(&campaign),
        // It was deleted as its last calls ended.
        Err(ServiceError::CampaignNotFound(_)) => Line::default(),
        Err(error) => return Err(error),
    };
    let found = service.contact_with_attempts(caller, attempt.contact).await;
    let (contact, attempts) = match found {
        Ok((contact, attempts)) => (Some(contact), attempts),
        Err(ServiceError::NotFound { .. }) => (None, Vec::new()),
        Err(error) => return Err(error),
    };
    let staff = staff(service, caller).await?;
    let record = Record {
        attempt,
        contact: contact.as_ref(),
        call_times: place_of(attempt, &attempts),
        line,
        staff: &staff,
        tenant: caller.tenant,
    };
    Ok(record.shown(&around))
}

/// Pushes to any host: the address is the operator's.
pub(super) fn post() -> Post {
    Post::new(PATIENCE)
}

/// Whether an address can be pushed to.
pub fn is_callback_url(url: &str) -> bool {
    push::may_be_called_back(url, &[])
}

/// Begins to push the records of a tenant by `post`; ends with the server.
pub(super) fn start(
    service: Service,
    caller: Caller,
    post: Post,
    url: String,
    clock: Clock,
    rules: PushRules,
) {
    push::start(service, caller, post, Results { url, clock }, rules.rules());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_pushed_ten_times_at_most() {
        assert_eq!(PushRules::default().rests.len() + 1, 10);
    }
}
