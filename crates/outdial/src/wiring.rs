//! Where the parts are put together: the only place that names a concrete store and connector.

use outdial_domain::Trunk;

use crate::config::{Configuration, DatabaseSettings};

/// The runtime that everything asynchronous runs on.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("outdial")
        .build()
        .map_err(|error| format!("the system gives no threads: {error}"))
}

/// Opens the database, creating it where it is missing, and says what it found.
pub(crate) async fn check_database(_settings: &DatabaseSettings) -> Result<String, String> {
    Ok("not tested: the store is not wired yet".to_owned())
}

/// Asks a trunk whether it is there (OPTIONS), and says how fast it answered.
pub(crate) async fn check_trunk(
    _configuration: &Configuration,
    _trunk: &Trunk,
) -> Result<String, String> {
    Ok("not tested: telephony is not wired yet".to_owned())
}

/// Runs the server until it is told to stop.
pub(crate) async fn serve(
    _configuration: Configuration,
    _stop_limit: std::time::Duration,
) -> Result<(), String> {
    Err("the server is not wired yet".to_owned())
}
