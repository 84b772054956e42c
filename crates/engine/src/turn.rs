//! One campaign's turn: gate after gate, and a call if none refuses.

use outdial_domain::{AgentState, CampaignId, CampaignState, Mode, SkillGroupId};

use crate::agents::{AgentKey, Group, Phase};
use crate::campaign::{Campaign, Held};
use crate::engine::Engine;
use crate::gate::lines::Kept;
use crate::gate::{Refused, Why};
use crate::input::DueContact;
use crate::mutant::Mutant;
use crate::pacing::{Event, Pacer, Seat, View, agents_for};
use crate::waiters::Need;

/// What the pacer's answer takes from the agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taker {
    /// Nobody, or nobody more than is promised already.
    Nobody,
    /// This agent is bound to the call.
    Agent(AgentKey),
    /// So many more agents are promised to the campaign.
    Promise(u32),
}

impl Engine {
    /// Starts one call of a campaign, if every gate lets it through.
    ///
    /// # Errors
    /// The first gate that refuses.
    pub(crate) fn start_one(&mut self, id: CampaignId) -> Result<(), Refused> {
        self.refresh_calendar(id);
        self.look_at_ceiling(id);
        let campaign = self.campaign(id)?;
        self.check_campaign(campaign)?;
        if let Some((&agent, _)) = campaign.ready_agents.first_key_value() {
            self.check_line(campaign)?;
            return self.dial_for_ready(id, agent);
        }
        self.check_contacts(campaign)?;
        let taker = self.find_taker(campaign)?;
        self.check_line(campaign)?;
        if let (Mode::Preview(_), Taker::Agent(agent)) = (campaign.settings.mode, taker) {
            return self.offer_next(id, agent);
        }
        let next = self.next_contact(id)?;
        let route = self.route(id, next.again)?;
        let called_first = |key| self.agents.get(key).is_some_and(|a| !a.is_permanent());
        let agent = match taker {
            Taker::Agent(agent) if called_first(agent) => {
                self.bind_agent(agent, id, None);
                return Ok(());
            }
            Taker::Agent(agent) => Some(agent),
            Taker::Promise(missing) => {
                self.promise_agents(id, missing);
                None
            }
            Taker::Nobody => None,
        };
        let campaign = self.campaigns.get_mut(&id);
        if let Some(held) = campaign.and_then(|c| c.window.remove(next.key)) {
            self.dial(id, held, next.number, route, agent);
        }
        self.load_contacts(id);
        Ok(())
    }

    fn campaign(&self, id: CampaignId) -> Result<&Campaign, Refused> {
        match self.campaigns.get(&id) {
            Some(campaign) => Ok(campaign),
            None => Err(Refused::flatly(Why::NoContact)),
        }
    }

    /// Dials for an agent who is bound to this campaign and whose phone is connected.
    fn dial_for_ready(&mut self, id: CampaignId, agent: AgentKey) -> Result<(), Refused> {
        let chosen = self
            .campaign(id)?
            .ready_agents
            .get(&agent)
            .cloned()
            .flatten();
        let Some(held) = chosen else {
            let next = self.next_contact(id)?;
            let route = self.route(id, next.again)?;
            if let Some(campaign) = self.campaigns.get_mut(&id) {
                campaign.ready_agents.remove(&agent);
                if let Some(held) = campaign.window.remove(next.key) {
                    self.dial(id, held, next.number, route, Some(agent));
                }
            }
            self.load_contacts(id);
            return Ok(());
        };
        match self.check_chosen(id, &held) {
            Ok(number) => {
                let route = self.route(id, held.contact.history.dialed > 0)?;
                self.forget_ready(id, agent);
                self.dial(id, held, number, route, Some(agent));
            }
            Err(refused) => {
                self.forget_ready(id, agent);
                self.rest_contact(id, held, refused.until);
                self.release_agent(agent);
            }
        }
        Ok(())
    }

    fn forget_ready(&mut self, id: CampaignId, agent: AgentKey) -> Option<Held> {
        self.campaigns
            .get_mut(&id)
            .and_then(|c| c.ready_agents.remove(&agent))
            .flatten()
    }

    /// An agent who was bound without a conversation is free again, or on the break that was announced.
    pub(crate) fn release_agent(&mut self, agent: AgentKey) {
        self.agents.take(agent, Phase::Off);
        self.take_announced(agent);
        self.settle_agent(agent);
    }

    fn promise_agents(&mut self, id: CampaignId, count: u32) {
        let group = self.campaigns.get(&id).and_then(|c| c.group());
        for _ in 0..count {
            if let Some(agent) = group.and_then(|g| self.agents.longest_connected(g)) {
                self.agents.promise(agent, id);
            }
        }
    }

    /// The gates that look at the campaign alone.
    ///
    /// # Errors
    /// The first that refuses.
    pub(crate) fn check_campaign(&self, campaign: &Campaign) -> Result<(), Refused> {
        self.check_may_invite(campaign)?;
        if !campaign.calendar.is_open() && !self.is_off(Mutant::Calendar) {
            return Err(Refused::flatly(Why::Calendar));
        }
        match campaign.settings.max_calls {
            Some(most) if campaign.tally.lines() >= most && !self.is_off(Mutant::CampaignCalls) => {
                Err(Refused::flatly(Why::OwnCalls(most)))
            }
            _ => Ok(()),
        }
    }

    /// The gates before any INVITE of a campaign, a call's second one included; all but the calendar.
    fn check_may_invite(&self, campaign: &Campaign) -> Result<(), Refused> {
        if campaign.state != CampaignState::Running {
            return Err(Refused::flatly(Why::State(campaign.state)));
        }
        if !campaign.pacing.is_built() {
            let mode = campaign.settings.mode.name();
            return Err(Refused::flatly(Why::NotBuilt(mode)));
        }
        if !self.is_off(Mutant::Halt) {
            self.halts.check(campaign.id).map_err(Refused::flatly)?;
        }
        if self.store.refuses() && !self.is_off(Mutant::Store) {
            return Err(Refused::flatly(Why::Store));
        }
        Ok(())
    }

    /// Whether a call of this campaign may go out a second time, over another trunk.
    pub(crate) fn may_redial(&mut self, id: CampaignId, contact: &DueContact) -> bool {
        let now = self.now;
        let Some(campaign) = self.campaigns.get(&id) else {
            return false;
        };
        // The gate's answer may be out of date, and bringing it up to date may end the campaign in the
        // middle of a call's end.
        let calendar = &campaign.settings.calendar;
        let open = calendar.is_open(now) || self.is_off(Mutant::Calendar);
        let zone = contact.time_zone.as_deref();
        open && self.check_may_invite(campaign).is_ok()
            && self.hours.check(zone, calendar.time_zone(), now).is_ok()
    }

    /// Whether there is anybody to call, as far as is known without looking at each.
    ///
    /// # Errors
    /// That there is nobody, or that contacts are on their way.
    pub(crate) fn check_contacts(&self, campaign: &Campaign) -> Result<(), Refused> {
        if !campaign.window.is_empty() {
            return Ok(());
        }
        Err(Refused::flatly(if campaign.window.is_loading() {
            Why::Loading
        } else {
            Why::NoContact
        }))
    }

    /// The tenant's lines.
    ///
    /// # Errors
    /// That none is free for this campaign.
    pub(crate) fn check_line(&self, campaign: &Campaign) -> Result<(), Refused> {
        // A campaign that asks has a claim, whatever it had when it asked last.
        let guarantee = campaign.settings.guaranteed_calls;
        let below = guarantee.saturating_sub(campaign.tally.lines());
        match self
            .lines
            .check(Kept::new(campaign.settings.priority, below))
        {
            Err((Why::TenantCalls(_), _)) if self.is_off(Mutant::TenantCalls) => Ok(()),
            Err((why, need)) if guarantee == 0 => Err(Refused::needs(why, need)),
            // When calls of its own end it is below its guarantee, and needs no more than that.
            Err((why, _)) => Err(Refused {
                why,
                needs: vec![Need::GuaranteedLine, Need::Line],
                until: None,
            }),
            Ok(()) => Ok(()),
        }
    }

    /// What a campaign's pacer knows of the moment.
    pub(crate) fn pacing_view(&self, campaign: &Campaign) -> View {
        let group = campaign.group().and_then(|id| self.agents.group(id));
        View {
            now: self.now,
            idle: group.map_or(0, |g| g.connected()) + self.agents.promised(campaign.id),
            idle_per_call: group.map_or(0, |g| g.per_call()),
            coming: group.map_or(0, |g| g.coming()),
            ringing: campaign.tally.unbound(),
            waiting: campaign.tally.waiting,
        }
    }

    /// Whether a campaign's share of abandoned calls has come to its ceiling, or the law's: then every
    /// further call would make it worse, but for one that has its agent already.
    fn look_at_ceiling(&mut self, id: CampaignId) {
        let law = self.tenant.compliance.abandonment_ceiling;
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            let own = campaign.settings.abandonment_ceiling;
            let day = campaign.calendar.day().0;
            let ceiling = own.into_iter().chain(law).min();
            campaign.at_ceiling =
                ceiling.is_some_and(|most| campaign.ledger.has_reached(most, self.now, day));
        }
    }

    /// Asks the pacer, and finds the agent that the next call needs.
    ///
    /// # Errors
    /// That no agent is free, or that the pacer wants no call now.
    pub(crate) fn find_taker(&self, campaign: &Campaign) -> Result<Taker, Refused> {
        let view = self.pacing_view(campaign);
        let taker = match (campaign.pacing.seat(), campaign.group()) {
            _ if self.is_off(Mutant::AgentReservation) => Taker::Nobody,
            (Seat::OneAgent, Some(group)) => match self.agents.longest_idle(group) {
                Some(agent) => Taker::Agent(agent),
                None => return Err(self.no_agent(campaign, group, Need::Agent(group))),
            },
            (Seat::Promise(_), Some(group)) if campaign.at_ceiling => {
                // One call for one agent, who is there for nobody else.
                return match self.agents.longest_connected(group) {
                    Some(agent) => Ok(Taker::Agent(agent)),
                    None => Err(self.no_agent(campaign, group, Need::Connected(group))),
                };
            }
            (Seat::Promise(hundredths), Some(group)) => {
                let needed = agents_for(view.ringing + 1, hundredths);
                let missing = needed.saturating_sub(self.agents.promised(campaign.id));
                let free = self.agents.group(group).map_or(0, |g| g.connected());
                if free < missing {
                    return Err(self.no_agent(campaign, group, Need::Connected(group)));
                }
                Taker::Promise(missing)
            }
            _ => Taker::Nobody,
        };
        if campaign.pacing.calls_now(&view) > 0 || self.is_off(Mutant::AgentReservation) {
            return Ok(taker);
        }
        let next = campaign.pacing.next_at(&view).filter(|&t| t > self.now);
        let why = if next.is_some() {
            Why::Slot
        } else {
            Why::Paced
        };
        Err(Refused::until(why, next))
    }

    fn no_agent(&self, campaign: &Campaign, group: SkillGroupId, need: Need) -> Refused {
        let ahead = campaign.at_ceiling && matches!(campaign.pacing.seat(), Seat::Promise(_));
        let rings_for =
            |g: &Group| g.in_state(AgentState::Idle) + g.in_state(AgentState::Reserved) > 0;
        let why = match self.agents.group(group) {
            Some(g) if g.has_connected() => Why::Paced,
            Some(g) if g.has_free() => Why::NotConnected(group),
            Some(g) if ahead && rings_for(g) => Why::AbandonmentCeiling,
            Some(g) if g.present() > 0 => Why::AgentsBusy(group),
            _ => Why::NoAgent(group),
        };
        Refused::needs(why, need)
    }

    /// Lets a campaign's pacer take a fact into account.
    pub(crate) fn note(&mut self, id: CampaignId, event: Event) {
        let now = self.now;
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            campaign.pacing.note(now, event);
        }
    }
}
