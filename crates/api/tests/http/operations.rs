//! Agents, trunks, halts, what a tenant has, health, events.

use std::time::Duration;

use crate::common::{ADMIN, Server, request};
use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;

#[tokio::test]
async fn an_agent_says_what_it_wishes_to_be() {
    let server = Server::acme().await;
    let agent = server.ask("GET", "/api/v1/agents/1001", None).await;
    assert_eq!(agent.json["state"], "offline", "{}", agent.text);
    assert_eq!(agent.json["leg"], "down");
    assert_eq!(agent.json["call"], Value::Null);
    assert_eq!(agent.json["skill_groups"], json!([255]));
    let state = "/api/v1/agents/1001/state";
    let body = json!({"state": "break", "reason": "lunch", "when": "now"});
    let on_break = server
        .ask_as("acme-agent-secret", "PUT", state, Some(body))
        .await;
    assert_eq!(on_break.json["state"], "break", "{}", on_break.text);
    assert_eq!(on_break.json["reason"], "lunch");
    let wrong = server
        .ask("PUT", state, Some(json!({"state": "idle", "whn": "now"})))
        .await;
    assert_eq!(
        wrong.is_problem(422, "invalid").wrong_fields(),
        ["state", "whn"]
    );
    let agents = server.ask("GET", "/api/v1/agents?limit=1", None).await;
    assert_eq!(agents.json["items"][0]["id"], "1001");
    let cursor = agents.json["next_cursor"].as_str().unwrap();
    let rest = format!("/api/v1/agents?cursor={cursor}");
    let rest = server.ask("GET", &rest, None).await;
    assert_eq!(rest.json["items"][0]["id"], "1002");
    assert_eq!(rest.json["next_cursor"], Value::Null);
    let offers = server.ask("GET", "/api/v1/agents/1001/offers", None).await;
    assert_eq!(offers.json["items"], json!([]));
    server
        .ask("POST", "/api/v1/offers/1/accept", None)
        .await
        .is_problem(404, "not-found");
    server
        .ask("POST", "/api/v1/calls/1/hangup", None)
        .await
        .is_problem(404, "not-found");
    server
        .ask(
            "POST",
            "/api/v1/attempts/1/disposition",
            Some(json!({"code": "sold"})),
        )
        .await
        .is_problem(404, "not-found");
    server.stop().await;
}

#[tokio::test]
async fn a_tenant_sees_what_it_has() {
    let server = Server::acme().await;
    let first = async |path: &str| {
        let list = server.ask("GET", &format!("/api/v1/{path}"), None).await;
        assert_eq!(list.status, 200, "{path}: {}", list.text);
        list.json["items"][0].clone()
    };
    assert_eq!(
        first("skill-groups").await,
        json!({"id": 255, "name": "sales", "aliases": []})
    );
    assert_eq!(
        first("number-groups").await,
        json!({"id": "1070", "caller_ids": ["+8675586013388"]})
    );
    assert_eq!(
        first("flows").await,
        json!({"id": 4600, "name": "welcome", "uri": "sip:ivr@127.0.0.1:5095", "aliases": []})
    );
    assert!(first("caller-ids").await["number"].is_string());
    let trunk = first("trunks").await;
    assert_eq!(trunk["name"], "carrier");
    assert_eq!(trunk["breakers"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn an_operator_tests_halts_and_releases() {
    let server = Server::acme().await;
    let post = async |path: &str, body: Value| server.ask("POST", path, Some(body)).await;
    let test = post("/api/v1/trunks/carrier/test", json!({"to": "13012345678"})).await;
    assert_eq!(test.json["answered"], false, "{}", test.text);
    assert_eq!(test.json["sip_status"], 486);
    post("/api/v1/trunks/none/test", json!({"to": "13012345678"}))
        .await
        .is_problem(404, "not-found");
    let resumed = post("/api/v1/trunks/carrier/resume", json!({"suspect": "retry"})).await;
    assert_eq!(resumed.json["name"], "carrier", "{}", resumed.text);
    post("/api/v1/trunks/carrier/resume", json!({"suspect": "maybe"}))
        .await
        .is_problem(422, "invalid");
    let scope = json!({"trunk": "carrier", "reason": "the carrier asked for it"});
    assert_eq!(post("/api/v1/halt", scope.clone()).await.status, 204);
    let halted = server.ask("GET", "/api/v1/trunks", None).await;
    assert_eq!(
        halted.json["items"][0]["halted"], "the carrier asked for it",
        "{}",
        halted.text
    );
    let to = json!({"to": "13012345678"});
    let test = post("/api/v1/trunks/carrier/test", to).await;
    test.is_problem(422, "invalid");
    assert!(
        test.text.contains("the carrier asked for it"),
        "{}",
        test.text
    );
    assert_eq!(post("/api/v1/halt/release", scope).await.status, 204);
    let released = server.ask("GET", "/api/v1/trunks", None).await;
    assert_eq!(released.json["items"][0]["halted"], Value::Null);
    post("/api/v1/halt", json!({"reason": "?"}))
        .await
        .is_problem(422, "invalid");
    post("/api/v1/halt", json!({"campaign": 99}))
        .await
        .is_problem(404, "not-found");
    server.stop().await;
}

#[tokio::test]
async fn the_administrator_halts_a_shared_trunk_for_everyone() {
    let server = Server::start(&["acme", "globex"]).await;
    let halted = async |secret: &str| {
        let trunks = server.ask_as(secret, "GET", "/api/v1/trunks", None).await;
        trunks.json["items"][0]["halted"].clone()
    };
    let body = json!({"trunk": "carrier", "reason": "fraud"});
    let own = server
        .ask_as(
            "acme-supervisor-secret",
            "POST",
            "/api/v1/halt",
            Some(body.clone()),
        )
        .await;
    assert_eq!(own.status, 204, "{}", own.text);
    assert_eq!(halted("acme-auditor-secret").await, "fraud");
    assert_eq!(halted("globex-auditor-secret").await, Value::Null);
    let command = async |path: &str| {
        let request = request("POST", path)
            .header("Authorization", format!("Bearer {ADMIN}"))
            .header("Outdial-Tenant", "acme")
            .header("Content-Type", "application/json");
        let request = request.body(Body::from(body.to_string())).unwrap();
        assert_eq!(server.send(request).await.status, 204);
    };
    command("/api/v1/halt").await;
    assert_eq!(halted("globex-auditor-secret").await, "fraud");
    command("/api/v1/halt/release").await;
    assert_eq!(halted("globex-auditor-secret").await, Value::Null);
    server.stop().await;
}

#[tokio::test]
async fn health_and_figures_need_no_key() {
    let server = Server::acme().await;
    let get = async |path: &str| {
        server
            .send(request("GET", path).body(Body::empty()).unwrap())
            .await
    };
    assert_eq!(get("/healthz").await.json, json!({"alive": true}));
    let ready = get("/readyz").await;
    assert_eq!(ready.status, 200, "{}", ready.text);
    assert_eq!(ready.json["reasons"], json!([]));
    assert_eq!(ready.json["trunks"][0]["name"], "carrier");
    assert_eq!(
        ready.json["agents"],
        json!({"connected": 0, "configured": 2})
    );
    let metrics = get("/metrics").await;
    assert_eq!(metrics.text, "up 1\n");
    assert!(
        metrics.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain")
    );
    assert_eq!(
        get("/api/v1/openapi.json").await.json,
        outdial_api::openapi()
    );
    server.stop().await;
}

/// The next event of a stream: its id, name and data.
async fn next_event(stream: &mut BodyDataStream, rest: &mut String) -> (String, String, Value) {
    let until = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        while let Some((frame, after)) = rest.split_once("\n\n") {
            let field = |name: &str| {
                let prefix = format!("{name}: ");
                let lines = frame.lines().filter_map(|line| line.strip_prefix(&prefix));
                lines.collect::<Vec<_>>().join("\n")
            };
            let event = (field("id"), field("event"), field("data"));
            *rest = after.to_owned();
            if !event.1.is_empty() {
                return (event.0, event.1, serde_json::from_str(&event.2).unwrap());
            }
        }
        let piece = tokio::time::timeout_at(until, stream.next()).await;
        let piece = piece
            .expect("an event comes in time")
            .expect("the stream goes on");
        rest.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
    }
}

async fn listen(server: &Server, secret: &str, last: Option<&str>) -> BodyDataStream {
    let mut request =
        request("GET", "/api/v1/events").header("Authorization", format!("Bearer {secret}"));
    if let Some(last) = last {
        request = request.header("Last-Event-ID", last);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response.into_body().into_data_stream()
}

#[tokio::test]
async fn a_listener_hears_what_happens_and_what_it_missed() {
    let server = Server::acme().await;
    let id = server
        .campaign(json!({"mode": "concurrency", "target": {"flow": 4600}}))
        .await;
    let mut stream = listen(&server, ADMIN, None).await;
    let mut rest = String::new();
    server
        .contacts(id, "", "text/csv", "number\n13012345671\n")
        .await;
    server
        .ask("POST", &format!("/api/v1/campaigns/{id}/start"), None)
        .await;
    let mut names = Vec::new();
    let mut first_id = String::new();
    loop {
        let (event_id, name, data) = next_event(&mut stream, &mut rest).await;
        if first_id.is_empty() {
            first_id = event_id;
        }
        assert!(data["at"].as_str().unwrap().ends_with('Z'));
        assert_eq!(data["tenant"], "acme");
        assert_eq!(data["campaign_id"], id, "{name}");
        if name == "attempt.ended" {
            assert_eq!(data["attempt"]["outcome"], "busy");
        }
        let ended = name == "campaign.state" && data["state"] == "ended";
        names.push(name);
        if ended {
            break;
        }
    }
    for expected in ["import.progress", "attempt.started", "attempt.ended"] {
        assert!(
            names.iter().any(|name| name == expected),
            "{expected}: {names:?}"
        );
    }
    let mut again = listen(&server, ADMIN, Some(&first_id)).await;
    let (_, name, _) = next_event(&mut again, &mut String::new()).await;
    assert_eq!(name, names[1]);
    server.stop().await;
}

#[tokio::test]
async fn an_agent_hears_its_own_events_only() {
    let server = Server::acme().await;
    let mut stream = listen(&server, "acme-agent-secret", None).await;
    for agent in ["1002", "1001"] {
        let path = format!("/api/v1/agents/{agent}/state");
        server
            .ask("PUT", &path, Some(json!({"state": "break"})))
            .await;
    }
    let (_, name, data) = next_event(&mut stream, &mut String::new()).await;
    assert_eq!(name, "agent.state");
    assert_eq!(data["agent_id"], "1001");
    assert_eq!(data["state"], "break");
    server.stop().await;
}

#[tokio::test]
async fn event_streams_end_when_the_server_stops() {
    let server = Server::acme().await;
    let mut stream = listen(&server, ADMIN, None).await;
    server.shutdown.cancel();
    let end = async { while stream.next().await.is_some() {} };
    let ended = tokio::time::timeout(Duration::from_secs(10), end).await;
    assert!(ended.is_ok(), "the stream goes on");
    server.stop().await;
}

#[tokio::test]
async fn a_listener_is_told_that_it_missed_what_is_not_kept() {
    let server = Server::acme().await;
    let mut stream = listen(&server, ADMIN, Some("4000000")).await;
    let mut rest = String::new();
    let (id, name, data) = next_event(&mut stream, &mut rest).await;
    assert_eq!(name, "stream.gap", "{data}");
    assert_eq!(data["after"], 4_000_000, "an event of another database");
    assert_eq!(data["resumes_after"].to_string(), id);
    server.campaign(json!({})).await;
    let state = json!({"state": "break"});
    server
        .ask("PUT", "/api/v1/agents/1001/state", Some(state))
        .await;
    let (_, name, _) = next_event(&mut stream, &mut rest).await;
    assert_eq!(name, "agent.state");
    server.stop().await;
}

#[tokio::test]
async fn a_key_that_is_taken_back_hears_nothing_more() {
    let server = Server::acme().await;
    let made = server
        .ask(
            "POST",
            "/api/v1/keys",
            Some(json!({"name": "crm", "role": "integrator"})),
        )
        .await;
    let secret = made.json["secret"].as_str().unwrap().to_owned();
    let mut stream = listen(&server, &secret, None).await;
    assert!(stream.next().await.is_some(), "how soon to come back");
    let gone = server.ask("DELETE", "/api/v1/keys/crm", None).await;
    assert_eq!(gone.status, 204);
    let end = tokio::time::timeout(Duration::from_secs(10), stream.next()).await;
    assert!(end.expect("the stream ends").is_none());
    server.stop().await;
}
