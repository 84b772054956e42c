//! The checker's own test: with any one rule of the engine switched off, some property objects.

mod common;

use common::{calls_below_the_guarantee, lead_to_its_end, shapes};
use outdial_engine::Mutant;
use outdial_sim::{Shape, World, hours};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Worlds that are tried with a mutant at most.
const WORLDS: usize = 40;
/// Messages in each before it is led to its end.
const STEPS: u64 = 3_000;

/// The trouble in which a rule is needed.
fn troubled(mutant: Mutant, shape: Shape) -> Shape {
    match mutant {
        Mutant::Calendar | Mutant::ProfileHours => Shape {
            calendars: 100,
            lists: 100,
            ..shape
        },
        Mutant::Attempts | Mutant::AttemptsPerDay | Mutant::RetryRest | Mutant::NumberLive => {
            Shape {
                lists: 100,
                ..shape
            }
        }
        Mutant::CallerIdLimits
        | Mutant::TrunkLines
        | Mutant::TenantCalls
        | Mutant::CampaignCalls
        | Mutant::TrunkPace => Shape {
            limits: 100,
            modes: 100,
            ..shape
        },
        Mutant::Halt => Shape {
            operators: 100,
            ..shape
        },
        Mutant::DoNotCall => Shape {
            do_not_call: 100,
            ..shape
        },
        Mutant::Store | Mutant::Breaker => Shape {
            outages: 100,
            ..shape
        },
        Mutant::AnswerWait => Shape {
            modes: 100,
            ..shape
        },
        Mutant::GuaranteedLines
        | Mutant::AgentReservation
        | Mutant::RingTimeout
        | Mutant::ListDone => shape,
    }
}

/// What notices that a rule is off.
fn noticed(mutant: Mutant) -> Option<String> {
    if mutant == Mutant::GuaranteedLines {
        let missing = calls_below_the_guarantee(Some(mutant));
        return (missing > 2).then(|| format!("{missing} calls below a guarantee"));
    }
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    for tried in 1..=WORLDS {
        let tree = shapes().new_tree(&mut runner);
        let (seed, shape) = tree.expect("worlds are not filtered").current();
        let mut world = World::planned(troubled(mutant, shape).plan(seed))
            .prepared(move |engine| engine.switch_off(mutant));
        world.run_steps(STEPS, hours(6));
        if world.violations().is_empty() {
            lead_to_its_end(&mut world);
        }
        if let Some(violation) = world.violations().first() {
            return Some(format!("world {tried}: {violation}"));
        }
    }
    None
}

#[test]
fn every_rule_that_is_switched_off_is_noticed() {
    let mut unnoticed = Vec::new();
    for mutant in Mutant::ALL {
        match noticed(mutant) {
            Some(how) => println!("{mutant:?}: {how}"),
            None => unnoticed.push(mutant),
        }
    }
    assert!(Mutant::ALL.len() >= 10);
    assert!(unnoticed.is_empty(), "nobody noticed {unnoticed:?}");
}
