//! One shift: events in the order of time, and a policy that is asked after each and at each tick.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use super::draws::{Draws, Result};
use super::policy::Policy;

/// Seconds between two ticks.
const TICK: f64 = 0.5;

/// A team at work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Team {
    /// Agents, all of them idle when the shift begins.
    pub agents: u32,
    /// Seconds of the shift.
    pub shift: f64,
    /// Seconds from a live answer until it is abandoned.
    pub patience: f64,
    /// Seconds after a live answer until it is known that a person answered.
    pub detection: f64,
}

impl Team {
    /// The yardstick's shift for so many agents.
    #[must_use]
    pub fn of(agents: u32) -> Self {
        Self {
            agents,
            shift: if agents >= 500 { 14_400.0 } else { 28_800.0 },
            patience: 2.0,
            detection: 0.0,
        }
    }

    /// Lines for ringing, waiting and talking callees; launches beyond are dropped.
    #[must_use]
    pub fn lines(&self) -> u32 {
        6 * self.agents + 10
    }
}

/// What has happened since the last step. Times in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A person picked up.
    Live {
        /// Since the launch.
        rang: f64,
    },
    /// A call came to nothing.
    NotAnswered {
        /// How.
        result: Result,
        /// Since the launch.
        rang: f64,
    },
    /// An agent took a live answer.
    Connected {
        /// Since the answer.
        waited: f64,
    },
    /// Nobody took a live answer in time.
    Abandoned,
    /// A conversation is over, and its wrap-up begins.
    TalkEnded {
        /// How long it was.
        talked: f64,
    },
    /// A wrap-up is over.
    AgentFree {
        /// How long it was.
        wrapped_up: f64,
    },
}

/// What a policy is asked with. Ages are in seconds, the oldest first.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Seconds since the shift began.
    pub time: f64,
    /// What has happened since the last step.
    pub events: &'a [Event],
    /// Agents logged in.
    pub agents: u32,
    /// Agents who are free.
    pub idle: u32,
    /// Lines that are free.
    pub free_lines: u32,
    /// Ages of the calls that ring.
    pub ringing: &'a [f64],
    /// Ages of the answers that wait.
    pub waiting: &'a [f64],
    /// Ages of conversations.
    pub talking: &'a [f64],
    /// Ages of wrap-ups.
    pub wrapping: &'a [f64],
    /// What was counted so far.
    pub tally: Tally,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Calls launched.
    pub launched: u64,
    /// Live answers.
    pub live: u64,
    /// Live answers that nobody took in time.
    pub abandoned: u64,
    /// Seconds that agents talked and wrapped up within the shift.
    pub busy: f64,
}

/// A shift that is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// What was counted.
    pub tally: Tally,
    /// Talk and wrap-up of the agents' time, between 0 and 1.
    pub occupancy: f64,
    /// Times that the policy was asked.
    pub steps: u64,
}

impl Shift {
    /// Abandoned of all live answers, between 0 and 1.
    #[must_use]
    pub fn abandonment(&self) -> f64 {
        self.tally.abandoned as f64 / self.tally.live.max(1) as f64
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Due {
    Result(u64, Result),
    Known(u64, f64),
    GivesUp(u64),
    TalkEnds(u64),
    WrapUpEnds(u64),
    Tick,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Timed {
    at: f64,
    order: u64,
    due: Due,
}

impl Eq for Timed {}

impl Ord for Timed {
    fn cmp(&self, other: &Self) -> Ordering {
        // The earliest is the greatest, since a heap gives the greatest first.
        let by_time = other.at.total_cmp(&self.at);
        by_time.then(other.order.cmp(&self.order))
    }
}

impl PartialOrd for Timed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Beginnings by call; calls are launched, joined and ended in the order of time, but for few.
type Since = BTreeMap<(u64, u64), f64>;

struct World<'a> {
    draws: &'a Draws,
    team: &'a Team,
    due: BinaryHeap<Timed>,
    order: u64,
    now: f64,
    idle: u32,
    ringing: Since,
    waiting: VecDeque<(f64, u64)>,
    talking: Since,
    wrapping: Since,
    /// Under which key a call stands in the map of its state.
    keys: BTreeMap<u64, (u64, u64)>,
    /// When a call was launched: what becomes of it depends on that.
    launched: BTreeMap<u64, f64>,
    events: Vec<Event>,
    tally: Tally,
}

/// Runs one shift.
pub fn run(draws: &Draws, team: &Team, policy: &mut dyn Policy) -> Shift {
    let mut world = World::new(draws, team);
    let mut steps = 0;
    let mut ages: [Vec<f64>; 4] = Default::default();
    while let Some(Timed { at, due, .. }) = world.due.pop().filter(|next| next.at < team.shift) {
        world.now = at;
        world.events.clear();
        world.happen(due);
        world.ages(&mut ages);
        let [ringing, waiting, talking, wrapping] = &ages;
        let taken = ringing.len() + waiting.len() + talking.len();
        let free_lines = team.lines().saturating_sub(taken as u32);
        let step = Step {
            time: at,
            events: &world.events,
            agents: team.agents,
            idle: world.idle,
            free_lines,
            ringing,
            waiting,
            talking,
            wrapping,
            tally: world.tally,
        };
        steps += 1;
        for _ in 0..policy.launch(&step).min(free_lines) {
            world.launch();
        }
    }
    let logged_in = f64::from(team.agents) * team.shift;
    Shift {
        occupancy: world.tally.busy / logged_in,
        tally: world.tally,
        steps,
    }
}

impl<'a> World<'a> {
    fn new(draws: &'a Draws, team: &'a Team) -> Self {
        let mut world = Self {
            draws,
            team,
            due: BinaryHeap::new(),
            order: 0,
            now: 0.0,
            idle: team.agents,
            ringing: Since::new(),
            waiting: VecDeque::new(),
            talking: Since::new(),
            wrapping: Since::new(),
            keys: BTreeMap::new(),
            launched: BTreeMap::new(),
            events: Vec::new(),
            tally: Tally::default(),
        };
        world.after(0.0, Due::Tick);
        world
    }

    fn after(&mut self, secs: f64, due: Due) {
        self.order += 1;
        let at = self.now + secs;
        let order = self.order;
        self.due.push(Timed { at, order, due });
    }

    /// Puts a call into the map of a state.
    fn begin(&mut self, call: u64, state: fn(&mut Self) -> &mut Since) {
        self.order += 1;
        let (key, now) = ((self.order, call), self.now);
        self.keys.insert(call, key);
        state(self).insert(key, now);
    }

    /// Takes a call out of the map of a state; how long it was there.
    fn end(&mut self, call: u64, state: fn(&mut Self) -> &mut Since) -> f64 {
        let key = self.keys.remove(&call).unwrap_or_default();
        let began = state(self).remove(&key);
        self.now - began.unwrap_or(self.now)
    }

    fn launch(&mut self) {
        let call = self.tally.launched;
        self.tally.launched += 1;
        let callee = self.draws.callee(call, self.now);
        self.launched.insert(call, self.now);
        self.begin(call, |world| &mut world.ringing);
        self.after(callee.rings, Due::Result(call, callee.result));
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Tick => self.after(TICK, Due::Tick),
            Due::Result(call, Result::Live) if self.team.detection > 0.0 => {
                let answered = self.now;
                self.after(self.team.detection, Due::Known(call, answered));
            }
            Due::Result(call, Result::Live) => self.live(call, self.now),
            Due::Result(call, result) => {
                let rang = self.end(call, |world| &mut world.ringing);
                self.launched.remove(&call);
                self.events.push(Event::NotAnswered { result, rang });
            }
            Due::Known(call, answered) => self.live(call, answered),
            Due::GivesUp(call) => self.give_up(call),
            Due::TalkEnds(call) => {
                let talked = self.end(call, |world| &mut world.talking);
                self.events.push(Event::TalkEnded { talked });
                self.begin(call, |world| &mut world.wrapping);
                let wrap_up = self.callee(call).wrap_up;
                self.after(wrap_up, Due::WrapUpEnds(call));
            }
            Due::WrapUpEnds(call) => {
                let wrapped_up = self.end(call, |world| &mut world.wrapping);
                self.launched.remove(&call);
                self.events.push(Event::AgentFree { wrapped_up });
                self.idle += 1;
                if let Some((answered, next)) = self.waiting.pop_front() {
                    self.connect(next, answered);
                }
            }
        }
    }

    fn callee(&self, call: u64) -> super::draws::Callee {
        let launched = self.launched.get(&call).copied().unwrap_or_default();
        self.draws.callee(call, launched)
    }

    fn live(&mut self, call: u64, answered: f64) {
        let rang = self.end(call, |world| &mut world.ringing);
        self.tally.live += 1;
        self.events.push(Event::Live { rang });
        if self.idle > 0 {
            self.connect(call, answered);
            return;
        }
        let waits = self.team.patience.min(self.callee(call).waits);
        self.waiting.push_back((answered, call));
        self.after(waits - (self.now - answered), Due::GivesUp(call));
    }

    fn connect(&mut self, call: u64, answered: f64) {
        let callee = self.callee(call);
        self.idle -= 1;
        let busy_until = self.now + callee.talks + callee.wrap_up;
        self.tally.busy += busy_until.min(self.team.shift) - self.now;
        let waited = self.now - answered;
        self.events.push(Event::Connected { waited });
        self.begin(call, |world| &mut world.talking);
        self.after(callee.talks, Due::TalkEnds(call));
    }

    fn give_up(&mut self, call: u64) {
        let place = self.waiting.iter().position(|(_, other)| *other == call);
        if let Some(place) = place {
            self.waiting.remove(place);
            self.launched.remove(&call);
            self.tally.abandoned += 1;
            self.events.push(Event::Abandoned);
        }
    }

    /// Ages of the calls of each state, the oldest first.
    fn ages(&self, ages: &mut [Vec<f64>; 4]) {
        let now = self.now;
        let [ringing, waiting, talking, wrapping] = ages;
        let states = [
            (ringing, &self.ringing),
            (talking, &self.talking),
            (wrapping, &self.wrapping),
        ];
        for (ages, since) in states {
            ages.clear();
            ages.extend(since.values().map(|began| now - began));
        }
        waiting.clear();
        waiting.extend(self.waiting.iter().map(|(answered, _)| now - answered));
    }
}
