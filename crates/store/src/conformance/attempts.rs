//! Cases about attempts and dialogs.

use std::time::Duration;

use outdial_domain::{
    AgentId, AttemptId, Blame, ContactId, ContactPlace, ContactState, EndedBy, Order, Outcome,
    Progress, TenantId, TrunkName,
};

use super::Check;
use super::world::{World, agent, at, contact, number, trunk};
use crate::{
    AttemptAnswered, AttemptJoined, AttemptQuery, AttemptRerouted, CallerIdCalls, Dialog,
    DialogOwner, Disposition, LedgerSum, NewLeg, StoreError,
};

fn answered(world: &World<'_>, attempt: u64) -> AttemptAnswered {
    AttemptAnswered {
        tenant: world.tenant,
        attempt: AttemptId::new(attempt),
        progress_at: Some(at(3)),
        at: at(5),
        dialog: Some(Dialog {
            leg: 1000 + attempt,
            owner: DialogOwner::Callee(world.tenant, AttemptId::new(attempt)),
            identity: "call-1 with tag".to_owned(),
            answered: true,
        }),
        events: vec![world.event("answered")],
    }
}

pub(super) async fn an_attempt_goes_from_placed_to_ended(mut world: World<'_>) -> Check {
    let ids = world.import_count(2).await?;
    let mut new = world.attempt(1, ids[0])?;
    new.events = vec![world.event("started")];
    world.store.place_attempt(new.clone()).await?;
    let contact = world.store.contact(ids[0]).await?.ok_or("gone")?;
    assert_eq!(contact.state, ContactState::InProgress);

    world.store.attempt_answered(answered(&world, 1)).await?;
    let joined = AttemptJoined {
        tenant: world.tenant,
        attempt: new.id,
        at: at(6),
        agent: Some(agent()?),
    };
    world.store.attempt_joined(joined).await?;
    world.restart().await?;
    let stored = world.store.attempt(world.tenant, new.id).await?;
    let stored = stored.ok_or("gone")?.attempt;
    assert_eq!(stored.progress_at, Some(at(3)));
    assert_eq!(stored.answered_at, Some(at(5)));
    assert_eq!(stored.joined_at, Some(at(6)));
    assert_eq!(stored.agent, Some(agent()?));
    assert_eq!(stored.outcome, None);
    let dialogs = world.store.open_dialogs().await?;
    assert_eq!(dialogs.len(), 1);
    assert!(dialogs[0].answered);
    assert_eq!(dialogs[0].identity, "call-1 with tag");

    let mut end = world.end(&new, Outcome::Answered);
    end.attempt.progress_at = Some(at(3));
    end.attempt.answered_at = Some(at(5));
    end.attempt.joined_at = Some(at(6));
    end.attempt.agent = Some(agent()?);
    end.attempt.blame = Some(Blame::Callee);
    end.attempt.evidence.sip_status = Some(200);
    end.attempt.evidence.q850_cause = Some(16);
    end.attempt.evidence.progress = Some(Progress::Ringing);
    end.attempt.evidence.ended_by = Some(EndedBy::Remote);
    world.store.end_attempt(end.clone()).await?;
    world.restart().await?;
    let stored = world.store.attempt(world.tenant, new.id).await?;
    assert_eq!(stored.ok_or("gone")?.attempt, end.attempt);
    assert!(world.store.open_dialogs().await?.is_empty());
    assert!(world.store.open_attempts().await?.is_empty());
    let contact = world.store.contact(ids[0]).await?.ok_or("gone")?;
    assert_eq!(contact.state, ContactState::Done);
    assert_eq!(contact.history, end.contact.history);
    assert_eq!(contact.last_outcome, Some(Outcome::Answered));
    let stats = world.store.campaign_stats(world.campaign).await?;
    assert_eq!((stats.attempts, stats.answered, stats.live), (1, 1, 1));
    assert_eq!(stats.outcomes.get(&Outcome::Answered), Some(&1));
    assert_eq!(stats.contacts.done, 1);
    Ok(())
}

pub(super) async fn an_attempt_is_placed_once(world: World<'_>) -> Check {
    let ids = world.import_count(3).await?;
    let store = &world.store;
    store.place_attempt(world.attempt(1, ids[0])?).await?;
    let refusals = [
        // The id is taken.
        world.attempt(1, ids[1])?,
        // The contact is being called.
        world.attempt(2, ids[0])?,
    ];
    for refused in refusals {
        let answer = store.place_attempt(refused).await;
        assert!(matches!(answer, Err(StoreError::Conflict { .. })));
    }
    let unknown = [
        world.attempt(3, ContactId::new(5))?,
        world.attempt(3, ContactId::new(u64::MAX))?,
        world.attempt(0, ids[1])?,
        world.attempt(u64::MAX, ids[1])?,
    ];
    for refused in unknown {
        let answer = store.place_attempt(refused).await;
        assert!(matches!(answer, Err(StoreError::NotFound { .. })));
    }
    let finals = world.moved(ids[2], ContactPlace::Done);
    store.move_contacts(vec![finals], Vec::new()).await?;
    let answer = store.place_attempt(world.attempt(4, ids[2])?).await;
    assert!(matches!(answer, Err(StoreError::Conflict { .. })));

    // Refusals have left nothing behind.
    assert_eq!(store.open_attempts().await?.len(), 1);
    assert_eq!(store.open_dialogs().await?.len(), 1);
    let stats = store.campaign_stats(world.campaign).await?;
    assert_eq!(stats.attempts, 1);
    assert_eq!(stats.contacts.in_progress, 1);
    assert_eq!(stats.contacts.fresh, 1);
    assert_eq!(
        store.last_attempt(world.tenant).await?,
        Some(AttemptId::new(1))
    );
    Ok(())
}

pub(super) async fn an_end_repeated_changes_nothing(world: World<'_>) -> Check {
    let ids = world.import_count(1).await?;
    let new = world.attempt(1, ids[0])?;
    let store = &world.store;
    store.place_attempt(new.clone()).await?;
    let end = world.end(&new, Outcome::Abandoned);
    store.end_attempt(end.clone()).await?;
    store.end_attempt(end.clone()).await?;
    let stats = store.campaign_stats(world.campaign).await?;
    assert_eq!((stats.live, stats.abandoned), (1, 1));
    assert_eq!(stats.outcomes.get(&Outcome::Abandoned), Some(&1));
    assert_eq!(stats.contacts.done, 1);
    let other = world.end(&new, Outcome::Busy);
    let refused = store.end_attempt(other).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })));
    let mut endless = end;
    endless.attempt.outcome = None;
    let refused = store.end_attempt(endless).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })));
    let mut unknown = world.end(&new, Outcome::Busy);
    unknown.attempt.id = AttemptId::new(50);
    let refused = store.end_attempt(unknown).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })));
    Ok(())
}

pub(super) async fn late_facts_about_an_ended_attempt_change_nothing(world: World<'_>) -> Check {
    let ids = world.import_count(1).await?;
    let new = world.attempt(1, ids[0])?;
    let store = &world.store;
    store.place_attempt(new.clone()).await?;
    let end = world.end(&new, Outcome::NoAnswer);
    store.end_attempt(end.clone()).await?;
    store.attempt_answered(answered(&world, 1)).await?;
    let joined = AttemptJoined {
        tenant: world.tenant,
        attempt: new.id,
        at: at(6),
        agent: None,
    };
    store.attempt_joined(joined).await?;
    let reroute = AttemptRerouted {
        tenant: world.tenant,
        attempt: new.id,
        trunk: trunk()?,
        leg: NewLeg {
            leg: 5,
            identity: String::new(),
        },
    };
    let refused = store.reroute_attempt(reroute).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })));
    let stored = store.attempt(world.tenant, new.id).await?.ok_or("gone")?;
    assert_eq!(stored.attempt, end.attempt);
    assert!(store.open_dialogs().await?.is_empty());
    let refused = store.attempt_answered(answered(&world, 9)).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })));
    Ok(())
}

pub(super) async fn a_reroute_replaces_trunk_and_dialog(world: World<'_>) -> Check {
    let ids = world.import_count(1).await?;
    let store = &world.store;
    store.place_attempt(world.attempt(1, ids[0])?).await?;
    let reroute = AttemptRerouted {
        tenant: world.tenant,
        attempt: AttemptId::new(1),
        trunk: TrunkName::new("backup")?,
        leg: NewLeg {
            leg: 2001,
            identity: "second try".to_owned(),
        },
    };
    store.reroute_attempt(reroute).await?;
    let stored = store.attempt(world.tenant, AttemptId::new(1)).await?;
    assert_eq!(stored.ok_or("gone")?.attempt.trunk.as_str(), "backup");
    let dialogs = store.open_dialogs().await?;
    assert_eq!(dialogs.len(), 1);
    assert_eq!((dialogs[0].leg, dialogs[0].answered), (2001, false));
    Ok(())
}

pub(super) async fn what_is_open_at_a_crash_is_found_again(mut world: World<'_>) -> Check {
    let ids = world.import_count(3).await?;
    let tenant = world.tenant;
    for (id, contact) in (1..).zip(&ids) {
        world
            .store
            .place_attempt(world.attempt(id, *contact)?)
            .await?;
    }
    let ended = world.end(&world.attempt(2, ids[1])?, Outcome::Busy);
    let mut dialogs = vec![
        Dialog {
            leg: u64::MAX,
            owner: DialogOwner::Agent(tenant, agent()?),
            identity: "agent's phone".to_owned(),
            answered: true,
        },
        Dialog {
            leg: 7,
            owner: DialogOwner::Flow(tenant, AttemptId::new(2)),
            identity: "flow".to_owned(),
            answered: false,
        },
        Dialog {
            leg: 8,
            owner: DialogOwner::Agent(tenant, agent()?),
            identity: "gone".to_owned(),
            answered: false,
        },
    ];
    for dialog in dialogs.clone() {
        world.store.store_dialog(dialog).await?;
    }
    world.store.forget_dialogs(vec![8, 9]).await?;
    world.store.end_attempt(ended).await?;
    dialogs[0].identity = "agent's phone, refreshed".to_owned();
    world.store.store_dialog(dialogs[0].clone()).await?;
    world.restart().await?;

    let open = world.store.open_attempts().await?;
    let open: Vec<u64> = open.iter().map(|open| open.attempt.id.number()).collect();
    assert_eq!(open, [1, 3]);
    let mut left = world.store.open_dialogs().await?;
    left.sort_by_key(|dialog| dialog.leg);
    let legs: Vec<u64> = left.iter().map(|dialog| dialog.leg).collect();
    assert_eq!(legs, [1001, 1003, u64::MAX]);
    assert_eq!(left[2], dialogs[0]);
    assert_eq!(
        world.store.last_attempt(tenant).await?,
        Some(AttemptId::new(3))
    );
    let nobody = world.store.last_attempt(TenantId::new(999)).await?;
    assert_eq!(nobody, None);
    Ok(())
}

pub(super) async fn attempts_are_listed_by_every_filter(world: World<'_>) -> Check {
    let ids = world.import_count(4).await?;
    let other = world.create(world.tenant, "other", Order::List).await?;
    world.import(other, vec![contact(60)?]).await?;
    let elsewhere = world.ids(other).await?[0];
    let store = &world.store;
    for (id, contact) in (1..).zip(&ids) {
        let mut new = world.attempt(id, *contact)?;
        new.number = number(id as u32)?;
        store.place_attempt(new).await?;
    }
    let mut new = world.attempt(5, elsewhere)?;
    new.campaign = other;
    new.number = number(1)?;
    store.place_attempt(new).await?;

    let list = async |query: AttemptQuery| -> Result<Vec<u64>, StoreError> {
        let page = store.attempts(query).await?;
        Ok(page
            .items
            .iter()
            .map(|item| item.attempt.id.number())
            .collect())
    };
    let all = AttemptQuery::of(world.tenant);
    assert_eq!(list(all.clone()).await?, [1, 2, 3, 4, 5]);
    let mut query = all.clone();
    query.campaign = Some(world.campaign);
    query.newest_first = true;
    assert_eq!(list(query.clone()).await?, [4, 3, 2, 1]);
    query.after = Some(AttemptId::new(3));
    assert_eq!(list(query.clone()).await?, [2, 1]);
    query.newest_first = false;
    assert_eq!(list(query).await?, [4]);
    let mut query = all.clone();
    query.number = Some(number(1)?);
    assert_eq!(list(query.clone()).await?, [1, 5]);
    query.campaign = Some(other);
    assert_eq!(list(query).await?, [5]);
    let mut query = all.clone();
    query.contact = Some(ids[2]);
    assert_eq!(list(query.clone()).await?, [3]);
    query.campaign = Some(other);
    assert_eq!(list(query).await?, [0; 0]);
    let mut query = all.clone();
    query.limit = 2;
    let page = store.attempts(query.clone()).await?;
    assert_eq!(page.next, Some(AttemptId::new(2)));
    query.after = page.next;
    query.limit = 3;
    assert_eq!(store.attempts(query.clone()).await?.next, None);
    query.after = Some(AttemptId::new(u64::MAX));
    assert_eq!(list(query).await?, [0; 0]);
    assert_eq!(list(AttemptQuery::of(TenantId::new(9))).await?, [0; 0]);
    Ok(())
}

pub(super) async fn a_contact_can_be_dialed_again_right_after_its_end(world: World<'_>) -> Check {
    let ids = world.import_count(1).await?;
    let store = &world.store;
    let mut previous = world.attempt(1, ids[0])?;
    store.place_attempt(previous.clone()).await?;
    for id in 2..20 {
        // Asked for together: the next dial must not overtake the end of the one before.
        let mut end = world.end(&previous, Outcome::NoAnswer);
        end.contact.place = ContactPlace::Resting(at(0));
        let next = world.attempt(id, ids[0])?;
        let (ended, placed) =
            tokio::join!(store.end_attempt(end), store.place_attempt(next.clone()));
        ended?;
        placed?;
        previous = next;
    }
    let counts = store.contact_counts(world.campaign).await?;
    assert_eq!((counts.in_progress, counts.resting), (1, 0));
    Ok(())
}

pub(super) async fn the_ledger_adds_up_by_time(world: World<'_>) -> Check {
    let ids = world.import_count(4).await?;
    let store = &world.store;
    let outcomes = [
        Outcome::Answered,
        Outcome::Abandoned,
        Outcome::Busy,
        Outcome::Answered,
    ];
    for ((id, contact), outcome) in (1..).zip(&ids).zip(outcomes) {
        let new = world.attempt(id, *contact)?;
        store.place_attempt(new.clone()).await?;
        let mut end = world.end(&new, outcome);
        // One in each hour.
        end.attempt.ended_at = Some(at(3600 * id as i64));
        if id == 4 {
            // An agent took it, too late: it counts as both.
            end.attempt.counts_as_abandoned = true;
        }
        store.end_attempt(end).await?;
    }
    let sum = async |from: i64, to: i64| {
        store
            .ledger(world.campaign, at(from * 3600), at(to * 3600))
            .await
    };
    let ledger = |live, abandoned| LedgerSum { live, abandoned };
    assert_eq!(sum(0, 9).await?, ledger(3, 2));
    assert_eq!(sum(0, 2).await?, ledger(1, 0));
    assert_eq!(sum(2, 4).await?, ledger(1, 1));
    assert_eq!(sum(4, 5).await?, ledger(1, 1));
    assert_eq!(sum(5, 9).await?, ledger(0, 0));
    let stats = store.campaign_stats(world.campaign).await?;
    assert_eq!((stats.answered, stats.live, stats.abandoned), (2, 3, 2));
    assert_eq!(stats.outcomes.values().sum::<u64>(), 4);
    Ok(())
}

pub(super) async fn attempts_to_a_number_are_counted_over_campaigns(world: World<'_>) -> Check {
    let ids = world.import_count(3).await?;
    let store = &world.store;
    for (id, contact) in (1..).zip(&ids) {
        let mut new = world.attempt(id, *contact)?;
        new.number = number(if id < 3 { 1 } else { 2 })?;
        store.place_attempt(new).await?;
    }
    let numbers = vec![number(1)?, number(2)?, number(3)?];
    let since = async |seconds| {
        store
            .attempts_to(world.tenant, numbers.clone(), at(seconds))
            .await
    };
    assert_eq!(since(0).await?, [2, 1, 0]);
    assert_eq!(since(2).await?, [1, 1, 0]);
    let other = world.other_tenant().await?.id;
    let foreign = store.attempts_to(other, numbers.clone(), at(0)).await?;
    assert_eq!(foreign, [0, 0, 0]);
    Ok(())
}

pub(super) async fn calls_of_a_caller_id_are_counted_over_campaigns_and_restarts(
    mut world: World<'_>,
) -> Check {
    let ids = world.import_count(3).await?;
    let second = world.create(world.tenant, "second", Order::List).await?;
    world.import(second, vec![contact(9)?]).await?;
    let other = world.ids(second).await?[0];
    let place = async |world: &World<'_>, id, campaign, contact, caller_id, seconds| -> Check {
        let mut new = world.attempt(id, contact)?;
        new.campaign = campaign;
        new.caller_id = number(caller_id)?;
        new.started_at = at(seconds);
        world.store.place_attempt(new).await?;
        Ok(())
    };
    place(&world, 1, world.campaign, ids[0], 1, 1_000).await?;
    place(&world, 2, world.campaign, ids[1], 2, 8_000).await?;
    // The clock was put back a little in between.
    place(&world, 3, second, other, 1, 7_900).await?;
    place(&world, 4, world.campaign, ids[2], 1, 9_000).await?;
    world.restart().await?;
    let calls = async |midnight, hour_ago| {
        let (midnight, hour_ago) = (at(midnight), at(hour_ago));
        let calls = world
            .store
            .caller_id_calls(world.tenant, midnight, hour_ago);
        calls.await
    };
    let numbers = [number(1)?, number(2)?];
    let used = |index: usize, last_hour: &[i64], today| CallerIdCalls {
        caller_id: numbers[index],
        last_hour: last_hour.iter().map(|&seconds| at(seconds)).collect(),
        today,
    };
    let all = [used(0, &[7_900, 9_000], 3), used(1, &[8_000], 1)];
    assert_eq!(calls(1_000, 7_900).await?, all);
    // Shortly after midnight the hour goes back further than the day.
    assert_eq!(
        calls(9_000, 7_950).await?,
        [used(0, &[9_000], 1), used(1, &[8_000], 0)]
    );
    assert_eq!(calls(9_001, 9_001).await?, []);
    let foreign = world.other_tenant().await?.id;
    let foreign = world.store.caller_id_calls(foreign, at(0), at(0)).await?;
    assert_eq!(foreign, []);
    Ok(())
}

pub(super) async fn a_disposition_is_stored_and_replaced(world: World<'_>) -> Check {
    let ids = world.import_count(1).await?;
    let store = &world.store;
    let id = AttemptId::new(1);
    let mut disposition = Disposition {
        code: "sold".to_owned(),
        notes: "wants the blue one".to_owned(),
        do_not_call: false,
        author: "1001".to_owned(),
        at: at(0) + Duration::from_millis(1),
    };
    let dispose =
        |disposition: &Disposition| store.dispose_attempt(world.tenant, id, disposition.clone());
    let refused = dispose(&disposition).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })));
    store.place_attempt(world.attempt(1, ids[0])?).await?;
    dispose(&disposition).await?;
    disposition.do_not_call = true;
    dispose(&disposition).await?;
    let stored = store.attempt(world.tenant, id).await?.ok_or("gone")?;
    assert_eq!(stored.disposition, Some(disposition));
    Ok(())
}

pub(super) async fn a_machine_that_an_agent_marks_afterwards_is_no_live_answer(
    world: World<'_>,
) -> Check {
    let ids = world.import_count(1).await?;
    let store = &world.store;
    let new = world.attempt(1, ids[0])?;
    store.place_attempt(new.clone()).await?;
    let mut end = world.end(&new, Outcome::Answered);
    end.attempt.agent = Some(AgentId::new("1001")?);
    end.attempt.ended_at = Some(at(60));
    store.end_attempt(end).await?;
    let live = async || {
        let ledger = store.ledger(world.campaign, at(0), at(3600)).await?;
        let stats = store.campaign_stats(world.campaign).await?;
        Ok::<_, StoreError>((ledger.live, stats.live))
    };
    assert_eq!(live().await?, (1, 1));
    for (code, expected) in [("machine", 0), ("machine", 0), ("sold", 1), ("machine", 0)] {
        let disposition = Disposition {
            code: code.to_owned(),
            notes: String::new(),
            do_not_call: false,
            author: "1001".to_owned(),
            at: at(61),
        };
        store
            .dispose_attempt(world.tenant, AttemptId::new(1), disposition)
            .await?;
        assert_eq!(live().await?, (expected, expected), "{code}");
    }
    Ok(())
}
