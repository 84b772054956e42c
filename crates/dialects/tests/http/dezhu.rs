use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use outdial_dialects::dezhu::Operation;
use serde_json::{Value, json};

use crate::common::{Answer, Server, request};

/// For the clock and the application of these tests.
const SIGN: &str = "n/BNPB2EeyZAvCIvhp5UWaiTWCAEyjcIVbLyol9C+XbbdO11sR9Q/WTED71POUuwBNCJHJcfBDplVaeXBSz9OKAY21D1fuGq7f8mdd5iZKlTmTc6XdI8EGnA0ARuMi1ApWqkLez3c372T+Qhw0nEcrltCJTldthTQbVcp8E+nxPILj7Bz4QNVPPF95eXNAacFvq7y5hN1++gap8PlZfaDHb58GVslnONC3pbMrVyCMElRbRsi7famTBqCUxxeO7JRDv1yNfhFMe3EhrqwaLhM1ygSvBt5ssTJd1oWWGZEtqSWOmyEd2vrC53oe3PN1uFmj7Swu7GgQZITL2QHRmvsg==";

fn signed(method: &str, path: &str, body: &str) -> Request<Body> {
    let headers = [
        ("appId", "0123456789abcdef0123456789abcdef"),
        ("timestamp", "1700000000000"),
        ("sign", SIGN),
        ("content-type", "application/json"),
    ];
    request(
        method,
        &format!("/speech/openapi/v1{path}"),
        &headers,
        body.to_owned(),
    )
}

fn told(answer: &Answer) -> (u16, &str) {
    assert_eq!(
        answer.headers["content-type"],
        "application/json;charset=UTF-8"
    );
    assert!(answer.json["message"].is_string(), "{}", answer.text);
    assert!(answer.json.get("data").is_some(), "{}", answer.text);
    (
        answer.status.as_u16(),
        answer.json["code"].as_str().unwrap(),
    )
}

#[tokio::test]
async fn groups_are_listed_with_their_ids_as_texts() {
    let server = Server::start().await;
    let answer = server
        .send(signed("GET", "/skillset/outbound/list", ""))
        .await;
    assert_eq!(told(&answer), (200, "10000"));
    assert_eq!(answer.json["message"], json!("请求成功"));
    let group = json!({"skillSetId": "1462016331580064", "skillSetName": "sales"});
    assert_eq!(answer.json["data"], json!([group]));
    let answer = server
        .send(signed("GET", "/number/outbound/groups", ""))
        .await;
    assert_eq!(
        answer.json["data"][0]["outboundNumberGroupId"],
        json!("1070678044124225")
    );
    server.stop().await;
}

#[tokio::test]
async fn every_refusal_has_the_vendors_code() {
    let server = Server::start().await;
    for (method, path, body, want) in [
        ("POST", "/skillset/outbound/list", "", (404, "20001")),
        ("GET", "/none", "", (404, "20001")),
        ("GET", "/agent/list", "", (200, "20001")),
        ("GET", "/skillset/outbound/list?a=1&a=2", "", (200, "29002")),
        ("GET", "/skillset/outbound/list", "[]", (200, "29002")),
    ] {
        assert_eq!(
            told(&server.send(signed(method, path, body)).await),
            want,
            "{method} {path}"
        );
    }
    let mut encrypted = signed("GET", "/skillset/outbound/list", "");
    encrypted
        .headers_mut()
        .insert("encrypted", "AES/REQBODY/RESP".parse().unwrap());
    assert_eq!(told(&server.send(encrypted).await), (200, "29002"));
    let mut unknown = signed("GET", "/skillset/outbound/list", "");
    unknown
        .headers_mut()
        .insert("appId", "other".parse().unwrap());
    assert_eq!(told(&server.send(unknown).await), (200, "10002"));
    let path = "/speech/openapi/v1/skillset/outbound/list";
    assert_eq!(
        told(&server.send(request("GET", path, &[], "")).await),
        (200, "10001")
    );
    let large = server
        .send(request("GET", path, &[], vec![b' '; (8 << 20) + 1]))
        .await;
    assert_eq!(told(&large), (200, "29002"));
    server.pass(300_001);
    let late = server
        .send(signed("GET", "/skillset/outbound/list", ""))
        .await;
    assert_eq!(told(&late), (200, "10001"));
    server.stop().await;
}

#[tokio::test]
async fn an_operators_path_and_a_fault_of_ours() {
    let mut server = Server::start().await;
    let dezhu = Arc::try_unwrap(server.dialects.dezhu).unwrap();
    let dezhu = dezhu
        .with_path("GET", "/sg/list", "list_skill_groups")
        .with(Operation {
            name: "edit_task",
            data_on_fault: Value::Bool(false),
            run: |_| Box::pin(async { panic!("a fault of the test's") }),
        });
    server.dialects.dezhu = Arc::new(dezhu);
    assert_eq!(
        told(&server.send(signed("GET", "/sg/list", "")).await),
        (200, "10000")
    );
    let answer = server
        .send(signed("POST", "/task/outbound/edit", "{}"))
        .await;
    assert_eq!(told(&answer), (200, "29008"));
    assert_eq!(answer.json["data"], json!(false));
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_vendors_is_passed_on() {
    let server = Server::start().await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for request in [
        request("GET", "/", &[], ""),
        request("POST", "/", &form, "a=b"),
        request("POST", "/", &form, vec![b'a'; 5 << 20]),
        request("POST", "/other", &form, "SecretId=1"),
    ] {
        let answer = server.send(request).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.text[..]),
            (404, "nobody's")
        );
    }
    server.stop().await;
}
