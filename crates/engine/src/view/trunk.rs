//! Trunks as this tenant's engine sees them.

use outdial_domain::{Permit, PhoneNumber, Timestamp, TrunkName};
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::input::HaltScope;
use crate::output::TrunkHealth;
use crate::trunk::Trunk;

/// A trunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrunkView {
    /// Its name.
    pub name: TrunkName,
    /// How it is.
    pub health: TrunkHealth,
    /// What the tenant may use of it.
    pub permit: Permit,
    /// Calls of the tenant on it now.
    pub calls: u32,
    /// Calls in a thousand seconds that it takes now, where it has a limit or has refused.
    pub rate_per_1000_s: Option<u64>,
    /// When the next trial call may go out, while it is out.
    pub next_trial: Option<Timestamp>,
    /// Breakers that are open.
    pub breakers: Vec<BreakerView>,
    /// Why it is halted, in an operator's words; may be empty.
    pub halted: Option<String>,
}

/// A breaker that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerView {
    /// The number shown.
    pub caller_id: PhoneNumber,
    /// When it opened.
    pub since: Timestamp,
    /// From when on results are suspect.
    pub changed_at: Timestamp,
    /// How many results are suspect.
    pub suspects: usize,
}

fn breakers(trunk: &Trunk) -> Vec<BreakerView> {
    let open = trunk
        .breakers
        .iter()
        .filter_map(|(&number, breaker)| Some((number, breaker.open()?)));
    open.map(|(caller_id, open)| BreakerView {
        caller_id,
        since: open.since,
        changed_at: open.changed_at,
        suspects: open.suspects.len(),
    })
    .collect()
}

impl Engine {
    /// Why a scope is halted, in the operator's words; `None` = it is not.
    pub fn halt_of(&self, scope: HaltScope) -> Option<&str> {
        self.halts.reason(scope)
    }

    /// All trunks that the tenant may use, in the order of their names.
    pub fn trunks(&self) -> Vec<TrunkView> {
        let view = |trunk: &Trunk| TrunkView {
            name: trunk.rules.name,
            health: trunk.health.now(),
            permit: trunk.permit(),
            calls: trunk.used(),
            rate_per_1000_s: trunk.pace.rate(self.now),
            next_trial: trunk.health.next_trial(),
            breakers: breakers(trunk),
            halted: self
                .halts
                .reason(HaltScope::Trunk(trunk.rules.name))
                .map(str::to_owned),
        };
        self.trunks.iter().map(view).collect()
    }
}
