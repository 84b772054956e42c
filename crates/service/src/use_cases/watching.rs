//! Events and health.

use std::collections::VecDeque;
use std::sync::Arc;

use outdial_store::{EventId, StoreError};
use tokio::sync::watch;

use super::{Core, Service};
use crate::access::{Caller, Right, Role};
use crate::error::ServiceError;
use crate::events::{Event, Happened};
use crate::views::TrunkView;

/// Events that are read from the journal at a time.
const BATCH: usize = 500;

/// Events of one tenant, as they are committed.
pub struct EventStream {
    core: Arc<Core>,
    caller: Caller,
    place: EventId,
    newest: watch::Receiver<EventId>,
    read: VecDeque<Heard>,
    /// For a key that can be taken back: when keys change.
    keys: Option<watch::Receiver<()>>,
}

/// What a listener hears.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// Something that happened.
    Event(Event),
    /// Events after the place that the listener came back to are not kept any more (or were never
    /// there: the place is of another database). What stands must be read anew.
    Gap {
        /// The place that it came back to.
        after: u64,
        /// The events that follow are all after this place.
        resumes_after: u64,
    },
}

impl EventStream {
    /// The place in the journal up to which everything has been heard that stands before what
    /// [`EventStream::next`] has yet to tell: where to come back to.
    pub fn place(&self) -> u64 {
        let next = self.read.iter().find_map(|heard| match heard {
            Heard::Event(event) => Some(event.id.saturating_sub(1)),
            Heard::Gap { .. } => None,
        });
        next.unwrap_or(self.place.0)
    }

    /// What comes next; `None` when the server stops or the listener's key is taken back. What was missed
    /// since the place asked for comes first.
    pub async fn next(&mut self) -> Option<Heard> {
        loop {
            if !self.may_listen() {
                return None;
            }
            if let Some(heard) = self.read.pop_front() {
                return Some(heard);
            }
            let newest = *self.newest.borrow_and_update();
            if newest <= self.place {
                self.changed().await?;
                continue;
            }
            if let Err(error) = self.read_on().await {
                tracing::error!(%error, "events cannot be read");
                return None;
            }
        }
    }

    /// Waits until there are more events, or other keys.
    async fn changed(&mut self) -> Option<()> {
        let newest = self.newest.changed();
        match &mut self.keys {
            None => newest.await.ok(),
            Some(keys) => tokio::select! {
                changed = newest => changed.ok(),
                changed = keys.changed() => changed.ok(),
            },
        }
    }

    fn may_listen(&mut self) -> bool {
        match &mut self.keys {
            Some(keys) if keys.has_changed().unwrap_or(true) => {
                keys.mark_unchanged();
                self.core.registry.has_key_of(&self.caller)
            }
            _ => true,
        }
    }

    async fn read_on(&mut self) -> Result<(), StoreError> {
        let (tenant, after) = (self.caller.tenant, self.place);
        let page = self
            .core
            .store
            .events_after(Some(tenant), after, BATCH)
            .await?;
        if page.gap {
            let first = page.events.first().map_or(page.next, |event| event.id);
            self.read.push_back(Heard::Gap {
                after: after.0,
                resumes_after: first.0.saturating_sub(1),
            });
        }
        self.place = page.next;
        let only = only_agent(&self.caller);
        let events = page.events.into_iter().filter_map(understood);
        let events = events.filter(|event| concerns(&event.happened, only));
        self.read.extend(events.map(Heard::Event));
        Ok(())
    }
}

/// For a key of role agent: only what concerns this agent.
fn only_agent(caller: &Caller) -> Option<outdial_domain::AgentId> {
    caller.agent.filter(|_| caller.role == Role::Agent)
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
    /// Events after the one with this id (`None` = from now on). The stream ends when the caller's key is
    /// taken back.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn watch(
        &self,
        caller: &Caller,
        after: Option<u64>,
    ) -> Result<EventStream, ServiceError> {
        if only_agent(caller).is_none() {
            caller.needs(Right::Read)?;
        }
        let keys = self.core.registry.keys_changed();
        let newest = self.store().newest_event();
        let now = *newest.borrow();
        let wanted = after.map_or(now, EventId);
        // A place that does not exist yet is one of another database.
        let gap = (wanted > now).then_some(Heard::Gap {
            after: wanted.0,
            resumes_after: now.0,
        });
        Ok(EventStream {
            core: Arc::clone(&self.core),
            caller: caller.clone(),
            place: wanted.min(now),
            newest,
            read: gap.into_iter().collect(),
            // The administrator's key is in the configuration only: nobody takes it back.
            keys: self.core.registry.has_key_of(caller).then_some(keys),
        })
    }

    /// Whether the server's loop has ended: what fails now fails for good.
    pub fn is_stopping(&self) -> bool {
        self.core.asks.is_closed()
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
