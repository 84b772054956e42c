//! What a tenant has: groups, numbers, flows, keys; and who a key belongs to.

use outdial_domain::{
    Agent, AgentId, CallerId, Flow, NumberGroup, Origin, SkillGroup, Tenant, TenantId,
};

use std::sync::Arc;

use outdial_store::{Key, Source};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Service;
use crate::access::{Caller, Right, Role};
use crate::error::ServiceError;
use crate::registry::TenantEntry;
use crate::setup::KeySetup;

/// A key that was just made; its secret is shown this once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// The key.
    pub key: KeySetup,
    /// The secret.
    pub secret: String,
}

impl Service {
    /// Who a secret belongs to. The admin key names its tenant by `tenant`, which may be left out where
    /// there is one.
    ///
    /// # Errors
    /// `Ok(None)` when no key has this secret; [`ServiceError::Invalid`] when the admin key names no
    /// tenant, or one that does not exist.
    pub async fn authenticate(
        &self,
        secret: &str,
        tenant: Option<&str>,
    ) -> Result<Option<Caller>, ServiceError> {
        let given: [u8; 32] = Sha256::digest(secret).into();
        let same = |stored: &[u8; 32]| bool::from(stored.ct_eq(&given));
        if self.core.registry.admin_key.as_ref().is_some_and(same) {
            return self.admin(tenant).map(Some);
        }
        let key = self
            .core
            .registry
            .keys()
            .into_iter()
            .find(|key| same(&key.secret_hash));
        Ok(key.and_then(|key| {
            Some(Caller {
                tenant: key.tenant,
                role: Role::from_name(&key.role)?,
                agent: key.agent,
                name: key.name,
                origin: Origin::Rest,
            })
        }))
    }

    fn admin(&self, tenant: Option<&str>) -> Result<Caller, ServiceError> {
        let tenants = self.core.registry.tenants();
        let found = match (tenant, tenants.as_slice()) {
            (Some(name), _) => tenants.iter().find(|entry| entry.tenant.name == name),
            (None, [only]) => Some(only),
            (None, _) => {
                return Err(ServiceError::field(
                    "Outdial-Tenant",
                    "there is more than one tenant; name one in this header",
                ));
            }
        };
        let entry = found.ok_or_else(|| {
            ServiceError::field("Outdial-Tenant", "names no tenant of this server")
        })?;
        Ok(Caller {
            tenant: entry.tenant.id,
            name: "admin".to_owned(),
            role: Role::Admin,
            agent: None,
            origin: Origin::Rest,
        })
    }

    /// The tenant with this id.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub fn tenant(&self, id: TenantId) -> Result<Tenant, ServiceError> {
        let entry = self.core.registry.tenant(id);
        let entry = entry.ok_or(ServiceError::NotFound {
            what: "tenant",
            id: id.to_string(),
        })?;
        Ok(entry.tenant.clone())
    }

    /// The tenant with this name.
    pub fn tenant_named(&self, name: &str) -> Option<Tenant> {
        let tenants = self.core.registry.tenants();
        let entry = tenants.iter().find(|entry| entry.tenant.name == name)?;
        Some(entry.tenant.clone())
    }

    /// The tenant's skill groups.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn skill_groups(&self, caller: &Caller) -> Result<Vec<SkillGroup>, ServiceError> {
        caller.needs(Right::Read)?;
        Ok(self.entry(caller)?.skill_groups.clone())
    }

    /// The tenant's agents as they are set up, by id. What they are doing: [`Service::agents`].
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn staff(&self, caller: &Caller) -> Result<Vec<Agent>, ServiceError> {
        caller.needs(Right::Read)?;
        Ok(self.entry(caller)?.agents.values().cloned().collect())
    }

    /// The tenant's caller IDs.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn caller_ids(&self, caller: &Caller) -> Result<Vec<CallerId>, ServiceError> {
        caller.needs(Right::Read)?;
        Ok(self.entry(caller)?.caller_ids.clone())
    }

    /// The tenant's flows.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn flows(&self, caller: &Caller) -> Result<Vec<Flow>, ServiceError> {
        caller.needs(Right::Read)?;
        Ok(self.entry(caller)?.flows.values().cloned().collect())
    }

    /// The tenant's number groups.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn number_groups(&self, caller: &Caller) -> Result<Vec<NumberGroup>, ServiceError> {
        caller.needs(Right::Read)?;
        Ok(self.entry(caller)?.number_groups.clone())
    }

    /// The tenant's keys.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn keys(&self, caller: &Caller) -> Result<Vec<KeySetup>, ServiceError> {
        caller.needs(Right::ManageKeys)?;
        let keys = self.core.registry.keys();
        let own = keys.into_iter().filter(|key| key.tenant == caller.tenant);
        Ok(own.filter_map(key_setup).collect())
    }

    /// Makes a key; its secret is told this once and never stored.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] when the name is taken.
    pub async fn create_key(
        &self,
        caller: &Caller,
        name: &str,
        role: Role,
        agent: Option<AgentId>,
    ) -> Result<NewKey, ServiceError> {
        caller.needs(Right::ManageKeys)?;
        if !(1..=64).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(ServiceError::field(
                "name",
                "must have 1 to 64 printable characters",
            ));
        }
        match (role, agent) {
            (Role::Agent, None) => {
                return Err(ServiceError::field(
                    "agent",
                    "a key of role agent names its agent",
                ));
            }
            (Role::Agent, Some(id)) if self.core.registry.agent(caller.tenant, id).is_none() => {
                return Err(ServiceError::field("agent", "is no agent of this tenant"));
            }
            (_, Some(_)) if role != Role::Agent => {
                return Err(ServiceError::field(
                    "agent",
                    "goes with the role agent only",
                ));
            }
            _ => {}
        }
        if self.keys(caller).await?.iter().any(|key| key.name == name) {
            return Err(ServiceError::Conflict(format!(
                "there is a key `{name}` already"
            )));
        }
        let secret = format!(
            "{}{}",
            uuid::Uuid::new_v4().simple(),
            uuid::Uuid::new_v4().simple()
        );
        let key = Key {
            tenant: caller.tenant,
            name: name.to_owned(),
            role: role.as_str().to_owned(),
            agent,
            secret_hash: Sha256::digest(&secret).into(),
            source: Source::Rest,
            created_at: self.now().await?,
        };
        self.store().put_key(key.clone()).await?;
        self.core.registry.set_keys(self.store().keys().await?);
        let key = key_setup(key).ok_or(ServiceError::Stopping)?;
        Ok(NewKey { key, secret })
    }

    /// Takes a key back.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn delete_key(&self, caller: &Caller, name: &str) -> Result<(), ServiceError> {
        caller.needs(Right::ManageKeys)?;
        let was_there = self.store().remove_key(caller.tenant, name).await?;
        self.core.registry.set_keys(self.store().keys().await?);
        if was_there {
            Ok(())
        } else {
            Err(ServiceError::NotFound {
                what: "key",
                id: name.to_owned(),
            })
        }
    }

    /// What is set up for the caller's tenant.
    pub(super) fn entry(&self, caller: &Caller) -> Result<Arc<TenantEntry>, ServiceError> {
        let id = caller.tenant;
        let entry = self.core.registry.tenant(id);
        entry.ok_or(ServiceError::NotFound {
            what: "tenant",
            id: id.to_string(),
        })
    }
}

fn key_setup(key: Key) -> Option<KeySetup> {
    Some(KeySetup {
        role: Role::from_name(&key.role)?,
        name: key.name,
        agent: key.agent,
        secret_sha256: key.secret_hash,
    })
}
