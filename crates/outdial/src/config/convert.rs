//! From what stands in the file to what the service takes.

use outdial_domain::Agent;
use outdial_service::{KeySetup, Setup, TenantSetup};

use super::key::KeyEntry;
use super::tenant::TenantEntry;
use super::{Configuration, Parts, Problem};

/// The configuration of parts that have been checked.
pub(super) fn configuration(parts: Parts, warnings: Vec<Problem>) -> Configuration {
    let mut vendors = std::collections::BTreeMap::new();
    let mut tenants = Vec::new();
    for entry in parts.tenants {
        let settings = entry.vendors.clone();
        // A tenant without name or zone is an error, and errors never come here.
        if let Some(tenant) = tenant(entry) {
            vendors.insert(tenant.name.clone(), settings);
            tenants.push(tenant);
        }
    }
    Configuration {
        setup: Setup {
            trunks: parts.trunks.into_iter().map(|found| found.value).collect(),
            tenants,
            admin_key: parts.server.admin_key.as_ref().map(super::Secret::sha256),
        },
        server: parts.server,
        database: parts.database,
        sip: parts.sip,
        vendors,
        warnings,
    }
}

fn tenant(entry: TenantEntry) -> Option<TenantSetup> {
    let name = entry.name?.value;
    let agents = entry
        .agents
        .into_iter()
        .map(|agent| with_defaults(agent.agent.value, &name))
        .collect();
    Some(TenantSetup {
        time_zone: entry.time_zone?.value,
        default_country: entry.default_country,
        compliance: entry.compliance,
        max_calls: entry.max_calls,
        caller_ids: entry
            .caller_ids
            .into_iter()
            .map(|c| c.caller_id.value)
            .collect(),
        skill_groups: entry
            .skill_groups
            .into_iter()
            .map(|found| found.value)
            .collect(),
        agents,
        flows: entry.flows.into_iter().map(|found| found.value).collect(),
        number_groups: entry
            .number_groups
            .into_iter()
            .map(|g| g.group.value)
            .collect(),
        keys: entry
            .keys
            .into_iter()
            .map(|found| key(found.value))
            .collect(),
        name,
    })
}

/// The names by which the vendors' APIs may call an agent default to its id.
pub(super) fn with_defaults(agent: Agent, tenant: &str) -> Agent {
    let id = agent.id.to_string();
    Agent {
        email: agent
            .email
            .or_else(|| Some(format!("{id}@{tenant}.invalid"))),
        account: agent.account.or_else(|| Some(id.clone())),
        staff_number: agent.staff_number.or(Some(id)),
        ..agent
    }
}

fn key(entry: KeyEntry) -> KeySetup {
    KeySetup {
        name: entry.name,
        role: entry.role,
        agent: entry.agent.map(|found| found.value),
        secret_sha256: entry.secret.value.sha256(),
    }
}
