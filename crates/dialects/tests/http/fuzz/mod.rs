//! Whatever is made up, signed or not, right or wrong: an answer comes in time, and the vendor's client
//! can read it.
//!
//! Requests begin as the examples of the vendors and as the operations of `docs/dialects`; they are made
//! wrong in their structure, signed, and made wrong in their bytes. `cargo xtask test` tries some thousand
//! of one seed; `cargo xtask fuzz --minutes N` goes on with others. What fails is written to a file, whose
//! place is `regressions/` beside this one once the fault is mended.

mod decoders;
mod dice;
mod judge;
mod make;
mod mutate;
mod node;
mod seeds;
mod sent;
mod sign;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::to_bytes;
use axum::http::StatusCode;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::common::Server;
use dice::Dice;
use judge::Read;
use make::Maker;
use seeds::Known;
use sent::Sent;

/// Requests of the everyday run, and its seed.
const EVERYDAY: u64 = 2_000;
const EVERYDAY_SEED: u64 = 20_261_120;

/// Requests to one server: what they have made fills its store, and nonces are remembered.
const PER_SERVER: u64 = 4_000;

/// Processor time that one request may take. The largest bodies have megabytes, and tests are not
/// optimised.
const TIME_MAX: Duration = match cfg!(debug_assertions) {
    true => Duration::from_secs(5),
    false => Duration::from_millis(500),
};

/// How long an answer may be waited for, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(120);

/// What has been sent so far.
#[derive(Default)]
struct Tally {
    sent: u64,
    /// By vendor and code.
    codes: BTreeMap<(&'static str, String), u64>,
    slowest: Duration,
}

impl Tally {
    fn codes_of(&self, vendor: &str) -> usize {
        self.codes
            .keys()
            .filter(|(known, _)| *known == vendor)
            .count()
    }

    fn carried_out(&self) -> u64 {
        let successes = ["none", "OK", "0200000", "10000"];
        let found = self.codes.iter();
        found
            .filter(|((_, code), _)| successes.contains(&&code[..]))
            .map(|(_, count)| count)
            .sum()
    }
}

/// Processor time of this thread, on which the handlers of a test run; the time of day where the system
/// does not tell it.
fn thread_time(since: Instant) -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| since.elapsed(), Duration::from_nanos)
}

/// Sends a request and judges its answer; returns what it said.
async fn check(server: &Server, sent: &Sent, tally: &mut Tally) -> Result<Value, String> {
    decoders::read(sent)?;
    let Some(request) = sent.request() else {
        return Ok(Value::Null);
    };
    let nobody = Router::new().fallback(async || (StatusCode::NOT_FOUND, "nobody's"));
    let router = server.dialects.clone().router(nobody);
    let (began, used) = (Instant::now(), thread_time(Instant::now()));
    let began_at = began;
    // In a task of its own, so that a panic ends that and not the hunt.
    let asked = tokio::spawn(async move {
        let Ok(response) = router.oneshot(request).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 26).await.map(|body| body.to_vec());
        (parts, body)
    });
    let answered = tokio::time::timeout(PATIENCE, asked).await;
    let (parts, body) = answered
        .map_err(|_| format!("no answer within {} s", PATIENCE.as_secs()))?
        .map_err(|error| format!("it panics: {error}"))?;
    let took = thread_time(began_at).saturating_sub(used);
    tally.slowest = tally.slowest.max(took);
    if took > TIME_MAX {
        return Err(format!("it takes {} ms", took.as_millis()));
    }
    let answer = Read {
        status: parts.status,
        headers: parts.headers,
        body: body.map_err(|error| format!("the answer breaks off: {error}"))?,
    };
    let vendor = sent.vendor();
    let code = judge::code(vendor, &answer)
        .map_err(|problem| format!("{problem}\n{}", String::from_utf8_lossy(&answer.body)))?;
    tally.sent += 1;
    let vendor = vendor.map_or("nobody", outdial_dialects::Vendor::as_str);
    *tally.codes.entry((vendor, code)).or_default() += 1;
    Ok(serde_json::from_slice(&answer.body).unwrap_or_default())
}

/// Writes a request down that has failed, and says so.
fn failed(sent: &Sent, problem: &str, seed: u64, number: u64) -> String {
    let text = sent.to_text();
    let name = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    let file = folder.join(format!("{name:016x}.txt"));
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, &text));
    let short: String = text.chars().take(4_000).collect();
    format!(
        "request {number} of seed {seed}: {problem}\n{short}\nwhole in {} ({written:?}); put it into tests/http/fuzz/regressions/",
        file.display()
    )
}

/// Sends requests of a seed for as long as `more` says.
async fn hunt(seed: u64, tally: &mut Tally, mut more: impl FnMut(&Tally) -> bool) {
    let mut maker = Maker::new(Dice::of(seed));
    let mut number = 0;
    while more(tally) {
        let server = Server::without_limits().await;
        let mut known = Known::new();
        for _ in 0..PER_SERVER {
            if !more(tally) {
                break;
            }
            number += 1;
            let sent = maker.make(&known);
            match check(&server, &sent, tally).await {
                Ok(answer) => seeds::learn(&mut known, &answer),
                Err(problem) => panic!("{}", failed(&sent, &problem, seed, number)),
            }
        }
        server.stop().await;
    }
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// `OUTDIAL_FUZZ_SECONDS` makes it a long run, `OUTDIAL_FUZZ_SEED` another one.
#[tokio::test]
async fn whatever_is_sent_is_answered_in_time_and_in_the_vendors_envelope() {
    let seed = from_environment("OUTDIAL_FUZZ_SEED").unwrap_or(EVERYDAY_SEED);
    let mut tally = Tally::default();
    let began = Instant::now();
    let Some(seconds) = from_environment("OUTDIAL_FUZZ_SECONDS") else {
        hunt(seed, &mut tally, |tally| tally.sent < EVERYDAY).await;
        // A hunt that gets nowhere finds nothing.
        for (vendor, least) in [("tencent", 6), ("alibaba", 15), ("huawei", 6), ("dezhu", 4)] {
            assert!(
                tally.codes_of(vendor) >= least,
                "{vendor}: {:?}",
                tally.codes
            );
        }
        assert!(tally.carried_out() > EVERYDAY / 20, "{:?}", tally.codes);
        return;
    };
    let limit = Duration::from_secs(seconds);
    println!("seed {seed}, for {seconds} s");
    let mut told = began;
    hunt(seed, &mut tally, |tally| {
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            println!(
                "{:>5} s  {:>9} requests, {:>3} kinds of answer, slowest {:.1} ms of processor time",
                began.elapsed().as_secs(),
                tally.sent,
                tally.codes.len(),
                tally.slowest.as_secs_f64() * 1e3
            );
        }
        began.elapsed() < limit
    })
    .await;
    for ((vendor, code), count) in &tally.codes {
        println!("{count:>9}  {vendor} {code}");
    }
    println!("{} requests, nothing found", tally.sent);
}

#[tokio::test]
async fn what_once_failed_is_answered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/http/fuzz/regressions");
    let server = Server::without_limits().await;
    let mut tally = Tally::default();
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let sent = Sent::from_text(&fs::read_to_string(&file).unwrap());
        let sent = sent.unwrap_or_else(|| panic!("{} is no request", file.display()));
        if let Err(problem) = check(&server, &sent, &mut tally).await {
            panic!("{}: {problem}", file.display());
        }
    }
    assert!(tally.sent > 0);
    server.stop().await;
}
