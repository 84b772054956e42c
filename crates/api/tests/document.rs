//! The OpenAPI document says what the router does.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use common::Server;
use serde_json::Value;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The committed document. `UPDATE=1 cargo test -p outdial-api --test document` writes it anew.
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
        "docs/openapi.json is out of date; run UPDATE=1 cargo test -p outdial-api --test document"
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
    // axum's own address for what has no route.
    texts
        .filter(|text| !text.contains("__private"))
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
            let request = common::request(&method.to_uppercase(), &address);
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
