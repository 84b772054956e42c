//! Skill groups and number groups. The shortest operations: how the others are written can be seen here.

use serde_json::{Value, json};

use super::fault::Fault;
use super::routes::Call;

/// 呼出技能组. The form of the answer is ours: its page is not public.
pub(super) async fn skill_groups(call: Call) -> Result<Value, Fault> {
    let groups = call.service.skill_groups(&call.caller).await?;
    let groups = groups.iter().map(|group| {
        // Ids are texts here; the one that the tenant's own programs know comes first.
        let id = group.aliases.first().cloned();
        json!({
            "skillSetId": id.unwrap_or_else(|| group.id.to_string()),
            "skillSetName": group.name,
        })
    });
    Ok(groups.collect())
}

/// 外呼号码组. The form of the answer is ours: its page is not public.
pub(super) async fn number_groups(call: Call) -> Result<Value, Fault> {
    let groups = call.service.number_groups(&call.caller).await?;
    let groups = groups.iter().map(|group| {
        let numbers: Vec<_> = group
            .caller_ids
            .iter()
            .map(|number| number.text())
            .collect();
        json!({
            "outboundNumberGroupId": group.id.as_str(),
            "name": group.id.as_str(),
            "numbers": numbers,
        })
    });
    Ok(groups.collect())
}
