//! Campaigns through Huawei's API: the documented edit, the workflow, every range at its bounds and one
//! past them, every state.

use std::sync::Arc;

use outdial_dialects::Tolerance;
use outdial_dialects::huawei::sign;
use serde_json::{Value, json};

use super::{call, code};
use crate::common::Server;

/// The documented example with its dates moved to the future.
pub(super) fn documented() -> Value {
    let request =
        include_str!("../../../../../fixtures/huawei/ModifyCampaign/documented/request.http");
    let (_, body) = request.split_once("\n\n").unwrap();
    let mut body: Value = serde_json::from_str(body).unwrap();
    body["strBeginTime"] = "2096-09-10 00:00:00".into();
    body["strEndTime"] = "2096-10-07 23:59:59".into();
    body
}

pub(super) fn ivr() -> Value {
    let mut body = documented();
    body["deviceType"] = 3.into();
    body.as_object_mut().unwrap().remove("skillParam");
    body["ivrParam"] = json!({"deviceSign": "oifde-flowcode", "callCount": 10, "callInterval": 5});
    body
}

pub(super) fn preview() -> Value {
    let mut body = documented();
    body["deviceType"] = 5.into();
    body["skillParam"] = json!({
        "skillId": 5, "outBoundType": 5,
        "previewParam": {"failInterval": 3, "obCallCount": 1, "autoCallTime": 17},
    });
    body
}

pub(super) async fn created(server: &Server, body: &Value) -> i64 {
    let answer = call(server, "POST", "", body).await;
    assert_eq!(code(&answer), "0200000", "{answer}");
    answer["returnObject"]["id"].as_i64().unwrap()
}

async fn status(server: &Server, id: i64) -> i64 {
    let shown = call(server, "GET", &format!("/{id}"), &Value::Null).await;
    shown["returnObject"]["status"].as_i64().unwrap()
}

#[tokio::test]
async fn the_documented_edit_is_taken_and_shown() {
    let server = Server::start().await;
    let mut before = documented();
    before["name"] = "before".into();
    before["description"] = Value::Null;
    before["callerNo"] = "075586013388".into();
    let id = created(&server, &before).await;
    let answer = call(&server, "PUT", &format!("/{id}"), &documented()).await;
    let wanted: Value = serde_json::from_str(include_str!(
        "../../../../../fixtures/huawei/ModifyCampaign/documented/response.json"
    ))
    .unwrap();
    assert_eq!(answer, wanted);
    let shown = call(&server, "GET", &format!("/{id}"), &Value::Null).await;
    let shown = &shown["returnObject"];
    for (name, given) in documented().as_object().unwrap() {
        if name == "skillParam" {
            continue;
        }
        assert_eq!(&shown[name], given, "{name}");
    }
    let skill = &shown["skillParam"];
    assert_eq!(
        skill["predictParam"],
        documented()["skillParam"]["predictParam"]
    );
    assert_eq!(skill["skillName"], "Voice Skill Queue");
    assert_eq!(
        (&skill["skillId"], &shown["status"]),
        (&json!(5), &json!(2))
    );
    // What is left out of a whole replacement is cleared.
    let mut bare = documented();
    for name in ["description", "strBeginTime", "strEndTime"] {
        bare.as_object_mut().unwrap().remove(name);
    }
    let answer = call(&server, "PUT", &format!("/{id}"), &bare).await;
    assert_eq!(code(&answer), "0200000", "{answer}");
    let shown = call(&server, "GET", &format!("/{id}"), &Value::Null).await;
    assert_eq!(shown["returnObject"]["strBeginTime"], Value::Null);
    assert_eq!(shown["returnObject"]["description"], "");
    server.stop().await;
}

#[tokio::test]
async fn a_campaign_lives_from_its_creation_to_its_deletion() {
    let server = Server::start().await;
    let id = created(&server, &documented()).await;
    let path = format!("/{id}");
    let verb = async |method: &str, verb: &str| {
        let answer = call(&server, method, &format!("{path}{verb}"), &Value::Null).await;
        code(&answer).to_owned()
    };
    assert_eq!(status(&server, id).await, 2);
    assert_eq!(verb("PUT", "/resume").await, "0200011");
    assert_eq!(verb("DELETE", "").await, "0200009");
    assert_eq!(verb("PUT", "/pause").await, "0200000");
    assert_eq!(status(&server, id).await, 3);
    assert_eq!(verb("PUT", "/pause").await, "0200011");
    let mut edited = documented();
    edited["maxAlertingTime"] = 21.into();
    let answer = call(&server, "PUT", &path, &edited).await;
    assert_eq!(code(&answer), "0200000");
    assert_eq!(status(&server, id).await, 3, "suspended stays suspended");
    assert_eq!(verb("PUT", "/resume").await, "0200000");
    assert_eq!(verb("PUT", "/pause").await, "0200000");
    let wrong = call(&server, "DELETE", &path, &json!({"archiveHistory": 2})).await;
    assert_eq!(code(&wrong), "02000007");
    assert_eq!(verb("DELETE", "").await, "0200000");
    for (method, what) in [("GET", ""), ("DELETE", ""), ("PUT", "/pause")] {
        assert_eq!(verb(method, what).await, "0200007", "{method} {what}");
    }
    assert_eq!(code(&call(&server, "PUT", &path, &edited).await), "0200007");
    // Its name is free again.
    created(&server, &documented()).await;
    server.stop().await;
}

#[tokio::test]
async fn an_expired_campaign_takes_no_edit_and_no_verb() {
    let mut server = Server::start().await;
    let id = created(&server, &documented()).await;
    server.pass(80 * 365 * 86_400_000);
    // Requests are still signed at the time of the other tests.
    let huawei = Arc::try_unwrap(server.dialects.huawei).unwrap();
    let rules = sign::Rules {
        tolerance: Tolerance::ANY,
        ..sign::Rules::default()
    };
    server.dialects.huawei = Arc::new(huawei.with_rules(rules));
    let path = format!("/{id}");
    assert_eq!(status(&server, id).await, 4);
    assert_eq!(
        code(&call(&server, "PUT", &path, &documented()).await),
        "0200016"
    );
    for verb in ["pause", "resume"] {
        let answer = call(&server, "PUT", &format!("{path}/{verb}"), &Value::Null).await;
        assert_eq!(code(&answer), "0200011", "{verb}");
    }
    assert_eq!(
        code(&call(&server, "DELETE", &path, &Value::Null).await),
        "0200000"
    );
    server.stop().await;
}

/// A change of one field, and the code that comes of it.
type Case = (&'static str, Value, &'static str);

fn cases() -> Vec<Case> {
    let long = |count: usize| Value::from("名".repeat(count));
    let stars = |count: usize| Value::from("*".repeat(count));
    vec![
        ("/name", Value::Null, "02000001"),
        ("/name", "".into(), "02000001"),
        ("/name", long(100), "0200000"),
        ("/name", long(101), "02000003"),
        ("/name", json!([]), "02000006"),
        ("/name", "a\u{1}b".into(), "02000002"),
        ("/description", long(200), "0200000"),
        ("/description", long(201), "02000003"),
        ("/description", "a;b".into(), "02000002"),
        ("/description", "<b>".into(), "02000002"),
        ("/strBeginTime", Value::Null, "02000009"),
        ("/strEndTime", Value::Null, "02000009"),
        ("/strBeginTime", "2096-09-1000:00:00".into(), "0200000"),
        ("/strBeginTime", "2096-09-10".into(), "02000008"),
        ("/strBeginTime", "2096-10-07 23:59:59".into(), "02000009"),
        ("/strBeginTime", "2096-10-08 00:00:00".into(), "02000009"),
        // The day of the test is 2023-11-15 in Shanghai.
        ("/strBeginTime", "2023-11-14 23:59:59".into(), "0200002"),
        ("/strBeginTime", "2023-11-15 00:00:00".into(), "0200000"),
        ("/deviceType", Value::Null, "02000001"),
        ("/deviceType", 4.into(), "02000007"),
        ("/deviceType", "two".into(), "02000006"),
        ("/deviceType", "2".into(), "0200000"),
        ("/deviceType", 6.into(), "02000009"),
        ("/deviceType", 3.into(), "02000009"),
        ("/callerNo", Value::Null, "02000001"),
        ("/callerNo", stars(24), "02000007"),
        ("/callerNo", stars(25), "02000003"),
        ("/callerNo", "+8610085".into(), "02000002"),
        ("/callerNo", "10086".into(), "02000007"),
        ("/callerNo", 10085.into(), "0200000"),
        ("/maxAlertingTime", Value::Null, "02000001"),
        ("/maxAlertingTime", 4.into(), "02000007"),
        ("/maxAlertingTime", 5.into(), "0200000"),
        ("/maxAlertingTime", 120.into(), "0200000"),
        ("/maxAlertingTime", 121.into(), "02000007"),
        ("/maxAlertingTime", json!(20.5), "02000006"),
        ("/scheduleParam", Value::Null, "02000001"),
        ("/scheduleParam", json!([]), "02000006"),
        ("/scheduleParam/workdayBeginTime1", "08".into(), "02000010"),
        ("/scheduleParam/workdayEndTime1", "".into(), "02000009"),
        ("/skillParam", Value::Null, "02000009"),
        ("/skillParam/skillId", Value::Null, "02000001"),
        ("/skillParam/skillId", 0.into(), "02000007"),
        ("/skillParam/skillId", 1.into(), "0200017"),
        ("/skillParam/skillId", 1000.into(), "0200017"),
        ("/skillParam/skillId", 1001.into(), "02000007"),
        ("/skillParam/skillId", 255.into(), "0200000"),
        ("/skillParam/skillName", long(100), "0200000"),
        ("/skillParam/skillName", long(101), "02000003"),
        ("/skillParam/outBoundType", 3.into(), "02000007"),
        ("/skillParam/outBoundType", 5.into(), "02000009"),
        ("/skillParam/predictParam", Value::Null, "02000009"),
        (
            "/skillParam/predictParam/predictMethod",
            4.into(),
            "02000007",
        ),
        (
            "/skillParam/predictParam/predictMethod",
            1.into(),
            "02000009",
        ),
        ("/callBackUrl", Value::Null, "02000001"),
        ("/callBackUrl", "ftp://x".into(), "02000007"),
        ("/callBackUrl", "http://".into(), "02000007"),
        ("/callBackUrl", "http://[::1".into(), "02000007"),
        (
            "/callBackUrl",
            format!("http://{}", "x".repeat(505)).into(),
            "0200000",
        ),
        (
            "/callBackUrl",
            format!("http://{}", "x".repeat(506)).into(),
            "02000003",
        ),
        ("/anything", json!({"else": [1]}), "0200000"),
    ]
}

/// The object with one value in another's place; the place may be new.
fn with(mut body: Value, pointer: &str, value: &Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value.clone();
    body
}

#[tokio::test]
async fn every_field_is_checked_at_its_bounds_and_refused_one_past_them() {
    let server = Server::start().await;
    let id = created(&server, &documented()).await;
    let path = format!("/{id}");
    for (pointer, value, wanted) in cases() {
        let body = with(documented(), pointer, &value);
        let answer = call(&server, "PUT", &path, &body).await;
        assert_eq!(code(&answer), wanted, "{pointer} {value}: {answer}");
        if wanted.len() == 8 {
            let text = answer["resultDesc"].as_str().unwrap();
            let name = pointer.rsplit('/').next().unwrap();
            // A pair or a part that is missing may be told at its other half.
            let told = text.contains(name) || wanted == "02000009";
            assert!(told, "{pointer}: {text}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn each_prediction_method_has_its_ranges() {
    let server = Server::start().await;
    let id = created(&server, &documented()).await;
    let path = format!("/{id}");
    let methods = [
        (
            1,
            "expPredictParam",
            json!({"maxAvgCallTime": 200, "minAvgCallTime": 50}),
        ),
        (
            2,
            "agentPredictParam",
            json!({"maxAvgCallTime": 50, "minAvgCallTime": 50, "utilRateMethod": 2}),
        ),
        (
            3,
            "connectPredictParam",
            json!({"maxAvgCallTime": 60, "minAvgCallTime": 50, "connRate": 0}),
        ),
        (5, "offhookPredictParam", json!({})),
    ];
    let ranges = [
        ("maxAvgCallTime", 50, 200),
        ("minAvgCallTime", 50, 200),
        ("outBoundRate", 0, 100),
        ("lossRate", 0, 100),
        ("utilRate", 0, 100),
        ("utilRateMethod", 1, 2),
        ("waitTime", 0, 16),
        ("connRate", 0, 100),
        ("offHookRate", 50, 200),
    ];
    let of_method = |method: i32, name: &str| match method {
        1 => ["maxAvgCallTime", "minAvgCallTime", "outBoundRate"].contains(&name),
        2 => [
            "maxAvgCallTime",
            "minAvgCallTime",
            "lossRate",
            "utilRate",
            "utilRateMethod",
        ]
        .contains(&name),
        3 => [
            "maxAvgCallTime",
            "minAvgCallTime",
            "lossRate",
            "waitTime",
            "connRate",
        ]
        .contains(&name),
        _ => name == "offHookRate",
    };
    for (method, part, params) in methods {
        let body = with(
            documented(),
            "/skillParam/predictParam",
            &json!({"predictMethod": method, part: params}),
        );
        let answer = call(&server, "PUT", &path, &body).await;
        assert_eq!(code(&answer), "0200000", "{part}: {answer}");
        let shown = call(&server, "GET", &path, &Value::Null).await;
        let predict = &shown["returnObject"]["skillParam"]["predictParam"];
        assert_eq!(predict["predictMethod"], method, "it is stored and shown");
        for (name, value) in params.as_object().unwrap() {
            assert_eq!(&predict[part][name], value, "{part} {name}");
        }
        for (name, least, most) in ranges {
            if !of_method(method, name) {
                continue;
            }
            for (value, sound) in [
                (least - 1, false),
                (least, true),
                (most, true),
                (most + 1, false),
            ] {
                let mut params = params.clone();
                params[name] = value.into();
                if name == "minAvgCallTime" && sound {
                    params["maxAvgCallTime"] = 200.into();
                }
                if name == "maxAvgCallTime" && sound {
                    params["minAvgCallTime"] = 50.into();
                }
                let pointer = format!("/skillParam/predictParam/{part}");
                let answer = call(
                    &server,
                    "PUT",
                    &path,
                    &with(body.clone(), &pointer, &params),
                )
                .await;
                let wanted = if sound { "0200000" } else { "02000007" };
                assert_eq!(code(&answer), wanted, "{part} {name} {value}: {answer}");
            }
        }
    }
    let upside_down = json!({"predictMethod": 1, "expPredictParam": {"maxAvgCallTime": 50, "minAvgCallTime": 51}});
    let body = with(documented(), "/skillParam/predictParam", &upside_down);
    assert_eq!(code(&call(&server, "PUT", &path, &body).await), "02000009");
    // Defaults are filled in and shown.
    let shown = call(&server, "GET", &path, &Value::Null).await;
    let predict = &shown["returnObject"]["skillParam"]["predictParam"];
    assert_eq!(predict["offhookPredictParam"]["offHookRate"], 200);
    server.stop().await;
}

#[tokio::test]
async fn previewed_and_ivr_campaigns_have_their_own_ranges() {
    let server = Server::start().await;
    for (name, body, changes) in [
        (
            "preview",
            preview(),
            vec![
                ("/maxAlertingTime", json!(8), "02000007"),
                ("/maxAlertingTime", json!(19), "02000007"),
                ("/maxAlertingTime", json!(120), "0200000"),
                (
                    "/skillParam/previewParam/failInterval",
                    json!(2),
                    "02000007",
                ),
                (
                    "/skillParam/previewParam/failInterval",
                    json!(60),
                    "0200000",
                ),
                (
                    "/skillParam/previewParam/failInterval",
                    json!(61),
                    "02000007",
                ),
                ("/skillParam/previewParam/obCallCount", json!(0), "02000007"),
                (
                    "/skillParam/previewParam/obCallCount",
                    json!(100),
                    "0200000",
                ),
                (
                    "/skillParam/previewParam/obCallCount",
                    json!(101),
                    "02000007",
                ),
                (
                    "/skillParam/previewParam/autoCallTime",
                    json!(4),
                    "02000007",
                ),
                ("/skillParam/previewParam/autoCallTime", json!(5), "0200000"),
                (
                    "/skillParam/previewParam/autoCallTime",
                    json!(18),
                    "02000007",
                ),
                ("/skillParam/previewParam", Value::Null, "02000009"),
            ],
        ),
        (
            "ivr",
            ivr(),
            vec![
                ("/ivrParam", Value::Null, "02000009"),
                ("/ivrParam/deviceSign", Value::Null, "02000001"),
                ("/ivrParam/deviceSign", json!("nobody"), "02000007"),
                ("/ivrParam/deviceSign", json!("31"), "0200000"),
                ("/ivrParam/callCount", json!(0), "02000007"),
                ("/ivrParam/callCount", json!(1), "0200000"),
                ("/ivrParam/callCount", json!(100), "0200000"),
                ("/ivrParam/callCount", json!(101), "02000007"),
                ("/ivrParam/callInterval", json!(0), "02000007"),
                ("/ivrParam/callInterval", json!(1), "0200000"),
                ("/ivrParam/callInterval", json!(9999), "0200000"),
                ("/ivrParam/callInterval", json!(10_000), "02000007"),
                ("/skillParam", json!("not looked at"), "0200000"),
                ("/deviceType", json!(1), "02000009"),
            ],
        ),
    ] {
        let body = with(body, "/name", &name.into());
        let path = format!("/{}", created(&server, &body).await);
        for (pointer, value, wanted) in changes {
            let answer = call(&server, "PUT", &path, &with(body.clone(), pointer, &value)).await;
            assert_eq!(code(&answer), wanted, "{name} {pointer} {value}: {answer}");
        }
        let answer = call(&server, "PUT", &path, &body).await;
        assert_eq!(code(&answer), "0200000");
        let shown = call(&server, "GET", &path, &Value::Null).await;
        for part in ["ivrParam", "skillParam"] {
            let given = &body[part];
            let inner = if part == "skillParam" {
                "/previewParam"
            } else {
                ""
            };
            if !given.is_null() {
                let shown = shown["returnObject"][part].pointer(inner);
                assert_eq!(shown, given.pointer(inner), "{name}");
            }
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn names_are_unique_and_each_kind_has_its_limit() {
    let server = Server::start().await;
    let first = created(&server, &documented()).await;
    let again = call(&server, "POST", "", &documented()).await;
    assert_eq!(code(&again), "0200005");
    for number in 1..20 {
        let name = format!("campaign {number}").into();
        created(&server, &with(documented(), "/name", &name)).await;
    }
    let one_more = call(
        &server,
        "POST",
        "",
        &with(documented(), "/name", &"21".into()),
    )
    .await;
    assert_eq!(code(&one_more), "0200003");
    // The other kind is counted by itself; a suspended one may be made.
    let suspended = with(
        with(ivr(), "/name", &"ivr".into()),
        "/initStatus",
        &3.into(),
    );
    let ivr = created(&server, &suspended).await;
    assert_eq!(status(&server, ivr).await, 3);
    let path = format!("/{first}");
    let renamed = with(documented(), "/name", &"campaign 3".into());
    let taken = call(&server, "PUT", &path, &renamed).await;
    assert_eq!(code(&taken), "0200005");
    let list = async |query: &str| call(&server, "GET", query, &Value::Null).await;
    let all = list("?status=0&deviceType=0").await;
    assert_eq!(
        (&all["totalSize"], &all["curPage"], &all["rowsPerPage"]),
        (&json!(21), &json!(1), &json!(10))
    );
    assert_eq!(
        (&all["curSkillQueueCount"], &all["curIvrCount"]),
        (&json!(20), &json!(1))
    );
    assert_eq!(all["data"].as_array().unwrap().len(), 10);
    assert_eq!(all["data"][0]["id"], ivr);
    for (query, count) in [
        ("?deviceType=3", 1),
        ("?deviceType=5", 0),
        ("?status=3", 1),
        ("?status=4", 0),
        ("?name=campaign%201", 11),
        (
            "?beginTime=2096-09-10%2000:00:00&endTime=2096-10-07%2023:59:59",
            21,
        ),
        ("?beginTime=2096-09-10%2000:00:01", 0),
        ("?endTime=2096-10-07%2023:59:58", 0),
    ] {
        assert_eq!(list(query).await["totalSize"], count, "{query}");
    }
    let last = list("?curPage=3&rowsPerPage=10").await;
    assert_eq!(last["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        list("?curPage=99999999999&rowsPerPage=100").await["data"],
        json!([])
    );
    assert_eq!(list("?curPage=-1").await["curPage"], 1);
    for (query, wanted) in [
        ("?status=1", "02000007"),
        ("?deviceType=4", "02000007"),
        ("?rowsPerPage=101", "02000007"),
        ("?curPage=x", "02000006"),
        ("?beginTime=now", "02000008"),
    ] {
        assert_eq!(code(&list(query).await), wanted, "{query}");
    }
    server.stop().await;
}

#[tokio::test]
async fn special_dates_have_their_own_segments() {
    let server = Server::start().await;
    let id = created(&server, &documented()).await;
    let path = format!("/holiday/{id}");
    let weekend = json!({"name": "weekend", "type": 1, "week": "6,7"});
    let send =
        async |method: &str, path: &str, body: &Value| call(&server, method, path, body).await;
    let first = send("POST", &path, &weekend).await;
    assert_eq!(
        (code(&first), &first["returnObject"]["id"]),
        ("0200000", &json!(1))
    );
    assert_eq!(code(&send("POST", &path, &weekend).await), "0200013");
    let may = json!({"name": "may", "type": 2, "beginTime": "2096-05-01", "endTime": "2096-05-03"});
    assert_eq!(code(&send("POST", &path, &may).await), "0200000");
    let changed =
        json!({"id": 2, "name": "may", "type": 3, "beginTime": "12-30", "endTime": "01-02"});
    assert_eq!(code(&send("PUT", &path, &changed).await), "0200000");
    let unknown = json!({"id": 9, "name": "x", "type": 1, "week": "1"});
    assert_eq!(code(&send("PUT", &path, &unknown).await), "0200014");
    let listed = send("GET", &path, &Value::Null).await;
    assert_eq!(
        listed["data"],
        json!([
            {"id": 1, "name": "weekend", "type": 1, "week": "6,7", "beginTime": null, "endTime": null},
            {"id": 2, "name": "may", "type": 3, "week": null, "beginTime": "12-30", "endTime": "01-02"},
        ])
    );
    // An edit keeps them, and the segments stay as they were.
    assert_eq!(
        code(&send("PUT", &format!("/{id}"), &documented()).await),
        "0200000"
    );
    let shown = send("GET", &format!("/{id}"), &Value::Null).await;
    assert_eq!(
        shown["returnObject"]["scheduleParam"],
        documented()["scheduleParam"]
    );
    assert_eq!(
        send("GET", &path, &Value::Null).await["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        code(&send("DELETE", &format!("{path}/1"), &Value::Null).await),
        "0200000"
    );
    assert_eq!(
        code(&send("DELETE", &format!("{path}/1"), &Value::Null).await),
        "0200014"
    );
    for number in 0..19 {
        let one = json!({"name": format!("day {number}"), "type": 1, "week": "1"});
        assert_eq!(code(&send("POST", &path, &one).await), "0200000");
    }
    assert_eq!(code(&send("POST", &path, &weekend).await), "0200015");
    assert_eq!(code(&send("DELETE", &path, &Value::Null).await), "0200000");
    assert_eq!(send("GET", &path, &Value::Null).await["data"], json!([]));
    assert_eq!(
        code(&send("GET", "/holiday/999", &Value::Null).await),
        "0200007"
    );
    server.stop().await;
}
