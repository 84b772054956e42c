//! An answered call: a timeline of actions, commands from outside, and the rules under which a
//! peer gives up by itself.

use crate::leg::{Leg, LegEvent, never};
use crate::media::{Audio, MediaPort};
use crate::sdp::Direction;
use crate::session::{RefreshBy, RunningTimer};
use crate::sip::{Message, Method};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// The Reason with which a flow ends its call to hand the callee to the queue.
pub const TO_QUEUE: &str = "X-Outdial;text=\"queue\"";

/// Something that a peer does in an answered call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ends the call by BYE, with this Reason header.
    HangUp {
        /// Value of the Reason header, for instance `Q.850;cause=16`.
        reason: Option<String>,
    },
    /// Holds the other side by re-INVITE with `sendonly`.
    Hold,
    /// Ends the hold by re-INVITE with `sendrecv`.
    Resume,
    /// Presses keys.
    Press(String),
    /// Stops sending audio, the call going on, or sends again.
    Mute(bool),
    /// Sends something else.
    Play(Audio),
    /// Hands the other side over by REFER to this address; after the NOTIFY of success the peer
    /// ends its call.
    Refer {
        /// Refer-To address, for instance `sip:queue@127.0.0.1:5060`.
        to: String,
    },
    /// Forgets the call without a word, as a phone that lost power.
    Vanish,
}

impl Action {
    /// BYE without a Reason.
    #[must_use]
    pub fn hang_up() -> Self {
        Self::HangUp { reason: None }
    }
}

/// An action at its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Time since the answer.
    pub after: Duration,
    /// What is done then.
    pub action: Action,
}

/// How a call ended, as the peer saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// The other side sent BYE, possibly with a Reason.
    TheirBye {
        /// Value of its Reason header.
        reason: Option<String>,
    },
    /// The peer sent BYE as planned or commanded.
    OurBye,
    /// The other side cancelled before an answer; 487.
    Cancelled,
    /// The peer refused with this status.
    Refused(u16),
    /// The peer's 200 was never acknowledged; it sent BYE.
    NotAcknowledged,
    /// Nobody refreshed the session; the peer sent BYE.
    SessionExpired,
    /// No RTP packet came for too long; the peer sent BYE.
    NoAudio,
    /// The peer never answered the INVITE at all.
    NeverAnswered,
    /// The other side never answered the peer's INVITE.
    NoResponse,
    /// The peer forgot the call or was unplugged.
    Vanished,
    /// The peer was shut down.
    ShutDown,
}

/// Something in a conversation that does not end it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    /// Our 2xx was acknowledged.
    Acked,
    /// The other branch of a forked call was ended.
    ForkEnded,
    /// The session was refreshed, by either side.
    Refreshed,
    /// The other side changed the session by re-INVITE or UPDATE.
    Changed,
    /// The other side asked us by REFER to call this address.
    ReferredTo(String),
}

/// The rules of one conversation.
#[derive(Default)]
pub(crate) struct Rules {
    pub(crate) steps: Vec<Step>,
    /// Hangs up after so long without an RTP packet.
    pub(crate) audio_watchdog: Option<Duration>,
    pub(crate) timer: Option<RunningTimer>,
    /// Told what the outside may want to know.
    pub(crate) tell: Option<Box<dyn FnMut(Fact) + Send>>,
}

/// Drives an answered call to its end. Afterwards the leg should linger.
pub(crate) async fn converse(
    leg: &mut Leg,
    rules: Rules,
    commands: &mut mpsc::Receiver<Action>,
) -> CallEnd {
    let mut steps = rules.steps;
    steps.sort_by_key(|step| step.after);
    let answered = Instant::now();
    let mut talk = Conversation {
        leg,
        steps: steps.into(),
        answered,
        watchdog: rules.audio_watchdog,
        timer: rules.timer,
        referring: false,
        tell: rules.tell,
    };
    loop {
        let until = talk.next_deadline();
        let end = tokio::select! {
            event = talk.leg.next(until) => talk.on_event(event).await,
            Some(action) = commands.recv() => talk.act(action).await,
        };
        if let Some(end) = end {
            return end;
        }
    }
}

struct Conversation<'a> {
    leg: &'a mut Leg,
    steps: VecDeque<Step>,
    answered: Instant,
    watchdog: Option<Duration>,
    timer: Option<RunningTimer>,
    referring: bool,
    tell: Option<Box<dyn FnMut(Fact) + Send>>,
}

impl Conversation<'_> {
    fn next_deadline(&self) -> Instant {
        let step = self.steps.front().map(|s| self.answered + s.after);
        let refresh = self.timer.as_ref().and_then(RunningTimer::refresh_at);
        let expiry = self.timer.as_ref().map(RunningTimer::expires_at);
        [step, refresh, expiry, self.silent_at()]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or_else(never)
    }

    /// When the peer has heard nothing for too long.
    fn silent_at(&self) -> Option<Instant> {
        let heard = self
            .leg
            .media
            .as_ref()
            .and_then(|m| m.heard().first_and_last())
            .map(|(_, last)| last);
        Some(heard.map_or(self.answered, |last| last.max(self.answered)) + self.watchdog?)
    }

    async fn on_event(&mut self, event: LegEvent) -> Option<CallEnd> {
        match event {
            LegEvent::Deadline => self.on_deadline().await,
            LegEvent::Bye(message) => {
                self.leg.close_media();
                Some(CallEnd::TheirBye {
                    reason: message.header("Reason").map(str::to_owned),
                })
            }
            LegEvent::Unacked => {
                self.leg.bye(None);
                Some(CallEnd::NotAcknowledged)
            }
            LegEvent::Stopped => Some(CallEnd::ShutDown),
            LegEvent::ForkEnded => {
                self.tell(Fact::ForkEnded);
                None
            }
            LegEvent::Acked => {
                self.tell(Fact::Acked);
                None
            }
            LegEvent::Changed(message) => {
                // A refresh is any 2xx to a re-INVITE or UPDATE with a session timer.
                if message.header("Session-Expires").is_some() {
                    if let Some(timer) = &mut self.timer {
                        timer.refreshed();
                    }
                    self.tell(Fact::Refreshed);
                }
                self.tell(Fact::Changed);
                None
            }
            LegEvent::Request(message) if self.referring && refer_succeeded(&message) => {
                self.leg.bye(None);
                Some(CallEnd::OurBye)
            }
            LegEvent::Request(message) if message.method() == Some(&Method::Refer) => {
                let to = message.header("Refer-To").unwrap_or_default().to_owned();
                self.tell(Fact::ReferredTo(to));
                // The transfer is believed to have gone well; nobody is called.
                let notify = self.leg.dialog.request(Method::Notify);
                let notify = notify
                    .with("Event", "refer")
                    .with("Subscription-State", "terminated;reason=noresource");
                let _ = self
                    .leg
                    .transact(notify.with_body("message/sipfrag", "SIP/2.0 200 OK"))
                    .await;
                None
            }
            _ => None,
        }
    }

    fn tell(&mut self, fact: Fact) {
        if let Some(tell) = &mut self.tell {
            tell(fact);
        }
    }

    async fn on_deadline(&mut self) -> Option<CallEnd> {
        let now = Instant::now();
        if self
            .steps
            .front()
            .is_some_and(|s| self.answered + s.after <= now)
            && let Some(step) = self.steps.pop_front()
        {
            return self.act(step.action).await;
        }
        if self.silent_at().is_some_and(|at| at <= now) {
            self.leg.bye(Some("SIP;cause=200;text=\"no audio\""));
            return Some(CallEnd::NoAudio);
        }
        let timer = self.timer?;
        if timer.expires_at() <= now {
            self.leg.bye(Some("SIP;cause=408;text=\"session expired\""));
            return Some(CallEnd::SessionExpired);
        }
        if timer.refresh_at().is_some_and(|at| at <= now) {
            self.refresh(timer).await;
        }
        None
    }

    async fn refresh(&mut self, timer: RunningTimer) {
        let headers = timer.refresh_headers();
        let done = match timer.by {
            RefreshBy::Reinvite => self.leg.reinvite(Direction::SendRecv, &headers).await,
            RefreshBy::Update => {
                let update = self.leg.dialog.request(Method::Update);
                let update = headers
                    .into_iter()
                    .fold(update, |m, (name, value)| m.with(name, value));
                self.leg
                    .transact(update)
                    .await
                    .and_then(|r| r.code())
                    .is_some_and(|code| code < 300)
            }
        };
        if let Some(timer) = &mut self.timer {
            if done {
                timer.refreshed();
            } else {
                timer.refused();
            }
        }
        if done {
            self.tell(Fact::Refreshed);
        }
    }

    async fn act(&mut self, action: Action) -> Option<CallEnd> {
        match action {
            Action::HangUp { reason } => {
                self.leg.bye(reason.as_deref());
                return Some(CallEnd::OurBye);
            }
            Action::Vanish => {
                self.leg.line.set_plugged(false);
                return Some(CallEnd::Vanished);
            }
            Action::Hold => {
                self.leg.reinvite(Direction::SendOnly, &[]).await;
            }
            Action::Resume => {
                self.leg.reinvite(Direction::SendRecv, &[]).await;
            }
            Action::Press(keys) => self.with_media(|media| media.press(&keys)),
            Action::Mute(muted) => self.with_media(|media| media.set_muted(muted)),
            Action::Play(audio) => self.with_media(|media| media.set_audio(audio)),
            Action::Refer { to } => {
                let refer = self
                    .leg
                    .dialog
                    .request(Method::Refer)
                    .with("Refer-To", format!("<{to}>"));
                let accepted = self
                    .leg
                    .transact(refer)
                    .await
                    .and_then(|r| r.code())
                    .is_some_and(|c| c < 300);
                self.referring = accepted;
            }
        }
        None
    }

    fn with_media(&self, change: impl FnOnce(&std::sync::Arc<MediaPort>)) {
        if let Some(media) = &self.leg.media {
            change(media);
        }
    }
}

/// Whether a NOTIFY says that the transfer went well.
fn refer_succeeded(message: &Message) -> bool {
    message.method() == Some(&Method::Notify) && message.body.starts_with(b"SIP/2.0 2")
}
