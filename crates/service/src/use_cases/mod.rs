//! The use cases, one file for each thing that they are about.

mod agents;
mod appointments;
mod aside;
mod attempts;
mod campaigns;
mod contacts;
mod do_not_call;
mod edits;
mod making;
mod notes;
mod once;
mod operations;
mod registry;
mod starting;
mod telling;
mod watching;

pub use agents::Disposition;
pub use appointments::{AppointmentDraft, AppointmentFilter};
pub use attempts::AttemptFilter;
pub use contacts::Import;
pub use do_not_call::{NUMBERS_MAX, NewListing};
pub use edits::{CampaignEdit, REST_EDIT, Wish};
pub use outdial_engine::input::{HaltScope, Suspects};
pub use outdial_store::{AppointmentChange, IfListed, NumbersListed};
pub use registry::NewKey;
pub use starting::{Running, Stopped};
pub use watching::{EventStream, Heard, Readiness};

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use outdial_domain::{Campaign, CampaignId, TenantId};
use outdial_store::{Store, StoreError};
use tokio::sync::{Mutex, Notify, mpsc, oneshot};

use crate::access::{Caller, Right};
use crate::error::ServiceError;
use crate::registry::Registry;
use crate::runtime::{Ask, Runtime};
use crate::views::PageRequest;

/// So long someone who asks waits for the disk.
const STORE_PATIENCE: Duration = Duration::from_secs(5);

/// The server's use cases; cheap to clone.
#[derive(Clone)]
pub struct Service {
    core: Arc<Core>,
}

struct Core {
    asks: mpsc::Sender<Ask>,
    store: Arc<dyn Store>,
    registry: Arc<Registry>,
    /// By tenant: held from reading a campaign to telling the engine of its edit.
    edits: StdMutex<BTreeMap<TenantId, Arc<Mutex<()>>>>,
    /// Told when an edit for later was stored.
    planned: Notify,
    /// Held from committing a change of the do-not-call list to telling the engine.
    do_not_call: Mutex<()>,
    /// Held from committing a change of an appointment to telling the engine.
    appointments: Mutex<()>,
}

impl Service {
    fn store(&self) -> &Arc<dyn Store> {
        &self.core.store
    }

    /// Does something in the loop, between two facts, and answers what came of it.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Runtime) -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        let (sender, answer) = oneshot::channel();
        let ask: Ask = Box::new(move |runtime| {
            // Whoever asked may have gone away.
            let _ = sender.send(question(runtime));
        });
        self.core
            .asks
            .send(ask)
            .await
            .map_err(|_| ServiceError::Stopping)?;
        answer.await.map_err(|_| ServiceError::Stopping)
    }

    /// Waits until everything that has happened so far is committed.
    ///
    /// # Errors
    /// [`ServiceError::Store`] when the store cannot commit it now, or takes too long.
    async fn settled(&self) -> Result<(), ServiceError> {
        let settled = self.ask(Runtime::settled).await?;
        match tokio::time::timeout(STORE_PATIENCE, settled).await {
            Ok(Ok(settled)) => settled.map_err(ServiceError::Store),
            Ok(Err(_)) => Err(ServiceError::Stopping),
            Err(_) => Err(ServiceError::Store("it takes too long".to_owned())),
        }
    }

    /// Waits until what has been done is committed.
    ///
    /// # Errors
    /// [`ServiceError::Unstored`] when the store cannot commit it now: it is done all the same.
    async fn stored(&self) -> Result<(), ServiceError> {
        self.settled().await.map_err(|error| match error {
            ServiceError::Store(reason) => ServiceError::Unstored(reason),
            other => other,
        })
    }

    /// A campaign of the caller's tenant.
    async fn own_campaign(
        &self,
        caller: &Caller,
        right: Right,
        id: CampaignId,
    ) -> Result<Campaign, ServiceError> {
        caller.needs(right)?;
        match self.store().campaign(id).await? {
            Some(campaign) if campaign.tenant == caller.tenant => Ok(campaign),
            _ => Err(ServiceError::CampaignNotFound(id)),
        }
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Service")
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { what, id } => Self::NotFound { what, id },
            StoreError::Conflict { .. } => Self::Conflict(error.to_string()),
            StoreError::Stale { current } => Self::Edited(current),
            StoreError::Moved => Self::Conflict(error.to_string()),
            StoreError::Full | StoreError::Unavailable(_) | StoreError::Unreadable(_) => {
                Self::Store(error.to_string())
            }
        }
    }
}

/// Items of a page that was asked for: 100 unless said, 1,000 at most.
fn page_limit(page: &PageRequest) -> usize {
    page.limit.unwrap_or(100).clamp(1, 1000) as usize
}

/// The number that a cursor of ours stands for.
fn cursor_number(page: &PageRequest) -> Result<Option<u64>, ServiceError> {
    page.cursor
        .as_deref()
        .map(|cursor| {
            cursor.parse().map_err(|_| {
                ServiceError::field(
                    "cursor",
                    "is not a next_cursor of this list; leave it out to begin anew",
                )
            })
        })
        .transpose()
}
