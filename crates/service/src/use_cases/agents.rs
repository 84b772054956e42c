//! Agents: what they wish, what they are offered, the calls that they are in.

use outdial_domain::{AgentId, AttemptId, BreakTime, ContactId, WishedState};
use outdial_engine::input::{Input, OfferId};
use outdial_store::AgentWish;

use super::{IfListed, NewListing, Service};
use crate::access::{Caller, Right, Role};
use crate::error::ServiceError;
use crate::runtime::Write;
use crate::views::{AgentView, OfferView};

/// What an agent concluded of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disposition {
    /// A code of the tenant's own, 1–64 characters; `machine` marks the call as one that a machine
    /// took.
    pub code: String,
    /// In the agent's words, up to 4,000 characters.
    pub notes: String,
    /// The callee wishes not to be called again: its number goes on the do-not-call list.
    pub do_not_call: bool,
}

impl Service {
    /// The tenant's agents, by id; a key of role agent sees itself.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn agents(&self, caller: &Caller) -> Result<Vec<AgentView>, ServiceError> {
        if let (Role::Agent, Some(own)) = (caller.role, caller.agent) {
            return Ok(vec![self.agent(caller, own).await?]);
        }
        caller.needs(Right::Read)?;
        let tenant = caller.tenant;
        self.ask(move |runtime| runtime.agent_views(tenant)).await
    }

    /// An agent.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn agent(&self, caller: &Caller, id: AgentId) -> Result<AgentView, ServiceError> {
        caller
            .needs(Right::Read)
            .or_else(|_| caller.needs(Right::ActAs(id)))?;
        let tenant = caller.tenant;
        self.ask(move |runtime| runtime.agent_view(tenant, id))
            .await?
            .ok_or_else(|| no_agent(id))
    }

    /// Does what an agent wishes to be, and stores it.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Unstored`] when it is done and the store cannot commit it.
    pub async fn set_agent_state(
        &self,
        caller: &Caller,
        id: AgentId,
        wish: WishedState,
        when: BreakTime,
        reason: &str,
    ) -> Result<AgentView, ServiceError> {
        self.may_lead(caller, id)?;
        if reason.chars().count() > 200 {
            return Err(ServiceError::field(
                "reason",
                "must have at most 200 characters",
            ));
        }
        if self.core.registry.agent(caller.tenant, id).is_none() {
            return Err(no_agent(id));
        }
        let stored = AgentWish {
            agent: id,
            wish,
            reason: reason.to_owned(),
        };
        let tenant = caller.tenant;
        let fact = Input::AgentWished {
            agent: id,
            wish,
            when,
            reason: reason.to_owned(),
        };
        // The engine first: who wants a break gets it, also while nothing can be stored.
        self.ask(move |runtime| {
            runtime.write(Write::Wish(tenant, stored, Vec::new()));
            runtime.tell(tenant, fact);
        })
        .await?;
        self.stored().await?;
        self.agent(caller, id).await
    }

    /// The agent ends its wrap-up early.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn end_wrap_up(
        &self,
        caller: &Caller,
        id: AgentId,
    ) -> Result<AgentView, ServiceError> {
        self.may_lead(caller, id)?;
        self.tell_and_view(caller, id, Input::WrapUpEnded(id)).await
    }

    /// The contacts that are offered to an agent right now.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn offers(
        &self,
        caller: &Caller,
        agent: AgentId,
    ) -> Result<Vec<OfferView>, ServiceError> {
        caller
            .needs(Right::Read)
            .or_else(|_| caller.needs(Right::ActAs(agent)))?;
        let tenant = caller.tenant;
        let offers = self
            .ask(move |runtime| runtime.offers(tenant, agent))
            .await?;
        let ids: Vec<ContactId> = offers.iter().map(|offer| offer.contact).collect();
        let mut contacts = self.store().contacts_by_id(ids).await?;
        let views = offers.into_iter().filter_map(|offer| {
            let at = contacts
                .iter()
                .position(|contact| contact.id == offer.contact)?;
            Some(OfferView {
                id: offer.id.0,
                campaign: offer.campaign,
                contact: contacts.swap_remove(at),
                appointment: offer.appointment,
                dials_at: offer.dials_at,
                ends_at: offer.ends_at,
            })
        });
        Ok(views.collect())
    }

    /// The agent takes an offered contact: it is called.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the offer is over.
    pub async fn accept_offer(&self, caller: &Caller, offer: u64) -> Result<(), ServiceError> {
        self.answer_offer(caller, offer, Input::OfferAccepted(OfferId(offer)))
            .await
    }

    /// The agent leaves an offered contact.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the offer is over.
    pub async fn skip_offer(&self, caller: &Caller, offer: u64) -> Result<(), ServiceError> {
        self.answer_offer(caller, offer, Input::OfferSkipped(OfferId(offer)))
            .await
    }

    /// Ends the callee's leg of a call; the agent goes on to wrap-up.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when there is no such call right now.
    pub async fn hang_up(&self, caller: &Caller, call: AttemptId) -> Result<(), ServiceError> {
        let tenant = caller.tenant;
        let live = self
            .ask(move |runtime| runtime.live_attempt(tenant, call))
            .await?;
        let none = || ServiceError::NotFound {
            what: "call",
            id: call.to_string(),
        };
        let live = live.ok_or_else(none)?;
        self.may_end(caller, live.agent)?;
        self.ask(move |runtime| runtime.tell(tenant, Input::HangUpAsked(call)))
            .await
    }

    /// Stores what an agent concluded of a call.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn dispose(
        &self,
        caller: &Caller,
        attempt: AttemptId,
        disposition: Disposition,
    ) -> Result<(), ServiceError> {
        if !(1..=64).contains(&disposition.code.chars().count()) {
            return Err(ServiceError::field("code", "must have 1 to 64 characters"));
        }
        if disposition.notes.chars().count() > 4000 {
            return Err(ServiceError::field(
                "notes",
                "must have at most 4000 characters",
            ));
        }
        let tenant = caller.tenant;
        let live = self
            .ask(move |runtime| runtime.live_attempt(tenant, attempt))
            .await?;
        let (agent, number) = match &live {
            Some(live) => (live.agent, live.number),
            None => match self.store().attempt(tenant, attempt).await? {
                Some(stored) => (stored.attempt.agent, stored.attempt.number),
                None => {
                    return Err(ServiceError::NotFound {
                        what: "attempt",
                        id: attempt.to_string(),
                    });
                }
            },
        };
        self.may_end(caller, agent)?;
        if disposition.do_not_call {
            let listing = NewListing {
                number,
                reason: disposition.code.clone(),
                until: None,
            };
            self.put_on_list(caller, "disposition", vec![listing], IfListed::Keep)
                .await?;
        }
        let at = self.now().await?;
        let machine = disposition.code == "machine";
        let stored = outdial_store::Disposition {
            code: disposition.code,
            notes: disposition.notes,
            do_not_call: disposition.do_not_call,
            author: caller.name.clone(),
            at,
        };
        self.store()
            .dispose_attempt(tenant, attempt, stored)
            .await?;
        if machine {
            // During the call, in its wrap-up, or too late to matter: the engine knows.
            self.ask(move |runtime| runtime.tell(tenant, Input::MarkedAsMachine(attempt)))
                .await?;
        }
        Ok(())
    }

    async fn tell_and_view(
        &self,
        caller: &Caller,
        id: AgentId,
        fact: Input,
    ) -> Result<AgentView, ServiceError> {
        let tenant = caller.tenant;
        let view = self
            .ask(move |runtime| {
                runtime.tell(tenant, fact);
                runtime.settle();
                runtime.agent_view(tenant, id)
            })
            .await?;
        view.ok_or_else(|| no_agent(id))
    }

    async fn answer_offer(
        &self,
        caller: &Caller,
        offer: u64,
        answer: Input,
    ) -> Result<(), ServiceError> {
        let tenant = caller.tenant;
        let agent = self
            .ask(move |runtime| runtime.offered_to(tenant, OfferId(offer)))
            .await?;
        let over = || ServiceError::NotFound {
            what: "offer",
            id: offer.to_string(),
        };
        self.may_lead(caller, agent.ok_or_else(over)?)?;
        self.ask(move |runtime| runtime.tell(tenant, answer)).await
    }

    fn may_lead(&self, caller: &Caller, agent: AgentId) -> Result<(), ServiceError> {
        caller
            .needs(Right::LeadAgents)
            .or_else(|_| caller.needs(Right::ActAs(agent)))
    }

    fn may_end(&self, caller: &Caller, agent: Option<AgentId>) -> Result<(), ServiceError> {
        match agent {
            Some(agent) => self.may_lead(caller, agent),
            None => caller.needs(Right::LeadAgents),
        }
    }
}

fn no_agent(id: AgentId) -> ServiceError {
    ServiceError::NotFound {
        what: "agent",
        id: id.to_string(),
    }
}
