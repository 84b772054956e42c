//! Chance that can be repeated.

use crate::clients::now_ms;
use crate::harness::soak;

/// The seed of every day; other runs of the long variant have others.
const SEED: u64 = 20_261_120;

/// A generator after Marsaglia (xorshift64*): small, and good enough to choose edits.
pub(crate) struct Chance(u64);

impl Chance {
    /// With the seed of `OUTDIAL_TEST_SEED`, else the one of every day. It is printed.
    pub(crate) fn seeded(what: &str) -> Self {
        let given = std::env::var("OUTDIAL_TEST_SEED").ok();
        let given = given.map(|seed| seed.parse().expect("OUTDIAL_TEST_SEED is a number"));
        let seed = given.unwrap_or_else(|| match soak() {
            true => now_ms().unsigned_abs(),
            false => SEED,
        });
        println!("{what}: OUTDIAL_TEST_SEED={seed}");
        // Zero would stay zero.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    /// From 0 to `end`, without `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    pub(crate) fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}
