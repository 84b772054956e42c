//! The list of a campaign as the engine sees it: loading the window, giving contacts back, and
//! choosing the next one.

use outdial_domain::{
    CampaignId, CampaignState, Contact, ContactPlace, ContactUpdate, EndReason, PhoneNumber,
};

use super::window::{WindowKey, place_of};
use super::{Answer, Held};
use crate::engine::Engine;
use crate::gate::contact::ContactGates;
use crate::gate::{ContactRefused, ContactWhy, Refused, Why};
use crate::input::DueContact;
use crate::mutant::Mutant;
use crate::output::Output;

/// Most contacts that are looked at for one call before others have their turn.
const LOOKS_MAX: u32 = 2_000;

/// The contact that is called next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Next {
    /// Where it stands in the window.
    pub(crate) key: WindowKey,
    /// The number to call.
    pub(crate) number: PhoneNumber,
    /// Whether it was called before.
    pub(crate) again: bool,
}

impl Engine {
    /// Asks for contacts where the window runs low.
    pub(crate) fn load_contacts(&mut self, id: CampaignId) {
        let now = self.now;
        let closed_counts = !self.is_off(Mutant::Calendar);
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return;
        };
        if !campaign.may_hold(closed_counts) {
            return;
        }
        if let Some(ask) = campaign.window.ask(now) {
            campaign.dials_at_ask = self.numbers.dials();
            self.out.push_back(Output::LoadContacts {
                campaign: id,
                load: ask.load,
                count: ask.count,
                holds: campaign.held.iter().copied().collect(),
            });
        }
        self.set_campaign_alarm(id);
    }

    pub(crate) fn contacts_loaded(
        &mut self,
        id: CampaignId,
        answer: Answer,
        contacts: Vec<DueContact>,
    ) {
        let closed_counts = !self.is_off(Mutant::Calendar);
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            self.counters.unknown += 1;
            return;
        };
        let Some(left) = campaign.window.loaded(answer) else {
            self.counters.late += 1;
            return;
        };
        let wanted = campaign.may_hold(closed_counts);
        for contact in contacts {
            // Who left while the store was asked is told there as it was before.
            if !left.contains(&contact.id) && campaign.held.insert(contact.id) {
                campaign.window.insert(Held {
                    contact,
                    dials_at_ask: campaign.dials_at_ask,
                    dials_at_load: self.numbers.dials(),
                });
            } else {
                self.counters.late += 1;
            }
        }
        if !wanted {
            self.give_back_window(id);
            return;
        }
        let shed = campaign.window.shed();
        self.give_back(id, shed);
        self.wake_campaign(id);
        self.load_contacts(id);
        self.set_campaign_alarm(id);
    }

    pub(crate) fn contacts_added(&mut self, id: CampaignId, count: u64) {
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            self.counters.unknown += 1;
            return;
        };
        campaign.contacts = campaign.contacts.saturating_add(count);
        campaign.open = campaign.open.saturating_add_unsigned(count);
        campaign.window.list_grew();
        if campaign.is_list_done() && campaign.reopens && count > 0 {
            self.enter(id, CampaignState::Running);
        }
        // They may have been called, all of them, before they were told.
        self.end_if_done(id);
        self.wake_campaign(id);
        self.load_contacts(id);
    }

    /// An import begins or is over: while contacts are being added no list is done.
    pub(crate) fn import_changed(&mut self, id: CampaignId, begins: bool) {
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            self.counters.unknown += 1;
            return;
        };
        campaign.imports = if begins {
            campaign.imports.saturating_add(1)
        } else {
            campaign.imports.saturating_sub(1)
        };
        self.end_if_done(id);
    }

    /// Takes another list in the place of the present one.
    pub(crate) fn list_replaced(&mut self, id: CampaignId, contacts: u64, open: u64) {
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            self.counters.unknown += 1;
            return;
        };
        for held in campaign.window.replaced() {
            campaign.held.remove(&held.contact.id);
        }
        campaign.aside.clear();
        campaign.contacts = contacts;
        campaign.open = i64::try_from(open).unwrap_or(i64::MAX);
        if campaign.is_list_done() && campaign.reopens && open > 0 {
            self.enter(id, CampaignState::Running);
        }
        self.wake_campaign(id);
        self.load_contacts(id);
    }

    /// Contacts that waited have left the list.
    pub(crate) fn contacts_removed(&mut self, id: CampaignId, count: u64) {
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            self.counters.unknown += 1;
            return;
        };
        for held in campaign.window.replaced() {
            campaign.held.remove(&held.contact.id);
        }
        campaign.contacts = campaign.contacts.saturating_sub(count);
        campaign.open = campaign.open.saturating_sub_unsigned(count);
        self.end_if_done(id);
        self.load_contacts(id);
    }

    /// Gives the whole window back to the store.
    pub(crate) fn give_back_window(&mut self, id: CampaignId) {
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            let held: Vec<_> = campaign.window.give_back().collect();
            self.give_back(id, held);
            self.set_campaign_alarm(id);
        }
    }

    /// Gives contacts back that nobody has called, to where they were.
    pub(crate) fn give_back(&mut self, id: CampaignId, held: Vec<Held>) {
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return;
        };
        let aside = &campaign.aside;
        let (aside, held): (Vec<_>, Vec<_>) = held
            .into_iter()
            .partition(|held| aside.contains_key(&held.contact.id));
        if !aside.is_empty() {
            let moved = |held: Held| moved(id, held.contact, ContactPlace::Held);
            self.move_away(aside.into_iter().map(moved).collect());
        }
        let Some(campaign) = self.campaigns.get_mut(&id).filter(|_| !held.is_empty()) else {
            return;
        };
        campaign.window.store_has_more();
        let moved = held.into_iter().map(|held| {
            campaign.held.remove(&held.contact.id);
            campaign.window.left(held.contact.id);
            let place = place_of(&held.contact);
            moved(id, held.contact, place)
        });
        self.out.push_back(Output::ContactsMoved(moved.collect()));
    }

    /// Gives one contact back until a time, or for good.
    pub(crate) fn put_contact(&mut self, id: CampaignId, held: Held, place: ContactPlace) {
        self.move_away(vec![moved(id, held.contact, place)]);
    }

    /// Gives contacts back that gates have refused, or that are set aside.
    pub(super) fn move_away(&mut self, mut refused: Vec<ContactUpdate>) {
        for update in &mut refused {
            self.as_set_aside(update);
            self.contact_left(update);
            if update.place.is_final() {
                // Final: no breaker brings it back, whatever becomes of its results.
                self.trunks.forget_suspect(update.contact, true, None);
            }
        }
        self.out.push_back(Output::ContactsMoved(refused));
    }

    /// A contact of a campaign has gone to a place in the store.
    pub(crate) fn contact_left(&mut self, update: &ContactUpdate) {
        let Some(campaign) = self.campaigns.get_mut(&update.campaign) else {
            return;
        };
        campaign.held.remove(&update.contact);
        campaign.barred.remove(&update.contact);
        campaign.window.left(update.contact);
        campaign.left_set_aside(update.contact);
        match update.place {
            ContactPlace::Fresh => campaign.window.store_has_more(),
            // A held one that was given to an appointment comes back as it was read.
            ContactPlace::Resting(Contact::HELD_UNTIL) => {}
            ContactPlace::Resting(until) => campaign.window.rests_until(until),
            ContactPlace::Held => {}
            ContactPlace::Done | ContactPlace::LeftOut => {
                campaign.open = campaign.open.saturating_sub(1);
            }
        }
    }

    /// Contacts that were final are open again.
    pub(crate) fn contacts_reopened(&mut self, id: CampaignId, count: u64) {
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            campaign.open = campaign.open.saturating_add_unsigned(count);
            if campaign.state == CampaignState::Ended(EndReason::ListDone) && count > 0 {
                self.enter(id, CampaignState::Running);
            }
        }
    }

    /// The best contact in the window that may be called now, and the number to call. Contacts that
    /// a gate refuses go back to the store on the way.
    ///
    /// # Errors
    /// That there is none, for now.
    pub(crate) fn next_contact(&mut self, id: CampaignId) -> Result<Next, Refused> {
        let mut moved_away = Vec::new();
        let found = self.look_for_contact(id, &mut moved_away);
        if !moved_away.is_empty() {
            self.move_away(moved_away);
            self.load_contacts(id);
            self.end_if_done(id);
        }
        found
    }

    /// Looks at a contact that was chosen before again, as if it stood in the window.
    ///
    /// # Errors
    /// Why it may not be called now.
    pub(crate) fn check_chosen(
        &mut self,
        id: CampaignId,
        held: &Held,
    ) -> Result<PhoneNumber, ContactRefused> {
        let Some(campaign) = self.campaigns.get(&id) else {
            return Err(ContactRefused {
                why: ContactWhy::NoNumber,
                until: None,
            });
        };
        if let Some(known) = campaign.aside.get(&held.contact.id) {
            return Err(ContactRefused {
                why: ContactWhy::SetAside(known.aside),
                until: None,
            });
        }
        let mut gates = ContactGates {
            now: self.now,
            policy: &campaign.settings.retry,
            zone: campaign.settings.calendar.time_zone(),
            day: campaign.calendar.day(),
            tenant_day_end: self.day.1,
            hours: &mut self.hours,
            numbers: &self.numbers,
            do_not_call: &self.do_not_call,
            mutants: &self.mutants,
        };
        gates.check(&held.contact, held.calls_today(&self.numbers))
    }

    fn look_for_contact(
        &mut self,
        id: CampaignId,
        moved_away: &mut Vec<ContactUpdate>,
    ) -> Result<Next, Refused> {
        let now = self.now;
        for _ in 0..LOOKS_MAX {
            let Some(campaign) = self.campaigns.get_mut(&id) else {
                break;
            };
            let Some((key, held)) = campaign.window.first() else {
                let why = if campaign.window.is_loading() {
                    Why::Loading
                } else {
                    Why::NoContact
                };
                return Err(Refused::flatly(why));
            };
            if campaign.aside.contains_key(&held.contact.id) {
                if let Some(held) = campaign.window.remove(key) {
                    moved_away.push(moved(id, held.contact, ContactPlace::Held));
                }
                continue;
            }
            let mut gates = ContactGates {
                now,
                policy: &campaign.settings.retry,
                zone: campaign.settings.calendar.time_zone(),
                day: campaign.calendar.day(),
                tenant_day_end: self.day.1,
                hours: &mut self.hours,
                numbers: &self.numbers,
                do_not_call: &self.do_not_call,
                mutants: &self.mutants,
            };
            let refused = match gates.check(&held.contact, held.calls_today(&self.numbers)) {
                Ok(number) => {
                    let again = held.contact.history.dialed > 0;
                    return Ok(Next { key, number, again });
                }
                Err(refused) => refused,
            };
            if let Some(held) = campaign.window.remove(key) {
                moved_away.push(moved(id, held.contact, refused.place()));
            }
        }
        // So many were refused that others should have their turn first.
        Err(Refused::until(Why::Loading, Some(now)))
    }
}

pub(super) fn moved(
    campaign: CampaignId,
    contact: DueContact,
    place: ContactPlace,
) -> ContactUpdate {
    ContactUpdate {
        contact: contact.id,
        campaign,
        place,
        history: contact.history,
        last_outcome: None,
    }
}
