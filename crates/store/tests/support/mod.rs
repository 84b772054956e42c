//! A database with a campaign, for the tests of the SQLite engine.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // Each test uses a part; setting up must not fail.

use std::path::Path;

use outdial_domain::{
    Attempt, AttemptId, Calendar, CampaignId, ComplianceProfile, ContactId, ContactPlace,
    ContactUpdate, Country, Evidence, History, Mode, NewContact, Order, Origin, Outcome,
    PhoneNumber, RevisionNumber, Settings, SkillGroupId, Target, TenantId, Timestamp, TrunkName,
};
use outdial_store::{
    EndAttempt, ImportOptions, NewAttempt, NewCampaign, NewLeg, NewTenant, SqliteOptions,
    SqliteStore, Store, StoreError,
};

/// A database for a few contacts, opened quickly.
pub fn open_small(path: &Path) -> SqliteStore {
    let options = SqliteOptions {
        log_allocated: false,
        ..SqliteOptions::default()
    };
    SqliteStore::open_with(path, &options).unwrap()
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_795_165_200 + seconds)
}

pub fn number(index: u32) -> PhoneNumber {
    PhoneNumber::from_text(&format!("+86130{index:08}")).unwrap()
}

pub fn contact(index: u32) -> NewContact {
    NewContact::with_number(number(index))
}

pub async fn tenant(store: &dyn Store) -> TenantId {
    let tenant = NewTenant {
        name: "acme".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        default_country: Country::new("CN").unwrap(),
        compliance: ComplianceProfile::none(),
        max_calls: 500,
    };
    store.put_tenant(tenant).await.unwrap().id
}

pub fn draft(tenant: TenantId, order: Order) -> NewCampaign {
    let mut settings = Settings::new(
        "spring",
        Mode::Progressive,
        Target::SkillGroup(SkillGroupId::new(255)),
        vec![PhoneNumber::from_text("10085").unwrap()],
        Calendar::always("Asia/Shanghai").unwrap(),
    );
    settings.order = order;
    NewCampaign {
        tenant,
        origin: Origin::Rest,
        author: "test".to_owned(),
        at: at(0),
        settings,
        extras: Default::default(),
        idempotency: None,
    }
}

/// The first tenant's new campaign.
pub async fn campaign(store: &dyn Store) -> CampaignId {
    let tenant = tenant(store).await;
    let created = store.create_campaign(draft(tenant, Order::List)).await;
    created.unwrap().campaign.id
}

/// Takes contacts in with numbers from `first`.
pub async fn import(
    store: &dyn Store,
    campaign: CampaignId,
    first: u32,
    count: u32,
) -> Result<u64, StoreError> {
    let mut session = store.import(campaign, ImportOptions::default()).await?;
    let list: Vec<NewContact> = (first..first + count).map(contact).collect();
    for batch in list.chunks(1000) {
        session.add(batch.to_vec()).await?;
    }
    Ok(session.finish().await?.accepted)
}

/// The id of the contact at this place in the list, as the engine's test may know it.
pub fn contact_id(campaign: CampaignId, place: u64) -> ContactId {
    ContactId::new(u64::from(campaign.number()) * 1_000_000_000 + place)
}

/// The attempt with this id, to the contact at the same place in the list.
pub fn attempt(campaign: CampaignId, id: u64) -> NewAttempt {
    NewAttempt {
        tenant: TenantId::new(1),
        id: AttemptId::new(id),
        campaign,
        contact: contact_id(campaign, id),
        number: number(id as u32),
        caller_id: PhoneNumber::from_text("10085").unwrap(),
        trunk: TrunkName::new("carrier").unwrap(),
        agent: None,
        revision: RevisionNumber::new(1),
        started_at: at(0),
        leg: NewLeg {
            leg: id,
            identity: format!("call-{id}"),
        },
        events: Vec::new(),
    }
}

/// The attempt's end; its contact is final.
pub fn end(new: &NewAttempt, outcome: Outcome) -> EndAttempt {
    EndAttempt {
        tenant: new.tenant,
        attempt: Attempt {
            id: new.id,
            campaign: new.campaign,
            contact: new.contact,
            number: new.number,
            caller_id: new.caller_id,
            trunk: new.trunk,
            agent: None,
            revision: new.revision,
            started_at: new.started_at,
            progress_at: None,
            answered_at: None,
            joined_at: None,
            ended_at: Some(at(10)),
            outcome: Some(outcome),
            blame: None,
            evidence: Evidence::default(),
            counts_as_abandoned: false,
        },
        contact: ContactUpdate {
            contact: new.contact,
            campaign: new.campaign,
            place: ContactPlace::Done,
            history: History {
                attempts: 1,
                dialed: 1,
                ..History::default()
            },
            last_outcome: Some(outcome),
        },
        counts_as_live: false,
        events: Vec::new(),
    }
}
