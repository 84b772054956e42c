//! The RTP header (RFC 3550) and telephone-event payloads (RFC 4733).

/// One RTP packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtpPacket {
    /// First packet after a silence or a switch.
    pub marker: bool,
    /// Payload type, 0 to 127.
    pub payload_type: u8,
    /// Sequence number.
    pub seq: u16,
    /// Timestamp in samples of 1/8000 s.
    pub ts: u32,
    /// Source.
    pub ssrc: u32,
    /// Payload without header, extension and padding.
    pub payload: Vec<u8>,
}

impl RtpPacket {
    /// Reads a datagram; `None` where it is not RTP version 2. Never panics.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let &[
            b0,
            b1,
            s0,
            s1,
            t0,
            t1,
            t2,
            t3,
            c0,
            c1,
            c2,
            c3,
            ref rest @ ..,
        ] = bytes
        else {
            return None;
        };
        if b0 >> 6 != 2 {
            return None;
        }
        let mut rest = rest.get(usize::from(b0 & 0x0F) * 4..)?;
        if b0 & 0x10 != 0 {
            let &[_, _, l0, l1, ..] = rest else {
                return None;
            };
            rest = rest.get(4 + usize::from(u16::from_be_bytes([l0, l1])) * 4..)?;
        }
        if b0 & 0x20 != 0 {
            let padding = usize::from(*rest.last()?);
            rest = rest.get(..rest.len().checked_sub(padding)?)?;
        }
        Some(Self {
            marker: b1 & 0x80 != 0,
            payload_type: b1 & 0x7F,
            seq: u16::from_be_bytes([s0, s1]),
            ts: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
            payload: rest.to_vec(),
        })
    }

    /// Writes the packet into a buffer that is used again and again.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&[
            0x80,
            (u8::from(self.marker) << 7) | (self.payload_type & 0x7F),
        ]);
        out.extend_from_slice(&self.seq.to_be_bytes());
        out.extend_from_slice(&self.ts.to_be_bytes());
        out.extend_from_slice(&self.ssrc.to_be_bytes());
        out.extend_from_slice(&self.payload);
    }
}

/// The event number of a telephone key; `None` for other characters.
#[must_use]
pub(crate) fn key_event(key: char) -> Option<u8> {
    match key {
        '0'..='9' => u8::try_from(u32::from(key) - u32::from('0')).ok(),
        '*' => Some(10),
        '#' => Some(11),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn extension_sources_and_padding_are_not_payload() {
        let mut bytes = vec![0xB1, 0x88, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        bytes.extend([9; 4]); // One contributing source.
        bytes.extend([0, 0, 0, 1, 7, 7, 7, 7]); // An extension of one word.
        bytes.extend([1, 2, 3, 0, 2]); // Payload and two bytes of padding.
        let p = RtpPacket::parse(&bytes).unwrap();
        assert_eq!(
            (p.marker, p.payload_type, p.seq, p.ts, p.ssrc),
            (true, 8, 1, 2, 3)
        );
        assert_eq!(p.payload, [1, 2, 3]);
    }

    proptest! {
        #[test]
        fn no_datagram_makes_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = RtpPacket::parse(&bytes);
        }

        #[test]
        fn what_is_written_reads_back_the_same(marker: bool, pt in 0u8..128, seq: u16, ts: u32, ssrc: u32, payload: Vec<u8>) {
            let packet = RtpPacket { marker, payload_type: pt, seq, ts, ssrc, payload };
            let mut bytes = Vec::new();
            packet.write_to(&mut bytes);
            prop_assert_eq!(RtpPacket::parse(&bytes), Some(packet));
        }
    }
}
