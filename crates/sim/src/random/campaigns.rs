//! Campaigns by chance: modes, settings, calendars, lists.

use std::time::Duration;

use outdial_domain::{
    AtEnd, Calendar, DayRule, DaySelector, Mode, Order, Origin, Outcome, OutcomeRetry,
    PreviewRules, Ratio, Settings, Target, TimeOfDay, Window,
};

use super::{OTHER_GROUP, Shape};
use crate::dice::Rolls;
use crate::plan::{CampaignPlan, FLOW, GROUP, ListShape, Plan, ZONE};
use crate::units::{minutes, secs};

impl Shape {
    pub(super) fn campaign(&self, number: u32, plan: &Plan, rolls: &mut Rolls) -> CampaignPlan {
        let mode = self.mode(rolls);
        let mut settings = Plan::settings(mode);
        settings.name = format!("campaign {}", number + 1);
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
    pub(super) fn edit(&self, settings: &mut Settings, plan: &Plan, rolls: &mut Rolls) {
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
        if settings.target.skill_group().is_some() {
            let other = rolls.percent(self.modes / 2);
            settings.target = Target::SkillGroup(if other { OTHER_GROUP } else { GROUP });
            let flow = Target::Flow(FLOW);
            settings.flow_first = rolls.percent(self.modes / 4).then_some(flow);
        }
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
}
