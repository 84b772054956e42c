//! What the loop answers to those who look.

use std::collections::BTreeMap;

use outdial_domain::{
    AgentId, Attempt, AttemptId, CampaignId, CampaignState, Contact, ContactState,
    LifeCycleCommand, TenantId, TrunkName,
};
use outdial_engine::input::{Command, OfferId};
use outdial_engine::output::{Offer, TrunkHealth};
use outdial_engine::{CampaignView, ContactStanding, Refusal};

use super::Runtime;
use crate::error::ServiceError;
use crate::use_cases::Readiness;
use crate::views::{AgentView, BreakerView, LegView, Reason, TrunkView};

impl Runtime {
    /// Commands a campaign; its orders are carried out before this answers.
    pub(crate) fn command(
        &mut self,
        tenant: TenantId,
        command: Command,
    ) -> Result<CampaignState, ServiceError> {
        let now = self.now();
        let dials = matches!(
            command.command,
            LifeCycleCommand::Start | LifeCycleCommand::Resume
        );
        if dials && !self.may_read_list(command.campaign) {
            return Err(ServiceError::Conflict(
                "the campaign's list is being changed; start it in a moment".to_owned(),
            ));
        }
        let engine = self
            .engine(tenant)
            .ok_or(ServiceError::CampaignNotFound(command.campaign))?;
        let result = engine.command(now, command).map_err(ServiceError::from);
        self.carry_out_orders(tenant);
        result
    }

    /// A campaign as its engine sees it; `None` when only the store knows it.
    pub(crate) fn campaign_view(
        &mut self,
        tenant: TenantId,
        campaign: CampaignId,
    ) -> Option<CampaignView> {
        self.engine(tenant)?.campaign_view(campaign)
    }

    /// Why a contact is (not) called.
    pub(crate) fn explain_contact(
        &mut self,
        tenant: TenantId,
        campaign: CampaignId,
        contact: &Contact,
    ) -> Vec<Reason> {
        let explained = self
            .engine(tenant)
            .and_then(|engine| engine.explain_contact(campaign, contact.id));
        let standings = explained
            .map(|explained| explained.contacts)
            .unwrap_or_default();
        match standings.first() {
            Some(standing) => standing_in_words(standing),
            None => vec![place_in_words(contact)],
        }
    }

    /// The tenant's agents, by id.
    pub(crate) fn agent_views(&mut self, tenant: TenantId) -> Vec<AgentView> {
        let agents = self
            .engine(tenant)
            .map(|engine| engine.agents())
            .unwrap_or_default();
        agents
            .into_iter()
            .filter_map(|view| self.agent_in_words(tenant, view))
            .collect()
    }

    /// An agent.
    pub(crate) fn agent_view(&mut self, tenant: TenantId, id: AgentId) -> Option<AgentView> {
        let view = self.engine(tenant)?.agent(id)?;
        self.agent_in_words(tenant, view)
    }

    fn agent_in_words(
        &self,
        tenant: TenantId,
        view: outdial_engine::AgentView,
    ) -> Option<AgentView> {
        let agent = self.registry.agent(tenant, view.id)?;
        Some(AgentView {
            id: view.id,
            name: agent.name,
            skill_groups: agent.skill_groups,
            wish: view.announced.unwrap_or(view.wish),
            state: view.state,
            since: view.since,
            leg: match view.leg {
                outdial_engine::LegView::Down => LegView::Down,
                outdial_engine::LegView::Calling => LegView::Calling,
                outdial_engine::LegView::Up => LegView::Up,
            },
            call: view.attempt,
            reason: view.reason,
        })
    }

    /// What is offered to an agent right now.
    pub(crate) fn offers(&mut self, tenant: TenantId, agent: AgentId) -> Vec<Offer> {
        self.engine(tenant)
            .map(|engine| engine.offers(agent))
            .unwrap_or_default()
    }

    /// To whom an offer was made that still stands.
    pub(crate) fn offered_to(&mut self, tenant: TenantId, offer: OfferId) -> Option<AgentId> {
        self.engine(tenant)?.offer(offer).map(|offer| offer.agent)
    }

    /// An attempt that is under way.
    pub(crate) fn live_attempt(&mut self, tenant: TenantId, id: AttemptId) -> Option<Attempt> {
        self.tenants.get(&tenant)?.live.get(&id).cloned()
    }

    /// Trunks as one tenant sees them, or as the worst-off tenant does; with the calls of all.
    pub(crate) fn trunk_views(&mut self, tenant: Option<TenantId>) -> Vec<TrunkView> {
        let mut seen: BTreeMap<TrunkName, Vec<outdial_engine::TrunkView>> = BTreeMap::new();
        let mut calls: BTreeMap<TrunkName, u32> = BTreeMap::new();
        for (id, runtime) in &self.tenants {
            for view in runtime.engine.trunks() {
                *calls.entry(view.name).or_default() += view.calls;
                if tenant.is_none_or(|only| only == *id) {
                    seen.entry(view.name).or_default().push(view);
                }
            }
        }
        let trunks = self.registry.trunks();
        let view = |trunk: &outdial_domain::Trunk| {
            let calls = calls.get(&trunk.name).copied().unwrap_or_default();
            let seen = seen.get(&trunk.name).map_or(&[][..], |views| views);
            trunk_view(trunk, calls, seen)
        };
        trunks.iter().map(view).collect()
    }

    /// Whether requests can be taken.
    pub(crate) fn readiness(&mut self) -> Readiness {
        let mut agents_connected = 0;
        let mut agents = 0;
        for runtime in self.tenants.values() {
            for view in runtime.engine.agents() {
                agents += 1;
                agents_connected += u32::from(view.leg == outdial_engine::LegView::Up);
            }
        }
        let reasons = self
            .store_fails()
            .map(|why| format!("the store cannot commit: {why}"));
        Readiness {
            reasons: reasons.into_iter().collect(),
            trunks: self.trunk_views(None),
            agents_connected,
            agents,
        }
    }
}

impl From<outdial_engine::CommandError> for ServiceError {
    fn from(error: outdial_engine::CommandError) -> Self {
        use outdial_engine::CommandError;
        match error {
            CommandError::UnknownCampaign(id) => Self::CampaignNotFound(id),
            CommandError::LifeCycle(error) => Self::State(error),
            CommandError::NotBuilt(mode) => Self::NotBuilt(format!("the mode {}", mode.as_str())),
        }
    }
}

/// An engine's refusal as use cases answer it.
pub(crate) fn reason(refusal: &Refusal) -> Reason {
    Reason {
        code: refusal.code.clone(),
        text: refusal.words.clone(),
        until: refusal.until,
    }
}

fn standing_in_words(standing: &ContactStanding) -> Vec<Reason> {
    if let Some(attempt) = standing.attempt {
        let text = format!("it is being called (attempt {attempt})");
        return vec![Reason {
            code: "calling".to_owned(),
            text,
            until: None,
        }];
    }
    let mut reasons: Vec<Reason> = standing.refusals.iter().map(reason).collect();
    if let Some(ahead) = standing.ahead {
        let text = match ahead {
            0 => "it is the next to be called".to_owned(),
            1 => "one contact goes before it".to_owned(),
            ahead => format!("{ahead} contacts go before it"),
        };
        reasons.push(Reason {
            code: "waiting".to_owned(),
            text,
            until: None,
        });
    }
    reasons
}

fn place_in_words(contact: &Contact) -> Reason {
    let outcome = contact
        .last_outcome
        .map_or("none", outdial_domain::Outcome::as_str);
    let (code, text, until) = match contact.state {
        ContactState::Fresh => (
            "waiting",
            "it waits for its turn in the list".to_owned(),
            None,
        ),
        ContactState::Resting if contact.is_held() => {
            let text = "someone holds it until it is released".to_owned();
            ("held", text, None)
        }
        ContactState::Resting => {
            let text = format!("it rests; its last outcome was {outcome}");
            ("resting", text, Some(contact.not_before))
        }
        ContactState::InProgress => ("calling", "it is being called".to_owned(), None),
        ContactState::Done => ("done", format!("it is final: {outcome}"), None),
    };
    Reason {
        code: code.to_owned(),
        text,
        until,
    }
}

fn trunk_view(
    trunk: &outdial_domain::Trunk,
    calls: u32,
    seen: &[outdial_engine::TrunkView],
) -> TrunkView {
    let health = seen
        .iter()
        .map(|view| view.health)
        .max_by_key(|health| match health {
            TrunkHealth::Up => 0,
            TrunkHealth::Doubtful => 1,
            TrunkHealth::Out => 2,
        });
    let (health, reason) = match health.unwrap_or_default() {
        TrunkHealth::Up => ("up", ""),
        TrunkHealth::Doubtful => (
            "doubtful",
            "it does not answer OPTIONS; calls are still tried",
        ),
        TrunkHealth::Out => ("out", "calls on it fail; one is tried every 30 seconds"),
    };
    TrunkView {
        name: trunk.name,
        uri: trunk.uri.clone(),
        health,
        reason: reason.to_owned(),
        calls,
        max_calls: trunk.max_calls,
        breakers: seen
            .iter()
            .flat_map(|view| &view.breakers)
            .map(|open| BreakerView {
                caller_id: open.caller_id,
                since: open.since,
                suspects: open.suspects,
            })
            .collect(),
        halted: seen.iter().find_map(|view| view.halted.clone()),
    }
}
