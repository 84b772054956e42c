//! The do-not-call list over HTTP.

use axum::body::Body;
use serde_json::json;

use crate::common::{ADMIN, Server, request};

const LIST: &str = "/api/v1/do-not-call";

#[tokio::test]
async fn numbers_are_listed_looked_up_and_taken_off() {
    let server = Server::acme().await;
    let body = json!({"numbers": ["13012345678", "10085"], "reason": "asked for it"});
    let added = server.ask("POST", LIST, Some(body.clone())).await;
    assert_eq!(
        (added.status.as_u16(), added.json["added"].as_u64()),
        (200, Some(2))
    );
    let again = server.ask("POST", LIST, Some(body.clone())).await;
    assert_eq!(
        (again.json["added"].as_u64(), again.json["kept"].as_u64()),
        (Some(0), Some(2))
    );
    let mut refuse = body;
    refuse["if_listed"] = json!("refuse");
    let refused = server.ask("POST", LIST, Some(refuse)).await;
    refused.is_problem(409, "conflict");

    let shown = server
        .ask("GET", &format!("{LIST}/%2B8613012345678"), None)
        .await;
    assert_eq!(shown.json["number"], "+8613012345678");
    assert_eq!(shown.json["reason"], "asked for it");
    assert_eq!(shown.json["source"], "rest");
    assert!(shown.json["until"].is_null());
    let page = server.ask("GET", &format!("{LIST}?limit=1"), None).await;
    let cursor = page.json["next_cursor"]
        .as_str()
        .unwrap()
        .replace('+', "%2B");
    let next = server
        .ask("GET", &format!("{LIST}?cursor={cursor}"), None)
        .await;
    assert_eq!(next.json["items"].as_array().unwrap().len(), 1);

    let gone = server.ask("DELETE", &format!("{LIST}/10085"), None).await;
    assert_eq!(gone.status, 204);
    let gone = server.ask("DELETE", &format!("{LIST}/10085"), None).await;
    gone.is_problem(404, "not-found");
    let numbers = json!({"numbers": ["+8613012345678", "10085"]});
    let removed = server
        .ask("POST", &format!("{LIST}/remove"), Some(numbers))
        .await;
    assert_eq!(removed.json["removed"], json!(["+8613012345678"]));
    server.stop().await;
}

#[tokio::test]
async fn a_long_list_comes_as_csv_and_wrong_lines_are_told() {
    let server = Server::acme().await;
    let mut csv = "number,reason,until\n".to_owned();
    for n in 0..2_500 {
        csv.push_str(&format!("130{n:08},moved,\n"));
    }
    csv.push_str("nonsense,,\n13112345678,x,tomorrow\n");
    let request = request("POST", LIST)
        .header("Authorization", format!("Bearer {ADMIN}"))
        .header("Content-Type", "text/csv")
        .body(Body::from(csv));
    let report = server.send(request.unwrap()).await;
    assert_eq!(report.json["added"], 2_500, "{}", report.text);
    assert_eq!(report.json["rejected"], 2);
    server.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let server = Server::acme().await;
    let wrong = json!({"numbers": ["12 34", 7], "if_listed": "maybe", "until": "soon"});
    let answer = server.ask("POST", LIST, Some(wrong)).await;
    answer.is_problem(422, "invalid");
    assert_eq!(
        answer.wrong_fields(),
        ["numbers[0]", "numbers[1]", "until", "if_listed"]
    );
    let past = json!({"numbers": ["10085"], "until": "2020-01-01T00:00:00Z"});
    let answer = server.ask("POST", LIST, Some(past)).await;
    assert_eq!(answer.wrong_fields(), ["numbers[0].until"]);
    let auditor = server.ask_as(
        "acme-auditor-secret",
        "POST",
        LIST,
        Some(json!({"numbers": ["10085"]})),
    );
    auditor.await.is_problem(403, "forbidden");
    server.stop().await;
}

#[tokio::test]
async fn a_listed_number_is_not_called_and_explain_says_why_until_it_is_taken_off() {
    let server = Server::acme().await;
    let body = json!({"numbers": ["13012345678"], "reason": "asked for it"});
    server.ask("POST", LIST, Some(body)).await;
    let id = server
        .campaign(json!({"mode": "concurrency", "target": {"flow": 4600}}))
        .await;
    let csv = "number\n13012345678\n13012345679\n";
    server.contacts(id, "", "text/csv", csv).await;
    let campaign = format!("/api/v1/campaigns/{id}");
    server.ask("POST", &format!("{campaign}/start"), None).await;
    server.wait_for(&campaign, |c| c["state"] == "ended").await;
    let attempts = server
        .ask("GET", &format!("{campaign}/attempts"), None)
        .await;
    let called: Vec<_> = attempts.json["items"].as_array().unwrap().iter().collect();
    assert_eq!(called.len(), 1, "{}", attempts.text);
    assert_eq!(called[0]["number"], "+8613012345679");

    let why = format!("{campaign}/explain?number=13012345678");
    let why = server.ask("GET", &why, None).await;
    let reasons = why.json["contacts"][0]["reasons"].as_array().unwrap();
    assert_eq!(reasons[0]["code"], "do_not_call", "{}", why.text);
    let words = reasons[0]["text"].as_str().unwrap();
    assert!(
        words.starts_with("on the do-not-call list since "),
        "{words}"
    );
    assert!(words.ends_with(": asked for it"), "{words}");

    server
        .ask("DELETE", &format!("{LIST}/%2B8613012345678"), None)
        .await;
    let called = |a: &serde_json::Value| a["items"].as_array().is_some_and(|a| a.len() == 2);
    server
        .wait_for(&format!("{campaign}/attempts"), called)
        .await;
    server.stop().await;
}

#[tokio::test]
async fn a_disposition_puts_the_number_on_the_list() {
    let server = Server::acme().await;
    let id = server
        .campaign(json!({"mode": "concurrency", "target": {"flow": 4600}}))
        .await;
    server
        .contacts(id, "", "text/csv", "number\n13012345678\n")
        .await;
    let campaign = format!("/api/v1/campaigns/{id}");
    server.ask("POST", &format!("{campaign}/start"), None).await;
    server.wait_for(&campaign, |c| c["state"] == "ended").await;
    let attempts = server
        .ask("GET", &format!("{campaign}/attempts"), None)
        .await;
    let attempt = attempts.json["items"][0]["id"].as_u64().unwrap();
    let disposition = json!({"code": "angry", "do_not_call": true});
    let path = format!("/api/v1/attempts/{attempt}/disposition");
    let answer = server.ask("POST", &path, Some(disposition)).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    let shown = server
        .ask("GET", &format!("{LIST}/%2B8613012345678"), None)
        .await;
    assert_eq!(shown.json["source"], "disposition");
    assert_eq!(shown.json["reason"], "angry");
    server.stop().await;
}
