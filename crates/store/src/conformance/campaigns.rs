//! Cases about campaigns and their revisions.

use outdial_domain::{
    CampaignId, CampaignState, EndReason, Order, Origin, RevisionNumber, TenantId,
};

use super::Check;
use super::world::{World, at, settings};
use crate::{CampaignQuery, IdempotencyKey, NewRevision, StoreError};

pub(super) async fn a_campaign_starts_as_a_draft_with_revision_1(mut world: World<'_>) -> Check {
    let draft = world.draft("summer")?;
    let created = world.store.create_campaign(draft.clone()).await?;
    assert!(created.created);
    let campaign = created.campaign;
    assert_eq!(campaign.state, CampaignState::Draft);
    assert_eq!(campaign.revision, RevisionNumber::new(1));
    assert_eq!(campaign.settings, draft.settings);
    assert_eq!(campaign.uuid.len(), 36);
    assert_eq!(campaign.uuid, campaign.uuid.to_lowercase());

    world.restart().await?;
    let store = &world.store;
    assert_eq!(store.campaign(campaign.id).await?, Some(campaign.clone()));
    let upper = campaign.uuid.to_uppercase();
    assert_eq!(
        store.campaign_by_uuid(&upper).await?,
        Some(campaign.clone())
    );
    let revisions = store.revisions(campaign.id, None, 10).await?;
    assert_eq!(revisions.items.len(), 1);
    assert_eq!(revisions.items[0].author, "crm");
    assert_eq!(revisions.items[0].settings, draft.settings);

    assert_eq!(store.campaign(CampaignId::new(999)?).await?, None);
    assert_eq!(store.campaign_by_uuid("' OR 1 --").await?, None);
    let mut homeless = world.draft("x")?;
    homeless.tenant = TenantId::new(4000);
    let refused = store.create_campaign(homeless).await;
    assert!(matches!(
        refused,
        Err(StoreError::NotFound { what: "tenant", .. })
    ));
    Ok(())
}

pub(super) async fn ids_count_up_over_all_tenants_and_are_never_given_again(
    mut world: World<'_>,
) -> Check {
    assert_eq!(world.campaign, CampaignId::new(1)?);
    let other = world.other_tenant().await?.id;
    assert_eq!(
        world.create(other, "a", Order::List).await?,
        CampaignId::new(2)?
    );
    // A create that is refused uses no id up, or at least none twice.
    let mut homeless = world.draft("x")?;
    homeless.tenant = TenantId::new(4000);
    let refused = world.store.create_campaign(homeless).await;
    assert!(refused.is_err());
    world.restart().await?;
    let next = world.create(world.tenant, "b", Order::List).await?;
    assert!(next.number() >= 3);
    Ok(())
}

pub(super) async fn a_repeated_create_answers_with_the_first_ones_campaign(
    world: World<'_>,
) -> Check {
    let mut draft = world.draft("once")?;
    draft.idempotency = Some(IdempotencyKey {
        key: "k1".to_owned(),
        fingerprint: "f1".to_owned(),
    });
    // Both at once, as a client that gave up waiting does it.
    let store = &world.store;
    let (first, second) = tokio::join!(
        store.create_campaign(draft.clone()),
        store.create_campaign(draft.clone())
    );
    let (first, second) = (first?, second?);
    assert!(first.created != second.created);
    assert_eq!(first.campaign, second.campaign);

    let mut other = draft.clone();
    other.idempotency = Some(IdempotencyKey {
        key: "k1".to_owned(),
        fingerprint: "f2".to_owned(),
    });
    let refused = store.create_campaign(other).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })));

    // The key is the tenant's own.
    let mut elsewhere = draft;
    elsewhere.tenant = world.other_tenant().await?.id;
    assert!(store.create_campaign(elsewhere).await?.created);
    Ok(())
}

pub(super) async fn states_are_stored_with_their_reasons(mut world: World<'_>) -> Check {
    let reasons = [
        EndReason::ListDone,
        EndReason::PeriodOver,
        EndReason::ByHand,
        EndReason::Fault,
    ];
    let mut states = vec![
        CampaignState::Scheduled,
        CampaignState::Running,
        CampaignState::Paused,
    ];
    states.extend(reasons.map(CampaignState::Ended));
    for state in states {
        let set = world
            .store
            .set_campaign_state(world.campaign, state, vec![world.event("{}")]);
        set.await?;
        world.restart().await?;
        let campaign = world.store.campaign(world.campaign).await?;
        assert_eq!(campaign.map(|campaign| campaign.state), Some(state));
    }
    let unknown = CampaignId::new(999)?;
    let refused = world
        .store
        .set_campaign_state(unknown, CampaignState::Running, Vec::new());
    assert!(matches!(refused.await, Err(StoreError::NotFound { .. })));
    Ok(())
}

pub(super) async fn what_vendors_store_is_kept_and_edited(mut world: World<'_>) -> Check {
    let mut draft = world.draft("extras")?;
    draft
        .extras
        .insert(Origin::Tencent, serde_json::json!({ "UUI": "a" }));
    let made = world.store.create_campaign(draft.clone()).await?.campaign;
    assert_eq!(made.extras, draft.extras);
    let mut edit = NewRevision {
        campaign: made.id,
        expected: None,
        expected_state: None,
        author: "supervisor".to_owned(),
        origin: Origin::Tencent,
        at: at(5),
        settings: draft.settings.clone(),
        changes: Vec::new(),
        restores: None,
        pending: None,
        list: None,
        extras: None,
        events: Vec::new(),
    };
    world.store.revise_campaign(edit.clone()).await?;
    let found = world.store.campaign(made.id).await?.ok_or("gone")?;
    assert_eq!(found.extras, draft.extras, "an edit that says nothing");
    let stored = [(Origin::Tencent, serde_json::json!({ "UUI": "b" }))];
    edit.extras = Some(stored.clone().into());
    world.store.revise_campaign(edit).await?;
    world.restart().await?;
    let found = world.store.campaign(made.id).await?.ok_or("gone")?;
    assert_eq!(found.extras, stored.into());
    Ok(())
}

pub(super) async fn a_removed_campaign_is_found_by_nothing(mut world: World<'_>) -> Check {
    let draft = world.draft("gone")?;
    let made = world.store.create_campaign(draft).await?.campaign;
    let query = CampaignQuery::default();
    let before = world.store.count_campaigns(query.clone()).await?;
    world.store.remove_campaign(made.id, Vec::new()).await?;
    world.restart().await?;
    let store = &world.store;
    assert_eq!(store.campaign(made.id).await?, None);
    assert_eq!(store.campaign_by_uuid(&made.uuid).await?, None);
    assert_eq!(store.count_campaigns(query.clone()).await?, before - 1);
    let listed = store.campaigns(query).await?.items;
    assert!(listed.iter().all(|campaign| campaign.id != made.id));
    let again = store.remove_campaign(made.id, Vec::new()).await;
    assert!(matches!(again, Err(StoreError::NotFound { .. })));
    Ok(())
}

pub(super) async fn a_stale_edit_is_refused_and_leaves_nothing(world: World<'_>) -> Check {
    let edit = |expected: u32,
                name: &str|
     -> Result<NewRevision, Box<dyn std::error::Error + Send + Sync>> {
        Ok(NewRevision {
            campaign: world.campaign,
            expected: Some(RevisionNumber::new(expected)),
            expected_state: None,
            author: "supervisor".to_owned(),
            origin: Origin::Tencent,
            at: at(5),
            settings: settings(name, Order::Random)?,
            changes: Vec::new(),
            restores: None,
            pending: None,
            list: None,
            extras: None,
            events: vec![world.event("{}")],
        })
    };
    let store = &world.store;
    // Two supervisors edit what both have read as revision 1.
    let (one, two) = tokio::join!(
        store.revise_campaign(edit(1, "one")?),
        store.revise_campaign(edit(1, "two")?)
    );
    let revision = one?;
    assert_eq!(revision.number, RevisionNumber::new(2));
    let current = RevisionNumber::new(2);
    assert_eq!(two, Err(StoreError::Stale { current }));
    let campaign = store.campaign(world.campaign).await?.ok_or("gone")?;
    assert_eq!(campaign.settings.name, "one");
    assert_eq!(campaign.revision, current);
    assert_eq!(campaign.origin, Origin::Rest);

    let mut any = edit(0, "three")?;
    any.expected = None;
    assert_eq!(
        store.revise_campaign(any).await?.number,
        RevisionNumber::new(3)
    );
    let page = store.revisions(world.campaign, None, 2).await?;
    assert_eq!(page.items.len(), 2);
    assert_eq!(page.items[1], revision);
    let rest = store.revisions(world.campaign, page.next, 2).await?;
    assert_eq!(rest.items.len(), 1);
    assert_eq!(rest.next, None);
    assert_eq!(
        store.revision(world.campaign, current).await?,
        Some(revision)
    );
    let none = RevisionNumber::new(0);
    assert_eq!(store.revision(world.campaign, none).await?, None);
    // The refused edit's event was not told.
    assert_eq!(store.newest_event().borrow().0, 2);
    Ok(())
}

pub(super) async fn campaigns_are_listed_and_counted_by_query(world: World<'_>) -> Check {
    let other = world.other_tenant().await?.id;
    for name in ["a", "b", "a"] {
        world.create(world.tenant, name, Order::List).await?;
    }
    world.create(other, "a", Order::List).await?;
    let store = &world.store;
    let paused = CampaignId::new(3)?;
    store
        .set_campaign_state(paused, CampaignState::Paused, Vec::new())
        .await?;
    let ids = async |query: CampaignQuery| -> Result<Vec<u32>, StoreError> {
        let page = store.campaigns(query).await?;
        Ok(page.items.iter().map(|item| item.id.number()).collect())
    };
    let ours = CampaignQuery {
        tenant: Some(world.tenant),
        ..CampaignQuery::default()
    };
    assert_eq!(ids(CampaignQuery::default()).await?, [1, 2, 3, 4, 5]);
    assert_eq!(ids(ours.clone()).await?, [1, 2, 3, 4]);
    let named = CampaignQuery {
        name: Some("a".to_owned()),
        newest_first: true,
        ..ours.clone()
    };
    assert_eq!(ids(named.clone()).await?, [4, 2]);
    assert_eq!(store.count_campaigns(named).await?, 2);
    let by_state = CampaignQuery {
        states: vec!["paused", "running"],
        ..ours.clone()
    };
    assert_eq!(ids(by_state).await?, [3]);
    let by_origin = CampaignQuery {
        origin: Some(Origin::Huawei),
        ..ours.clone()
    };
    assert_eq!(store.count_campaigns(by_origin).await?, 0);

    let mut query = CampaignQuery { limit: 3, ..ours };
    let page = store.campaigns(query.clone()).await?;
    assert_eq!(page.items.len(), 3);
    query.after = page.next;
    let page = store.campaigns(query.clone()).await?;
    assert_eq!((page.items.len(), page.next), (1, None));
    query.newest_first = true;
    assert_eq!(ids(query).await?, [2, 1]);
    Ok(())
}
