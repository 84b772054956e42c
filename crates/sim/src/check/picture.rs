//! What an outsider can know from the messages alone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use outdial_domain::{
    AgentId, AttemptId, CallerId, CampaignId, CampaignState, Connection, ContactId, Evidence,
    Listing, Outcome, Permit, PhoneNumber, RevisionNumber, Settings, SkillGroupId, Timestamp,
    TrunkName, WishedState,
};
use outdial_engine::input::{AgentRules, HaltScope, OfferId, TenantRules, TrunkRules};
use outdial_engine::output::Dial;

/// A call that we have ended holds its line so long, if its end is not told before.
const HOLDS_ON: Duration = Duration::from_secs(2);

/// Everything that the checker knows.
#[derive(Debug, Default)]
pub(super) struct Picture {
    pub(super) tenant: Option<TenantRules>,
    pub(super) caller_ids: BTreeMap<PhoneNumber, CallerIdView>,
    pub(super) trunks: BTreeMap<TrunkName, TrunkView>,
    pub(super) breakers: BTreeMap<(TrunkName, PhoneNumber), BreakerView>,
    pub(super) halts: BTreeSet<HaltScope>,
    pub(super) store_failing: bool,
    pub(super) agents: BTreeMap<AgentId, AgentView>,
    pub(super) campaigns: BTreeMap<CampaignId, CampaignView>,
    pub(super) contacts: BTreeMap<ContactId, ContactView>,
    /// Attempts without outcome.
    pub(super) attempts: BTreeMap<AttemptId, AttemptView>,
    /// The do-not-call list.
    pub(super) listed: BTreeMap<PhoneNumber, Listing>,
    /// Dials to each number, with their time.
    pub(super) dials: BTreeMap<PhoneNumber, Vec<Timestamp>>,
    pub(super) last_attempt: u64,
}

/// A caller ID.
#[derive(Debug)]
pub(super) struct CallerIdView {
    /// `None` = the tenant has it no more.
    pub(super) rules: Option<CallerId>,
    /// When calls under it were placed, within the last two days.
    pub(super) dials: VecDeque<(Timestamp, AttemptId)>,
}

/// A trunk.
#[derive(Debug, Default)]
pub(super) struct TrunkView {
    pub(super) rules: Option<TrunkRules>,
    pub(super) permit: Permit,
    /// The earliest slot that the last call may have taken, in microseconds.
    pub(super) slot_us: Option<i64>,
    /// The fastest spacing allowed since the last dial, in calls per 1000 s; `None` = any.
    pub(super) fastest: Option<Option<u32>>,
}

/// Results on one trunk under one caller ID.
#[derive(Debug, Default)]
pub(super) struct BreakerView {
    pub(super) open: bool,
    /// Someone said that such failures were right: many of them are normal here from then on.
    pub(super) accepted: bool,
    /// Contacts of the permanent failures since the last other result.
    pub(super) run: Vec<ContactId>,
    /// Results up to that one, and how many of them were permanent failures.
    pub(super) results: usize,
    pub(super) failed: usize,
}

/// An agent.
#[derive(Debug)]
pub(super) struct AgentView {
    pub(super) rules: AgentRules,
    pub(super) wish: WishedState,
    pub(super) leg_up: bool,
    /// The call that is being dialed for this agent.
    pub(super) bound: Option<AttemptId>,
    /// The call that this agent was joined with.
    pub(super) talking: Option<AttemptId>,
    pub(super) offer: Option<OfferId>,
    /// Kept for a call that is not dialed yet.
    pub(super) kept: bool,
    pub(super) wraps_up_until: Option<Timestamp>,
    /// It wants away from the present call without wrap-up.
    pub(super) skips_wrap_up: bool,
}

/// A campaign.
#[derive(Debug)]
pub(super) struct CampaignView {
    pub(super) state: CampaignState,
    pub(super) reopens: bool,
    pub(super) revision: RevisionNumber,
    pub(super) settings: Arc<Settings>,
    /// Contacts that are not final.
    pub(super) open: u64,
    pub(super) aborted: bool,
    /// When calls were started, for a rate.
    pub(super) dials: VecDeque<Timestamp>,
    /// Contacts that the engine was given and has neither called nor given back, best first.
    pub(super) at_hand: BTreeSet<Standing>,
    /// The request for contacts whose answer is awaited.
    pub(super) load: Option<u64>,
    /// Contacts that went to the store since: the answer may show them as they were before.
    pub(super) left: BTreeSet<ContactId>,
}

/// Where a contact stands among those at hand: priority, whether it is fresh, its place, its id.
pub(super) type Standing = (u8, bool, i64, ContactId);

/// A contact.
#[derive(Debug, Default)]
pub(super) struct ContactView {
    /// Whose it is.
    pub(super) campaign: Option<CampaignId>,
    pub(super) numbers: Vec<PhoneNumber>,
    pub(super) time_zone: Option<String>,
    /// Where it stood when it was last given to the engine.
    pub(super) standing: Option<Standing>,
    pub(super) done: bool,
    /// It is final because of the do-not-call list.
    pub(super) left_out: bool,
    pub(super) dialed: u32,
    pub(super) used: u32,
    pub(super) line_failures: u32,
    /// A breaker opened while it was being called, or offered: its history is put right without a
    /// word, and what is told of it next is believed.
    pub(super) put_right: bool,
    /// Over what it failed for good, if that was its last result.
    pub(super) failed_over: Option<(TrunkName, PhoneNumber)>,
    pub(super) by_outcome: BTreeMap<Outcome, u32>,
    /// Start and end of attempts that used one up.
    pub(super) used_at: Vec<(Timestamp, Timestamp)>,
    /// End of the last attempt, and the shortest rest that can be meant after it.
    pub(super) rests: Option<(Timestamp, Outcome, bool, Arc<Settings>)>,
}

/// An attempt without outcome.
#[derive(Debug)]
pub(super) struct AttemptView {
    pub(super) dial: Dial,
    pub(super) settings: Arc<Settings>,
    pub(super) trunk: TrunkName,
    /// The trunk before that, on which it failed.
    pub(super) failed_on: Option<TrunkName>,
    pub(super) ever_placed: bool,
    pub(super) placed_at: Option<Timestamp>,
    pub(super) responded: bool,
    pub(super) progress_at: Option<Timestamp>,
    pub(super) answered_at: Option<Timestamp>,
    /// Since when the callee waits for an agent.
    pub(super) waits_since: Option<Timestamp>,
    /// When it began to wait for one, first.
    pub(super) waited_from: Option<Timestamp>,
    /// When an agent or flow was joined first.
    pub(super) joined_at: Option<Timestamp>,
    /// When an agent was joined first.
    pub(super) taken_at: Option<Timestamp>,
    /// The callee had an agent and lost it.
    pub(super) lost_agent: bool,
    /// The leg of an agent bound to it was lost.
    pub(super) leg_lost: bool,
    /// Its agent was free again before the callee picked up.
    pub(super) agent_freed: bool,
    /// The agent it was last joined with, by order.
    pub(super) agent: Option<AgentId>,
    /// That join, or a flow's, has taken effect.
    pub(super) joined: bool,
    /// An agent's join has taken effect at some time.
    pub(super) talked: bool,
    pub(super) flow_called: bool,
    pub(super) flow_joined: bool,
    pub(super) flow_over: bool,
    pub(super) handed_back: bool,
    pub(super) machine: bool,
    pub(super) cancelled: bool,
    /// It was committed and not sent.
    pub(super) withheld: bool,
    /// It had progressed when it was given up.
    pub(super) rang_when_given_up: bool,
    /// When we ended it from our side.
    pub(super) given_up_at: Option<Timestamp>,
    pub(super) hung_up: bool,
    pub(super) hang_up_asked: bool,
    /// Its call is over (again, after a redial).
    pub(super) ended: Option<Evidence>,
    /// It could not be committed over another trunk.
    pub(super) redial_lost: bool,
}

impl AttemptView {
    pub(super) fn new(dial: Dial, settings: Arc<Settings>) -> Self {
        Self {
            trunk: dial.trunk,
            dial,
            settings,
            failed_on: None,
            ever_placed: false,
            placed_at: None,
            responded: false,
            progress_at: None,
            answered_at: None,
            waits_since: None,
            waited_from: None,
            joined_at: None,
            taken_at: None,
            lost_agent: false,
            leg_lost: false,
            agent_freed: false,
            agent: None,
            joined: false,
            talked: false,
            flow_called: false,
            flow_joined: false,
            flow_over: false,
            handed_back: false,
            machine: false,
            cancelled: false,
            withheld: false,
            rang_when_given_up: false,
            given_up_at: None,
            hung_up: false,
            hang_up_asked: false,
            ended: None,
            redial_lost: false,
        }
    }

    /// Whether its call is not over yet.
    pub(super) fn is_live(&self) -> bool {
        self.ended.is_none() && !self.redial_lost
    }

    /// Whether it takes up a line, and its agent's time. One that was given up does not for long: its
    /// end may be told much later, when the far end is silent.
    pub(super) fn takes_line(&self, now: Timestamp) -> bool {
        self.is_live() && !self.let_go(now)
    }

    /// Whether we have ended it so long ago that it holds nothing any more.
    pub(super) fn let_go(&self, now: Timestamp) -> bool {
        self.given_up_at.is_some_and(|at| now >= at + HOLDS_ON)
    }

    /// The group that takes the call.
    pub(super) fn group(&self) -> Option<SkillGroupId> {
        self.settings.target.skill_group()
    }
}

impl AgentView {
    pub(super) fn new(rules: AgentRules) -> Self {
        Self {
            rules,
            wish: WishedState::Offline,
            leg_up: false,
            bound: None,
            talking: None,
            offer: None,
            kept: false,
            wraps_up_until: None,
            skips_wrap_up: false,
        }
    }

    /// Why the agent cannot take another call now; `None` = it can.
    pub(super) fn not_free(&self, group: SkillGroupId, now: Timestamp) -> Option<&'static str> {
        if self.wish != WishedState::Ready {
            Some("does not wish to be ready")
        } else {
            self.not_able(group, now)
        }
    }

    /// Likewise, whatever the agent wishes.
    pub(super) fn not_able(&self, group: SkillGroupId, now: Timestamp) -> Option<&'static str> {
        if !self.rules.skill_groups.contains(&group) {
            Some("is not in the group")
        } else if !self.leg_up {
            Some("has no leg")
        } else if self.talking.is_some() {
            Some("is in a call")
        } else if self.bound.is_some() {
            Some("is bound to a call")
        } else if self.wraps_up_until.is_some_and(|until| now < until) {
            Some("is wrapping up")
        } else {
            None
        }
    }

    /// Whether a callee who picked up could be joined with this agent.
    pub(super) fn is_idle(&self, group: SkillGroupId, now: Timestamp) -> bool {
        self.rules.connection == Connection::Permanent
            && self.offer.is_none()
            && !self.kept
            && self.not_free(group, now).is_none()
    }
}

impl Picture {
    /// Attempts that take up a line.
    pub(super) fn on_lines(
        &self,
        now: Timestamp,
    ) -> impl Iterator<Item = (&AttemptId, &AttemptView)> {
        let attempts = self.attempts.iter();
        attempts.filter(move |(_, call)| call.takes_line(now))
    }

    pub(super) fn breaker(&mut self, trunk: TrunkName, caller: PhoneNumber) -> &mut BreakerView {
        self.breakers.entry((trunk, caller)).or_default()
    }
}
