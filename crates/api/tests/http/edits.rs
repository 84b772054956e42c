//! Edits over HTTP: previewed, planned, listed, restored.

use crate::common::{ADMIN, Server, request};
use axum::body::Body;
use serde_json::{Value, json};

/// An instant so many milliseconds from now, as the API writes it.
fn from_now(millis: i64) -> String {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = since_1970.unwrap().as_millis() as i64;
    outdial_domain::Timestamp::from_millis(now + millis).to_string()
}

#[tokio::test]
async fn a_dry_run_says_what_an_edit_would_do_and_does_nothing() {
    let server = Server::acme().await;
    let id = server.campaign(json!({})).await;
    server
        .contacts(id, "", "text/csv", "number\n13012345671\n13012345672\n")
        .await;
    let path = format!("/api/v1/campaigns/{id}");
    let before = server.ask("GET", &path, None).await;
    let ask = async |body| {
        let path = format!("{path}?dry_run=true");
        server.ask("PATCH", &path, Some(body)).await
    };
    let preview = ask(json!({
        "mode": "preempted",
        "wrap_up_s": 20,
        "retry": {"interval_s": 600},
        "calendar": {"ends_at": "2020-01-01T00:00:00Z"},
    }))
    .await;
    assert_eq!(preview.status, 200, "{}", preview.text);
    assert_eq!(
        preview.json,
        json!({
            "revision": 1,
            "changes": [
                {"field": "wrap_up_s", "before": 0, "after": 20},
                {"field": "retry.interval_s", "before": 0, "after": 600},
                {"field": "calendar.ends_at", "before": null, "after": "2020-01-01T00:00:00.000Z"},
            ],
            "refused": [{"field": "mode", "problem": "cannot be changed; make another campaign"}],
            "ignored": [],
            "uncallable": [
                {"reason": "period_over", "contacts": 2, "text": "the period would be over"},
            ],
        })
    );
    let wrong = ask(json!({"priority": 9, "wrapup": 1})).await;
    assert_eq!(
        wrong.is_problem(422, "invalid").wrong_fields(),
        ["priority", "wrapup"]
    );
    let strange = server
        .ask("PATCH", &format!("{path}?dry_run=1"), Some(json!({})))
        .await;
    assert_eq!(
        strange.is_problem(422, "invalid").wrong_fields(),
        ["dry_run"]
    );
    let after = server.ask("GET", &path, None).await;
    assert_eq!(after.json, before.json);
    server.stop().await;
}

#[tokio::test]
async fn revisions_show_what_each_changed_and_one_is_restored() {
    let server = Server::acme().await;
    let id = server.campaign(json!({"wrap_up_s": 10})).await;
    let path = format!("/api/v1/campaigns/{id}");
    let edit = json!({"wrap_up_s": 20, "target": {"skill_group": 255}, "max_calls": 9});
    server.ask("PATCH", &path, Some(edit)).await;

    let restore = format!("{path}/revisions/1/restore");
    let preview = server
        .ask("POST", &format!("{restore}?dry_run=true"), None)
        .await;
    let back = json!([
        {"field": "wrap_up_s", "before": 20, "after": 10},
        {"field": "max_calls", "before": 9, "after": null},
    ]);
    assert_eq!(preview.json["changes"], back);
    let stale = request("POST", &restore)
        .header("Authorization", format!("Bearer {ADMIN}"))
        .header("If-Match", "\"1\"")
        .body(Body::empty());
    server.send(stale.unwrap()).await.is_problem(412, "edited");
    let restored = server.ask("POST", &restore, None).await;
    assert_eq!(restored.status, 200, "{}", restored.text);
    assert_eq!(restored.headers["etag"], "\"3\"");
    assert_eq!(restored.json["wrap_up_s"], 10);

    let list = server.ask("GET", &format!("{path}/revisions"), None).await;
    let items = list.json["items"].as_array().unwrap();
    let status = |n: usize| items[n]["status"].as_str().unwrap();
    assert_eq!([0, 1, 2].map(status), ["past", "past", "in_force"]);
    assert_eq!(items[0]["changes"], json!([]));
    assert_eq!(items[2]["changes"], back);
    assert_eq!(items[2]["restores"], 1);
    assert_eq!(items[2]["settings"], items[0]["settings"]);
    assert_eq!(items[1].get("restores"), None);
    assert_eq!(items[1].get("apply_at"), None);
    for wrong in ["0", "9", "x", "4294967296"] {
        let path = format!("{path}/revisions/{wrong}/restore");
        let answer = server.ask("POST", &path, None).await;
        answer.is_problem(404, "not-found");
    }
    let auditor = server.ask_as("acme-auditor-secret", "POST", &restore, None);
    auditor.await.is_problem(403, "forbidden");
    server.ask("POST", &format!("{path}/abort"), None).await;
    let over = server.ask("POST", &restore, None).await;
    over.is_problem(409, "conflict");
    server.stop().await;
}

#[tokio::test]
async fn an_edit_for_later_stands_among_the_revisions_until_it_is_made_or_cancelled() {
    let server = Server::acme().await;
    let id = server.campaign(json!({})).await;
    let path = format!("/api/v1/campaigns/{id}");
    let revisions = format!("{path}/revisions");
    let plan = async |at: String, priority: u8| {
        let body = json!({"apply_at": at, "priority": priority});
        server.ask("PATCH", &path, Some(body)).await
    };
    let tomorrow = from_now(86_400_000);
    let planned = plan(tomorrow.clone(), 1).await;
    assert_eq!(planned.status, 202, "{}", planned.text);
    let number = planned.json["pending"].as_u64().unwrap();
    assert_eq!(planned.json["revision"], Value::Null);
    assert_eq!(planned.json["status"], "pending");
    assert_eq!(planned.json["apply_at"], tomorrow);
    assert_eq!(planned.json["author"], "admin");
    assert_eq!(
        planned.json["changes"],
        json!([{"field": "priority", "before": 3, "after": 1}])
    );
    let shown = server.ask("GET", &path, None).await;
    assert_eq!(
        (&shown.json["priority"], &shown.json["revision"]),
        (&json!(3), &json!(1))
    );
    let page = server
        .ask("GET", &format!("{revisions}?limit=1"), None)
        .await;
    let cursor = page.json["next_cursor"].as_str().unwrap();
    let rest = server
        .ask("GET", &format!("{revisions}?cursor={cursor}"), None)
        .await;
    assert_eq!(rest.json["items"], json!([planned.json]));

    let soon = plan(from_now(300), 2).await;
    assert_eq!(soon.status, 202, "{}", soon.text);
    let made = server
        .wait_for(&path, |campaign| campaign["revision"] == 2)
        .await;
    assert_eq!(made["priority"], 2);

    let cancel = format!("{revisions}/pending/{number}");
    assert_eq!(server.ask("DELETE", &cancel, None).await.status, 204);
    let again = server.ask("DELETE", &cancel, None).await;
    again.is_problem(404, "not-found");
    let list = server.ask("GET", &revisions, None).await;
    assert_eq!(list.json["items"].as_array().unwrap().len(), 2);

    for past_or_wrong in [from_now(-1000), "tomorrow".to_owned()] {
        let answer = plan(past_or_wrong, 1).await;
        assert_eq!(
            answer.is_problem(422, "invalid").wrong_fields(),
            ["apply_at"]
        );
    }
    server.stop().await;
}
