//! Worlds by chance: a shape says how much of each trouble there is, the seed where it strikes.

mod acts;
mod campaigns;

use std::time::Duration;

use outdial_domain::{
    CallerId, ComplianceProfile, Connection, DayRule, DaySelector, SkillGroupId, TimeOfDay, Window,
};
use outdial_engine::input::Suspects;

use crate::callees::Mix;
use crate::dice::{Dice, Rolls};
use crate::plan::{AgentPlan, GROUP, Plan, caller_id, permit, trunk_name, trunk_rules};
use crate::spread::Spread;
use crate::units::{millis, minutes, secs};

/// How large a world is and how much of each trouble it has. All troubles are 0–100; a world whose
/// shape is all zeros is a small and quiet one, so that a failing world shrinks to something readable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Campaigns beyond the first.
    pub campaigns: u32,
    /// Agents beyond the first.
    pub agents: u32,
    /// Trunks beyond the first, and caller IDs beyond the first.
    pub trunks: u32,
    /// Contacts of each list in hundreds, beyond the first hundred.
    pub contacts: u32,
    /// Whether modes other than progressive are used, in percent of the campaigns.
    pub modes: u32,
    /// Limits of lines, caller IDs, spacing.
    pub limits: u32,
    /// Calls that the line loses: 503, 500, silence, answers that cross.
    pub line_trouble: u32,
    /// Breaks, phones that hang up, are lost or do not answer.
    pub agent_trouble: u32,
    /// Edits, pauses, halts.
    pub operators: u32,
    /// Outages of trunks and of the store, bursts of 404.
    pub outages: u32,
    /// Windows, periods, zones, a profile.
    pub calendars: u32,
    /// Numbers that are put on the do-not-call list, and taken off it.
    pub do_not_call: u32,
    /// Several numbers, priorities, shared numbers, retries by outcome.
    pub lists: u32,
    /// Late wake-ups, stale facts, slow commits.
    pub machinery: u32,
}

/// The kind under which worlds are drawn.
const WORLD: u64 = 0x0077_6f72_6c64;
/// A second skill group.
const OTHER_GROUP: SkillGroupId = SkillGroupId::new(256);

impl Shape {
    /// The world of this shape and seed.
    pub fn plan(&self, seed: u64) -> Plan {
        let rolls = &mut Dice::new(seed).kind(WORLD).rolls(0);
        let mut plan = Plan::quiet(seed);
        plan.callees.answer = Spread::Lognormal {
            mean: secs(6),
            cv: 0.8,
        };
        plan.callees.talk = Spread::Lognormal {
            mean: secs(rolls.between(5, 40)),
            cv: 1.0,
        };
        plan.callees.patience = Spread::Even(millis(200), secs(30));
        self.lines(&mut plan, rolls);
        self.callees(&mut plan, rolls);
        for number in 0..=self.agents {
            plan.agents.push(self.agent(number, rolls));
        }
        for number in 0..=self.campaigns {
            let campaign = self.campaign(number, &plan, rolls);
            plan.campaigns.push(campaign);
        }
        self.profile(&mut plan, rolls);
        self.machinery(&mut plan, rolls);
        self.acts(&mut plan, rolls);
        plan
    }

    fn lines(&self, plan: &mut Plan, rolls: &mut Rolls) {
        let limited = |rolls: &mut Rolls| rolls.percent(self.limits);
        if limited(rolls) {
            plan.rules.max_calls = rolls.between(2, 30) as u32;
        }
        plan.trunks.clear();
        for n in 0..=self.trunks {
            let name = ["carrier", "second", "third", "fourth"][n as usize % 4];
            let calls = if limited(rolls) {
                rolls.between(1, 15) as u32
            } else {
                500
            };
            let spacing = limited(rolls).then(|| rolls.between(300, 20_000) as u32);
            let mut rules = trunk_rules(name);
            rules.weight = rolls.between(1, 3) as u32;
            if limited(rolls) && n > 0 {
                rules.caller_ids = vec![caller_id(n)];
            }
            plan.trunks.push((rules, permit(calls, spacing)));
        }
        plan.caller_ids = (0..=self.trunks)
            .map(|n| CallerId {
                channels: limited(rolls).then(|| rolls.between(1, 10) as u32),
                per_hour: (limited(rolls) && limited(rolls)).then(|| rolls.between(20, 200) as u32),
                // A long list would take months under a daily limit.
                per_day: (limited(rolls) && limited(rolls) && self.contacts < 5)
                    .then(|| rolls.between(200, 900) as u32),
                trunk: (n == 0 && limited(rolls)).then(|| trunk_name("carrier")),
                ..CallerId::unlimited(caller_id(n))
            })
            .collect();
    }

    fn callees(&self, plan: &mut Plan, rolls: &mut Rolls) {
        let trouble = u64::from(self.line_trouble);
        let up_to = |most: u64, rolls: &mut Rolls| rolls.between(0, most * trouble / 100) as u32;
        plan.callees.mix = Mix {
            answer: rolls.between(25, 60) as u32,
            busy: rolls.between(0, 10) as u32,
            invalid: up_to(5, rolls),
            rejected: up_to(4, rolls),
            unreachable: rolls.between(0, 6) as u32,
            congestion: up_to(8, rolls),
            network_error: up_to(4, rolls),
            no_response: up_to(4, rolls),
            stuck: up_to(4, rolls),
            unusable: up_to(2, rolls),
            session_progress: rolls.between(0, 50) as u32,
        };
        plan.callees.machines = up_to(20, rolls);
        plan.callees.across_cancel = up_to(30, rolls);
        plan.flows.fails = up_to(10, rolls);
    }

    fn agent(&self, number: u32, rolls: &mut Rolls) -> AgentPlan {
        let mut agent = AgentPlan::steady(number);
        let troubled = |rolls: &mut Rolls| rolls.percent(self.agent_trouble);
        agent.log_in = rolls.time(Duration::ZERO, secs(30));
        agent.rules.skill_groups = match rolls.between(0, 3) {
            0 if self.modes > 0 => vec![OTHER_GROUP],
            1 if self.modes > 0 => vec![GROUP, OTHER_GROUP],
            _ => vec![GROUP],
        };
        if rolls.percent(self.modes / 3) {
            agent.rules.connection = Connection::PerCall;
        }
        agent.rules.registers = rolls.percent(self.modes / 5);
        if troubled(rolls) {
            agent.work = Some(Spread::Exponential(secs(rolls.between(30, 600))));
            agent.rest = Spread::Exponential(secs(rolls.between(5, 120)));
        }
        if troubled(rolls) {
            agent.no_answer = rolls.between(1, 40) as u32;
        }
        if troubled(rolls) {
            agent.trouble = Some(Spread::Exponential(secs(rolls.between(20, 900))));
        }
        if troubled(rolls) {
            agent.ends_wrap_up = rolls.between(1, 60) as u32;
        }
        agent
    }

    fn profile(&self, plan: &mut Plan, rolls: &mut Rolls) {
        if !rolls.percent(self.calendars / 2) {
            return;
        }
        let time = |h: u32| TimeOfDay::from_secs(h * 3_600).unwrap_or(TimeOfDay::END);
        let hours = Window::new(time(8), time(21)).map(|window| DayRule {
            days: DaySelector::Every,
            windows: vec![window],
        });
        plan.rules.compliance = ComplianceProfile {
            name: "by chance".to_owned(),
            hours: hours.into_iter().collect(),
            ring_min: secs(rolls.between(0, 15)),
            abandon_after: rolls.percent(50).then(|| secs(2)),
            abandonment_ceiling: None,
            calls_per_number_per_day: rolls.percent(50).then(|| rolls.between(1, 3) as u32),
        };
    }

    fn machinery(&self, plan: &mut Plan, rolls: &mut Rolls) {
        let share = u64::from(self.machinery);
        let machinery = &mut plan.machinery;
        machinery.wake_late = millis(rolls.between(0, 20 * share / 100));
        machinery.stale = rolls.between(0, 5 * share / 100) as u32;
        machinery.commit = Spread::Even(millis(1), millis(5 + rolls.between(0, share * 5)));
        machinery.load = Spread::Even(millis(1), millis(5 + rolls.between(0, share * 20)));
        machinery.fact = Spread::Even(millis(0), millis(rolls.between(0, share)));
        machinery.order = Spread::Even(millis(1), millis(10 + rolls.between(0, share * 3)));
        let suspects = if rolls.percent(50) {
            Suspects::Retry
        } else {
            Suspects::Keep
        };
        machinery.lift = rolls
            .percent(85)
            .then(|| (rolls.time(secs(10), minutes(10)), suspects));
    }
}
