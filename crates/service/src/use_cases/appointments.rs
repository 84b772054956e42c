//! Appointments: calls that are reserved for a time, made, moved, taken back and read; and the task
//! that hands those whose time is near to the engines.

use std::collections::BTreeMap;
use std::time::Duration;

use outdial_domain::{
    AgentId, Appointment, AppointmentId, AppointmentKind, AppointmentState, CampaignId,
    CampaignState, ContactId, EndReason, PhoneNumber, SkillGroupId, TenantId, Timestamp,
};
use outdial_engine::input::{AppointmentRules, Input};
use outdial_store::{AppointmentChange, AppointmentQuery, NewAppointment};

use super::{Service, cursor_number, page_limit};
use crate::access::{Caller, Right};
use crate::error::{FieldProblem, ServiceError};
use crate::views::{Page, PageRequest};

/// Engines know the appointments of so much time ahead.
const AHEAD: Duration = Duration::from_secs(60);
/// How often those that come near are handed to them.
const HAND_OVER_EVERY: Duration = Duration::from_secs(10);
/// Most of a tenant that are handed over at once, first ones first.
const HANDED_MAX: usize = 1_000;
/// Most bytes of what comes along with an appointment.
const ATTRIBUTES_MAX: usize = 8_192;

/// An appointment that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppointmentDraft {
    /// Whether it is offered or dialed.
    pub kind: AppointmentKind,
    /// The campaign under whose settings it is called.
    pub campaign: CampaignId,
    /// Who is called; `None` = the newest contact of the campaign with this number, or a new one that
    /// only the appointment calls.
    pub contact: Option<ContactId>,
    /// The number to call.
    pub number: PhoneNumber,
    /// The agent who is to take it.
    pub agent: Option<AgentId>,
    /// Whose agents may take it, where none is named.
    pub skill_group: Option<SkillGroupId>,
    /// The number to show; `None` = the campaign's.
    pub caller_id: Option<PhoneNumber>,
    /// Its time; in the future.
    pub due_at: Timestamp,
    /// When it is given up; `None` = ten minutes after its time.
    pub valid_until: Option<Timestamp>,
    /// A remark.
    pub remark: String,
    /// Anything else that comes with it.
    pub attributes: BTreeMap<String, String>,
}

/// Which appointments to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppointmentFilter {
    /// Of this campaign.
    pub campaign: Option<CampaignId>,
    /// To this number.
    pub number: Option<PhoneNumber>,
    /// Of one of these agents; empty = of any, and of none.
    pub agents: Vec<AgentId>,
    /// In this state.
    pub state: Option<AppointmentState>,
    /// Due from this time on.
    pub from: Option<Timestamp>,
    /// Due before this time.
    pub to: Option<Timestamp>,
}

impl Service {
    /// Makes an appointment. A manual one is offered to its agent (or an agent of its skill group) at
    /// its time and waited for until `valid_until`; an automatic one is dialed.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every wrong field; [`ServiceError::CampaignNotFound`];
    /// [`ServiceError::Conflict`] for a campaign that was aborted or a contact without this number.
    pub async fn create_appointment(
        &self,
        caller: &Caller,
        draft: AppointmentDraft,
    ) -> Result<Appointment, ServiceError> {
        may_change(caller, draft.agent)?;
        let now = self.now().await?;
        self.check_draft(caller, &draft, now)?;
        let campaign = match self.store().campaign(draft.campaign).await? {
            Some(campaign) if campaign.tenant == caller.tenant => campaign,
            _ => return Err(ServiceError::CampaignNotFound(draft.campaign)),
        };
        if let CampaignState::Ended(EndReason::ByHand | EndReason::Fault) = campaign.state {
            let problem = "the campaign was aborted and makes no more calls; use another one";
            return Err(ServiceError::Conflict(problem.to_owned()));
        }
        let new = NewAppointment {
            tenant: caller.tenant,
            kind: draft.kind,
            campaign: draft.campaign,
            contact: draft.contact,
            number: draft.number,
            agent: draft.agent,
            skill_group: draft.skill_group,
            caller_id: draft.caller_id,
            due_at: draft.due_at,
            valid_until: draft
                .valid_until
                .unwrap_or(draft.due_at + Appointment::VALID_FOR),
            remark: draft.remark,
            attributes: draft.attributes,
            author: caller.name.clone(),
            at: now,
        };
        let order = self.core.appointments.lock().await;
        let made = self.store().create_appointment(new).await?;
        self.hand_over(caller.tenant, &made, now).await?;
        drop(order);
        Ok(made)
    }

    /// Moves a manual appointment that waits, or gives it to someone else. An offer of it moves along.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Conflict`] for an automatic one, and for one that is
    /// being called or over; [`ServiceError::Invalid`].
    pub async fn change_appointment(
        &self,
        caller: &Caller,
        id: AppointmentId,
        change: AppointmentChange,
    ) -> Result<Appointment, ServiceError> {
        let before = self.own_appointment(caller, id).await?;
        may_change(caller, before.agent)?;
        if before.kind == AppointmentKind::Automatic {
            let problem = "an automatic appointment cannot be changed; delete it and make another";
            return Err(ServiceError::Conflict(problem.to_owned()));
        }
        let now = self.now().await?;
        self.check_change(caller, &before, &change, now)?;
        let tenant = caller.tenant;
        let order = self.core.appointments.lock().await;
        let after = self.store().change_appointment(tenant, id, change).await?;
        self.hand_over(tenant, &after, now).await?;
        drop(order);
        Ok(after)
    }

    /// Stores what someone says of how an appointment went; one that waits is done by it, and is not
    /// offered any more.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Invalid`] for too much text.
    pub async fn report_appointment(
        &self,
        caller: &Caller,
        id: AppointmentId,
        report: BTreeMap<String, String>,
    ) -> Result<Appointment, ServiceError> {
        let before = self.own_appointment(caller, id).await?;
        may_change(caller, before.agent)?;
        if size_of(&report) > ATTRIBUTES_MAX {
            let problem = format!("must have at most {ATTRIBUTES_MAX} bytes");
            return Err(ServiceError::field("report", problem));
        }
        let tenant = caller.tenant;
        let order = self.core.appointments.lock().await;
        let after = self.store().report_appointment(tenant, id, report).await?;
        if before.state == AppointmentState::Waiting {
            self.take_over(tenant, &after).await?;
        }
        drop(order);
        Ok(after)
    }

    /// Takes an appointment back; a call of it goes on.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn remove_appointment(
        &self,
        caller: &Caller,
        id: AppointmentId,
    ) -> Result<(), ServiceError> {
        let before = self.own_appointment(caller, id).await?;
        may_change(caller, before.agent)?;
        let order = self.core.appointments.lock().await;
        let gone = self.store().remove_appointment(caller.tenant, id).await?;
        self.take_over(caller.tenant, &gone).await?;
        drop(order);
        Ok(())
    }

    /// An appointment.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn appointment(
        &self,
        caller: &Caller,
        id: AppointmentId,
    ) -> Result<Appointment, ServiceError> {
        self.own_appointment(caller, id).await
    }

    /// Appointments in the order in which they were made; a key of role agent sees its own.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a cursor that is none of this list.
    pub async fn appointments(
        &self,
        caller: &Caller,
        filter: AppointmentFilter,
        page: PageRequest,
    ) -> Result<Page<Appointment>, ServiceError> {
        let mut agents = filter.agents;
        if let Err(error) = caller.needs(Right::Read) {
            let own = caller.agent.ok_or(error)?;
            agents = vec![own];
        }
        let query = AppointmentQuery {
            campaign: filter.campaign,
            number: filter.number,
            agents,
            state: filter.state,
            from: filter.from,
            to: filter.to,
            after: cursor_number(&page)?.map(AppointmentId::new),
            limit: page_limit(&page),
            ..AppointmentQuery::of(caller.tenant)
        };
        let found = self.store().appointments(query).await?;
        Ok(Page {
            items: found.items,
            next_cursor: found.next.map(|id| id.to_string()),
        })
    }

    async fn own_appointment(
        &self,
        caller: &Caller,
        id: AppointmentId,
    ) -> Result<Appointment, ServiceError> {
        let none = || ServiceError::NotFound {
            what: "appointment",
            id: id.to_string(),
        };
        let found = self.store().appointment(caller.tenant, id).await?;
        let found = found.ok_or_else(none)?;
        let own = found.agent.map(|agent| caller.needs(Right::ActAs(agent)));
        if caller.needs(Right::Read).is_err() && !own.is_some_and(|own| own.is_ok()) {
            return Err(none());
        }
        Ok(found)
    }

    fn check_draft(
        &self,
        caller: &Caller,
        draft: &AppointmentDraft,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let mut wrong = Wrong::default();
        self.check_taker(caller, &mut wrong, draft.agent, draft.skill_group)?;
        let nobody = draft.agent.is_none() && draft.skill_group.is_none();
        if draft.kind == AppointmentKind::Manual && nobody {
            wrong.add(
                "agent",
                "a manual appointment needs an agent or a skill_group",
            );
        }
        let own = self.entry(caller)?;
        let is_own = |number| own.caller_ids.iter().any(|own| own.number == number);
        if draft.caller_id.is_some_and(|number| !is_own(number)) {
            wrong.add("caller_id", "is not one of the tenant's caller_ids");
        }
        wrong.check_times(draft.due_at, draft.valid_until, now);
        wrong.check_remark(&draft.remark);
        if size_of(&draft.attributes) > ATTRIBUTES_MAX {
            wrong.add("attributes", "must have at most 8192 bytes");
        }
        wrong.into_result()
    }

    fn check_change(
        &self,
        caller: &Caller,
        before: &Appointment,
        change: &AppointmentChange,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let mut wrong = Wrong::default();
        self.check_taker(caller, &mut wrong, change.agent, change.skill_group)?;
        let due_at = change.due_at.unwrap_or(before.due_at);
        if change.due_at.is_some() {
            wrong.check_times(due_at, change.valid_until, now);
        } else if change.valid_until.is_some_and(|until| until <= due_at) {
            wrong.add("valid_until", "must be after due_at");
        }
        wrong.check_remark(change.remark.as_deref().unwrap_or_default());
        wrong.into_result()
    }

    fn check_taker(
        &self,
        caller: &Caller,
        wrong: &mut Wrong,
        agent: Option<AgentId>,
        skill_group: Option<SkillGroupId>,
    ) -> Result<(), ServiceError> {
        let own = self.entry(caller)?;
        if agent.is_some() && skill_group.is_some() {
            wrong.add("skill_group", "give an agent or a skill_group, not both");
        }
        if agent.is_some_and(|agent| !own.agents.contains_key(&agent)) {
            wrong.add("agent", "is not one of the tenant's agents");
        }
        if skill_group.is_some_and(|id| !own.skill_groups.iter().any(|group| group.id == id)) {
            wrong.add("skill_group", "is not one of the tenant's skill groups");
        }
        Ok(())
    }

    /// Tells the engine of an appointment that is near, or that it is not near any more.
    async fn hand_over(
        &self,
        tenant: TenantId,
        appointment: &Appointment,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        if appointment.due_at >= now + AHEAD {
            let (appointment, revision) = (appointment.id, appointment.revision - 1);
            let gone = Input::AppointmentGone {
                appointment,
                revision,
            };
            return self.ask(move |runtime| runtime.tell(tenant, gone)).await;
        }
        let id = appointment.campaign;
        let known = self
            .ask(move |runtime| runtime.campaign_view(tenant, id).is_some())
            .await?;
        if !known && let Some(campaign) = self.store().campaign(id).await? {
            // Only the store knows a campaign that ended in an earlier run.
            self.load(campaign).await?;
        }
        let set = Input::AppointmentSet(rules_of(appointment));
        self.ask(move |runtime| {
            runtime.tell(tenant, set);
            runtime.settle();
        })
        .await
    }

    /// Tells the engine that an appointment is no more.
    async fn take_over(
        &self,
        tenant: TenantId,
        appointment: &Appointment,
    ) -> Result<(), ServiceError> {
        let gone = Input::AppointmentGone {
            appointment: appointment.id,
            revision: appointment.revision,
        };
        self.ask(move |runtime| {
            runtime.tell(tenant, gone);
            runtime.settle();
        })
        .await
    }

    /// Hands a tenant's appointments that have come near to its engine.
    async fn hand_over_due(&self, tenant: TenantId) -> Result<(), ServiceError> {
        // A change must not be overtaken by what was read before it.
        let _order = self.core.appointments.lock().await;
        let now = self.now().await?;
        let near = now + AHEAD;
        for due in self
            .store()
            .appointments_due(tenant, near, HANDED_MAX)
            .await?
        {
            self.hand_over(tenant, &due, now).await?;
        }
        Ok(())
    }
}

/// Hands appointments that come near to the engines, until the server stops.
pub(super) async fn hand_over_appointments(service: Service) {
    let mut every = tokio::time::interval(HAND_OVER_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        for entry in service.core.registry.tenants() {
            match service.hand_over_due(entry.tenant.id).await {
                Ok(()) => {}
                Err(ServiceError::Stopping) => return,
                Err(error) => tracing::error!(%error, "appointments cannot be read; tried again"),
            }
        }
    }
}

fn rules_of(appointment: &Appointment) -> AppointmentRules {
    AppointmentRules {
        id: appointment.id,
        revision: appointment.revision,
        kind: appointment.kind,
        campaign: appointment.campaign,
        contact: appointment.contact,
        number: appointment.number,
        agent: appointment.agent,
        skill_group: appointment.skill_group,
        caller_id: appointment.caller_id,
        due_at: appointment.due_at,
        valid_until: appointment.valid_until,
    }
}

/// Whoever runs campaigns may change any appointment, an agent its own.
fn may_change(caller: &Caller, agent: Option<AgentId>) -> Result<(), ServiceError> {
    match (caller.needs(Right::RunCampaigns), agent) {
        (Err(_), Some(agent)) => caller.needs(Right::ActAs(agent)),
        (result, _) => result,
    }
}

fn size_of(texts: &BTreeMap<String, String>) -> usize {
    texts
        .iter()
        .map(|(name, text)| name.len() + text.len())
        .sum()
}

/// Fields that are wrong.
#[derive(Default)]
struct Wrong(Vec<FieldProblem>);

impl Wrong {
    fn add(&mut self, field: &str, problem: &str) {
        self.0.push(FieldProblem {
            field: field.to_owned(),
            problem: problem.to_owned(),
        });
    }

    fn check_times(&mut self, due_at: Timestamp, valid_until: Option<Timestamp>, now: Timestamp) {
        if due_at <= now {
            self.add("due_at", "must be in the future");
        }
        if valid_until.is_some_and(|until| until <= due_at) {
            self.add("valid_until", "must be after due_at");
        }
    }

    fn check_remark(&mut self, remark: &str) {
        if remark.chars().count() > Appointment::REMARK_MAX {
            self.add("remark", "must have at most 2000 characters");
        }
    }

    fn into_result(self) -> Result<(), ServiceError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(ServiceError::Invalid(self.0))
        }
    }
}
