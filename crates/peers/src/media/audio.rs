//! What a peer sends.

use crate::random::Random;
use crate::sdp::Law;

/// What a peer sends while it may send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audio {
    /// No packets at all; nothing is spent on pacing.
    Off,
    /// Packets of silence.
    #[default]
    Silence,
    /// A soft 400 Hz tone, to be heard by a person in the demo.
    Tone,
    /// A recognisable sequence, see [`KnownStream`].
    Known(KnownStream),
}

impl Audio {
    /// The payload of the n-th packet.
    pub(crate) fn payload(self, law: Law, n: u64, samples: usize) -> Vec<u8> {
        match self {
            Self::Off | Self::Silence => vec![law.silence(); samples],
            Self::Tone => tone(law, n, samples),
            Self::Known(stream) => stream.payload(n, samples),
        }
    }
}

/// An endless sequence of payloads of which each is unlike every other.
///
/// The bytes are random over all 256 values and the same for both laws, so a test can tell which
/// packet arrived, whether it arrived byte for byte, and which table was laid over it.
///
/// ```
/// use outdial_peers::KnownStream;
/// let stream = KnownStream::new(7);
/// assert_eq!(stream.payload(3, 160), KnownStream::new(7).payload(3, 160));
/// assert_ne!(stream.payload(3, 160), stream.payload(4, 160));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KnownStream {
    id: u64,
}

impl KnownStream {
    /// The sequence with this id.
    #[must_use]
    pub fn new(id: u64) -> Self {
        Self { id }
    }

    /// Payload of the n-th packet, `samples` bytes long (160 for 20 ms).
    #[must_use]
    pub fn payload(self, n: u64, samples: usize) -> Vec<u8> {
        let mut random = Random::new(self.id, "known stream", n);
        let words = samples.div_ceil(8);
        let mut bytes: Vec<u8> = (0..words)
            .flat_map(|_| random.next().to_le_bytes())
            .collect();
        bytes.truncate(samples);
        bytes
    }
}

/// One period of 400 Hz is 20 samples at 8 kHz, so every packet of 20 ms holds eight whole ones.
fn tone(law: Law, n: u64, samples: usize) -> Vec<u8> {
    let start = n.wrapping_mul(samples as u64) % 20;
    let angle = |i: usize| (start as f64 + i as f64) / 20.0 * std::f64::consts::TAU;
    // An eighth of full scale.
    #[expect(clippy::cast_possible_truncation, reason = "within ±4096")]
    let linear = |i| (angle(i).sin() * 4096.0) as i16;
    (0..samples).map(|i| encode(law, linear(i))).collect()
}

/// Sixteen bit linear to G.711 (ITU-T G.711, tables 1 and 2).
fn encode(law: Law, sample: i16) -> u8 {
    match law {
        Law::Mu => {
            let magnitude = i32::from(sample).abs().min(32_635) + 132;
            let segment = 24 - magnitude.leading_zeros();
            let mantissa = (magnitude >> (segment + 3)) & 0x0F;
            !to_byte(sample < 0, 0x80, segment, mantissa)
        }
        Law::A => {
            let magnitude = if sample < 0 {
                !i32::from(sample)
            } else {
                i32::from(sample)
            } >> 4;
            let segment = 28 - magnitude.leading_zeros().clamp(21, 28);
            let mantissa = if segment < 1 {
                magnitude & 0x0F
            } else {
                (magnitude >> (segment - 1)) & 0x0F
            };
            to_byte(sample >= 0, 0x80, segment, mantissa) ^ 0x55
        }
    }
}

fn to_byte(sign: bool, sign_bit: u8, segment: u32, mantissa: i32) -> u8 {
    // Segment is 0..=7 and mantissa 0..=15, so both fit their fields.
    let low = u8::try_from((segment << 4) | mantissa.unsigned_abs()).unwrap_or(0x7F);
    if sign { sign_bit | low } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loud_and_quiet_samples_encode_as_the_standard_says() {
        // ITU-T G.711: positive maximum, smallest values of either sign.
        assert_eq!(
            (
                encode(Law::Mu, 32_767),
                encode(Law::Mu, -32_768),
                encode(Law::Mu, 0)
            ),
            (0x80, 0x00, 0xFF)
        );
        assert_eq!(
            (
                encode(Law::A, 32_767),
                encode(Law::A, -32_768),
                encode(Law::A, 0)
            ),
            (0xAA, 0x2A, 0xD5)
        );
        assert_eq!((encode(Law::Mu, 1000), encode(Law::A, 1000)), (0xCE, 0xFA));
    }

    #[test]
    fn a_tone_goes_on_across_packets() {
        assert_eq!(
            Audio::Tone.payload(Law::A, 0, 160),
            Audio::Tone.payload(Law::A, 9, 160)
        );
        assert_ne!(
            Audio::Tone.payload(Law::A, 0, 30),
            Audio::Tone.payload(Law::A, 1, 30)
        );
    }
}
