//! Calls as the connector and the callees live them.

use std::time::Duration;

use outdial_domain::{
    AgentId, AttemptId, CampaignId, EndedBy, Evidence, LocalFailure, Progress, Timestamp, TrunkName,
};
use outdial_engine::Placing;
use outdial_engine::input::Input;
use outdial_engine::output::Dial;

use super::Event;
use super::life::Life;
use crate::callees::{Fate, FateEnd};
use crate::units::{millis, secs};

/// A call, from the order to dial until its attempt is over.
#[derive(Debug)]
pub(super) struct CallModel {
    pub(super) dial: Box<Dial>,
    trunk: TrunkName,
    /// Tells the dials of one attempt apart.
    run: u32,
    phase: Phase,
    fate: Fate,
    responded: bool,
    progress: Option<Progress>,
    cancelled: bool,
    pub(super) joined: Option<Party>,
    /// Grows with each change of whom the callee hears, so that older plans lapse.
    hears: u32,
    /// Facts of one call arrive in the order in which they happened.
    told_until: Timestamp,
}

/// Whom a callee hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Party {
    Agent(AgentId),
    Flow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Being committed.
    Committing,
    /// On its way or ringing.
    Out,
    /// Picked up.
    Up,
    /// Over.
    Over,
}

/// Something that happens to a call.
#[derive(Clone, Debug)]
pub(crate) enum CallTurn {
    Responds,
    Progresses(Progress),
    Ends(FateEnd),
    CancelTakes,
    HangUpTakes,
    JoinTakes(AgentId),
    FlowJoins,
    /// The callee has had enough of a silent line.
    LosesPatience(u32),
    /// The conversation is over.
    TalkEnds(u32),
    FlowEnds(u32),
    /// The agent notices that a machine is on the line.
    MachineNoticed(u32),
    /// A fact that was told is told once more, if the call is over.
    Stale(Box<Input>),
}

impl Life {
    pub(super) fn dial(&mut self, dial: Box<Dial>) {
        let fate = self.fate(&dial, 0);
        let attempt = dial.attempt;
        let call = CallModel {
            trunk: dial.trunk,
            dial,
            run: 0,
            phase: Phase::Committing,
            fate,
            responded: false,
            progress: None,
            cancelled: false,
            joined: None,
            hears: 0,
            told_until: self.now,
        };
        self.calls.insert(attempt, call);
        self.write_attempt(attempt);
    }

    pub(super) fn calls_of(&self, campaign: CampaignId) -> usize {
        let calls = self.calls.values();
        calls.filter(|call| call.dial.campaign == campaign).count()
    }

    /// What becomes of a dial: the same for the same number and how often it has been dialed.
    fn fate(&self, dial: &Dial, run: u32) -> Fate {
        let dialed = self
            .list
            .row(dial.contact)
            .map_or(0, |row| row.history.dialed);
        let nth = u64::from(dialed) + u64::from(run) * 1_000;
        self.plan.callees.fate(self.dice, dial.number, nth)
    }

    pub(super) fn redial(&mut self, attempt: AttemptId, trunk: TrunkName) {
        let Some(call) = self.calls.get(&attempt) else {
            return;
        };
        let fate = self.fate(&call.dial, call.run + 1);
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        call.fate = fate;
        call.run += 1;
        call.trunk = trunk;
        call.phase = Phase::Committing;
        call.cancelled = false;
        call.responded = false;
        self.write_attempt(attempt);
    }

    /// The attempt is committed: the INVITE goes out and takes its fate.
    pub(super) fn placed(&mut self, attempt: AttemptId) {
        if self.engine.placing(attempt) == Placing::Withheld {
            return self.withheld(attempt);
        }
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        call.phase = Phase::Out;
        let (fate, trunk, cancelled) = (call.fate.clone(), call.trunk, call.cancelled);
        self.tell(attempt, Input::Placed(attempt));
        let (fate_end, trying) = self.fate_over(trunk, &fate);
        if let Some(after) = trying {
            self.turn(attempt, after, CallTurn::Responds);
        }
        if fate_end == fate.end
            && let Some((after, progress)) = fate.progress
        {
            self.turn(attempt, after, CallTurn::Progresses(progress));
        }
        let (FateEnd::PickUp(after)
        | FateEnd::Refuse(after, _)
        | FateEnd::Unusable(after)
        | FateEnd::NoResponse(after)) = fate_end;
        self.turn(attempt, after, CallTurn::Ends(fate_end));
        if cancelled {
            self.cancel(attempt);
        }
    }

    /// Someone has said stop while the attempt was being committed: nothing goes out.
    fn withheld(&mut self, attempt: AttemptId) {
        if let Some(call) = self.calls.get_mut(&attempt) {
            call.phase = Phase::Over;
        }
        // Without delay: what the engine says of an attempt holds for this moment only.
        self.hear(Input::Withheld(attempt));
    }

    /// What the trunk makes of a fate: it may fail, or say 404 to everything.
    fn fate_over(&self, trunk: TrunkName, fate: &Fate) -> (FateEnd, Option<Duration>) {
        let Some(model) = self.trunks.get(&trunk) else {
            return (FateEnd::NoResponse(secs(32)), None);
        };
        if model.fails_until.is_some_and(|until| self.now < until) {
            // Some outages refuse, some are silent; it depends on the callee, which is as good as
            // chance and needs no roll of its own.
            return if fate.talk.as_millis().is_multiple_of(2) {
                (FateEnd::Refuse(millis(40), 503), None)
            } else {
                (FateEnd::NoResponse(secs(32)), None)
            };
        }
        if model.all_invalid {
            return (FateEnd::Refuse(millis(300), 404), fate.trying);
        }
        (fate.end, fate.trying)
    }

    pub(super) fn not_placed(&mut self, attempt: AttemptId) {
        if let Some(call) = self.calls.get_mut(&attempt) {
            call.phase = Phase::Over;
            let never_placed = call.run == 0;
            self.tell(attempt, Input::NotPlaced(attempt));
            if never_placed {
                self.calls.remove(&attempt);
            }
        }
    }

    pub(super) fn cancel(&mut self, attempt: AttemptId) {
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        call.cancelled = true;
        if call.phase == Phase::Out {
            let silent = !call.responded && call.fate.trying.is_none();
            // Nobody answers a CANCEL that cannot be sent yet: the connector's own end may take long.
            let takes = if silent {
                self.rolls.time(millis(100), secs(32))
            } else {
                self.rolls.time(millis(30), millis(400))
            };
            self.turn(attempt, takes, CallTurn::CancelTakes);
        }
    }

    pub(super) fn hang_up(&mut self, attempt: AttemptId) {
        match self.calls.get(&attempt).map(|call| call.phase) {
            Some(Phase::Up) => {
                let takes = self.roll(self.plan.machinery.order);
                self.turn(attempt, takes, CallTurn::HangUpTakes);
            }
            Some(Phase::Committing | Phase::Out) => self.cancel(attempt),
            Some(Phase::Over) | None => {}
        }
    }

    pub(super) fn join(&mut self, attempt: AttemptId, agent: AgentId) {
        let takes = self.roll(self.plan.machinery.order);
        self.turn(attempt, takes, CallTurn::JoinTakes(agent));
    }

    pub(super) fn call_flow(&mut self, attempt: AttemptId) {
        let takes = self.roll(self.plan.flows.joins);
        self.turn(attempt, takes, CallTurn::FlowJoins);
    }

    pub(super) fn call_turns(&mut self, attempt: AttemptId, run: u32, turn: CallTurn) {
        if let CallTurn::Stale(fact) = turn {
            if !self.calls.contains_key(&attempt) {
                self.hear(*fact);
            }
            return;
        }
        let Some(call) = self.calls.get_mut(&attempt).filter(|call| call.run == run) else {
            return;
        };
        match (call.phase, turn) {
            (Phase::Out, CallTurn::Responds) if !call.cancelled => {
                call.responded = true;
                self.tell(attempt, Input::Responded(attempt));
            }
            (Phase::Out, CallTurn::Progresses(progress)) if !call.cancelled => {
                call.responded = true;
                call.progress = Some(progress);
                self.tell(attempt, Input::Progressed { attempt, progress });
                if progress == Progress::SessionProgress {
                    self.tell(attempt, Input::EarlyMediaHeard(attempt));
                }
            }
            (Phase::Out, CallTurn::Ends(end)) if !call.cancelled => self.fate_ends(attempt, end),
            (Phase::Out, CallTurn::CancelTakes) => self.cancel_takes(attempt),
            (Phase::Up, CallTurn::HangUpTakes) => self.answered_call_over(attempt, EndedBy::Us),
            (Phase::Up, CallTurn::JoinTakes(agent)) => self.join_takes(attempt, agent),
            (Phase::Up, CallTurn::FlowJoins) => self.flow_joins(attempt),
            (Phase::Up, CallTurn::LosesPatience(hears)) if hears == call.hears => {
                self.answered_call_over(attempt, EndedBy::Remote);
            }
            (Phase::Up, CallTurn::TalkEnds(hears)) if hears == call.hears => {
                self.talk_ends(attempt);
            }
            (Phase::Up, CallTurn::FlowEnds(hears)) if hears == call.hears => {
                self.flow_ends(attempt);
            }
            (Phase::Up, CallTurn::MachineNoticed(hears)) if hears == call.hears => {
                self.hear(Input::MarkedAsMachine(attempt));
                self.hear(Input::HangUpAsked(attempt));
            }
            _ => {}
        }
    }

    fn fate_ends(&mut self, attempt: AttemptId, end: FateEnd) {
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        let mut evidence = Evidence {
            progress: call.progress,
            responded: true,
            ended_by: Some(EndedBy::Remote),
            ..Evidence::default()
        };
        match end {
            FateEnd::PickUp(_) => return self.pick_up(attempt),
            FateEnd::Refuse(_, status) => evidence.sip_status = Some(status),
            FateEnd::Unusable(_) => {
                evidence.sip_status = Some(200);
                evidence.local = Some(LocalFailure::NoUsableContact);
            }
            FateEnd::NoResponse(_) => {
                evidence.responded = call.responded;
                evidence.local = Some(LocalFailure::NoResponse);
                evidence.ended_by = Some(EndedBy::Network);
            }
        }
        self.over(attempt, evidence);
    }

    fn cancel_takes(&mut self, attempt: AttemptId) {
        let Some(call) = self.calls.get_mut(&attempt) else {
            return;
        };
        if call.fate.across_cancel && call.responded {
            self.pick_up(attempt);
            return;
        }
        let evidence = Evidence {
            sip_status: call.responded.then_some(487),
            progress: call.progress,
            responded: call.responded,
            ended_by: Some(EndedBy::Us),
            ..Evidence::default()
        };
        self.over(attempt, evidence);
    }

    fn pick_up(&mut self, attempt: AttemptId) {
        if let Some(call) = self.calls.get_mut(&attempt) {
            call.phase = Phase::Up;
            self.tell(attempt, Input::Answered(attempt));
            self.hears_nobody(attempt);
        }
    }

    /// From now on the callee hears silence, and has patience for so long.
    pub(super) fn hears_nobody(&mut self, attempt: AttemptId) {
        if let Some(call) = self.calls.get_mut(&attempt) {
            call.joined = None;
            call.hears += 1;
            let (patience, hears) = (call.fate.patience, call.hears);
            self.turn(attempt, patience, CallTurn::LosesPatience(hears));
        }
    }

    fn join_takes(&mut self, attempt: AttemptId, agent: AgentId) {
        let up = self.agents.get(&agent).is_some_and(|a| a.leg_is_up());
        let Some(call) = self.calls.get_mut(&attempt).filter(|_| up) else {
            return;
        };
        call.joined = Some(Party::Agent(agent));
        call.hears += 1;
        let (talk, hears, machine) = (call.fate.talk, call.hears, call.fate.machine);
        self.tell(attempt, Input::Joined(attempt));
        if machine {
            self.turn(attempt, secs(4), CallTurn::MachineNoticed(hears));
        }
        self.turn(attempt, talk, CallTurn::TalkEnds(hears));
    }

    /// The conversation is over: the callee hangs up, or the agent asks for it.
    fn talk_ends(&mut self, attempt: AttemptId) {
        let Some(call) = self.calls.get(&attempt) else {
            return;
        };
        let asks = match call.joined {
            Some(Party::Agent(agent)) => self.agents.get(&agent).map_or(0, |a| a.plan.ends_call),
            _ => 0,
        };
        if self.rolls.percent(asks) {
            let hears = call.hears;
            // Should nobody end the call, the callee does.
            self.turn(attempt, secs(60), CallTurn::LosesPatience(hears));
            self.hear(Input::HangUpAsked(attempt));
        } else {
            self.answered_call_over(attempt, EndedBy::Remote);
        }
    }

    fn flow_joins(&mut self, attempt: AttemptId) {
        if self.rolls.percent(self.plan.flows.fails) {
            self.tell(attempt, Input::FlowFailed(attempt));
            return;
        }
        let speaks = self.roll(self.plan.flows.speaks);
        if let Some(call) = self.calls.get_mut(&attempt) {
            call.joined = Some(Party::Flow);
            call.hears += 1;
            let hears = call.hears;
            self.tell(attempt, Input::Joined(attempt));
            self.turn(attempt, speaks, CallTurn::FlowEnds(hears));
        }
    }

    fn flow_ends(&mut self, attempt: AttemptId) {
        let flow_first = self.calls.get(&attempt).is_some_and(|call| {
            let campaign = call.dial.campaign.number() as usize;
            let plan = self.plan.campaigns.get(campaign.wrapping_sub(1));
            plan.is_some_and(|c| c.settings.flow_first.is_some())
        });
        if self.rolls.percent(30) {
            self.answered_call_over(attempt, EndedBy::Remote);
            return;
        }
        self.hears_nobody(attempt);
        let back = flow_first && self.rolls.percent(self.plan.flows.hands_back);
        self.tell(
            attempt,
            if back {
                Input::HandedBack(attempt)
            } else {
                Input::FlowEnded(attempt)
            },
        );
    }

    fn answered_call_over(&mut self, attempt: AttemptId, by: EndedBy) {
        let Some(call) = self.calls.get(&attempt) else {
            return;
        };
        let evidence = Evidence {
            sip_status: Some(200),
            progress: call.progress,
            responded: true,
            ended_by: Some(by),
            ..Evidence::default()
        };
        self.over(attempt, evidence);
    }

    fn over(&mut self, attempt: AttemptId, evidence: Evidence) {
        if let Some(call) = self.calls.get_mut(&attempt) {
            call.phase = Phase::Over;
            call.joined = None;
            call.hears += 1;
        }
        self.tell(attempt, Input::Ended { attempt, evidence });
    }

    /// The engine hears of something a little later, and in order.
    pub(super) fn tell(&mut self, attempt: AttemptId, fact: Input) {
        let takes = self.roll(self.plan.machinery.fact);
        let mut at = self.now + takes;
        if let Some(call) = self.calls.get_mut(&attempt) {
            at = at.max(call.told_until);
            call.told_until = at;
        }
        self.events.plan(at, Event::Fact(Box::new(fact)));
    }

    fn turn(&mut self, attempt: AttemptId, after: Duration, turn: CallTurn) {
        let run = self.calls.get(&attempt).map_or(0, |call| call.run);
        self.after(after, Event::Call { attempt, run, turn });
    }
}
