//! Appointments as JSON.

use std::collections::BTreeMap;

use outdial_domain::{
    AgentId, Appointment, AppointmentKind, AppointmentState, CampaignId, ContactId, Country,
    SkillGroupId,
};
use outdial_service::{AppointmentChange, AppointmentDraft, AppointmentFilter, FieldProblem};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::fields::{At, Findings, Object, kind_of, read_object};
use crate::query;
use crate::scalar::{Number, Time, any_text, phone_number, text, time, whole};

/// Most entries of attributes and reports.
const ENTRIES_MAX: usize = 100;

/// A call that is reserved for a time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Appointment)]
pub(crate) struct AppointmentJson {
    id: u64,
    /// `manual`: offered to its agent; `automatic`: dialed.
    #[schema(example = "manual")]
    kind: &'static str,
    campaign_id: u32,
    contact_id: u64,
    number: Number,
    /// The agent who is to take it.
    agent: Option<String>,
    /// Whose agents may take it, where none is named.
    skill_group: Option<u64>,
    /// The number to show; null = the campaign's.
    caller_id: Option<Number>,
    /// Its time.
    due_at: Time,
    /// When it is given up.
    valid_until: Time,
    remark: String,
    /// Anything else that came with it.
    attributes: BTreeMap<String, String>,
    /// `waiting`, `calling`, `done`, `timed_out`, `skipped`, `do_not_call` or `campaign_over`.
    #[schema(example = "waiting")]
    state: &'static str,
    /// Its call.
    attempt_id: Option<u64>,
    /// How its call ended.
    outcome: Option<&'static str>,
    /// What someone said of how it went.
    report: BTreeMap<String, String>,
    /// The key that made it.
    author: String,
    created_at: Time,
}

impl From<Appointment> for AppointmentJson {
    fn from(appointment: Appointment) -> Self {
        Self {
            id: appointment.id.number(),
            kind: appointment.kind.as_str(),
            campaign_id: appointment.campaign.number(),
            contact_id: appointment.contact.number(),
            number: Number(appointment.number),
            agent: appointment.agent.map(|id| id.to_string()),
            skill_group: appointment.skill_group.map(SkillGroupId::number),
            caller_id: appointment.caller_id.map(Number),
            due_at: Time(appointment.due_at),
            valid_until: Time(appointment.valid_until),
            remark: appointment.remark,
            attributes: appointment.attributes,
            state: appointment.state.as_str(),
            attempt_id: appointment.attempt.map(|id| id.number()),
            outcome: appointment.outcome.map(outdial_domain::Outcome::as_str),
            report: appointment.report,
            author: appointment.author,
            created_at: Time(appointment.created_at),
        }
    }
}

/// An appointment that is to be made.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what AppointmentDraft is read from")]
pub(crate) struct AppointmentRequest {
    /// `manual`: offered to its agent; `automatic`: dialed.
    #[schema(example = "manual")]
    kind: String,
    /// The campaign under whose settings it is called.
    campaign_id: u32,
    /// Who is called; left out: the newest contact of the campaign with this number, or a new one that
    /// only the appointment calls.
    #[schema(required = false)]
    contact_id: Option<u64>,
    /// The number to call.
    number: Number,
    /// The agent who is to take it.
    #[schema(required = false)]
    agent: Option<String>,
    /// Whose agents may take it. An automatic one with neither is taken by the campaign's own target.
    #[schema(required = false)]
    skill_group: Option<u64>,
    /// The number to show; left out: the campaign's.
    #[schema(required = false)]
    caller_id: Option<Number>,
    /// Its time, in the future.
    due_at: Time,
    /// When it is given up; left out: ten minutes after its time.
    #[schema(required = false)]
    valid_until: Option<Time>,
    /// A remark, up to 2000 characters.
    #[schema(required = false)]
    remark: String,
    /// Anything else that comes with it: names and texts.
    #[schema(required = false)]
    attributes: BTreeMap<String, String>,
}

/// Reads an appointment that is to be made.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn read_draft(
    body: &Value,
    country: Country,
) -> Result<AppointmentDraft, Vec<FieldProblem>> {
    read_object(body, |findings, object| {
        let kind = object.required_scalar(findings, "kind", kind);
        let campaign = object.required_scalar(findings, "campaign_id", campaign);
        let contact = object.optional(findings, "contact_id", whole(1..=u64::MAX));
        let number = object.required_scalar(findings, "number", phone_number(country));
        let agent = object.optional(findings, "agent", agent);
        let skill_group = object.optional(findings, "skill_group", whole(0..=u64::MAX));
        let caller_id = object.optional(findings, "caller_id", phone_number(country));
        let due_at = object.required_scalar(findings, "due_at", time);
        let valid_until = object.optional(findings, "valid_until", time);
        let remark = object.optional(findings, "remark", text(0..=Appointment::REMARK_MAX));
        let attributes = texts(findings, object, "attributes");
        Some(AppointmentDraft {
            kind: kind?,
            campaign: campaign?,
            contact: contact.map(ContactId::new),
            number: number?,
            agent,
            skill_group: skill_group.map(SkillGroupId::new),
            caller_id,
            due_at: due_at?,
            valid_until,
            remark: remark.unwrap_or_default(),
            attributes: attributes.unwrap_or_default(),
        })
    })
}

/// What is changed of an appointment; what is left out stays.
#[derive(Debug, ToSchema)]
pub(crate) struct AppointmentPatch {
    /// The agent who is to take it; takes the place of a skill group.
    #[schema(required = false, value_type = Option<String>)]
    agent: Option<AgentId>,
    /// Whose agents may take it; takes the place of an agent.
    #[schema(required = false)]
    skill_group: Option<u64>,
    /// Its time; `valid_until` moves with it.
    #[schema(required = false)]
    due_at: Option<Time>,
    /// When it is given up.
    #[schema(required = false)]
    valid_until: Option<Time>,
    /// A remark, up to 2000 characters.
    #[schema(required = false)]
    remark: Option<String>,
    /// How it went, in names and texts; one that waits is done by it.
    #[schema(required = false)]
    pub(crate) report: Option<BTreeMap<String, String>>,
}

impl AppointmentPatch {
    /// Reads a change.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn read(body: &Value) -> Result<Self, Vec<FieldProblem>> {
        read_object(body, |findings, object| {
            Some(Self {
                agent: object.optional(findings, "agent", agent),
                skill_group: object.optional(findings, "skill_group", whole(0..=u64::MAX)),
                due_at: object.optional(findings, "due_at", time).map(Time),
                valid_until: object.optional(findings, "valid_until", time).map(Time),
                remark: object.optional(findings, "remark", text(0..=Appointment::REMARK_MAX)),
                report: texts(findings, object, "report"),
            })
        })
    }

    /// The change, if there is any but a report.
    pub(crate) fn change(&self) -> Option<AppointmentChange> {
        let change = AppointmentChange {
            agent: self.agent,
            skill_group: self.skill_group.map(SkillGroupId::new),
            due_at: self.due_at.map(|at| at.0),
            valid_until: self.valid_until.map(|at| at.0),
            remark: self.remark.clone(),
        };
        (change != AppointmentChange::default()).then_some(change)
    }
}

/// Which appointments.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes what AppointmentFilter is read from")]
pub(crate) struct AppointmentParams {
    /// Of this campaign.
    campaign_id: Option<u32>,
    /// To this number.
    number: Option<String>,
    /// Of this agent.
    agent: Option<String>,
    /// In this state.
    state: Option<String>,
    /// Due from this time on.
    #[param(value_type = Option<Time>)]
    from: Option<Time>,
    /// Due before this time.
    #[param(value_type = Option<Time>)]
    to: Option<Time>,
}

/// Reads which appointments are asked for.
pub(crate) fn read_filter(
    findings: &mut Findings,
    query: &mut Object<'_>,
    country: Country,
) -> AppointmentFilter {
    AppointmentFilter {
        campaign: query.optional(findings, "campaign_id", |value| {
            let number = any_text(value)?.parse().map_err(|_| NO_CAMPAIGN)?;
            CampaignId::new(number).map_err(|_| NO_CAMPAIGN.to_owned())
        }),
        number: query.optional(findings, "number", query::phone_number(country)),
        agents: query
            .optional(findings, "agent", agent)
            .into_iter()
            .collect(),
        state: query.optional(findings, "state", |value| {
            AppointmentState::from_name(any_text(value)?).ok_or_else(|| {
                let names = AppointmentState::ALL.map(AppointmentState::as_str);
                format!("must be one of {}", names.join(", "))
            })
        }),
        from: query.optional(findings, "from", time),
        to: query.optional(findings, "to", time),
    }
}

const NO_CAMPAIGN: &str = "is not the id of a campaign";

fn campaign(value: &Value) -> Result<CampaignId, String> {
    let number = whole::<u32>(1..=2_147_483_647)(value)?;
    CampaignId::new(number).map_err(|_| NO_CAMPAIGN.to_owned())
}

fn kind(value: &Value) -> Result<AppointmentKind, String> {
    AppointmentKind::from_name(any_text(value)?)
        .ok_or_else(|| "must be manual or automatic".to_owned())
}

fn agent(value: &Value) -> Result<AgentId, String> {
    AgentId::new(any_text(value)?).map_err(|problem| problem.to_string())
}

/// An object of texts.
fn texts(
    findings: &mut Findings,
    object: &mut Object<'_>,
    name: &'static str,
) -> Option<BTreeMap<String, String>> {
    let At { value, path } = object.field(name)?;
    let Value::Object(map) = value else {
        let problem = format!("must be an object, not {}", kind_of(value));
        findings.add(path, problem);
        return None;
    };
    if map.len() > ENTRIES_MAX {
        findings.add(path, format!("must have at most {ENTRIES_MAX} entries"));
        return None;
    }
    let mut texts = BTreeMap::new();
    for (name, value) in map {
        match value.as_str() {
            Some(text) => {
                texts.insert(name.clone(), text.to_owned());
            }
            None => {
                let problem = format!("has a value that is {}; all must be texts", kind_of(value));
                findings.add(path.clone(), problem);
            }
        }
    }
    Some(texts)
}
