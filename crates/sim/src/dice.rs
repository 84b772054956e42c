//! Chance, from a seed: the same seed rolls the same numbers on every machine.
//!
//! A number is not drawn from a stream but looked up by what it is *for* (`j`: which call, which agent)
//! and which draw of that thing it is (`k`). So a call keeps its fate whoever launches it and whenever,
//! and a change in one corner of a world does not re-roll all others.

use std::time::Duration;

/// Numbers looked up by what they are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dice {
    seed: u64,
}

impl Dice {
    /// The dice of a seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Dice of their own for one kind of thing, so that two kinds never share numbers.
    pub fn kind(self, kind: u64) -> Self {
        Self {
            seed: fmix(self.seed ^ fmix(kind)),
        }
    }

    /// The `k`-th number of thing `j`, in (0, 1).
    pub fn uniform(self, j: u64, k: u64) -> f64 {
        // 53 bits fit a double exactly.
        ((self.bits(j, k) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// The `k`-th number of thing `j`, as 64 bits.
    pub fn bits(self, j: u64, k: u64) -> u64 {
        let thing = self
            .seed
            .wrapping_add(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(j.wrapping_add(1)));
        fmix(fmix(thing) ^ k.wrapping_mul(0xD1B5_4A32_D192_ED03))
    }

    /// A row of numbers for thing `j`, to be rolled one after the other.
    pub fn rolls(self, j: u64) -> Rolls {
        Rolls {
            dice: self,
            j,
            next: 0,
        }
    }
}

/// The numbers of one thing in a row.
#[derive(Clone, Debug)]
pub struct Rolls {
    dice: Dice,
    j: u64,
    next: u64,
}

impl Rolls {
    /// The next number in (0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.next += 1;
        self.dice.uniform(self.j, self.next)
    }

    /// Whether something that happens in `percent` of all cases happens now.
    pub fn percent(&mut self, percent: u32) -> bool {
        self.uniform() * 100.0 < f64::from(percent)
    }

    /// A whole number in `low..=high`; `low` when the range is empty.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        let width = high.saturating_sub(low) + 1;
        let step = (self.uniform() * width as f64) as u64;
        low + step.min(width - 1)
    }

    /// A time in `low..=high`, to the millisecond.
    pub fn time(&mut self, low: Duration, high: Duration) -> Duration {
        let millis = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.between(millis(low), millis(high)))
    }

    /// One of several; `None` when there is none.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let last = choices.len().checked_sub(1)?;
        choices.get(self.between(0, last as u64) as usize)
    }
}

/// The finalizer of splitmix64.
const fn fmix(mut z: u64) -> u64 {
    z ^= z >> 30;
    z = z.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z ^= z >> 27;
    z = z.wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_depends_on_nothing_but_what_it_is_for() {
        let dice = Dice::new(7);
        assert_eq!(dice.bits(3, 1), Dice::new(7).bits(3, 1));
        assert_ne!(dice.bits(3, 1), dice.bits(3, 2));
        assert_ne!(dice.bits(3, 1), dice.bits(4, 1));
        assert_ne!(dice.bits(3, 1), dice.kind(1).bits(3, 1));
    }

    #[test]
    fn ranges_hold_both_ends() {
        let mut rolls = Dice::new(1).rolls(0);
        let rolled: Vec<u64> = (0..200).map(|_| rolls.between(4, 6)).collect();
        assert!(rolled.iter().all(|n| (4..=6).contains(n)));
        assert!(rolled.contains(&4) && rolled.contains(&6));
        assert_eq!(rolls.between(5, 2), 5);
    }
}
