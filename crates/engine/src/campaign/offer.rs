//! Preview: a contact is offered to an agent, who takes it, leaves it, or lets the time pass.

use std::time::Duration;

use outdial_domain::{CampaignId, ContactPlace, Mode};
use serde::{Deserialize, Serialize};

use super::Held;
use crate::agents::{AgentKey, Phase};
use crate::engine::Engine;
use crate::gate::Refused;
use crate::input::OfferId;
use crate::output::{Offer, Output};
use crate::pacing::Event;
use crate::timer::{Alarm, TimerKey, Timers};

/// A contact that an agent left rests at least so long.
const SKIPPED_REST: Duration = Duration::from_secs(60);

/// An offer that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Offered {
    pub(crate) offer: Offer,
    pub(crate) agent: AgentKey,
    pub(crate) held: Held,
    pub(crate) alarm: Alarm,
}

impl Engine {
    /// Offers the next contact of a campaign to an agent.
    ///
    /// # Errors
    /// That there is no contact.
    pub(crate) fn offer_next(&mut self, id: CampaignId, agent: AgentKey) -> Result<(), Refused> {
        let next = self.next_contact(id)?;
        let now = self.now;
        let offer_id = OfferId(self.next_offer);
        let Some(agent_id) = self.agents.get(agent).map(|a| a.rules.id) else {
            return Ok(());
        };
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return Ok(());
        };
        let Mode::Preview(rules) = campaign.settings.mode else {
            return Ok(());
        };
        let Some(held) = campaign.window.remove(next.key) else {
            return Ok(());
        };
        self.next_offer += 1;
        let offer = Offer {
            id: offer_id,
            agent: agent_id,
            campaign: id,
            contact: held.contact.id,
            appointment: None,
            dials_at: rules.dial_after.map(|after| now + after),
            ends_at: now + rules.offer,
        };
        let mut offered = Offered {
            offer,
            agent,
            held,
            alarm: Alarm::default(),
        };
        let when = offer.dials_at.unwrap_or(offer.ends_at).min(offer.ends_at);
        self.timers
            .set(&mut offered.alarm, TimerKey::Offer(offer_id), Some(when));
        self.offers.insert(offer_id, offered);
        self.out.push_back(Output::Offered(offer));
        self.agents.take(agent, Phase::Offered(offer_id));
        self.tell_agent(agent);
        self.note(id, Event::Dialed);
        self.load_contacts(id);
        Ok(())
    }

    pub(crate) fn offer_accepted(&mut self, offer: OfferId) {
        if let Some(offered) = self.end_offer(offer, true) {
            if let Some(appointment) = offered.offer.appointment {
                self.appointment_accepted(appointment, offered.agent, offered.held);
                return;
            }
            self.bind_agent(offered.agent, offered.offer.campaign, Some(offered.held));
        }
    }

    pub(crate) fn offer_skipped(&mut self, offer: OfferId) {
        let Some(offered) = self.end_offer(offer, false) else {
            return;
        };
        if let Some(appointment) = offered.offer.appointment {
            self.appointment_skipped(appointment, offered.held);
            self.release_agent(offered.agent);
            return;
        }
        let id = offered.offer.campaign;
        let interval = self
            .campaigns
            .get(&id)
            .map_or(SKIPPED_REST, |c| c.settings.retry.interval);
        let until = self.now + interval.max(SKIPPED_REST);
        self.put_contact(id, offered.held, ContactPlace::Resting(until));
        self.release_agent(offered.agent);
        self.load_contacts(id);
    }

    /// An offer is dialed by itself, or its time is over.
    pub(crate) fn offer_due(&mut self, offer: OfferId) {
        let Some(offered) = self.offers.get_mut(&offer) else {
            return;
        };
        Timers::fired(&mut offered.alarm);
        if offered.offer.dials_at.is_some_and(|at| at <= self.now) {
            self.offer_accepted(offer);
        } else {
            self.withdraw_offer(offer, true);
        }
    }

    /// Takes an offer back: its contact is free for another agent.
    pub(crate) fn withdraw_offer(&mut self, offer: OfferId, frees_agent: bool) {
        let Some(offered) = self.end_offer(offer, false) else {
            return;
        };
        let id = offered.offer.campaign;
        if let Some(appointment) = offered.offer.appointment {
            self.appointment_off_desk(appointment, offered.held);
        } else {
            self.take_contact_back(id, offered.held);
        }
        if frees_agent {
            self.release_agent(offered.agent);
        } else {
            self.agents.take(offered.agent, Phase::Off);
            self.take_announced(offered.agent);
        }
    }

    /// A contact that was offered is free for another agent.
    fn take_contact_back(&mut self, id: CampaignId, held: Held) {
        match self.campaigns.get_mut(&id) {
            Some(campaign) if campaign.may_hold(true) => {
                campaign.window.insert(held);
                self.wake_campaign(id);
            }
            _ => self.give_back(id, vec![held]),
        }
    }

    /// Takes all offers of a campaign back, but for those of appointments.
    pub(crate) fn withdraw_offers(&mut self, id: CampaignId) {
        let of_campaign = |offered: &&Offered| {
            offered.offer.campaign == id && offered.offer.appointment.is_none()
        };
        let open: Vec<_> = self
            .offers
            .values()
            .filter(of_campaign)
            .map(|offered| offered.offer.id)
            .collect();
        for offer in open {
            self.withdraw_offer(offer, true);
        }
    }

    fn end_offer(&mut self, offer: OfferId, dialed: bool) -> Option<Offered> {
        let Some(mut offered) = self.offers.remove(&offer) else {
            self.counters.unknown += 1;
            return None;
        };
        self.timers
            .set(&mut offered.alarm, TimerKey::Offer(offer), None);
        self.out.push_back(Output::OfferEnded {
            offer,
            agent: offered.offer.agent,
            dialed,
        });
        Some(offered)
    }

    /// An offer that is open.
    pub fn offer(&self, id: OfferId) -> Option<Offer> {
        self.offers.get(&id).map(|offered| offered.offer)
    }

    /// The offers that are open for an agent.
    pub fn offers(&self, agent: outdial_domain::AgentId) -> Vec<Offer> {
        self.offers
            .values()
            .map(|offered| offered.offer)
            .filter(|offer| offer.agent == agent)
            .collect()
    }
}
