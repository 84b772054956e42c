//! The RTP header, read from hostile datagrams and written into buffers of ours.
//!
//! Source: RFC 3550, section 5.1.

/// Bytes of a header without contributing sources and extension: the only form we send.
pub const HEADER_LEN: usize = 12;

/// Longest datagram the relay forwards, in bytes. A 40 ms packet of G.711 has 332.
pub const PACKET_LEN_MAX: usize = 1_500;

/// The fields of an RTP header that a relay needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpHeader {
    /// Set on the first packet after a pause or a switch of the source.
    pub marker: bool,
    /// 0–127.
    pub payload_type: u8,
    /// Grows by one with each packet, modulo 2^16.
    pub sequence: u16,
    /// In units of the payload's clock (8,000 a second for G.711), modulo 2^32.
    pub timestamp: u32,
    /// Identifies the stream.
    pub ssrc: u32,
}

/// A packet that was read: its header, and its payload without padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    /// The header's fields.
    pub header: RtpHeader,
    /// What the packet carries; may be empty.
    pub payload: &'a [u8],
    /// Where in the datagram the payload begins; at least [`HEADER_LEN`].
    pub payload_at: usize,
}

impl<'a> RtpPacket<'a> {
    /// Reads one datagram; `None` when it is no RTP of version 2 or its lengths contradict each other.
    ///
    /// RTCP that arrives on the same port (payload types 72–76, RFC 5761) is no RTP either.
    #[must_use]
    pub fn parse(datagram: &'a [u8]) -> Option<Self> {
        let fixed: &[u8; HEADER_LEN] = datagram.first_chunk()?;
        if fixed[0] >> 6 != 2 {
            return None;
        }
        let payload_type = fixed[1] & 0x7F;
        if (72..=76).contains(&payload_type) {
            return None;
        }
        let mut start = HEADER_LEN + usize::from(fixed[0] & 0x0F) * 4;
        if fixed[0] & 0x10 != 0 {
            let extension = datagram.get(start..start + 4)?;
            start += 4 + usize::from(u16::from_be_bytes([extension[2], extension[3]])) * 4;
        }
        let mut end = datagram.len();
        if fixed[0] & 0x20 != 0 {
            let padding = usize::from(*datagram.last()?);
            if padding == 0 {
                return None;
            }
            end = end.checked_sub(padding)?;
        }
        let header = RtpHeader {
            marker: fixed[1] & 0x80 != 0,
            payload_type,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        };
        Some(Self {
            header,
            payload: datagram.get(start..end)?,
            payload_at: start,
        })
    }
}

impl RtpHeader {
    /// The header as it goes on the wire.
    #[must_use]
    pub fn to_bytes(self) -> [u8; HEADER_LEN] {
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [c0, c1, c2, c3] = self.ssrc.to_be_bytes();
        let second = (u8::from(self.marker) << 7) | (self.payload_type & 0x7F);
        [0x80, second, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> RtpHeader {
        RtpHeader {
            marker: true,
            payload_type: 8,
            sequence: 0xFFFE,
            timestamp: 7,
            ssrc: 0xDEAD_BEEF,
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut datagram = header().to_bytes().to_vec();
        datagram.extend_from_slice(b"voice");
        let packet = RtpPacket::parse(&datagram).expect("valid");
        assert_eq!(packet.header, header());
        assert_eq!(packet.payload, b"voice");
    }

    #[test]
    fn contributing_sources_extension_and_padding_are_skipped() {
        let mut datagram = header().to_bytes().to_vec();
        datagram[0] = 0x80 | 0x20 | 0x10 | 2;
        datagram.extend_from_slice(&[0; 8]);
        datagram.extend_from_slice(&[0xBE, 0xDE, 0, 1, 9, 9, 9, 9]);
        datagram.extend_from_slice(b"abc");
        datagram.extend_from_slice(&[0, 0, 3]);
        assert_eq!(RtpPacket::parse(&datagram).expect("valid").payload, b"abc");
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let whole = {
            let mut datagram = header().to_bytes().to_vec();
            datagram[0] = 0x80 | 0x10 | 15;
            datagram.extend_from_slice(&[0xFF; 80]);
            datagram
        };
        for length in 0..whole.len() {
            assert_eq!(RtpPacket::parse(&whole[..length]), None, "{length} bytes");
        }
        let mut padded = header().to_bytes().to_vec();
        padded[0] |= 0x20;
        padded.push(200);
        assert_eq!(RtpPacket::parse(&padded), None);
    }

    #[test]
    fn other_protocols_on_the_port_are_no_rtp() {
        assert_eq!(RtpPacket::parse(&[]), None);
        assert_eq!(RtpPacket::parse(b"INVITE sip:a@b SIP/2.0\r\n"), None);
        let mut rtcp = header().to_bytes();
        rtcp[1] = 200;
        assert_eq!(RtpPacket::parse(&rtcp), None);
    }
}
