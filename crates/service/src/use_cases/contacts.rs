//! Contacts: add them, read them.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use outdial_domain::{
    Attempt, AttemptId, CampaignId, CampaignState, Contact, ContactId, EndReason, NewContact,
    PhoneNumber, TenantId,
};
use outdial_engine::input::Input;
use outdial_store::{AttemptQuery, ImportOptions, ImportSession};

use super::{Service, cursor_number, page_limit};
use crate::access::{Caller, Right};
use crate::error::ServiceError;
use crate::events::Happened;
use crate::runtime::{Runtime, Write};
use crate::views::{Imported, Page, PageRequest};

/// How often the progress of an import is told, and the campaign allowed to dial what has come.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// A list on its way into a campaign: push batches, then finish. What was pushed stays, whatever
/// becomes of the rest; an import that is dropped finishes by itself what it has taken.
pub struct Import {
    /// Taken out when it is finished.
    going: Option<Going>,
}

struct Going {
    service: Service,
    tenant: TenantId,
    campaign: CampaignId,
    session: Box<dyn ImportSession>,
    told: u64,
    told_at: Instant,
}

impl Import {
    /// Takes a batch (about 1,000 contacts serve best); waits while the store has enough to do.
    ///
    /// # Errors
    /// [`ServiceError::Store`] when it could not be committed.
    pub async fn push(&mut self, batch: Vec<NewContact>) -> Result<(), ServiceError> {
        let Some(going) = &mut self.going else {
            return Err(ServiceError::Stopping);
        };
        let progress = going.session.add(batch).await?;
        if going.told_at.elapsed() >= TELL_EVERY {
            going.tell(progress.accepted, false).await?;
        }
        Ok(())
    }

    /// Waits until everything is committed and lets the campaign dial it.
    ///
    /// # Errors
    /// [`ServiceError::Store`] when it could not be committed.
    pub async fn finish(mut self) -> Result<Imported, ServiceError> {
        match self.going.take() {
            Some(going) => going.finish().await.map(|(imported, _)| imported),
            None => Err(ServiceError::Stopping),
        }
    }

    /// The same for a short list: answers the contacts' ids in its order.
    async fn finish_with_ids(mut self) -> Result<Vec<ContactId>, ServiceError> {
        match self.going.take() {
            Some(going) => {
                let (_, runs) = going.finish().await?;
                Ok(runs.into_iter().flatten().map(ContactId::new).collect())
            }
            None => Err(ServiceError::Stopping),
        }
    }
}

impl Drop for Import {
    /// A client that breaks off, or a batch that fails, must not leave contacts in the list of which the
    /// engine has never heard.
    fn drop(&mut self) {
        if let Some(going) = self.going.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                if let Err(error) = going.finish().await {
                    tracing::warn!(%error, "an import that broke off has left contacts out");
                }
            });
        }
    }
}

impl Going {
    /// What came of it, and the first and last id of each run of new contacts.
    async fn finish(mut self) -> Result<(Imported, Vec<RangeInclusive<u64>>), ServiceError> {
        let finished = self.session.finish().await;
        let progress = self.session.progress();
        self.tell(progress.accepted, true).await?;
        finished?;
        let imported = Imported {
            accepted: progress.accepted,
            duplicates: progress.duplicates,
        };
        Ok((imported, self.session.runs()))
    }

    async fn tell(&mut self, accepted: u64, done: bool) -> Result<(), ServiceError> {
        let (tenant, campaign) = (self.tenant, self.campaign);
        let count = accepted - self.told;
        self.told = accepted;
        self.told_at = Instant::now();
        self.service
            .ask(move |runtime| {
                if count > 0 {
                    runtime.tell(tenant, Input::ContactsAdded { campaign, count });
                }
                if done {
                    runtime.tell(tenant, Input::ImportEnds(campaign));
                }
                let at = runtime.now();
                let event = Happened::ImportProgress {
                    campaign,
                    accepted,
                    done,
                };
                runtime.write(Write::Events(vec![event.recorded(tenant, at)]));
            })
            .await
    }
}

impl Service {
    /// Begins to add contacts to a campaign. With `skip_duplicates` contacts whose number is in the
    /// campaign already are left out.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`], or [`ServiceError::Conflict`] when it takes no more.
    pub async fn import_contacts(
        &self,
        caller: &Caller,
        id: CampaignId,
        skip_duplicates: bool,
    ) -> Result<Import, ServiceError> {
        self.import_once(caller, id, skip_duplicates, None).await
    }

    /// The same; with a key, what an earlier import with it has taken in of the same list is passed over,
    /// and stands in what this one answers.
    ///
    /// # Errors
    /// As [`Service::import_contacts`].
    pub async fn import_once(
        &self,
        caller: &Caller,
        id: CampaignId,
        skip_duplicates: bool,
        key: Option<&str>,
    ) -> Result<Import, ServiceError> {
        let campaign = self.own_campaign(caller, Right::RunCampaigns, id).await?;
        if let CampaignState::Ended(reason) = campaign.state {
            if reason != EndReason::ListDone || !campaign.reopens() {
                return Err(ServiceError::Conflict(
                    "the campaign has ended and takes no more contacts; make another one"
                        .to_owned(),
                ));
            }
            // Only the store knows a campaign that ended in an earlier run.
            let tenant = caller.tenant;
            if self
                .ask(move |runtime| runtime.campaign_view(tenant, id))
                .await?
                .is_none()
            {
                self.load(campaign).await?;
            }
        }
        let options = ImportOptions {
            skip_duplicates,
            key: key.map(str::to_owned),
        };
        let session = self.store().import(id, options).await?;
        let told = session.progress().accepted;
        let tenant = caller.tenant;
        let going = Going {
            service: self.clone(),
            tenant,
            campaign: id,
            session,
            told,
            told_at: Instant::now(),
        };
        // Made first: whoever goes away from here on leaves an import that ends.
        let import = Import { going: Some(going) };
        self.ask(move |runtime| runtime.tell(tenant, Input::ImportBegins(id)))
            .await?;
        Ok(import)
    }

    /// A contact of a campaign.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`], [`ServiceError::NotFound`].
    pub async fn contact(
        &self,
        caller: &Caller,
        campaign: CampaignId,
        id: ContactId,
    ) -> Result<Contact, ServiceError> {
        self.own_campaign(caller, Right::Read, campaign).await?;
        let found = self.store().contact(id).await?;
        let own = found.filter(|contact| contact.campaign == campaign);
        own.ok_or_else(|| ServiceError::NotFound {
            what: "contact",
            id: id.to_string(),
        })
    }

    /// Contacts of a campaign that have this number; at most 1,000.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`].
    pub async fn contacts_with_number(
        &self,
        caller: &Caller,
        campaign: CampaignId,
        number: PhoneNumber,
    ) -> Result<Vec<Contact>, ServiceError> {
        self.own_campaign(caller, Right::Read, campaign).await?;
        let found = self
            .store()
            .contacts_with_number(caller.tenant, Some(campaign), number);
        Ok(found.await?)
    }

    /// Contacts of the tenant by their ids, in no order; those that do not exist are left out.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn contacts_by_id(
        &self,
        caller: &Caller,
        ids: Vec<ContactId>,
    ) -> Result<Vec<Contact>, ServiceError> {
        caller.needs(Right::Read)?;
        let mut found = self.store().contacts_by_id(ids).await?;
        let campaigns: BTreeSet<_> = found.iter().map(|contact| contact.campaign).collect();
        for id in campaigns {
            let campaign = self.store().campaign(id).await?;
            if campaign.is_none_or(|campaign| campaign.tenant != caller.tenant) {
                found.retain(|contact| contact.campaign != id);
            }
        }
        Ok(found)
    }

    /// Adds a short list to a campaign, and answers the contacts' ids in its order.
    ///
    /// # Errors
    /// As [`Service::import_contacts`], and [`ServiceError::Store`] when it could not be committed.
    pub async fn add_contacts(
        &self,
        caller: &Caller,
        id: CampaignId,
        contacts: Vec<NewContact>,
    ) -> Result<Vec<ContactId>, ServiceError> {
        let before = self.own_campaign(caller, Right::RunCampaigns, id).await?;
        let mut import = self.import_contacts(caller, id, false).await?;
        import.push(contacts).await?;
        let ids = import.finish_with_ids().await?;
        if matches!(before.state, CampaignState::Ended(_)) {
            // Whoever reads the campaign next is to see that it runs again.
            match self.settled().await {
                // The contacts are stored.
                Ok(()) | Err(ServiceError::Store(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(ids)
    }

    /// Takes contacts out of the list of a campaign that does not dial now, and answers how many went.
    /// Those that are final, that are being called, or for whom a call is reserved stay.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`]; [`ServiceError::State`] for a campaign that runs.
    pub async fn remove_contacts(
        &self,
        caller: &Caller,
        id: CampaignId,
        contacts: Vec<ContactId>,
    ) -> Result<u64, ServiceError> {
        self.own_campaign(caller, Right::RunCampaigns, id).await?;
        let (service, tenant) = (self.clone(), caller.tenant);
        // To its end, whoever goes away: a campaign that is held must be released.
        let removed = tokio::spawn(async move {
            service
                .ask(move |runtime| runtime.hold_still(tenant, id))
                .await??;
            if let Err(error) = service.settled().await {
                service
                    .ask(move |runtime| runtime.release_shortened(tenant, id, 0))
                    .await?;
                return Err(error);
            }
            // What the engine has given back is in the store now.
            let removed = service.store().remove_contacts(id, contacts).await;
            // Some may have gone before the store failed: the engine hears of what there is now.
            let counts = match removed {
                Ok(_) => None,
                Err(_) => service.store().contact_counts(id).await.ok(),
            };
            let count = removed.as_ref().map_or(0, |count| *count);
            let release = move |runtime: &mut Runtime| match counts {
                Some(counts) => runtime.release_list(tenant, id, Some(counts)),
                None => runtime.release_shortened(tenant, id, count),
            };
            service.ask(release).await?;
            Ok::<u64, ServiceError>(removed?)
        });
        removed.await.map_err(|_| ServiceError::Stopping)?
    }

    /// A contact and its attempts, oldest first.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for a contact that there is not, or that is another tenant's.
    pub async fn contact_with_attempts(
        &self,
        caller: &Caller,
        id: ContactId,
    ) -> Result<(Contact, Vec<Attempt>), ServiceError> {
        caller.needs(Right::Read)?;
        let not_found = || ServiceError::NotFound {
            what: "contact",
            id: id.to_string(),
        };
        let contact = self.store().contact(id).await?.ok_or_else(not_found)?;
        let campaign = self.store().campaign(contact.campaign).await?;
        if campaign.is_none_or(|campaign| campaign.tenant != caller.tenant) {
            return Err(not_found());
        }
        let query = AttemptQuery {
            contact: Some(id),
            ..AttemptQuery::of(caller.tenant)
        };
        let attempts = self.store().attempts(query).await?.items;
        let attempts = attempts.into_iter().map(|stored| stored.attempt);
        Ok((contact, attempts.collect()))
    }

    /// The contact of an attempt, also where its campaign is gone.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for an attempt that is none of the tenant's.
    pub async fn contact_of(
        &self,
        caller: &Caller,
        attempt: AttemptId,
    ) -> Result<Option<Contact>, ServiceError> {
        let attempt = self.attempt(caller, attempt).await?;
        Ok(self.store().contact(attempt.contact).await?)
    }

    /// A campaign's contacts, in the order in which they came.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`].
    pub async fn contacts(
        &self,
        caller: &Caller,
        id: CampaignId,
        page: PageRequest,
    ) -> Result<Page<Contact>, ServiceError> {
        self.own_campaign(caller, Right::Read, id).await?;
        let after = cursor_number(&page)?.map(ContactId::new);
        let found = self
            .store()
            .contacts(id, None, after, page_limit(&page))
            .await?;
        Ok(Page {
            items: found.items,
            next_cursor: found.next.map(|id| id.to_string()),
        })
    }
}
