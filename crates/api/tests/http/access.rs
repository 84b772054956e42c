//! Keys, roles, tenants, and requests that are wrong altogether.

use crate::common::{ADMIN, Server, request};
use axum::body::Body;
use serde_json::json;

#[tokio::test]
async fn a_request_without_a_key_is_asked_for_one() {
    let server = Server::acme().await;
    for authorization in [
        None,
        Some("Bearer wrong"),
        Some("Basic YTpi"),
        Some("Bearer"),
    ] {
        let mut request = request("GET", "/api/v1/campaigns");
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        let answer = server.send(request.body(Body::empty()).unwrap()).await;
        answer.is_problem(401, "unauthenticated");
        assert_eq!(
            answer.headers["www-authenticate"],
            "Bearer realm=\"outdial\""
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn each_role_may_do_its_own() {
    let server = Server::acme().await;
    let id = server.campaign(json!({})).await;
    let start = format!("/api/v1/campaigns/{id}/start");
    let halt = json!({"campaign": id, "reason": "wrong list"});
    let ready = json!({"state": "break"});
    let requests = [
        ("GET", "/api/v1/campaigns", None),
        ("POST", start.as_str(), None),
        ("PUT", "/api/v1/agents/1001/state", Some(ready.clone())),
        ("PUT", "/api/v1/agents/1002/state", Some(ready)),
        ("POST", "/api/v1/halt", Some(halt.clone())),
        ("POST", "/api/v1/halt/release", Some(halt)),
        ("GET", "/api/v1/keys", None),
    ];
    let table = [
        ("auditor", [200, 403, 403, 403, 403, 403, 403]),
        ("agent", [403, 403, 200, 403, 403, 403, 403]),
        ("integrator", [200, 200, 403, 403, 403, 403, 403]),
        ("supervisor", [200, 409, 200, 200, 204, 204, 403]),
    ];
    for (role, statuses) in table {
        for ((method, path, body), status) in requests.iter().zip(statuses) {
            let secret = format!("acme-{role}-secret");
            let answer = server.ask_as(&secret, method, path, body.clone()).await;
            assert_eq!(
                answer.status, status,
                "{role} {method} {path}: {}",
                answer.text
            );
            if status == 403 {
                let detail = answer.is_problem(403, "forbidden").json["detail"].clone();
                assert!(detail.as_str().unwrap().contains(role), "{detail}");
            }
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn the_admin_key_names_its_tenant_where_there_are_several() {
    let server = Server::start(&["acme", "globex"]).await;
    let ask = async |secret: &str, tenant: Option<&str>, path: &str| {
        let mut request = request("GET", path).header("Authorization", format!("Bearer {secret}"));
        if let Some(tenant) = tenant {
            request = request.header("Outdial-Tenant", tenant);
        }
        server.send(request.body(Body::empty()).unwrap()).await
    };
    let list = "/api/v1/campaigns";
    for tenant in [None, Some("initech")] {
        let answer = ask(ADMIN, tenant, list).await;
        assert_eq!(
            answer.is_problem(422, "invalid").wrong_fields(),
            ["Outdial-Tenant"]
        );
    }
    assert_eq!(ask(ADMIN, Some("globex"), list).await.status, 200);
    let own = "acme-auditor-secret";
    assert_eq!(ask(own, Some("acme"), list).await.status, 200);
    ask(own, Some("globex"), list)
        .await
        .is_problem(422, "invalid");
    let made = request("POST", list)
        .header("Authorization", format!("Bearer {ADMIN}"))
        .header("Outdial-Tenant", "globex")
        .header("Content-Type", "application/json")
        .body(Body::from(
            json!({"name": "x", "mode": "progressive", "target": {"skill_group": 255}, "caller_ids": ["10085"]})
                .to_string(),
        ));
    let made = server.send(made.unwrap()).await;
    assert_eq!(made.json["tenant"], "globex", "{}", made.text);
    let path = format!("{list}/{}", made.json["id"]);
    ask(own, None, &path).await.is_problem(404, "not-found");
    server.stop().await;
}

#[tokio::test]
async fn a_key_is_made_used_and_taken_back() {
    let server = Server::acme().await;
    let body = json!({"name": "crm", "role": "integrator"});
    let made = server.ask("POST", "/api/v1/keys", Some(body.clone())).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.headers["cache-control"], "no-store");
    let secret = made.json["secret"].as_str().unwrap().to_owned();
    assert_eq!(
        server
            .ask_as(&secret, "GET", "/api/v1/agents", None)
            .await
            .status,
        200
    );
    server
        .ask("POST", "/api/v1/keys", Some(body))
        .await
        .is_problem(409, "conflict");
    let keys = server.ask("GET", "/api/v1/keys", None).await;
    assert!(!keys.text.contains("secret"), "{}", keys.text);
    assert_eq!(
        server.ask("DELETE", "/api/v1/keys/crm", None).await.status,
        204
    );
    server
        .ask_as(&secret, "GET", "/api/v1/agents", None)
        .await
        .is_problem(401, "unauthenticated");
    server
        .ask("DELETE", "/api/v1/keys/crm", None)
        .await
        .is_problem(404, "not-found");
    server.stop().await;
}

#[tokio::test]
async fn wrong_requests_get_problem_documents() {
    let server = Server::acme().await;
    let get = async |path: &str| server.ask("GET", path, None).await;
    get("/api/v1/campaign")
        .await
        .is_problem(404, "route-not-found");
    get("/nothing").await.is_problem(404, "route-not-found");
    get("/api/v1/campaigns/seven")
        .await
        .is_problem(404, "not-found");
    get("/api/v1/campaigns/%ff")
        .await
        .is_problem(404, "not-found");
    get("/api/v1/agents/9999")
        .await
        .is_problem(404, "not-found");
    let wrong = get("/api/v1/campaigns?limit=0&cursr=x&page=1").await;
    assert_eq!(
        wrong.is_problem(422, "invalid").wrong_fields(),
        ["limit", "cursr", "page"]
    );
    get("/api/v1/agents?limit=1&limit=2")
        .await
        .is_problem(422, "invalid");
    let method = server.ask("DELETE", "/api/v1/campaigns", None).await;
    method.is_problem(405, "method-not-allowed");
    assert!(method.headers["allow"].to_str().unwrap().contains("POST"));

    let post = async |content_type: &str, body: Vec<u8>| {
        let request = request("POST", "/api/v1/campaigns")
            .header("Authorization", format!("Bearer {ADMIN}"))
            .header("Content-Type", content_type)
            .body(Body::from(body));
        server.send(request.unwrap()).await
    };
    let json = "application/json";
    let syntax = post(json, b"{\n  \"name\": nope\n}".to_vec()).await;
    syntax.is_problem(400, "malformed");
    let detail = syntax.json["detail"].as_str().unwrap();
    assert!(detail.contains("line 2 column"), "{detail}");
    post(json, Vec::new()).await.is_problem(400, "malformed");
    post(json, b"\xff\xfe".to_vec())
        .await
        .is_problem(400, "malformed");
    post(json, b"[]".to_vec()).await.is_problem(422, "invalid");
    post(json, b"[".repeat(100_000))
        .await
        .is_problem(400, "malformed");
    post(json, b" ".repeat(2_000_000))
        .await
        .is_problem(413, "too-large");
    post("text/xml", b"{}".to_vec())
        .await
        .is_problem(415, "unsupported-media-type");
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_built_yet_says_so() {
    let server = Server::acme().await;
    let id = server.campaign(json!({})).await;
    let path = format!("/api/v1/campaigns/{id}");
    for (method, path) in [
        ("POST", format!("{path}/forecast")),
        ("GET", "/api/v1/webhooks".to_owned()),
        ("POST", "/api/v1/do-not-call".to_owned()),
        ("GET", "/api/v1/appointments".to_owned()),
        ("GET", "/api/v1/audit".to_owned()),
    ] {
        let answer = server.ask(method, &path, None).await;
        let detail = answer.is_problem(501, "not-built").json["detail"].clone();
        assert!(
            detail.as_str().unwrap().contains("not built yet"),
            "{detail}"
        );
    }
    server.stop().await;
}
