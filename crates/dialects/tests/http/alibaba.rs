use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use outdial_dialects::alibaba::Operation;
use serde_json::json;

use crate::common::{Answer, Server, hmac_hex, request, sha_hex};

const LIST: &str = "ListOutboundCallNumbers";
const QUERY: &str = "InstanceId=instance-acme&PageNumber=1&PageSize=2";

/// A signed request; the query has to be sorted and encoded already.
pub(crate) fn signed(
    action: &str,
    query: &str,
    nonce: &str,
    accept: &str,
    version: &str,
) -> Request<Body> {
    let content = sha_hex(b"");
    let names = "accept;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    let canonical = format!(
        "POST\n/\n{query}\naccept:{accept}\nhost:http://h:80\nx-acs-action:{action}\nx-acs-content-sha256:{content}\nx-acs-date:2023-11-14T22:13:20Z\nx-acs-signature-nonce:{nonce}\nx-acs-version:{version}\n\n{names}\n{content}"
    );
    let to_sign = format!("ACS3-HMAC-SHA256\n{}", sha_hex(canonical.as_bytes()));
    let signature = hmac_hex(b"secret", to_sign.as_bytes());
    let authorization = format!(
        "ACS3-HMAC-SHA256 Credential=LTAI-acme,SignedHeaders={names},Signature={signature}"
    );
    let headers = [
        ("accept", accept),
        // The client library writes the address as it was given, with its scheme.
        ("host", "http://h:80"),
        ("x-acs-action", action),
        ("x-acs-content-sha256", &content),
        ("x-acs-date", "2023-11-14T22:13:20Z"),
        ("x-acs-signature-nonce", nonce),
        ("x-acs-version", version),
        ("authorization", &authorization),
    ];
    request("POST", &format!("/?{query}"), &headers, "")
}

pub(crate) fn told(answer: &Answer) -> (u16, &str) {
    let json = &answer.json;
    let status = answer.status.as_u16();
    assert_eq!(json["HttpStatusCode"], json!(status), "{}", answer.text);
    assert_eq!(
        answer.headers["content-type"],
        "application/json;charset=utf-8"
    );
    assert_eq!(
        answer.headers["x-acs-request-id"],
        json["RequestId"].as_str().unwrap()
    );
    assert_eq!(json["Success"], json!(status == 200));
    (status, json["Code"].as_str().unwrap())
}

async fn ask(server: &Server, action: &str, query: &str, nonce: &str) -> Answer {
    server
        .send(signed(
            action,
            query,
            nonce,
            "application/json",
            "2019-12-26",
        ))
        .await
}

#[tokio::test]
async fn an_action_is_answered_as_json_or_xml() {
    let server = Server::start().await;
    let answer = ask(&server, LIST, QUERY, "1").await;
    assert_eq!(told(&answer), (200, "OK"), "{}", answer.text);
    let numbers = &answer.json["OutboundCallNumbers"];
    assert_eq!(numbers["TotalCount"], json!(3));
    assert_eq!(numbers["List"].as_array().unwrap().len(), 2);
    assert_eq!(numbers["List"][1]["Number"], json!("10085"));
    let answer = server
        .send(signed(LIST, QUERY, "2", "application/xml", "2019-12-26"))
        .await;
    assert_eq!(answer.headers["content-type"], "text/xml;charset=utf-8");
    let (begin, list) = ("?><ListOutboundCallNumbersResponse>", "</List><List>");
    assert!(
        answer.text.contains(begin) && answer.text.contains(list),
        "{}",
        answer.text
    );
    server.stop().await;
}

#[tokio::test]
async fn every_refusal_has_the_vendors_code_and_status() {
    let server = Server::start().await;
    let not_here = QUERY.replace("acme", "none");
    let others = QUERY.replace("acme", "other");
    let too_many = QUERY.replace("Size=2", "Size=101");
    for (action, query, want) in [
        ("None", QUERY, (404, "InvalidApi.NotFound")),
        ("ListScripts", QUERY, (400, "UnsupportedOperation")),
        (LIST, "", (400, "MissingInstanceId")),
        (LIST, &not_here, (404, "NotExist.Instance")),
        (LIST, &others, (403, "Permission.Instance")),
        (
            LIST,
            "InstanceId=instance-acme&PageNumber=1",
            (400, "MissingPageSize"),
        ),
        (LIST, &too_many, (400, "InvalidPageSize")),
    ] {
        let answer = ask(&server, action, query, &format!("{action}{query}")).await;
        assert_eq!(told(&answer), want, "{action} {query}");
    }
    let version = server
        .send(signed(LIST, QUERY, "v", "", "2025-11-11"))
        .await;
    assert_eq!(told(&version), (400, "InvalidVersion"));
    assert_eq!(told(&ask(&server, LIST, QUERY, "n").await), (200, "OK"));
    let replayed = ask(&server, LIST, QUERY, "n").await;
    assert_eq!(told(&replayed), (400, "SignatureNonceUsed"));
    assert_eq!(replayed.json["HostId"], json!("h:80"));
    let anonymous = server
        .send(request("GET", "/?Version=2019-12-26&Action=None", &[], ""))
        .await;
    assert_eq!(told(&anonymous), (400, "MissingAccessKeyId"));
    let method = server
        .send(request("DELETE", "/?AccessKeyId=1", &[], ""))
        .await;
    assert_eq!(told(&method), (400, "UnsupportedHTTPMethod"));
    let format = server
        .send(request(
            "GET",
            "/?AccessKeyId=1&Signature=x&Format=CSV",
            &[],
            "",
        ))
        .await;
    assert_eq!(told(&format), (400, "InvalidParameter.Format"));
    let xml = server
        .send(request("GET", "/?AccessKeyId=1&Signature=x", &[], ""))
        .await;
    assert!(
        xml.text.contains("<Error>") && xml.text.contains("<Code>MissingSignatureMethod</Code>"),
        "{}",
        xml.text
    );
    let large = server
        .send(request(
            "POST",
            "/",
            &[("x-acs-action", LIST)],
            vec![b' '; (4 << 20) + 1],
        ))
        .await;
    assert_eq!(told(&large).0, 413);
    server.pass(901_000);
    assert_eq!(
        told(&ask(&server, LIST, QUERY, "late").await),
        (400, "InvalidTimeStamp.Expired")
    );
    server.stop().await;
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_when_to_come_back() {
    let server = Server::start().await;
    for nonce in 0..100 {
        let answer = ask(&server, LIST, QUERY, &nonce.to_string()).await;
        assert_eq!(told(&answer), (200, "OK"));
    }
    let answer = ask(&server, LIST, QUERY, "100").await;
    assert_eq!(told(&answer), (400, "Throttling.User"));
    assert_eq!(answer.headers["x-acs-retry-after"], "1000");
    server.stop().await;
}

#[tokio::test]
async fn an_action_that_fails_by_a_fault_of_ours_is_an_internal_error() {
    let mut server = Server::start().await;
    let alibaba = Arc::try_unwrap(server.dialects.alibaba).unwrap();
    let alibaba = alibaba.with(Operation {
        name: "Panic",
        instance: None,
        run: |_| Box::pin(async { panic!("a fault of the test's") }),
    });
    server.dialects.alibaba = Arc::new(alibaba);
    assert_eq!(
        told(&ask(&server, "Panic", "", "1").await),
        (500, "InternalError")
    );
    server.stop().await;
}
