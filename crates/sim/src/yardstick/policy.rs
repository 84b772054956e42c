//! Policies that the yardstick can judge.

use std::time::Duration;

use outdial_domain::Timestamp;
use outdial_engine::predictive::{Controller, Crowd, Fact, Moment};

use super::world::{Event, Step};

/// Says how many calls to launch.
pub trait Policy {
    /// Calls to launch now; those for which there is no line are dropped.
    fn launch(&mut self, step: &Step<'_>) -> u32;
}

/// One ringing call for each idle agent: nobody is ever abandoned.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progressive;

impl Policy for Progressive {
    fn launch(&mut self, step: &Step<'_>) -> u32 {
        let idle = step.idle.saturating_sub(step.waiting.len() as u32);
        idle.saturating_sub(step.ringing.len() as u32)
    }
}

/// The policy of predictive campaigns, asked by the yardstick's steps: it is told what a campaign tells it.
#[derive(Clone, Debug)]
pub struct Predictive {
    controller: Controller,
}

impl Predictive {
    /// A policy that knows nothing yet. `ceiling`: most abandoned of all live answers, between 0 and 1;
    /// `patience` in seconds.
    #[must_use]
    pub fn new(ceiling: f64, patience: f64) -> Self {
        let patience = Duration::from_secs_f64(patience.clamp(0.0, 3_600.0));
        let controller = Controller::new(Timestamp::from_millis(0), ceiling, patience);
        Self { controller }
    }
}

impl Policy for Predictive {
    fn launch(&mut self, step: &Step<'_>) -> u32 {
        let now = instant(step.time);
        for event in step.events {
            if let Some(fact) = fact(*event) {
                self.controller.note(now, fact);
            }
        }
        let since = |ages: &[f64]| ages.iter().map(|age| instant(step.time - age)).collect();
        let crowd = Crowd {
            ringing: since(step.ringing),
            talking: since(step.talking),
            wrapping: since(step.wrapping),
        };
        let moment = Moment {
            idle: step.idle,
            waiting: step.waiting.len() as u32,
        };
        self.controller
            .calls_now(now, &crowd, moment, step.free_lines)
    }
}

/// An instant of the shift; times come from outside, and what lies beyond thirty years is no time.
fn instant(secs: f64) -> Timestamp {
    Timestamp::from_millis((secs.clamp(-1e9, 1e9) * 1_000.0).round() as i64)
}

fn fact(event: Event) -> Option<Fact> {
    let lasted = |secs: f64| Duration::from_secs_f64(secs.clamp(0.0, 1e6));
    Some(match event {
        Event::Live { rang } => Fact::Live(lasted(rang)),
        Event::NotAnswered { rang, .. } => Fact::NotAnswered(lasted(rang)),
        Event::Abandoned => Fact::Abandoned,
        Event::TalkEnded { talked } => Fact::Talked(lasted(talked)),
        Event::AgentFree { wrapped_up } => Fact::WrappedUp(lasted(wrapped_up)),
        Event::Connected { .. } => return None,
    })
}
