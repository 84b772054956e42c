//! Ratio: so many ringing calls for each idle agent whose phone is connected.

#![allow(clippy::unwrap_used)]

mod world;

use outdial_domain::*;
use outdial_engine::input::{Input, LegEnd};
use world::*;

fn ratio(hundredths: u32) -> Mode {
    Mode::Ratio(Ratio::from_hundredths(hundredths).unwrap())
}

fn world(hundredths: u32, agents: u32, change: impl FnOnce(&mut Settings)) -> World {
    let mut world = World::new();
    let mut settings = settings(ratio(hundredths));
    change(&mut settings);
    world.campaign(1, settings, 0, 100);
    world.ready_agents(1, agents);
    world.start(1);
    world
}

#[test]
fn calls_ring_for_idle_agents_and_a_new_one_starts_for_each_that_ends() {
    let mut world = world(250, 2, |_| ());
    let dials = world.dials();
    assert_eq!(dials.len(), 5);
    assert_eq!(world.refusals(1), ["agents_busy"]);
    world.fact(Input::Placed(dials[0].attempt));
    world.end(dials[0].attempt, Some(486));
    assert_eq!(world.dials().len(), 1);

    world.answer(dials[1].attempt);
    assert_eq!(world.agent_state(1), AgentState::Talking);
    // One idle agent is left: two calls may ring, four do.
    assert_eq!(world.dials().len(), 0);
    assert_eq!(world.view(1).calls.ringing, 4);
}

#[test]
fn a_third_answer_waits_for_two_agents_and_is_taken_by_the_first_who_is_free() {
    let mut world = world(200, 2, |s| s.answer_wait = secs(10));
    let dials = world.dials();
    for dial in &dials[..3] {
        world.answer(dial.attempt);
    }
    assert_eq!(world.view(1).calls.waiting, 1);
    world.wait(secs(5));
    world.end(dials[0].attempt, None);
    assert_eq!(world.joins(), [(dials[2].attempt, agent_id(1))]);
    world.fact(Input::Joined(dials[2].attempt));
    assert_eq!(world.view(1).ledger.abandoned, 0);
}

#[test]
fn at_the_abandonment_ceiling_each_call_has_an_agent_of_its_own_until_the_share_is_below_it() {
    for law in [false, true] {
        let ceiling = Share::from_basis_points(300).ok();
        let mut world = world(300, 2, |s| {
            s.abandonment_ceiling = ceiling.filter(|_| !law);
        });
        world.tenant(|t| t.compliance.abandonment_ceiling = ceiling.filter(|_| law));
        // Somebody talks into the next day.
        world.trunk("carrier", |rules| rules.longest_call = secs(86_400));
        let dials = world.dials();
        assert_eq!(dials.len(), 6);
        for dial in &dials[..3] {
            world.answer(dial.attempt);
        }
        world.wait(secs(2));
        assert_eq!(world.hang_ups(), [dials[2].attempt]);
        for dial in &dials[2..] {
            world.end(dial.attempt, Some(486));
        }
        assert_eq!(world.view(1).ledger.abandoned, 1);
        world.end(dials[0].attempt, None);
        let alone = world.dial();
        assert_eq!(alone.agent, Some(agent_id(1)));
        assert_eq!(world.refusals(1), ["abandonment_ceiling"]);
        world.answer(alone.attempt);
        assert_eq!(world.agent_state(1), AgentState::Talking);
        assert_eq!(world.dials(), []);
        assert_eq!(world.refusals(1), ["agents_busy"]);
        // The next day begins with a clean ledger.
        world.wait(secs(13 * 3_600));
        world.end(alone.attempt, None);
        let ahead = world.dials();
        assert_eq!(ahead.len(), 3);
        assert_eq!(ahead[0].agent, None);
    }
}

#[test]
fn a_late_agent_takes_the_call_but_the_ledger_counts_it_as_abandoned() {
    let mut world = world(200, 1, |s| s.answer_wait = secs(10));
    world.tenant(|t| t.compliance.abandon_after = Some(secs(2)));
    let dials = world.dials();
    world.answer(dials[0].attempt);
    world.answer(dials[1].attempt);
    world.wait(secs(2));
    assert_eq!(world.view(1).ledger.abandoned, 1);
    world.wait(secs(3));
    world.end(dials[0].attempt, None);
    world.fact(Input::Joined(dials[1].attempt));
    world.end(dials[1].attempt, None);
    assert_eq!(world.outcome(), Outcome::Answered);
    assert!(world.last_end().attempt.counts_as_abandoned);
    let ledger = world.view(1).ledger;
    assert_eq!((ledger.live, ledger.abandoned), (2, 1));
}

#[test]
fn the_last_agent_leaving_stops_dialing_and_lets_calls_ring_on() {
    let mut world = world(200, 1, |_| ());
    let dials = world.dials();
    world.wish(1, WishedState::Break, BreakTime::Now);
    assert_eq!(world.agent_state(1), AgentState::Break);
    world.end(dials[0].attempt, Some(486));
    assert_eq!(world.dials(), []);
    assert_eq!(world.cancels(), []);
    world.fact(Input::Answered(dials[1].attempt));
    world.wait(secs(2));
    assert_eq!(world.hang_ups(), [dials[1].attempt]);
}

#[test]
fn agents_called_per_call_do_not_count() {
    let mut world = World::new();
    world.campaign(1, settings(ratio(100)), 0, 10);
    world.agent(1, &[GROUP], Connection::PerCall);
    world.wish(1, WishedState::Ready, BreakTime::Now);
    world.start(1);
    assert_eq!(world.dials(), []);
    assert_eq!(world.refusals(1), ["agents_not_connected"]);
}

#[test]
fn an_idle_agent_is_not_promised_to_two_campaigns() {
    let mut world = World::new();
    world.campaign(1, settings(ratio(200)), 0, 10);
    world.campaign(2, settings(Mode::Progressive), 100, 10);
    world.ready_agents(1, 2);
    world.start(1);
    world.start(2);
    let dials = world.dials();
    assert_eq!(dials.len(), 4);
    assert!(dials.iter().all(|dial| dial.campaign == campaign_id(1)));
    for dial in &dials[..2] {
        world.end(dial.attempt, Some(486));
    }
    // Two new ratio calls ring at once, or one agent was given to the other campaign: never both.
    let more = world.dials();
    let bound = more.iter().filter(|dial| dial.agent.is_some()).count();
    let ringing = world.view(1).calls.ringing as usize;
    assert!(
        ringing.div_ceil(2) + bound <= 2,
        "{ringing} ring, {bound} bound"
    );
}

#[test]
fn wrap_up_is_that_of_the_calls_campaign_and_ends_early_when_the_agent_says_so() {
    let mut world = world(100, 1, |s| s.wrap_up = secs(30));
    let dial = world.dial();
    world.answer(dial.attempt);
    let mut new = settings(ratio(100));
    new.wrap_up = secs(0);
    world.fact(Input::Revised {
        campaign: campaign_id(1),
        revision: RevisionNumber::new(2),
        settings: Box::new(new),
    });
    world.end(dial.attempt, None);
    assert_eq!(world.agent_state(1), AgentState::WrapUp);
    world.fact(Input::WrapUpEnded(agent_id(1)));
    let next = world.dial();
    assert_eq!(next.revision, RevisionNumber::new(2));
    world.answer(next.attempt);
    world.end(next.attempt, None);
    assert_eq!(world.agent_state(1), AgentState::Idle);
}

#[test]
fn a_lost_phone_is_called_again_after_one_two_five_and_ten_seconds() {
    let mut world = World::new();
    world.ready_agents(1, 1);
    let mut called_after = Vec::new();
    let mut why = LegEnd::Lost;
    for _ in 0..6 {
        world.orders.clear();
        world.fact(Input::AgentLegDown {
            agent: agent_id(1),
            why,
        });
        why = LegEnd::NotReached;
        let begin = world.now;
        while world
            .orders
            .iter()
            .all(|o| !matches!(o, outdial_engine::output::Output::CallAgent(_)))
        {
            world.wait(std::time::Duration::from_millis(100));
        }
        called_after.push(world.now.since(begin).as_secs());
    }
    assert_eq!(called_after, [1, 2, 5, 10, 10, 10]);
}

#[test]
fn a_phone_that_registers_is_called_once_it_has() {
    let mut world = World::new();
    world.fact(Input::AgentSet(outdial_engine::input::AgentRules {
        id: agent_id(1),
        skill_groups: vec![GROUP],
        connection: Connection::Permanent,
        registers: true,
    }));
    let called = |world: &mut World| {
        world.take(|o| matches!(o, outdial_engine::output::Output::CallAgent(_)).then_some(()))
    };
    world.wish(1, WishedState::Ready, BreakTime::Now);
    assert_eq!(called(&mut world).len(), 0);
    assert_eq!(world.agent_state(1), AgentState::Connecting);
    world.fact(Input::AgentRegistered(agent_id(1)));
    assert_eq!(called(&mut world).len(), 1);
}

#[test]
fn an_agent_whose_phone_no_longer_registers_gets_no_call() {
    let mut world = World::new();
    world.campaign(1, settings(Mode::Progressive), 0, 1);
    world.fact(Input::AgentSet(outdial_engine::input::AgentRules {
        id: agent_id(1),
        skill_groups: vec![GROUP],
        connection: Connection::PerCall,
        registers: true,
    }));
    world.wish(1, WishedState::Ready, BreakTime::Now);
    world.fact(Input::AgentRegistered(agent_id(1)));
    assert_eq!(world.agent_state(1), AgentState::Idle);
    world.fact(Input::AgentUnregistered(agent_id(1)));
    assert_eq!(world.agent_state(1), AgentState::Connecting);
    world.start(1);
    assert_eq!(world.refusals(1), ["no_agent"]);
    world.fact(Input::AgentRegistered(agent_id(1)));
    assert_eq!(world.agent_state(1), AgentState::Reserved);
}
