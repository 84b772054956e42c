//! Requests that come to us: within a leg's dialog, or from outside.

use std::sync::PoisonError;

use outdial_domain::EndedBy;
use rsipstack::sip::prelude::HeadersExt as _;
use rsipstack::sip::{Header, Method, Request, Response, SipMessage, StatusCode, Transport};
use rsipstack::transaction::transaction::Transaction;

use super::address::Destination;
use super::core::{Core, Input, Purpose};
use super::leg::{Kind, Leg};
use super::message::{
    ALLOW, SDP_TYPE, contact, cseq, hands_back, header, q850_cause, random_token, required,
    session_expires, tagged, to_tag,
};
use super::registrar::Change;
use super::socket::Counts;
use crate::sdp::Audio;
use crate::{Event, LegId, clock};

impl Core {
    pub(super) fn request(&mut self, transaction: Transaction) {
        let request = &transaction.original;
        let unsupported = required(request);
        // A call that its far end leaves is over, whatever else was asked for.
        if !unsupported.is_empty() && request.method != Method::Bye {
            let lines = vec![header("Unsupported", unsupported.join(", "))];
            self.answer(transaction, 420, lines, Vec::new());
            return;
        }
        let call_id = request
            .call_id_header()
            .map(|header| header.value().to_owned())
            .unwrap_or_default();
        let leg = self
            .by_call_id
            .get(&call_id)
            .and_then(|id| self.legs.get(id))
            .filter(|leg| leg.owns(request));
        if let Some(leg) = leg {
            let id = leg.id;
            self.within_dialog(id, transaction);
        } else if !to_tag(request).is_empty() {
            self.of_no_dialog(&call_id, transaction);
        } else {
            self.of_no_call(transaction);
        }
    }

    fn within_dialog(&mut self, id: LegId, transaction: Transaction) {
        let request = transaction.original.clone();
        self.know_sender(&transaction);
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        if !leg.note_remote_cseq(&request) {
            // RFC 3261, 12.2.2: out of order.
            self.answer(transaction, 500, Vec::new(), Vec::new());
            return;
        }
        match request.method {
            Method::Bye => self.remote_bye(id, transaction),
            Method::Invite | Method::Update => self.remote_offer(id, transaction),
            Method::Refer if leg.kind == Kind::Flow => self.remote_refer(id, transaction),
            Method::Options => self.answer(transaction, 200, capabilities(), Vec::new()),
            // Digits by INFO and notices are taken and change nothing.
            Method::Info | Method::Notify => self.answer(transaction, 200, Vec::new(), Vec::new()),
            Method::Refer => self.answer(transaction, 603, Vec::new(), Vec::new()),
            _ => self.answer(transaction, 405, vec![header("Allow", ALLOW)], Vec::new()),
        }
    }

    fn remote_bye(&mut self, id: LegId, transaction: Transaction) {
        let request = transaction.original.clone();
        self.answer(transaction, 200, Vec::new(), Vec::new());
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        leg.evidence.q850_cause = q850_cause(&request);
        if leg.kind == Kind::Flow && hands_back(&request) {
            self.tell(Event::HandedBack {
                leg: id,
                at: clock::now(),
            });
        }
        // The far end heard our withheld acknowledgement or does not care; a repeated answer is acknowledged by
        // what the leg leaves behind.
        self.end(id, EndedBy::Remote, None, None);
    }

    /// A flow gives the callee back by REFER to us. It is told that this succeeded, and its leg ends.
    fn remote_refer(&mut self, id: LegId, transaction: Transaction) {
        if transaction.original.refer_to_header().is_none() {
            self.answer(transaction, 400, Vec::new(), Vec::new());
            return;
        }
        let further = self.legs.get(&id).map(|leg| contact(&leg.identity.sent_by));
        self.answer(transaction, 202, further.into_iter().collect(), Vec::new());
        self.tell(Event::HandedBack {
            leg: id,
            at: clock::now(),
        });
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let lines = vec![
            header("Event", "refer"),
            header("Subscription-State", "terminated;reason=noresource"),
            header("Content-Type", "message/sipfrag"),
        ];
        if let Some((notify, to, fallback)) =
            leg.request(Method::Notify, lines, b"SIP/2.0 200 OK\r\n".to_vec())
        {
            self.leaving += 1;
            self.out
                .exchange(notify, to, fallback, None, Purpose::Leave);
        }
        self.hang_up(id, crate::HangUpReason::Normal);
    }

    /// re-INVITE or UPDATE: hold, resume, another address, or a session refresh.
    fn remote_offer(&mut self, id: LegId, transaction: Transaction) {
        let request = transaction.original.clone();
        let session_min = self.session_min_s();
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        if crosses(leg, &request) {
            self.answer(transaction, 491, Vec::new(), Vec::new());
            return;
        }
        let interval = session_expires(&request);
        if interval.is_some_and(|(seconds, _)| seconds < session_min) {
            // RFC 4028, section 9.
            let shortest = header("Min-SE", session_min.to_string());
            self.answer(transaction, 422, vec![shortest], Vec::new());
            return;
        }
        let mut further = vec![contact(&leg.identity.sent_by), header("Allow", ALLOW)];
        let mut body = Vec::new();
        if request.body.is_empty() {
            if request.method == Method::Invite {
                // It wants our offer; its answer comes with the acknowledgement.
                body = leg.offer().into_bytes();
            }
        } else {
            let audio = Audio::parse(&request.body).ok();
            let chosen = audio.as_ref().and_then(|audio| leg.choose(audio));
            let (Some(audio), Some(chosen)) = (audio, chosen) else {
                self.answer(transaction, 488, Vec::new(), Vec::new());
                return;
            };
            leg.description.version += 1;
            body = leg.description.answer(&audio, chosen).into_bytes();
            self.media
                .agree(id, super::answered::agreement(&audio, chosen));
        }
        let moved = super::message::usable_contact(&request)
            .and_then(|target| self.legs.get_mut(&id)?.retarget(target));
        self.tell_moved(id, moved);
        if let Some((interval, refresher)) = interval {
            // Whoever asks keeps on asking, unless it names us.
            let by = if refresher == Some(false) {
                "uas"
            } else {
                "uac"
            };
            further.push(header(
                "Session-Expires",
                format!("{interval};refresher={by}"),
            ));
            if by == "uac" {
                further.push(header("Require", "timer"));
            }
            self.note_refresh(id, interval, by == "uas");
        } else {
            // An answer without the header to a request without it: there is no timer any more (RFC 4028, 7.2).
            self.start_session(id, &Response::default(), false);
        }
        if !body.is_empty() {
            further.push(header("Content-Type", SDP_TYPE));
        }
        let number = cseq(&request).map(|(number, _)| number);
        let waits = number.filter(|_| request.method == Method::Invite && request.body.is_empty());
        if let Some(dialog) = self.legs.get_mut(&id).and_then(|leg| leg.dialog.as_mut())
            && waits.is_some()
        {
            dialog.offered = waits;
        }
        self.answer_in(
            transaction,
            waits.map(|number| (id, number)),
            200,
            further,
            body,
        );
    }

    fn note_refresh(&mut self, id: LegId, interval: u32, we_refresh: bool) {
        let by = if we_refresh { "uas" } else { "uac" };
        let mut said = Response::default();
        said.headers.push(header(
            "Session-Expires",
            format!("{interval};refresher={by}"),
        ));
        self.start_session(id, &said, false);
    }

    /// The acknowledgement of our answer to a re-INVITE; it carries a description when we made the offer.
    pub(super) fn acknowledged(&mut self, id: LegId, number: u32, body: &[u8]) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        if let Some(dialog) = leg.dialog.as_mut()
            && dialog.offered == Some(number)
        {
            dialog.offered = None;
        }
        if let Ok(audio) = Audio::parse(body)
            && let Some(chosen) = leg.choose(&audio)
        {
            self.media
                .agree(id, super::answered::agreement(&audio, chosen));
        }
    }

    /// A request for a dialog that is over or never was.
    fn of_no_dialog(&mut self, call_id: &str, transaction: Transaction) {
        let ours = to_tag(&transaction.original);
        if transaction.original.method == Method::Bye && self.remnants.knows(call_id, &ours) {
            // Both sides hung up at once.
            self.answer(transaction, 200, Vec::new(), Vec::new());
            return;
        }
        Counts::add(&self.counts.unknown_dialogs);
        self.answer(transaction, 481, Vec::new(), Vec::new());
    }

    fn of_no_call(&mut self, transaction: Transaction) {
        match transaction.original.method {
            Method::Options => self.answer(transaction, 200, capabilities(), Vec::new()),
            Method::Register => self.register(transaction),
            // We place calls; nobody can be reached by calling us.
            Method::Invite => self.answer(transaction, 404, Vec::new(), Vec::new()),
            Method::Bye
            | Method::Update
            | Method::Refer
            | Method::Info
            | Method::Notify
            | Method::PRack => {
                Counts::add(&self.counts.unknown_dialogs);
                self.answer(transaction, 481, Vec::new(), Vec::new());
            }
            _ => self.answer(transaction, 405, vec![header("Allow", ALLOW)], Vec::new()),
        }
    }

    fn register(&mut self, transaction: Transaction) {
        let now = clock::now();
        let remote = transaction
            .connection
            .as_ref()
            .and_then(|connection| connection.get_remote_addr());
        let Some(source) = remote.map(Destination::of_sip_addr) else {
            return;
        };
        let answer = self
            .directory
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .registrar
            .register(&transaction.original, &source, now);
        if answer.status >= 400 && answer.status != 401 {
            Counts::add(&self.counts.registrations_refused);
        }
        if answer.status == 200 {
            self.know_sender(&transaction);
        }
        match answer.change {
            Some(Change::Registered(account)) => self.tell(Event::Registered { account, at: now }),
            Some(Change::Unregistered(account)) => {
                self.tell(Event::Unregistered { account, at: now })
            }
            None => {}
        }
        self.answer(transaction, answer.status, answer.headers, Vec::new());
    }

    /// Notes that who sent this belongs here: a far end of a call, or a phone that knows its password.
    fn know_sender(&self, transaction: &Transaction) {
        let sender = transaction.connection.as_ref();
        if let Some(address) = sender
            .and_then(|connection| connection.get_remote_addr())
            .filter(|address| address.r#type == Some(Transport::Tcp))
            .and_then(|address| address.get_socketaddr().ok())
        {
            self.out.streams.know(address);
        }
    }

    fn answer(&self, transaction: Transaction, status: u16, further: Vec<Header>, body: Vec<u8>) {
        self.answer_in(transaction, None, status, further, body);
    }

    /// Answers a request; the transaction is looked after until it is over.
    fn answer_in(
        &self,
        mut transaction: Transaction,
        awaits: Option<(LegId, u32)>,
        status: u16,
        further: Vec<Header>,
        body: Vec<u8>,
    ) {
        let response = self.response(&transaction.original, status, further, body);
        let inbox = self.out.inbox.clone();
        self.out.spawn(async move {
            if let Err(error) = transaction.respond(response).await {
                tracing::debug!(%error, "a response could not be sent");
            }
            let acknowledged = |body| {
                if let Some((leg, number)) = awaits {
                    // The core is gone only when the connector is shutting down.
                    let _ = inbox.send(Input::Acknowledged { leg, number, body });
                }
            };
            while let Some(message) = transaction.receive().await {
                if let SipMessage::Request(request) = message
                    && request.method == Method::Ack
                {
                    acknowledged(request.body);
                }
            }
            // Whoever has not acknowledged by now does not any more.
            acknowledged(Vec::new());
        });
    }

    fn response(
        &self,
        request: &Request,
        status: u16,
        further: Vec<Header>,
        body: Vec<u8>,
    ) -> Response {
        let mut response = self
            .out
            .endpoint
            .make_response(request, StatusCode::from(status), None);
        response
            .headers
            .retain(|header| !matches!(header, Header::ContentLength(_) | Header::UserAgent(_)));
        for line in response.headers.iter_mut() {
            if let Header::To(to) = line
                && to.tag().ok().flatten().is_none()
            {
                to.replace(tagged(to.value(), &random_token(12)));
            }
        }
        response.headers.extend(further);
        response
            .headers
            .push(header("Server", self.settings.user_agent.as_str()));
        response
            .headers
            .push(Header::ContentLength(body.len().to_string().into()));
        response.body = body;
        response
    }
}

/// Whether an offer crosses one of ours that has no answer yet (RFC 3261, 14.2; RFC 3311, 5.2).
fn crosses(leg: &Leg, request: &Request) -> bool {
    let offers = request.method == Method::Invite || !request.body.is_empty();
    let dialog = leg.dialog.as_ref();
    offers && dialog.is_some_and(|dialog| dialog.offering || dialog.offered.is_some())
}

fn capabilities() -> Vec<Header> {
    vec![
        header("Allow", ALLOW),
        header("Accept", SDP_TYPE),
        header("Supported", "timer"),
    ]
}
