//! All agents, and who of them is promised to which campaign.
//!
//! Every idle agent is in exactly one of two pools: free, or promised to one campaign whose ringing
//! calls count on it. So no two calls ever count on the same agent, however groups overlap.

use std::collections::{BTreeMap, BTreeSet};

use outdial_domain::{AgentId, AgentState, AttemptId, CampaignId, SkillGroupId, Timestamp};
use serde::{Deserialize, Serialize};

use super::group::{Group, Longest, QueueKey};
use super::record::{Agent, AgentKey, Phase};
use crate::input::AgentRules;

/// All agents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Agents {
    keys: BTreeMap<AgentId, AgentKey>,
    slots: Vec<Option<Agent>>,
    free_slots: Vec<AgentKey>,
    groups: BTreeMap<SkillGroupId, Group>,
    promises: BTreeMap<CampaignId, Longest>,
}

impl Agents {
    pub(crate) fn key(&self, id: AgentId) -> Option<AgentKey> {
        self.keys.get(&id).copied()
    }

    pub(crate) fn get(&self, key: AgentKey) -> Option<&Agent> {
        self.slots.get(key.0 as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, key: AgentKey) -> Option<&mut Agent> {
        self.slots.get_mut(key.0 as usize)?.as_mut()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (AgentKey, &Agent)> {
        self.keys
            .values()
            .filter_map(|&key| Some((key, self.get(key)?)))
    }

    pub(crate) fn group(&self, id: SkillGroupId) -> Option<&Group> {
        self.groups.get(&id)
    }

    pub(crate) fn group_mut(&mut self, id: SkillGroupId) -> &mut Group {
        self.groups.entry(id).or_default()
    }

    /// Adds an agent.
    pub(crate) fn add(&mut self, rules: AgentRules, now: Timestamp) -> AgentKey {
        let id = rules.id;
        let key = self.free_slots.pop().unwrap_or_else(|| {
            self.slots.push(None);
            AgentKey(self.slots.len() as u32 - 1)
        });
        self.keys.insert(id, key);
        self.slots[key.0 as usize] = Some(Agent::new(rules, now));
        self.join_groups(key);
        key
    }

    /// Forgets an agent who is neither idle nor at work.
    pub(crate) fn remove(&mut self, key: AgentKey) {
        self.leave_groups(key);
        if let Some(agent) = self.slots.get_mut(key.0 as usize).and_then(Option::take) {
            self.keys.remove(&agent.rules.id);
            self.free_slots.push(key);
        }
    }

    /// Gives an agent other rules. The agent must not be idle.
    pub(crate) fn change(&mut self, key: AgentKey, rules: AgentRules) {
        self.leave_groups(key);
        if let Some(agent) = self.get_mut(key) {
            agent.rules = rules;
        }
        self.join_groups(key);
    }

    fn join_groups(&mut self, key: AgentKey) {
        let Some(agent) = self.slots[key.0 as usize].as_ref() else {
            return;
        };
        for &id in &agent.rules.skill_groups {
            let group = self.groups.entry(id).or_default();
            group.members.insert(key);
            *group.states.entry(agent.told.0).or_default() += 1;
            group.leaving += u32::from(is_leaving(agent));
        }
    }

    fn leave_groups(&mut self, key: AgentKey) {
        let Some(agent) = self.slots[key.0 as usize].as_ref() else {
            return;
        };
        for id in &agent.rules.skill_groups {
            if let Some(group) = self.groups.get_mut(id) {
                group.members.remove(&key);
                if let Some(count) = group.states.get_mut(&agent.told.0) {
                    *count = count.saturating_sub(1);
                }
                group.leaving = group.leaving.saturating_sub(u32::from(is_leaving(agent)));
            }
        }
    }

    /// Changes what groups count an agent as.
    pub(crate) fn count(&mut self, key: AgentKey, change: impl FnOnce(&mut Agent)) {
        let Some(agent) = self.slots.get_mut(key.0 as usize).and_then(Option::as_mut) else {
            return;
        };
        let before = (agent.told.0, is_leaving(agent));
        change(agent);
        let after = (agent.told.0, is_leaving(agent));
        if before == after {
            return;
        }
        for id in &agent.rules.skill_groups {
            let group = self.groups.entry(*id).or_default();
            if before.0 != after.0 {
                if let Some(count) = group.states.get_mut(&before.0) {
                    *count = count.saturating_sub(1);
                }
                *group.states.entry(after.0).or_default() += 1;
            }
            group.leaving =
                (group.leaving + u32::from(after.1)).saturating_sub(u32::from(before.1));
        }
    }

    /// Puts an agent among the free ones.
    pub(crate) fn set_idle(&mut self, key: AgentKey, now: Timestamp) {
        self.move_idle(
            key,
            Phase::Idle {
                since: now,
                promised_to: None,
            },
        );
    }

    /// Takes an agent out of the pools, into another phase.
    pub(crate) fn take(&mut self, key: AgentKey, phase: Phase) {
        self.move_idle(key, phase);
    }

    /// Promises a free agent to a campaign.
    pub(crate) fn promise(&mut self, key: AgentKey, campaign: CampaignId) {
        if let Some(Phase::Idle { since, .. }) = self.get(key).map(|agent| agent.phase) {
            let promised_to = Some(campaign);
            self.move_idle(key, Phase::Idle { since, promised_to });
        }
    }

    /// Gives a promised agent back to everybody.
    pub(crate) fn unpromise(&mut self, key: AgentKey) {
        if let Some(Phase::Idle { since, .. }) = self.get(key).map(|agent| agent.phase) {
            let promised_to = None;
            self.move_idle(key, Phase::Idle { since, promised_to });
        }
    }

    fn move_idle(&mut self, key: AgentKey, phase: Phase) {
        let Some(agent) = self.slots.get_mut(key.0 as usize).and_then(Option::as_mut) else {
            return;
        };
        let before = std::mem::replace(&mut agent.phase, phase);
        let permanent = agent.is_permanent();
        for id in &agent.rules.skill_groups {
            let group = self.groups.entry(*id).or_default();
            if let Phase::Idle { since, promised_to } = before {
                group.pool(permanent, promised_to).remove(&(since, key));
            }
            if let Phase::Idle { since, promised_to } = phase {
                group.pool(permanent, promised_to).insert((since, key));
            }
        }
        if let Phase::Idle {
            since,
            promised_to: Some(campaign),
        } = before
            && let Some(promised) = self.promises.get_mut(&campaign)
        {
            promised.remove(&(since, key));
        }
        if let Phase::Idle {
            since,
            promised_to: Some(campaign),
        } = phase
        {
            self.promises
                .entry(campaign)
                .or_default()
                .insert((since, key));
        }
    }

    /// Agents promised to a campaign.
    pub(crate) fn promised(&self, campaign: CampaignId) -> u32 {
        self.promises
            .get(&campaign)
            .map_or(0, |promised| promised.len() as u32)
    }

    /// The promised agent of a campaign who has been idle the shortest.
    pub(crate) fn last_promised(&self, campaign: CampaignId) -> Option<AgentKey> {
        self.promises.get(&campaign)?.last().map(|&(_, key)| key)
    }

    /// The free agent of a group who has been idle longest and whose phone is connected.
    pub(crate) fn longest_connected(&self, group: SkillGroupId) -> Option<AgentKey> {
        self.groups
            .get(&group)?
            .connected
            .first()
            .map(|&(_, key)| key)
    }

    /// The free agent of a group who has been idle longest, however the phone is connected.
    pub(crate) fn longest_idle(&self, group: SkillGroupId) -> Option<AgentKey> {
        let group = self.groups.get(&group)?;
        let (connected, per_call) = (group.connected.first(), group.per_call.first());
        connected
            .into_iter()
            .chain(per_call)
            .min()
            .map(|&(_, key)| key)
    }

    /// Who takes a callee that waits now: the longest idle of the free agents and of those promised
    /// to its own campaign, else one who is promised to another campaign, whose call only rings.
    pub(crate) fn for_callee(&self, id: SkillGroupId, campaign: CampaignId) -> Option<AgentKey> {
        let group = self.groups.get(&id)?;
        // After an edit of its target a campaign may hold promises of another group.
        let own = self.promises.get(&campaign).and_then(BTreeSet::first);
        let own = own.filter(|(_, key)| group.members.contains(key));
        let first = group.connected.first().into_iter().chain(own).min();
        first.or(group.promised.first()).map(|&(_, key)| key)
    }

    /// The best waiting callee among an agent's groups.
    pub(crate) fn first_in_queue(&self, key: AgentKey) -> Option<QueueKey> {
        self.of_groups(key, |group| group.queue.first().copied())
    }

    /// The first call among an agent's groups that has lost its agent.
    pub(crate) fn first_orphan(&self, key: AgentKey) -> Option<AttemptId> {
        self.of_groups(key, |group| group.orphans.first().copied())
    }

    /// Idle agents who are in another pool than their phase says, and counts that are wrong.
    pub(crate) fn stale_pools(&self) -> Vec<String> {
        let mut fresh = Self::default();
        for agent in self.slots.iter() {
            fresh.slots.push(agent.clone());
        }
        for (id, &key) in &self.keys {
            fresh.keys.insert(*id, key);
            fresh.join_groups(key);
            if let Some(phase) = self.get(key).map(|agent| agent.phase) {
                if let Some(agent) = fresh.get_mut(key) {
                    agent.phase = Phase::Off;
                }
                fresh.move_idle(key, phase);
            }
        }
        let differs = |(id, group): (&SkillGroupId, &Group)| {
            let none = Group::default();
            let other = fresh.groups.get(id).unwrap_or(&none);
            let same = group.has_same_members(other);
            (!same).then(|| format!("group {id}: {group:?}, from its members {other:?}"))
        };
        let mut stale: Vec<_> = self.groups.iter().filter_map(differs).collect();
        for (&campaign, promised) in &self.promises {
            if promised.len() as u32 != fresh.promised(campaign) {
                stale.push(format!("campaign {campaign}: promises differ"));
            }
        }
        stale
    }

    fn of_groups<T: Ord>(&self, key: AgentKey, pick: impl Fn(&Group) -> Option<T>) -> Option<T> {
        let groups = &self.get(key)?.rules.skill_groups;
        groups
            .iter()
            .filter_map(|id| pick(self.groups.get(id)?))
            .min()
    }
}

fn is_leaving(agent: &Agent) -> bool {
    let busy = matches!(agent.told.0, AgentState::Talking | AgentState::WrapUp);
    busy && agent.announced.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use outdial_domain::Connection;

    const SALES: SkillGroupId = SkillGroupId::new(1);
    const HELP: SkillGroupId = SkillGroupId::new(2);

    fn agents(groups: &[&[SkillGroupId]]) -> (Agents, Vec<AgentKey>) {
        let mut agents = Agents::default();
        let keys = groups
            .iter()
            .enumerate()
            .map(|(n, groups)| {
                let rules = AgentRules {
                    id: AgentId::new(&format!("{n}")).unwrap(),
                    skill_groups: groups.to_vec(),
                    connection: Connection::Permanent,
                    registers: false,
                };
                let key = agents.add(rules, Timestamp::default());
                agents.set_idle(key, Timestamp::from_secs(n as i64));
                key
            })
            .collect();
        (agents, keys)
    }

    #[test]
    fn an_agent_of_two_groups_is_promised_once() {
        let campaign = CampaignId::new(1).unwrap();
        let (mut agents, keys) = agents(&[&[SALES, HELP], &[HELP]]);
        assert_eq!(agents.longest_connected(SALES), Some(keys[0]));
        agents.promise(keys[0], campaign);
        assert_eq!(agents.longest_connected(SALES), None);
        assert_eq!(agents.longest_connected(HELP), Some(keys[1]));
        assert_eq!(agents.promised(campaign), 1);
        agents.unpromise(keys[0]);
        assert_eq!(agents.longest_connected(HELP), Some(keys[0]));
        assert_eq!(agents.promised(campaign), 0);
    }

    #[test]
    fn a_waiting_callee_may_have_an_agent_on_whom_a_ringing_call_counts() {
        let (ours, others) = (CampaignId::new(1).unwrap(), CampaignId::new(2).unwrap());
        let (mut agents, keys) = agents(&[&[SALES], &[SALES], &[SALES]]);
        agents.promise(keys[0], others);
        agents.promise(keys[2], ours);
        assert_eq!(agents.for_callee(SALES, ours), Some(keys[1]));
        agents.take(keys[1], Phase::Off);
        assert_eq!(agents.for_callee(SALES, ours), Some(keys[2]));
        agents.take(keys[2], Phase::Off);
        assert_eq!(agents.for_callee(SALES, ours), Some(keys[0]));
    }

    #[test]
    fn a_slot_is_used_again_and_leaves_nothing_behind() {
        let (mut agents, keys) = agents(&[&[SALES]]);
        agents.take(keys[0], Phase::Off);
        agents.remove(keys[0]);
        assert_eq!(agents.iter().count(), 0);
        assert!(!agents.group(SALES).unwrap().has_free());
        assert_eq!(
            agents.group(SALES).unwrap().in_state(AgentState::Offline),
            0
        );
    }
}
