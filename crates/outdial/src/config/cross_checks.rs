//! Checks of what refers to something else, and of what must be there only once.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use outdial_domain::{PhoneAddress, Trunk};

use super::Parts;
use super::convert::with_defaults;
use super::place::{At, Found};
use super::problem::{Fault, Report};
use super::suggest;
use super::tenant::TenantEntry;

/// Checks the parts against each other.
pub(super) fn check(parts: &Parts, report: &Report) {
    ports(parts, report);
    trunks(parts, report);
    let names = parts
        .tenants
        .iter()
        .filter_map(|tenant| tenant.name.as_ref());
    unique(
        names.map(|found| (found.value.clone(), &found.at)),
        "tenant",
        report,
    );
    for tenant in &parts.tenants {
        ids(tenant, report);
        references(tenant, report);
        caller_ids(tenant, &parts.trunks, report);
    }
    secrets(parts, report);
    registering_agents(parts, report);
    vendors(&parts.tenants, report);
}

/// Reports every key that stands twice, at its second place.
fn unique<'a, K: Ord + std::fmt::Display>(
    items: impl IntoIterator<Item = (K, &'a At)>,
    what: &str,
    report: &Report,
) {
    let mut first: BTreeMap<K, &At> = BTreeMap::new();
    for (key, at) in items {
        match first.get(&key) {
            Some(earlier) => {
                let problem = format!("the {what} `{key}` is already at {}", earlier.place);
                report.error(
                    at,
                    Fault::new(problem, "give each its own, or take one out"),
                );
            }
            None => {
                first.insert(key, at);
            }
        }
    }
}

fn ports(parts: &Parts, report: &Report) {
    let (http, sip) = (parts.server.listen, parts.sip.listen);
    let same_ip = http.ip() == sip.ip() || http.ip().is_unspecified() || sip.ip().is_unspecified();
    if http.port() != 0 && http.port() == sip.port() && same_ip {
        let problem = format!("HTTP and SIP both listen on {sip} by TCP");
        report.error(
            &parts.sip_listen_at,
            Fault::new(problem, "give each its own port"),
        );
    }
    if parts.tenants.is_empty() && !report.has_errors() {
        let fault = Fault::new(
            "there is no tenant, so nobody can make a campaign",
            "add a [[tenant]]",
        );
        report.warning(&parts.file, fault);
    }
    if parts.trunks.is_empty() && !report.has_errors() {
        let fault = Fault::new(
            "there is no trunk, so nothing can be dialed",
            "add a [[trunk]]",
        );
        report.warning(&parts.file, fault);
    }
    let calls: u64 = parts
        .tenants
        .iter()
        .map(|tenant| u64::from(tenant.max_calls))
        .sum();
    let range = &parts.sip.rtp_ports;
    let even_ports = u64::from(range.end() - range.start()).div_ceil(2);
    // Each call has a leg to the callee and one to the agent.
    if *range.end() != 0 && calls * 2 > even_ports {
        let problem = format!(
            "{even_ports} calls' legs fit in, and the tenants may have {calls} calls with two legs each"
        );
        let remedy = "widen the range, or lower the tenants' max_calls";
        report.warning(&parts.rtp_ports_at, Fault::new(problem, remedy));
    }
}

fn trunks(parts: &Parts, report: &Report) {
    let names = parts
        .trunks
        .iter()
        .map(|found| (found.value.name.to_string(), &found.at));
    unique(names, "trunk", report);
    for Found { value: trunk, at } in &parts.trunks {
        if is_own_address(&trunk.uri, parts.sip.listen) {
            let at = At {
                place: at.place.clone(),
                key: at.key.key("uri"),
            };
            let fault = Fault::new(
                format!("{} is this server's own SIP address", trunk.uri),
                "name the carrier's address, or listen on another port",
            );
            report.error(&at, fault);
        }
    }
}

fn is_own_address(uri: &str, listen: SocketAddr) -> bool {
    let address = uri
        .trim_start_matches("sip:")
        .split(';')
        .next()
        .unwrap_or_default();
    let host = address.rsplit('@').next().unwrap_or_default();
    let target = host
        .parse::<SocketAddr>()
        .or_else(|_| host.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 5060)));
    listen.port() != 0 && target == Ok(listen)
}

fn ids(tenant: &TenantEntry, report: &Report) {
    let text = |id: &dyn std::fmt::Display| id.to_string();
    unique(
        tenant.keys.iter().map(|k| (k.value.name.clone(), &k.at)),
        "key",
        report,
    );
    let numbers = tenant
        .caller_ids
        .iter()
        .map(|c| (c.caller_id.value.number, &c.caller_id.at));
    unique(
        numbers.map(|(number, at)| (number.text(), at)),
        "caller ID",
        report,
    );
    let groups = tenant.skill_groups.iter().flat_map(|Found { value, at }| {
        let aliases = value.aliases.iter().cloned();
        std::iter::once(text(&value.id))
            .chain(aliases)
            .map(move |name| (name, at))
    });
    unique(groups, "skill group", report);
    let flows = tenant.flows.iter().flat_map(|Found { value, at }| {
        let aliases = value.aliases.iter().cloned();
        std::iter::once(text(&value.id))
            .chain(aliases)
            .map(move |name| (name, at))
    });
    unique(flows, "flow", report);
    let groups = tenant
        .number_groups
        .iter()
        .map(|g| (text(&g.group.value.id), &g.group.at));
    unique(groups, "number group", report);
    let agents = || tenant.agents.iter().map(|entry| &entry.agent);
    unique(
        agents().map(|found| (text(&found.value.id), &found.at)),
        "agent",
        report,
    );
    // An id that stands twice is told once; its derived names would only repeat it.
    let name = tenant.name.as_ref().map_or("", |found| &found.value);
    let mut distinct: BTreeMap<_, _> = BTreeMap::new();
    for found in agents() {
        let full = with_defaults(found.value.clone(), name);
        distinct.entry(full.id).or_insert((full, &found.at));
    }
    let distinct: Vec<_> = distinct.into_values().collect();
    let named = |pick: fn(&outdial_domain::Agent) -> &Option<String>| {
        distinct
            .iter()
            .filter_map(move |(agent, at)| Some((pick(agent).clone()?, *at)))
    };
    unique(named(|agent| &agent.email), "agent's email", report);
    unique(named(|agent| &agent.account), "agent's account", report);
    unique(
        named(|agent| &agent.staff_number),
        "agent's staff number",
        report,
    );
}

fn references(tenant: &TenantEntry, report: &Report) {
    let groups: Vec<String> = tenant
        .skill_groups
        .iter()
        .map(|g| g.value.id.to_string())
        .collect();
    for agent in &tenant.agents {
        for Found { value, at } in &agent.skill_groups {
            known(
                &value.to_string(),
                &groups,
                "skill group",
                "[[tenant.skill_group]]",
                at,
                report,
            );
        }
        if agent.skill_groups.is_empty() {
            let fault = Fault::new(
                "is in no skill group, so no call can reach this agent",
                "add skill_groups = [ID]",
            );
            report.warning(&agent.agent.at, fault);
        }
    }
    let agents: Vec<String> = tenant
        .agents
        .iter()
        .map(|a| a.agent.value.id.to_string())
        .collect();
    for key in &tenant.keys {
        if let Some(Found { value, at }) = &key.value.agent {
            known(
                &value.to_string(),
                &agents,
                "agent",
                "[[tenant.agent]]",
                at,
                report,
            );
        }
    }
    for Found { value, at } in tenant
        .number_groups
        .iter()
        .flat_map(|group| &group.caller_ids)
    {
        let exists = tenant
            .caller_ids
            .iter()
            .any(|c| c.caller_id.value.number == *value);
        if !exists {
            let fault = Fault::new(
                "this number is not among the tenant's caller IDs",
                "add it to the tenant's caller_ids, or take it out here",
            );
            report.error(at, fault);
        }
    }
}

fn known(name: &str, all: &[String], what: &str, table: &str, at: &At, report: &Report) {
    if all.iter().any(|known| known == name) {
        return;
    }
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let remedy = match all.is_empty() {
        true => format!("add it as {table}"),
        false => format!("add it as {table}; {}", suggest::remedy(name, &all)),
    };
    report.error(
        at,
        Fault::new(format!("there is no {what} `{name}`"), remedy),
    );
}

fn caller_ids(tenant: &TenantEntry, trunks: &[Found<Trunk>], report: &Report) {
    let names: Vec<String> = trunks.iter().map(|t| t.value.name.to_string()).collect();
    for entry in &tenant.caller_ids {
        let Found {
            value: caller_id,
            at,
        } = &entry.caller_id;
        let Some(named) = &entry.trunk else {
            if !trunks.is_empty() && !trunks.iter().any(|t| t.value.carries(caller_id.number)) {
                let fault = Fault::new(
                    "no trunk carries this number: each one owns other numbers only",
                    "add it to caller_ids of a [[trunk]]",
                );
                report.warning(at, fault);
            }
            continue;
        };
        match trunks.iter().find(|trunk| trunk.value.name == named.value) {
            None => {
                known(
                    named.value.as_str(),
                    &names,
                    "trunk",
                    "[[trunk]]",
                    &named.at,
                    report,
                );
            }
            Some(trunk) if !trunk.value.carries(caller_id.number) => {
                let fault = Fault::new(
                    format!("the trunk `{}` owns other numbers only", named.value),
                    "add the number to the trunk's caller_ids, or name another trunk",
                );
                report.error(&named.at, fault);
            }
            Some(_) => {}
        }
    }
}

/// A bearer key must lead to one owner.
fn secrets(parts: &Parts, report: &Report) {
    let admin = parts.server.admin_key.as_ref();
    let mut seen: Vec<([u8; 32], String)> = admin
        .map(|secret| (secret.sha256(), "the admin key".to_owned()))
        .into_iter()
        .collect();
    for key in parts.tenants.iter().flat_map(|tenant| &tenant.keys) {
        let Found { value: secret, at } = &key.value.secret;
        let hash = secret.sha256();
        match seen.iter().find(|(other, _)| *other == hash) {
            Some((_, whose)) => {
                let problem = format!("is also the secret of {whose}");
                report.error(at, Fault::new(problem, "give each key a secret of its own"));
            }
            None => seen.push((
                hash,
                format!("the key `{}` at {}", key.value.name, key.at.place),
            )),
        }
    }
}

/// A phone registers as its agent's id with one registrar for all tenants.
fn registering_agents(parts: &Parts, report: &Report) {
    let mut first: BTreeMap<String, (usize, &At)> = BTreeMap::new();
    for (index, tenant) in parts.tenants.iter().enumerate() {
        for entry in &tenant.agents {
            let Found { value: agent, at } = &entry.agent;
            if !matches!(agent.phone, PhoneAddress::Registers { .. }) {
                continue;
            }
            let (owner, earlier) = *first.entry(agent.id.to_string()).or_insert((index, at));
            if owner != index {
                let problem = format!(
                    "the phone of `{}` registers under a name that another tenant's agent has at {}",
                    agent.id, earlier.place
                );
                let remedy = "give agents whose phones register ids that are unique on the server";
                report.error(at, Fault::new(problem, remedy));
            }
        }
    }
}

/// A vendor's request must lead to one tenant.
fn vendors(tenants: &[TenantEntry], report: &Report) {
    let mut identities: Vec<(String, &At)> = Vec::new();
    let mut keys: Vec<(String, &At)> = Vec::new();
    for tenant in tenants {
        let vendors = &tenant.vendors;
        for (vendor, at) in &tenant.vendors_at {
            let (identity, access_keys) = match *vendor {
                "tencent" => vendors
                    .tencent
                    .as_ref()
                    .map(|v| (v.sdk_app_id.to_string(), &v.keys[..])),
                "alibaba" => vendors
                    .alibaba
                    .as_ref()
                    .map(|v| (v.instance_id.clone(), &v.keys[..])),
                "huawei" => vendors
                    .huawei
                    .as_ref()
                    .map(|v| (v.vdn_id.to_string(), &v.keys[..])),
                _ => vendors.dezhu.as_ref().map(|v| (v.app_id.clone(), &[][..])),
            }
            .unzip();
            identities.extend(identity.map(|identity| (format!("{vendor} {identity}"), at)));
            for key in access_keys.unwrap_or_default() {
                keys.push((format!("{vendor} {}", key.id), at));
            }
        }
    }
    unique(identities, "vendor identity", report);
    unique(keys, "access key id", report);
}
