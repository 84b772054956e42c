//! Campaigns that are held while their list is being replaced.

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
        if !self.held_lists.insert(id) {
            return Err(ServiceError::Conflict(
                "the campaign's list is being replaced already; try again in a moment".to_owned(),
            ));
        }
        Ok(())
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
