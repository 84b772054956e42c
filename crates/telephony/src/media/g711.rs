//! G.711 in both laws, and the tables that turn one into the other.
//!
//! A bridge converts only when its two legs agreed on different laws, and then byte by byte through
//! a table, so that a conversion costs no more than the copy that the packet needs anyway.
//!
//! Source: ITU-T G.711 (11/88), tables 1a, 1b (A-law) and 2a, 2b (µ-law).

use serde::{Deserialize, Serialize};

/// Samples a second of every G.711 stream, which is also the rate of its RTP clock.
pub const SAMPLES_PER_SECOND: u32 = 8_000;

/// One of the two companding laws of G.711.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Law {
    /// µ-law, RTP payload type 0, used in North America and Japan.
    Pcmu,
    /// A-law, RTP payload type 8, used everywhere else.
    Pcma,
}

impl Law {
    /// The static RTP payload type (RFC 3551, table 4).
    #[must_use]
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    /// The encoding name of the session description's `rtpmap`.
    #[must_use]
    pub const fn encoding(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// The byte that stands for silence.
    #[must_use]
    pub const fn silence(self) -> u8 {
        self.encode(0)
    }

    /// The 16-bit linear sample that one byte stands for.
    #[must_use]
    pub const fn decode(self, byte: u8) -> i16 {
        match self {
            Self::Pcmu => decode_mu(byte),
            Self::Pcma => decode_a(byte),
        }
    }

    /// The byte that stands nearest to a 16-bit linear sample.
    #[must_use]
    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Pcmu => encode_mu(sample),
            Self::Pcma => encode_a(sample),
        }
    }

    /// The table that turns bytes of this law into bytes of `to`, or `None` when nothing is to be done.
    #[must_use]
    pub const fn table_to(self, to: Self) -> Option<&'static [u8; 256]> {
        match (self, to) {
            (Self::Pcmu, Self::Pcma) => Some(&MU_TO_A),
            (Self::Pcma, Self::Pcmu) => Some(&A_TO_MU),
            (Self::Pcmu, Self::Pcmu) | (Self::Pcma, Self::Pcma) => None,
        }
    }
}

/// µ-law to A-law.
pub static MU_TO_A: [u8; 256] = table(Law::Pcmu, Law::Pcma);
/// A-law to µ-law.
pub static A_TO_MU: [u8; 256] = table(Law::Pcma, Law::Pcmu);

const fn table(from: Law, to: Law) -> [u8; 256] {
    let mut out = [0u8; 256];
    let mut byte = 0usize;
    while byte < 256 {
        out[byte] = to.encode(from.decode(byte as u8));
        byte += 1;
    }
    out
}

const MU_BIAS: i32 = 0x84;
const MU_CLIP: i32 = 32_635;

const fn decode_mu(byte: u8) -> i16 {
    let inverted = !byte;
    let magnitude = ((((inverted & 0x0F) as i32) << 3) + MU_BIAS) << ((inverted & 0x70) >> 4);
    let linear = magnitude - MU_BIAS;
    (if inverted & 0x80 != 0 {
        -linear
    } else {
        linear
    }) as i16
}

const fn encode_mu(sample: i16) -> u8 {
    let sample = sample as i32;
    let (sign, magnitude) = if sample < 0 {
        (0x80u8, -sample)
    } else {
        (0, sample)
    };
    let biased = (if magnitude > MU_CLIP {
        MU_CLIP
    } else {
        magnitude
    }) + MU_BIAS;
    // The segment is the position of the highest bit, counted from bit 7.
    let segment = 24 - (biased as u32).leading_zeros();
    let step = ((biased >> (segment + 3)) & 0x0F) as u8;
    !(sign | ((segment as u8) << 4) | step)
}

const fn decode_a(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let step = ((byte & 0x0F) as i32) << 4;
    let linear = match (byte & 0x70) >> 4 {
        0 => step + 8,
        segment => (step + 0x108) << (segment - 1),
    };
    (if byte & 0x80 != 0 { linear } else { -linear }) as i16
}

const fn encode_a(sample: i16) -> u8 {
    let scaled = (sample >> 3) as i32;
    let (mask, magnitude) = if scaled >= 0 {
        (0xD5u8, scaled)
    } else {
        (0x55, -scaled - 1)
    };
    let segment = if magnitude < 0x20 {
        0
    } else {
        27 - (magnitude as u32).leading_zeros()
    };
    let shift = if segment < 2 { 1 } else { segment };
    let step = ((magnitude >> shift) & 0x0F) as u8;
    (((segment as u8) << 4) | step) ^ mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_of_both_laws() {
        assert_eq!(Law::Pcmu.silence(), 0xFF);
        assert_eq!(Law::Pcma.silence(), 0xD5);
        assert_eq!(Law::Pcmu.decode(0x00), -32_124);
        assert_eq!(Law::Pcmu.decode(0x80), 32_124);
        assert_eq!(Law::Pcma.decode(0x2A), -32_256);
        assert_eq!(Law::Pcma.decode(0xAA), 32_256);
        assert_eq!(Law::Pcmu.encode(i16::MIN), 0x00);
        assert_eq!(Law::Pcma.encode(i16::MAX), 0xAA);
    }

    #[test]
    fn every_byte_survives_decoding_and_encoding_in_its_own_law() {
        for byte in 0..=255u8 {
            assert_eq!(
                Law::Pcma.encode(Law::Pcma.decode(byte)),
                byte,
                "A-law {byte:#04x}"
            );
            // µ-law has two zeros, 0x7F and 0xFF; both are silence.
            let again = Law::Pcmu.encode(Law::Pcmu.decode(byte));
            assert!(
                again == byte || (byte == 0x7F && again == 0xFF),
                "µ-law {byte:#04x}"
            );
        }
    }

    #[test]
    fn converting_changes_a_sample_by_less_than_one_step() {
        for byte in 0..=255u8 {
            for (from, to, table) in [
                (Law::Pcmu, Law::Pcma, &MU_TO_A),
                (Law::Pcma, Law::Pcmu, &A_TO_MU),
            ] {
                let before = i32::from(from.decode(byte));
                let after = i32::from(to.decode(table[usize::from(byte)]));
                let step = (before.abs() / 16).max(16);
                assert!(
                    (before - after).abs() <= step,
                    "{from:?} {byte:#04x}: {before} → {after}"
                );
            }
        }
    }
}
