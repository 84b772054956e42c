//! `[[tenant]]`: the customers of the server, their numbers, groups, agents and keys.

use std::path::Path;

use outdial_domain::{
    CallerId, ComplianceProfile, Country, Flow, FlowId, FlowSource, NumberGroup, NumberGroupId,
    PhoneNumber, SkillGroup, SkillGroupId, TrunkName,
};

use super::agent::{self, AgentEntry};
use super::key::{self, KeyEntry};
use super::number::{country, phone_number};
use super::place::{At, Found};
use super::problem::Fault;
use super::section::{Section, count, integer, name, parsed, text};
use super::sip_uri::sip_uri;
use super::trunk::trunk_name;
use super::vendor::{self, VendorSettings};

/// Calls at once of a tenant that names no limit.
const MAX_CALLS_DEFAULT: u32 = 500;

/// The country of a tenant that names none.
const COUNTRY_DEFAULT: &str = "CN";

/// A tenant as read, each part with its place.
pub(super) struct TenantEntry {
    pub(super) name: Option<Found<String>>,
    pub(super) time_zone: Option<Found<String>>,
    pub(super) default_country: Country,
    pub(super) compliance: ComplianceProfile,
    pub(super) max_calls: u32,
    pub(super) caller_ids: Vec<CallerIdEntry>,
    pub(super) keys: Vec<Found<KeyEntry>>,
    pub(super) skill_groups: Vec<Found<SkillGroup>>,
    pub(super) agents: Vec<AgentEntry>,
    pub(super) flows: Vec<Found<Flow>>,
    pub(super) number_groups: Vec<NumberGroupEntry>,
    pub(super) vendors: VendorSettings,
    /// Where each vendor's section stands.
    pub(super) vendors_at: Vec<(&'static str, At)>,
}

/// A caller ID, and where its trunk is named.
pub(super) struct CallerIdEntry {
    pub(super) caller_id: Found<CallerId>,
    pub(super) trunk: Option<Found<TrunkName>>,
}

/// A number group, and where each of its numbers stands.
pub(super) struct NumberGroupEntry {
    pub(super) group: Found<NumberGroup>,
    pub(super) caller_ids: Vec<Found<PhoneNumber>>,
}

/// Reads a `[[tenant]]`.
pub(super) fn tenant(section: &mut Section<'_>, directory: &Path) -> TenantEntry {
    let default_country = section
        .optional("default_country", parsed(country))
        .map_or_else(country_default, |found| Some(found.value))
        // The constant names a country that the library knows.
        .expect("the default country is one");
    let (vendors, vendors_at) = vendor::vendors(section);
    TenantEntry {
        name: section.required("name", "\"acme\"", tenant_name),
        time_zone: section.required("time_zone", "\"Asia/Shanghai\"", parsed(time_zone)),
        default_country,
        compliance: compliance(section),
        max_calls: section
            .optional("max_calls", count(1..=1_000_000))
            .map_or(MAX_CALLS_DEFAULT, |found| found.value),
        caller_ids: caller_ids(section, default_country),
        keys: section
            .sections("key", key::key)
            .into_iter()
            .flatten()
            .collect(),
        skill_groups: section
            .sections("skill_group", skill_group)
            .into_iter()
            .flatten()
            .collect(),
        agents: section
            .sections("agent", agent::agent)
            .into_iter()
            .flatten()
            .collect(),
        flows: section
            .sections("flow", |section| flow(section, directory))
            .into_iter()
            .flatten()
            .collect(),
        number_groups: section
            .sections("number_group", |section| {
                number_group(section, default_country)
            })
            .into_iter()
            .flatten()
            .collect(),
        vendors,
        vendors_at,
    }
}

/// The country of a tenant that names none.
pub(super) fn country_default() -> Option<Country> {
    Country::new(COUNTRY_DEFAULT).ok()
}

/// A tenant's name goes into a header (`Outdial-Tenant`) and into addresses.
fn tenant_name(value: &super::tree::Value) -> Result<String, Fault> {
    let name = name(value)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
    if name.len() > 63 || !name.chars().all(plain) {
        return Err(Fault::new(
            format!("`{}` cannot be a tenant's name", name.escape_debug()),
            "use up to 63 letters a–z, digits, `-`, `_` and `.`: it goes into HTTP headers",
        ));
    }
    Ok(name)
}

fn time_zone(text: &str) -> Result<String, Fault> {
    match jiff::tz::TimeZone::get(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(Fault::new(
            format!("`{}` is no time zone", text.escape_debug()),
            "give an IANA name, such as \"Asia/Shanghai\" or \"Europe/Berlin\"",
        )),
    }
}

fn compliance(section: &mut Section<'_>) -> ComplianceProfile {
    let profile = section.optional(
        "compliance",
        parsed(|name| {
            ComplianceProfile::named(name).map_err(|message| Fault::from_message(&message))
        }),
    );
    profile.map_or_else(ComplianceProfile::none, |found| found.value)
}

fn caller_ids(section: &mut Section<'_>, country: Country) -> Vec<CallerIdEntry> {
    let short = section
        .list("caller_ids", parsed(|text| phone_number(text, country)))
        .unwrap_or_default();
    let short = short.into_iter().map(|Found { value, at }| CallerIdEntry {
        caller_id: Found {
            value: CallerId::unlimited(value),
            at,
        },
        trunk: None,
    });
    let long = section.sections("caller_id", |section| caller_id(section, country));
    short.chain(long.into_iter().flatten()).collect()
}

fn caller_id(section: &mut Section<'_>, country: Country) -> Option<CallerIdEntry> {
    let limit = |section: &mut Section<'_>, key| {
        section
            .optional(key, count(1..=10_000_000))
            .map(|found| found.value)
    };
    let number = section.required(
        "number",
        "\"075586013388\"",
        parsed(|text| phone_number(text, country)),
    );
    let trunk = section.optional("trunk", parsed(trunk_name));
    let channels = limit(section, "channels");
    let per_hour = limit(section, "per_hour");
    let per_day = limit(section, "per_day");
    let tags = section.list("tags", name).unwrap_or_default();
    let Found { value: number, at } = number?;
    let caller_id = CallerId {
        number,
        trunk: trunk.as_ref().map(|found| found.value),
        channels,
        per_hour,
        per_day,
        tags: tags.into_iter().map(|found| found.value).collect(),
    };
    Some(CallerIdEntry {
        caller_id: Found {
            value: caller_id,
            at,
        },
        trunk,
    })
}

fn skill_group(section: &mut Section<'_>) -> Option<Found<SkillGroup>> {
    let id = section.required("id", "255", integer(0..=i64::MAX));
    let name = section.required("name", "\"sales\"", name);
    let aliases = aliases(section);
    let Found { value: id, at } = id?;
    let group = SkillGroup {
        // The range has no negative numbers.
        id: SkillGroupId::new(id.unsigned_abs()),
        // A group without a name is an error, and known to its agents all the same.
        name: name.map(|found| found.value).unwrap_or_default(),
        aliases,
    };
    Some(Found { value: group, at })
}

fn flow(section: &mut Section<'_>, _directory: &Path) -> Option<Found<Flow>> {
    let id = section.required("id", "4600", integer(0..=i64::MAX));
    let name = section.required("name", "\"welcome\"", name);
    let aliases = aliases(section);
    let uri = section.optional("uri", parsed(sip_uri));
    let file = section.optional("file", text);
    if file.is_some() {
        section.error(
            "file",
            Fault::new(
                "flows in a file of our own are not built yet",
                "run the flow in any IVR or bot with a SIP address, and name it: uri = \"sip:ivr@192.0.2.8\"",
            ),
        );
        return None;
    }
    if !section.has("uri") {
        section.error(
            "uri",
            Fault::new(
                "is missing",
                "add where the IVR or bot is: uri = \"sip:ivr@192.0.2.8\"",
            ),
        );
    }
    let Found { value: id, at } = id?;
    let flow = Flow {
        id: FlowId::new(id.unsigned_abs()),
        name: name?.value,
        source: FlowSource::Sip(uri?.value),
        aliases,
    };
    Some(Found { value: flow, at })
}

fn number_group(section: &mut Section<'_>, country: Country) -> Option<NumberGroupEntry> {
    let id = section.required(
        "id",
        "\"1070678044124225\"",
        parsed(|text| {
            NumberGroupId::new(text).map_err(|error| Fault::from_message(&error.to_string()))
        }),
    );
    if !section.has("caller_ids") {
        section.error(
            "caller_ids",
            Fault::new(
                "is missing",
                "add the group's numbers: caller_ids = [\"075586013388\"]",
            ),
        );
    }
    let caller_ids = section
        .list("caller_ids", parsed(|text| phone_number(text, country)))
        .unwrap_or_default();
    let Found { value: id, at } = id?;
    let group = NumberGroup {
        id,
        caller_ids: caller_ids.iter().map(|found| found.value).collect(),
    };
    Some(NumberGroupEntry {
        group: Found { value: group, at },
        caller_ids,
    })
}

fn aliases(section: &mut Section<'_>) -> Vec<String> {
    let aliases = section.list("aliases", name).unwrap_or_default();
    aliases.into_iter().map(|found| found.value).collect()
}
