//! What is done to worlds by chance: operators, outages, lists that grow.

use std::time::Duration;

use outdial_domain::{CampaignId, LifeCycleCommand, RevisionNumber, TrunkName};
use outdial_engine::input::{HaltScope, Input};

use super::Shape;
use crate::dice::Rolls;
use crate::plan::{Act, Plan, agent_id, campaign_id, permit, trunk_name};
use crate::units::{minutes, secs};

/// In this time everything is done to a world that is done to it.
const TROUBLED: Duration = minutes(100);

/// Some time, a later time, and whom it is about.
struct Occasion {
    at: Duration,
    later: Duration,
    place: usize,
    campaign: CampaignId,
    trunk: TrunkName,
}

impl Shape {
    /// What is done to the world: contacts are added all the time, and troubles strike.
    pub(super) fn acts(&self, plan: &mut Plan, rolls: &mut Rolls) {
        for n in 0..=self.campaigns {
            let mut at = Duration::ZERO;
            while at < TROUBLED {
                at += minutes(rolls.between(2, 8));
                let count = rolls.between(10, 60) as u32;
                plan.acts.push((at, Act::Add(campaign_id(n + 1), count)));
            }
        }
        for _ in 0..self.operators {
            let occasion = self.occasion(plan, rolls);
            let rate = Act::AnswerRate(rolls.between(20, 70) as u32);
            plan.acts.push((occasion.at, rate));
            self.operator_acts(plan, rolls, &occasion);
        }
        self.do_not_call_acts(plan, rolls);
        for _ in 0..self.outages / 5 {
            let occasion = self.occasion(plan, rolls);
            outage(plan, rolls, &occasion);
        }
        // Edits of one campaign must come in the order of their revisions.
        plan.acts.sort_by_key(|(at, _)| *at);
        number_revisions(plan);
    }

    fn occasion(&self, plan: &Plan, rolls: &mut Rolls) -> Occasion {
        let at = rolls.time(secs(10), TROUBLED);
        let place = rolls.between(0, u64::from(self.campaigns)) as usize;
        let trunk = rolls.one_of(&plan.trunks).map(|(rules, _)| rules.name);
        Occasion {
            at,
            later: at + rolls.time(secs(1), minutes(5)),
            place,
            campaign: campaign_id(place as u32 + 1),
            trunk: trunk.unwrap_or_else(|| trunk_name("carrier")),
        }
    }

    fn operator_acts(&self, plan: &mut Plan, rolls: &mut Rolls, occasion: &Occasion) {
        let &Occasion {
            at,
            later,
            place,
            campaign,
            trunk,
        } = occasion;
        let (now, then) = match rolls.between(0, 12) {
            0 | 1 => {
                let pause = Act::Ask(campaign, LifeCycleCommand::Pause);
                (pause, Some(Act::Ask(campaign, LifeCycleCommand::Resume)))
            }
            2 => {
                // Rarely: an abort leaves nothing to check.
                let command = if rolls.percent(20) {
                    LifeCycleCommand::Abort
                } else {
                    LifeCycleCommand::Start
                };
                (Act::Ask(campaign, command), None)
            }
            3..=5 => {
                let mut settings = plan.campaigns[place].settings.clone();
                self.edit(&mut settings, plan, rolls);
                let revised = Input::Revised {
                    campaign,
                    revision: RevisionNumber::new(0),
                    settings: Box::new(settings),
                };
                (tell(revised), None)
            }
            6 => {
                let scope = match rolls.between(0, 2) {
                    0 => HaltScope::Tenant,
                    1 => HaltScope::Trunk(trunk),
                    _ => HaltScope::Campaign(campaign),
                };
                let reason = "complaints".to_owned();
                let halted = tell(Input::Halted { scope, reason });
                (halted, Some(tell(Input::HaltReleased(scope))))
            }
            7 => {
                let spacing = rolls.percent(50).then(|| rolls.between(300, 9_000) as u32);
                let permit = permit(rolls.between(0, 20) as u32, spacing);
                (tell(Input::PermitSet { trunk, permit }), None)
            }
            8 => {
                let mut caller_ids = plan.caller_ids.clone();
                for caller_id in &mut caller_ids {
                    caller_id.channels = rolls.percent(50).then(|| rolls.between(1, 8) as u32);
                }
                let kept = rolls.between(1, caller_ids.len() as u64) as usize;
                caller_ids.truncate(kept);
                let all = tell(Input::CallerIdsSet(plan.caller_ids.clone()));
                (tell(Input::CallerIdsSet(caller_ids)), Some(all))
            }
            9 => {
                let mut rules = plan.rules.clone();
                rules.max_calls = rolls.between(1, 30) as u32;
                let all = tell(Input::TenantSet(plan.rules.clone()));
                (tell(Input::TenantSet(rules)), Some(all))
            }
            10 => {
                let number = rolls.between(0, u64::from(self.agents)) as u32;
                let rules = plan.agents[number as usize].rules.clone();
                let gone = tell(Input::AgentGone(agent_id(number)));
                (gone, Some(tell(Input::AgentSet(rules))))
            }
            11 => {
                let number = rolls.between(0, u64::from(self.agents)) as usize;
                let mut rules = plan.agents[number].rules.clone();
                rules.skill_groups.reverse();
                rules.skill_groups.truncate(1);
                let as_before = tell(Input::AgentSet(plan.agents[number].rules.clone()));
                (tell(Input::AgentSet(rules)), Some(as_before))
            }
            _ => (Act::HangUp, Some(Act::HangUp)),
        };
        plan.acts.push((at, now));
        plan.acts.extend(then.map(|then| (later, then)));
    }
}

impl Shape {
    /// Numbers are put on the do-not-call list, for good or for up to an hour, and some leave it.
    fn do_not_call_acts(&self, plan: &mut Plan, rolls: &mut Rolls) {
        for _ in 0..self.do_not_call / 10 {
            let at = rolls.time(Duration::ZERO, TROUBLED);
            let percent = rolls.between(1, 30) as u32;
            let act = match rolls.between(0, 3) {
                0 => Act::Unlist(percent * 3),
                1 => Act::List(percent, Some(minutes(rolls.between(1, 60)))),
                _ => Act::List(percent, None),
            };
            plan.acts.push((at, act));
        }
    }
}

fn outage(plan: &mut Plan, rolls: &mut Rolls, occasion: &Occasion) {
    let &Occasion {
        at, later, trunk, ..
    } = occasion;
    let time = later.saturating_sub(at);
    match rolls.between(0, 4) {
        0 => plan.acts.push((at, Act::TrunkFails(trunk, time))),
        1 => plan.acts.push((at, Act::StoreFails(time / 2))),
        2 => {
            for (at, answered) in [(at, false), (later, true)] {
                let probed = Input::TrunkProbed { trunk, answered };
                plan.acts.push((at, tell(probed)));
            }
        }
        3 => {
            let known = plan.trunks.iter().find(|(rules, _)| rules.name == trunk);
            if let Some((rules, permit)) = known.cloned() {
                plan.acts.push((at, tell(Input::TrunkGone(trunk))));
                plan.acts.push((later, tell(Input::TrunkSet(rules))));
                plan.acts
                    .push((later, tell(Input::PermitSet { trunk, permit })));
            }
        }
        _ => {
            plan.acts.push((at, Act::AllInvalid(trunk, true)));
            plan.acts
                .push((at + time * 2, Act::AllInvalid(trunk, false)));
        }
    }
}

fn tell(input: Input) -> Act {
    Act::Tell(Box::new(input))
}

/// Gives each edit the number after the one before it.
fn number_revisions(plan: &mut Plan) {
    let mut last = vec![1; plan.campaigns.len() + 1];
    for (_, act) in &mut plan.acts {
        if let Act::Tell(input) = act
            && let Input::Revised {
                campaign, revision, ..
            } = &mut **input
            && let Some(number) = last.get_mut(campaign.number() as usize)
        {
            *number += 1;
            *revision = RevisionNumber::new(*number);
        }
    }
}
