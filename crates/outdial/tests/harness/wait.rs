//! Waiting for a condition with a deadline.

use std::time::{Duration, Instant};

/// How often a condition outside this process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Waits until `ask` has an answer and returns it.
///
/// # Panics
/// After `limit`, with `what` and what `ask` last said it saw instead.
pub(crate) async fn until<T>(
    what: &str,
    limit: Duration,
    mut ask: impl FnMut() -> Result<T, String>,
) -> T {
    let deadline = Instant::now() + limit;
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(seen) if Instant::now() >= deadline => {
                panic!("waited {limit:?} in vain for: {what}\n  last seen: {seen}")
            }
            Err(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

/// Watches for a whole period that a condition holds.
///
/// # Panics
/// As soon as it does not.
pub(crate) async fn holds_for(
    what: &str,
    period: Duration,
    mut ask: impl FnMut() -> Result<(), String>,
) {
    let end = Instant::now() + period;
    while Instant::now() < end {
        if let Err(seen) = ask() {
            panic!("{what}: {seen}");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
