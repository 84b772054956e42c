//! Where the parts are put together: the only place that names a concrete store and connector.

mod figures;
mod probe;
mod signals;
mod vendors;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use outdial_service::{Running, Service, Setup, Stopped};
use outdial_store::SqliteStore;
use outdial_telephony::sip::{SipConnector, SipSettings};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Configuration;
use crate::log::start_log;

pub(crate) use probe::{check_database, check_trunks};
pub(crate) use signals::Signals;
pub(crate) use vendors::Vendors;

/// Open files that a busy server needs: two legs a call, a socket each, and room.
const FILES_WANTED: u64 = 16_384;

/// The runtime that everything asynchronous runs on.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("outdial")
        .build()
        .map_err(|error| format!("the system gives no threads: {error}"))
}

/// Every leg has a media socket: as many files as the system lets a process open are asked for.
fn raise_file_limit() {
    match rlimit::increase_nofile_limit(FILES_WANTED) {
        Ok(files) if files < FILES_WANTED => {
            tracing::warn!(
                files,
                wanted = FILES_WANTED,
                "few open files are allowed; each leg of a call takes one (ulimit -n)"
            );
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the limit of open files cannot be raised"),
    }
}

/// A server that is put together and runs.
pub(crate) struct Server {
    /// Its use cases.
    pub(crate) service: Service,
    /// Where its API listens.
    pub(crate) address: SocketAddr,
    /// Where it speaks SIP.
    pub(crate) sip_address: SocketAddr,
    running: Running,
    api: JoinHandle<std::io::Result<()>>,
    stop_api: CancellationToken,
}

impl Server {
    /// Puts a server together from its parts and starts it.
    pub(crate) async fn start(
        database: &Path,
        sip: SipSettings,
        listen: SocketAddr,
        setup: Setup,
        vendors: &Vendors,
    ) -> Result<Self, String> {
        raise_file_limit();
        let listener = TcpListener::bind(listen).await.map_err(|error| {
            format!("{listen}: {error}; give another address, port 0 takes any free port")
        })?;
        let address = listener
            .local_addr()
            .map_err(|error| format!("{listen}: {error}"))?;
        let ran_before = database.exists();
        let store = SqliteStore::open(database).map_err(|error| error.to_string())?;
        let (connector, events) = SipConnector::start(sip)
            .await
            .map_err(|error| error.to_string())?;
        let sip_address = connector.listen_address();
        let running = Running::start(setup, Arc::new(store), Arc::new(connector), events)
            .await
            .map_err(|error| error.to_string())?;
        let stop_api = CancellationToken::new();
        let options = outdial_api::Options {
            render_metrics: figures::start(stop_api.clone()),
            shutdown: stop_api.clone(),
        };
        let router = outdial_api::router(running.service.clone(), options)
            .fallback_service(vendors::router(&running.service, vendors, ran_before));
        let api = tokio::spawn(outdial_api::serve(listener, router, stop_api.clone()));
        let service = running.service.clone();
        Ok(Self {
            service,
            address,
            sip_address,
            running,
            api,
            stop_api,
        })
    }

    /// Waits until a part of it ends by itself, which is a fault; says which.
    async fn failed(&mut self) -> String {
        tokio::select! {
            fault = self.running.failed() => format!("the server has failed: {fault}"),
            end = &mut self.api => format!("the API has ended: {end:?}"),
        }
    }

    /// Stops it: no new calls, live ones finish within `patience`. Says what could not be done.
    pub(crate) async fn stop(self, patience: Duration) -> Stopped {
        let stopped = self.running.stop(patience).await;
        self.stop_api.cancel();
        match self.api.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the API did not end well"),
            Err(error) => tracing::error!(%error, "the API did not end well"),
        }
        stopped
    }
}

/// Runs the server until it is told to stop.
pub(crate) async fn serve(
    configuration: Configuration,
    stop_limit: Duration,
) -> Result<(), String> {
    start_log("info");
    // Asked for before anything starts, so that no signal is missed.
    let mut signals = Signals::listen()?;
    let mut server = Server::start(
        &configuration.database.path,
        sip_settings(&configuration),
        configuration.server.listen,
        configuration.setup,
        &configuration.vendors,
    )
    .await?;
    println!(
        "listening on http://{} (API) and {} (SIP)",
        server.address, server.sip_address
    );
    tokio::select! {
        () = signals.next() => {}
        // Whoever watches over the process starts it again, and the calls that were up are ended.
        fault = server.failed() => return Err(fault),
    }
    tracing::info!(
        limit_s = stop_limit.as_secs(),
        "stopping: no new calls, live ones finish; a second signal ends at once"
    );
    tokio::select! {
        stopped = server.stop(stop_limit) => {
            if stopped.calls_cut > 0 {
                tracing::warn!(calls = stopped.calls_cut, "calls were cut short");
            }
            if stopped.changes_lost > 0 {
                return Err(format!(
                    "the database could not take what has happened last: {} changes are lost, {} of them results of calls, which the next start counts as unknown",
                    stopped.changes_lost, stopped.results_lost
                ));
            }
        }
        () = signals.next() => tracing::warn!("ended at once; the next start ends the calls that were up"),
    }
    Ok(())
}

fn sip_settings(configuration: &Configuration) -> SipSettings {
    let mut settings = SipSettings::at(configuration.sip.listen);
    settings.rtp_ports = configuration.sip.rtp_ports.clone();
    settings.external_address = configuration.sip.external_address;
    settings
}
