//! Trunks, halts and breakers.

use outdial_domain::{CampaignId, Country, Evidence, PhoneNumber, Progress, TrunkName};
use outdial_service::views::{BreakerView, TrunkView};
use outdial_service::{FieldProblem, HaltScope, Suspects};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::fields::{Findings, Object, read_object};
use crate::scalar::{Number, Time, any_text, phone_number, text, whole};
use crate::wire::names::{Name, SuspectsName, named};

/// A trunk: a carrier or gateway that takes our calls.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trunk)]
pub(crate) struct TrunkJson {
    name: String,
    /// Where it is, a SIP URI.
    uri: String,
    /// `up`, `doubtful` or `out`.
    #[schema(example = "up")]
    health: &'static str,
    /// Why, in words; empty when up.
    reason: String,
    /// Calls right now, over all tenants.
    calls: u32,
    /// Most calls at once; null = no limit.
    max_calls: Option<u32>,
    /// Breakers that are open on it.
    breakers: Vec<BreakerJson>,
    /// Why an operator has halted it; null = it is not halted.
    halted: Option<String>,
}

/// An open breaker: dialing with this caller ID over the trunk has stopped.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Breaker)]
pub(crate) struct BreakerJson {
    /// The number shown.
    caller_id: Number,
    /// When it opened.
    since: Time,
    /// How many results are suspect.
    suspects: usize,
}

impl From<&TrunkView> for TrunkJson {
    fn from(trunk: &TrunkView) -> Self {
        Self {
            name: trunk.name.to_string(),
            uri: trunk.uri.clone(),
            health: trunk.health,
            reason: trunk.reason.clone(),
            calls: trunk.calls,
            max_calls: trunk.max_calls,
            breakers: trunk.breakers.iter().map(BreakerJson::from).collect(),
            halted: trunk.halted.clone(),
        }
    }
}

impl From<&BreakerView> for BreakerJson {
    fn from(breaker: &BreakerView) -> Self {
        Self {
            caller_id: Number(breaker.caller_id),
            since: Time(breaker.since),
            suspects: breaker.suspects,
        }
    }
}

/// Lifts the breakers of a trunk.
#[derive(Debug, ToSchema)]
pub(crate) struct TrunkResume {
    pub(crate) suspect: SuspectsName,
}

impl TrunkResume {
    /// Reads the request.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn read(body: &Value) -> Result<Self, Vec<FieldProblem>> {
        read_object(body, |findings, object| {
            let suspect = object.required_scalar(findings, "suspect", named::<Suspects>)?;
            Some(Self {
                suspect: Name(suspect),
            })
        })
    }
}

/// A call over a trunk without any campaign.
#[derive(Debug, ToSchema)]
pub(crate) struct TrunkTest {
    /// The number to call.
    #[schema(value_type = Number)]
    pub(crate) to: PhoneNumber,
    /// The number to show; default: the tenant's first that the trunk carries.
    #[schema(value_type = Number, required = false)]
    pub(crate) caller_id: Option<PhoneNumber>,
}

impl TrunkTest {
    /// Reads the request.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn read(body: &Value, country: Country) -> Result<Self, Vec<FieldProblem>> {
        read_object(body, |findings, object| {
            let to = object.required_scalar(findings, "to", phone_number(country));
            let caller_id = object.optional(findings, "caller_id", phone_number(country));
            Some(Self { to: to?, caller_id })
        })
    }
}

/// How a test call went.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrunkTestResult {
    /// Whether it was answered (and then hung up at once).
    answered: bool,
    /// Whether any response came at all.
    responded: bool,
    /// The first progress: `ringing` or `session_progress`.
    progress: Option<&'static str>,
    /// Final SIP status of the INVITE.
    sip_status: Option<u16>,
    /// Q.850 cause.
    q850_cause: Option<u8>,
}

impl From<Evidence> for TrunkTestResult {
    fn from(evidence: Evidence) -> Self {
        Self {
            answered: evidence
                .sip_status
                .is_some_and(|status| (200..300).contains(&status)),
            responded: evidence.responded,
            progress: evidence.progress.map(|progress| match progress {
                Progress::Ringing => "ringing",
                Progress::SessionProgress => "session_progress",
            }),
            sip_status: evidence.sip_status,
            q850_cause: evidence.q850_cause,
        }
    }
}

/// What is to stand still: exactly one of `tenant`, `trunk` and `campaign`.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"campaign": 7, "reason": "wrong list"}))]
pub(crate) struct Halt {
    /// `true`: every call of the tenant.
    #[schema(value_type = bool, required = false)]
    pub(crate) tenant: Option<HaltScope>,
    /// Calls over the trunk with this name.
    #[schema(value_type = String, required = false)]
    pub(crate) trunk: Option<HaltScope>,
    /// Calls of the campaign with this id.
    #[schema(value_type = u32, required = false)]
    pub(crate) campaign: Option<HaltScope>,
    /// Why, up to 200 characters.
    #[schema(required = false)]
    pub(crate) reason: String,
}

impl Halt {
    /// Reads a halt: its scope and its reason.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn read(body: &Value) -> Result<(HaltScope, String), Vec<FieldProblem>> {
        read_object(body, |findings, object| {
            let halt = Self {
                tenant: object.optional(findings, "tenant", whole_tenant),
                trunk: object.optional(findings, "trunk", trunk),
                campaign: object.optional(findings, "campaign", campaign),
                reason: object
                    .optional(findings, "reason", text(0..=200))
                    .unwrap_or_default(),
            };
            halt.scope(findings, object)
        })
    }

    fn scope(self, findings: &mut Findings, object: &Object<'_>) -> Option<(HaltScope, String)> {
        match (self.tenant, self.trunk, self.campaign) {
            (Some(scope), None, None) | (None, Some(scope), None) | (None, None, Some(scope)) => {
                Some((scope, self.reason))
            }
            _ => {
                if findings.is_empty() {
                    findings.add(
                        object.path_of("tenant"),
                        "give exactly one of {\"tenant\": true}, {\"trunk\": NAME} and {\"campaign\": ID}",
                    );
                }
                None
            }
        }
    }
}

fn whole_tenant(value: &Value) -> Result<HaltScope, String> {
    match value {
        Value::Bool(true) => Ok(HaltScope::Tenant),
        _ => Err("must be true, or left out".to_owned()),
    }
}

fn trunk(value: &Value) -> Result<HaltScope, String> {
    TrunkName::new(any_text(value)?)
        .map(HaltScope::Trunk)
        .map_err(|error| error.to_string())
}

fn campaign(value: &Value) -> Result<HaltScope, String> {
    let id = whole::<u32>(1..=2_147_483_647)(value)?;
    CampaignId::new(id)
        .map(HaltScope::Campaign)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_halt_has_exactly_one_scope() {
        assert_eq!(
            Halt::read(&json!({"tenant": true, "reason": "fire drill"})),
            Ok((HaltScope::Tenant, "fire drill".to_owned()))
        );
        assert_eq!(
            Halt::read(&json!({"campaign": 7})),
            Ok((
                HaltScope::Campaign(CampaignId::new(7).unwrap()),
                String::new()
            ))
        );
        let scope = HaltScope::Trunk(TrunkName::new("carrier").unwrap());
        assert_eq!(
            Halt::read(&json!({"trunk": "carrier"})),
            Ok((scope, String::new()))
        );
        for wrong in [
            json!({}),
            json!({"tenant": false}),
            json!({"tenant": true, "campaign": 7}),
            json!({"campaign": 0}),
            json!({"campaing": 7}),
        ] {
            assert!(Halt::read(&wrong).is_err(), "{wrong}");
        }
    }
}
