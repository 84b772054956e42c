//! Whatever is sent to a vendor's address, the answer is one that the vendor's client can read.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::common::{Answer, Server, request};

#[derive(Clone, Debug)]
struct Sent {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A header's value: noise, or the beginning of something that makes sense.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,60}",
        "TC3-HMAC-SHA256 Credential=AKID-acme/[ -~]{0,60}",
        "TC3-HMAC-SHA256 Credential=AKID-acme/2023-11-14/ccc/tc3_request, SignedHeaders=content-type;host, Signature=[0-9a-f]{64}",
        "ACS3-HMAC-SHA256 Credential=LTAI-acme,SignedHeaders=host;[a-z;-]{0,40},Signature=[0-9a-f]{64}",
        "auth-v2/ak-acme/2023-11-14T22:13:20Z/host/[0-9a-f]{64}",
        Just("1700000000".to_owned()),
        Just("2023-11-14T22:13:20Z".to_owned()),
        Just("application/x-www-form-urlencoded".to_owned()),
        Just("application/json".to_owned()),
        Just("UNSIGNED-PAYLOAD".to_owned()),
    ]
}

fn sent() -> impl Strategy<Value = Sent> {
    let names = prop::sample::select(vec![
        "authorization",
        "content-type",
        "host",
        "x-tc-action",
        "x-tc-version",
        "x-tc-timestamp",
        "x-tc-content-sha256",
        "x-acs-action",
        "x-acs-version",
        "x-acs-date",
        "x-acs-signature-nonce",
        "x-acs-content-sha256",
        "accept",
        "appId",
        "timestamp",
        "sign",
        "encrypted",
    ]);
    let parameters = prop::sample::select(vec![
        "Action",
        "Version",
        "SecretId",
        "AccessKeyId",
        "Signature",
        "SignatureMethod",
        "SignatureVersion",
        "SignatureNonce",
        "Nonce",
        "Timestamp",
        "Format",
        "a.0",
        "a.0.b",
    ]);
    let form =
        prop::collection::vec((parameters, "[a-zA-Z0-9.%+:-]{0,12}"), 0..12).prop_map(|pairs| {
            let pairs: Vec<String> = pairs.iter().map(|(n, v)| format!("{n}={v}")).collect();
            pairs.join("&")
        });
    let path = prop_oneof![
        Just("/".to_owned()),
        "/rest/isales/v[123]/openapi/campaigns/[0-9a-z]{0,5}/[0-9a-z/%]{0,20}",
        "/rest/isales/[a-z0-9/]{0,20}",
        "/speech/openapi/v1/[a-zA-Z/]{0,30}",
        Just("/speech/openapi/v1/task/outbound/edit".to_owned()),
    ];
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        form.clone().prop_map(String::into_bytes),
        "[\\[\\]{}\":,a1]{0,40}".prop_map(String::into_bytes),
    ];
    let headers = prop::collection::vec((names.prop_map(str::to_owned), value()), 0..9);
    let method = prop::sample::select(vec!["GET", "POST", "PUT", "DELETE", "PATCH", "BREW"]);
    (method, path, form, headers, body).prop_map(|(method, path, query, headers, body)| Sent {
        method: method.to_owned(),
        target: format!("{path}?{query}"),
        headers,
        body,
    })
}

/// Whose envelope it is; `None` when no client could read it.
fn envelope(answer: &Answer) -> Option<&'static str> {
    let media_type = answer.headers.get("content-type")?.to_str().ok()?;
    let json = &answer.json;
    if answer.text == "nobody's" {
        return Some("nobody");
    }
    if media_type == "application/json" && answer.status == 200 {
        json["Response"]["RequestId"].as_str()?;
        json["Response"]["Error"]["Code"].as_str()?;
        return Some("tencent");
    }
    if media_type == "text/xml;charset=utf-8" {
        let whole = answer.text.contains("<Error>") && answer.text.ends_with("</Error>");
        return whole.then_some("alibaba");
    }
    if json["HttpStatusCode"].is_number() {
        let fault = json["Success"] == false && answer.status.as_u16() >= 400;
        return (fault && json["Code"].is_string()).then_some("alibaba");
    }
    if json["resultCode"].is_string() {
        return (json["resultCode"] != "0200000").then_some("huawei");
    }
    let code = json["code"].as_str()?;
    (code != "10000" && json["message"].is_string()).then_some("dezhu")
}

#[tokio::test]
async fn anything_is_answered_in_an_envelope_and_nothing_is_carried_out() {
    let server = Server::start().await;
    let mut runner = TestRunner::deterministic();
    let strategy = sent();
    let mut answered = std::collections::BTreeMap::new();
    for _ in 0..1_500 {
        let sent = strategy.new_tree(&mut runner).unwrap().current();
        if sent.target.parse::<axum::http::Uri>().is_err() {
            continue;
        }
        let headers: Vec<(&str, &str)> = sent
            .headers
            .iter()
            .map(|(name, value)| (&name[..], &value[..]))
            .collect();
        let request = request(&sent.method, &sent.target, &headers, sent.body.clone());
        let answer = server.send(request).await;
        let vendor = envelope(&answer);
        assert!(vendor.is_some(), "{sent:?}\n{answer:?}");
        *answered.entry(vendor).or_insert(0) += 1;
    }
    for vendor in ["tencent", "alibaba", "huawei", "dezhu"] {
        assert!(answered[&Some(vendor)] > 50, "{answered:?}");
    }
    server.stop().await;
}
