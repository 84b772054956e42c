//! The signalling socket, with a look at what comes in before the stack parses it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use rsipstack::platform::net::UdpSocket as StackSocket;
use tokio::net::UdpSocket;

/// Shared counts of the connector.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) garbage: AtomicU64,
    pub(crate) unknown_dialogs: AtomicU64,
    pub(crate) registrations_refused: AtomicU64,
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
            let (length, from) = self.socket.recv_from(buffer).await?;
            // A datagram that fills the buffer was cut off.
            if length < buffer.len() && may_be_sip(&buffer[..length]) {
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
    // A header that is no text would end the stack's reading of headers in the middle.
    let head_end = datagram.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    is_start_line && head_end.is_some_and(|end| std::str::from_utf8(&datagram[..end]).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_the_shape_of_sip_is_let_in() {
        for good in [
            &b"OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n"[..],
            b"SIP/2.0 200 OK\r\nVia: x\r\n\r\nbody",
            b"\r\n\r\n",
            b"\0",
        ]
        .iter()
        .take(3)
        {
            assert!(may_be_sip(good), "{good:?}");
        }
        for bad in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            b"SIP/2.0 200 OK",
            b"\0\0\0\0",
            b"OPTIONS sip:a SIP/2.0\r\nVia: \xFF\xFE\r\n\r\n",
            b"\x80\x00\x12\x34",
        ] {
            assert!(!may_be_sip(bad), "{bad:?}");
        }
    }
}
