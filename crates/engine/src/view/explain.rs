//! Why a campaign, or a number in it, is not dialed right now.

use std::collections::BTreeSet;

use outdial_domain::{AttemptId, CampaignId, CampaignState, ContactId, PhoneNumber, Timestamp};
use serde::{Deserialize, Serialize};

use super::Refusal;
use super::words::contact_words;
use crate::campaign::{Campaign, Held};
use crate::engine::Engine;
use crate::gate::contact::ContactGates;
use crate::gate::{Refused, Why};
use crate::input::DueContact;
use crate::pacing::Seat;

/// The answer to "why is this (not) dialed?".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// What holds for the whole campaign; empty when it dials.
    pub campaign: Vec<Refusal>,
    /// Contacts that were asked about and that the engine holds. Others wait in the store, for their
    /// turn or for a time that the store knows.
    pub contacts: Vec<ContactStanding>,
    /// A live call to the number, whichever campaign made it, or to the contact.
    pub live: Option<AttemptId>,
}

/// Where a contact stands that the engine holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactStanding {
    /// The contact.
    pub contact: ContactId,
    /// How many contacts of the campaign go before it; `None` when it is not waiting.
    pub ahead: Option<usize>,
    /// The call that is under way.
    pub attempt: Option<AttemptId>,
    /// Why its turn will pass without a call.
    pub refusals: Vec<Refusal>,
}

impl Engine {
    /// Why a campaign is not dialed, and how contacts with `number` stand in it.
    pub fn explain(&self, id: CampaignId, number: Option<PhoneNumber>) -> Option<Explanation> {
        let campaign = self.campaigns.get(&id)?;
        let has = |contact: &DueContact| number.is_some_and(|n| contact.numbers.contains(&n));
        Some(Explanation {
            campaign: self.refusals(campaign),
            contacts: self.standings(campaign, has),
            live: number.and_then(|number| self.numbers.live(number)),
        })
    }

    /// Why a campaign is not dialed, and how one contact stands in it.
    pub fn explain_contact(&self, id: CampaignId, contact: ContactId) -> Option<Explanation> {
        let campaign = self.campaigns.get(&id)?;
        let contacts = self.standings(campaign, |other| other.id == contact);
        Some(Explanation {
            campaign: self.refusals(campaign),
            live: contacts.iter().find_map(|standing| standing.attempt),
            contacts,
        })
    }

    fn standings(
        &self,
        campaign: &Campaign,
        is_meant: impl Fn(&DueContact) -> bool,
    ) -> Vec<ContactStanding> {
        let waiting = campaign.window.iter().enumerate();
        let mut standings: Vec<_> = waiting
            .filter(|(_, held)| is_meant(&held.contact))
            .map(|(ahead, held)| ContactStanding {
                contact: held.contact.id,
                ahead: Some(ahead),
                attempt: None,
                refusals: self.contact_refusal(campaign, held).into_iter().collect(),
            })
            .collect();
        let calls = self
            .calls
            .values()
            .filter(|call| call.attempt.campaign == campaign.id && is_meant(&call.contact));
        standings.extend(calls.map(|call| ContactStanding {
            contact: call.contact.id,
            ahead: None,
            attempt: Some(call.attempt.id),
            refusals: Vec::new(),
        }));
        standings
    }

    fn contact_refusal(&self, campaign: &Campaign, held: &Held) -> Option<Refusal> {
        let mut hours = self.hours.clone();
        let mut gates = ContactGates {
            now: self.now,
            policy: &campaign.settings.retry,
            zone: campaign.settings.calendar.time_zone(),
            day: campaign.calendar.day(),
            tenant_day_end: self.day.1,
            hours: &mut hours,
            numbers: &self.numbers,
            do_not_call: &self.do_not_call,
            mutants: &self.mutants,
        };
        let refused = gates
            .check(&held.contact, held.calls_today(&self.numbers))
            .err()?;
        Some(contact_words(refused))
    }

    /// All that keeps a campaign from dialing now: the answers of its gates, each once. A campaign that
    /// could dial if only its agents were not all busy is not listed as kept from it by their calls.
    pub(crate) fn refusals(&self, campaign: &Campaign) -> Vec<Refusal> {
        let mut refused: Vec<(Why, Option<Timestamp>)> = Vec::new();
        let mut add = |answer: Result<(), Refused>| {
            if let Err(Refused { why, until, .. }) = answer
                && !refused.iter().any(|&(known, _)| known == why)
            {
                refused.push((why, until));
            }
        };
        if campaign.state != CampaignState::Running {
            let until = campaign.settings.calendar.starts_at();
            let scheduled = campaign.state == CampaignState::Scheduled;
            let until = until.filter(|_| scheduled);
            return vec![self.in_words(Why::State(campaign.state), until)];
        }
        add(self.check_campaign(campaign).map_err(|refused| {
            let until = match refused.why {
                Why::Calendar => campaign.settings.calendar.opens_at(self.now),
                _ => refused.until,
            };
            Refused { until, ..refused }
        }));
        add(self.check_contacts(campaign).map_err(|refused| {
            let until = campaign.window.next_due();
            Refused { until, ..refused }
        }));
        if campaign.ready_agents.is_empty() {
            add(self.find_taker(campaign).map(|_| ()));
        }
        if campaign.pacing.seat() != Seat::Nobody || campaign.pacing.is_built() {
            add(self.check_line(campaign));
        }
        self.add_route_refusals(campaign, &mut add);
        refused
            .into_iter()
            .map(|(why, until)| self.in_words(why, until))
            .collect()
    }

    /// Why none of a campaign's caller IDs can be used; nothing when one can.
    fn add_route_refusals(&self, campaign: &Campaign, add: &mut impl FnMut(Result<(), Refused>)) {
        if self.route(campaign.id, false).is_ok() {
            return;
        }
        let numbers: BTreeSet<_> = campaign.settings.caller_ids.iter().copied().collect();
        for number in numbers {
            let Some(used) = self.caller_ids.find(number) else {
                add(Err(Refused::flatly(Why::UnknownCallerId(number))));
                continue;
            };
            if let Err((why, until)) = used.check(self.now, self.day.1) {
                add(Err(Refused::until(why, until)));
            }
            if used.trunks.is_empty() {
                add(Err(Refused::flatly(Why::NoTrunk(number))));
            }
            for trunk in used.trunks.iter().filter_map(|&name| self.trunks.get(name)) {
                if let Err((why, until)) = self.check_trunk(trunk, number) {
                    add(Err(Refused::until(why, until)));
                }
            }
        }
    }
}
