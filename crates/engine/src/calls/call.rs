//! One live call.

use std::sync::Arc;

use outdial_domain::{Attempt, Evidence, PhoneNumber, Settings, Timestamp, TrunkName};
use serde::{Deserialize, Serialize};

use crate::agents::{AgentKey, QueueKey};
use crate::input::DueContact;
use crate::timer::Alarm;

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// The attempt is being committed.
    Committing,
    /// The INVITE is out, nothing tells of progress yet.
    Trying,
    /// There was progress.
    Ringing,
    /// We have sent a CANCEL, or will as soon as the INVITE is out.
    GivingUp,
    /// Answered, and with a flow (or being connected to one).
    InFlow,
    /// Answered, and waiting for an agent.
    Waiting,
    /// With an agent (or being joined).
    Connected,
    /// We have sent a BYE.
    Leaving,
}

/// Why we gave up ringing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum GaveUp {
    NoProgress,
    RingTimeout,
    /// Someone wanted it, or the campaign is over.
    ByHand,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Call {
    pub(crate) attempt: Attempt,
    /// The settings it was placed under: an edit does not reach it.
    pub(crate) settings: Arc<Settings>,
    pub(crate) contact: DueContact,
    pub(crate) stage: Stage,
    pub(crate) alarm: Alarm,
    /// Whether it holds its line, its trunk's and its caller ID's channel.
    pub(crate) holds: bool,
    /// The agent who is bound to it or talks.
    pub(crate) agent: Option<AgentKey>,
    /// Whether it was dialed for one agent.
    pub(crate) is_bound: bool,
    pub(crate) gave_up: Option<GaveUp>,
    /// It was answered after we had given up ringing.
    pub(crate) crossed: bool,
    /// When it was ordered to be joined with its agent.
    pub(crate) joining_since: Option<Timestamp>,
    /// A cancel that is waiting for its time: the INVITE must be out, the minimum ring over.
    pub(crate) cancel_due: bool,
    /// An answered callee's place in the queue.
    pub(crate) queued: Option<Queued>,
    /// Until when the flow that is called for an answered callee may ring.
    pub(crate) flow_until: Option<Timestamp>,
    /// From when the wait of an answered callee counts.
    pub(crate) waits_since: Option<Timestamp>,
    /// An agent or a flow has taken the call.
    pub(crate) taken: bool,
    /// It stands in the ledger.
    pub(crate) counted: bool,
    pub(crate) machine: bool,
    /// A call on a trunk that is out, to see whether it is back.
    pub(crate) trial: bool,
    /// Trunks that it has failed on, and how.
    pub(crate) failed_on: Vec<(TrunkName, Evidence)>,
}

/// A callee's place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Queued {
    pub(crate) key: QueueKey,
    pub(crate) until: Timestamp,
}

impl Call {
    /// A call that is about to be committed.
    pub(crate) fn new(
        attempt: Attempt,
        settings: Arc<Settings>,
        contact: DueContact,
        agent: Option<AgentKey>,
        trial: bool,
    ) -> Self {
        Self {
            attempt,
            settings,
            contact,
            stage: Stage::Committing,
            alarm: Alarm::default(),
            holds: true,
            agent,
            is_bound: agent.is_some(),
            gave_up: None,
            crossed: false,
            joining_since: None,
            cancel_due: false,
            queued: None,
            flow_until: None,
            waits_since: None,
            taken: false,
            counted: false,
            machine: false,
            trial,
            failed_on: Vec::new(),
        }
    }

    pub(crate) fn number(&self) -> PhoneNumber {
        self.attempt.number
    }

    pub(crate) fn is_answered(&self) -> bool {
        self.attempt.answered_at.is_some()
    }
}

/// A campaign's calls by how far they have come. Calls whose line has been freed are not in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) ringing: u32,
    pub(crate) in_flow: u32,
    pub(crate) waiting: u32,
    pub(crate) connected: u32,
    pub(crate) leaving: u32,
    /// Those that ring, or are with a flow, and were dialed for one agent, who is not among the idle.
    pub(crate) bound: u32,
}

impl Tally {
    pub(crate) fn add(&mut self, stage: Stage, is_bound: bool) {
        *self.of(stage) += 1;
        self.bound += u32::from(is_bound && is_before_agent(stage));
    }

    pub(crate) fn sub(&mut self, stage: Stage, is_bound: bool) {
        let count = self.of(stage);
        *count = count.saturating_sub(1);
        let bound = u32::from(is_bound && is_before_agent(stage));
        self.bound = self.bound.saturating_sub(bound);
    }

    /// Calls that may still need an agent and were not dialed for one: they count on those who are idle.
    pub(crate) fn unbound(&self) -> u32 {
        (self.ringing + self.in_flow).saturating_sub(self.bound)
    }

    /// All of them: lines in use.
    pub(crate) fn lines(&self) -> u32 {
        self.ringing + self.in_flow + self.waiting + self.connected + self.leaving
    }

    fn of(&mut self, stage: Stage) -> &mut u32 {
        match stage {
            Stage::Committing | Stage::Trying | Stage::Ringing | Stage::GivingUp => {
                &mut self.ringing
            }
            Stage::InFlow => &mut self.in_flow,
            Stage::Waiting => &mut self.waiting,
            Stage::Connected => &mut self.connected,
            Stage::Leaving => &mut self.leaving,
        }
    }
}

fn is_before_agent(stage: Stage) -> bool {
    !matches!(stage, Stage::Waiting | Stage::Connected | Stage::Leaving)
}
