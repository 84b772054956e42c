//! When a busy agent comes free: rates of the end of a conversation and of a wrap-up by their age, and the
//! chances that follow.

use serde::{Deserialize, Serialize};

use super::exposure::{Ages, Ends, Exposure};
use super::outlook::{Chance, MOMENTS, STRIDE, secs_ahead};

/// Seconds of a conversation.
const TALK: Ages = Ages(&[
    0., 5., 10., 20., 30., 45., 60., 80., 100., 130., 160., 200., 250., 300., 400., 500., 700.,
    1000.,
]);

/// Seconds of a wrap-up.
const WRAP_UP: Ages = Ages(&[0., 2., 5., 10., 15., 20., 30., 60., 120.]);

/// Ends that the opinion before any conversation weighs at each age.
const PRIOR_ENDS: f64 = 2.0;

/// Seconds of a conversation in that opinion.
const PRIOR_TALK: f64 = 100.0;

/// Seconds of a wrap-up in that opinion.
const PRIOR_WRAP_UP: f64 = 10.0;

/// Seconds of age between two rows of chances of agents who talk.
const TALK_STRIDE: f64 = 5.0;

/// Rows of chances of agents who talk, and who are in wrap-up (one a second).
const TALK_ROWS: usize = 200;
const WRAP_UP_ROWS: usize = 120;

/// Longest wait of a callee in seconds that is looked at.
const PATIENCE_MAX: f64 = 60.0;

/// How long one of the two lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stay {
    exposure: Exposure,
    ends: Ends,
    /// Ends a second at each age, and how many stand behind them, as of the last renewal.
    rates: Vec<(f64, f64)>,
}

impl Stay {
    fn new(ages: Ages, prior_secs: f64) -> Self {
        let mut new = Self {
            exposure: Exposure::new(ages),
            ends: vec![0.0; ages.len()],
            rates: Vec::new(),
        };
        new.renew(prior_secs);
        new
    }

    fn renew(&mut self, prior_secs: f64) {
        let ends: f64 = self.ends.iter().sum();
        let all = (ends + PRIOR_ENDS) / (self.exposure.total() + PRIOR_ENDS * prior_secs);
        let rate = |(index, ends): (usize, &f64)| {
            let secs = self.exposure.secs(index) + PRIOR_ENDS / all;
            ((ends + PRIOR_ENDS) / secs, ends + 1.0)
        };
        self.rates = self.ends.iter().enumerate().map(rate).collect();
    }

    fn rate(&self, ages: Ages, age: f64) -> f64 {
        self.rates[ages.index(age)].0
    }
}

/// What is known about the agents of a campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Handling {
    talk: Stay,
    wrap_up: Stay,
}

/// The chances of agents to come free in time, by how long they have been at it.
#[derive(Clone, Debug, Default)]
pub(super) struct AgentChances {
    talking: Vec<Chance>,
    wrapping: Vec<Chance>,
}

impl AgentChances {
    pub(super) fn talking(&self, age: f64) -> Option<&Chance> {
        row(&self.talking, age / TALK_STRIDE)
    }

    pub(super) fn wrapping(&self, age: f64) -> Option<&Chance> {
        row(&self.wrapping, age)
    }
}

fn row(rows: &[Chance], index: f64) -> Option<&Chance> {
    rows.get((index.max(0.0) as usize).min(rows.len().saturating_sub(1)))
}

impl Handling {
    pub(super) fn new() -> Self {
        Self {
            talk: Stay::new(TALK, PRIOR_TALK),
            wrap_up: Stay::new(WRAP_UP, PRIOR_WRAP_UP),
        }
    }

    /// A conversation went on from one age to another.
    pub(super) fn talked(&mut self, from: f64, to: f64) {
        self.talk.exposure.add(TALK, from, to, |_, _| ());
    }

    /// A conversation was over after so long.
    pub(super) fn talk_ended(&mut self, age: f64) {
        self.talk.ends[TALK.index(age)] += 1.0;
    }

    /// A wrap-up went on from one age to another.
    pub(super) fn wrapped_up(&mut self, from: f64, to: f64) {
        self.wrap_up.exposure.add(WRAP_UP, from, to, |_, _| ());
    }

    /// A wrap-up was over after so long.
    pub(super) fn wrap_up_ended(&mut self, age: f64) {
        self.wrap_up.ends[WRAP_UP.index(age)] += 1.0;
    }

    /// Takes all that was learned into the rates.
    pub(super) fn renew(&mut self) {
        self.talk.renew(PRIOR_TALK);
        self.wrap_up.renew(PRIOR_WRAP_UP);
    }

    /// The chance of an agent to be free for a callee who answers at each moment and waits so long.
    pub(super) fn chances(&self, patience: f64) -> AgentChances {
        let patience = patience.clamp(0.0, PATIENCE_MAX);
        let strides_to = |moment: usize| (secs_ahead(moment) + patience) / STRIDE;
        let strides = strides_to(MOMENTS - 1) as usize + 2;
        let in_time = |free: &[f64]| {
            std::array::from_fn(|moment| {
                let whole = strides_to(moment) as usize;
                let rest = strides_to(moment) - whole as f64;
                free[whole] + rest * (free[whole + 1] - free[whole])
            })
        };
        let wrapping = (0..WRAP_UP_ROWS).map(|age| {
            let free = self.free_after_wrap_up(age as f64, strides);
            Chance::new(&in_time(&free), &[0.0; MOMENTS])
        });
        let after_talk = self.free_after_wrap_up(0.0, strides);
        let talking = (0..TALK_ROWS).map(|row| {
            let age = (row as f64 + 0.5) * TALK_STRIDE;
            let (free, doubts) = self.free_after_talk(age, &after_talk);
            Chance::new(&in_time(&free), &in_time(&doubts))
        });
        AgentChances {
            talking: talking.collect(),
            wrapping: wrapping.collect(),
        }
    }

    /// The chance that a wrap-up of an age is over, after each of so many strides.
    fn free_after_wrap_up(&self, age: f64, strides: usize) -> Vec<f64> {
        let mut lasts = 1.0;
        let mut free = vec![0.0];
        free.extend((1..strides).map(|stride| {
            let at = age + (stride as f64 - 0.5) * STRIDE;
            lasts *= (-STRIDE * self.wrap_up.rate(WRAP_UP, at)).exp();
            1.0 - lasts
        }));
        free
    }

    /// The chance that a conversation of an age and its wrap-up are over, after as many strides as the
    /// wrap-up's own chances are given for, and the deviation of what is believed about it.
    fn free_after_talk(&self, age: f64, after_talk: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let strides = after_talk.len();
        let (mut ends, mut doubts) = (Vec::with_capacity(strides), vec![0.0]);
        let mut by_age = vec![0.0; TALK.len()];
        let mut lasts = 1.0;
        for stride in 0..strides - 1 {
            let index = TALK.index(age + (stride as f64 + 0.5) * STRIDE);
            let next = lasts * (-STRIDE * self.talk.rates[index].0).exp();
            ends.push(lasts - next);
            by_age[index] += lasts - next;
            lasts = next;
            let believed = by_age.iter().zip(&self.talk.rates);
            let variance: f64 = believed
                .map(|(share, (_, seen))| share * share / seen)
                .sum();
            doubts.push(variance.sqrt());
        }
        let free = (0..strides).map(|stride| {
            let before = ends[..stride].iter().zip((1..=stride).rev());
            let free =
                before.map(|(ended, left)| ended * 0.5 * (after_talk[left] + after_talk[left - 1]));
            free.sum()
        });
        (free.collect(), doubts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_in_wrap_up_comes_free_before_one_who_talks_and_both_do_in_the_end() {
        let mut handling = Handling::new();
        for _ in 0..500 {
            handling.talked(0.0, 60.0);
            handling.talk_ended(60.0);
            handling.wrapped_up(0.0, 8.0);
            handling.wrap_up_ended(8.0);
        }
        handling.renew();
        let chances = handling.chances(2.0);
        let late = MOMENTS - 1;
        let wrapping = chances.wrapping(4.0).unwrap().mean(3);
        let talking = chances.talking(10.0).unwrap().mean(3);
        assert!(wrapping > 0.5 && talking < 0.1, "{wrapping} {talking}");
        assert!(chances.talking(58.0).unwrap().mean(late) > 0.9);
        assert!(chances.talking(1e9).is_some());
    }

    #[test]
    fn a_callee_who_waits_longer_finds_more_agents() {
        let handling = Handling::new();
        let chance = |patience| handling.chances(patience).talking(30.0).unwrap().mean(4);
        assert!(chance(0.0) < chance(2.0) && chance(2.0) < chance(16.0));
        assert!(chance(16.0) < chance(60.0));
    }

    #[test]
    fn the_first_conversations_say_nothing_about_long_ones() {
        let mut handling = Handling::new();
        for _ in 0..100 {
            handling.talked(0.0, 15.0);
        }
        handling.renew();
        let chances = handling.chances(2.0);
        let doubt = |age| chances.talking(age).unwrap();
        assert!(doubt(12.0).mean(7) < 0.35);
    }
}
