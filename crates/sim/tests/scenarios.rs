//! Worlds with one thing in them, each named by what should happen.

mod common;

use common::calls_below_the_guarantee;
use outdial_domain::{Mode, Outcome, Ratio};
use outdial_sim::plan::{campaign_id, trunk_name};
use outdial_sim::{Act, World, hours, minutes, percent, secs};

fn ratio(hundredths: u32) -> Mode {
    Mode::Ratio(Ratio::from_hundredths(hundredths).expect("a sound ratio"))
}

fn assert_sound(world: &mut World) {
    assert!(world.violations().is_empty(), "{}", world.report());
}

#[test]
fn progressive_calls_its_list_and_abandons_nobody() {
    let mut world = World::seeded(7)
        .campaign(Mode::Progressive, 300)
        .agents(20)
        .answer_rate(percent(30))
        .talk_time(secs(60));
    world.settle(hours(4));
    assert_sound(&mut world);
    let counters = world.counters();
    assert_eq!(counters.abandoned, 0);
    assert_eq!(counters.ended(), 300);
    assert!(counters.outcome(Outcome::Answered) > 60);
}

#[test]
fn a_ratio_above_one_dials_ahead_and_abandons_some() {
    let mut world = World::seeded(7)
        .campaign(ratio(300), 2_000)
        .agents(20)
        .answer_rate(percent(30))
        .talk_time(secs(60));
    world.run(minutes(60));
    assert_sound(&mut world);
    assert!(world.counters().abandoned > 0, "{}", world.report());
    let ahead = world.counters().occupancy();
    let mut world = World::seeded(7)
        .campaign(Mode::Progressive, 2_000)
        .agents(20)
        .answer_rate(percent(30))
        .talk_time(secs(60));
    world.run(minutes(60));
    assert_sound(&mut world);
    let one_by_one = world.counters().occupancy();
    assert!(ahead > one_by_one + 0.1, "{ahead} and {one_by_one}");
}

#[test]
fn progressive_keeps_the_occupancy_that_the_yardstick_publishes_for_it() {
    // World YW1 in everything but exact draws: 66.2 % for 50 agents.
    let mut world = World::seeded(1)
        .campaign(Mode::Progressive, 12_000)
        .agents(50)
        .answer_rate(percent(30))
        .talk_time(secs(120))
        .with(|plan| {
            plan.campaigns[0].settings.wrap_up = secs(10);
            plan.callees.mix.busy = 10;
            plan.callees.mix.invalid = 7;
            plan.callees.mix.rejected = 0;
            plan.callees.mix.unreachable = 0;
        });
    world.run(hours(2));
    assert_sound(&mut world);
    let occupancy = world.counters().occupancy();
    assert!((0.58..0.75).contains(&occupancy), "{}", world.report());
}

#[test]
fn when_every_number_is_invalid_from_a_moment_on_dialing_stops_and_the_list_is_kept() {
    let carrier = trunk_name("carrier");
    let mut world = World::seeded(3)
        .campaign(Mode::Progressive, 1_000)
        .agents(10)
        .answer_rate(percent(40))
        .talk_time(secs(20))
        .at(minutes(20), Act::AllInvalid(carrier, true));
    world.run(minutes(20));
    let (before, invalid) = (
        world.counters().dialed,
        world.counters().outcome(Outcome::Invalid),
    );
    world.run(minutes(40));
    assert_sound(&mut world);
    assert_eq!(world.counters().breakers, 1);
    let after = world.counters().dialed;
    assert!(after - before <= 30 + 10, "{before} calls, then {after}");
    // Lifted, every contact of the burst is called again: only the truly invalid numbers are final.
    world.settle(hours(10));
    assert_sound(&mut world);
    let attempts = world.counters().ended();
    let burst = world.counters().outcome(Outcome::Invalid) - invalid;
    assert!(attempts > 1_000 && burst >= 10, "{}", world.report());
}

#[test]
fn a_trunk_that_is_out_uses_up_no_contact() {
    let carrier = trunk_name("carrier");
    let mut world = World::seeded(5)
        .campaign(Mode::Progressive, 200)
        .agents(5)
        .talk_time(secs(20))
        .at(minutes(2), Act::TrunkFails(carrier, minutes(20)));
    world.settle(hours(5));
    assert_sound(&mut world);
    let lost = world.counters().outcome(Outcome::Failed);
    assert_eq!(lost, 0, "{}", world.report());
}

#[test]
fn nothing_is_dialed_while_the_store_cannot_commit() {
    let mut world = World::seeded(5)
        .campaign(ratio(200), 400)
        .agents(10)
        .talk_time(secs(20))
        .at(minutes(1), Act::StoreFails(minutes(5)))
        .at(minutes(8), Act::Add(campaign_id(1), 50));
    world.run(minutes(1));
    let before = world.counters().dialed;
    world.run(minutes(5));
    let during = world.counters().dialed - before;
    assert!(during <= 40, "{during}");
    world.settle(hours(5));
    assert_sound(&mut world);
}

#[test]
fn lines_are_kept_for_a_campaign_with_a_guarantee() {
    // Between the end of one call and the start of the next a line may be free for a moment.
    let missing = calls_below_the_guarantee(None);
    assert!(missing <= 2, "{missing} calls in 100 looks");
}
