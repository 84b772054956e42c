//! The engine counts as it goes and never takes stock. This takes stock, for tests: every count and
//! every index is worked out afresh from the records and compared.

use std::collections::{BTreeMap, BTreeSet};

use outdial_domain::{CampaignId, ContactId};

use crate::agents::Phase;
use crate::calls::{Call, Stage, Tally};
use crate::engine::Engine;
use crate::mutant::Mutant;

impl Engine {
    /// Everything in the engine's memory that does not fit together; empty if all is well. It walks
    /// over the whole memory and is meant for tests.
    pub fn inconsistencies(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.check_lines(&mut found);
        self.check_campaigns(&mut found);
        self.check_calls(&mut found);
        self.check_agents(&mut found);
        self.check_timers(&mut found);
        found
    }

    fn holding(&self) -> impl Iterator<Item = &Call> {
        self.calls
            .values()
            .map(|call| &**call)
            .filter(|call| call.holds)
    }

    fn check_lines(&self, found: &mut Vec<String>) {
        let holding = self.holding().count() as u32;
        if holding != self.lines.used() {
            found.push(format!("{holding} lines, {} counted", self.lines.used()));
        }
        for trunk in self.trunks.iter() {
            let name = trunk.rules.name;
            let on_it = self.holding().filter(|c| c.attempt.trunk == name).count() as u32;
            if on_it != trunk.used() {
                found.push(format!("{on_it} calls on {name}, {} counted", trunk.used()));
            }
        }
        let mut kept = [0; 5];
        for campaign in self.campaigns.values() {
            let keeps = !self.is_off(Mutant::GuaranteedLines);
            if keeps && campaign.kept != campaign.kept_now() {
                found.push(format!("campaign {}: kept lines are stale", campaign.id));
            }
            campaign.kept.add_to(&mut kept);
        }
        if kept != self.lines.kept() {
            found.push(format!("kept {kept:?}, counted {:?}", self.lines.kept()));
        }
    }

    fn check_campaigns(&self, found: &mut Vec<String>) {
        let mut tallies: BTreeMap<CampaignId, (Tally, u32)> = BTreeMap::new();
        for call in self.calls.values() {
            let (tally, calls) = tallies.entry(call.attempt.campaign).or_default();
            *calls += 1;
            if call.holds {
                tally.add(call.stage, call.is_bound);
            }
        }
        for campaign in self.campaigns.values() {
            let id = campaign.id;
            let (tally, calls) = tallies.get(&id).copied().unwrap_or_default();
            if (tally, calls) != (campaign.tally, campaign.calls) {
                found.push(format!(
                    "campaign {id}: {tally:?} {calls}, counted {:?} {}",
                    campaign.tally, campaign.calls
                ));
            }
            let held = self.held_by(id);
            if held != campaign.held {
                let (real, known) = (held.len(), campaign.held.len());
                found.push(format!("campaign {id}: holds {real}, counted {known}"));
            }
            if campaign.held.len() as i64 > campaign.open {
                found.push(format!("campaign {id}: holds more than is open"));
            }
        }
    }

    fn held_by(&self, id: CampaignId) -> BTreeSet<ContactId> {
        let mut held = BTreeSet::new();
        if let Some(campaign) = self.campaigns.get(&id) {
            let bound = campaign.ready_agents.values();
            let bound = bound.chain(campaign.called_agents.values()).flatten();
            held.extend(&campaign.barred);
            held.extend(campaign.window.iter().chain(bound).map(|h| h.contact.id));
        }
        let offers = self.offers.values().filter(|o| o.offer.campaign == id);
        held.extend(offers.map(|o| o.held.contact.id));
        let calls = self.calls.values().filter(|c| c.attempt.campaign == id);
        held.extend(calls.map(|c| c.contact.id));
        held
    }

    fn check_calls(&self, found: &mut Vec<String>) {
        let mut numbers = BTreeSet::new();
        for call in self.calls.values() {
            let id = call.attempt.id;
            if !numbers.insert(call.number()) {
                found.push(format!("attempt {id}: another call to its number is live"));
            }
            let busy = call.agent.and_then(|key| self.agents.get(key));
            let fits = match (busy.map(|agent| agent.phase), call.stage) {
                (Some(Phase::Talking(of)), Stage::Connected) => of == id,
                (Some(Phase::Reserved(of)), stage) => of == id && stage != Stage::Connected,
                (None, stage) => stage != Stage::Connected,
                _ => false,
            };
            if !fits {
                let phase = busy.map(|agent| agent.phase);
                found.push(format!(
                    "attempt {id}: {:?} with agent {phase:?}",
                    call.stage
                ));
            }
            if call.queued.is_some() != (call.stage == Stage::Waiting) {
                found.push(format!("attempt {id}: {:?} and queue differ", call.stage));
            }
        }
    }

    fn check_agents(&self, found: &mut Vec<String>) {
        for (key, agent) in self.agents.iter() {
            let id = agent.rules.id;
            let known = match agent.phase {
                Phase::Reserved(attempt) | Phase::Talking(attempt) => self
                    .calls
                    .get(&attempt)
                    .is_some_and(|call| call.agent == Some(key)),
                Phase::Offered(offer) => self.offers.get(&offer).is_some_and(|o| o.agent == key),
                Phase::Bound(campaign) => self.campaigns.get(&campaign).is_some_and(|c| {
                    c.ready_agents.contains_key(&key) || c.called_agents.contains_key(&key)
                }),
                Phase::WrapUp(_) => agent.wrap_up.at().is_some(),
                Phase::Idle { .. } => agent.may_idle(),
                Phase::Off => !agent.may_idle(),
            };
            if !known {
                found.push(format!("agent {id}: {:?} fits nothing", agent.phase));
            }
            if agent.told != agent.state() {
                found.push(format!("agent {id}: {:?} was not told", agent.state()));
            }
        }
        found.extend(self.agents.stale_pools());
        for campaign in self.campaigns.values() {
            let needed = self.agents_needed(campaign);
            let promised = self.agents.promised(campaign.id);
            if promised > needed {
                let id = campaign.id;
                found.push(format!(
                    "campaign {id}: {promised} promised, {needed} needed"
                ));
            }
        }
    }

    fn check_timers(&self, found: &mut Vec<String>) {
        let agents = self.agents.iter().map(|(_, agent)| agent);
        let alarms = self.calls.values().map(|c| c.alarm);
        let alarms = alarms
            .chain(self.campaigns.values().map(|c| c.alarm))
            .chain(self.trunks.iter().map(|t| t.alarm))
            .chain(self.offers.values().map(|o| o.alarm))
            .chain(agents.flat_map(|a| [a.phone, a.wrap_up]))
            .chain([self.store.alarm, self.breakers_alarm]);
        let set = alarms.filter(|alarm| alarm.at().is_some()).count();
        if set != self.timers.len() {
            found.push(format!("{set} alarms, {} deadlines", self.timers.len()));
        }
    }
}
