//! Worlds in which the engine once broke a rule, each named by what should happen.

mod common;

use common::lead_to_its_end;
use outdial_domain::{
    Calendar, CallerId, DayRule, DaySelector, Mode, RevisionNumber, TimeOfDay, Window,
};
use outdial_engine::input::{Input, Suspects};
use outdial_sim::plan::{ZONE, campaign_id, permit, trunk_name, trunk_rules};
use outdial_sim::{Act, Plan, Spread, World, hours, millis, minutes, percent, secs};

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
    assert_sound_to_its_end(&mut world);
}

fn assert_sound_to_its_end(world: &mut World) {
    assert!(world.violations().is_empty(), "{}", world.report());
    lead_to_its_end(world);
    assert!(world.violations().is_empty(), "{}", world.report());
}

/// A second trunk beside the world's own.
fn with_second_trunk(plan: &mut Plan) {
    plan.trunks.push((trunk_rules("second"), permit(500, None)));
}

#[test]
fn a_call_is_not_tried_again_outside_of_the_calendar() {
    let every_other_minute = |hour: u32| {
        let at = move |minute: u32| TimeOfDay::from_secs(hour * 3600 + minute * 60).unwrap();
        (0..29).map(move |n| Window::new(at(2 * n), at(2 * n + 1)).unwrap())
    };
    let rule = DayRule {
        days: DaySelector::Every,
        windows: (9..12).flat_map(every_other_minute).collect(),
    };
    let mut world = World::seeded(1)
        .campaign(Mode::Concurrency, 20_000)
        .with(|plan| {
            with_second_trunk(plan);
            plan.campaigns[0].settings.max_calls = Some(60);
            plan.campaigns[0].settings.calendar =
                Calendar::new(None, None, ZONE, vec![rule]).unwrap();
            // Nobody says a word for half a minute, in which a window may have closed.
            plan.campaigns[0].settings.no_progress = secs(60);
            plan.callees.mix.answer = 5;
            plan.callees.mix.no_response = 95;
        });
    world.run(minutes(30));
    let redialed = world.counters().redialed;
    assert!(redialed > 20, "{}", world.report());
    assert!(world.violations().is_empty(), "{}", world.report());
}

#[test]
fn a_load_that_is_not_answered_for_long_does_not_stop_the_engine() {
    let mut world = World::seeded(1)
        .campaign(Mode::Progressive, 300)
        .agents(3)
        .talk_time(secs(20))
        .with(|plan| {
            plan.campaigns[0].settings.retry.attempts_total = 3;
            plan.campaigns[0].settings.retry.interval = secs(20);
        })
        .at(minutes(5), Act::StoreFails(minutes(2)));
    world.run(minutes(10));
    assert_sound_to_its_end(&mut world);
}

#[test]
fn who_was_reached_another_way_is_not_called_again_for_a_breaker() {
    let mut world = World::seeded(1)
        .campaign(Mode::Progressive, 600)
        .agents(10)
        .answer_rate(percent(70))
        .talk_time(secs(5))
        .with(|plan| {
            with_second_trunk(plan);
            plan.campaigns[0].list.several_numbers = 100;
            plan.campaigns[0].settings.retry.attempts_total = 3;
        })
        .at(minutes(3), Act::AllInvalid(trunk_name("second"), true))
        .at(minutes(9), Act::AllInvalid(trunk_name("second"), false));
    world.run(minutes(10));
    let breakers = world.counters().breakers;
    assert_eq!(breakers, 1, "{}", world.report());
    assert_sound_to_its_end(&mut world);
}

#[test]
fn fewer_lines_than_before_do_not_stop_the_engine() {
    let mut world = World::seeded(1)
        .campaign(Mode::Progressive, 6_000)
        .agents(5)
        .talk_time(secs(20))
        .with(|plan| {
            let settings = &mut plan.campaigns[0].settings;
            settings.retry.attempts_total = 2;
            settings.retry.interval = secs(60);
            let mut fewer = settings.clone();
            fewer.max_calls = Some(5);
            let edit = Input::Revised {
                campaign: campaign_id(1),
                revision: RevisionNumber::new(2),
                settings: Box::new(fewer),
            };
            plan.acts.push((minutes(2), Act::Tell(Box::new(edit))));
        });
    world.run(minutes(20));
    assert!(world.violations().is_empty(), "{}", world.report());
}

#[test]
fn contacts_on_their_way_from_the_store_are_not_called_as_they_were_before_a_breaker() {
    let mut world = World::seeded(1)
        .campaign(Mode::Progressive, 400)
        .agents(2)
        .answer_rate(percent(30))
        .talk_time(secs(5))
        .with(|plan| {
            plan.machinery.load = Spread::Fixed(millis(1_500));
            plan.machinery.lift = Some((secs(20), Suspects::Retry));
            plan.campaigns[0].settings.retry.attempts_total = 4;
            plan.campaigns[0].settings.retry.interval = secs(1);
        })
        .at(minutes(3), Act::AllInvalid(trunk_name("carrier"), true))
        .at(minutes(9), Act::AllInvalid(trunk_name("carrier"), false));
    world.run(minutes(12));
    assert_sound_to_its_end(&mut world);
}
