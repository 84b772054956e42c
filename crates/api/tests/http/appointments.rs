//! Reserved calls over HTTP.

use outdial_domain::Timestamp;
use serde_json::{Value, json};

use crate::common::Server;

const ALL: &str = "/api/v1/appointments";

/// The time so many milliseconds from now.
fn soon(millis: u64) -> String {
    let since_1970 = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Timestamp::from_millis((since_1970.as_millis() as u64 + millis) as i64).to_string()
}

async fn flow_campaign(server: &Server) -> u64 {
    server
        .campaign(json!({"mode": "concurrency", "target": {"flow": 4600}}))
        .await
}

fn id_of(made: &Value) -> u64 {
    made["id"].as_u64().unwrap()
}

#[tokio::test]
async fn a_manual_one_is_made_moved_reported_and_taken_back() {
    let server = Server::acme().await;
    let campaign = flow_campaign(&server).await;
    let body = json!({
        "kind": "manual", "campaign_id": campaign, "number": "13012345678", "agent": "1001",
        "due_at": soon(3_600_000), "remark": "ask for the boss", "attributes": {"plan": "gold"},
    });
    let made = server.ask("POST", ALL, Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let one = format!("{ALL}/{}", id_of(&made.json));
    assert_eq!(made.headers["location"], one.as_str());
    assert_eq!(made.json["state"], "waiting");
    assert_eq!(made.json["number"], "+8613012345678");

    let later = soon(7_200_000);
    let moved = json!({"due_at": later, "agent": "1002"});
    let moved = server.ask("PATCH", &one, Some(moved)).await;
    assert_eq!(moved.json["due_at"], later, "{}", moved.text);
    assert_eq!(moved.json["agent"], "1002");
    assert_eq!(moved.json["remark"], "ask for the boss");
    let own = server.ask_as("acme-agent-secret", "GET", ALL, None).await;
    assert_eq!(own.json["items"], json!([]), "{}", own.text);
    let of_agent = server.ask("GET", &format!("{ALL}?agent=1002"), None).await;
    assert_eq!(of_agent.json["items"][0], moved.json);

    let report = json!({"report": {"fail_code": "00000"}});
    let done = server.ask("PATCH", &one, Some(report)).await;
    assert_eq!(done.json["state"], "done", "{}", done.text);
    let late = server
        .ask("PATCH", &one, Some(json!({"remark": "x"})))
        .await;
    late.is_problem(409, "conflict");
    assert_eq!(server.ask("DELETE", &one, None).await.status, 204);
    let gone = server.ask("GET", &one, None).await;
    gone.is_problem(404, "not-found");
    server.stop().await;
}

#[tokio::test]
async fn an_automatic_one_is_dialed_at_its_time_though_the_campaign_is_paused() {
    let server = Server::acme().await;
    let campaign = flow_campaign(&server).await;
    let of_campaign = format!("/api/v1/campaigns/{campaign}");
    server
        .ask("POST", &format!("{of_campaign}/start"), None)
        .await;
    server
        .ask("POST", &format!("{of_campaign}/pause"), None)
        .await;
    let body = json!({
        "kind": "automatic", "campaign_id": campaign, "number": "13012345678",
        "caller_id": "10085", "due_at": soon(1_500),
    });
    let made = server.ask("POST", ALL, Some(body)).await;
    let one = format!("{ALL}/{}", id_of(&made.json));
    let refused = server
        .ask("PATCH", &one, Some(json!({"remark": "x"})))
        .await;
    refused.is_problem(409, "conflict");
    let done = server.wait_for(&one, |one| one["state"] == "done").await;
    assert_eq!(done["outcome"], "busy");
    let attempts = format!("{of_campaign}/attempts");
    let attempts = server.ask("GET", &attempts, None).await;
    assert_eq!(attempts.json["items"].as_array().unwrap().len(), 1);
    assert_eq!(attempts.json["items"][0]["id"], done["attempt_id"]);
    assert_eq!(attempts.json["items"][0]["caller_id"], "10085");
    server.stop().await;
}

#[tokio::test]
async fn a_listed_number_is_not_called_though_it_is_reserved() {
    let server = Server::acme().await;
    let campaign = flow_campaign(&server).await;
    let start = format!("/api/v1/campaigns/{campaign}/start");
    server.ask("POST", &start, None).await;
    let listed = json!({"numbers": ["13012345678"]});
    server
        .ask("POST", "/api/v1/do-not-call", Some(listed))
        .await;
    let body = json!({
        "kind": "automatic", "campaign_id": campaign, "number": "13012345678", "due_at": soon(1_000),
    });
    let made = server.ask("POST", ALL, Some(body)).await;
    let one = format!("{ALL}/{}", id_of(&made.json));
    let over = |one: &Value| one["state"] == "do_not_call";
    let over = server.wait_for(&one, over).await;
    assert_eq!(over["attempt_id"], Value::Null);
    server.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let server = Server::acme().await;
    let campaign = flow_campaign(&server).await;
    let wrong = json!({"kind": "maybe", "number": "x", "due_at": "soon", "who": 1});
    let answer = server.ask("POST", ALL, Some(wrong)).await;
    answer.is_problem(422, "invalid");
    let fields = ["kind", "campaign_id", "number", "due_at", "who"];
    assert_eq!(answer.wrong_fields(), fields);
    let wrong = json!({
        "kind": "manual", "campaign_id": campaign, "number": "10086", "caller_id": "95588",
        "due_at": "2020-01-01T00:00:00Z",
    });
    let answer = server.ask("POST", ALL, Some(wrong)).await;
    assert_eq!(answer.wrong_fields(), ["agent", "caller_id", "due_at"]);
    let nowhere = json!({
        "kind": "automatic", "campaign_id": 999, "number": "10086", "due_at": soon(60_000),
    });
    let answer = server.ask("POST", ALL, Some(nowhere)).await;
    assert_eq!(answer.status, 404, "{}", answer.text);
    server.stop().await;
}
