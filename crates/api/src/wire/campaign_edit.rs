//! An edit of a campaign: a JSON merge patch of what our API shows.

use outdial_domain::{Settings, Tenant, Timestamp};
use outdial_service::FieldProblem;
use serde_json::{Map, Value};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::fields::{At, Findings};
use crate::scalar::time;
use crate::wire::campaign::CampaignSettings;
use crate::wire::campaign_request::{CHOICES, leave_server_fields, object, read_settings};
use crate::wire::merge::merge;

/// An edit as the OpenAPI document shows it: any of the fields of the settings.
pub(crate) struct CampaignPatch;

impl PartialSchema for CampaignPatch {
    fn schema() -> RefOr<Schema> {
        let mut schema = CampaignSettings::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required.clear();
            let apply_at = ObjectBuilder::new()
                .schema_type(SchemaType::Type(Type::String))
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
                .description(Some(
                    "When to make the edit, RFC 3339, at most two years ahead; left out = now.",
                ));
            object
                .properties
                .insert("apply_at".to_owned(), apply_at.into());
            object.description =
                Some("The settings that an edit changes; null = back to the default.".to_owned());
        }
        schema
    }
}

impl ToSchema for CampaignPatch {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        CampaignSettings::schemas(schemas);
    }
}

/// An edit as it was sent, checked for fields that no edit changes.
#[derive(Debug)]
pub(crate) struct Patch {
    fields: Map<String, Value>,
    apply_at: Option<Timestamp>,
}

impl Patch {
    /// Reads an edit of `current`, the campaign as our API shows it.
    ///
    /// # Errors
    /// The fields in it that no edit changes.
    pub(crate) fn read(body: &Value, current: &Value) -> Result<Self, Vec<FieldProblem>> {
        let mut findings = Findings::default();
        let empty = Map::new();
        let current = current.as_object().unwrap_or(&empty);
        if let Some(mut fields) = object(&mut findings, body) {
            leave_server_fields(&mut findings, &mut fields, current);
            let apply_at = fields.remove("apply_at").filter(|at| !at.is_null());
            let apply_at = apply_at.and_then(|value| {
                let path = "apply_at".to_owned();
                let value = &value;
                At { value, path }.scalar(&mut findings, time)
            });
            if findings.is_empty() {
                return Ok(Self { fields, apply_at });
            }
        }
        Err(findings.into_problems())
    }

    /// When it is to be made; `None` = now.
    pub(crate) fn apply_at(&self) -> Option<Timestamp> {
        self.apply_at
    }

    /// The settings after the edit.
    ///
    /// # Errors
    /// Everything that would be wrong with them.
    pub(crate) fn apply(
        &self,
        settings: &Settings,
        tenant: &Tenant,
    ) -> Result<Settings, Vec<FieldProblem>> {
        // Settings always have a JSON form: their maps have text keys, their numbers are finite.
        let current = serde_json::to_value(CampaignSettings::from(settings)).unwrap_or_default();
        let Value::Object(mut fields) = current else {
            return Err(Vec::new());
        };
        merge(&mut fields, &self.fields, &CHOICES);
        read_settings(Findings::default(), &fields, tenant)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use outdial_domain::{ComplianceProfile, Country, SkillGroupId, Target, TenantId};
    use serde_json::json;

    use super::*;
    use crate::wire::campaign_request::read_new;

    fn tenant() -> Tenant {
        Tenant {
            id: TenantId::new(1),
            name: "acme".to_owned(),
            time_zone: "Asia/Shanghai".to_owned(),
            default_country: Country::new("CN").unwrap(),
            compliance: ComplianceProfile::none(),
            max_calls: 500,
        }
    }

    fn before() -> Settings {
        let body = json!({
            "name": "Spring",
            "mode": "progressive",
            "target": {"skill_group": 255},
            "caller_ids": ["10085"],
        });
        read_new(&body, &tenant()).unwrap()
    }

    #[test]
    fn an_edit_changes_what_it_names_and_nothing_else() {
        let before = before();
        let current = json!({"id": 7, "tenant": "acme", "state": "running", "revision": 3});
        let patch = json!({
            "id": 7, "revision": 3,
            "wrap_up_s": 10,
            "target": {"skill_group": 300},
            "retry": {"attempts_total": 3},
        });
        let after = Patch::read(&patch, &current)
            .and_then(|patch| patch.apply(&before, &tenant()))
            .unwrap();
        let mut expected = before.clone();
        expected.wrap_up = Duration::from_secs(10);
        expected.target = Target::SkillGroup(SkillGroupId::new(300));
        expected.retry.attempts_total = 3;
        assert_eq!(after, expected);
        let back = Patch::read(&json!({"wrap_up_s": null}), &current)
            .and_then(|patch| patch.apply(&after, &tenant()))
            .unwrap();
        assert_eq!(back.wrap_up, Duration::ZERO);
    }

    #[test]
    fn an_edit_names_unknown_fields_and_those_that_never_change() {
        let before = before();
        let current = json!({"id": 7, "tenant": "acme", "state": "running"});
        let fields = |patch: Value| {
            let problems = Patch::read(&patch, &current)
                .and_then(|patch| patch.apply(&before, &tenant()))
                .expect_err("something is wrong with it");
            problems.into_iter().map(|p| p.field).collect::<Vec<_>>()
        };
        assert_eq!(
            fields(json!({"id": 8, "tenant": "other", "state": "paused"})),
            ["id", "tenant", "state"]
        );
        assert_eq!(fields(json!({"wrapup_s": 8})), ["wrapup_s"]);
        assert_eq!(fields(json!({"name": null})), ["name"]);
        assert_eq!(fields(json!([])), [""]);
    }
}
