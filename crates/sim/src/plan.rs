//! What a world is made of before it starts: everything that the seed does not decide.

use std::time::Duration;

use outdial_domain::{
    AgentId, Calendar, CallerId, CampaignId, CauseMap, ComplianceProfile, Connection,
    FailoverCause, FlowId, LONGEST_CALL, LifeCycleCommand, Mode, Origin, Permit, PhoneNumber,
    Settings, SkillGroupId, Target, Timestamp, TrunkName,
};
use outdial_engine::input::{AgentRules, Input, Suspects, TenantRules, TrunkRules};

use crate::callees::Callees;
use crate::spread::Spread;
use crate::units::{millis, minutes, secs};

/// The zone of a world's wall clock, unless a test says otherwise.
pub const ZONE: &str = "Asia/Shanghai";
/// The skill group of a world that needs only one.
pub const GROUP: SkillGroupId = SkillGroupId::new(255);
/// The flow of a world that needs only one.
pub const FLOW: FlowId = FlowId::new(4600);

/// A world before it starts.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where all chance comes from.
    pub seed: u64,
    /// When the world begins.
    pub starts_at: Timestamp,
    /// The tenant's rules.
    pub rules: TenantRules,
    /// The numbers it may show.
    pub caller_ids: Vec<CallerId>,
    /// Its trunks, with what it may use of them.
    pub trunks: Vec<(TrunkRules, Permit)>,
    /// Its agents.
    pub agents: Vec<AgentPlan>,
    /// Its campaigns.
    pub campaigns: Vec<CampaignPlan>,
    /// Whom it calls.
    pub callees: Callees,
    /// What its flows do.
    pub flows: Flows,
    /// What happens at set times, from the start of the world.
    pub acts: Vec<(Duration, Act)>,
    /// How slow and how faulty the machinery is.
    pub machinery: Machinery,
}

/// An agent, and how it behaves.
#[derive(Clone, Debug)]
pub struct AgentPlan {
    /// What the engine knows.
    pub rules: AgentRules,
    /// From the start of the world to the first log-in.
    pub log_in: Duration,
    /// Time at work between two breaks; `None` = no breaks.
    pub work: Option<Spread>,
    /// How long a break lasts.
    pub rest: Spread,
    /// Of the breaks, how many are announced for after the call, in percent.
    pub announced: u32,
    /// Of the breaks, how many are taken off line, in percent.
    pub offline: u32,
    /// Of the calls to its phone, how many are not answered, in percent.
    pub no_answer: u32,
    /// Time until a phone that is up hangs up or is lost; `None` = never.
    pub trouble: Option<Spread>,
    /// Of its conversations, how many the agent ends, in percent.
    pub ends_call: u32,
    /// Of its wrap-ups, how many the agent ends early, in percent.
    pub ends_wrap_up: u32,
    /// Of the offers made to it, how many it accepts, in percent.
    pub accepts: u32,
    /// Of the offers made to it, how many it skips, in percent; the rest it ignores.
    pub skips: u32,
}

/// A campaign and its list.
#[derive(Clone, Debug)]
pub struct CampaignPlan {
    /// Its rules.
    pub settings: Settings,
    /// Through which API it was made.
    pub origin: Origin,
    /// From the start of the world to its own start; `None` = someone else starts it.
    pub starts: Option<Duration>,
    /// Its list at the start.
    pub contacts: u32,
    /// What its contacts are like.
    pub list: ListShape,
}

/// What the contacts of a list are like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListShape {
    /// Contacts with three numbers instead of one, in percent.
    pub several_numbers: u32,
    /// Contacts with a priority of their own, in percent.
    pub own_priority: u32,
    /// Contacts with a time zone of their own, in percent.
    pub own_zone: u32,
    /// Contacts whose number stands in the list of another contact too, in percent.
    pub shared_number: u32,
}

/// What flows do with callees.
#[derive(Clone, Debug)]
pub struct Flows {
    /// Flows that cannot be reached, in percent.
    pub fails: u32,
    /// From the order to the joined flow.
    pub joins: Spread,
    /// How long a flow speaks.
    pub speaks: Spread,
    /// Of the callees who hear a flow before agents, how many are handed back, in percent.
    pub hands_back: u32,
}

/// How slow and how faulty the machinery around the engine is.
#[derive(Clone, Debug)]
pub struct Machinery {
    /// One commit of the store.
    pub commit: Spread,
    /// From a read of the store to the engine.
    pub load: Spread,
    /// From a fact on the wire to the engine.
    pub fact: Spread,
    /// From an order to its effect on a call that is up.
    pub order: Spread,
    /// How late a wake-up may come.
    pub wake_late: Duration,
    /// Facts that are told once more when they are stale, in percent.
    pub stale: u32,
    /// How long after a breaker opened an operator lifts it; `None` = only at the end.
    pub lift: Option<(Duration, Suspects)>,
}

/// Something that happens at a set time.
#[derive(Clone, Debug)]
pub enum Act {
    /// Someone commands a campaign.
    Ask(CampaignId, LifeCycleCommand),
    /// The engine is told something.
    Tell(Box<Input>),
    /// Someone ends one of the live calls, whichever chance picks.
    HangUp,
    /// Contacts are added to a campaign's list.
    Add(CampaignId, u32),
    /// A trunk refuses or ignores every call for a while.
    TrunkFails(TrunkName, Duration),
    /// A trunk answers every call with 404 from now on, or is well again.
    AllInvalid(TrunkName, bool),
    /// The store cannot commit for a while.
    StoreFails(Duration),
    /// A share of all contacts' numbers is put on the do-not-call list, in percent, for good or for a
    /// while.
    List(u32, Option<Duration>),
    /// A share of the numbers on the do-not-call list leaves it, in percent.
    Unlist(u32),
    /// Another share of calls is answered from now on, in percent.
    AnswerRate(u32),
}

impl Plan {
    /// A quiet world: one trunk with a thousand lines, one caller ID, no agents, no campaigns.
    ///
    /// # Panics
    /// Never: what it is made of is written down here.
    pub fn quiet(seed: u64) -> Self {
        Self {
            seed,
            // A Monday, 09:00 in the world's zone.
            starts_at: Timestamp::from_secs(1_772_413_200),
            rules: TenantRules {
                max_calls: 1_000,
                time_zone: ZONE.to_owned(),
                compliance: ComplianceProfile::none(),
            },
            caller_ids: vec![CallerId::unlimited(caller_id(0))],
            trunks: vec![(trunk_rules("carrier"), permit(1_000, None))],
            agents: Vec::new(),
            campaigns: Vec::new(),
            callees: Callees::default(),
            flows: Flows {
                fails: 0,
                joins: Spread::Even(millis(50), millis(300)),
                speaks: Spread::Exponential(secs(20)),
                hands_back: 70,
            },
            acts: Vec::new(),
            machinery: Machinery {
                commit: Spread::Even(millis(1), millis(8)),
                load: Spread::Even(millis(1), millis(20)),
                fact: Spread::Even(millis(0), millis(3)),
                order: Spread::Even(millis(1), millis(40)),
                wake_late: Duration::ZERO,
                stale: 0,
                lift: None,
            },
        }
    }

    /// Settings of a campaign in this mode with everything else as our API has it.
    ///
    /// # Panics
    /// Never: the zone is in the bundled database.
    pub fn settings(mode: Mode) -> Settings {
        let target = if mode.name().needs_agents() {
            Target::SkillGroup(GROUP)
        } else {
            Target::Flow(FLOW)
        };
        let calendar = Calendar::always(ZONE).expect("a zone of the bundled database");
        Settings::new("spring", mode, target, vec![caller_id(0)], calendar)
    }
}

impl AgentPlan {
    /// An agent who is there from the start, never leaves and has a good phone.
    ///
    /// # Panics
    /// Never: ids made of digits are sound.
    pub fn steady(number: u32) -> Self {
        Self {
            rules: AgentRules {
                id: agent_id(number),
                skill_groups: vec![GROUP],
                connection: Connection::Permanent,
                registers: false,
            },
            log_in: Duration::ZERO,
            work: None,
            rest: Spread::Exponential(minutes(3)),
            announced: 50,
            offline: 20,
            no_answer: 0,
            trouble: None,
            ends_call: 30,
            ends_wrap_up: 0,
            accepts: 60,
            skips: 20,
        }
    }
}

impl CampaignPlan {
    /// A campaign that starts with the world.
    pub fn with(settings: Settings, contacts: u32) -> Self {
        Self {
            settings,
            origin: Origin::Rest,
            starts: Some(Duration::ZERO),
            contacts,
            list: ListShape::default(),
        }
    }
}

/// The id of the `number`-th campaign, from 1.
///
/// # Panics
/// For 0 and from 2^31 on.
pub fn campaign_id(number: u32) -> CampaignId {
    CampaignId::new(number).expect("campaigns are numbered from 1")
}

/// The id of the `number`-th agent.
///
/// # Panics
/// Never: digits are a sound id.
pub fn agent_id(number: u32) -> AgentId {
    AgentId::new(&(1001 + number).to_string()).expect("digits are a sound id")
}

/// The `number`-th caller ID.
///
/// # Panics
/// Never: digits are a sound number.
pub fn caller_id(number: u32) -> PhoneNumber {
    PhoneNumber::from_text(&format!("+86755{:08}", 86_013_388 + number))
        .expect("digits are a sound number")
}

/// The name of a trunk.
///
/// # Panics
/// When the text is no sound name.
pub fn trunk_name(name: &str) -> TrunkName {
    TrunkName::new(name).expect("a short name without control characters")
}

/// A trunk that carries every caller ID.
///
/// # Panics
/// When the text is no sound name.
pub fn trunk_rules(name: &str) -> TrunkRules {
    TrunkRules {
        name: trunk_name(name),
        caller_ids: Vec::new(),
        failover_on: vec![FailoverCause::Status(503), FailoverCause::Timeout],
        weight: 1,
        cause_map: CauseMap::default(),
        longest_call: LONGEST_CALL,
    }
}

/// A permit for so many calls at once and so many new calls in a thousand seconds.
pub const fn permit(calls: u32, calls_per_1000_s: Option<u32>) -> Permit {
    Permit {
        calls,
        calls_per_1000_s,
    }
}
