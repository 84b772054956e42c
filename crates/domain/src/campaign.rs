//! A campaign: the rules, contacts and agents of one outbound effort.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::id::{CampaignId, RevisionNumber, TenantId};
use crate::life_cycle::CampaignState;
use crate::mode::{AbandonmentWindow, Mode, Order, Target};
use crate::phone_number::PhoneNumber;
use crate::range::Share;
use crate::retry::RetryPolicy;
use crate::time::Timestamp;

/// More lines than any tenant has.
const GUARANTEED_CALLS_MAX: u32 = 100_000;
/// Longest rest of a contact.
const REST_MAX: Duration = Duration::from_secs(30 * 86_400);

/// Through which API something was made: it decides some rules of later edits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Origin {
    /// Our own REST API.
    #[default]
    Rest,
    /// Tencent CCC.
    Tencent,
    /// Alibaba OutboundBot.
    Alibaba,
    /// Huawei AICC CC-iSales.
    Huawei,
    /// Dezhu.
    Dezhu,
}

/// What happens to ringing calls when a campaign ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AtEnd {
    /// They ring on to their timeout.
    #[default]
    LetRing,
    /// They are given up as soon as the profile's minimum ring allows.
    CancelRinging,
}

/// The part of a campaign that edits change: what a revision holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Its name, 1–200 characters.
    pub name: String,
    /// How it paces calls.
    pub mode: Mode,
    /// Who takes answered calls.
    pub target: Target,
    /// A flow that speaks with the callee before the skill group does.
    pub flow_first: Option<Target>,
    /// Numbers to show; at least one.
    pub caller_ids: Vec<PhoneNumber>,
    /// Numbers to show from a contact's second attempt on; empty = `caller_ids`.
    pub recall_caller_ids: Vec<PhoneNumber>,
    /// Order of fresh contacts.
    pub order: Order,
    /// Longest unanswered ringing, from first progress. 1–300 s, default 30 s.
    pub ring_timeout: Duration,
    /// Longest time from INVITE to first progress. 1–120 s, default 12 s.
    pub no_progress: Duration,
    /// Agent's time after a call. 0–3600 s.
    pub wrap_up: Duration,
    /// How long an answered callee may wait for an agent. 0–60 s, default 2 s.
    pub answer_wait: Duration,
    /// 1 (first) to 5, among the campaigns of its tenant.
    pub priority: u8,
    /// Calls at once that lines are kept for, before priorities count. 0–100,000.
    pub guaranteed_calls: u32,
    /// Most calls at once; `None` = as lines allow.
    pub max_calls: Option<u32>,
    /// Highest share of live answers that nobody took in time; of the modes with agents that may dial
    /// ahead of them or are bound to them. At the ceiling a ratio campaign dials one call for one idle
    /// agent until the share is below it again; progressive and preempted campaigns always do so.
    pub abandonment_ceiling: Option<Share>,
    /// Over which time that share is kept.
    pub abandonment_window: AbandonmentWindow,
    /// When a contact is tried again.
    pub retry: RetryPolicy,
    /// When it may dial.
    pub calendar: Calendar,
    /// What happens to ringing calls at its end.
    pub at_end: AtEnd,
}

/// Settings that contradict themselves or leave a range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct SettingsError {
    /// The field as our API names it.
    pub field: &'static str,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl Settings {
    /// Settings with the defaults of our API.
    pub fn new(
        name: &str,
        mode: Mode,
        target: Target,
        caller_ids: Vec<PhoneNumber>,
        calendar: Calendar,
    ) -> Self {
        Self {
            name: name.to_owned(),
            abandonment_ceiling: match mode {
                Mode::Predictive => Share::from_basis_points(300).ok(),
                _ => None,
            },
            mode,
            target,
            flow_first: None,
            caller_ids,
            recall_caller_ids: Vec::new(),
            order: Order::List,
            ring_timeout: Duration::from_secs(30),
            no_progress: Duration::from_secs(12),
            wrap_up: Duration::ZERO,
            answer_wait: Duration::from_secs(2),
            priority: 3,
            guaranteed_calls: 0,
            max_calls: None,
            abandonment_window: AbandonmentWindow::Day,
            retry: RetryPolicy::default(),
            calendar,
            at_end: AtEnd::LetRing,
        }
    }

    /// Everything that is wrong with these settings; empty when they can be used.
    pub fn problems(&self) -> Vec<SettingsError> {
        let mut problems = Vec::new();
        let mut check = |sound: bool, field: &'static str, problem: &str| {
            if !sound {
                problems.push(SettingsError {
                    field,
                    problem: problem.to_owned(),
                });
            }
        };
        let secs = |d: Duration| d.as_secs_f64();
        let name_length = self.name.chars().count();
        check(
            (1..=200).contains(&name_length),
            "name",
            "must have 1 to 200 characters",
        );
        check(
            !self.name.chars().any(char::is_control),
            "name",
            "must not have control characters",
        );
        check(
            !self.caller_ids.is_empty(),
            "caller_ids",
            "must name at least one number",
        );
        check(
            (1.0..=300.0).contains(&secs(self.ring_timeout)),
            "ring_timeout_s",
            "must be 1 to 300",
        );
        check(
            (1.0..=120.0).contains(&secs(self.no_progress)),
            "no_progress_s",
            "must be 1 to 120",
        );
        check(
            secs(self.wrap_up) <= 3600.0,
            "wrap_up_s",
            "must be 0 to 3600",
        );
        check(
            secs(self.answer_wait) <= 60.0,
            "answer_wait_s",
            "must be 0 to 60",
        );
        check(
            (1..=5).contains(&self.priority),
            "priority",
            "must be 1 (first) to 5",
        );
        check(
            self.max_calls != Some(0),
            "max_calls",
            "must be at least 1, or left out",
        );
        check(
            self.max_calls
                .is_none_or(|most| self.guaranteed_calls <= most),
            "guaranteed_calls",
            "must not be above max_calls",
        );
        check(
            self.guaranteed_calls <= GUARANTEED_CALLS_MAX,
            "guaranteed_calls",
            "must be at most 100000",
        );
        check(
            (1..=100).contains(&self.retry.attempts_total),
            "retry.attempts_total",
            "must be 1 to 100",
        );
        check(
            self.retry.attempts_per_day != Some(0),
            "retry.attempts_per_day",
            "must be at least 1, or left out",
        );
        check(
            self.retry.interval <= REST_MAX,
            "retry.interval_s",
            "must be at most 30 days",
        );
        let mut own_rests = self
            .retry
            .by_outcome
            .values()
            .filter_map(|own| own.interval);
        check(
            own_rests.all(|rest| rest <= REST_MAX),
            "retry.by_outcome",
            "interval_s must be at most 30 days",
        );
        let agents = self.target.skill_group().is_some();
        check(
            agents == self.mode.name().needs_agents(),
            "target",
            "rate and concurrency need a flow or sip target, the other modes a skill_group",
        );
        check(
            self.abandonment_ceiling.is_none() || self.mode.name().keeps_ceiling(),
            "abandonment_ceiling",
            "belongs to the modes ratio, predictive, progressive and preempted; leave it out, or set it to null",
        );
        check(
            self.flow_first.is_none() || agents,
            "flow_first",
            "comes before a skill group; with a flow as target leave it out",
        );
        if let Mode::Rate { calls, interval } = self.mode {
            check(
                (1..=10_000).contains(&calls),
                "rate.calls",
                "must be 1 to 10000",
            );
            check(
                (1.0..=86_400.0).contains(&secs(interval)),
                "rate.interval_s",
                "must be 1 to 86400",
            );
        }
        if let Mode::Preview(rules) = self.mode {
            check(
                (1.0..=3600.0).contains(&secs(rules.offer)),
                "preview.offer_s",
                "must be 1 to 3600",
            );
            check(
                rules.dial_after.is_none_or(|after| after < rules.offer),
                "preview.dial_after_s",
                "must be below preview.offer_s",
            );
        }
        problems
    }
}

/// A campaign of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    /// Its id: ours, Tencent's, Huawei's, Dezhu's.
    pub id: CampaignId,
    /// Its second id: Alibaba's. Lower-case with dashes.
    pub uuid: String,
    /// Whose it is.
    pub tenant: TenantId,
    /// Through which API it was made.
    pub origin: Origin,
    /// Where it stands.
    pub state: CampaignState,
    /// The number of the settings in force.
    pub revision: RevisionNumber,
    /// The settings in force.
    pub settings: Settings,
    /// When it was made.
    pub created_at: Timestamp,
    /// What vendors' APIs store with it and show again, and nothing here reads.
    #[serde(default)]
    pub extras: Extras,
}

/// Fields of vendors' APIs that are stored and shown only: for each API one object.
pub type Extras = BTreeMap<Origin, serde_json::Value>;

impl Campaign {
    /// Whether contacts that are added after `list_done` set it running again.
    pub fn reopens(&self) -> bool {
        self.origin != Origin::Tencent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::Outcome;
    use crate::id::{FlowId, SkillGroupId};
    use crate::phone_number::Country;
    use crate::retry::OutcomeRetry;

    fn settings(mode: Mode, target: Target) -> Settings {
        let number = PhoneNumber::parse("10085", Country::new("CN").unwrap()).unwrap();
        Settings::new(
            "spring",
            mode,
            target,
            vec![number],
            Calendar::always("Asia/Shanghai").unwrap(),
        )
    }

    fn fields(settings: &Settings) -> Vec<&'static str> {
        settings.problems().iter().map(|p| p.field).collect()
    }

    #[test]
    fn the_defaults_are_sound() {
        let agents = settings(
            Mode::Progressive,
            Target::SkillGroup(SkillGroupId::new(255)),
        );
        assert_eq!(agents.problems(), []);
        let flow = settings(Mode::Concurrency, Target::Flow(FlowId::new(1)));
        assert_eq!(flow.problems(), []);
        let predictive = settings(Mode::Predictive, Target::SkillGroup(SkillGroupId::new(255)));
        assert_eq!(
            predictive.abandonment_ceiling.map(Share::basis_points),
            Some(300)
        );
    }

    #[test]
    fn modes_and_targets_fit_together() {
        assert_eq!(
            fields(&settings(
                Mode::Concurrency,
                Target::SkillGroup(SkillGroupId::new(1))
            )),
            ["target"]
        );
        assert_eq!(
            fields(&settings(Mode::Progressive, Target::Flow(FlowId::new(1)))),
            ["target"]
        );
    }

    #[test]
    fn a_ceiling_that_its_mode_cannot_keep_is_refused() {
        let ceiling = Share::from_basis_points(300).ok();
        let with = |mode, target| {
            let mut settings = settings(mode, target);
            settings.abandonment_ceiling = ceiling;
            fields(&settings)
        };
        let (flow, group) = (
            Target::Flow(FlowId::new(1)),
            Target::SkillGroup(SkillGroupId::new(1)),
        );
        assert_eq!(with(Mode::Concurrency, flow), ["abandonment_ceiling"]);
        let preview = Mode::Preview(crate::mode::PreviewRules::default());
        assert_eq!(with(preview, group.clone()), ["abandonment_ceiling"]);
        assert_eq!(with(Mode::Ratio(crate::mode::Ratio::ONE), group), [""; 0]);
    }

    #[test]
    fn no_contact_rests_longer_than_a_month() {
        let mut wrong = settings(Mode::Progressive, Target::SkillGroup(SkillGroupId::new(1)));
        let rest = |interval| OutcomeRetry {
            interval: Some(interval),
            ..OutcomeRetry::default()
        };
        wrong.retry.by_outcome.insert(Outcome::Busy, rest(REST_MAX));
        assert_eq!(fields(&wrong), [""; 0]);
        let longer = rest(REST_MAX + Duration::from_secs(1));
        wrong.retry.by_outcome.insert(Outcome::Busy, longer);
        assert_eq!(fields(&wrong), ["retry.by_outcome"]);
    }

    #[test]
    fn no_more_lines_are_guaranteed_than_any_tenant_has() {
        let mut wrong = settings(Mode::Progressive, Target::SkillGroup(SkillGroupId::new(1)));
        wrong.guaranteed_calls = 100_000;
        assert_eq!(fields(&wrong), [""; 0]);
        wrong.guaranteed_calls = 3_000_000_000;
        assert_eq!(fields(&wrong), ["guaranteed_calls"]);
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let mut wrong = settings(Mode::Progressive, Target::SkillGroup(SkillGroupId::new(1)));
        wrong.priority = 9;
        wrong.caller_ids.clear();
        wrong.answer_wait = Duration::from_secs(61);
        assert_eq!(fields(&wrong), ["caller_ids", "answer_wait_s", "priority"]);
    }
}
