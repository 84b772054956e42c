//! The yardstick's world against what is known of it, and the policy of predictive campaigns in it.

use outdial_sim::Dice;
use outdial_sim::dice::Rolls;
use outdial_sim::yardstick::{
    AnswerRate, Draws, Policy, Predictive, Progressive, Shift, Step, Team, run,
};
use std::time::Duration;

fn draws(seed: u64) -> Draws {
    Draws {
        seed,
        answer_rate: AnswerRate::Steady(0.3),
        talk_mean: Duration::from_secs(120),
        hang_up_mean: None,
    }
}

/// Occupancy and abandonment over some shifts.
fn pooled(shifts: impl Iterator<Item = Shift>) -> (f64, f64) {
    let (mut occupancy, mut live, mut abandoned, mut count) = (0.0, 0, 0, 0.0);
    for shift in shifts {
        occupancy += shift.occupancy;
        live += shift.tally.live;
        abandoned += shift.tally.abandoned;
        count += 1.0;
    }
    (occupancy / count, abandoned as f64 / live as f64)
}

fn predictive(
    seeds: std::ops::Range<u64>,
    team: Team,
    ceiling: f64,
    rate: AnswerRate,
) -> (f64, f64) {
    pooled(seeds.map(|seed| {
        let draws = Draws {
            answer_rate: rate,
            ..draws(seed)
        };
        run(&draws, &team, &mut Predictive::new(ceiling, team.patience))
    }))
}

/// Launches at random, whatever happens.
struct Random {
    rolls: Rolls,
    a_tick: f64,
}

impl Policy for Random {
    fn launch(&mut self, step: &Step<'_>) -> u32 {
        if step.time % 0.5 != 0.0 || !step.events.is_empty() {
            return 0;
        }
        // A Poisson number, by the product of uniforms.
        let (mut count, mut product) = (0, 1.0);
        loop {
            product *= self.rolls.uniform();
            if product < (-self.a_tick).exp() {
                return count;
            }
            count += 1;
        }
    }
}

#[test]
fn without_patience_and_with_random_launches_it_is_an_erlang_loss_system() {
    // Offered load at which Erlang's formula B loses 3 in 100, and the occupancy that it leaves.
    for (agents, load, occupancy) in [(10, 5.529_4, 0.536_4), (50, 41.933, 0.813_5)] {
        let team = Team {
            patience: 0.0,
            ..Team::of(agents)
        };
        let found = pooled((0..6).map(|seed| {
            let mut policy = Random {
                rolls: Dice::new(seed).kind(1).rolls(0),
                a_tick: load / 130.0 / 0.3 * 0.5,
            };
            run(&draws(seed), &team, &mut policy)
        }));
        assert!((found.0 - occupancy).abs() < 0.015, "{agents}: {found:?}");
        assert!((found.1 - 0.03).abs() < 0.008, "{agents}: {found:?}");
    }
}

#[test]
fn one_call_for_each_idle_agent_abandons_nobody_and_keeps_agents_waiting() {
    let found = pooled((0..6).map(|seed| run(&draws(seed), &Team::of(10), &mut Progressive)));
    assert_eq!(found.1, 0.0);
    assert!((found.0 - 0.66).abs() < 0.015, "{found:?}");
}

#[test]
fn the_policy_keeps_the_ceiling_and_agents_busy_from_a_cold_start() {
    let steady = AnswerRate::Steady(0.3);
    for (agents, seeds, least) in [(10, 40..52, 0.829), (50, 40..43, 0.930)] {
        let (occupancy, abandonment) = predictive(seeds, Team::of(agents), 0.03, steady);
        assert!(abandonment <= 0.0305, "{agents}: {abandonment}");
        assert!(occupancy >= least, "{agents}: {occupancy}");
    }
}

#[test]
fn the_policy_keeps_other_ceilings_and_follows_drift_and_jumps() {
    let (steady, jump) = (
        AnswerRate::Steady(0.3),
        AnswerRate::Jump {
            before: 0.1,
            at: 14_400.0,
            after: 0.6,
        },
    );
    for (ceiling, rate, slack) in [
        (0.01, steady, 0.001),
        (0.10, steady, 0.001),
        (0.03, AnswerRate::Drifting, 0.001),
        (0.03, jump, 0.005),
    ] {
        let (occupancy, abandonment) = predictive(60..63, Team::of(20), ceiling, rate);
        assert!(
            abandonment <= ceiling + slack,
            "{rate:?} {ceiling}: {abandonment}"
        );
        assert!(occupancy > 0.80, "{rate:?} {ceiling}: {occupancy}");
    }
}

#[test]
fn five_hundred_idle_agents_at_a_cold_start_are_no_reason_to_abandon_everybody() {
    let team = Team {
        shift: 3_600.0,
        ..Team::of(500)
    };
    let shift = run(&draws(70), &team, &mut Predictive::new(0.03, team.patience));
    assert!(shift.abandonment() <= 0.035, "{shift:?}");
    assert!(shift.occupancy > 0.95, "{shift:?}");
}
