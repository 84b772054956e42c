//! Whether database and trunks are fit for a server, found out without disturbing one that runs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use outdial_domain::{Trunk, TrunkName};
use outdial_store::{OpenError, SqliteStore, Upkeep as _};
use outdial_telephony::sip::{SipConnector, SipSettings};
use outdial_telephony::{Command, Connector as _, Event, EventReceiver};

use crate::config;

/// How long a trunk has to answer OPTIONS: three repetitions over UDP fit in.
const TRUNK_LIMIT: Duration = Duration::from_secs(5);

/// Opens the database, writes to it, and says what it found.
pub(crate) async fn check_database(settings: &config::DatabaseSettings) -> Result<String, String> {
    let path = settings.path.clone();
    if !path.exists() {
        // It is not created here: it would belong to whoever runs the check.
        return can_be_created(&path).map(|()| "will be created at the first start".to_owned());
    }
    let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&path)).await;
    let store = match opened.map_err(|error| error.to_string())? {
        Ok(store) => store,
        Err(OpenError::InUse { .. }) => {
            return Ok("in use by another process: well, if that is this server".to_owned());
        }
        Err(error) => return Err(error.to_string()),
    };
    store.probe().await.map_err(|error| error.to_string())?;
    store.close().await.map_err(|error| error.to_string())?;
    Ok("opened, its schema is up to date, and it can commit".to_owned())
}

fn can_be_created(path: &Path) -> Result<(), String> {
    let directory = path.parent().filter(|parent| *parent != Path::new(""));
    let directory = directory.unwrap_or(Path::new("."));
    tempfile::tempfile_in(directory).map(drop).map_err(|error| {
        format!(
            "cannot be created in {}: {error}\n  remedy: make the directory, and let the server's user write to it",
            directory.display()
        )
    })
}

/// Asks each trunk by OPTIONS whether it is there, and says how fast it answered.
///
/// It asks from another port than the server's, which may be running, and registers nowhere: the
/// carrier would take the server's registration back.
pub(crate) async fn check_trunks(
    settings: &config::SipSettings,
    trunks: &[Trunk],
) -> BTreeMap<TrunkName, Result<String, String>> {
    let mut found = BTreeMap::new();
    if trunks.is_empty() {
        return found;
    }
    let settings = SipSettings {
        external_address: settings.external_address,
        rtp_ports: 0..=0,
        ..SipSettings::at(SocketAddr::new(settings.listen.ip(), 0))
    };
    match SipConnector::start(settings).await {
        Ok((connector, events)) => {
            let asked = trunks.iter().map(|trunk| Trunk {
                keepalive: TRUNK_LIMIT * 10,
                register: false,
                ..trunk.clone()
            });
            let since = Instant::now();
            connector.send(Command::Trunks(asked.collect()));
            listen(events, since, trunks.len(), &mut found).await;
            connector.shutdown(Duration::from_secs(1)).await;
        }
        Err(error) => {
            let error = error.to_string();
            found.extend(trunks.iter().map(|trunk| (trunk.name, Err(error.clone()))));
        }
    }
    for trunk in trunks {
        found.entry(trunk.name).or_insert_with(|| Err(silent()));
    }
    found
}

async fn listen(
    mut events: EventReceiver,
    since: Instant,
    count: usize,
    found: &mut BTreeMap<TrunkName, Result<String, String>>,
) {
    let all_heard = async {
        while found.len() < count
            && let Some(event) = events.recv().await
        {
            if let Event::TrunkHealth {
                trunk, answered, ..
            } = event
            {
                let result = match answered {
                    true => Ok(format!(
                        "answered OPTIONS in {} ms",
                        since.elapsed().as_millis()
                    )),
                    false => Err(silent()),
                };
                found.insert(trunk, result);
            }
        }
    };
    // Who has not been heard by then is silent.
    let _ = tokio::time::timeout(TRUNK_LIMIT, all_heard).await;
}

fn silent() -> String {
    format!(
        "no answer to OPTIONS within {} s\n  remedy: check its address, and that its firewall lets this machine in; a trunk that never answers OPTIONS is best tried with `outdial trunk test`",
        TRUNK_LIMIT.as_secs()
    )
}
