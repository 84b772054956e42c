//! How a duration spreads around its mean: talk times, ringing times, wrap-ups.

use std::time::Duration;

/// A distribution of durations, sampled by its inverse so that one uniform number gives one duration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spread {
    /// Always the same.
    Fixed(Duration),
    /// Anything between two durations, all equally likely.
    Even(Duration, Duration),
    /// Exponential around a mean.
    Exponential(Duration),
    /// Lognormal around a mean, with this standard deviation in parts of the mean.
    Lognormal {
        /// The mean.
        mean: Duration,
        /// Standard deviation ÷ mean.
        cv: f64,
    },
}

impl Spread {
    /// The duration at which this share `u` of all durations is shorter, in seconds; `u` in (0, 1).
    pub fn secs_at(self, u: f64) -> f64 {
        match self {
            Self::Fixed(fixed) => fixed.as_secs_f64(),
            Self::Even(low, high) => {
                let (low, high) = (low.as_secs_f64(), high.as_secs_f64());
                low + (high - low) * u
            }
            Self::Exponential(mean) => -mean.as_secs_f64() * (1.0 - u).ln(),
            Self::Lognormal { mean, cv } => {
                let variance = (1.0 + cv * cv).ln();
                let mu = mean.as_secs_f64().ln() - variance / 2.0;
                (mu + variance.sqrt() * normal_at(u)).exp()
            }
        }
    }

    /// The same as a duration, to the millisecond.
    pub fn at(self, u: f64) -> Duration {
        let millis = (self.secs_at(u) * 1000.0).round();
        // `as` saturates, and turns a value that is no number into zero.
        Duration::from_millis(millis as u64)
    }
}

/// The standard normal distribution's inverse.
///
/// Source: M. J. Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution",
/// Applied Statistics 37 (1988), PPND16: good to about one part in 10^16.
fn normal_at(u: f64) -> f64 {
    let q = u - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * fraction(r, &CENTRE);
    }
    let tail = if q < 0.0 { u } else { 1.0 - u };
    let r = (-tail.ln()).sqrt();
    let value = if r <= 5.0 {
        fraction(r - 1.6, &MIDDLE)
    } else {
        fraction(r - 5.0, &FAR)
    };
    if q < 0.0 { -value } else { value }
}

/// Numerator and denominator of a rational approximation, lowest power first.
type Rational = ([f64; 8], [f64; 8]);

fn fraction(r: f64, (above, below): &Rational) -> f64 {
    let polynomial = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, c| sum * r + c);
    polynomial(above) / polynomial(below)
}

#[allow(clippy::excessive_precision)] // As the paper prints them.
const CENTRE: Rational = (
    [
        3.387_132_872_796_366_608_0,
        1.331_416_678_917_843_774_5e2,
        1.971_590_950_306_551_442_7e3,
        1.373_169_376_550_946_112_5e4,
        4.592_195_393_154_987_145_7e4,
        6.726_577_092_700_870_085_3e4,
        3.343_057_558_358_812_810_5e4,
        2.509_080_928_730_122_672_7e3,
    ],
    [
        1.0,
        4.231_333_070_160_091_125_2e1,
        6.871_870_074_920_579_083_0e2,
        5.394_196_021_424_751_107_7e3,
        2.121_379_430_158_659_586_7e4,
        3.930_789_580_009_271_061_0e4,
        2.872_908_573_572_194_267_4e4,
        5.226_495_278_852_854_561_0e3,
    ],
);

#[allow(clippy::excessive_precision)] // As the paper prints them.
const MIDDLE: Rational = (
    [
        1.423_437_110_749_683_577_34,
        4.630_337_846_156_545_295_9,
        5.769_497_221_460_691_405_5,
        3.647_848_324_763_204_605_04,
        1.270_458_252_452_368_382_58,
        2.417_807_251_774_506_117_7e-1,
        2.272_384_498_926_918_458_33e-2,
        7.745_450_142_783_414_076_4e-4,
    ],
    [
        1.0,
        2.053_191_626_637_758_821_87,
        1.676_384_830_183_803_849_4,
        6.897_673_349_851_000_045_5e-1,
        1.481_039_764_274_800_745_9e-1,
        1.519_866_656_361_645_719_66e-2,
        5.475_938_084_995_344_946e-4,
        1.050_750_071_644_416_843_24e-9,
    ],
);

#[allow(clippy::excessive_precision)] // As the paper prints them.
const FAR: Rational = (
    [
        6.657_904_643_501_103_777_2,
        5.463_784_911_164_114_369_9,
        1.784_826_539_917_291_335_8,
        2.965_605_718_285_048_912_3e-1,
        2.653_218_952_657_612_309_3e-2,
        1.242_660_947_388_078_438_6e-3,
        2.711_555_568_743_487_578_15e-5,
        2.010_334_399_292_288_132_65e-7,
    ],
    [
        1.0,
        5.998_322_065_558_879_376_9e-1,
        1.369_298_809_227_358_053_1e-1,
        1.487_536_129_085_061_485_25e-2,
        7.868_691_311_456_132_591e-4,
        1.846_318_317_510_054_681_8e-5,
        1.421_511_758_316_445_888_7e-7,
        2.044_263_103_389_939_785_64e-15,
    ],
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Dice;

    #[test]
    fn talk_and_wrap_up_of_the_yardsticks_world_come_out_as_published() {
        // World YW1 with seed 1: talk is lognormal around 120 s, wrap-up exponential around 10 s.
        let dice = Dice::new(1);
        let talk = Spread::Lognormal {
            mean: Duration::from_secs(120),
            cv: 1.0,
        };
        let wrap_up = Spread::Exponential(Duration::from_secs(10));
        for (call, talks, wraps) in [
            (0, 76.147_847, 24.540_733),
            (2, 119.083_956, 11.954_462),
            (5, 68.894_124, 6.732_448),
        ] {
            assert!((talk.secs_at(dice.uniform(call, 3)) - talks).abs() < 1e-6);
            assert!((wrap_up.secs_at(dice.uniform(call, 4)) - wraps).abs() < 1e-6);
        }
    }
}
