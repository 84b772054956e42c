//! The asking side of a leg.

use super::{Leg, LegEvent, Resend, never};
use crate::endpoint::Remote;
use crate::sdp::{Direction, Sdp};
use crate::sip::{Message, Method, Start};
use std::time::Duration;
use tokio::time::Instant;

/// Our request that waits for its final response.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    cseq: u32,
    pub(super) resend: Resend,
}

impl Leg {
    /// Sends a request; its responses come out of `next`. One request at a time.
    pub(crate) fn start_request(&mut self, message: Message) {
        let to = self.dialog.next_hop();
        self.start_request_at(message, to);
    }

    pub(crate) fn start_request_at(&mut self, message: Message, to: Remote) {
        let (Some(method), Some((cseq, _))) = (message.method().cloned(), message.cseq()) else {
            return;
        };
        self.send(&message, &to);
        let timing = self.endpoint.timing;
        let first = if to.is_stream() {
            timing.give_up()
        } else {
            timing.t1
        };
        // INVITE doubles its pause without a limit (RFC 3261 section 17.1.1.2).
        let longest = if method == Method::Invite {
            timing.give_up()
        } else {
            timing.t2
        };
        let resend = Resend::new(message, to, first, longest, timing.give_up());
        self.outgoing = Some(Outgoing {
            method,
            cseq,
            resend,
        });
    }

    /// Sends a request in the dialog and waits for its final response; `None` where there is none
    /// or the call ended meanwhile. Other events are kept for later.
    pub(crate) async fn transact(&mut self, message: Message) -> Option<Message> {
        self.start_request(message);
        let mut later = Vec::new();
        let result = loop {
            match self.next(never()).await {
                LegEvent::Response(response) if response.code() >= Some(200) => {
                    break Some(*response);
                }
                LegEvent::Response(_) => {}
                LegEvent::RequestTimedOut => break None,
                over @ (LegEvent::Stopped | LegEvent::Bye(_)) => {
                    later.push(over);
                    break None;
                }
                other => later.push(other),
            }
        };
        self.queued.extend(later);
        result
    }

    /// Changes the session by re-INVITE; `true` when the other side agreed.
    pub(crate) async fn reinvite(
        &mut self,
        direction: Direction,
        headers: &[(&str, String)],
    ) -> bool {
        let mut invite = self.dialog.request(Method::Invite);
        for (name, value) in headers {
            invite.push(name, value.clone());
        }
        if let Some(media) = &self.media {
            invite = invite.with_body(Sdp::CONTENT_TYPE, media.offer(direction).to_text());
        }
        let Some(response) = self.transact(invite).await else {
            return false;
        };
        if !matches!(response.code(), Some(200..=299)) {
            return false;
        }
        self.take_answer(&response);
        true
    }

    /// Takes over the media description of a response.
    pub(crate) fn take_answer(&self, response: &Message) {
        if let (Some(media), Some(answer)) = (&self.media, Sdp::parse(&response.body)) {
            media.take_answer(&answer);
        }
    }

    /// Cancels our INVITE that waits for its final response.
    pub(crate) fn cancel(&mut self) {
        let Some(outgoing) = self
            .outgoing
            .as_ref()
            .filter(|o| o.method == Method::Invite)
        else {
            return;
        };
        let invite = &outgoing.resend.message;
        let cancel = of_same_transaction(invite, Method::Cancel);
        self.send(&cancel, &outgoing.resend.to);
    }

    /// Says good-bye. The call is over with that; `linger` sees to the response.
    pub(crate) fn bye(&mut self, reason: Option<&str>) {
        let mut bye = self.dialog.request(Method::Bye);
        if let Some(reason) = reason {
            bye.push("Reason", reason);
        }
        self.close_media();
        self.start_request(bye);
    }

    pub(super) fn on_response(&mut self, response: Message) -> Option<LegEvent> {
        let (cseq, method) = response.cseq()?;
        let code = response.code()?;
        let matches = self
            .outgoing
            .as_ref()
            .is_some_and(|o| o.cseq == cseq && o.method == method);
        if !matches {
            // Our ACK got lost: the other side repeats its 2xx until it has one.
            if let (Method::Invite, 200..=299, Some((ack, to))) = (method, code, &self.ack) {
                self.send(ack, to);
            }
            return None;
        }
        if code < 200 {
            if let Some(outgoing) = &mut self.outgoing {
                let pause = if method == Method::Invite {
                    Duration::from_secs(180)
                } else {
                    outgoing.resend.longest
                };
                outgoing.resend.next = Instant::now() + pause;
                if method == Method::Invite {
                    outgoing.resend.give_up = Instant::now() + pause;
                }
            }
            return Some(LegEvent::Response(Box::new(response)));
        }
        let outgoing = self.outgoing.take()?;
        if method == Method::Invite {
            self.acknowledge(&response, code, &outgoing);
        }
        Some(LegEvent::Response(Box::new(response)))
    }

    fn acknowledge(&mut self, response: &Message, code: u16, outgoing: &Outgoing) {
        if code >= 300 {
            let mut ack = of_same_transaction(&outgoing.resend.message, Method::Ack);
            ack.set("To", response.header("To").unwrap_or_default());
            self.send(&ack, &outgoing.resend.to);
            return;
        }
        if self.established {
            self.dialog.retarget(response);
        } else {
            self.dialog.learn(response);
        }
        self.established = true;
        let mut ack = self.dialog.numbered(Method::Ack, outgoing.cseq);
        // With an INVITE without offer, the 2xx offers and the ACK answers.
        let late = outgoing.resend.message.body.is_empty();
        let offer = Sdp::parse(&response.body).filter(|_| late);
        if let (Some(offer), Some(media)) = (offer, &self.media)
            && let Some(answer) = media.answer(&offer)
        {
            ack = ack.with_body(Sdp::CONTENT_TYPE, answer.to_text());
        }
        let to = self.dialog.next_hop();
        self.send(&ack, &to);
        self.ack = Some((ack, to));
    }

    pub(super) fn run_client_timer(&mut self, now: Instant) -> Option<LegEvent> {
        let mut outgoing = self.outgoing.take()?;
        if self.step(&mut outgoing.resend, now) {
            return Some(LegEvent::RequestTimedOut);
        }
        self.outgoing = Some(outgoing);
        None
    }
}

/// CANCEL, or the ACK of a refusal: what the INVITE said, with its branch and CSeq number.
fn of_same_transaction(invite: &Message, method: Method) -> Message {
    let cseq = invite.cseq().map_or(1, |(n, _)| n);
    let mut message = Message::request(method.clone(), invite.uri());
    for name in ["Via", "Max-Forwards", "From", "To", "Call-ID", "Route"] {
        for value in invite.headers(name) {
            message.push(name, value);
        }
    }
    message.start = Start::Request {
        method: method.clone(),
        uri: invite.uri().to_owned(),
    };
    message.with("CSeq", format!("{cseq} {method}"))
}
