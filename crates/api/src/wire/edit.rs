//! Edits on the wire: what one changes, would change, or will change later.

use outdial_domain::{Change, Field, FieldValue, Mode, RefusedField, Revision};
use outdial_service::views::{EditPreview, ListChange, Uncallable, UncallableWhy};
use outdial_service::{ListVersion, PendingEdit};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::problem::{FieldError, refused_field};
use crate::scalar::{Number, Seconds, Time};
use crate::wire::calendar::CalendarRule;
use crate::wire::campaign::{CampaignJson, CampaignSettings};
use crate::wire::mode::{ModeFields, TargetJson, window_json};
use crate::wire::names::{Name, OriginName, RevisionStatusName, UncallableName};
use crate::wire::retry::by_outcome_json;

/// A field that an edit changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Change)]
pub(crate) struct ChangeJson {
    /// The field by its path, such as `retry.interval_s`; `contacts` is the list.
    field: &'static str,
    /// What it held; null = nothing.
    before: Value,
    /// What it holds afterwards; null = nothing.
    after: Value,
}

impl From<&Change> for ChangeJson {
    fn from(change: &Change) -> Self {
        Self {
            field: change.field.as_str(),
            before: value_json(change.field, &change.before),
            after: value_json(change.field, &change.after),
        }
    }
}

fn value_json(field: Field, value: &FieldValue) -> Value {
    use FieldValue as V;
    let mode_json = |mode| {
        let fields = ModeFields::from(mode);
        match field {
            Field::Rate => json!(fields.rate),
            Field::Preview => json!(fields.preview),
            _ => json!(fields.ratio),
        }
    };
    match value {
        V::Unset => Value::Null,
        V::Text(text) => json!(text),
        V::Count(count) => json!(count),
        V::Time(time) => json!(Seconds(*time)),
        V::Instant(at) => json!(Time(*at)),
        V::Share(share) => json!(share.fraction()),
        V::Mode(mode) => json!(Name(*mode)),
        V::Ratio(ratio) => mode_json(Mode::Ratio(*ratio)),
        V::Rate { calls, interval } => mode_json(Mode::Rate {
            calls: *calls,
            interval: *interval,
        }),
        V::Preview(rules) => mode_json(Mode::Preview(*rules)),
        V::Target(target) => json!(TargetJson::from(target)),
        V::Agents(agents) => json!(if *agents { "skill_group" } else { "flow" }),
        V::Numbers(numbers) => json!(numbers.iter().copied().map(Number).collect::<Vec<_>>()),
        V::Order(order) => json!(Name(*order)),
        V::Window(window) => window_json(*window),
        V::ByOutcome(rules) => json!(by_outcome_json(rules)),
        V::Outcomes(outcomes) => json!(outcomes.iter().copied().map(Name).collect::<Vec<_>>()),
        V::Rules(rules) => json!(rules.iter().map(CalendarRule::from).collect::<Vec<_>>()),
        V::AtEnd(at_end) => json!(Name(*at_end)),
        V::List { version, contacts } => json!({"version": version, "contacts": contacts}),
    }
}

fn changes_json(changes: &[Change]) -> Vec<ChangeJson> {
    changes.iter().map(ChangeJson::from).collect()
}

/// How a new list differs from the one whose place it took, by the contacts' first numbers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListChange)]
pub(crate) struct ListChangeJson {
    /// Its version; null = it is not in force.
    version: Option<u32>,
    /// Contacts whose number the old list had not.
    added: u64,
    /// Contacts of the old list whose number the new one has not.
    removed: u64,
    /// Contacts with a number that both have.
    kept: u64,
}

impl From<&ListVersion> for ListChangeJson {
    fn from(list: &ListVersion) -> Self {
        Self {
            version: Some(list.version),
            added: list.added,
            removed: list.removed,
            kept: list.kept,
        }
    }
}

impl From<&ListChange> for ListChangeJson {
    fn from(list: &ListChange) -> Self {
        Self {
            version: None,
            added: list.added,
            removed: list.removed,
            kept: list.kept,
        }
    }
}

/// The settings of a campaign as one edit left them, or an edit that waits for its time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Revision)]
pub(crate) struct RevisionJson {
    /// From 1, without gaps; null = the edit has not been made.
    revision: Option<u32>,
    status: RevisionStatusName,
    /// Who made it or asked for it: the name of the key.
    author: String,
    origin: OriginName,
    /// When it was made or asked for.
    at: Time,
    /// When it is to be made. Only of edits for later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    apply_at: Option<Time>,
    /// By this number an edit for later is cancelled: `DELETE …/revisions/pending/{n}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pending: Option<u64>,
    /// Why it could not be made when its time came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<String>,
    /// The revision whose settings it brought back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    restores: Option<u32>,
    /// What it changed or is to change; empty for the first revision.
    changes: Vec<ChangeJson>,
    /// The list that came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    list: Option<ListChangeJson>,
    /// The settings, whole. Only of revisions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    settings: Option<CampaignSettings>,
}

/// Whether a revision is in force, was, or is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RevisionStatus {
    InForce,
    Past,
    Pending,
    Failed,
}

/// What a list of revisions is made of.
#[derive(Debug)]
pub(crate) enum RevisionItem {
    /// A revision, whether it is the last one, and the list that came with it.
    Made(Box<Revision>, bool, Option<ListVersion>),
    /// An edit for later.
    Planned(PendingEdit),
}

impl RevisionItem {
    /// What tells it apart: the cursor of a page that ends with it.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Made(revision, ..) => revision.number.to_string(),
            Self::Planned(planned) => format!("pending-{}", planned.id.0),
        }
    }
}

impl From<RevisionItem> for RevisionJson {
    fn from(item: RevisionItem) -> Self {
        match item {
            RevisionItem::Made(revision, in_force, list) => Self {
                revision: Some(revision.number.number()),
                status: Name(if in_force {
                    RevisionStatus::InForce
                } else {
                    RevisionStatus::Past
                }),
                author: revision.author,
                origin: Name(revision.origin),
                at: Time(revision.at),
                apply_at: None,
                pending: None,
                problem: None,
                restores: revision.restores.map(|number| number.number()),
                changes: changes_json(&revision.changes),
                list: list.as_ref().map(ListChangeJson::from),
                settings: Some(CampaignSettings::from(&revision.settings)),
            },
            RevisionItem::Planned(planned) => Self::from(planned),
        }
    }
}

impl From<PendingEdit> for RevisionJson {
    fn from(planned: PendingEdit) -> Self {
        Self {
            revision: None,
            status: Name(if planned.failed.is_some() {
                RevisionStatus::Failed
            } else {
                RevisionStatus::Pending
            }),
            author: planned.edit.author,
            origin: Name(planned.edit.origin),
            at: Time(planned.edit.at),
            apply_at: Some(Time(planned.edit.apply_at)),
            pending: Some(planned.id.0),
            problem: planned.failed,
            restores: None,
            changes: changes_json(&planned.edit.changes),
            list: None,
            settings: None,
        }
    }
}

/// Contacts that an edit would leave without a call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Uncallable)]
pub(crate) struct UncallableJson {
    reason: UncallableName,
    /// How many; a contact with several reasons counts for each.
    contacts: u64,
    /// The reason in words.
    text: &'static str,
}

impl From<&Uncallable> for UncallableJson {
    fn from(uncallable: &Uncallable) -> Self {
        Self {
            reason: Name(uncallable.why),
            contacts: uncallable.contacts,
            text: match uncallable.why {
                UncallableWhy::AttemptsUsed => {
                    "they have used up as many attempts as there would be in all"
                }
                UncallableWhy::PeriodOver => "the period would be over",
                UncallableWhy::NoWindow => "the calendar would not open again before its end",
                UncallableWhy::RestsPastEnd => "they rest until the period would be over",
                UncallableWhy::NoTrunk => "no trunk carries any of the caller IDs",
            },
        }
    }
}

/// What an edit would do. Nothing has changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EditPreview)]
pub(crate) struct EditPreviewJson {
    /// The revision that it would start from.
    revision: u32,
    /// What it would change.
    changes: Vec<ChangeJson>,
    /// Fields because of which it would be refused as a whole.
    refused: Vec<FieldError>,
    /// Changes that it would leave out.
    ignored: Vec<ChangeJson>,
    /// What would become of the list, where it brings another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    list: Option<ListChangeJson>,
    /// Contacts that could be called before and not after it.
    uncallable: Vec<UncallableJson>,
}

impl From<&EditPreview> for EditPreviewJson {
    fn from(preview: &EditPreview) -> Self {
        let refused = |field: &RefusedField| FieldError::from(refused_field(field));
        Self {
            revision: preview.revision.number(),
            changes: changes_json(&preview.diff),
            refused: preview.refused.iter().map(refused).collect(),
            ignored: changes_json(&preview.ignored),
            list: preview.list.as_ref().map(ListChangeJson::from),
            uncallable: preview
                .uncallable
                .iter()
                .map(UncallableJson::from)
                .collect(),
        }
    }
}

/// What an edit is answered with: the campaign after it or, where `dry_run` asked for it, what it
/// would do.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(
    dead_code,
    reason = "it stands for one of its two forms in the document"
)]
pub(crate) enum EditAnswer {
    Made(Box<CampaignJson>),
    Previewed(EditPreviewJson),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use outdial_domain::edit::diff;
    use outdial_domain::{Calendar, PhoneNumber, Settings, SkillGroupId, Target};

    use super::*;

    #[test]
    fn a_change_is_written_like_the_field_itself() {
        let settings = |change: fn(&mut Settings)| {
            let mut settings = Settings::new(
                "spring",
                Mode::Rate {
                    calls: 1,
                    interval: Duration::from_secs(1),
                },
                Target::SkillGroup(SkillGroupId::new(255)),
                vec![PhoneNumber::from_text("10085").unwrap()],
                Calendar::always("Asia/Shanghai").unwrap(),
            );
            change(&mut settings);
            settings
        };
        let after = settings(|s| {
            s.mode = Mode::Rate {
                calls: 5,
                interval: Duration::from_millis(1500),
            };
            s.max_calls = Some(9);
            s.retry.interval = Duration::from_secs(600);
            s.target = Target::SkillGroup(SkillGroupId::new(3));
        });
        let changes = changes_json(&diff(&settings(|_| {}), &after));
        let shown = serde_json::to_value(CampaignSettings::from(&after)).unwrap();
        let pointers = ["/rate", "/target", "/max_calls", "/retry/interval_s"];
        assert_eq!(changes.len(), pointers.len());
        for (change, pointer) in changes.iter().zip(pointers) {
            assert_eq!(format!("/{}", change.field.replace('.', "/")), pointer);
            assert_eq!(Some(&change.after), shown.pointer(pointer), "{pointer}");
        }
        assert_eq!(changes[2].before, Value::Null);
    }
}
