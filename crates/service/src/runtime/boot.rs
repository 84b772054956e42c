//! The start: what is set up and what the last run left become a running loop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use outdial_domain::{
    AbandonmentWindow, AttemptId, BreakTime, Calendar, CallerId, Campaign, CampaignState, Outcome,
    Permit, PhoneNumber, TenantId, Timestamp, Trunk, WishedState,
};
use outdial_engine::input::{
    AgentRules, HaltScope, Input, Ledger, LoadedCampaign, TenantRules, TrunkRules,
};
use outdial_engine::{Engine, EngineConfig};
use outdial_store::{CampaignQuery, Dialog, DialogOwner, Store, StoreError};
use outdial_telephony::{Command, Connector, StoredDialog};

use super::clock::Clock;
use super::legs::Legs;
use super::orders::Loads;
use super::trunks::Trunks;
use super::writes::Writes;
use super::{Runtime, TenantRuntime, calls, orders};
use crate::registry::{Registry, TenantEntry};

/// The store counts abandonments by the quarter of an hour.
const LEDGER_SLOT: Duration = Duration::from_secs(900);
/// A rolling window is loaded in at most so many parts.
const LEDGER_PARTS: u32 = 60;

/// Makes the loop ready to run: ends what the last run left under way, and gives each engine what
/// the store knows.
///
/// # Errors
/// [`StoreError`] when the store cannot be read or written.
pub(crate) async fn boot(
    store: Arc<dyn Store>,
    connector: Arc<dyn Connector>,
    registry: Arc<Registry>,
) -> Result<Runtime, StoreError> {
    let mut clock = Clock::new();
    let now = clock.now();
    connector.send(Command::Trunks(registry.trunks()));
    connector.send(Command::Accounts(registry.accounts()));
    let orphans = adopt_orphans(&store).await?;
    let cut_off = end_open_attempts(&store, now).await?;
    let mut runtime = Runtime {
        clock,
        store,
        connector,
        registry,
        tenants: BTreeMap::new(),
        legs: Legs::after(orphans.iter().map(|left| left.leg)),
        trunks: Trunks::default(),
        writes: Writes::default(),
        loads: Loads::default(),
        events: Vec::new(),
        facts: std::collections::VecDeque::new(),
        work: futures_util::stream::FuturesUnordered::new(),
        held_lists: Default::default(),
        herald: None,
        store_fails: None,
        stopped: false,
    };
    runtime.connector.send(Command::Clear(orphans));
    for entry in runtime.registry.tenants() {
        let own = cut_off.iter().filter(|cut| cut.tenant == entry.tenant.id);
        let rests = own.map(CutOff::number_rests).collect();
        runtime.boot_tenant(&entry, rests).await?;
    }
    runtime.divide_trunks();
    runtime.settle();
    Ok(runtime)
}

impl Runtime {
    async fn boot_tenant(
        &mut self,
        entry: &TenantEntry,
        rests: Vec<Input>,
    ) -> Result<(), StoreError> {
        let tenant = entry.tenant.id;
        let last = self.store.last_attempt(tenant).await?;
        let engine = Engine::new(EngineConfig {
            tenant,
            seed: u64::from(tenant.number()),
            next_attempt: AttemptId::new(last.map_or(1, |id| id.number() + 1)),
        });
        self.tenants.insert(
            tenant,
            TenantRuntime {
                engine,
                wake_at: None,
                live: BTreeMap::new(),
            },
        );
        for fact in facts_of_setup(entry, &self.registry.trunks()) {
            self.tell(tenant, fact);
        }
        for fact in rests {
            self.tell(tenant, fact);
        }
        for fact in self.caller_ids_used(entry).await? {
            self.tell(tenant, fact);
        }
        for fact in self.facts_of_past(tenant).await? {
            self.tell(tenant, fact);
        }
        self.settle();
        Ok(())
    }

    /// What the last run has used up of limits by the hour and by the day.
    async fn caller_ids_used(&mut self, entry: &TenantEntry) -> Result<Vec<Input>, StoreError> {
        let is_limited =
            |caller_id: &CallerId| caller_id.per_hour.is_some() || caller_id.per_day.is_some();
        if !entry.caller_ids.iter().any(is_limited) {
            return Ok(Vec::new());
        }
        let now = self.now();
        // An engine that cannot read the time zone ends its day a day from now.
        let midnight = Calendar::always(&entry.tenant.time_zone)
            .map_or(now, |calendar| calendar.local_day(now).0);
        let hour_ago = now - std::time::Duration::from_secs(3600);
        let calls = self
            .store
            .caller_id_calls(entry.tenant.id, midnight, hour_ago)
            .await?;
        let used = calls.into_iter().map(|calls| Input::CallerIdUsed {
            caller_id: calls.caller_id,
            last_hour: calls.last_hour,
            today: calls.today,
        });
        Ok(used.collect())
    }

    /// Halts, breakers, campaigns and wishes, in the order in which an engine should hear them:
    /// what holds dialing back first.
    async fn facts_of_past(&mut self, tenant: TenantId) -> Result<Vec<Input>, StoreError> {
        let mut facts = Vec::new();
        for halt in self
            .store
            .halts()
            .await?
            .into_iter()
            .filter(|h| h.tenant == tenant)
        {
            match serde_json::from_str::<HaltScope>(&halt.scope) {
                Ok(scope) => facts.push(Input::Halted {
                    scope,
                    reason: halt.reason,
                }),
                Err(error) => tracing::error!(%error, "a stored halt cannot be read"),
            }
        }
        for breaker in self
            .store
            .breakers()
            .await?
            .into_iter()
            .filter(|b| b.tenant == tenant)
        {
            match serde_json::from_str(&breaker.data) {
                Ok(state) => facts.push(Input::BreakerSet(state)),
                Err(error) => tracing::error!(%error, "a stored breaker cannot be read"),
            }
        }
        let now = self.now();
        // What a crash kept from returning after its number had left the do-not-call list.
        self.store.return_contacts(tenant, now).await?;
        let mut after = None;
        loop {
            let states = vec!["draft", "scheduled", "running", "paused"];
            let query = CampaignQuery {
                tenant: Some(tenant),
                states,
                after,
                ..CampaignQuery::default()
            };
            let page = self.store.campaigns(query).await?;
            for campaign in page.items {
                facts.push(Input::CampaignLoaded(Box::new(
                    load_campaign(&self.store, campaign, now).await?,
                )));
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        for wish in self.store.agent_wishes(tenant).await? {
            if wish.wish != WishedState::Offline {
                facts.push(Input::AgentWished {
                    agent: wish.agent,
                    wish: wish.wish,
                    when: BreakTime::Now,
                    reason: wish.reason,
                });
            }
        }
        Ok(facts)
    }
}

/// A campaign with what its past has left.
pub(crate) async fn load_campaign(
    store: &Arc<dyn Store>,
    campaign: Campaign,
    now: Timestamp,
) -> Result<LoadedCampaign, StoreError> {
    let counts = store.contact_counts(campaign.id).await?;
    Ok(LoadedCampaign {
        open_contacts: counts.open(),
        contacts: counts.total(),
        ledger: load_ledger(store, &campaign, now).await?,
        campaign,
    })
}

/// What was counted in the campaign's present ledger window, in as many parts as a window that rolls
/// forgets it by.
async fn load_ledger(
    store: &Arc<dyn Store>,
    campaign: &Campaign,
    now: Timestamp,
) -> Result<Vec<(Timestamp, Ledger)>, StoreError> {
    let (id, end) = (campaign.id, now + LEDGER_SLOT);
    let mut from = ledger_start(campaign, now);
    let step = match campaign.settings.abandonment_window {
        AbandonmentWindow::Rolling(span) => (span / LEDGER_PARTS).max(LEDGER_SLOT),
        AbandonmentWindow::Day | AbandonmentWindow::Shift => end.since(from).max(LEDGER_SLOT),
    };
    let mut parts = Vec::new();
    while from < end {
        let to = from + step;
        let sum = store.ledger(id, from, to.min(end)).await?;
        if sum.live > 0 || sum.abandoned > 0 {
            let counted = Ledger {
                live: sum.live,
                abandoned: sum.abandoned,
            };
            parts.push((from, counted));
        }
        from = to;
    }
    Ok(parts)
}

/// When the campaign's present ledger window began. A shift that was cut by a restart counts from
/// its day's midnight.
fn ledger_start(campaign: &Campaign, now: Timestamp) -> Timestamp {
    match campaign.settings.abandonment_window {
        AbandonmentWindow::Day | AbandonmentWindow::Shift => {
            campaign.settings.calendar.local_day(now).0
        }
        AbandonmentWindow::Rolling(span) => now - span,
    }
}

fn facts_of_setup(entry: &TenantEntry, trunks: &[Trunk]) -> Vec<Input> {
    let tenant = &entry.tenant;
    let mut facts = vec![
        Input::TenantSet(TenantRules {
            max_calls: tenant.max_calls,
            time_zone: tenant.time_zone.clone(),
            compliance: tenant.compliance.clone(),
        }),
        Input::CallerIdsSet(entry.caller_ids.clone()),
    ];
    for trunk in trunks {
        facts.push(Input::TrunkSet(TrunkRules {
            name: trunk.name,
            caller_ids: trunk.caller_ids.clone(),
            failover_on: trunk.failover_on.clone(),
            weight: trunk.weight,
            cause_map: trunk.cause_map.clone(),
            longest_call: trunk.longest_call,
        }));
        facts.push(Input::PermitSet {
            trunk: trunk.name,
            permit: Permit::default(),
        });
    }
    for agent in entry.agents.values() {
        facts.push(Input::AgentSet(AgentRules {
            id: agent.id,
            skill_groups: agent.skill_groups.clone(),
            connection: agent.connection,
            registers: matches!(agent.phone, outdial_domain::PhoneAddress::Registers { .. }),
        }));
    }
    facts
}

/// Dialogs that the last run left, stored anew as nobody's, so that they are ended even if this run
/// dies before it has done so.
async fn adopt_orphans(store: &Arc<dyn Store>) -> Result<Vec<StoredDialog>, StoreError> {
    let mut orphans = Vec::new();
    let mut never_sent = Vec::new();
    let mut adopted = Vec::new();
    for dialog in store.open_dialogs().await? {
        if dialog.identity.is_empty() {
            never_sent.push(dialog.leg);
            continue;
        }
        let Some(stored) = calls::stored_dialog(&dialog) else {
            tracing::error!(
                leg = dialog.leg,
                "a call of the last run may still be up and cannot be ended: its dialog is written in a way \
                 that this version does not read; it stays in the database"
            );
            continue;
        };
        orphans.push(stored);
        let nobody = DialogOwner::Nobody(dialog.owner.tenant());
        if dialog.owner != nobody {
            let owner = nobody;
            adopted.push(store.store_dialog(Dialog { owner, ..dialog }));
        }
    }
    // All at once, so that they are committed together however slow the disk is.
    try_join_all(adopted).await?;
    if !never_sent.is_empty() {
        store.forget_dialogs(never_sent).await?;
    }
    Ok(orphans)
}

/// A call that the end of the last run has cut off. Its phone may ring until its dialog is ended.
struct CutOff {
    tenant: TenantId,
    number: PhoneNumber,
    rests_until: Timestamp,
}

impl CutOff {
    fn number_rests(&self) -> Input {
        Input::NumberRests {
            number: self.number,
            until: self.rests_until,
        }
    }
}

/// Attempts whose end nobody saw become *unknown*, and their numbers rest.
async fn end_open_attempts(
    store: &Arc<dyn Store>,
    now: Timestamp,
) -> Result<Vec<CutOff>, StoreError> {
    let open = store.open_attempts().await?;
    let count = open.len();
    let mut cut_off = Vec::with_capacity(count);
    let mut ends = Vec::with_capacity(count);
    for stored in open {
        let attempt = stored.attempt;
        let campaign = store.campaign(attempt.campaign).await?;
        let contact = store.contact(attempt.contact).await?;
        let revision = store.revision(attempt.campaign, attempt.revision).await?;
        let (Some(campaign), Some(contact)) = (campaign, contact) else {
            tracing::error!(
                attempt = attempt.id.number(),
                "an attempt without campaign or contact is left as it is"
            );
            continue;
        };
        let settings = revision.map_or(campaign.settings, |revision| revision.settings);
        cut_off.push(CutOff {
            tenant: stored.tenant,
            number: attempt.number,
            rests_until: now + settings.retry.rest_after(Outcome::Unknown),
        });
        let end = outdial_engine::recover(
            attempt,
            contact.history,
            contact.numbers.len(),
            &settings,
            now,
        );
        ends.push(store.end_attempt(orders::end_attempt(stored.tenant, end)));
    }
    // All at once, so that they are committed together however slow the disk is.
    try_join_all(ends).await?;
    if count > 0 {
        tracing::warn!(
            attempts = count,
            "attempts of the last run whose end nobody saw are unknown"
        );
    }
    Ok(cut_off)
}

/// Whether an engine need not know a campaign: only the store does.
pub(crate) fn is_over(state: CampaignState) -> bool {
    matches!(state, CampaignState::Ended(_))
}
