//! What a tenant has: groups, numbers, flows, keys.

use outdial_domain::{AgentId, CallerId, Flow, FlowSource, NumberGroup, SkillGroup};
use outdial_service::{FieldProblem, KeySetup, NewKey, Role};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::fields::read_object;
use crate::scalar::{Number, any_text, text};
use crate::wire::names::{Name, RoleName, named};

/// Agents who may take the same calls.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SkillGroup)]
pub(crate) struct SkillGroupJson {
    id: u64,
    name: String,
    /// Further names by which an API may call it.
    aliases: Vec<String>,
}

impl From<SkillGroup> for SkillGroupJson {
    fn from(group: SkillGroup) -> Self {
        Self {
            id: group.id.number(),
            name: group.name,
            aliases: group.aliases,
        }
    }
}

/// A number that may be shown, with its limits.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallerId)]
pub(crate) struct CallerIdJson {
    number: Number,
    /// The trunk it belongs to; null = any.
    trunk: Option<String>,
    /// Calls at once; null = no limit.
    channels: Option<u32>,
    /// Calls in an hour; null = no limit.
    per_hour: Option<u32>,
    /// Calls in a local day; null = no limit.
    per_day: Option<u32>,
    /// Free labels.
    tags: Vec<String>,
}

impl From<CallerId> for CallerIdJson {
    fn from(caller_id: CallerId) -> Self {
        Self {
            number: Number(caller_id.number),
            trunk: caller_id.trunk.map(|trunk| trunk.to_string()),
            channels: caller_id.channels,
            per_hour: caller_id.per_hour,
            per_day: caller_id.per_day,
            tags: caller_id.tags,
        }
    }
}

/// Caller IDs under one name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NumberGroup)]
pub(crate) struct NumberGroupJson {
    id: String,
    caller_ids: Vec<Number>,
}

impl From<NumberGroup> for NumberGroupJson {
    fn from(group: NumberGroup) -> Self {
        Self {
            id: group.id.to_string(),
            caller_ids: group.caller_ids.into_iter().map(Number).collect(),
        }
    }
}

/// An IVR or voice bot that takes calls.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Flow)]
pub(crate) struct FlowJson {
    id: u64,
    name: String,
    /// Where it is, a SIP URI.
    uri: String,
    /// Further names by which an API may call it.
    aliases: Vec<String>,
}

impl From<Flow> for FlowJson {
    fn from(flow: Flow) -> Self {
        let FlowSource::Sip(uri) = flow.source;
        Self {
            id: flow.id.number(),
            name: flow.name,
            uri,
            aliases: flow.aliases,
        }
    }
}

/// A key of this API.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub(crate) struct KeyJson {
    /// Its name: the author of what it changes.
    name: String,
    role: RoleName,
    /// The agent that it is, for the role agent.
    agent: Option<String>,
    /// Only in the answer that made the key: it is never shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secret: Option<String>,
}

impl From<KeySetup> for KeyJson {
    fn from(key: KeySetup) -> Self {
        Self {
            name: key.name,
            role: Name(key.role),
            agent: key.agent.map(|agent| agent.to_string()),
            secret: None,
        }
    }
}

impl From<NewKey> for KeyJson {
    fn from(new: NewKey) -> Self {
        Self {
            secret: Some(new.secret),
            ..Self::from(new.key)
        }
    }
}

/// A key to make.
#[derive(Debug, ToSchema)]
pub(crate) struct KeyRequest {
    /// Its name, 1 to 64 characters.
    pub(crate) name: String,
    pub(crate) role: RoleName,
    /// The agent that it is; required for the role agent, and only there.
    #[schema(value_type = String, required = false)]
    pub(crate) agent: Option<AgentId>,
}

impl KeyRequest {
    /// Reads the request.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn read(body: &Value) -> Result<Self, Vec<FieldProblem>> {
        read_object(body, |findings, object| {
            let name = object.required_scalar(findings, "name", text(1..=64));
            let role = object.required_scalar(findings, "role", named::<Role>);
            let agent = object.optional(findings, "agent", |value| {
                AgentId::new(any_text(value)?).map_err(|error| error.to_string())
            });
            let role = role?;
            if (role == Role::Agent) != agent.is_some() && !findings.touch("agent") {
                findings.add(
                    object.path_of("agent"),
                    "names the agent of a key with the role agent, and only of such a key",
                );
            }
            Some(Self {
                name: name?,
                role: Name(role),
                agent,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_key_of_an_agent_names_one() {
        assert!(KeyRequest::read(&json!({"name": "crm", "role": "integrator"})).is_ok());
        assert!(
            KeyRequest::read(&json!({"name": "desk", "role": "agent", "agent": "1001"})).is_ok()
        );
        for wrong in [
            json!({"name": "desk", "role": "agent"}),
            json!({"name": "crm", "role": "integrator", "agent": "1001"}),
            json!({"name": "crm", "role": "boss"}),
            json!({"role": "auditor"}),
        ] {
            assert!(KeyRequest::read(&wrong).is_err(), "{wrong}");
        }
    }
}
