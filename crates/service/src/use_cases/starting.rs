//! Starting and stopping the server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use outdial_domain::{Origin, TenantId};
use outdial_store::{Item, Key, NewTenant, Source, Store};
use outdial_telephony::{Connector, EventReceiver};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::{Core, Service};
use crate::access::{Caller, Role};
use crate::error::ServiceError;
use crate::registry::{Registry, TenantEntry};
use crate::runtime::{Runtime, boot};
use crate::setup::{Setup, TenantSetup};

/// Requests that may wait for the loop before those who ask wait too.
const ASKS: usize = 1_024;

/// How often a stopping server looks whether its calls are over.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// So long the store may take to close.
const CLOSES_WITHIN: Duration = Duration::from_secs(10);

/// How a server has stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stopped {
    /// Calls that had to be cut short.
    pub calls_cut: usize,
    /// Changes that the store could not commit: they are lost.
    pub changes_lost: usize,
    /// Outcomes of attempts among them; the next start counts those attempts as unknown.
    pub results_lost: usize,
}

/// A running server: its use cases, and the loop behind them.
pub struct Running {
    /// The use cases.
    pub service: Service,
    connector: Arc<dyn Connector>,
    runtime: JoinHandle<()>,
}

impl Running {
    /// Starts the server: sets up what the configuration names, ends what the last run left, and
    /// runs the loop.
    ///
    /// # Errors
    /// [`ServiceError::Store`] when the store cannot be read or written.
    pub async fn start(
        setup: Setup,
        store: Arc<dyn Store>,
        connector: Arc<dyn Connector>,
        lines: EventReceiver,
    ) -> Result<Self, ServiceError> {
        let admin_key = setup.admin_key;
        for tenant in &setup.tenants {
            set_up(&store, tenant).await?;
        }
        let mut entries = Vec::new();
        for tenant in store.tenants().await? {
            entries.push(read_entry(&store, tenant).await?);
        }
        let keys = store.keys().await?;
        let registry = Arc::new(Registry::new(setup.trunks, entries, keys, admin_key));
        let runtime = boot(
            Arc::clone(&store),
            Arc::clone(&connector),
            Arc::clone(&registry),
        )
        .await?;
        let (asks, asked) = mpsc::channel(ASKS);
        let runtime = tokio::spawn(runtime.run(asked, lines));
        let core = Core {
            asks,
            store,
            registry,
            edits: Default::default(),
            planned: Notify::new(),
            do_not_call: Default::default(),
            appointments: Default::default(),
        };
        let service = Service {
            core: Arc::new(core),
        };
        tokio::spawn(super::telling::tell_stats(service.clone()));
        tokio::spawn(super::appointments::hand_over_appointments(service.clone()));
        tokio::spawn(super::edits::make_due_edits(service.clone()));
        Ok(Self {
            service,
            connector,
            runtime,
        })
    }

    /// Waits until the server ends by itself, which it does only by a fault of its own; says which.
    /// Nothing can be asked of it then, and it is not to be stopped: the next start recovers.
    pub async fn failed(&mut self) -> String {
        match (&mut self.runtime).await {
            Ok(()) => "its loop has ended".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    /// Stops the server: no new calls, live ones finish within `patience`, what has happened is
    /// committed, if the store can. Says what could not be done.
    pub async fn stop(self, patience: Duration) -> Stopped {
        let until = Instant::now() + patience;
        let service = self.service;
        let mut left = 0;
        if service.ask(Runtime::stop_dialing).await.is_ok() {
            loop {
                left = service
                    .ask(|runtime| runtime.calls_in_progress())
                    .await
                    .unwrap_or(0);
                if left == 0 || Instant::now() >= until {
                    break;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        self.connector.shutdown(Duration::from_secs(5)).await;
        // The ends of the last legs come in and are committed before the loop ends.
        let settled_by = Instant::now() + Duration::from_secs(5);
        while Instant::now() < settled_by {
            let over = service
                .ask(|runtime| runtime.legs_under_way() == 0 && runtime.uncommitted().changes == 0);
            if over.await.unwrap_or(true) {
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        // An error means that the loop has ended already.
        let lost = service.ask(|runtime| {
            runtime.stop();
            runtime.uncommitted()
        });
        let lost = lost.await.unwrap_or_default();
        if lost.changes > 0 {
            let attempts: Vec<u64> = lost.attempts.iter().map(|id| id.number()).collect();
            tracing::error!(
                changes = lost.changes,
                ?attempts,
                "the store could not commit what has happened, and it is lost; the next start counts these attempts as unknown"
            );
        }
        if let Err(error) = self.runtime.await {
            tracing::error!(%error, "the loop did not end well");
        }
        match tokio::time::timeout(CLOSES_WITHIN, service.store().close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the store did not close well"),
            Err(_) => tracing::error!("the store did not close in time"),
        }
        Stopped {
            calls_cut: left,
            changes_lost: lost.changes,
            results_lost: lost.attempts.len(),
        }
    }
}

impl Service {
    /// The server itself as a caller in a tenant, with every right: for the demo and for tests.
    pub fn insider(&self, tenant: TenantId) -> Caller {
        Caller {
            tenant,
            name: "outdial".to_owned(),
            role: Role::Admin,
            agent: None,
            origin: Origin::Rest,
        }
    }
}

/// Creates or updates a tenant and everything that its configuration names.
async fn set_up(store: &Arc<dyn Store>, setup: &TenantSetup) -> Result<(), ServiceError> {
    let tenant = store
        .put_tenant(NewTenant {
            name: setup.name.clone(),
            time_zone: setup.time_zone.clone(),
            default_country: setup.default_country,
            compliance: setup.compliance.clone(),
            max_calls: setup.max_calls,
        })
        .await?;
    let items: Vec<Item> = setup
        .skill_groups
        .iter()
        .cloned()
        .map(Item::SkillGroup)
        .chain(setup.agents.iter().cloned().map(Item::Agent))
        .chain(setup.flows.iter().cloned().map(Item::Flow))
        .chain(setup.number_groups.iter().cloned().map(Item::NumberGroup))
        .chain(setup.caller_ids.iter().cloned().map(Item::CallerId))
        .collect();
    let keep = items.iter().map(Item::id).collect();
    let key_names = setup.keys.iter().map(|key| key.name.clone()).collect();
    store.keep_only(tenant.id, keep, key_names).await?;
    store.put_items(tenant.id, Source::File, items).await?;
    for key in &setup.keys {
        store
            .put_key(Key {
                tenant: tenant.id,
                name: key.name.clone(),
                role: key.role.as_str().to_owned(),
                agent: key.agent,
                secret_hash: key.secret_sha256,
                source: Source::File,
                created_at: outdial_domain::Timestamp::from_millis(0),
            })
            .await?;
    }
    Ok(())
}

async fn read_entry(
    store: &Arc<dyn Store>,
    tenant: outdial_domain::Tenant,
) -> Result<TenantEntry, ServiceError> {
    let id = tenant.id;
    let agents = store
        .agents(id)
        .await?
        .into_iter()
        .map(|stored| (stored.item.id, stored.item));
    let flows = store
        .flows(id)
        .await?
        .into_iter()
        .map(|stored| (stored.item.id, stored.item));
    Ok(TenantEntry {
        tenant,
        agents: agents.collect::<BTreeMap<_, _>>(),
        flows: flows.collect(),
        skill_groups: store
            .skill_groups(id)
            .await?
            .into_iter()
            .map(|s| s.item)
            .collect(),
        number_groups: store
            .number_groups(id)
            .await?
            .into_iter()
            .map(|s| s.item)
            .collect(),
        caller_ids: store
            .caller_ids(id)
            .await?
            .into_iter()
            .map(|s| s.item)
            .collect(),
    })
}
