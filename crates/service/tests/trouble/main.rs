//! The store is full or stuck while calls are made: what must stop stops, what must go on goes on, and
//! whoever asks hears the truth.
#![allow(clippy::unwrap_used)] // What fails here fails the test.

#[path = "../edits/world.rs"]
mod world;

mod line;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use line::{Line, TestLine};
use outdial_domain::{
    AgentId, BreakTime, CampaignId, CampaignState, LifeCycleCommand, WishedState,
};
use outdial_service::{HaltScope, ServiceError};
use outdial_store::{Campaigns, Configuration, Disk};
use world::{World, contacts};

/// A campaign of one call at a time runs; from its first call on the disk is so.
async fn running_into(disk: Disk, answers: bool) -> (World, Arc<Line>, CampaignId) {
    let line = Arc::new(Line::default());
    let (events, heard) = tokio::sync::mpsc::unbounded_channel();
    let connector = TestLine {
        events,
        line: Arc::clone(&line),
    };
    let folder = tempfile::tempdir().unwrap();
    let world = World::on(folder, Arc::new(connector), heard).await;
    line.answers.store(answers, Ordering::SeqCst);
    let store = Arc::clone(&world.store);
    let hook = Box::new(move || store.pretend(disk));
    *line.at_first_callee.lock().unwrap() = Some(hook);
    let id = world
        .campaign(|settings| settings.max_calls = Some(1))
        .await;
    world.import(id, contacts(0..20)).await;
    // The disk may be so before the start itself is committed.
    let started = world
        .service
        .command_campaign(&world.caller, id, LifeCycleCommand::Start)
        .await;
    assert!(matches!(started, Ok(_) | Err(ServiceError::Unstored(_))));
    (world, line, id)
}

fn count(counter: &AtomicU32) -> u32 {
    counter.load(Ordering::SeqCst)
}

async fn until(world: &World, line: &Line, what: &str, mut holds: impl FnMut(&Line) -> bool) {
    let holds = async |_: &World| holds(line).then_some(());
    world.wait(what, holds).await;
}

async fn state(world: &World, id: CampaignId) -> CampaignState {
    world.store.campaign(id).await.unwrap().unwrap().state
}

#[tokio::test]
async fn a_pause_with_a_full_disk_holds_at_once_and_is_stored_later() {
    let (world, line, id) = running_into(Disk::Full, false).await;
    until(&world, &line, "a first call", |line| {
        count(&line.callees) == 1
    })
    .await;
    let paused = world
        .service
        .command_campaign(&world.caller, id, LifeCycleCommand::Pause)
        .await;
    assert!(
        matches!(paused, Err(ServiceError::Unstored(_))),
        "{paused:?}"
    );
    let told = paused.unwrap_err().to_string();
    assert!(told.contains("it is done, but not stored yet"), "{told}");

    world.store.pretend(Disk::Sound);
    world
        .wait("the pause is stored", async |world| {
            (state(world, id).await == CampaignState::Paused).then_some(())
        })
        .await;
    assert_eq!(count(&line.callees), 1, "nobody was called since");
    world.command(id, LifeCycleCommand::Resume).await;
    world.wait_for_attempts(id, 20).await;
    assert_eq!(count(&line.callees), 20, "each is called once");
    world.stop().await;
}

#[tokio::test]
async fn an_agent_gets_a_break_with_a_full_disk() {
    let (world, line, _) = running_into(Disk::Full, false).await;
    until(&world, &line, "a first call", |line| {
        count(&line.callees) == 1
    })
    .await;
    let agent = AgentId::new("1001").unwrap();
    let wished = world
        .service
        .set_agent_state(
            &world.caller,
            agent,
            WishedState::Break,
            BreakTime::Now,
            "tea",
        )
        .await;
    assert!(
        matches!(wished, Err(ServiceError::Unstored(_))),
        "{wished:?}"
    );
    world.store.pretend(Disk::Sound);
    world
        .wait("the break is stored", async |world| {
            let wishes = world.store.agent_wishes(world.caller.tenant).await.unwrap();
            (wishes.len() == 1 && wishes[0].reason == "tea").then_some(())
        })
        .await;
    world.stop().await;
}

#[tokio::test]
async fn no_call_goes_out_after_a_halt_although_its_attempt_is_being_committed() {
    let (world, line, id) = running_into(Disk::Stuck, false).await;
    // The first callee was busy, and the attempt of the second waits for the disk.
    until(&world, &line, "a second attempt", |line| {
        count(&line.planned) == 2
    })
    .await;
    assert_eq!(count(&line.callees), 1);
    let halted = world
        .service
        .halt(&world.caller, HaltScope::Tenant, "wrong list")
        .await;
    assert!(
        matches!(halted, Err(ServiceError::Unstored(_))),
        "{halted:?}"
    );

    world.store.pretend(Disk::Sound);
    world
        .wait("no contact is in progress", async |world| {
            let stats = world.service.stats(&world.caller, id).await.unwrap();
            (stats.attempts == 2 && stats.contacts.in_progress == 0).then_some(())
        })
        .await;
    assert_eq!(count(&line.callees), 1);
    world
        .service
        .release(&world.caller, HaltScope::Tenant)
        .await
        .unwrap();
    world.wait_for_attempts(id, 21).await;
    assert_eq!(count(&line.callees), 20, "nobody is left out");
    world.stop().await;
}

#[tokio::test]
async fn a_callee_who_answers_is_joined_with_the_flow_although_the_disk_is_full() {
    let (world, line, _) = running_into(Disk::Full, true).await;
    until(&world, &line, "the flow is joined", |line| {
        count(&line.joined) == 1
    })
    .await;
    assert_eq!(count(&line.hung_up), 0);
    world.store.pretend(Disk::Sound);
    world.stop().await;
}

#[tokio::test]
async fn a_stop_with_a_full_disk_says_what_is_lost() {
    let (world, line, _) = running_into(Disk::Full, false).await;
    until(&world, &line, "a first call", |line| {
        count(&line.callees) == 1
    })
    .await;
    drop(world.service);
    let stopped = world.running.stop(Duration::from_secs(1)).await;
    assert_eq!(stopped.results_lost, 1);
    assert!(stopped.changes_lost >= 1);
}

#[tokio::test]
async fn a_change_that_fails_for_want_of_room_stops_dialing_and_it_goes_on_by_itself() {
    let world = World::start().await;
    let id = world.campaign(|_| ()).await;
    world.store.pretend(Disk::FullOnce);
    // It is nothing that the loop has asked for.
    let stats = world.store.remove_campaign(id, Vec::new()).await;
    assert!(stats.is_err());
    world
        .wait("the store takes changes again", async |world| {
            let made = world.store.put_halt(
                outdial_store::Halt {
                    tenant: world.caller.tenant,
                    scope: "none".to_owned(),
                    reason: String::new(),
                    at: world::now(),
                },
                Vec::new(),
            );
            made.await.ok()
        })
        .await;
    world.stop().await;
}
