//! One round of a push, and the outbox asked until it answers.

use std::time::Duration;

use outdial_domain::CampaignId;
use outdial_service::{Service, ServiceError};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::PushRules;
use super::outbox::Outbox;
use super::post::{Post, PushFault};
use crate::huawei::campaign::Stored;

/// How long a store that cannot be read or written is left alone.
const STORE_REST: Duration = Duration::from_secs(1);

/// What became of a push.
pub(super) struct Made {
    pub(super) key: String,
    pub(super) campaign: u32,
    /// When the next round begins; `None` = it has left the outbox.
    pub(super) again: Option<Instant>,
}

/// One round: a push, and another one at once where it fails.
pub(super) async fn make(
    outbox: Outbox,
    post: Post,
    rules: PushRules,
    key: String,
    campaign: u32,
) -> Made {
    let again = make_round(&outbox, &post, rules, &key, campaign).await;
    // The server is stopping: it is in the outbox, and the next one makes it.
    let again = again.unwrap_or(None);
    Made {
        key,
        campaign,
        again: again.map(|rest| Instant::now() + rest),
    }
}

async fn make_round(
    outbox: &Outbox,
    post: &Post,
    rules: PushRules,
    key: &str,
    campaign: u32,
) -> Result<Option<Duration>, ServiceError> {
    let Some(mut push) = until_it_works(&outbox.service, || outbox.push(key)).await? else {
        return Ok(None);
    };
    // An address that was wrong may have been put right.
    if let Ok(id) = CampaignId::new(campaign)
        && let Some(url) = until_it_works(&outbox.service, || address(outbox, id)).await?
    {
        push.url = url;
    }
    let body = Value::Array(push.records.clone());
    let mut sent = post.send(&push.url, &body).await;
    if matches!(sent, Err(PushFault::Status(_) | PushFault::NoAnswer(_))) {
        sent = post.send(&push.url, &body).await;
    }
    let Err(fault) = sent else {
        until_it_works(&outbox.service, || outbox.remove(key)).await?;
        return Ok(None);
    };
    push.failed += 1;
    let records = push.records.len();
    if push.failed >= rules.rounds {
        tracing::error!(campaign, records, %fault, "results are given up: they can be asked for");
        until_it_works(&outbox.service, || outbox.remove(key)).await?;
        return Ok(None);
    }
    tracing::warn!(campaign, records, failed = push.failed, %fault, "results were not taken");
    until_it_works(&outbox.service, || outbox.put(key, &push)).await?;
    Ok(Some(rules.rest))
}

/// The address that a campaign names now.
pub(super) async fn address(
    outbox: &Outbox,
    id: CampaignId,
) -> Result<Option<String>, ServiceError> {
    match outbox.service.campaign(&outbox.caller, id).await {
        Ok(campaign) => Ok(Stored::of(&campaign).call_back_url),
        Err(ServiceError::CampaignNotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Asks the store until it answers; only a server that stops, or a right that is missing, ends that.
pub(super) async fn until_it_works<T, F>(
    service: &Service,
    ask: impl Fn() -> F,
) -> Result<T, ServiceError>
where
    F: Future<Output = Result<T, ServiceError>>,
{
    loop {
        match ask().await {
            Err(ServiceError::Store(cause)) if !service.is_stopping() => {
                tracing::warn!(cause, "results wait for the store");
                sleep(STORE_REST).await;
            }
            answer => return answer,
        }
    }
}
