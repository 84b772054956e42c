//! Seats: who they are, what they do, and setting what they do.

use std::collections::BTreeMap;

use outdial_domain::{Agent, AgentId, AgentState, BreakTime, SkillGroupId, WishedState};
use outdial_service::views::AgentView;
use serde_json::{Value, json};

use super::fault::Fault;
use super::paging::{Paging, listed};
use super::routes::{Answer, Call, Operation};
use super::wire::{Member, optional, required};

const SDK_APP_ID: Member = required("SdkAppId").honoured("names the tenant");

/// The operations of this file. Source: the page of each, CCC 2020-02-10.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "DescribeStaffInfoList",
        members: &[
            SDK_APP_ID,
            required("PageSize").honoured("1–9999"),
            required("PageNumber").honoured("from 0"),
            optional("StaffMail").honoured("the whole address"),
            optional("ModifiedTime").refused("seats have no time of change: only 0 finds them"),
            optional("SkillGroupId").honoured(""),
        ],
        unknown_app: "InvalidParameterValue.InstanceNotExist",
        run: |call| Box::pin(list(call)),
    },
    Operation {
        name: "DescribeStaffStatusMetrics",
        members: &[
            SDK_APP_ID,
            optional("StaffList").honoured("addresses"),
            optional("GroupIdList").honoured("skill groups"),
            optional("StatusList").honoured("names of states"),
        ],
        unknown_app: "InvalidParameterValue.InstanceNotExist",
        run: |call| Box::pin(metrics(call)),
    },
    Operation {
        name: "SetStaffStatus",
        members: &[
            SDK_APP_ID,
            required("StaffStatusList")
                .honoured("1–10 of StaffUserId, Status free, notReady or rest, Reason"),
        ],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(set(call)),
    },
    Operation {
        name: "ForceMemberOffline",
        members: &[SDK_APP_ID, USER_ID],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(force(call, WishedState::Offline)),
    },
    Operation {
        name: "RestoreMemberOnline",
        members: &[SDK_APP_ID, USER_ID],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(force(call, WishedState::Ready)),
    },
];

const USER_ID: Member = required("UserId").honoured(
    "the address of a seat; forced offline at once, restored as `free` unless it is online",
);

/// One seat whose status is set.
const WISH: &[Member] = &[
    required("StaffUserId"),
    required("Status"),
    optional("Reason"),
];

/// The address that names a seat; the configuration gives each one.
pub(super) fn mail(agent: &Agent) -> String {
    let id = || agent.id.as_str().to_owned();
    agent.email.clone().unwrap_or_else(id)
}

pub(super) fn staff_number(agent: &Agent) -> String {
    let id = || agent.id.as_str().to_owned();
    agent.staff_number.clone().unwrap_or_else(id)
}

/// A seat in the records of calls.
pub(super) fn seat(agent: &Agent, groups: &[String]) -> Value {
    json!({
        "Name": agent.name,
        "Mail": mail(agent),
        "StaffNumber": staff_number(agent),
        "Phone": "",
        "Nick": agent.name,
        "UserId": mail(agent),
        "SkillGroupNameList": groups,
    })
}

/// `DescribeStaffInfoList`.
async fn list(call: Call) -> Result<Answer, Fault> {
    let paging = Paging::read(&call.fields, 9999, None)?;
    let wanted = call.fields.text("StaffMail")?;
    if call.fields.integer("ModifiedTime")?.is_some_and(|t| t > 0) {
        return Err(Fault::value("ModifiedTime", "must be 0 or left out"));
    }
    let group = call.fields.integer("SkillGroupId")?;
    let groups = call.service.skill_groups(&call.caller).await?;
    let groups: BTreeMap<SkillGroupId, String> = groups
        .into_iter()
        .map(|group| (group.id, group.name))
        .collect();
    let serves = |agent: &Agent, wanted: i64| {
        let mut own = agent.skill_groups.iter();
        own.any(|own| u64::try_from(wanted) == Ok(own.number()))
    };
    let staff = call.service.staff(&call.caller).await?;
    let matching = staff
        .iter()
        .filter(|agent| wanted.is_none_or(|wanted| mail(agent) == wanted))
        .filter(|agent| group.is_none_or(|group| serves(agent, group)));
    let shown = matching.map(|agent| {
        let own = agent.skill_groups.iter().map(|id| {
            json!({
                "SkillGroupId": id.number(),
                "SkillGroupName": groups.get(id),
                "Priority": 1,
                "Type": "TEL",
            })
        });
        json!({
            "Name": agent.name,
            "Mail": mail(agent),
            "Phone": "",
            "Nick": agent.name,
            "StaffNumber": staff_number(agent),
            "RoleId": 3,
            "RoleList": [3],
            "SkillGroupList": own.collect::<Vec<Value>>(),
        })
    });
    Ok(listed("StaffList", paging, shown.collect()))
}

/// A seat's state as the vendor names it.
fn status(view: &AgentView) -> &'static str {
    match view.state {
        AgentState::Idle => "free",
        AgentState::WrapUp => "afterCallWork",
        AgentState::Break => "rest",
        AgentState::Offline | AgentState::Connecting => "offline",
        AgentState::Reserved | AgentState::Talking => "busy",
    }
}

/// `DescribeStaffStatusMetrics`: what seats are doing now. Times of the day
/// are not kept, so they are left out: clients take an absent member for unknown.
async fn metrics(call: Call) -> Result<Answer, Fault> {
    let mails = call.fields.texts("StaffList")?.unwrap_or_default();
    let groups = call.fields.integers("GroupIdList")?.unwrap_or_default();
    let states = call.fields.texts("StatusList")?.unwrap_or_default();
    let staff = call.service.staff(&call.caller).await?;
    let views = call.service.agents(&call.caller).await?;
    let mut metrics = Vec::new();
    for view in &views {
        let Some(agent) = staff.iter().find(|agent| agent.id == view.id) else {
            continue;
        };
        let (mail, state) = (mail(agent), status(view));
        let mut own = view.skill_groups.iter();
        let serves = own.any(|own| groups.iter().any(|g| u64::try_from(*g) == Ok(own.number())));
        let wanted = (mails.is_empty() || mails.contains(&mail.as_str()))
            && (groups.is_empty() || serves)
            && (states.is_empty() || states.contains(&state));
        if wanted {
            metrics.push(json!({
                "Email": mail,
                "Status": state,
                "Reason": view.reason,
                "LastStatusTimestamp": view.since.millis() / 1000,
            }));
        }
    }
    let mut answer = Answer::new();
    answer.insert("Metrics".to_owned(), json!(metrics));
    Ok(answer)
}

/// `SetStaffStatus`: each seat has its own result; an empty `ErrorCode` is a success.
async fn set(call: Call) -> Result<Answer, Fault> {
    let wishes = call.fields.objects("StaffStatusList", WISH)?;
    let wishes = wishes.unwrap_or_default();
    if !(1..=10).contains(&wishes.len()) {
        return Err(Fault::value("StaffStatusList", "must have 1 to 10 entries"));
    }
    let mut asked = Vec::new();
    for wish in &wishes {
        let who = wish.text("StaffUserId")?.unwrap_or_default();
        let state = wish.text("Status")?.unwrap_or_default();
        let wished = match state {
            "free" => WishedState::Ready,
            "notReady" | "rest" => WishedState::Break,
            _ => {
                let problem = "must be `free`, `notReady` or `rest`";
                return Err(Fault::value(&wish.path("Status"), problem));
            }
        };
        asked.push((who, state, wished, wish.text("Reason")?.unwrap_or_default()));
    }
    let staff = call.service.staff(&call.caller).await?;
    let mut results = Vec::new();
    for (who, state, wished, reason) in asked {
        let agent = staff.iter().find(|agent| mail(agent) == who);
        let set = match agent {
            Some(agent) => set_one(&call, agent.id, wished, reason).await,
            None => Err(Fault::value("StaffUserId", "names no seat")),
        };
        let previous = set.as_ref().map_or("", |(state, _)| *state);
        let previous_reason = set.as_ref().map_or("", |(_, reason)| reason.as_str());
        let error = set.as_ref().err();
        results.push(json!({
            "StaffUserId": who,
            "ErrorCode": error.map_or("", |fault| fault.code),
            "ErrorMessage": error.map_or("", |fault| fault.message.as_str()),
            "Status": state,
            "Reason": reason,
            "PreviousStatus": previous,
            "PreviousReason": previous_reason,
        }));
    }
    let mut answer = Answer::new();
    answer.insert("StaffStatusList".to_owned(), json!(results));
    Ok(answer)
}

/// Sets one seat's status; returns what it was.
async fn set_one(
    call: &Call,
    id: AgentId,
    wish: WishedState,
    reason: &str,
) -> Result<(&'static str, String), Fault> {
    let before = call.service.agent(&call.caller, id).await?;
    let when = BreakTime::Now;
    call.service
        .set_agent_state(&call.caller, id, wish, when, reason)
        .await?;
    Ok((status(&before), before.reason))
}

/// `ForceMemberOffline` and `RestoreMemberOnline`. A call that the seat is in goes on to its end.
async fn force(call: Call, wish: WishedState) -> Result<Answer, Fault> {
    let who = call.fields.text("UserId")?.unwrap_or_default();
    let staff = call.service.staff(&call.caller).await?;
    let agent = staff.iter().find(|agent| mail(agent) == who);
    let agent = agent.ok_or_else(|| Fault::value("UserId", "names no seat"))?;
    let before = call.service.agent(&call.caller, agent.id).await?;
    // Who is online already keeps what they are doing, a rest included.
    let restored = wish == WishedState::Ready && before.wish != WishedState::Offline;
    if !restored {
        set_one(&call, agent.id, wish, "").await?;
    }
    Ok(Answer::new())
}
