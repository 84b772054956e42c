//! Contacts that someone holds or cancels one by one, while their campaign goes on.
//!
//! Most of them are in the store alone, and the store moves them; others the engine has in hand, and
//! moves itself. So that nobody calls one in between it goes in three steps: the engine is told, and
//! refuses them from then on; the store moves those that the engine does not have in hand; the engine
//! is told which the store has made final, and forgets them.

use std::collections::BTreeSet;

use outdial_domain::{Aside, CampaignId, ContactId, ContactPlace, ContactUpdate};
use serde::{Deserialize, Serialize};

use super::list::moved;
use crate::engine::Engine;

/// A contact that is set aside, as long as the engine has to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SetAside {
    pub(crate) aside: Aside,
    /// Whether it is in a call, in an offer or with an agent, and is moved when it leaves there. The
    /// others are moved by the store.
    in_hand: bool,
    /// Whether the engine has moved it since.
    left: bool,
}

impl Engine {
    /// Refuses these contacts from now on. Those that wait in the window are moved at once.
    pub(crate) fn set_aside(&mut self, id: CampaignId, contacts: Vec<ContactId>, aside: Aside) {
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            self.counters.unknown += 1;
            return;
        };
        let mut moved_away = Vec::new();
        for contact in contacts {
            let known = campaign.aside.entry(contact).or_insert(SetAside {
                aside,
                in_hand: false,
                left: false,
            });
            // What is cancelled is not held instead.
            known.aside = known.aside.max(aside);
            match campaign.window.take(contact) {
                Some(held) => moved_away.push(moved(id, held.contact, ContactPlace::Held)),
                None => known.in_hand = campaign.held.contains(&contact),
            }
            campaign.window.left(contact);
            // As it stands is how it is wished: no breaker brings it back.
            self.trunks.forget_suspect(contact, true, None);
        }
        if !moved_away.is_empty() {
            self.move_away(moved_away);
        }
        self.load_contacts(id);
        self.end_if_done(id);
    }

    /// Those of these contacts that the engine moves when they leave where they are.
    pub fn in_hand(&self, id: CampaignId, contacts: &[ContactId]) -> Vec<ContactId> {
        let Some(campaign) = self.campaigns.get(&id) else {
            return Vec::new();
        };
        let in_hand = |contact: &&ContactId| {
            let known = campaign.aside.get(contact);
            known.is_some_and(|known| known.in_hand)
        };
        contacts.iter().filter(in_hand).copied().collect()
    }

    /// The store has moved the contacts that are not in hand, and made some of them final.
    pub(crate) fn aside_stored(
        &mut self,
        id: CampaignId,
        contacts: &[ContactId],
        closed: &BTreeSet<ContactId>,
    ) {
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            self.counters.unknown += 1;
            return;
        };
        for contact in contacts {
            let Some(known) = campaign.aside.get_mut(contact).filter(|k| !k.in_hand) else {
                continue;
            };
            let was_left = known.left;
            if campaign.window.take(*contact).is_some() {
                campaign.held.remove(contact);
            }
            // An answer that is on its way may show it as it was.
            campaign.window.left(*contact);
            if campaign.held.contains(contact) {
                // Taken in hand since: it is counted when it leaves.
                known.in_hand = true;
                continue;
            }
            campaign.aside.remove(contact);
            if closed.contains(contact) && !was_left {
                campaign.open = campaign.open.saturating_sub(1);
            }
        }
        self.load_contacts(id);
        self.end_if_done(id);
    }

    /// These contacts are held no longer; those that are cancelled stay so.
    pub(crate) fn released(&mut self, id: CampaignId, contacts: &[ContactId]) {
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            self.counters.unknown += 1;
            return;
        };
        for contact in contacts {
            let known = campaign.aside.get(contact);
            if known.is_some_and(|known| known.aside == Aside::Held) {
                campaign.aside.remove(contact);
            }
        }
    }

    /// Sends a contact that leaves the engine to where it was set aside to.
    pub(crate) fn as_set_aside(&self, update: &mut ContactUpdate) {
        let campaign = self.campaigns.get(&update.campaign);
        let known = campaign.and_then(|campaign| campaign.aside.get(&update.contact));
        if let Some(known) = known {
            known.aside.apply(update);
        }
    }
}

impl super::Campaign {
    /// A contact has left the engine for the store.
    pub(super) fn left_set_aside(&mut self, contact: ContactId) {
        let Some(known) = self.aside.get_mut(&contact) else {
            return;
        };
        if known.in_hand {
            self.aside.remove(&contact);
        } else {
            known.left = true;
        }
    }
}
