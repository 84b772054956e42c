//! One push made, and the outbox asked until it answers.

use std::sync::Arc;
use std::time::Duration;

use outdial_domain::CampaignId;
use outdial_service::{Service, ServiceError};
use tokio::time::{Instant, sleep};

use super::Results;
use super::outbox::Outbox;
use super::post::{Post, PushFault};

/// How long a store that cannot be read or written is left alone.
const STORE_REST: Duration = Duration::from_secs(1);

/// What became of a push.
pub(super) struct Made {
    pub(super) key: String,
    pub(super) campaign: u32,
    /// When it is made again; `None` = it has left the outbox.
    pub(super) again: Option<Instant>,
}

/// Makes a push, and says in the outbox what became of it.
pub(super) async fn make<R: Results>(
    outbox: Outbox,
    post: Post,
    results: R,
    rests: Arc<[Duration]>,
    key: String,
    campaign: u32,
) -> Made {
    let again = make_once(&outbox, &post, &results, &rests, &key, campaign).await;
    // The server is stopping: it is in the outbox, and the next one makes it.
    let again = again.unwrap_or(None);
    Made {
        key,
        campaign,
        again: again.map(|rest| Instant::now() + rest),
    }
}

async fn make_once<R: Results>(
    outbox: &Outbox,
    post: &Post,
    results: &R,
    rests: &[Duration],
    key: &str,
    campaign: u32,
) -> Result<Option<Duration>, ServiceError> {
    let Some(mut push) = until_it_works(&outbox.service, || outbox.push(key)).await? else {
        return Ok(None);
    };
    // An address that was wrong may have been put right.
    if let Ok(id) = CampaignId::new(campaign)
        && let Some(url) = until_it_works(&outbox.service, || results.address(outbox, id)).await?
    {
        push.url = url;
    }
    let body = results.body(&push.records);
    let fault = match post.send(&push.url, &body).await {
        Ok(answered) if results.is_taken(&answered) => {
            until_it_works(&outbox.service, || outbox.remove(key)).await?;
            return Ok(None);
        }
        Ok(answered) => PushFault::Status(answered.status),
        Err(fault) => fault,
    };
    let rest = rests.get(usize::try_from(push.failed).unwrap_or(usize::MAX));
    push.failed = push.failed.saturating_add(1);
    let records = push.records.len();
    let Some(rest) = rest else {
        tracing::error!(campaign, records, %fault, "results are given up: they can be asked for");
        until_it_works(&outbox.service, || outbox.remove(key)).await?;
        return Ok(None);
    };
    tracing::warn!(campaign, records, failed = push.failed, %fault, "results were not taken");
    until_it_works(&outbox.service, || outbox.put(key, &push)).await?;
    Ok(Some(*rest))
}

/// Asks the store until it answers; only a server that stops, or a right that is missing, ends that.
pub(crate) async fn until_it_works<T, F>(
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
