//! Which plan a call gets.

use super::plan::{CalleePlan, Progress};
use crate::conversation::Action;
use crate::media::MediaOptions;
use crate::random::Random;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// What the carrier knows of a call when it chooses a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialed {
    /// User part of the Request-URI.
    pub number: String,
    /// User part of From.
    pub caller_id: String,
    /// How many calls came before, over all numbers.
    pub index: usize,
    /// How many calls to this number came before.
    pub attempt: usize,
}

/// Chooses the plan of each call; cheap to clone.
#[derive(Clone)]
pub struct Planner(Arc<dyn Fn(&Dialed) -> CalleePlan + Send + Sync>);

impl fmt::Debug for Planner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Planner")
    }
}

impl Planner {
    /// Any rule at all.
    pub fn by(rule: impl Fn(&Dialed) -> CalleePlan + Send + Sync + 'static) -> Self {
        Self(Arc::new(rule))
    }

    /// The same plan for every call.
    #[must_use]
    pub fn same(plan: CalleePlan) -> Self {
        Self::by(move |_| plan.clone())
    }

    /// A list of plans per number, one for each attempt, the last one for all later attempts;
    /// numbers without a list get `otherwise`.
    pub fn scripted<N: Into<String>>(
        script: impl IntoIterator<Item = (N, Vec<CalleePlan>)>,
        otherwise: CalleePlan,
    ) -> Self {
        let script: HashMap<String, Vec<CalleePlan>> =
            script.into_iter().map(|(n, p)| (n.into(), p)).collect();
        Self::by(move |dialed| {
            let plans = script
                .get(&dialed.number)
                .map(Vec::as_slice)
                .unwrap_or_default();
            plans
                .get(dialed.attempt)
                .or(plans.last())
                .unwrap_or(&otherwise)
                .clone()
        })
    }

    /// Plans drawn from a mix: the same for the same seed, number and attempt, in any order.
    #[must_use]
    pub fn seeded(seed: u64, mix: CalleeMix) -> Self {
        Self::by(move |dialed| mix.plan(seed, &dialed.number, dialed.attempt))
    }

    /// From call `k` on (0: from the first) every call gets this plan instead, as when a carrier
    /// blocks a caller ID in mid-campaign.
    #[must_use]
    pub fn from_call(self, k: usize, instead: CalleePlan) -> Self {
        Self::by(move |dialed| {
            if dialed.index >= k {
                instead.clone()
            } else {
                self.plan(dialed)
            }
        })
    }

    /// The plan of a call.
    #[must_use]
    pub fn plan(&self, dialed: &Dialed) -> CalleePlan {
        (self.0)(dialed)
    }
}

/// A population of callees. Shares add up to at most 1; the rest rings for ever.
#[derive(Clone, Debug)]
pub struct CalleeMix {
    /// Answers.
    pub answer: f64,
    /// 486 with cause 17.
    pub busy: f64,
    /// 480 with cause 19 after ringing.
    pub no_answer: f64,
    /// 480 with cause 20 without ringing: switched off or out of reach.
    pub unreachable: f64,
    /// 404 with cause 1.
    pub invalid: f64,
    /// 603 with cause 21 after some ringing.
    pub rejected: f64,
    /// 503 with cause 34.
    pub congestion: f64,
    /// Progress by 183 with early media instead of 180, of those that ring.
    pub early_media: f64,
    /// From INVITE to progress.
    pub post_dial_delay: Range<Duration>,
    /// From progress to the outcome.
    pub ring_time: Range<Duration>,
    /// From the answer to the callee's BYE.
    pub talk_time: Range<Duration>,
    /// Audio of everyone.
    pub media: MediaOptions,
}

impl CalleeMix {
    /// The compressed world of the demo: ring at most 4 s, talk about 5 s.
    #[must_use]
    pub fn compressed() -> Self {
        let ms = Duration::from_millis;
        Self {
            answer: 0.52,
            busy: 0.12,
            no_answer: 0.12,
            unreachable: 0.08,
            invalid: 0.04,
            rejected: 0.04,
            congestion: 0.0,
            early_media: 0.3,
            post_dial_delay: ms(50)..ms(400),
            ring_time: ms(400)..ms(3_500),
            talk_time: ms(3_500)..ms(6_500),
            media: MediaOptions::default(),
        }
    }

    fn plan(&self, seed: u64, number: &str, attempt: usize) -> CalleePlan {
        let mut random = Random::new(seed, number, attempt as u64);
        // Drawn in a fixed order, so that a share changed later leaves the times as they were.
        let draw = random.share();
        let delay = random.between(&self.post_dial_delay);
        let ring = random.between(&self.ring_time);
        let talk = random.between(&self.talk_time);
        let early = random.share() < self.early_media;
        let (outcome, rings) = self.outcome(draw);
        let mut plan = outcome.post_dial_delay(delay).media(self.media.clone());
        if rings {
            plan = plan.ring_time(ring);
            if early {
                plan.progress = vec![Progress::early_media()];
            }
        }
        plan.step(
            talk,
            Action::HangUp {
                reason: Some("Q.850;cause=16".to_owned()),
            },
        )
    }

    /// The outcome at this point of the range from 0 to 1, and whether the callee rings first.
    fn outcome(&self, draw: f64) -> (CalleePlan, bool) {
        let refuse = |code, cause| CalleePlan::refuse(code).q850(cause);
        let shares = [
            (self.answer, CalleePlan::answer(), true),
            (self.busy, refuse(486, 17), false),
            (self.no_answer, refuse(480, 19), true),
            (self.unreachable, refuse(480, 20), false),
            (self.invalid, refuse(404, 1), false),
            (self.rejected, refuse(603, 21), true),
            (self.congestion, refuse(503, 34), false),
        ];
        let mut upper = 0.0;
        let chosen = shares.into_iter().find(|(share, ..)| {
            upper += share;
            draw < upper
        });
        chosen.map_or((CalleePlan::ring_for_ever(), true), |(_, plan, rings)| {
            (plan, rings)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::plan::CalleeOutcome;

    fn dialed(number: &str, index: usize, attempt: usize) -> Dialed {
        Dialed {
            number: number.into(),
            caller_id: "10085".into(),
            index,
            attempt,
        }
    }

    fn outcome(plan: &CalleePlan) -> String {
        match &plan.outcome {
            CalleeOutcome::Refuse(refusal) => refusal.code.to_string(),
            CalleeOutcome::Answer(_) => "answer".into(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn same_seed_same_plan_per_number_whatever_the_order() {
        let (a, b) = (
            Planner::seeded(7, CalleeMix::compressed()),
            Planner::seeded(7, CalleeMix::compressed()),
        );
        let text = |planner: &Planner, n: usize, index| {
            format!("{:?}", planner.plan(&dialed(&n.to_string(), index, 0)))
        };
        let forward: Vec<_> = (0..50).map(|n| text(&a, n, n)).collect();
        let mut backward: Vec<_> = (0..50).rev().map(|n| text(&b, n, 50 - n)).collect();
        backward.reverse();
        assert_eq!(forward, backward);
    }

    #[test]
    fn a_mix_is_drawn_in_its_proportions() {
        let planner = Planner::seeded(1, CalleeMix::compressed());
        let answers = (0..2_000)
            .filter(|n| outcome(&planner.plan(&dialed(&n.to_string(), 0, 0))) == "answer")
            .count();
        assert!((960..1_120).contains(&answers), "{answers}");
    }

    #[test]
    fn a_script_goes_on_with_its_last_plan() {
        let script = [("1", vec![CalleePlan::refuse(486), CalleePlan::answer()])];
        let planner = Planner::scripted(script, CalleePlan::refuse(404))
            .from_call(9, CalleePlan::refuse(503));
        let got = |number, index, attempt| outcome(&planner.plan(&dialed(number, index, attempt)));
        assert_eq!(
            [got("1", 0, 0), got("1", 1, 1), got("1", 2, 5)],
            ["486", "answer", "answer"]
        );
        assert_eq!([got("2", 0, 0), got("2", 9, 0)], ["404", "503"]);
    }
}
