//! What the suites share.

#![allow(dead_code)] // Each suite uses its part.

use outdial_domain::Mode;
use outdial_engine::Mutant;
use outdial_sim::plan::campaign_id;
use outdial_sim::{CampaignPlan, Plan, Shape, World, hours, minutes, secs};
use proptest::prelude::*;

/// A whole number from the environment.
pub(crate) fn times(name: &str, default: u32) -> u32 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is `{text}`; give a whole number such as 10")),
        Err(_) => default,
    }
}

/// How much of a trouble: none at all in every second world.
fn trouble() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0_u32), 0..=100_u32]
}

/// Seeds and shapes of worlds.
pub(crate) fn shapes() -> impl Strategy<Value = (u64, Shape)> {
    let contacts = prop_oneof![14 => 0..3_u32, 1 => 10..25_u32];
    let sizes = (0..3_u32, 0..12_u32, 0..3_u32, contacts);
    let people = (trouble(), trouble(), trouble(), trouble());
    let things = (
        trouble(),
        trouble(),
        trouble(),
        trouble(),
        trouble(),
        trouble(),
    );
    (0..1_000_000_u64, sizes, people, things).prop_map(
        |(seed, (campaigns, agents, trunks, contacts), people, things)| {
            let (modes, agent_trouble, operators, lists) = people;
            let (limits, line_trouble, outages, calendars, machinery, do_not_call) = things;
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
                do_not_call,
                machinery,
            };
            (seed, shape)
        },
    )
}

/// Everything becomes good, and the world gets forty days to finish its lists.
pub(crate) fn lead_to_its_end(world: &mut World) {
    world.settle(hours(24 * 40));
}

/// How many calls a campaign with a guarantee of four lines lacks while one of better priority takes
/// all that it can get of ten; with a rule of the engine switched off, where one is given.
pub(crate) fn calls_below_the_guarantee(mutant: Option<Mutant>) -> usize {
    let flow = |priority, guaranteed_calls, starts| {
        let mut settings = Plan::settings(Mode::Concurrency);
        settings.priority = priority;
        settings.guaranteed_calls = guaranteed_calls;
        let mut campaign = CampaignPlan::with(settings, 5_000);
        campaign.starts = Some(starts);
        campaign
    };
    let mut world = World::seeded(3)
        .campaign_with(flow(1, 0, secs(0)))
        .campaign_with(flow(5, 4, minutes(5)))
        .with(|plan| plan.rules.max_calls = 10)
        .prepared(move |engine| {
            if let Some(mutant) = mutant {
                engine.switch_off(mutant);
            }
        });
    world.run(minutes(15));
    let mut missing = 0;
    for _ in 0..100 {
        world.run(secs(7));
        missing += 4_usize.saturating_sub(world.calls_of(campaign_id(2)));
    }
    assert!(world.violations().is_empty(), "{}", world.report());
    missing
}
