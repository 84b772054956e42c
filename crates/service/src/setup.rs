//! What a configuration gives the server: tenants and what belongs to them.

use outdial_domain::{
    Agent, AgentId, CallerId, ComplianceProfile, Country, Flow, NumberGroup, SkillGroup, Trunk,
};
use serde::{Deserialize, Serialize};

use crate::access::Role;

/// Everything that the server is set up with at its start. Things in it are created or updated; what
/// the REST API made stays.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Trunks, in the order of the configuration.
    pub trunks: Vec<Trunk>,
    /// Tenants.
    pub tenants: Vec<TenantSetup>,
    /// SHA-256 of the key with every right.
    pub admin_key: Option<[u8; 32]>,
}

/// A tenant with everything that its configuration names.
#[derive(Clone, Debug)]
pub struct TenantSetup {
    /// Its name.
    pub name: String,
    /// IANA zone of its wall clock.
    pub time_zone: String,
    /// The country by whose rules numbers are read.
    pub default_country: Country,
    /// The law its calls are under.
    pub compliance: ComplianceProfile,
    /// Most calls at once.
    pub max_calls: u32,
    /// Numbers that may be shown.
    pub caller_ids: Vec<CallerId>,
    /// Groups of agents.
    pub skill_groups: Vec<SkillGroup>,
    /// Agents.
    pub agents: Vec<Agent>,
    /// IVRs and voice bots.
    pub flows: Vec<Flow>,
    /// Named groups of caller IDs.
    pub number_groups: Vec<NumberGroup>,
    /// Keys of the REST API.
    pub keys: Vec<KeySetup>,
}

/// A key of the REST API; its secret is known by its SHA-256 only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySetup {
    /// Its name: the author of what it changes.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The agent that it is, for role agent.
    pub agent: Option<AgentId>,
    /// SHA-256 of its secret.
    pub secret_sha256: [u8; 32],
}
