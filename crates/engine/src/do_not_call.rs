//! Changes of the do-not-call list, as they reach what is under way.
//!
//! A number that is listed now is not called any more, by whatever campaign and however far its
//! contact has come: the gate is asked once more before each INVITE. Calls whose order was given go
//! on.

use outdial_domain::{CampaignId, CampaignState, Listing, PhoneNumber};

use crate::engine::Engine;

impl Engine {
    pub(crate) fn do_not_call_changed(&mut self, changes: Vec<(PhoneNumber, Option<Listing>)>) {
        for (number, listing) in changes {
            self.do_not_call.changed(number, listing);
        }
        if self.do_not_call.is_full() {
            self.forget_do_not_call();
        }
        // A campaign whose next contact was listed has another one next.
        self.wake_all();
    }

    /// Forgets what was told: what is held in windows is loaded afresh, and what is held elsewhere
    /// learns it now.
    fn forget_do_not_call(&mut self) {
        let now = self.now;
        let Self {
            campaigns,
            calls,
            offers,
            appointments,
            do_not_call,
            ..
        } = self;
        let chosen = campaigns.values_mut().flat_map(|campaign| {
            campaign.window.distrust();
            let ready = campaign.ready_agents.values_mut();
            let called = campaign.called_agents.values_mut();
            ready.chain(called).flatten().map(|held| &mut held.contact)
        });
        let called = calls.values_mut().map(|call| &mut call.contact);
        let offered = offers.values_mut().map(|offer| &mut offer.held.contact);
        let reserved = appointments.held_mut().map(|held| &mut held.contact);
        for contact in chosen.chain(called).chain(offered).chain(reserved) {
            let listed = contact.numbers.iter().filter_map(|&number| {
                let listing = do_not_call.listing(contact, number, now)?;
                Some((number, listing))
            });
            contact.listed = listed.collect();
        }
        do_not_call.forget();
        self.give_back_windows();
    }

    /// Contacts that were left out are in the list again; none of them is new where the campaign was
    /// loaded with them.
    pub(crate) fn contacts_returned(&mut self, id: CampaignId, count: u64) {
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            self.counters.unknown += 1;
            return;
        };
        campaign.open = campaign.open.saturating_add_unsigned(count);
        campaign.window.list_grew();
        if campaign.is_list_done() && campaign.reopens && campaign.open > 0 {
            self.enter(id, CampaignState::Running);
        }
        self.wake_campaign(id);
        self.load_contacts(id);
    }
}
