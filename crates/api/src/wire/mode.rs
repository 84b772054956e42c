//! Mode, target and abandonment window on the wire.

use std::time::Duration;

use outdial_domain::{
    AbandonmentWindow, FlowId, Mode, ModeName, PreviewRules, Ratio, SkillGroupId, Target,
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::fields::{At, Findings, Object};
use crate::scalar::{Seconds, ratio, ratio_json, seconds, text, whole};
use crate::wire::names::named;

/// Calls in each interval, for mode `rate`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rate {
    /// Calls in each interval.
    #[schema(minimum = 1, maximum = 10000)]
    calls: u32,
    /// The interval, 1 to 86400.
    interval_s: Seconds,
}

/// How contacts are offered to agents, for mode `preview`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Preview {
    /// Time between two rounds of offers; 0 offers to an agent as soon as one is idle.
    #[schema(required = false, default = 0)]
    every_s: Seconds,
    /// Most offers made in one round; 0 = as many as there are idle agents.
    #[schema(required = false, default = 0)]
    offers: u32,
    /// After this time an offer that the agent still holds is dialed by itself; null = never.
    dial_after_s: Option<Seconds>,
    /// After this time without a call the offer is withdrawn, 1 to 3600.
    #[schema(required = false, default = 60)]
    offer_s: Seconds,
}

/// The parameters of a mode as they are written: each mode shows only its own.
#[derive(Debug, Default)]
pub(crate) struct ModeFields {
    pub(crate) ratio: Option<f64>,
    pub(crate) rate: Option<Rate>,
    pub(crate) preview: Option<Preview>,
}

impl From<Mode> for ModeFields {
    fn from(mode: Mode) -> Self {
        let mut fields = Self::default();
        match mode {
            Mode::Preview(rules) => {
                fields.preview = Some(Preview {
                    every_s: Seconds(rules.every),
                    offers: rules.offers,
                    dial_after_s: rules.dial_after.map(Seconds),
                    offer_s: Seconds(rules.offer),
                });
            }
            Mode::Ratio(ratio) => fields.ratio = Some(ratio_json(ratio)),
            Mode::Rate { calls, interval } => {
                fields.rate = Some(Rate {
                    calls,
                    interval_s: Seconds(interval),
                });
            }
            Mode::Preempted | Mode::Progressive | Mode::Predictive | Mode::Concurrency => {}
        }
        fields
    }
}

/// Reads `mode` with the parameters that belong to it. Where only a parameter is wrong, the mode comes
/// with a stand-in for it, so that what depends on the mode is checked as well.
pub(crate) fn read_mode(findings: &mut Findings, body: &mut Object<'_>) -> Option<Mode> {
    let name = body.required_scalar(findings, "mode", named::<ModeName>);
    let ratio = body.field("ratio");
    let rate = body.field("rate");
    let preview = body.field("preview");
    let name = name?;
    let parameters = [
        (ModeName::Ratio, &ratio),
        (ModeName::Rate, &rate),
        (ModeName::Preview, &preview),
    ];
    for (owner, field) in parameters {
        if let Some(at) = field
            && owner != name
        {
            findings.add(
                at.path.clone(),
                format!(
                    "belongs to the mode {}; leave it out in the mode {}",
                    owner.as_str(),
                    name.as_str()
                ),
            );
        }
    }
    match name {
        ModeName::Preview => Some(Mode::Preview(match preview {
            Some(at) => read_preview(findings, at),
            None => PreviewRules::default(),
        })),
        ModeName::Preempted => Some(Mode::Preempted),
        ModeName::Progressive => Some(Mode::Progressive),
        ModeName::Ratio => {
            let given = ratio.and_then(|at| at.scalar(findings, self::ratio));
            Some(Mode::Ratio(given.unwrap_or(Ratio::ONE)))
        }
        ModeName::Predictive => Some(Mode::Predictive),
        ModeName::Rate => {
            if rate.is_none() {
                findings.add(
                    body.path_of("rate"),
                    "is required in the mode rate, such as {\"calls\": 10, \"interval_s\": 1}",
                );
            }
            let given = rate.and_then(|at| read_rate(findings, at));
            Some(given.unwrap_or(Mode::Rate {
                calls: 1,
                interval: Duration::from_secs(1),
            }))
        }
        ModeName::Concurrency => Some(Mode::Concurrency),
    }
}

fn read_rate(findings: &mut Findings, at: At<'_>) -> Option<Mode> {
    let mut rate = at.object(findings)?;
    let calls = rate.required_scalar(findings, "calls", whole::<u32>(1..=10_000));
    let interval = rate.required_scalar(findings, "interval_s", seconds);
    rate.finish(findings);
    Some(Mode::Rate {
        calls: calls?,
        interval: interval?,
    })
}

fn read_preview(findings: &mut Findings, at: At<'_>) -> PreviewRules {
    let defaults = PreviewRules::default();
    let Some(mut preview) = at.object(findings) else {
        return defaults;
    };
    let rules = PreviewRules {
        every: preview
            .optional(findings, "every_s", seconds)
            .unwrap_or(defaults.every),
        offers: preview
            .optional(findings, "offers", whole::<u32>(0..=100_000))
            .unwrap_or(defaults.offers),
        dial_after: preview.optional(findings, "dial_after_s", seconds),
        offer: preview
            .optional(findings, "offer_s", seconds)
            .unwrap_or(defaults.offer),
    };
    preview.finish(findings);
    rules
}

/// Who takes an answered call: exactly one of these.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Target, example = json!({"skill_group": 255}))]
pub(crate) enum TargetJson {
    /// Agents of the skill group with this id.
    SkillGroup(u64),
    /// The configured flow with this id.
    Flow(u64),
    /// A flow at this SIP address.
    Sip(String),
}

impl From<&Target> for TargetJson {
    fn from(target: &Target) -> Self {
        match target {
            Target::SkillGroup(id) => Self::SkillGroup(id.number()),
            Target::Flow(id) => Self::Flow(id.number()),
            Target::Sip(uri) => Self::Sip(uri.clone()),
        }
    }
}

/// Reads a target.
pub(crate) fn read_target(findings: &mut Findings, at: At<'_>) -> Option<Target> {
    let path = at.path.clone();
    let mut object = at.object(findings)?;
    let group = object.field("skill_group");
    let flow = object.field("flow");
    let sip = object.field("sip");
    object.finish(findings);
    match (group, flow, sip) {
        (Some(at), None, None) => at
            .scalar(findings, whole::<u64>(0..=u64::MAX))
            .map(|id| Target::SkillGroup(SkillGroupId::new(id))),
        (None, Some(at), None) => at
            .scalar(findings, whole::<u64>(0..=u64::MAX))
            .map(|id| Target::Flow(FlowId::new(id))),
        (None, None, Some(at)) => at.scalar(findings, sip_uri).map(Target::Sip),
        _ => {
            findings.add(
                path,
                "must have exactly one of skill_group, flow and sip, such as {\"skill_group\": 255}",
            );
            None
        }
    }
}

fn sip_uri(value: &Value) -> Result<String, String> {
    let uri = text(1..=255)(value)?;
    let host = uri
        .strip_prefix("sip:")
        .or_else(|| uri.strip_prefix("sips:"));
    let sound = host.is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .chars()
                .all(|c| c.is_ascii_graphic() && c != '<' && c != '>')
    });
    if sound {
        Ok(uri)
    } else {
        Err("is not a SIP address such as sip:ivr@192.0.2.10:5060".to_owned())
    }
}

/// Over which time the abandonment ceiling is kept, as it is written.
pub(crate) fn window_json(window: AbandonmentWindow) -> Value {
    match window {
        AbandonmentWindow::Day => json!("day"),
        AbandonmentWindow::Shift => json!("shift"),
        AbandonmentWindow::Rolling(time) => json!({ "rolling_s": Seconds(time) }),
    }
}

/// Reads an abandonment window.
pub(crate) fn read_window(findings: &mut Findings, at: At<'_>) -> Option<AbandonmentWindow> {
    match at.value.as_str() {
        Some("day") => return Some(AbandonmentWindow::Day),
        Some("shift") => return Some(AbandonmentWindow::Shift),
        _ => {}
    }
    if !at.value.is_object() {
        findings.add(
            at.path,
            "must be \"day\", \"shift\" or {\"rolling_s\": 3600}",
        );
        return None;
    }
    let mut object = at.object(findings)?;
    let rolling = object.required_scalar(findings, "rolling_s", rolling);
    object.finish(findings);
    rolling.map(AbandonmentWindow::Rolling)
}

fn rolling(value: &Value) -> Result<Duration, String> {
    let time = seconds(value)?;
    if time.is_zero() {
        return Err("must be above 0".to_owned());
    }
    Ok(time)
}
