//! Random worlds, each watched at every step and then led to its end.
//!
//! The run is the same each time. `OUTDIAL_SOAK=50` runs fifty times as many worlds, and
//! `OUTDIAL_SEED=9` others. A world that fails is shrunk; what remains becomes a test of its own in
//! `regressions.rs`.

mod common;

use common::{lead_to_its_end, shapes, times};
use outdial_sim::{Shape, World, hours};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// Messages to the engine in each world, before it is led to its end.
const STEPS: u64 = 10_000;
/// Worlds of a usual run.
const WORLDS: u32 = 24;

fn in_random_worlds(stream: u8, among: impl Fn(Shape) -> Shape) {
    let config = Config {
        cases: WORLDS * times("OUTDIAL_SOAK", 1),
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let mut seed = [stream; 32];
    seed[..4].copy_from_slice(&times("OUTDIAL_SEED", 0).to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let outcome = runner.run(&shapes(), |(seed, shape)| {
        let shape = among(shape);
        let mut world = World::planned(shape.plan(seed));
        world.run_steps(STEPS, hours(6));
        lead_to_its_end(&mut world);
        if world.violations().is_empty() {
            Ok(())
        } else {
            let report = world.report();
            Err(TestCaseError::fail(format!(
                "seed {seed} of {shape:?}\n{report}"
            )))
        }
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn every_rule_holds_in_worlds_with_one_agent_bound_to_each_call() {
    in_random_worlds(1, |shape| Shape { modes: 0, ..shape });
}

#[test]
fn every_rule_holds_in_worlds_with_every_mode() {
    in_random_worlds(2, |shape| shape);
}

#[test]
fn every_rule_holds_in_worlds_where_nothing_goes_wrong() {
    in_random_worlds(3, |shape| Shape {
        line_trouble: 0,
        agent_trouble: 0,
        operators: 0,
        outages: 0,
        machinery: 0,
        ..shape
    });
}
