//! The contacts of appointments, read when their time has come.

use std::sync::Arc;

use outdial_domain::{
    AppointmentId, Contact, ContactId, ContactState, PhoneNumber, TenantId, Timestamp,
};
use outdial_engine::input::{AppointmentContact, DueContact, Input};
use outdial_store::{Store, StoreError};

use super::{Done, Runtime};

impl Runtime {
    /// Reads the contact of an appointment, after what the engine has moved is committed.
    pub(super) fn load_appointment(
        &mut self,
        tenant: TenantId,
        appointment: AppointmentId,
        contact: ContactId,
    ) {
        let now = self.now();
        let store = Arc::clone(&self.store);
        let day = self.registry.day_of_number_cap(tenant, now);
        let settled = self.writes.settled();
        self.work.push(Box::pin(async move {
            // Only a runtime that is gone says nothing, and then nobody waits for the answer.
            let result = match settled.await {
                Ok(Err(reason)) => Err(StoreError::Unavailable(reason)),
                _ => read(&store, tenant, contact, now, day).await,
            };
            Done::Reserved {
                tenant,
                appointment,
                result,
            }
        }));
    }

    pub(super) fn appointment_loaded(
        &mut self,
        tenant: TenantId,
        appointment: AppointmentId,
        result: Result<Option<AppointmentContact>, StoreError>,
    ) {
        let contact = result.unwrap_or_else(|error| {
            tracing::error!(%error, "the contact of an appointment cannot be read; tried again");
            None
        });
        let fact = Input::AppointmentLoaded {
            appointment,
            contact,
        };
        self.tell(tenant, fact);
    }
}

/// A contact that is not being called, with what limits its calls.
async fn read(
    store: &Arc<dyn Store>,
    tenant: TenantId,
    id: ContactId,
    now: Timestamp,
    day: Option<Timestamp>,
) -> Result<Option<AppointmentContact>, StoreError> {
    let found = store.contact(id).await?;
    let Some(contact) = found.filter(|c| c.state != ContactState::InProgress) else {
        return Ok(None);
    };
    let number_calls_today = match day {
        Some(since) => {
            let numbers: Vec<PhoneNumber> = contact.numbers.clone();
            let counts = store.attempts_to(tenant, numbers, since).await?;
            counts.into_iter().max().unwrap_or(0)
        }
        None => 0,
    };
    let mut listed = Vec::new();
    for number in &contact.numbers {
        if let Some(entry) = store.listed_number(tenant, *number, now).await? {
            listed.push((*number, entry.listing()));
        }
    }
    let is_final = contact.state == ContactState::Done;
    let due = DueContact {
        number_calls_today,
        listed,
        ..due_contact(contact)
    };
    Ok(Some(AppointmentContact {
        contact: due,
        is_final,
    }))
}

fn due_contact(contact: Contact) -> DueContact {
    let rested = contact.state == ContactState::Resting;
    DueContact {
        id: contact.id,
        numbers: contact.numbers,
        time_zone: contact.time_zone,
        priority: contact.priority,
        rested,
        order_key: if rested {
            contact.not_before.millis()
        } else {
            contact.order_key
        },
        history: contact.history,
        number_calls_today: 0,
        listed: Vec::new(),
    }
}
