//! The short tone that an agent hears before a callee's first word, and silence.

use std::f64::consts::TAU;
use std::sync::LazyLock;

use super::g711::{Law, SAMPLES_PER_SECOND};

/// Samples, and bytes, of one 20 ms packet of G.711.
pub const FRAME: usize = 160;

/// Packets that the tone at joining takes: 100 ms.
pub const TONE_FRAMES: usize = 5;

const FREQUENCY_HZ: f64 = 440.0;
/// About −15 dBm0: well audible, not startling.
const AMPLITUDE: f64 = 5_600.0;
/// Rise and fall of 5 ms, so that the tone does not click.
const EDGE: usize = 40;

/// The tone in one law, as [`TONE_FRAMES`] payloads in a row.
#[must_use]
pub fn joining_tone(law: Law) -> &'static [u8] {
    static TONES: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
        [Law::Pcmu, Law::Pcma].map(|law| samples().map(|s| law.encode(s)).collect())
    });
    match law {
        Law::Pcmu => &TONES[0],
        Law::Pcma => &TONES[1],
    }
}

/// One packet of silence.
#[must_use]
pub fn silence(law: Law) -> [u8; FRAME] {
    [law.silence(); FRAME]
}

fn samples() -> impl Iterator<Item = i16> {
    let total = FRAME * TONE_FRAMES;
    (0..total).map(move |at| {
        let edge = at.min(total - 1 - at).min(EDGE) as f64 / EDGE as f64;
        let angle = TAU * FREQUENCY_HZ * at as f64 / f64::from(SAMPLES_PER_SECOND);
        (angle.sin() * AMPLITUDE * edge) as i16
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tone_lasts_a_tenth_of_a_second_and_can_be_heard() {
        for law in [Law::Pcmu, Law::Pcma] {
            let tone = joining_tone(law);
            assert_eq!(tone.len(), SAMPLES_PER_SECOND as usize / 10);
            let loudest = tone
                .iter()
                .map(|byte| law.decode(*byte).unsigned_abs())
                .max()
                .expect("samples");
            assert!((5_000..6_000).contains(&loudest), "{loudest}");
            assert!(law.decode(tone[0]).abs() < 16, "it begins softly");
        }
    }
}
