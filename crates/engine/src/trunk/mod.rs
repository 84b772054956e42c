//! Trunks as this tenant's calls see them: what it may use of each, and how each is doing.

pub(crate) mod breaker;
pub(crate) mod cusum;
pub(crate) mod health;
pub(crate) mod pace;

use std::collections::BTreeMap;

use outdial_domain::{
    CauseMap, ContactId, Evidence, FailoverCause, LocalFailure, Permit, PhoneNumber, Timestamp,
    TrunkName, Verdict,
};
use serde::{Deserialize, Serialize};

use crate::gate::Why;
use crate::input::TrunkRules;
use crate::timer::Alarm;
use breaker::Breaker;
use health::Health;
use pace::Pace;

/// A trunk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trunk {
    pub(crate) rules: TrunkRules,
    permit: Permit,
    used: u32,
    /// Calls placed over its weight: of several trunks the one with the least takes the next call.
    share: u64,
    pub(crate) pace: Pace,
    pub(crate) health: Health,
    pub(crate) breakers: BTreeMap<PhoneNumber, Breaker>,
    pub(crate) alarm: Alarm,
}

impl Trunk {
    fn new(rules: TrunkRules, used: u32) -> Self {
        Self {
            rules,
            permit: Permit::default(),
            used,
            share: 0,
            pace: Pace::default(),
            health: Health::default(),
            breakers: BTreeMap::new(),
            alarm: Alarm::default(),
        }
    }

    pub(crate) fn permit(&self) -> Permit {
        self.permit
    }

    pub(crate) fn used(&self) -> u32 {
        self.used
    }

    pub(crate) fn has_line(&self) -> bool {
        self.used < self.permit.calls
    }

    /// Whether a call may go out now, whoever makes it.
    ///
    /// # Errors
    /// Why not, and until when where that is known.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), (Why, Option<Timestamp>)> {
        let name = self.rules.name;
        if !self.has_line() {
            return Err((Why::TrunkLines(name), None));
        }
        if let Err(until) = self.health.check(now) {
            return Err((Why::TrunkOut(name), Some(until)));
        }
        if let Err(until) = self.pace.check(now) {
            return Err((Why::TrunkPace(name), Some(until)));
        }
        Ok(())
    }

    /// # Errors
    /// That the breaker for this caller ID is open.
    pub(crate) fn check_breaker(&self, caller_id: PhoneNumber) -> Result<(), Why> {
        let open = !self.breakers.is_empty()
            && self
                .breakers
                .get(&caller_id)
                .is_some_and(|breaker| breaker.open().is_some());
        if open {
            return Err(Why::Breaker(self.rules.name, caller_id));
        }
        Ok(())
    }

    /// Whether such an end sends a call to another trunk.
    pub(crate) fn fails_over_on(&self, evidence: &Evidence) -> bool {
        let silent = matches!(
            evidence.local,
            Some(LocalFailure::NoResponse | LocalFailure::Transport)
        ) || (evidence.local == Some(LocalFailure::NoProgress) && !evidence.responded);
        self.rules.failover_on.iter().any(|cause| match cause {
            FailoverCause::Status(status) => evidence.sip_status == Some(*status),
            FailoverCause::Timeout => silent,
        })
    }
}

/// All trunks that the tenant may use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trunks {
    all: BTreeMap<TrunkName, Trunk>,
    /// The share of the trunk that was chosen last: one that has been away starts from there and
    /// does not catch up.
    share: u64,
    open_breakers: u32,
}

impl Trunks {
    /// Sets a trunk's rules; `used` are the calls that are on it.
    pub(crate) fn set(&mut self, rules: TrunkRules, used: u32) {
        let name = rules.name;
        match self.all.get_mut(&name) {
            Some(trunk) => trunk.rules = rules,
            None => {
                self.all.insert(name, Trunk::new(rules, used));
            }
        }
    }

    pub(crate) fn remove(&mut self, name: TrunkName) -> Option<Trunk> {
        let trunk = self.all.remove(&name);
        self.count_breakers();
        trunk
    }

    pub(crate) fn permit(&mut self, name: TrunkName, permit: Permit) -> bool {
        let Some(trunk) = self.all.get_mut(&name) else {
            return false;
        };
        trunk.permit = permit;
        trunk.pace.configure(permit.calls_per_1000_s);
        true
    }

    /// Calls at once that all permits allow together.
    pub(crate) fn permits(&self) -> u32 {
        self.all
            .values()
            .fold(0, |sum, trunk| sum.saturating_add(trunk.permit.calls))
    }

    pub(crate) fn get(&self, name: TrunkName) -> Option<&Trunk> {
        self.all.get(&name)
    }

    pub(crate) fn get_mut(&mut self, name: TrunkName) -> Option<&mut Trunk> {
        self.all.get_mut(&name)
    }

    pub(crate) fn names(&self) -> Vec<TrunkName> {
        self.all.keys().copied().collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Trunk> {
        self.all.values()
    }

    /// Of the trunks that may take the call, the one that has had the least of its share.
    pub(crate) fn least_used(
        &self,
        among: &[TrunkName],
        mut may: impl FnMut(&Trunk) -> bool,
    ) -> Option<TrunkName> {
        among
            .iter()
            .filter_map(|name| self.all.get(name))
            .filter(|trunk| may(trunk))
            .min_by_key(|trunk| (trunk.share.max(self.share), trunk.rules.name))
            .map(|trunk| trunk.rules.name)
    }

    /// A call goes out; says whether it is a trial of a trunk that is out.
    pub(crate) fn dial(&mut self, name: TrunkName, now: Timestamp) -> bool {
        let Some(trunk) = self.all.get_mut(&name) else {
            return false;
        };
        trunk.used += 1;
        trunk.pace.take(now);
        self.share = trunk.share.max(self.share);
        trunk.share = self.share + 1_000_000 / u64::from(trunk.rules.weight.max(1));
        trunk.health.dial(now)
    }

    /// A line is free again.
    pub(crate) fn free(&mut self, name: TrunkName) {
        if let Some(trunk) = self.all.get_mut(&name) {
            trunk.used = trunk.used.saturating_sub(1);
        }
    }

    /// A call that was thought over is live after all.
    pub(crate) fn take_back(&mut self, name: TrunkName) {
        if let Some(trunk) = self.all.get_mut(&name) {
            trunk.used += 1;
        }
    }

    /// What a trunk's causes mean; the default map for one that is gone.
    pub(crate) fn verdict(&self, name: TrunkName, evidence: &Evidence) -> Verdict {
        match self.all.get(&name) {
            Some(trunk) => trunk.rules.cause_map.verdict(evidence),
            None => CauseMap::default().verdict(evidence),
        }
    }

    /// Counts the breakers that are open, after one has opened or closed.
    pub(crate) fn count_breakers(&mut self) {
        let open = |trunk: &Trunk| {
            let breakers = trunk.breakers.values();
            breakers.filter(|b| b.open().is_some()).count() as u32
        };
        self.open_breakers = self.all.values().map(open).sum();
    }

    /// A contact has been called with a result that stands: what breakers hold of it from earlier calls
    /// is out of date. `but` is the breaker that has just judged it.
    pub(crate) fn forget_suspect(
        &mut self,
        contact: ContactId,
        called_before: bool,
        but: Option<(TrunkName, PhoneNumber)>,
    ) {
        // Only a contact that was called before can be known, or one that went back to before.
        if !called_before && self.open_breakers == 0 {
            return;
        }
        for (&name, trunk) in &mut self.all {
            for (&number, breaker) in &mut trunk.breakers {
                if but != Some((name, number)) {
                    breaker.forget(contact);
                }
            }
        }
    }
}
