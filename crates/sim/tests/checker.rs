//! The checker on its own: it keeps quiet where all is well and objects where a rule is broken.

use std::time::Duration;

use outdial_domain::contact::History;
use outdial_domain::{
    AgentId, AttemptId, BreakTime, Campaign, CampaignState, ContactId, Evidence, Mode, Origin,
    PhoneNumber, RevisionNumber, Settings, TenantId, Timestamp, WishedState,
};
use outdial_engine::input::{DueContact, HaltScope, Input, LoadedCampaign};
use outdial_engine::output::{Dial, Output};
use outdial_sim::plan::{agent_id, caller_id, campaign_id, permit, trunk_name};
use outdial_sim::{AgentPlan, Checker, Plan, Property, secs};

/// A checker that has seen a small world start: two agents, contacts 1 to 9, one progressive campaign.
struct Watched {
    checker: Checker,
    now: Timestamp,
    attempts: u64,
}

impl Watched {
    fn new(change: impl FnOnce(&mut Settings, &mut Plan)) -> Self {
        let mut plan = Plan::quiet(1);
        let mut settings = Plan::settings(Mode::Progressive);
        change(&mut settings, &mut plan);
        let mut this = Self {
            checker: Checker::new(Duration::ZERO),
            now: plan.starts_at,
            attempts: 0,
        };
        this.hear(Input::TenantSet(plan.rules));
        this.hear(Input::CallerIdsSet(plan.caller_ids));
        for (rules, permit) in plan.trunks {
            let trunk = rules.name;
            this.hear(Input::TrunkSet(rules));
            this.hear(Input::PermitSet { trunk, permit });
        }
        for number in 0..2 {
            let agent = agent_id(number);
            this.hear(Input::AgentSet(AgentPlan::steady(number).rules));
            this.wish(agent, WishedState::Ready);
            this.hear(Input::AgentLegUp(agent));
        }
        this.hear(Input::CampaignLoaded(Box::new(LoadedCampaign {
            campaign: Campaign {
                id: campaign_id(1),
                uuid: String::new(),
                tenant: TenantId::new(1),
                origin: Origin::Rest,
                state: CampaignState::Running,
                revision: RevisionNumber::new(1),
                settings,
                created_at: this.now,
                extras: Default::default(),
            },
            open_contacts: 9,
            contacts: 9,
            ledger: Vec::new(),
        })));
        this.checker.told(
            this.now,
            &Output::LoadContacts {
                campaign: campaign_id(1),
                load: 1,
                count: 9,
                holds: Vec::new(),
            },
        );
        this.hear(Input::ContactsLoaded {
            campaign: campaign_id(1),
            load: 1,
            contacts: (1..=9).map(contact).collect(),
            next_due: None,
            more: false,
        });
        this
    }

    fn hear(&mut self, input: Input) {
        self.checker.heard(self.now, &input);
    }

    fn wish(&mut self, agent: AgentId, wish: WishedState) {
        self.hear(Input::AgentWished {
            agent,
            wish,
            when: BreakTime::Now,
            reason: String::new(),
        });
    }

    /// The engine dials a contact for an agent.
    fn dial(&mut self, contact: u64, agent: u32) -> AttemptId {
        self.attempts += 1;
        let attempt = AttemptId::new(self.attempts);
        let dial = Dial {
            attempt,
            campaign: campaign_id(1),
            contact: ContactId::new(contact),
            number: number(contact),
            caller_id: caller_id(0),
            trunk: trunk_name("carrier"),
            agent: Some(agent_id(agent)),
            revision: RevisionNumber::new(1),
            at: self.now,
        };
        self.checker.told(self.now, &Output::Dial(Box::new(dial)));
        attempt
    }

    fn after(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    fn objections(&self) -> Vec<Property> {
        let violations = self.checker.violations();
        violations
            .iter()
            .map(|violation| violation.property)
            .collect()
    }
}

fn number(contact: u64) -> PhoneNumber {
    PhoneNumber::from_text(&format!("+861300000000{contact}")).expect("digits")
}

fn contact(id: u64) -> DueContact {
    DueContact {
        id: ContactId::new(id),
        numbers: vec![number(id)],
        time_zone: None,
        priority: 3,
        rested: false,
        order_key: id as i64,
        history: History::default(),
        number_calls_today: 0,
    }
}

#[test]
fn two_calls_for_two_ready_agents_are_fine() {
    let mut watched = Watched::new(|_, _| ());
    watched.dial(1, 0);
    watched.dial(2, 1);
    let wake = Some(watched.now + secs(1));
    watched.checker.settled(watched.now, wake);
    assert_eq!(watched.objections(), []);
}

#[test]
fn a_second_call_to_a_number_is_seen() {
    let mut watched = Watched::new(|_, _| ());
    watched.dial(1, 0);
    watched.dial(1, 1);
    let objections = watched.objections();
    assert!(objections.contains(&Property::OneCallPerNumber));
    assert!(objections.contains(&Property::OneCallPerContact));
}

#[test]
fn lines_that_are_over_booked_are_seen() {
    let mut watched = Watched::new(|settings, plan| {
        settings.max_calls = Some(1);
        plan.rules.max_calls = 1;
        plan.trunks[0].1 = permit(1, Some(1_000));
        plan.caller_ids[0].channels = Some(1);
        plan.caller_ids[0].per_hour = Some(1);
        plan.caller_ids[0].per_day = Some(1);
    });
    watched.dial(1, 0);
    watched.after(Duration::from_millis(900));
    watched.dial(2, 1);
    assert_eq!(
        watched.objections(),
        [
            Property::TrunkLines,
            Property::TenantLines,
            Property::CampaignLines,
            Property::CallerIdChannels,
            Property::CallerIdPerHour,
            Property::CallerIdPerDay,
            Property::TrunkSpacing,
        ]
    );
}

#[test]
fn an_agent_who_is_away_or_taken_is_seen() {
    let mut watched = Watched::new(|_, _| ());
    watched.wish(agent_id(0), WishedState::Break);
    watched.dial(1, 0);
    watched.dial(2, 1);
    watched.dial(3, 1);
    assert_eq!(
        watched.objections(),
        [Property::AgentReady, Property::AgentInOneCall]
    );
}

#[test]
fn dialing_in_a_halted_scope_is_seen() {
    let mut watched = Watched::new(|_, _| ());
    watched.hear(Input::Halted {
        scope: HaltScope::Trunk(trunk_name("carrier")),
        reason: String::new(),
    });
    watched.dial(1, 0);
    watched.hear(Input::HaltReleased(HaltScope::Trunk(trunk_name("carrier"))));
    watched.hear(Input::StoreFailing {
        reason: Some("full".to_owned()),
    });
    watched.dial(2, 1);
    assert_eq!(
        watched.objections(),
        [Property::NotHalted, Property::StoreWorks]
    );
}

#[test]
fn a_callee_who_waits_beside_the_agent_kept_for_them_is_seen() {
    let mut watched = Watched::new(|_, _| ());
    let attempt = watched.dial(1, 0);
    watched.hear(Input::Placed(attempt));
    watched.hear(Input::Answered(attempt));
    watched.checker.settled(watched.now, Some(watched.now));
    assert_eq!(watched.objections(), [Property::NobodyWaitsBesideIdle]);
}

#[test]
fn a_timer_that_passes_unnoticed_is_seen() {
    let mut watched = Watched::new(|_, _| ());
    let attempt = watched.dial(1, 0);
    watched.hear(Input::Placed(attempt));
    watched.checker.settled(watched.now, None);
    watched.after(secs(13));
    let wake = Some(watched.now);
    watched.checker.settled(watched.now, wake);
    assert_eq!(
        watched.objections(),
        [Property::WakesInTime, Property::RingTimers]
    );
}

#[test]
fn a_call_that_is_over_without_an_outcome_is_seen() {
    let mut watched = Watched::new(|_, _| ());
    let attempt = watched.dial(1, 0);
    watched.hear(Input::Placed(attempt));
    let evidence = Evidence::default();
    watched.hear(Input::Ended { attempt, evidence });
    watched.checker.settled(watched.now, None);
    assert_eq!(watched.objections(), [Property::EndsOnce]);
}
