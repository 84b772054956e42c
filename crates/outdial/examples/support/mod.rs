//! What the benches of the whole server share: the server as a process, its API, and the line of
//! figures.
#![allow(unreachable_pub, dead_code)] // A module of each bench, and not each needs everything.

mod figures;
mod process;
mod rest;
mod server;

use std::error::Error;
use std::time::{Duration, Instant};

#[allow(unused_imports)]
pub use figures::{Figures, Metric, percentile};
pub use process::{Account, signal};
pub use rest::Rest;
#[allow(unused_imports)]
pub use server::{ADMIN_KEY, CALLER_ID, Config, GROUP, Server, free_port};

/// Why a bench cannot measure; a limit that is exceeded is a result.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Tells progress.
pub fn say(text: &str) {
    eprintln!("    {text}");
}

/// Asks again every 20 ms until there is an answer.
///
/// # Errors
/// After the limit, with what was waited for.
pub fn until<T>(
    what: &str,
    limit: Duration,
    mut ask: impl FnMut() -> Result<Option<T>, Failure>,
) -> Result<T, Failure> {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if began.elapsed() > limit {
            return Err(format!("waited {} s in vain: {what}", limit.as_secs()).into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
