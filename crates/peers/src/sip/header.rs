//! Structured header values: addresses with parameters, and Via.

use super::uri::{host_ip, split_host_port};
use super::{Message, SipUri};
use std::net::SocketAddr;

/// Parameters after a header value: `;tag=1;lr`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, Option<String>)>);

impl Params {
    fn parse(text: &str) -> Self {
        let parts = text.split(';').map(str::trim).filter(|p| !p.is_empty());
        Self(
            parts
                .map(|p| match p.split_once('=') {
                    Some((n, v)) => (
                        n.trim().to_owned(),
                        Some(v.trim().trim_matches('"').to_owned()),
                    ),
                    None => (p.to_owned(), None),
                })
                .collect(),
        )
    }

    /// The value of a parameter; empty where it has none, `None` where it is absent.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_deref().unwrap_or_default())
    }
}

/// A From, To, Contact, Route or identity header: an address and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAddr {
    /// Display name without quotes, possibly empty.
    pub display: String,
    /// The address as written.
    pub uri: String,
    /// Parameters of the header (not of the address).
    pub params: Params,
}

impl NameAddr {
    /// Reads one value; `None` where it holds no address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(open) = unquoted(text, '<') {
            let close = open + text[open..].find('>')?;
            let display = text[..open].trim().trim_matches('"').to_owned();
            let params = Params::parse(&text[close + 1..]);
            return Some(Self {
                display,
                uri: text[open + 1..close].to_owned(),
                params,
            });
        }
        // Without angle brackets every parameter belongs to the header (RFC 3261 section 20).
        let (uri, params) = text.split_once(';').unwrap_or((text, ""));
        Some(Self {
            display: String::new(),
            uri: uri.trim().to_owned(),
            params: Params::parse(params),
        })
    }

    /// The address in parts.
    #[must_use]
    pub fn address(&self) -> Option<SipUri> {
        SipUri::parse(&self.uri)
    }

    /// The tag, where there is one.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.params.value("tag").filter(|t| !t.is_empty())
    }
}

/// The topmost Via of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// `UDP`, `TCP`, …
    pub transport: String,
    /// Host and port that the sender wrote.
    pub sent_by: (String, Option<u16>),
    /// Its parameters: branch, rport, received.
    pub params: Params,
}

impl Via {
    /// Reads the topmost Via of a message.
    #[must_use]
    pub fn top(message: &Message) -> Option<Self> {
        let line = message.header("Via")?;
        Self::parse(split_list(line).next()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let (protocol, rest) = text.trim().split_once(char::is_whitespace)?;
        let transport = protocol.rsplit('/').next()?.trim().to_owned();
        let (sent_by, params) = rest.split_once(';').unwrap_or((rest, ""));
        Some(Self {
            transport,
            sent_by: split_host_port(sent_by)?,
            params: Params::parse(params),
        })
    }

    /// The transaction's branch, empty where it is missing.
    #[must_use]
    pub fn branch(&self) -> &str {
        self.params.value("branch").unwrap_or_default()
    }

    /// Where a sender without `rport` waits for its response.
    #[must_use]
    pub(crate) fn sent_by_addr(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(
            host_ip(&self.sent_by.0)?,
            self.sent_by.1.unwrap_or(5060),
        ))
    }
}

/// Splits a comma-separated header into values; commas in quotes or angle brackets do not count.
pub(crate) fn split_list(text: &str) -> impl Iterator<Item = &str> {
    let (mut start, mut quoted, mut angle) = (0, false, false);
    let mut parts = Vec::new();
    for (i, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '<' if !quoted => angle = true,
            '>' if !quoted => angle = false,
            ',' if !quoted && !angle => {
                parts.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.into_iter().map(str::trim).filter(|p| !p.is_empty())
}

fn unquoted(text: &str, wanted: char) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(i, c)| {
        quoted ^= c == '"';
        (c == wanted && !quoted).then_some(i)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn header_parameters_are_not_address_parameters() {
        let a = NameAddr::parse("\"Sales, <main>\" <sip:1@h;lr>;tag=9;q").unwrap();
        assert_eq!(
            (a.display.as_str(), a.uri.as_str(), a.tag()),
            ("Sales, <main>", "sip:1@h;lr", Some("9"))
        );
        let b = NameAddr::parse("sip:1@h;tag=8").unwrap();
        assert_eq!((b.uri.as_str(), b.tag()), ("sip:1@h", Some("8")));
    }

    #[test]
    fn lists_split_at_plain_commas_only() {
        let parts: Vec<_> = split_list("\"a,b\" <sip:x>, <sip:y,z>").collect();
        assert_eq!(parts, ["\"a,b\" <sip:x>", "<sip:y,z>"]);
    }

    #[test]
    fn topmost_via_is_read_from_a_list() {
        let m = Message::response(200, "OK").with(
            "Via",
            "SIP/2.0/UDP h:5070;rport;branch=z9hG4bKa, SIP/2.0/TCP g",
        );
        let via = Via::top(&m).unwrap();
        assert_eq!(
            (
                via.transport.as_str(),
                via.branch(),
                via.params.value("rport")
            ),
            ("UDP", "z9hG4bKa", Some(""))
        );
        assert_eq!(via.sent_by, ("h".to_owned(), Some(5070)));
    }

    proptest! {
        #[test]
        fn no_text_makes_a_header_parser_panic(text in "\\PC{0,80}") {
            let _ = NameAddr::parse(&text);
            let _ = Via::parse(&text);
            let _ = SipUri::parse(&text);
            let _ = split_list(&text).count();
        }
    }
}
