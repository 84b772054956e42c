//! What a client asks a campaign to be.

use outdial_domain::{
    AtEnd, Calendar, Mode, Order, PhoneNumber, Settings, SkillGroupId, Target, Tenant,
};
use outdial_service::FieldProblem;
use serde_json::{Map, Value};

use crate::fields::{At, Findings, Object};
use crate::scalar::{phone_number, seconds, share, text, whole};
use crate::wire::calendar::read_calendar;
use crate::wire::mode::{read_mode, read_target, read_window};
use crate::wire::names::named;
use crate::wire::retry::read_retry;

/// Most caller IDs of a campaign.
const CALLER_IDS_MAX: usize = 10_000;

/// Fields whose value is one of several forms: an edit replaces them as a whole.
pub(super) const CHOICES: [&str; 3] = ["target", "flow_first", "abandonment_window"];

/// Fields of a campaign that no request sets, each with what to do instead.
const GIVEN_BY_SERVER: [(&str, &str); 8] = [
    ("id", "is given by the server"),
    ("uuid", "is given by the server"),
    ("tenant", "never changes; it is the tenant of the key"),
    (
        "state",
        "is changed by POST to …/start, …/pause, …/resume and …/abort",
    ),
    ("end_reason", "is given by the server"),
    ("revision", "counts the edits; ask for one by If-Match"),
    ("origin", "is given by the server"),
    ("created_at", "is given by the server"),
];

/// Reads a new campaign.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn read_new(body: &Value, tenant: &Tenant) -> Result<Settings, Vec<FieldProblem>> {
    let mut findings = Findings::default();
    let mut current = Map::new();
    current.insert("tenant".to_owned(), Value::String(tenant.name.clone()));
    let Some(mut fields) = object(&mut findings, body) else {
        return Err(findings.into_problems());
    };
    leave_server_fields(&mut findings, &mut fields, &current);
    read_settings(findings, &fields, tenant)
}

/// The fields of a body that must be an object.
pub(super) fn object(findings: &mut Findings, body: &Value) -> Option<Map<String, Value>> {
    match body {
        Value::Object(fields) => Some(fields.clone()),
        _ => {
            At::body(body).object(findings)?;
            None
        }
    }
}

/// Takes out what the server gives. A client that sends back what it has read changes nothing by it;
/// one that asks for another value hears why it cannot be.
pub(super) fn leave_server_fields(
    findings: &mut Findings,
    fields: &mut Map<String, Value>,
    current: &Map<String, Value>,
) {
    for (name, why) in GIVEN_BY_SERVER {
        let Some(asked) = fields.remove(name).filter(|asked| !asked.is_null()) else {
            continue;
        };
        if current.get(name) != Some(&asked) {
            findings.add(name, format!("{why}; leave it out"));
        }
    }
}

/// Reads settings from their fields; what was found before counts as well.
///
/// # Errors
/// Everything that is wrong with them.
pub(super) fn read_settings(
    mut findings: Findings,
    fields: &Map<String, Value>,
    tenant: &Tenant,
) -> Result<Settings, Vec<FieldProblem>> {
    let mut body = Object::of(fields);
    let settings = read_fields(&mut findings, &mut body, tenant);
    body.finish(&mut findings);
    let Some(settings) = settings else {
        return Err(findings.into_problems());
    };
    for problem in settings.problems() {
        // What could not be read was replaced by a stand-in, whose faults are none of the client's.
        if !findings.touch(problem.field) {
            findings.add(problem.field, problem.problem);
        }
    }
    if findings.is_empty() {
        Ok(settings)
    } else {
        Err(findings.into_problems())
    }
}

/// Reads the fields; where one is wrong a stand-in takes its place, so that the others are checked
/// too. `None` when not even a stand-in can be had.
fn read_fields(
    findings: &mut Findings,
    body: &mut Object<'_>,
    tenant: &Tenant,
) -> Option<Settings> {
    let name = body
        .required_scalar(findings, "name", text(1..=200))
        .unwrap_or_else(|| "?".to_owned());
    let mode = read_mode(findings, body);
    let target = body
        .required(findings, "target")
        .and_then(|at| read_target(findings, at));
    let caller_ids = body
        .required(findings, "caller_ids")
        .and_then(|at| read_numbers(findings, at, tenant))
        .unwrap_or_default();
    let calendar = match body.field("calendar") {
        Some(at) => read_calendar(findings, at, &tenant.time_zone),
        None => None,
    };
    let calendar = match calendar {
        Some(calendar) => calendar,
        None => Calendar::always(&tenant.time_zone)
            .or_else(|_| Calendar::always("UTC"))
            .ok()?,
    };
    let (stand_in_mode, stand_in_target) = stand_ins(mode, target);
    let mut settings = Settings::new(&name, stand_in_mode, stand_in_target, caller_ids, calendar);
    read_optional(findings, body, &mut settings, tenant);
    Some(settings)
}

fn stand_ins(mode: Option<Mode>, target: Option<Target>) -> (Mode, Target) {
    let agents = match (&mode, &target) {
        (Some(mode), _) => mode.name().needs_agents(),
        (None, Some(target)) => target.skill_group().is_some(),
        (None, None) => true,
    };
    let mode = mode.unwrap_or(if agents {
        Mode::Progressive
    } else {
        Mode::Concurrency
    });
    let target = target.unwrap_or_else(|| {
        if agents {
            Target::SkillGroup(SkillGroupId::new(0))
        } else {
            Target::Sip(String::new())
        }
    });
    (mode, target)
}

fn read_numbers(findings: &mut Findings, at: At<'_>, tenant: &Tenant) -> Option<Vec<PhoneNumber>> {
    at.list(findings, CALLER_IDS_MAX, |findings, at| {
        at.scalar(findings, phone_number(tenant.default_country))
    })
}

/// Reads the fields that have a default into settings that hold it.
fn read_optional(
    findings: &mut Findings,
    body: &mut Object<'_>,
    settings: &mut Settings,
    tenant: &Tenant,
) {
    let calls = || whole::<u32>(0..=u64::from(u32::MAX));
    settings.flow_first = body
        .field("flow_first")
        .and_then(|at| read_target(findings, at));
    if let Some(at) = body.field("recall_caller_ids") {
        settings.recall_caller_ids = read_numbers(findings, at, tenant).unwrap_or_default();
    }
    if let Some(order) = body.optional(findings, "order", named::<Order>) {
        settings.order = order;
    }
    let durations = [
        ("ring_timeout_s", &mut settings.ring_timeout),
        ("no_progress_s", &mut settings.no_progress),
        ("wrap_up_s", &mut settings.wrap_up),
        ("answer_wait_s", &mut settings.answer_wait),
    ];
    for (name, place) in durations {
        if let Some(time) = body.optional(findings, name, seconds) {
            *place = time;
        }
    }
    if let Some(priority) = body.optional(findings, "priority", whole::<u8>(1..=5)) {
        settings.priority = priority;
    }
    if let Some(guaranteed) = body.optional(findings, "guaranteed_calls", calls()) {
        settings.guaranteed_calls = guaranteed;
    }
    settings.max_calls = body.optional(findings, "max_calls", calls());
    if let Some(ceiling) = body.optional(findings, "abandonment_ceiling", share) {
        settings.abandonment_ceiling = Some(ceiling);
    }
    if let Some(window) = body
        .field("abandonment_window")
        .and_then(|at| read_window(findings, at))
    {
        settings.abandonment_window = window;
    }
    if let Some(retry) = body.field("retry").and_then(|at| read_retry(findings, at)) {
        settings.retry = retry;
    }
    if let Some(at_end) = body.optional(findings, "at_end", named::<AtEnd>) {
        settings.at_end = at_end;
    }
}

#[cfg(test)]
mod tests {
    use outdial_domain::{ComplianceProfile, Country, TenantId};
    use serde_json::json;

    use super::*;
    use crate::wire::campaign::CampaignSettings;
    use crate::wire::merge::merge;

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

    fn least() -> Value {
        json!({
            "name": "Spring",
            "mode": "progressive",
            "target": {"skill_group": 255},
            "caller_ids": ["075586013388", "10085"],
        })
    }

    fn with(change: Value) -> Value {
        let mut body = least();
        merge(
            body.as_object_mut().unwrap(),
            change.as_object().unwrap(),
            &CHOICES,
        );
        body
    }

    fn wrong_fields(body: &Value) -> Vec<String> {
        let problems = read_new(body, &tenant()).expect_err("something is wrong with it");
        problems.into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn a_campaign_needs_four_fields_and_has_the_documented_defaults() {
        let settings = read_new(&least(), &tenant()).unwrap();
        assert_eq!(
            serde_json::to_value(CampaignSettings::from(&settings)).unwrap(),
            json!({
                "name": "Spring",
                "mode": "progressive",
                "ratio": null,
                "rate": null,
                "preview": null,
                "target": {"skill_group": 255},
                "flow_first": null,
                "caller_ids": ["+8675586013388", "10085"],
                "recall_caller_ids": [],
                "order": "list",
                "ring_timeout_s": 30,
                "no_progress_s": 12,
                "wrap_up_s": 0,
                "answer_wait_s": 2,
                "priority": 3,
                "guaranteed_calls": 0,
                "max_calls": null,
                "abandonment_ceiling": null,
                "abandonment_window": "day",
                "retry": {
                    "attempts_total": 1,
                    "attempts_per_day": null,
                    "interval_s": 0,
                    "by_outcome": {},
                    "never": [],
                },
                "calendar": {
                    "starts_at": null,
                    "ends_at": null,
                    "time_zone": "Asia/Shanghai",
                    "rules": [],
                },
                "at_end": "let_ring",
            })
        );
        assert_eq!(
            wrong_fields(&json!({})),
            ["name", "mode", "target", "caller_ids"]
        );
        let predictive = read_new(&with(json!({"mode": "predictive"})), &tenant()).unwrap();
        let json = serde_json::to_value(CampaignSettings::from(&predictive)).unwrap();
        assert_eq!(json["abandonment_ceiling"], json!(0.03));
        let ratio = read_new(&with(json!({"mode": "ratio"})), &tenant()).unwrap();
        let json = serde_json::to_value(CampaignSettings::from(&ratio)).unwrap();
        assert_eq!(json["ratio"], json!(1.0));
    }

    #[test]
    fn every_field_comes_back_as_it_was_written() {
        let bodies = [
            with(json!({
                "mode": "preview",
                "preview": {"every_s": 5, "offers": 3, "dial_after_s": 10.5, "offer_s": 45},
                "flow_first": {"flow": 4600},
                "recall_caller_ids": ["4008013260"],
                "order": "random",
                "ring_timeout_s": 45.5,
                "no_progress_s": 8,
                "wrap_up_s": 15,
                "answer_wait_s": 3,
                "priority": 1,
                "guaranteed_calls": 10,
                "max_calls": 100,
                "abandonment_window": {"rolling_s": 3600},
                "retry": {
                    "attempts_total": 5, "attempts_per_day": 2, "interval_s": 600,
                    "by_outcome": {"busy": {"interval_s": 30, "attempts": 2}},
                    "never": ["invalid"],
                },
                "calendar": {
                    "starts_at": "2026-11-20T01:00:00.000Z",
                    "ends_at": "2026-12-20T01:00:00.000Z",
                    "time_zone": "Asia/Tokyo",
                    "rules": [{"days": "every", "windows": [{"from": "09:00", "to": "21:00"}]}],
                },
                "at_end": "cancel_ringing",
            })),
            with(
                json!({"mode": "rate", "rate": {"calls": 3, "interval_s": 1.5}, "target": {"sip": "sip:ivr@192.0.2.1"}}),
            ),
            with(
                json!({"mode": "concurrency", "target": {"flow": 1}, "abandonment_window": "shift"}),
            ),
            with(json!({"mode": "ratio", "ratio": 1.25, "abandonment_ceiling": 0.05})),
        ];
        for body in bodies {
            let settings = read_new(&body, &tenant()).unwrap();
            let written = serde_json::to_value(CampaignSettings::from(&settings)).unwrap();
            for (name, value) in body.as_object().unwrap() {
                if !name.ends_with("caller_ids") {
                    assert_eq!(written[name], *value, "{name}");
                }
            }
            assert_eq!(read_new(&written, &tenant()).unwrap(), settings);
        }
    }

    #[test]
    fn everything_wrong_is_named_at_once_by_its_path() {
        let body = with(json!({
            "mode": "progresive",
            "ring_timeout_s": 0.5,
            "priority": 9,
            "caller_ids": ["10085", "call me", 5],
            "ratios": 2,
            "retry": {"attempts_total": 0, "by_outcome": {"bussy": {}, "busy": {"interval": 3}}},
            "calendar": {"rules": [{"days": ["mon"], "windows": [{"from": "x", "to": "21:00"}]}]},
        }));
        assert_eq!(
            wrong_fields(&body),
            [
                "mode",
                "caller_ids[1]",
                "caller_ids[2]",
                "calendar.rules[0].windows[0].from",
                "priority",
                "retry.attempts_total",
                "retry.by_outcome.bussy",
                "retry.by_outcome.busy.interval",
                "ratios",
                "ring_timeout_s",
            ]
        );
    }

    #[test]
    fn modes_take_their_own_parameters_and_fit_their_target() {
        assert_eq!(wrong_fields(&with(json!({"ratio": 2}))), ["ratio"]);
        assert_eq!(
            wrong_fields(&with(json!({"mode": "rate"}))),
            ["rate", "target"]
        );
        assert_eq!(
            wrong_fields(&with(json!({"target": {"flow": 1}}))),
            ["target"]
        );
        assert_eq!(
            wrong_fields(&with(json!({"target": {"flow": 1, "skill_group": 2}}))),
            ["target"]
        );
        assert_eq!(
            wrong_fields(&with(json!({"target": {"sip": "http://x"}}))),
            ["target.sip"]
        );
    }

    #[test]
    fn a_new_campaign_does_not_bring_its_own_id() {
        assert_eq!(
            wrong_fields(&with(
                json!({"id": 5, "state": "running", "tenant": "other"})
            )),
            ["id", "tenant", "state"]
        );
        assert!(read_new(&with(json!({"tenant": "acme"})), &tenant()).is_ok());
    }
}
