//! A small world that a test drives by hand: an engine, a store that answers at once, and the orders
//! that came out.

// Each test binary uses its own part of it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use outdial_domain::*;
use outdial_engine::input::*;
use outdial_engine::output::*;
use outdial_engine::{CampaignView, CommandError, Engine, EngineConfig};

pub const GROUP: SkillGroupId = SkillGroupId::new(255);
pub const FLOW: FlowId = FlowId::new(4600);

pub const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

pub fn trunk_name() -> TrunkName {
    TrunkName::new("carrier").unwrap()
}

pub fn number(n: u64) -> PhoneNumber {
    PhoneNumber::dial_string(&format!("{n}")).unwrap()
}

pub fn caller_id() -> PhoneNumber {
    number(10085)
}

pub fn agent_id(n: u32) -> AgentId {
    AgentId::new(&format!("{n}")).unwrap()
}

pub fn campaign_id(n: u32) -> CampaignId {
    CampaignId::new(n).unwrap()
}

pub fn always() -> Calendar {
    Calendar::always("Asia/Shanghai").unwrap()
}

pub fn settings(mode: Mode) -> Settings {
    let target = if mode.name().needs_agents() {
        Target::SkillGroup(GROUP)
    } else {
        Target::Flow(FLOW)
    };
    Settings::new("spring", mode, target, vec![caller_id()], always())
}

/// What the store holds of a contact.
#[derive(Clone, Debug)]
pub struct Stored {
    pub contact: DueContact,
    pub campaign: CampaignId,
    pub place: ContactPlace,
    pub last_outcome: Option<Outcome>,
}

/// The world.
pub struct World {
    pub engine: Engine,
    pub now: Timestamp,
    pub contacts: BTreeMap<ContactId, Stored>,
    /// The do-not-call list.
    pub listed: BTreeMap<PhoneNumber, Listing>,
    /// Contacts in a call, whatever their place says.
    pub in_progress: BTreeMap<ContactId, AttemptId>,
    /// Orders that no test has looked at yet.
    pub orders: Vec<Output>,
    pub ended: Vec<AttemptEnd>,
    pub wake_at: Option<Timestamp>,
    /// Facts that the store owes.
    answers: Vec<Input>,
    /// What was told of campaigns: the engine forgets those that have ended for ever.
    states: BTreeMap<CampaignId, CampaignState>,
    /// Whether loads are answered.
    pub store_answers: bool,
}

impl World {
    /// A tenant with 1,000 lines on one trunk and one caller ID; it is noon in Shanghai.
    pub fn new() -> Self {
        let engine = Engine::new(EngineConfig {
            tenant: TenantId::new(1),
            seed: 1,
            next_attempt: AttemptId::new(1),
        });
        let mut world = Self {
            engine,
            now: Timestamp::parse_rfc3339("2026-11-20T12:00:00+08:00").unwrap(),
            contacts: BTreeMap::new(),
            listed: BTreeMap::new(),
            in_progress: BTreeMap::new(),
            orders: Vec::new(),
            ended: Vec::new(),
            wake_at: None,
            answers: Vec::new(),
            states: BTreeMap::new(),
            store_answers: true,
        };
        world.tenant(|_| ());
        world.trunk("carrier", |_| ());
        world.permit("carrier", 1_000, None);
        world.caller_ids(vec![CallerId::unlimited(caller_id())]);
        world.orders.clear();
        world
    }

    pub fn tenant(&mut self, change: impl FnOnce(&mut TenantRules)) {
        let mut rules = TenantRules {
            max_calls: 1_000,
            time_zone: "Asia/Shanghai".into(),
            compliance: ComplianceProfile::none(),
        };
        change(&mut rules);
        self.fact(Input::TenantSet(rules));
    }

    pub fn trunk(&mut self, name: &str, change: impl FnOnce(&mut TrunkRules)) {
        let mut rules = TrunkRules {
            name: TrunkName::new(name).unwrap(),
            caller_ids: Vec::new(),
            failover_on: vec![FailoverCause::Status(503), FailoverCause::Timeout],
            weight: 1,
            cause_map: CauseMap::default(),
            longest_call: LONGEST_CALL,
        };
        change(&mut rules);
        self.fact(Input::TrunkSet(rules));
    }

    pub fn permit(&mut self, name: &str, calls: u32, calls_per_1000_s: Option<u32>) {
        self.fact(Input::PermitSet {
            trunk: TrunkName::new(name).unwrap(),
            permit: Permit {
                calls,
                calls_per_1000_s,
            },
        });
    }

    pub fn caller_ids(&mut self, caller_ids: Vec<CallerId>) {
        self.fact(Input::CallerIdsSet(caller_ids));
    }

    /// Loads a draft campaign and fills its list with contacts `first..first + count`, whose numbers
    /// are 100,000 and up.
    pub fn campaign(&mut self, id: u32, settings: Settings, first: u64, count: u64) {
        self.load(id, settings, CampaignState::Draft);
        self.add_contacts(id, first, count);
    }

    pub fn load(&mut self, id: u32, settings: Settings, state: CampaignState) {
        assert_eq!(settings.problems(), []);
        let open = self.open_contacts(id);
        self.fact(Input::CampaignLoaded(Box::new(LoadedCampaign {
            campaign: Campaign {
                id: campaign_id(id),
                uuid: String::new(),
                tenant: TenantId::new(1),
                origin: Origin::Rest,
                state,
                revision: RevisionNumber::new(1),
                settings,
                created_at: self.now,
                extras: Default::default(),
            },
            open_contacts: open,
            contacts: open,
            ledger: Vec::new(),
        })));
    }

    pub fn open_contacts(&self, id: u32) -> u64 {
        let own = self.contacts.values().filter(|c| c.campaign.number() == id);
        own.filter(|c| !c.place.is_final()).count() as u64
    }

    pub fn add_contacts(&mut self, id: u32, first: u64, count: u64) {
        for n in first..first + count {
            self.store_contact(id, n, |_| ());
        }
        self.fact(Input::ContactsAdded {
            campaign: campaign_id(id),
            count,
        });
    }

    /// Puts a contact into the list without telling the engine.
    pub fn store_contact(&mut self, id: u32, n: u64, change: impl FnOnce(&mut DueContact)) {
        let mut contact = DueContact {
            id: ContactId::new(n),
            numbers: vec![number(100_000 + n)],
            time_zone: None,
            priority: 3,
            rested: false,
            order_key: n as i64,
            history: History::default(),
            number_calls_today: 0,
            listed: Vec::new(),
        };
        change(&mut contact);
        let stored = Stored {
            contact,
            campaign: campaign_id(id),
            place: ContactPlace::Fresh,
            last_outcome: None,
        };
        self.contacts.insert(stored.contact.id, stored);
    }

    /// Puts a number on the do-not-call list, and tells.
    pub fn list(&mut self, number: PhoneNumber, until: Option<Timestamp>) {
        let listing = Listing {
            since: self.now,
            until,
        };
        self.listed.insert(number, listing);
        self.fact(Input::DoNotCallChanged(vec![(number, Some(listing))]));
    }

    /// Takes a number off the do-not-call list, lets contacts that were left out return, and tells.
    pub fn unlist(&mut self, number: PhoneNumber) {
        self.listed.remove(&number);
        let mut returned: BTreeMap<CampaignId, u64> = BTreeMap::new();
        for stored in self.contacts.values_mut() {
            if stored.place == ContactPlace::LeftOut && stored.contact.numbers.contains(&number) {
                stored.place = ContactPlace::Fresh;
                *returned.entry(stored.campaign).or_default() += 1;
            }
        }
        self.fact(Input::DoNotCallChanged(vec![(number, None)]));
        for (campaign, count) in returned {
            self.fact(Input::ContactsReturned { campaign, count });
        }
    }

    /// Sets contacts aside, and lets the store follow.
    pub fn set_aside(&mut self, id: u32, contacts: &[u64], aside: Aside) {
        let contacts: Vec<_> = contacts.iter().map(|n| ContactId::new(*n)).collect();
        let in_hand = self.ask_aside(id, &contacts, aside);
        self.store_aside(id, contacts, &in_hand, aside);
    }

    /// The engine's part of it; answers the contacts that it has in hand.
    pub fn ask_aside(&mut self, id: u32, contacts: &[ContactId], aside: Aside) -> Vec<ContactId> {
        let campaign = campaign_id(id);
        self.fact(Input::ContactsSetAside {
            campaign,
            contacts: contacts.to_vec(),
            aside,
        });
        self.engine.in_hand(campaign, contacts)
    }

    /// The store's part of it.
    pub fn store_aside(
        &mut self,
        id: u32,
        contacts: Vec<ContactId>,
        in_hand: &[ContactId],
        aside: Aside,
    ) {
        let mut closed = Vec::new();
        for contact in contacts.iter().filter(|contact| !in_hand.contains(contact)) {
            let calling = self.in_progress.contains_key(contact);
            let Some(stored) = self.contacts.get_mut(contact).filter(|_| !calling) else {
                continue;
            };
            if stored.campaign == campaign_id(id) && !stored.place.is_final() {
                stored.place = aside.place();
                stored.last_outcome = aside.outcome().or(stored.last_outcome);
                closed.extend(stored.place.is_final().then_some(*contact));
            }
        }
        self.fact(Input::AsideStored {
            campaign: campaign_id(id),
            contacts,
            closed,
        });
    }

    /// Releases contacts that are held.
    pub fn release(&mut self, id: u32, contacts: Vec<ContactId>) {
        let campaign = campaign_id(id);
        self.fact(Input::ContactsReleased {
            campaign,
            contacts: contacts.clone(),
        });
        for contact in contacts {
            let stored = self.contacts.get_mut(&contact);
            let Some(stored) = stored.filter(|stored| stored.place == ContactPlace::Held) else {
                continue;
            };
            stored.place = match stored.contact.history.dialed {
                0 => ContactPlace::Fresh,
                _ => ContactPlace::Resting(self.now),
            };
        }
        self.fact(Input::ContactsReturned { campaign, count: 0 });
    }

    pub fn command(
        &mut self,
        id: u32,
        command: LifeCycleCommand,
    ) -> Result<CampaignState, CommandError> {
        let command = Command {
            campaign: campaign_id(id),
            command,
        };
        let answer = self.engine.command(self.now, command);
        self.take_orders();
        answer
    }

    pub fn start(&mut self, id: u32) {
        self.command(id, LifeCycleCommand::Start).unwrap();
    }

    /// Adds agents `first..first + count` to the group and makes them ready, phones connected.
    pub fn ready_agents(&mut self, first: u32, count: u32) {
        for n in first..first + count {
            self.agent(n, &[GROUP], Connection::Permanent);
            self.wish(n, WishedState::Ready, BreakTime::Now);
            self.fact(Input::AgentLegUp(agent_id(n)));
        }
    }

    pub fn agent(&mut self, n: u32, groups: &[SkillGroupId], connection: Connection) {
        self.fact(Input::AgentSet(AgentRules {
            id: agent_id(n),
            skill_groups: groups.to_vec(),
            connection,
            registers: false,
        }));
    }

    pub fn wish(&mut self, n: u32, wish: WishedState, when: BreakTime) {
        self.fact(Input::AgentWished {
            agent: agent_id(n),
            wish,
            when,
            reason: String::new(),
        });
    }

    pub fn agent_state(&self, n: u32) -> AgentState {
        self.engine.agent(agent_id(n)).unwrap().state
    }

    /// Gives the engine a fact and takes its orders.
    pub fn fact(&mut self, input: Input) {
        if let Input::NotPlaced(attempt) | Input::NeverPlaced(attempt) = input {
            // The store has no trace of it, so its contact is not in progress.
            self.in_progress.retain(|_, a| *a != attempt);
        }
        self.engine.handle(self.now, input);
        self.take_orders();
    }

    /// Lets time pass, waking the engine whenever it wants to be.
    pub fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.wake_at.filter(|&at| at <= until) {
            self.now = self.now.max(at);
            self.wake_at = None;
            self.fact(Input::TimeReached);
        }
        self.now = until;
        self.fact(Input::TimeReached);
    }

    fn take_orders(&mut self) {
        loop {
            while let Some(order) = self.engine.poll() {
                self.obey(&order);
                self.orders.push(order);
            }
            if self.answers.is_empty() {
                return;
            }
            for answer in std::mem::take(&mut self.answers) {
                self.engine.handle(self.now, answer);
            }
        }
    }

    /// What the store does with an order.
    fn obey(&mut self, order: &Output) {
        match order {
            Output::Dial(dial) => {
                let before = self.in_progress.insert(dial.contact, dial.attempt);
                assert_eq!(before, None, "contact {} is in a call", dial.contact);
            }
            Output::AttemptEnded(end) => {
                self.in_progress.remove(&end.contact.contact);
                self.update(&end.contact);
                self.ended.push((**end).clone());
            }
            Output::ContactsMoved(moved) => {
                for update in moved {
                    assert!(
                        !self.in_progress.contains_key(&update.contact),
                        "a contact in a call is moved"
                    );
                    self.update(update);
                }
            }
            Output::LoadContacts {
                campaign,
                load,
                count,
                holds,
            } if self.store_answers => {
                let answer = self.due(*campaign, *load, *count as usize, holds);
                self.answers.push(answer);
            }
            Output::LoadAppointment {
                appointment,
                contact,
                ..
            } if self.store_answers => {
                let found = self.contacts.get(contact);
                let free = found.filter(|_| !self.in_progress.contains_key(contact));
                let contact = free.map(|stored| self.as_reserved(stored));
                self.answers.push(Input::AppointmentLoaded {
                    appointment: *appointment,
                    contact,
                });
            }
            Output::CampaignChanged { campaign, state } => {
                self.states.insert(*campaign, *state);
            }
            Output::WakeAt { when, .. } => self.wake_at = Some(*when),
            _ => {}
        }
    }

    fn as_reserved(&self, stored: &Stored) -> AppointmentContact {
        let mut contact = stored.contact.clone();
        if let ContactPlace::Resting(t) = stored.place {
            contact.rested = true;
            contact.order_key = t.millis();
        }
        let listing = |n: &PhoneNumber| Some((*n, *self.listed.get(n)?));
        contact.listed = contact.numbers.iter().filter_map(listing).collect();
        AppointmentContact {
            contact,
            is_final: stored.place.is_final(),
        }
    }

    fn update(&mut self, update: &ContactUpdate) {
        let stored = self.contacts.get_mut(&update.contact).unwrap();
        stored.place = update.place;
        stored.contact.history = update.history.clone();
        if update.last_outcome.is_some() {
            stored.last_outcome = update.last_outcome;
        }
    }

    fn due(&self, campaign: CampaignId, load: u64, count: usize, holds: &[ContactId]) -> Input {
        let free = self.contacts.values().filter(|stored| {
            stored.campaign == campaign
                && !holds.contains(&stored.contact.id)
                && !self.in_progress.contains_key(&stored.contact.id)
        });
        let mut next_due = None;
        let mut due = Vec::new();
        for stored in free {
            let mut contact = stored.contact.clone();
            let listing = |n: &PhoneNumber| Some((*n, *self.listed.get(n)?));
            contact.listed = contact.numbers.iter().filter_map(listing).collect();
            match stored.place {
                ContactPlace::Done | ContactPlace::LeftOut | ContactPlace::Held => continue,
                ContactPlace::Fresh => contact.rested = false,
                ContactPlace::Resting(t) if t > self.now => {
                    next_due = Some(next_due.map_or(t, |n: Timestamp| n.min(t)));
                    continue;
                }
                ContactPlace::Resting(t) => {
                    contact.rested = true;
                    contact.order_key = t.millis();
                }
            }
            due.push(contact);
        }
        due.sort_by_key(|c| (c.priority, !c.rested, c.order_key, c.id));
        let more = due.len() > count;
        due.truncate(count);
        Input::ContactsLoaded {
            campaign,
            load,
            contacts: due,
            next_due,
            more,
        }
    }

    /// Takes the orders so far that `pick` finds interesting.
    pub fn take<T>(&mut self, pick: impl Fn(&Output) -> Option<T>) -> Vec<T> {
        let found = self.orders.iter().filter_map(&pick).collect();
        self.orders.retain(|order| pick(order).is_none());
        found
    }

    /// Takes the dial orders so far.
    pub fn dials(&mut self) -> Vec<Dial> {
        self.take(|order| match order {
            Output::Dial(dial) => Some((**dial).clone()),
            _ => None,
        })
    }

    /// Takes the only dial order so far, and places it.
    pub fn dial(&mut self) -> Dial {
        let dials = self.dials();
        assert_eq!(dials.len(), 1, "{dials:?}");
        self.fact(Input::Placed(dials[0].attempt));
        dials[0].clone()
    }

    pub fn joins(&mut self) -> Vec<(AttemptId, AgentId)> {
        self.take(|order| match order {
            Output::Join { attempt, agent } => Some((*attempt, *agent)),
            _ => None,
        })
    }

    pub fn cancels(&mut self) -> Vec<AttemptId> {
        self.take(|order| match order {
            Output::Cancel(attempt) => Some(*attempt),
            _ => None,
        })
    }

    pub fn hang_ups(&mut self) -> Vec<AttemptId> {
        self.take(|order| match order {
            Output::HangUp(attempt) => Some(*attempt),
            _ => None,
        })
    }

    pub fn rings(&mut self, attempt: AttemptId) {
        self.fact(Input::Progressed {
            attempt,
            progress: Progress::Ringing,
        });
    }

    /// The callee picks up and is joined with whoever the engine says.
    pub fn answer(&mut self, attempt: AttemptId) {
        self.fact(Input::Answered(attempt));
        if self.joins().iter().any(|&(joined, _)| joined == attempt) {
            self.fact(Input::Joined(attempt));
        }
    }

    /// The call ends; `status` is that of an INVITE that failed.
    pub fn end(&mut self, attempt: AttemptId, status: Option<u16>) {
        let evidence = Evidence {
            sip_status: status.or(Some(200)),
            responded: true,
            ended_by: Some(EndedBy::Remote),
            ..Evidence::default()
        };
        self.fact(Input::Ended { attempt, evidence });
    }

    /// How the last attempt ended.
    pub fn last_end(&self) -> &AttemptEnd {
        self.ended.last().unwrap()
    }

    pub fn outcome(&self) -> Outcome {
        self.last_end().attempt.outcome.unwrap()
    }

    pub fn view(&self, id: u32) -> CampaignView {
        self.engine.campaign_view(campaign_id(id)).unwrap()
    }

    pub fn state(&self, id: u32) -> CampaignState {
        let id = campaign_id(id);
        let view = self.engine.campaign_view(id);
        view.map_or_else(|| self.states[&id], |view| view.state)
    }

    /// The codes of all that keeps a campaign from dialing.
    pub fn refusals(&self, id: u32) -> Vec<String> {
        let refusals = self.view(id).not_dialing_because;
        refusals.into_iter().map(|refusal| refusal.code).collect()
    }
}
