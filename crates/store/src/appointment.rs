//! Appointments: calls that are reserved for a time, found by when they are due.

use std::collections::BTreeMap;

use async_trait::async_trait;
use outdial_domain::{
    AgentId, Appointment, AppointmentId, AppointmentKind, AppointmentState, CampaignId, ContactId,
    PhoneNumber, SkillGroupId, TenantId, Timestamp,
};

use crate::{Page, StoreError};

/// An appointment as it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAppointment {
    /// Whose.
    pub tenant: TenantId,
    /// Whether it is offered or dialed.
    pub kind: AppointmentKind,
    /// The campaign.
    pub campaign: CampaignId,
    /// Who is called. `None` = the newest contact of the campaign with this number; where there is
    /// none, one is added that only the appointment calls.
    pub contact: Option<ContactId>,
    /// The number to call.
    pub number: PhoneNumber,
    /// The agent who is to take it.
    pub agent: Option<AgentId>,
    /// Whose agents may take it.
    pub skill_group: Option<SkillGroupId>,
    /// The number to show.
    pub caller_id: Option<PhoneNumber>,
    /// Its time.
    pub due_at: Timestamp,
    /// When it is given up.
    pub valid_until: Timestamp,
    /// A remark.
    pub remark: String,
    /// Anything else that came with it.
    pub attributes: BTreeMap<String, String>,
    /// Who makes it.
    pub author: String,
    /// When.
    pub at: Timestamp,
}

/// What is changed of an appointment that waits; `None` leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppointmentChange {
    /// The agent who is to take it; takes the place of a skill group.
    pub agent: Option<AgentId>,
    /// Whose agents may take it; takes the place of an agent.
    pub skill_group: Option<SkillGroupId>,
    /// Its time; the time for which it is waited after it moves with it.
    pub due_at: Option<Timestamp>,
    /// When it is given up.
    pub valid_until: Option<Timestamp>,
    /// A remark.
    pub remark: Option<String>,
}

/// Which appointments of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppointmentQuery {
    /// Whose.
    pub tenant: TenantId,
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
    /// After this one.
    pub after: Option<AppointmentId>,
    /// At most so many.
    pub limit: usize,
}

impl AppointmentQuery {
    /// All of a tenant, by a hundred.
    pub fn of(tenant: TenantId) -> Self {
        Self {
            tenant,
            campaign: None,
            number: None,
            agents: Vec::new(),
            state: None,
            from: None,
            to: None,
            after: None,
            limit: 100,
        }
    }
}

/// Appointments. [`crate::Attempts::place_attempt`] begins one in the transaction of its attempt, and
/// [`crate::Attempts::end_attempt`] ends it: none is ever called twice.
#[async_trait]
pub trait Appointments: Send + Sync {
    /// Makes an appointment.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown campaign or contact; [`StoreError::Conflict`] for a
    /// number that is none of the contact's.
    async fn create_appointment(&self, new: NewAppointment) -> Result<Appointment, StoreError>;

    /// Changes an appointment that waits.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when it is being called or over.
    async fn change_appointment(
        &self,
        tenant: TenantId,
        id: AppointmentId,
        change: AppointmentChange,
    ) -> Result<Appointment, StoreError>;

    /// Stores what someone says of how an appointment went; one that waits is done by it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn report_appointment(
        &self,
        tenant: TenantId,
        id: AppointmentId,
        report: BTreeMap<String, String>,
    ) -> Result<Appointment, StoreError>;

    /// Forgets an appointment; answers it as it was. Its call, if any, goes on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn remove_appointment(
        &self,
        tenant: TenantId,
        id: AppointmentId,
    ) -> Result<Appointment, StoreError>;

    /// An appointment that waits at this revision is over without a call; any other stays as it is.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be committed.
    async fn end_appointment(
        &self,
        tenant: TenantId,
        id: AppointmentId,
        revision: u32,
        state: AppointmentState,
    ) -> Result<(), StoreError>;

    /// An appointment.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn appointment(
        &self,
        tenant: TenantId,
        id: AppointmentId,
    ) -> Result<Option<Appointment>, StoreError>;

    /// Appointments in the order in which they were made.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn appointments(
        &self,
        query: AppointmentQuery,
    ) -> Result<Page<Appointment, AppointmentId>, StoreError>;

    /// Appointments that wait and are due before `until`, first ones first; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn appointments_due(
        &self,
        tenant: TenantId,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Appointment>, StoreError>;
}
