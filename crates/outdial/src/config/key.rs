//! `[[tenant.key]]`: who may use the REST API, as what.

use outdial_domain::AgentId;
use outdial_service::Role;

use super::agent::agent_id;
use super::place::Found;
use super::problem::Fault;
use super::secret::{Secret, secret};
use super::section::{Section, name, one_of, parsed};

/// A key as read.
pub(super) struct KeyEntry {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) agent: Option<Found<AgentId>>,
    pub(super) secret: Found<Secret>,
}

/// Reads a `[[tenant.key]]`.
pub(super) fn key(section: &mut Section<'_>) -> Option<Found<KeyEntry>> {
    const ROLES: [(&str, Role); 5] = [
        ("admin", Role::Admin),
        ("supervisor", Role::Supervisor),
        ("integrator", Role::Integrator),
        ("agent", Role::Agent),
        ("auditor", Role::Auditor),
    ];
    let name = section.required("name", "\"crm\"", name);
    let role = section.required("role", "\"integrator\"", one_of(&ROLES));
    let agent = section.optional("agent", parsed(agent_id));
    let secret = section.required("secret", "\"a long random text\"", secret);
    let is_agent = role
        .as_ref()
        .is_some_and(|found| found.value == Role::Agent);
    if is_agent && !section.has("agent") {
        section.error(
            "agent",
            Fault::new(
                "is missing: a key with the role agent is one agent's",
                "add agent = \"1001\"",
            ),
        );
    }
    if role.is_some() && !is_agent && section.has("agent") {
        section.error(
            "agent",
            Fault::new(
                "is only for the role agent",
                "set role = \"agent\", or take this out",
            ),
        );
    }
    let Found { value: name, at } = name?;
    let entry = KeyEntry {
        name,
        role: role?.value,
        agent,
        secret: secret?,
    };
    Some(Found { value: entry, at })
}
