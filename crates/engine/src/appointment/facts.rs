//! What happens to appointments: made, moved, taken back, offered, accepted, over.

use outdial_domain::{AppointmentId, AppointmentState, CampaignId, ContactPlace, ContactUpdate};

use super::book::{Entry, Stage};
use crate::agents::{AgentKey, Phase};
use crate::campaign::{Held, place_of};
use crate::engine::Engine;
use crate::input::{AppointmentContact, AppointmentRules};
use crate::output::Output;

impl Engine {
    /// An appointment whose time is near, or that was changed. One that is being called is not changed
    /// any more, and an older revision than the known one changes nothing.
    pub(crate) fn appointment_set(&mut self, rules: AppointmentRules) {
        let id = rules.id;
        let is_calling = self
            .appointments
            .get(id)
            .is_some_and(|entry| entry.stage == Stage::Calling);
        if is_calling || self.appointments.knows(id, rules.revision) {
            return;
        }
        self.retract(id);
        self.appointments.put(rules);
    }

    /// An appointment was taken back, or moved to a time that is not near. A call of it goes on.
    pub(crate) fn appointment_gone(&mut self, id: AppointmentId, revision: u32) {
        let calling = |entry: &Entry| entry.stage == Stage::Calling;
        if self.appointments.get(id).is_some_and(calling) {
            return;
        }
        self.retract(id);
        self.appointments.remove(id, revision);
    }

    /// Takes an appointment off its agent's desk, frees the agent, and gives its contact back.
    fn retract(&mut self, id: AppointmentId) {
        let Some(stage) = self.appointments.get(id).map(|entry| entry.stage) else {
            return;
        };
        match stage {
            Stage::Offered(offer) => self.withdraw_offer(offer, true),
            Stage::Bound(agent) => self.release_bound(agent),
            Stage::Waiting | Stage::Asked(_) | Stage::Calling => {}
        }
        self.give_contact_back(id);
    }

    /// Frees an agent who was bound to an appointment.
    pub(super) fn release_bound(&mut self, agent: AgentKey) {
        if let Some(id) = self.appointments.unbind(agent)
            && let Some(entry) = self.appointments.get_mut(id)
        {
            entry.stage = Stage::Waiting;
        }
        self.release_agent(agent);
    }

    /// An agent who may have been bound to an appointment is lost to it.
    pub(crate) fn appointment_loses_agent(&mut self, agent: AgentKey) {
        if let Some(id) = self.appointments.unbind(agent) {
            self.wait_again(id);
        }
    }

    /// An appointment waits again: for another agent, or for another try.
    fn wait_again(&mut self, id: AppointmentId) {
        let now = self.now;
        if let Some(entry) = self.appointments.get_mut(id) {
            entry.stage = Stage::Waiting;
            self.appointments.look_at(id, Some(now), false);
        }
    }

    /// An appointment is over without a call.
    pub(super) fn end_appointment(&mut self, id: AppointmentId, state: AppointmentState) {
        self.retract(id);
        let Some(rules) = self.appointments.get(id).map(|e| e.rules.clone()) else {
            return;
        };
        self.appointments.remove(id, rules.revision);
        self.out.push_back(Output::AppointmentEnded {
            appointment: id,
            revision: rules.revision,
            state,
        });
        self.load_contacts(rules.campaign);
        self.end_if_done(rules.campaign);
    }

    /// The appointments of a campaign that was aborted are over, but for those that are being called.
    pub(crate) fn end_appointments(&mut self, campaign: CampaignId) {
        for id in self.appointments.waiting_of(campaign) {
            self.end_appointment(id, AppointmentState::CampaignOver);
        }
    }

    /// Gives the contact of an appointment back to where it was.
    fn give_contact_back(&mut self, id: AppointmentId) {
        let Some(entry) = self.appointments.get_mut(id) else {
            return;
        };
        let campaign = entry.rules.campaign;
        if matches!(entry.stage, Stage::Asked(_)) {
            entry.stage = Stage::Waiting;
            let contact = entry.rules.contact;
            if let Some(campaign) = self.campaigns.get_mut(&campaign) {
                campaign.held.remove(&contact);
                campaign.window.store_has_more();
            }
            return;
        }
        let Some(held) = entry.held.take() else {
            return;
        };
        let place = if entry.was_final {
            ContactPlace::Done
        } else {
            place_of(&held.contact)
        };
        let mut update = ContactUpdate {
            contact: held.contact.id,
            campaign,
            place,
            history: held.contact.history,
            last_outcome: None,
        };
        self.as_set_aside(&mut update);
        self.contact_left(&update);
        self.out.push_back(Output::ContactsMoved(vec![update]));
    }

    /// The contact that was asked for.
    pub(crate) fn appointment_loaded(
        &mut self,
        id: AppointmentId,
        contact: Option<AppointmentContact>,
    ) {
        let asked = |entry: &&mut Entry| matches!(entry.stage, Stage::Asked(_));
        let Some(entry) = self.appointments.get_mut(id).filter(asked) else {
            self.counters.late += 1;
            return;
        };
        entry.stage = Stage::Waiting;
        let campaign = entry.rules.campaign;
        let of_campaign = self.campaigns.get_mut(&campaign);
        let Some(found) = contact.filter(|c| c.contact.id == entry.rules.contact) else {
            // It is being called, or is no more; whoever has it is done with it some time.
            if let Some(campaign) = of_campaign {
                campaign.held.remove(&entry.rules.contact);
            }
            let again = self.now + super::turn::LOOK_AGAIN;
            self.appointments.look_at(id, Some(again), false);
            return;
        };
        entry.was_final = found.is_final;
        entry.held = Some(Held {
            contact: found.contact,
            dials_at_ask: entry.dials_at_ask,
            dials_at_load: self.numbers.dials(),
        });
        if found.is_final
            && let Some(campaign) = of_campaign
        {
            campaign.open += 1;
        }
        let now = self.now;
        self.appointments.look_at(id, Some(now), false);
    }

    /// An agent has accepted an appointment.
    pub(crate) fn appointment_accepted(&mut self, id: AppointmentId, agent: AgentKey, held: Held) {
        if let Some(entry) = self.appointments.get_mut(id) {
            entry.held = Some(held);
            self.bind_to_appointment(id, agent);
        }
    }

    /// Binds an agent to an appointment; the phone is called first where it is not connected.
    pub(super) fn bind_to_appointment(&mut self, id: AppointmentId, agent: AgentKey) {
        let now = self.now;
        let Some(entry) = self.appointments.get_mut(id) else {
            return;
        };
        entry.stage = Stage::Bound(agent);
        let campaign = entry.rules.campaign;
        self.appointments.bind(agent, id);
        self.appointments.look_at(id, Some(now), false);
        self.take_from_promise(agent, Phase::Bound(campaign));
        self.settle_phone(agent);
        self.tell_agent(agent);
    }

    /// Takes an idle agent, on whom a campaign's ringing calls may count.
    pub(super) fn take_from_promise(&mut self, agent: AgentKey, phase: Phase) {
        let promised_to = match self.agents.get(agent).map(|a| a.phase) {
            Some(Phase::Idle { promised_to, .. }) => promised_to,
            _ => None,
        };
        self.agents.take(agent, phase);
        if let Some(campaign) = promised_to {
            self.keep_promises(campaign);
        }
    }

    /// An agent has left an appointment.
    pub(crate) fn appointment_skipped(&mut self, id: AppointmentId, held: Held) {
        self.appointment_off_desk(id, held);
        self.end_appointment(id, AppointmentState::Skipped);
    }

    /// An appointment's offer is over without an answer: it waits again, if there is time.
    pub(crate) fn appointment_off_desk(&mut self, id: AppointmentId, held: Held) {
        if let Some(entry) = self.appointments.get_mut(id) {
            entry.held = Some(held);
        }
        self.wait_again(id);
    }

    /// The call of an appointment could not be committed.
    pub(crate) fn appointment_not_placed(&mut self, id: AppointmentId, held: Held) {
        self.appointment_off_desk(id, held);
        let again = self.now + super::turn::LOOK_AGAIN;
        self.appointments.look_at(id, Some(again), false);
    }

    /// The store never takes the call of an appointment, with its contact as the engine has it. The contact
    /// is read anew, after a rest that doubles each time: what is wrong for good costs little until the
    /// appointment's end.
    pub(crate) fn appointment_refused(&mut self, id: AppointmentId) {
        let now = self.now;
        let Some(entry) = self.appointments.get_mut(id) else {
            return;
        };
        entry.stage = Stage::Waiting;
        entry.held = None;
        let was_final = std::mem::take(&mut entry.was_final);
        let rest = super::turn::LOOK_AGAIN * (1 << entry.refused.min(6));
        entry.refused = entry.refused.saturating_add(1);
        let again = (now + rest).min(entry.rules.valid_until);
        let (campaign, contact) = (entry.rules.campaign, entry.rules.contact);
        self.appointments.look_at(id, Some(again), false);
        if let Some(campaign) = self.campaigns.get_mut(&campaign) {
            campaign.held.remove(&contact);
            campaign.window.store_has_more();
            if was_final {
                campaign.open = campaign.open.saturating_sub(1);
            }
        }
    }

    /// The call of an appointment is over.
    pub(crate) fn appointment_called(&mut self, id: AppointmentId) {
        if let Some(entry) = self.appointments.get(id) {
            let revision = entry.rules.revision;
            self.appointments.remove(id, revision);
        }
    }
}
