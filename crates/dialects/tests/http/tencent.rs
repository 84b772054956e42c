use axum::body::Body;
use axum::http::Request;
use outdial_dialects::tencent::{Operation, Tencent};
use serde_json::json;

use crate::common::{Answer, NOW, Server, hmac, hmac_hex, request, sha_hex};

const LIST: &str = "DescribeSkillGroupInfoList";
const BODY: &str = r#"{"SdkAppId":1400000007,"PageSize":10,"PageNumber":0}"#;

/// A signed request.
fn signed(key: &str, action: &str, version: &str, body: &str) -> Request<Body> {
    let canonical = format!(
        "POST\n/\n\ncontent-type:application/json\nhost:h\n\ncontent-type;host\n{}",
        sha_hex(body.as_bytes())
    );
    let scope = "2023-11-14/ccc/tc3_request";
    let to_sign = format!(
        "TC3-HMAC-SHA256\n{NOW}\n{scope}\n{}",
        sha_hex(canonical.as_bytes())
    );
    let date = hmac(b"TC3secret", b"2023-11-14");
    let key_of_day = hmac(&hmac(&date, b"ccc"), b"tc3_request");
    let signature = hmac_hex(&key_of_day, to_sign.as_bytes());
    let authorization = format!(
        "TC3-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders=content-type;host, Signature={signature}"
    );
    let headers = [
        ("host", "h"),
        ("content-type", "application/json"),
        ("x-tc-action", action),
        ("x-tc-version", version),
        ("x-tc-timestamp", &NOW.to_string()),
        ("authorization", &authorization),
    ];
    request("POST", "/", &headers, body.to_owned())
}

pub(crate) fn code(answer: &Answer) -> &str {
    // Clients read nothing else than this status and this type.
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(
        answer.json.as_object().map(|root| root.len()),
        Some(1),
        "{}",
        answer.text
    );
    let response = &answer.json["Response"];
    assert!(
        response["RequestId"]
            .as_str()
            .is_some_and(|id| id.len() == 36),
        "{}",
        answer.text
    );
    response["Error"]["Code"].as_str().unwrap_or("none")
}

pub(crate) async fn ask(server: &Server, action: &str, body: &str) -> Answer {
    server
        .send(signed("AKID-acme", action, "2020-02-10", body))
        .await
}

#[tokio::test]
async fn an_operation_is_answered_in_the_envelope() {
    let server = Server::start().await;
    let answer = ask(&server, LIST, BODY).await;
    assert_eq!(code(&answer), "none");
    let response = &answer.json["Response"];
    assert_eq!(response["TotalCount"], json!(1));
    assert_eq!(response["SkillGroupList"][0]["SkillGroupId"], json!(255));
    let page = ask(
        &server,
        LIST,
        &BODY.replace("\"PageNumber\":0", "\"PageNumber\":5"),
    )
    .await;
    assert_eq!(page.json["Response"]["SkillGroupList"], json!([]));
    assert_eq!(page.json["Response"]["TotalCount"], json!(1));
    server.stop().await;
}

#[tokio::test]
async fn every_refusal_has_the_vendors_code() {
    let server = Server::start().await;
    let other_app = BODY.replace("00007", "00008");
    let no_app = BODY.replace("00007", "00009");
    for (action, body, want) in [
        ("None", BODY, "InvalidAction"),
        ("CreateAICall", BODY, "UnsupportedOperation"),
        (LIST, "{", "InvalidParameter"),
        (LIST, "{}", "MissingParameter"),
        (LIST, r#"{"Unknown":1}"#, "UnknownParameter"),
        (LIST, &BODY.replace("10", "101"), "InvalidParameterValue"),
        (LIST, &BODY.replace(":10", ":\"10\""), "InvalidParameter"),
        (LIST, &other_app, "UnauthorizedOperation"),
        (LIST, &no_app, "InvalidParameterValue.InstanceNotExist"),
    ] {
        // Each in a second of its own.
        server.pass(1000);
        assert_eq!(
            code(&ask(&server, action, body).await),
            want,
            "{action} {body}"
        );
    }
    let version = server
        .send(signed("AKID-acme", LIST, "2020-02-11", BODY))
        .await;
    assert_eq!(code(&version), "NoSuchVersion");
    let unknown = server
        .send(signed("AKID-none", LIST, "2020-02-10", BODY))
        .await;
    assert_eq!(code(&unknown), "AuthFailure.SecretIdNotFound");
    server.pass(301_000);
    assert_eq!(
        code(&ask(&server, LIST, BODY).await),
        "AuthFailure.SignatureExpire"
    );
    let method = server
        .send(request("PUT", "/", &[("x-tc-action", LIST)], ""))
        .await;
    assert_eq!(code(&method), "UnsupportedProtocol");
    let large = server
        .send(request(
            "POST",
            "/",
            &[("x-tc-action", LIST)],
            vec![b' '; (10 << 20) + 1],
        ))
        .await;
    assert_eq!(code(&large), "RequestSizeLimitExceeded");
    let query = format!("/?SecretId=1&a={}", "a".repeat(32 << 10));
    let large = server.send(request("GET", &query, &[], "")).await;
    assert_eq!(code(&large), "RequestSizeLimitExceeded");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let mut form_too_large = b"SecretId=AKID-acme&Name=".to_vec();
    form_too_large.resize(5 << 20, 0xe9);
    let large = server
        .send(request("POST", "/", &form, form_too_large))
        .await;
    assert_eq!(code(&large), "RequestSizeLimitExceeded");
    let legacy = server
        .send(request("POST", "/", &form, "SecretId=AKID-acme"))
        .await;
    assert_eq!(code(&legacy), "MissingParameter");
    server.stop().await;
}

#[tokio::test]
async fn the_request_after_twenty_in_a_second_is_refused() {
    let server = Server::start().await;
    for _ in 0..20 {
        assert_eq!(code(&ask(&server, LIST, BODY).await), "none");
    }
    assert_eq!(
        code(&ask(&server, LIST, BODY).await),
        "RequestLimitExceeded"
    );
    assert_eq!(code(&ask(&server, "None", BODY).await), "InvalidAction");
    let body = BODY.replace("00007", "00008");
    let other = server
        .send(signed("AKID-other", LIST, "2020-02-10", &body))
        .await;
    assert_eq!(code(&other), "none", "each key has its own");
    server.pass(1000);
    assert_eq!(code(&ask(&server, LIST, BODY).await), "none");
    server.stop().await;
}

#[tokio::test]
async fn an_operation_that_fails_by_a_fault_of_ours_is_an_internal_error() {
    let mut server = Server::start().await;
    let tencent = std::sync::Arc::try_unwrap(server.dialects.tencent).unwrap();
    let tencent: Tencent = tencent.with(Operation {
        name: "Panic",
        members: &[],
        unknown_app: "InvalidParameterValue",
        run: |_| Box::pin(async { panic!("a fault of the test's") }),
    });
    server.dialects.tencent = std::sync::Arc::new(tencent);
    assert_eq!(code(&ask(&server, "Panic", "{}").await), "InternalError");
    server.stop().await;
}
