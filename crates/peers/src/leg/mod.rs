//! One call of a peer: a dialog, its transactions and its media, driven by one task.
//!
//! A leg keeps up retransmissions, answers what can be answered without thinking, and hands the
//! rest to the script that drives it as a [`LegEvent`]. Everything happens in `next`, so a script
//! reads from top to bottom and nothing runs behind its back.

mod client;
mod server;

use crate::dialog::Dialog;
use crate::endpoint::{Endpoint, Incoming, Line, Remote};
use crate::media::MediaPort;
use crate::sip::{Message, Method};
use crate::strict::Violations;
use client::Outgoing;
use server::ServedInvite;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// What happened to a leg that its script should know.
#[derive(Debug)]
pub(crate) enum LegEvent {
    /// The time that the script asked for has come.
    Deadline,
    /// An INVITE after a refusal, as a client sends it with credentials.
    Invited,
    /// CANCEL of an unanswered INVITE; its 200 is sent, the 487 is the script's.
    Cancelled,
    /// Our final response was acknowledged.
    Acked,
    /// The other branch of a forked call was acknowledged and ended by BYE.
    ForkEnded,
    /// Nobody acknowledged our final response.
    Unacked,
    /// BYE; its 200 is sent.
    Bye(Box<Message>),
    /// A re-INVITE or UPDATE; its 200 is sent.
    Changed(Box<Message>),
    /// Another request in the dialog; its 200 or 202 is sent.
    Request(Box<Message>),
    /// A response to our request.
    Response(Box<Message>),
    /// Our request got no final response.
    RequestTimedOut,
    /// The endpoint is shutting down.
    Stopped,
}

/// A message that is sent again and again until somebody reacts.
#[derive(Debug)]
struct Resend {
    message: Message,
    to: Remote,
    next: Instant,
    pause: Duration,
    longest: Duration,
    give_up: Instant,
}

impl Resend {
    fn new(
        message: Message,
        to: Remote,
        first: Duration,
        longest: Duration,
        give_up: Duration,
    ) -> Self {
        let now = Instant::now();
        Self {
            message,
            to,
            next: now + first,
            pause: first,
            longest,
            give_up: now + give_up,
        }
    }

    fn due(&self) -> Instant {
        self.next.min(self.give_up)
    }
}

/// One call of a peer.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) line: Arc<Line>,
    inbox: mpsc::Receiver<Incoming>,
    pub(crate) dialog: Dialog,
    pub(crate) media: Option<Arc<MediaPort>>,
    /// Headers that every 2xx to INVITE and UPDATE carries, such as Session-Expires.
    pub(crate) accept_headers: Vec<(String, String)>,
    violations: Arc<Violations>,
    served: Option<ServedInvite>,
    outgoing: Option<Outgoing>,
    /// The ACK of our INVITE's 2xx, to be repeated with it.
    ack: Option<(Message, Remote)>,
    last_reply: Option<(Message, Message)>,
    remote_cseq: Option<u32>,
    established: bool,
    /// The Contact of our 2xx, for the requests that must go there.
    announced: Option<String>,
    queued: VecDeque<LegEvent>,
    /// INVITE datagrams received, retransmissions included.
    pub(crate) invites: u32,
    /// A second answer to the INVITE, from another branch of it.
    fork: Option<Fork>,
}

/// The other branch of a forked call: its To tag and what became of it.
#[derive(Debug)]
pub(crate) struct Fork {
    tag: String,
    /// Its 200, repeated until it is acknowledged.
    resend: Option<Resend>,
}

impl Leg {
    pub(crate) fn new(
        endpoint: &Arc<Endpoint>,
        line: &Arc<Line>,
        inbox: mpsc::Receiver<Incoming>,
        dialog: Dialog,
        violations: &Arc<Violations>,
    ) -> Self {
        Self {
            endpoint: Arc::clone(endpoint),
            line: Arc::clone(line),
            inbox,
            dialog,
            media: None,
            accept_headers: Vec::new(),
            violations: Arc::clone(violations),
            served: None,
            outgoing: None,
            ack: None,
            last_reply: None,
            remote_cseq: None,
            established: false,
            announced: None,
            queued: VecDeque::new(),
            invites: 0,
            fork: None,
        }
    }

    /// Waits for the next event, at most until the deadline. Safe to drop and call again.
    pub(crate) async fn next(&mut self, until: Instant) -> LegEvent {
        let stop = self.endpoint.stop.clone();
        loop {
            if let Some(event) = self.queued.pop_front() {
                return event;
            }
            let wake = self.next_timer().map_or(until, |timer| timer.min(until));
            tokio::select! {
                biased;
                () = stop.cancelled() => return LegEvent::Stopped,
                incoming = self.inbox.recv() => {
                    let Some(incoming) = incoming else { return LegEvent::Stopped };
                    let event = match incoming.message.method() {
                        Some(_) => self.on_request(incoming),
                        None => self.on_response(incoming.message),
                    };
                    self.queued.extend(event);
                }
                () = tokio::time::sleep_until(wake) => {
                    let now = Instant::now();
                    let event = self.run_timers(now);
                    self.queued.extend(event);
                    if now >= until && self.queued.is_empty() {
                        return LegEvent::Deadline;
                    }
                }
            }
        }
    }

    /// Takes in whatever comes and reacts to nothing, until nothing has come for so long.
    pub(crate) async fn ignore_everything(&mut self, quiet: Duration) {
        let stop = self.endpoint.stop.clone();
        let hear = async {
            while let Ok(Some(incoming)) = tokio::time::timeout(quiet, self.inbox.recv()).await {
                self.invites += u32::from(incoming.message.method() == Some(&Method::Invite));
            }
        };
        let _ = stop.run_until_cancelled(hear).await;
    }

    /// Waits while only timers and answers without a script are of interest.
    pub(crate) async fn linger(&mut self) {
        self.close_media();
        let until = Instant::now() + self.endpoint.timing.give_up();
        while !matches!(
            self.next(until).await,
            LegEvent::Deadline | LegEvent::Stopped
        ) {}
    }

    pub(crate) fn close_media(&self) {
        if let Some(media) = &self.media {
            media.close();
        }
    }

    fn send(&self, message: &Message, to: &Remote) {
        if self.line.is_plugged() {
            self.endpoint.send(message, to);
        }
    }

    fn next_timer(&self) -> Option<Instant> {
        let served = self
            .served
            .as_ref()
            .and_then(|s| s.resend.as_ref())
            .map(Resend::due);
        let outgoing = self.outgoing.as_ref().map(|o| o.resend.due());
        let fork = self
            .fork
            .as_ref()
            .and_then(|f| f.resend.as_ref())
            .map(Resend::due);
        served.into_iter().chain(outgoing).chain(fork).min()
    }

    fn run_timers(&mut self, now: Instant) -> Option<LegEvent> {
        self.run_fork_timer(now);
        self.run_server_timer(now)
            .or_else(|| self.run_client_timer(now))
    }

    /// Sends again what is due; `true` when it is time to give up.
    fn step(&self, resend: &mut Resend, now: Instant) -> bool {
        if now >= resend.give_up {
            return true;
        }
        if now >= resend.next {
            self.send(&resend.message, &resend.to);
            resend.pause = (resend.pause * 2).min(resend.longest);
            resend.next = now + resend.pause;
        }
        false
    }
}

impl Drop for Leg {
    fn drop(&mut self) {
        self.close_media();
        self.endpoint.forget(&self.dialog.call_id);
    }
}

/// A deadline that never comes in the life of a test.
pub(crate) fn never() -> Instant {
    Instant::now() + Duration::from_secs(365 * 24 * 3600)
}
