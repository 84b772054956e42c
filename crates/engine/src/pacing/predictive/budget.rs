//! The ceiling on abandonment as a budget, spent at a steady price.

use serde::{Deserialize, Serialize};

/// The share of the ceiling at which the price aims; the rest is for what happens by chance.
const AIM: f64 = 0.96;

/// How strongly what is left of the budget moves the price, for a budget of one abandoned call an hour.
const PULL: f64 = 0.16;

/// Abandoned calls after which an old one counts 1/e for the exchange.
const MEMORY: f64 = 100.0;

/// Abandoned calls that the opinion about the exchange weighs, and that opinion.
const PRIOR: f64 = 5.0;
const PRIOR_EXCHANGE: f64 = 0.9;

/// Highest price: beyond it more is lost than an agent's wait is worth.
const PRICE_MAX: f64 = 0.5;

/// A ceiling as a budget over a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Budget {
    /// Most abandoned of all live answers; between 0 and 1.
    ceiling: f64,
    /// Live answers and abandoned ones in the window.
    live: f64,
    abandoned: f64,
    /// Prices at which live answers were bought, and those of them that were abandoned: what a price
    /// really costs. Both fade.
    paid: f64,
    lost: f64,
}

impl Budget {
    pub(super) fn new(ceiling: f64) -> Self {
        Self {
            ceiling: ceiling.clamp(0.0, 1.0),
            live: 0.0,
            abandoned: 0.0,
            paid: 0.0,
            lost: 0.0,
        }
    }

    /// Another ceiling; what was learned and spent stays.
    pub(super) fn revise(&mut self, ceiling: f64) {
        self.ceiling = ceiling.clamp(0.0, 1.0);
    }

    /// A new window begins: what was spent is forgotten, what was learned is not.
    pub(super) fn begin_window(&mut self) {
        (self.live, self.abandoned) = (0.0, 0.0);
    }

    /// A person answered while calls cost so much.
    pub(super) fn live(&mut self, price: f64) {
        let kept = 1.0 - self.goal() / MEMORY;
        self.live += 1.0;
        self.paid = (self.paid + price) * kept;
        self.lost *= kept;
    }

    pub(super) fn abandoned(&mut self) {
        self.abandoned += 1.0;
        self.lost += 1.0;
    }

    fn goal(&self) -> f64 {
        AIM * self.ceiling
    }

    /// Abandoned calls that the window has left.
    pub(super) fn left(&self) -> f64 {
        self.goal() * self.live - self.abandoned
    }

    /// The most that a call may cost: the probability that its answer, if it is answered, or one for which
    /// it takes the agent, is abandoned. `hours` of the window have passed.
    pub(super) fn price(&self, hours: f64) -> f64 {
        let exchange = (self.lost + PRIOR) / (self.paid + PRIOR / PRIOR_EXCHANGE);
        let hourly = (self.ceiling * self.live / hours.max(0.25)).max(3.0);
        let pull = PULL / hourly.sqrt() * self.left();
        (self.goal() / exchange * pull.clamp(-40.0, 40.0).exp()).min(PRICE_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(live: u32, abandoned: u32) -> Budget {
        let mut budget = Budget::new(0.03);
        for answer in 1..=live {
            budget.live(budget.price(1.0));
            if answer * abandoned / live > (answer - 1) * abandoned / live {
                budget.abandoned();
            }
        }
        budget
    }

    #[test]
    fn the_more_was_lost_the_less_a_call_may_cost() {
        let prices = [0, 3, 6, 12].map(|lost| after(200, lost).price(1.0));
        assert!(prices.is_sorted_by(|more, less| more > less), "{prices:?}");
        assert!(after(200, 60).price(1.0) < 0.001);
    }

    #[test]
    fn a_new_window_forgets_what_was_spent_and_not_what_it_cost() {
        let mut budget = after(1_000, 60);
        let spent = budget.price(1.0);
        budget.begin_window();
        assert_eq!(budget.left(), 0.0);
        let fresh = budget.price(1.0);
        assert!(fresh > spent && fresh < Budget::new(0.03).price(1.0));
    }

    #[test]
    fn without_a_ceiling_above_nothing_nothing_may_be_lost() {
        assert_eq!(Budget::new(0.0).price(1.0), 0.0);
    }
}
