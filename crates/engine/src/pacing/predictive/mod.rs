//! The predictive policy: as many calls as agents will be there for, within a ceiling on abandonment.
//!
//! Nothing is tuned. From what happens, it learns when ringing calls are answered, when conversations
//! and wrap-ups end, and what its own price is worth. For one more call it asks: should this call be
//! answered, how probably will more callees have answered by then than agents are there? That
//! probability is the call's price. Calls are placed while the price is not above the one that spends the
//! ceiling steadily over the window.
//!
//! | file | holds |
//! |---|---|
//! | `exposure.rs` | time spent and ends seen, by age |
//! | `level.rs` | the present level of answers against the long run |
//! | `ringing.rs`, `handling.rs` | chances of an answer, and of an agent who comes free |
//! | `outlook.rs` | sums of such chances, and the probability of an overflow |
//! | `budget.rs` | the ceiling as a price |
//! | `crowd.rs` | who rings, talks and wraps up, and since when |
//!
//! Overflow, and not its mean, because a team is small: one idle agent and three calls of which each third is
//! answered have no answer too many on average, and two or more answers in a quarter of the cases.

mod budget;
mod crowd;
mod exposure;
mod handling;
mod level;
mod outlook;
mod ringing;

use std::time::Duration;

use outdial_domain::Timestamp;
use serde::{Deserialize, Serialize};

use budget::Budget;
pub use crowd::Crowd;
use handling::{AgentChances, Handling};
use outlook::{Chance, MOMENTS, Outlook, Sum};
use ringing::Ringing;

/// Seconds between two looks at the time that was spent.
const LOOK_SECS: f64 = 0.5;

/// What has happened to a call or an agent. Durations end now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A person answered after it rang so long.
    Live(Duration),
    /// A call came to nothing after it rang so long.
    NotAnswered(Duration),
    /// A live answer that no agent took in time.
    Abandoned,
    /// A conversation is over after so long.
    Talked(Duration),
    /// A wrap-up is over after so long.
    WrappedUp(Duration),
}

/// Agents and callees of the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Agents who are free and whose phone is connected.
    pub idle: u32,
    /// Callees who wait for an agent.
    pub waiting: u32,
}

/// The policy for one campaign.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Controller {
    /// Seconds from an answer until it counts as abandoned.
    patience: f64,
    ringing: Ringing,
    handling: Handling,
    budget: Budget,
    began: Timestamp,
    /// Up to when time spent is learned.
    seen: Timestamp,
    next_renewal: Timestamp,
    /// Follows from the rest.
    #[serde(skip)]
    chances: Option<Chances>,
}

impl PartialEq for Controller {
    /// The chances follow from the rest.
    fn eq(&self, other: &Self) -> bool {
        let parts = |c: &Self| (c.patience, c.began, c.seen, c.next_renewal);
        parts(self) == parts(other)
            && self.ringing == other.ringing
            && self.handling == other.handling
            && self.budget == other.budget
    }
}

/// Chances by age, made of the rates.
#[derive(Clone, Debug)]
struct Chances {
    calls: Vec<Chance>,
    agents: AgentChances,
    answer_times: [f64; MOMENTS],
}

impl Controller {
    /// A policy that knows nothing yet.
    ///
    /// `ceiling`: most abandoned of all live answers, between 0 and 1. `patience`: from a live answer until
    /// it counts as abandoned.
    #[must_use]
    pub fn new(now: Timestamp, ceiling: f64, patience: Duration) -> Self {
        Self {
            patience: patience.as_secs_f64(),
            ringing: Ringing::new(),
            handling: Handling::new(),
            budget: Budget::new(ceiling),
            began: now,
            seen: now,
            next_renewal: now,
            chances: None,
        }
    }

    /// Another ceiling and patience; what was learned stays.
    pub fn revise(&mut self, ceiling: f64, patience: Duration) {
        self.budget.revise(ceiling);
        self.patience = patience.as_secs_f64();
        self.chances = None;
    }

    /// A new window of the ceiling begins.
    pub fn begin_window(&mut self, now: Timestamp) {
        self.budget.begin_window();
        self.began = now;
    }

    /// Learns a fact. What it is about is no longer in the crowd when the policy is asked next.
    pub fn note(&mut self, now: Timestamp, fact: Fact) {
        let unseen = secs(self.seen, now);
        let span = |lasted: Duration| {
            let lasted = lasted.as_secs_f64();
            ((lasted - unseen).max(0.0), lasted)
        };
        match fact {
            Fact::Live(rang) => {
                let (from, to) = span(rang);
                self.ringing.rang(from, to);
                self.ringing.answered(to);
                let price = self.price_now(now);
                self.budget.live(price);
            }
            Fact::NotAnswered(rang) => {
                let (from, to) = span(rang);
                self.ringing.rang(from, to);
                self.ringing.ended(to);
            }
            Fact::Abandoned => self.budget.abandoned(),
            Fact::Talked(talked) => {
                let (from, to) = span(talked);
                self.handling.talked(from, to);
                self.handling.talk_ended(to);
            }
            Fact::WrappedUp(took) => {
                let (from, to) = span(took);
                self.handling.wrapped_up(from, to);
                self.handling.wrap_up_ended(to);
            }
        }
    }

    /// Learns from those who still ring, talk or wrap up, and renews what follows from what was learned
    /// when it is old.
    pub fn look(&mut self, now: Timestamp, crowd: &Crowd) {
        let unseen = secs(self.seen, now);
        if unseen >= LOOK_SECS {
            let span = |age: f64| ((age - unseen).max(0.0), age);
            for (from, to) in crowd.ringing.ages(now).map(span) {
                self.ringing.rang(from, to);
            }
            self.ringing.settle();
            for (from, to) in crowd.talking.ages(now).map(span) {
                self.handling.talked(from, to);
            }
            for (from, to) in crowd.wrapping.ages(now).map(span) {
                self.handling.wrapped_up(from, to);
            }
            self.seen = now;
        }
        if now >= self.next_renewal {
            self.ringing.renew();
            self.handling.renew();
            // Much is new at the start, and little after a day.
            let rest = (0.02 * secs(self.began, now)).clamp(2.0, 60.0);
            self.next_renewal = now + Duration::from_secs_f64(rest);
            self.chances = None;
        } else if self.ringing.has_moved() {
            self.ringing.renew();
            if let Some(chances) = &mut self.chances {
                chances.calls = self.ringing.chances();
                chances.answer_times = self.ringing.answer_times();
            }
        }
        self.chances.get_or_insert_with(|| Chances {
            calls: self.ringing.chances(),
            agents: self.handling.chances(self.patience),
            answer_times: self.ringing.answer_times(),
        });
    }

    /// How many calls to place now, at most `lines`. Looks at the moment first.
    pub fn calls_now(&mut self, now: Timestamp, crowd: &Crowd, moment: Moment, lines: u32) -> u32 {
        self.look(now, crowd);
        let Some(chances) = &self.chances else {
            return 0;
        };
        let mut outlook = self.outlook(now, crowd, chances);
        let free = f64::from(moment.idle) - f64::from(moment.waiting);
        let most = self.price_now(now);
        let mut calls = 0;
        while calls < lines && price(&outlook, chances, free) <= most {
            outlook.add_call(&chances.calls[0]);
            calls += 1;
        }
        calls
    }

    /// The most that a call may cost now: see [`Budget::price`].
    fn price_now(&self, now: Timestamp) -> f64 {
        self.budget.price(secs(self.began, now) / 3600.0)
    }

    fn outlook(&self, now: Timestamp, crowd: &Crowd, chances: &Chances) -> Outlook {
        let (mut answers, mut agents) = (Sum::default(), Sum::default());
        for (age, count) in crowd.ringing.by_second(now) {
            let row = age.min(chances.calls.len() - 1);
            answers.add(&chances.calls[row], count as f32);
        }
        for (age, count) in crowd.talking.by_second(now) {
            if let Some(chance) = chances.agents.talking(age as f64) {
                agents.add(chance, count as f32);
            }
        }
        for (age, count) in crowd.wrapping.by_second(now) {
            if let Some(chance) = chances.agents.wrapping(age as f64) {
                agents.add(chance, count as f32);
            }
        }
        Outlook::new(answers, agents, self.ringing.level_doubt())
    }
}

/// The probability that a further call, should it be answered, is one too many.
fn price(outlook: &Outlook, chances: &Chances, free: f64) -> f64 {
    let times = chances.answer_times.iter().enumerate();
    let prices = times
        .filter(|(_, share)| **share > 1e-4)
        .map(|(moment, share)| share * outlook.overflow(free, moment));
    prices.sum()
}

fn secs(from: Timestamp, to: Timestamp) -> f64 {
    (to.millis() - from.millis()) as f64 / 1_000.0
}
