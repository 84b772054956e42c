//! Orders about agents.

use outdial_domain::{AgentId, AgentState, AttemptId, Timestamp, WishedState};
use outdial_engine::input::OfferId;
use outdial_engine::output::Offer;

use super::{Checker, Property};

impl Checker {
    pub(super) fn at_join(&mut self, now: Timestamp, attempt: AttemptId, agent: AgentId) {
        let Some(call) = self.picture.attempts.get(&attempt) else {
            let what = format!("attempt {attempt}, which is not live, is joined");
            return self.object(Property::OrderFits, now, what);
        };
        if call.answered_at.is_none() || call.ended.is_some() || call.hung_up {
            let what = format!("attempt {attempt} is joined, but is not up");
            self.object(Property::OrderFits, now, what);
        }
        self.check_takes(now, attempt, agent);
        let Some(call) = self.picture.attempts.get_mut(&attempt) else {
            return;
        };
        call.agent = Some(agent);
        call.joined = false;
        call.waits_since = None;
        for (id, view) in &mut self.picture.agents {
            if *id == agent {
                view.bound = None;
                view.talking = Some(attempt);
            } else if view.bound == Some(attempt) {
                view.bound = None;
            }
        }
    }

    /// Whether this agent may take this call: it is bound to it, or free.
    fn check_takes(&mut self, now: Timestamp, attempt: AttemptId, agent: AgentId) {
        let call = self.picture.attempts.get(&attempt);
        let Some(group) = call.and_then(|call| call.group()) else {
            let what = format!("attempt {attempt} is a flow's, not agent {agent}'s");
            return self.object(Property::AgentReady, now, what);
        };
        let Some(view) = self.picture.agents.get(&agent) else {
            let what = format!("attempt {attempt} is joined with nobody we know");
            return self.object(Property::AgentReady, now, what);
        };
        let why = if let Some(other) = view.talking.filter(|a| *a != attempt) {
            let what = format!("agent {agent} is in attempt {other}, and now in {attempt}");
            return self.object(Property::AgentInOneCall, now, what);
        } else if let Some(other) = view.bound.filter(|a| *a != attempt) {
            let what = format!("agent {agent} is bound to attempt {other}, and takes {attempt}");
            return self.object(Property::AgentInOneCall, now, what);
        } else if view.bound == Some(attempt) || view.talking == Some(attempt) {
            (!view.leg_up).then_some("has no leg")
        } else {
            view.not_free(group, now)
        };
        if let Some(why) = why {
            let what = format!("attempt {attempt} for agent {agent}, who {why}");
            let property = if why == "is wrapping up" {
                Property::WrapUpKept
            } else {
                Property::AgentReady
            };
            self.object(property, now, what);
        }
    }

    /// Agents whose call was given up long enough ago are free, whatever becomes of it.
    pub(super) fn free_agents(&mut self, now: Timestamp) {
        let attempts = &self.picture.attempts;
        for view in self.picture.agents.values_mut() {
            let call = view.bound.and_then(|attempt| attempts.get(&attempt));
            if call.is_some_and(|call| call.let_go(now)) {
                view.bound = None;
            }
        }
    }

    pub(super) fn at_listen(&mut self, now: Timestamp, attempt: AttemptId, agent: AgentId) {
        let view = self.picture.agents.get(&agent);
        if view.is_none_or(|view| view.bound != Some(attempt)) {
            let what = format!("agent {agent} listens to attempt {attempt} without being bound");
            self.object(Property::OrderFits, now, what);
        }
    }

    /// What the engine says of an agent is believed in one thing only: that it keeps the agent for a
    /// call, which must be allowed.
    pub(super) fn at_agent_changed(
        &mut self,
        now: Timestamp,
        agent: AgentId,
        state: AgentState,
        attempt: Option<AttemptId>,
    ) {
        let reserved = state == AgentState::Reserved;
        let call = attempt.and_then(|attempt| self.picture.attempts.get(&attempt));
        let group = call.and_then(|call| call.group());
        let Some(view) = self.picture.agents.get_mut(&agent) else {
            return;
        };
        view.kept = reserved && attempt.is_none();
        let comes = matches!(state, AgentState::Idle | AgentState::Connecting);
        if comes && view.wish != WishedState::Ready {
            let what = format!("agent {agent} is {state:?} and wishes {:?}", view.wish);
            return self.object(Property::AgentStateFits, now, what);
        }
        let (Some(group), true) = (group, reserved && view.bound != attempt) else {
            return;
        };
        // One whose phone is called for each call is kept before it is.
        let leg_up = std::mem::replace(&mut view.leg_up, true);
        let why = view.not_free(group, now);
        view.leg_up = leg_up;
        view.bound = attempt;
        if let Some(why) = why {
            let what = format!("agent {agent}, who {why}, is kept for {attempt:?}");
            self.object(Property::AgentReady, now, what);
        }
    }

    pub(super) fn at_hang_up_agent(&mut self, agent: AgentId) {
        if let Some(view) = self.picture.agents.get_mut(&agent) {
            // From this order on nobody may count on the leg.
            view.leg_up = false;
        }
    }

    pub(super) fn at_wish_changed(&mut self, agent: AgentId, wish: WishedState) {
        if let Some(view) = self.picture.agents.get_mut(&agent) {
            view.wish = wish;
        }
    }

    pub(super) fn at_offered(&mut self, now: Timestamp, offer: &Offer) {
        self.no_longer_at_hand(offer.campaign, offer.contact);
        let campaign = self.picture.campaigns.get(&offer.campaign);
        let group = campaign.and_then(|c| c.settings.target.skill_group());
        let view = self.picture.agents.get_mut(&offer.agent);
        let (Some(view), Some(group)) = (view, group) else {
            let what = format!("an offer to agent {} of no group", offer.agent);
            return self.object(Property::AgentReady, now, what);
        };
        // An agent called per call is offered a contact before its phone is called.
        let leg_up = std::mem::replace(&mut view.leg_up, true);
        let why = view.not_free(group, now);
        view.leg_up = leg_up;
        let taken = view.offer.replace(offer.id);
        let why = why.or(taken.map(|_| "has another offer"));
        if let Some(why) = why {
            let what = format!("an offer to agent {}, who {why}", offer.agent);
            self.object(Property::AgentReady, now, what);
        }
    }

    pub(super) fn at_offer_ended(&mut self, offer: OfferId, agent: AgentId) {
        if let Some(view) = self.picture.agents.get_mut(&agent)
            && view.offer == Some(offer)
        {
            view.offer = None;
        }
    }
}
