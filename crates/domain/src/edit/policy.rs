//! Which changes an API allows in which state of the campaign.

use serde::{Deserialize, Serialize};

use super::{Change, Field, diff, with_changes};
use crate::campaign::{Settings, SettingsError};
use crate::life_cycle::{CampaignState, EndReason};

/// What becomes of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// It is made.
    Take,
    /// The whole edit is refused because of it.
    Refuse,
    /// The field stays as it is, and the rest of the edit is made.
    Ignore,
}

/// The rules of one operation of an API: in which states it edits at all, and which fields.
///
/// A policy is a table, written with the API that it belongs to; [`EditPolicy::rule`] reads it, so
/// that a page about it can be generated from it. No policy can open [`Field::TargetKind`]: agents
/// and flows are called for in different ways.
#[derive(Clone, Copy, Debug)]
pub struct EditPolicy {
    name: &'static str,
    takes: fn(CampaignState) -> bool,
    rules: fn(Field, CampaignState) -> Rule,
}

impl EditPolicy {
    /// A policy under the name of its operation, such as `tencent
    /// UpdatePredictiveDialingCampaign`: it takes every change of a campaign that has not ended.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            takes: is_alive,
            rules: take_all,
        }
    }

    /// The same, taking edits in these states only.
    #[must_use]
    pub const fn taking(self, takes: fn(CampaignState) -> bool) -> Self {
        Self { takes, ..self }
    }

    /// The same with this table.
    #[must_use]
    pub const fn ruling(self, rules: fn(Field, CampaignState) -> Rule) -> Self {
        Self { rules, ..self }
    }

    /// The name of the operation.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether the operation edits campaigns in this state at all.
    pub fn takes(&self, state: CampaignState) -> bool {
        (self.takes)(state)
    }

    /// What becomes of a change of this field in this state.
    pub fn rule(&self, field: Field, state: CampaignState) -> Rule {
        match (self.rules)(field, state) {
            Rule::Take if field == Field::TargetKind => Rule::Refuse,
            rule => rule,
        }
    }

    /// Which of the changes from `before` to `wished` are made in this state.
    ///
    /// Nothing is checked but the policy: what is wrong with [`Judged::settings`] is for
    /// [`Settings::problems`] to say. [`Judged::check`] turns refused fields into an error.
    ///
    /// # Errors
    /// [`SettingsError`] when what is left after ignoring some changes makes no calendar.
    pub fn judge(
        &self,
        state: CampaignState,
        before: &Settings,
        wished: &Settings,
    ) -> Result<Judged, SettingsError> {
        let mut judged = Judged {
            state,
            takes: self.takes(state),
            settings: before.clone(),
            taken: Vec::new(),
            refused: Vec::new(),
            ignored: Vec::new(),
        };
        let target_stays = matches!(self.rule(Field::TargetKind, state), Rule::Ignore)
            && !before.target.same_kind(&wished.target);
        for change in diff(before, wished) {
            match self.rule(change.field, state) {
                // A target of a kind that is ignored is ignored with it.
                Rule::Take if target_stays && change.field == Field::Target => {
                    judged.ignored.push(change);
                }
                Rule::Take => judged.taken.push(change),
                Rule::Ignore => judged.ignored.push(change),
                Rule::Refuse => judged.refused.push(self.refusal(change.field, state)),
            }
        }
        judged.settings = with_changes(before, &judged.taken)?;
        Ok(judged)
    }

    /// What becomes of a replaced list.
    ///
    /// # Errors
    /// [`RefusedField`] where the policy refuses it; `Ok(false)` = it is ignored.
    pub fn judge_list(&self, state: CampaignState) -> Result<bool, RefusedField> {
        match self.rule(Field::Contacts, state) {
            Rule::Take => Ok(true),
            Rule::Ignore => Ok(false),
            Rule::Refuse => Err(self.refusal(Field::Contacts, state)),
        }
    }

    fn refusal(&self, field: Field, state: CampaignState) -> RefusedField {
        let opens = ALIVE
            .into_iter()
            .any(|other| self.takes(other) && self.rule(field, other) == Rule::Take);
        RefusedField {
            field,
            why: if opens {
                Why::State(state)
            } else {
                Why::NeverChanges
            },
        }
    }
}

const ALIVE: [CampaignState; 4] = [
    CampaignState::Draft,
    CampaignState::Scheduled,
    CampaignState::Running,
    CampaignState::Paused,
];

fn is_alive(state: CampaignState) -> bool {
    !matches!(state, CampaignState::Ended(_))
}

fn take_all(_: Field, _: CampaignState) -> Rule {
    Rule::Take
}

impl CampaignState {
    /// Every state, ended ones by each of their reasons: what a policy answers for.
    pub const ALL: [Self; 8] = [
        Self::Draft,
        Self::Scheduled,
        Self::Running,
        Self::Paused,
        Self::Ended(EndReason::ListDone),
        Self::Ended(EndReason::PeriodOver),
        Self::Ended(EndReason::ByHand),
        Self::Ended(EndReason::Fault),
    ];
}

/// What a policy makes of an edit.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The state by which it was judged.
    pub state: CampaignState,
    /// Whether the operation edits campaigns in that state at all.
    pub takes: bool,
    /// The settings with the changes that are taken.
    pub settings: Settings,
    /// Changes that are made.
    pub taken: Vec<Change>,
    /// Fields because of which nothing is changed.
    pub refused: Vec<RefusedField>,
    /// Changes that are left out.
    pub ignored: Vec<Change>,
}

impl Judged {
    /// Whether the edit may be made.
    ///
    /// # Errors
    /// [`EditRefused`] naming the state, or every refused field.
    pub fn check(&self) -> Result<(), EditRefused> {
        if !self.takes {
            return Err(EditRefused::State(self.state));
        }
        if self.refused.is_empty() {
            Ok(())
        } else {
            Err(EditRefused::Fields(self.refused.clone()))
        }
    }
}

/// A field that an edit may not change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}: {why}", .field.request_path())]
pub struct RefusedField {
    /// The field.
    pub field: Field,
    /// Why.
    pub why: Why,
}

/// Why a field may not be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// Not in any state.
    NeverChanges,
    /// Not in this one.
    State(CampaignState),
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NeverChanges => f.write_str("cannot be changed; make another campaign"),
            Self::State(state) => {
                write!(
                    f,
                    "cannot be changed while the campaign is {}",
                    state.name()
                )
            }
        }
    }
}

/// An edit that its API's policy refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditRefused {
    /// The operation does not edit campaigns in this state.
    #[error("a campaign that is {} cannot be edited", .0.name())]
    State(CampaignState),
    /// These fields may not change.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Fields(Vec<RefusedField>),
}

#[cfg(test)]
mod tests {
    use super::super::diff::tests::{one_edit_for_each_field, settings};
    use super::*;
    use crate::id::FlowId;
    use crate::mode::{Mode, Target};

    /// Everything before the start; afterwards the wrap-up, an ignored name, nothing else.
    const TABLE: EditPolicy =
        EditPolicy::new("test edit").ruling(|field, state| match (field, state) {
            (Field::Mode, _) => Rule::Refuse,
            (_, CampaignState::Draft) | (Field::WrapUp, _) => Rule::Take,
            (Field::Name, _) => Rule::Ignore,
            _ => Rule::Refuse,
        });

    #[test]
    fn each_change_has_the_fate_that_the_table_gives_it() {
        for state in CampaignState::ALL {
            for (field, before, after) in one_edit_for_each_field() {
                let judged = TABLE.judge(state, &before, &after).unwrap();
                let fate = (
                    judged.taken.len(),
                    judged.refused.len(),
                    judged.ignored.len(),
                );
                let expected = match TABLE.rule(field, state) {
                    Rule::Take => (1, 0, 0),
                    Rule::Refuse => (0, 1, 0),
                    Rule::Ignore => (0, 0, 1),
                };
                assert_eq!(fate, expected, "{field} {state:?}");
                let made = judged.settings == after;
                assert_eq!(made, expected.0 == 1, "{field} {state:?}");
                let ended = matches!(state, CampaignState::Ended(_));
                assert_eq!(judged.check().is_ok(), !ended && expected.1 == 0);
            }
        }
    }

    #[test]
    fn a_refusal_says_whether_another_state_would_take_it() {
        let before = settings(Mode::Progressive);
        let mut wished = before.clone();
        wished.mode = Mode::Preempted;
        wished.priority = 1;
        let judged = TABLE
            .judge(CampaignState::Running, &before, &wished)
            .unwrap();
        let refused = judged.check().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "mode: cannot be changed; make another campaign; \
             priority: cannot be changed while the campaign is running"
        );
        let over = CampaignState::Ended(EndReason::ByHand);
        let judged = TABLE.judge(over, &before, &before).unwrap();
        assert_eq!(judged.check(), Err(EditRefused::State(over)));
    }

    #[test]
    fn no_policy_turns_agents_into_a_flow() {
        let before = settings(Mode::Progressive);
        let mut wished = before.clone();
        wished.target = Target::Flow(FlowId::new(1));
        let all = EditPolicy::new("all");
        let judged = all.judge(CampaignState::Draft, &before, &wished).unwrap();
        assert_eq!(judged.refused[0].field, Field::TargetKind);
        assert_eq!(judged.refused[0].why, Why::NeverChanges);

        let silent = all.ruling(|field, _| match field {
            Field::TargetKind => Rule::Ignore,
            _ => Rule::Take,
        });
        let judged = silent
            .judge(CampaignState::Draft, &before, &wished)
            .unwrap();
        assert_eq!(judged.settings, before);
        assert_eq!(judged.ignored.len(), 2);
    }

    #[test]
    fn a_list_is_judged_like_a_field() {
        assert_eq!(TABLE.judge_list(CampaignState::Draft), Ok(true));
        let refused = TABLE.judge_list(CampaignState::Running).unwrap_err();
        assert_eq!(refused.why, Why::State(CampaignState::Running));
    }
}
