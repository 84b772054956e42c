//! The checker: an outsider who sees every message, believes none of the engine's own bookkeeping,
//! and objects at the first step that breaks a rule.

mod at_agents;
mod at_breaker;
mod at_calls;
mod at_campaigns;
mod at_contacts;
mod at_dial;
mod at_end;
mod at_lines;
mod at_rest;
mod hear;
mod picture;
mod property;

use std::time::Duration;

use outdial_domain::{ContactUpdate, PhoneNumber, Timestamp, TrunkName};
use outdial_engine::input::{Command, Input};
use outdial_engine::output::Output;

use picture::Picture;
pub use property::{Property, Violation};

/// Sees every message between the engine and the world.
///
/// It is told each fact before the engine is, each order as it comes, and when all orders of one fact
/// have come.
#[derive(Debug)]
pub struct Checker {
    picture: Picture,
    /// How late a wake-up may come.
    slack: Duration,
    /// A breaker opened in this step: results may be taken back.
    takes_back: bool,
    /// Objections of this step that a breaker would answer.
    doubts: Vec<Doubt>,
    violations: Vec<Violation>,
}

/// A permanent failure of this step, with what speaks against where it left its contact.
#[derive(Debug)]
struct Doubt {
    breaker: (TrunkName, PhoneNumber),
    update: ContactUpdate,
    objections: Vec<Violation>,
}

/// Objections that a run is worth reading.
const VIOLATIONS_MAX: usize = 20;

impl Checker {
    /// A checker that has seen nothing; wake-ups may come late by `slack`.
    pub fn new(slack: Duration) -> Self {
        Self {
            picture: Picture::default(),
            slack,
            takes_back: false,
            doubts: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// What it objects to.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// The engine is about to hear this.
    pub fn heard(&mut self, now: Timestamp, input: &Input) {
        self.hear(now, input);
    }

    /// The engine has answered a command; its orders follow.
    pub fn asked(&mut self, now: Timestamp, command: Command, taken: bool) {
        self.check_command(now, command, taken);
    }

    /// The engine gave this order.
    pub fn told(&mut self, now: Timestamp, output: &Output) {
        self.free_agents(now);
        match output {
            Output::Dial(dial) => self.at_dial(now, dial),
            Output::Redial { attempt, trunk } => self.at_redial(now, *attempt, *trunk),
            Output::Cancel(attempt) => self.at_cancel(now, *attempt),
            Output::HangUp(attempt) => self.at_hang_up(now, *attempt),
            Output::Join { attempt, agent } => self.at_join(now, *attempt, *agent),
            Output::Listen { attempt, agent } => self.at_listen(now, *attempt, *agent),
            Output::CallFlow { attempt, flow } => self.at_call_flow(now, *attempt, flow),
            Output::AttemptEnded(end) => self.at_attempt_ended(now, end),
            Output::ContactsMoved(updates) => self.at_contacts_moved(now, updates),
            Output::HangUpAgent(agent) => self.at_hang_up_agent(*agent),
            Output::AgentWishChanged { agent, wish, .. } => self.at_wish_changed(*agent, *wish),
            Output::Offered(offer) => self.at_offered(now, offer),
            Output::OfferEnded { offer, agent, .. } => self.at_offer_ended(*offer, *agent),
            Output::CampaignChanged { campaign, state } => {
                self.at_campaign_changed(now, *campaign, *state);
            }
            Output::BreakerOpened(breaker) => self.at_breaker_opened(breaker),
            Output::BreakerClosed { trunk } => self.breakers_closed(*trunk),
            Output::AgentChanged {
                agent,
                state,
                attempt,
            } => self.at_agent_changed(now, *agent, *state, *attempt),
            Output::LoadContacts { campaign, load, .. } => self.at_load(*campaign, *load),
            Output::AttemptAnswered { .. }
            | Output::CallAgent(_)
            | Output::TrunkChanged { .. }
            | Output::BreakerGrew(_)
            | Output::WakeAt { .. } => {}
        }
    }

    /// All orders of this step have come; the engine is woken at `wake` at the latest.
    pub fn settled(&mut self, now: Timestamp, wake: Option<Timestamp>) {
        self.settle_doubts(now);
        self.check_breakers_settled(now);
        self.check_calls_settled(now);
        self.check_nobody_waits(now);
        self.check_deadlines(now, wake);
        self.takes_back = false;
    }

    /// The engine gave orders without end.
    pub fn runs_in_circles(&mut self, now: Timestamp) {
        self.object(Property::StopsTalking, now, "orders without end".to_owned());
    }

    /// A snapshot was refused.
    pub fn cannot_restore(&mut self, now: Timestamp, error: &str) {
        self.object(Property::Restores, now, error.to_owned());
    }

    fn object(&mut self, property: Property, at: Timestamp, what: String) {
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(Violation { property, at, what });
        }
    }
}
