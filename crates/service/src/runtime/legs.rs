//! Which leg belongs to whom: the runtime's side of telephony's ids.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use outdial_domain::{AgentId, AttemptId, TenantId};
use outdial_telephony::{DialogIdentity, LegId};

/// What a leg is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    /// The callee of an attempt.
    Callee(TenantId, AttemptId),
    /// The flow that has, or had, the callee of an attempt.
    Flow(TenantId, AttemptId),
    /// An agent's phone.
    Agent(TenantId, AgentId),
    /// An operator tries a trunk.
    TrunkTest(u64),
}

/// How far a leg is, as the runtime needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Its identity is being committed; nothing was sent.
    Committing,
    /// The call is placed.
    Calling,
    /// It was answered.
    Up,
}

/// A leg that is under way.
#[derive(Clone, Debug)]
pub(crate) struct Leg {
    pub(crate) owner: Owner,
    pub(crate) phase: Phase,
    /// What names it on the wire, once it is placed.
    pub(crate) identity: Option<DialogIdentity>,
    /// We gave it up, or ended it.
    pub(crate) ended_by_us: bool,
    /// Its flow has handed the callee back.
    pub(crate) handed_back: bool,
}

/// All legs that are under way. An owner has at most one.
#[derive(Debug)]
pub(crate) struct Legs {
    next: u64,
    legs: BTreeMap<LegId, Leg>,
    by_owner: BTreeMap<Owner, LegId>,
}

impl Legs {
    /// Ids begin with the time of the start in milliseconds, shifted by 20 bits, so that they are
    /// not used twice, not even after a restart; and behind those of `left`, the legs that are stored from
    /// the last run, in case the clock was set back since.
    pub(crate) fn after(left: impl Iterator<Item = LegId>) -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let millis = u64::try_from(since.as_millis()).unwrap_or(0);
        Self {
            next: left.map(|leg| leg.0 + 1).fold(millis << 20, u64::max),
            legs: BTreeMap::new(),
            by_owner: BTreeMap::new(),
        }
    }

    /// A new leg for this owner, in place of an earlier one.
    pub(crate) fn begin(&mut self, owner: Owner) -> LegId {
        let id = LegId(self.next);
        self.next += 1;
        let leg = Leg {
            owner,
            phase: Phase::Committing,
            identity: None,
            ended_by_us: false,
            handed_back: false,
        };
        self.legs.insert(id, leg);
        self.by_owner.insert(owner, id);
        id
    }

    pub(crate) fn get(&self, id: LegId) -> Option<&Leg> {
        self.legs.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: LegId) -> Option<&mut Leg> {
        self.legs.get_mut(&id)
    }

    pub(crate) fn of(&self, owner: Owner) -> Option<LegId> {
        self.by_owner.get(&owner).copied()
    }

    /// Forgets a leg that is over.
    pub(crate) fn end(&mut self, id: LegId) -> Option<Leg> {
        let leg = self.legs.remove(&id)?;
        if self.by_owner.get(&leg.owner) == Some(&id) {
            self.by_owner.remove(&leg.owner);
        }
        Some(leg)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (LegId, &Leg)> {
        self.legs.iter().map(|(id, leg)| (*id, leg))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_is_that_of_a_leg_which_the_last_run_left() {
        let ahead = LegId(Legs::after(std::iter::empty()).next + (1 << 40));
        let mut legs = Legs::after([LegId(5), ahead].into_iter());
        assert!(legs.begin(Owner::TrunkTest(1)) > ahead);
    }

    #[test]
    fn an_owner_finds_its_newest_leg() {
        let mut legs = Legs::after(std::iter::empty());
        let owner = Owner::Callee(TenantId::new(1), AttemptId::new(7));
        let first = legs.begin(owner);
        let second = legs.begin(owner);
        assert!(second > first);
        legs.end(first);
        assert_eq!(
            legs.of(owner),
            Some(second),
            "a failover's new leg is not lost with the old one"
        );
        legs.end(second);
        assert_eq!(legs.of(owner), None);
    }
}
