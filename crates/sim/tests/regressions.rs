//! Worlds in which the engine once broke a rule, each named by what should happen.

mod common;

use common::lead_to_its_end;
use outdial_domain::CallerId;
use outdial_domain::Mode;
use outdial_engine::input::Input;
use outdial_sim::{Act, World, hours, minutes, percent, secs};

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
