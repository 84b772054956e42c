//! What is set up: read by the loop and by use cases, changed rarely and whole.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use outdial_domain::{
    Agent, AgentId, CallerId, Flow, FlowId, NumberGroup, PhoneAddress, PhoneNumber, SkillGroup,
    Tenant, TenantId, Timestamp, Trunk, TrunkName,
};
use outdial_store::Key;
use outdial_telephony::Account;
use tokio::sync::watch;

use crate::access::Caller;

/// A tenant with everything that is set up for it.
#[derive(Clone, Debug)]
pub(crate) struct TenantEntry {
    pub(crate) tenant: Tenant,
    pub(crate) agents: BTreeMap<AgentId, Agent>,
    pub(crate) skill_groups: Vec<SkillGroup>,
    pub(crate) flows: BTreeMap<FlowId, Flow>,
    pub(crate) number_groups: Vec<NumberGroup>,
    pub(crate) caller_ids: Vec<CallerId>,
}

#[derive(Debug, Default)]
struct Inner {
    trunks: Vec<Trunk>,
    tenants: BTreeMap<TenantId, Arc<TenantEntry>>,
    keys: Vec<Key>,
    accounts: BTreeMap<String, (TenantId, AgentId)>,
}

/// Everything that is set up.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    inner: RwLock<Inner>,
    keys_changed: watch::Sender<()>,
    pub(crate) admin_key: Option<[u8; 32]>,
}

impl Registry {
    pub(crate) fn new(
        trunks: Vec<Trunk>,
        tenants: Vec<TenantEntry>,
        keys: Vec<Key>,
        admin_key: Option<[u8; 32]>,
    ) -> Self {
        let mut inner = Inner {
            trunks,
            keys,
            ..Inner::default()
        };
        for entry in tenants {
            let id = entry.tenant.id;
            for agent in entry.agents.values().filter(|a| registers(a)) {
                inner
                    .accounts
                    .insert(account_of(agent).to_owned(), (id, agent.id));
            }
            inner.tenants.insert(id, Arc::new(entry));
        }
        Self {
            inner: RwLock::new(inner),
            keys_changed: watch::Sender::default(),
            admin_key,
        }
    }

    fn read<T>(&self, look: impl FnOnce(&Inner) -> T) -> T {
        look(&self.inner.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn tenants(&self) -> Vec<Arc<TenantEntry>> {
        self.read(|inner| inner.tenants.values().cloned().collect())
    }

    pub(crate) fn tenant(&self, id: TenantId) -> Option<Arc<TenantEntry>> {
        self.read(|inner| inner.tenants.get(&id).cloned())
    }

    pub(crate) fn trunks(&self) -> Vec<Trunk> {
        self.read(|inner| inner.trunks.clone())
    }

    pub(crate) fn trunk(&self, name: TrunkName) -> Option<Trunk> {
        self.read(|inner| inner.trunks.iter().find(|t| t.name == name).cloned())
    }

    pub(crate) fn agent(&self, tenant: TenantId, id: AgentId) -> Option<Agent> {
        self.read(|inner| inner.tenants.get(&tenant)?.agents.get(&id).cloned())
    }

    pub(crate) fn flow(&self, tenant: TenantId, id: FlowId) -> Option<Flow> {
        self.read(|inner| inner.tenants.get(&tenant)?.flows.get(&id).cloned())
    }

    /// A caller ID as the tenant's configuration spells it.
    pub(crate) fn as_configured(&self, tenant: TenantId, caller_id: PhoneNumber) -> PhoneNumber {
        let known = self.read(|inner| {
            let all = &inner.tenants.get(&tenant)?.caller_ids;
            all.iter().map(|own| own.number).find(|&n| n == caller_id)
        });
        known.unwrap_or(caller_id)
    }

    pub(crate) fn agent_of_account(&self, account: &str) -> Option<(TenantId, AgentId)> {
        self.read(|inner| inner.accounts.get(account).copied())
    }

    /// The name under which an agent's phone registers.
    pub(crate) fn account<'a>(&self, agent: &'a Agent) -> &'a str {
        account_of(agent)
    }

    /// Accounts that phones may register with.
    pub(crate) fn accounts(&self) -> Vec<Account> {
        let entries = self.tenants();
        let agents = entries.iter().flat_map(|entry| entry.agents.values());
        agents
            .filter_map(|agent| match &agent.phone {
                PhoneAddress::Registers { password } => Some(Account {
                    name: account_of(agent).to_owned(),
                    password: password.clone(),
                }),
                PhoneAddress::Uri(_) => None,
            })
            .collect()
    }

    pub(crate) fn keys(&self) -> Vec<Key> {
        self.read(|inner| inner.keys.clone())
    }

    pub(crate) fn set_keys(&self, keys: Vec<Key>) {
        self.inner
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .keys = keys;
        self.keys_changed.send_replace(());
    }

    /// Tells when keys are made or taken back.
    pub(crate) fn keys_changed(&self) -> watch::Receiver<()> {
        self.keys_changed.subscribe()
    }

    /// Whether there is a key like the caller's.
    pub(crate) fn has_key_of(&self, caller: &Caller) -> bool {
        self.read(|inner| {
            inner.keys.iter().any(|key| {
                key.tenant == caller.tenant
                    && key.name == caller.name
                    && key.agent == caller.agent
                    && key.role == caller.role.as_str()
            })
        })
    }

    /// Since when calls to a number count for a profile's daily cap; `None` = there is no cap.
    pub(crate) fn day_of_number_cap(&self, tenant: TenantId, now: Timestamp) -> Option<Timestamp> {
        let entry = self.tenant(tenant)?;
        entry.tenant.compliance.calls_per_number_per_day?;
        let calendar = outdial_domain::Calendar::always(&entry.tenant.time_zone).ok()?;
        Some(calendar.local_day(now).0)
    }
}

fn registers(agent: &Agent) -> bool {
    matches!(agent.phone, PhoneAddress::Registers { .. })
}

fn account_of(agent: &Agent) -> &str {
    agent.account.as_deref().unwrap_or(agent.id.as_str())
}
