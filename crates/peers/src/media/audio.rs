//! What a peer sends.

use crate::g711::Law;
use crate::random::Random;
use std::sync::OnceLock;

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

/// Samples of one period of 400 Hz at 8 kHz; a packet of 20 ms holds eight whole ones.
const PERIOD: usize = 20;

fn tone(law: Law, n: u64, samples: usize) -> Vec<u8> {
    static PERIODS: [OnceLock<[u8; PERIOD]>; 2] = [const { OnceLock::new() }; 2];
    let period = PERIODS[usize::from(law == Law::Mu)].get_or_init(|| one_period(law));
    let start = n.wrapping_mul(samples as u64) % PERIOD as u64;
    period
        .iter()
        .copied()
        .cycle()
        .skip(start as usize)
        .take(samples)
        .collect()
}

fn one_period(law: Law) -> [u8; PERIOD] {
    std::array::from_fn(|i| {
        let angle = i as f64 / PERIOD as f64 * std::f64::consts::TAU;
        // An eighth of full scale.
        law.nearest((angle.sin() * 4096.0) as i16)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let whole = Audio::Tone.payload(Law::Mu, 0, 60);
        assert_eq!(whole[30..], Audio::Tone.payload(Law::Mu, 1, 30));
    }
}
