//! Sending: single messages, whole exchanges, and INVITEs whose responses the core follows one by one.

use std::sync::Arc;
use std::time::Duration;

use rsipstack::sip::{
    Header, Method, Request, Response, SipMessage, StatusCodeKind, Transport as WireTransport,
};
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::transaction::{Transaction, TransactionEvent, TransactionEventSender};
use rsipstack::transport::SipAddr;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::address::Destination;
use super::core::{Input, Purpose};
use super::inspect::is_local;
use super::message::{cseq, header, new_branch, random_token};
use super::socket::SignallingSocket;
use super::streams::Streams;
use crate::LegId;
use crate::digest::{Challenge, Credentials};

/// Longest that finding and opening a way may take.
const OPEN_WITHIN: Duration = Duration::from_secs(8);

/// What came of an exchange.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A final response.
    Final(Box<Response>),
    /// Nothing, until the transaction's time was over.
    Silent,
    /// The request could not be sent.
    Unreachable,
}

impl Reply {
    /// The final status, if any.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Final(response) => Some(response.status_code.code()),
            Self::Silent | Self::Unreachable => None,
        }
    }
}

/// What the core hears of an INVITE under way.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A response from the network.
    Response(Box<Response>),
    /// No response at all in time.
    Silent,
    /// It could not be sent.
    Unreachable,
}

/// An INVITE under way.
#[derive(Debug, Clone)]
pub(crate) struct InviteHandle {
    key: TransactionKey,
    transaction: TransactionEventSender,
}

impl InviteHandle {
    /// Stops sending it; what still comes for it is a stray.
    pub(crate) fn stop(&self) {
        // A transaction that is over needs no stopping.
        let _ = self
            .transaction
            .send(TransactionEvent::Terminate(self.key.clone()));
    }
}

/// The way out.
#[derive(Clone)]
pub(crate) struct Outbound {
    pub(crate) endpoint: EndpointInnerRef,
    pub(crate) socket: Arc<SignallingSocket>,
    pub(crate) streams: Arc<Streams>,
    pub(crate) inbox: UnboundedSender<Input>,
    pub(crate) cancel: CancellationToken,
}

impl Outbound {
    /// Runs something beside the core, until the connector is gone: what still waits for the network must not keep
    /// its ports.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let cancel = self.cancel.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = work => {}
                () = cancel.cancelled() => {}
            }
        });
    }

    /// Sends one message without a transaction: an acknowledgement. Over UDP to an IP address it is on the wire
    /// when this returns, so that nothing overtakes it.
    pub(crate) fn fire(&self, request: Request, to: &Destination, fallback: Option<&Destination>) {
        if to.transport == outdial_domain::Transport::Udp
            && let Some(address) = to.socket_address()
            && self
                .socket
                .socket
                .try_send_to(&request.to_bytes(), address)
                .is_ok()
        {
            return;
        }
        let streams = Arc::clone(&self.streams);
        let ways: Vec<_> = [Some(to), fallback]
            .into_iter()
            .flatten()
            .map(Destination::to_sip_addr)
            .collect();
        self.spawn(async move {
            for way in &ways {
                let found = tokio::time::timeout(OPEN_WITHIN, streams.way(way)).await;
                if let Ok(Ok((connection, address))) = found
                    && connection
                        .send(request.clone().into(), Some(&address))
                        .await
                        .is_ok()
                {
                    return;
                }
            }
            tracing::warn!(method = %request.method, "a message could not be sent on any way");
        });
    }

    /// Sends a request that is no INVITE of a new call and reports its final reply as `Input::Replied`.
    ///
    /// A challenge is answered once with `credentials`, with the next CSeq: the caller leaves that number free.
    pub(crate) fn exchange(
        &self,
        request: Request,
        to: Destination,
        fallback: Option<Destination>,
        credentials: Option<Credentials>,
        purpose: Purpose,
    ) {
        let mut report = ReplyOnDrop {
            inbox: self.inbox.clone(),
            purpose: Some(purpose),
            reply: Reply::Unreachable,
        };
        let out = self.clone();
        self.spawn(async move {
            let mut reply = out.run(request.clone(), &to).await;
            if matches!(reply, Reply::Unreachable)
                && let Some(fallback) = fallback.filter(|fallback| *fallback != to)
            {
                reply = out.run(request.clone(), &fallback).await;
            }
            if let (Reply::Final(response), Some(credentials)) = (&reply, credentials)
                && let Some(again) = authorize(request, response, &credentials)
            {
                reply = out.run(again, &to).await;
            }
            report.set(reply);
        });
    }

    /// Sends the INVITE of a new call; each response is reported as `Input::Heard`.
    pub(crate) fn invite(
        &self,
        request: Request,
        to: &Destination,
        leg: LegId,
        attempt: u32,
    ) -> Option<InviteHandle> {
        let key = TransactionKey::from_request(&request, TransactionRole::Client).ok()?;
        let mut transaction =
            Transaction::new_client(key.clone(), request, self.endpoint.clone(), None);
        let (out, to) = (self.clone(), to.to_sip_addr());
        let handle = InviteHandle {
            key,
            transaction: transaction.tu_sender.clone(),
        };
        let report = OverOnDrop {
            inbox: self.inbox.clone(),
            leg,
            attempt,
        };
        self.spawn(async move {
            if !out.open(&mut transaction, to).await {
                report.send(Heard::Unreachable);
                return;
            }
            while let Some(message) = transaction.receive().await {
                let SipMessage::Response(response) = message else {
                    continue;
                };
                let heard = match (is_local(&response), response.status_code.code()) {
                    (true, 503) => Heard::Unreachable,
                    (true, _) => Heard::Silent,
                    (false, _) => Heard::Response(Box::new(response)),
                };
                let over = !matches!(heard, Heard::Response(_));
                report.send(heard);
                if over {
                    return;
                }
            }
        });
        Some(handle)
    }
}

impl Outbound {
    /// Sends a transaction's request; false when there is no way to send it.
    async fn open(&self, transaction: &mut Transaction, to: SipAddr) -> bool {
        let opened = async {
            // Connections are ours to open; the stack finds the way by itself over UDP.
            if to.r#type == Some(WireTransport::Tcp) {
                let Ok((connection, address)) = self.streams.way(&to).await else {
                    return false;
                };
                transaction.connection = Some(connection);
                transaction.destination = Some(address);
            } else {
                transaction.destination = Some(to);
            }
            transaction.send().await.is_ok()
        };
        let opened = tokio::time::timeout(OPEN_WITHIN, opened).await;
        opened == Ok(true) && transaction.connection.is_some()
    }

    async fn run(&self, request: Request, to: &Destination) -> Reply {
        let Ok(key) = TransactionKey::from_request(&request, TransactionRole::Client) else {
            return Reply::Unreachable;
        };
        let mut transaction = Transaction::new_client(key, request, self.endpoint.clone(), None);
        if !self.open(&mut transaction, to.to_sip_addr()).await {
            return Reply::Unreachable;
        }
        while let Some(message) = transaction.receive().await {
            let SipMessage::Response(response) = message else {
                continue;
            };
            match (is_local(&response), response.status_code.kind()) {
                (true, _) if response.status_code.code() == 503 => return Reply::Unreachable,
                (true, _) => return Reply::Silent,
                (false, StatusCodeKind::Provisional) => {}
                (false, _) => return Reply::Final(Box::new(response)),
            }
        }
        Reply::Silent
    }
}

/// The request again, with the answer to the challenge in `response`; `None` when it is no challenge that these
/// credentials can answer.
pub(crate) fn authorize(
    mut request: Request,
    response: &Response,
    credentials: &Credentials,
) -> Option<Request> {
    let line = authorization(
        response,
        credentials,
        &request.method,
        &request.uri.to_string(),
    )?;
    let (number, method) = cseq(&request)?;
    let branch = new_branch();
    for header in request.headers.iter_mut() {
        match header {
            Header::CSeq(value) => value.replace(format!("{} {method}", number.wrapping_add(1))),
            Header::Via(value) => {
                let rest = value
                    .value()
                    .split(";branch=")
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                let parameters = value
                    .value()
                    .split_once(";rport")
                    .map_or("", |(_, rest)| rest);
                value.replace(format!("{rest};branch={branch};rport{parameters}"));
            }
            _ => {}
        }
    }
    request.headers.push(line);
    Some(request)
}

/// The header that answers a 401 or 407, preferring the strongest algorithm offered.
pub(crate) fn authorization(
    response: &Response,
    credentials: &Credentials,
    method: &Method,
    uri: &str,
) -> Option<Header> {
    let (asked, answered) = match response.status_code.code() {
        401 => ("WWW-Authenticate", "Authorization"),
        407 => ("Proxy-Authenticate", "Proxy-Authorization"),
        _ => return None,
    };
    let challenge = response
        .headers
        .iter()
        .filter(|header| header.name().eq_ignore_ascii_case(asked))
        .filter_map(|header| Challenge::parse(header.value()))
        .filter(|challenge| {
            credentials
                .realm
                .as_ref()
                .is_none_or(|realm| *realm == challenge.realm)
        })
        .max_by_key(|challenge| challenge.algorithm)?;
    let value = credentials.answer(&challenge, &method.to_string(), uri, 1, &random_token(16));
    Some(header(answered, value))
}

/// Reports what came of an exchange even if its task is torn down.
struct ReplyOnDrop {
    inbox: UnboundedSender<Input>,
    purpose: Option<Purpose>,
    reply: Reply,
}

impl ReplyOnDrop {
    fn set(&mut self, reply: Reply) {
        self.reply = reply;
    }
}

impl Drop for ReplyOnDrop {
    fn drop(&mut self) {
        if let Some(purpose) = self.purpose.take() {
            let reply = std::mem::replace(&mut self.reply, Reply::Silent);
            // The core is gone only when the connector is shutting down.
            let _ = self.inbox.send(Input::Replied(purpose, reply));
        }
    }
}

/// Reports what an INVITE's task hears, and its end should it break down.
struct OverOnDrop {
    inbox: UnboundedSender<Input>,
    leg: LegId,
    attempt: u32,
}

impl OverOnDrop {
    fn send(&self, heard: Heard) {
        let _ = self.inbox.send(Input::Heard {
            leg: self.leg,
            attempt: self.attempt,
            heard,
        });
    }
}

impl Drop for OverOnDrop {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.send(Heard::Silent);
        }
    }
}
