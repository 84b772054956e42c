//! Every rule that can be switched off makes a difference when it is.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "mutants")]

mod world;

use outdial_domain::*;
use outdial_engine::Mutant;
use outdial_engine::input::*;
use world::*;

/// A world in which the rule matters, and a figure that it decides.
fn figure(mutant: Mutant, is_off: bool) -> usize {
    let mut world = World::new();
    if is_off {
        world.engine.switch_off(mutant);
    }
    let mut flow = settings(Mode::Concurrency);
    flow.max_calls = Some(50);
    match mutant {
        Mutant::Calendar => {
            let time = |text| TimeOfDay::parse(text).unwrap();
            let night = DayRule {
                days: DaySelector::Every,
                windows: vec![Window::new(time("01:00"), time("02:00")).unwrap()],
            };
            let zone = "Asia/Shanghai";
            flow.calendar = Calendar::new(None, None, zone, vec![night]).unwrap();
            for n in 0..3 {
                world.store_contact(1, n, |_| ());
            }
            world.load(1, flow, CampaignState::Running);
        }
        Mutant::DoNotCall => {
            world.list(number(100_000), None);
            start(&mut world, flow);
        }
        Mutant::Attempts | Mutant::AttemptsPerDay => {
            flow.retry.attempts_total = 3;
            flow.retry.attempts_per_day = Some(2);
            let total = mutant == Mutant::Attempts;
            world.store_contact(1, 0, |c| {
                c.history.attempts = if total { 3 } else { 2 };
                c.history.attempts_today = if total { 0 } else { 2 };
                c.history.day = flow
                    .calendar
                    .local_day(Timestamp::parse_rfc3339("2026-11-20T12:00:00+08:00").unwrap())
                    .0;
            });
            world.load(1, flow, CampaignState::Running);
        }
        Mutant::NumberLive => {
            for n in 0..2 {
                world.store_contact(1, n, |c| c.numbers = vec![number(555)]);
            }
            world.load(1, flow, CampaignState::Running);
        }
        Mutant::CallerIdLimits => {
            let mut limited = CallerId::unlimited(caller_id());
            limited.channels = Some(1);
            world.caller_ids(vec![limited]);
            start(&mut world, flow);
        }
        Mutant::TrunkLines => {
            world.permit("carrier", 2, None);
            start(&mut world, flow);
        }
        Mutant::TenantCalls => {
            world.tenant(|t| t.max_calls = 2);
            start(&mut world, flow);
        }
        Mutant::CampaignCalls => {
            flow.max_calls = Some(2);
            start(&mut world, flow);
        }
        Mutant::GuaranteedLines => {
            world.permit("carrier", 4, None);
            let mut other = settings(Mode::Progressive);
            other.guaranteed_calls = 3;
            world.campaign(2, other, 100, 5);
            world.ready_agents(1, 1);
            world.start(2);
            // Its agent is busy: it would dial more at once if the agent were free.
            start(&mut world, flow);
        }
        Mutant::AgentReservation => {
            start(&mut world, settings(Mode::Progressive));
        }
        Mutant::RetryRest => {
            flow.retry.attempts_total = 2;
            flow.retry.interval = secs(600);
            start(&mut world, flow);
            for dial in world.dials() {
                world.end(dial.attempt, Some(486));
            }
            world.wait(secs(5));
        }
        Mutant::ProfileHours => {
            world.tenant(|t| {
                t.compliance.hours = vec![DayRule {
                    days: DaySelector::Every,
                    windows: Vec::new(),
                }];
            });
            start(&mut world, flow);
        }
        Mutant::Halt => {
            world.fact(Input::Halted {
                scope: HaltScope::Tenant,
                reason: String::new(),
            });
            start(&mut world, flow);
        }
        Mutant::Store => {
            world.fact(Input::StoreFailing {
                reason: Some("full".into()),
            });
            start(&mut world, flow);
        }
        Mutant::AnswerWait => {
            start(&mut world, settings(Mode::Ratio(Ratio::ONE)));
            world.ready_agents(1, 1);
            let dial = world.dial();
            world.wish(1, WishedState::Break, BreakTime::Now);
            world.fact(Input::Answered(dial.attempt));
            world.wait(secs(5));
            return world.hang_ups().len();
        }
        Mutant::RingTimeout => {
            start(&mut world, flow);
            for dial in world.dials() {
                world.fact(Input::Placed(dial.attempt));
                world.rings(dial.attempt);
            }
            world.wait(secs(60));
            return world.cancels().len();
        }
        Mutant::ListDone => {
            start(&mut world, flow);
            for dial in world.dials() {
                world.end(dial.attempt, Some(486));
            }
            return usize::from(world.state(1) == CampaignState::Running);
        }
        Mutant::TrunkPace => {
            world.permit("carrier", 100, Some(1_000));
            start(&mut world, flow);
        }
        Mutant::Breaker => {
            world.campaign(1, flow, 0, 100);
            world.start(1);
            for _ in 0..100 {
                for dial in world.dials() {
                    world.end(dial.attempt, Some(404));
                }
            }
            return world.ended.len();
        }
    }
    world.dials().len()
}

fn start(world: &mut World, settings: Settings) {
    world.campaign(1, settings, 0, 5);
    world.start(1);
}

#[test]
fn every_switch_is_wired() {
    for mutant in Mutant::ALL {
        let (on, off) = (figure(mutant, false), figure(mutant, true));
        assert_ne!(on, off, "{mutant:?} makes no difference");
    }
}
