//! Agents and their phones.

use std::time::Duration;

use outdial_domain::{AgentId, BreakTime, WishedState};
use outdial_engine::input::{Input, LegEnd};
use outdial_engine::output::Offer;

use super::Event;
use super::calls::Party;
use super::life::Life;
use crate::dice::Rolls;
use crate::plan::AgentPlan;
use crate::units::{millis, secs};

/// An agent in the course of the world.
#[derive(Debug)]
pub(super) struct AgentModel {
    pub(super) plan: AgentPlan,
    leg: Leg,
    /// Tells the legs of one phone apart.
    legs: u32,
    /// Grows with each change of mind, so that older plans lapse.
    mind: u32,
    rolls: Rolls,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leg {
    Down,
    Calling,
    Up,
}

/// Something that happens to an agent.
#[derive(Clone, Debug)]
pub(crate) enum AgentTurn {
    /// Its phone is picked up, or not.
    PhoneDecides(u32),
    /// A phone that is up hangs up or is lost.
    Trouble(u32),
    /// Our order to end the leg takes effect.
    LegEnds(u32),
    /// Goes to work.
    Begins(u32),
    /// Wants a break.
    Rests(u32),
    /// Decides about an offer.
    Decides(Box<Offer>),
}

impl AgentModel {
    pub(super) fn leg_is_up(&self) -> bool {
        self.leg == Leg::Up
    }
}

/// The kind under which agents' numbers are drawn.
const AGENT: u64 = 0x0061_6765_6e74;

impl Life {
    pub(super) fn add_agent(&mut self, number: u32, plan: AgentPlan) {
        let (id, log_in) = (plan.rules.id, plan.log_in);
        let model = AgentModel {
            plan,
            leg: Leg::Down,
            legs: 0,
            mind: 0,
            rolls: self.dice.kind(AGENT).rolls(u64::from(number)),
        };
        self.agents.insert(id, model);
        self.agent_turn(id, log_in, AgentTurn::Begins(0));
    }

    pub(super) fn agent_turns(&mut self, agent: AgentId, turn: AgentTurn) {
        let good = self.good;
        let Some(model) = self.agents.get_mut(&agent) else {
            return;
        };
        match turn {
            AgentTurn::PhoneDecides(leg) if leg == model.legs => {
                if !good && model.rolls.percent(model.plan.no_answer) {
                    self.leg_down(agent, LegEnd::NotReached);
                } else {
                    self.leg_up(agent);
                }
            }
            AgentTurn::Trouble(leg) if leg == model.legs && model.leg_is_up() && !good => {
                let hangs_up = model.rolls.percent(40);
                self.leg_down(
                    agent,
                    if hangs_up {
                        LegEnd::HungUp
                    } else {
                        LegEnd::Lost
                    },
                );
            }
            AgentTurn::LegEnds(leg) if leg == model.legs && model.leg != Leg::Down => {
                self.leg_down(agent, LegEnd::ByUs);
            }
            AgentTurn::Begins(mind) if mind == model.mind => self.begins(agent),
            AgentTurn::Rests(mind) if mind == model.mind && !good => self.rests(agent),
            AgentTurn::Decides(offer) => self.decides(&offer),
            _ => {}
        }
    }

    pub(super) fn call_agent(&mut self, agent: AgentId) {
        if let Some(model) = self.agents.get_mut(&agent) {
            model.leg = Leg::Calling;
            model.legs += 1;
            let leg = model.legs;
            let rings = model.rolls.time(millis(200), secs(4));
            self.agent_turn(agent, rings, AgentTurn::PhoneDecides(leg));
        }
    }

    pub(super) fn hang_up_agent(&mut self, agent: AgentId) {
        if let Some(model) = self.agents.get_mut(&agent) {
            let leg = model.legs;
            let takes = model.rolls.time(millis(5), millis(60));
            self.agent_turn(agent, takes, AgentTurn::LegEnds(leg));
        }
    }

    /// The engine put the agent on a break because the phone hung up; it comes back some time later.
    pub(super) fn agent_put_on_break(&mut self, agent: AgentId) {
        if let Some(model) = self.agents.get_mut(&agent) {
            model.mind += 1;
            let mind = model.mind;
            let away = if self.good {
                secs(5)
            } else {
                model.rolls.time(secs(5), secs(90))
            };
            self.agent_turn(agent, away, AgentTurn::Begins(mind));
        }
    }

    pub(super) fn begins(&mut self, agent: AgentId) {
        let Some(model) = self.agents.get_mut(&agent) else {
            return;
        };
        model.mind += 1;
        let (mind, registers) = (model.mind, model.plan.rules.registers);
        if let Some(work) = model.plan.work {
            let time = work.at(model.rolls.uniform());
            self.agent_turn(agent, time, AgentTurn::Rests(mind));
        }
        if registers {
            self.hear(Input::AgentRegistered(agent));
        }
        self.hear(Input::AgentWished {
            agent,
            wish: WishedState::Ready,
            when: BreakTime::Now,
            reason: String::new(),
        });
    }

    fn rests(&mut self, agent: AgentId) {
        let Some(model) = self.agents.get_mut(&agent) else {
            return;
        };
        model.mind += 1;
        let mind = model.mind;
        let wish = if model.rolls.percent(model.plan.offline) {
            WishedState::Offline
        } else {
            WishedState::Break
        };
        let when = if model.rolls.percent(model.plan.announced) {
            BreakTime::AfterCall
        } else {
            BreakTime::Now
        };
        let time = model.plan.rest.at(model.rolls.uniform());
        self.agent_turn(agent, time, AgentTurn::Begins(mind));
        self.hear(Input::AgentWished {
            agent,
            wish,
            when,
            reason: "coffee".to_owned(),
        });
    }

    fn leg_up(&mut self, agent: AgentId) {
        if let Some(model) = self.agents.get_mut(&agent) {
            model.leg = Leg::Up;
            let leg = model.legs;
            if let Some(trouble) = model.plan.trouble {
                let time = trouble.at(model.rolls.uniform());
                self.agent_turn(agent, time, AgentTurn::Trouble(leg));
            }
            self.tell_of_agent(Input::AgentLegUp(agent));
        }
    }

    /// The leg is over; a callee who was joined with it hears silence from now on.
    fn leg_down(&mut self, agent: AgentId, why: LegEnd) {
        let Some(model) = self.agents.get_mut(&agent) else {
            return;
        };
        model.leg = Leg::Down;
        model.legs += 1;
        let alone: Vec<_> = self
            .calls
            .iter()
            .filter(|(_, call)| call.joined == Some(Party::Agent(agent)))
            .map(|(attempt, _)| *attempt)
            .collect();
        for attempt in alone {
            self.hears_nobody(attempt);
        }
        self.tell_of_agent(Input::AgentLegDown { agent, why });
    }

    /// Facts about phones arrive at once: two of one phone must not overtake each other.
    fn tell_of_agent(&mut self, fact: Input) {
        self.events.plan(self.now, Event::Fact(Box::new(fact)));
    }

    pub(super) fn offered(&mut self, offer: Offer) {
        let time = self.rolls.time(millis(500), secs(20));
        let decides = AgentTurn::Decides(Box::new(offer));
        self.agent_turn(offer.agent, time, decides);
    }

    fn decides(&mut self, offer: &Offer) {
        let Some(model) = self.agents.get_mut(&offer.agent) else {
            return;
        };
        let rolled = model.rolls.between(1, 100);
        let accepts = u64::from(model.plan.accepts);
        let skips = accepts + u64::from(model.plan.skips);
        if rolled <= accepts || self.good {
            self.hear(Input::OfferAccepted(offer.id));
        } else if rolled <= skips {
            self.hear(Input::OfferSkipped(offer.id));
        }
    }

    fn agent_turn(&mut self, agent: AgentId, after: Duration, turn: AgentTurn) {
        self.after(after, Event::Agent { agent, turn });
    }
}
