//! Worlds by chance: a shape says how much of each trouble there is, the seed where it strikes.

use std::time::Duration;

use outdial_domain::{
    AtEnd, BreakTime, Calendar, CallerId, ComplianceProfile, Connection, DayRule, DaySelector,
    LifeCycleCommand, Mode, Order, Origin, Outcome, OutcomeRetry, PreviewRules, Ratio,
    RevisionNumber, Settings, SkillGroupId, Target, TimeOfDay, Window, WishedState,
};
use outdial_engine::input::{HaltScope, Input, Suspects};

use crate::callees::Mix;
use crate::dice::{Dice, Rolls};
use crate::plan::{
    Act, AgentPlan, CampaignPlan, FLOW, GROUP, ListShape, Plan, ZONE, agent_id, caller_id,
    campaign_id, permit, trunk_name, trunk_rules,
};
use crate::spread::Spread;
use crate::units::{hours, millis, minutes, secs};

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
    /// Several numbers, priorities, shared numbers, retries by outcome.
    pub lists: u32,
    /// Late wake-ups, stale facts, slow commits.
    pub machinery: u32,
}

/// The kind under which worlds are drawn.
const WORLD: u64 = 0x0077_6f72_6c64;
/// A second skill group.
const OTHER_GROUP: SkillGroupId = SkillGroupId::new(256);
/// In this time everything is done to a world that is done to it.
const TROUBLED: Duration = hours(3);

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
                per_day: (limited(rolls) && limited(rolls)).then(|| rolls.between(200, 900) as u32),
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

    fn campaign(&self, number: u32, plan: &Plan, rolls: &mut Rolls) -> CampaignPlan {
        let mode = self.mode(rolls);
        let mut settings = Plan::settings(mode);
        settings.name = format!("campaign {}", number + 1);
        if settings.target.skill_group().is_some() {
            if rolls.percent(self.modes / 2) {
                settings.target = Target::SkillGroup(OTHER_GROUP);
            }
            if rolls.percent(self.modes / 4) {
                settings.flow_first = Some(Target::Flow(FLOW));
            }
        }
        self.edit(&mut settings, plan, rolls);
        let mut campaign = CampaignPlan::with(settings, 100 + self.contacts * 100);
        campaign.starts = Some(rolls.time(Duration::ZERO, secs(60)));
        let listed = |most: u64, rolls: &mut Rolls| {
            rolls.between(0, most * u64::from(self.lists) / 100) as u32
        };
        campaign.list = ListShape {
            several_numbers: listed(50, rolls),
            own_priority: listed(40, rolls),
            own_zone: if self.calendars > 0 {
                listed(30, rolls)
            } else {
                0
            },
            shared_number: listed(10, rolls),
        };
        if rolls.percent(self.operators / 3) {
            campaign.origin = Origin::Tencent;
        }
        campaign
    }

    fn mode(&self, rolls: &mut Rolls) -> Mode {
        if !rolls.percent(self.modes) {
            return Mode::Progressive;
        }
        match rolls.between(0, 6) {
            0 => Mode::Preempted,
            1 => Mode::Preview(PreviewRules {
                every: secs(rolls.between(0, 1) * 30),
                offers: rolls.between(0, 2) as u32,
                dial_after: rolls.percent(50).then(|| secs(5)),
                offer: secs(20),
            }),
            2 => Mode::Rate {
                calls: rolls.between(1, 30) as u32,
                interval: secs(rolls.between(1, 60)),
            },
            3 => Mode::Concurrency,
            4 => Mode::Progressive,
            _ => Mode::Ratio(
                Ratio::from_hundredths(rolls.between(100, 300) as u32).unwrap_or(Ratio::ONE),
            ),
        }
    }

    /// Rolls everything of the settings that an edit may change.
    fn edit(&self, settings: &mut Settings, plan: &Plan, rolls: &mut Rolls) {
        settings.mode = match settings.mode {
            Mode::Ratio(_) => Mode::Ratio(
                Ratio::from_hundredths(rolls.between(50, 300) as u32).unwrap_or(Ratio::ONE),
            ),
            Mode::Rate { interval, .. } => Mode::Rate {
                calls: rolls.between(1, 30) as u32,
                interval,
            },
            same => same,
        };
        let shown = rolls.between(1, plan.caller_ids.len() as u64) as usize;
        settings.caller_ids = plan
            .caller_ids
            .iter()
            .take(shown)
            .map(|c| c.number)
            .collect();
        settings.order = if rolls.percent(self.lists / 3) {
            Order::Random
        } else {
            Order::List
        };
        settings.ring_timeout = secs(rolls.between(3, 40));
        settings.no_progress = secs(rolls.between(2, 15));
        settings.wrap_up = secs(rolls.between(0, 2) * rolls.between(0, 20));
        settings.answer_wait = secs(rolls.between(0, 20));
        settings.priority = rolls.between(1, 5) as u8;
        if rolls.percent(self.limits / 2) {
            settings.max_calls = Some(rolls.between(1, 12) as u32);
        } else {
            // A concurrency campaign without any limit would dial its whole list at once.
            let most = rolls.between(5, 40) as u32;
            settings.max_calls = (settings.mode == Mode::Concurrency).then_some(most);
        }
        settings.guaranteed_calls = if rolls.percent(self.limits / 2) {
            rolls
                .between(0, 4)
                .min(u64::from(settings.max_calls.unwrap_or(9))) as u32
        } else {
            0
        };
        settings.at_end = if rolls.percent(50) {
            AtEnd::LetRing
        } else {
            AtEnd::CancelRinging
        };
        self.retry(settings, rolls);
        self.calendar(settings, plan, rolls);
    }

    fn retry(&self, settings: &mut Settings, rolls: &mut Rolls) {
        let retry = &mut settings.retry;
        retry.attempts_total = rolls.between(1, 4) as u32;
        retry.interval = secs(rolls.between(0, 300));
        retry.attempts_per_day = rolls
            .percent(self.lists / 3)
            .then(|| rolls.between(1, 2) as u32);
        retry.by_outcome.clear();
        retry.never.clear();
        if rolls.percent(self.lists) {
            let busy = OutcomeRetry {
                interval: Some(secs(rolls.between(1, 60))),
                attempts: Some(rolls.between(1, 3) as u32),
            };
            retry.by_outcome.insert(Outcome::Busy, busy);
        }
        if rolls.percent(self.lists) {
            retry.never.insert(Outcome::Invalid);
        }
    }

    /// Windows of some minutes with gaps of some minutes, the whole day long, and maybe a period.
    fn calendar(&self, settings: &mut Settings, plan: &Plan, rolls: &mut Rolls) {
        let mut rules = Vec::new();
        if rolls.percent(self.calendars) {
            let (open, gap) = (rolls.between(20, 120), rolls.between(1, 40));
            let mut windows = Vec::new();
            let mut from = rolls.between(0, gap);
            while from + open <= 1_440 && windows.len() < 200 {
                let at = |m: u64| TimeOfDay::from_secs(m as u32 * 60).unwrap_or(TimeOfDay::END);
                windows.extend(Window::new(at(from), at(from + open)));
                from += open + gap;
            }
            rules.push(DayRule {
                days: DaySelector::Every,
                windows,
            });
        }
        let period = rolls.percent(self.calendars / 3);
        let starts_at = (period && rolls.percent(50)).then(|| plan.starts_at + minutes(2));
        let ends_at = period.then(|| plan.starts_at + minutes(rolls.between(20, 150)));
        if let Ok(calendar) = Calendar::new(starts_at, ends_at, ZONE, rules) {
            settings.calendar = calendar;
        }
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

    /// What is done to the world: contacts are added all the time, and troubles strike.
    fn acts(&self, plan: &mut Plan, rolls: &mut Rolls) {
        for n in 0..=self.campaigns {
            let mut at = Duration::ZERO;
            while at < TROUBLED {
                at += minutes(rolls.between(2, 8));
                let count = rolls.between(10, 60) as u32;
                plan.acts.push((at, Act::Add(campaign_id(n + 1), count)));
            }
        }
        for _ in 0..self.operators {
            let at = rolls.time(secs(10), TROUBLED);
            plan.acts
                .push((at, Act::AnswerRate(rolls.between(20, 70) as u32)));
            let later = at + rolls.time(secs(1), minutes(5));
            self.operator_acts(plan, rolls, at, later);
        }
        for _ in 0..self.outages / 5 {
            let at = rolls.time(secs(10), TROUBLED);
            let trunk = trunk_of(plan, rolls);
            match rolls.between(0, 2) {
                0 => {
                    let time = rolls.time(secs(5), minutes(5));
                    plan.acts.push((at, Act::TrunkFails(trunk, time)));
                }
                1 => {
                    let time = rolls.time(secs(1), minutes(2));
                    plan.acts.push((at, Act::StoreFails(time)));
                }
                _ => {
                    let well = at + rolls.time(secs(30), minutes(10));
                    plan.acts.push((at, Act::AllInvalid(trunk, true)));
                    plan.acts.push((well, Act::AllInvalid(trunk, false)));
                }
            }
        }
        // Edits of one campaign must come in the order of their revisions.
        plan.acts.sort_by_key(|(at, _)| *at);
        number_revisions(plan);
    }

    fn operator_acts(&self, plan: &mut Plan, rolls: &mut Rolls, at: Duration, later: Duration) {
        let place = rolls.between(0, plan.campaigns.len() as u64 - 1) as usize;
        let campaign = campaign_id(place as u32 + 1);
        let tell = |input| Act::Tell(Box::new(input));
        match rolls.between(0, 9) {
            0 | 1 => {
                plan.acts
                    .push((at, Act::Ask(campaign, LifeCycleCommand::Pause)));
                plan.acts
                    .push((later, Act::Ask(campaign, LifeCycleCommand::Resume)));
            }
            2 => {
                // Rarely: an abort leaves nothing to check.
                let command = if rolls.percent(20) {
                    LifeCycleCommand::Abort
                } else {
                    LifeCycleCommand::Start
                };
                plan.acts.push((at, Act::Ask(campaign, command)));
            }
            3..=5 => {
                let mut settings = plan.campaigns[place].settings.clone();
                self.edit(&mut settings, plan, rolls);
                plan.acts.push((
                    at,
                    tell(Input::Revised {
                        campaign,
                        revision: RevisionNumber::new(0),
                        settings: Box::new(settings),
                    }),
                ));
            }
            6 => {
                let trunk = trunk_of(plan, rolls);
                let scope = match rolls.between(0, 2) {
                    0 => HaltScope::Tenant,
                    1 => HaltScope::Trunk(trunk),
                    _ => HaltScope::Campaign(campaign),
                };
                let reason = "complaints".to_owned();
                plan.acts.push((at, tell(Input::Halted { scope, reason })));
                plan.acts.push((later, tell(Input::HaltReleased(scope))));
            }
            7 => {
                let trunk = trunk_of(plan, rolls);
                let spacing = rolls.percent(50).then(|| rolls.between(300, 9_000) as u32);
                let permit = permit(rolls.between(0, 20) as u32, spacing);
                plan.acts
                    .push((at, tell(Input::PermitSet { trunk, permit })));
            }
            8 => {
                let mut caller_ids = plan.caller_ids.clone();
                for caller_id in &mut caller_ids {
                    caller_id.channels = rolls.percent(50).then(|| rolls.between(1, 8) as u32);
                }
                let kept = rolls.between(1, caller_ids.len() as u64) as usize;
                caller_ids.truncate(kept);
                plan.acts.push((at, tell(Input::CallerIdsSet(caller_ids))));
                let all = tell(Input::CallerIdsSet(plan.caller_ids.clone()));
                plan.acts.push((later, all));
            }
            _ => {
                let mut rules = plan.rules.clone();
                rules.max_calls = rolls.between(1, 30) as u32;
                plan.acts.push((at, tell(Input::TenantSet(rules))));
                plan.acts
                    .push((later, tell(Input::TenantSet(plan.rules.clone()))));
                let agent = agent_id(rolls.between(0, u64::from(self.agents)) as u32);
                let wish = Input::AgentWished {
                    agent,
                    wish: WishedState::Ready,
                    when: BreakTime::Now,
                    reason: String::new(),
                };
                plan.acts.push((later, tell(wish)));
            }
        }
    }
}

fn trunk_of(plan: &Plan, rolls: &mut Rolls) -> outdial_domain::TrunkName {
    rolls
        .one_of(&plan.trunks)
        .map_or_else(|| trunk_name("carrier"), |(rules, _)| rules.name)
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
