//! One SIP message: parsing what comes from the wire and writing what goes out.

use std::fmt;

/// Most header lines that a message may carry; more is not a message but an attack.
pub const MAX_HEADERS: usize = 256;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Starts or changes a call.
    Invite,
    /// Confirms the final response to an INVITE.
    Ack,
    /// Ends a call.
    Bye,
    /// Ends a call that was not answered yet.
    Cancel,
    /// Asks whether the other side is there.
    Options,
    /// Tells a registrar where a phone is.
    Register,
    /// Changes a session without a new offer being necessary (RFC 3311).
    Update,
    /// Hands the other side over to somebody else (RFC 3515).
    Refer,
    /// Reports on a subscription, such as the one a REFER makes.
    Notify,
    /// Carries information inside of a call.
    Info,
    /// Any other method, as written.
    Other(String),
}

impl Method {
    /// The method's name as it stands on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Invite => "INVITE",
            Self::Ack => "ACK",
            Self::Bye => "BYE",
            Self::Cancel => "CANCEL",
            Self::Options => "OPTIONS",
            Self::Register => "REGISTER",
            Self::Update => "UPDATE",
            Self::Refer => "REFER",
            Self::Notify => "NOTIFY",
            Self::Info => "INFO",
            Self::Other(name) => name,
        }
    }

    fn parse(name: &str) -> Self {
        match name {
            "INVITE" => Self::Invite,
            "ACK" => Self::Ack,
            "BYE" => Self::Bye,
            "CANCEL" => Self::Cancel,
            "OPTIONS" => Self::Options,
            "REGISTER" => Self::Register,
            "UPDATE" => Self::Update,
            "REFER" => Self::Refer,
            "NOTIFY" => Self::Notify,
            "INFO" => Self::Info,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The first line of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// A request line.
    Request {
        /// What is asked for.
        method: Method,
        /// The Request-URI as written.
        uri: String,
    },
    /// A status line.
    Response {
        /// Status code, 100 to 999.
        code: u16,
        /// Reason phrase, possibly empty.
        reason: String,
    },
}

/// Why some bytes are not a SIP message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Header section is not UTF-8 or not terminated.
    #[error("header section is cut off or not UTF-8")]
    Truncated,
    /// First line is neither a request line nor a status line.
    #[error("first line is neither a request nor a status line")]
    StartLine,
    /// A header line has no colon or no name.
    #[error("a header line has no name")]
    Header,
    /// More than [`MAX_HEADERS`] header lines.
    #[error("more than {MAX_HEADERS} header lines")]
    TooManyHeaders,
    /// Content-Length is not a number or exceeds what was received.
    #[error("Content-Length does not fit the message")]
    ContentLength,
}

/// A SIP request or response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Request line or status line.
    pub start: Start,
    headers: Vec<(String, String)>,
    /// The body, empty where there is none.
    pub body: Vec<u8>,
}

impl Message {
    /// A request without headers.
    #[must_use]
    pub fn request(method: Method, uri: impl Into<String>) -> Self {
        let start = Start::Request {
            method,
            uri: uri.into(),
        };
        Self {
            start,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A response without headers.
    #[must_use]
    pub fn response(code: u16, reason: impl Into<String>) -> Self {
        let start = Start::Response {
            code,
            reason: reason.into(),
        };
        Self {
            start,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Reads one datagram.
    ///
    /// # Errors
    /// [`ParseError`] where the bytes are not a SIP message. Never panics, whatever the bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let head_end = end_of_head(bytes).ok_or(ParseError::Truncated)?;
        let mut message = Self::parse_head(&bytes[..head_end])?;
        let rest = &bytes[head_end..];
        let length = message.content_length()?.unwrap_or(rest.len());
        message.body = rest
            .get(..length)
            .ok_or(ParseError::ContentLength)?
            .to_vec();
        Ok(message)
    }

    /// Reads one message from the front of a byte stream and says how many bytes it took, or
    /// `None` while more bytes are needed.
    ///
    /// # Errors
    /// [`ParseError`] where the stream cannot be read on; close the connection then.
    pub fn parse_stream(bytes: &[u8]) -> Result<Option<(Self, usize)>, ParseError> {
        let Some(head_end) = end_of_head(bytes) else {
            return Ok(None);
        };
        let mut message = Self::parse_head(&bytes[..head_end])?;
        // On a stream a missing length means an empty body (RFC 3261 section 18.3).
        let length = message.content_length()?.unwrap_or(0);
        let end = head_end
            .checked_add(length)
            .ok_or(ParseError::ContentLength)?;
        let Some(body) = bytes.get(head_end..end) else {
            return Ok(None);
        };
        message.body = body.to_vec();
        Ok(Some((message, end)))
    }

    fn parse_head(head: &[u8]) -> Result<Self, ParseError> {
        let text = std::str::from_utf8(head).map_err(|_| ParseError::Truncated)?;
        let mut lines = text.split('\n').map(|l| l.strip_suffix('\r').unwrap_or(l));
        let start = parse_start(lines.next().unwrap_or_default()).ok_or(ParseError::StartLine)?;
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines.take_while(|l| !l.is_empty()) {
            if line.starts_with([' ', '\t']) {
                // A folded line goes on where the header before it ended.
                let (_, value) = headers.last_mut().ok_or(ParseError::Header)?;
                value.push(' ');
                value.push_str(line.trim());
                continue;
            }
            let (name, value) = line.split_once(':').ok_or(ParseError::Header)?;
            let name = name.trim_end();
            if name.is_empty() || name.contains(char::is_whitespace) {
                return Err(ParseError::Header);
            }
            if headers.len() == MAX_HEADERS {
                return Err(ParseError::TooManyHeaders);
            }
            headers.push((long_name(name).to_owned(), value.trim().to_owned()));
        }
        Ok(Self {
            start,
            headers,
            body: Vec::new(),
        })
    }

    fn content_length(&self) -> Result<Option<usize>, ParseError> {
        self.header("Content-Length")
            .map(|v| v.parse().map_err(|_| ParseError::ContentLength))
            .transpose()
    }

    /// The message as it goes on the wire, with a right Content-Length.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = String::with_capacity(512);
        match &self.start {
            Start::Request { method, uri } => {
                out.push_str(&format!("{method} {uri} SIP/2.0\r\n"));
            }
            Start::Response { code, reason } => {
                out.push_str(&format!("SIP/2.0 {code} {reason}\r\n"));
            }
        }
        for (name, value) in &self.headers {
            if !name.eq_ignore_ascii_case("Content-Length") {
                out.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        out.push_str(&format!("Content-Length: {}\r\n\r\n", self.body.len()));
        let mut bytes = out.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// The method of a request; `None` for a response.
    #[must_use]
    pub fn method(&self) -> Option<&Method> {
        match &self.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// The Request-URI as written; empty for a response.
    #[must_use]
    pub fn uri(&self) -> &str {
        match &self.start {
            Start::Request { uri, .. } => uri,
            Start::Response { .. } => "",
        }
    }

    /// The status code of a response; `None` for a request.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        match self.start {
            Start::Request { .. } => None,
            Start::Response { code, .. } => Some(code),
        }
    }

    /// The first header of that name, in any case of letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }

    /// Every header of that name in order of appearance, one item per line.
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }

    /// Every header line, in order of appearance.
    pub fn all_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// Adds a header line at the end; for building.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.push(name, value);
        self
    }

    /// Adds a body and its Content-Type; for building.
    #[must_use]
    pub fn with_body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.set("Content-Type", content_type);
        self.body = body.into();
        self
    }

    /// Adds a header line at the end.
    ///
    /// Line breaks in the value become spaces, so that no value can add a header of its own.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        let mut value = value.into();
        if value.contains(['\r', '\n']) {
            value = value.replace(['\r', '\n'], " ");
        }
        self.headers.push((name.to_owned(), value));
    }

    /// Puts this header in place of every one of that name.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.push(name, value);
    }

    /// Takes every header of that name away.
    pub fn remove(&mut self, name: &str) {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }

    /// Whether a comma-separated header such as `Supported` names this token.
    #[must_use]
    pub fn lists(&self, name: &str, token: &str) -> bool {
        self.headers(name)
            .flat_map(|v| v.split(','))
            .any(|t| t.trim().eq_ignore_ascii_case(token))
    }

    /// Call-ID, empty where it is missing.
    #[must_use]
    pub fn call_id(&self) -> &str {
        self.header("Call-ID").unwrap_or_default()
    }

    /// Number and method of CSeq.
    #[must_use]
    pub fn cseq(&self) -> Option<(u32, Method)> {
        let (number, method) = self.header("CSeq")?.split_once(char::is_whitespace)?;
        Some((number.parse().ok()?, Method::parse(method.trim())))
    }
}

/// Index just past the blank line that ends the header section.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let crlf = bytes
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .map(|i| i + 4);
    let lf = bytes.windows(2).position(|w| w == b"\n\n").map(|i| i + 2);
    match (crlf, lf) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn parse_start(line: &str) -> Option<Start> {
    if let Some(rest) = line.strip_prefix("SIP/2.0 ") {
        let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
        let code: u16 = code.parse().ok()?;
        return (100..=999).contains(&code).then(|| Start::Response {
            code,
            reason: reason.to_owned(),
        });
    }
    let mut parts = line.split(' ');
    let (method, uri, version) = (parts.next()?, parts.next()?, parts.next()?);
    let is_token = !method.is_empty()
        && method
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b));
    if !is_token || uri.is_empty() || version != "SIP/2.0" || parts.next().is_some() {
        return None;
    }
    Some(Start::Request {
        method: Method::parse(method),
        uri: uri.to_owned(),
    })
}

/// The long form of a compact header name (RFC 3261 section 7.3.3 and later registrations).
fn long_name(name: &str) -> &str {
    match name {
        "i" | "I" => "Call-ID",
        "m" | "M" => "Contact",
        "f" | "F" => "From",
        "t" | "T" => "To",
        "v" | "V" => "Via",
        "l" | "L" => "Content-Length",
        "c" | "C" => "Content-Type",
        "e" | "E" => "Content-Encoding",
        "k" | "K" => "Supported",
        "s" | "S" => "Subject",
        "r" | "R" => "Refer-To",
        "b" | "B" => "Referred-By",
        "x" | "X" => "Session-Expires",
        "o" | "O" => "Event",
        "u" | "U" => "Allow-Events",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INVITE: &str = "INVITE sip:10085@127.0.0.1 SIP/2.0\r\nv: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1\r\n\
        f: <sip:a@b>;tag=1\r\nt: <sip:10085@127.0.0.1>\r\ni: x\r\nCSeq: 7 INVITE\r\nSubject: a\r\n  b\r\nl: 3\r\n\r\nabcd";

    #[test]
    fn compact_and_folded_headers_read_like_long_ones() {
        let m = Message::parse(INVITE.as_bytes()).unwrap();
        assert_eq!(m.header("call-id"), Some("x"));
        assert_eq!(m.header("Subject"), Some("a b"));
        assert_eq!(m.cseq(), Some((7, Method::Invite)));
        assert_eq!(
            m.body, b"abc",
            "a datagram's surplus after Content-Length is not body"
        );
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        let m = Message::response(486, "Busy Here")
            .with("Call-ID", "q")
            .with_body("text/plain", "hello");
        let mut again = Message::parse(&m.to_bytes()).unwrap();
        again.remove("Content-Length");
        assert_eq!(again, m);
    }

    #[test]
    fn a_value_with_line_breaks_adds_no_header() {
        let m = Message::response(200, "OK").with("Reason", "a\r\nEvil: 1");
        assert_eq!(Message::parse(&m.to_bytes()).unwrap().header("Evil"), None);
    }

    #[test]
    fn too_long_content_length_is_refused() {
        let text = INVITE.replace("l: 3", "l: 4000");
        assert_eq!(
            Message::parse(text.as_bytes()),
            Err(ParseError::ContentLength)
        );
        assert_eq!(
            Message::parse_stream(text.as_bytes()),
            Ok(None),
            "a stream waits for the rest"
        );
    }

    #[test]
    fn a_stream_yields_messages_one_by_one() {
        let two = [INVITE.as_bytes(), b"efg"].concat();
        let (first, used) = Message::parse_stream(&two).unwrap().unwrap();
        assert_eq!(
            (first.body.as_slice(), used),
            (b"abc".as_slice(), INVITE.len() - 1)
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = Message::parse(&bytes);
            let _ = Message::parse_stream(&bytes);
        }

        #[test]
        fn no_damaged_invite_makes_the_parser_panic(at in 0usize..200, byte in any::<u8>(), cut in 0usize..300) {
            let mut bytes = INVITE.as_bytes().to_vec();
            let len = bytes.len();
            bytes[at % len] = byte;
            bytes.truncate(cut.min(len));
            let _ = Message::parse(&bytes);
        }
    }
}
