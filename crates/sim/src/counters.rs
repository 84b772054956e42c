//! What happened in a world, in numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use outdial_domain::{AgentId, AgentState, Outcome, Timestamp};
use outdial_engine::output::Output;

/// Counts and times since the start of a world.
#[derive(Clone, Debug)]
pub struct Counters {
    /// Orders to dial.
    pub dialed: u64,
    /// Orders to dial again over another trunk.
    pub redialed: u64,
    /// Attempts that ended, by outcome.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Attempts that count as abandoned.
    pub abandoned: u64,
    /// Breakers that opened.
    pub breakers: u64,
    /// Offers that were made.
    pub offers: u64,
    agents: BTreeMap<AgentId, (AgentState, Timestamp)>,
    busy: Duration,
    logged_in: Duration,
    began: Timestamp,
    last: Timestamp,
}

impl Counters {
    pub(crate) fn new(began: Timestamp) -> Self {
        Self {
            dialed: 0,
            redialed: 0,
            outcomes: BTreeMap::new(),
            abandoned: 0,
            breakers: 0,
            offers: 0,
            agents: BTreeMap::new(),
            busy: Duration::ZERO,
            logged_in: Duration::ZERO,
            began,
            last: began,
        }
    }

    pub(crate) fn told(&mut self, now: Timestamp, order: &Output) {
        self.last = now;
        match order {
            Output::Dial(_) => self.dialed += 1,
            Output::Redial { .. } => self.redialed += 1,
            Output::AttemptEnded(end) => {
                if let Some(outcome) = end.attempt.outcome {
                    *self.outcomes.entry(outcome).or_default() += 1;
                }
                self.abandoned += u64::from(end.attempt.counts_as_abandoned);
            }
            Output::AgentChanged { agent, state, .. } => self.agent_changed(now, *agent, *state),
            Output::BreakerOpened(_) => self.breakers += 1,
            Output::Offered(_) => self.offers += 1,
            _ => {}
        }
    }

    fn agent_changed(&mut self, now: Timestamp, agent: AgentId, state: AgentState) {
        if let Some((was, since)) = self.agents.insert(agent, (state, now)) {
            let time = now.since(since);
            self.busy += busy(was, time);
            self.logged_in += logged_in(was, time);
        }
    }

    /// Attempts that ended so.
    pub fn outcome(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or(0)
    }

    /// Attempts that ended.
    pub fn ended(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// Abandoned calls in parts of the live answers.
    pub fn abandonment(&self) -> f64 {
        let live = self.outcome(Outcome::Answered) + self.outcome(Outcome::Abandoned);
        self.abandoned as f64 / live.max(1) as f64
    }

    /// Talk and wrap-up in parts of the time that agents were logged in, breaks not counted.
    pub fn occupancy(&self) -> f64 {
        let (mut at_work, mut at_desk) = (self.busy, self.logged_in);
        for (state, since) in self.agents.values() {
            at_work += busy(*state, self.last.since(*since));
            at_desk += logged_in(*state, self.last.since(*since));
        }
        at_work.as_secs_f64() / at_desk.as_secs_f64().max(1.0)
    }

    /// From the start to the last order.
    pub fn time(&self) -> Duration {
        self.last.since(self.began)
    }
}

fn busy(state: AgentState, time: Duration) -> Duration {
    match state {
        AgentState::Talking | AgentState::WrapUp => time,
        _ => Duration::ZERO,
    }
}

fn logged_in(state: AgentState, time: Duration) -> Duration {
    match state {
        AgentState::Offline | AgentState::Break => Duration::ZERO,
        _ => time,
    }
}
