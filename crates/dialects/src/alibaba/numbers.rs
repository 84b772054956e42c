//! Numbers of an instance. The shortest action: how the others are written can be seen here.

use serde_json::{Value, json};

use super::fault::Fault;
use super::routes::{Answer, Call};

/// `ListOutboundCallNumbers`. Source: its page of OutboundBot 2019-12-26.
pub(super) async fn list(call: Call) -> Result<Answer, Fault> {
    let parameters = &call.parameters;
    parameters.required("PageNumber")?;
    parameters.required("PageSize")?;
    let page = parameters.integer_in("PageNumber", 1..=i64::from(i32::MAX))?;
    let size = parameters.integer_in("PageSize", 1..=100)?;
    // Both are there, so neither default counts.
    let (page, size) = (page.unwrap_or(1), size.unwrap_or(100));
    let numbers = call.service.caller_ids(&call.caller).await?;
    let (page_index, page_len) = (page.unsigned_abs() - 1, size.unsigned_abs());
    let first = usize::try_from(page_index.saturating_mul(page_len)).unwrap_or(usize::MAX);
    let items: Vec<Value> = numbers
        .iter()
        .skip(first)
        .take(usize::try_from(page_len).unwrap_or(usize::MAX))
        .map(|caller_id| {
            let number = caller_id.number.text();
            let (count, period) = match (caller_id.per_hour, caller_id.per_day) {
                (Some(count), _) => (count, 3_600),
                (None, Some(count)) => (count, 86_400),
                (None, None) => (0, 0),
            };
            json!({
                "OutboundCallNumberId": number,
                "Number": number,
                // Texts in this answer, although the request that sets them has numbers.
                "RateLimitCount": count.to_string(),
                "RateLimitPeriod": period.to_string(),
            })
        })
        .collect();
    let list = json!({
        "List": items,
        "PageNumber": page,
        "PageSize": size,
        "TotalCount": numbers.len(),
    });
    let mut answer = Answer::new();
    answer.insert("OutboundCallNumbers".to_owned(), list);
    Ok(answer)
}
