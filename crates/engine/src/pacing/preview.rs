//! Preview: contacts are offered to idle agents, in rounds or as soon as one is idle.

use outdial_domain::{PreviewRules, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Event, Pacer, View};

/// Offers instead of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Preview {
    rules: PreviewRules,
    /// When the present round began.
    round_at: Option<Timestamp>,
    /// Offers made in it.
    made: u32,
}

impl Preview {
    pub(crate) fn new(rules: PreviewRules) -> Self {
        Self {
            rules,
            round_at: None,
            made: 0,
        }
    }

    pub(crate) fn revise(&mut self, rules: PreviewRules) {
        self.rules = rules;
    }

    fn next_round(&self) -> Option<Timestamp> {
        self.round_at.map(|at| at + self.rules.every)
    }

    /// Whether offers made at `now` belong to a new round.
    fn is_new_round(&self, now: Timestamp) -> bool {
        self.next_round().is_none_or(|next| now >= next)
    }
}

impl Pacer for Preview {
    /// Offers that may be made now. A round is the instant at which it begins: an agent who comes
    /// idle later waits for the next one.
    fn calls_now(&self, view: &View) -> u32 {
        let idle = view.idle + view.idle_per_call;
        if self.rules.every.is_zero() {
            return idle;
        }
        let most = match self.rules.offers {
            0 => u32::MAX,
            most => most,
        };
        if self.is_new_round(view.now) {
            idle.min(most)
        } else if self.round_at == Some(view.now) {
            idle.min(most.saturating_sub(self.made))
        } else {
            0
        }
    }

    fn next_at(&self, view: &View) -> Option<Timestamp> {
        self.next_round().filter(|&next| next > view.now)
    }

    fn note(&mut self, now: Timestamp, event: Event) {
        if event == Event::Dialed {
            if self.is_new_round(now) && self.round_at != Some(now) {
                self.round_at = Some(now);
                self.made = 0;
            }
            self.made = self.made.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_round_offers_no_more_than_its_number_and_waits_for_the_next() {
        let mut preview = Preview::new(PreviewRules {
            every: Duration::from_secs(60),
            offers: 2,
            ..PreviewRules::default()
        });
        let view = |secs, idle| View {
            now: Timestamp::from_secs(secs),
            idle,
            ..View::default()
        };
        assert_eq!(preview.calls_now(&view(0, 5)), 2);
        preview.note(Timestamp::from_secs(0), Event::Dialed);
        assert_eq!(preview.calls_now(&view(0, 4)), 1);
        preview.note(Timestamp::from_secs(0), Event::Dialed);
        assert_eq!(preview.calls_now(&view(0, 3)), 0);
        assert_eq!(preview.calls_now(&view(59, 3)), 0);
        assert_eq!(
            preview.next_at(&view(59, 3)),
            Some(Timestamp::from_secs(60))
        );
        assert_eq!(preview.calls_now(&view(60, 3)), 2);
    }

    #[test]
    fn without_rounds_every_idle_agent_gets_an_offer() {
        let preview = Preview::new(PreviewRules::default());
        let view = View {
            idle: 3,
            idle_per_call: 1,
            ..View::default()
        };
        assert_eq!(preview.calls_now(&view), 4);
    }
}
