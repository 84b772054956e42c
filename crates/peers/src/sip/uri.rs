//! SIP addresses.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// A parsed `sip:` or `tel:` address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipUri {
    /// `sip`, `sips` or `tel`, lower case.
    pub scheme: String,
    /// The part before `@`, or the number of a `tel:` address, with escapes such as `%23` resolved;
    /// empty where there is none.
    pub user: String,
    /// Host as written.
    pub host: String,
    /// Port, where one is written.
    pub port: Option<u16>,
    /// Everything after the host, with its leading `;` or `?`.
    pub rest: String,
}

impl SipUri {
    /// Reads an address; `None` where it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, after) = text.trim().split_once(':')?;
        let scheme = scheme.to_ascii_lowercase();
        let cut = after.find([';', '?']).unwrap_or(after.len());
        let (main, rest) = after.split_at(cut);
        if main.contains(|c: char| c.is_whitespace() || "<>\"".contains(c)) {
            return None;
        }
        if scheme == "tel" {
            return Some(Self {
                scheme,
                user: unescaped(main),
                host: String::new(),
                port: None,
                rest: rest.to_owned(),
            });
        }
        if scheme != "sip" && scheme != "sips" {
            return None;
        }
        let (user, host_port) = main.rsplit_once('@').unwrap_or(("", main));
        let (host, port) = split_host_port(host_port)?;
        Some(Self {
            scheme,
            user: unescaped(user),
            host,
            port,
            rest: rest.to_owned(),
        })
    }

    /// Whether two addresses are the same (RFC 3261 section 19.1.4): only the user part minds the
    /// case of letters. The order of parameters is not looked into.
    #[must_use]
    pub fn are_same(one: &str, other: &str) -> bool {
        let (Some(a), Some(b)) = (Self::parse(one), Self::parse(other)) else {
            return one == other;
        };
        let same_rest =
            a.rest.eq_ignore_ascii_case(&b.rest) && a.host.eq_ignore_ascii_case(&b.host);
        a.scheme == b.scheme && a.user == b.user && a.port == b.port && same_rest
    }

    /// Where to send to, if the host is an address literal or `localhost`. Port 5060 by default.
    ///
    /// Peers live on loopback and never ask a name server.
    #[must_use]
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        let ip = host_ip(&self.host)?;
        Some(SocketAddr::new(ip, self.port.unwrap_or(5060)))
    }
}

/// A user part as it may stand in an address (RFC 3261 section 25.1).
pub(crate) fn escaped(user: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&b);
    let mut text = String::with_capacity(user.len());
    for byte in user.bytes() {
        match plain(byte) {
            true => text.push(char::from(byte)),
            false => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// Resolves `%XX`; a text with broken escapes stays as it is.
fn unescaped(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part
            .get(..2)
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let Some(code) = code else {
            return text.to_owned();
        };
        bytes.push(code);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

pub(super) fn host_ip(host: &str) -> Option<IpAddr> {
    if host.eq_ignore_ascii_case("localhost") {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

/// Splits `host[:port]`, with IPv6 hosts in brackets.
pub(super) fn split_host_port(text: &str) -> Option<(String, Option<u16>)> {
    let text = text.trim();
    let colon = match text.rfind(']') {
        Some(bracket) => text[bracket..].find(':').map(|i| bracket + i),
        None => text.find(':'),
    };
    let (host, port) = match colon {
        Some(i) => (&text[..i], Some(text[i + 1..].parse().ok()?)),
        None => (text, None),
    };
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_an_address_are_told_apart() {
        let uri = SipUri::parse("sip:+8613800000000@127.0.0.1:5080;transport=udp").unwrap();
        assert_eq!(
            (uri.user.as_str(), uri.rest.as_str()),
            ("+8613800000000", ";transport=udp")
        );
        assert_eq!(uri.socket_addr(), Some("127.0.0.1:5080".parse().unwrap()));
        assert_eq!(
            SipUri::parse("sip:[::1]").unwrap().socket_addr(),
            Some("[::1]:5060".parse().unwrap())
        );
        assert_eq!(SipUri::parse("tel:*123#").unwrap().user, "*123#");
        assert_eq!(SipUri::parse("sip:*123%23@h").unwrap().user, "*123#");
        assert_eq!(
            SipUri::parse("sip:1%2@h").unwrap().user,
            "1%2",
            "a broken escape is text"
        );
    }

    #[test]
    fn only_the_user_minds_the_case_of_letters() {
        assert!(SipUri::are_same(
            "sip:A@h;transport=tcp",
            "SIP:A@H;transport=TCP"
        ));
        assert!(!SipUri::are_same("sip:A@h", "sip:a@h"));
        assert!(!SipUri::are_same("sip:A@h:5060", "sip:A@h"));
    }

    #[test]
    fn any_user_goes_into_an_address_and_comes_out_again() {
        for user in ["*123#", "+8613800000000", "a b@c%", "客服"] {
            let uri = format!("sip:{}@h", escaped(user));
            assert_eq!(SipUri::parse(&uri).unwrap().user, user, "{uri}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "sip:",
            "http://x",
            "sip:a@b:99999",
            "sip:a b@c",
            "sip:@",
        ] {
            assert_eq!(SipUri::parse(bad), None, "{bad}");
        }
    }
}
