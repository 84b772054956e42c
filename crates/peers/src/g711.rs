//! The two laws of G.711, straight from the tables' rules and without a shortcut.
//!
//! Source: ITU-T G.711 (11/88), tables 1 and 2. Decoding is public, so that a test can judge a
//! converted byte by how it sounds, whatever table the product converts by.

/// The two laws of G.711.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Law {
    /// A-law, payload type 8, PCMA.
    A,
    /// µ-law, payload type 0, PCMU.
    Mu,
}

impl Law {
    /// The static RTP payload type (RFC 3551).
    #[must_use]
    pub fn payload_type(self) -> u8 {
        match self {
            Self::A => 8,
            Self::Mu => 0,
        }
    }

    /// The byte that sounds like nothing.
    #[must_use]
    pub fn silence(self) -> u8 {
        match self {
            Self::A => 0xD5,
            Self::Mu => 0xFF,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::A => "PCMA",
            Self::Mu => "PCMU",
        }
    }

    /// The sample that a byte stands for, scaled to 16 bits.
    #[must_use]
    pub fn decode(self, byte: u8) -> i16 {
        // Both laws turn bits over on the wire: every second one, or all.
        let bits = byte ^ if self == Self::A { 0x55 } else { 0xFF };
        let (segment, step) = (u32::from(bits >> 4 & 7), i32::from(bits & 15));
        let magnitude = match (self, segment) {
            (Self::A, 0) => step * 16 + 8,
            (Self::A, _) => (step * 16 + 264) << (segment - 1),
            (Self::Mu, _) => ((step * 8 + 132) << segment) - 132,
        };
        let positive = (bits & 0x80 != 0) == (self == Self::A);
        // The greatest magnitude is 32,256.
        i16::try_from(if positive { magnitude } else { -magnitude }).unwrap_or(i16::MAX)
    }

    /// The byte that stands nearest to a sample; of two as near, the louder one.
    pub(crate) fn nearest(self, sample: i16) -> u8 {
        let wanted = i32::from(sample);
        let distance = |byte: u8| {
            let value = i32::from(self.decode(byte));
            // µ-law has two zeros; the positive one is the usual one.
            let usual = byte == self.silence();
            ((value - wanted).abs(), -value.abs(), !usual)
        };
        (0..=u8::MAX)
            .min_by_key(|&byte| distance(byte))
            .unwrap_or(self.silence())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_of_the_standard() {
        // Positive and negative maximum, smallest values.
        assert_eq!(
            (
                Law::Mu.decode(0x80),
                Law::Mu.decode(0x00),
                Law::Mu.decode(0xFF)
            ),
            (32_124, -32_124, 0)
        );
        assert_eq!(
            (
                Law::A.decode(0xAA),
                Law::A.decode(0x2A),
                Law::A.decode(0xD5)
            ),
            (32_256, -32_256, 8)
        );
        assert_eq!((Law::Mu.nearest(1000), Law::A.nearest(1000)), (0xCE, 0xFA));
        assert_eq!(
            (Law::Mu.nearest(i16::MAX), Law::A.nearest(i16::MIN)),
            (0x80, 0x2A)
        );
    }

    #[test]
    fn every_byte_is_nearest_to_itself() {
        for law in [Law::A, Law::Mu] {
            for byte in 0..=u8::MAX {
                // The negative zero of µ-law becomes the positive one.
                let expected = if law == Law::Mu && byte == 0x7F {
                    0xFF
                } else {
                    byte
                };
                assert_eq!(law.nearest(law.decode(byte)), expected, "{law:?} {byte:#x}");
            }
        }
    }
}
