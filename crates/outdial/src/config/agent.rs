//! `[[tenant.agent]]`: people, and where their phones are.

use outdial_domain::{Agent, AgentId, Connection, PhoneAddress, SkillGroupId};

use super::place::Found;
use super::problem::Fault;
use super::secret::secret;
use super::section::{Section, boolean, integer, name, one_of, parsed};
use super::sip_uri::sip_uri;

/// An agent, and where each of its groups is named.
pub(super) struct AgentEntry {
    pub(super) agent: Found<Agent>,
    pub(super) skill_groups: Vec<Found<SkillGroupId>>,
}

/// Reads a `[[tenant.agent]]`.
pub(super) fn agent(section: &mut Section<'_>) -> Option<AgentEntry> {
    const CONNECTIONS: [(&str, Connection); 2] = [
        ("permanent", Connection::Permanent),
        ("per_call", Connection::PerCall),
    ];
    let id = section.required("id", "\"1001\"", parsed(agent_id));
    // An agent's name is for people; without one they see the id.
    let agent_name = section.optional("name", name).map(|found| found.value);
    let skill_groups = section
        .list("skill_groups", |value| {
            // The range has no negative numbers.
            integer(0..=i64::MAX)(value).map(|id| SkillGroupId::new(id.unsigned_abs()))
        })
        .unwrap_or_default();
    let phone = phone(section);
    let connection = section
        .optional("connection", one_of(&CONNECTIONS))
        .map(|found| found.value)
        .unwrap_or_default();
    let email = section.optional("email", name).map(|found| found.value);
    let account = section.optional("account", name).map(|found| found.value);
    let staff_number = section
        .optional("staff_number", name)
        .map(|found| found.value);
    let Found { value: id, at } = id?;
    let agent = Agent {
        id,
        name: agent_name.unwrap_or_else(|| id.to_string()),
        skill_groups: skill_groups.iter().map(|found| found.value).collect(),
        // An agent without a phone is an error, and known to its keys all the same.
        phone: phone.unwrap_or(PhoneAddress::Uri(String::new())),
        connection,
        email,
        account,
        staff_number,
    };
    Some(AgentEntry {
        agent: Found { value: agent, at },
        skill_groups,
    })
}

/// Reads an agent's id, where it is defined and where it is referred to.
pub(super) fn agent_id(text: &str) -> Result<AgentId, Fault> {
    let id = AgentId::new(text).map_err(|error| Fault::from_message(&error.to_string()))?;
    // It is the user part of a SIP address and a part of paths.
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    if text.chars().all(plain) {
        Ok(id)
    } else {
        Err(Fault::new(
            format!("`{}` cannot be an agent's id", text.escape_debug()),
            "use letters a–z, digits and `-_.+`: it goes into SIP addresses",
        ))
    }
}

fn phone(section: &mut Section<'_>) -> Option<PhoneAddress> {
    let uri = section.optional("uri", parsed(sip_uri));
    let registers = section.optional("registers", boolean);
    let password = section.optional("password", secret);
    let wants_to_register = registers.as_ref().is_some_and(|found| found.value);
    if section.has("uri") && wants_to_register {
        section.error(
            "uri",
            Fault::new(
                "a phone that registers says itself where it is",
                "take out uri, or registers = true",
            ),
        );
        return None;
    }
    if wants_to_register {
        if !section.has("password") {
            let fault = Fault::new(
                "is missing for a phone that registers",
                "add password = \"…\", the same as in the phone",
            );
            section.error("password", fault);
        }
        let password = password?.value.text().to_owned();
        return Some(PhoneAddress::Registers { password });
    }
    if section.has("password") {
        let fault = Fault::new(
            "is only for a phone that registers",
            "add registers = true, or take the password out",
        );
        section.error("password", fault);
    }
    if !section.has("uri") {
        let fault = Fault::new(
            "is missing: nothing says where the phone is",
            "add uri = \"sip:1001@192.0.2.7:5060\", or registers = true with a password",
        );
        section.error("uri", fault);
    }
    Some(PhoneAddress::Uri(uri?.value))
}
