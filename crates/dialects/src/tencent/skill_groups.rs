//! Skill groups. The shortest operation: how the others are written can be seen here.

use serde_json::{Value, json};

use super::fault::Fault;
use super::paging::{Paging, listed};
use super::routes::{Answer, Call, Operation};
use super::wire::{optional, required};

/// The operations of this file. Source: the page of each, CCC 2020-02-10.
pub(super) const OPERATIONS: &[Operation] = &[Operation {
    name: "DescribeSkillGroupInfoList",
    members: &[
        required("SdkAppId").honoured("names the tenant"),
        required("PageSize").honoured("1–100"),
        required("PageNumber").honoured("from 0"),
        optional("SkillGroupId").honoured(""),
        optional("ModifiedTime").refused("groups have no time of change: only 0 finds them"),
        optional("SkillGroupName").honoured("part of the name"),
    ],
    unknown_app: "InvalidParameterValue.InstanceNotExist",
    run: |call| Box::pin(list(call)),
}];

/// `DescribeSkillGroupInfoList`.
async fn list(call: Call) -> Result<Answer, Fault> {
    let paging = Paging::read(&call.fields, 100, None)?;
    let id = call.fields.integer("SkillGroupId")?;
    if call.fields.integer("ModifiedTime")?.is_some_and(|t| t > 0) {
        return Err(Fault::value("ModifiedTime", "must be 0 or left out"));
    }
    let name = call.fields.text("SkillGroupName")?;
    let groups = call.service.skill_groups(&call.caller).await?;
    let matching: Vec<Value> = groups
        .iter()
        .filter(|group| id.is_none_or(|id| u64::try_from(id) == Ok(group.id.number())))
        .filter(|group| name.is_none_or(|name| group.name.contains(name)))
        .map(|group| {
            json!({
                "SkillGroupId": group.id.number(),
                "SkillGroupName": group.name,
                "Type": "TEL",
                "SkillGroupType": 0,
                "MaxConcurrency": 1,
                "RingAll": false,
            })
        })
        .collect();
    Ok(listed("SkillGroupList", paging, matching))
}
