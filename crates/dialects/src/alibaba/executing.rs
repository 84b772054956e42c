//! `DescribeGroupExecutingInfo`: a group in figures.
//!
//! Source: its page of OutboundBot 2019-12-26.

use outdial_domain::{Attempt, EndedBy, Outcome, Timestamp};
use outdial_service::AttemptFilter;
use outdial_service::views::PageRequest;
use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::group;
use super::groups;
use super::job_shapes as shapes;
use super::routes::{Answer, Call};

/// What the tasks of a group add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sums {
    calls: u64,
    failed: u64,
    reached: u64,
    hung_up_by_client: u64,
    not_answered: u64,
    talked_ms: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    /// Talks of less than 10 s, 30 s, 60 s, 120 s, and longer ones.
    lengths: [u64; 5],
}

/// The upper ends of the lengths that are counted, in seconds.
const LENGTHS_S: [u64; 4] = [10, 30, 60, 120];

impl Sums {
    fn add(&mut self, attempt: &Attempt) {
        self.calls += 1;
        let end = attempt.ended_at.unwrap_or(attempt.started_at);
        self.first = Some(
            self.first
                .map_or(attempt.started_at, |t| t.min(attempt.started_at)),
        );
        self.last = Some(self.last.map_or(end, |t| t.max(end)));
        let Some(outcome) = attempt.outcome else {
            return;
        };
        if !shapes::picked_up(outcome) {
            self.failed += 1;
            self.not_answered += u64::from(outcome == Outcome::NoAnswer);
            return;
        }
        self.reached += 1;
        self.hung_up_by_client += u64::from(attempt.evidence.ended_by == Some(EndedBy::Remote));
        let talked = shapes::talk_ms(attempt);
        self.talked_ms += talked;
        let length = LENGTHS_S.iter().position(|end| talked < end * 1_000);
        self.lengths[length.unwrap_or(LENGTHS_S.len())] += 1;
    }

    /// `{"0-10":…, "10-30":…, …}` in seconds.
    fn distribution(&self) -> String {
        let mut names = Map::new();
        let mut from = 0;
        for (place, count) in self.lengths.iter().enumerate() {
            let name = match LENGTHS_S.get(place) {
                Some(to) => format!("{from}-{to}"),
                None => format!("{from}-"),
            };
            from = LENGTHS_S.get(place).copied().unwrap_or(from);
            names.insert(name, (*count).into());
        }
        Value::from(names).to_string()
    }
}

/// `DescribeGroupExecutingInfo`.
pub(super) async fn describe(call: Call) -> Result<Answer, Fault> {
    let campaign = groups::named(&call).await?;
    let mut sums = Sums::default();
    let mut cursor = None;
    loop {
        let filter = AttemptFilter {
            campaign: Some(campaign.id),
            ..AttemptFilter::default()
        };
        let request = PageRequest {
            cursor,
            limit: Some(1_000),
        };
        let page = call.service.attempts(&call.caller, filter, request).await?;
        page.items.iter().for_each(|attempt| sums.add(attempt));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let stats = groups::stats(&call, &campaign).await?;
    let status = group::status(&campaign, Some(&stats), call.now);
    let progress = groups::progress(&campaign, &stats, status);
    let mut info = json!({
        "CallNum": sums.calls,
        "CallFailedNum": sums.failed,
        "FinishedNum": progress.completed + progress.failed + progress.cancelled,
        "HangUpByClientNum": sums.hung_up_by_client,
        // What was said, and to whom the flow has passed a call on, is known to the flow alone.
        "NoInteractionNum": 0,
        "TransferByIntentNum": 0,
        "TransferByNoAnswer": 0,
        "AvgTalkTime": sums.talked_ms.checked_div(sums.reached).unwrap_or(0) / 1_000,
        "DurationDistribution": sums.distribution(),
        "TalkTurnsDistribution": r#"{"total":"0"}"#,
        "JobsProgress": {
            "TotalJobs": progress.total,
            "TotalCompletedNum": progress.completed,
            "SchedulingNum": progress.scheduling,
            "ExecutingNum": progress.executing,
            "PausedNum": progress.paused,
            "FailedNum": progress.failed,
            "CancelledNum": progress.cancelled,
            "TotalNotAnsweredNum": sums.not_answered,
        },
    });
    for (name, time) in [("StartTime", sums.first), ("EndTime", sums.last)] {
        if let Some(time) = time {
            info[name] = time.millis().into();
        }
    }
    let mut answer = Answer::new();
    answer.insert("GroupId".to_owned(), campaign.uuid.into());
    answer.insert("InstanceId".to_owned(), call.instance_id.into());
    answer.insert("ExecutingInfo".to_owned(), info);
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_talks_are_told_as_json() {
        let sums = Sums {
            lengths: [1, 0, 2, 0, 3],
            ..Sums::default()
        };
        let told: Value = serde_json::from_str(&sums.distribution()).unwrap();
        let want = json!({"0-10": 1, "10-30": 0, "30-60": 2, "60-120": 0, "120-": 3});
        assert_eq!(told, want);
    }
}
