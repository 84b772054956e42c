//! A request as bytes, and the file in which one that failed is kept.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};
use bytes::Bytes;
use outdial_dialects::{Incoming, Vendor};

/// What goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Sent {
    /// The request. `None` where HTTP cannot carry it, so that no handler would see it.
    pub(super) fn request(&self) -> Option<Request<Body>> {
        let mut request = Request::new(Body::from(self.body.clone()));
        *request.method_mut() = Method::from_bytes(self.method.as_bytes()).ok()?;
        *request.uri_mut() = self.target.parse::<Uri>().ok()?;
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            let value = HeaderValue::from_bytes(value).ok()?;
            request.headers_mut().append(name, value);
        }
        Some(request)
    }

    pub(super) fn incoming(&self) -> Option<Incoming> {
        let (parts, _) = self.request()?.into_parts();
        Some(Incoming::new(parts, Bytes::from(self.body.clone())))
    }

    /// Whose rules the answer has to keep.
    pub(super) fn vendor(&self) -> Option<Vendor> {
        let request = self.request()?;
        let (path, query) = (request.uri().path(), request.uri().query());
        let by_address = Vendor::of(request.headers(), path, query.unwrap_or_default());
        // A form at the root is somebody's by what stands in it; a type that is told twice is none.
        let types: Vec<_> = request.headers().get_all("content-type").iter().collect();
        let is_form = request.method() == Method::POST
            && path == "/"
            && types.len() == 1
            && types[0]
                .as_bytes()
                .to_ascii_lowercase()
                .trim_ascii_start()
                .split(|b| *b == b';')
                .next()
                .is_some_and(|essence| {
                    essence.trim_ascii() == b"application/x-www-form-urlencoded"
                });
        let in_form = || Vendor::of_parameters(&self.body).filter(|_| is_form);
        by_address.or_else(in_form)
    }

    /// Adds a header in the place of those of the same name.
    pub(super) fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
    }

    pub(super) fn header(&self, wanted: &str) -> Option<&[u8]> {
        let mut found = self.headers.iter();
        found
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.as_slice())
    }

    /// One line for each part, with everything but plain ASCII escaped.
    pub(super) fn to_text(&self) -> String {
        let mut text = format!(
            "{} {}\n",
            self.method,
            self.target.as_bytes().escape_ascii()
        );
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {}\n", value.escape_ascii()));
        }
        text.push_str(&format!("\n{}\n", self.body.escape_ascii()));
        text
    }

    pub(super) fn from_text(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\n\n")?;
        let mut lines = head.lines();
        let (method, target) = lines.next()?.split_once(' ')?;
        let header = |line: &str| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_owned(), unescape(value)?))
        };
        Some(Self {
            method: method.to_owned(),
            target: String::from_utf8(unescape(target)?).ok()?,
            headers: lines.map(header).collect::<Option<_>>()?,
            body: unescape(body.strip_suffix('\n').unwrap_or(body))?,
        })
    }
}

/// What `escape_ascii` has written.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let [kind, after @ ..] = rest else {
            return None;
        };
        rest = after;
        bytes.push(match kind {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'x' => {
                let (digits, after) = rest.split_at_checked(2)?;
                rest = after;
                u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?
            }
            other => *other,
        });
    }
    Some(bytes)
}

#[test]
fn a_request_is_read_as_it_was_written() {
    let sent = Sent {
        method: "POST".to_owned(),
        target: "/?a=\u{e9}".to_owned(),
        headers: vec![("x".to_owned(), b"\xff \\x".to_vec())],
        body: (0..=255).collect(),
    };
    assert_eq!(Sent::from_text(&sent.to_text()), Some(sent));
}
