//! Edits that are made at once.

use std::time::Duration;

use outdial_domain::edit::{EditPolicy, Rule, Why};
use outdial_domain::{
    CampaignState, ContactState, EditRefused, Field, FieldValue, LifeCycleCommand, Mode, Origin,
    Outcome, RevisionNumber,
};
use outdial_service::views::PageRequest;
use outdial_service::{AttemptFilter, CampaignEdit, ServiceError};

use crate::world::{World, contacts, edit, number, wish};

#[tokio::test]
async fn of_two_edits_of_one_revision_one_wins_and_the_other_is_told() {
    let world = World::start().await;
    let id = world.campaign(|_| {}).await;
    let read = Some(RevisionNumber::new(1));
    let ours = edit(|s| s.name = "ours".to_owned()).if_match(read);
    let theirs = edit(|s| s.priority = 1).if_match(read);
    let (one, other) = tokio::join!(
        world.service.edit_campaign(&world.caller, id, ours),
        world.service.edit_campaign(&world.caller, id, theirs)
    );
    let told = [one, other].into_iter().filter_map(Result::err);
    let told: Vec<_> = told.collect();
    assert!(
        matches!(told[..], [ServiceError::Edited(current)] if current == RevisionNumber::new(2)),
        "{told:?}"
    );
    assert_eq!(world.show(id).await.revision, RevisionNumber::new(2));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_without_a_condition_come_one_after_another_and_none_is_lost() {
    let world = World::start().await;
    let id = world.campaign(|s| s.guaranteed_calls = 0).await;
    let mut edits = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (service, caller) = (world.service.clone(), world.vendor(Origin::Dezhu));
        edits.spawn(async move {
            let more = edit(|s| s.guaranteed_calls += 1);
            service.edit_campaign(&caller, id, more).await.unwrap()
        });
    }
    let edited = edits.join_all().await;
    assert!(edited.iter().all(|edited| edited.diff.len() == 1));
    let campaign = world.show(id).await;
    assert_eq!(campaign.settings.guaranteed_calls, 20);
    assert_eq!(campaign.revision, RevisionNumber::new(21));
    let revisions = world.service.revisions(&world.caller, id).await.unwrap();
    for (before, after) in revisions.iter().zip(&revisions[1..]) {
        assert_eq!(after.origin, Origin::Dezhu);
        assert_eq!(after.author, "AKID");
        let counted = &after.changes[0];
        assert_eq!(counted.field, Field::GuaranteedCalls);
        let held = |calls: u32| FieldValue::Count(calls);
        assert_eq!(counted.before, held(before.settings.guaranteed_calls));
        assert_eq!(counted.after, held(after.settings.guaranteed_calls));
    }
    world.stop().await;
}

#[tokio::test]
async fn an_edit_is_refused_whole_and_says_every_field() {
    let world = World::start().await;
    let id = world.campaign(|_| {}).await;
    let refused = |answer: Result<_, ServiceError>| match answer {
        Err(ServiceError::EditRefused(refused)) => refused,
        other => panic!("{other:?}"),
    };
    let other_mode = edit(|s| {
        s.mode = Mode::Progressive;
        s.target = outdial_domain::Target::SkillGroup(outdial_domain::SkillGroupId::new(1));
        s.name = "x".to_owned();
    });
    let answer = world.service.edit_campaign(&world.caller, id, other_mode);
    let EditRefused::Fields(fields) = refused(answer.await) else {
        panic!("the state is not to blame");
    };
    let named: Vec<_> = fields.iter().map(|f| (f.field, f.why)).collect();
    let never = Why::NeverChanges;
    assert_eq!(named, [(Field::Mode, never), (Field::TargetKind, never)]);

    let wrong = edit(|s| {
        s.priority = 9;
        s.caller_ids = vec![number("110")];
    });
    let answer = world.service.edit_campaign(&world.caller, id, wrong).await;
    let Err(ServiceError::Invalid(fields)) = answer else {
        panic!("{answer:?}");
    };
    let fields: Vec<_> = fields.iter().map(|f| f.field.as_str()).collect();
    assert_eq!(fields, ["priority", "caller_ids"]);
    assert_eq!(world.show(id).await.revision, RevisionNumber::new(1));

    world.command(id, LifeCycleCommand::Abort).await;
    let late = edit(|s| s.name = "late".to_owned());
    let answer = world.service.edit_campaign(&world.caller, id, late).await;
    assert!(matches!(refused(answer), EditRefused::State(_)));
    world.stop().await;
}

#[tokio::test]
async fn each_api_edits_by_its_own_table() {
    /// Running campaigns take another wrap-up; a name is left out, anything else refused.
    const TABLE: EditPolicy = EditPolicy::new("vendor edit")
        .taking(|state| matches!(state, CampaignState::Draft | CampaignState::Running))
        .ruling(|field, state| match (field, state) {
            (_, CampaignState::Draft) | (Field::WrapUp, _) => Rule::Take,
            (Field::Name, _) => Rule::Ignore,
            _ => Rule::Refuse,
        });
    let world = World::start().await;
    let vendor = world.vendor(Origin::Dezhu);
    let id = world.campaign(|_| {}).await;
    let change = |name: &'static str, wrap_up| {
        let wished = wish(move |s| {
            s.name = name.to_owned();
            s.wrap_up = Duration::from_secs(wrap_up);
        });
        world
            .service
            .edit_campaign(&vendor, id, CampaignEdit::new(TABLE, wished))
    };
    let draft = change("summer", 5).await.unwrap();
    assert_eq!((draft.diff.len(), draft.ignored.len()), (2, 0));
    world.command(id, LifeCycleCommand::Start).await;
    let running = change("autumn", 9).await.unwrap();
    assert_eq!(running.campaign.settings.name, "summer");
    assert_eq!(running.campaign.settings.wrap_up, Duration::from_secs(9));
    assert_eq!(running.ignored[0].field, Field::Name);
    assert_eq!(running.campaign.state, CampaignState::Running);
    // Nothing but what is ignored: no revision.
    let nothing = change("winter", 9).await.unwrap();
    assert_eq!(nothing.diff, []);
    assert_eq!(nothing.campaign.revision, running.campaign.revision);
    let patch = CampaignEdit::patch(TABLE, vec![(Field::Priority, FieldValue::Count(1))]);
    let refused = world.service.edit_campaign(&vendor, id, patch).await;
    let Err(ServiceError::EditRefused(EditRefused::Fields(fields))) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(fields[0].why, Why::State(CampaignState::Running));
    world.command(id, LifeCycleCommand::Pause).await;
    let paused = change("winter", 1).await;
    let Err(ServiceError::EditRefused(EditRefused::State(state))) = paused else {
        panic!("{paused:?}");
    };
    assert_eq!(state, CampaignState::Paused);
    world.stop().await;
}

#[tokio::test]
async fn a_restored_revision_is_a_new_one_and_revives_nothing() {
    let world = World::start().await;
    let id = world
        .campaign(|s| {
            s.retry.attempts_total = 3;
            s.retry.interval = Duration::from_secs(3600);
        })
        .await;
    world.import(id, contacts(1..=2)).await;
    world.command(id, LifeCycleCommand::Start).await;
    world.wait_for_attempts(id, 2).await;
    let service = &world.service;
    let final_at_once = edit(|s| {
        s.retry.never.insert(Outcome::Busy);
        s.name = "strict".to_owned();
    });
    let edited = service
        .edit_campaign(&world.caller, id, final_at_once)
        .await;
    assert_eq!(edited.unwrap().campaign.revision, RevisionNumber::new(2));
    world.import(id, contacts(3..=4)).await;
    world.wait_for_attempts(id, 4).await;

    let stale = Some(RevisionNumber::new(1));
    let first = RevisionNumber::new(1);
    let refused = service
        .restore_revision(&world.caller, id, first, stale)
        .await;
    assert!(matches!(refused, Err(ServiceError::Edited(_))));
    let restored = service
        .restore_revision(&world.caller, id, first, None)
        .await;
    let restored = restored.unwrap();
    assert_eq!(restored.campaign.revision, RevisionNumber::new(3));
    assert_eq!(restored.campaign.settings.name, "spring");
    let revisions = service.revisions(&world.caller, id).await.unwrap();
    assert_eq!(revisions[2].settings, revisions[0].settings);
    assert_eq!(revisions[2].restores, Some(first));

    let stats = service.stats(&world.caller, id).await.unwrap();
    assert_eq!((stats.contacts.waiting, stats.contacts.done), (2, 2));
    let page = PageRequest::default();
    let list = service.contacts(&world.caller, id, page).await.unwrap();
    let done = list.items.iter().filter(|c| c.state == ContactState::Done);
    assert!(done.clone().all(|contact| contact.history.attempts == 1));
    assert_eq!(done.count(), 2);
    let unknown = RevisionNumber::new(9);
    let unknown = service.restore_revision(&world.caller, id, unknown, None);
    assert!(matches!(unknown.await, Err(ServiceError::NotFound { .. })));
    world.stop().await;
}

#[tokio::test]
async fn attempts_record_the_revision_that_they_were_placed_under() {
    let world = World::start().await;
    let id = world
        .campaign(|s| {
            s.retry.attempts_total = 2;
            s.retry.interval = Duration::from_secs(3600);
        })
        .await;
    world.import(id, contacts(1..=2)).await;
    world.command(id, LifeCycleCommand::Start).await;
    world.wait_for_attempts(id, 2).await;
    let shown = edit(|s| s.ring_timeout = Duration::from_secs(20));
    let edited = world.service.edit_campaign(&world.caller, id, shown).await;
    edited.unwrap();
    world.import(id, contacts(3..=4)).await;
    world.wait_for_attempts(id, 4).await;
    let page = PageRequest::default();
    let filter = AttemptFilter {
        campaign: Some(id),
        ..AttemptFilter::default()
    };
    let attempts = world.service.attempts(&world.caller, filter, page).await;
    let mut revisions: Vec<u32> = attempts
        .unwrap()
        .items
        .iter()
        .map(|attempt| attempt.revision.number())
        .collect();
    revisions.sort_unstable();
    assert_eq!(revisions, [1, 1, 2, 2]);
    world.stop().await;
}
