//! The OpenAPI document says what the router does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::common::Server;
use serde_json::Value;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The committed document. `UPDATE=1 cargo test -p outdial-api --test http document` writes it anew.
#[test]
fn the_committed_document_is_the_generated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let mut generated = serde_json::to_string_pretty(&outdial_api::openapi()).unwrap();
    generated.push('\n');
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "docs/openapi.json is out of date; run UPDATE=1 cargo test -p outdial-api --test http document"
    );
}

fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let document = outdial_api::openapi();
    let paths = document["paths"].as_object().unwrap();
    let methods = |item: &Value| {
        let names = item.as_object().unwrap().keys().cloned();
        names
            .filter(|name| METHODS.contains(&name.as_str()))
            .collect()
    };
    paths
        .iter()
        .map(|(path, item)| (path.clone(), methods(item)))
        .collect()
}

/// The addresses that a router serves, as it shows them.
fn served(router: &axum::Router) -> BTreeSet<String> {
    let shown = format!("{router:?}");
    let texts = shown.split('"').filter(|text| text.starts_with('/'));
    // Two are axum's own, for what has no route.
    texts
        .filter(|text| *text != "/" && !text.contains("__private"))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn every_route_is_documented_and_every_documented_route_exists() {
    let server = Server::acme().await;
    let documented = documented();
    let paths: BTreeSet<String> = documented.keys().cloned().collect();
    assert_eq!(served(&server.router), paths);
    for (path, methods) in &documented {
        let address = path
            .replace("{id}", "1")
            .replace("{n}", "1")
            .replace("{name}", "x");
        for method in METHODS {
            let request = crate::common::request(&method.to_uppercase(), &address);
            let answer = server
                .send(request.body(axum::body::Body::empty()).unwrap())
                .await;
            assert_eq!(
                answer.status != 405,
                methods.contains(method),
                "{method} {path}"
            );
        }
    }
    server.stop().await;
}

#[test]
fn every_reference_in_the_document_leads_somewhere() {
    let document = outdial_api::openapi();
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                open.extend(map.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    assert_eq!(document["openapi"], "3.1.0");
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document = outdial_api::openapi();
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    let names: Vec<_> = operations
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    let different: BTreeSet<_> = names.iter().collect();
    assert_eq!(different.len(), names.len());
}

#[test]
fn a_new_campaign_requires_four_fields() {
    let document = outdial_api::openapi();
    let required = |schema: &str| {
        let schema = &document["components"]["schemas"][schema];
        schema["required"].as_array().cloned().unwrap_or_default()
    };
    assert_eq!(
        required("CampaignSettings"),
        ["name", "mode", "target", "caller_ids"]
    );
    assert!(required("CampaignPatch").is_empty());
}

#[tokio::test]
async fn what_a_route_does_not_know_is_refused_before_anything_is_done() {
    let server = Server::acme().await;
    let document = outdial_api::openapi();
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let public = operation["security"] == serde_json::json!([{}])
                || operation["tags"][0] == "health";
            if !METHODS.contains(&method.as_str()) || operation["tags"][0] == "later" || public {
                continue;
            }
            let address = path
                .replace("{id}", "1")
                .replace("{n}", "1")
                .replace("{number}", "%2B8613012345678")
                .replace("{name}", "x");
            let method = method.to_uppercase();
            let takes_body = operation.get("requestBody").is_some();
            let body = takes_body.then(|| serde_json::json!({}));
            let unknown = server
                .ask(&method, &format!("{address}?colour=red"), body)
                .await;
            assert_eq!(unknown.status, 422, "{method} {address}: {}", unknown.text);
            assert_eq!(
                unknown.json["errors"][0]["field"], "colour",
                "{method} {address}"
            );
            if method != "GET" && !takes_body {
                let body = serde_json::json!({"colour": "red"});
                let unknown = server.ask(&method, &address, Some(body)).await;
                assert_eq!(unknown.status, 422, "{method} {address}: {}", unknown.text);
            }
            asked += 1;
        }
    }
    assert!(asked > 30, "{asked} operations");
    server.stop().await;
}
