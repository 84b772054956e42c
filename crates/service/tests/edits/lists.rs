//! Lists that take the place of others before they are dialed.

use outdial_domain::edit::{EditPolicy, Rule};
use outdial_domain::{
    CampaignId, CampaignState, EditRefused, Field, FieldValue, LifeCycleCommand, NewContact,
    Origin, RevisionNumber,
};
use outdial_service::views::{Edited, ListChange, PageRequest};
use outdial_service::{AttemptFilter, CampaignEdit, ServiceError};

use crate::world::{World, contacts, wish};

/// Everything before the start and nothing afterwards.
const BEFORE_THE_START: EditPolicy = EditPolicy::new("vendor update")
    .taking(|state| matches!(state, CampaignState::Draft | CampaignState::Scheduled));

async fn replace(
    world: &World,
    id: CampaignId,
    list: Vec<NewContact>,
    name: &'static str,
) -> Result<Edited, ServiceError> {
    let renamed = wish(move |s| s.name = name.to_owned());
    let edit = CampaignEdit::new(BEFORE_THE_START, renamed).replacing_contacts(list);
    let vendor = world.vendor(Origin::Tencent);
    world.service.edit_campaign(&vendor, id, edit).await
}

#[tokio::test]
async fn a_list_is_replaced_with_its_edit_and_only_the_new_one_is_called() {
    let world = World::start().await;
    let id = world.campaign(|_| {}).await;
    world.import(id, contacts(1..=10)).await;
    let mut list = contacts(8..=12);
    list.extend(contacts(8..=9));
    let edited = replace(&world, id, list, "summer").await.unwrap();
    let change = ListChange {
        added: 2,
        removed: 7,
        kept: 3,
    };
    assert_eq!(edited.list, Some(change));
    assert_eq!(edited.campaign.revision, RevisionNumber::new(2));
    let fields: Vec<Field> = edited.diff.iter().map(|change| change.field).collect();
    assert_eq!(fields, [Field::Name, Field::Contacts]);
    let sizes = [(1, 10), (2, 5)].map(|(version, contacts)| FieldValue::List { version, contacts });
    assert_eq!(
        [edited.diff[1].before.clone(), edited.diff[1].after.clone()],
        sizes
    );
    let (version, versions) = world
        .service
        .list_versions(&world.caller, id)
        .await
        .unwrap();
    assert_eq!(version, 2);
    assert_eq!(versions[0].origin, Origin::Tencent);
    assert_eq!(versions[0].contacts, 5);

    world.command(id, LifeCycleCommand::Start).await;
    world
        .wait("the list is done", async |world| {
            let over = matches!(world.show(id).await.state, CampaignState::Ended(_));
            over.then_some(())
        })
        .await;
    assert_eq!(called(&world, id).await, numbers(8..=12));
    let late = replace(&world, id, contacts(1..=2), "late").await;
    let refused = matches!(late, Err(ServiceError::EditRefused(EditRefused::State(_))));
    assert!(refused);
    world.stop().await;
}

fn numbers(indexes: std::ops::RangeInclusive<u32>) -> Vec<String> {
    contacts(indexes)
        .iter()
        .map(|contact| contact.numbers[0].text())
        .collect()
}

async fn called(world: &World, id: CampaignId) -> Vec<String> {
    let filter = AttemptFilter {
        campaign: Some(id),
        ..AttemptFilter::default()
    };
    let page = PageRequest {
        limit: Some(1000),
        ..PageRequest::default()
    };
    let attempts = world.service.attempts(&world.caller, filter, page).await;
    let attempts = attempts.unwrap().items;
    let mut called: Vec<String> = attempts.iter().map(|a| a.number.text()).collect();
    called.sort();
    called
}

#[tokio::test]
async fn a_refused_edit_leaves_the_list_as_it_was() {
    let world = World::start().await;
    let id = world.campaign(|_| {}).await;
    world.import(id, contacts(1..=10)).await;
    let wrong = wish(|s| s.priority = 9);
    let edit = CampaignEdit::new(BEFORE_THE_START, wrong).replacing_contacts(contacts(8..=12));
    let refused = world.service.edit_campaign(&world.caller, id, edit).await;
    assert!(matches!(refused, Err(ServiceError::Invalid(_))));

    let frozen = BEFORE_THE_START.ruling(|field, _| match field {
        Field::Contacts => Rule::Refuse,
        _ => Rule::Take,
    });
    let edit = CampaignEdit::new(frozen, wish(|_| {})).replacing_contacts(contacts(8..=12));
    let refused = world.service.edit_campaign(&world.caller, id, edit).await;
    let Err(ServiceError::EditRefused(EditRefused::Fields(fields))) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(fields[0].field, Field::Contacts);

    let edit = CampaignEdit::new(BEFORE_THE_START, wish(|_| {}));
    let edit = edit.replacing_contacts(contacts(8..=12));
    let preview = world.service.preview_edit(&world.caller, id, edit).await;
    let change = ListChange {
        added: 2,
        removed: 7,
        kept: 3,
    };
    assert_eq!(preview.unwrap().list, Some(change));
    let page = PageRequest::default();
    let list = world.service.contacts(&world.caller, id, page).await;
    assert_eq!(list.unwrap().items.len(), 10);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_campaign_starts_before_or_after_its_list_is_replaced_and_not_between() {
    const SIZE: u32 = 5_000;
    let world = World::start().await;
    for round in 0..4 {
        let id = world.campaign(|s| s.max_calls = Some(20)).await;
        world.import(id, contacts(1..=20)).await;
        let start = async {
            // At different points of the replacement.
            for _ in 0..round * 20 {
                tokio::task::yield_now().await;
            }
            let start = LifeCycleCommand::Start;
            world
                .service
                .command_campaign(&world.caller, id, start)
                .await
        };
        let (replaced, started) = tokio::join!(
            replace(&world, id, contacts(1000..1000 + SIZE), "new"),
            start
        );
        if started.is_err() {
            assert!(
                matches!(started, Err(ServiceError::Conflict(_))),
                "{started:?}"
            );
            world.command(id, LifeCycleCommand::Start).await;
        }
        world.wait_for_some_attempts(id).await;
        // A list of twenty may be done already.
        let abort = LifeCycleCommand::Abort;
        let _ = world
            .service
            .command_campaign(&world.caller, id, abort)
            .await;
        let called = called(&world, id).await;
        let old = numbers(1..=20);
        assert!(!called.is_empty());
        let of_old = called.iter().filter(|number| old.contains(number)).count();
        let expected = if replaced.is_ok() { 0 } else { called.len() };
        assert_eq!(of_old, expected, "{replaced:?}");
    }
    world.stop().await;
}
