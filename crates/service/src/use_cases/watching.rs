//! Events and health.

use std::collections::VecDeque;
use std::sync::Arc;

use outdial_domain::TenantId;
use outdial_store::{EventId, Store};
use tokio::sync::watch;

use super::Service;
use crate::access::{Caller, Right, Role};
use crate::error::ServiceError;
use crate::events::{Event, Happened};
use crate::views::TrunkView;

/// Events that are read from the journal at a time.
const BATCH: usize = 500;

/// Events of one tenant, as they are committed.
pub struct EventStream {
    store: Arc<dyn Store>,
    tenant: TenantId,
    /// For a key of role agent: only what concerns this agent.
    agent: Option<outdial_domain::AgentId>,
    place: EventId,
    newest: watch::Receiver<EventId>,
    read: VecDeque<Event>,
}

impl EventStream {
    /// The next event; `None` when the server stops. Those that were missed since the place asked for
    /// come first.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.read.pop_front() {
                return Some(event);
            }
            let newest = *self.newest.borrow_and_update();
            if newest <= self.place {
                self.newest.changed().await.ok()?;
                continue;
            }
            match self
                .store
                .events_after(Some(self.tenant), self.place, BATCH)
                .await
            {
                Ok(page) => {
                    self.place = page.next;
                    let events = page.events.into_iter().filter_map(understood);
                    let agent = self.agent;
                    self.read
                        .extend(events.filter(|event| concerns(&event.happened, agent)));
                }
                Err(error) => {
                    tracing::error!(%error, "events cannot be read");
                    return None;
                }
            }
        }
    }
}

fn understood(event: outdial_store::Event) -> Option<Event> {
    match serde_json::from_str::<Happened>(&event.event.data) {
        Ok(happened) => Some(Event {
            id: event.id.0,
            at: event.event.at,
            tenant: event.event.tenant,
            happened,
        }),
        Err(error) => {
            tracing::warn!(%error, event = event.id.0, "a stored event cannot be read");
            None
        }
    }
}

fn concerns(happened: &Happened, only: Option<outdial_domain::AgentId>) -> bool {
    let Some(agent) = only else { return true };
    match happened {
        Happened::AgentState { agent: of, .. }
        | Happened::OfferMade { agent: of, .. }
        | Happened::OfferEnded { agent: of, .. } => *of == agent,
        Happened::AttemptStarted(attempt)
        | Happened::AttemptAnswered(attempt)
        | Happened::AttemptEnded(attempt) => attempt.agent == Some(agent),
        _ => false,
    }
}

/// Whether the server can take requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Readiness {
    /// Why it cannot; empty when it can.
    pub reasons: Vec<String>,
    /// Trunks, for information.
    pub trunks: Vec<TrunkView>,
    /// Agents connected, for information.
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
        caller: &Caller,
        after: Option<u64>,
    ) -> Result<EventStream, ServiceError> {
        let agent = if caller.role == Role::Agent {
            caller.agent
        } else {
            None
        };
        if agent.is_none() {
            caller.needs(Right::Read)?;
        }
        let newest = self.store().newest_event();
        let place = after.map_or_else(|| *newest.borrow(), EventId);
        Ok(EventStream {
            store: Arc::clone(self.store()),
            tenant: caller.tenant,
            agent,
            place,
            newest,
            read: VecDeque::new(),
        })
    }

    /// Whether the server can take requests.
    pub async fn readiness(&self) -> Readiness {
        let asked = self.ask(|runtime| runtime.readiness()).await;
        asked.unwrap_or_else(|error| Readiness {
            reasons: vec![error.to_string()],
            ..Readiness::default()
        })
    }
}
