//! Carrying out an engine's orders.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::{AbortHandle, AbortRegistration, Abortable};
use outdial_domain::{
    Attempt, CampaignId, ContactId, Evidence, Outcome, PhoneNumber, TenantId, TrunkName,
};
use outdial_engine::input::{BreakerState, DueContact, Input};
use outdial_engine::output::{AttemptEnd, Dial, Output, TrunkHealth};
use outdial_store::{AgentWish, Breaker, DueContacts, EndAttempt, Store, StoreError};
use outdial_telephony::HangUpReason;

use super::legs::Owner;
use super::writes::Write;
use super::{Done, Runtime, Wanted};
use crate::events::Happened;

/// Requests for contacts that wait: one for each campaign, however long the store takes.
#[derive(Default)]
pub(super) struct Loads(BTreeMap<CampaignId, AbortHandle>);

impl Loads {
    /// A request begins, in place of the campaign's earlier one.
    fn begin(&mut self, campaign: CampaignId) -> AbortRegistration {
        let (handle, registration) = AbortHandle::new_pair();
        if let Some(earlier) = self.0.insert(campaign, handle) {
            earlier.abort();
        }
        registration
    }
}

impl Runtime {
    pub(super) fn carry_out(&mut self, tenant: TenantId, order: Output) {
        match order {
            Output::Dial(dial) => self.dial(tenant, *dial),
            Output::Redial { attempt, trunk } => self.redial(tenant, attempt, trunk),
            Output::Cancel(attempt) => self.cancel(Owner::Callee(tenant, attempt)),
            Output::HangUp(attempt) => {
                self.hang_up(Owner::Callee(tenant, attempt), HangUpReason::Normal);
            }
            Output::Join { attempt, agent } => self.join(tenant, attempt, agent),
            Output::Listen { attempt, agent } => self.listen(tenant, attempt, agent),
            Output::CallFlow { attempt, flow } => self.call_flow(tenant, attempt, &flow),
            // Committed together with the dialog, where telephony's answer is handled.
            Output::AttemptAnswered { .. } => {}
            Output::AttemptEnded(end) => self.attempt_ended(tenant, *end),
            Output::ContactsMoved(updates) => self.write(Write::Moved(updates, Vec::new())),
            Output::LoadContacts {
                campaign,
                load,
                count,
                holds,
            } if self.may_read_list(campaign) => {
                let wanted = Wanted {
                    tenant,
                    campaign,
                    load,
                };
                self.load(wanted, count, holds);
            }
            Output::LoadAppointment {
                appointment,
                contact,
                ..
            } => self.load_appointment(tenant, appointment, contact),
            Output::AppointmentEnded {
                appointment,
                revision,
                state,
            } => self.write(Write::AppointmentEnded(
                tenant,
                appointment,
                revision,
                state,
            )),
            // It is told of the new list when that is there, and asks again then.
            Output::LoadContacts { .. } => {}
            Output::CallAgent(agent) => self.call_agent(tenant, agent),
            Output::HangUpAgent(agent) => {
                self.hang_up(Owner::Agent(tenant, agent), HangUpReason::Normal);
            }
            Output::AgentChanged {
                agent,
                state,
                attempt,
            } => {
                self.note(
                    tenant,
                    &Happened::AgentState {
                        agent,
                        state,
                        attempt,
                    },
                );
            }
            Output::AgentWishChanged {
                agent,
                wish,
                reason,
            } => {
                self.write(Write::Wish(
                    tenant,
                    AgentWish {
                        agent,
                        wish,
                        reason,
                    },
                    Vec::new(),
                ));
            }
            Output::Offered(offer) => self.note(
                tenant,
                &Happened::OfferMade {
                    offer: offer.id.0,
                    agent: offer.agent,
                    campaign: offer.campaign,
                    appointment: offer.appointment,
                    ends_at: offer.ends_at,
                },
            ),
            Output::OfferEnded {
                offer,
                agent,
                dialed,
            } => {
                self.note(
                    tenant,
                    &Happened::OfferEnded {
                        offer: offer.0,
                        agent,
                        dialed,
                    },
                );
            }
            Output::CampaignChanged { campaign, state } => {
                let at = self.now();
                let event = Happened::CampaignState { campaign, state }.recorded(tenant, at);
                self.write(Write::CampaignState(campaign, state, vec![event]));
            }
            Output::TrunkChanged {
                trunk,
                health,
                reason,
            } => {
                self.trunk_changed(tenant, trunk, health, reason);
            }
            Output::BreakerOpened(breaker) => self.breaker_opened(tenant, &breaker),
            Output::BreakerGrew(breaker) => {
                self.write(Write::Breaker(stored_breaker(tenant, &breaker), Vec::new()));
            }
            Output::BreakerClosed { trunk } => self.breaker_closed(tenant, trunk),
            Output::WakeAt { when, .. } => {
                if let Some(tenant) = self.tenants.get_mut(&tenant) {
                    tenant.wake_at = Some(when);
                }
            }
        }
    }

    fn attempt_ended(&mut self, tenant: TenantId, end: AttemptEnd) {
        if let Some(runtime) = self.tenants.get_mut(&tenant) {
            runtime.live.remove(&end.attempt.id);
        }
        count_outcome(&end);
        self.write(Write::Ended(Box::new(end_attempt(tenant, end))));
    }

    fn load(&mut self, wanted: Wanted, count: u32, holds: Vec<ContactId>) {
        let Wanted {
            tenant, campaign, ..
        } = wanted;
        let now = self.now();
        let store = Arc::clone(&self.store);
        let day = self.registry.day_of_number_cap(tenant, now);
        // The engine holds for known to the store what it has moved there: the read must see it.
        let settled = self.writes.settled();
        let read = async move {
            // Only a runtime that is gone says nothing, and then nobody waits for the answer.
            if let Ok(Err(reason)) = settled.await {
                return Err(StoreError::Unavailable(reason));
            }
            let due = store
                .due_contacts(campaign, now, count as usize, &holds)
                .await?;
            with_calls_today(&store, tenant, due, day).await
        };
        let read = Abortable::new(read, self.loads.begin(campaign));
        self.work.push(Box::pin(async move {
            match read.await {
                Ok(result) => Done::Loaded { wanted, result },
                Err(_) => Done::LoadDropped,
            }
        }));
    }

    pub(super) fn loaded(
        &mut self,
        wanted: Wanted,
        result: Result<(DueContacts, Vec<u32>), StoreError>,
    ) {
        let Wanted {
            tenant,
            campaign,
            load,
        } = wanted;
        let fact = match result {
            Ok((due, calls_today)) => Input::ContactsLoaded {
                campaign,
                load,
                contacts: due
                    .contacts
                    .into_iter()
                    .zip(calls_today)
                    .map(due_contact)
                    .collect(),
                next_due: due.next_due,
                more: due.more,
            },
            Err(error) => {
                if self.store_fails.is_none() {
                    tracing::error!(campaign.id = campaign.number(), %error, "contacts cannot be read; tried again in 5 s");
                }
                let retry_at = self.now() + std::time::Duration::from_secs(5);
                Input::ContactsLoaded {
                    campaign,
                    load,
                    contacts: Vec::new(),
                    next_due: Some(retry_at),
                    more: false,
                }
            }
        };
        self.tell(tenant, fact);
    }

    fn breaker_opened(&mut self, tenant: TenantId, breaker: &BreakerState) {
        let reason = format!(
            "calls began to fail for good; {} results are suspect and dialing has stopped until an operator resumes the trunk",
            breaker.suspects.len()
        );
        tracing::error!(trunk = %breaker.trunk, suspects = breaker.suspects.len(), "a trunk breaker has opened");
        let at = self.now();
        let event = trunk_event(tenant, at, breaker.trunk, "breaker_open", reason);
        self.write(Write::Breaker(stored_breaker(tenant, breaker), vec![event]));
    }

    fn breaker_closed(&mut self, tenant: TenantId, trunk: TrunkName) {
        let at = self.now();
        let event = trunk_event(tenant, at, trunk, "breaker_lifted", String::new());
        self.write(Write::BreakersLifted(tenant, trunk, vec![event]));
    }

    fn trunk_changed(
        &mut self,
        tenant: TenantId,
        trunk: TrunkName,
        health: TrunkHealth,
        reason: String,
    ) {
        let name = match health {
            TrunkHealth::Up => "up",
            TrunkHealth::Doubtful => "doubtful",
            TrunkHealth::Out => "out",
        };
        match health {
            TrunkHealth::Up => tracing::info!(%trunk, %reason, "trunk is up"),
            _ => tracing::warn!(%trunk, health = name, %reason, "trunk is not well"),
        }
        self.note(
            tenant,
            &Happened::TrunkHealth {
                trunk,
                health: name.to_owned(),
                reason,
            },
        );
    }
}

fn trunk_event(
    tenant: TenantId,
    at: outdial_domain::Timestamp,
    trunk: TrunkName,
    health: &str,
    reason: String,
) -> outdial_store::NewEvent {
    Happened::TrunkHealth {
        trunk,
        health: health.to_owned(),
        reason,
    }
    .recorded(tenant, at)
}

/// Calls to each contact's numbers today, where a profile limits them.
async fn with_calls_today(
    store: &Arc<dyn Store>,
    tenant: TenantId,
    due: DueContacts,
    since: Option<outdial_domain::Timestamp>,
) -> Result<(DueContacts, Vec<u32>), StoreError> {
    let Some(since) = since else {
        let none = vec![0; due.contacts.len()];
        return Ok((due, none));
    };
    let numbers: Vec<PhoneNumber> = due
        .contacts
        .iter()
        .flat_map(|contact| contact.numbers.iter().copied())
        .collect();
    let mut counts = store.attempts_to(tenant, numbers, since).await?.into_iter();
    let calls = due
        .contacts
        .iter()
        .map(|contact| {
            counts
                .by_ref()
                .take(contact.numbers.len())
                .max()
                .unwrap_or(0)
        })
        .collect();
    Ok((due, calls))
}

fn due_contact((contact, number_calls_today): (outdial_store::DueContact, u32)) -> DueContact {
    DueContact {
        id: contact.id,
        numbers: contact.numbers,
        time_zone: contact.time_zone,
        priority: contact.priority,
        rested: contact.rested,
        order_key: contact.order_key,
        history: contact.history,
        number_calls_today,
        listed: contact.listed,
    }
}

/// An attempt's end as the store takes it, with the event that tells of it.
pub(super) fn end_attempt(tenant: TenantId, end: AttemptEnd) -> EndAttempt {
    let at = end.attempt.ended_at.unwrap_or(end.attempt.started_at);
    let event = Happened::AttemptEnded(Box::new(end.attempt.clone())).recorded(tenant, at);
    EndAttempt {
        tenant,
        counts_as_live: end.counts_as_live,
        attempt: end.attempt,
        contact: end.contact,
        events: vec![event],
    }
}

fn stored_breaker(tenant: TenantId, breaker: &BreakerState) -> Breaker {
    Breaker {
        tenant,
        trunk: breaker.trunk,
        caller_id: breaker.caller_id,
        // Breaker states are plain data: they always become JSON.
        data: serde_json::to_string(breaker).unwrap_or_default(),
    }
}

/// An attempt as it begins.
pub(super) fn begun(dial: &Dial) -> Attempt {
    Attempt {
        id: dial.attempt,
        campaign: dial.campaign,
        contact: dial.contact,
        number: dial.number,
        caller_id: dial.caller_id,
        trunk: dial.trunk,
        agent: dial.agent,
        revision: dial.revision,
        started_at: dial.at,
        progress_at: None,
        answered_at: None,
        joined_at: None,
        ended_at: None,
        outcome: None,
        blame: None,
        evidence: Evidence::default(),
        counts_as_abandoned: false,
    }
}

fn count_outcome(end: &AttemptEnd) {
    let outcome = end.attempt.outcome.unwrap_or(Outcome::Unknown).as_str();
    metrics::counter!("outdial_attempts_ended_total", "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_for_contacts_takes_the_place_of_one_that_waits() {
        let campaign = |number| CampaignId::new(number).unwrap();
        let mut loads = Loads::default();
        let waits = |registration| Abortable::new(std::future::pending::<()>(), registration);
        let (first, other) = (
            waits(loads.begin(campaign(1))),
            waits(loads.begin(campaign(2))),
        );
        assert!(!first.is_aborted());
        let _second = loads.begin(campaign(1));
        assert!(first.is_aborted() && !other.is_aborted());
    }
}
