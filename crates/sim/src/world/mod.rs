//! The virtual world: everything around the engine, in virtual time.

mod agents;
mod calls;
mod do_not_call;
mod life;
mod operators;
mod store;

use std::time::Duration;

use outdial_domain::{AgentId, AttemptId, CampaignId, TrunkName};
use outdial_engine::Engine;
use outdial_engine::input::{Command, Input, Suspects};

use crate::check::Violation;
use crate::contact_list::ContactList;
use crate::counters::Counters;
use crate::plan::{Act, AgentPlan, CampaignPlan, Plan};
use crate::spread::Spread;
use crate::trace::Trace;
use crate::units::Percent;

pub(crate) use life::Life;

/// A world: first described, then run.
///
/// ```no_run
/// use outdial_domain::Mode;
/// use outdial_sim::{World, minutes, percent, secs};
///
/// let mut world = World::seeded(7)
///     .campaign(Mode::Progressive, 500)
///     .agents(20)
///     .answer_rate(percent(30))
///     .talk_time(secs(90));
/// world.run(minutes(30));
/// assert!(world.violations().is_empty(), "{}", world.report());
/// ```
pub struct World {
    plan: Plan,
    recorded: bool,
    prepare: Option<Prepare>,
    life: Option<Box<Life>>,
}

/// What is done to an engine before its first fact.
type Prepare = Box<dyn FnOnce(&mut Engine)>;

/// Something that is about to happen in the world.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The engine hears a fact.
    Fact(Box<Input>),
    /// Someone commands a campaign.
    Ask(Command),
    /// The store's writer is free.
    Commit,
    /// Something happens to a call; `run` tells its dials apart.
    Call {
        attempt: AttemptId,
        run: u32,
        turn: calls::CallTurn,
    },
    /// Something happens to an agent.
    Agent {
        agent: AgentId,
        turn: agents::AgentTurn,
    },
    /// Something that the plan says.
    Act(Box<Act>),
    /// A trunk is well again.
    TrunkWell(TrunkName),
    /// The store can commit again.
    StoreWell,
    /// An operator lifts a trunk's breakers.
    Lift(TrunkName, Suspects),
}

impl World {
    /// A quiet world from this seed; see [`Plan::quiet`].
    pub fn seeded(seed: u64) -> Self {
        Self::planned(Plan::quiet(seed))
    }

    /// A world as the plan has it.
    pub fn planned(plan: Plan) -> Self {
        Self {
            plan,
            recorded: false,
            prepare: None,
            life: None,
        }
    }

    /// Adds a campaign in this mode with so many contacts.
    #[must_use]
    pub fn campaign(self, mode: outdial_domain::Mode, contacts: u32) -> Self {
        self.campaign_with(CampaignPlan::with(Plan::settings(mode), contacts))
    }

    /// Adds a campaign.
    #[must_use]
    pub fn campaign_with(mut self, campaign: CampaignPlan) -> Self {
        self.plan.campaigns.push(campaign);
        self
    }

    /// Adds so many steady agents.
    #[must_use]
    pub fn agents(mut self, count: u32) -> Self {
        let first = u32::try_from(self.plan.agents.len()).unwrap_or(u32::MAX);
        let numbers = first..first.saturating_add(count);
        self.plan.agents.extend(numbers.map(AgentPlan::steady));
        self
    }

    /// The share of calls that someone answers.
    #[must_use]
    pub fn answer_rate(mut self, share: Percent) -> Self {
        self.plan.callees.mix.answer = share.0;
        self
    }

    /// The mean of talk times, which spread lognormally with a deviation as large as the mean.
    #[must_use]
    pub fn talk_time(mut self, mean: Duration) -> Self {
        self.plan.callees.talk = Spread::Lognormal { mean, cv: 1.0 };
        self
    }

    /// Something that happens at a set time after the start.
    #[must_use]
    pub fn at(mut self, after: Duration, act: Act) -> Self {
        self.plan.acts.push((after, act));
        self
    }

    /// Changes anything else of the plan.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Plan)) -> Self {
        change(&mut self.plan);
        self
    }

    /// Keeps every byte that is said, for [`World::trace`].
    #[must_use]
    pub fn recorded(mut self) -> Self {
        self.recorded = true;
        self
    }

    /// Does something to the engine before it hears its first fact.
    #[must_use]
    pub fn prepared(mut self, prepare: impl FnOnce(&mut Engine) + 'static) -> Self {
        self.prepare = Some(Box::new(prepare));
        self
    }

    /// Lets the world go on for so long, or until the checker objects.
    pub fn run(&mut self, time: Duration) {
        let life = self.life();
        let until = life.now() + time;
        while life.sound() && life.step_until(until) {}
    }

    /// Lets the world go on for so many messages to the engine, at most for `time`.
    pub fn run_steps(&mut self, steps: u64, time: Duration) {
        let life = self.life();
        let (last, until) = (life.steps() + steps, life.now() + time);
        while life.sound() && life.steps() < last && life.step_until(until) {}
    }

    /// Everything becomes good: agents are ready and stay, trunks and store work, halts are released
    /// and paused campaigns resumed. Then the world goes on until nothing is left to be done, at most
    /// for `time`; and the checker says what was left undone.
    pub fn settle(&mut self, time: Duration) {
        let life = self.life();
        life.become_good();
        let until = life.now() + time;
        while life.sound() && !life.all_done() && life.step_until(until) {}
        life.check_all_done();
    }

    /// Puts the engine's state into bytes and goes on with an engine made from them.
    pub fn restart_engine(&mut self) {
        self.life().restart_engine();
    }

    /// From now on another share of calls is answered.
    pub fn set_answer_rate(&mut self, share: Percent) {
        self.life().set_answer_rate(share.0);
    }

    /// How many facts and commands the engine has taken.
    pub fn steps(&mut self) -> u64 {
        self.life().steps()
    }

    /// What the checker objects to.
    pub fn violations(&mut self) -> &[Violation] {
        self.life().violations()
    }

    /// What has happened, in numbers.
    pub fn counters(&mut self) -> &Counters {
        self.life().counters()
    }

    /// The contacts, as the store has them.
    pub fn contacts(&mut self) -> &ContactList {
        self.life().contacts()
    }

    /// Calls of a campaign that are live now.
    pub fn calls_of(&mut self, campaign: CampaignId) -> usize {
        self.life().calls_of(campaign)
    }

    /// What was said.
    pub fn trace(&mut self) -> &Trace {
        self.life().trace()
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Abandoned calls in parts of the live answers.
    pub fn abandon_rate(&mut self) -> f64 {
        self.counters().abandonment()
    }

    /// What has happened, in words; with the last messages, where the checker objects.
    pub fn report(&mut self) -> String {
        self.life().report()
    }

    fn life(&mut self) -> &mut Life {
        let (plan, recorded, prepare) = (&self.plan, self.recorded, &mut self.prepare);
        self.life.get_or_insert_with(|| {
            let mut engine = Life::engine(plan);
            if let Some(prepare) = prepare.take() {
                prepare(&mut engine);
            }
            Box::new(Life::begin(engine, plan.clone(), recorded))
        })
    }
}
