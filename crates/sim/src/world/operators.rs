//! Operators, and everything else that the plan makes happen at set times.

use std::collections::BTreeSet;

use outdial_domain::{CampaignId, CampaignState, LifeCycleCommand, Order, PhoneNumber, TrunkName};
use outdial_engine::input::{Command, Input, Suspects};

use super::Event;
use super::life::Life;
use crate::contact_list::ListEntry;
use crate::dice::Rolls;
use crate::plan::{Act, AgentPlan, CampaignPlan, ListShape};

/// The kind under which contacts are drawn.
const CONTACT: u64 = 0x636f_6e74_6163;
/// Agents who come when everything becomes good: a ratio below one needs several idle at once.
const HELPERS: u32 = 3;
/// Zones of contacts that have their own, from far east to far west of the world's.
const ZONES: [&str; 4] = [
    "Pacific/Auckland",
    "Asia/Kolkata",
    "Europe/London",
    "America/Los_Angeles",
];

impl Life {
    pub(super) fn act(&mut self, act: Act) {
        if self.good {
            return;
        }
        match act {
            Act::Ask(campaign, command) => self.ask(Command { campaign, command }),
            Act::Tell(input) => self.told_by_operator(*input),
            Act::HangUp => {
                let live: Vec<_> = self.calls.keys().copied().collect();
                if let Some(attempt) = self.rolls.one_of(&live) {
                    self.hear(Input::HangUpAsked {
                        attempt: *attempt,
                        by_agent: false,
                    });
                }
            }
            Act::Add(campaign, count) => {
                self.add_contacts(campaign, count);
                self.hear(Input::ContactsAdded {
                    campaign,
                    count: u64::from(count),
                });
            }
            Act::TrunkFails(trunk, time) => {
                let until = self.now + time;
                if let Some(model) = self.trunks.get_mut(&trunk) {
                    model.fails_until = Some(until);
                }
                self.events.plan(until, Event::TrunkWell(trunk));
            }
            Act::AllInvalid(trunk, all_invalid) => {
                if let Some(model) = self.trunks.get_mut(&trunk) {
                    model.all_invalid = all_invalid;
                }
            }
            Act::List(percent, lasts) => self.list_numbers(percent, lasts),
            Act::Unlist(percent) => self.unlist_numbers(percent),
            Act::StoreFails(time) => self.store_fails(time),
            Act::AnswerRate(percent) => self.set_answer_rate(percent),
        }
    }

    /// An operator's change reaches the engine; the world itself keeps to some of them.
    fn told_by_operator(&mut self, input: Input) {
        if let Input::Revised {
            campaign, settings, ..
        } = &input
            && let Some(plan) = self.campaign_plan(*campaign)
        {
            plan.settings = (**settings).clone();
        }
        self.hear(input);
    }

    fn campaign_plan(&mut self, campaign: CampaignId) -> Option<&mut CampaignPlan> {
        let place = (campaign.number() as usize).checked_sub(1)?;
        self.plan.campaigns.get_mut(place)
    }

    pub(super) fn set_answer_rate(&mut self, percent: u32) {
        self.plan.callees.mix.answer = percent;
    }

    pub(super) fn trunk_well(&mut self, trunk: TrunkName) {
        if let Some(model) = self.trunks.get_mut(&trunk)
            && model.fails_until.is_some_and(|until| until <= self.now)
        {
            model.fails_until = None;
        }
    }

    pub(super) fn breaker_opened(&mut self, trunk: TrunkName) {
        if let Some((after, suspects)) = self.plan.machinery.lift {
            self.after(after, Event::Lift(trunk, suspects));
        } else if self.good {
            self.after(
                crate::units::minutes(1),
                Event::Lift(trunk, Suspects::Retry),
            );
        }
    }

    pub(super) fn add_contacts(&mut self, campaign: CampaignId, count: u32) {
        let Some(plan) = self.campaign_plan(campaign) else {
            return;
        };
        let (shape, order) = (plan.list, plan.settings.order);
        for _ in 0..count {
            let place = self.list.len();
            let mut rolls = self.dice.kind(CONTACT).rolls(place);
            let entry = entry(&mut rolls, place, shape, order);
            self.list.add(campaign, entry);
        }
    }

    /// Nothing goes wrong from now on, and what went wrong is put right.
    pub(super) fn become_good(&mut self) {
        self.good = true;
        let plan = self.plan.clone();
        for model in self.trunks.values_mut() {
            model.fails_until = None;
            model.all_invalid = false;
        }
        self.hear(Input::TenantSet(plan.rules));
        self.hear(Input::CallerIdsSet(plan.caller_ids));
        for scope in self.halts() {
            self.hear(Input::HaltReleased(scope));
        }
        for (rules, permit) in plan.trunks {
            let trunk = rules.name;
            self.hear(Input::TrunkSet(rules));
            self.hear(Input::PermitSet { trunk, permit });
            self.hear(Input::TrunkProbed {
                trunk,
                answered: true,
            });
            self.hear(Input::BreakerLifted {
                trunk,
                suspects: Suspects::Retry,
            });
        }
        let agents: Vec<_> = self.agents.keys().copied().collect();
        for agent in agents {
            self.begins(agent);
        }
        for _ in 0..HELPERS {
            self.add_helper();
        }
        let campaigns: Vec<_> = self.campaigns.iter().map(|(c, s)| (*c, *s)).collect();
        for (campaign, state) in campaigns {
            let command = match state {
                CampaignState::Draft => LifeCycleCommand::Start,
                CampaignState::Paused => LifeCycleCommand::Resume,
                _ => continue,
            };
            self.ask(Command { campaign, command });
        }
    }

    /// Someone whose phone stays connected, for every group: no campaign can lack agents for good.
    fn add_helper(&mut self) {
        let campaigns = self.plan.campaigns.iter();
        let groups = campaigns.filter_map(|c| c.settings.target.skill_group());
        let groups: BTreeSet<_> = groups.collect();
        let number = u32::try_from(self.agents.len()).unwrap_or(u32::MAX);
        let mut helper = AgentPlan::steady(number);
        helper.rules.skill_groups = groups.into_iter().collect();
        self.hear(Input::AgentSet(helper.rules.clone()));
        self.add_agent(number, helper);
    }

    pub(super) fn all_done(&self) -> bool {
        self.campaigns
            .values()
            .all(|state| matches!(state, CampaignState::Ended(_)))
            && self.calls.is_empty()
            && self.store.is_idle()
    }

    fn halts(&self) -> Vec<outdial_engine::input::HaltScope> {
        use outdial_engine::input::HaltScope;
        let trunks = self.trunks.keys().map(|trunk| HaltScope::Trunk(*trunk));
        let campaigns = self.campaigns.keys().map(|c| HaltScope::Campaign(*c));
        std::iter::once(HaltScope::Tenant)
            .chain(trunks)
            .chain(campaigns)
            .collect()
    }
}

/// A contact of a list with this shape.
fn entry(rolls: &mut Rolls, place: u64, shape: ListShape, order: Order) -> ListEntry {
    let number = |n: u64| {
        PhoneNumber::from_text(&format!("+86130{n:08}")).expect("digits are a sound number")
    };
    let own = if place > 0 && rolls.percent(shape.shared_number) {
        rolls.between(0, place - 1)
    } else {
        place
    };
    let mut numbers = vec![number(own)];
    if rolls.percent(shape.several_numbers) {
        numbers.push(number(40_000_000 + own));
        numbers.push(number(50_000_000 + own));
    }
    let time_zone = rolls
        .percent(shape.own_zone)
        .then(|| rolls.one_of(&ZONES).map(|z| (*z).to_owned()))
        .flatten();
    let priority = if rolls.percent(shape.own_priority) {
        rolls.between(1, 5) as u8
    } else {
        3
    };
    let order_key = match order {
        Order::List => place as i64,
        Order::Random => rolls.between(0, i64::MAX as u64) as i64,
    };
    ListEntry {
        numbers,
        time_zone,
        priority,
        order_key,
    }
}
