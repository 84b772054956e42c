//! Skill groups. The shortest operation: how the others are written can be seen here.

use serde_json::{Value, json};

use super::fault::Fault;
use super::routes::{Answer, Call};

/// `DescribeSkillGroupInfoList`. Source: its page of CCC 2020-02-10.
pub(super) async fn list(call: Call) -> Result<Answer, Fault> {
    // Declared as required, so that they are there.
    let size = call.fields.integer_in("PageSize", 1..=100)?.unwrap_or(100);
    let page = call
        .fields
        .integer_in("PageNumber", 0..=i64::from(i32::MAX))?;
    let id = call.fields.integer("SkillGroupId")?;
    call.fields.integer("ModifiedTime")?;
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
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let page = usize::try_from(page.unwrap_or(0)).unwrap_or(usize::MAX);
    let items: Vec<&Value> = matching
        .iter()
        .skip(page.saturating_mul(size))
        .take(size)
        .collect();
    let mut answer = Answer::new();
    answer.insert("TotalCount".to_owned(), json!(matching.len()));
    answer.insert("SkillGroupList".to_owned(), json!(items));
    Ok(answer)
}
