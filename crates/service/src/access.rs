//! Who asks, and what they may do.

use outdial_domain::{AgentId, Origin, TenantId};
use serde::{Deserialize, Serialize};

use crate::error::ServiceError;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Runs campaigns and agents, halts dialing, lifts breakers.
    Supervisor,
    /// A program: campaigns, contacts, results.
    Integrator,
    /// One agent: its own state, offers and calls.
    Agent,
    /// Reads everything, changes nothing.
    Auditor,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 5] = [
        Self::Admin,
        Self::Supervisor,
        Self::Integrator,
        Self::Agent,
        Self::Auditor,
    ];

    /// The name in configuration and API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Supervisor => "supervisor",
            Self::Integrator => "integrator",
            Self::Agent => "agent",
            Self::Auditor => "auditor",
        }
    }

    /// The role with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// What a use case needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Read campaigns, contacts, results, agents, trunks.
    Read,
    /// Make, edit and run campaigns; add contacts.
    RunCampaigns,
    /// Change any agent's state, end any call.
    LeadAgents,
    /// Act as this agent.
    ActAs(AgentId),
    /// Halt dialing, lift breakers.
    Operate,
    /// Manage keys.
    ManageKeys,
}

/// Who asks: a key's owner, within one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The tenant that the request is about.
    pub tenant: TenantId,
    /// The key's name: the author of what it changes.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The agent that it is, for role agent.
    pub agent: Option<AgentId>,
    /// Through which API it asks.
    pub origin: Origin,
}

impl Caller {
    /// Checks that the caller may do this.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] naming the role and what it would take.
    pub fn needs(&self, right: Right) -> Result<(), ServiceError> {
        let allowed = match (self.role, right) {
            (Role::Admin, _) | (Role::Auditor, Right::Read) => true,
            (Role::Supervisor, right) => right != Right::ManageKeys,
            (Role::Integrator, right) => matches!(right, Right::Read | Right::RunCampaigns),
            (Role::Agent, Right::ActAs(agent)) => self.agent == Some(agent),
            (Role::Agent | Role::Auditor, _) => false,
        };
        if allowed {
            Ok(())
        } else {
            Err(ServiceError::Forbidden { role: self.role })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(role: Role) -> Caller {
        Caller {
            tenant: TenantId::new(1),
            name: "key".to_owned(),
            role,
            agent: AgentId::new("1001").ok(),
            origin: Origin::Rest,
        }
    }

    #[test]
    fn each_role_has_its_rights_and_no_more() {
        let own = Right::ActAs(AgentId::new("1001").unwrap());
        let other = Right::ActAs(AgentId::new("1002").unwrap());
        let rights = [
            Right::Read,
            Right::RunCampaigns,
            Right::LeadAgents,
            own,
            other,
            Right::Operate,
            Right::ManageKeys,
        ];
        let allowed = |role| rights.map(|right| caller(role).needs(right).is_ok());
        assert_eq!(allowed(Role::Admin), [true; 7]);
        assert_eq!(
            allowed(Role::Supervisor),
            [true, true, true, true, true, true, false]
        );
        assert_eq!(
            allowed(Role::Integrator),
            [true, true, false, false, false, false, false]
        );
        assert_eq!(
            allowed(Role::Agent),
            [false, false, false, true, false, false, false]
        );
        assert_eq!(
            allowed(Role::Auditor),
            [true, false, false, false, false, false, false]
        );
    }
}
