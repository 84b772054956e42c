//! Making the response that belongs to a request.

use super::header::split_list;
use super::{Message, Via};
use std::net::SocketAddr;

/// A response with the headers that a server copies from the request (RFC 3261 section 8.2.6).
///
/// `to_tag` is added where the request's To has no tag yet.
pub(crate) fn response_to(
    request: &Message,
    from: SocketAddr,
    code: u16,
    to_tag: Option<&str>,
) -> Message {
    let mut response = Message::response(code, reason_phrase(code));
    for (i, line) in request.headers("Via").enumerate() {
        if i == 0 {
            response.push("Via", with_received(line, from));
        } else {
            response.push("Via", line);
        }
    }
    response.push("From", request.header("From").unwrap_or_default());
    let to = request.header("To").unwrap_or_default();
    match to_tag {
        Some(tag) if code != 100 && !to.contains(";tag=") => {
            response.push("To", format!("{to};tag={tag}"))
        }
        _ => response.push("To", to),
    }
    response.push("Call-ID", request.call_id());
    response.push("CSeq", request.header("CSeq").unwrap_or_default());
    response
}

/// Where the response goes: to the source where `rport` was asked for, else to the sent-by port.
pub(crate) fn response_target(request: &Message, from: SocketAddr) -> SocketAddr {
    let Some(via) = Via::top(request) else {
        return from;
    };
    if via.params.value("rport").is_some() {
        return from;
    }
    via.sent_by_addr()
        .map_or(from, |addr| SocketAddr::new(from.ip(), addr.port()))
}

/// Fills in `received` and `rport` of the topmost Via (RFC 3581).
fn with_received(line: &str, from: SocketAddr) -> String {
    let mut parts = split_list(line);
    let mut top = parts.next().unwrap_or_default().to_owned();
    if let Some(at) = top
        .find(";rport")
        .filter(|at| !top[at + 6..].starts_with('='))
    {
        top.replace_range(
            at..at + 6,
            &format!(";rport={};received={}", from.port(), from.ip()),
        );
    } else {
        top.push_str(&format!(";received={}", from.ip()));
    }
    parts.fold(top, |all, part| format!("{all}, {part}"))
}

/// The customary reason phrase of a status code.
fn reason_phrase(code: u16) -> &'static str {
    match code {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        302 => "Moved Temporarily",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        422 => "Session Interval Too Small",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        484 => "Address Incomplete",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        491 => "Request Pending",
        500 => "Server Internal Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        607 => "Unwanted",
        other => match other / 100 {
            1 => "Progress",
            2 => "Success",
            3 => "Redirected",
            4 => "Request Failure",
            5 => "Server Failure",
            _ => "Global Failure",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Method;

    fn request(via: &str) -> Message {
        Message::request(Method::Options, "sip:x")
            .with("Via", via)
            .with("From", "<sip:a>;tag=1")
            .with("To", "<sip:b>")
            .with("Call-ID", "c")
            .with("CSeq", "1 OPTIONS")
    }

    #[test]
    fn rport_is_filled_in_and_obeyed() {
        let from = "127.0.0.1:4444".parse().unwrap();
        let asks = request("SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bK1");
        let via = Via::top(&response_to(&asks, from, 200, Some("t"))).unwrap();
        assert_eq!(
            (via.params.value("rport"), via.params.value("received")),
            (Some("4444"), Some("127.0.0.1"))
        );
        assert_eq!(response_target(&asks, from), from);
        let plain = request("SIP/2.0/UDP 127.0.0.1:5066;branch=z9hG4bK1");
        assert_eq!(response_target(&plain, from).port(), 5066);
    }

    #[test]
    fn only_real_answers_carry_a_new_tag() {
        let from = "127.0.0.1:4444".parse().unwrap();
        let asks = request("SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1");
        assert_eq!(
            response_to(&asks, from, 100, Some("t")).header("To"),
            Some("<sip:b>")
        );
        assert_eq!(
            response_to(&asks, from, 180, Some("t")).header("To"),
            Some("<sip:b>;tag=t")
        );
    }
}
