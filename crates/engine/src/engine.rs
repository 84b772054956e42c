//! The engine itself: its memory, the way in for facts, the way out for orders.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use outdial_domain::{
    AttemptId, CampaignId, ComplianceProfile, PhoneNumber, TenantId, Timestamp, TrunkName,
};
use serde::{Deserialize, Serialize};

use crate::agents::Agents;
use crate::appointment::Book;
use crate::calls::Call;
use crate::campaign::{Answer, Campaign, Offered};
use crate::counters::Counters;
use crate::gate::caller_id::CallerIdGate;
use crate::gate::do_not_call::DoNotCallGate;
use crate::gate::halt::HaltGate;
use crate::gate::hours::HoursGate;
use crate::gate::lines::LinesGate;
use crate::gate::number::NumberGate;
use crate::gate::store::StoreGate;
use crate::input::{Input, OfferId, TenantRules};
use crate::mutant::{Mutant, Mutants};
use crate::output::{Output, WakeReason};
use crate::timer::{Alarm, TimerKey, Timers};
use crate::trunk::Trunks;
use crate::waiters::Waiters;

/// Deadlines that firing others may add to those of a fact.
const DEADLINES_MORE: usize = 1_000;

/// With what an engine begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineConfig {
    /// Whose engine it is.
    pub tenant: TenantId,
    /// Where its chance comes from; none of the present rules draws any.
    pub seed: u64,
    /// The id of the next attempt.
    pub next_attempt: AttemptId,
}

/// The engine of one tenant: all its campaigns, agents, caller IDs and live calls.
///
/// Facts go in with [`Engine::handle`] and people's commands with [`Engine::command`]; after each,
/// orders come out of [`Engine::poll`] until it gives `None`. The engine has no clock of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Engine {
    pub(crate) config: EngineConfig,
    pub(crate) now: Timestamp,
    pub(crate) next_attempt: u64,
    pub(crate) next_offer: u64,
    /// Grows with each call: who was served longest ago.
    pub(crate) served: u64,
    pub(crate) tenant: TenantRules,
    /// The tenant's local midnights around now.
    pub(crate) day: (Timestamp, Timestamp),

    pub(crate) campaigns: BTreeMap<CampaignId, Box<Campaign>>,
    /// Campaigns that have ended for ever and still have calls.
    pub(crate) ended: BTreeSet<CampaignId>,
    pub(crate) calls: BTreeMap<AttemptId, Box<Call>>,
    pub(crate) agents: Agents,
    pub(crate) offers: BTreeMap<OfferId, Offered>,
    pub(crate) appointments: Book,
    pub(crate) trunks: Trunks,
    /// Open breakers whose suspects have grown since they were told last.
    pub(crate) breakers_grown: BTreeSet<(TrunkName, PhoneNumber)>,
    pub(crate) breakers_alarm: Alarm,
    /// Contacts that have failed on the line, and since when; see `calls::judge`.
    pub(crate) line_trouble: BTreeMap<outdial_domain::ContactId, Timestamp>,

    pub(crate) lines: LinesGate,
    pub(crate) caller_ids: CallerIdGate,
    pub(crate) numbers: NumberGate,
    pub(crate) do_not_call: DoNotCallGate,
    pub(crate) hours: HoursGate,
    pub(crate) halts: HaltGate,
    pub(crate) store: StoreGate,

    pub(crate) timers: Timers,
    pub(crate) waiters: Waiters,
    pub(crate) out: VecDeque<Output>,
    pub(crate) wake_told: Option<Timestamp>,
    pub(crate) counters: Counters,
    pub(crate) mutants: Mutants,
}

impl Engine {
    /// An engine that knows nothing yet: until it hears of a tenant, trunks and permits it places no
    /// call.
    pub fn new(config: EngineConfig) -> Self {
        Self {
            config,
            now: Timestamp::MIN,
            next_attempt: config.next_attempt.number(),
            // Offers live no longer than the engine; ids of an earlier run must mean nothing now.
            next_offer: config.next_attempt.number() << 16,
            served: 0,
            tenant: TenantRules {
                max_calls: 0,
                time_zone: "UTC".to_owned(),
                compliance: ComplianceProfile::none(),
            },
            day: (Timestamp::MIN, Timestamp::MIN),
            campaigns: BTreeMap::new(),
            ended: BTreeSet::new(),
            calls: BTreeMap::new(),
            agents: Agents::default(),
            offers: BTreeMap::new(),
            appointments: Book::default(),
            trunks: Trunks::default(),
            breakers_grown: BTreeSet::new(),
            breakers_alarm: Alarm::default(),
            line_trouble: BTreeMap::new(),
            lines: LinesGate::default(),
            caller_ids: CallerIdGate::default(),
            numbers: NumberGate::default(),
            do_not_call: DoNotCallGate::default(),
            hours: HoursGate::default(),
            halts: HaltGate::default(),
            store: StoreGate::default(),
            timers: Timers::default(),
            waiters: Waiters::default(),
            out: VecDeque::new(),
            wake_told: None,
            counters: Counters::default(),
            mutants: Mutants::default(),
        }
    }

    /// Takes one fact. Late or repeated facts are normal: counted, never a panic.
    pub fn handle(&mut self, now: Timestamp, input: Input) {
        self.advance_clock(now);
        self.counters.facts += 1;
        self.apply(input);
        self.settle();
    }

    /// The next order. Drain to `None` before the next fact.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// Switches a rule off, for a test that must notice.
    #[cfg(feature = "mutants")]
    pub fn switch_off(&mut self, mutant: Mutant) {
        self.mutants.switch_off(mutant);
    }

    pub(crate) fn is_off(&self, mutant: Mutant) -> bool {
        self.mutants.is_off(mutant)
    }

    pub(crate) fn advance_clock(&mut self, now: Timestamp) {
        if now < self.now {
            self.counters.clock_went_back += 1;
        } else {
            self.now = now;
        }
        if self.now >= self.day.1 {
            self.new_day();
        }
    }

    /// After a fact: what is due now, then whoever may dial, then the next wake-up.
    pub(crate) fn settle(&mut self) {
        if self.wake_told.is_some_and(|told| told <= self.now) {
            self.wake_told = None;
        }
        // A deadline that is set in the past waits for the next fact rather than keep this one from
        // ever being done.
        let mut left = self.timers.len() + DEADLINES_MORE;
        while let Some(key) = self.timers.pop_due(self.now) {
            self.timer_due(key);
            left -= 1;
            if left == 0 {
                self.counters.deadlines_in_the_past += 1;
                break;
            }
        }
        self.appointments_turn();
        self.dispatch();
        if !self.ended.is_empty() {
            self.forget_ended();
        }
        self.tell_wake();
    }

    fn timer_due(&mut self, key: TimerKey) {
        match key {
            TimerKey::Call(attempt) => self.call_due(attempt),
            TimerKey::WrapUp(agent) => self.wrap_up_due(agent),
            TimerKey::Phone(agent) => self.phone_due(agent),
            TimerKey::Offer(offer) => self.offer_due(offer),
            TimerKey::Campaign(campaign) => self.campaign_due(campaign),
            TimerKey::Trunk(trunk) => self.trunk_due(trunk),
            TimerKey::Appointments => self.appointments_due(),
            TimerKey::Store => self.store_due(),
            TimerKey::Breakers => self.breakers_due(),
        }
    }

    fn tell_wake(&mut self) {
        let Some((when, key)) = self.timers.first() else {
            return;
        };
        if self.wake_told.is_some_and(|told| told == when) {
            return;
        }
        self.wake_told = Some(when);
        let why = self.wake_reason(key);
        self.out.push_back(Output::WakeAt { when, why });
    }

    fn wake_reason(&self, key: TimerKey) -> WakeReason {
        match key {
            TimerKey::Call(attempt) => {
                let waits = self.calls.get(&attempt).is_some_and(|c| c.is_answered());
                if waits {
                    WakeReason::AnswerWait
                } else {
                    WakeReason::CallTimer
                }
            }
            TimerKey::WrapUp(_) | TimerKey::Phone(_) => WakeReason::Agent,
            TimerKey::Offer(_) => WakeReason::Offer,
            TimerKey::Appointments => WakeReason::Appointment,
            TimerKey::Campaign(campaign) => self
                .campaigns
                .get(&campaign)
                .map_or(WakeReason::Calendar, |c| c.alarm_for),
            TimerKey::Trunk(_) | TimerKey::Store | TimerKey::Breakers => WakeReason::Trunk,
        }
    }

    fn apply(&mut self, input: Input) {
        match input {
            Input::TimeReached => {}
            Input::TenantSet(rules) => self.tenant_set(rules),
            Input::CallerIdsSet(caller_ids) => self.caller_ids_set(caller_ids),
            Input::CallerIdUsed {
                caller_id,
                last_hour,
                today,
            } => self.caller_ids.used_before(caller_id, &last_hour, today),
            Input::NumberRests { number, until } => self.numbers.rest(number, until),
            Input::TrunkSet(rules) => self.trunk_set(rules),
            Input::TrunkGone(trunk) => self.trunk_gone(trunk),
            Input::PermitSet { trunk, permit } => self.permit_set(trunk, permit),
            Input::TrunkProbed { trunk, answered } => self.trunk_probed(trunk, answered),
            Input::BreakerSet(state) => self.breaker_set(state),
            Input::BreakerLifted { trunk, suspects } => self.breaker_lifted(trunk, suspects),
            Input::Halted { scope, reason } => self.halted(scope, reason),
            Input::HaltReleased(scope) => self.halt_released(scope),
            Input::StoreFailing { reason } => self.store_failing(reason),

            Input::AgentSet(rules) => self.agent_set(rules),
            Input::AgentGone(agent) => self.with_agent(agent, Self::agent_gone),
            Input::AgentWished {
                agent,
                wish,
                when,
                reason,
            } => self.with_agent(agent, |engine, key| {
                engine.agent_wished(key, wish, when, reason);
            }),
            Input::AgentLegUp(agent) => self.with_agent(agent, Self::agent_leg_up),
            Input::AgentLegDown { agent, why } => {
                self.with_agent(agent, |engine, key| engine.agent_leg_down(key, why));
            }
            Input::AgentRegistered(agent) => self.with_agent(agent, Self::agent_registered),
            Input::AgentUnregistered(agent) => self.with_agent(agent, Self::agent_unregistered),
            Input::WrapUpEnded(agent) => self.with_agent(agent, Self::wrap_up_ended),
            Input::OfferAccepted(offer) => self.offer_accepted(offer),
            Input::OfferSkipped(offer) => self.offer_skipped(offer),

            Input::CampaignLoaded(loaded) => self.campaign_loaded(*loaded),
            Input::Revised {
                campaign,
                revision,
                settings,
            } => self.revised(campaign, revision, *settings),
            Input::ContactsLoaded {
                campaign,
                load,
                contacts,
                next_due,
                more,
            } => {
                let answer = Answer {
                    load,
                    more,
                    next_due,
                };
                self.contacts_loaded(campaign, answer, contacts);
            }
            Input::DoNotCallChanged(changes) => self.do_not_call_changed(changes),
            Input::ContactsReturned { campaign, count } => self.contacts_returned(campaign, count),
            Input::ContactsSetAside {
                campaign,
                contacts,
                aside,
            } => self.set_aside(campaign, contacts, aside),
            Input::AsideStored {
                campaign,
                contacts,
                closed,
            } => {
                let closed = closed.into_iter().collect();
                self.aside_stored(campaign, &contacts, &closed);
            }
            Input::ContactsReleased { campaign, contacts } => self.released(campaign, &contacts),
            Input::AppointmentSet(rules) => self.appointment_set(rules),
            Input::AppointmentGone {
                appointment,
                revision,
            } => self.appointment_gone(appointment, revision),
            Input::AppointmentLoaded {
                appointment,
                contact,
            } => self.appointment_loaded(appointment, contact),
            Input::ImportBegins(campaign) => self.import_changed(campaign, true),
            Input::ImportEnds(campaign) => self.import_changed(campaign, false),
            Input::ContactsAdded { campaign, count } => self.contacts_added(campaign, count),
            Input::Reordered(id) => self.reordered(id),
            Input::ListReplaced {
                campaign,
                contacts,
                open,
            } => self.list_replaced(campaign, contacts, open),
            Input::ContactsRemoved { campaign, count } => self.contacts_removed(campaign, count),

            Input::Placed(attempt) => self.placed(attempt),
            Input::NotPlaced(attempt) => self.not_placed(attempt, false),
            Input::NeverPlaced(attempt) => self.not_placed(attempt, true),
            Input::Withheld(attempt) => self.withheld(attempt),
            Input::Responded(attempt) => self.responded(attempt),
            Input::Progressed { attempt, progress } => self.progressed(attempt, progress),
            Input::EarlyMediaHeard(attempt) => self.early_media_heard(attempt),
            Input::Answered(attempt) => self.answered(attempt),
            Input::Joined(attempt) => self.joined(attempt),
            Input::FlowFailed(attempt) => self.flow_failed(attempt),
            Input::HandedBack(attempt) => self.handed_back(attempt),
            Input::FlowEnded(attempt) => self.flow_ended(attempt),
            Input::Ended { attempt, evidence } => self.ended(attempt, evidence),
            Input::HangUpAsked(attempt) => self.hang_up_asked(attempt),
            Input::MarkedAsMachine(attempt) => self.marked_as_machine(attempt),
        }
    }
}
