//! One agent.

use std::time::Duration;

use outdial_domain::{AgentState, AttemptId, CampaignId, Connection, Timestamp, WishedState};
use serde::{Deserialize, Serialize};

use crate::input::{AgentRules, OfferId};
use crate::timer::Alarm;

/// An agent's place in the engine's memory: small, and faster to find than the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct AgentKey(pub(crate) u32);

/// How an agent's phone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Leg {
    Down,
    Calling,
    Up,
    /// We are hanging up.
    Ending,
}

/// What an agent is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Not available: offline, on a break, or the phone is not connected.
    Off,
    /// Free; `promised_to` a campaign whose ringing calls count on this agent.
    Idle {
        since: Timestamp,
        promised_to: Option<CampaignId>,
    },
    /// An offer is on the agent's desk.
    Offered(OfferId),
    /// Bound to a campaign that is about to dial for this agent: the phone is called first, or a line
    /// is waited for.
    Bound(CampaignId),
    /// Bound to a call that has not been answered.
    Reserved(AttemptId),
    Talking(AttemptId),
    WrapUp(WrapUp),
}

/// What an agent is wrapping up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WrapUp {
    pub(crate) attempt: AttemptId,
    pub(crate) campaign: CampaignId,
    /// Whether the ledger counts the call as a live answer.
    pub(crate) is_live: bool,
}

/// A break or leaving that takes effect when the present call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Announced {
    pub(crate) wish: WishedState,
    /// Whether the wrap-up is left out.
    pub(crate) skips_wrap_up: bool,
}

/// An agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Agent {
    pub(crate) rules: AgentRules,
    /// Removed from the configuration: forgotten as soon as nothing is under way.
    pub(crate) gone: bool,
    pub(crate) wish: WishedState,
    pub(crate) reason: String,
    pub(crate) announced: Option<Announced>,
    pub(crate) registered: bool,
    pub(crate) leg: Leg,
    /// Calls of the phone that failed in a row.
    pub(crate) misses: u32,
    /// Calls of the phone in a row that rang until we gave up.
    pub(crate) rung_out: u32,
    pub(crate) phone: Alarm,
    pub(crate) wrap_up: Alarm,
    pub(crate) phase: Phase,
    /// Since when the agent is in the state that was told last.
    pub(crate) since: Timestamp,
    pub(crate) told: (AgentState, Option<AttemptId>),
    pub(crate) worked: Worked,
}

/// How long an agent has been at work, and how long of it with calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Worked {
    /// Talking and in wrap-up.
    pub(crate) busy: Duration,
    /// Talking, in wrap-up, reserved, idle, or wishing to be.
    pub(crate) present: Duration,
}

impl Worked {
    /// Counts time spent in a state.
    pub(crate) fn add(&mut self, state: AgentState, time: Duration) {
        match state {
            AgentState::Offline | AgentState::Break => {}
            AgentState::Talking | AgentState::WrapUp => {
                self.busy += time;
                self.present += time;
            }
            AgentState::Connecting | AgentState::Idle | AgentState::Reserved => {
                self.present += time;
            }
        }
    }
}

impl Agent {
    pub(crate) fn new(rules: AgentRules, now: Timestamp) -> Self {
        Self {
            rules,
            gone: false,
            wish: WishedState::Offline,
            reason: String::new(),
            announced: None,
            registered: false,
            leg: Leg::Down,
            misses: 0,
            rung_out: 0,
            phone: Alarm::default(),
            wrap_up: Alarm::default(),
            phase: Phase::Off,
            since: now,
            told: (AgentState::Offline, None),
            worked: Worked::default(),
        }
    }

    pub(crate) fn is_permanent(&self) -> bool {
        self.rules.connection == Connection::Permanent
    }

    /// Whether the phone can be called at all.
    pub(crate) fn is_reachable(&self) -> bool {
        !self.rules.registers || self.registered
    }

    /// Whether this agent may stand idle.
    pub(crate) fn may_idle(&self) -> bool {
        let wishes = self.wish == WishedState::Ready && self.announced.is_none() && !self.gone;
        wishes
            && if self.is_permanent() {
                self.leg == Leg::Up
            } else {
                self.is_reachable() && self.leg == Leg::Down && self.phone.at().is_none()
            }
    }

    /// Whether the phone should be connected now: `None` = as it is.
    pub(crate) fn wants_leg(&self) -> Option<bool> {
        let works = !matches!(self.phase, Phase::Off | Phase::Idle { .. });
        if !self.is_permanent() {
            let needs = matches!(
                self.phase,
                Phase::Bound(_) | Phase::Reserved(_) | Phase::Talking(_)
            );
            return Some(needs);
        }
        match self.wish {
            _ if self.gone && !works => Some(false),
            WishedState::Ready => Some(true),
            WishedState::Break => None,
            WishedState::Offline if works => None,
            WishedState::Offline => Some(false),
        }
    }

    /// The state as everybody sees it, and the attempt that it is about.
    pub(crate) fn state(&self) -> (AgentState, Option<AttemptId>) {
        match self.phase {
            Phase::Idle { .. } => (AgentState::Idle, None),
            Phase::Offered(_) | Phase::Bound(_) => (AgentState::Reserved, None),
            Phase::Reserved(attempt) => (AgentState::Reserved, Some(attempt)),
            Phase::Talking(attempt) => (AgentState::Talking, Some(attempt)),
            Phase::WrapUp(work) => (AgentState::WrapUp, Some(work.attempt)),
            Phase::Off => match self.wish {
                WishedState::Offline => (AgentState::Offline, None),
                WishedState::Break => (AgentState::Break, None),
                WishedState::Ready => (AgentState::Connecting, None),
            },
        }
    }

    /// How long to wait before the phone is called again.
    pub(crate) fn back_off(&self) -> Duration {
        Duration::from_secs(match self.misses {
            0 | 1 => 1,
            2 => 2,
            3 => 5,
            _ => 10,
        })
    }
}
