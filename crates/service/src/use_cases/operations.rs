//! What operators do: trunks, halts, breakers.

use std::time::Duration;

use outdial_domain::{Evidence, PhoneNumber, TrunkName};
use outdial_engine::input::Input;
use outdial_store::Halt;

use super::{HaltScope, Service, Suspects};
use crate::access::{Caller, Right};
use crate::error::ServiceError;
use crate::runtime::TrunkTest;
use crate::views::TrunkView;

/// How long a trial call may ring.
const TEST_RINGS: Duration = Duration::from_secs(30);

impl Service {
    /// The server's trunks, as the caller's tenant sees them.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn trunks(&self, caller: &Caller) -> Result<Vec<TrunkView>, ServiceError> {
        caller.needs(Right::Read)?;
        let tenant = caller.tenant;
        self.ask(move |runtime| runtime.trunk_views(Some(tenant)))
            .await
    }

    /// Lifts the breakers of a trunk.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn resume_trunk(
        &self,
        caller: &Caller,
        trunk: TrunkName,
        suspects: Suspects,
    ) -> Result<TrunkView, ServiceError> {
        caller.needs(Right::Operate)?;
        let tenant = caller.tenant;
        let view = self
            .ask(move |runtime| {
                runtime.tell(tenant, Input::BreakerLifted { trunk, suspects });
                runtime.settle();
                runtime
                    .trunk_views(Some(tenant))
                    .into_iter()
                    .find(|view| view.name == trunk)
            })
            .await?;
        view.ok_or_else(|| no_trunk(trunk))
    }

    /// Calls a number over a trunk, without any campaign, and tells how it went; an answered call is
    /// hung up at once. Gives up after 30 s of ringing.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], or [`ServiceError::Invalid`] when the trunk cannot carry the call.
    pub async fn test_trunk(
        &self,
        caller: &Caller,
        trunk: TrunkName,
        to: PhoneNumber,
        caller_id: Option<PhoneNumber>,
    ) -> Result<Evidence, ServiceError> {
        caller.needs(Right::Operate)?;
        let configured = self
            .core
            .registry
            .trunk(trunk)
            .ok_or_else(|| no_trunk(trunk))?;
        let tenant = self.entry(caller)?;
        let mut own = tenant.caller_ids.iter().map(|own| own.number);
        let caller_id = match caller_id {
            Some(given) => own.find(|own| *own == given).ok_or_else(|| {
                ServiceError::field("caller_id", "is not one of the tenant's caller_ids")
            })?,
            None => own.find(|own| configured.carries(*own)).ok_or_else(|| {
                ServiceError::field(
                    "caller_id",
                    "the tenant has none that this trunk carries; add one",
                )
            })?,
        };
        let test = TrunkTest {
            trunk,
            to,
            caller_id,
        };
        let started = self.ask(move |runtime| runtime.test_trunk(test)).await?;
        let mut over = started.map_err(|problem| ServiceError::field("trunk", problem))?;
        tokio::select! {
            evidence = &mut over => evidence.map_err(|_| ServiceError::Stopping),
            () = tokio::time::sleep(TEST_RINGS) => {
                self.ask(crate::runtime::Runtime::end_tests).await?;
                over.await.map_err(|_| ServiceError::Stopping)
            }
        }
    }

    /// Stops new calls of this scope within a second, until released; kept across restarts.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn halt(
        &self,
        caller: &Caller,
        scope: HaltScope,
        reason: &str,
    ) -> Result<(), ServiceError> {
        self.check_scope(caller, scope).await?;
        if reason.chars().count() > 500 {
            return Err(ServiceError::field(
                "reason",
                "must have at most 500 characters",
            ));
        }
        let tenant = caller.tenant;
        let fact = Input::Halted {
            scope,
            reason: reason.to_owned(),
        };
        // The engine first: a halt must hold even when it cannot be stored right now.
        self.ask(move |runtime| runtime.tell(tenant, fact)).await?;
        let halt = Halt {
            tenant,
            scope: scope_text(scope),
            reason: reason.to_owned(),
            at: self.now().await?,
        };
        Ok(self.store().put_halt(halt, Vec::new()).await?)
    }

    /// Lets calls of this scope go out again.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn release(&self, caller: &Caller, scope: HaltScope) -> Result<(), ServiceError> {
        self.check_scope(caller, scope).await?;
        let tenant = caller.tenant;
        self.store()
            .remove_halt(tenant, &scope_text(scope), Vec::new())
            .await?;
        self.ask(move |runtime| runtime.tell(tenant, Input::HaltReleased(scope)))
            .await
    }

    async fn check_scope(&self, caller: &Caller, scope: HaltScope) -> Result<(), ServiceError> {
        caller.needs(Right::Operate)?;
        match scope {
            HaltScope::Tenant => Ok(()),
            HaltScope::Trunk(name) => self
                .core
                .registry
                .trunk(name)
                .map(|_| ())
                .ok_or_else(|| no_trunk(name)),
            HaltScope::Campaign(id) => self
                .own_campaign(caller, Right::Operate, id)
                .await
                .map(|_| ()),
        }
    }
}

fn no_trunk(trunk: TrunkName) -> ServiceError {
    ServiceError::NotFound {
        what: "trunk",
        id: trunk.to_string(),
    }
}

/// A scope as it is stored; read back at the start.
fn scope_text(scope: HaltScope) -> String {
    // Scopes are plain data: they always become JSON.
    serde_json::to_string(&scope).unwrap_or_default()
}
