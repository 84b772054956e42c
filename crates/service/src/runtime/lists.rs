//! Campaigns that are held while their list is being replaced or shortened.

use outdial_domain::{CampaignId, CampaignState, LifeCycleError, TenantId};
use outdial_engine::input::Input;
use outdial_store::ContactCounts;

use super::Runtime;
use crate::error::ServiceError;

impl Runtime {
    /// Keeps a campaign that has not begun from being started and from reading its list. Its period
    /// may begin meanwhile: it waits for the new list then.
    ///
    /// # Errors
    /// [`ServiceError::State`] when it has begun, [`ServiceError::Conflict`] when it is held already.
    pub(crate) fn hold_list(
        &mut self,
        tenant: TenantId,
        id: CampaignId,
    ) -> Result<(), ServiceError> {
        let state = self.campaign_view(tenant, id).map(|view| view.state);
        match state {
            Some(CampaignState::Draft | CampaignState::Scheduled) => {}
            state => {
                let state = state.map_or("ended", CampaignState::name);
                let command = "get another list";
                return Err(LifeCycleError { state, command }.into());
            }
        }
        self.hold(id)
    }

    fn hold(&mut self, id: CampaignId) -> Result<(), ServiceError> {
        if !self.held_lists.insert(id) {
            return Err(ServiceError::Conflict(
                "the campaign's list is being changed already; try again in a moment".to_owned(),
            ));
        }
        Ok(())
    }

    /// Keeps a campaign that does not dial now from dialing and from reading its list.
    ///
    /// # Errors
    /// [`ServiceError::State`] while it dials, [`ServiceError::Conflict`] when it is held already.
    pub(crate) fn hold_still(
        &mut self,
        tenant: TenantId,
        id: CampaignId,
    ) -> Result<(), ServiceError> {
        let state = self.campaign_view(tenant, id).map(|view| view.state);
        if let Some(state @ CampaignState::Running) = state {
            let (state, command) = (state.name(), "lose contacts");
            return Err(LifeCycleError { state, command }.into());
        }
        self.hold(id)
    }

    /// Lets a campaign go on whose list has so many contacts fewer that waited.
    pub(crate) fn release_shortened(&mut self, tenant: TenantId, campaign: CampaignId, count: u64) {
        self.held_lists.remove(&campaign);
        // One that has ended for good is known to the store only.
        if self.campaign_view(tenant, campaign).is_some() {
            self.tell(tenant, Input::ContactsRemoved { campaign, count });
            self.settle();
        }
    }

    /// Lets a campaign go on with the list that it has now.
    pub(crate) fn release_list(
        &mut self,
        tenant: TenantId,
        id: CampaignId,
        counts: Option<ContactCounts>,
    ) {
        self.held_lists.remove(&id);
        // Where the store could not say, the engine goes by what it knew, and asks again in time.
        if let Some(counts) = counts {
            let replaced = Input::ListReplaced {
                campaign: id,
                contacts: counts.total(),
                open: counts.open(),
            };
            self.tell(tenant, replaced);
            self.settle();
        }
    }

    /// Whether a campaign's list stands still.
    pub(super) fn may_read_list(&self, id: CampaignId) -> bool {
        !self.held_lists.contains(&id)
    }
}
