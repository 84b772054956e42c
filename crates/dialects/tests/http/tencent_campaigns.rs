//! Tencent's predictive campaigns and what is around them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::{Answer, Server};
use crate::tencent::{ask, code};

const CREATE: &str = "CreatePredictiveDialingCampaign";
const UPDATE: &str = "UpdatePredictiveDialingCampaign";
const ONE: &str = "DescribePredictiveDialingCampaign";
const LIST: &str = "DescribePredictiveDialingCampaigns";

/// Seconds since 1970 by the clock that the engine goes by.
fn real_now() -> i64 {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// The seed's example, its dates moved to the future.
fn example() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/tencent/UpdatePredictiveDialingCampaign/documented/request.http");
    let text = fs::read_to_string(path).unwrap();
    let mut body: Value = serde_json::from_str(text.split_once("\n\n").unwrap().1).unwrap();
    body["SdkAppId"] = json!(1_400_000_007);
    body["StartTime"] = json!(real_now() + 3600);
    body["EndTime"] = json!(real_now() + 5600);
    body
}

/// A request to create that has everything which is required.
fn draft() -> Value {
    let mut body = example();
    let fields = body.as_object_mut().unwrap();
    for name in ["CampaignId", "IVRId", "RetryTimes"] {
        fields.remove(name);
    }
    body
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

async fn send(server: &Server, action: &str, body: &Value) -> Answer {
    // Far below the allowance for each operation in each second, and the age of a signature.
    server.pass(60);
    ask(server, action, &body.to_string()).await
}

async fn create(server: &Server, body: &Value) -> i64 {
    let answer = send(server, CREATE, body).await;
    assert_eq!(code(&answer), "none", "{}", answer.text);
    answer.json["Response"]["CampaignId"].as_i64().unwrap()
}

async fn on(server: &Server, action: &str, id: i64) -> Answer {
    let body = json!({ "SdkAppId": 1_400_000_007, "CampaignId": id });
    send(server, action, &body).await
}

async fn row(server: &Server, id: i64) -> Value {
    let body =
        json!({ "SdkAppId": 1_400_000_007, "PageSize": 10, "PageNumber": 0, "CampaignId": id });
    let answer = send(server, LIST, &body).await;
    answer.json["Response"]["CampaignList"][0].clone()
}

async fn status(server: &Server, id: i64) -> (Value, Value) {
    let row = row(server, id).await;
    (row["Status"].clone(), row["StatusReason"].clone())
}

#[tokio::test]
async fn the_documented_update_replaces_everything_before_the_start() {
    let server = Server::start().await;
    let mut made = draft();
    made["Callees"] = json!(["13012345678", "+8613012345678", "13000000001"]);
    made["UUI"] = json!("order 7");
    made["Variables"] = json!([{ "Key": "city", "Value": "Shenzhen" }]);
    made["AvailableTime"] = json!([{ "StartTime": "09:00:00", "EndTime": "21:00:00" }]);
    made["TimeZone"] = json!("Asia/Tokyo");
    made["CalleeAttributes"] = json!([{ "Callee": "008613000000001", "UUI": "x" }]);
    let id = create(&server, &made).await;
    let found = on(&server, ONE, id).await.json;
    assert_eq!(found["Response"]["UUI"], "order 7");
    assert_eq!(found["Response"]["Variables"], made["Variables"]);
    assert_eq!(found["Response"]["IVRId"], 0);
    assert_eq!(row(&server, id).await["CalleeCount"], 2, "one stood twice");

    let mut wanted = with(example(), "CampaignId", json!(id));
    let answer = send(&server, UPDATE, &wanted).await;
    assert_eq!(code(&answer), "none", "{}", answer.text);
    let inner = answer.json["Response"].as_object().unwrap();
    assert_eq!(inner.keys().collect::<Vec<_>>(), ["RequestId"]);
    let found = on(&server, ONE, id).await.json;
    let found = &found["Response"];
    let fields = wanted.as_object_mut().unwrap();
    for name in ["SdkAppId", "Callees", "Callers"] {
        fields.remove(name);
        assert_eq!(found[name], Value::Null, "{name} is not told");
    }
    for (name, value) in fields {
        assert_eq!(&found[name], value, "{name}");
    }
    assert_eq!(found["UUI"], "", "what is left out returns to its default");
    assert_eq!(found["Variables"], json!([]));
    let row = row(&server, id).await;
    assert_eq!(
        (&row["CalleeCount"], &row["FinishedCalleeCount"]),
        (&json!(3), &json!(0))
    );
    server.stop().await;
}

#[tokio::test]
async fn every_state_takes_just_its_operations() {
    let server = Server::start().await;
    let actions = ["Update", "Pause", "Resume", "Abort", "Delete"];
    let refused = "InvalidParameterValue";
    let frozen = "UnsupportedOperation";
    // By state: which operation is refused, and how; the ones that are taken end the campaign.
    let table = [
        (
            "pending",
            (0, 0),
            ["none", refused, refused, "none", "none"],
        ),
        (
            "running",
            (1, 0),
            [frozen, "none", refused, "none", refused],
        ),
        ("paused", (2, 0), [frozen, refused, "none", "none", refused]),
        (
            "aborted",
            (3, 1),
            [frozen, refused, refused, refused, "none"],
        ),
    ];
    for (state, shown, fates) in table {
        for (action, fate) in actions.into_iter().zip(fates) {
            let mut made = draft();
            if state != "pending" {
                made["StartTime"] = json!(real_now() - 60);
            }
            let id = create(&server, &made).await;
            let before: &[&str] = match state {
                "paused" => &["Pause"],
                "aborted" => &["Abort"],
                _ => &[],
            };
            for step in before {
                let step = format!("{step}PredictiveDialingCampaign");
                assert_eq!(code(&on(&server, &step, id).await), "none");
            }
            let now = status(&server, id).await;
            assert_eq!(now, (json!(shown.0), json!(shown.1)), "{state}");
            let answer = match action {
                "Update" => {
                    let body = with(example(), "CampaignId", json!(id));
                    send(&server, UPDATE, &body).await
                }
                action => on(&server, &format!("{action}PredictiveDialingCampaign"), id).await,
            };
            assert_eq!(
                code(&answer),
                fate,
                "{action} while {state}: {}",
                answer.text
            );
            if fate == "none" {
                let then = match action {
                    "Update" => (json!(0), json!(0)),
                    "Pause" => (json!(2), json!(0)),
                    "Resume" => (json!(1), json!(0)),
                    "Abort" => (json!(3), json!(1)),
                    _ => (Value::Null, Value::Null),
                };
                assert_eq!(status(&server, id).await, then, "{action} while {state}");
            } else {
                assert_eq!(
                    status(&server, id).await,
                    now,
                    "what is refused changes nothing"
                );
            }
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn every_range_ends_where_it_is_documented() {
    let server = Server::start().await;
    let id = create(&server, &draft()).await;
    let long = |n: usize| json!("名".repeat(n));
    let uui = |n: usize| json!("u".repeat(n));
    let number = |n: usize| json!(["1".repeat(n)]);
    let cases: [(&str, Vec<Value>, Vec<Value>); 10] = [
        (
            "Name",
            vec![long(1), long(128)],
            vec![long(0), long(129), json!("a\nb")],
        ),
        (
            "Callees",
            vec![number(3), number(20)],
            vec![json!([]), number(2), number(21), json!(["a"])],
        ),
        (
            "Callers",
            vec![json!(["075586013388"])],
            vec![json!([]), json!(["075586013389"])],
        ),
        (
            "CallOrder",
            vec![json!(0), json!(1)],
            vec![json!(-1), json!(2)],
        ),
        (
            "SkillGroupId",
            vec![json!(255)],
            vec![json!(254), json!(-1)],
        ),
        (
            "Priority",
            vec![json!(1), json!(5)],
            vec![json!(0), json!(6)],
        ),
        (
            "RetryInterval",
            vec![json!(60), json!(86_400)],
            vec![json!(59), json!(86_401)],
        ),
        (
            "IVRId",
            vec![json!(4600), Value::Null],
            vec![json!(4601), json!(0)],
        ),
        (
            "RetryTimes",
            vec![json!(0), json!(2)],
            vec![json!(-1), json!(3)],
        ),
        ("UUI", vec![uui(0), uui(1024)], vec![uui(1025)]),
    ];
    let update = || with(example(), "CampaignId", json!(id));
    for (name, right, wrong) in cases {
        for (values, fate) in [(right, "none"), (wrong, "InvalidParameterValue")] {
            for value in values {
                for (action, body) in [(CREATE, draft()), (UPDATE, update())] {
                    let answer = send(&server, action, &with(body, name, value.clone())).await;
                    assert_eq!(code(&answer), fate, "{action} {name}: {}", answer.text);
                    let about = answer.text.contains(&format!("`{name}"));
                    assert!(fate == "none" || about, "{}", answer.text);
                }
            }
        }
    }
    for (action, body, right, wrong) in [
        (CREATE, draft(), [0, 50], [-1, 51]),
        (UPDATE, update(), [5, 50], [4, 51]),
    ] {
        for (values, fate) in [(right, "none"), (wrong, "InvalidParameterValue")] {
            for value in values {
                let body = with(body.clone(), "ExpectedAbandonRate", json!(value));
                assert_eq!(code(&send(&server, action, &body).await), fate, "{value}");
            }
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn the_first_finding_is_told_with_its_place() {
    let server = Server::start().await;
    let id = create(&server, &draft()).await;
    let update = || with(example(), "CampaignId", json!(id));
    let now = real_now();
    let early = with(with(draft(), "StartTime", json!(1)), "EndTime", json!(2));
    let other = with(draft(), "SdkAppId", json!(1_400_000_008));
    let nobody = with(draft(), "SdkAppId", json!(1));
    let window = |from: &str, to: &str| {
        let windows = json!([{ "StartTime": from, "EndTime": to }]);
        with(draft(), "AvailableTime", windows)
    };
    let attributes = |value: Value| with(draft(), "CalleeAttributes", value);
    let value = "InvalidParameterValue";
    for (action, body, want, place) in [
        (
            CREATE,
            with(draft(), "EndTime", json!(now)),
            value,
            "EndTime",
        ),
        (CREATE, early, value, "EndTime"),
        (
            CREATE,
            with(draft(), "Name", Value::Null),
            "MissingParameter",
            "Name",
        ),
        (
            CREATE,
            with(draft(), "Name", json!(1)),
            "InvalidParameter",
            "Name",
        ),
        (
            CREATE,
            with(draft(), "Priority", json!("1")),
            "InvalidParameter",
            "Priority",
        ),
        (
            CREATE,
            with(draft(), "Priority", json!(1.0)),
            "InvalidParameter",
            "Priority",
        ),
        (
            CREATE,
            with(draft(), "Callees", json!(["+8613012345678", "x"])),
            value,
            "Callees.1",
        ),
        (
            CREATE,
            with(draft(), "Callees", json!([1])),
            "InvalidParameter",
            "Callees.0",
        ),
        (
            CREATE,
            with(draft(), "CampaignId", json!(1)),
            "UnknownParameter",
            "CampaignId",
        ),
        (
            CREATE,
            with(draft(), "TimeZone", json!("Mars/Base")),
            value,
            "TimeZone",
        ),
        (
            CREATE,
            window("09:00", "9"),
            value,
            "AvailableTime.0.EndTime",
        ),
        (
            CREATE,
            window("09:00:00", "09:00:00"),
            value,
            "AvailableTime.0.EndTime",
        ),
        (
            CREATE,
            attributes(json!([{ "Callee": "13012345600" }])),
            value,
            "CalleeAttributes.0.Callee",
        ),
        (
            CREATE,
            attributes(json!([{ "UUI": "x" }])),
            "MissingParameter",
            "CalleeAttributes.0.Callee",
        ),
        (CREATE, other, "UnauthorizedOperation", "SdkAppId"),
        (CREATE, nobody, value, "SdkAppId"),
        (
            UPDATE,
            with(update(), "TimeZone", json!("UTC")),
            "UnknownParameter",
            "TimeZone",
        ),
        (
            UPDATE,
            with(update(), "CampaignId", json!(id + 1)),
            value,
            "CampaignId",
        ),
        (
            UPDATE,
            with(update(), "CampaignId", json!(0)),
            value,
            "CampaignId",
        ),
        (
            UPDATE,
            with(update(), "CampaignId", json!(1_i64 << 40)),
            value,
            "CampaignId",
        ),
    ] {
        let answer = send(&server, action, &body).await;
        assert_eq!(code(&answer), want, "{}", answer.text);
        let told = format!("`{place}`");
        assert!(
            answer.text.contains(&told) || place == "CampaignId",
            "{place}: {}",
            answer.text
        );
    }
    let many = with(draft(), "Callees", json!(vec!["13012345678"; 100_001]));
    let answer = send(&server, CREATE, &many).await;
    assert_eq!(code(&answer), "LimitExceeded.OutOfCountLimit");
    server.stop().await;
}

#[tokio::test]
async fn lists_are_paged_from_zero_newest_first() {
    let server = Server::start().await;
    let mut ids = Vec::new();
    for name in ["spring a", "spring b", "autumn"] {
        ids.push(create(&server, &with(draft(), "Name", json!(name))).await);
    }
    let list = async |size: i64, page: i64, name: &str| {
        let body = json!({ "SdkAppId": 1_400_000_007, "PageSize": size, "PageNumber": page, "Name": name });
        let answer = send(&server, LIST, &body).await;
        assert_eq!(code(&answer), "none");
        let found = &answer.json["Response"];
        let rows = found["CampaignList"].as_array().unwrap();
        let rows: Vec<i64> = rows
            .iter()
            .map(|row| row["CampaignId"].as_i64().unwrap())
            .collect();
        (found["TotalCount"].as_i64().unwrap(), rows)
    };
    assert_eq!(list(2, 0, "").await, (3, vec![ids[2], ids[1]]));
    assert_eq!(list(2, 1, "").await, (3, vec![ids[0]]));
    assert_eq!(list(2, 2, "").await, (3, vec![]));
    assert_eq!(list(100, 0, "spring").await, (2, vec![ids[1], ids[0]]));
    for (size, page) in [(0, 0), (101, 0), (1, -1)] {
        let body = json!({ "SdkAppId": 1_400_000_007, "PageSize": size, "PageNumber": page });
        assert_eq!(
            code(&send(&server, LIST, &body).await),
            "InvalidParameterValue"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn the_records_of_calls_name_their_sessions() {
    let server = Server::start().await;
    let now = real_now();
    // Times of records are judged by the dialects' clock, calls are placed by the real one.
    let span = |from: i64, until: i64| json!({ "SdkAppId": 1_400_000_007, "StartTimeStamp": from, "EndTimeStamp": until, "PageSize": 10, "PageNumber": 0 });
    let action = "DescribeTelCdr";
    let answer = send(&server, action, &span(now - 60, now)).await;
    assert_eq!(code(&answer), "none", "{}", answer.text);
    assert_eq!(answer.json["Response"]["TelCdrList"], json!([]));
    assert_eq!(answer.json["Response"]["TelCdrs"], json!([]));
    let day = 86_400;
    let then = crate::common::NOW;
    for (from, until, want) in [
        (then - 179 * day, then - 100 * day, "none"),
        (then - 181 * day, then - 100 * day, "InvalidParameterValue"),
        (then - 90 * day, then - 1, "none"),
        (then - 90 * day, then, "InvalidParameterValue"),
        (then, then - 1, "InvalidParameterValue"),
    ] {
        let answer = send(&server, action, &span(from, until)).await;
        assert_eq!(code(&answer), want, "{}", answer.text);
    }
    let numbers = send(
        &server,
        "DescribeNumbers",
        &json!({ "SdkAppId": 1_400_000_007 }),
    )
    .await;
    assert_eq!(numbers.json["Response"]["TotalCount"], 3);
    assert_eq!(
        numbers.json["Response"]["Numbers"][0]["Number"],
        "0086075586013388"
    );
    server.stop().await;
}
