//! One call at a phone.

use super::host::Host;
use super::{Core, OnCall, PhoneCall, PhoneStatus, lock};
use crate::conversation::{Action, CallEnd, Fact, Rules, converse};
use crate::dialog::{Dialog, Whereabouts};
use crate::endpoint::Incoming;
use crate::leg::{Leg, LegEvent, never};
use crate::media::MediaPort;
use crate::sdp::Sdp;
use crate::session::{RunningTimer, TimerRefusal};
use crate::sip::Message;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// An address of a private network: what a phone behind a NAT believes to be its own.
pub(super) const PRIVATE: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 9)),
    5060,
);

/// Starts the task of a new call. Called for one message after the other, so that two calls at
/// once cannot both find the phone idle.
pub(super) fn take(host: &Arc<Host>, core: &Arc<Core>, incoming: Incoming) {
    let line = Arc::clone(&lock(&core.line));
    let inbox = host.endpoint.route(incoming.message.call_id(), &line);
    let here = Whereabouts {
        user: core.options.user.clone(),
        addr: host.endpoint.local(),
        contact: core.options.behind_nat.then_some(PRIVATE),
        to_source: core.options.behind_nat,
    };
    let dialog = Dialog::answering(&incoming.message, &incoming.from, &here);
    *lock(&core.invite) = Some(incoming.message.clone());
    let mut leg = Leg::new(&host.endpoint, &line, inbox, dialog, &host.violations);
    leg.serve(incoming);
    let busy = core.status.borrow().call != PhoneCall::Idle;
    let on_call = if busy {
        OnCall::Refuse { code: 486 }
    } else {
        lock(&core.on_call).clone()
    };
    core.status.send_modify(|status| status.invited += 1);
    if let OnCall::Refuse { code } = on_call {
        leg.respond(code, |_| {});
        host.endpoint.spawn(async move { leg.linger().await });
        return;
    }
    let (sender, commands) = mpsc::channel(16);
    *lock(&core.commands) = Some(sender);
    core.status
        .send_modify(|status| status.call = PhoneCall::Ringing);
    let call = Call {
        host: Arc::clone(host),
        core: Arc::clone(core),
        leg,
        commands,
        over: false,
    };
    host.endpoint.spawn(call.run(on_call));
}

struct Call {
    host: Arc<Host>,
    core: Arc<Core>,
    leg: Leg,
    commands: mpsc::Receiver<Action>,
    over: bool,
}

impl Call {
    async fn run(mut self, on_call: OnCall) {
        let end = match self.ring(&on_call).await {
            Ok(()) => self.talk().await,
            Err(end) => end,
        };
        self.end(end);
        self.leg.linger().await;
    }

    fn end(&mut self, end: CallEnd) {
        self.over = true;
        *lock(&self.core.commands) = None;
        self.leg.close_media();
        self.change(|status| {
            status.call = PhoneCall::Idle;
            status.last_end = Some(end);
        });
    }

    fn change(&self, change: impl FnOnce(&mut PhoneStatus)) {
        self.core.status.send_modify(change);
    }

    async fn ring(&mut self, on_call: &OnCall) -> Result<(), CallEnd> {
        self.leg.respond(180, |_| {});
        let until = match on_call {
            OnCall::Answer { after } => Instant::now() + *after,
            OnCall::Refuse { .. } | OnCall::RingForEver => never(),
        };
        loop {
            let event = tokio::select! {
                event = self.leg.next(until) => event,
                Some(action) = self.commands.recv() => match action {
                    Action::HangUp { .. } => return Err(self.refuse(486, |_| {})),
                    Action::Vanish => return Err(CallEnd::Vanished),
                    _ => continue,
                }
            };
            match event {
                LegEvent::Deadline => return Ok(()),
                LegEvent::Stopped => return Err(CallEnd::ShutDown),
                LegEvent::Cancelled => {
                    self.refuse(487, |_| {});
                    return Err(CallEnd::Cancelled);
                }
                _ => {}
            }
        }
    }

    fn refuse(&mut self, code: u16, finish: impl FnOnce(&mut Message)) -> CallEnd {
        self.leg.respond(code, finish);
        CallEnd::Refused(code)
    }

    async fn talk(&mut self) -> CallEnd {
        let timer = match (&self.core.options.session_timer, self.leg.invite()) {
            (Some(wanted), Some(invite)) => match RunningTimer::agree(wanted, invite) {
                Ok(timer) => Some(timer),
                Err(TimerRefusal::ExtensionRequired) => {
                    return self.refuse(421, |r| r.push("Require", "timer"));
                }
                Err(TimerRefusal::TooSmall(min)) => {
                    return self.refuse(422, |r| r.push("Min-SE", min.to_string()));
                }
            },
            _ => None,
        };
        let ip = self.leg.endpoint.local().ip();
        let options = self.core.options.media.clone();
        let Ok(media) = MediaPort::open(ip, options, &self.host.ticker, &self.leg.line).await
        else {
            return self.refuse(500, |_| {});
        };
        self.leg.endpoint.spawn(Arc::clone(&media).receive());
        self.leg.media = Some(Arc::clone(&media));
        let Some(body) = self.leg.describe_media() else {
            return self.refuse(488, |_| {});
        };
        *lock(&self.core.media) = Some(media);
        self.leg.accept_headers = timer
            .as_ref()
            .map(RunningTimer::accept_headers)
            .unwrap_or_default();
        self.leg.respond(200, |response| {
            response.set("Content-Type", Sdp::CONTENT_TYPE);
            response.body = body.into_bytes();
        });
        self.change(|status| {
            status.call = PhoneCall::Up;
            status.answered += 1;
        });
        let core = Arc::clone(&self.core);
        let tell = move |fact| {
            core.status.send_modify(|status| match fact {
                Fact::Refreshed => status.refreshes += 1,
                Fact::Changed => status.changes += 1,
                Fact::Acked | Fact::ForkEnded | Fact::ReferredTo(_) => {}
            });
        };
        let rules = Rules {
            steps: Vec::new(),
            audio_watchdog: self.watchdog(),
            timer,
            tell: Some(Box::new(tell)),
        };
        converse(&mut self.leg, rules, &mut self.commands).await
    }

    fn watchdog(&self) -> Option<Duration> {
        self.core.options.audio_watchdog
    }
}

impl Drop for Call {
    /// A call whose task was ended with its host leaves the phone idle.
    fn drop(&mut self) {
        if !self.over {
            self.end(CallEnd::ShutDown);
        }
    }
}
