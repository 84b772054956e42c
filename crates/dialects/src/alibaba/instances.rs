//! The instance: a tenant, as far as this API shows one.
//!
//! Instances are made, changed and removed in the server's configuration, and not through this API.
//!
//! Source: ListInstances, DescribeInstance, CreateInstance, ModifyInstance, DeleteInstance,
//! GetCurrentConcurrency and GetConcurrentConversationQuota of OutboundBot 2019-12-26.

use outdial_domain::CampaignState;
use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::group::{self, Belongings};
use super::groups;
use super::paging::Paging;
use super::routes::{Answer, Call};

fn shape(call: &Call) -> Result<Value, Fault> {
    let tenant = call.service.tenant(call.caller.tenant)?;
    Ok(json!({
        "InstanceId": call.instance_id,
        "InstanceName": tenant.name,
        "InstanceDescription": "",
        "MaxConcurrentConversation": tenant.max_calls,
        "OwnerName": tenant.name,
    }))
}

/// `ListInstances`: a key opens one.
pub(super) async fn list(call: Call) -> Result<Answer, Fault> {
    let name = call.parameters.text("Name");
    let paging = Paging::optional(&call.parameters)?;
    let mut instance = shape(&call)?;
    instance["IsPreset"] = false.into();
    instance["ResourceTags"] = json!([]);
    let shown = instance["InstanceName"].as_str().unwrap_or_default();
    let other_group =
        call.parameters.text("ResourceGroupId").is_some() || call.parameters.has("Tag.1.Key");
    let fits = !other_group && name.is_none_or(|name| shown.contains(name));
    let found = if fits { vec![instance] } else { Vec::new() };
    let mut answer = Answer::new();
    answer.insert("TotalCount".to_owned(), found.len().into());
    answer.insert("Instances".to_owned(), paging.of(found).into());
    answer.insert("PageNumber".to_owned(), paging.number.into());
    answer.insert("PageSize".to_owned(), paging.size.into());
    Ok(answer)
}

/// `DescribeInstance`.
pub(super) async fn describe(call: Call) -> Result<Answer, Fault> {
    Ok(Map::from_iter([("Instance".to_owned(), shape(&call)?)]))
}

/// `CreateInstance`.
pub(super) async fn create(call: Call) -> Result<Answer, Fault> {
    for name in ["InstanceName", "MaxConcurrentConversation"] {
        call.parameters.required(name)?;
    }
    Err(by_configuration("CreateInstance"))
}

/// `DeleteInstance`.
pub(super) async fn delete(_: Call) -> Result<Answer, Fault> {
    Err(by_configuration("DeleteInstance"))
}

fn by_configuration(action: &str) -> Fault {
    let message = format!(
        "The action {action} is not supported. Instances are tenants in the configuration of this server."
    );
    Fault::bad("UnsupportedOperation", message)
}

/// `ModifyInstance`: takes what the instance is already, as programs send that make sure of it.
pub(super) async fn modify(call: Call) -> Result<Answer, Fault> {
    let parameters = &call.parameters;
    let has = Belongings::of(&call).await?;
    let same = |name: &str, same: bool| match same {
        true => Ok(()),
        false => Err(Fault::invalid(
            name,
            "It differs from the configuration of this server, which alone can change it.",
        )),
    };
    if let Some(name) = parameters.text("InstanceName") {
        same("InstanceName", name == has.tenant.name)?;
    }
    if parameters.text("InstanceDescription").is_some() {
        same("InstanceDescription", false)?;
    }
    parameters.required("MaxConcurrentConversation")?;
    let most = parameters.integer_in("MaxConcurrentConversation", 0..=i64::from(u32::MAX))?;
    let own = most == Some(i64::from(has.tenant.max_calls));
    same("MaxConcurrentConversation", own)?;
    if let Some(numbers) = group::numbers(parameters, "CallingNumber", &has)? {
        let own = has.numbers();
        let all = numbers.len() == own.len();
        same(
            "CallingNumber",
            all && own.iter().all(|number| numbers.contains(number)),
        )?;
    }
    describe(call).await
}

/// Calls of the instance right now.
async fn calls_now(call: &Call) -> Result<u32, Fault> {
    let mut calls = 0;
    for campaign in groups::all(call).await? {
        // A group that is held may still have calls that go on.
        if matches!(
            campaign.state,
            CampaignState::Running | CampaignState::Paused | CampaignState::Scheduled
        ) {
            let now = groups::stats(call, &campaign).await?.calls_now;
            calls += now.ringing + now.talking + now.waiting;
        }
    }
    Ok(calls)
}

/// `GetCurrentConcurrency`.
pub(super) async fn current_concurrency(call: Call) -> Result<Answer, Fault> {
    let most = call.service.tenant(call.caller.tenant)?.max_calls;
    Ok(Map::from_iter([
        ("InstanceId".to_owned(), call.instance_id.clone().into()),
        (
            "CurrentConcurrency".to_owned(),
            calls_now(&call).await?.into(),
        ),
        ("MaxConcurrentConversation".to_owned(), most.into()),
    ]))
}

/// `GetConcurrentConversationQuota`.
pub(super) async fn concurrency_quota(call: Call) -> Result<Answer, Fault> {
    let most = call.service.tenant(call.caller.tenant)?.max_calls;
    let left = most.saturating_sub(calls_now(&call).await?);
    Ok(Map::from_iter([
        ("MaxConcurrent".to_owned(), most.into()),
        ("RemainingConcurrent".to_owned(), left.into()),
    ]))
}
