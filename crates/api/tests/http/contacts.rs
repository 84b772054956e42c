//! Lists of contacts over HTTP.

use std::convert::Infallible;

use crate::common::{ADMIN, Server, request};
use axum::body::{Body, Bytes};
use futures_util::stream;
use serde_json::json;

#[tokio::test]
async fn lists_come_as_json_lines_or_csv() {
    let server = Server::acme().await;
    let id = server.campaign(json!({})).await;
    let json = r#"[{"number": "13012345671", "attributes": {"name": "a"}}, {"number": "x"}]"#;
    let lines = "{\"number\": \"13012345672\"}\n{\"numbers\": [\"13012345673\", \"10086\"]}\n";
    let csv = "number,name\n13012345674,b\n,c\n";
    let array = server.contacts(id, "", "application/json", json).await;
    assert_eq!(
        array.json,
        json!({
            "accepted": 1, "rejected": 1, "duplicates": 0, "errors_omitted": 0,
            "errors": [{
                "line": 2, "field": "number",
                "problem": "is neither an E.164 number nor a dial string of 1 to 24 characters 0-9 * #",
            }],
        })
    );
    let ndjson = server.contacts(id, "", "application/x-ndjson", lines).await;
    assert_eq!(ndjson.json["accepted"], 2);
    let rows = server
        .contacts(id, "", "text/csv; charset=utf-8", csv)
        .await;
    assert_eq!(rows.json["accepted"], 1);
    assert_eq!(rows.json["errors"][0]["line"], 3);
    let stored = server
        .ask("GET", &format!("/api/v1/campaigns/{id}/contacts"), None)
        .await;
    let items = stored.json["items"].as_array().unwrap();
    assert_eq!(items.len(), 4);
    assert_eq!(items[2]["numbers"], json!(["+8613012345673", "10086"]));
    assert_eq!(items[2].get("number"), None);
    server.stop().await;
}

#[tokio::test]
async fn duplicates_are_left_out_only_when_asked() {
    let server = Server::acme().await;
    let id = server.campaign(json!({})).await;
    let list = "number\n13012345671\n";
    for (query, accepted, duplicates) in [
        ("", 1, 0),
        ("", 1, 0),
        ("?duplicates=skip", 0, 1),
        ("?duplicates=accept", 1, 0),
    ] {
        let answer = server.contacts(id, query, "text/csv", list).await;
        assert_eq!(
            answer.json["accepted"], accepted,
            "{query}: {}",
            answer.text
        );
        assert_eq!(answer.json["duplicates"], duplicates, "{query}");
    }
    let wrong = server
        .contacts(id, "?duplicates=merge", "text/csv", list)
        .await;
    assert_eq!(
        wrong.is_problem(422, "invalid").wrong_fields(),
        ["duplicates"]
    );
    server.stop().await;
}

#[tokio::test]
async fn a_long_list_is_taken_in_pieces_and_its_errors_are_bounded() {
    const LINES: usize = 30_000;
    let server = Server::acme().await;
    let id = server.campaign(json!({})).await;
    let pieces = (0..LINES / 100).map(|hundred| {
        let mut text = if hundred == 0 {
            "number,name\n".to_owned()
        } else {
            String::new()
        };
        for n in hundred * 100..hundred * 100 + 100 {
            // Every tenth line is wrong.
            let number = if n % 10 == 0 {
                "?".to_owned()
            } else {
                format!("130{n:08}")
            };
            text.push_str(&format!("{number},Name {n}\n"));
        }
        Ok::<_, Infallible>(Bytes::from(text))
    });
    let body = Body::from_stream(stream::iter(pieces));
    let answer = server.contacts(id, "", "text/csv", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json["accepted"], LINES - LINES / 10);
    assert_eq!(answer.json["rejected"], LINES / 10);
    let errors = answer.json["errors"].as_array().unwrap();
    assert_eq!(errors.len(), LINES / 10, "every one is told");
    assert_eq!(answer.json["errors_omitted"], 0);
    assert_eq!(answer.json["errors"][1]["line"], 12);
    let stats = server
        .ask("GET", &format!("/api/v1/campaigns/{id}/stats"), None)
        .await;
    assert_eq!(stats.json["contacts"]["waiting"], LINES - LINES / 10);
    server.stop().await;
}

#[tokio::test]
async fn what_came_before_a_break_stays() {
    let server = Server::acme().await;
    let id = server.campaign(json!({})).await;
    let broken = "[{\"number\": \"13012345671\"}, {\"number\": \"130";
    let answer = server.contacts(id, "", "application/json", broken).await;
    answer.is_problem(400, "malformed");
    assert_eq!(answer.json["accepted"], 1);
    let pieces = [
        Ok(Bytes::from("number\n13012345672\n")),
        Err(std::io::Error::other("the client has gone")),
    ];
    let body = Body::from_stream(stream::iter(pieces));
    let answer = server.contacts(id, "", "text/csv", body).await;
    answer.is_problem(400, "malformed");
    assert_eq!(answer.json["accepted"], 1);
    let header = server.contacts(id, "", "text/csv", "phone\n1\n").await;
    header.is_problem(400, "malformed");
    assert!(header.json["detail"].as_str().unwrap().contains("`number`"));
    let stats = server
        .ask("GET", &format!("/api/v1/campaigns/{id}/stats"), None)
        .await;
    assert_eq!(stats.json["contacts"]["waiting"], 2);
    server.stop().await;
}

#[tokio::test]
async fn other_types_of_lists_are_refused() {
    let server = Server::acme().await;
    let id = server.campaign(json!({})).await;
    for content_type in ["application/vnd.ms-excel", "text/csv; charset=gb2312", ""] {
        server
            .contacts(id, "", content_type, "number\n10085\n")
            .await
            .is_problem(415, "unsupported-media-type");
    }
    server
        .contacts(99, "", "text/csv", "number\n10085\n")
        .await
        .is_problem(404, "not-found");
    server.stop().await;
}

#[tokio::test]
async fn a_list_that_is_sent_again_under_its_key_is_taken_in_once() {
    let server = Server::acme().await;
    let id = server.campaign(json!({})).await;
    let list = "number\n13012345671\n?\n13012345672\n";
    let path = format!("/api/v1/campaigns/{id}/contacts");
    let send = async |key: &str| {
        let request = request("POST", &path)
            .header("authorization", format!("Bearer {ADMIN}"))
            .header("content-type", "text/csv")
            .header("idempotency-key", key)
            .body(Body::from(list))
            .unwrap();
        server.send(request).await
    };
    let first = send("list-1").await;
    assert_eq!(first.json["accepted"], 2, "{}", first.text);
    let again = send("list-1").await;
    assert_eq!(again.status, 200, "{}", again.text);
    assert_eq!(again.json, first.json);
    let stored = server.ask("GET", &path, None).await;
    assert_eq!(stored.json["items"].as_array().unwrap().len(), 2);
    assert_eq!(send("list-2").await.json["accepted"], 2);
    server.stop().await;
}
