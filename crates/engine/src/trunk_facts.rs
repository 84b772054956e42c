//! Facts about trunks: rules, permits, probes, breakers.

use std::time::Duration;

use outdial_domain::{Permit, PhoneNumber, Timestamp, TrunkName};

use crate::engine::Engine;
use crate::input::{BreakerState, Suspects, TrunkRules};
use crate::output::{Output, TrunkHealth};
use crate::timer::{TimerKey, Timers};
use crate::trunk::breaker::Breaker;
use crate::waiters::Need;

/// Suspects that an open breaker has won are told so much later.
const GROWN_TOLD_AFTER: Duration = Duration::from_secs(1);

impl Engine {
    pub(crate) fn trunk_set(&mut self, rules: TrunkRules) {
        // A trunk that comes back may still carry calls of before.
        let name = rules.name;
        let on_it = self
            .calls
            .values()
            .filter(|c| c.holds && c.attempt.trunk == name);
        let used = on_it.count() as u32;
        self.trunks.set(rules, used);
        self.routes_changed();
        self.lines_changed();
    }

    pub(crate) fn trunk_gone(&mut self, name: TrunkName) {
        let Some(mut trunk) = self.trunks.remove(name) else {
            self.counters.unknown += 1;
            return;
        };
        self.timers
            .set(&mut trunk.alarm, TimerKey::Trunk(name), None);
        self.routes_changed();
        self.lines_changed();
    }

    pub(crate) fn permit_set(&mut self, name: TrunkName, permit: Permit) {
        let before = self.lines.capacity();
        if !self.trunks.permit(name, permit) {
            self.counters.unknown += 1;
            return;
        }
        self.lines.set_permits(self.trunks.permits());
        if self.lines.capacity() != before {
            self.lines_changed();
        }
        self.trunk_freed(name);
    }

    pub(crate) fn trunk_probed(&mut self, name: TrunkName, answered: bool) {
        let now = self.now;
        let Some(trunk) = self.trunks.get_mut(name) else {
            self.counters.unknown += 1;
            return;
        };
        if trunk.health.probed(answered, now) {
            let reason = if answered {
                "it answers OPTIONS again"
            } else {
                "it does not answer OPTIONS; calls are still tried"
            };
            self.tell_trunk(name, reason);
        }
    }

    /// A call went through on a trunk.
    pub(crate) fn trunk_succeeded(&mut self, name: TrunkName) {
        let now = self.now;
        if let Some(trunk) = self.trunks.get_mut(name)
            && trunk.health.success(now)
        {
            self.tell_trunk(name, "a call went through");
        }
    }

    /// A call failed on the line.
    pub(crate) fn trunk_failed(&mut self, name: TrunkName) {
        let now = self.now;
        if let Some(trunk) = self.trunks.get_mut(name)
            && trunk.health.failure(now)
        {
            self.tell_trunk(name, "ten calls in a row have failed on the line");
        }
    }

    /// A contact failed on it for the third time and nothing else went through.
    pub(crate) fn trunk_given_up(&mut self, name: TrunkName) {
        let now = self.now;
        if let Some(trunk) = self.trunks.get_mut(name)
            && trunk.health.give_up(now)
        {
            self.tell_trunk(
                name,
                "a contact has failed on the line three times and no other call went through",
            );
        }
    }

    fn tell_trunk(&mut self, name: TrunkName, reason: &str) {
        if let Some(trunk) = self.trunks.get(name) {
            let health = trunk.health.now();
            self.out.push_back(Output::TrunkChanged {
                trunk: name,
                health,
                reason: reason.to_owned(),
            });
            if health != TrunkHealth::Out {
                self.trunk_freed(name);
            }
            self.set_trunk_alarm(name);
        }
    }

    /// A trunk may take calls again.
    pub(crate) fn trunk_freed(&mut self, name: TrunkName) {
        self.waiters.wake(Need::Trunk(name));
    }

    pub(crate) fn trunk_due(&mut self, name: TrunkName) {
        if let Some(trunk) = self.trunks.get_mut(name) {
            Timers::fired(&mut trunk.alarm);
        }
        self.trunk_freed(name);
    }

    /// Wakes a trunk that refuses for a time when the time is over.
    pub(crate) fn set_trunk_alarm(&mut self, name: TrunkName) {
        let now = self.now;
        if let Some(trunk) = self.trunks.get_mut(name) {
            let slot = trunk.pace.check(now).err();
            let trial = trunk.health.check(now).err();
            let when = slot.max(trial).filter(|&t| t < Timestamp::MAX);
            self.timers
                .set(&mut trunk.alarm, TimerKey::Trunk(name), when);
        }
    }

    /// Caller IDs or trunks have changed: which trunks carry which caller ID is worked out afresh.
    pub(crate) fn routes_changed(&mut self) {
        let names = self.trunks.names();
        let trunks = &self.trunks;
        self.caller_ids.route(&names, |name, number| {
            trunks.get(name).is_some_and(|trunk| {
                let own = &trunk.rules.caller_ids;
                own.is_empty() || own.contains(&number)
            })
        });
        self.wake_all();
    }

    pub(crate) fn breaker_set(&mut self, state: BreakerState) {
        let Some(trunk) = self.trunks.get_mut(state.trunk) else {
            self.counters.unknown += 1;
            return;
        };
        let breaker = Breaker::opened_before(state.since, state.changed_at, state.suspects);
        trunk.breakers.insert(state.caller_id, breaker);
        self.trunks.count_breakers();
    }

    pub(crate) fn breaker_lifted(&mut self, name: TrunkName, suspects: Suspects) {
        let Some(trunk) = self.trunks.get_mut(name) else {
            self.counters.unknown += 1;
            return;
        };
        let keep = suspects == Suspects::Keep;
        let breakers = trunk.breakers.values_mut();
        let lifted: Vec<_> = breakers.filter_map(|breaker| breaker.lift(keep)).collect();
        if lifted.is_empty() {
            self.counters.late += 1;
            return;
        }
        self.trunks.count_breakers();
        self.out.push_back(Output::BreakerClosed { trunk: name });
        if keep {
            self.keep_suspects(lifted.into_iter().flatten().collect());
        }
        self.trunk_freed(name);
        self.wake_all();
    }

    /// The breaker of a trunk and caller ID has opened.
    pub(crate) fn tell_breaker(&mut self, trunk: TrunkName, caller_id: PhoneNumber) {
        self.trunks.count_breakers();
        if let Some(state) = self.breaker_state(trunk, caller_id) {
            self.out.push_back(Output::BreakerOpened(state));
        }
    }

    fn breaker_state(&self, trunk: TrunkName, caller_id: PhoneNumber) -> Option<BreakerState> {
        let breakers = &self.trunks.get(trunk)?.breakers;
        let open = breakers.get(&caller_id)?.open()?;
        Some(BreakerState {
            trunk,
            caller_id,
            since: open.since,
            changed_at: open.changed_at,
            suspects: open.suspects.values().cloned().collect(),
        })
    }

    /// A call that was in flight when a breaker opened is suspect as well. They end one by one, and a
    /// breaker is told whole: it is told again when some have gathered.
    pub(crate) fn breaker_grew(&mut self, trunk: TrunkName, caller_id: PhoneNumber) {
        self.breakers_grown.insert((trunk, caller_id));
        if self.breakers_alarm.at().is_none() {
            let when = Some(self.now + GROWN_TOLD_AFTER);
            self.timers
                .set(&mut self.breakers_alarm, TimerKey::Breakers, when);
        }
    }

    pub(crate) fn breakers_due(&mut self) {
        Timers::fired(&mut self.breakers_alarm);
        for (trunk, caller_id) in std::mem::take(&mut self.breakers_grown) {
            if let Some(state) = self.breaker_state(trunk, caller_id) {
                self.out.push_back(Output::BreakerGrew(state));
            }
        }
    }
}
