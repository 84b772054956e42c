//! Tenants and what is set up for them: groups, agents, numbers, flows, keys; halts and breakers.

use async_trait::async_trait;
use outdial_domain::{
    Agent, AgentId, CallerId, ComplianceProfile, Country, Flow, FlowId, NumberGroup, NumberGroupId,
    PhoneNumber, SkillGroup, SkillGroupId, Tenant, TenantId, Timestamp, TrunkName, WishedState,
};

use crate::{NewEvent, StoreError};

/// A tenant as its configuration gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTenant {
    /// Its name, by which it is known again.
    pub name: String,
    /// IANA zone of its wall clock.
    pub time_zone: String,
    /// The country by whose rules numbers are read.
    pub default_country: Country,
    /// The law its calls are under.
    pub compliance: ComplianceProfile,
    /// Most calls at once, over all its campaigns.
    pub max_calls: u32,
}

/// Who set something up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The configuration file.
    File,
    /// The REST API: it stays, whatever the file says.
    Rest,
}

/// Something that is set up for a tenant; its own id tells whether it is new or replaces one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A skill group.
    SkillGroup(SkillGroup),
    /// An agent.
    Agent(Agent),
    /// A flow.
    Flow(Flow),
    /// A number group.
    NumberGroup(NumberGroup),
    /// A caller ID.
    CallerId(CallerId),
}

/// Names something that is set up for a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemId {
    /// A skill group.
    SkillGroup(SkillGroupId),
    /// An agent.
    Agent(AgentId),
    /// A flow.
    Flow(FlowId),
    /// A number group.
    NumberGroup(NumberGroupId),
    /// A caller ID.
    CallerId(PhoneNumber),
}

impl Item {
    /// Its id.
    pub fn id(&self) -> ItemId {
        match self {
            Self::SkillGroup(group) => ItemId::SkillGroup(group.id),
            Self::Agent(agent) => ItemId::Agent(agent.id),
            Self::Flow(flow) => ItemId::Flow(flow.id),
            Self::NumberGroup(group) => ItemId::NumberGroup(group.id),
            Self::CallerId(caller_id) => ItemId::CallerId(caller_id.number),
        }
    }
}

/// An item, and who set it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredItem<T> {
    /// The item.
    pub item: T,
    /// Who set it up last.
    pub source: Source,
}

/// What an agent wishes to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentWish {
    /// Who.
    pub agent: AgentId,
    /// What.
    pub wish: WishedState,
    /// Why, in the agent's words; may be empty.
    pub reason: String,
}

/// A REST key. Its secret is not stored, only a hash of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Whose.
    pub tenant: TenantId,
    /// Its name, unique within the tenant.
    pub name: String,
    /// Its role, as the API names it.
    pub role: String,
    /// The agent it speaks for, with that role.
    pub agent: Option<AgentId>,
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
    /// Who set it up.
    pub source: Source,
    /// When it was made.
    pub created_at: Timestamp,
}

/// No new call in a scope until released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Halt {
    /// Whose calls.
    pub tenant: TenantId,
    /// Which of them, in the caller's words; one halt each.
    pub scope: String,
    /// Why, in an operator's words.
    pub reason: String,
    /// Since when.
    pub at: Timestamp,
}

/// A breaker that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// Whose calls it stops.
    pub tenant: TenantId,
    /// The trunk.
    pub trunk: TrunkName,
    /// The number shown.
    pub caller_id: PhoneNumber,
    /// What is known of it, in the caller's words.
    pub data: String,
}

/// Tenants and what is set up for them.
#[async_trait]
pub trait Configuration: Send + Sync {
    /// Creates a tenant, or changes the one with this name.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be committed.
    async fn put_tenant(&self, tenant: NewTenant) -> Result<Tenant, StoreError>;

    /// All tenants, by id.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError>;

    /// Creates items of a tenant, or replaces those with the same ids; an agent keeps its wish.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown tenant.
    async fn put_items(
        &self,
        tenant: TenantId,
        source: Source,
        items: Vec<Item>,
    ) -> Result<(), StoreError>;

    /// Removes an item; says whether it was there.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be committed.
    async fn remove_item(&self, tenant: TenantId, item: ItemId) -> Result<bool, StoreError>;

    /// Removes what an earlier configuration file set up and the present one no longer names
    /// (items and keys); returns how many went. What REST made stays.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be committed.
    async fn keep_only(
        &self,
        tenant: TenantId,
        items: Vec<ItemId>,
        keys: Vec<String>,
    ) -> Result<u64, StoreError>;

    /// Skill groups of a tenant, by id.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn skill_groups(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<StoredItem<SkillGroup>>, StoreError>;

    /// Agents of a tenant, by id.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn agents(&self, tenant: TenantId) -> Result<Vec<StoredItem<Agent>>, StoreError>;

    /// Flows of a tenant, by id.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn flows(&self, tenant: TenantId) -> Result<Vec<StoredItem<Flow>>, StoreError>;

    /// Number groups of a tenant, by id.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn number_groups(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<StoredItem<NumberGroup>>, StoreError>;

    /// Caller IDs of a tenant, in the order in which they were set up first.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn caller_ids(&self, tenant: TenantId) -> Result<Vec<StoredItem<CallerId>>, StoreError>;

    /// Stores what an agent wishes to be.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be committed.
    async fn wish_agent(
        &self,
        tenant: TenantId,
        wish: AgentWish,
        events: Vec<NewEvent>,
    ) -> Result<(), StoreError>;

    /// What the agents of a tenant wish to be; who has never wished is not listed.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn agent_wishes(&self, tenant: TenantId) -> Result<Vec<AgentWish>, StoreError>;

    /// Stores a key, or replaces the one with its name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown tenant, [`StoreError::Conflict`] when another key
    /// has the same secret.
    async fn put_key(&self, key: Key) -> Result<(), StoreError>;

    /// Removes a key; says whether it was there.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be committed.
    async fn remove_key(&self, tenant: TenantId, name: &str) -> Result<bool, StoreError>;

    /// All keys of all tenants.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn keys(&self) -> Result<Vec<Key>, StoreError>;

    /// Stores a halt, or replaces the one of its scope.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be committed.
    async fn put_halt(&self, halt: Halt, events: Vec<NewEvent>) -> Result<(), StoreError>;

    /// Ends the halt of a scope; says whether there was one.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be committed.
    async fn remove_halt(
        &self,
        tenant: TenantId,
        scope: &str,
        events: Vec<NewEvent>,
    ) -> Result<bool, StoreError>;

    /// All halts.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn halts(&self) -> Result<Vec<Halt>, StoreError>;

    /// Stores an open breaker, or replaces the one of its trunk and caller ID.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be committed.
    async fn put_breaker(&self, breaker: Breaker, events: Vec<NewEvent>) -> Result<(), StoreError>;

    /// Closes the breakers of a trunk for a tenant; returns how many were open.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be committed.
    async fn remove_breakers(
        &self,
        tenant: TenantId,
        trunk: TrunkName,
        events: Vec<NewEvent>,
    ) -> Result<u64, StoreError>;

    /// All open breakers.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn breakers(&self) -> Result<Vec<Breaker>, StoreError>;
}
