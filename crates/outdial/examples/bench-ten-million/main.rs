//! Ten million contacts: how much memory the server needs, and how soon a campaign dials.
//!
//! `cargo xtask bench ten-million`, or `cargo build --release -p outdial --bin outdial` and then
//! `cargo run --release -p outdial --example bench-ten-million [CONTACTS]`.
//!
//! The list is loaded through the store's import while no server runs; that is not measured. Then the server, the
//! binary with a configuration file, starts on that database and the campaign is started by its API:
//! what counts is the time until an INVITE is at the carrier's socket, and the most memory that the
//! server has held once it has dialed for some seconds.

#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::time::{Duration, SystemTime};

use outdial_domain::{
    CampaignId, ContactId, ContactPlace, ContactUpdate, History, NewContact, PhoneNumber, Timestamp,
};
use outdial_peers::{
    CalleePlan, Carrier, CarrierOptions, MediaOptions, OnCall, Phone, PhoneHost, PhoneOptions,
    Planner, Ticker, Timing,
};
use outdial_store::{Contacts, ImportOptions, SqliteStore, Upkeep};
use tokio::runtime::Runtime;
use tokio::time::Instant;

use support::{Config, Failure, Figures, GROUP, Metric, Server, say, until};

const AGENTS: usize = 50;
/// Contacts that have been tried before and rest; half of them are due again.
const RESTING: u32 = 200_000;
const DIAL_FOR: Duration = Duration::from_secs(10);
const TALK: Duration = Duration::from_secs(1);

fn main() -> Result<(), Failure> {
    let contacts: u32 = match std::env::args().nth(1) {
        Some(count) => count.parse()?,
        None => 10_000_000,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let folder = tempfile::tempdir()?;
    let world = World::start(&runtime)?;
    let server = Server::start(folder.path(), &world.config)?;
    let campaign = server.new_campaign()?;
    server.stop()?;

    let database = Server::database(folder.path());
    let id = CampaignId::new(u32::try_from(campaign)?)?;
    let loading = runtime.block_on(load(&database, id, contacts))?;
    let size = std::fs::metadata(&database)?.len() as f64 / f64::from(contacts);
    let mut figures = measure(folder.path(), &world, campaign)?;
    for (name, value, unit) in [
        (
            "loaded without a server",
            f64::from(contacts) / loading.as_secs_f64(),
            "contacts/s",
        ),
        ("contacts", f64::from(contacts), "contacts"),
        ("database", size, "B/contact"),
    ] {
        figures.add(Metric::new(name, value, unit));
    }
    figures.print();
    Ok(())
}

/// The carrier and the phones, all in this process.
struct World {
    carrier: Carrier,
    phones: Vec<Phone>,
    config: Config,
    /// Keeps the phones' socket open.
    _host: PhoneHost,
}

impl World {
    fn start(runtime: &Runtime) -> Result<Self, Failure> {
        let listen = "127.0.0.1:0".parse()?;
        let plan = CalleePlan::answer()
            .ring_time(Duration::from_millis(200))
            .talk(TALK)
            .media(MediaOptions::mute());
        let (carrier, host) = runtime.block_on(async {
            let carrier = Carrier::start(CarrierOptions::new(Planner::same(plan))).await?;
            let host = PhoneHost::start(listen, Timing::default(), &Ticker::start()).await?;
            Ok::<_, std::io::Error>((carrier, host))
        })?;
        let at_once = OnCall::Answer {
            after: Duration::ZERO,
        };
        let phone = |n: usize| {
            let options = PhoneOptions::new((1_001 + n).to_string());
            host.phone(options.on_call(at_once.clone()).media(MediaOptions::mute()))
        };
        let phones: Vec<Phone> = (0..AGENTS).map(phone).collect();
        let config = Config {
            trunk: format!("uri = \"{}\"", carrier.uri()),
            agents: phones
                .iter()
                .enumerate()
                .map(|(n, phone)| ((1_001 + n).to_string(), GROUP, phone.uri()))
                .collect(),
            ..Config::default()
        };
        Ok(Self {
            carrier,
            phones,
            config,
            _host: host,
        })
    }

    fn until_up(&self) -> Result<(), Failure> {
        let limit = Duration::from_secs(60);
        until("all legs are up", limit, || {
            let mut phones = self.phones.iter();
            Ok(phones
                .all(|phone| phone.status().call == outdial_peers::PhoneCall::Up)
                .then_some(()))
        })
    }
}

fn measure(folder: &Path, world: &World, campaign: u64) -> Result<Figures, Failure> {
    // What the load wrote goes to the disk first, or the server would pay for it.
    std::process::Command::new("sync").status()?;
    let began = Instant::now();
    let server = Server::start(folder, &world.config)?;
    let ready = began.elapsed();
    server.ready(&world.config)?;
    world.until_up()?;
    let idle_mb = server.account.memory_now_mb()?;
    say("the server is up, the campaign starts");
    let began = Instant::now();
    server
        .rest
        .command(&format!("campaigns/{campaign}/start"))?;
    let answered = began.elapsed();
    let first = until("an INVITE", Duration::from_secs(120), || {
        let first = |log: &outdial_peers::CallLog| log.calls().first().map(|call| call.received_at);
        Ok(world.carrier.read(first))
    })?;
    let first = first.duration_since(began);
    std::thread::sleep(DIAL_FOR);
    let calls = world.carrier.read(|log| log.count());
    let stats = server.rest.get(&format!("campaigns/{campaign}/stats"))?;
    let peak_mb = server.account.peak_memory_mb()?;
    say(&format!("{calls} INVITEs; {stats}"));
    server.stop()?;
    let mut figures = Figures::of("ten-million");
    figures.add(
        Metric::new("start to first INVITE", first.as_secs_f64(), "s")
            .at_most(2.0, "a fixed goal; the API's start to the carrier's socket"),
    );
    figures.add(
        Metric::new("peak memory of the server", peak_mb, "MB").at_most(
            300.0,
            format!("a fixed goal; after {} s of dialing", DIAL_FOR.as_secs()),
        ),
    );
    // One call at a time for each agent, which takes its ring, its talk and a little more.
    let least = AGENTS as f64 * DIAL_FOR.as_secs_f64() / (2.0 * TALK.as_secs_f64());
    figures.add(
        Metric::new("INVITEs at the carrier", calls as f64, "calls")
            .at_least(least, format!("{AGENTS} agents, one call each 2 s")),
    );
    for (name, value, unit) in [
        ("start answered", answered.as_secs_f64(), "s"),
        ("server's start until it is ready", ready.as_secs_f64(), "s"),
        ("memory before the campaign starts", idle_mb, "MB"),
    ] {
        figures.add(Metric::new(name, value, unit));
    }
    Ok(figures)
}

/// Fills the database.
async fn load(database: &Path, campaign: CampaignId, contacts: u32) -> Result<Duration, Failure> {
    let began = Instant::now();
    let store = SqliteStore::open(database)?;
    let mut session = store.import(campaign, ImportOptions::default()).await?;
    let mut told = Instant::now();
    for first in (0..contacts).step_by(1_000) {
        let numbers = first..contacts.min(first + 1_000);
        let batch = numbers.map(|n| number(n).map(NewContact::with_number));
        session.add(batch.collect::<Result<Vec<_>, _>>()?).await?;
        if told.elapsed() > Duration::from_secs(5) {
            told = Instant::now();
            say(&format!("{first} of {contacts} contacts loaded"));
        }
    }
    let accepted = session.finish().await?.accepted;
    if accepted != u64::from(contacts) {
        return Err(format!("{accepted} of {contacts} contacts were accepted").into());
    }
    let took = began.elapsed();
    rest(&store, campaign, RESTING.min(contacts / 2)).await?;
    store.close().await?;
    Ok(took)
}

/// Lets the first contacts of the list rest, half of them until the past, half until the future.
async fn rest(store: &SqliteStore, campaign: CampaignId, count: u32) -> Result<(), Failure> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let now = i64::try_from(now.as_millis())?;
    let update = |n: u32| {
        let away = 60_000 + i64::from(n) * 100;
        let due = if n.is_multiple_of(2) {
            now + away
        } else {
            now - away
        };
        ContactUpdate {
            // As the store numbers them: see its schema.
            contact: ContactId::new(u64::from(campaign.number()) * 1_000_000_000 + u64::from(n)),
            campaign,
            place: ContactPlace::Resting(Timestamp::from_millis(due)),
            history: History::default(),
            last_outcome: None,
        }
    };
    store
        .move_contacts((1..=count).map(update).collect(), Vec::new())
        .await?;
    Ok(())
}

/// A number of its own for each below 99,999,989, in no order.
fn number(n: u32) -> Result<PhoneNumber, Failure> {
    // Multiplication modulo a prime is a bijection.
    let subscriber = u64::from(n + 1) * 48_271 % 99_999_989;
    Ok(PhoneNumber::from_text(&format!("+86138{subscriber:08}"))?)
}
