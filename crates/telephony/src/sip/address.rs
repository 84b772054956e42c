//! Where messages go and come from, as text that can be stored.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use outdial_domain::Transport;
use rsipstack::sip::uri::ParamsExt as _;
use rsipstack::sip::{Host, HostWithPort, Param, Scheme, Transport as WireTransport, Uri};
use rsipstack::transport::SipAddr;

/// A host with port, and the transport that reaches it: `udp:192.0.2.1:5060`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) transport: Transport,
    pub(crate) host: HostWithPort,
}

impl Destination {
    /// Whether we speak the transport that a URI names, if it names one. A request for one that we do not speak must
    /// not go out over another: who writes `transport=tls` relies on it that nobody listens.
    pub(crate) fn can_reach(uri: &Uri) -> bool {
        matches!(
            uri.transport(),
            None | Some(WireTransport::Tcp | WireTransport::Udp)
        ) && uri.scheme != Some(Scheme::Sips)
            && !uri.params.iter().any(|param| {
                // A transport of which not even the stack has heard.
                matches!(param, Param::Other(name, _) if name.to_string().eq_ignore_ascii_case("transport"))
            })
    }

    /// Where a request for `uri` goes; `otherwise` is the transport where the URI names none.
    pub(crate) fn of_uri(uri: &Uri, otherwise: Transport) -> Self {
        let transport = match uri.transport() {
            Some(WireTransport::Tcp) => Transport::Tcp,
            Some(WireTransport::Udp) => Transport::Udp,
            _ => otherwise,
        };
        Self {
            transport,
            host: uri.host_with_port.clone(),
        }
    }

    /// Reads what `Display` wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (transport, host) = text.split_once(':')?;
        let transport = match transport {
            "udp" => Transport::Udp,
            "tcp" => Transport::Tcp,
            _ => return None,
        };
        Some(Self {
            transport,
            host: HostWithPort::try_from(host).ok()?,
        })
    }

    /// The socket's address, when the host is an IP address.
    pub(crate) fn socket_address(&self) -> Option<SocketAddr> {
        match self.host.host {
            Host::IpAddr(ip) => Some(SocketAddr::new(
                ip,
                self.host.port.map_or(5060, |port| port.0),
            )),
            Host::Domain(_) => None,
        }
    }

    pub(crate) fn to_sip_addr(&self) -> SipAddr {
        SipAddr::new(wire(self.transport), self.host.clone())
    }

    /// From where a message came.
    pub(crate) fn of_sip_addr(address: &SipAddr) -> Self {
        let transport = match address.r#type {
            Some(WireTransport::Tcp) => Transport::Tcp,
            _ => Transport::Udp,
        };
        Self {
            transport,
            host: address.addr.clone(),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport_word(), self.host)
    }
}

impl Destination {
    fn transport_word(&self) -> &'static str {
        match self.transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
        }
    }
}

pub(crate) const fn wire(transport: Transport) -> WireTransport {
    match transport {
        Transport::Udp => WireTransport::Udp,
        Transport::Tcp => WireTransport::Tcp,
    }
}

/// What the far end is told about where we are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Local {
    /// The address bound; may be "any".
    pub(crate) bound: SocketAddr,
    /// The address before the translation that we are behind, when configured.
    pub(crate) external: Option<IpAddr>,
}

impl Local {
    /// Our address as `peer` can reach it.
    pub(crate) fn seen_by(&self, peer: Option<SocketAddr>) -> SocketAddr {
        let ip = match self.external {
            Some(ip) => ip,
            None if self.bound.ip().is_unspecified() => {
                // A peer known by name only is reached by the default route, as an address far away is.
                let far_away = SocketAddr::from(([192, 0, 2, 1], 9));
                route_to(peer.unwrap_or(far_away)).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
            }
            None => self.bound.ip(),
        };
        SocketAddr::new(ip, self.bound.port())
    }
}

/// The address of ours that the system would use towards a peer. Connecting a datagram socket sends nothing.
fn route_to(peer: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr = if peer.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0u16; 8], 0).into()
    };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(peer).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_read_back_from_its_text() {
        for text in [
            "udp:192.0.2.1:5060",
            "tcp:sip.example.org",
            "udp:[2001:db8::1]:5080",
        ] {
            assert_eq!(Destination::parse(text).expect(text).to_string(), text);
        }
        assert_eq!(Destination::parse("192.0.2.1:5060"), None);
        assert_eq!(Destination::parse(""), None);
    }

    #[test]
    fn the_transport_of_a_uri_wins_over_that_of_the_trunk() {
        let uri = |text: &str| Uri::try_from(text).expect("a URI");
        let of = |text| Destination::of_uri(&uri(text), Transport::Udp).to_string();
        assert_eq!(
            of("sip:1@192.0.2.1:5080;transport=tcp"),
            "tcp:192.0.2.1:5080"
        );
        assert_eq!(of("sip:192.0.2.1"), "udp:192.0.2.1");
        assert_eq!(
            Destination::of_uri(&uri("sip:a"), Transport::Tcp).to_string(),
            "tcp:a"
        );
    }

    #[test]
    fn a_transport_that_we_do_not_speak_is_not_reached_over_another() {
        let reaches =
            |text: &str| Uri::try_from(text).is_ok_and(|uri| Destination::can_reach(&uri));
        for uri in ["sip:a", "sip:a;transport=udp", "sip:a;transport=TCP;lr"] {
            assert!(reaches(uri), "{uri}");
        }
        for uri in [
            "sips:a",
            "sip:a;transport=tls",
            "sip:a;transport=WS",
            "sip:a;transport=wss",
            "sip:a;transport=sctp",
            "sip:a;transport=tls-sctp",
            "sip:a;transport=quic",
        ] {
            assert!(!reaches(uri), "{uri}");
        }
    }

    #[test]
    fn the_external_address_is_told_when_there_is_one() {
        let bound: SocketAddr = "0.0.0.0:5060".parse().expect("address");
        let external = "203.0.113.7".parse().ok();
        assert_eq!(
            Local { bound, external }.seen_by(None).to_string(),
            "203.0.113.7:5060"
        );
        let loopback = Local {
            bound,
            external: None,
        }
        .seen_by("127.0.0.1:9".parse().ok());
        assert_eq!(loopback.to_string(), "127.0.0.1:5060");
    }
}
