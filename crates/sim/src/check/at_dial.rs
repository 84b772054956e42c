//! What must be true when a call is placed.

use std::sync::Arc;
use std::time::Duration;

use outdial_domain::{
    AttemptId, Calendar, CampaignState, Connection, Mode, PhoneNumber, RetryPolicy, Timestamp,
    TrunkName,
};
use outdial_engine::input::HaltScope;
use outdial_engine::output::Dial;

use super::picture::{AttemptView, CampaignView, ContactView};
use super::{Checker, Property};

/// The rest of a contact whose call failed for reasons that are not the callee's.
const LINE_REST: Duration = Duration::from_secs(30);

impl Checker {
    pub(super) fn at_dial(&mut self, now: Timestamp, dial: &Dial) {
        if dial.attempt.number() <= self.picture.last_attempt {
            let what = format!("attempt {} again, or out of order", dial.attempt);
            self.object(Property::EndsOnce, now, what);
        }
        self.picture.last_attempt = self.picture.last_attempt.max(dial.attempt.number());
        self.check_once(now, dial);
        self.check_campaign(now, dial);
        self.check_contact(now, dial);
        self.check_numbers_day(now, dial.number);
        self.check_not_listed(now, dial.attempt, dial.number);
        self.check_may_dial(now, dial.attempt, dial, dial.trunk);
        self.check_bound_agent(now, dial);
        self.check_mode(now, dial);
        self.note_dial(now, dial);
    }

    pub(super) fn at_redial(&mut self, now: Timestamp, attempt: AttemptId, trunk: TrunkName) {
        let Some(call) = self.picture.attempts.get(&attempt) else {
            let what = format!("redial of attempt {attempt}, which is not live");
            return self.object(Property::OrderFits, now, what);
        };
        let dial = call.dial.clone();
        let fits = call.ended.is_some() && call.progress_at.is_none() && call.answered_at.is_none();
        if !fits {
            let what = format!("redial of attempt {attempt}, which is up or has progressed");
            self.object(Property::OrderFits, now, what);
        }
        let campaign = self.picture.campaigns.get(&dial.campaign);
        if campaign.is_some_and(|c| !c.settings.calendar.is_open(now)) {
            let what = format!("attempt {attempt} again, outside of the calendar");
            self.object(Property::InsideCalendar, now, what);
        }
        self.check_not_listed(now, attempt, dial.number);
        self.check_may_dial(now, attempt, &dial, trunk);
        self.spacing(now, trunk);
        if let Some(call) = self.picture.attempts.get_mut(&attempt) {
            call.failed_on = Some(std::mem::replace(&mut call.trunk, trunk));
            call.ended = None;
            call.responded = false;
            call.placed_at = None;
            call.cancelled = false;
            call.given_up_at = None;
        }
    }

    /// Rules for every INVITE: halts, the store, lines and caller ID.
    fn check_may_dial(
        &mut self,
        now: Timestamp,
        attempt: AttemptId,
        dial: &Dial,
        trunk: TrunkName,
    ) {
        for scope in [
            HaltScope::Tenant,
            HaltScope::Trunk(trunk),
            HaltScope::Campaign(dial.campaign),
        ] {
            if self.picture.halts.contains(&scope) {
                let what = format!("attempt {attempt} while {scope:?} is halted");
                self.object(Property::NotHalted, now, what);
            }
        }
        if self.picture.store_failing {
            let what = format!("attempt {attempt} while the store fails");
            self.object(Property::StoreWorks, now, what);
        }
        self.check_lines(now, attempt, dial, trunk);
        self.check_caller_id(now, attempt, dial, trunk);
        self.check_breaker(now, dial, trunk);
    }

    fn check_once(&mut self, now: Timestamp, dial: &Dial) {
        let same_number = self
            .picture
            .attempts
            .iter()
            .find(|(_, call)| call.dial.number == dial.number);
        if let Some((other, _)) = same_number {
            let what = format!("attempts {other} and {} call one number", dial.attempt);
            self.object(Property::OneCallPerNumber, now, what);
        }
        let same_contact = |call: &&AttemptView| call.dial.contact == dial.contact;
        if let Some(call) = self.picture.attempts.values().find(same_contact) {
            let other = call.dial.attempt;
            let what = format!("attempts {other} and {} of one contact", dial.attempt);
            self.object(Property::OneCallPerContact, now, what);
        }
    }

    fn check_campaign(&mut self, now: Timestamp, dial: &Dial) {
        let id = dial.attempt;
        let Some(campaign) = self.picture.campaigns.get(&dial.campaign) else {
            let what = format!("attempt {id} of a campaign that nobody knows");
            return self.object(Property::OnlyRunning, now, what);
        };
        let (state, revision) = (campaign.state, campaign.revision);
        let settings = Arc::clone(&campaign.settings);
        if state != CampaignState::Running {
            let what = format!("attempt {id} of a campaign that is {}", state.name());
            self.object(Property::OnlyRunning, now, what);
        }
        if revision != dial.revision {
            let what = format!("attempt {id} under revision {}", dial.revision);
            self.object(Property::RevisionInForce, now, what);
        }
        if !settings.calendar.is_open(now) {
            let what = format!("attempt {id} is placed");
            self.object(Property::InsideCalendar, now, what);
        }
        let zone = self.picture.contacts.get(&dial.contact);
        let zone = zone.and_then(|c| c.time_zone.as_deref());
        let zone = zone.unwrap_or(settings.calendar.time_zone());
        if let Some(tenant) = &self.picture.tenant
            && !tenant.compliance.hours.is_empty()
            && let Ok(hours) = Calendar::new(None, None, zone, tenant.compliance.hours.clone())
            && !hours.is_open(now)
        {
            let what = format!("attempt {id} is placed in {zone}");
            self.object(Property::InsideHours, now, what);
        }
    }

    fn check_contact(&mut self, now: Timestamp, dial: &Dial) {
        let id = dial.attempt;
        let Some(contact) = self.picture.contacts.get(&dial.contact) else {
            let what = format!("attempt {id} of a contact that was never given");
            return self.object(Property::OwnNumber, now, what);
        };
        let Some(campaign) = self.picture.campaigns.get(&dial.campaign) else {
            return;
        };
        let mut objections = Vec::new();
        if contact.done {
            let what = format!("attempt {id} of a final contact");
            objections.push((Property::FinalOnce, what));
        }
        if let (Some(own), Some(best)) = (contact.standing, campaign.at_hand.first())
            && campaign.at_hand.contains(&own)
            && *best < own
        {
            let what = format!("attempt {id} calls contact {own:?} before {best:?}");
            objections.push((Property::BestFirst, what));
        }
        if contact.put_right {
            // How often it was called before counts is not known until its history is told.
            if !contact.numbers.contains(&dial.number) {
                let what = format!("attempt {id} is to no number of its contact");
                objections.push((Property::OwnNumber, what));
            }
        } else {
            let in_turn = self.picture.number_in_turn(contact, now);
            if in_turn.is_some_and(|number| number != dial.number)
                || !contact.numbers.contains(&dial.number)
            {
                let what = format!("attempt {id} is not to the number in turn of its contact");
                objections.push((Property::OwnNumber, what));
            }
            objections.extend(contact.objections(now, dial, campaign));
        }
        for (property, what) in objections {
            self.object(property, now, what);
        }
    }

    fn check_numbers_day(&mut self, now: Timestamp, number: PhoneNumber) {
        let Some(tenant) = &self.picture.tenant else {
            return;
        };
        let Some(most) = tenant.compliance.calls_per_number_per_day else {
            return;
        };
        let Ok(zone) = Calendar::always(&tenant.time_zone) else {
            return;
        };
        let day = zone.local_day(now);
        let dials = self.picture.dials.get(&number);
        let today = dials.map_or(0, |d| d.iter().filter(|&&t| t >= day.0).count());
        if today >= most as usize {
            let what = format!("a call after {today} to the same number on this day");
            self.object(Property::CallsPerNumber, now, what);
        }
    }

    fn check_bound_agent(&mut self, now: Timestamp, dial: &Dial) {
        let id = dial.attempt;
        let Some(campaign) = self.picture.campaigns.get(&dial.campaign) else {
            return;
        };
        let binds = campaign.settings.mode.name().binds_agent();
        let group = campaign.settings.target.skill_group();
        let (Some(agent), Some(group)) = (dial.agent, group) else {
            if binds {
                let what = format!("attempt {id} without an agent");
                self.object(Property::AgentReady, now, what);
            }
            return;
        };
        let why = match self.picture.agents.get(&agent) {
            None => Some("is not known"),
            // Who wants a break after the call for which the phone is being called takes that call.
            Some(view) if view.kept || view.offer.is_some() => view.not_able(group, now),
            Some(view) => view.not_free(group, now),
        };
        if let Some(why) = why {
            let what = format!("attempt {id} for agent {agent}, who {why}");
            let property = match why {
                "is in a call" | "is bound to a call" => Property::AgentInOneCall,
                "is wrapping up" => Property::WrapUpKept,
                _ => Property::AgentReady,
            };
            self.object(property, now, what);
        }
    }

    fn check_mode(&mut self, now: Timestamp, dial: &Dial) {
        let Some(campaign) = self.picture.campaigns.get(&dial.campaign) else {
            return;
        };
        let settings = Arc::clone(&campaign.settings);
        match (settings.mode, settings.target.skill_group()) {
            (Mode::Ratio(ratio), Some(group)) => {
                let agents = self.picture.agents.values();
                let idle = agents.filter(|a| a.is_idle(group, now)).count() as u32;
                let calls = self.picture.on_lines(now).filter(|(_, call)| {
                    call.dial.campaign == dial.campaign && call.answered_at.is_none()
                });
                let ringing = calls.count() as u32 + 1;
                let most = idle * ratio.hundredths() / 100;
                if ringing > most {
                    let what = format!("{ringing} calls ring for {idle} idle agents");
                    self.object(Property::RatioKept, now, what);
                }
            }
            (Mode::Rate { calls, interval }, _) => {
                let dials = &campaign.dials;
                // Slots lie on microseconds, dials on milliseconds.
                let interval = interval.saturating_sub(Duration::from_millis(2));
                let recent = dials.iter().filter(|&&at| now < at + interval).count();
                if recent >= calls as usize {
                    let what = format!("{} calls in {interval:?}", recent + 1);
                    self.object(Property::RateKept, now, what);
                }
            }
            _ => {}
        }
    }

    fn note_dial(&mut self, now: Timestamp, dial: &Dial) {
        let picture = &mut self.picture;
        let Some(campaign) = picture.campaigns.get_mut(&dial.campaign) else {
            return;
        };
        campaign.dials.push_back(now);
        if let Mode::Rate { interval, .. } = campaign.settings.mode {
            while campaign
                .dials
                .front()
                .is_some_and(|&at| now >= at + interval)
            {
                campaign.dials.pop_front();
            }
        } else {
            campaign.dials.clear();
        }
        let settings = Arc::clone(&campaign.settings);
        let call = AttemptView::new(dial.clone(), settings);
        picture.attempts.insert(dial.attempt, call);
        if let Some(contact) = picture.contacts.get_mut(&dial.contact) {
            contact.dialed += 1;
            if let Some(standing) = contact.standing {
                campaign.at_hand.remove(&standing);
            }
        }
        if let Some(caller_id) = picture.caller_ids.get_mut(&dial.caller_id) {
            caller_id.dials.push_back((now, dial.attempt));
        }
        picture.dials.entry(dial.number).or_default().push(now);
        if let Some(agent) = dial.agent.and_then(|a| picture.agents.get_mut(&a)) {
            agent.bound = Some(dial.attempt);
            if agent.rules.connection == Connection::PerCall {
                agent.wraps_up_until = None;
            }
        }
        self.spacing(now, dial.trunk);
    }
}

impl ContactView {
    /// What its history has against a call now.
    fn objections(
        &self,
        now: Timestamp,
        dial: &Dial,
        campaign: &CampaignView,
    ) -> Vec<(Property, String)> {
        let id = dial.attempt;
        let retry = &campaign.settings.retry;
        let mut objections = Vec::new();
        if self.used >= retry.attempts_total {
            let what = format!("attempt {id} after {} that used one up", self.used);
            objections.push((Property::AttemptsTotal, what));
        }
        let day = campaign.settings.calendar.local_day(now);
        let today = |&(start, end): &(Timestamp, Timestamp)| start >= day.0 && end < day.1;
        let today = self.used_at.iter().filter(|used| today(used)).count();
        if retry
            .attempts_per_day
            .is_some_and(|most| today >= most as usize)
        {
            let what = format!("attempt {id} after {today} on this day");
            objections.push((Property::AttemptsPerDay, what));
        }
        if let Some((ended, outcome, used_up, settings)) = &self.rests {
            let rest_of = |retry: &RetryPolicy| {
                if *used_up {
                    retry.rest_after(*outcome)
                } else {
                    LINE_REST
                }
            };
            let rest = rest_of(&settings.retry).min(rest_of(retry));
            if now < *ended + rest {
                let what = format!("attempt {id} {:?} after {outcome:?}", now.since(*ended));
                objections.push((Property::RetryInterval, what));
            }
        }
        objections
    }
}
