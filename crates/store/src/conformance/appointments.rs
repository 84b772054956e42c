//! Cases about appointments.

use std::collections::BTreeMap;
use std::time::Duration;

use outdial_domain::{
    AgentId, Appointment, AppointmentId, AppointmentKind, AppointmentState, ContactState, Outcome,
    SkillGroupId,
};

use super::Check;
use super::world::{World, agent, at, number};
use crate::{AppointmentChange, AppointmentQuery, NewAppointment, StoreError};

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn new(world: &World<'_>, index: u32, due: i64) -> Result<NewAppointment, Failure> {
    Ok(NewAppointment {
        tenant: world.tenant,
        kind: AppointmentKind::Manual,
        campaign: world.campaign,
        contact: None,
        number: number(index)?,
        agent: Some(agent()?),
        skill_group: None,
        caller_id: None,
        due_at: at(due),
        valid_until: at(due) + Appointment::VALID_FOR,
        remark: "ask for the boss".to_owned(),
        attributes: BTreeMap::from([("plan".to_owned(), "gold".to_owned())]),
        author: "crm".to_owned(),
        at: at(0),
    })
}

pub(super) async fn appointments_are_made_changed_and_taken_back(mut world: World<'_>) -> Check {
    let ids = world.import_count(1).await?;
    let tenant = world.tenant;
    let made = world.store.create_appointment(new(&world, 1, 60)?).await?;
    assert_eq!((made.contact, made.revision), (ids[0], 1));
    assert_eq!(made.state, AppointmentState::Waiting);
    world.restart().await?;
    let found = world.store.appointment(tenant, made.id).await?;
    assert_eq!(found.as_ref(), Some(&made));
    let other = world.other_tenant().await?.id;
    assert_eq!(world.store.appointment(other, made.id).await?, None);

    let change = AppointmentChange {
        skill_group: Some(SkillGroupId::new(255)),
        due_at: Some(at(120)),
        ..AppointmentChange::default()
    };
    let store = &world.store;
    let changed = store.change_appointment(tenant, made.id, change).await?;
    assert_eq!((changed.agent, changed.revision), (None, 2));
    assert_eq!(changed.skill_group, Some(SkillGroupId::new(255)));
    assert_eq!(changed.valid_until, at(120) + Appointment::VALID_FOR);
    assert_eq!(changed.remark, made.remark);
    let report = BTreeMap::from([("fail_code".to_owned(), "00000".to_owned())]);
    let done = store
        .report_appointment(tenant, made.id, report.clone())
        .await?;
    assert_eq!((done.state, done.report), (AppointmentState::Done, report));
    let late = store
        .change_appointment(tenant, made.id, AppointmentChange::default())
        .await;
    assert!(matches!(late, Err(StoreError::Conflict { .. })));
    store.remove_appointment(tenant, made.id).await?;
    let gone = store.remove_appointment(tenant, made.id).await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })));
    let again = store.create_appointment(new(&world, 1, 60)?).await?;
    assert_ne!(again.id, made.id);
    Ok(())
}

pub(super) async fn a_number_that_is_no_contact_becomes_one_for_its_appointment(
    world: World<'_>,
) -> Check {
    world.import_count(2).await?;
    let made = world.store.create_appointment(new(&world, 7, 60)?).await?;
    let contact = world.store.contact(made.contact).await?;
    let contact = contact.ok_or("the contact is missing")?;
    assert_eq!(contact.state, ContactState::Done);
    assert_eq!(contact.numbers, [number(7)?]);
    let counts = world.store.contact_counts(world.campaign).await?;
    assert_eq!((counts.fresh, counts.done), (2, 1));
    let again = world.store.create_appointment(new(&world, 7, 60)?).await?;
    assert_eq!(again.contact, made.contact);
    assert_eq!(world.import_count(1).await?.len(), 4);
    let mut wrong = new(&world, 8, 60)?;
    wrong.contact = Some(made.contact);
    let refused = world.store.create_appointment(wrong).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })));
    Ok(())
}

pub(super) async fn appointments_are_found_by_when_they_are_due(world: World<'_>) -> Check {
    let store = &world.store;
    let mut ids = Vec::new();
    for (index, due) in [(1, 300), (2, 100), (3, 200), (4, 9_000)] {
        ids.push(store.create_appointment(new(&world, index, due)?).await?.id);
    }
    let found = |found: Vec<Appointment>| -> Vec<AppointmentId> {
        found.into_iter().map(|found| found.id).collect()
    };
    let due = store.appointments_due(world.tenant, at(400), 10).await?;
    assert_eq!(found(due), [ids[1], ids[2], ids[0]]);
    let first = store.appointments_due(world.tenant, at(400), 1).await?;
    assert_eq!(found(first), [ids[1]]);
    let (tenant, over) = (world.tenant, AppointmentState::TimedOut);
    // What is said of an older revision changes nothing.
    store.end_appointment(tenant, ids[1], 0, over).await?;
    store.end_appointment(tenant, ids[2], 1, over).await?;
    let due = store.appointments_due(tenant, at(400), 10).await?;
    assert_eq!(found(due), [ids[1], ids[0]]);
    let mut query = AppointmentQuery {
        limit: 3,
        ..AppointmentQuery::of(tenant)
    };
    let page = store.appointments(query.clone()).await?;
    query.after = page.next;
    assert_eq!(found(page.items), ids[..3]);
    assert_eq!(found(store.appointments(query).await?.items), ids[3..]);
    let narrow = AppointmentQuery {
        agents: vec![agent()?],
        state: Some(AppointmentState::Waiting),
        from: Some(at(200)),
        to: Some(at(1_000)),
        ..AppointmentQuery::of(tenant)
    };
    assert_eq!(found(store.appointments(narrow).await?.items), [ids[0]]);
    let nobody = AppointmentQuery {
        agents: vec![AgentId::new("9")?],
        ..AppointmentQuery::of(tenant)
    };
    assert_eq!(found(store.appointments(nobody).await?.items), []);
    Ok(())
}

pub(super) async fn an_appointment_is_called_once(mut world: World<'_>) -> Check {
    let made = world.store.create_appointment(new(&world, 7, 60)?).await?;
    let mut attempt = world.attempt(1, made.contact)?;
    attempt.appointment = Some(made.id);
    world.store.place_attempt(attempt.clone()).await?;
    world.restart().await?;
    let due = world
        .store
        .appointments_due(world.tenant, at(999), 10)
        .await?;
    assert_eq!(due, []);
    let calling = world.store.appointment(world.tenant, made.id).await?;
    let calling = calling.ok_or("the appointment is missing")?;
    assert_eq!(calling.state, AppointmentState::Calling);
    assert_eq!(calling.attempt, Some(attempt.id));
    let mut end = world.end(&attempt, Outcome::Busy);
    end.attempt.ended_at = Some(attempt.started_at + Duration::from_secs(1));
    world.store.end_attempt(end).await?;
    let done = world.store.appointment(world.tenant, made.id).await?;
    let done = done.map(|done| (done.state, done.outcome));
    assert_eq!(done, Some((AppointmentState::Done, Some(Outcome::Busy))));
    let mut second = world.attempt(2, made.contact)?;
    second.appointment = Some(made.id);
    let refused = world.store.place_attempt(second).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })));
    Ok(())
}

pub(super) async fn a_contact_for_whom_a_call_is_reserved_stays_in_its_list(
    world: World<'_>,
) -> Check {
    let ids = world.import_count(2).await?;
    let made = world.store.create_appointment(new(&world, 1, 60)?).await?;
    let remove = || world.store.remove_contacts(world.campaign, ids.clone());
    assert_eq!(remove().await?, 1);
    assert_eq!(world.ids(world.campaign).await?, [made.contact]);
    world
        .store
        .remove_appointment(world.tenant, made.id)
        .await?;
    assert_eq!(remove().await?, 1, "nobody waits for it any more");
    assert_eq!(world.ids(world.campaign).await?, []);
    Ok(())
}
