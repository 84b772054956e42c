//! Messages out of a stream of bytes: what is no SIP is skipped, and the stream goes on.
//!
//! A connection carries the calls of a whole trunk, or is the only way to a phone behind an address translation. One
//! message that cannot be read must not end it. Source: RFC 3261, 7.5 and 18.3; RFC 5626, 3.5.1.

use rsipstack::sip::SipMessage;

use super::socket::{may_be_sip, repair_request_uri};

/// Longest head of a message, and longest line of what is no SIP, in bytes.
const HEAD_MAX: usize = 16_384;
/// Longest body, in bytes.
const BODY_MAX: usize = 65_536;
const HEAD_END: &[u8] = b"\r\n\r\n";

/// What stands next in a stream.
#[derive(Debug)]
pub(super) enum Frame {
    Message(Box<SipMessage>),
    /// A keep-alive that wants a single CRLF back.
    Ping,
    /// Something that is no SIP, or SIP broken beyond use. It has been skipped.
    Garbage,
}

/// Nobody can tell where the next message begins; the connection is of no use any more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OutOfStep;

/// Bytes that came and are not read yet.
#[derive(Debug, Default)]
pub(super) struct Framer {
    buffer: Vec<u8>,
    /// The lines before were no SIP and have been reported: those up to the next empty line belong to them.
    in_garbage: bool,
}

impl Framer {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether the beginning of something has come that is not complete.
    pub(super) fn has_rest(&self) -> bool {
        !self.in_garbage && self.buffer.iter().any(|byte| !byte.is_ascii_whitespace())
    }

    /// The next thing that is complete.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, OutOfStep> {
        loop {
            if self.buffer.starts_with(b"\r\n") {
                self.in_garbage = false;
                let ping = self.buffer.starts_with(HEAD_END);
                self.skip(if ping { 4 } else { 2 });
                if ping {
                    return Ok(Some(Frame::Ping));
                }
                continue;
            }
            let Some(line_end) = self.buffer.iter().position(|byte| *byte == b'\n') else {
                return self.wait(HEAD_MAX);
            };
            if is_start_line(&self.buffer[..line_end]) {
                self.in_garbage = false;
                return self.message();
            }
            self.skip(line_end + 1);
            if !std::mem::replace(&mut self.in_garbage, true) {
                return Ok(Some(Frame::Garbage));
            }
        }
    }

    fn message(&mut self) -> Result<Option<Frame>, OutOfStep> {
        let head = self
            .buffer
            .windows(HEAD_END.len())
            .position(|bytes| bytes == HEAD_END);
        let Some(head) = head.filter(|head| *head <= HEAD_MAX) else {
            return self.wait(HEAD_MAX);
        };
        let body = content_length(&self.buffer[..head])?;
        let end = head + HEAD_END.len() + body;
        if self.buffer.len() < end {
            return Ok(None);
        }
        let mut length = end;
        let rest = self.buffer.split_off(end);
        let mut message = std::mem::replace(&mut self.buffer, rest);
        if may_be_sip(&message) {
            repair_request_uri(&mut message, &mut length);
            message.truncate(length);
            if let Ok(message) = SipMessage::try_from(message.as_slice()) {
                return Ok(Some(Frame::Message(Box::new(message))));
            }
        }
        Ok(Some(Frame::Garbage))
    }

    fn wait(&self, longest: usize) -> Result<Option<Frame>, OutOfStep> {
        if self.buffer.len() > longest {
            return Err(OutOfStep);
        }
        Ok(None)
    }

    fn skip(&mut self, length: usize) {
        self.buffer.drain(..length);
    }
}

fn is_start_line(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    line.starts_with(b"SIP/2.0 ") || line.ends_with(b" SIP/2.0")
}

/// The length that a head gives its body; without one there is none.
fn content_length(head: &[u8]) -> Result<usize, OutOfStep> {
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let name = line[..colon].trim_ascii_end();
        if name.eq_ignore_ascii_case(b"Content-Length") || name.eq_ignore_ascii_case(b"l") {
            let value = std::str::from_utf8(&line[colon + 1..]).map_err(|_| OutOfStep)?;
            let length = value.trim().parse().map_err(|_| OutOfStep)?;
            return if length <= BODY_MAX {
                Ok(length)
            } else {
                Err(OutOfStep)
            };
        }
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(number: u32, further: &str) -> String {
        format!(
            "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK{number}\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\n\
             Call-ID: c\r\nCSeq: {number} OPTIONS\r\n{further}\r\n"
        )
    }

    /// What is read when the bytes come in pieces of this size; `m` message, `p` ping, `g` garbage, `!` out of step.
    fn read(bytes: &[u8], piece: usize) -> String {
        let mut framer = Framer::default();
        let mut found = String::new();
        for piece in bytes.chunks(piece) {
            framer.push(piece);
            loop {
                match framer.next() {
                    Ok(Some(Frame::Message(_))) => found.push('m'),
                    Ok(Some(Frame::Ping)) => found.push('p'),
                    Ok(Some(Frame::Garbage)) => found.push('g'),
                    Ok(None) => break,
                    Err(OutOfStep) => return found + "!",
                }
            }
        }
        if framer.has_rest() {
            found.push('…');
        }
        found
    }

    #[test]
    fn messages_are_read_however_the_bytes_are_cut() {
        let text = options(1, "Content-Length: 4\r\n") + "body" + &options(2, "l: 0\r\n");
        for piece in [1, 7, 100, 4_096] {
            assert_eq!(read(text.as_bytes(), piece), "mm", "{piece}");
        }
        assert_eq!(read(&text.as_bytes()[..text.len() - 3], 50), "m…");
        // A client that pings has nothing else on its way: two line ends that come apart are no ping.
        assert_eq!(read(b"\r\n\r\n", 4), "p");
        assert_eq!(read(format!("\r\n{}", options(1, "")).as_bytes(), 9), "m");
    }

    #[test]
    fn what_is_no_sip_is_skipped_and_counted_once_each() {
        let good = options(1, "");
        let http = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        let broken = options(2, "").replace("Call-ID: c\r\n", "");
        let with_body = options(3, "Content-Length: 3\r\n") + "a\nb";
        for (text, expected) in [
            (format!("{http}{good}"), "gm"),
            (http.repeat(20), "gggggggggggggggggggg"),
            (format!("{good}{broken}{good}"), "mgm"),
            (format!("junk\r\n{good}"), "gm"),
            (format!("{with_body}{good}"), "mm"),
        ] {
            assert_eq!(read(text.as_bytes(), 4_096), expected, "{text}");
        }
        let repaired = good.replace("OPTIONS sip:a ", "BYE sip:outdial@:5060 ");
        assert_eq!(read(repaired.as_bytes(), 4_096), "m");
    }

    #[test]
    fn a_stream_whose_messages_cannot_be_told_apart_is_over() {
        for further in ["Content-Length: x\r\n", "l: -1\r\n", "l: 99999999\r\n"] {
            assert_eq!(read(options(1, further).as_bytes(), 4_096), "!");
        }
        assert_eq!(read(&[b'x'; HEAD_MAX + 1], 4_096), "!");
        let endless = options(1, "").trim_end().to_owned() + &"\r\nX: y".repeat(4_000);
        assert_eq!(read(endless.as_bytes(), 4_096), "!");
    }
}
