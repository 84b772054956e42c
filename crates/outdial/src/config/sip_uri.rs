//! SIP addresses, as far as a configuration must know them: RFC 3261 section 19.1.

use std::net::Ipv6Addr;

use super::problem::Fault;

/// Checks that a text is a SIP URI that can be called: `sip:[user@]host[:port][;parameters]`.
pub(super) fn sip_uri(text: &str) -> Result<String, Fault> {
    let remedy = "write sip:HOST or sip:USER@HOST:PORT, such as sip:1001@192.0.2.7:5060";
    let not_one = |why: &str| {
        Fault::new(
            format!("`{}` is no SIP address: {why}", text.escape_debug()),
            remedy,
        )
    };
    if text.starts_with("sips:") {
        return Err(Fault::new(
            "SIP over TLS (sips:) is not built yet",
            "use sip: and reach the far end over a private network",
        ));
    }
    let Some(rest) = text.strip_prefix("sip:") else {
        return Err(not_one("it does not begin with `sip:`"));
    };
    if text
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || "<>\"".contains(c))
    {
        return Err(not_one("it has spaces, brackets or quotes"));
    }
    if rest.contains('?') {
        return Err(not_one("headers (`?…`) are not allowed here"));
    }
    let (address, parameters) = rest.split_once(';').unwrap_or((rest, ""));
    transport(parameters)?;
    let (user, host_port) = match address.rsplit_once('@') {
        Some((user, host_port)) => (Some(user), host_port),
        None => (None, address),
    };
    if user.is_some_and(|user| user.is_empty() || user.contains('@')) {
        return Err(not_one("the part before @ is empty or has a second @"));
    }
    if user.is_some_and(|user| user.contains(':')) {
        return Err(not_one("a password in the address is not allowed"));
    }
    host_and_port(host_port).map_err(|why| not_one(&why))?;
    Ok(text.to_owned())
}

/// A transport that is not built is refused, because the call would go out in the clear over another.
fn transport(parameters: &str) -> Result<(), Fault> {
    let values = parameters.split(';').filter_map(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        name.eq_ignore_ascii_case("transport").then_some(value)
    });
    for value in values {
        if !["udp", "tcp"]
            .iter()
            .any(|known| value.eq_ignore_ascii_case(known))
        {
            return Err(Fault::new(
                format!("transport={} is not built yet", value.escape_debug()),
                "write transport=udp or transport=tcp, or leave the parameter out",
            ));
        }
    }
    Ok(())
}

/// Checks that a text is a domain name or an IP address, without port.
pub(super) fn host(text: &str) -> Result<String, Fault> {
    if is_host(text) {
        Ok(text.to_owned())
    } else {
        Err(Fault::new(
            format!(
                "`{}` is neither a domain name nor an IP address",
                text.escape_debug()
            ),
            "write a host without scheme and port, such as sip.example.com",
        ))
    }
}

fn host_and_port(text: &str) -> Result<(), String> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, "")) => (format!("[{host}]"), None),
            Some((host, port)) => (format!("[{host}]"), port.strip_prefix(':')),
            None => return Err("the bracket of the IPv6 address is not closed".to_owned()),
        },
        None => match text.split_once(':') {
            Some((host, port)) => (host.to_owned(), Some(port)),
            None => (text.to_owned(), None),
        },
    };
    if !is_host(&host) {
        return Err("the host is neither a domain name nor an IP address".to_owned());
    }
    match port.map(str::parse::<u16>) {
        None | Some(Ok(1..)) => Ok(()),
        Some(_) => Err("the port is not a number from 1 to 65535".to_owned()),
    }
}

fn is_host(text: &str) -> bool {
    if let Some(inner) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().is_ok();
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let numeric = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if numeric {
        return text.parse::<std::net::Ipv4Addr>().is_ok();
    }
    text.len() <= 253 && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_can_be_called_are_taken() {
        for uri in [
            "sip:127.0.0.1:5080",
            "sip:1001@127.0.0.1:5090",
            "sip:ivr@bot.example.com",
            "sip:gw.example.com;transport=tcp",
            "sip:gw.example.com;lr;Transport=UDP",
            "sip:[2001:db8::1]:5060",
            "sip:+8613012345678@carrier_1:5060",
        ] {
            assert_eq!(sip_uri(uri), Ok(uri.to_owned()));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for uri in [
            "",
            "127.0.0.1:5080",
            "http://127.0.0.1",
            "sips:a@b",
            "sip:",
            "sip:@host",
            "sip:a@b@c",
            "sip:a:secret@c",
            "sip:host:0",
            "sip:host:65536",
            "sip:host:",
            "sip:ho st",
            "sip:256.1.1.1",
            "sip:[::1",
            "sip:[zz]",
            "sip:-a.example",
            "sip:a..b",
            "sip:host?x=y",
            "sip:host\r\nVia: x",
            "<sip:host>",
            "sip:host;transport=tls",
            "sip:host;lr;TRANSPORT=wss",
            "sip:host;transport=sctp",
            "sip:host;transport",
        ] {
            assert!(sip_uri(uri).is_err(), "{uri}");
        }
    }
}
