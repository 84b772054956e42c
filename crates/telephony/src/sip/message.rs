//! Building requests from the names that were planned, and reading what responses say.

use std::time::Duration;

use rand::Rng as _;
use rand::distr::Alphanumeric;
use rsipstack::sip::headers::make_header;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, Request, Response, Uri, Version};

use super::address::Destination;
use crate::DialogIdentity;

/// What we understand, for `Allow`.
pub(crate) const ALLOW: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, REFER, NOTIFY, INFO, REGISTER";
pub(crate) const SDP_TYPE: &str = "application/sdp";

/// Random letters and digits for tags, branches and call ids.
pub(crate) fn random_token(length: usize) -> String {
    rand::rng()
        .sample_iter(Alphanumeric)
        .take(length)
        .map(char::from)
        .collect()
}

/// A branch of ours (RFC 3261, 8.1.1.7).
pub(crate) fn new_branch() -> String {
    format!("z9hG4bK{}", random_token(16))
}

/// The branch of the `attempt`-th try of an INVITE: told from the first, so that it is known after a crash.
pub(crate) fn branch_of_try(identity: &DialogIdentity, attempt: u32) -> String {
    match attempt {
        0 => identity.branch.clone(),
        n => format!("{}.{n}", identity.branch),
    }
}

/// The lines that every request has.
pub(crate) struct Head<'a> {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// Transport and address, as [`DialogIdentity::sent_by`] has them.
    pub(crate) sent_by: &'a str,
    pub(crate) branch: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) call_id: &'a str,
    pub(crate) cseq: u32,
}

impl Head<'_> {
    /// The request with these lines, `further` headers and a body.
    pub(crate) fn request(self, further: Vec<Header>, body: Vec<u8>) -> Request {
        let cseq = format!("{} {}", self.cseq, self.method);
        let mut headers = vec![
            Header::Via(via(self.sent_by, &self.branch).into()),
            Header::MaxForwards("70".into()),
            Header::From(self.from.into()),
            Header::To(self.to.into()),
            Header::CallId(self.call_id.into()),
            Header::CSeq(cseq.into()),
        ];
        headers.extend(further);
        headers.push(Header::ContentLength(body.len().to_string().into()));
        Request {
            method: self.method,
            uri: self.uri,
            version: Version::V2,
            headers: headers.into(),
            body,
        }
    }
}

/// A Via line; over TCP it asks for our own requests to come back on the same connection (RFC 5923).
fn via(sent_by: &str, branch: &str) -> String {
    let (transport, address) = sent_by.split_once(':').unwrap_or(("udp", sent_by));
    let alias = if transport == "tcp" { ";alias" } else { "" };
    format!(
        "SIP/2.0/{} {address};branch={branch};rport{alias}",
        transport.to_ascii_uppercase()
    )
}

/// Our contact address in `Contact` form.
pub(crate) fn contact(sent_by: &str) -> Header {
    let (transport, address) = sent_by.split_once(':').unwrap_or(("udp", sent_by));
    let parameter = if transport == "tcp" {
        ";transport=tcp"
    } else {
        ""
    };
    Header::Contact(format!("<sip:outdial@{address}{parameter}>").into())
}

/// A header by name.
pub(crate) fn header(name: &str, value: impl Into<String>) -> Header {
    make_header(name, value.into())
}

/// `<uri>;tag=…`, or without a tag where the far end gave none.
pub(crate) fn tagged(name_address: &str, tag: &str) -> String {
    if tag.is_empty() {
        name_address.to_owned()
    } else {
        format!("{name_address};tag={tag}")
    }
}

/// The head of an INVITE's `attempt`-th try or of the CANCEL of that try; `None` when the stored text is broken.
pub(crate) fn initial_head(
    identity: &DialogIdentity,
    method: Method,
    attempt: u32,
) -> Option<Head<'_>> {
    let uri = Uri::try_from(identity.request_uri.as_str()).ok()?;
    Some(Head {
        method,
        uri,
        sent_by: &identity.sent_by,
        branch: branch_of_try(identity, attempt),
        from: tagged(&identity.from, &identity.local_tag),
        to: identity.to.clone(),
        call_id: &identity.call_id,
        cseq: identity.cseq.wrapping_add(attempt),
    })
}

/// What a response's To header has as its tag; empty when none.
pub(crate) fn to_tag(message: &impl HeadersExt) -> String {
    let tag = message
        .to_header()
        .ok()
        .and_then(|to| to.tag().ok().flatten());
    tag.map(|tag| tag.value().to_owned()).unwrap_or_default()
}

/// What a message's From header has as its tag; empty when none.
pub(crate) fn from_tag(message: &impl HeadersExt) -> String {
    let tag = message
        .from_header()
        .ok()
        .and_then(|from| from.tag().ok().flatten());
    tag.map(|tag| tag.value().to_owned()).unwrap_or_default()
}

/// The number and method of the CSeq header.
pub(crate) fn cseq(message: &impl HeadersExt) -> Option<(u32, Method)> {
    let header = message.cseq_header().ok()?;
    Some((header.seq().ok()?, header.method().ok()?))
}

/// The far end's contact, when there is one that a request can be sent to.
pub(crate) fn usable_contact(message: &impl HeadersExt) -> Option<Uri> {
    let value = message.contact_header().ok()?.value();
    let first = rsipstack::sip::typed::Contact::parse_header_list(value)
        .ok()?
        .into_iter()
        .next()?;
    let is_sip = match &first.uri.scheme {
        Some(rsipstack::sip::Scheme::Sip | rsipstack::sip::Scheme::Sips) => true,
        Some(rsipstack::sip::Scheme::Other(_)) | None => false,
    };
    // Behind a proxy it is the proxy that has to reach the contact.
    let is_routed = message.header_value("Record-Route").is_some();
    let is_sip = is_sip && (is_routed || Destination::can_reach(&first.uri));
    let host = first.uri.host_with_port.host.to_string();
    let is_host = !host.is_empty()
        && host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-._[]:".contains(c));
    (is_sip && is_host).then_some(first.uri)
}

/// The route set of a dialog that we opened: Record-Route, last one first (RFC 3261, 12.1.2).
pub(crate) fn route_set(response: &Response) -> Vec<String> {
    let mut routes: Vec<String> = response
        .typed_record_route_headers()
        .unwrap_or_default()
        .into_iter()
        .map(|route| route.to_string())
        .collect();
    routes.reverse();
    routes
}

/// The Q.850 cause of a `Reason` header (RFC 3326), 1–127.
pub(crate) fn q850_cause(message: &impl HeadersExt) -> Option<u8> {
    reasons(message).find_map(|reason| {
        let mut parts = reason.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case("Q.850") {
            return None;
        }
        parts
            .find_map(|part| part.strip_prefix("cause=")?.trim().parse().ok())
            .filter(|cause| (1..=127).contains(cause))
    })
}

/// Whether a BYE gives the callee back to us: `Reason: X-Outdial;text="queue"`.
pub(crate) fn hands_back(message: &impl HeadersExt) -> bool {
    reasons(message).any(|reason| {
        let mut parts = reason.split(';').map(str::trim);
        parts
            .next()
            .is_some_and(|protocol| protocol.eq_ignore_ascii_case("X-Outdial"))
            && parts.any(|part| {
                part.strip_prefix("text=")
                    .is_some_and(|text| text.trim_matches('"') == "queue")
            })
    })
}

/// Every value of every Reason header. A comma in a quoted text splits too, which does no harm here.
fn reasons(message: &impl HeadersExt) -> impl Iterator<Item = String> {
    let found: Vec<String> = message
        .headers()
        .iter()
        .filter(|header| header.name().eq_ignore_ascii_case("Reason"))
        .flat_map(|header| {
            header
                .value()
                .split(',')
                .map(|value| value.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    found.into_iter()
}

/// How long a 503 asks to wait; at most a day.
pub(crate) fn retry_after(message: &impl HeadersExt) -> Option<Duration> {
    let value = message.header_value("Retry-After")?;
    let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
    digits
        .parse()
        .ok()
        .map(|seconds: u64| Duration::from_secs(seconds.min(86_400)))
}

/// Seconds and refresher of a Session-Expires header (RFC 4028): `(interval, Some(true))` when the side that
/// sent the request of this exchange refreshes.
pub(crate) fn session_expires(message: &impl HeadersExt) -> Option<(u32, Option<bool>)> {
    let value = message
        .header_value("Session-Expires")
        .or_else(|| message.header_value("x"))?;
    let mut parts = value.split(';').map(str::trim);
    let interval = parts.next()?.parse().ok()?;
    let refresher = parts.find_map(|part| part.strip_prefix("refresher="));
    Some((
        interval,
        refresher.map(|who| who.trim().eq_ignore_ascii_case("uac")),
    ))
}

/// The shortest session interval that the far end takes.
pub(crate) fn min_se(message: &impl HeadersExt) -> Option<u32> {
    message
        .header_value("Min-SE")?
        .split(';')
        .next()?
        .trim()
        .parse()
        .ok()
}

/// Whether the far end says that it understands a method.
pub(crate) fn allows(message: &impl HeadersExt, method: &str) -> bool {
    message
        .headers()
        .iter()
        .filter(|header| header.name().eq_ignore_ascii_case("Allow"))
        .any(|header| {
            header
                .value()
                .split(',')
                .any(|name| name.trim().eq_ignore_ascii_case(method))
        })
}

/// The extensions that a request insists on and that we do not have (RFC 3261, 8.2.2.3).
pub(crate) fn required(request: &Request) -> Vec<String> {
    request
        .headers
        .iter()
        .filter(|header| header.name().eq_ignore_ascii_case("Require"))
        .flat_map(|header| header.value().split(','))
        .map(|option| option.trim().to_owned())
        .filter(|option| !option.is_empty() && !option.eq_ignore_ascii_case("timer"))
        .collect()
}

/// Where the next request of a dialog goes by its route set and target.
pub(crate) fn next_hop(
    route_set: &[String],
    target: &Uri,
    otherwise: outdial_domain::Transport,
) -> Destination {
    let first = route_set
        .first()
        .and_then(|route| rsipstack::sip::typed::Route::parse(route).ok());
    Destination::of_uri(first.as_ref().map_or(target, |route| &route.uri), otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(headers: &str) -> Response {
        let text = format!(
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a:5060;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=1\r\n\
             To: <sip:b@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n{headers}Content-Length: 0\r\n\r\n"
        );
        Response::try_from(text).expect("a response")
    }

    #[test]
    fn a_contact_that_cannot_be_called_is_none() {
        let contact = |value: &str| usable_contact(&response(&format!("Contact: {value}\r\n")));
        assert_eq!(
            contact("<sip:1@192.0.2.1:5080>")
                .map(|uri| uri.to_string())
                .as_deref(),
            Some("sip:1@192.0.2.1:5080")
        );
        assert!(contact("\"A, B\" <sip:1@host.example;transport=tcp>;expires=3").is_some());
        for value in [
            "*",
            "<>",
            "<sip:>",
            "nonsense with spaces",
            "<tel:+123>",
            "<sip:1@192.0.2.1;transport=tls>",
            "<sips:1@192.0.2.1>",
            "<sip:1@ho st>",
            "<sip:1@h",
            "<http://x/>",
        ] {
            assert_eq!(contact(value), None, "{value}");
        }
        assert_eq!(usable_contact(&response("")), None);
        let routed = "Record-Route: <sip:p.example;lr>\r\nContact: <sips:1@192.0.2.1>\r\n";
        assert!(usable_contact(&response(routed)).is_some());
    }

    #[test]
    fn reasons_are_read_whatever_stands_beside_them() {
        let of = |value: &str| q850_cause(&response(&format!("Reason: {value}\r\n")));
        assert_eq!(of("Q.850;cause=17;text=\"User busy\""), Some(17));
        assert_eq!(of("SIP;cause=486, q.850 ;text=\"a\"; cause=21"), Some(21));
        assert_eq!(of("Q.850;cause=0"), None);
        assert_eq!(of("Q.850;cause=300"), None);
        assert_eq!(of("SIP;cause=200"), None);
        assert!(hands_back(&response(
            "Reason: Q.850;cause=16\r\nReason: X-Outdial;text=\"queue\"\r\n"
        )));
        assert!(!hands_back(&response("Reason: X-Outdial;text=\"end\"\r\n")));
    }

    #[test]
    fn session_timers_and_waits_are_read() {
        let answer = response(
            "Session-Expires: 90;refresher=uac\r\nRetry-After: 18000;duration=3600\r\nAllow: BYE, update\r\n",
        );
        assert_eq!(session_expires(&answer), Some((90, Some(true))));
        assert_eq!(session_expires(&response("x: 120\r\n")), Some((120, None)));
        assert_eq!(retry_after(&answer), Some(Duration::from_secs(18_000)));
        assert!(allows(&answer, "UPDATE") && !allows(&answer, "INFO"));
    }

    #[test]
    fn the_route_set_is_the_record_route_turned_round() {
        let answer = response("Record-Route: <sip:p2.example;lr>, <sip:p1.example;lr>\r\n");
        let routes = route_set(&answer);
        assert_eq!(routes, ["<sip:p1.example;lr>", "<sip:p2.example;lr>"]);
        let target = Uri::try_from("sip:x@192.0.2.9").expect("a URI");
        assert_eq!(
            next_hop(&routes, &target, Default::default()).to_string(),
            "udp:p1.example"
        );
        assert_eq!(
            next_hop(&[], &target, Default::default()).to_string(),
            "udp:192.0.2.9"
        );
    }
}
