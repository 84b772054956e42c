//! Waiting for a condition with a deadline, instead of sleeping and hoping.

use std::time::Duration;
use tokio::sync::watch;

/// A condition did not come true in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("waited {waited:?} in vain for {what}")]
pub struct Expired {
    /// What was waited for.
    pub what: String,
    /// For how long.
    pub waited: Duration,
}

/// A bell that rings at every change of something kept elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Bell(watch::Sender<()>);

impl Bell {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    pub(crate) fn ring(&self) {
        self.0.send_replace(());
    }

    /// Asks again at every ring until the answer is `Some`.
    ///
    /// # Errors
    /// [`Expired`] after `limit`.
    pub(crate) async fn until<T>(
        &self,
        what: &str,
        limit: Duration,
        mut ask: impl FnMut() -> Option<T>,
    ) -> Result<T, Expired> {
        // Subscribed before the first question, so that no change between the two is missed.
        let mut changes = self.0.subscribe();
        let wait = async {
            loop {
                if let Some(answer) = ask() {
                    return answer;
                }
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(limit, wait)
            .await
            .map_err(|_| Expired {
                what: what.to_owned(),
                waited: limit,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test(start_paused = true)]
    async fn a_change_wakes_the_waiter_and_time_ends_the_wait() {
        let (bell, count) = (Bell::new(), AtomicU32::new(0));
        let two = || (count.load(Ordering::SeqCst) == 2).then_some(());
        let ring = async {
            for _ in 0..2 {
                count.fetch_add(1, Ordering::SeqCst);
                bell.ring();
                tokio::task::yield_now().await;
            }
        };
        let (got, ()) = tokio::join!(bell.until("two", Duration::from_secs(1), two), ring);
        assert_eq!(got, Ok(()));
        let expired = bell
            .until("three", Duration::from_secs(1), || None::<()>)
            .await
            .unwrap_err();
        assert_eq!(expired.to_string(), "waited 1s in vain for three");
    }
}
