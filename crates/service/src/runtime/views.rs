//! What the loop answers to those who look.

use outdial_domain::{AgentId, Attempt, AttemptId, CampaignId, CampaignState, Contact, ContactState, TenantId, TrunkName};
use outdial_engine::input::OfferId;
use outdial_engine::output::Offer;
use outdial_engine::view::CampaignView;

use super::Runtime;
use crate::error::ServiceError;
use crate::use_cases::Readiness;
use crate::views::{AgentView, BreakerView, LegView, Reason, TrunkView};

impl Runtime {
    /// Commands a campaign; its orders are carried out before this answers.
    pub(crate) fn command(
        &mut self,
        tenant: TenantId,
        command: outdial_engine::input::Command,
    ) -> Result<CampaignState, ServiceError> {
        let now = self.now();
        let engine = self.engine(tenant).ok_or(ServiceError::CampaignNotFound(command.campaign))?;
        let result = engine.command(now, command).map_err(|error| error.into());
        self.carry_out_orders(tenant);
        self.settle();
        result
    }

    /// A campaign as its engine sees it; `None` when only the store knows it.
    pub(crate) fn campaign_view(
        &mut self,
        tenant: TenantId,
        campaign: CampaignId,
    ) -> Option<CampaignView> {
        let now = self.now();
        self.engine(tenant)?.campaign_view(now, campaign)
    }
}

impl Runtime {
    /// Why a contact is (not) called.
    pub(crate) fn explain_contact(&mut self, _tenant: TenantId, _campaign: CampaignId, _contact: &Contact) -> Vec<Reason> { Vec::new() }
    pub(crate) fn agent_views(&mut self, _tenant: TenantId) -> Vec<AgentView> { Vec::new() }
    pub(crate) fn agent_view(&mut self, _tenant: TenantId, _id: AgentId) -> Option<AgentView> { None }
    pub(crate) fn offers(&mut self, _tenant: TenantId, _id: AgentId) -> Vec<Offer> { Vec::new() }
    pub(crate) fn offered_to(&mut self, _tenant: TenantId, _id: OfferId) -> Option<AgentId> { None }
    pub(crate) fn live_attempt(&mut self, tenant: TenantId, id: AttemptId) -> Option<Attempt> { self.tenants.get(&tenant)?.live.get(&id).cloned() }
    pub(crate) fn trunk_views(&mut self, _tenant: Option<TenantId>) -> Vec<TrunkView> { Vec::new() }
    pub(crate) fn readiness(&mut self) -> Readiness { Readiness::default() }
}
pub(crate) fn reason(r: &outdial_engine::view::Refusal) -> Reason { Reason { code: r.code.to_owned(), text: r.text.clone(), until: r.until } }
