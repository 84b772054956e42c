//! Events as they are told to those who listen.

use outdial_service::{Event, Happened};
use serde_json::{Map, Value, json};

use crate::scalar::Time;
use crate::wire::attempt::AttemptJson;
use crate::wire::names::Name;

/// The data of an event: when, whose, and what happened.
pub(crate) fn event_json(event: &Event, tenant: &str) -> Value {
    let mut data = Map::new();
    data.insert("at".to_owned(), json!(Time(event.at)));
    data.insert("tenant".to_owned(), json!(tenant));
    data.insert("campaign_id".to_owned(), Value::Null);
    if let Value::Object(what) = what_happened(&event.happened) {
        data.extend(what);
    }
    Value::Object(data)
}

fn what_happened(happened: &Happened) -> Value {
    match happened {
        Happened::CampaignState { campaign, state } => {
            let mut data = json!({"campaign_id": campaign.number(), "state": Name(*state)});
            if let Some(reason) = state.end_reason() {
                data["end_reason"] = json!(Name(reason));
            }
            data
        }
        Happened::CampaignRevised {
            campaign,
            revision,
            author,
        } => json!({
            "campaign_id": campaign.number(),
            "revision": revision.number(),
            "author": author,
        }),
        Happened::CampaignStats {
            campaign,
            attempts,
            answered,
            abandoned,
        } => json!({
            "campaign_id": campaign.number(),
            "attempts": attempts,
            "answered": answered,
            "abandoned": abandoned,
        }),
        Happened::AttemptStarted(attempt)
        | Happened::AttemptAnswered(attempt)
        | Happened::AttemptEnded(attempt) => json!({
            "campaign_id": attempt.campaign.number(),
            "attempt": AttemptJson::from(attempt.as_ref()),
        }),
        Happened::AgentState {
            agent,
            state,
            attempt,
        } => json!({
            "agent_id": agent.as_str(),
            "state": Name(state.wish_come_true()),
            "activity": Name(*state),
            "call": attempt.map(|attempt| attempt.number()),
        }),
        Happened::OfferMade {
            offer,
            agent,
            campaign,
            appointment,
            ends_at,
        } => json!({
            "campaign_id": campaign.number(),
            "offer_id": offer,
            "agent_id": agent.as_str(),
            "appointment_id": appointment.map(|id| id.number()),
            "ends_at": Time(*ends_at),
        }),
        Happened::OfferEnded {
            offer,
            agent,
            dialed,
        } => json!({"offer_id": offer, "agent_id": agent.as_str(), "dialed": dialed}),
        Happened::ImportProgress {
            campaign,
            accepted,
            done,
        } => json!({"campaign_id": campaign.number(), "accepted": accepted, "done": done}),
        Happened::TrunkHealth {
            trunk,
            health,
            reason,
        } => json!({"trunk": trunk.as_str(), "health": health, "reason": reason}),
    }
}

#[cfg(test)]
mod tests {
    use outdial_domain::{CampaignId, CampaignState, EndReason, TenantId, Timestamp, TrunkName};

    use super::*;

    #[test]
    fn an_event_says_when_whose_and_what() {
        let event = Event {
            id: 12,
            at: Timestamp::from_secs(0),
            tenant: TenantId::new(1),
            happened: Happened::CampaignState {
                campaign: CampaignId::new(7).unwrap(),
                state: CampaignState::Ended(EndReason::ListDone),
            },
        };
        assert_eq!(
            event_json(&event, "acme"),
            json!({
                "at": "1970-01-01T00:00:00.000Z",
                "tenant": "acme",
                "campaign_id": 7,
                "state": "ended",
                "end_reason": "list_done",
            })
        );
    }

    #[test]
    fn an_event_about_no_campaign_says_so() {
        let event = Event {
            id: 13,
            at: Timestamp::from_secs(0),
            tenant: TenantId::new(1),
            happened: Happened::TrunkHealth {
                trunk: TrunkName::new("carrier").unwrap(),
                health: "out".to_owned(),
                reason: "no answer to OPTIONS".to_owned(),
            },
        };
        let data = event_json(&event, "acme");
        assert_eq!(data["campaign_id"], Value::Null);
        assert_eq!(data["trunk"], "carrier");
    }
}
