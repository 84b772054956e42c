//! What is expected at some moments ahead, as sums of independent chances, and the probability that more
//! callees answer than agents are there.

/// Moments ahead at which the future is looked at: every two seconds from one second on.
pub(super) const MOMENTS: usize = 16;

/// Seconds between two moments.
pub(super) const STRIDE: f64 = 2.0;

/// Seconds from now to a moment.
pub(super) fn secs_ahead(moment: usize) -> f64 {
    STRIDE.mul_add(moment as f64, 1.0)
}

/// One value for each moment.
pub(super) type Series = [f32; MOMENTS];

/// What one call, or one agent, adds: the chance that it has answered, or come free, by each moment, as
/// the moments of a sum of such chances, and how much of it is guessed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Chance {
    mean: Series,
    variance: Series,
    third: Series,
    doubt: Series,
}

impl Chance {
    /// Chances, each with the standard deviation of what is believed about it.
    pub(super) fn new(chances: &[f64; MOMENTS], doubts: &[f64; MOMENTS]) -> Self {
        let mut new = Self::default();
        for moment in 0..MOMENTS {
            let chance = chances[moment].clamp(0.0, 1.0);
            let variance = chance * (1.0 - chance);
            new.mean[moment] = chance as f32;
            new.variance[moment] = variance as f32;
            new.third[moment] = (variance * (1.0 - 2.0 * chance)) as f32;
            new.doubt[moment] = doubts[moment] as f32;
        }
        new
    }

    #[cfg(test)]
    pub(super) fn mean(&self, moment: usize) -> f64 {
        f64::from(self.mean[moment])
    }
}

/// The sum of many chances. The doubts about chances of one kind are one doubt: they add up before they
/// are squared.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sum(Chance);

impl Sum {
    /// Adds so many times the same.
    pub(super) fn add(&mut self, chance: &Chance, times: f32) {
        let sum = &mut self.0;
        for moment in 0..MOMENTS {
            sum.mean[moment] += times * chance.mean[moment];
            sum.variance[moment] += times * chance.variance[moment];
            sum.third[moment] += times * chance.third[moment];
            sum.doubt[moment] += times * chance.doubt[moment];
        }
    }
}

/// What is expected of a group of agents and of the calls for them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Outlook {
    /// Callees who answer.
    answers: Sum,
    /// Agents who come free in time for a callee that answers at each moment.
    agents: Sum,
    /// Relative variance of the level of answers.
    level: f32,
}

impl Outlook {
    pub(super) fn new(answers: Sum, agents: Sum, level: f64) -> Self {
        Self {
            answers,
            agents,
            level: level as f32,
        }
    }

    /// One more call.
    pub(super) fn add_call(&mut self, call: &Chance) {
        self.answers.add(call, 1.0);
    }

    /// The probability that a callee who answers at a moment finds as many answers before it as there
    /// are agents: those free now, less the callees who wait, and those who come free.
    pub(super) fn overflow(&self, free: f64, moment: usize) -> f64 {
        let (answers, agents) = (&self.answers.0, &self.agents.0);
        let mean = f64::from(answers.mean[moment] - agents.mean[moment]);
        let believed = self.level * answers.mean[moment] * answers.mean[moment]
            + answers.doubt[moment] * answers.doubt[moment]
            + agents.doubt[moment] * agents.doubt[moment];
        let variance = f64::from(answers.variance[moment] + agents.variance[moment] + believed);
        let third = f64::from(answers.third[moment] - agents.third[moment]);
        at_least(free, mean, variance, third)
    }
}

/// The probability that a sum of chances comes to at least so many: the normal distribution, corrected
/// for its skewness (the first term of Edgeworth's expansion) and for whole numbers.
fn at_least(count: f64, mean: f64, variance: f64, third: f64) -> f64 {
    if variance < 1e-9 {
        return f64::from(u8::from(mean >= count - 0.5));
    }
    let deviation = variance.sqrt();
    let z = (count - 0.5 - mean) / deviation;
    if z.abs() > 6.0 {
        return f64::from(u8::from(z < 0.0));
    }
    let density = (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
    let skewness = third / (variance * deviation);
    let corrected = upper_tail(z, density) + skewness / 6.0 * (z * z - 1.0) * density;
    corrected.clamp(0.0, 1.0)
}

/// The standard normal distribution above a value, to seven digits.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.17.
fn upper_tail(z: f64, density: f64) -> f64 {
    const TERMS: [f64; 5] = [
        0.319_381_530,
        -0.356_563_782,
        1.781_477_937,
        -1.821_255_978,
        1.330_274_429,
    ];
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let sum = TERMS.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
    match z < 0.0 {
        true => 1.0 - density * sum,
        false => density * sum,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(chance: f64) -> Chance {
        Chance::new(&[chance; MOMENTS], &[0.0; MOMENTS])
    }

    /// The exact probability that so many equal chances come to at least so many.
    fn binomial(n: u32, chance: f64, at_least: u32) -> f64 {
        let mut below = 0.0;
        let mut term = (1.0 - chance).powi(n as i32);
        for k in 0..at_least {
            below += term;
            term *= f64::from(n - k) / f64::from(k + 1) * chance / (1.0 - chance);
        }
        1.0 - below
    }

    #[test]
    fn the_normal_tail_is_that_of_the_tables() {
        for (z, tail) in [
            (0.0, 0.5),
            (1.0, 0.158_655),
            (-1.0, 0.841_345),
            (3.0, 0.001_350),
        ] {
            let density = (-0.5_f64 * z * z).exp() / std::f64::consts::TAU.sqrt();
            assert!((upper_tail(z, density) - tail).abs() < 1e-6, "{z}");
        }
    }

    #[test]
    fn overflow_is_near_the_exact_probability_where_decisions_fall() {
        for (calls, chance, free) in [(3, 0.3, 1), (6, 0.3, 4), (20, 0.2, 8), (200, 0.3, 75)] {
            let mut answers = Sum::default();
            answers.add(&flat(chance), calls as f32);
            let outlook = Outlook::new(answers, Sum::default(), 0.0);
            let exact = binomial(calls, chance, free);
            let found = outlook.overflow(f64::from(free), 3);
            assert!((found - exact).abs() < 0.02, "{calls}: {found} {exact}");
        }
    }

    #[test]
    fn one_call_for_one_agent_cannot_overflow_and_doubt_makes_careful() {
        let mut outlook = Outlook::default();
        assert_eq!(outlook.overflow(1.0, 0), 0.0);
        assert_eq!(outlook.overflow(0.0, 0), 1.0);
        outlook.add_call(&flat(0.3));
        let sure = outlook.overflow(2.0, 0);
        outlook.level = 1.0;
        assert!(outlook.overflow(2.0, 0) > sure);
    }
}
