//! Seeded numbers that are the same on every machine and with every compiler.
//!
//! A plan is drawn for a number, not from a sequence, so that the order in which calls arrive
//! changes nothing: the generator starts anew from seed, number and attempt.

/// SplitMix64: small, well mixed, and its output will not change with a library's version.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// A generator for one subject, for instance seed 7 and number `10085`.
    pub(crate) fn new(seed: u64, subject: &str, index: u64) -> Self {
        // FNV-1a over the text; SplitMix64 then does the mixing.
        let hash = subject.bytes().fold(0xCBF2_9CE4_8422_2325, |h: u64, b| {
            (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3)
        });
        let mut random = Self(seed);
        let mixed = random.next() ^ hash;
        random.0 = mixed;
        let mixed = random.next() ^ index;
        random.0 = mixed;
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 up to, not including, 1.
    pub(crate) fn share(&mut self) -> f64 {
        // 53 bits fill the mantissa exactly.
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let bits = (self.next() >> 11) as f64;
        bits / (1u64 << 53) as f64
    }

    /// Evenly from the range, in milliseconds.
    pub(crate) fn between(
        &mut self,
        range: &std::ops::Range<std::time::Duration>,
    ) -> std::time::Duration {
        let span = range.end.saturating_sub(range.start);
        range.start + span.mul_f64(self.share())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_subject_same_numbers_whatever_the_order() {
        let draw = |seed, subject: &str, index| Random::new(seed, subject, index).next();
        assert_eq!(draw(7, "10085", 0), draw(7, "10085", 0));
        assert_ne!(draw(7, "10085", 0), draw(7, "10085", 1));
        assert_ne!(draw(7, "10085", 0), draw(7, "10086", 0));
        assert_ne!(draw(7, "10085", 0), draw(8, "10085", 0));
    }

    #[test]
    fn shares_are_spread_evenly() {
        let below = (0..10_000)
            .filter(|n| Random::new(1, &n.to_string(), 0).share() < 0.3)
            .count();
        assert!((2_850..3_150).contains(&below), "{below}");
    }
}
