//! What becomes of the j-th call of a list: fixed before anybody launches it.

use std::f64::consts::TAU;
use std::sync::LazyLock;
use std::time::Duration;

use crate::dice::Dice;
use crate::spread::Spread;

/// The share of callees who pick up, by the time in seconds since the shift began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AnswerRate {
    /// Always the same, between 0 and 1.
    Steady(f64),
    /// A wave of three hours around 0.30, and 0.10 less in two stretches of the day.
    Drifting,
    /// One share before an instant, and another from it on.
    Jump {
        /// The share before.
        before: f64,
        /// Seconds.
        at: f64,
        /// The share after.
        after: f64,
    },
}

impl AnswerRate {
    /// The share at a time.
    #[must_use]
    pub fn at(self, time: f64) -> f64 {
        match self {
            Self::Steady(share) => share,
            Self::Drifting => {
                let low =
                    (7_200.0..10_800.0).contains(&time) || (18_000.0..23_400.0).contains(&time);
                0.30 + 0.12 * (TAU * time / 10_800.0).sin() - if low { 0.10 } else { 0.0 }
            }
            Self::Jump { before, at, after } => match time < at {
                true => before,
                false => after,
            },
        }
    }
}

/// How a call ends for the dialer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Result {
    /// A person picks up.
    Live,
    /// It rings until the time is over.
    NoAnswer,
    /// The line is busy.
    Busy,
    /// There is no such number.
    Invalid,
}

/// One call's draws. Times in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Callee {
    /// How it ends.
    pub result: Result,
    /// From the launch to the result.
    pub rings: f64,
    /// How long the conversation is.
    pub talks: f64,
    /// The agent's wrap-up.
    pub wrap_up: f64,
    /// How long the callee waits before it hangs up by itself.
    pub waits: f64,
}

/// The draws of a list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draws {
    /// The seed.
    pub seed: u64,
    /// The share of callees who pick up.
    pub answer_rate: AnswerRate,
    /// Mean of a conversation; its coefficient of variation is 1.
    pub talk_mean: Duration,
    /// Mean of a callee's own patience, which ends with a constant hazard; `None` for callees who
    /// hold on.
    pub hang_up_mean: Option<Duration>,
}

/// The time until a person picks up, counted from two seconds after the launch.
const RING: Spread = Spread::Lognormal {
    mean: Duration::from_secs(10),
    cv: 0.6,
};

/// Longest of those times.
const RING_MAX: f64 = 28.0;

const WRAP_UP: Spread = Spread::Exponential(Duration::from_secs(10));

impl Draws {
    fn talks(&self) -> Spread {
        Spread::Lognormal {
            mean: self.talk_mean,
            cv: 1.0,
        }
    }

    /// The callee of the call with a number, which is launched at a time.
    #[must_use]
    pub fn callee(&self, call: u64, launched: f64) -> Callee {
        let dice = Dice::new(self.seed);
        let uniform = |kind| dice.uniform(call, kind);
        let picks_up = self.answer_rate.at(launched);
        let (result, rings) = if uniform(1) < picks_up {
            (Result::Live, 2.0 + rings_until_live(uniform(2)))
        } else {
            let rest = (uniform(1) - picks_up) / (1.0 - picks_up);
            let quick = -(1.0 - uniform(2)).ln();
            match rest {
                ..0.75 => (Result::NoAnswer, 30.0),
                ..0.90 => (Result::Busy, (2.0 + 2.0 * quick).min(30.0)),
                _ => (Result::Invalid, (1.0 + quick).min(30.0)),
            }
        };
        Callee {
            result,
            rings,
            talks: self.talks().secs_at(uniform(3)),
            wrap_up: WRAP_UP.secs_at(uniform(4)),
            waits: match self.hang_up_mean {
                Some(mean) => Spread::Exponential(mean).secs_at(uniform(5)),
                None => f64::INFINITY,
            },
        }
    }
}

fn rings_until_live(uniform: f64) -> f64 {
    static BELOW_MAX: LazyLock<f64> = LazyLock::new(|| share_below(RING_MAX));
    RING.secs_at(uniform * *BELOW_MAX)
}

/// The share of ringing times below one, by bisection.
fn share_below(secs: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    // A hundred halvings leave nothing between two neighbouring numbers.
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        match RING.secs_at(middle) < secs {
            true => low = middle,
            false => high = middle,
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_values_are_drawn() {
        let draws = Draws {
            seed: 1,
            answer_rate: AnswerRate::Steady(0.3),
            talk_mean: Duration::from_secs(120),
            hang_up_mean: None,
        };
        let same =
            |found: f64, golden: f64| assert!((found - golden).abs() < 1e-6, "{found} {golden}");
        let call = |number| draws.callee(number, 0.0);
        assert_eq!((call(0).result, call(0).rings), (Result::NoAnswer, 30.0));
        same(call(0).talks, 76.147_847);
        same(call(0).wrap_up, 24.540_733);
        assert_eq!(call(2).result, Result::Live);
        same(call(2).rings, 6.639_867);
        same(call(2).talks, 119.083_956);
        same(call(2).wrap_up, 11.954_462);
        assert_eq!(call(3).result, Result::Busy);
        same(call(3).rings, 5.357_265);
        assert_eq!(call(5).result, Result::Live);
        same(call(5).rings, 9.723_104);
        same(call(5).talks, 68.894_124);
        same(call(5).wrap_up, 6.732_448);
    }
}
