//! Predictive campaigns: a list, a skill group that takes the calls, and how hard to dial.
//!
//! The controller that dials ahead of idle agents is not built yet; until then such a campaign dials
//! progressively, one call for each idle agent, which keeps every abandonment target.

mod life;
pub(super) mod read;
mod show;

use outdial_domain::{Campaign, CampaignId, EditPolicy};

use super::fault::Fault;
use super::routes::{Call, Operation};
use super::states::Action;
use super::wire::{Member, optional, required};

/// `UpdatePredictiveDialingCampaign` edits everything, before the start only. Source: "This API is used
/// to update the predictive outbound call task before it starts."
pub(super) const UPDATE: EditPolicy = EditPolicy::new("tencent UpdatePredictiveDialingCampaign")
    .taking(|state| Action::Update.fits(state));

const SDK_APP_ID: Member = required("SdkAppId").honoured("names the tenant");
const CAMPAIGN_ID: Member = required("CampaignId").honoured("names the campaign");

const NAME: Member = required("Name").honoured("1–128 characters; need not be unique");
const CALLEES: Member =
    required("Callees").honoured("1–100,000 numbers; a number that stands twice counts once");
const CALLERS: Member = required("Callers").honoured("numbers of the tenant's own, used in turn");
const CALL_ORDER: Member = required("CallOrder").honoured("0 random, 1 as listed");
const SKILL_GROUP_ID: Member = required("SkillGroupId").honoured("a skill group of the tenant");
const PRIORITY: Member = required("Priority").honoured("1 (first) to 5");
const RETRY_INTERVAL: Member =
    required("RetryInterval").honoured("60–86,400 s from the end of an attempt");
const START_TIME: Member = required("StartTime").honoured("Unix seconds; in the past: at once");
const END_TIME: Member =
    required("EndTime").honoured("Unix seconds, after StartTime and in the future");
const IVR_ID: Member =
    optional("IVRId").honoured("a flow of the tenant: speaks first, then the skill group");
const RETRY_TIMES: Member = optional("RetryTimes").honoured("0–2; default 0");
const VARIABLES: Member = optional("Variables")
    .honoured("attributes of every contact, shown to agents; also stored and shown again");
const UUI: Member = optional("UUI").stored("at most 1024 bytes; returned in the records of calls");
const CALLEE_ATTRIBUTES: Member = optional("CalleeAttributes")
    .honoured("UUI and Variables of single callees, before those of the campaign");

const CREATE_RATE: Member = required("ExpectedAbandonRate")
    .stored("0–50 percent; becomes the ceiling, which progressive dialing never reaches");
const UPDATE_RATE: Member = required("ExpectedAbandonRate")
    .stored("5–50 percent; becomes the ceiling, which progressive dialing never reaches");

/// The operations of this folder. Source: the page of each, CCC 2020-02-10.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "CreatePredictiveDialingCampaign",
        members: &[
            SDK_APP_ID,
            NAME,
            CALLEES,
            CALLERS,
            CALL_ORDER,
            SKILL_GROUP_ID,
            PRIORITY,
            CREATE_RATE,
            RETRY_INTERVAL,
            START_TIME,
            END_TIME,
            IVR_ID,
            RETRY_TIMES,
            VARIABLES,
            UUI,
            CALLEE_ATTRIBUTES,
            optional("TimeZone").honoured("IANA zone; default: the tenant's"),
            optional("AvailableTime").honoured("daily windows in that zone; default: always"),
        ],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(life::create(call)),
    },
    Operation {
        name: "UpdatePredictiveDialingCampaign",
        members: &[
            SDK_APP_ID,
            CAMPAIGN_ID,
            NAME,
            CALLEES,
            CALLERS,
            CALL_ORDER,
            SKILL_GROUP_ID,
            PRIORITY,
            UPDATE_RATE,
            RETRY_INTERVAL,
            START_TIME,
            END_TIME,
            IVR_ID,
            RETRY_TIMES,
            VARIABLES,
            UUI,
            CALLEE_ATTRIBUTES,
        ],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(life::update(call)),
    },
    Operation {
        name: "DescribePredictiveDialingCampaign",
        members: &[SDK_APP_ID, CAMPAIGN_ID],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(show::one(call)),
    },
    Operation {
        name: "DescribePredictiveDialingCampaigns",
        members: &[
            SDK_APP_ID,
            required("PageSize").honoured("1–100"),
            required("PageNumber").honoured("from 0"),
            optional("Name").honoured("part of the name"),
            optional("SkillGroupId").honoured(""),
            optional("CampaignId").honoured(""),
        ],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(show::list(call)),
    },
    Operation {
        name: "DescribePredictiveDialingSessions",
        members: &[
            SDK_APP_ID,
            CAMPAIGN_ID,
            required("PageSize").honoured("1–1000"),
            required("PageNumber").honoured("from 0"),
        ],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(show::sessions(call)),
    },
    Operation {
        name: "PausePredictiveDialingCampaign",
        members: &[SDK_APP_ID, CAMPAIGN_ID],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(life::pause(call)),
    },
    Operation {
        name: "ResumePredictiveDialingCampaign",
        members: &[SDK_APP_ID, CAMPAIGN_ID],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(life::resume(call)),
    },
    Operation {
        name: "AbortPredictiveDialingCampaign",
        members: &[SDK_APP_ID, CAMPAIGN_ID],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(life::abort(call)),
    },
    Operation {
        name: "DeletePredictiveDialingCampaign",
        members: &[SDK_APP_ID, CAMPAIGN_ID],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(life::delete(call)),
    },
];

/// The campaign that `CampaignId` names: one of the tenant's whose calls a skill group takes.
async fn named(call: &Call) -> Result<Campaign, Fault> {
    let id = id_in(call)?;
    let campaign = call.service.campaign(&call.caller, id).await?;
    match campaign.settings.target.skill_group() {
        Some(_) => Ok(campaign),
        None => Err(no_campaign()),
    }
}

fn id_in(call: &Call) -> Result<CampaignId, Fault> {
    let given = call.fields.integer("CampaignId")?;
    let given = given.and_then(|id| u32::try_from(id).ok());
    let id = given.and_then(|id| CampaignId::new(id).ok());
    id.ok_or_else(no_campaign)
}

fn no_campaign() -> Fault {
    Fault::value("CampaignId", "names no predictive dialing campaign")
}

#[cfg(test)]
mod tests {
    use outdial_domain::edit::Rule;
    use outdial_domain::{CampaignState, Field};

    use super::*;

    #[test]
    fn an_update_edits_everything_but_the_kind_of_target() {
        for state in CampaignState::ALL {
            assert_eq!(UPDATE.takes(state), Action::Update.fits(state), "{state:?}");
        }
        for field in Field::ALL {
            let rule = UPDATE.rule(field, CampaignState::Scheduled);
            let expected = match field {
                Field::TargetKind => Rule::Refuse,
                _ => Rule::Take,
            };
            assert_eq!(rule, expected, "{field}");
        }
    }
}
