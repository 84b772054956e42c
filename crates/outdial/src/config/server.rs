//! `[server]`, `[database]` and `[telephony.sip]`: where the server listens and what it keeps.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::problem::Fault;
use super::secret::{Secret, secret};
use super::section::{Section, parsed};

/// How the secrets of the example configuration begin.
const EXAMPLE_SECRET: &str = "change-me";

/// `[server]`.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Where REST, the vendors' APIs and the console are served. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// The bearer key with every right.
    pub admin_key: Option<Secret>,
}

/// `[database]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// The SQLite file; created if missing. Default `outdial.db` beside the configuration.
    pub path: PathBuf,
}

/// `[telephony.sip]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipSettings {
    /// Where SIP is spoken, UDP and TCP. Default `127.0.0.1:5060`; port 0 = any free one.
    pub listen: SocketAddr,
    /// Ports for media. Default 20000–29999; `0..=0` = any free ones.
    pub rtp_ports: RangeInclusive<u16>,
    /// The address that others reach us at, where it differs from `listen`.
    pub external_address: Option<IpAddr>,
}

pub(super) fn server(section: &mut Section<'_>) -> ServerSettings {
    let listen = section.optional("listen", parsed(socket_address));
    let listen = listen.map_or_else(|| loopback(8080), |found| found.value);
    let admin_key = section.optional("admin_key", secret).map(|f| f.value);
    let is_example = admin_key
        .as_ref()
        .is_some_and(|key| key.text().starts_with(EXAMPLE_SECRET));
    if is_example && !listen.ip().is_loopback() {
        section.error(
            "admin_key",
            Fault::new(
                "is the example's, which everyone knows, and the server listens beyond this machine",
                "make one of your own, for instance with: openssl rand -hex 32",
            ),
        );
    }
    ServerSettings { listen, admin_key }
}

pub(super) fn database(section: &mut Section<'_>, directory: &Path) -> DatabaseSettings {
    let path = section.optional("url", parsed(|url| database_path(url, directory)));
    DatabaseSettings {
        path: path.map_or_else(|| directory.join("outdial.db"), |found| found.value),
    }
}

pub(super) fn sip(section: &mut Section<'_>) -> SipSettings {
    let listen = section
        .optional("listen", parsed(socket_address))
        .map_or_else(|| loopback(5060), |found| found.value);
    let rtp_ports = section
        .optional("rtp_ports", parsed(port_range))
        .map_or(20_000..=29_999, |found| found.value);
    let external = section.optional("external_address", parsed(external_address));
    if listen.port() != 0 && rtp_ports.contains(&listen.port()) {
        section.error(
            "rtp_ports",
            Fault::new(
                format!("holds port {}, on which SIP listens", listen.port()),
                "give media and SIP ports of their own",
            ),
        );
    }
    SipSettings {
        listen,
        rtp_ports,
        external_address: external.map(|found| found.value),
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)
}

fn socket_address(text: &str) -> Result<SocketAddr, Fault> {
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    numeric.parse().map_err(|_| {
        Fault::new(
            format!("`{}` is no address with port", text.escape_debug()),
            "write IP:PORT, such as 127.0.0.1:8080 or [::1]:8080; 0.0.0.0 = every address, port 0 = any free one",
        )
    })
}

fn external_address(text: &str) -> Result<IpAddr, Fault> {
    match text.parse::<IpAddr>() {
        Ok(address) if !address.is_unspecified() => Ok(address),
        _ => Err(Fault::new(
            format!(
                "`{}` is no IP address that others can reach",
                text.escape_debug()
            ),
            "write an IP address without port, such as 203.0.113.7",
        )),
    }
}

fn port_range(text: &str) -> Result<RangeInclusive<u16>, Fault> {
    let remedy = "write FIRST-LAST, such as 20000-29999 (each call takes an even port), or 0 for any free ones";
    if text == "0" || text == "0-0" {
        return Ok(0..=0);
    }
    let not_one = || {
        Fault::new(
            format!("`{}` is no range of ports", text.escape_debug()),
            remedy,
        )
    };
    let (first, last) = text.split_once('-').ok_or_else(not_one)?;
    let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0);
    let (Some(first), Some(last)) = (port(first), port(last)) else {
        return Err(not_one());
    };
    if first >= last {
        return Err(Fault::new(
            format!("begins with {first} and ends with {last}"),
            remedy,
        ));
    }
    Ok(first..=last)
}

fn database_path(url: &str, directory: &Path) -> Result<PathBuf, Fault> {
    let remedy = "write sqlite://FILE, such as sqlite://outdial.db (relative to this file) or sqlite:///var/lib/outdial/outdial.db";
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    match scheme {
        "postgres" | "postgresql" => Err(Fault::new("PostgreSQL is not built yet", remedy)),
        "sqlite" => {
            let rest = &url["sqlite:".len()..];
            let file = rest.strip_prefix("//").unwrap_or(rest);
            if file.is_empty() || file.contains('?') || file == ":memory:" {
                return Err(Fault::new(
                    "names no file; a database without one would lose every result",
                    remedy,
                ));
            }
            Ok(directory.join(file))
        }
        // The text is not repeated: such URLs tend to hold passwords.
        _ => Err(Fault::new("is no database that is known here", remedy)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn database_files_are_relative_to_the_configuration() {
        let path = |url| database_path(url, Path::new("/etc/outdial")).map_err(|f| f.problem);
        assert_eq!(
            path("sqlite://outdial.db"),
            Ok("/etc/outdial/outdial.db".into())
        );
        assert_eq!(path("sqlite:///var/lib/o.db"), Ok("/var/lib/o.db".into()));
        assert_eq!(path("sqlite:o.db"), Ok("/etc/outdial/o.db".into()));
        assert!(path("postgres://u:p@h/d").is_err_and(|p| p.contains("not built yet")));
        assert!(path("mysql://u:hidden@h/d").is_err_and(|p| !p.contains("hidden")));
        assert!(path("sqlite://").is_err());
        assert!(path("sqlite://:memory:").is_err());
    }

    #[test]
    fn ranges_of_ports_are_read() {
        assert_eq!(port_range("20000-29999"), Ok(20_000..=29_999));
        assert_eq!(port_range("0"), Ok(0..=0));
        for text in [
            "",
            "20000",
            "29999-20000",
            "5-5",
            "0-7",
            "a-b",
            "1-65536",
            "-",
        ] {
            assert!(port_range(text).is_err(), "{text}");
        }
    }
}
