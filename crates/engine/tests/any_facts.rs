//! Any facts in any order: the engine never panics, its counts stay right, what it was told to keep is
//! kept, and a restored engine goes on like the one it was taken of.

#![allow(clippy::unwrap_used)]

mod world;

use std::collections::{BTreeMap, BTreeSet};

use outdial_domain::*;
use outdial_engine::input::*;
use outdial_engine::output::Output;
use outdial_engine::{Engine, LegView};
use world::*;

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn percent(&mut self, p: u64) -> bool {
        self.below(100) < p
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

const AGENTS: u32 = 12;
const CAMPAIGNS: u32 = 6;
const OTHER_GROUP: SkillGroupId = SkillGroupId::new(7);

struct Chaos {
    world: World,
    draw: Draw,
    live: BTreeMap<AttemptId, PhoneNumber>,
    next_contact: u64,
    /// Attempts that were committed, or could not be.
    placed: BTreeSet<AttemptId>,
    /// Contacts that were set aside, of which the store does not know yet.
    owed: Vec<(u32, Vec<ContactId>, Vec<ContactId>, Aside)>,
}

impl Chaos {
    fn new(seed: u64) -> Self {
        let mut world = World::new();
        let mut draw = Draw(seed);
        world.trunk("second", |t| t.weight = 2);
        world.permit("carrier", 1 + draw.below(12) as u32, Some(4_000));
        world.permit("second", draw.below(8) as u32, None);
        world.tenant(|t| {
            t.max_calls = 1 + draw.below(15) as u32;
            if draw.percent(50) {
                t.compliance.abandon_after = Some(secs(1));
                t.compliance.calls_per_number_per_day = Some(5);
            }
        });
        for n in 0..AGENTS {
            let groups: &[_] = match n % 3 {
                0 => &[GROUP],
                1 => &[GROUP, OTHER_GROUP],
                _ => &[OTHER_GROUP],
            };
            let connection = draw.of(&[Connection::Permanent, Connection::PerCall]);
            world.agent(n, groups, connection);
        }
        let mut chaos = Self {
            world,
            draw,
            live: BTreeMap::new(),
            owed: Vec::new(),
            next_contact: 0,
            placed: BTreeSet::new(),
        };
        for id in 1..=CAMPAIGNS {
            let settings = chaos.any_settings();
            chaos.world.campaign(id, settings, 0, 0);
            chaos.world.start(id);
        }
        chaos
    }

    fn any_settings(&mut self) -> Settings {
        let draw = &mut self.draw;
        let ratio = Ratio::from_hundredths(draw.of(&[50, 100, 250])).unwrap();
        let preview = PreviewRules {
            every: secs(draw.of(&[0, 20])),
            offers: draw.of(&[0, 2]),
            dial_after: draw.of(&[None, Some(secs(5))]),
            offer: secs(15),
        };
        let mode = draw.of(&[
            Mode::Progressive,
            Mode::Preempted,
            Mode::Ratio(ratio),
            Mode::Preview(preview),
            Mode::Concurrency,
            Mode::Rate {
                calls: 3,
                interval: secs(10),
            },
        ]);
        let mut settings = settings(mode);
        if mode.name().needs_agents() && draw.percent(40) {
            settings.target = Target::SkillGroup(OTHER_GROUP);
        }
        if mode.name().needs_agents() && draw.percent(20) {
            settings.flow_first = Some(Target::Flow(FLOW));
        }
        settings.wrap_up = secs(draw.below(5));
        settings.answer_wait = secs(draw.below(6));
        settings.priority = 1 + draw.below(5) as u8;
        settings.guaranteed_calls = draw.of(&[0, 0, 2]);
        settings.max_calls = draw.of(&[None, Some(4)]);
        settings.retry.attempts_total = 1 + draw.below(3) as u32;
        settings.retry.interval = secs(draw.of(&[0, 10, 60]));
        settings.at_end = draw.of(&[AtEnd::LetRing, AtEnd::CancelRinging]);
        settings
    }

    fn any_agent(&mut self) -> u32 {
        self.draw.below(u64::from(AGENTS) + 1) as u32
    }

    fn any_attempt(&mut self) -> AttemptId {
        let live: Vec<_> = self.live.keys().copied().collect();
        if live.is_empty() || self.draw.percent(2) {
            AttemptId::new(self.draw.below(500))
        } else {
            self.draw.of(&live)
        }
    }

    fn step(&mut self) {
        match self.draw.below(100) {
            0..50 => self.call_fact(),
            50..68 => self.agent_fact(),
            68..90 => {
                let millis = self.draw.of(&[1, 100, 700, 2_000, 9_000]);
                self.world.wait(std::time::Duration::from_millis(millis));
            }
            90..94 => {
                let (id, count) = (
                    1 + self.draw.below(u64::from(CAMPAIGNS)),
                    self.draw.below(9),
                );
                let first = self.next_contact;
                self.next_contact += count;
                for n in first..first + count {
                    // Some numbers are in several campaigns.
                    let same = number(200_000 + self.draw.below(60));
                    let two = self.draw.percent(30);
                    self.world.store_contact(id as u32, n, |c| {
                        c.numbers = if two {
                            vec![same, number(900_000 + n)]
                        } else {
                            vec![same]
                        };
                    });
                }
                let campaign = campaign_id(id as u32);
                self.world.fact(Input::ContactsAdded { campaign, count });
            }
            _ => self.rare_fact(),
        }
        self.follow();
    }

    fn call_fact(&mut self) {
        let attempt = self.any_attempt();
        let status = self.draw.of(&[486, 404, 503, 480, 487, 200]);
        let evidence = Evidence {
            sip_status: Some(status),
            responded: true,
            ..Evidence::default()
        };
        let fact = match self.draw.below(24) {
            0..6 => Input::Placed(attempt),
            6 => return self.not_placed(attempt),
            7..11 => Input::Progressed {
                attempt,
                progress: Progress::Ringing,
            },
            11..14 => Input::Answered(attempt),
            14..17 => Input::Joined(attempt),
            17 => Input::FlowFailed(attempt),
            18 => Input::HandedBack(attempt),
            19 => Input::FlowEnded(attempt),
            20 => Input::HangUpAsked {
                attempt,
                by_agent: attempt.number().is_multiple_of(2),
            },
            21 => Input::MarkedAsMachine(attempt),
            _ => Input::Ended { attempt, evidence },
        };
        self.placed.insert(attempt);
        self.world.fact(fact);
    }

    fn not_placed(&mut self, attempt: AttemptId) {
        if !self.placed.insert(attempt) {
            return;
        }
        let before = self.world.ended.len();
        self.world.fact(Input::NotPlaced(attempt));
        if self.world.ended.len() == before {
            self.live.remove(&attempt);
        }
    }

    fn agent_fact(&mut self) {
        let n = self.any_agent();
        let agent = agent_id(n);
        let wish = self.draw.of(&[
            WishedState::Ready,
            WishedState::Ready,
            WishedState::Ready,
            WishedState::Break,
            WishedState::Offline,
        ]);
        let why = self.draw.of(&[
            LegEnd::HungUp,
            LegEnd::NotReached,
            LegEnd::Lost,
            LegEnd::ByUs,
        ]);
        let fact = match self.draw.below(12) {
            0..4 => Input::AgentWished {
                agent,
                wish,
                when: self.draw.of(&[BreakTime::Now, BreakTime::AfterCall]),
                reason: String::new(),
            },
            4..9 => Input::AgentLegUp(agent),
            9 => Input::AgentLegDown { agent, why },
            10 => Input::WrapUpEnded(agent),
            _ => match self.world.engine.offers(agent).first() {
                Some(offer) if self.draw.percent(70) => Input::OfferAccepted(offer.id),
                Some(offer) => Input::OfferSkipped(offer.id),
                None => Input::OfferSkipped(OfferId(3)),
            },
        };
        self.world.fact(fact);
    }

    fn rare_fact(&mut self) {
        let id = 1 + self.draw.below(u64::from(CAMPAIGNS)) as u32;
        let campaign = campaign_id(id);
        let trunk = trunk_name();
        match self.draw.below(19) {
            16 | 17 => {
                let aside = self.draw.of(&[Aside::Held, Aside::Cancelled]);
                let first = self.draw.below(self.next_contact.max(1));
                let contacts: Vec<_> = (first..first + 5).map(ContactId::new).collect();
                let in_hand = self.world.ask_aside(id, &contacts, aside);
                self.owed.push((id, contacts, in_hand, aside));
            }
            18 => self.store_aside(),
            0 => {
                let _ = self.world.command(id, LifeCycleCommand::Pause);
            }
            1..4 => {
                let _ = self.world.command(id, LifeCycleCommand::Resume);
            }
            4 if self.draw.percent(5) => {
                let _ = self.world.command(id, LifeCycleCommand::Abort);
            }
            5 => {
                let settings = Box::new(self.any_settings());
                self.world.fact(Input::Revised {
                    campaign,
                    revision: RevisionNumber::new(2),
                    settings,
                });
            }
            6 => self.world.fact(Input::Halted {
                scope: self.draw.of(&[HaltScope::Tenant, HaltScope::Trunk(trunk)]),
                reason: "test".into(),
            }),
            7 | 8 => {
                self.world.fact(Input::HaltReleased(HaltScope::Tenant));
                self.world
                    .fact(Input::HaltReleased(HaltScope::Trunk(trunk)));
            }
            9 => self.world.fact(Input::TrunkProbed {
                trunk,
                answered: self.draw.percent(60),
            }),
            10 => self.world.fact(Input::BreakerLifted {
                trunk,
                suspects: self.draw.of(&[Suspects::Retry, Suspects::Keep]),
            }),
            11 => {
                let calls = self.draw.below(12) as u32;
                self.world.permit("second", calls, Some(9_000));
            }
            12 => {
                let groups = self
                    .draw
                    .of(&[&[GROUP][..], &[OTHER_GROUP], &[GROUP, OTHER_GROUP]]);
                let connection = self.draw.of(&[Connection::Permanent, Connection::PerCall]);
                let n = self.any_agent().min(AGENTS - 1);
                self.world.agent(n, groups, connection);
            }
            13 => {
                let agent = agent_id(self.any_agent());
                self.world.fact(Input::AgentGone(agent));
            }
            14 => {
                self.world
                    .fact(Input::TrunkGone(TrunkName::new("second").unwrap()));
                self.world.trunk("second", |_| ());
                self.world.permit("second", 5, None);
            }
            _ => {
                self.world.fact(Input::StoreFailing {
                    reason: Some("full".into()),
                });
                self.world.fact(Input::StoreFailing { reason: None });
            }
        }
    }

    /// The store follows what was asked of it, however much later.
    fn store_aside(&mut self) {
        for (id, contacts, in_hand, aside) in std::mem::take(&mut self.owed) {
            self.world.store_aside(id, contacts, &in_hand, aside);
        }
    }

    /// Follows the orders, and checks what must hold whatever happens.
    fn follow(&mut self) {
        for order in std::mem::take(&mut self.world.orders) {
            match order {
                Output::Dial(dial) => {
                    assert!(
                        !self.live.values().any(|&n| n == dial.number),
                        "two calls to one number"
                    );
                    self.live.insert(dial.attempt, dial.number);
                }
                Output::AttemptEnded(end) => {
                    assert!(self.live.remove(&end.attempt.id).is_some());
                    let policy_max = 3;
                    assert!(end.contact.history.attempts <= policy_max);
                }
                Output::Redial { attempt, .. } => {
                    self.placed.remove(&attempt);
                }
                Output::HangUpAgent(agent) => {
                    let why = LegEnd::ByUs;
                    self.world.fact(Input::AgentLegDown { agent, why });
                }
                _ => {}
            }
        }
        let wrong = self.world.engine.inconsistencies();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

impl Chaos {
    /// Everything works from now on: agents, trunks, callees who are busy or pick up.
    fn calm_down(&mut self) {
        let trunk = trunk_name();
        self.world.fact(Input::HaltReleased(HaltScope::Tenant));
        self.world
            .fact(Input::HaltReleased(HaltScope::Trunk(trunk)));
        self.world.permit("carrier", 10, None);
        self.world.permit("second", 10, None);
        for name in [trunk, TrunkName::new("second").unwrap()] {
            let suspects = Suspects::Keep;
            self.world.fact(Input::BreakerLifted {
                trunk: name,
                suspects,
            });
        }
        self.store_aside();
        for id in 1..=CAMPAIGNS {
            let all = (0..self.next_contact).map(ContactId::new);
            self.world.release(id, all.collect());
            let _ = self.world.command(id, LifeCycleCommand::Resume);
        }
        for n in 0..AGENTS {
            self.world
                .agent(n, &[GROUP, OTHER_GROUP], Connection::Permanent);
            self.world.wish(n, WishedState::Ready, BreakTime::Now);
        }
        for _ in 0..4_000 {
            self.be_helpful();
            let open = |id: &u32| self.world.state(*id) == CampaignState::Running;
            let lists: u64 = (1..=CAMPAIGNS)
                .filter(open)
                .map(|id| self.world.open_contacts(id))
                .sum();
            if lists == 0 && self.live.is_empty() {
                return;
            }
        }
        for id in 1..=CAMPAIGNS {
            let open = self.world.open_contacts(id);
            if self.world.state(id) != CampaignState::Running || open == 0 {
                continue;
            }
            eprintln!("campaign {id}: {open} open, {:#?}", self.world.view(id));
            let own = self
                .world
                .contacts
                .values()
                .filter(|c| c.campaign.number() == id);
            let open = own.filter(|c| c.place != ContactPlace::Done);
            eprintln!("{:#?}", open.collect::<Vec<_>>());
        }
        for n in 0..AGENTS {
            eprintln!("{:?}", self.world.engine.agent(agent_id(n)));
        }
        panic!("calls that are possible are not made: {:?}", self.live);
    }

    /// One step of a world in which everything works.
    fn be_helpful(&mut self) {
        for n in 0..AGENTS {
            let agent = agent_id(n);
            if self
                .world
                .engine
                .agent(agent)
                .is_some_and(|a| a.leg == LegView::Calling)
            {
                self.world.fact(Input::AgentLegUp(agent));
            }
            for offer in self.world.engine.offers(agent) {
                self.world.fact(Input::OfferAccepted(offer.id));
            }
        }
        let live: Vec<_> = self.live.keys().copied().collect();
        for attempt in live {
            let busy = attempt.number() % 3 == 0;
            self.world.fact(Input::Placed(attempt));
            if !busy {
                self.world.answer(attempt);
                self.world.fact(Input::Joined(attempt));
                self.world.fact(Input::HandedBack(attempt));
                self.world.fact(Input::Joined(attempt));
            }
            self.world.end(attempt, busy.then_some(486));
        }
        self.follow();
        // Where there is nothing to do now, the engine knows when there will be.
        match self.world.wake_at {
            Some(at) if self.live.is_empty() => self.world.wait(at.since(self.world.now)),
            _ => self.world.wait(secs(1)),
        }
        self.follow();
    }
}

/// How many worlds to try: `OUTDIAL_SEEDS` asks for more of them.
fn seeds(usual: u64) -> u64 {
    let asked = std::env::var("OUTDIAL_SEEDS").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(usual)
}

#[test]
fn any_facts_leave_the_engine_in_order() {
    let mut ended = 0;
    for seed in 0..seeds(20) {
        let mut chaos = Chaos::new(seed);
        for _ in 0..1_500 {
            chaos.step();
        }
        chaos.calm_down();
        ended += chaos.world.ended.len();
    }
    assert!(ended > 1_000, "only {ended} calls");
}

#[test]
fn a_restored_engine_goes_on_byte_for_byte() {
    for seed in 1_000..1_000 + seeds(5) {
        let mut chaos = Chaos::new(seed);
        for _ in 0..400 {
            chaos.step();
        }
        let bytes = chaos.world.engine.snapshot();
        let mut other = Engine::restore(&bytes).unwrap();
        assert_eq!(other.snapshot(), bytes);
        for _ in 0..400 {
            chaos.step();
        }
        // The same facts once more, from the snapshot on.
        let mut again = Chaos::new(seed);
        for _ in 0..400 {
            again.step();
        }
        std::mem::swap(&mut again.world.engine, &mut other);
        for _ in 0..400 {
            again.step();
        }
        assert_eq!(again.world.engine.snapshot(), chaos.world.engine.snapshot());
    }
}
