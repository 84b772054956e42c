//! Who dials next: campaigns that wait for something, and whose turn it is when it is there.
//!
//! A campaign that is refused names what it needs. It is not looked at again until one of these
//! needs is woken, so that a fact costs only the campaigns that it can have changed.

use std::collections::{BTreeMap, BTreeSet};

use outdial_domain::{CampaignId, PhoneNumber, SkillGroupId, TrunkName};
use serde::{Deserialize, Serialize};

/// What a campaign may wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Need {
    /// An idle agent of a group, however the phone is connected.
    Agent(SkillGroupId),
    /// An idle agent of a group whose phone leg is up.
    Connected(SkillGroupId),
    /// A line of the tenant's, kept for this campaign by its guarantee.
    GuaranteedLine,
    /// A line of the tenant's that no guarantee keeps.
    Line,
    /// A trunk that takes a call.
    Trunk(TrunkName),
    /// A caller ID with a free channel.
    CallerId(PhoneNumber),
}

/// A campaign's place among those that could dial: priority, then fewest calls, then longest not
/// served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Turn {
    pub(crate) priority: u8,
    pub(crate) calls: u32,
    pub(crate) served: u64,
    pub(crate) campaign: CampaignId,
}

/// What a campaign keeps of its place, so that it can be found again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    turn: Option<Turn>,
    place: Place,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Place {
    /// Waits for nothing; somebody must call [`Waiters::ready`].
    #[default]
    Out,
    Ready,
    Waiting(Vec<Need>),
}

impl Standing {
    pub(crate) fn is_ready(&self) -> bool {
        self.place == Place::Ready
    }
}

/// All campaigns that could dial, or wait for what they need to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Waiters {
    ready: BTreeSet<Turn>,
    waiting: BTreeMap<Need, BTreeSet<Turn>>,
    /// What this round looks at, and what has been woken since it began.
    woken: BTreeSet<Need>,
    next_woken: BTreeSet<Need>,
    /// Whether campaigns may have been refused that are not waiting yet.
    in_round: bool,
}

impl Waiters {
    /// Puts a campaign among those that are looked at in this round.
    pub(crate) fn ready(&mut self, standing: &mut Standing, turn: Turn) {
        self.remove(standing);
        self.ready.insert(turn);
        standing.turn = Some(turn);
        standing.place = Place::Ready;
    }

    /// Lets a campaign wait until one of `needs` is woken.
    pub(crate) fn wait(&mut self, standing: &mut Standing, turn: Turn, needs: Vec<Need>) {
        self.remove(standing);
        for &need in &needs {
            self.waiting.entry(need).or_default().insert(turn);
        }
        standing.turn = Some(turn);
        standing.place = if needs.is_empty() {
            Place::Out
        } else {
            Place::Waiting(needs)
        };
    }

    /// Moves a campaign to another place in its order, wherever it stands.
    pub(crate) fn move_to(&mut self, standing: &mut Standing, turn: Turn) {
        let Some(old) = standing.turn.filter(|&old| old != turn) else {
            return;
        };
        match &standing.place {
            Place::Out => {}
            Place::Ready => {
                self.ready.remove(&old);
                self.ready.insert(turn);
            }
            Place::Waiting(needs) => {
                for need in needs {
                    if let Some(turns) = self.waiting.get_mut(need) {
                        turns.remove(&old);
                        turns.insert(turn);
                    }
                }
            }
        }
        standing.turn = Some(turn);
    }

    /// Takes a campaign out.
    pub(crate) fn remove(&mut self, standing: &mut Standing) {
        let Some(turn) = standing.turn else { return };
        match std::mem::take(&mut standing.place) {
            Place::Out => {}
            Place::Ready => {
                self.ready.remove(&turn);
            }
            Place::Waiting(needs) => {
                for need in needs {
                    if let Some(turns) = self.waiting.get_mut(&need) {
                        turns.remove(&turn);
                        if turns.is_empty() {
                            self.waiting.remove(&need);
                        }
                    }
                }
            }
        }
    }

    /// Says that there may be some of this again; for the next round, because campaigns that were
    /// refused in this one are not waiting yet.
    pub(crate) fn wake(&mut self, need: Need) {
        if self.in_round || self.waiting.contains_key(&need) {
            self.next_woken.insert(need);
        }
    }

    /// Begins a round; says whether there is anything to look at.
    pub(crate) fn begin_round(&mut self) -> bool {
        self.woken.clear();
        let Self {
            woken,
            next_woken,
            waiting,
            ..
        } = self;
        while let Some(need) = next_woken.pop_first() {
            if waiting.contains_key(&need) {
                woken.insert(need);
            }
        }
        self.in_round = !self.woken.is_empty() || !self.ready.is_empty();
        self.in_round
    }

    /// The campaign whose turn it is: the best of those that are ready and of those that wait for
    /// something woken of which there still is some.
    pub(crate) fn next(&mut self, mut there_is: impl FnMut(Need) -> bool) -> Option<CampaignId> {
        let mut best = self.ready.first().copied();
        if !self.woken.is_empty() {
            let Self { woken, waiting, .. } = self;
            woken.retain(|&need| {
                let first = waiting.get(&need).and_then(|turns| turns.first());
                match first {
                    Some(&turn) if there_is(need) => {
                        best = Some(best.map_or(turn, |b| b.min(turn)));
                        true
                    }
                    _ => false,
                }
            });
        }
        best.map(|turn| turn.campaign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(campaign: u32, priority: u8, calls: u32) -> Turn {
        Turn {
            priority,
            calls,
            served: 0,
            campaign: CampaignId::new(campaign).unwrap(),
        }
    }

    #[test]
    fn a_woken_need_gives_the_turn_to_its_best_waiter() {
        let mut waiters = Waiters::default();
        let (mut a, mut b) = (Standing::default(), Standing::default());
        waiters.wait(&mut a, turn(1, 3, 5), vec![Need::Line]);
        waiters.wait(&mut b, turn(2, 3, 9), vec![Need::Line]);
        assert_eq!(waiters.next(|_| true), None);
        waiters.wake(Need::Line);
        assert!(waiters.begin_round());
        assert_eq!(waiters.next(|_| true), CampaignId::new(1).ok());
        waiters.move_to(&mut a, turn(1, 3, 10));
        assert_eq!(waiters.next(|_| true), CampaignId::new(2).ok());
        assert_eq!(waiters.next(|_| false), None);
        // Once there was none of it, the need sleeps until it is woken again.
        assert_eq!(waiters.next(|_| true), None);
    }

    #[test]
    fn a_campaign_waits_for_several_needs_and_leaves_them_together() {
        let mut waiters = Waiters::default();
        let mut a = Standing::default();
        let agents = Need::Agent(SkillGroupId::new(1));
        waiters.wait(&mut a, turn(1, 1, 0), vec![Need::Line, agents]);
        waiters.ready(&mut a, turn(1, 1, 0));
        waiters.remove(&mut a);
        assert_eq!(waiters, Waiters::default());
    }
}
