//! Random edits of what the carrier can see, by every API that allows them, while calls are due all the
//! time. `OUTDIAL_TEST_SEED=N` repeats a run.

mod at_once;
mod chance;
mod check;
mod expected;
mod of_agents;
mod of_flow;
mod run;

use crate::harness::soak;
use chance::Chance;

/// Edits of a campaign of agents and of one of a flow: together the two hundred of every day.
const EDITS: [usize; 2] = [140, 60];

/// How many in this run.
fn edits(which: usize) -> usize {
    EDITS[which] * if soak() { 5 } else { 1 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_of_agents_dials_by_each_edit_and_never_by_half_of_one() {
    let mut chance = Chance::seeded("campaign of agents");
    let mut run = of_agents::start(&mut chance).await;
    for _ in 0..edits(0) {
        let edit = of_agents::next(&run, &mut chance);
        run.make(edit).await;
    }
    run.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_of_a_flow_dials_by_each_edit_and_never_by_half_of_one() {
    let mut chance = Chance::seeded("campaign of a flow");
    let mut run = of_flow::start(&mut chance).await;
    for _ in 0..edits(1) {
        let edit = of_flow::next(&run, &mut chance);
        run.make(edit).await;
    }
    run.finish().await;
}
