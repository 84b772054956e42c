//! A campaign as our API shows it.

use outdial_domain::{Campaign, Settings};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::Schema;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, SchemaType, Type};

use crate::scalar::{Number, Seconds, Time};
use crate::wire::calendar::CalendarJson;
use crate::wire::mode::{ModeFields, Preview, Rate, TargetJson, window_json};
use crate::wire::names::{
    AtEndName, CampaignStateName, EndReasonName, Name, OrderName, OriginName, PacingMode,
};
use crate::wire::retry::Retry;

/// What a campaign is to do: the part of it that an edit changes and a revision holds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CampaignSettings {
    /// Its name, 1 to 200 characters.
    #[schema(example = "Spring renewals")]
    name: String,
    mode: PacingMode,
    /// Ringing calls for each idle agent, in the mode ratio: 0.01 to 100, default 1.
    #[schema(minimum = 0.01, maximum = 100)]
    ratio: Option<f64>,
    /// Calls in each interval; required in the mode rate.
    rate: Option<Rate>,
    /// How contacts are offered to agents, in the mode preview.
    preview: Option<Preview>,
    /// Who takes answered calls. The modes rate and concurrency need a flow or a SIP address, the
    /// others a skill group.
    target: TargetJson,
    /// A flow that speaks with the callee before the skill group does.
    flow_first: Option<TargetJson>,
    /// Numbers to show; at least one.
    caller_ids: Vec<Number>,
    /// Numbers to show from a contact's second attempt on; empty = `caller_ids`.
    #[schema(required = false)]
    recall_caller_ids: Vec<Number>,
    /// Default: list.
    #[schema(required = false)]
    order: OrderName,
    /// Longest unanswered ringing, from the first progress: 1 to 300, default 30.
    #[schema(required = false)]
    ring_timeout_s: Seconds,
    /// Longest time from dialing to the first progress: 1 to 120, default 12.
    #[schema(required = false)]
    no_progress_s: Seconds,
    /// An agent's time after a call: 0 to 3600, default 0.
    #[schema(required = false)]
    wrap_up_s: Seconds,
    /// How long an answered callee may wait for an agent: 0 to 60, default 2.
    #[schema(required = false)]
    answer_wait_s: Seconds,
    /// Among the campaigns of its tenant: 1 is first.
    #[schema(required = false, default = 3, minimum = 1, maximum = 5)]
    priority: u8,
    /// Calls at once that lines are kept for, before priorities count.
    #[schema(required = false, default = 0, maximum = 100_000)]
    guaranteed_calls: u32,
    /// Most calls at once; null = as lines allow.
    #[schema(minimum = 1)]
    max_calls: Option<u32>,
    /// Highest share of live answers that nobody took in time, 0 to 1; null = no ceiling, and 0.03 in
    /// the mode predictive. At the ceiling the mode ratio dials one call for one idle agent, until the
    /// share is below it again. The modes preview, rate and concurrency take no ceiling.
    #[schema(minimum = 0, maximum = 1, example = 0.03)]
    abandonment_ceiling: Option<f64>,
    /// Over which time that share is kept: `"day"` (default), `"shift"` or `{"rolling_s": 3600}`.
    #[schema(required = false, schema_with = window_schema)]
    abandonment_window: Value,
    /// Default: one attempt.
    #[schema(required = false)]
    retry: Retry,
    /// Default: always open, in the tenant's zone.
    #[schema(required = false)]
    calendar: CalendarJson,
    /// Default: let_ring.
    #[schema(required = false)]
    at_end: AtEndName,
}

fn window_schema() -> Schema {
    let name = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .enum_values(Some(["day", "shift"]));
    let rolling = ObjectBuilder::new()
        .property(
            "rolling_s",
            ObjectBuilder::new().schema_type(SchemaType::Type(Type::Number)),
        )
        .required("rolling_s");
    OneOfBuilder::new()
        .description(Some(
            "Over which time the abandonment ceiling is kept: the campaign's local day, from the \
             first agent's log-in to the last one's leaving, or the time just past.",
        ))
        .item(name)
        .item(rolling)
        .into()
}

impl From<&Settings> for CampaignSettings {
    fn from(settings: &Settings) -> Self {
        let mode = ModeFields::from(settings.mode);
        let numbers = |numbers: &[_]| numbers.iter().copied().map(Number).collect();
        Self {
            name: settings.name.clone(),
            mode: Name(settings.mode.name()),
            ratio: mode.ratio,
            rate: mode.rate,
            preview: mode.preview,
            target: TargetJson::from(&settings.target),
            flow_first: settings.flow_first.as_ref().map(TargetJson::from),
            caller_ids: numbers(&settings.caller_ids),
            recall_caller_ids: numbers(&settings.recall_caller_ids),
            order: Name(settings.order),
            ring_timeout_s: Seconds(settings.ring_timeout),
            no_progress_s: Seconds(settings.no_progress),
            wrap_up_s: Seconds(settings.wrap_up),
            answer_wait_s: Seconds(settings.answer_wait),
            priority: settings.priority,
            guaranteed_calls: settings.guaranteed_calls,
            max_calls: settings.max_calls,
            abandonment_ceiling: settings.abandonment_ceiling.map(|share| share.fraction()),
            abandonment_window: window_json(settings.abandonment_window),
            retry: Retry::from(&settings.retry),
            calendar: CalendarJson::from(&settings.calendar),
            at_end: Name(settings.at_end),
        }
    }
}

/// A campaign: the rules of one outbound effort, and where it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Campaign)]
pub(crate) struct CampaignJson {
    /// Its id.
    id: u32,
    /// Its second id.
    uuid: String,
    /// The tenant's name.
    tenant: String,
    state: CampaignStateName,
    /// Null until it has ended.
    end_reason: Option<EndReasonName>,
    #[serde(flatten)]
    settings: CampaignSettings,
    /// The number of the settings in force: its ETag.
    revision: u32,
    origin: OriginName,
    /// When it was made.
    created_at: Time,
}

impl CampaignJson {
    /// A campaign of the tenant with this name.
    pub(crate) fn new(campaign: &Campaign, tenant: &str) -> Self {
        Self {
            id: campaign.id.number(),
            uuid: campaign.uuid.clone(),
            tenant: tenant.to_owned(),
            state: Name(campaign.state),
            end_reason: campaign.state.end_reason().map(Name),
            settings: CampaignSettings::from(&campaign.settings),
            revision: campaign.revision.number(),
            origin: Name(campaign.origin),
            created_at: Time(campaign.created_at),
        }
    }
}
