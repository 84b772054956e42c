//! Single calls: what one is doing, those that talk, one in all detail, and ending one.

use outdial_domain::{Agent, Attempt, Timestamp};
use outdial_service::ServiceError;
use serde_json::{Value, json};

use super::fault::Fault;
use super::numbers::written;
use super::records::{World, attempt_of, session_id};
use super::routes::{Answer, Call, Operation};
use super::staff;
use super::wire::{Member, required};

const SDK_APP_ID: Member = required("SdkAppId").honoured("names the tenant");
const SESSION_ID: Member = required("SessionId").honoured("names the call");

/// The operations of this file. Source: the page of each, CCC 2020-02-10.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "DescribeTelSession",
        members: &[SDK_APP_ID, SESSION_ID],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(one(call)),
    },
    Operation {
        name: "DescribePSTNActiveSessionList",
        members: &[
            SDK_APP_ID,
            required("Offset").honoured("from 0"),
            required("Limit").honoured("1–25"),
        ],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(active(call)),
    },
    Operation {
        name: "DescribeSessionDetail",
        members: &[
            SDK_APP_ID,
            SESSION_ID,
            required("StartTimestamp").honoured("Unix seconds: the call began then or later"),
            required("EndTimestamp").honoured("not before it: the call began then or earlier"),
        ],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(detail(call)),
    },
    Operation {
        name: "HangUpCall",
        members: &[SDK_APP_ID, SESSION_ID],
        unknown_app: "InvalidParameterValue",
        run: |call| Box::pin(hang_up(call)),
    },
];

/// What a call is doing, as the vendor names it.
fn status(attempt: &Attempt, is_live: bool) -> &'static str {
    match (attempt.answered_at, attempt.joined_at) {
        _ if !is_live => "finished",
        (None, _) => "ringing",
        (Some(_), None) => "seatJoining",
        (Some(_), Some(_)) => "inProgress",
    }
}

/// The members that every account of a call has.
fn shown(call: &Call, attempt: &Attempt, is_live: bool, staff: &[Agent]) -> Answer {
    let secs = |at: Option<Timestamp>| at.map_or(0, |at| at.millis() / 1000);
    let agent = attempt.agent;
    let agent = agent.and_then(|id| staff.iter().find(|agent| agent.id == id));
    let id = session_id(call.caller.tenant, attempt.id);
    let members = [
        ("SessionID", json!(id)),
        // A call has no room of its own beside itself.
        ("RoomID", json!(id)),
        ("Caller", json!(written(&attempt.caller_id))),
        ("Callee", json!(written(&attempt.number))),
        ("StartTimestamp", json!(secs(Some(attempt.started_at)))),
        ("RingTimestamp", json!(secs(attempt.progress_at))),
        ("AcceptTimestamp", json!(secs(attempt.answered_at))),
        (
            "StaffEmail",
            json!(agent.map_or(String::new(), staff::mail)),
        ),
        (
            "StaffNumber",
            json!(agent.map_or(String::new(), staff::staff_number)),
        ),
        ("SessionStatus", json!(status(attempt, is_live))),
        ("Direction", json!(1)),
        ("ProtectedCaller", json!("")),
        ("ProtectedCallee", json!("")),
    ];
    let members = members.map(|(name, value)| (name.to_owned(), value));
    members.into_iter().collect()
}

/// The call that `SessionId` names, and whether it is up or on its way.
async fn named(call: &Call, none: impl Fn() -> Fault) -> Result<(Attempt, bool), Fault> {
    let given = call.fields.text("SessionId")?.unwrap_or_default();
    let id = attempt_of(call.caller.tenant, given).ok_or_else(&none)?;
    let live = call.service.live_attempts(&call.caller).await?;
    if let Some(attempt) = live.into_iter().find(|attempt| attempt.id == id) {
        return Ok((attempt, true));
    }
    match call.service.attempt(&call.caller, id).await {
        // A call that has ended is over for whoever asks when its end is stored.
        Ok(attempt) => {
            let is_live = attempt.ended_at.is_none();
            Ok((attempt, is_live))
        }
        Err(ServiceError::NotFound { .. }) => Err(none()),
        Err(error) => Err(error.into()),
    }
}

fn no_session() -> Fault {
    Fault::value("SessionId", "names no session")
}

/// `DescribeTelSession`.
async fn one(call: Call) -> Result<Answer, Fault> {
    let (attempt, is_live) = named(&call, no_session).await?;
    let staff = call.service.staff(&call.caller).await?;
    let mut session = shown(&call, &attempt, is_live, &staff);
    // No call is transferred to a line outside.
    for name in ["OutBoundCaller", "OutBoundCallee"] {
        session.insert(name.to_owned(), json!(""));
    }
    let mut answer = Answer::new();
    answer.insert("Session".to_owned(), Value::Object(session));
    Ok(answer)
}

/// `DescribePSTNActiveSessionList`: calls that somebody talks in, oldest first. Unlike everywhere else two of
/// its times are texts.
async fn active(call: Call) -> Result<Answer, Fault> {
    let offset = call.fields.integer_in("Offset", 0..=i64::from(i32::MAX))?;
    let limit = call.fields.integer_in("Limit", 1..=25)?;
    let whole = |number: Option<i64>| usize::try_from(number.unwrap_or(0)).unwrap_or(0);
    let staff = call.service.staff(&call.caller).await?;
    let mut live = call.service.live_attempts(&call.caller).await?;
    live.retain(|attempt| status(attempt, true) == "inProgress");
    let page = live.iter().skip(whole(offset)).take(whole(limit));
    let sessions: Vec<Value> = page
        .map(|attempt| {
            let mut session = shown(&call, attempt, true, &staff);
            for name in ["StartTimestamp", "AcceptTimestamp"] {
                let text = session.get(name).map(Value::to_string);
                session.insert(name.to_owned(), json!(text));
            }
            Value::Object(session)
        })
        .collect();
    let mut answer = Answer::new();
    answer.insert("Total".to_owned(), json!(live.len()));
    answer.insert("Sessions".to_owned(), json!(sessions));
    Ok(answer)
}

/// `DescribeSessionDetail`: the record of a call that is over, in slightly other words.
async fn detail(call: Call) -> Result<Answer, Fault> {
    let none = || {
        let message = "The parameter `SessionId` names no session of that time.";
        Fault::new("FailedOperation.SessionNotExists", message)
    };
    let from = call.fields.integer("StartTimestamp")?.unwrap_or_default();
    let until = call.fields.integer("EndTimestamp")?.unwrap_or_default();
    if until < from {
        let problem = "must not be before `StartTimestamp`";
        return Err(Fault::value("EndTimestamp", problem));
    }
    let (attempt, is_live) = named(&call, none).await?;
    let began = attempt.started_at.millis() / 1000;
    if is_live || !(from..=until).contains(&began) {
        return Err(none());
    }
    let record = World::read(&call).await?.record(&call, &attempt).await?;
    let mut answer = Answer::new();
    for name in [
        "Caller",
        "Callee",
        "CallType",
        "RingTimestamp",
        "AcceptTimestamp",
        "EndedTimestamp",
        "QueuedTimestamp",
        "EndStatus",
        "QueuedSkillGroupId",
        "QueuedSkillGroupName",
        "HungUpSide",
        "UUI",
        "ServeParticipants",
    ] {
        answer.insert(name.to_owned(), record[name].clone());
    }
    // Spelled so by the vendor, here only.
    answer.insert(
        "StartTimeStamp".to_owned(),
        record["StartTimestamp"].clone(),
    );
    answer.insert(
        "StaffUserId".to_owned(),
        record["SeatUser"]["UserId"].clone(),
    );
    // Agents neither hold nor mute a call by us.
    for name in ["IVRKeyPressed", "PostIVRKeyPressed", "Events"] {
        answer.insert(name.to_owned(), json!([]));
    }
    Ok(answer)
}

/// `HangUpCall`: one that rings is given up, as soon as the legal minimum of ringing allows.
async fn hang_up(call: Call) -> Result<Answer, Fault> {
    let given = call.fields.text("SessionId")?.unwrap_or_default();
    let id = attempt_of(call.caller.tenant, given).ok_or_else(no_session)?;
    match call.service.hang_up(&call.caller, id).await {
        Ok(()) => Ok(Answer::new()),
        Err(ServiceError::NotFound { .. }) => {
            let problem = "names no session that is under way";
            Err(Fault::value("SessionId", problem))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use outdial_domain::{
        AttemptId, CampaignId, ContactId, Evidence, PhoneNumber, RevisionNumber, TrunkName,
    };

    use super::*;

    #[test]
    fn a_session_rings_is_joined_talks_and_is_over() {
        let at = Some(Timestamp::from_secs(1));
        let mut attempt = Attempt {
            id: AttemptId::new(1),
            campaign: CampaignId::new(1).unwrap(),
            contact: ContactId::new(1),
            number: PhoneNumber::from_text("10085").unwrap(),
            caller_id: PhoneNumber::from_text("10085").unwrap(),
            trunk: TrunkName::new("carrier").unwrap(),
            agent: None,
            revision: RevisionNumber::new(1),
            started_at: Timestamp::from_secs(1),
            progress_at: None,
            answered_at: None,
            joined_at: None,
            ended_at: None,
            outcome: None,
            blame: None,
            evidence: Evidence::default(),
            counts_as_abandoned: false,
        };
        assert_eq!(status(&attempt, true), "ringing");
        attempt.answered_at = at;
        assert_eq!(status(&attempt, true), "seatJoining");
        attempt.joined_at = at;
        assert_eq!(status(&attempt, true), "inProgress");
        assert_eq!(status(&attempt, false), "finished");
    }
}
