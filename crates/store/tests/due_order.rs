//! The window of due contacts against a model that sorts the whole list.
#![allow(clippy::unwrap_used)] // What fails here fails the test.

mod support;

use std::collections::BTreeMap;

use outdial_domain::{CampaignId, ContactId, ContactPlace, ContactUpdate, History, Order, Outcome};
use outdial_store::{CampaignQuery, Campaigns, DueContacts, ImportOptions, Store, Upkeep};
use proptest::prelude::*;
use support::{at, attempt, contact, draft, end, open_small, tenant};

/// What a person does to a campaign's contacts; contacts by their place among those known.
#[derive(Clone, Debug)]
enum Step {
    Import(Vec<u8>),
    Fresh(prop::sample::Index),
    Rest(prop::sample::Index, i64),
    Finish(prop::sample::Index),
    Dial(prop::sample::Index),
    EndDial(i64),
    Reorder(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let contact = any::<prop::sample::Index>;
    prop_oneof![
        prop::collection::vec(1..=5_u8, 1..8).prop_map(Step::Import),
        contact().prop_map(Step::Fresh),
        (contact(), -5..5_i64).prop_map(|(index, seconds)| Step::Rest(index, seconds)),
        contact().prop_map(Step::Finish),
        contact().prop_map(Step::Dial),
        (-5..5_i64).prop_map(Step::EndDial),
        any::<bool>().prop_map(Step::Reorder),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Fresh,
    Resting(i64),
    InProgress,
    Done,
}

/// The list as the model knows it.
#[derive(Default)]
struct Model {
    contacts: BTreeMap<ContactId, (u8, Place)>,
    under_way: Vec<outdial_store::NewAttempt>,
    attempts: u64,
}

impl Model {
    fn pick(&self, index: prop::sample::Index) -> Option<ContactId> {
        let ids: Vec<ContactId> = self.contacts.keys().copied().collect();
        (!ids.is_empty()).then(|| *index.get(&ids))
    }

    /// Best first: (id, whether it rested).
    fn due(
        &self,
        now: i64,
        keys: &BTreeMap<ContactId, i64>,
        holds: &[ContactId],
    ) -> Vec<(ContactId, bool)> {
        let mut due: Vec<(u8, bool, i64, ContactId)> = self
            .contacts
            .iter()
            .filter(|(id, _)| !holds.contains(id))
            .filter_map(|(id, (priority, place))| match place {
                Place::Fresh => Some((*priority, true, keys[id], *id)),
                Place::Resting(until) if *until <= now => Some((*priority, false, *until, *id)),
                _ => None,
            })
            .collect();
        due.sort();
        due.into_iter()
            .map(|(_, fresh, _, id)| (id, !fresh))
            .collect()
    }

    fn next_due(&self, now: i64, holds: &[ContactId]) -> Option<i64> {
        self.contacts
            .iter()
            .filter(|(id, _)| !holds.contains(id))
            .filter_map(|(_, (_, place))| match place {
                Place::Resting(until) if *until > now => Some(*until),
                _ => None,
            })
            .min()
    }
}

async fn apply(store: &dyn Store, campaign: CampaignId, model: &mut Model, step: Step) {
    let update = |contact, place| ContactUpdate {
        contact,
        campaign,
        place,
        history: History::default(),
        last_outcome: None,
    };
    let (contact, place, new) = match step {
        Step::Import(priorities) => {
            let known = model.contacts.len() as u32;
            let list = (known..).zip(&priorities).map(|(index, priority)| {
                let mut new = contact(index);
                new.priority = *priority;
                new
            });
            let mut session = store
                .import(campaign, ImportOptions::default())
                .await
                .unwrap();
            session.add(list.collect()).await.unwrap();
            session.finish().await.unwrap();
            let page = store.contacts(campaign, None, None, 10_000).await.unwrap();
            for contact in page.items {
                model
                    .contacts
                    .entry(contact.id)
                    .or_insert((contact.priority, Place::Fresh));
            }
            return;
        }
        Step::Reorder(random) => {
            let order = if random { Order::Random } else { Order::List };
            store.reorder(campaign, order).await.unwrap();
            return;
        }
        Step::Dial(index) => {
            let Some(id) = model.pick(index) else { return };
            model.attempts += 1;
            let mut new = attempt(campaign, model.attempts);
            new.contact = id;
            let placed = store.place_attempt(new.clone()).await;
            let place = &mut model.contacts.get_mut(&id).unwrap().1;
            let callable = matches!(place, Place::Fresh | Place::Resting(_));
            assert_eq!(placed.is_ok(), callable);
            if callable {
                *place = Place::InProgress;
                model.under_way.push(new);
            }
            return;
        }
        Step::EndDial(seconds) => {
            let Some(new) = model.under_way.pop() else {
                return;
            };
            let mut ended = end(&new, Outcome::NoAnswer);
            ended.contact.place = ContactPlace::Resting(at(seconds));
            store.end_attempt(ended).await.unwrap();
            model.contacts.get_mut(&new.contact).unwrap().1 = Place::Resting(seconds);
            return;
        }
        Step::Fresh(index) => (model.pick(index), ContactPlace::Fresh, Place::Fresh),
        Step::Rest(index, s) => (
            model.pick(index),
            ContactPlace::Resting(at(s)),
            Place::Resting(s),
        ),
        Step::Finish(index) => (model.pick(index), ContactPlace::Done, Place::Done),
    };
    // The engine moves no contact that is being called.
    let Some(id) = contact.filter(|id| model.contacts[id].1 != Place::InProgress) else {
        return;
    };
    store
        .move_contacts(vec![update(id, place)], Vec::new())
        .await
        .unwrap();
    model.contacts.get_mut(&id).unwrap().1 = new;
}

async fn check(
    store: &dyn Store,
    campaign: CampaignId,
    model: &Model,
    now: i64,
    limit: usize,
    holds: &[ContactId],
) {
    let page = store.contacts(campaign, None, None, 10_000).await.unwrap();
    let keys = page
        .items
        .iter()
        .map(|contact| (contact.id, contact.order_key))
        .collect();
    let expected = model.due(now, &keys, holds);
    let DueContacts {
        contacts,
        next_due,
        more,
    } = store
        .due_contacts(campaign, at(now), limit, holds)
        .await
        .unwrap();
    let found: Vec<(ContactId, bool)> = contacts.iter().map(|c| (c.id, c.rested)).collect();
    assert_eq!(found, expected[..limit.min(expected.len())]);
    assert_eq!(more, expected.len() > limit);
    assert_eq!(next_due, model.next_due(now, holds).map(at));

    let counts = store.contact_counts(campaign).await.unwrap();
    let count = |wanted: fn(&Place) -> bool| {
        model
            .contacts
            .values()
            .filter(|(_, place)| wanted(place))
            .count() as u64
    };
    assert_eq!(counts.fresh, count(|place| *place == Place::Fresh));
    assert_eq!(
        counts.resting,
        count(|place| matches!(place, Place::Resting(_)))
    );
    assert_eq!(
        counts.in_progress,
        count(|place| *place == Place::InProgress)
    );
    assert_eq!(counts.done, count(|place| *place == Place::Done));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn due_contacts_are_those_of_a_sorted_list(
        steps in prop::collection::vec((step(), -6..6_i64, 1..12_usize, prop::collection::vec(any::<prop::sample::Index>(), 0..4)), 1..40)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let store = open_small(&folder.path().join("outdial.db"));
            let tenant = tenant(&store).await;
            let campaign = store.create_campaign(draft(tenant, Order::List)).await.unwrap().campaign.id;
            let mut model = Model::default();
            for (step, now, limit, held) in steps {
                apply(&store, campaign, &mut model, step).await;
                let holds: Vec<ContactId> = held.into_iter().filter_map(|index| model.pick(index)).collect();
                check(&store, campaign, &model, now, limit, &holds).await;
            }
            assert_eq!(store.count_campaigns(CampaignQuery::default()).await.unwrap(), 1);
            store.close().await.unwrap();
        });
    }
}
