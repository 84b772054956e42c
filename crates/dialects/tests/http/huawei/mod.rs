mod appoint;
mod campaigns;
mod client;
mod codes;
mod push;
mod records;
mod states;
mod tellings;

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use outdial_dialects::huawei::Operation;
use serde_json::Value;

use crate::common::{Answer, Server, hmac_hex, request};

const BASE: &str = "/rest/isales/v1/openapi/campaigns/7";

fn encode(text: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let one = |b: u8| match keep(b) {
        true => char::from(b).to_string(),
        false => format!("%{b:02X}"),
    };
    text.bytes().map(one).collect()
}

fn decode(text: &str) -> String {
    let mut parts = text.split('%');
    let mut decoded = parts.next().unwrap().to_owned();
    for part in parts {
        let byte = u8::from_str_radix(&part[..2], 16).unwrap();
        decoded.push(char::from(byte));
        decoded += &part[2..];
    }
    decoded
}

fn canonical_query(query: &str) -> String {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
    let one = |(name, value): (&str, &str)| {
        let (name, value) = (decode(name), decode(value));
        format!("{}={}", encode(&name), encode(&value))
    };
    let mut lines: Vec<String> = pairs.map(one).collect();
    lines.sort();
    lines.join("&") + "\n"
}

fn signed(method: &str, target: &str, body: &str) -> Request<Body> {
    let prefix = "auth-v2/ak-acme/2023-11-14T22:13:20Z/host";
    let key = hmac_hex(b"secret", prefix.as_bytes());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = match query {
        "" => String::new(),
        query => canonical_query(query),
    };
    let canonical = format!(
        "{method}\n{path}\n{query}host\nhost:h%3A443\n{}",
        encode(body)
    );
    let signature = hmac_hex(key.as_bytes(), canonical.as_bytes());
    let authorization = format!("{prefix}/{signature}");
    let headers = [("host", "h:443"), ("authorization", &authorization[..])];
    request(method, target, &headers, body.to_owned())
}

/// Sends a signed request; no body for `null`. What it answers has every code and text.
async fn call(server: &Server, method: &str, path: &str, body: &Value) -> Value {
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let answer = server
        .send(signed(method, &format!("{BASE}{path}"), &body))
        .await;
    let (status, _) = told(&answer);
    assert_eq!(status, 200, "{method} {path}: {}", answer.text);
    answer.json
}

fn code(answer: &Value) -> &str {
    answer["resultCode"].as_str().unwrap()
}

fn told(answer: &Answer) -> (u16, &str) {
    let json = &answer.json;
    for name in ["resultCode", "resultDesc", "returnCode", "returnDesc"] {
        assert!(json[name].is_string(), "{}", answer.text);
    }
    assert_eq!(json["resultCode"], json["returnCode"]);
    (answer.status.as_u16(), json["resultCode"].as_str().unwrap())
}

#[tokio::test]
async fn every_refusal_has_the_vendors_code_and_status() {
    let server = Server::start().await;
    for (method, path, body, want) in [
        ("PUT", "/46/pause", "", (200, "0200007")),
        ("PUT", "/99999999999/resume", "", (200, "0200007")),
        ("PUT", "/x/pause", "", (200, "02000006")),
        ("PUT", "/46/pause", "{", (200, "02000008")),
        ("POST", "/46/pause", "", (405, "405")),
        ("PUT", "/blocklist", "", (405, "405")),
        ("PUT", "/46/start", "", (404, "404")),
        ("POST", "/createObResult", "{}", (200, "02000001")),
    ] {
        let answer = server
            .send(signed(method, &format!("{BASE}{path}"), body))
            .await;
        assert_eq!(told(&answer), want, "{method} {path}");
    }
    for (path, want) in [
        ("/rest/isales/v1/openapi/campaigns/8/46/pause", (401, "401")),
        (
            "/rest/isales/v1/openapi/campaigns/10000/46/pause",
            (200, "02000007"),
        ),
        (
            "/rest/isales/v1/openapi/campaigns/x/46/pause",
            (200, "02000006"),
        ),
        ("/rest/isales/v3/openapi/campaigns/7/46/pause", (404, "404")),
    ] {
        assert_eq!(
            told(&server.send(signed("PUT", path, "")).await),
            want,
            "{path}"
        );
    }
    let unsigned = server
        .send(request(
            "PUT",
            &format!("{BASE}/46/pause"),
            &[("host", "h")],
            "",
        ))
        .await;
    assert_eq!(told(&unsigned), (401, "401"));
    let large = server
        .send(request("POST", BASE, &[], vec![b' '; (4 << 20) + 1]))
        .await;
    assert_eq!(told(&large), (413, "413"));
    server.stop().await;
}

#[tokio::test]
async fn an_operation_that_fails_by_a_fault_of_ours_is_an_internal_error() {
    let mut server = Server::start().await;
    let huawei = Arc::try_unwrap(server.dialects.huawei).unwrap();
    let huawei = huawei.with(Operation {
        method: "GET",
        path: "panic",
        run: |_| Box::pin(async { panic!("a fault of the test's") }),
    });
    server.dialects.huawei = Arc::new(huawei);
    let answer = server
        .send(signed("GET", &format!("{BASE}/panic"), ""))
        .await;
    assert_eq!(told(&answer), (500, "500"));
    server.stop().await;
}
