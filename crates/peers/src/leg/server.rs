//! The answering side of a leg.

use super::{Fork, Leg, LegEvent, Resend};
use crate::endpoint::{Incoming, Remote};
use crate::sdp::{Direction, Sdp};
use crate::sip::{Message, Method, NameAddr, SipUri, response_target, response_to, unique};
use crate::strict::{Rule, branch, tag_of};
use tokio::time::Instant;

/// The INVITE that a leg answers at present.
#[derive(Debug)]
pub(super) struct ServedInvite {
    incoming: Incoming,
    last_response: Option<Message>,
    /// Status of the final response, once it is sent.
    final_code: Option<u16>,
    acked: bool,
    pub(super) resend: Option<Resend>,
}

impl ServedInvite {
    fn new(incoming: Incoming) -> Self {
        Self {
            incoming,
            last_response: None,
            final_code: None,
            acked: false,
            resend: None,
        }
    }
}

impl Leg {
    /// Takes over an INVITE that starts the call.
    pub(crate) fn serve(&mut self, incoming: Incoming) {
        self.violations.check_any(&incoming.message);
        self.violations.check_invite(&incoming.message);
        self.remote_cseq = incoming.message.cseq().map(|(n, _)| n);
        self.invites += 1;
        self.served = Some(ServedInvite::new(incoming));
    }

    /// The INVITE served at present.
    pub(crate) fn invite(&self) -> Option<&Message> {
        self.served.as_ref().map(|s| &s.incoming.message)
    }

    /// Answers the INVITE. Final responses are repeated until they are acknowledged.
    ///
    /// `finish` may change the response before it goes out.
    pub(crate) fn respond(&mut self, code: u16, finish: impl FnOnce(&mut Message)) {
        let Some(served) = &self.served else { return };
        let from = &served.incoming.from;
        let tag = Some(self.dialog.local_tag.as_str());
        let mut response = response_to(&served.incoming.message, from.addr, code, tag);
        if code > 100 && code < 300 {
            for route in served.incoming.message.headers("Record-Route") {
                response.push("Record-Route", route);
            }
            response.push("Contact", self.dialog.contact.clone());
        }
        if (200..300).contains(&code) {
            response.push(
                "Allow",
                "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, REFER, NOTIFY",
            );
            self.accept_headers
                .iter()
                .for_each(|(name, value)| response.push(name, value.clone()));
        }
        finish(&mut response);
        let to = from.at(response_target(&served.incoming.message, from.addr));
        self.send(&response, &to);
        let repeated = code >= 300 && !to.is_stream() || (200..300).contains(&code);
        let timing = self.endpoint.timing;
        let Some(served) = &mut self.served else {
            return;
        };
        if code >= 200 {
            served.final_code = Some(code);
            let first = if repeated {
                timing.t1
            } else {
                timing.give_up()
            };
            served.resend = Some(Resend::new(
                response.clone(),
                to,
                first,
                timing.t2,
                timing.give_up(),
            ));
            if code < 300 {
                self.established = true;
                let contact = response.header("Contact").and_then(NameAddr::parse);
                self.announced = contact.and_then(|c| c.address().map(|_| c.uri));
            }
        }
        served.last_response = Some(response);
    }

    /// Sends the last response once more, unasked.
    pub(crate) fn repeat_response(&self) {
        let Some(served) = &self.served else { return };
        if let Some(response) = &served.last_response {
            let to = served.incoming.from.at(response_target(
                &served.incoming.message,
                served.incoming.from.addr,
            ));
            self.send(response, &to);
        }
    }

    /// Answers the INVITE once more, as another branch of it with a tag of its own.
    pub(crate) fn answer_forked(&mut self) {
        let Some(served) = &self.served else { return };
        let Some(mut response) = served.last_response.clone() else {
            return;
        };
        let tag = unique("fork");
        let to = served.incoming.message.header("To").unwrap_or_default();
        response.set("To", format!("{to};tag={tag}"));
        let target = response_target(&served.incoming.message, served.incoming.from.addr);
        let to = served.incoming.from.at(target);
        self.send(&response, &to);
        let timing = self.endpoint.timing;
        let resend = Resend::new(response, to, timing.t1, timing.t2, timing.give_up());
        self.fork = Some(Fork {
            tag,
            resend: Some(resend),
        });
    }

    /// Whether a request is for the other branch of a forked call.
    fn is_for_fork(&self, request: &Message) -> bool {
        let to_tag = tag_of(request, "To");
        self.fork
            .as_ref()
            .is_some_and(|f| to_tag.as_deref() == Some(f.tag.as_str()))
    }

    fn on_fork_request(&mut self, incoming: &Incoming) -> Option<LegEvent> {
        let acked = self.fork.as_ref().is_some_and(|f| f.resend.is_none());
        match incoming.message.method()? {
            Method::Ack => {
                if let Some(fork) = &mut self.fork {
                    fork.resend = None;
                }
                None
            }
            Method::Bye => {
                let response = response_to(&incoming.message, incoming.from.addr, 200, None);
                self.reply(incoming, response);
                acked.then_some(LegEvent::ForkEnded)
            }
            _ => {
                self.refuse(incoming, 481);
                None
            }
        }
    }

    pub(super) fn run_fork_timer(&mut self, now: Instant) {
        let Some(mut resend) = self.fork.as_mut().and_then(|f| f.resend.take()) else {
            return;
        };
        let over = self.step(&mut resend, now);
        match (&mut self.fork, &self.served) {
            (Some(fork), _) if !over => fork.resend = Some(resend),
            (_, Some(served)) => {
                let what = "the answer of the other branch not acknowledged";
                self.violations
                    .add(Rule::AckMissing, &served.incoming.message, what);
            }
            _ => {}
        }
    }

    /// The body of a response: an answer to the INVITE's offer, or an offer where it had none.
    /// `None` without a common law.
    pub(crate) fn describe_media(&self) -> Option<String> {
        let media = self.media.as_ref()?;
        let offer = &self.served.as_ref()?.incoming.message.body;
        if offer.is_empty() {
            return Some(media.offer(Direction::SendRecv).to_text());
        }
        media.answer(&Sdp::parse(offer)?).map(|sdp| sdp.to_text())
    }

    pub(super) fn on_request(&mut self, incoming: Incoming) -> Option<LegEvent> {
        if let Some((before, reply)) = &self.last_reply
            && before.method() == incoming.message.method()
            && branch(before) == branch(&incoming.message)
        {
            self.reply_to(&incoming, reply);
            return None;
        }
        if self.is_for_fork(&incoming.message) {
            return self.on_fork_request(&incoming);
        }
        match incoming.message.method()? {
            Method::Invite => self.on_invite(incoming),
            Method::Ack => self.on_ack(&incoming),
            Method::Cancel => self.on_cancel(&incoming),
            _ => self.on_dialog_request(incoming),
        }
    }

    fn on_invite(&mut self, incoming: Incoming) -> Option<LegEvent> {
        self.invites += 1;
        if let Some(served) = &self.served
            && branch(&served.incoming.message) == branch(&incoming.message)
        {
            // A retransmission: our last word once more.
            self.repeat_response();
            return None;
        }
        if !self.established && incoming.message.cseq().map(|(n, _)| n) < self.remote_cseq {
            // A retransmission of the INVITE before this one, overtaken by it.
            return None;
        }
        self.violations.check_any(&incoming.message);
        self.violations.check_invite(&incoming.message);
        self.check_order(&incoming.message);
        if !self.established {
            self.served = Some(ServedInvite::new(incoming));
            return Some(LegEvent::Invited);
        }
        if !self.has_our_tags(&incoming.message) {
            self.refuse(&incoming, 481);
            return None;
        }
        if self
            .outgoing
            .as_ref()
            .is_some_and(|o| o.method == Method::Invite)
        {
            self.refuse(&incoming, 491);
            return None;
        }
        self.dialog.retarget(&incoming.message);
        let message = Box::new(incoming.message.clone());
        self.served = Some(ServedInvite::new(incoming));
        let body = self.describe_media();
        if body.is_none() && self.media.is_some() {
            self.respond(488, |_| {});
            return None;
        }
        self.respond(200, |response| {
            if let Some(body) = body {
                response.set("Content-Type", Sdp::CONTENT_TYPE);
                response.body = body.into_bytes();
            }
        });
        Some(LegEvent::Changed(message))
    }

    fn on_ack(&mut self, incoming: &Incoming) -> Option<LegEvent> {
        let ack = &incoming.message;
        let served = self.served.as_mut()?;
        let code = served.final_code?;
        if served.acked {
            return None;
        }
        self.violations.check_any(ack);
        self.violations
            .check_ack(ack, &served.incoming.message, code, &self.dialog.local_tag);
        if ack.cseq().map(|(n, _)| n) != served.incoming.message.cseq().map(|(n, _)| n) {
            return None;
        }
        served.acked = true;
        served.resend = None;
        // With an INVITE without offer the answer to ours stands in the ACK.
        let late = served.incoming.message.body.is_empty() && !ack.body.is_empty();
        if let (true, Some(media), Some(answer)) = (late, &self.media, Sdp::parse(&ack.body)) {
            media.take_answer(&answer);
        }
        if code < 300 {
            self.check_request_uri(ack);
        }
        Some(LegEvent::Acked)
    }

    fn on_cancel(&mut self, incoming: &Incoming) -> Option<LegEvent> {
        let cancel = &incoming.message;
        self.violations.check_any(cancel);
        let Some(served) = &self.served else {
            self.refuse(incoming, 481);
            return None;
        };
        let progressed = served.last_response.is_some();
        self.violations
            .check_cancel(cancel, &served.incoming.message, progressed);
        if branch(cancel) != branch(&served.incoming.message) {
            // Exactly what a strict carrier does, and why a wrong branch lets a callee ring on.
            self.refuse(incoming, 481);
            return None;
        }
        let answered = served.final_code.is_some();
        self.accept(incoming, 200);
        (!answered).then_some(LegEvent::Cancelled)
    }

    fn on_dialog_request(&mut self, incoming: Incoming) -> Option<LegEvent> {
        self.violations.check_any(&incoming.message);
        self.check_order(&incoming.message);
        if !self.has_our_tags(&incoming.message) {
            self.refuse(&incoming, 481);
            return None;
        }
        self.check_request_uri(&incoming.message);
        let message = Box::new(incoming.message.clone());
        match incoming.message.method()? {
            Method::Bye => {
                self.accept(&incoming, 200);
                // A BYE also ends an INVITE that was not answered or acknowledged yet.
                if let Some(served) = &mut self.served {
                    served.resend = None;
                }
                Some(LegEvent::Bye(message))
            }
            Method::Update => {
                self.accept_update(&incoming);
                Some(LegEvent::Changed(message))
            }
            Method::Refer => {
                self.accept(&incoming, 202);
                Some(LegEvent::Request(message))
            }
            _ => {
                self.accept(&incoming, 200);
                Some(LegEvent::Request(message))
            }
        }
    }

    fn accept_update(&mut self, incoming: &Incoming) {
        self.dialog.retarget(&incoming.message);
        let mut response = self.response(incoming, 200);
        response.push("Contact", self.dialog.contact.clone());
        self.accept_headers
            .iter()
            .for_each(|(name, value)| response.push(name, value.clone()));
        let offer = Sdp::parse(&incoming.message.body);
        if let (Some(offer), Some(media)) = (offer, &self.media)
            && let Some(answer) = media.answer(&offer)
        {
            response = response.with_body(Sdp::CONTENT_TYPE, answer.to_text());
        }
        self.reply(incoming, response);
    }

    fn response(&self, incoming: &Incoming, code: u16) -> Message {
        response_to(
            &incoming.message,
            incoming.from.addr,
            code,
            Some(&self.dialog.local_tag),
        )
    }

    fn accept(&mut self, incoming: &Incoming, code: u16) {
        let response = self.response(incoming, code);
        self.reply(incoming, response);
    }

    fn refuse(&mut self, incoming: &Incoming, code: u16) {
        if code == 481 {
            self.violations
                .add(Rule::UnknownDialog, &incoming.message, "answered by 481");
        }
        self.accept(incoming, code);
    }

    fn reply(&mut self, incoming: &Incoming, response: Message) {
        self.reply_to(incoming, &response);
        // INVITE and its CANCEL share a branch, so the method is looked at as well.
        self.last_reply = Some((incoming.message.clone(), response));
    }

    fn reply_to(&self, incoming: &Incoming, response: &Message) {
        let to: Remote = incoming
            .from
            .at(response_target(&incoming.message, incoming.from.addr));
        self.send(response, &to);
    }

    fn has_our_tags(&self, request: &Message) -> bool {
        let ours = tag_of(request, "To").as_deref() == Some(self.dialog.local_tag.as_str());
        let theirs = tag_of(request, "From") == self.dialog.remote_tag;
        if !(ours && theirs) {
            self.violations.add(Rule::DialogTags, request, "other tags");
        }
        ours && theirs
    }

    fn check_order(&mut self, request: &Message) {
        let Some((n, _)) = request.cseq() else { return };
        if self.remote_cseq.is_some_and(|last| n <= last) {
            self.violations.add(Rule::CseqOrder, request, n);
        }
        let reused = self
            .invite()
            .is_some_and(|invite| branch(invite) == branch(request));
        if reused {
            self.violations
                .add(Rule::BranchReuse, request, "the INVITE's branch");
        }
        self.remote_cseq = self.remote_cseq.max(Some(n));
    }

    fn check_request_uri(&self, request: &Message) {
        let routed = request.header("Route").is_some();
        // Where our 2xx named no readable address, any is as good.
        if let Some(announced) = self.announced.as_deref().filter(|_| !routed)
            && !SipUri::are_same(announced, request.uri())
        {
            self.violations.add(
                Rule::RequestUri,
                request,
                format_args!("to {}, not our Contact", request.uri()),
            );
        }
    }

    pub(super) fn run_server_timer(&mut self, now: Instant) -> Option<LegEvent> {
        let mut resend = self.served.as_mut()?.resend.take()?;
        let over = self.step(&mut resend, now);
        let served = self.served.as_mut()?;
        if !over {
            served.resend = Some(resend);
            return None;
        }
        if self.line.is_plugged() {
            self.violations.add(
                Rule::AckMissing,
                &served.incoming.message,
                "final response not acknowledged",
            );
        }
        Some(LegEvent::Unacked)
    }
}
