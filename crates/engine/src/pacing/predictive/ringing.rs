//! When a ringing call is answered: rates by its age, learned from exposure, and the chances that follow.

use serde::{Deserialize, Serialize};

use super::exposure::{Ages, Ends, Exposure};
use super::level::Level;
use super::outlook::{Chance, MOMENTS, STRIDE, secs_ahead};

/// Seconds after the INVITE: every second at first, since that is where answers come.
const AGES: Ages = Ages(&[
    0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15., 16., 17., 18., 19., 20.,
    21., 22., 23., 24., 25., 26., 27., 28., 29., 30., 31., 32., 33., 34., 35., 36., 37., 38., 39.,
    40., 45., 50., 55., 60., 70., 80., 90., 100., 120.,
]);

/// Ages in seconds for which chances are kept; older calls are as the last.
const ROWS: usize = 130;

/// Seconds that the opinion before any call weighs at each age.
const PRIOR_SECS: f64 = 20.0;

/// Answers a second in that opinion: somewhat more than is usual, so that the first calls are few.
const PRIOR_ANSWERS: f64 = 0.02;

/// Other ends a second in that opinion.
const PRIOR_ENDS: f64 = 0.01;

/// Seconds that the ages around an age may weigh against its own.
const NEIGHBOURS_SECS: f64 = 40.0;

/// Change of the level, as a logarithm, that makes old chances useless.
const LEVEL_STEP: f64 = 0.05;

/// What is known about a campaign's ringing calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Ringing {
    exposure: Exposure,
    answers: Ends,
    others: Ends,
    level: Level,
    /// What the chances were last made of.
    rates: Rates,
}

/// Rates by age, as they were when the chances were made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Rates {
    answers: Vec<AnswerRate>,
    /// Other ends a second.
    others: Vec<f64>,
    /// The factor of the level.
    level: f64,
}

/// Answers at an age in the long run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct AnswerRate {
    /// Answers a second.
    answers: f64,
    /// Relative variance of what is believed about them.
    unsure: f64,
}

impl Ringing {
    pub(super) fn new() -> Self {
        let none = vec![0.0; AGES.len()];
        let mut new = Self {
            exposure: Exposure::new(AGES),
            answers: none.clone(),
            others: none,
            level: Level::new(AGES.len()),
            rates: Rates {
                answers: vec![
                    AnswerRate {
                        answers: PRIOR_ANSWERS,
                        unsure: 1.0,
                    };
                    AGES.len()
                ],
                others: Vec::new(),
                level: 1.0,
            },
        };
        new.renew();
        new
    }

    /// A call rang on from one age to another.
    pub(super) fn rang(&mut self, from: f64, to: f64) {
        let (rates, level) = (&self.rates.answers, &mut self.level);
        self.exposure.add(AGES, from, to, |index, secs| {
            level.rang(index, secs, rates[index].answers);
        });
    }

    /// A call that rang so long was answered.
    pub(super) fn answered(&mut self, age: f64) {
        self.answers[AGES.index(age)] += 1.0;
        self.level.answered();
    }

    /// Judges the level by the time that has passed.
    pub(super) fn settle(&mut self) {
        self.level.settle();
    }

    /// A call that rang so long came to nothing.
    pub(super) fn ended(&mut self, age: f64) {
        self.others[AGES.index(age)] += 1.0;
    }

    /// Relative variance of the present level of answers.
    pub(super) fn level_doubt(&self) -> f64 {
        self.level.estimate().1
    }

    /// Whether the level has left the one for which the chances were made.
    pub(super) fn has_moved(&self) -> bool {
        (self.level.estimate().0 / self.rates.level).ln().abs() > LEVEL_STEP
    }

    /// Takes all that was learned into the rates. Where the long run has learned what the level seemed to
    /// say, the level says it no more.
    pub(super) fn renew(&mut self) {
        let ages = 0..AGES.len();
        self.rates.answers = ages.clone().map(|index| self.answer_rate(index)).collect();
        let other = |index: usize| {
            let ended = self.others[index] + PRIOR_SECS * PRIOR_ENDS;
            ended / (self.exposure.secs(index) + PRIOR_SECS)
        };
        self.rates.others = ages.map(other).collect();
        let rates: Vec<f64> = self.rates.answers.iter().map(|rate| rate.answers).collect();
        self.level.renew(&rates);
        self.rates.level = self.level.estimate().0;
    }

    /// What is known of an age: the answers seen there, and the ages around it where it has few of its own.
    fn answer_rate(&self, index: usize) -> AnswerRate {
        let (mut near, mut near_secs) = (PRIOR_SECS * PRIOR_ANSWERS, PRIOR_SECS);
        for distance in [1, 2] {
            let weight = 0.5 / distance as f64;
            for other in [index.checked_sub(distance), Some(index + distance)] {
                let Some(other) = other.filter(|&other| other < AGES.len()) else {
                    continue;
                };
                let secs = self.exposure.secs(other);
                // However long a neighbour was seen, it tells only so much about this age.
                let share = weight * (60.0 / secs.max(1e-9)).min(1.0);
                near += share * self.answers[other];
                near_secs += share * secs;
            }
        }
        let weight = near_secs.min(NEIGHBOURS_SECS);
        let counted = self.answers[index] + weight * near / near_secs;
        AnswerRate {
            answers: counted / (self.exposure.secs(index) + weight),
            unsure: 1.0 / (counted + 0.5),
        }
    }

    /// The chance of an answer by each moment, for a call of each age in seconds.
    pub(super) fn chances(&self) -> Vec<Chance> {
        let known = |age: &usize| self.exposure.secs(AGES.index(*age as f64)) > 0.0;
        let oldest = (0..ROWS).rev().find(known).unwrap_or(0);
        (0..ROWS.min(oldest + 3))
            .map(|age| self.chance(age))
            .collect()
    }

    fn chance(&self, age: usize) -> Chance {
        let (mut chances, mut doubts) = ([0.0; MOMENTS], [0.0; MOMENTS]);
        let (mut answered, mut doubt) = (0.0, 0.0);
        let mut seconds = self.answers_by_second(age);
        for moment in 0..MOMENTS {
            let until = match moment {
                0 => secs_ahead(0),
                _ => STRIDE,
            };
            for (here, unsure) in seconds.by_ref().take(until as usize) {
                answered += here;
                doubt += here * here * unsure;
            }
            chances[moment] = answered;
            doubts[moment] = doubt.sqrt();
        }
        Chance::new(&chances, &doubts)
    }

    /// The chance that a call of an age is answered in each second from now on, and the relative variance
    /// of what is believed about it.
    fn answers_by_second(&self, age: usize) -> impl Iterator<Item = (f64, f64)> {
        let mut rings = 1.0;
        (age..).map(move |age| {
            let index = AGES.index(age as f64);
            let AnswerRate { answers, unsure } = self.rates.answers[index];
            let answers = answers * self.rates.level;
            let leaves = answers + self.rates.others[index];
            let left = rings * (1.0 - (-leaves).exp());
            rings -= left;
            (left * answers / leaves.max(1e-12), unsure)
        })
    }

    /// When a new call is answered, if it is: the share of the answers around each moment.
    pub(super) fn answer_times(&self) -> [f64; MOMENTS] {
        let mut times = [0.0; MOMENTS];
        let seconds = self.answers_by_second(0);
        for (second, (here, _)) in seconds.take(MOMENTS * STRIDE as usize).enumerate() {
            times[second / STRIDE as usize] += here;
        }
        let all = times.iter().sum::<f64>().max(1e-12);
        times.map(|here| here / all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_any_call_about_two_in_five_are_thought_to_answer_and_nobody_is_sure() {
        let ringing = Ringing::new();
        let call = ringing.chance(0);
        let all = call.mean(MOMENTS - 1);
        assert!((0.3..0.5).contains(&all), "{all}");
        assert!(ringing.level_doubt() >= 0.5);
    }

    #[test]
    fn what_happened_at_an_age_is_expected_at_that_age() {
        let mut ringing = Ringing::new();
        for call in 0..2_000 {
            let answers = call % 4 == 0;
            let end = if answers { 8.5 } else { 30.0 };
            ringing.rang(0.0, end);
            match answers {
                true => ringing.answered(end),
                false => ringing.ended(end),
            }
        }
        ringing.renew();
        let fresh = ringing.chance(0);
        assert!(fresh.mean(2) < 0.03, "{fresh:?}");
        assert!((fresh.mean(MOMENTS - 1) - 0.25).abs() < 0.02, "{fresh:?}");
        let late = ringing.chance(12);
        assert!(late.mean(MOMENTS - 1) < 0.03, "{late:?}");
        let times: f64 = ringing.answer_times().iter().sum();
        assert!((times - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_moved_level_moves_the_chances() {
        let mut ringing = Ringing::new();
        for call in 0..1_000 {
            ringing.rang(0.0, 10.0);
            match call % 2 {
                0 => ringing.answered(10.0),
                _ => ringing.ended(10.0),
            }
        }
        ringing.renew();
        let before = ringing.chance(0).mean(6);
        for _ in 0..200 {
            ringing.rang(0.0, 10.0);
            ringing.ended(10.0);
        }
        ringing.settle();
        assert!(ringing.has_moved());
        ringing.renew();
        let after = ringing.chance(0).mean(6);
        assert!(after < 0.6 * before, "{before} {after}");
    }
}
