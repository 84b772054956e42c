//! A calling peer: for tests of whoever takes calls, the peers themselves among them.

use crate::conversation::{Action, CallEnd, Fact, Rules, converse};
use crate::dialog::{Dialog, Whereabouts};
use crate::endpoint::{Endpoint, Incoming, Line, Remote, Timing};
use crate::leg::{Leg, LegEvent, never};
use crate::media::{MediaOptions, MediaPort, Ticker};
use crate::sdp::{Direction, Sdp};
use crate::sip::{
    Challenge, Credentials, DigestAlgorithm, Message, Method, escaped, response_target,
    response_to, unique,
};
use crate::strict::{Violation, Violations};
use crate::wait::Expired;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// One call to be placed.
#[derive(Clone, Debug)]
pub struct CallOptions {
    /// Request-URI and To, for instance `sip:10085@127.0.0.1:5080`.
    pub to: String,
    /// Where the INVITE is sent.
    pub destination: SocketAddr,
    /// User part of From.
    pub caller_id: String,
    /// Further headers of the INVITE.
    pub headers: Vec<(String, String)>,
    /// Audio.
    pub media: MediaOptions,
    /// Without an offer: the answer to the other side's goes into the ACK.
    pub late_offer: bool,
    /// For a 401 or 407.
    pub credentials: Option<Credentials>,
    /// Session-Expires that the INVITE offers; the caller refreshes it.
    pub session_expires_s: Option<u32>,
}

impl CallOptions {
    /// A call to this user at this address; the user may hold any characters.
    #[must_use]
    pub fn new(number: &str, destination: SocketAddr) -> Self {
        Self {
            to: format!("sip:{}@{destination}", escaped(number)),
            destination,
            caller_id: "10085".to_owned(),
            headers: Vec::new(),
            media: MediaOptions::default(),
            late_offer: false,
            credentials: None,
            session_expires_s: None,
        }
    }
}

/// How a placed call stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlacedStatus {
    /// Provisional responses in order.
    pub progress: Vec<u16>,
    /// Status of the final response.
    pub final_status: Option<u16>,
    /// Addresses to which REFER pointed.
    pub referred_to: Vec<String>,
    /// Changes of the session by the other side.
    pub changes: u32,
    /// How it ended.
    pub end: Option<CallEnd>,
}

/// A calling peer on loopback.
#[derive(Debug)]
pub struct Caller {
    endpoint: Arc<Endpoint>,
    ticker: Ticker,
    violations: Arc<Violations>,
}

/// A call that a [`Caller`] placed.
#[derive(Debug)]
pub struct PlacedCall {
    status: watch::Receiver<PlacedStatus>,
    commands: mpsc::Sender<Action>,
    media: Arc<MediaPort>,
    line: Arc<Line>,
}

impl Caller {
    /// Opens a port on 127.0.0.1.
    ///
    /// # Errors
    /// The socket's error.
    pub async fn start(timing: Timing) -> io::Result<Self> {
        let listen = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        let (endpoint, strays) = Endpoint::start(listen, timing).await?;
        endpoint.spawn(refuse_strays(Arc::clone(&endpoint), strays));
        Ok(Self {
            endpoint,
            ticker: Ticker::start(),
            violations: Arc::default(),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.endpoint.local()
    }

    /// Rules that the other side broke with its requests.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.violations.list()
    }

    /// Sends bytes as they are: garbage, or requests that no stack would make.
    pub fn send_raw(&self, bytes: &[u8], to: SocketAddr) {
        self.endpoint.send_bytes(bytes.to_vec(), &Remote::udp(to));
    }

    /// Places a call.
    ///
    /// # Errors
    /// The socket's error.
    pub async fn call(&self, options: CallOptions) -> io::Result<PlacedCall> {
        let line = Line::plugged();
        let media = MediaPort::open(
            self.address().ip(),
            options.media.clone(),
            &self.ticker,
            &line,
        )
        .await?;
        self.endpoint.spawn(Arc::clone(&media).receive());
        let here = Whereabouts {
            user: options.caller_id.clone(),
            addr: self.address(),
            contact: None,
            to_source: false,
        };
        let from = format!("<sip:{}@{}>", options.caller_id, self.address());
        let via = Remote::udp(options.destination);
        let dialog = Dialog::calling(
            &from,
            &format!("<{}>", options.to),
            &options.to,
            &via,
            &here,
        );
        let inbox = self.endpoint.route(&dialog.call_id, &line);
        let mut leg = Leg::new(&self.endpoint, &line, inbox, dialog, &self.violations);
        leg.media = Some(Arc::clone(&media));
        let (shown, status) = watch::channel(PlacedStatus::default());
        let (sender, commands) = mpsc::channel(16);
        let task = Calling {
            leg,
            options,
            shown,
            commands,
        };
        self.endpoint.spawn(task.run());
        Ok(PlacedCall {
            status,
            commands: sender,
            media,
            line,
        })
    }

    /// Ends every task; calls that are up are forgotten without a BYE.
    pub async fn shut_down(self) {
        self.endpoint.shut_down().await;
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.endpoint.stop.cancel();
    }
}

impl PlacedCall {
    /// How it stands.
    #[must_use]
    pub fn status(&self) -> PlacedStatus {
        self.status.borrow().clone()
    }

    /// Its audio.
    #[must_use]
    pub fn media(&self) -> &Arc<MediaPort> {
        &self.media
    }

    /// Waits until a condition on its status holds.
    ///
    /// # Errors
    /// [`Expired`] after `limit`, with `what` in its text.
    pub async fn until(
        &self,
        what: &str,
        limit: Duration,
        mut holds: impl FnMut(&PlacedStatus) -> bool,
    ) -> Result<PlacedStatus, Expired> {
        let mut status = self.status.clone();
        match tokio::time::timeout(limit, status.wait_for(|s| holds(s))).await {
            Ok(Ok(status)) => Ok(status.clone()),
            _ => Err(Expired {
                what: what.to_owned(),
                waited: limit,
            }),
        }
    }

    /// Does something in the call; a hang-up before the answer is a CANCEL. `false` when it is over.
    pub async fn act(&self, action: Action) -> bool {
        self.commands.send(action).await.is_ok()
    }

    /// Pulls the cable: nothing goes in or out any more.
    pub fn unplug(&self) {
        self.line.set_plugged(false);
    }
}

struct Calling {
    leg: Leg,
    options: CallOptions,
    shown: watch::Sender<PlacedStatus>,
    commands: mpsc::Receiver<Action>,
}

impl Calling {
    async fn run(mut self) {
        let end = match self.ask().await {
            Ok(()) => self.talk().await,
            Err(end) => end,
        };
        self.leg.close_media();
        self.shown.send_modify(|status| status.end = Some(end));
        self.leg.linger().await;
    }

    fn invite(&mut self, authorization: Option<(&str, String)>) -> Message {
        let mut invite = self.leg.dialog.request(Method::Invite);
        for (name, value) in &self.options.headers {
            invite.push(name, value.clone());
        }
        invite.push("Supported", "timer");
        if let Some(seconds) = self.options.session_expires_s {
            invite.push("Session-Expires", format!("{seconds};refresher=uac"));
        }
        if let Some((name, value)) = authorization {
            invite.push(name, value);
        }
        match &self.leg.media {
            Some(media) if !self.options.late_offer => invite.with_body(
                Sdp::CONTENT_TYPE,
                media.offer(Direction::SendRecv).to_text(),
            ),
            _ => invite,
        }
    }

    /// Sends the INVITE and waits for the answer.
    async fn ask(&mut self) -> Result<(), CallEnd> {
        let destination = Remote::udp(self.options.destination);
        let invite = self.invite(None);
        self.leg.start_request_at(invite, destination.clone());
        let mut challenged = false;
        loop {
            let event = tokio::select! {
                event = self.leg.next(never()) => event,
                Some(action) = self.commands.recv() => {
                    if let Action::HangUp { .. } = action {
                        self.leg.cancel();
                    }
                    continue;
                }
            };
            let response = match event {
                LegEvent::Response(response) => response,
                LegEvent::RequestTimedOut => return Err(CallEnd::NoResponse),
                LegEvent::Stopped => return Err(CallEnd::ShutDown),
                _ => continue,
            };
            let code = response.code().unwrap_or(0);
            if code < 200 {
                self.shown.send_modify(|status| status.progress.push(code));
                self.leg.take_answer(&response);
                continue;
            }
            if let Some(authorization) = self.authorization(&response).filter(|_| !challenged) {
                challenged = true;
                let invite = self.invite(Some(authorization));
                self.leg.start_request_at(invite, destination.clone());
                continue;
            }
            self.shown
                .send_modify(|status| status.final_status = Some(code));
            if code >= 300 {
                return Err(if code == 487 {
                    CallEnd::Cancelled
                } else {
                    CallEnd::Refused(code)
                });
            }
            if !self.options.late_offer {
                self.leg.take_answer(&response);
            }
            return Ok(());
        }
    }

    fn authorization(&self, response: &Message) -> Option<(&'static str, String)> {
        let answers = match response.code()? {
            401 => "Authorization",
            407 => "Proxy-Authorization",
            _ => return None,
        };
        let challenge =
            Challenge::of_response(response, &[DigestAlgorithm::Sha256, DigestAlgorithm::Md5])?;
        let who = self.options.credentials.as_ref()?;
        Some((
            answers,
            challenge.answer(who, "INVITE", &self.options.to, 1),
        ))
    }

    async fn talk(&mut self) -> CallEnd {
        let shown = self.shown.clone();
        let tell = move |fact| {
            shown.send_modify(|status| match fact {
                Fact::ReferredTo(to) => status.referred_to.push(to),
                Fact::Changed => status.changes += 1,
                Fact::Acked | Fact::ForkEnded | Fact::Refreshed => {}
            });
        };
        let rules = Rules {
            tell: Some(Box::new(tell)),
            ..Rules::default()
        };
        converse(&mut self.leg, rules, &mut self.commands).await
    }
}

async fn refuse_strays(endpoint: Arc<Endpoint>, mut strays: mpsc::Receiver<Incoming>) {
    while let Some(incoming) = strays.recv().await {
        let message = &incoming.message;
        if message
            .method()
            .is_some_and(|method| *method != Method::Ack)
        {
            let response = response_to(message, incoming.from.addr, 481, Some(&unique("t")));
            let to = response_target(message, incoming.from.addr);
            endpoint.send(&response, &incoming.from.at(to));
        }
    }
}
