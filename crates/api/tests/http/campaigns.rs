//! Campaigns over HTTP.

use crate::common::{ADMIN, Server, request};
use axum::body::Body;
use serde_json::{Value, json};

#[tokio::test]
async fn a_campaign_is_made_read_edited_and_run() {
    let server = Server::acme().await;
    let made = server
        .ask(
            "POST",
            "/api/v1/campaigns",
            Some(json!({
                "name": "Spring", "mode": "progressive", "target": {"skill_group": 255},
                "caller_ids": ["075586013388", "10085"], "wrap_up_s": 10,
            })),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json["id"].as_u64().unwrap();
    let path = format!("/api/v1/campaigns/{id}");
    assert_eq!(made.headers["location"], path);
    assert_eq!(made.headers["etag"], "\"1\"");
    assert_eq!(made.json["tenant"], "acme");
    assert_eq!(made.json["state"], "draft");
    assert_eq!(made.json.get("end_reason"), Some(&Value::Null));
    assert_eq!(made.json["caller_ids"], json!(["+8675586013388", "10085"]));

    let shown = server.ask("GET", &path, None).await;
    assert_eq!(shown.json, made.json);

    let edited = server
        .ask(
            "PATCH",
            &path,
            Some(json!({"wrap_up_s": 20, "priority": 1})),
        )
        .await;
    assert_eq!(edited.status, 200, "{}", edited.text);
    assert_eq!(edited.headers["etag"], "\"2\"");
    assert_eq!(edited.json["wrap_up_s"], 20);
    assert_eq!(edited.json["revision"], 2);

    let started = server.ask("POST", &format!("{path}/start"), None).await;
    assert_eq!(started.status, 200, "{}", started.text);
    assert_eq!(started.json["state"], "running");
    server
        .ask("POST", &format!("{path}/resume"), None)
        .await
        .is_problem(409, "conflict");
    for (command, state) in [
        ("pause", "paused"),
        ("resume", "running"),
        ("abort", "ended"),
    ] {
        let answer = server.ask("POST", &format!("{path}/{command}"), None).await;
        assert_eq!(answer.json["state"], state, "{command}: {}", answer.text);
    }
    let ended = server.ask("GET", &path, None).await;
    assert_eq!(ended.json["end_reason"], "by_hand");

    let revisions = server.ask("GET", &format!("{path}/revisions"), None).await;
    let items = revisions.json["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0]["revision"], 1);
    assert_eq!(items[1]["author"], "admin");
    assert_eq!(items[1]["settings"]["wrap_up_s"], 20);
    server.stop().await;
}

#[tokio::test]
async fn an_edit_of_something_else_than_was_read_is_refused() {
    let server = Server::acme().await;
    let id = server.campaign(json!({})).await;
    let path = format!("/api/v1/campaigns/{id}");
    let edit = |tag: &str, name: &str| {
        request("PATCH", &path)
            .header("Authorization", format!("Bearer {ADMIN}"))
            .header("Content-Type", "application/merge-patch+json")
            .header("If-Match", tag)
            .body(Body::from(json!({ "name": name }).to_string()))
            .unwrap()
    };
    assert_eq!(server.send(edit("\"1\"", "first")).await.status, 200);
    server
        .send(edit("\"1\"", "second"))
        .await
        .is_problem(412, "edited");
    server
        .send(edit("W/\"2\"", "third"))
        .await
        .is_problem(412, "edited");
    let shown = server.ask("GET", &path, None).await;
    assert_eq!(shown.json["name"], "first");
    server.stop().await;
}

#[tokio::test]
async fn the_same_idempotency_key_answers_the_same_campaign() {
    let server = Server::acme().await;
    let body = json!({
        "name": "Spring", "mode": "concurrency", "target": {"flow": 4600},
        "caller_ids": ["10085"],
    });
    let create = |key: &str| {
        request("POST", "/api/v1/campaigns")
            .header("Authorization", format!("Bearer {ADMIN}"))
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", key)
            .body(Body::from(body.to_string()))
            .unwrap()
    };
    let first = server.send(create("a")).await;
    let again = server.send(create("a")).await;
    let other = server.send(create("b")).await;
    assert_eq!(first.json["id"], again.json["id"]);
    assert_ne!(first.json["id"], other.json["id"]);
    server.stop().await;
}

#[tokio::test]
async fn wrong_campaigns_are_told_every_wrong_field() {
    let server = Server::acme().await;
    let create = async |body| server.ask("POST", "/api/v1/campaigns", Some(body)).await;
    let answer = create(json!({
        "name": "", "mode": "progressive", "target": {"skill_grup": 255},
        "caller_ids": ["075586013388"],
        "retry": {"attempts_total": 0},
        "calendar": {"rules": [{"days": "every", "windows": [{"from": "25:00", "to": "21:00"}]}]},
    }))
    .await;
    assert_eq!(
        answer.is_problem(422, "invalid").wrong_fields(),
        [
            "name",
            "target.skill_grup",
            "target",
            "calendar.rules[0].windows[0].from",
            "retry.attempts_total",
        ]
    );
    let unknown_group = create(json!({
        "name": "x", "mode": "progressive", "target": {"skill_group": 1}, "caller_ids": ["110"],
    }))
    .await;
    assert_eq!(
        unknown_group.is_problem(422, "invalid").wrong_fields(),
        ["target", "caller_ids"]
    );
    let id = server.campaign(json!({})).await;
    let path = format!("/api/v1/campaigns/{id}");
    let edit = async |body| server.ask("PATCH", &path, Some(body)).await;
    let mode = edit(json!({"mode": "ratio"})).await;
    assert_eq!(mode.is_problem(422, "invalid").wrong_fields(), ["mode"]);
    let tenant = edit(json!({"tenant": "other", "id": 99})).await;
    assert_eq!(
        tenant.is_problem(422, "invalid").wrong_fields(),
        ["id", "tenant"]
    );
    server.stop().await;
}

#[tokio::test]
async fn campaigns_come_in_pages_newest_first() {
    let server = Server::acme().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(server.campaign(json!({})).await);
    }
    ids.reverse();
    let mut seen = Vec::new();
    let mut path = "/api/v1/campaigns?limit=2".to_owned();
    loop {
        let page = server.ask("GET", &path, None).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let items = page.json["items"].as_array().unwrap();
        seen.extend(items.iter().map(|item| item["id"].as_u64().unwrap()));
        match page.json["next_cursor"].as_str() {
            Some(cursor) => path = format!("/api/v1/campaigns?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, ids);
    server.stop().await;
}

#[tokio::test]
async fn calls_become_attempts_statistics_and_reasons() {
    let server = Server::acme().await;
    let id = server
        .campaign(json!({"mode": "concurrency", "target": {"flow": 4600}, "max_calls": 5}))
        .await;
    let path = format!("/api/v1/campaigns/{id}");
    let list = "number,name\n13012345671,a\n13012345672,b\n13012345673,c\n";
    server.contacts(id, "", "text/csv", list).await;
    let started = server.ask("POST", &format!("{path}/start"), None).await;
    assert_eq!(started.status, 200, "{}", started.text);
    let stats = server
        .wait_for(&format!("{path}/stats"), |stats| {
            stats["state"] == "ended" && stats["contacts"]["done"] == 3
        })
        .await;
    assert_eq!(
        stats["contacts"],
        json!({"waiting": 0, "in_progress": 0, "done": 3})
    );
    assert_eq!(stats["attempts"], 3);
    assert_eq!(stats["outcomes"], json!({"busy": 3}));
    assert_eq!(stats["agents"].as_object().unwrap().len(), 4);

    let attempts = server
        .ask("GET", &format!("{path}/attempts?limit=2"), None)
        .await;
    assert_eq!(attempts.json["items"].as_array().unwrap().len(), 2);
    let first = &attempts.json["items"][0];
    assert_eq!(first["outcome"], "busy");
    assert_eq!(first["blame"], "callee");
    assert_eq!(first["sip_status"], 486);
    assert_eq!(first["campaign_id"], id);
    assert_eq!(first["caller_id"], "+8675586013388");
    let one = server
        .ask("GET", &format!("/api/v1/attempts/{}", first["id"]), None)
        .await;
    assert_eq!(one.json, *first);
    let number = first["number"].as_str().unwrap().replace('+', "%2B");
    let of_number = server
        .ask("GET", &format!("/api/v1/attempts?number={number}"), None)
        .await;
    assert_eq!(of_number.json["items"], json!([first]));

    let contacts = server.ask("GET", &format!("{path}/contacts"), None).await;
    let contact = &contacts.json["items"][0];
    assert_eq!(contact["number"], "+8613012345671");
    assert_eq!(contact["state"], "done");
    assert_eq!(contact["attributes"], json!({"name": "a"}));
    assert_eq!(contact["last_outcome"], "busy");
    // A plus sign in a query arrives as a space; it is read as what was meant.
    let why = server
        .ask(
            "GET",
            &format!("{path}/explain?number=+8613012345671"),
            None,
        )
        .await;
    assert_eq!(why.status, 200, "{}", why.text);
    assert_eq!(why.json["contacts"][0]["contact_id"], contact["id"]);
    assert_eq!(
        why.json["contacts"][0]["attempts"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    server.stop().await;
}
