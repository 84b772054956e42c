//! The life of a campaign: its period, its calendar, pause and abort, edits, the end of its list.

#![allow(clippy::unwrap_used)]

mod world;

use std::time::Duration;

use outdial_domain::*;
use outdial_engine::input::{HaltScope, Input};
use outdial_engine::output::Output;
use outdial_engine::{CommandError, Placing};
use world::*;

const HOUR: Duration = Duration::from_secs(3_600);

fn calendar(
    starts: Option<Timestamp>,
    ends: Option<Timestamp>,
    windows: &[(&str, &str)],
) -> Calendar {
    let time = |text: &str| TimeOfDay::parse(text).unwrap();
    let windows: Vec<_> = windows
        .iter()
        .map(|(from, to)| Window::new(time(from), time(to)).unwrap())
        .collect();
    let rules = if windows.is_empty() {
        Vec::new()
    } else {
        vec![DayRule {
            days: DaySelector::Every,
            windows,
        }]
    };
    Calendar::new(starts, ends, "Asia/Shanghai", rules).unwrap()
}

fn world(contacts: u64, change: impl FnOnce(&mut Settings, Timestamp)) -> World {
    let mut world = World::new();
    let mut settings = settings(Mode::Concurrency);
    settings.max_calls = Some(2);
    change(&mut settings, world.now);
    world.campaign(1, settings, 0, contacts);
    world
}

#[test]
fn a_campaign_is_scheduled_until_its_period_begins_and_over_when_it_ends() {
    let mut world = world(10, |s, now| {
        s.calendar = calendar(Some(now + HOUR), Some(now + 2 * HOUR), &[]);
    });
    world.start(1);
    assert_eq!(world.state(1), CampaignState::Scheduled);
    assert_eq!(world.refusals(1), ["state"]);
    world.wait(HOUR - secs(1));
    assert_eq!(world.dials(), []);
    world.wait(secs(1));
    assert_eq!(world.state(1), CampaignState::Running);
    let dials = world.dials();
    assert_eq!(dials.len(), 2);
    for dial in &dials {
        world.fact(Input::Placed(dial.attempt));
        world.answer(dial.attempt);
        world.fact(Input::Joined(dial.attempt));
    }
    world.wait(HOUR);
    // Live calls finish under the state that the end brought at once.
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::PeriodOver));
    world.end(dials[0].attempt, None);
    assert_eq!(world.outcome(), Outcome::Answered);
    assert_eq!(world.dials(), []);
}

#[test]
fn nothing_is_dialed_outside_of_the_calling_windows() {
    let mut world = world(10, |s, _| {
        s.calendar = calendar(None, None, &[("12:00", "13:00"), ("15:00", "16:00")]);
    });
    world.start(1);
    let dials = world.dials();
    world.wait(HOUR);
    world.orders.clear();
    for dial in &dials {
        world.end(dial.attempt, Some(486));
    }
    assert_eq!(world.dials(), []);
    assert_eq!(world.refusals(1)[0], "calendar");
    let until = world.view(1).not_dialing_because[0].until;
    assert_eq!(until, Some(world.now + 2 * HOUR));
    world.wait(2 * HOUR - secs(1));
    assert_eq!(world.dials(), []);
    world.wait(secs(1));
    assert_eq!(world.dials().len(), 2);
}

#[test]
fn a_pause_gives_the_window_back_and_lets_calls_go_on() {
    let mut world = world(10, |_, _| ());
    world.start(1);
    let dials = world.dials();
    world.command(1, LifeCycleCommand::Pause).unwrap();
    let moved = world.take(|order| match order {
        Output::ContactsMoved(moved) => Some(moved.len()),
        _ => None,
    });
    assert_eq!(moved, [8]);
    for dial in dials {
        world.end(dial.attempt, Some(486));
    }
    assert_eq!(world.dials(), []);
    world.command(1, LifeCycleCommand::Resume).unwrap();
    assert_eq!(world.dials().len(), 2);
}

#[test]
fn an_abort_cancels_what_rings_after_the_legal_minimum_and_lets_conversations_finish() {
    let mut world = world(10, |_, _| ());
    world.tenant(|t| t.compliance.ring_min = secs(15));
    world.start(1);
    let dials = world.dials();
    for dial in &dials {
        world.fact(Input::Placed(dial.attempt));
        world.rings(dial.attempt);
    }
    world.answer(dials[0].attempt);
    world.fact(Input::Joined(dials[0].attempt));
    world.wait(secs(5));
    world.command(1, LifeCycleCommand::Abort).unwrap();
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::ByHand));
    assert_eq!(world.cancels(), []);
    world.wait(secs(10));
    assert_eq!(world.cancels(), [dials[1].attempt]);
    world.end(dials[1].attempt, Some(487));
    assert_eq!(world.outcome(), Outcome::Cancelled);
    assert_eq!(world.hang_ups(), []);
    world.end(dials[0].attempt, None);
    assert_eq!(world.outcome(), Outcome::Answered);
    assert_eq!(world.open_contacts(1), 8);
}

#[test]
fn contacts_added_to_a_list_that_was_done_set_it_running_again() {
    let mut world = world(1, |_, _| ());
    world.start(1);
    let dial = world.dial();
    world.end(dial.attempt, Some(486));
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::ListDone));
    world.add_contacts(1, 50, 1);
    assert_eq!(world.state(1), CampaignState::Running);
    assert_eq!(world.dials().len(), 1);
}

#[test]
fn contacts_that_are_final_before_they_are_told_are_not_waited_for() {
    let mut world = world(0, |_, _| ());
    world.store_contact(1, 7, |_| ());
    world.start(1);
    let dial = world.dial();
    world.end(dial.attempt, Some(404));
    assert_eq!(world.state(1), CampaignState::Running);
    let told = |count| Input::ContactsAdded {
        campaign: campaign_id(1),
        count,
    };
    world.fact(told(1));
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::ListDone));
}

#[test]
fn a_list_is_not_done_while_contacts_that_nobody_has_told_are_held_or_on_their_way() {
    let mut world = world(1, |s, _| s.max_calls = Some(1));
    world.fact(Input::ImportBegins(campaign_id(1)));
    world.store_contact(1, 7, |_| ());
    world.start(1);
    for _ in 0..2 {
        let dial = world.dial();
        world.end(dial.attempt, Some(404));
        assert_eq!(world.state(1), CampaignState::Running);
    }
    world.add_contacts(1, 8, 1);
    let last = world.dial();
    world.fact(Input::ContactsAdded {
        campaign: campaign_id(1),
        count: 1,
    });
    world.end(last.attempt, Some(404));
    assert_eq!(world.state(1), CampaignState::Running);
    world.fact(Input::ImportEnds(campaign_id(1)));
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::ListDone));
    assert_eq!(world.view(1).open_contacts, 0);
}

#[test]
fn a_campaign_without_contacts_runs() {
    let mut world = world(0, |_, _| ());
    world.start(1);
    assert_eq!(world.state(1), CampaignState::Running);
    assert_eq!(world.refusals(1), ["no_contact"]);
}

#[test]
fn a_predictive_campaign_is_refused_until_it_is_built() {
    let mut world = World::new();
    world.campaign(1, settings(Mode::Predictive), 0, 1);
    let refused = world.command(1, LifeCycleCommand::Start).unwrap_err();
    assert_eq!(refused, CommandError::NotBuilt(ModeName::Predictive));
    assert!(refused.to_string().contains("not built yet"));
    assert_eq!(world.state(1), CampaignState::Draft);
    let again = world.command(1, LifeCycleCommand::Resume).unwrap_err();
    assert_eq!(again.to_string(), "a campaign that is draft cannot resume");
}

#[test]
fn an_edit_is_in_force_at_once_for_new_calls_and_not_for_those_in_progress() {
    let mut world = world(10, |s, _| s.ring_timeout = secs(20));
    world.start(1);
    let dials = world.dials();
    world.fact(Input::Placed(dials[0].attempt));
    world.rings(dials[0].attempt);
    let mut new = settings(Mode::Concurrency);
    new.ring_timeout = secs(60);
    new.max_calls = Some(5);
    world.fact(Input::Revised {
        campaign: campaign_id(1),
        revision: RevisionNumber::new(2),
        settings: Box::new(new),
    });
    let more = world.dials();
    assert_eq!(more.len(), 3);
    assert!(
        more.iter()
            .all(|dial| dial.revision == RevisionNumber::new(2))
    );
    world.wait(secs(20));
    assert_eq!(world.cancels(), [dials[0].attempt]);
    assert_eq!(world.ended.len(), 0);
}

#[test]
fn an_edit_of_the_time_zone_gives_no_contact_another_days_attempts() {
    let retry = |s: &mut Settings| {
        s.retry.attempts_total = 5;
        s.retry.attempts_per_day = Some(2);
        s.retry.interval = secs(60);
    };
    let mut world = world(1, |s, _| retry(s));
    world.start(1);
    let dial = world.dial();
    world.end(dial.attempt, Some(486));
    let mut new = settings(Mode::Concurrency);
    retry(&mut new);
    new.calendar = Calendar::always("Asia/Tokyo").unwrap();
    world.fact(Input::Revised {
        campaign: campaign_id(1),
        revision: RevisionNumber::new(2),
        settings: Box::new(new),
    });
    world.wait(secs(60));
    let dial = world.dial();
    world.end(dial.attempt, Some(486));
    world.wait(HOUR);
    assert_eq!(world.dials(), []);
    // It is Tokyo's midnight that counts now, an hour before Shanghai's.
    world.wait(10 * HOUR);
    assert_eq!(world.dials().len(), 1);
}

#[test]
fn a_new_order_reaches_the_contacts_that_were_loaded_in_the_old_one() {
    let mut world = world(10, |s, _| s.max_calls = Some(1));
    world.start(1);
    let dial = world.dial();
    assert_eq!(dial.contact, ContactId::new(0));
    for (id, stored) in &mut world.contacts {
        stored.contact.order_key = 100 - id.number() as i64;
    }
    let mut new = settings(Mode::Concurrency);
    new.max_calls = Some(1);
    new.order = Order::Random;
    world.fact(Input::Revised {
        campaign: campaign_id(1),
        revision: RevisionNumber::new(2),
        settings: Box::new(new),
    });
    world.end(dial.attempt, Some(486));
    assert_eq!(world.dial().contact, ContactId::new(9));
}

#[test]
fn a_campaign_that_has_ended_for_ever_is_forgotten_with_its_last_call() {
    let mut world = world(10, |_, _| ());
    world.start(1);
    let dials = world.dials();
    let aborted = world.command(1, LifeCycleCommand::Abort).unwrap();
    assert_eq!(aborted, CampaignState::Ended(EndReason::ByHand));
    world.fact(Input::Placed(dials[0].attempt));
    world.end(dials[0].attempt, Some(487));
    assert!(world.engine.campaign_view(campaign_id(1)).is_some());
    world.fact(Input::NotPlaced(dials[1].attempt));
    assert!(world.engine.campaign_view(campaign_id(1)).is_none());
    assert_eq!(world.engine.inconsistencies(), [""; 0]);
    assert_eq!(world.open_contacts(1), 9);
}

#[test]
fn a_contact_whose_attempts_the_store_refuses_for_good_holds_up_nobody() {
    let mut world = world(3, |s, _| s.max_calls = Some(1));
    world.start(1);
    let refused = world.dials()[0].clone();
    world.fact(Input::NeverPlaced(refused.attempt));
    for _ in 0..2 {
        let next = world.dial();
        assert_ne!(next.contact, refused.contact);
        world.end(next.attempt, Some(404));
        assert_eq!(world.engine.inconsistencies(), [""; 0]);
    }
    assert_eq!(world.dials(), []);
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::ListDone));
    assert_eq!(world.engine.counters().barred, 1);
}

#[test]
fn a_running_campaign_goes_on_after_a_restart() {
    let mut world = World::new();
    for n in 0..3 {
        world.store_contact(1, n, |_| ());
    }
    world.load(1, settings(Mode::Concurrency), CampaignState::Running);
    assert_eq!(world.dials().len(), 3);
    let changed = |o: &Output| matches!(o, Output::CampaignChanged { .. }).then_some(());
    assert_eq!(world.take(changed).len(), 0);
}

#[test]
fn recovered_attempts_count_and_rest_a_minute() {
    let mut world = world(1, |s, _| s.retry.attempts_total = 2);
    world.start(1);
    let dial = world.dial();
    world.fact(Input::Answered(dial.attempt));
    let attempt = Attempt {
        id: dial.attempt,
        campaign: dial.campaign,
        contact: dial.contact,
        number: dial.number,
        caller_id: dial.caller_id,
        trunk: dial.trunk,
        agent: None,
        revision: dial.revision,
        started_at: dial.at,
        progress_at: None,
        answered_at: Some(world.now),
        joined_at: None,
        ended_at: None,
        outcome: None,
        blame: None,
        evidence: Evidence::default(),
        counts_as_abandoned: false,
    };
    let mut settings = settings(Mode::Concurrency);
    settings.retry.attempts_total = 2;
    let recover = |attempt: Attempt, settings: &Settings| {
        outdial_engine::recover(attempt, History::default(), 1, settings, world.now)
    };
    let end = recover(attempt.clone(), &settings);
    assert_eq!(end.attempt.outcome, Some(Outcome::Unknown));
    assert!(end.attempt.counts_as_abandoned && end.counts_as_live);
    // Whether it was answered after the server had died nobody knows: it may have been.
    let mut rang = attempt.clone();
    rang.answered_at = None;
    let rang = recover(rang, &settings);
    assert!(rang.attempt.counts_as_abandoned && rang.counts_as_live);
    let mut taken = attempt.clone();
    taken.joined_at = Some(world.now);
    let taken = recover(taken, &settings);
    assert!(!taken.attempt.counts_as_abandoned && taken.counts_as_live);
    let mut queue = outdial_domain::Settings {
        flow_first: Some(Target::Flow(FLOW)),
        target: Target::SkillGroup(GROUP),
        ..settings.clone()
    };
    queue.mode = Mode::Ratio(Ratio::ONE);
    let in_flow = recover(attempt, &queue);
    assert!(!in_flow.attempt.counts_as_abandoned && !in_flow.counts_as_live);
    assert_eq!(end.contact.history.attempts, 1);
    assert_eq!(
        end.contact.place,
        ContactPlace::Resting(world.now + secs(60))
    );
}

#[test]
fn of_a_list_that_was_replaced_before_its_first_call_nobody_is_called() {
    let mut world = world(3, |s, now| {
        s.calendar = calendar(Some(now + HOUR), None, &[]);
    });
    let due = |world: &World| -> Vec<_> {
        let stored = world.contacts.values();
        stored.map(|stored| stored.contact.clone()).collect()
    };
    let old = due(&world);
    // Nobody may read the list while it is being replaced, and the period begins meanwhile.
    world.store_answers = false;
    world.start(1);
    world.wait(HOUR);
    assert_eq!(world.state(1), CampaignState::Running);
    assert_eq!(world.dials(), []);
    world.contacts.clear();
    for n in 10..12 {
        world.store_contact(1, n, |_| ());
    }
    world.store_answers = true;
    world.fact(Input::ListReplaced {
        campaign: campaign_id(1),
        contacts: 2,
        open: 2,
    });
    // An answer from before comes late.
    world.fact(Input::ContactsLoaded {
        campaign: campaign_id(1),
        load: 1,
        contacts: old,
        next_due: None,
        more: false,
    });
    let called: Vec<_> = world.dials().iter().map(|dial| dial.number).collect();
    assert_eq!(called, [number(100_010), number(100_011)]);
}

#[test]
fn contacts_that_left_the_list_of_a_paused_campaign_are_not_called_when_it_goes_on() {
    let mut world = world(3, |_, _| ());
    let stored = world.contacts.values();
    let old: Vec<_> = stored.map(|stored| stored.contact.clone()).collect();
    world.store_answers = false;
    world.start(1);
    world.command(1, LifeCycleCommand::Pause).unwrap();
    world.contacts.clear();
    world.store_contact(1, 10, |_| ());
    world.fact(Input::ContactsRemoved {
        campaign: campaign_id(1),
        count: 2,
    });
    assert_eq!(world.open_contacts(1), 1);
    world.store_answers = true;
    world.command(1, LifeCycleCommand::Resume).unwrap();
    // An answer from before comes late.
    world.fact(Input::ContactsLoaded {
        campaign: campaign_id(1),
        load: 1,
        contacts: old,
        next_due: None,
        more: false,
    });
    world.wait(secs(60));
    let called: Vec<_> = world.dials().iter().map(|dial| dial.number).collect();
    assert_eq!(called, [number(100_010)]);
    assert_eq!(world.engine.inconsistencies(), Vec::<String>::new());
}

#[test]
fn a_list_in_another_order_is_read_anew() {
    let mut world = World::new();
    let mut settings = settings(Mode::Concurrency);
    settings.max_calls = Some(1);
    world.campaign(1, settings, 0, 5);
    world.start(1);
    let first = world.dial();
    assert_eq!(first.number, number(100_000));
    for stored in world.contacts.values_mut() {
        stored.contact.order_key = -stored.contact.order_key;
    }
    world.fact(Input::Reordered(campaign_id(1)));
    world.end(first.attempt, Some(480));
    assert_eq!(world.dial().number, number(100_004));
}

#[test]
fn an_attempt_that_is_committed_after_a_halt_or_a_pause_is_not_sent() {
    let halt = |world: &mut World| {
        let scope = HaltScope::Tenant;
        let reason = "wrong list".to_owned();
        world.fact(Input::Halted { scope, reason });
    };
    let release = |world: &mut World| world.fact(Input::HaltReleased(HaltScope::Tenant));
    let pause = |world: &mut World| {
        world.command(1, LifeCycleCommand::Pause).unwrap();
    };
    let resume = |world: &mut World| {
        world.command(1, LifeCycleCommand::Resume).unwrap();
    };
    type Act<'a> = &'a dyn Fn(&mut World);
    let ways: [(Act<'_>, Act<'_>); 2] = [(&halt, &release), (&pause, &resume)];
    for (stop, go_on) in ways {
        let mut world = world(1, |_, _| ());
        world.start(1);
        let dial = world.dials()[0].clone();
        assert_eq!(world.engine.placing(dial.attempt), Placing::GoesOut);
        stop(&mut world);
        assert_eq!(world.engine.placing(dial.attempt), Placing::Withheld);
        world.fact(Input::Withheld(dial.attempt));
        let ends = world.take(|order| match order {
            Output::AttemptEnded(end) => Some((**end).clone()),
            _ => None,
        });
        assert_eq!(ends[0].attempt.outcome, Some(Outcome::Cancelled));
        assert_eq!(ends[0].contact.place, ContactPlace::Fresh);
        assert_eq!(ends[0].contact.history, History::default());
        assert_eq!(world.engine.inconsistencies(), [""; 0]);
        assert_eq!(world.dials(), []);
        // It costs the contact nothing: it is called as soon as it may be.
        go_on(&mut world);
        assert_eq!(world.dial().contact, dial.contact);
    }
}

#[test]
fn a_call_that_was_ended_by_hand_while_it_was_committed_is_not_sent() {
    let mut world = world(1, |_, _| ());
    world.start(1);
    let dial = world.dials()[0].clone();
    world.command(1, LifeCycleCommand::Abort).unwrap();
    assert_eq!(world.engine.placing(dial.attempt), Placing::Cancelled);
}
