//! Contacts whose results a breaker has put in doubt: back to the list, and, if an operator says that
//! the results were right, out of it again.

use std::collections::BTreeMap;

use outdial_domain::{CampaignId, ContactPlace, ContactUpdate};

use crate::engine::Engine;
use crate::output::Output;

impl Engine {
    /// Puts contacts back to where they were before their suspect results.
    pub(crate) fn return_suspects(&mut self, suspects: Vec<ContactUpdate>) {
        let mut moved = Vec::with_capacity(suspects.len());
        let mut reopened: BTreeMap<CampaignId, u64> = BTreeMap::new();
        for before in suspects {
            if self.correct_held(&before) {
                // A call that is under way ends with the corrected history.
                continue;
            }
            if let Some(after) = self.suspect_result(&before)
                && after == ContactPlace::Done
            {
                *reopened.entry(before.campaign).or_default() += 1;
            }
            if let Some(campaign) = self.campaigns.get_mut(&before.campaign) {
                campaign.window.store_has_more();
                campaign.window.left(before.contact);
            }
            moved.push(before);
        }
        if !moved.is_empty() {
            self.out.push_back(Output::ContactsMoved(moved));
        }
        for (id, count) in reopened {
            self.contacts_reopened(id, count);
        }
        let ids: Vec<_> = self.campaigns.keys().copied().collect();
        for id in ids {
            self.load_contacts(id);
        }
    }

    /// Where a suspect result had left its contact.
    fn suspect_result(&self, suspect: &ContactUpdate) -> Option<ContactPlace> {
        let open = self.trunks.iter().flat_map(|trunk| trunk.breakers.values());
        let found = open.filter_map(|breaker| breaker.open()?.suspects.get(&suspect.contact));
        found.map(|after| after.place).next()
    }

    /// Corrects the history of a contact that the engine holds; says whether it is in a call, in an
    /// offer or with an agent, where it must not be moved.
    fn correct_held(&mut self, before: &ContactUpdate) -> bool {
        let Some(campaign) = self.campaigns.get_mut(&before.campaign) else {
            return false;
        };
        if !campaign.held.contains(&before.contact) {
            return false;
        }
        for held in campaign.window.iter_mut() {
            if held.contact.id == before.contact {
                held.contact.history = before.history.clone();
                return false;
            }
        }
        let (ready, called) = (&mut campaign.ready_agents, &mut campaign.called_agents);
        for held in ready.values_mut().chain(called.values_mut()).flatten() {
            if held.contact.id == before.contact {
                held.contact.history = before.history.clone();
            }
        }
        for call in self.calls.values_mut() {
            if call.contact.id == before.contact {
                call.contact.history = before.history.clone();
            }
        }
        for offer in self.offers.values_mut() {
            if offer.held.contact.id == before.contact {
                offer.held.contact.history = before.history.clone();
            }
        }
        true
    }

    /// The results were right: contacts that have not been called since get them back.
    pub(crate) fn keep_suspects(&mut self, results: Vec<ContactUpdate>) {
        let mut moved = Vec::with_capacity(results.len());
        let mut ids: Vec<CampaignId> = Vec::new();
        for after in results {
            if let Some(campaign) = self.campaigns.get_mut(&after.campaign) {
                let waits = campaign.window.forget(after.contact);
                if campaign.held.contains(&after.contact) && !waits {
                    // It is being called: that call's own result counts.
                    continue;
                }
                ids.push(after.campaign);
            }
            self.contact_left(&after);
            moved.push(after);
        }
        if !moved.is_empty() {
            self.out.push_back(Output::ContactsMoved(moved));
        }
        ids.dedup();
        for id in ids {
            self.end_if_done(id);
        }
    }
}
