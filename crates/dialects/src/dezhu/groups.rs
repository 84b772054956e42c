//! Skill groups and number groups. The shortest operations: how the others are written can be seen here.

use outdial_domain::{AgentId, SkillGroupId};
use serde_json::{Value, json};

use super::fault::Fault;
use super::routes::Call;
use super::task::Surroundings;

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

/// Agents and what they are doing. Path and answer are ours: its page is not public.
pub(super) async fn agents(call: Call) -> Result<Value, Fault> {
    let wanted = call.query.text("skillSetId")?;
    let wanted = wanted.filter(|id| !id.is_empty());
    let around = Surroundings::of(&call).await?;
    let wanted = wanted.map(|id| around.skill_group(&id));
    let agents = call.service.agents(&call.caller).await?;
    let fits = |groups: &[SkillGroupId]| {
        wanted.is_none_or(|group| group.is_some_and(|group| groups.contains(&group)))
    };
    let agents = agents.iter().filter(|agent| fits(&agent.skill_groups));
    let agents = agents.map(|agent| {
        let groups: Vec<_> = agent
            .skill_groups
            .iter()
            .map(|&group| around.skill_set_id(group))
            .collect();
        json!({
            "staffId": staff_id(agent.id),
            "staffName": agent.name,
            "skillSetIds": groups,
            "agentStatus": agent.state.as_str(),
        })
    });
    Ok(agents.collect())
}

/// `staffId`: a number where the agent's id is one, as the vendor's are.
pub(super) fn staff_id(agent: AgentId) -> Value {
    let text = agent.as_str();
    let number = text.parse::<u64>().ok();
    let number = number.filter(|number| number.to_string() == text);
    number.map_or_else(|| json!(text), |number| json!(number))
}
