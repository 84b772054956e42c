//! What is asked: the examples of the vendors' pages, with dates that lie ahead and one value that
//! differs from edit to edit.

use std::ops::Not as _;

use serde_json::{Value, json};

use crate::clients::{INSTANCE, SDK_APP_ID};
use crate::support::{CALLER_ID, Failure, GROUP};

fn example(text: &str) -> Result<Value, Failure> {
    let (_, body) = text.split_once("\n\n").ok_or("an example without a body")?;
    Ok(serde_json::from_str(body)?)
}

/// Tencent's campaign; no campaign without an id is there to be edited.
pub(crate) fn tencent(id: Option<u64>, turn: u64) -> Result<Value, Failure> {
    let mut body = example(include_str!(
        "../../../../fixtures/tencent/UpdatePredictiveDialingCampaign/documented/request.http"
    ))?;
    body["SdkAppId"] = json!(SDK_APP_ID);
    body["StartTime"] = json!(4_000_000_000_u64);
    body["EndTime"] = json!(4_000_003_600_u64);
    body["SkillGroupId"] = json!(GROUP);
    body["RetryInterval"] = json!(1800 + turn % 60);
    let members = body.as_object_mut().ok_or("the example is no object")?;
    members.remove("IVRId");
    members.remove("CampaignId");
    if let Some(id) = id {
        members.insert("CampaignId".to_owned(), json!(id));
    }
    Ok(body)
}

/// Alibaba's group, without the parameter that names it.
pub(crate) fn alibaba(turn: u64) -> Vec<(&'static str, String)> {
    let strategy = json!({
        "maxAttemptsPerDay": "3", "minAttemptInterval": (5 + turn % 60).to_string(),
        "workingTime": [{ "beginTime": "09:00:00", "endTime": "18:00:00" }],
    });
    vec![
        ("InstanceId", INSTANCE.to_owned()),
        ("ScriptId", "41".to_owned()),
        ("CallingNumber.1", CALLER_ID.to_owned()),
        ("StrategyJson", strategy.to_string()),
        (
            "RecallStrategyJson",
            json!({ "emptyNumberIgnore": false }).to_string(),
        ),
        ("RingingDuration", "25".to_owned()),
        ("Priority", "Daily".to_owned()),
    ]
}

/// Huawei's campaign, from this day on.
pub(crate) fn huawei(name: &str, now: bool, turn: u64) -> Result<Value, Failure> {
    let mut body = example(include_str!(
        "../../../../fixtures/huawei/ModifyCampaign/documented/request.http"
    ))?;
    body["name"] = json!(name);
    body["strBeginTime"] = json!("2096-09-10 00:00:00");
    body["strEndTime"] = json!("2096-10-07 23:59:59");
    if now {
        let members = body.as_object_mut().ok_or("the example is no object")?;
        members.remove("strBeginTime");
        members.remove("strEndTime");
        for kind in ["workday", "holiday"] {
            body["scheduleParam"][format!("{kind}BeginTime1")] = json!("00:00");
            body["scheduleParam"][format!("{kind}EndTime1")] = json!("23:59");
        }
    }
    body["callerNo"] = json!(CALLER_ID);
    body["maxAlertingTime"] = json!(20 + turn % 60);
    body["skillParam"]["skillId"] = json!(GROUP);
    Ok(body)
}

/// Dezhu's task; a new one has no id.
pub(crate) fn dezhu(id: Option<u64>, name: &str, now: bool, turn: u64) -> Result<Value, Failure> {
    let mut body = example(include_str!(
        "../../../../fixtures/dezhu/EditTask/not-started/request.http"
    ))?;
    body["taskName"] = json!(name);
    body["taskExecStartDate"] = json!(if now { "2020-01-01" } else { "2096-09-10" });
    body["taskExecEndDate"] = json!("2096-10-07");
    if now {
        body["taskExecTimes"] =
            json!([{ "taskExecTimeStartStr": "00:00:00", "taskExecTimeEndStr": "23:59:59" }]);
    }
    body["skillSetId"] = json!(GROUP.to_string());
    body["outboundNumberGroupId"] = json!("1");
    body["multiplyPower"] = json!(1);
    // The shortest wrap-up there is: agents are to be free.
    body["acw"] = json!(1);
    let groups = body["outboundPhoneGroups"].as_array_mut();
    groups.ok_or("the example has no groups")?[0]["autoOutboundInterval"] = json!(5 + turn % 60);
    let members = body.as_object_mut().ok_or("the example is no object")?;
    members.remove("taskId");
    if let Some(id) = id {
        members.insert("taskId".to_owned(), json!(id));
    }
    Ok(body)
}

/// Our own edit.
pub(crate) fn patch(turn: u64) -> Value {
    json!({ "ring_timeout_s": 30 + turn % 20 })
}

/// Our own campaign.
pub(crate) fn campaign(name: &str) -> Value {
    json!({
        "name": name, "mode": "progressive", "target": { "skill_group": GROUP },
        "caller_ids": [CALLER_ID],
    })
}

/// A vendor's answer that is no success, as a failure.
pub(crate) fn succeeded(what: &str, answer: &Value) -> Result<(), Failure> {
    let tencent =
        answer["Response"]["RequestId"].is_string() && answer["Response"]["Error"].is_null();
    let good = tencent
        || answer["Code"] == "OK"
        || answer["resultCode"] == "0200000"
        || answer["code"] == "10000"
        || answer["id"].is_u64();
    match good.not() {
        true => Err(format!("{what} is refused: {answer}").into()),
        false => Ok(()),
    }
}
