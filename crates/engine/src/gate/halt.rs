//! The halt gate: someone has said stop.

use std::collections::BTreeMap;

use outdial_domain::{CampaignId, TrunkName};
use serde::{Deserialize, Serialize};

use super::Why;
use crate::input::HaltScope;

/// Scopes in which nothing may be dialed, with the operator's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HaltGate {
    halted: BTreeMap<HaltScope, String>,
}

impl HaltGate {
    pub(crate) fn halt(&mut self, scope: HaltScope, reason: String) {
        self.halted.insert(scope, reason);
    }

    /// Says whether the scope was halted.
    pub(crate) fn release(&mut self, scope: HaltScope) -> bool {
        self.halted.remove(&scope).is_some()
    }

    /// # Errors
    /// The halt of the tenant or of this campaign.
    pub(crate) fn check(&self, campaign: CampaignId) -> Result<(), Why> {
        if self.halted.is_empty() {
            return Ok(());
        }
        [HaltScope::Tenant, HaltScope::Campaign(campaign)]
            .into_iter()
            .find(|scope| self.halted.contains_key(scope))
            .map_or(Ok(()), |scope| Err(Why::Halted(scope)))
    }

    /// # Errors
    /// The halt of this trunk.
    pub(crate) fn check_trunk(&self, trunk: TrunkName) -> Result<(), Why> {
        let scope = HaltScope::Trunk(trunk);
        if !self.halted.is_empty() && self.halted.contains_key(&scope) {
            return Err(Why::Halted(scope));
        }
        Ok(())
    }

    /// The operator's words.
    pub(crate) fn reason(&self, scope: HaltScope) -> Option<&str> {
        self.halted.get(&scope).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_halt_holds_for_its_scope_until_it_is_released() {
        let (one, two) = (CampaignId::new(1).unwrap(), CampaignId::new(2).unwrap());
        let trunk = TrunkName::new("carrier").unwrap();
        let mut gate = HaltGate::default();
        gate.halt(HaltScope::Campaign(one), "wrong list".into());
        assert!(gate.check(one).is_err());
        assert!(gate.check(two).is_ok());
        gate.halt(HaltScope::Tenant, String::new());
        assert!(gate.check(two).is_err());
        assert!(gate.check_trunk(trunk).is_ok());
        assert!(gate.release(HaltScope::Tenant));
        assert!(!gate.release(HaltScope::Tenant));
        assert!(gate.check(two).is_ok());
        assert_eq!(gate.reason(HaltScope::Campaign(one)), Some("wrong list"));
    }
}
