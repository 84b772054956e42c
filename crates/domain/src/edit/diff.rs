//! What two settings differ in.

use serde::{Deserialize, Serialize};

use super::{Field, FieldValue, with_values};
use crate::campaign::{Settings, SettingsError};

/// A field that an edit changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The field.
    pub field: Field,
    /// What it held.
    pub before: FieldValue,
    /// What it holds afterwards.
    pub after: FieldValue,
}

/// All fields in which two settings differ, in the order of [`Field::ALL`]; empty only when they
/// are equal.
pub fn diff(before: &Settings, after: &Settings) -> Vec<Change> {
    let fields = Field::ALL.into_iter();
    let changes = fields.map(|field| Change {
        field,
        before: field.of(before),
        after: field.of(after),
    });
    changes
        .filter(|change| change.before != change.after)
        .collect()
}

/// Settings after these changes, whatever the changed fields hold now.
///
/// # Errors
/// As [`with_values`].
pub fn with_changes(settings: &Settings, changes: &[Change]) -> Result<Settings, SettingsError> {
    with_values(settings, changes.iter().map(|c| (c.field, &c.after)))
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::attempt::Outcome;
    use crate::calendar::{Calendar, DayRule, DaySelector, TimeOfDay, Window};
    use crate::campaign::AtEnd;
    use crate::id::{FlowId, SkillGroupId};
    use crate::mode::{AbandonmentWindow, Mode, Order, PreviewRules, Ratio, Target};
    use crate::phone_number::PhoneNumber;
    use crate::range::Share;
    use crate::retry::OutcomeRetry;
    use crate::time::Timestamp;

    fn number(text: &str) -> PhoneNumber {
        PhoneNumber::from_text(text).unwrap()
    }

    pub(in crate::edit) fn settings(mode: Mode) -> Settings {
        Settings::new(
            "spring",
            mode,
            Target::SkillGroup(SkillGroupId::new(255)),
            vec![number("10085")],
            Calendar::always("Asia/Shanghai").unwrap(),
        )
    }

    fn calendar(
        starts: Option<i64>,
        ends: Option<i64>,
        zone: &str,
        rules: Vec<DayRule>,
    ) -> Calendar {
        let at = |secs: Option<i64>| secs.map(Timestamp::from_secs);
        Calendar::new(at(starts), at(ends), zone, rules).unwrap()
    }

    /// For each field an edit that changes it and nothing else.
    pub(in crate::edit) fn one_edit_for_each_field() -> Vec<(Field, Settings, Settings)> {
        type Case = (Field, Mode, fn(&mut Settings));
        let edits: Vec<Case> = vec![
            (Field::Name, Mode::Progressive, |s| s.name = "x".to_owned()),
            (Field::Mode, Mode::Progressive, |s| s.mode = Mode::Preempted),
            (Field::Ratio, Mode::Ratio(Ratio::ONE), |s| {
                s.mode = Mode::Ratio(Ratio::from_hundredths(250).unwrap());
            }),
            (
                Field::Rate,
                Mode::Rate {
                    calls: 1,
                    interval: Duration::from_secs(1),
                },
                |s| {
                    s.mode = Mode::Rate {
                        calls: 7,
                        interval: Duration::from_secs(3),
                    };
                },
            ),
            (
                Field::Preview,
                Mode::Preview(PreviewRules::default()),
                |s| {
                    s.mode = Mode::Preview(PreviewRules {
                        offers: 2,
                        ..PreviewRules::default()
                    });
                },
            ),
            (Field::Target, Mode::Progressive, |s| {
                s.target = Target::SkillGroup(SkillGroupId::new(1));
            }),
            (Field::FlowFirst, Mode::Progressive, |s| {
                s.flow_first = Some(Target::Flow(FlowId::new(1)));
            }),
            (Field::CallerIds, Mode::Progressive, |s| {
                s.caller_ids = vec![number("10086")];
            }),
            (Field::RecallCallerIds, Mode::Progressive, |s| {
                s.recall_caller_ids = vec![number("10086")];
            }),
            (Field::Order, Mode::Progressive, |s| s.order = Order::Random),
            (Field::RingTimeout, Mode::Progressive, |s| {
                s.ring_timeout = Duration::from_secs(45);
            }),
            (Field::NoProgress, Mode::Progressive, |s| {
                s.no_progress = Duration::from_secs(9);
            }),
            (Field::WrapUp, Mode::Progressive, |s| {
                s.wrap_up = Duration::from_millis(1500);
            }),
            (Field::AnswerWait, Mode::Progressive, |s| {
                s.answer_wait = Duration::from_secs(9);
            }),
            (Field::Priority, Mode::Progressive, |s| s.priority = 1),
            (Field::GuaranteedCalls, Mode::Progressive, |s| {
                s.guaranteed_calls = 4;
            }),
            (Field::MaxCalls, Mode::Progressive, |s| {
                s.max_calls = Some(9);
            }),
            (Field::AbandonmentCeiling, Mode::Progressive, |s| {
                s.abandonment_ceiling = Share::from_basis_points(500).ok();
            }),
            (Field::AbandonmentWindow, Mode::Progressive, |s| {
                s.abandonment_window = AbandonmentWindow::Rolling(Duration::from_secs(60));
            }),
            (Field::AttemptsTotal, Mode::Progressive, |s| {
                s.retry.attempts_total = 5;
            }),
            (Field::AttemptsPerDay, Mode::Progressive, |s| {
                s.retry.attempts_per_day = Some(2);
            }),
            (Field::RetryInterval, Mode::Progressive, |s| {
                s.retry.interval = Duration::from_secs(600);
            }),
            (Field::RetryByOutcome, Mode::Progressive, |s| {
                let rest = OutcomeRetry {
                    interval: None,
                    attempts: Some(2),
                };
                s.retry.by_outcome.insert(Outcome::Busy, rest);
            }),
            (Field::RetryNever, Mode::Progressive, |s| {
                s.retry.never.insert(Outcome::Invalid);
            }),
            (Field::StartsAt, Mode::Progressive, |s| {
                s.calendar = calendar(Some(1), None, "Asia/Shanghai", Vec::new());
            }),
            (Field::EndsAt, Mode::Progressive, |s| {
                s.calendar = calendar(None, Some(9), "Asia/Shanghai", Vec::new());
            }),
            (Field::TimeZone, Mode::Progressive, |s| {
                s.calendar = calendar(None, None, "Asia/Tokyo", Vec::new());
            }),
            (Field::Rules, Mode::Progressive, |s| {
                let time = |text| TimeOfDay::parse(text).unwrap();
                let rule = DayRule {
                    days: DaySelector::Every,
                    windows: vec![Window::new(time("09:00"), time("21:00")).unwrap()],
                };
                s.calendar = calendar(None, None, "Asia/Shanghai", vec![rule]);
            }),
            (Field::AtEnd, Mode::Progressive, |s| {
                s.at_end = AtEnd::CancelRinging;
            }),
        ];
        let edits = edits.into_iter().map(|(field, mode, edit)| {
            let before = settings(mode);
            let mut after = before.clone();
            edit(&mut after);
            (field, before, after)
        });
        edits.collect()
    }

    #[test]
    fn every_field_is_seen_alone_and_can_be_put_back() {
        let edits = one_edit_for_each_field();
        for (field, before, after) in &edits {
            let changes = diff(before, after);
            let fields: Vec<Field> = changes.iter().map(|change| change.field).collect();
            assert_eq!(fields, [*field]);
            assert_eq!(with_changes(before, &changes).as_ref(), Ok(after));
            let back = diff(after, before);
            assert_eq!(with_changes(after, &back).as_ref(), Ok(before));
        }
        // Kind of target and list cannot be told apart so: they have tests of their own.
        assert_eq!(edits.len() + 2, Field::ALL.len());
    }

    #[test]
    fn a_flow_in_place_of_a_group_changes_the_kind_of_target() {
        let before = settings(Mode::Progressive);
        let mut after = before.clone();
        after.target = Target::Flow(FlowId::new(1));
        let fields: Vec<Field> = diff(&before, &after).iter().map(|c| c.field).collect();
        assert_eq!(fields, [Field::Target, Field::TargetKind]);
    }

    #[test]
    fn another_mode_takes_its_parameter_with_it() {
        let before = settings(Mode::Ratio(Ratio::from_hundredths(150).unwrap()));
        let mut after = before.clone();
        after.mode = Mode::Preview(PreviewRules {
            offers: 3,
            ..PreviewRules::default()
        });
        let changes = diff(&before, &after);
        let fields: Vec<Field> = changes.iter().map(|change| change.field).collect();
        assert_eq!(fields, [Field::Mode, Field::Ratio, Field::Preview]);
        assert_eq!(with_changes(&before, &changes).as_ref(), Ok(&after));
    }

    #[test]
    fn a_period_may_move_past_the_old_one() {
        let mut before = settings(Mode::Progressive);
        before.calendar = calendar(Some(10), Some(20), "UTC", Vec::new());
        let mut after = before.clone();
        after.calendar = calendar(Some(30), Some(40), "UTC", Vec::new());
        let changes = diff(&before, &after);
        assert_eq!(with_changes(&before, &changes).as_ref(), Ok(&after));
        let start_alone = with_changes(&before, &changes[..1]);
        assert_eq!(start_alone.unwrap_err().field, "calendar");
    }

    #[test]
    fn a_value_of_another_kind_is_told_and_no_panic() {
        let strange = [(Field::WrapUp, &FieldValue::Unset)];
        let refused = with_values(&settings(Mode::Progressive), strange);
        assert_eq!(refused.unwrap_err().field, "wrap_up_s");
    }

    #[test]
    fn names_of_fields_are_unique() {
        let names: std::collections::BTreeSet<_> =
            Field::ALL.iter().map(|field| field.as_str()).collect();
        assert_eq!(names.len(), Field::ALL.len());
        assert!(Field::ALL.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
