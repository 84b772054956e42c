//! Worlds in which the engine once broke a rule, each named by what should happen.

mod common;

use common::lead_to_its_end;
use outdial_domain::CallerId;
use outdial_domain::Mode;
use outdial_engine::input::Input;
use outdial_sim::{Act, Shape, World, hours, minutes, percent, secs};

#[test]
fn a_caller_id_given_back_on_the_same_day_keeps_its_count() {
    let tell = |caller_ids: Vec<CallerId>| Act::Tell(Box::new(Input::CallerIdsSet(caller_ids)));
    let mut world = World::seeded(1)
        .campaign(Mode::Progressive, 300)
        .agents(5)
        .answer_rate(percent(20))
        .talk_time(secs(20))
        .with(|plan| {
            plan.caller_ids[0].per_day = Some(60);
            let all = plan.caller_ids.clone();
            plan.acts.push((minutes(3), tell(Vec::new())));
            plan.acts.push((minutes(8), tell(all)));
        });
    world.run(hours(3));
    assert!(world.violations().is_empty(), "{}", world.report());
    assert_eq!(world.counters().dialed, 60);
    lead_to_its_end(&mut world);
    assert!(world.violations().is_empty(), "{}", world.report());
}

fn assert_sound_to_its_end(seed: u64, shape: Shape) {
    let mut world = World::planned(shape.plan(seed));
    world.run_steps(10_000, hours(6));
    lead_to_its_end(&mut world);
    assert!(world.violations().is_empty(), "{}", world.report());
}

#[test]
fn a_call_is_not_tried_again_outside_of_the_calendar() {
    let shape = Shape {
        campaigns: 1,
        agents: 5,
        trunks: 1,
        modes: 40,
        line_trouble: 73,
        operators: 61,
        outages: 53,
        calendars: 81,
        ..Shape::default()
    };
    assert_sound_to_its_end(349_493, shape);
}

#[test]
fn a_load_that_is_not_answered_for_long_does_not_stop_the_engine() {
    let shape = Shape {
        campaigns: 2,
        agents: 7,
        trunks: 1,
        contacts: 2,
        limits: 46,
        line_trouble: 13,
        agent_trouble: 12,
        outages: 59,
        calendars: 35,
        lists: 73,
        machinery: 77,
        ..Shape::default()
    };
    assert_sound_to_its_end(961_648, shape);
}

#[test]
fn who_was_reached_another_way_is_not_called_again_for_a_breaker() {
    let shape = Shape {
        agents: 9,
        trunks: 2,
        modes: 26,
        limits: 32,
        line_trouble: 83,
        operators: 56,
        outages: 82,
        lists: 64,
        machinery: 39,
        ..Shape::default()
    };
    assert_sound_to_its_end(369_111, shape);
}
