//! Events and health.

use super::Service;
use crate::access::Caller;
use crate::error::ServiceError;
use crate::events::Event;
use crate::views::TrunkView;

/// Events of one tenant (and of the server's trunks), as they happen.
pub struct EventStream {}

impl EventStream {
    /// The next event; `None` when the server stops. Those that were missed since the place asked for
    /// come first.
    pub async fn next(&mut self) -> Option<Event> {
        None
    }
}

/// Whether the server can take requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Readiness {
    /// Why it cannot; empty when it can.
    pub reasons: Vec<String>,
    /// Trunks, for information.
    pub trunks: Vec<TrunkView>,
    /// Agents connected and configured, for information.
    pub agents_connected: u32,
    /// Agents configured.
    pub agents: u32,
}

impl Service {
    /// Events after the one with this id (`None` = from now on).
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn watch(
        &self,
        _caller: &Caller,
        _after: Option<u64>,
    ) -> Result<EventStream, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// Whether the server can take requests.
    pub async fn readiness(&self) -> Readiness {
        Readiness::default()
    }
}
