//! `cargo xtask fuzz`: the hunt for requests that a vendor's API does not answer well, for as long as
//! there is time. The everyday tests hunt for some seconds with one seed; here each run has another.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::fault::Fault;
use crate::process;
use crate::workspace::Workspace;

const PACKAGE: &str = "outdial-dialects";
const TEST: &str = "fuzz::whatever_is_sent_is_answered_in_time_and_in_the_vendors_envelope";

/// # Errors
/// When something was found: then the request and the file that holds it were printed.
pub(crate) fn run(workspace: &Workspace, minutes: u64, seed: Option<u64>) -> Result<(), Fault> {
    let seed = seed.unwrap_or_else(|| {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        since_1970.map_or(1, |time| time.as_secs())
    });
    println!("==> fuzz: {minutes} minutes, --seed {seed}");
    let mut cargo = workspace.cargo();
    cargo
        .args(["test", "--release", "--locked", "--package", PACKAGE])
        .args(["--test", "http", "--", "--exact", TEST, "--nocapture"])
        .env("OUTDIAL_FUZZ_SECONDS", (minutes * 60).to_string())
        .env("OUTDIAL_FUZZ_SEED", seed.to_string())
        .env("RUST_BACKTRACE", "0");
    process::run(&mut cargo)
}
