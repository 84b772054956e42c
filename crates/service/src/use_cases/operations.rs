//! What operators do: trunks, halts, breakers.

use outdial_domain::{AttemptId, PhoneNumber, TrunkName};

use super::{HaltScope, Service, Suspects};
use crate::access::Caller;
use crate::error::ServiceError;
use crate::views::TrunkView;

impl Service {
    /// The server's trunks.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn trunks(&self, _caller: &Caller) -> Result<Vec<TrunkView>, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// Lifts the breakers of a trunk.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn resume_trunk(
        &self,
        _caller: &Caller,
        _trunk: TrunkName,
        _suspects: Suspects,
    ) -> Result<TrunkView, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// Calls a number over a trunk, without any campaign, and tells how it went: `answered` and hung
    /// up at once, or the outcome.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::Invalid`].
    pub async fn test_trunk(
        &self,
        _caller: &Caller,
        _trunk: TrunkName,
        _to: PhoneNumber,
        _caller_id: Option<PhoneNumber>,
    ) -> Result<outdial_domain::Evidence, ServiceError> {
        let _: Option<AttemptId> = None;
        Err(ServiceError::Stopping)
    }

    /// Stops new calls of this scope within a second, until released; kept across restarts.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn halt(
        &self,
        _caller: &Caller,
        _scope: HaltScope,
        _reason: &str,
    ) -> Result<(), ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// Lets calls of this scope go out again.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn release(&self, _caller: &Caller, _scope: HaltScope) -> Result<(), ServiceError> {
        Err(ServiceError::Stopping)
    }
}
