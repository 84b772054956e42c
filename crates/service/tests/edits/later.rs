//! Edits that wait for their time.

use std::time::Duration;

use outdial_domain::{LifeCycleCommand, Origin, RevisionNumber};
use outdial_service::{PendingEditId, ServiceError};

use crate::world::{World, edit, now};

const SOON: Duration = Duration::from_millis(400);
const LATER: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn an_edit_for_later_is_made_at_its_time_though_the_server_was_away_then() {
    let world = World::start().await;
    let id = world.campaign(|_| {}).await;
    let at = now() + SOON;
    let vendor = world.vendor(Origin::Huawei);
    let planned = world
        .service
        .plan_edit(&vendor, id, edit(|s| s.priority = 1), at)
        .await
        .unwrap();
    // What it does not name may change meanwhile.
    let renamed = edit(|s| s.name = "summer".to_owned());
    let renamed = world
        .service
        .edit_campaign(&world.caller, id, renamed)
        .await;
    assert_eq!(renamed.unwrap().campaign.settings.priority, 3);
    let waiting = world.service.pending_edits(&world.caller, id).await;
    assert_eq!(waiting.unwrap(), [planned]);

    let world = world.restart(at + Duration::from_millis(100)).await;
    let campaign = world
        .wait("the edit is made", async |world| {
            let campaign = world.show(id).await;
            (campaign.revision == RevisionNumber::new(3)).then_some(campaign)
        })
        .await;
    assert_eq!(campaign.settings.name, "summer");
    assert_eq!(campaign.settings.priority, 1);
    let revisions = world.service.revisions(&world.caller, id).await.unwrap();
    assert_eq!(revisions[2].author, "AKID");
    assert_eq!(revisions[2].origin, Origin::Huawei);
    assert!(revisions[2].at >= at);
    let waiting = world.service.pending_edits(&world.caller, id).await;
    assert_eq!(waiting.unwrap(), []);
    world.stop().await;
}

#[tokio::test]
async fn an_edit_that_does_not_fit_any_more_is_kept_with_the_reason() {
    let world = World::start().await;
    let id = world.campaign(|_| {}).await;
    let at = now() + SOON;
    let planned = world
        .service
        .plan_edit(&world.caller, id, edit(|s| s.priority = 1), at)
        .await
        .unwrap();
    world.command(id, LifeCycleCommand::Abort).await;
    let problem = world
        .wait("the edit has failed", async |world| {
            let edits = world.service.pending_edits(&world.caller, id).await;
            edits.unwrap().into_iter().find_map(|edit| edit.failed)
        })
        .await;
    assert_eq!(problem, "a campaign that is ended cannot be edited");
    assert_eq!(world.show(id).await.revision, RevisionNumber::new(1));
    let forgotten = world.service.cancel_edit(&world.caller, id, planned.id);
    forgotten.await.unwrap();
    let edits = world.service.pending_edits(&world.caller, id).await;
    assert_eq!(edits.unwrap(), []);
    world.stop().await;
}

#[tokio::test]
async fn a_cancelled_edit_is_not_made() {
    let world = World::start().await;
    let id = world.campaign(|_| {}).await;
    let service = &world.service;
    let (first, second) = (now() + SOON, now() + SOON + SOON);
    let plan = |name: &'static str, at| {
        let renamed = edit(move |s| s.name = name.to_owned());
        service.plan_edit(&world.caller, id, renamed, at)
    };
    // Planned after it and due before it: the one that sleeps for the first must wake.
    let kept = plan("kept", second).await.unwrap();
    let cancelled = plan("cancelled", first).await.unwrap();
    service
        .cancel_edit(&world.caller, id, cancelled.id)
        .await
        .unwrap();
    let again = service.cancel_edit(&world.caller, id, cancelled.id).await;
    assert!(matches!(again, Err(ServiceError::NotFound { .. })));
    let campaign = world
        .wait("the other edit is made", async |world| {
            let campaign = world.show(id).await;
            (campaign.revision > RevisionNumber::new(1)).then_some(campaign)
        })
        .await;
    assert_eq!(campaign.settings.name, "kept");
    let made = service.cancel_edit(&world.caller, id, kept.id).await;
    assert!(matches!(made, Err(ServiceError::NotFound { .. })));
    world.stop().await;
}

#[tokio::test]
async fn an_edit_for_later_is_checked_when_it_is_asked_for() {
    let world = World::start().await;
    let id = world.campaign(|_| {}).await;
    let plan = async |change: fn(&mut outdial_domain::Settings), at| {
        let planned = world
            .service
            .plan_edit(&world.caller, id, edit(change), at)
            .await;
        match planned {
            Err(ServiceError::Invalid(fields)) => fields[0].field.clone(),
            other => panic!("{other:?}"),
        }
    };
    let (past, tomorrow) = (now() - LATER, now() + LATER);
    assert_eq!(plan(|s| s.priority = 9, tomorrow).await, "priority");
    assert_eq!(plan(|s| s.priority = 1, past).await, "apply_at");
    let never = now() + 10_000 * 24 * LATER;
    assert_eq!(plan(|s| s.priority = 1, never).await, "apply_at");
    assert_eq!(plan(|_| {}, tomorrow).await, "apply_at");
    let edits = world.service.pending_edits(&world.caller, id).await;
    assert_eq!(edits.unwrap(), []);
    let unknown = PendingEditId(7);
    let unknown = world.service.cancel_edit(&world.caller, id, unknown).await;
    assert!(matches!(unknown, Err(ServiceError::NotFound { .. })));
    world.stop().await;
}
