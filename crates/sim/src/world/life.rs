//! A world that runs: its clock, its events, and the engine in the middle.

use std::collections::BTreeMap;
use std::time::Duration;

use outdial_domain::{
    AgentId, AttemptId, Campaign, CampaignId, CampaignState, LifeCycleCommand, RevisionNumber,
    TenantId, Timestamp, TrunkName,
};
use outdial_engine::input::{Command, Input, LoadedCampaign};
use outdial_engine::output::Output;
use outdial_engine::{Engine, EngineConfig};

use super::Event;
use super::agents::AgentModel;
use super::calls::CallModel;
use super::store::{Read, StoreModel};
use crate::check::{Checker, Violation};
use crate::contact_list::ContactList;
use crate::counters::Counters;
use crate::dice::{Dice, Rolls};
use crate::event_queue::EventQueue;
use crate::plan::{Plan, campaign_id};
use crate::spread::Spread;
use crate::trace::Trace;

/// A world in the course of its life.
pub(crate) struct Life {
    pub(super) plan: Plan,
    pub(super) now: Timestamp,
    pub(super) events: EventQueue<Event>,
    pub(super) engine: Engine,
    wake: Option<Timestamp>,
    /// The instant of the last wake-up, and how many there were at it.
    last_wake: (Timestamp, u32),
    pub(super) dice: Dice,
    pub(super) rolls: Rolls,
    pub(super) list: ContactList,
    pub(super) store: StoreModel,
    pub(super) calls: BTreeMap<AttemptId, CallModel>,
    pub(super) agents: BTreeMap<AgentId, AgentModel>,
    pub(super) campaigns: BTreeMap<CampaignId, CampaignState>,
    pub(super) trunks: BTreeMap<TrunkName, TrunkModel>,
    /// Everything is good from now on.
    pub(super) good: bool,
    checker: Checker,
    counters: Counters,
    trace: Trace,
    steps: u64,
}

/// How a trunk is in truth.
#[derive(Clone, Debug, Default)]
pub(super) struct TrunkModel {
    /// It fails until then.
    pub(super) fails_until: Option<Timestamp>,
    /// It says 404 to every call.
    pub(super) all_invalid: bool,
}

const TENANT: TenantId = TenantId::new(1);
/// Orders after one fact, from which on the engine is said to run in circles.
const ORDERS_MAX: u32 = 1_000_000;
/// Wake-ups at one instant, likewise.
const WAKES_MAX: u32 = 1_000;

impl Life {
    /// The engine of a world, before its first fact.
    pub(super) fn engine(plan: &Plan) -> Engine {
        Engine::new(EngineConfig {
            tenant: TENANT,
            seed: plan.seed,
            next_attempt: AttemptId::new(1),
        })
    }

    pub(super) fn begin(engine: Engine, plan: Plan, recorded: bool) -> Self {
        let dice = Dice::new(plan.seed);
        let mut trace = Trace::default();
        if recorded {
            trace.record();
        }
        let mut life = Self {
            now: plan.starts_at,
            events: EventQueue::new(),
            engine,
            wake: None,
            last_wake: (Timestamp::MIN, 0),
            dice,
            rolls: dice.rolls(0),
            list: ContactList::default(),
            store: StoreModel::default(),
            calls: BTreeMap::new(),
            agents: BTreeMap::new(),
            campaigns: BTreeMap::new(),
            trunks: BTreeMap::new(),
            good: false,
            checker: Checker::new(plan.machinery.wake_late),
            counters: Counters::new(plan.starts_at),
            trace,
            steps: 0,
            plan,
        };
        life.set_up();
        life
    }

    /// Tells the engine what a server tells it at its start, and plans what the plan says.
    fn set_up(&mut self) {
        let plan = self.plan.clone();
        self.hear(Input::TenantSet(plan.rules.clone()));
        self.hear(Input::CallerIdsSet(plan.caller_ids.clone()));
        for (rules, permit) in plan.trunks {
            let trunk = rules.name;
            self.trunks.insert(trunk, TrunkModel::default());
            self.hear(Input::TrunkSet(rules));
            self.hear(Input::PermitSet { trunk, permit });
        }
        for (n, agent) in (0..).zip(plan.agents) {
            self.hear(Input::AgentSet(agent.rules.clone()));
            self.add_agent(n, agent);
        }
        for (n, campaign) in (1..).zip(plan.campaigns) {
            let id = campaign_id(n);
            self.add_contacts(id, campaign.contacts);
            let (open_contacts, contacts) = self.list.counts(id);
            self.campaigns.insert(id, CampaignState::Draft);
            self.hear(Input::CampaignLoaded(Box::new(LoadedCampaign {
                campaign: Campaign {
                    id,
                    uuid: format!("00000000-0000-4000-8000-{n:012}"),
                    tenant: TENANT,
                    origin: campaign.origin,
                    state: CampaignState::Draft,
                    revision: RevisionNumber::new(1),
                    settings: campaign.settings,
                    created_at: self.now,
                    extras: Default::default(),
                },
                open_contacts,
                contacts,
                ledger: Vec::new(),
            })));
            if let Some(after) = campaign.starts {
                let command = LifeCycleCommand::Start;
                let ask = Event::Ask(Command {
                    campaign: id,
                    command,
                });
                self.events.plan(self.now + after, ask);
            }
        }
        for (after, act) in plan.acts {
            self.events
                .plan(self.now + after, Event::Act(Box::new(act)));
        }
    }

    /// Lets the next thing happen, if one happens until then; else only time passes.
    pub(super) fn step_until(&mut self, until: Timestamp) -> bool {
        let event = self.events.next_at();
        let next = match (event, self.wake) {
            (Some(event), Some(wake)) => event.min(wake),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => Timestamp::MAX,
        };
        if next > until || next == Timestamp::MAX {
            if until != Timestamp::MAX {
                self.now = self.now.max(until);
            }
            return false;
        }
        self.now = self.now.max(next);
        if self.wake.is_some_and(|wake| wake <= next) {
            self.wake = None;
            self.count_wake();
            self.hear(Input::TimeReached);
        } else if let Some((_, event)) = self.events.pop() {
            self.happen(event);
        }
        true
    }

    /// An engine that asks for the same instant again and again stops the world.
    fn count_wake(&mut self) {
        if self.last_wake.0 == self.now {
            self.last_wake.1 += 1;
        } else {
            self.last_wake = (self.now, 1);
        }
        if self.last_wake.1 > WAKES_MAX {
            self.checker.runs_in_circles(self.now);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Fact(input) => self.fact(*input),
            Event::Ask(command) => self.ask(command),
            Event::Commit => self.commit(),
            Event::Call { attempt, run, turn } => self.call_turns(attempt, run, turn),
            Event::Agent { agent, turn } => self.agent_turns(agent, turn),
            Event::Act(act) => self.act(*act),
            Event::TrunkWell(trunk) => self.trunk_well(trunk),
            Event::StoreWell => self.store_well(),
            Event::Lift(trunk, suspects) => self.hear(Input::BreakerLifted { trunk, suspects }),
        }
    }

    /// A fact reaches the engine; a stale one may be told once more, later.
    fn fact(&mut self, input: Input) {
        if self.rolls.percent(self.plan.machinery.stale)
            && let Some(attempt) = attempt_of(&input)
        {
            let later = self.rolls.between(1, 120_000);
            let again = Event::Call {
                attempt,
                run: u32::MAX,
                turn: super::calls::CallTurn::Stale(Box::new(input.clone())),
            };
            self.after(Duration::from_millis(later), again);
        }
        self.hear(input);
    }

    /// The engine hears a fact now, and its orders are obeyed.
    pub(super) fn hear(&mut self, input: Input) {
        self.trace.heard(self.now, &input);
        self.checker.heard(self.now, &input);
        self.engine.handle(self.now, input);
        self.obey_all();
    }

    /// The engine is commanded now.
    pub(super) fn ask(&mut self, command: Command) {
        let taken = self.engine.command(self.now, command).is_ok();
        self.trace.asked(self.now, command, taken);
        self.checker.asked(self.now, command, taken);
        self.obey_all();
    }

    fn obey_all(&mut self) {
        self.steps += 1;
        let mut orders = 0;
        while let Some(order) = self.engine.poll() {
            self.trace.told(self.now, &order);
            self.checker.told(self.now, &order);
            self.counters.told(self.now, &order);
            self.obey(order);
            orders += 1;
            if orders > ORDERS_MAX {
                self.checker.runs_in_circles(self.now);
                break;
            }
        }
        self.checker.settled(self.now, self.wake);
    }

    fn obey(&mut self, order: Output) {
        match order {
            Output::Dial(dial) => self.dial(dial),
            Output::Redial { attempt, trunk } => self.redial(attempt, trunk),
            Output::Cancel(attempt) => self.cancel(attempt),
            Output::HangUp(attempt) => self.hang_up(attempt),
            Output::Join { attempt, agent } => self.join(attempt, agent),
            Output::CallFlow { attempt, .. } => self.call_flow(attempt),
            Output::AttemptEnded(end) => self.end(&end),
            Output::ContactsMoved(updates) => self.write_moves(updates),
            Output::LoadContacts {
                campaign,
                load,
                count,
                holds,
            } => self.read_contacts(Read {
                campaign,
                load,
                count,
                holds,
            }),
            Output::CallAgent(agent) => self.call_agent(agent),
            Output::HangUpAgent(agent) => self.hang_up_agent(agent),
            Output::AgentWishChanged { agent, .. } => self.agent_put_on_break(agent),
            Output::Offered(offer) => self.offered(offer),
            Output::CampaignChanged { campaign, state } => {
                self.campaigns.insert(campaign, state);
            }
            Output::BreakerOpened(breaker) => self.breaker_opened(breaker.trunk),
            Output::WakeAt { when, .. } => {
                let late = self
                    .rolls
                    .time(Duration::ZERO, self.plan.machinery.wake_late);
                self.wake = Some(when.max(self.now) + late);
            }
            Output::Listen { .. }
            | Output::AttemptAnswered { .. }
            | Output::AgentChanged { .. }
            | Output::OfferEnded { .. }
            // No world reserves calls yet.
            | Output::LoadAppointment { .. }
            | Output::AppointmentEnded { .. }
            | Output::TrunkChanged { .. }
            | Output::BreakerGrew(_)
            | Output::BreakerClosed { .. } => {}
        }
    }

    pub(super) fn restart_engine(&mut self) {
        let bytes = self.engine.snapshot();
        match Engine::restore(&bytes) {
            Ok(engine) => self.engine = engine,
            Err(error) => self.checker.cannot_restore(self.now, &error.to_string()),
        }
    }

    pub(super) fn check_all_done(&mut self) {
        let rows = self
            .list
            .rows()
            .map(|(id, row)| (id, row.campaign, row.place));
        self.checker
            .all_done(self.now, rows, &self.campaigns, self.calls.keys().copied());
    }

    pub(super) fn roll(&mut self, spread: Spread) -> Duration {
        spread.at(self.rolls.uniform())
    }

    pub(super) fn after(&mut self, delay: Duration, event: Event) {
        self.events.plan(self.now + delay, event);
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    pub(super) fn sound(&self) -> bool {
        self.checker.violations().is_empty()
    }

    pub(crate) fn violations(&self) -> &[Violation] {
        self.checker.violations()
    }

    pub(super) fn contacts(&self) -> &ContactList {
        &self.list
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Each campaign's state, contacts that are not final, and all contacts.
    pub(crate) fn lists(&self) -> impl Iterator<Item = (CampaignId, CampaignState, u64, u64)> {
        self.campaigns.iter().map(|(campaign, state)| {
            let (open, all) = self.list.counts(*campaign);
            (*campaign, *state, open, all)
        })
    }

    pub(super) fn report(&self) -> String {
        crate::report::in_words(self)
    }
}

/// The attempt that a fact is about.
fn attempt_of(input: &Input) -> Option<AttemptId> {
    match input {
        Input::Placed(attempt)
        | Input::NotPlaced(attempt)
        | Input::Withheld(attempt)
        | Input::Responded(attempt)
        | Input::Progressed { attempt, .. }
        | Input::EarlyMediaHeard(attempt)
        | Input::Answered(attempt)
        | Input::Joined(attempt)
        | Input::FlowFailed(attempt)
        | Input::HandedBack(attempt)
        | Input::FlowEnded(attempt)
        | Input::Ended { attempt, .. }
        | Input::HangUpAsked(attempt)
        | Input::MarkedAsMachine(attempt) => Some(*attempt),
        _ => None,
    }
}
