//! Worlds in which the engine once broke a rule, each named by what should happen.

mod common;

use common::lead_to_its_end;
use outdial_domain::{
    Calendar, CallerId, DayRule, DaySelector, Mode, RevisionNumber, TimeOfDay, Window,
};
use outdial_engine::input::{Input, Suspects};
use outdial_sim::plan::{ZONE, campaign_id, permit, trunk_name, trunk_rules};
use outdial_sim::{Act, Plan, Shape, Spread, World, hours, millis, minutes, percent, secs};

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

/// A world by chance, in which a rule was once broken (or the checker once thought so).
fn assert_sound(seed: u64, shape: [u32; 13]) {
    let [
        campaigns,
        agents,
        trunks,
        contacts,
        modes,
        limits,
        line_trouble,
        agent_trouble,
        operators,
        outages,
        calendars,
        lists,
        machinery,
    ] = shape;
    let shape = Shape {
        campaigns,
        agents,
        trunks,
        contacts,
        modes,
        limits,
        line_trouble,
        agent_trouble,
        operators,
        outages,
        calendars,
        lists,
        do_not_call: 0,
        machinery,
    };
    let mut world = World::planned(shape.plan(seed));
    world.run_steps(10_000, hours(6));
    assert_sound_to_its_end(&mut world);
}

#[test]
fn a_contact_that_is_offered_while_a_breaker_opens_is_called_with_its_history_put_right() {
    assert_sound(479_203, [0, 1, 0, 1, 59, 16, 0, 0, 0, 60, 0, 63, 0]);
    assert_sound(360_548, [1, 11, 2, 2, 86, 0, 0, 65, 0, 22, 78, 24, 87]);
    assert_sound(340_530, [2, 8, 2, 1, 78, 0, 0, 90, 0, 46, 87, 87, 74]);
}

#[test]
fn contacts_that_were_added_are_called_in_their_turn_after_the_store_was_away() {
    assert_sound(619_475, [1, 3, 2, 23, 20, 34, 8, 22, 0, 96, 97, 85, 0]);
    assert_sound(305_039, [0, 0, 1, 1, 18, 0, 41, 0, 5, 36, 31, 94, 0]);
}

#[test]
fn a_breaker_stops_soon_where_failures_are_rare_and_later_where_they_are_usual() {
    assert_sound(354_856, [1, 3, 1, 1, 67, 0, 0, 52, 0, 84, 88, 20, 0]);
    assert_sound(74_168, [0, 6, 0, 2, 0, 70, 73, 48, 61, 93, 0, 85, 0]);
}

#[test]
fn a_contact_that_a_gate_has_made_final_is_none_that_a_breaker_should_bring_back() {
    assert_sound(944_645, [0, 6, 2, 1, 0, 30, 0, 0, 53, 30, 0, 0, 28]);
}

#[test]
fn a_join_counts_for_nothing_when_the_agents_phone_is_lost_before_it() {
    assert_sound(381_844, [2, 7, 1, 17, 37, 0, 0, 100, 0, 0, 38, 31, 88]);
}

#[test]
fn a_call_to_a_number_counts_that_was_placed_while_another_campaign_asked_for_contacts() {
    assert_sound(445_305, [2, 9, 2, 0, 0, 0, 82, 0, 0, 64, 71, 19, 66]);
}

#[test]
fn an_agent_who_is_moved_to_another_group_leaves_offers_of_the_old_one() {
    assert_sound(548_865, [0, 3, 2, 1, 13, 22, 0, 35, 72, 0, 0, 0, 0]);
    assert_sound(295_653, [2, 8, 0, 0, 94, 28, 0, 0, 19, 47, 0, 70, 90]);
}

#[test]
fn a_callee_does_not_wait_for_a_phone_that_is_being_called_while_another_agent_is_idle() {
    assert_sound(416_652, [0, 8, 2, 0, 90, 37, 67, 57, 0, 0, 0, 95, 17]);
    assert_sound(814_706, [1, 8, 0, 1, 98, 29, 0, 44, 71, 0, 0, 0, 5]);
}

#[test]
fn a_call_that_cannot_be_committed_again_ends_as_it_did_the_first_time() {
    assert_sound(297_822, [1, 5, 1, 2, 0, 38, 85, 0, 70, 87, 0, 46, 28]);
}

#[test]
fn a_call_that_goes_out_again_keeps_its_line_when_fewer_are_allowed() {
    assert_sound(95_675, [0, 8, 2, 2, 5, 0, 0, 0, 28, 49, 24, 0, 72]);
}
