//! What operators do: trunks, halts, breakers.

use std::sync::Arc;
use std::time::Duration;

use outdial_domain::{CallerId, Evidence, PhoneNumber, TenantId, TrunkName};
use outdial_engine::input::Input;
use outdial_store::Halt;

use super::{HaltScope, Service, Suspects};
use crate::access::{Caller, Right, Role};
use crate::error::ServiceError;
use crate::herald::Herald;
use crate::runtime::{TrunkTest, Write};
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
        let fits = |own: &&CallerId| {
            configured.carries(own.number) && own.trunk.is_none_or(|its| its == trunk)
        };
        let mut own = tenant.caller_ids.iter();
        let shown = match caller_id {
            Some(given) => own
                .find(|own| own.number == given)
                .ok_or("is not one of the tenant's caller_ids")
                .and_then(|own| {
                    let problem = "belongs to another trunk; show one that this trunk carries";
                    Some(own).filter(fits).ok_or(problem)
                }),
            None => own
                .find(fits)
                .ok_or("the tenant has none that this trunk carries; add one"),
        };
        let caller_id = shown
            .map_err(|problem| ServiceError::field("caller_id", problem))?
            .number;
        let test = TrunkTest {
            trunk,
            to,
            caller_id,
        };
        let asker = caller.tenant;
        let started = self
            .ask(move |runtime| runtime.test_trunk(asker, test))
            .await?;
        let (number, mut over) =
            started.map_err(|problem| ServiceError::field("trunk", problem))?;
        tokio::select! {
            evidence = &mut over => evidence.map_err(|_| ServiceError::Stopping),
            () = tokio::time::sleep(TEST_RINGS) => {
                self.ask(move |runtime| runtime.end_test(number)).await?;
                over.await.map_err(|_| ServiceError::Stopping)
            }
        }
    }

    /// Lets this herald be told of every call from now on, in the place of the one before; without one
    /// nobody is told, and nothing is read for it.
    ///
    /// # Errors
    /// [`ServiceError::Stopping`].
    pub async fn announce_calls_to(&self, herald: Arc<dyn Herald>) -> Result<(), ServiceError> {
        self.ask(move |runtime| runtime.herald = Some(herald)).await
    }

    /// Stops new calls of this scope within a second, until released; kept across restarts. With the
    /// administrator's key the halt of a trunk holds for every tenant.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Unstored`] when it holds and the store cannot commit it.
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
        let tenants = self.reach(caller, scope);
        let reason = reason.to_owned();
        // The engines first: a halt must hold even when it cannot be stored right now.
        self.ask(move |runtime| {
            let at = runtime.now();
            for tenant in tenants {
                let told = reason.clone();
                runtime.tell(
                    tenant,
                    Input::Halted {
                        scope,
                        reason: told,
                    },
                );
                runtime.settle();
                runtime.write(Write::Halted(Halt {
                    tenant,
                    scope: scope_text(scope),
                    reason: reason.clone(),
                    at,
                }));
            }
        })
        .await?;
        self.stored().await
    }

    /// Lets calls of this scope go out again.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn release(&self, caller: &Caller, scope: HaltScope) -> Result<(), ServiceError> {
        self.check_scope(caller, scope).await?;
        let tenants = self.reach(caller, scope);
        // A halt that is still to be stored must not come after its release.
        self.settled().await?;
        for &tenant in &tenants {
            self.store()
                .remove_halt(tenant, &scope_text(scope), Vec::new())
                .await?;
        }
        self.ask(move |runtime| {
            for tenant in tenants {
                runtime.tell(tenant, Input::HaltReleased(scope));
            }
        })
        .await
    }

    /// The tenants for which a halt holds: trunks are shared, and with the administrator's key all of them
    /// are halted on it.
    fn reach(&self, caller: &Caller, scope: HaltScope) -> Vec<TenantId> {
        let registry = &self.core.registry;
        let administers = caller.role == Role::Admin && !registry.has_key_of(caller);
        match scope {
            HaltScope::Trunk(_) if administers => {
                let tenants = registry.tenants();
                tenants.iter().map(|entry| entry.tenant.id).collect()
            }
            _ => vec![caller.tenant],
        }
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
