//! The signalling socket, with a look at what comes in before the stack parses it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use rsipstack::platform::net::UdpSocket as StackSocket;
use rsipstack::sip::Uri;
use tokio::net::UdpSocket;

/// Shared counts of the connector.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) garbage: AtomicU64,
    pub(crate) unknown_dialogs: AtomicU64,
    pub(crate) registrations_refused: AtomicU64,
    pub(crate) strangers_refused: AtomicU64,
}

impl Counts {
    pub(crate) fn add(count: &AtomicU64) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// A UDP socket that drops and counts what cannot be SIP.
pub(crate) struct SignallingSocket {
    pub(crate) socket: UdpSocket,
    pub(crate) counts: Arc<Counts>,
}

#[async_trait]
impl StackSocket for SignallingSocket {
    async fn recv_from(&self, buffer: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        loop {
            let (mut length, from) = self.socket.recv_from(buffer).await?;
            // A datagram that fills the buffer was cut off.
            if length < buffer.len() && may_be_sip(&buffer[..length]) {
                repair_request_uri(buffer, &mut length);
                return Ok((length, from));
            }
            Counts::add(&self.counts.garbage);
            tracing::debug!(length, "ignored a datagram that is no SIP");
        }
    }

    async fn send_to(&self, datagram: &[u8], to: SocketAddr) -> rsipstack::Result<usize> {
        Ok(self.socket.send_to(datagram, to).await?)
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }
}

/// Whether a datagram has the shape of a SIP message, or is one of the keep-alives of RFC 5626.
pub(crate) fn may_be_sip(datagram: &[u8]) -> bool {
    if datagram.iter().all(u8::is_ascii_whitespace) {
        return true;
    }
    let line_end = datagram
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(datagram.len());
    let first = datagram[..line_end].trim_ascii_end();
    let is_start_line = first.starts_with(b"SIP/2.0 ") || first.ends_with(b" SIP/2.0");
    let head_end = datagram.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    // A header that is no text would end the stack's reading of headers in the middle.
    let head = head_end.and_then(|end| std::str::from_utf8(&datagram[..end]).ok());
    is_start_line && head.is_some_and(has_what_routes)
}

/// Puts a URI that can be read in the place of one that cannot.
///
/// The stack drops a request whose URI it cannot read, such as the `sip:user@:5060` of a script that does not know
/// our address. A BYE belongs to its dialog by other marks, and dropping it would leave a call up.
pub(crate) fn repair_request_uri(buffer: &mut [u8], length: &mut usize) {
    const ANY: &[u8] = b"sip:x";
    let message = &buffer[..*length];
    if message.starts_with(b"SIP/2.0 ") {
        return;
    }
    let Some(start) = message
        .iter()
        .position(|byte| *byte == b' ')
        .map(|at| at + 1)
    else {
        return;
    };
    let Some(end) = message[start..]
        .iter()
        .position(|byte| *byte == b' ')
        .map(|at| start + at)
    else {
        return;
    };
    let readable =
        std::str::from_utf8(&message[start..end]).is_ok_and(|uri| Uri::try_from(uri).is_ok());
    if !readable && end - start >= ANY.len() {
        buffer.copy_within(end..*length, start + ANY.len());
        buffer[start..start + ANY.len()].copy_from_slice(ANY);
        *length -= end - start - ANY.len();
    }
}

/// Whether the headers are there that every message must have (RFC 3261, 8.1.1).
fn has_what_routes(head: &str) -> bool {
    let mut found = [false; 5];
    for (name, value) in head.lines().skip(1).filter_map(|line| line.split_once(':')) {
        let name = name.trim_end();
        let is = |long: &str, short: &str| {
            name.eq_ignore_ascii_case(long) || name.eq_ignore_ascii_case(short)
        };
        found[0] |= is("Via", "v") && value.trim_start().starts_with("SIP");
        found[1] |= is("From", "f");
        found[2] |= is("To", "t");
        found[3] |= is("Call-ID", "i");
        found[4] |= name.eq_ignore_ascii_case("CSeq");
    }
    found == [true; 5]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_the_shape_of_sip_is_let_in() {
        let headers =
            "Via: SIP/2.0/UDP a\r\nf: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCall-ID : c\r\ncseq: 1 X\r\n";
        let request = format!("OPTIONS sip:a SIP/2.0\r\n{headers}\r\n");
        let response = format!("SIP/2.0 200 OK\r\n{headers}\r\nbody");
        for good in [request.as_bytes(), response.as_bytes(), b"\r\n\r\n"] {
            assert!(may_be_sip(good), "{good:?}");
        }
        let cut = request.trim_end();
        let mut with_broken_text = request.clone().into_bytes();
        with_broken_text.insert(30, 0xFE);
        let nameless = request.replace("Call-ID", "X");
        for bad in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            b"\0\0\0\0",
            b"\x80\x00\x12\x34",
            cut.as_bytes(),
            nameless.as_bytes(),
            &with_broken_text,
        ] {
            assert!(!may_be_sip(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_request_uri_that_cannot_be_read_does_not_lose_the_request() {
        for (line, repaired) in [
            (
                "BYE sip:outdial@:5060 SIP/2.0\r\nVia: x",
                "BYE sip:x SIP/2.0\r\nVia: x",
            ),
            (
                "BYE sip:outdial@127.0.0.1:5060 SIP/2.0\r\n",
                "BYE sip:outdial@127.0.0.1:5060 SIP/2.0\r\n",
            ),
            ("SIP/2.0 200 OK\r\n", "SIP/2.0 200 OK\r\n"),
            ("BYE", "BYE"),
        ] {
            let mut buffer = line.as_bytes().to_vec();
            let mut length = buffer.len();
            repair_request_uri(&mut buffer, &mut length);
            assert_eq!(std::str::from_utf8(&buffer[..length]), Ok(repaired));
        }
    }
}
