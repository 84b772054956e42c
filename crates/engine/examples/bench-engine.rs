//! How many attempts a second the engine takes on one core: from the order to dial to the end of the
//! agent's wrap-up, every fact handed in and every order taken out. Nothing but the engine works
//! inside of the measured time, contacts are made before it.
//!
//! Run with `cargo run --release -p outdial-engine --example bench-engine`; prints one JSON line.

// A bench measures the clock that the engine itself must not see, and may stop where it is wrong.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used
)]

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use outdial_domain::*;
use outdial_engine::input::*;
use outdial_engine::output::*;
use outdial_engine::{Engine, EngineConfig};

const AGENTS: u32 = 1_000;
const LINES: u32 = 4_000;
const ATTEMPTS: u64 = 400_000;
/// What the progressive bench has to reach.
const GOAL: f64 = 200_000.0;
const ROUNDS: usize = 3;

/// What is dialed, and by whom.
struct Bench {
    mode: Mode,
    campaigns: u32,
    groups: u32,
    /// Of 100 calls so many are answered.
    answered: u64,
}

/// Time on the core: where the system tells it, what this thread has used, so that other programs on
/// the machine do not count; else the clock on the wall.
struct Watch {
    wall: Instant,
    core: Option<Duration>,
}

impl Watch {
    fn start() -> Self {
        Self {
            wall: Instant::now(),
            core: Self::core(),
        }
    }

    fn elapsed(&self) -> Duration {
        match (self.core, Self::core()) {
            (Some(begin), Some(end)) => end - begin,
            _ => self.wall.elapsed(),
        }
    }

    /// Linux: the first number of `schedstat` are nanoseconds on a core.
    fn core() -> Option<Duration> {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        let nanos = text.split_whitespace().next()?.parse().ok()?;
        Some(Duration::from_nanos(nanos))
    }
}

/// The engine and the world around it.
struct Run<'a> {
    bench: &'a Bench,
    engine: Engine,
    now: Timestamp,
    wake_at: Option<Timestamp>,
    facts: VecDeque<Input>,
    /// Contacts that no campaign has loaded yet, in batches.
    lists: Vec<Vec<DueContact>>,
    ended: u64,
    joined: u64,
}

fn number(n: u64) -> PhoneNumber {
    PhoneNumber::dial_string(&format!("{n}")).unwrap()
}

fn group(n: u32) -> SkillGroupId {
    SkillGroupId::new(u64::from(n))
}

fn contact(n: u64) -> DueContact {
    DueContact {
        id: ContactId::new(n),
        numbers: vec![number(13_000_000_000 + n)],
        time_zone: None,
        priority: 3,
        rested: false,
        order_key: n as i64,
        history: History::default(),
        number_calls_today: 0,
        listed: Vec::new(),
    }
}

impl<'a> Run<'a> {
    fn new(bench: &'a Bench) -> Self {
        let trunk = TrunkName::new("carrier").unwrap();
        let per_campaign = ATTEMPTS / u64::from(bench.campaigns);
        let list = |c: u32| {
            let first = u64::from(c) * per_campaign;
            (first..first + per_campaign).rev().map(contact).collect()
        };
        let mut run = Self {
            bench,
            engine: Engine::new(EngineConfig {
                tenant: TenantId::new(1),
                seed: 1,
                next_attempt: AttemptId::new(1),
            }),
            now: Timestamp::from_secs(1_800_000_000),
            wake_at: None,
            facts: VecDeque::new(),
            lists: (0..bench.campaigns).map(list).collect(),
            ended: 0,
            joined: 0,
        };
        run.facts.extend([
            Input::TenantSet(TenantRules {
                max_calls: LINES,
                time_zone: "Asia/Shanghai".into(),
                compliance: ComplianceProfile::none(),
            }),
            Input::TrunkSet(TrunkRules {
                name: trunk,
                caller_ids: Vec::new(),
                failover_on: vec![FailoverCause::Status(503)],
                weight: 1,
                cause_map: CauseMap::default(),
                longest_call: LONGEST_CALL,
            }),
            Input::PermitSet {
                trunk,
                permit: Permit {
                    calls: LINES,
                    calls_per_1000_s: None,
                },
            },
            Input::CallerIdsSet(vec![CallerId::unlimited(number(10085))]),
        ]);
        for n in 0..AGENTS {
            let id = AgentId::new(&format!("{n}")).unwrap();
            run.facts.extend([
                Input::AgentSet(AgentRules {
                    id,
                    skill_groups: vec![group(n % bench.groups)],
                    connection: Connection::Permanent,
                    registers: false,
                }),
                Input::AgentWished {
                    agent: id,
                    wish: WishedState::Ready,
                    when: BreakTime::Now,
                    reason: String::new(),
                },
                Input::AgentLegUp(id),
            ]);
        }
        for n in 0..bench.campaigns {
            run.facts.push_back(run.campaign(n, per_campaign));
        }
        run
    }

    fn campaign(&self, n: u32, contacts: u64) -> Input {
        let target = Target::SkillGroup(group(n % self.bench.groups));
        let calendar = Calendar::always("Asia/Shanghai").unwrap();
        let numbers = vec![number(10085)];
        let mut settings = Settings::new("bench", self.bench.mode, target, numbers, calendar);
        settings.wrap_up = Duration::from_secs(1);
        settings.max_calls = Some(LINES / self.bench.campaigns.min(10));
        Input::CampaignLoaded(Box::new(LoadedCampaign {
            campaign: Campaign {
                id: CampaignId::new(n + 1).unwrap(),
                uuid: String::new(),
                tenant: TenantId::new(1),
                origin: Origin::Rest,
                state: CampaignState::Running,
                revision: RevisionNumber::new(1),
                settings,
                created_at: self.now,
                extras: Default::default(),
            },
            open_contacts: contacts,
            contacts,
            ledger: Vec::new(),
        }))
    }

    /// Dials everything; gives the time that it took.
    fn run(&mut self) -> Duration {
        let begin = Watch::start();
        loop {
            while let Some(fact) = self.facts.pop_front() {
                self.engine.handle(self.now, fact);
                self.obey();
            }
            match self.wake_at.take() {
                Some(at) => {
                    self.now = self.now.max(at);
                    self.facts.push_back(Input::TimeReached);
                }
                None => return begin.elapsed(),
            }
        }
    }

    fn obey(&mut self) {
        while let Some(order) = self.engine.poll() {
            match order {
                Output::Dial(dial) => self.dialed(dial.attempt),
                Output::Join { attempt, .. } => {
                    self.joined += 1;
                    self.facts.push_back(Input::Joined(attempt));
                    self.facts.push_back(ended(attempt, 200));
                }
                Output::HangUp(attempt) => self.facts.push_back(ended(attempt, 200)),
                Output::AttemptEnded(end) => {
                    assert!(end.attempt.outcome.is_some());
                    self.ended += 1;
                }
                Output::LoadContacts {
                    campaign,
                    load,
                    count,
                    ..
                } => {
                    let list = &mut self.lists[campaign.number() as usize - 1];
                    let rest = list.len().saturating_sub(count as usize);
                    let mut contacts = list.split_off(rest);
                    contacts.reverse();
                    self.facts.push_back(Input::ContactsLoaded {
                        campaign,
                        load,
                        contacts,
                        next_due: None,
                        more: rest > 0,
                    });
                }
                Output::WakeAt { when, .. } => self.wake_at = Some(when),
                _ => {}
            }
        }
    }

    fn dialed(&mut self, attempt: AttemptId) {
        self.facts.push_back(Input::Placed(attempt));
        self.facts.push_back(Input::Progressed {
            attempt,
            progress: Progress::Ringing,
        });
        // The multiplier spreads answers over the attempts.
        if attempt.number() * 61 % 100 < self.bench.answered {
            self.facts.push_back(Input::Answered(attempt));
        } else {
            self.facts.push_back(ended(attempt, 486));
        }
    }
}

fn ended(attempt: AttemptId, status: u16) -> Input {
    Input::Ended {
        attempt,
        evidence: Evidence {
            sip_status: Some(status),
            responded: true,
            ..Evidence::default()
        },
    }
}

/// The best of some runs, in attempts a second.
fn measure(bench: &Bench) -> f64 {
    let mut best: f64 = 0.0;
    for _ in 0..ROUNDS {
        let mut run = Run::new(bench);
        let took = run.run();
        let attempts = ATTEMPTS / u64::from(bench.campaigns) * u64::from(bench.campaigns);
        assert_eq!(run.ended, attempts, "every contact is called once");
        assert!(run.joined > 0);
        best = best.max(run.ended as f64 / took.as_secs_f64());
    }
    best.round()
}

fn main() {
    let progressive = measure(&Bench {
        mode: Mode::Progressive,
        campaigns: 1,
        groups: 1,
        answered: 100,
    });
    let ratio = measure(&Bench {
        mode: Mode::Ratio(Ratio::from_hundredths(200).unwrap()),
        campaigns: 1,
        groups: 1,
        answered: 40,
    });
    let hundred = measure(&Bench {
        mode: Mode::Progressive,
        campaigns: 100,
        groups: 10,
        answered: 100,
    });
    let metric = |name: &str, value: f64| serde_json::json!({ "name": name, "value": value, "unit": "attempts/s" });
    let mut goal = metric("progressive, 1 campaign, 1,000 agents, 1 core", progressive);
    goal["limit"] = GOAL.into();
    goal["limit_kind"] = "min".into();
    goal["reference"] = "a fixed goal: 200,000 attempts a second on one core".into();
    let line = serde_json::json!({
        "bench": "engine",
        "metrics": [
            goal,
            metric("ratio 2.0, 40 % answered, 1 campaign, 1,000 agents, 1 core", ratio),
            metric("progressive, 100 campaigns in 10 groups, 1,000 agents, 1 core", hundred),
        ],
    });
    println!("{line}");
}
