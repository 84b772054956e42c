//! A database with a tenant, a campaign and words to speak of them.

use std::sync::Arc;
use std::time::Duration;

use outdial_domain::{
    AgentId, Attempt, AttemptId, Calendar, CampaignId, ComplianceProfile, ContactId, ContactPlace,
    ContactUpdate, Country, Evidence, History, Mode, NewContact, Order, Origin, Outcome,
    PhoneNumber, RevisionNumber, Settings, SkillGroupId, Target, Tenant, TenantId, Timestamp,
    TrunkName,
};

use super::Engine;
use crate::{
    EndAttempt, ImportOptions, ImportProgress, NewAttempt, NewCampaign, NewEvent, NewLeg,
    NewTenant, Store, StoreError,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What each case starts from.
pub(super) struct World<'e> {
    engine: &'e dyn Engine,
    database: String,
    pub(super) store: Arc<dyn Store>,
    pub(super) tenant: TenantId,
    pub(super) campaign: CampaignId,
}

/// The instant at which cases begin: 2026-11-20T09:00:00Z, and so many seconds on.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_795_165_200 + seconds)
}

/// A mobile number of its own for each index below 10^8.
pub(super) fn number(index: u32) -> Result<PhoneNumber, Failure> {
    Ok(PhoneNumber::from_text(&format!("+86130{index:08}"))?)
}

pub(super) fn contact(index: u32) -> Result<NewContact, Failure> {
    Ok(NewContact::with_number(number(index)?))
}

pub(super) fn trunk() -> Result<TrunkName, Failure> {
    Ok(TrunkName::new("carrier")?)
}

pub(super) fn agent() -> Result<AgentId, Failure> {
    Ok(AgentId::new("1001")?)
}

pub(super) fn settings(name: &str, order: Order) -> Result<Settings, Failure> {
    let mut settings = Settings::new(
        name,
        Mode::Progressive,
        Target::SkillGroup(SkillGroupId::new(255)),
        vec![PhoneNumber::from_text("10085")?],
        Calendar::always("Asia/Shanghai")?,
    );
    settings.order = order;
    settings.wrap_up = Duration::from_millis(1500);
    Ok(settings)
}

pub(super) fn new_tenant(name: &str) -> Result<NewTenant, Failure> {
    Ok(NewTenant {
        name: name.to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        default_country: Country::new("CN")?,
        compliance: ComplianceProfile::none(),
        max_calls: 500,
    })
}

impl<'e> World<'e> {
    pub(super) async fn new(engine: &'e dyn Engine, database: &str) -> Result<Self, Failure> {
        let store = engine.open(database).await;
        let tenant = store.put_tenant(new_tenant("acme")?).await?.id;
        let mut world = Self {
            engine,
            database: database.to_owned(),
            store,
            tenant,
            campaign: CampaignId::new(1)?,
        };
        world.campaign = world.create(tenant, "spring", Order::List).await?;
        Ok(world)
    }

    /// Closes the database and opens it again.
    pub(super) async fn restart(&mut self) -> Result<(), StoreError> {
        self.store.close().await?;
        self.store = self.engine.open(&self.database).await;
        Ok(())
    }

    pub(super) async fn other_tenant(&self) -> Result<Tenant, Failure> {
        Ok(self.store.put_tenant(new_tenant("bolt")?).await?)
    }

    pub(super) fn draft(&self, name: &str) -> Result<NewCampaign, Failure> {
        Ok(NewCampaign {
            tenant: self.tenant,
            origin: Origin::Rest,
            author: "crm".to_owned(),
            at: at(0),
            settings: settings(name, Order::List)?,
            extras: Default::default(),
            idempotency: None,
        })
    }

    pub(super) async fn create(
        &self,
        tenant: TenantId,
        name: &str,
        order: Order,
    ) -> Result<CampaignId, Failure> {
        let mut draft = self.draft(name)?;
        draft.tenant = tenant;
        draft.settings.order = order;
        Ok(self.store.create_campaign(draft).await?.campaign.id)
    }

    pub(super) async fn import(
        &self,
        campaign: CampaignId,
        contacts: Vec<NewContact>,
    ) -> Result<ImportProgress, StoreError> {
        let mut session = self
            .store
            .import(campaign, ImportOptions::default())
            .await?;
        session.add(contacts).await?;
        let progress = session.finish().await?;
        let runs = session.runs();
        let new = self.ids(campaign).await.unwrap_or_default();
        let taken: Vec<u64> = runs.into_iter().flatten().collect();
        let newest: Vec<u64> = new.iter().map(|id| id.number()).collect();
        assert_eq!(taken.len() as u64, progress.accepted);
        assert!(newest.len() >= 10_000 || newest.ends_with(&taken));
        Ok(progress)
    }

    /// Takes so many contacts in, with numbers from 1; returns their ids in list order.
    pub(super) async fn import_count(&self, count: u32) -> Result<Vec<ContactId>, Failure> {
        let contacts = (1..=count).map(contact).collect::<Result<_, _>>()?;
        self.import(self.campaign, contacts).await?;
        self.ids(self.campaign).await
    }

    pub(super) async fn ids(&self, campaign: CampaignId) -> Result<Vec<ContactId>, Failure> {
        let page = self.store.contacts(campaign, None, None, 10_000).await?;
        Ok(page.items.iter().map(|contact| contact.id).collect())
    }

    /// The ids of what is due at a time, nothing being held.
    pub(super) async fn due(&self, now: Timestamp) -> Result<Vec<ContactId>, StoreError> {
        let due = self
            .store
            .due_contacts(self.campaign, now, 1000, &[])
            .await?;
        Ok(due.contacts.iter().map(|contact| contact.id).collect())
    }

    pub(super) fn attempt(&self, id: u64, contact: ContactId) -> Result<NewAttempt, Failure> {
        Ok(NewAttempt {
            tenant: self.tenant,
            id: AttemptId::new(id),
            campaign: self.campaign,
            contact,
            number: number(7)?,
            caller_id: PhoneNumber::from_text("10085")?,
            trunk: trunk()?,
            agent: None,
            appointment: None,
            revision: RevisionNumber::new(1),
            started_at: at((id % 1_000_000) as i64),
            leg: NewLeg {
                leg: 1000 + id % 1_000_000,
                identity: format!("call-{id}"),
            },
            events: Vec::new(),
        })
    }

    /// The end of an attempt after ten seconds, its contact being final then.
    pub(super) fn end(&self, new: &NewAttempt, outcome: Outcome) -> EndAttempt {
        let history = History {
            attempts: 1,
            dialed: 1,
            last_ended_at: Some(new.started_at + Duration::from_secs(10)),
            ..History::default()
        };
        EndAttempt {
            tenant: new.tenant,
            attempt: Attempt {
                id: new.id,
                campaign: new.campaign,
                contact: new.contact,
                number: new.number,
                caller_id: new.caller_id,
                trunk: new.trunk,
                agent: new.agent,
                revision: new.revision,
                started_at: new.started_at,
                progress_at: None,
                answered_at: None,
                joined_at: None,
                ended_at: Some(new.started_at + Duration::from_secs(10)),
                outcome: Some(outcome),
                blame: None,
                evidence: Evidence::default(),
                counts_as_abandoned: outcome == Outcome::Abandoned,
            },
            contact: ContactUpdate {
                contact: new.contact,
                campaign: new.campaign,
                place: ContactPlace::Done,
                history,
                last_outcome: Some(outcome),
            },
            counts_as_live: matches!(outcome, Outcome::Answered | Outcome::Abandoned),
            events: Vec::new(),
        }
    }

    pub(super) fn moved(&self, contact: ContactId, place: ContactPlace) -> ContactUpdate {
        ContactUpdate {
            contact,
            campaign: self.campaign,
            place,
            history: History::default(),
            last_outcome: None,
        }
    }

    pub(super) fn event(&self, data: &str) -> NewEvent {
        NewEvent {
            tenant: self.tenant,
            at: at(0),
            kind: "campaign.state".into(),
            campaign: Some(self.campaign),
            data: data.to_owned(),
        }
    }
}
