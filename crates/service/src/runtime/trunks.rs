//! Trunks as the loop sees them: shares among tenants, registrations, trial calls.

use std::collections::BTreeMap;

use outdial_domain::{Evidence, Permit, PhoneNumber, TenantId, TrunkName};
use outdial_engine::input::{HaltScope, Input};
use outdial_store::DialogOwner;
use outdial_telephony::Party;
use tokio::sync::oneshot;

use super::Runtime;
use super::legs::Owner;
use super::reservations::{self, Demand};

/// A call by which an operator tries a trunk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrunkTest {
    /// The trunk.
    pub(crate) trunk: TrunkName,
    /// Whom to call.
    pub(crate) to: PhoneNumber,
    /// The number to show.
    pub(crate) caller_id: PhoneNumber,
}

/// What the loop keeps of trunks.
#[derive(Debug, Default)]
pub(crate) struct Trunks {
    permits: BTreeMap<(TrunkName, TenantId), Permit>,
    tests: BTreeMap<u64, oneshot::Sender<Evidence>>,
    next_test: u64,
    /// How often trunks were divided: odd lines go round by it.
    turn: u64,
}

impl Trunks {
    pub(super) fn test_over(&mut self, number: u64, evidence: Evidence) {
        if let Some(asker) = self.tests.remove(&number) {
            // Whoever asked may have gone away.
            let _ = asker.send(evidence);
        }
    }
}

impl Runtime {
    /// Divides every trunk among the tenants, and tells those whose share changes.
    pub(super) fn divide_trunks(&mut self) {
        let turn = self.trunks.turn;
        self.trunks.turn = turn.wrapping_add(1);
        for trunk in self.registry.trunks() {
            let demands: Vec<Demand> = self
                .tenants
                .iter()
                .map(|(&tenant, runtime)| Demand {
                    tenant,
                    in_use: count(
                        runtime
                            .live
                            .values()
                            .filter(|a| a.trunk == trunk.name)
                            .count(),
                    ),
                    wants_more: runtime.engine.wants_lines(),
                })
                .collect();
            let shares = reservations::divide(
                trunk.name,
                trunk.max_calls,
                trunk.calls_per_1000_s,
                &demands,
                turn,
            );
            for share in shares {
                let before = self
                    .trunks
                    .permits
                    .insert((trunk.name, share.tenant), share.permit);
                if before != Some(share.permit) {
                    let fact = Input::PermitSet {
                        trunk: trunk.name,
                        permit: share.permit,
                    };
                    self.tell(share.tenant, fact);
                }
            }
        }
    }

    /// Calls over a trunk outside of any campaign, where nobody has halted it and a line is free; the call
    /// is ended as soon as it is answered. Answers its number, and then how it went.
    pub(crate) fn test_trunk(
        &mut self,
        tenant: TenantId,
        test: TrunkTest,
    ) -> Result<(u64, oneshot::Receiver<Evidence>), String> {
        self.may_test(tenant, test.trunk)?;
        let number = self.trunks.next_test;
        self.trunks.next_test += 1;
        let party = Party::Callee {
            trunk: test.trunk,
            to: test.to,
            caller_id: test.caller_id,
        };
        let owner = DialogOwner::Nobody(tenant);
        self.try_beside(Owner::TrunkTest(number), party, owner)
            .map_err(|(leg, error)| {
                self.legs.end(leg);
                error.to_string()
            })?;
        let (sender, receiver) = oneshot::channel();
        self.trunks.tests.insert(number, sender);
        Ok((number, receiver))
    }

    fn may_test(&self, tenant: TenantId, trunk: TrunkName) -> Result<(), String> {
        let runtime = self.tenants.get(&tenant);
        let scopes = [HaltScope::Tenant, HaltScope::Trunk(trunk)];
        let halt = runtime.and_then(|r| scopes.iter().find_map(|&scope| r.engine.halt_of(scope)));
        if let Some(reason) = halt {
            return Err(format!(
                "calls are halted ({reason}); release the halt first"
            ));
        }
        let most = self.registry.trunk(trunk).and_then(|trunk| trunk.max_calls);
        let live = self
            .tenants
            .values()
            .flat_map(|tenant| tenant.live.values());
        let used = live.filter(|attempt| attempt.trunk == trunk).count() + self.trunks.tests.len();
        match most {
            Some(most) if used >= most as usize => {
                Err(format!("all its {most} lines are busy; try again later"))
            }
            _ => Ok(()),
        }
    }

    /// Gives up a trial call that takes too long.
    pub(crate) fn end_test(&mut self, number: u64) {
        self.cancel(Owner::TrunkTest(number));
    }

    pub(super) fn trunk_registered(
        &mut self,
        trunk: TrunkName,
        registered: bool,
        status: Option<u16>,
    ) {
        if registered {
            tracing::info!(%trunk, "registered with the trunk");
        } else {
            tracing::warn!(%trunk, ?status, "the trunk refuses our registration, or does not answer");
        }
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
