//! What a tenant has: groups, numbers, flows, keys; and who a key belongs to.

use outdial_domain::{AgentId, CallerId, Flow, NumberGroup, SkillGroup, Tenant, TenantId};

use super::Service;
use crate::access::{Caller, Role};
use crate::error::ServiceError;
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
        _secret: &str,
        _tenant: Option<&str>,
    ) -> Result<Option<Caller>, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// The tenant with this id.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub fn tenant(&self, _id: TenantId) -> Result<Tenant, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// The tenant's skill groups.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn skill_groups(&self, _caller: &Caller) -> Result<Vec<SkillGroup>, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// The tenant's caller IDs.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn caller_ids(&self, _caller: &Caller) -> Result<Vec<CallerId>, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// The tenant's flows.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn flows(&self, _caller: &Caller) -> Result<Vec<Flow>, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// The tenant's number groups.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn number_groups(&self, _caller: &Caller) -> Result<Vec<NumberGroup>, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// The tenant's keys.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn keys(&self, _caller: &Caller) -> Result<Vec<KeySetup>, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// Makes a key.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] when the name is taken.
    pub async fn create_key(
        &self,
        _caller: &Caller,
        _name: &str,
        _role: Role,
        _agent: Option<AgentId>,
    ) -> Result<NewKey, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// Takes a key back.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn delete_key(&self, _caller: &Caller, _name: &str) -> Result<(), ServiceError> {
        Err(ServiceError::Stopping)
    }
}
