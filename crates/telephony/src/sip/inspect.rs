//! What is taken out of the stream of incoming messages before the transaction layer sees it.
//!
//! We acknowledge answers ourselves (the stack's `auto_ack_2xx` is off), so that an acknowledgement can wait
//! until the dialog is stored. A client transaction is therefore over with its first 2xx, and every response
//! to an INVITE that finds no transaction is ours to judge: a repeated answer, a forked one, an answer to a
//! call of an earlier process.

use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use rsipstack::sip::prelude::HeadersExt as _;
use rsipstack::sip::{Header, Method, Request, Response, SipMessage, StatusCodeKind};
use rsipstack::transaction::endpoint::{EndpointInner, MessageInspector, TransportEventInspector};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};
use tokio::sync::mpsc::UnboundedSender;

use super::core::Input;
use super::socket::Counts;
use super::strangers::Door;

/// Marks a response that the stack made itself, for want of one from the network.
const LOCAL_MARK: &str = "X-Outdial-Local";

/// Tells responses from the network from those that the stack made (timeouts, broken connections).
pub(crate) struct MarkLocal;

impl MessageInspector for MarkLocal {
    fn before_send(&self, message: SipMessage, _to: Option<&SipAddr>) -> SipMessage {
        message
    }

    fn after_received(&self, message: SipMessage, from: Option<&SipAddr>) -> SipMessage {
        let SipMessage::Response(mut response) = message else {
            return message;
        };
        match from {
            // Nobody outside can claim to be us.
            Some(_) => response
                .headers
                .retain(|header| header.name() != LOCAL_MARK),
            None => response
                .headers
                .push(Header::Other(LOCAL_MARK.into(), "1".into())),
        }
        SipMessage::Response(response)
    }
}

/// Whether the stack made this response itself.
pub(crate) fn is_local(response: &Response) -> bool {
    response
        .headers
        .iter()
        .any(|header| header.name() == LOCAL_MARK)
}

/// Takes out responses to INVITEs that belong to no transaction, and messages that lack what routes them.
pub(crate) struct TakeStrays {
    pub(crate) endpoint: Arc<OnceLock<Weak<EndpointInner>>>,
    pub(crate) inbox: UnboundedSender<Input>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) door: Arc<Door>,
}

#[async_trait]
impl TransportEventInspector for TakeStrays {
    async fn handle(&self, event: TransportEvent) -> Option<TransportEvent> {
        let TransportEvent::Incoming(message, connection, from) = event else {
            return Some(event);
        };
        match message {
            SipMessage::Request(mut request) => {
                write_received(&mut request);
                let Ok(key) = TransactionKey::from_request(&request, TransactionRole::Server)
                else {
                    Counts::add(&self.counts.garbage);
                    return None;
                };
                if !self.admits(&request, &key, &from) {
                    Counts::add(&self.counts.strangers_refused);
                    return None;
                }
                Some(TransportEvent::Incoming(
                    SipMessage::Request(request),
                    connection,
                    from,
                ))
            }
            SipMessage::Response(response) => {
                let Ok(key) = TransactionKey::from_response(&response, TransactionRole::Client)
                else {
                    Counts::add(&self.counts.garbage);
                    return None;
                };
                match self.judge(&response, &key) {
                    Judgement::Ours => {
                        // The core is gone only when the connector is shutting down.
                        let stray = Input::Stray {
                            response: Box::new(response),
                            acknowledged: false,
                        };
                        let _ = self.inbox.send(stray);
                        return None;
                    }
                    Judgement::Refused(acknowledgement) => {
                        acknowledge_again(acknowledgement, &response, connection, from);
                        let stray = Input::Stray {
                            response: Box::new(response),
                            acknowledged: true,
                        };
                        let _ = self.inbox.send(stray);
                        return None;
                    }
                    Judgement::Theirs => {}
                }
                Some(TransportEvent::Incoming(
                    SipMessage::Response(response),
                    connection,
                    from,
                ))
            }
        }
    }
}

/// Writes the address that a request came from as RFC 3261 has it, an IPv6 address without brackets.
///
/// The stack writes brackets and does not read them. It looks the name in `Via` up instead, in its only loop: whoever
/// owns a name could make everybody wait.
fn write_received(request: &mut Request) {
    const NAME: &str = ";received=";
    let Ok(via) = request.via_header_mut() else {
        return;
    };
    let value = via.value();
    let Some(start) = value.find(NAME).map(|at| at + NAME.len()) else {
        return;
    };
    let end = value[start..]
        .find([';', ','])
        .map_or(value.len(), |at| start + at);
    let address = value[start..end].trim_matches(['[', ']']);
    if address.len() < end - start {
        let written = format!("{}{address}{}", &value[..start], &value[end..]);
        via.replace(written);
    }
}

/// Who deals with a response.
enum Judgement {
    /// The stack: it has a transaction for it.
    Theirs,
    /// The same refusal again, to be acknowledged as before. The stack would do that in its only loop, which waits
    /// for a name to be looked up then.
    Refused(Box<Request>),
    /// We do.
    Ours,
}

impl TakeStrays {
    /// Whether a request may go on to the stack: it belongs to something, or strangers have not had too many.
    fn admits(&self, request: &Request, key: &TransactionKey, from: &SipAddr) -> bool {
        let is_known = |endpoint: Arc<EndpointInner>| {
            endpoint.transactions.contains_key(key)
                || endpoint.finished_transactions.contains_key(key)
        };
        // An acknowledgement costs nothing, and finds its transaction by other marks than this key.
        if request.method == Method::Ack
            || self
                .endpoint
                .get()
                .and_then(Weak::upgrade)
                .is_some_and(is_known)
        {
            return true;
        }
        let call_id = request.call_id_header().map_or("", |header| header.value());
        let from = from.get_socketaddr().map(|address| address.ip());
        from.is_ok_and(|ip| self.door.admits(call_id, ip))
    }

    fn judge(&self, response: &Response, key: &TransactionKey) -> Judgement {
        let is_invite = response
            .cseq_header()
            .is_ok_and(|cseq| cseq.method().is_ok_and(|m| m == Method::Invite));
        let Some(endpoint) = self
            .endpoint
            .get()
            .and_then(Weak::upgrade)
            .filter(|_| is_invite)
        else {
            return Judgement::Theirs;
        };
        if endpoint.transactions.contains_key(key) {
            return Judgement::Theirs;
        }
        match response.status_code.kind() {
            // For a finished transaction the stack would swallow or acknowledge it unseen.
            StatusCodeKind::Successful | StatusCodeKind::Provisional => Judgement::Ours,
            _ => match endpoint.finished_transactions.get(key).flatten() {
                Some(SipMessage::Request(last)) if last.method == Method::Ack => {
                    Judgement::Refused(Box::new(last))
                }
                _ => Judgement::Ours,
            },
        }
    }
}

/// Acknowledges a refusal that is repeated, towards where it came from.
fn acknowledge_again(
    mut acknowledgement: Box<Request>,
    response: &Response,
    connection: SipConnection,
    from: SipAddr,
) {
    if let Ok(Some(tag)) = response.to_header().and_then(|to| to.tag()) {
        // The head was ours; that its To takes a tag is sure, and if not, the far end only asks again.
        let _ = acknowledgement
            .to_header_mut()
            .and_then(|to| to.mut_tag(tag));
    }
    tokio::spawn(async move {
        if let Err(error) = connection
            .send((*acknowledgement).into(), Some(&from))
            .await
        {
            tracing::debug!(%error, "an acknowledgement could not be sent");
        }
    });
}
