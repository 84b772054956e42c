//! What an edit would do: asked, and not done.

use std::time::Duration;

use outdial_domain::{
    Calendar, DayRule, DaySelector, Field, LifeCycleCommand, Mode, RevisionNumber, Settings,
    TimeOfDay, Window,
};
use outdial_service::views::UncallableWhy;

use crate::world::{World, contacts, edit, now, number};

/// What an edit would leave without a call.
async fn cut_off(
    world: &World,
    id: outdial_domain::CampaignId,
    change: impl Fn(&mut Settings) + Send + Sync + 'static,
) -> Vec<(UncallableWhy, u64)> {
    let preview = world.service.preview_edit(&world.caller, id, edit(change));
    let uncallable = preview.await.unwrap().uncallable;
    uncallable.iter().map(|u| (u.why, u.contacts)).collect()
}

#[tokio::test]
async fn a_preview_says_the_diff_and_the_refused_fields_and_changes_nothing() {
    let world = World::start().await;
    let id = world.campaign(|_| {}).await;
    world.import(id, contacts(1..=3)).await;
    let before = world.show(id).await;
    let change = edit(|s| {
        s.name = "summer".to_owned();
        s.mode = Mode::Progressive;
    });
    let preview = world.service.preview_edit(&world.caller, id, change).await;
    let preview = preview.unwrap();
    assert_eq!(preview.revision, RevisionNumber::new(1));
    assert_eq!(preview.diff.len(), 1);
    assert_eq!(preview.diff[0].field, Field::Name);
    assert_eq!(preview.refused[0].field, Field::Mode);
    assert_eq!(preview.uncallable, []);
    assert_eq!(world.show(id).await, before);
    let revisions = world.service.revisions(&world.caller, id).await.unwrap();
    assert_eq!(revisions.len(), 1);
    let wrong = edit(|s| s.priority = 9);
    let wrong = world.service.preview_edit(&world.caller, id, wrong).await;
    assert!(wrong.is_err());
    world.stop().await;
}

#[tokio::test]
async fn contacts_that_would_become_uncallable_are_counted_by_reason() {
    let world = World::start().await;
    let id = world
        .campaign(|s| {
            s.retry.attempts_total = 3;
            s.retry.interval = Duration::from_secs(3600);
        })
        .await;
    world.import(id, contacts(1..=3)).await;
    world.command(id, LifeCycleCommand::Start).await;
    world.wait_for_attempts(id, 3).await;
    world.command(id, LifeCycleCommand::Pause).await;
    world.import(id, contacts(4..=5)).await;
    // Three have been called once and rest for an hour, two are fresh.
    let period = |from: Option<i64>, to: i64| {
        let at = |minutes| now() + Duration::from_secs(60 * minutes as u64);
        Calendar::new(from.map(at), Some(at(to)), "Asia/Shanghai", Vec::new()).unwrap()
    };
    assert_eq!(
        cut_off(&world, id, |s| s.retry.attempts_total = 1).await,
        [(UncallableWhy::AttemptsUsed, 3)]
    );
    assert_eq!(
        cut_off(&world, id, |s| s.retry.attempts_total = 2).await,
        []
    );
    let half_an_hour = period(None, 30);
    let ends = move |s: &mut Settings| s.calendar = half_an_hour.clone();
    assert_eq!(
        cut_off(&world, id, ends).await,
        [(UncallableWhy::RestsPastEnd, 3)]
    );
    let never_open = move |s: &mut Settings| {
        let closed = DayRule {
            days: DaySelector::Dates(vec![(2001, 1, 1)]),
            windows: vec![
                Window::new(
                    TimeOfDay::parse("09:00").unwrap(),
                    TimeOfDay::parse("21:00").unwrap(),
                )
                .unwrap(),
            ],
        };
        s.calendar = Calendar::new(None, None, "Asia/Shanghai", vec![closed]).unwrap();
    };
    assert_eq!(
        cut_off(&world, id, never_open).await,
        [(UncallableWhy::NoWindow, 5)]
    );
    let over = move |s: &mut Settings| {
        let past = now() - Duration::from_secs(60);
        s.calendar = Calendar::new(None, Some(past), "Asia/Shanghai", Vec::new()).unwrap();
    };
    assert_eq!(
        cut_off(&world, id, over).await,
        [(UncallableWhy::PeriodOver, 5)]
    );
    // 4008013260 is tied to a trunk that there is not.
    let tied = || vec![number("4008013260")];
    assert_eq!(
        cut_off(&world, id, move |s| s.caller_ids = tied()).await,
        [(UncallableWhy::NoTrunk, 5)]
    );
    assert_eq!(
        cut_off(&world, id, move |s| s.recall_caller_ids = tied()).await,
        [(UncallableWhy::NoTrunk, 3)]
    );
    // What is cut off already is not this edit's doing.
    let made = edit(|s| s.retry.attempts_total = 1);
    let made = world.service.edit_campaign(&world.caller, id, made).await;
    made.unwrap();
    assert_eq!(cut_off(&world, id, |s| s.priority = 1).await, []);
    world.stop().await;
}
