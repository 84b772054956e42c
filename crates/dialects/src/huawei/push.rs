//! Results are pushed to the `callBackUrl` of their campaign.
//!
//! Source: the CC-iSales page about the callback of results: POST of a bare list, HTTP 200 is success,
//! a failed push is repeated at once, then after ten minutes, six pushes in all.

use std::time::Duration;

use outdial_domain::{Attempt, CampaignId, Contact, ContactState};
use outdial_service::{Caller, Service, ServiceError};
use serde_json::{Value, json};

use super::calldata::CUSTOM_FIELD;
use super::campaign::Stored;
use super::fail_code::{call_status, fail_code};
use super::results::{call_id, called};
use super::time::Zone;
use crate::push::{self, Answered, Outbox, Patience, Post};

/// Most records of one push.
const RECORDS_MAX: usize = 20;

/// How long a receiver may take. The vendor has it as a setting; this is the project's choice.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(5),
    answer: Duration::from_secs(10),
    whole: Duration::from_secs(20),
};

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

impl PushRules {
    fn rules(self) -> push::Rules {
        let mut rests = Vec::new();
        for round in 1..=self.rounds {
            rests.push(Duration::ZERO);
            if round < self.rounds {
                rests.push(self.rest);
            }
        }
        push::Rules {
            gather: self.gather,
            records_max: RECORDS_MAX,
            rests: rests.into(),
        }
    }
}

/// What the receivers of a tenant's results are told.
#[derive(Clone, Debug)]
struct Results {
    vdn_id: u32,
    zone: Zone,
}

impl push::Results for Results {
    async fn record(
        &self,
        outbox: &Outbox,
        attempt: &Attempt,
    ) -> Result<Option<(String, Value)>, ServiceError> {
        let found = final_result(outbox, attempt).await?;
        Ok(found.and_then(|(url, contact)| Some((url, self.element(attempt, &contact)?))))
    }

    async fn address(
        &self,
        outbox: &Outbox,
        campaign: CampaignId,
    ) -> Result<Option<String>, ServiceError> {
        address(outbox, campaign).await
    }

    fn body(&self, records: &[Value]) -> Value {
        Value::Array(records.to_vec())
    }

    /// Only the status decides.
    fn is_taken(&self, answered: &Answered) -> bool {
        let code = answered.body.get("retCode");
        let is_zero = |code: &Value| code.as_str() == Some("0") || code.as_i64() == Some(0);
        if answered.status == 200 && code.is_some_and(|code| !is_zero(code)) {
            // The code is the receiver's text, and may be anything: it stays out of the log.
            tracing::warn!("a receiver of results answered 200 and another retCode than 0");
        }
        answered.status == 200
    }
}

impl Results {
    /// An element of the list that is pushed.
    fn element(&self, attempt: &Attempt, contact: &Contact) -> Option<Value> {
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

/// The address and the contact of a call, if the call made the record final and its campaign has an
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

/// The address that a campaign names now.
async fn address(outbox: &Outbox, id: CampaignId) -> Result<Option<String>, ServiceError> {
    match outbox.service.campaign(&outbox.caller, id).await {
        Ok(campaign) => Ok(Stored::of(&campaign).call_back_url),
        Err(ServiceError::CampaignNotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Pushes to any host.
pub(super) fn post() -> Post {
    Post::new(PATIENCE)
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
    push::start(
        service,
        caller,
        post,
        Results { vdn_id, zone },
        rules.rules(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_pushes_two_at_a_time() {
        let rests = PushRules::default().rules().rests;
        let secs: Vec<u64> = rests.iter().map(Duration::as_secs).collect();
        assert_eq!(secs, [0, 600, 0, 600, 0], "the sixth failure is the last");
    }
}
