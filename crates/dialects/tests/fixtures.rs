//! Every example request and answer of the vendors is read: `fixtures/<vendor>/index.toml` names each
//! with its source.

#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::Request;
use bytes::Bytes;
use outdial_dialects::dezhu::PublicKey;
use outdial_dialects::tencent::{Member, optional, required};
use outdial_dialects::{
    AccessKey, Incoming, KeyRing, NonceStore, Secret, Tolerance, Vendor, alibaba, dezhu, huawei,
    tencent,
};
use outdial_domain::Timestamp;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    path: String,
    origin: String,
    source: String,
    #[serde(default)]
    request: bool,
    #[serde(default)]
    responses: Vec<String>,
    /// Whether its signature is by a key of ours.
    #[serde(default)]
    signed: bool,
}

fn folder(vendor: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(vendor)
}

fn cases(vendor: &str) -> Vec<(Case, PathBuf)> {
    let text = fs::read_to_string(folder(vendor).join("index.toml")).unwrap();
    let index: Index = toml::from_str(&text).unwrap();
    assert!(!index.case.is_empty());
    let place = |case: Case| {
        let path = folder(vendor).join(&case.path);
        (case, path)
    };
    index.case.into_iter().map(place).collect()
}

fn request(path: &Path) -> Incoming {
    let text = fs::read_to_string(path.join("request.http")).unwrap();
    let (head, body) = text.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let start: Vec<&str> = lines.next().unwrap().split(' ').collect();
    let [method, target, "HTTP/1.1"] = start[..] else {
        panic!("{start:?}")
    };
    let mut request = Request::builder().method(method).uri(target);
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    Incoming::new(parts, Bytes::from(body.to_owned()))
}

fn vendor_of(request: &Incoming) -> Option<Vendor> {
    let query = request.uri.query().unwrap_or_default();
    Vendor::of(&request.headers, request.uri.path(), query)
        .or_else(|| Vendor::of_parameters(&request.body))
}

fn keys<T>(id: &str, secret: &str, owner: T) -> KeyRing<T> {
    let mut keys = KeyRing::default();
    let key = AccessKey {
        id: id.to_owned(),
        secret: Secret::new(secret),
    };
    keys.add(key, owner);
    keys
}

fn answers(case: &Case, path: &Path) -> Vec<Value> {
    let json = case.responses.iter().filter(|name| name.ends_with(".json"));
    json.map(|name| serde_json::from_slice(&fs::read(path.join(name)).unwrap()).unwrap())
        .collect()
}

#[test]
fn every_file_stands_in_its_index_with_a_source() {
    for vendor in ["tencent", "alibaba", "huawei", "dezhu"] {
        let mut indexed = BTreeSet::new();
        for (case, path) in cases(vendor) {
            assert!(["documented", "measured", "invented"].contains(&case.origin.as_str()));
            assert!(case.source.len() > 20, "{}", case.path);
            let request = case.request.then(|| "request.http".to_owned());
            for name in case.responses.iter().chain(&request) {
                assert!(path.join(name).is_file(), "{}/{name}", case.path);
                indexed.insert(path.join(name));
            }
        }
        let mut found = BTreeSet::new();
        let mut folders: Vec<PathBuf> = fs::read_dir(folder(vendor))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir())
            .collect();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => drop(found.insert(path)),
                }
            }
        }
        assert_eq!(found, indexed, "{vendor}");
    }
}

const UPDATE: &[Member] = &[
    required("SdkAppId"),
    required("CampaignId"),
    required("Name"),
    required("Callees"),
    required("Callers"),
    required("CallOrder"),
    required("SkillGroupId"),
    required("Priority"),
    required("ExpectedAbandonRate"),
    required("RetryInterval"),
    required("StartTime"),
    required("EndTime"),
    optional("IVRId"),
    optional("RetryTimes"),
];

#[test]
fn tencents_examples_are_read() {
    for (case, path) in cases("tencent") {
        for answer in answers(&case, &path) {
            assert!(answer["Response"]["RequestId"].is_string());
        }
        if !case.request {
            continue;
        }
        let mut request = request(&path);
        assert_eq!(vendor_of(&request), Some(Vendor::Tencent), "{}", case.path);
        if case.signed {
            let keys = keys("AKIDtestid", "testsecret", ());
            let now = Timestamp::from_secs(1_708_483_433);
            let verified = tencent::sign::verify(&request, &keys, &[], now);
            assert!(verified.is_ok(), "{}: {verified:?}", case.path);
        } else {
            // The documentation leaves the signature out.
            request
                .headers
                .insert("authorization", "-".parse().unwrap());
        }
        let fields = tencent::Fields::read(&request, UPDATE).unwrap();
        assert_eq!(
            fields.integer("CampaignId"),
            Ok(Some(2569)),
            "{}",
            case.path
        );
        let callees = fields.texts("Callees").unwrap().unwrap();
        assert_eq!(callees[0], "+8613012345678", "{}", case.path);
    }
}

struct Owner(NonceStore);

impl alibaba::sign::Nonces for Owner {
    fn nonces(&self) -> &NonceStore {
        &self.0
    }
}

#[test]
fn alibabas_examples_are_read() {
    for (case, path) in cases("alibaba") {
        for answer in answers(&case, &path) {
            assert_eq!(answer["Code"], "OK");
        }
        let request = request(&path);
        assert_eq!(vendor_of(&request), Some(Vendor::Alibaba), "{}", case.path);
        if case.signed {
            let owner = Owner(NonceStore::new(Duration::from_secs(1800), 10));
            let keys = keys("testid", "testsecret", owner);
            let now = Timestamp::parse_rfc3339("2026-01-02T03:04:05Z").unwrap();
            let verified = alibaba::sign::verify(&request, &keys, None, now);
            assert!(verified.is_ok(), "{}", case.path);
        }
        let parameters = alibaba::Parameters::read(&request).unwrap();
        assert!(parameters.required("InstanceId").is_ok(), "{}", case.path);
        let numbers = parameters.list("CallingNumber").unwrap();
        assert!(
            ["4008013260", "95187"].contains(&numbers[0].as_str()),
            "{numbers:?}"
        );
        if let Some(strategy) = parameters.object("StrategyJson").unwrap() {
            let attempts = strategy.integer("maxAttemptsPerDay").unwrap();
            assert!(matches!(attempts, Some(0 | 3)), "{}", case.path);
            assert!(strategy.text("id").unwrap().is_some(), "{}", case.path);
        }
        for name in ["RecallStrategyJson", "FlashSmsExtras"] {
            assert!(parameters.object(name).is_ok(), "{}: {name}", case.path);
        }
    }
}

#[test]
fn huaweis_examples_are_read() {
    for (case, path) in cases("huawei") {
        for answer in answers(&case, &path) {
            assert_eq!(answer["resultCode"], "0200000");
        }
        let request = request(&path);
        assert_eq!(vendor_of(&request), Some(Vendor::Huawei), "{}", case.path);
        if case.signed {
            let keys = keys("demo-ak-0001", "demo-sk-3f9c2a", ());
            let now = Timestamp::parse_rfc3339("2026-01-15T08:30:00Z").unwrap();
            let rules = huawei::sign::Rules::default();
            let verified = huawei::sign::verify(&request, &keys, &rules, now);
            assert!(verified.is_ok(), "{}: {verified:?}", case.path);
        }
        let body = huawei::Fields::read(&request.body).unwrap();
        let query = huawei::Fields::read_query(request.uri.query().unwrap_or_default()).unwrap();
        match case.path.split('/').next() {
            Some("ModifyCampaign") => {
                assert_eq!(body.integer_in("maxAlertingTime", 5..=120), Ok(Some(20)));
                let skill = body.object("skillParam").unwrap().unwrap();
                let predict = skill.object("predictParam").unwrap().unwrap();
                assert_eq!(predict.integer("predictMethod"), Ok(Some(5)));
                let schedule = body.object("scheduleParam").unwrap().unwrap();
                assert_eq!(schedule.text("workdayBeginTime3"), Ok(None));
            }
            Some("UpdateAppointment") => {
                assert_eq!(body.integer("appointTime"), Ok(Some(1_749_204_000_000)));
            }
            Some("ListCampaigns") => {
                assert_eq!(query.text("name"), Ok(Some("spring sale".to_owned())));
                assert_eq!(query.text("endTime"), Ok(None));
            }
            _ => assert_eq!(body, huawei::Fields::default()),
        }
    }
}

#[test]
fn dezhus_examples_are_read() {
    let key = fs::read_to_string(folder("dezhu").join("public_key.txt")).unwrap();
    for (case, path) in cases("dezhu") {
        for answer in answers(&case, &path) {
            assert_eq!(answer["code"], "10000");
        }
        let request = request(&path);
        assert_eq!(vendor_of(&request), Some(Vendor::Dezhu), "{}", case.path);
        let app = dezhu::sign::App {
            keys: vec![PublicKey::read(&key).unwrap()],
            owner: (),
        };
        let id = request.headers["appId"].to_str().unwrap().to_owned();
        let apps = dezhu::sign::Apps::from([(id, app)]);
        let now = Timestamp::from_secs(0);
        let verified = dezhu::sign::verify(&request, &apps, Tolerance::ANY, now);
        assert_eq!(verified.is_ok(), case.signed, "{}", case.path);
        let body = dezhu::Fields::read(&request.body).unwrap();
        if case.path.starts_with("EditTask") {
            assert_eq!(body.integer("taskId"), Ok(Some(121)));
            assert_eq!(body.boolean("strategyDisplaySwitch"), Ok(Some(true)));
            let groups = body.objects("outboundPhoneGroups").unwrap().unwrap();
            assert_eq!(groups[0].text("identify"), Ok(Some("default".to_owned())));
        }
    }
}
