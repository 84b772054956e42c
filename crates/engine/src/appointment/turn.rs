//! The appointments' turn: before any campaign's. Each that is due is offered, dialed, or waits for
//! what it lacks.

use std::sync::Arc;
use std::time::Duration;

use outdial_domain::{
    AppointmentId, AppointmentKind, AppointmentState, CampaignState, EndReason, Mode, Settings,
    SkillGroupId, Target, Timestamp,
};

use super::book::Stage;
use crate::agents::{AgentKey, Leg, Phase};
use crate::calls::Reserved;
use crate::campaign::Offered;
use crate::engine::Engine;
use crate::gate::lines::Kept;
use crate::gate::{Refused, Why};
use crate::input::OfferId;
use crate::mutant::Mutant;
use crate::output::{Offer, Output};
use crate::route::Route;
use crate::timer::{Alarm, TimerKey, Timers};

/// Most appointments that are looked at after one fact.
const LOOKS_MAX: usize = 256;
/// One that lacks something is looked at again after this time, if nothing else happens.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// A contact that nobody has answered for is asked for again.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why an appointment is not dialed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    /// A line, an agent, a moment: it is looked at again after every fact.
    Room,
    /// Nothing before this time.
    Until(Timestamp),
    /// Anything else: looked at again soon.
    Other,
}

impl Engine {
    pub(crate) fn appointments_due(&mut self) {
        Timers::fired(&mut self.appointments.alarm);
    }

    /// Offers and dials what is due, as far as everything it needs is there.
    pub(crate) fn appointments_turn(&mut self) {
        if self.appointments.is_empty() && self.appointments.alarm.at().is_none() {
            return;
        }
        for id in self.appointments.to_look_at(self.now, LOOKS_MAX) {
            self.look_at_appointment(id);
        }
        // What was left for want of looks has its turn with the next fact, or in a moment.
        let soon = self.now + LOOK_AGAIN;
        let next = self.appointments.next_look();
        let next = next.map(|at| if at <= self.now { soon } else { at });
        let book = &mut self.appointments;
        self.timers
            .set(&mut book.alarm, TimerKey::Appointments, next);
    }

    fn look_at_appointment(&mut self, id: AppointmentId) {
        let now = self.now;
        let Some(entry) = self.appointments.get(id) else {
            return;
        };
        let (stage, due_at, valid_until) =
            (entry.stage, entry.rules.due_at, entry.rules.valid_until);
        match stage {
            Stage::Offered(_) | Stage::Calling => {
                return self.appointments.look_at(id, None, false);
            }
            Stage::Asked(at) if now < at + PATIENCE => {
                return self.appointments.look_at(id, Some(at + PATIENCE), false);
            }
            Stage::Waiting | Stage::Asked(_) | Stage::Bound(_) => {}
        }
        if now < due_at {
            return self.appointments.look_at(id, Some(due_at), false);
        }
        if now >= valid_until {
            return self.end_appointment(id, AppointmentState::TimedOut);
        }
        let (when, eager) = match self.try_appointment(id) {
            Ok(()) => return,
            Err(Lack::Room) => (now + LOOK_AGAIN, true),
            Err(Lack::Until(t)) => (t.max(now + Duration::from_millis(1)), false),
            Err(Lack::Other) => (now + LOOK_AGAIN, false),
        };
        self.appointments
            .look_at(id, Some(when.min(valid_until)), eager);
    }

    /// One step of an appointment that is due.
    fn try_appointment(&mut self, id: AppointmentId) -> Result<(), Lack> {
        let Some(entry) = self.appointments.get(id) else {
            return Ok(());
        };
        let (rules, stage) = (entry.rules.clone(), entry.stage);
        let Some(campaign) = self.campaigns.get(&rules.campaign) else {
            return Err(Lack::Other);
        };
        match campaign.state {
            CampaignState::Ended(EndReason::ByHand | EndReason::Fault) => {
                self.end_appointment(id, AppointmentState::CampaignOver);
                return Ok(());
            }
            CampaignState::Draft => return Err(Lack::Other),
            _ => {}
        }
        if entry.held.is_none() {
            return self.hold_contact(id);
        }
        self.check_listed(id)?;
        let group = self.group_of(id);
        match (stage, rules.kind) {
            (Stage::Bound(agent), _) => return self.dial_for_bound(id, agent),
            (_, AppointmentKind::Manual) => {
                let agent = self.free_agent(id, group).ok_or(Lack::Room)?;
                self.offer_appointment(id, agent);
            }
            (_, AppointmentKind::Automatic) => {
                let route = self.check_appointment(id)?;
                if group.is_none() && rules.agent.is_none() {
                    self.dial_appointment(id, route, None);
                    return Ok(());
                }
                let agent = self.free_agent(id, group).ok_or(Lack::Room)?;
                self.bind_to_appointment(id, agent);
                return self.dial_for_bound(id, agent);
            }
        }
        Ok(())
    }

    /// Takes the contact from wherever it waits.
    fn hold_contact(&mut self, id: AppointmentId) -> Result<(), Lack> {
        let now = self.now;
        let entry = self.appointments.get_mut(id).ok_or(Lack::Other)?;
        let contact = entry.rules.contact;
        let campaign = entry.rules.campaign;
        let of_campaign = self.campaigns.get_mut(&campaign).ok_or(Lack::Other)?;
        if matches!(entry.stage, Stage::Asked(_)) {
            of_campaign.held.remove(&contact);
            entry.stage = Stage::Waiting;
        }
        if let Some(held) = of_campaign.window.take(contact) {
            entry.was_final = false;
            entry.held = Some(held);
            self.appointments.look_at(id, Some(now), false);
            return self.try_appointment(id);
        }
        if !of_campaign.held.insert(contact) {
            // It is being called, or on an agent's desk.
            return Err(Lack::Other);
        }
        entry.stage = Stage::Asked(now);
        entry.dials_at_ask = self.numbers.dials();
        self.appointments.look_at(id, Some(now + PATIENCE), false);
        self.out.push_back(Output::LoadAppointment {
            appointment: id,
            campaign,
            contact,
        });
        Ok(())
    }

    /// A number on the do-not-call list is not called, whoever has reserved it.
    fn check_listed(&mut self, id: AppointmentId) -> Result<(), Lack> {
        let Some(entry) = self.appointments.get(id) else {
            return Err(Lack::Other);
        };
        let Some(held) = &entry.held else {
            return Err(Lack::Other);
        };
        let number = entry.rules.number;
        let listing = self.do_not_call.listing(&held.contact, number, self.now);
        match listing.filter(|_| !self.is_off(Mutant::DoNotCall)) {
            None => Ok(()),
            Some(listing) => match listing.until {
                Some(until) => Err(Lack::Until(until.min(self.now + Duration::from_secs(60)))),
                None => {
                    self.end_appointment(id, AppointmentState::DoNotCall);
                    Err(Lack::Other)
                }
            },
        }
    }

    /// The skill group whose agents take the call.
    fn group_of(&self, id: AppointmentId) -> Option<SkillGroupId> {
        let rules = &self.appointments.get(id)?.rules;
        let named = rules.agent.and_then(|agent| {
            let agent = self.agents.get(self.agents.key(agent)?)?;
            agent.rules.skill_groups.first().copied()
        });
        let own = self.campaigns.get(&rules.campaign)?.group();
        rules.skill_group.or(named).or(own)
    }

    /// Who may take it now: the agent it names, or the longest idle of its group.
    fn free_agent(&self, id: AppointmentId, group: Option<SkillGroupId>) -> Option<AgentKey> {
        match self.appointments.get(id)?.rules.agent {
            Some(agent) => {
                let key = self.agents.key(agent)?;
                let idle = matches!(self.agents.get(key)?.phase, Phase::Idle { .. });
                idle.then_some(key)
            }
            None => self.agents.longest_idle(group?),
        }
    }

    fn offer_appointment(&mut self, id: AppointmentId, agent: AgentKey) {
        let Some(agent_id) = self.agents.get(agent).map(|a| a.rules.id) else {
            return;
        };
        let offer_id = OfferId(self.next_offer);
        let Some(entry) = self.appointments.get_mut(id) else {
            return;
        };
        let Some(held) = entry.held.take() else {
            return;
        };
        self.next_offer += 1;
        entry.stage = Stage::Offered(offer_id);
        let offer = Offer {
            id: offer_id,
            agent: agent_id,
            campaign: entry.rules.campaign,
            contact: held.contact.id,
            appointment: Some(id),
            dials_at: None,
            ends_at: entry.rules.valid_until,
        };
        let mut offered = Offered {
            offer,
            agent,
            held,
            alarm: Alarm::default(),
        };
        self.appointments.look_at(id, None, false);
        let ends_at = Some(offer.ends_at);
        self.timers
            .set(&mut offered.alarm, TimerKey::Offer(offer_id), ends_at);
        self.offers.insert(offer_id, offered);
        self.out.push_back(Output::Offered(offer));
        self.take_from_promise(agent, Phase::Offered(offer_id));
        self.tell_agent(agent);
    }

    /// Dials for an agent who is bound, once the phone is connected.
    fn dial_for_bound(&mut self, id: AppointmentId, agent: AgentKey) -> Result<(), Lack> {
        let connected = self.agents.get(agent).is_some_and(|a| a.leg == Leg::Up);
        match self.check_appointment(id) {
            Ok(_) if !connected => Err(Lack::Room),
            Ok(route) => {
                self.appointments_unbind(agent);
                self.dial_appointment(id, route, Some(agent));
                Ok(())
            }
            Err(Lack::Room) => Err(Lack::Room),
            Err(lack) => {
                // It may take long: the agent has other things to do.
                self.release_bound(agent);
                Err(lack)
            }
        }
    }

    fn appointments_unbind(&mut self, agent: AgentKey) {
        self.appointments.unbind(agent);
    }

    /// The gates of a reserved call: all but the campaign's windows, order, pause and pacing.
    fn check_appointment(&mut self, id: AppointmentId) -> Result<Route, Lack> {
        let now = self.now;
        let entry = self.appointments.get(id).ok_or(Lack::Other)?;
        let held = entry.held.as_ref().ok_or(Lack::Other)?;
        let number = entry.rules.number;
        let campaign = self
            .campaigns
            .get(&entry.rules.campaign)
            .ok_or(Lack::Other)?;
        if !self.is_off(Mutant::Halt) && self.halts.check(campaign.id).is_err() {
            return Err(Lack::Other);
        }
        if self.store.refuses() && !self.is_off(Mutant::Store) {
            return Err(Lack::Other);
        }
        let zone = held.contact.time_zone.as_deref();
        let fallback = campaign.settings.calendar.time_zone();
        let hours = self.hours.check(zone, fallback, now);
        let calls_today = held.calls_today(&self.numbers);
        let calls = self.numbers.check(number, calls_today, now, self.day.1);
        for refused in [hours, calls].into_iter().filter_map(Result::err) {
            return Err(refused.until.map_or(Lack::Other, Lack::Until));
        }
        let most = campaign.settings.max_calls;
        if most.is_some_and(|most| campaign.tally.lines() >= most) {
            return Err(Lack::Room);
        }
        if self.lines.check(Kept::default()).is_err() {
            return Err(Lack::Room);
        }
        let again = held.contact.history.dialed > 0;
        let route = match entry.rules.caller_id {
            Some(caller_id) => self.trunk_for(caller_id).map(|trunk| Route {
                caller_id,
                trunk,
                index: campaign.next_caller_id,
            }),
            None => self.route(campaign.id, again),
        };
        route.map_err(lack_of)
    }

    fn dial_appointment(&mut self, id: AppointmentId, route: Route, agent: Option<AgentKey>) {
        let group = self.group_of(id);
        let Some(entry) = self.appointments.get_mut(id) else {
            return;
        };
        let (campaign, number) = (entry.rules.campaign, entry.rules.number);
        let Some(held) = entry.held.take() else {
            return;
        };
        entry.stage = Stage::Calling;
        self.appointments.look_at(id, None, false);
        let Some(settings) = self.campaigns.get(&campaign).map(|c| &c.settings) else {
            return;
        };
        let settings = match (agent, group) {
            (Some(_), Some(group)) => Arc::new(for_agents(settings, group)),
            _ => Arc::clone(settings),
        };
        let reserved = Reserved {
            appointment: id,
            settings,
        };
        self.dial(campaign, held, number, route, agent, Some(reserved));
    }
}

/// The settings under which agents of a group take a reserved call, whatever the campaign's mode is.
fn for_agents(settings: &Settings, group: SkillGroupId) -> Settings {
    let mut settings = settings.clone();
    settings.mode = Mode::Progressive;
    settings.target = Target::SkillGroup(group);
    settings.flow_first = None;
    settings
}

fn lack_of(refused: Refused) -> Lack {
    match (refused.why, refused.until) {
        (Why::CallerIdHour(_) | Why::CallerIdDay(_), Some(until)) => Lack::Until(until),
        _ if refused.is_for_want_of_room() => Lack::Room,
        _ => Lack::Other,
    }
}
