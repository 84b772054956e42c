//! Cases about edits: revisions with their diff, edits for later, lists that replace others.

use std::time::{Duration, Instant};

use outdial_domain::edit::diff;
use outdial_domain::{
    CampaignState, ContactId, ContactPlace, Field, History, Order, Origin, RevisionNumber,
};

use super::Check;
use super::world::{World, at, contact, number, settings};
use crate::{ImportOptions, NewPendingEdit, NewRevision, PendingEditId, StagedList, StoreError};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// An edit of revision `expected` that gives the campaign another name.
fn renaming(world: &World<'_>, expected: u32, name: &str) -> Result<NewRevision, Failure> {
    let after = settings(name, Order::List)?;
    Ok(NewRevision {
        campaign: world.campaign,
        expected: Some(RevisionNumber::new(expected)),
        expected_state: Some(CampaignState::Draft),
        author: "supervisor".to_owned(),
        origin: Origin::Huawei,
        at: at(5),
        changes: diff(&settings("spring", Order::List)?, &after),
        settings: after,
        restores: None,
        pending: None,
        list: None,
        extras: None,
        events: Vec::new(),
    })
}

pub(super) async fn a_revision_keeps_its_diff_and_what_it_restores(mut world: World<'_>) -> Check {
    let mut edit = renaming(&world, 1, "summer")?;
    edit.restores = Some(RevisionNumber::new(1));
    let made = world.store.revise_campaign(edit.clone()).await?;
    world.restart().await?;
    let number = RevisionNumber::new(2);
    let stored = world.store.revision(world.campaign, number).await?;
    assert_eq!(stored.as_ref(), Some(&made));
    assert_eq!(made.changes, edit.changes);
    assert_eq!(made.changes[0].field, Field::Name);
    assert_eq!(made.restores, edit.restores);
    Ok(())
}

pub(super) async fn an_edit_judged_in_another_state_is_refused(world: World<'_>) -> Check {
    let store = &world.store;
    store
        .set_campaign_state(world.campaign, CampaignState::Running, Vec::new())
        .await?;
    let refused = store.revise_campaign(renaming(&world, 1, "late")?).await;
    assert_eq!(refused, Err(StoreError::Moved));
    let mut any = renaming(&world, 1, "any")?;
    any.expected_state = None;
    assert!(store.revise_campaign(any).await.is_ok());
    Ok(())
}

pub(super) async fn edits_for_later_outlive_a_restart_and_are_made_once(
    mut world: World<'_>,
) -> Check {
    let planned = |world: &World<'_>, seconds, name: &str| -> Result<_, Failure> {
        Ok(NewPendingEdit {
            tenant: world.tenant,
            campaign: world.campaign,
            apply_at: at(seconds),
            author: "crm".to_owned(),
            origin: Origin::Rest,
            at: at(0),
            changes: renaming(world, 1, name)?.changes,
        })
    };
    let second = world
        .store
        .put_pending_edit(planned(&world, 60, "b")?)
        .await?;
    let first = world
        .store
        .put_pending_edit(planned(&world, 30, "a")?)
        .await?;
    world.restart().await?;
    let store = &world.store;
    assert_eq!(
        store.pending_edits(world.campaign).await?,
        [first.clone(), second.clone()]
    );
    assert_eq!(store.next_pending_edit().await?, Some(first.clone()));

    // It leaves with its revision, and a revision that is refused leaves it.
    let mut edit = renaming(&world, 1, "a")?;
    edit.pending = Some(first.id);
    let mut stale = edit.clone();
    stale.expected = Some(RevisionNumber::new(7));
    assert!(store.revise_campaign(stale).await.is_err());
    assert_eq!(store.pending_edits(world.campaign).await?.len(), 2);
    store.revise_campaign(edit.clone()).await?;
    edit.expected = None;
    let again = store.revise_campaign(edit).await;
    assert!(matches!(again, Err(StoreError::NotFound { .. })));
    let revisions = store.revisions(world.campaign, None, 10).await?;
    assert_eq!(revisions.items.len(), 2, "a refused edit leaves nothing");

    store
        .fail_pending_edit(second.id, "ended".to_owned())
        .await?;
    assert_eq!(store.next_pending_edit().await?, None);
    let failed = store.pending_edits(world.campaign).await?;
    assert_eq!(failed[0].failed.as_deref(), Some("ended"));
    assert!(store.remove_pending_edit(world.campaign, second.id).await?);
    assert!(!store.remove_pending_edit(world.campaign, second.id).await?);
    let unknown = PendingEditId(u64::MAX);
    assert!(!store.remove_pending_edit(world.campaign, unknown).await?);
    Ok(())
}

pub(super) async fn contacts_that_an_edit_cuts_off_are_counted(world: World<'_>) -> Check {
    let contacts = world.import_count(6).await?;
    let resting = |contact: ContactId, attempts, seconds| {
        let mut update = world.moved(contact, ContactPlace::Resting(at(seconds)));
        update.history = History {
            attempts,
            dialed: attempts,
            ..History::default()
        };
        update
    };
    let mut done = resting(contacts[3], 100, 0);
    done.place = ContactPlace::Done;
    let updates = vec![
        resting(contacts[0], 1, 100),
        resting(contacts[1], 3, 200),
        resting(contacts[2], 100, 300),
        done,
        // A gate has refused it until then; it was never tried.
        world.moved(contacts[4], ContactPlace::Resting(at(400))),
    ];
    let store = &world.store;
    store.move_contacts(updates, Vec::new()).await?;
    for (attempts, count) in [(1, 3), (2, 2), (3, 2), (4, 1), (100, 1), (101, 0), (500, 0)] {
        let found = store.count_tried(world.campaign, attempts).await?;
        assert_eq!(found, count, "{attempts} attempts");
    }
    for (seconds, count) in [(0, 4), (200, 3), (400, 1), (401, 0)] {
        let found = store
            .count_resting_from(world.campaign, at(seconds))
            .await?;
        assert_eq!(found, count, "from {seconds} s");
    }
    Ok(())
}

async fn stage(world: &World<'_>, numbers: std::ops::Range<u32>) -> Result<StagedList, Failure> {
    let options = ImportOptions {
        skip_duplicates: true,
        ..ImportOptions::default()
    };
    let mut session = world.store.stage_list(world.campaign, options).await?;
    let contacts = numbers.map(contact).collect::<Result<Vec<_>, _>>()?;
    // The same list twice over: each number is kept once.
    session.add(contacts.clone()).await?;
    session.add(contacts).await?;
    session.finish().await?;
    Ok(world.store.compare_staged(world.campaign).await?)
}

pub(super) async fn a_list_takes_the_place_of_another_in_one_instant(
    mut world: World<'_>,
) -> Check {
    let old = world.import_count(10).await?;
    let staged = stage(&world, 8..14).await?;
    assert_eq!((staged.added, staged.removed, staged.kept), (3, 7, 3));

    // Nobody sees it yet, and nothing else comes in.
    let store = &world.store;
    assert_eq!(world.ids(world.campaign).await?, old);
    assert_eq!(world.due(at(0)).await?, old);
    assert_eq!(store.contact_counts(world.campaign).await?.fresh, 10);
    let only_new = store
        .contacts_with_number(world.tenant, Some(world.campaign), number(12)?)
        .await?;
    assert_eq!(only_new, []);
    let another = store.import(world.campaign, ImportOptions::default()).await;
    assert!(matches!(another, Err(StoreError::Conflict { .. })));
    let second = store
        .stage_list(world.campaign, ImportOptions::default())
        .await;
    assert!(matches!(second, Err(StoreError::Conflict { .. })));

    let mut edit = renaming(&world, 1, "summer")?;
    edit.list = Some(staged);
    store.revise_campaign(edit).await?;
    has_been_replaced(&mut world, &old).await
}

pub(super) async fn a_short_list_takes_the_place_of_another_with_its_edit(
    mut world: World<'_>,
) -> Check {
    let old = world.import_count(10).await?;
    let store = &world.store;
    let contacts: Vec<_> = (8..14).map(contact).collect::<Result<_, _>>()?;
    let compared = store.compare_list(world.campaign, contacts.clone()).await?;
    assert_eq!((compared.added, compared.removed, compared.kept), (3, 7, 3));
    assert!(!store.can_replace_at_once(world.campaign, 1_000_000).await?);
    // The numbers of an import come into the index a little later.
    let deadline = Instant::now() + Duration::from_secs(60);
    while !store.can_replace_at_once(world.campaign, 6).await? {
        assert!(Instant::now() < deadline, "numbers come into the index");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut stale = renaming(&world, 7, "summer")?;
    stale.list = Some(compared.clone());
    let refused = store.revise_with_list(stale, contacts.clone()).await;
    assert!(matches!(refused, Err(StoreError::Stale { .. })));
    assert_eq!(world.ids(world.campaign).await?, old, "nothing has changed");
    assert_eq!(world.due(at(0)).await?, old);
    let mut edit = renaming(&world, 1, "summer")?;
    edit.list = Some(compared);
    let many = vec![contact(1)?; 1_000];
    let too_long = store.revise_with_list(edit.clone(), many).await;
    assert!(matches!(too_long, Err(StoreError::Moved)));
    store.revise_with_list(edit, contacts).await?;
    has_been_replaced(&mut world, &old).await
}

/// Ten contacts, numbers 0 to 9, have made way for those of the numbers 8 to 13.
async fn has_been_replaced(world: &mut World<'_>, old: &[ContactId]) -> Check {
    for restarted in [false, true] {
        let store = &world.store;
        let new = world.ids(world.campaign).await?;
        assert_eq!(new.len(), 6, "restarted: {restarted}");
        assert!(new.iter().all(|contact| !old.contains(contact)));
        assert_eq!(world.due(at(0)).await?, new);
        let counts = store.contact_counts(world.campaign).await?;
        assert_eq!((counts.fresh, counts.total()), (6, 6));
        assert_eq!(store.contact(old[0]).await?, None);
        let found = store
            .contacts_with_number(world.tenant, None, number(9)?)
            .await?;
        assert_eq!(found.len(), 1);
        assert!(new.contains(&found[0].id));
        let (version, versions) = store.list_versions(world.campaign).await?;
        let in_force = store.list_in_force(world.campaign).await?;
        assert_eq!((in_force.version, in_force.contacts), (version, 6));
        assert_eq!((version, versions.len()), (2, 1));
        assert_eq!(versions[0].revision, RevisionNumber::new(2));
        let list = &versions[0];
        assert_eq!(
            (list.contacts, list.added, list.removed, list.kept),
            (6, 3, 7, 3)
        );
        // An old contact that comes back late is nobody's.
        let late = world.moved(old[0], ContactPlace::Fresh);
        store.move_contacts(vec![late], Vec::new()).await?;
        assert_eq!(store.contact_counts(world.campaign).await?, counts);
        assert!(
            store
                .place_attempt(world.attempt(1, old[0])?)
                .await
                .is_err()
        );
        if !restarted {
            world.restart().await?;
        }
    }
    // Contacts come in as ever, known by number again.
    let mut session = world
        .store
        .import(
            world.campaign,
            ImportOptions {
                skip_duplicates: true,
                ..ImportOptions::default()
            },
        )
        .await?;
    session.add(vec![contact(1)?, contact(9)?]).await?;
    let progress = session.finish().await?;
    assert_eq!((progress.accepted, progress.duplicates), (1, 1));
    assert_eq!(world.due(at(0)).await?.len(), 7);
    Ok(())
}

pub(super) async fn a_list_that_was_not_put_in_force_leaves_no_trace(
    mut world: World<'_>,
) -> Check {
    let old = world.import_count(10).await?;
    stage(&world, 8..14).await?;
    // As after a crash: nobody drops it.
    world.restart().await?;
    for dropped in ["by the restart", "by hand"] {
        let store = &world.store;
        assert_eq!(world.ids(world.campaign).await?, old, "{dropped}");
        assert_eq!(store.contact_counts(world.campaign).await?.total(), 10);
        assert!(store.compare_staged(world.campaign).await.is_err());
        let found = store
            .contacts_with_number(world.tenant, None, number(12)?)
            .await?;
        assert_eq!(found, []);
        assert_eq!(store.list_versions(world.campaign).await?.0, 1);
        let staged = stage(&world, 8..14).await?;
        assert_eq!(staged.kept, 3);
        store.drop_staged(world.campaign).await?;
    }
    // A number that came and went with it is no duplicate.
    let mut session = world
        .store
        .import(
            world.campaign,
            ImportOptions {
                skip_duplicates: true,
                ..ImportOptions::default()
            },
        )
        .await?;
    session.add(vec![contact(12)?, contact(8)?]).await?;
    let progress = session.finish().await?;
    assert_eq!((progress.accepted, progress.duplicates), (1, 1));
    Ok(())
}

pub(super) async fn a_list_that_was_called_is_not_replaced(world: World<'_>) -> Check {
    let contacts = world.import_count(3).await?;
    let staged = stage(&world, 8..14).await?;
    let store = &world.store;
    store.place_attempt(world.attempt(1, contacts[0])?).await?;
    let mut edit = renaming(&world, 1, "summer")?;
    edit.list = Some(staged);
    let refused = store.revise_campaign(edit).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })));
    let campaign = store.campaign(world.campaign).await?.ok_or("gone")?;
    assert_eq!(campaign.revision, RevisionNumber::new(1));
    store.drop_staged(world.campaign).await?;
    let again = store
        .stage_list(world.campaign, ImportOptions::default())
        .await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })));
    Ok(())
}
