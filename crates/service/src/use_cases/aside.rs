//! Contacts that are held, released or cancelled one by one, while their campaign goes on.

use outdial_domain::{Aside, CampaignId, CampaignState, ContactId, TenantId};
use outdial_engine::input::Input;

use super::Service;
use crate::access::{Caller, Right};
use crate::error::ServiceError;
use crate::runtime::Runtime;

/// Contacts that are set aside or released with one request, at most.
const CONTACTS_MAX: usize = 10_000;

impl Service {
    /// Holds contacts of a campaign, or cancels them: none of them is called from now on. A call that is
    /// under way goes on, and its contact follows when it is over, unless the call has made it final. What
    /// is final stays so, and nothing is done to the contacts of a campaign that has ended. It goes on to
    /// its end also when whoever asked has gone.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`]; [`ServiceError::Invalid`] for too many contacts.
    pub async fn set_contacts_aside(
        &self,
        caller: &Caller,
        id: CampaignId,
        contacts: Vec<ContactId>,
        aside: Aside,
    ) -> Result<(), ServiceError> {
        let (service, caller) = (self.clone(), caller.clone());
        let done = tokio::spawn(async move {
            // A list of the tenant's must not be replaced in between, nor its contacts be released.
            let turn = service.turn_of(caller.tenant);
            let _ours = turn.lock().await;
            if service.may_set_aside(&caller, id, &contacts).await? {
                service
                    .set_aside_in_turn(caller.tenant, id, contacts, aside)
                    .await?;
            }
            Ok(())
        });
        done.await.map_err(|_| ServiceError::Stopping)?
    }

    /// Lets held contacts of a campaign have their turn again: untried ones where they were, others when
    /// their rest is over.
    ///
    /// # Errors
    /// As [`Service::set_contacts_aside`].
    pub async fn release_contacts(
        &self,
        caller: &Caller,
        id: CampaignId,
        contacts: Vec<ContactId>,
    ) -> Result<(), ServiceError> {
        let (service, caller) = (self.clone(), caller.clone());
        let done = tokio::spawn(async move {
            let turn = service.turn_of(caller.tenant);
            let _ours = turn.lock().await;
            if service.may_set_aside(&caller, id, &contacts).await? {
                service.release_in_turn(&caller, id, contacts).await?;
            }
            Ok(())
        });
        done.await.map_err(|_| ServiceError::Stopping)?
    }

    async fn may_set_aside(
        &self,
        caller: &Caller,
        id: CampaignId,
        contacts: &[ContactId],
    ) -> Result<bool, ServiceError> {
        let campaign = self.own_campaign(caller, Right::RunCampaigns, id).await?;
        if contacts.len() > CONTACTS_MAX {
            let problem = format!(
                "has {} entries; at most {CONTACTS_MAX} at once",
                contacts.len()
            );
            return Err(ServiceError::field("contacts", problem));
        }
        Ok(!contacts.is_empty() && !matches!(campaign.state, CampaignState::Ended(_)))
    }

    /// The engine refuses them first, so that none is called while the store is asked.
    async fn set_aside_in_turn(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        contacts: Vec<ContactId>,
        aside: Aside,
    ) -> Result<(), ServiceError> {
        let asked = contacts.clone();
        let in_hand = self
            .ask(move |runtime| runtime.set_aside(tenant, campaign, asked, aside))
            .await?;
        // Where the engine has moved some they are committed first.
        self.settled().await?;
        let stored = self
            .store()
            .set_contacts_aside(campaign, contacts.clone(), in_hand, aside)
            .await;
        let closed = stored.as_ref().cloned().unwrap_or_default();
        // Also where the store failed: what it did not move is free again.
        self.ask(move |runtime| {
            let fact = Input::AsideStored {
                campaign,
                contacts,
                closed,
            };
            runtime.tell(tenant, fact);
            runtime.settle();
        })
        .await?;
        stored?;
        // The campaign may be done by now, which whoever reads it next is to see.
        self.settled().await
    }

    async fn release_in_turn(
        &self,
        caller: &Caller,
        id: CampaignId,
        contacts: Vec<ContactId>,
    ) -> Result<(), ServiceError> {
        let tenant = caller.tenant;
        let released = Input::ContactsReleased {
            campaign: id,
            contacts: contacts.clone(),
        };
        self.ask(move |runtime| {
            runtime.tell(tenant, released);
            runtime.settle();
        })
        .await?;
        // A contact whose call has just ended may be on its way to be held.
        self.settled().await?;
        let campaign = self.own_campaign(caller, Right::RunCampaigns, id).await?;
        let (now, retry) = (self.now().await?, campaign.settings.retry);
        let store = self.store();
        store.release_contacts(id, contacts, now, retry).await?;
        self.ask(move |runtime| {
            let returned = Input::ContactsReturned {
                campaign: id,
                count: 0,
            };
            runtime.tell(tenant, returned);
            runtime.settle();
        })
        .await
    }
}

impl Runtime {
    /// Tells an engine of contacts that are set aside; answers those that it has in hand.
    fn set_aside(
        &mut self,
        tenant: TenantId,
        campaign: CampaignId,
        contacts: Vec<ContactId>,
        aside: Aside,
    ) -> Vec<ContactId> {
        let fact = Input::ContactsSetAside {
            campaign,
            contacts: contacts.clone(),
            aside,
        };
        self.tell(tenant, fact);
        self.settle();
        let engine = self.engine(tenant);
        engine.map_or_else(Vec::new, |engine| engine.in_hand(campaign, &contacts))
    }
}
