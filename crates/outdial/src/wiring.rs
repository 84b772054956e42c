//! Where the parts are put together: the only place that names a concrete store and connector.

mod probe;

pub(crate) use probe::{check_database, check_trunks};

use crate::config::Configuration;

/// The runtime that everything asynchronous runs on.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("outdial")
        .build()
        .map_err(|error| format!("the system gives no threads: {error}"))
}

/// Runs the server until it is told to stop.
pub(crate) async fn serve(
    _configuration: Configuration,
    _stop_limit: std::time::Duration,
) -> Result<(), String> {
    Err("the server is not wired yet".to_owned())
}
