//! Part three: a busy call centre that is edited all the time. Stretches with and without edits take
//! turns in one run, so that both are measured on the same server at the same age.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::bodies;
use crate::clients::{APP_ID, Dezhu, INSTANCE, SDK_APP_ID, SECRET};
use crate::disk::Probe;
use crate::editing::Edited;
use crate::phones::Phones;
use crate::sipp::Sipp;
use crate::support::{
    CALLER_ID, Config, Failure, Figures, GROUP, Metric, Server, percentile, say, until,
};
use crate::wire::Connection;

const CALLS_PER_SECOND: u64 = 100;
const EDITS_PER_SECOND: u32 = 20;
const AGENTS: usize = 220;
/// Campaigns that run, and campaigns that wait.
const CAMPAIGNS: usize = 100;
/// Of either, those of a vendor; Huawei lets 20 be.
const OF_A_VENDOR: usize = 20;
/// Stretches without and with edits, in pairs, and the length of each.
const PAIRS: usize = 5;
const STRETCH: Duration = Duration::from_secs(10);
/// How long the calls of a new server may find their pace.
const WARM_UP: Duration = Duration::from_secs(10);
/// A tone later than this after a 200 belongs to another call: talks last a second.
const JOIN_MAX: Duration = Duration::from_millis(1_500);

/// A stretch of time in which edits were made, or none.
struct Stretch {
    edited: bool,
    from: SystemTime,
    to: SystemTime,
}

pub(crate) fn measure(dezhu: &Dezhu, figures: &mut Figures) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let phones = Phones::start(&runtime, AGENTS)?;
    let carrier = Sipp::carrier(folder.path())?;
    let config = Config {
        trunk: format!(
            "uri = \"sip:127.0.0.1:{}\"\ncalls_per_second = {CALLS_PER_SECOND}",
            carrier.port
        ),
        agents: phones
            .addresses()
            .map(|(id, uri)| (id.to_owned(), GROUP, uri))
            .collect(),
        tenant: vendors(dezhu),
    };
    let server = Server::start(folder.path(), &config)?;
    server.ready(&config)?;
    phones.until_up()?;
    let mut connection = Connection::open(SocketAddr::from(([127, 0, 0, 1], server.port)))?;
    let edited = campaigns(&server, &mut connection, dezhu)?;
    until_busy(&server)?;
    std::thread::sleep(WARM_UP);
    let probe = Probe::start(folder.path())?;
    let (mut stretches, mut edits, mut turn) = (Vec::new(), Vec::new(), 1);
    for number in 0..2 * PAIRS {
        let from = SystemTime::now();
        let with_edits = number % 2 == 1;
        if with_edits {
            edits.extend(edit_all(&mut connection, &edited, &mut turn)?);
        } else {
            std::thread::sleep(STRETCH);
        }
        say(&format!("stretch {} of {}", number + 1, 2 * PAIRS));
        stretches.push(Stretch {
            edited: with_edits,
            from,
            to: SystemTime::now(),
        });
    }
    let syncs = probe.stop()?;
    // The last calls are answered and joined before the phones are asked.
    std::thread::sleep(2 * JOIN_MAX);
    let attempts = attempts(&server)?;
    let tones: HashMap<String, Vec<SystemTime>> = phones
        .tones()
        .into_iter()
        .map(|(id, times)| (id.to_owned(), times))
        .collect();
    let answers = carrier.answers()?;
    server.stop()?;
    let joins = |edited: bool| joins(&attempts, &answers, &tones, &stretches, edited);
    report(figures, edits, &joins(false), &joins(true));
    for (name, share) in [("p99", 0.99), ("max", 1.0)] {
        let name = format!("a bare sync of one page on this disk meanwhile, {name}");
        figures.add(Metric::new(&name, percentile(&syncs, share), "ms"));
    }
    Ok(())
}

fn report(
    figures: &mut Figures,
    mut edits: Vec<Duration>,
    quiet: &[Duration],
    edited: &[Duration],
) {
    edits.sort_unstable();
    let seconds = PAIRS as f64 * STRETCH.as_secs_f64();
    let mut add = |metric| figures.add(metric);
    let rate = |joins: &[Duration]| joins.len() as f64 / seconds;
    let wanted = CALLS_PER_SECOND as f64;
    add(Metric::new("calls joined beside edits", rate(edited), "calls/s")
        .at_least(0.95 * wanted, format!("95 % of the trunk's {CALLS_PER_SECOND} calls/s, 100 campaigns running and 100 pending")));
    add(Metric::new(
        "calls joined without edits",
        rate(quiet),
        "calls/s",
    ));
    add(Metric::new(
        "edits beside calls",
        edits.len() as f64 / seconds,
        "edits/s",
    )
    .at_least(
        0.95 * f64::from(EDITS_PER_SECOND),
        "95 % of 20 edits/s, those of all five APIs in turns",
    ));
    add(Metric::new(
        "an edit beside calls, p50",
        percentile(&edits, 0.5),
        "ms",
    ));
    add(
        Metric::new("an edit beside calls, p99", percentile(&edits, 0.99), "ms")
            .at_most(50.0, "a fixed goal"),
    );
    add(Metric::new(
        "an edit beside calls, max",
        percentile(&edits, 1.0),
        "ms",
    ));
    let without = percentile(quiet, 0.99);
    add(Metric::new(
        "callee's 200 to joined relay beside edits, p99",
        percentile(edited, 0.99),
        "ms",
    )
    .at_most(
        1.2 * without,
        format!("120 % of {without:.3} ms in the same run's stretches without edits"),
    ));
}

fn vendors(dezhu: &Dezhu) -> String {
    let keys = format!("keys = [{{ id = \"bench\", secret = \"{SECRET}\" }}]\nrequests_per_s = 0");
    format!(
        "[[tenant.flow]]\nid = 41\nname = \"script\"\nuri = \"sip:bot@127.0.0.1:5095\"\n\
         [[tenant.number_group]]\nid = \"1\"\ncaller_ids = [\"{CALLER_ID}\"]\n\
         [tenant.tencent]\nsdk_app_id = {SDK_APP_ID}\n{keys}\n\
         [tenant.alibaba]\ninstance_id = \"{INSTANCE}\"\n{keys}\n\
         [tenant.huawei]\nvdn_id = 7\ncalldata_spacing_s = 0\n{keys}\n\
         [tenant.dezhu]\napp_id = \"{APP_ID}\"\npublic_key = \"{}\"\nrequests_per_s = 0\n",
        dezhu.public_key()
    )
}

/// Makes all campaigns; those that run have contacts for the whole run.
fn campaigns<'d>(
    server: &Server,
    connection: &mut Connection,
    dezhu: &'d Dezhu,
) -> Result<Vec<Edited<'d>>, Failure> {
    let seconds = (2 * PAIRS as u64 + 2) * STRETCH.as_secs() + 60;
    let each = 2 * CALLS_PER_SECOND * seconds / CAMPAIGNS as u64;
    let mut all = Vec::new();
    for number in 0..CAMPAIGNS {
        let name = match number {
            0..OF_A_VENDOR => "Huawei",
            n if n < 2 * OF_A_VENDOR => "Dezhu",
            _ => "PATCH",
        };
        let campaign = Edited::make(connection, name, dezhu, true, number)?;
        let id = campaign.number()?;
        let list = list(number as u64 * each, each);
        server
            .rest
            .post_csv(&format!("campaigns/{id}/contacts"), list)?;
        all.push(campaign);
    }
    for number in 0..CAMPAIGNS {
        let name = match number {
            0..OF_A_VENDOR => "Tencent",
            n if n < 2 * OF_A_VENDOR => "Alibaba",
            _ => "PATCH",
        };
        all.push(Edited::make(
            connection,
            name,
            dezhu,
            false,
            CAMPAIGNS + number,
        )?);
    }
    for campaign in all.iter().take(CAMPAIGNS) {
        // Vendors' campaigns begin by themselves, some have begun; which run is looked at below.
        let start = format!("campaigns/{}/start", campaign.number()?);
        let _ = server.rest.command(&start);
    }
    say("200 campaigns are made");
    Ok(all)
}

fn list(first: u64, count: u64) -> String {
    let mut text = String::from("number\n");
    for n in first..first + count {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "+86138{n:08}");
    }
    text
}

fn until_busy(server: &Server) -> Result<(), Failure> {
    until("all campaigns run", Duration::from_secs(60), || {
        let campaigns = server.rest.all("campaigns")?;
        let running = campaigns
            .iter()
            .filter(|campaign| campaign["state"] == "running");
        Ok((running.count() >= CAMPAIGNS).then_some(()))
    })
}

/// Edits campaigns of all kinds in turns, evenly spread over a stretch; how long each took. One that is
/// late is sent at once and counts from when it was due.
fn edit_all(
    connection: &mut Connection,
    campaigns: &[Edited<'_>],
    turn: &mut u64,
) -> Result<Vec<Duration>, Failure> {
    let (begin, pause) = (Instant::now(), Duration::from_secs(1) / EDITS_PER_SECOND);
    let mut took = Vec::new();
    while begin.elapsed() < STRETCH {
        let due = begin + pause * u32::try_from(took.len())?;
        // A step that has no divisor in common with their number comes to each in turn.
        let campaign = &campaigns[(*turn as usize * 37) % campaigns.len()];
        let request = campaign.edit(*turn / campaigns.len() as u64 + 1)?;
        *turn += 1;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let answer = connection.ask(&request)?;
        took.push(due.elapsed());
        bodies::succeeded(campaign.name, &answer.json())?;
    }
    Ok(took)
}

/// The attempts of all campaigns, of which the carrier answered.
fn attempts(server: &Server) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    for campaign in server.rest.all("campaigns")? {
        all.extend(
            server
                .rest
                .all(&format!("campaigns/{}/attempts", campaign["id"]))?,
        );
    }
    Ok(all)
}

/// How long the answers of one kind of stretch waited on the wire, sorted.
fn joins(
    attempts: &[Value],
    answers: &HashMap<String, SystemTime>,
    tones: &HashMap<String, Vec<SystemTime>>,
    stretches: &[Stretch],
    edited: bool,
) -> Vec<Duration> {
    let belongs = |answer: &SystemTime| {
        let mut of_kind = stretches.iter().filter(|stretch| stretch.edited == edited);
        of_kind.any(|stretch| (stretch.from..stretch.to).contains(answer))
    };
    let mut joins = Vec::new();
    for attempt in attempts {
        let text = |field: &str| attempt[field].as_str().unwrap_or_default();
        let answer = answers.get(text("number").trim_start_matches('+'));
        let tones = tones.get(text("agent_id"));
        if let (Some(answer), Some(tones)) = (answer.filter(|answer| belongs(answer)), tones) {
            let next = tones.partition_point(|tone| tone < answer);
            let wait = tones
                .get(next)
                .and_then(|tone| tone.duration_since(*answer).ok());
            joins.extend(wait.filter(|wait| *wait <= JOIN_MAX));
        }
    }
    joins.sort_unstable();
    joins
}
