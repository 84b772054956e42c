//! What the checker learns from facts.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use outdial_domain::{AgentId, AttemptId, BreakTime, CallerId, CampaignId, Timestamp, WishedState};
use outdial_engine::input::{AgentRules, DueContact, Input, LegEnd, LoadedCampaign};

use super::Checker;
use super::picture::{AgentView, CallerIdView, CampaignView, TrunkView};

impl Checker {
    pub(super) fn hear(&mut self, now: Timestamp, input: &Input) {
        let picture = &mut self.picture;
        match input {
            Input::TenantSet(rules) => picture.tenant = Some(rules.clone()),
            Input::CallerIdsSet(caller_ids) => self.caller_ids_set(caller_ids),
            Input::TrunkSet(rules) => {
                let trunk = picture.trunks.entry(rules.name).or_default();
                trunk.rules = Some(rules.clone());
            }
            Input::TrunkGone(trunk) => {
                if let Some(view) = picture.trunks.get_mut(trunk) {
                    // One that comes back begins anew.
                    *view = TrunkView::default();
                }
                self.breakers_gone(*trunk);
            }
            Input::PermitSet { trunk, permit } => {
                let view = picture.trunks.entry(*trunk).or_default();
                view.permit = *permit;
                view.fastest = Some(match (view.fastest, permit.calls_per_1000_s) {
                    (Some(None), _) | (_, None) => None,
                    (Some(Some(old)), Some(new)) => Some(old.max(new)),
                    (None, new) => new,
                });
            }
            Input::BreakerLifted { trunk, suspects } => {
                self.breakers_lifted(*trunk, *suspects);
                // A lift with `Keep` makes contacts final at once, which `ContactsMoved` tells.
                self.takes_back = true;
            }
            Input::Halted { scope, .. } => {
                picture.halts.insert(*scope);
            }
            Input::HaltReleased(scope) => {
                picture.halts.remove(scope);
            }
            Input::StoreFailing { reason } => picture.store_failing = reason.is_some(),
            Input::AgentSet(rules) => self.agent_set(rules),
            Input::AgentGone(agent) => {
                // A call in progress is still this agent's.
                if let Some(agent) = picture.agents.get_mut(agent) {
                    agent.wish = WishedState::Offline;
                }
            }
            Input::AgentWished {
                agent, wish, when, ..
            } => {
                if let Some(agent) = picture.agents.get_mut(agent) {
                    let at_once = *wish != WishedState::Ready && *when == BreakTime::Now;
                    agent.wish = *wish;
                    agent.skips_wrap_up = at_once;
                    agent.wraps_up_until = agent.wraps_up_until.filter(|_| !at_once);
                }
            }
            Input::AgentLegUp(agent) => {
                if let Some(agent) = picture.agents.get_mut(agent) {
                    agent.leg_up = true;
                }
            }
            Input::AgentLegDown { agent, why } => self.leg_down(now, *agent, *why),
            Input::WrapUpEnded(agent) => {
                if let Some(agent) = picture.agents.get_mut(agent) {
                    agent.wraps_up_until = None;
                }
            }
            Input::CampaignLoaded(loaded) => self.campaign_loaded(loaded),
            Input::Revised {
                campaign,
                revision,
                settings,
            } => {
                if let Some(campaign) = picture.campaigns.get_mut(campaign) {
                    campaign.revision = *revision;
                    campaign.settings = Arc::new((**settings).clone());
                    campaign.dials.clear();
                }
            }
            Input::ContactsLoaded {
                campaign,
                load,
                contacts,
                ..
            } => self.contacts_loaded(*campaign, *load, contacts),
            Input::DoNotCallChanged(changes) => self.do_not_call_changed(changes),
            Input::ContactsReturned { campaign, count } => {
                self.contacts_returned(*campaign, *count);
            }
            Input::ContactsAdded { campaign, count } => self.contacts_added(*campaign, *count),
            _ => self.hear_of_call(now, input),
        }
    }

    fn hear_of_call(&mut self, now: Timestamp, input: &Input) {
        match input {
            Input::Placed(attempt) => {
                if let Some(call) = self.picture.attempts.get_mut(attempt) {
                    call.ever_placed = true;
                    call.placed_at = call.placed_at.or(Some(now));
                }
            }
            Input::NotPlaced(attempt) => self.not_placed(*attempt),
            Input::Withheld(attempt) => self.withheld(*attempt),
            Input::Responded(attempt) => {
                if let Some(call) = self.picture.attempts.get_mut(attempt) {
                    call.responded = true;
                }
            }
            Input::Progressed { attempt, .. } => {
                if let Some(call) = self.picture.attempts.get_mut(attempt) {
                    call.responded = true;
                    call.progress_at = call.progress_at.or(Some(now));
                }
            }
            Input::Answered(attempt) => self.answered(now, *attempt),
            Input::Joined(attempt) => {
                // The phone of an agent who was to be joined may have been lost in the meantime.
                if let Some(call) = self.picture.attempts.get_mut(attempt)
                    && !call.hung_up
                    && (call.agent.is_some() || call.flow_called)
                {
                    call.joined = true;
                    call.joined_at = call.joined_at.or(Some(now));
                    let taken = call.agent.map(|_| now);
                    call.taken_at = call.taken_at.or(taken);
                    call.talked |= call.agent.is_some();
                    call.flow_joined |= call.flow_called && call.agent.is_none();
                }
            }
            Input::FlowFailed(attempt) | Input::FlowEnded(attempt) => {
                if let Some(call) = self.picture.attempts.get_mut(attempt) {
                    call.flow_over = true;
                    call.flow_joined |= matches!(input, Input::FlowEnded(_)) && !call.hung_up;
                }
            }
            Input::HandedBack(attempt) => {
                if let Some(call) = self.picture.attempts.get_mut(attempt) {
                    call.handed_back = true;
                    call.flow_joined = false;
                    call.flow_over = true;
                    call.joined = false;
                    call.waits_since = Some(now);
                    call.waited_from = Some(now);
                }
            }
            Input::Ended { attempt, evidence } => {
                if let Some(call) = self.picture.attempts.get_mut(attempt)
                    && call.ended.is_none()
                {
                    call.ended = Some(*evidence);
                    self.result_seen(*attempt);
                    self.agent_leaves_call(now, *attempt);
                }
            }
            Input::HangUpAsked(attempt) => {
                let answered = self.picture.attempts.get_mut(attempt).is_some_and(|call| {
                    call.hang_up_asked = true;
                    call.answered_at.is_some()
                });
                if answered {
                    self.agent_leaves_call(now, *attempt);
                }
            }
            Input::MarkedAsMachine(attempt) => {
                if let Some(call) = self.picture.attempts.get_mut(attempt) {
                    call.machine |= call.talked;
                }
            }
            _ => {}
        }
    }

    fn caller_ids_set(&mut self, caller_ids: &[CallerId]) {
        for view in self.picture.caller_ids.values_mut() {
            view.rules = None;
        }
        for caller_id in caller_ids {
            let view = self.picture.caller_ids.entry(caller_id.number);
            let view = view.or_insert_with(|| CallerIdView {
                rules: None,
                dials: VecDeque::new(),
            });
            view.rules = Some(caller_id.clone());
        }
    }

    fn agent_set(&mut self, rules: &AgentRules) {
        let agent = self
            .picture
            .agents
            .entry(rules.id)
            .or_insert_with(|| AgentView::new(rules.clone()));
        agent.rules = rules.clone();
    }

    fn campaign_loaded(&mut self, loaded: &LoadedCampaign) {
        let campaign = &loaded.campaign;
        let view = CampaignView {
            state: campaign.state,
            reopens: campaign.reopens(),
            revision: campaign.revision,
            settings: Arc::new(campaign.settings.clone()),
            open: loaded.open_contacts,
            aborted: false,
            dials: VecDeque::new(),
            at_hand: BTreeSet::new(),
            load: None,
            left: BTreeSet::new(),
        };
        self.picture.campaigns.insert(campaign.id, view);
    }

    fn contacts_added(&mut self, campaign: CampaignId, count: u64) {
        if let Some(campaign) = self.picture.campaigns.get_mut(&campaign) {
            campaign.open += count;
        }
    }

    /// What the store says of contacts that have no story here yet is believed, if it is the awaited
    /// answer and they have not gone there since.
    fn contacts_loaded(&mut self, id: CampaignId, load: u64, contacts: &[DueContact]) {
        let Some(campaign) = self.picture.campaigns.get_mut(&id) else {
            return;
        };
        if campaign.load != Some(load) {
            return;
        }
        campaign.load = None;
        let left = std::mem::take(&mut campaign.left);
        for contact in contacts.iter().filter(|c| !left.contains(&c.id)) {
            let view = self.picture.contacts.entry(contact.id).or_default();
            let standing = (
                contact.priority,
                !contact.rested,
                contact.order_key,
                contact.id,
            );
            campaign.at_hand.insert(standing);
            view.standing = Some(standing);
            view.campaign = Some(id);
            if view.numbers.is_empty() {
                view.numbers.clone_from(&contact.numbers);
                view.time_zone.clone_from(&contact.time_zone);
                view.used = contact.history.attempts;
                view.dialed = contact.history.dialed;
                view.by_outcome.clone_from(&contact.history.by_outcome);
                view.line_failures = contact.history.line_failures;
            }
        }
    }

    pub(super) fn not_placed(&mut self, attempt: AttemptId) {
        let Some(call) = self.picture.attempts.get_mut(&attempt) else {
            return;
        };
        if call.ever_placed {
            // It ends as it did the first time.
            call.redial_lost = true;
            call.trunk = call.failed_on.unwrap_or(call.trunk);
            return;
        }
        let (contact, caller_id) = (call.dial.contact, call.dial.caller_id);
        let number = call.dial.number;
        self.release_agent(attempt);
        self.picture.attempts.remove(&attempt);
        if let Some(contact) = self.picture.contacts.get_mut(&contact) {
            contact.dialed = contact.dialed.saturating_sub(1);
        }
        if let Some(caller_id) = self.picture.caller_ids.get_mut(&caller_id) {
            caller_id.dials.retain(|(_, a)| *a != attempt);
        }
        if let Some(dials) = self.picture.dials.get_mut(&number) {
            dials.pop();
        }
    }

    fn withheld(&mut self, attempt: AttemptId) {
        if let Some(call) = self.picture.attempts.get_mut(&attempt) {
            call.withheld = true;
            if call.ever_placed {
                // It ends as it did the first time.
                call.redial_lost = true;
                call.trunk = call.failed_on.unwrap_or(call.trunk);
            }
        }
    }

    fn answered(&mut self, now: Timestamp, attempt: AttemptId) {
        if let Some(call) = self.picture.attempts.get_mut(&attempt)
            && call.answered_at.is_none()
            && call.ended.is_none()
        {
            call.agent_freed = call.let_go(now);
            call.given_up_at = None;
            // Who picks up while someone gives up the ringing is served like any other.
            call.hang_up_asked = false;
            call.answered_at = Some(now);
            if call.group().is_some() && call.settings.flow_first.is_none() {
                call.waits_since = Some(now);
                call.waited_from = Some(now);
            }
        }
    }

    fn leg_down(&mut self, now: Timestamp, agent: AgentId, why: LegEnd) {
        let Some(view) = self.picture.agents.get_mut(&agent) else {
            return;
        };
        let was_up = std::mem::replace(&mut view.leg_up, false);
        let hung_up = why == LegEnd::HungUp && was_up;
        if hung_up && view.wish == WishedState::Ready {
            // The engine says so too; until it does, nobody may count on this agent.
            view.wish = WishedState::Break;
        }
        if hung_up {
            view.wraps_up_until = None;
        }
        let (bound, talking) = (view.bound.take(), view.talking.take());
        for attempt in [bound, talking].into_iter().flatten() {
            if let Some(call) = self.picture.attempts.get_mut(&attempt) {
                call.leg_lost = true;
            }
        }
        if let Some(call) = talking.and_then(|a| self.picture.attempts.get_mut(&a)) {
            // Who hangs up a conversation ends it; who is lost leaves a callee behind.
            call.hang_up_asked |= hung_up;
            call.lost_agent = call.talked;
            call.agent = None;
            call.joined = false;
            call.waits_since = Some(now).filter(|_| !hung_up);
        }
    }

    /// The agent of a call goes on to wrap-up.
    pub(super) fn agent_leaves_call(&mut self, now: Timestamp, attempt: AttemptId) {
        let Some(call) = self.picture.attempts.get(&attempt) else {
            return;
        };
        let (wrap_up, talked) = (call.settings.wrap_up, call.joined && call.talked);
        for view in self.picture.agents.values_mut() {
            if view.talking == Some(attempt) {
                view.talking = None;
                let wraps_up = talked && !view.skips_wrap_up;
                view.wraps_up_until = wraps_up.then(|| now + wrap_up);
            }
        }
    }

    /// Whoever was bound to this attempt is not any more.
    pub(super) fn release_agent(&mut self, attempt: AttemptId) {
        for view in self.picture.agents.values_mut() {
            if view.bound == Some(attempt) {
                view.bound = None;
            }
            if view.talking == Some(attempt) {
                view.talking = None;
            }
        }
    }
}
