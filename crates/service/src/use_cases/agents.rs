//! Agents: what they wish, what they are offered, the calls that they are in.

use outdial_domain::{AgentId, AttemptId, BreakTime, WishedState};

use super::Service;
use crate::access::Caller;
use crate::error::ServiceError;
use crate::views::{AgentView, OfferView};

/// What an agent concluded of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disposition {
    /// A code of the tenant's own, 1–64 characters; `machine` marks the call as one that a machine
    /// took.
    pub code: String,
    /// In the agent's words, up to 4,000 characters.
    pub notes: String,
    /// The callee wishes not to be called again. (Not built yet: refused.)
    pub do_not_call: bool,
}

impl Service {
    /// The tenant's agents, by id.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn agents(&self, _caller: &Caller) -> Result<Vec<AgentView>, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// An agent.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn agent(&self, _caller: &Caller, _id: AgentId) -> Result<AgentView, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// Stores what an agent wishes to be, and does it.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn set_agent_state(
        &self,
        _caller: &Caller,
        _id: AgentId,
        _wish: WishedState,
        _when: BreakTime,
        _reason: &str,
    ) -> Result<AgentView, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// The agent ends its wrap-up early.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn end_wrap_up(
        &self,
        _caller: &Caller,
        _id: AgentId,
    ) -> Result<AgentView, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// The contacts that are offered to an agent right now.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn offers(
        &self,
        _caller: &Caller,
        _agent: AgentId,
    ) -> Result<Vec<OfferView>, ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// The agent takes an offered contact: it is called.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the offer is over.
    pub async fn accept_offer(&self, _caller: &Caller, _offer: u64) -> Result<(), ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// The agent leaves an offered contact.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the offer is over.
    pub async fn skip_offer(&self, _caller: &Caller, _offer: u64) -> Result<(), ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// Ends the callee's leg of a call; the agent goes on to wrap-up.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when there is no such call right now.
    pub async fn hang_up(&self, _caller: &Caller, _call: AttemptId) -> Result<(), ServiceError> {
        Err(ServiceError::Stopping)
    }

    /// Stores what an agent concluded of a call.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::NotBuilt`] for `do_not_call`.
    pub async fn dispose(
        &self,
        _caller: &Caller,
        _attempt: AttemptId,
        _disposition: Disposition,
    ) -> Result<(), ServiceError> {
        Err(ServiceError::Stopping)
    }
}
