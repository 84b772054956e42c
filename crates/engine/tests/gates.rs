//! Gates: each refuses, says why, and lets calls through again.

#![allow(clippy::unwrap_used)]

mod world;

use outdial_domain::*;
use outdial_engine::input::*;
use outdial_engine::output::Output;
use world::*;

fn world(contacts: u64, change: impl FnOnce(&mut Settings)) -> World {
    let mut world = World::new();
    let mut settings = settings(Mode::Concurrency);
    change(&mut settings);
    world.campaign(1, settings, 0, contacts);
    world
}

#[test]
fn a_halt_stops_new_calls_in_its_scope() {
    let mut world = world(3, |s| s.max_calls = Some(1));
    world.fact(Input::Halted {
        scope: HaltScope::Tenant,
        reason: "wrong list".into(),
    });
    world.start(1);
    assert_eq!(world.dials(), []);
    let because = &world.view(1).not_dialing_because[0];
    assert_eq!(because.code, "halted");
    assert!(because.words.contains("wrong list"));
    world.fact(Input::HaltReleased(HaltScope::Tenant));
    let dial = world.dial();
    world.fact(Input::Halted {
        scope: HaltScope::Trunk(trunk_name()),
        reason: String::new(),
    });
    world.end(dial.attempt, Some(486));
    assert_eq!(world.dials(), []);
    world.fact(Input::HaltReleased(HaltScope::Trunk(trunk_name())));
    assert_eq!(world.dials().len(), 1);
}

#[test]
fn a_failing_store_stops_dialing_and_an_attempt_that_was_not_stored_is_made_again() {
    let mut world = world(1, |_| ());
    world.start(1);
    let dials = world.dials();
    world.fact(Input::NotPlaced(dials[0].attempt));
    assert_eq!(world.dials(), []);
    assert_eq!(world.refusals(1), ["store"]);
    world.wait(secs(1));
    let again = world.dial();
    assert_eq!(again.contact, dials[0].contact);
    world.fact(Input::StoreFailing {
        reason: Some("disk full".into()),
    });
    world.end(again.attempt, Some(486));
    assert_eq!(world.ended.len(), 1);
}

#[test]
fn caller_ids_take_turns_within_their_limits() {
    let mut world = World::new();
    let (one, two) = (number(10085), number(10086));
    let limited = |number, channels, per_day| CallerId {
        channels,
        per_day,
        ..CallerId::unlimited(number)
    };
    world.caller_ids(vec![
        limited(one, Some(2), None),
        limited(two, None, Some(1)),
    ]);
    let mut settings = settings(Mode::Concurrency);
    settings.caller_ids = vec![one, two];
    world.campaign(1, settings, 0, 10);
    world.start(1);
    let dials = world.dials();
    let shown: Vec<_> = dials.iter().map(|dial| dial.caller_id).collect();
    assert_eq!(shown, [one, two, one]);
    assert_eq!(world.refusals(1), ["caller_id_channels", "caller_id_day"]);
    world.end(dials[1].attempt, Some(486));
    assert_eq!(world.dials(), []);
    world.end(dials[0].attempt, Some(486));
    assert_eq!(world.dials().len(), 1);
    world.wait(secs(12 * 3_600));
    assert!(world.dials().iter().any(|dial| dial.caller_id == two));
}

#[test]
fn a_caller_id_leaves_only_by_its_own_trunk() {
    let mut world = World::new();
    world.trunk("second", |t| t.caller_ids = vec![number(95588)]);
    world.permit("second", 10, None);
    let mut own = CallerId::unlimited(number(95588));
    own.trunk = Some(TrunkName::new("second").unwrap());
    world.caller_ids(vec![own, CallerId::unlimited(caller_id())]);
    let mut settings = settings(Mode::Concurrency);
    settings.caller_ids = vec![number(95588), caller_id()];
    settings.max_calls = Some(6);
    world.campaign(1, settings, 0, 6);
    world.start(1);
    for dial in world.dials() {
        let expected = if dial.caller_id == caller_id() {
            "carrier"
        } else {
            "second"
        };
        assert_eq!(dial.trunk.as_str(), expected);
    }
}

#[test]
fn calls_per_second_of_a_trunk_are_spaced() {
    let mut world = world(10, |_| ());
    world.permit("carrier", 100, Some(2_000));
    world.start(1);
    assert_eq!(world.dials().len(), 1);
    assert_eq!(world.refusals(1), ["trunk_pace"]);
    world.wait(secs(2));
    assert_eq!(world.dials().len(), 4);
}

#[test]
fn a_503_backs_the_trunk_off() {
    let mut world = world(100, |s| s.max_calls = Some(50));
    world.permit("carrier", 100, Some(10_000));
    world.start(1);
    world.wait(secs(1));
    let dial = world.dials().pop().unwrap();
    world.end(dial.attempt, Some(503));
    assert_eq!(world.outcome(), Outcome::Congestion);
    let rate = world.engine.trunks()[0].rate_per_1000_s;
    assert_eq!(rate, Some(5_000));
    // Congestion is not the callee's fault.
    assert_eq!(world.last_end().contact.history.attempts, 0);
    assert_eq!(
        world.last_end().contact.place,
        ContactPlace::Resting(world.now + secs(30))
    );
}

#[test]
fn lines_go_by_priority_and_guaranteed_lines_are_kept() {
    let mut world = World::new();
    world.permit("carrier", 10, None);
    world.campaign(
        1,
        Settings {
            priority: 1,
            ..settings(Mode::Concurrency)
        },
        0,
        100,
    );
    world.campaign(
        2,
        Settings {
            priority: 5,
            guaranteed_calls: 4,
            ..settings(Mode::Concurrency)
        },
        100,
        100,
    );
    world.start(2);
    let all: Vec<_> = world.dials();
    assert_eq!(all.len(), 10);
    world.start(1);
    for dial in &all {
        world.end(dial.attempt, Some(486));
    }
    assert_eq!(world.view(1).calls.ringing, 6);
    assert_eq!(world.view(2).calls.ringing, 4);
}

#[test]
fn a_campaign_at_its_guarantee_goes_on_when_its_own_calls_end() {
    let mut world = World::new();
    world.permit("carrier", 6, None);
    let guaranteed = Settings {
        priority: 5,
        guaranteed_calls: 4,
        ..settings(Mode::Concurrency)
    };
    world.campaign(1, settings(Mode::Concurrency), 0, 100);
    world.campaign(2, guaranteed, 100, 100);
    world.start(2);
    world.start(1);
    for _ in 0..100 {
        for dial in world.dials() {
            world.end(dial.attempt, Some(486));
        }
    }
    assert_eq!(world.open_contacts(2), 0);
    assert_eq!(world.open_contacts(1), 0);
}

#[test]
fn campaigns_of_equal_priority_share_lines_evenly() {
    let mut world = World::new();
    world.permit("carrier", 9, None);
    for id in 1..=3 {
        world.campaign(id, settings(Mode::Concurrency), u64::from(id) * 100, 50);
    }
    world.fact(Input::Halted {
        scope: HaltScope::Tenant,
        reason: String::new(),
    });
    for id in 1..=3 {
        world.start(id);
    }
    world.fact(Input::HaltReleased(HaltScope::Tenant));
    for id in 1..=3 {
        assert_eq!(world.view(id).calls.ringing, 3);
    }
}

#[test]
fn agents_go_to_the_better_priority_and_then_in_turns() {
    let mut world = World::new();
    for (id, priority) in [(1, 3), (2, 3), (3, 1)] {
        let settings = Settings {
            priority,
            ..settings(Mode::Progressive)
        };
        world.campaign(id, settings, u64::from(id) * 100, 2);
        world.start(id);
    }
    world.ready_agents(1, 1);
    let mut order = Vec::new();
    for _ in 0..6 {
        let dial = world.dial();
        order.push(dial.campaign.number());
        world.end(dial.attempt, Some(486));
    }
    assert_eq!(order, [3, 3, 1, 2, 1, 2]);
}

#[test]
fn two_contacts_with_one_number_are_not_called_at_once() {
    let mut world = World::new();
    for n in 0..2 {
        world.store_contact(1, n, |c| c.numbers = vec![number(555)]);
    }
    world.load(1, settings(Mode::Concurrency), CampaignState::Running);
    let dial = world.dial();
    world.wait(secs(29));
    world.rings(dial.attempt);
    assert_eq!(world.dials(), []);
    world.end(dial.attempt, Some(486));
    world.wait(secs(1));
    assert_eq!(world.dials().len(), 1);
}

#[test]
fn a_profiles_hours_are_those_of_the_callee() {
    let mut world = World::new();
    world.tenant(|t| {
        let time = |text| TimeOfDay::parse(text).unwrap();
        t.compliance.hours = vec![DayRule {
            days: DaySelector::Every,
            windows: vec![Window::new(time("08:00"), time("21:00")).unwrap()],
        }];
    });
    world.store_contact(1, 0, |_| ());
    // Noon in Shanghai is 04:00 in London.
    world.store_contact(1, 1, |c| c.time_zone = Some("Europe/London".into()));
    world.load(1, settings(Mode::Concurrency), CampaignState::Running);
    let here = world.dial();
    assert_eq!(here.contact, ContactId::new(0));
    world.end(here.attempt, Some(486));
    world.wait(secs(4 * 3_600 - 1));
    assert_eq!(world.dials(), []);
    world.wait(secs(1));
    assert_eq!(world.dial().contact, ContactId::new(1));
}

#[test]
fn an_invalid_number_sends_its_contact_to_the_next_number() {
    let mut world = World::new();
    world.store_contact(1, 0, |c| c.numbers = vec![number(111), number(222)]);
    let mut settings = settings(Mode::Concurrency);
    settings.retry.attempts_total = 2;
    settings.retry.interval = secs(3_600);
    world.load(1, settings, CampaignState::Running);
    let first = world.dial();
    world.end(first.attempt, Some(404));
    world.wait(secs(1));
    assert_eq!(world.dial().number, number(222));
}

#[test]
fn recalls_show_their_own_caller_ids() {
    let mut world = World::new();
    world.caller_ids(vec![
        CallerId::unlimited(caller_id()),
        CallerId::unlimited(number(95588)),
    ]);
    let mut settings = settings(Mode::Concurrency);
    settings.recall_caller_ids = vec![number(95588)];
    settings.retry.attempts_total = 2;
    world.campaign(1, settings, 0, 1);
    world.start(1);
    let first = world.dial();
    assert_eq!(first.caller_id, caller_id());
    world.end(first.attempt, Some(486));
    world.wait(secs(1));
    assert_eq!(world.dial().caller_id, number(95588));
}

#[test]
fn a_call_that_fails_before_progress_goes_out_over_another_trunk_as_the_same_attempt() {
    let mut world = world(1, |_| ());
    world.trunk("second", |_| ());
    world.permit("second", 10, None);
    world.start(1);
    let dial = world.dial();
    world.end(dial.attempt, Some(503));
    let redials = world.take(|order| match order {
        Output::Redial { attempt, trunk } => Some((*attempt, *trunk)),
        _ => None,
    });
    assert_eq!(redials.len(), 1);
    assert_ne!(redials[0].1, dial.trunk);
    world.fact(Input::Placed(dial.attempt));
    world.end(dial.attempt, Some(486));
    assert_eq!(world.outcome(), Outcome::Busy);
    assert_eq!(world.last_end().attempt.trunk, redials[0].1);
    assert_eq!(world.last_end().contact.history.dialed, 1);
}

#[test]
fn a_call_goes_out_a_second_time_only_where_a_first_one_might() {
    let mut world = world(1, |_| ());
    world.trunk("second", |_| ());
    world.permit("second", 10, None);
    world.start(1);
    let dial = world.dial();
    world.fact(Input::Halted {
        scope: HaltScope::Tenant,
        reason: String::new(),
    });
    world.end(dial.attempt, Some(503));
    assert_eq!(world.outcome(), Outcome::Congestion);
    let redials = world.take(|order| matches!(order, Output::Redial { .. }).then_some(()));
    assert_eq!(redials.len(), 0);
}

#[test]
fn explain_says_where_a_number_stands() {
    let mut world = world(3, |s| s.max_calls = Some(1));
    world.start(1);
    let dial = world.dial();
    let explain = |n| {
        world
            .engine
            .explain(campaign_id(1), Some(number(n)))
            .unwrap()
    };
    assert_eq!(explain(100_000).live, Some(dial.attempt));
    let third = explain(100_002);
    assert_eq!(third.contacts[0].ahead, Some(1));
    assert_eq!(third.campaign[0].code, "own_calls");
    assert_eq!(explain(5).contacts, []);
    let by_id = world
        .engine
        .explain_contact(campaign_id(1), dial.contact)
        .unwrap();
    assert_eq!(by_id.live, Some(dial.attempt));
}

#[test]
fn a_number_whose_call_a_crash_has_cut_off_rests_whichever_contact_has_it() {
    let mut world = World::new();
    for n in 0..2 {
        world.store_contact(1, n, |c| c.numbers = vec![number(555)]);
    }
    let until = world.now + secs(60);
    world.fact(Input::NumberRests {
        number: number(555),
        until,
    });
    let mut flow = settings(Mode::Concurrency);
    flow.retry.attempts_total = 2;
    world.load(1, flow, CampaignState::Running);
    world.wait(secs(59));
    assert_eq!(world.dials(), []);
    world.wait(secs(1));
    assert_eq!(world.dials().len(), 1);
}
