//! The heart of the connector: one task that owns every leg and handles one input at a time.
//!
//! Nothing here waits for the network. Transactions run in small tasks of their own and report what they
//! hear; media has its own thread.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use outdial_domain::{EndedBy, LocalFailure, TrunkName};
use rsipstack::sip::Response;
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::SipSettings;
use super::address::Local;
use super::clearing::Clearing;
use super::directory::Directory;
use super::leg::Leg;
use super::outbound::{Heard, Outbound, Reply};
use super::remnants::Remnants;
use super::socket::Counts;
use super::strangers::Door;
use super::timers::{Timer, Timers};
use super::trunks::Registrations;
use crate::media::ports::RtpPorts;
use crate::media::relay::Notice;
use crate::media::thread::{MediaReport, MediaThread};
use crate::{Command, Event, HangUpReason, LegId, LegUp, clock};

/// What the core hears.
#[expect(
    clippy::large_enum_variant,
    reason = "orders are the common case, and each is moved a few times only"
)]
pub(crate) enum Input {
    /// An order of the runtime.
    Command(Command),
    /// Something came of a leg's INVITE.
    Heard {
        leg: LegId,
        attempt: u32,
        heard: Heard,
    },
    /// An exchange is over.
    Replied(Purpose, Reply),
    /// A response to an INVITE without transaction. `acknowledged` when the stack still knew the INVITE and has
    /// acknowledged the response.
    Stray {
        response: Box<Response>,
        acknowledged: bool,
    },
    /// A request from outside.
    Request(Box<Transaction>),
    /// Our answer to the far end's re-INVITE with this number is acknowledged, with what that carries, or will never be.
    Acknowledged {
        leg: LegId,
        number: u32,
        body: Vec<u8>,
    },
    /// Which calls are up?
    LegsUp(oneshot::Sender<Vec<LegUp>>),
    /// End everything; to be answered when that is done.
    Shutdown(oneshot::Sender<()>),
}

/// What an exchange is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Ends a call; its reply changes nothing.
    Leave,
    /// Keeps a session alive.
    Refresh {
        leg: LegId,
        cseq: u32,
        by_update: bool,
        generation: u32,
    },
    /// Asks whether the far end of a leg is still there.
    Ask { leg: LegId, question: u32 },
    /// Asks whether a trunk is there. `scheduled` is the generation of the configuration whose rhythm asks.
    Probe {
        trunk: TrunkName,
        scheduled: Option<u64>,
    },
    /// Registers with a trunk.
    Register { trunk: TrunkName, generation: u64 },
    /// Cancels or ends a call of an earlier process.
    Clear { call_id: String },
}

/// The state of the connector.
pub(super) struct Core {
    pub(super) settings: SipSettings,
    pub(super) local: Local,
    pub(super) out: Outbound,
    pub(super) directory: Arc<RwLock<Directory>>,
    pub(super) door: Arc<Door>,
    pub(super) counts: Arc<Counts>,
    pub(super) events: UnboundedSender<Event>,
    pub(super) media: Arc<MediaThread>,
    pub(super) ports: RtpPorts,
    pub(super) legs: HashMap<LegId, Leg>,
    pub(super) by_call_id: HashMap<String, LegId>,
    pub(super) remnants: Remnants,
    pub(super) clearing: Clearing,
    pub(super) timers: Timers,
    pub(super) registrations: Registrations,
    /// Requests that end calls and have no reply yet.
    pub(super) leaving: usize,
    pub(super) stopping: Option<oneshot::Sender<()>>,
}

impl Core {
    /// Handles inputs until all handles to the connector are gone.
    pub(super) async fn run(
        mut self,
        mut inbox: UnboundedReceiver<Input>,
        mut media: UnboundedReceiver<MediaReport>,
    ) {
        self.timers.after(Duration::from_secs(1), Timer::Bindings);
        loop {
            let due = self
                .timers
                .next()
                .unwrap_or_else(|| Instant::now() + Duration::from_secs(3_600));
            tokio::select! {
                input = inbox.recv() => match input {
                    Some(input) => self.handle(input),
                    None => return,
                },
                Some(report) = media.recv() => self.media_report(report),
                () = tokio::time::sleep_until(due) => {
                    let now = Instant::now();
                    while let Some(timer) = self.timers.pop(now) {
                        self.due(timer);
                    }
                }
            }
            if self.legs.is_empty()
                && self.leaving == 0
                && let Some(done) = self.stopping.take()
            {
                // Whoever asked may have lost patience.
                let _ = done.send(());
            }
        }
    }

    fn handle(&mut self, input: Input) {
        match input {
            Input::Command(command) => self.command(command),
            Input::Heard {
                leg,
                attempt,
                heard,
            } => self.heard(leg, attempt, heard),
            Input::Replied(purpose, reply) => self.replied(purpose, &reply),
            Input::Stray {
                response,
                acknowledged,
            } => self.stray(&response, acknowledged),
            Input::Request(transaction) => self.request(*transaction),
            Input::Acknowledged { leg, number, body } => self.acknowledged(leg, number, &body),
            Input::LegsUp(answer) => {
                let _ = answer.send(self.legs.values().map(Leg::up).collect());
            }
            Input::Shutdown(done) => {
                self.stopping = Some(done);
                let all: Vec<LegId> = self.legs.keys().copied().collect();
                for leg in all {
                    self.hang_up(leg, HangUpReason::Stopping);
                }
            }
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Place { call, identity } => self.place(&call, identity),
            Command::Confirm { leg } => self.confirm(leg),
            Command::Cancel { leg } => self.cancel(leg),
            Command::HangUp { leg, reason } => self.hang_up(leg, reason),
            Command::Join {
                callee,
                other,
                tone,
            } => self.join(callee, other, tone),
            Command::Listen { callee, other } => self.listen(callee, other),
            Command::Clear(dialogs) => self.clear(dialogs),
            Command::Probe { trunk } => self.probe(trunk, None),
            // The directory itself has been updated when the order was given.
            Command::Trunks(_) => self.trunks_changed(),
            Command::Accounts(_) => {}
        }
    }

    fn replied(&mut self, purpose: Purpose, reply: &Reply) {
        match purpose {
            Purpose::Leave => self.leaving = self.leaving.saturating_sub(1),
            Purpose::Refresh {
                leg,
                cseq,
                by_update,
                generation,
            } => {
                self.refreshed(leg, cseq, by_update, generation, reply);
            }
            Purpose::Ask { leg, question } => self.told_presence(leg, question, reply),
            Purpose::Probe { trunk, scheduled } => self.probed(trunk, scheduled, reply),
            Purpose::Register { trunk, generation } => {
                self.registered_with(trunk, generation, reply)
            }
            Purpose::Clear { call_id } => self.cleared(&call_id, reply),
        }
    }

    fn due(&mut self, timer: Timer) {
        match timer {
            Timer::GiveUp(leg) => self.gave_up(leg),
            Timer::Refresh(leg, generation) => self.refresh(leg, generation),
            Timer::SessionOver(leg, generation) => self.session_over(leg, generation),
            Timer::NoAnswer(leg, question) => self.no_sign_of_presence(leg, question),
            Timer::CheckCallee(leg) => self.check_callee(leg),
            Timer::ClearAgain => self.clear_again(),
            Timer::Forget(call_id) => {
                self.remnants.forget(&call_id);
                self.door.close_call(&call_id);
            }
            Timer::Probe(trunk, generation) => self.probe(trunk, Some(generation)),
            Timer::Register(trunk, generation) => self.register_with(trunk, generation),
            Timer::Bindings => self.expire_bindings(),
        }
    }

    fn media_report(&mut self, report: MediaReport) {
        match report {
            MediaReport::Joined { callee, other, at } => {
                // A leg that ended meanwhile is told by its own event.
                if self.legs.contains_key(&callee) && self.legs.contains_key(&other) {
                    self.unjoin(callee);
                    self.unjoin(other);
                    for (leg, with) in [(callee, other), (other, callee)] {
                        if let Some(leg) = self.legs.get_mut(&leg) {
                            leg.joined_with = Some(with);
                        }
                    }
                    self.tell(Event::Joined { callee, other, at });
                }
            }
            MediaReport::Noticed(Notice::Heard(leg)) => self.early_media(leg),
            MediaReport::Noticed(Notice::Quiet(leg)) => self.quiet(leg),
        }
    }

    pub(super) fn tell(&self, event: Event) {
        // Nobody listens any more: the server is going down.
        let _ = self.events.send(event);
    }

    pub(super) fn unjoin(&mut self, leg: LegId) {
        let with = self
            .legs
            .get_mut(&leg)
            .and_then(|leg| leg.joined_with.take());
        if let Some(other) = with.and_then(|with| self.legs.get_mut(&with)) {
            other.joined_with = None;
        }
    }

    /// The leg is over: tells so, frees what it had, and leaves behind what late messages may still need.
    pub(super) fn end(
        &mut self,
        leg: LegId,
        by: EndedBy,
        local: Option<LocalFailure>,
        retry_after: Option<Duration>,
    ) {
        self.unjoin(leg);
        let Some(mut leg) = self.legs.remove(&leg) else {
            return;
        };
        self.by_call_id.remove(&leg.identity.call_id);
        self.media.close(leg.id);
        leg.evidence.ended_by = Some(by);
        leg.evidence.local = local.or(leg.evidence.local);
        self.tell(Event::Ended {
            leg: leg.id,
            at: clock::now(),
            evidence: leg.evidence,
            retry_after,
        });
        let call_id = leg.identity.call_id.clone();
        self.remnants.leave(leg);
        self.timers
            .after(super::remnants::LATE, Timer::Forget(call_id));
    }

    fn expire_bindings(&mut self) {
        let now = clock::now();
        let over = match self.directory.write() {
            Ok(mut directory) => directory.registrar.expire(now),
            Err(poisoned) => poisoned.into_inner().registrar.expire(now),
        };
        for account in over {
            self.tell(Event::Unregistered { account, at: now });
        }
        self.timers.after(Duration::from_secs(1), Timer::Bindings);
    }
}
