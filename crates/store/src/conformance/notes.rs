//! Cases about notes.

use outdial_domain::Origin;

use super::Check;
use super::world::World;
use crate::Note;

fn note(kind: &str, key: &str, data: Option<&str>) -> Note {
    Note {
        kind: kind.to_owned(),
        key: key.to_owned(),
        data: data.map(str::to_owned),
    }
}

pub(super) async fn notes_outlive_a_restart_and_are_each_apis_own(mut world: World<'_>) -> Check {
    let tenant = world.tenant;
    let first = vec![
        note("push", "2", Some("two")),
        note("push", "1", Some("one")),
        note("place", "", Some("17")),
    ];
    world
        .store
        .write_notes(tenant, Origin::Huawei, first)
        .await?;
    world.restart().await?;
    let store = &world.store;
    let all = store.notes(tenant, Origin::Huawei, "push", "").await?;
    assert_eq!(
        all,
        [
            note("push", "1", Some("one")),
            note("push", "2", Some("two"))
        ]
    );
    let after = store.notes(tenant, Origin::Huawei, "push", "1").await?;
    assert_eq!(after, [note("push", "2", Some("two"))]);
    let change = vec![note("push", "1", None), note("place", "", Some("18"))];
    store.write_notes(tenant, Origin::Huawei, change).await?;
    let at = |kind: &'static str, key: &'static str| store.note(tenant, Origin::Huawei, kind, key);
    assert_eq!(at("push", "1").await?, None);
    assert_eq!(at("place", "").await?.as_deref(), Some("18"));
    let theirs = store.note(tenant, Origin::Tencent, "place", "").await?;
    assert_eq!(theirs, None);
    let other = world.other_tenant().await?.id;
    let theirs = world.store.note(other, Origin::Huawei, "place", "").await?;
    assert_eq!(theirs, None);
    Ok(())
}
