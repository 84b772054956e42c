//! The runtime: the one loop that feeds the engines and carries out their orders.
//!
//! Everything that happens comes in here one thing at a time: telephony's events, what the store has
//! committed, what people ask, and time. Each becomes a fact for one tenant's engine, and the orders
//! that come back are carried out before the next thing is looked at. What must be remembered before
//! it may happen (an attempt before its INVITE) goes to the store and comes back as one more thing
//! that happened.

mod appointments;
mod boot;
mod calls;
mod clock;
mod facts;
mod figures;
mod legs;
mod lists;
mod orders;
mod reservations;
mod trunks;
mod views;
mod writes;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use outdial_domain::{AppointmentId, Attempt, AttemptId, CampaignId, TenantId, Timestamp};
use outdial_engine::Engine;
use outdial_engine::input::{AppointmentContact, HaltScope, Input};
use outdial_store::{DueContacts, NewEvent, Store, StoreError};
use outdial_telephony::{
    Call, Connector, DialogIdentity, Event as LineEvent, EventReceiver, LegId,
};
use tokio::sync::{mpsc, oneshot};

use crate::events::Happened;
use crate::herald::Herald;
use crate::registry::Registry;
use clock::Clock;
use legs::Legs;
use orders::Loads;
use trunks::Trunks;
use writes::{AfterWrite, Uncommitted, Writes};

pub(crate) use boot::{boot, is_over, load_campaign};
pub(crate) use trunks::TrunkTest;
pub(crate) use views::reason;
pub(crate) use writes::Write;

/// How often a store that cannot commit is asked whether it can again.
const PROBE_EVERY: Duration = Duration::from_millis(500);

/// How often shares of trunks are divided anew, and figures told.
const UPKEEP_EVERY: Duration = Duration::from_secs(1);

/// Something that is asked of the runtime from outside.
pub(crate) type Ask = Box<dyn FnOnce(&mut Runtime) + Send>;

/// What has come back from the store.
#[expect(
    clippy::large_enum_variant,
    reason = "calls are the common case, and each is moved a few times only"
)]
enum Done {
    /// An attempt, or another leg, has its identity committed (or not) and may be called.
    Planned {
        leg: LegId,
        call: Call,
        identity: Option<DialogIdentity>,
        result: Result<(), StoreError>,
    },
    /// A write that must not be lost.
    Written {
        number: u64,
        write: Write,
        confirm: Option<LegId>,
        result: Result<(), StoreError>,
    },
    /// A newer request for contacts of the same campaign has taken the place of one that waited.
    LoadDropped,
    /// Contacts for an engine's window.
    Loaded {
        wanted: Wanted,
        result: Result<(DueContacts, Vec<u32>), StoreError>,
    },
    /// The contact of an appointment.
    Reserved {
        tenant: TenantId,
        appointment: AppointmentId,
        result: Result<Option<AppointmentContact>, StoreError>,
    },
    /// Whether the store can commit again.
    Probed(Result<(), StoreError>),
}

/// A request of an engine for contacts.
#[derive(Clone, Copy)]
struct Wanted {
    tenant: TenantId,
    campaign: CampaignId,
    /// Its number.
    load: u64,
}

type Work = Pin<Box<dyn Future<Output = Done> + Send>>;

/// A tenant's engine, and what the runtime keeps beside it.
struct TenantRuntime {
    engine: Engine,
    wake_at: Option<Timestamp>,
    /// Attempts under way, as they are told in events.
    live: BTreeMap<AttemptId, Attempt>,
}

/// The loop's state. Use cases reach it through [`Ask`].
pub(crate) struct Runtime {
    clock: Clock,
    store: Arc<dyn Store>,
    connector: Arc<dyn Connector>,
    registry: Arc<Registry>,
    tenants: BTreeMap<TenantId, TenantRuntime>,
    legs: Legs,
    trunks: Trunks,
    writes: Writes,
    loads: Loads,
    events: Vec<NewEvent>,
    facts: VecDeque<(TenantId, Input)>,
    work: FuturesUnordered<Work>,
    /// Campaigns whose list is being replaced: they may not start, nor read it.
    held_lists: BTreeSet<CampaignId>,
    /// Who is told of calls before they go out.
    pub(crate) herald: Option<Arc<dyn Herald>>,
    /// Why the store cannot commit, while it cannot.
    store_fails: Option<String>,
    stopped: bool,
}

impl Runtime {
    /// Runs until it is told to stop.
    pub(crate) async fn run(mut self, mut asks: mpsc::Receiver<Ask>, mut lines: EventReceiver) {
        figures::describe();
        let mut upkeep = tokio::time::interval(UPKEEP_EVERY);
        upkeep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut probe = tokio::time::interval(PROBE_EVERY);
        probe.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.stopped {
            let wake = self.until_wake();
            tokio::select! {
                Some(event) = lines.recv() => self.hear(event),
                Some(done) = self.work.next() => self.came_back(done),
                ask = asks.recv() => match ask {
                    Some(ask) => ask(&mut self),
                    None => self.stopped = true,
                },
                () = tokio::time::sleep(wake) => self.wake(),
                _ = upkeep.tick() => self.keep_up(),
                _ = probe.tick(), if self.store_fails.is_some() => self.probe(),
            }
            self.settle();
        }
    }

    /// The present instant.
    pub(crate) fn now(&mut self) -> Timestamp {
        self.clock.now()
    }

    /// Tells a fact to a tenant's engine; its orders are carried out before the loop goes on.
    pub(crate) fn tell(&mut self, tenant: TenantId, fact: Input) {
        self.facts.push_back((tenant, fact));
    }

    /// Tells a fact to every engine.
    fn tell_all(&mut self, fact: &Input) {
        let tenants: Vec<TenantId> = self.tenants.keys().copied().collect();
        for tenant in tenants {
            self.tell(tenant, fact.clone());
        }
    }

    /// A tenant's engine, to be read or commanded.
    pub(crate) fn engine(&mut self, tenant: TenantId) -> Option<&mut Engine> {
        self.tenants.get_mut(&tenant).map(|t| &mut t.engine)
    }

    /// Works through all facts and the orders that come of them.
    pub(crate) fn settle(&mut self) {
        while let Some((tenant, fact)) = self.facts.pop_front() {
            let now = self.clock.now();
            let Some(runtime) = self.tenants.get_mut(&tenant) else {
                continue;
            };
            runtime.engine.handle(now, fact);
            self.carry_out_orders(tenant);
        }
        if !self.events.is_empty() {
            let events = std::mem::take(&mut self.events);
            self.write(Write::Events(events));
        }
    }

    /// Carries out everything that a tenant's engine has ordered.
    pub(crate) fn carry_out_orders(&mut self, tenant: TenantId) {
        while let Some(order) = self.tenants.get_mut(&tenant).and_then(|t| t.engine.poll()) {
            self.carry_out(tenant, order);
        }
    }

    /// Resolves once everything that has happened so far is committed; to the reason, where the store
    /// cannot.
    pub(crate) fn settled(&mut self) -> oneshot::Receiver<Result<(), String>> {
        self.settle();
        self.writes.settled()
    }

    /// Why the store cannot commit, while it cannot.
    pub(crate) fn store_fails(&self) -> Option<&str> {
        self.store_fails.as_deref()
    }

    /// How many legs are under way.
    pub(crate) fn legs_under_way(&self) -> usize {
        self.legs.iter().count()
    }

    /// Takes no new calls from now on.
    pub(crate) fn stop_dialing(&mut self) {
        let reason = "the server is stopping".to_owned();
        self.tell_all(&Input::Halted {
            scope: HaltScope::Tenant,
            reason,
        });
    }

    /// Ends the loop.
    pub(crate) fn stop(&mut self) {
        self.stopped = true;
    }

    /// What is not committed yet.
    pub(crate) fn uncommitted(&self) -> Uncommitted {
        self.writes.uncommitted()
    }

    /// Calls in progress, over all tenants.
    pub(crate) fn calls_in_progress(&self) -> usize {
        self.tenants.values().map(|t| t.live.len()).sum()
    }

    fn until_wake(&mut self) -> Duration {
        let now = self.clock.now();
        let next = self.tenants.values().filter_map(|t| t.wake_at).min();
        next.map_or(Duration::from_secs(3600), |at| at.since(now))
    }

    fn wake(&mut self) {
        let now = self.clock.now();
        let due: Vec<TenantId> = self
            .tenants
            .iter_mut()
            .filter(|(_, t)| t.wake_at.is_some_and(|at| at <= now))
            .map(|(id, t)| {
                t.wake_at = None;
                *id
            })
            .collect();
        for tenant in due {
            self.tell(tenant, Input::TimeReached);
        }
    }

    fn keep_up(&mut self) {
        self.divide_trunks();
        self.show_figures();
        if self.store.writer_figures().refuses {
            // What someone else has asked of the store has failed: only a probe opens it again.
            self.stop_for_store("it could not commit a change".to_owned());
        }
    }

    /// Hands a change to the store; it is tried until it is committed.
    pub(crate) fn write(&mut self, write: Write) {
        self.write_and_confirm(write, None);
    }

    /// The same; once it has been tried, the answer of this leg is acknowledged.
    fn write_and_confirm(&mut self, write: Write, confirm: Option<LegId>) {
        match self.writes.take(write) {
            Some((number, write)) => self.commit(number, write, confirm),
            // It waits for the store. The callee must not wait for an acknowledgement that long.
            None => self.confirm(confirm),
        }
    }

    fn commit(&mut self, number: u64, write: Write, confirm: Option<LegId>) {
        let store = Arc::clone(&self.store);
        self.work.push(Box::pin(async move {
            let result = write.clone().commit(&store).await;
            Done::Written {
                number,
                write,
                confirm,
                result,
            }
        }));
    }

    fn came_back(&mut self, done: Done) {
        match done {
            Done::Planned {
                leg,
                call,
                identity,
                result,
            } => {
                self.place(leg, call, identity, result);
            }
            Done::Written {
                number,
                write,
                confirm,
                result,
            } => {
                self.confirm(confirm);
                if let AfterWrite::BeganToFail(reason) =
                    self.writes.came_back(number, write, result)
                {
                    self.stop_for_store(reason);
                }
            }
            Done::LoadDropped => {}
            Done::Loaded { wanted, result } => self.loaded(wanted, result),
            Done::Reserved {
                tenant,
                appointment,
                result,
            } => self.appointment_loaded(tenant, appointment, result),
            Done::Probed(Ok(())) => self.resume_after_store(),
            Done::Probed(Err(error)) => tracing::debug!(%error, "the store cannot commit yet"),
        }
    }

    fn confirm(&self, leg: Option<LegId>) {
        if let Some(leg) = leg {
            self.connector
                .send(outdial_telephony::Command::Confirm { leg });
        }
    }

    /// Nothing may be dialed while attempts cannot be committed.
    fn stop_for_store(&mut self, reason: String) {
        if self.store_fails.is_none() {
            tracing::error!(%reason, "the store cannot commit; dialing stops until it can");
            self.writes.begin_to_fail(reason.clone());
            self.tell_all(&Input::StoreFailing {
                reason: Some(reason.clone()),
            });
            self.store_fails = Some(reason);
        }
    }

    fn probe(&mut self) {
        let store = Arc::clone(&self.store);
        self.work
            .push(Box::pin(async move { Done::Probed(store.probe().await) }));
    }

    fn resume_after_store(&mut self) {
        if self.store_fails.is_none() {
            return;
        }
        // While one is still on its way, the next probe looks again.
        let Some(waited) = self.writes.resume() else {
            return;
        };
        self.store_fails = None;
        tracing::info!("the store can commit again; dialing goes on");
        for (number, write) in waited {
            self.commit(number, write, None);
        }
        self.tell_all(&Input::StoreFailing { reason: None });
    }

    /// Notes an event; it is committed with the others of this turn.
    fn note(&mut self, tenant: TenantId, happened: &Happened) {
        let at = self.clock.now();
        self.events.push(happened.recorded(tenant, at));
    }

    fn hear(&mut self, event: LineEvent) {
        match event {
            LineEvent::TrunkHealth {
                trunk, answered, ..
            } => {
                self.tell_all(&Input::TrunkProbed { trunk, answered });
            }
            LineEvent::TrunkRegistration {
                trunk,
                registered,
                status,
                ..
            } => {
                self.trunk_registered(trunk, registered, status);
            }
            LineEvent::Registered { account, .. } => {
                if let Some((tenant, agent)) = self.registry.agent_of_account(&account) {
                    self.tell(tenant, Input::AgentRegistered(agent));
                }
            }
            LineEvent::Unregistered { account, .. } => {
                if let Some((tenant, agent)) = self.registry.agent_of_account(&account) {
                    self.tell(tenant, Input::AgentUnregistered(agent));
                }
            }
            LineEvent::Cleared { legs, left, .. } => {
                tracing::info!(
                    ended = legs.len(),
                    left,
                    "calls of the server's last run are ended"
                );
                if !legs.is_empty() {
                    let legs = legs.into_iter().map(|leg| leg.0).collect();
                    self.write(Write::ForgetDialogs(legs));
                }
            }
            event => self.hear_leg(event),
        }
    }
}
