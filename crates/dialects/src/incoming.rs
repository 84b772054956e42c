//! A request as it came by the wire: nothing of it is decoded, since signatures cover the bytes sent.

use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

/// How long a body may take to come.
const BODY_WAIT: Duration = Duration::from_secs(30);

/// A request whose body has come.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The method.
    pub method: Method,
    /// Path and query as sent.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as sent.
    pub body: Bytes,
}

/// Why a body did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    /// It is larger than what is taken.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// It broke off, or took too long.
    #[error("the body did not come whole within {} s", BODY_WAIT.as_secs())]
    Incomplete,
}

impl Incoming {
    /// Puts a request together.
    pub fn new(parts: Parts, body: Bytes) -> Self {
        Self {
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            body,
        }
    }

    /// The path as sent.
    pub(crate) fn path(&self) -> &str {
        self.uri.path()
    }

    /// The query as sent, without its `?`; empty when there is none.
    pub(crate) fn query(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }

    /// A header's only value as text, without blanks around it. `None` when there is none, when there
    /// are several, or when it is no text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header_of(&self.headers, name)
    }

    /// Whether the body is a form by its content type.
    pub(crate) fn is_form(&self) -> bool {
        is_form(&self.headers)
    }

    /// The host that the client meant: its header, or the address where a proxy has put it there.
    pub(crate) fn host(&self) -> Option<&str> {
        self.header("host")
            .or_else(|| self.uri.authority().map(|authority| authority.as_str()))
    }
}

#[cfg(test)]
impl Incoming {
    /// A request of a test.
    pub(crate) fn of(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        use axum::http::{HeaderName, HeaderValue, Request};

        let request = Request::builder().method(method).uri(target).body(());
        let (mut parts, ()) = request.unwrap().into_parts();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            let value = HeaderValue::from_str(value).unwrap();
            parts.headers.append(name, value);
        }
        Self::new(parts, Bytes::copy_from_slice(body))
    }
}

/// A header's only value as text.
pub(crate) fn header_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let only = values.next()?;
    if values.next().is_some() {
        return None;
    }
    std::str::from_utf8(only.as_bytes()).ok().map(str::trim)
}

/// Whether a body is a form by its content type.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let media_type = header_of(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Reads a body up to a limit.
///
/// # Errors
/// [`BodyFault`].
pub(crate) async fn read_body(body: Body, most: usize) -> Result<Bytes, BodyFault> {
    let read = read_beginning(body, most).await?;
    match read.whole {
        true => Ok(read.bytes),
        false => Err(BodyFault::TooLarge(most)),
    }
}

/// A body as far as it was read.
pub(crate) struct Beginning {
    pub(crate) bytes: Bytes,
    /// Whether nothing follows.
    pub(crate) whole: bool,
}

/// Reads a body up to a limit, and no further when there is more.
///
/// # Errors
/// [`BodyFault::Incomplete`].
pub(crate) async fn read_beginning(body: Body, most: usize) -> Result<Beginning, BodyFault> {
    let reading = async {
        let mut stream = body.into_data_stream();
        let mut read = BytesMut::new();
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|_| BodyFault::Incomplete)?;
            let room = most - read.len();
            read.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.len() > room {
                let bytes = read.freeze();
                return Ok(Beginning {
                    bytes,
                    whole: false,
                });
            }
        }
        let bytes = read.freeze();
        Ok(Beginning { bytes, whole: true })
    };
    tokio::time::timeout(BODY_WAIT, reading)
        .await
        .unwrap_or(Err(BodyFault::Incomplete))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        let body = || Body::from(vec![b'x'; 10]);
        assert_eq!(read_body(body(), 10).await.map(|b| b.len()), Ok(10));
        assert_eq!(read_body(body(), 9).await, Err(BodyFault::TooLarge(9)));
    }

    #[test]
    fn a_header_that_comes_twice_is_none() {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static(" a "));
        assert_eq!(header_of(&headers, "host"), Some("a"));
        headers.append("host", HeaderValue::from_static("b"));
        assert_eq!(header_of(&headers, "host"), None);
    }

    #[test]
    fn a_form_is_known_by_its_media_type() {
        let form = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(text));
            is_form(&headers)
        };
        assert!(form("application/x-www-form-urlencoded"));
        assert!(form("Application/X-WWW-Form-Urlencoded; charset=utf-8"));
        assert!(!form("application/json"));
        assert!(!is_form(&HeaderMap::new()));
    }
}
