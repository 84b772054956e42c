//! The same seed says the same bytes, also when the engine goes through a snapshot on the way.

mod common;

use common::shapes;
use outdial_sim::{Dice, World, hours};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Some worlds, the same ones each time.
fn worlds(count: usize) -> Vec<(u64, outdial_sim::Shape)> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..count)
        .map(|_| {
            shapes()
                .new_tree(&mut runner)
                .expect("worlds are not filtered")
                .current()
        })
        .collect()
}

#[test]
fn the_same_seed_says_the_same_bytes() {
    for (seed, shape) in worlds(6) {
        let run = || {
            let mut world = World::planned(shape.plan(seed)).recorded();
            world.run_steps(4_000, hours(6));
            world.trace().bytes().unwrap().to_vec()
        };
        let (first, second) = (run(), run());
        assert!(first.len() > 10_000, "{} bytes", first.len());
        assert!(first == second, "seed {seed} of {shape:?}");
    }
}

#[test]
fn an_engine_from_a_snapshot_goes_on_as_if_nothing_had_been() {
    for (seed, shape) in worlds(8) {
        let mut undisturbed = World::planned(shape.plan(seed));
        undisturbed.run_steps(4_000, hours(6));
        let mut restarted = World::planned(shape.plan(seed));
        let rolls = &mut Dice::new(seed).rolls(1);
        let mut left = 4_000;
        while left > 0 {
            let steps = rolls.between(1, 1_500).min(left);
            restarted.run_steps(steps, hours(6));
            restarted.restart_engine();
            left -= steps;
        }
        let (one, other) = (undisturbed.trace().digest(), restarted.trace().digest());
        assert_eq!(one, other, "seed {seed} of {shape:?}");
        assert!(restarted.violations().is_empty(), "{}", restarted.report());
    }
}
