//! Even UDP ports for RTP, taken in turn from a range.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;

/// Hands out bound sockets on even ports of a range, each port as late again as possible.
///
/// Turn by turn, not lowest first: late packets of a call that has just ended must not land in the
/// next one.
#[derive(Debug)]
pub struct RtpPorts {
    ip: IpAddr,
    first: u16,
    /// How many even ports there are; 0 asks the system for any port.
    count: u16,
    next: u16,
}

/// A range of ports cannot carry a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rtp_ports: {from}-{to} has no even port; give a range such as 20000-29999")]
pub struct PortRangeError {
    from: u16,
    to: u16,
}

impl RtpPorts {
    /// The even ports of `range` on `ip`. The range `0-0` stands for any port that is free.
    ///
    /// # Errors
    /// [`PortRangeError`] when there is no even port in it.
    pub fn new(ip: IpAddr, range: RangeInclusive<u16>) -> Result<Self, PortRangeError> {
        let (from, to) = (*range.start(), *range.end());
        if (from, to) == (0, 0) {
            return Ok(Self {
                ip,
                first: 0,
                count: 0,
                next: 0,
            });
        }
        let first = from.max(2).next_multiple_of(2);
        let count = (to.checked_sub(first).map_or(0, |span| span / 2)) + u16::from(to >= first);
        if count == 0 {
            return Err(PortRangeError { from, to });
        }
        // Two servers that start at once, or one that starts again, should not begin with the same port.
        Ok(Self {
            ip,
            first,
            count,
            next: rand::random_range(0..count),
        })
    }

    /// Binds the next free port.
    ///
    /// # Errors
    /// The system's error of the last try when no port of the range can be bound.
    pub fn bind(&mut self) -> io::Result<UdpSocket> {
        if self.count == 0 {
            return open(SocketAddr::new(self.ip, 0));
        }
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..self.count {
            let port = self.first + self.next * 2;
            self.next = (self.next + 1) % self.count;
            match open(SocketAddr::new(self.ip, port)) {
                Ok(socket) => return Ok(socket),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }
}

fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn ports_are_even_and_a_freed_one_waits_its_turn() {
        let mut ports = RtpPorts::new(LOOPBACK, 47_001..=47_007).expect("three even ports");
        let bound: Vec<_> = (0..3).map(|_| ports.bind().expect("free")).collect();
        let numbers: Vec<u16> = bound
            .iter()
            .map(|s| s.local_addr().expect("bound").port())
            .collect();
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [47_002, 47_004, 47_006]);
        assert_eq!(
            ports.bind().expect_err("all taken").kind(),
            io::ErrorKind::AddrInUse
        );
        drop(bound);
        assert_eq!(
            ports
                .bind()
                .expect("freed")
                .local_addr()
                .expect("bound")
                .port(),
            numbers[0]
        );
    }

    #[test]
    fn a_range_without_an_even_port_is_refused() {
        assert!(RtpPorts::new(LOOPBACK, 47_001..=47_001).is_err());
        #[expect(
            clippy::reversed_empty_ranges,
            reason = "that is what the test is about"
        )]
        let reversed = RtpPorts::new(LOOPBACK, 47_010..=47_000);
        assert!(reversed.is_err());
        assert!(RtpPorts::new(LOOPBACK, 65_534..=65_535).is_ok());
        assert!(RtpPorts::new(LOOPBACK, 0..=0).is_ok());
    }
}
