//! Progressive: one agent is reserved from the INVITE to the result.

mod world;

use outdial_domain::*;
use outdial_engine::input::Input;
use world::*;

fn world(agents: u32, contacts: u64, change: impl FnOnce(&mut Settings)) -> World {
    let mut world = World::new();
    let mut settings = settings(Mode::Progressive);
    change(&mut settings);
    world.campaign(1, settings, 0, contacts);
    world.ready_agents(1, agents);
    world.start(1);
    world
}

#[test]
fn each_idle_agent_gets_one_call_and_the_list_is_worked_off() {
    let mut world = world(2, 3, |s| s.wrap_up = secs(10));
    let dials = world.dials();
    assert_eq!(dials.len(), 2);
    assert_eq!(world.agent_state(1), AgentState::Reserved);
    for dial in &dials {
        world.fact(Input::Placed(dial.attempt));
        world.rings(dial.attempt);
    }
    world.answer(dials[0].attempt);
    assert_eq!(world.agent_state(1), AgentState::Talking);
    world.end(dials[1].attempt, Some(486));
    assert_eq!(world.outcome(), Outcome::Busy);
    let third = world.dial();
    assert_eq!(third.agent, Some(agent_id(2)));

    world.wait(secs(60));
    world.end(dials[0].attempt, None);
    assert_eq!(world.outcome(), Outcome::Answered);
    assert_eq!(world.agent_state(1), AgentState::WrapUp);
    world.wait(secs(10));
    assert_eq!(world.agent_state(1), AgentState::Idle);
    assert_eq!(world.state(1), CampaignState::Running);
    world.end(third.attempt, Some(404));
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::ListDone));
    assert_eq!(world.view(1).ledger.live, 1);
}

#[test]
fn a_call_without_progress_is_given_up_and_its_line_and_agent_are_free_two_seconds_later() {
    let mut world = world(1, 2, |_| ());
    let dial = world.dial();
    world.wait(secs(11));
    assert_eq!(world.cancels(), []);
    world.wait(secs(1));
    assert_eq!(world.cancels(), [dial.attempt]);
    world.wait(secs(1));
    assert_eq!(world.dials().len(), 0);
    world.wait(secs(1));
    let next = world.dial();
    assert_ne!(next.contact, dial.contact);
    world.end(dial.attempt, Some(487));
    assert_eq!(world.outcome(), Outcome::Unreachable);
    assert_eq!(
        world.last_end().attempt.evidence.local,
        Some(LocalFailure::NoProgress)
    );
}

#[test]
fn ringing_stops_at_the_ring_timeout_or_the_legal_minimum() {
    let mut world = world(1, 1, |s| s.ring_timeout = secs(5));
    world.tenant(|t| t.compliance.ring_min = secs(15));
    let dial = world.dial();
    world.rings(dial.attempt);
    world.wait(secs(14));
    assert_eq!(world.cancels(), []);
    world.wait(secs(1));
    assert_eq!(world.cancels(), [dial.attempt]);
    world.end(dial.attempt, Some(487));
    assert_eq!(world.outcome(), Outcome::NoAnswer);
}

#[test]
fn an_answer_that_crosses_the_cancel_is_served() {
    let mut world = world(1, 1, |_| ());
    let dial = world.dial();
    world.rings(dial.attempt);
    world.wait(secs(30));
    assert_eq!(world.cancels(), [dial.attempt]);
    world.answer(dial.attempt);
    assert_eq!(world.agent_state(1), AgentState::Talking);
    world.end(dial.attempt, None);
    assert_eq!(world.outcome(), Outcome::Answered);
    assert_eq!(world.engine.counters().answered_after_cancel, 1);
}

#[test]
fn an_answer_that_crosses_the_cancel_and_is_gone_is_abandoned() {
    let mut world = world(1, 1, |_| ());
    let dial = world.dial();
    world.rings(dial.attempt);
    world.wait(secs(30));
    world.fact(Input::Answered(dial.attempt));
    world.end(dial.attempt, None);
    assert_eq!(world.outcome(), Outcome::Abandoned);
    assert!(world.last_end().attempt.counts_as_abandoned);
    assert_eq!(world.view(1).ledger.abandoned, 1);
    assert_eq!(world.agent_state(1), AgentState::Idle);
}

#[test]
fn a_retry_is_called_again_when_its_rest_is_over() {
    let mut world = world(1, 1, |s| {
        s.retry.attempts_total = 2;
        s.retry.interval = secs(600);
    });
    let dial = world.dial();
    world.end(dial.attempt, Some(486));
    world.wait(secs(599));
    assert_eq!(world.dials(), []);
    world.wait(secs(1));
    let again = world.dial();
    assert_eq!(again.contact, dial.contact);
    world.end(again.attempt, Some(486));
    assert_eq!(world.state(1), CampaignState::Ended(EndReason::ListDone));
}

#[test]
fn a_break_waits_for_the_reserved_call_and_is_announced_to_it() {
    let mut world = world(1, 2, |s| s.wrap_up = secs(10));
    let dial = world.dial();
    world.wish(1, WishedState::Break, BreakTime::Now);
    assert_eq!(world.agent_state(1), AgentState::Reserved);
    world.answer(dial.attempt);
    world.end(dial.attempt, None);
    assert_eq!(world.agent_state(1), AgentState::Break);
    assert_eq!(world.dials(), []);
    assert_eq!(world.refusals(1), ["no_agent"]);
    world.wish(1, WishedState::Ready, BreakTime::Now);
    let second = world.dial();
    world.wish(1, WishedState::Offline, BreakTime::AfterCall);
    world.answer(second.attempt);
    world.end(second.attempt, None);
    assert_eq!(world.agent_state(1), AgentState::WrapUp);
    world.wait(secs(10));
    assert_eq!(world.agent_state(1), AgentState::Offline);
}

#[test]
fn a_break_after_the_call_begins_when_the_call_was_not_answered_either() {
    let mut world = world(1, 2, |_| ());
    let dial = world.dial();
    world.wish(1, WishedState::Break, BreakTime::AfterCall);
    world.end(dial.attempt, Some(486));
    assert_eq!(world.agent_state(1), AgentState::Break);
    assert_eq!(world.dials(), []);
}

#[test]
fn another_idle_agent_takes_the_place_of_one_whose_phone_is_lost() {
    let mut world = world(1, 1, |_| ());
    let dial = world.dial();
    world.ready_agents(2, 1);
    world.fact(Input::AgentLegDown {
        agent: agent_id(1),
        why: outdial_engine::input::LegEnd::Lost,
    });
    assert_eq!(world.agent_state(1), AgentState::Connecting);
    assert_eq!(world.agent_state(2), AgentState::Reserved);
    world.fact(Input::Answered(dial.attempt));
    assert_eq!(world.joins(), [(dial.attempt, agent_id(2))]);
}

#[test]
fn a_call_that_lost_its_only_agent_is_abandoned_after_the_answer_wait() {
    let mut world = world(1, 1, |_| ());
    let dial = world.dial();
    world.fact(Input::AgentLegDown {
        agent: agent_id(1),
        why: outdial_engine::input::LegEnd::HungUp,
    });
    assert_eq!(world.agent_state(1), AgentState::Break);
    world.fact(Input::Answered(dial.attempt));
    assert_eq!(world.view(1).calls.waiting, 1);
    world.wait(secs(2));
    assert_eq!(world.hang_ups(), [dial.attempt]);
    world.end(dial.attempt, None);
    assert_eq!(world.outcome(), Outcome::Abandoned);
}

#[test]
fn a_callee_whose_agents_phone_dies_goes_to_another_agent_first() {
    let mut world = world(1, 1, |s| s.answer_wait = secs(20));
    let dial = world.dial();
    world.answer(dial.attempt);
    world.fact(Input::AgentLegDown {
        agent: agent_id(1),
        why: outdial_engine::input::LegEnd::Lost,
    });
    assert_eq!(world.view(1).calls.waiting, 1);
    assert_eq!(world.hang_ups(), []);
    world.wait(secs(1));
    world.fact(Input::AgentLegUp(agent_id(1)));
    assert_eq!(world.joins(), [(dial.attempt, agent_id(1))]);
    world.fact(Input::Joined(dial.attempt));
    world.end(dial.attempt, None);
    assert_eq!(world.outcome(), Outcome::Answered);
    assert_eq!(world.view(1).ledger.abandoned, 0);
}

#[test]
fn a_phone_that_hangs_up_ends_the_call_and_puts_its_agent_on_break() {
    let mut world = world(1, 2, |s| s.wrap_up = secs(10));
    let dial = world.dial();
    world.answer(dial.attempt);
    world.fact(Input::AgentLegDown {
        agent: agent_id(1),
        why: outdial_engine::input::LegEnd::HungUp,
    });
    assert_eq!(world.hang_ups(), [dial.attempt]);
    assert_eq!(world.agent_state(1), AgentState::Break);
    world.end(dial.attempt, None);
    assert_eq!(world.outcome(), Outcome::Answered);
    assert_eq!(world.dials(), []);
}

#[test]
fn an_agent_called_per_call_answers_before_the_callee_is_dialed() {
    let mut world = World::new();
    world.campaign(1, settings(Mode::Progressive), 0, 1);
    world.agent(1, &[GROUP], Connection::PerCall);
    world.wish(1, WishedState::Ready, BreakTime::Now);
    assert_eq!(world.agent_state(1), AgentState::Idle);
    world.start(1);
    assert_eq!(world.dials(), []);
    assert_eq!(world.agent_state(1), AgentState::Reserved);
    world.fact(Input::AgentLegUp(agent_id(1)));
    let dial = world.dial();
    world.answer(dial.attempt);
    world.end(dial.attempt, None);
    let hung_up = world.take(|order| match order {
        outdial_engine::output::Output::HangUpAgent(agent) => Some(*agent),
        _ => None,
    });
    assert_eq!(hung_up, [agent_id(1)]);
    world.fact(Input::AgentLegDown {
        agent: agent_id(1),
        why: outdial_engine::input::LegEnd::ByUs,
    });
    assert_eq!(world.agent_state(1), AgentState::Idle);
}

#[test]
fn an_agents_phone_that_nobody_answers_is_hung_up_and_after_three_times_left_alone() {
    let mut world = World::new();
    world.campaign(1, settings(Mode::Progressive), 0, 1);
    world.agent(1, &[GROUP], Connection::PerCall);
    world.agent(2, &[GROUP], Connection::Permanent);
    for n in 1..=2 {
        world.wish(n, WishedState::Ready, BreakTime::Now);
    }
    world.start(1);
    let phone = |order: &outdial_engine::output::Output| match order {
        outdial_engine::output::Output::CallAgent(agent) => Some((*agent, true)),
        outdial_engine::output::Output::HangUpAgent(agent) => Some((*agent, false)),
        _ => None,
    };
    for round in 1..=3 {
        let mut called = world.take(phone);
        called.sort();
        assert_eq!(called, [(agent_id(1), true), (agent_id(2), true)]);
        world.wait(secs(19));
        assert_eq!(world.take(phone), []);
        assert_eq!(world.agent_state(1), AgentState::Reserved);
        world.wait(secs(1));
        let mut hung_up = world.take(phone);
        hung_up.sort();
        assert_eq!(hung_up, [(agent_id(1), false), (agent_id(2), false)]);
        assert_ne!(world.agent_state(1), AgentState::Reserved);
        for n in 1..=2 {
            let why = outdial_engine::input::LegEnd::ByUs;
            let agent = agent_id(n);
            world.fact(Input::AgentLegDown { agent, why });
        }
        if round < 3 {
            assert_eq!(world.take(phone), []);
            world.wait(secs(round));
        }
    }
    world.wait(secs(3_600));
    assert_eq!(world.take(phone), []);
    for n in 1..=2 {
        assert_eq!(world.agent_state(n), AgentState::Break);
        let reason = world.engine.agent(agent_id(n)).unwrap().reason;
        assert!(reason.contains("not answered"), "{reason}");
    }
    world.wish(1, WishedState::Ready, BreakTime::Now);
    assert_eq!(world.take(phone), [(agent_id(1), true)]);
}

#[test]
fn a_conversation_with_an_agent_ends_when_its_trunk_allows_no_longer_one() {
    let mut world = world(1, 2, |_| ());
    world.trunk("carrier", |rules| rules.longest_call = secs(600));
    let dial = world.dial();
    world.answer(dial.attempt);
    world.fact(Input::Joined(dial.attempt));
    world.wait(secs(599));
    assert_eq!(world.hang_ups(), []);
    world.wait(secs(1));
    assert_eq!(world.hang_ups(), [dial.attempt]);
    world.end(dial.attempt, None);
    assert_eq!(world.outcome(), Outcome::Answered);
    // The agent takes the next one.
    assert_ne!(world.dial().contact, dial.contact);
}
