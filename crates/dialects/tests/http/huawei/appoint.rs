//! Reserved calls and the block list, through Huawei's API.

use serde_json::{Value, json};

use super::{call, code};
use crate::common::Server;

async fn campaign(server: &Server) -> i64 {
    let body = json!({
        "name": "reserved", "deviceType": 6, "callerNo": "10085", "maxAlertingTime": 20,
        "scheduleParam": {"workdayBeginTime1": "08:00", "workdayEndTime1": "20:00"},
        "skillParam": {"skillId": 5, "outBoundType": 6},
        "callBackUrl": "https://127.0.0.1/results", "initStatus": 3,
    });
    let answer = call(server, "POST", "", &body).await;
    assert_eq!(code(&answer), "0200000", "{answer}");
    answer["returnObject"]["id"].as_i64().unwrap()
}

/// A time that has come neither by the test's clock nor by the service's.
const LATER: i64 = 4_000_000_000_000;

fn manual(task: i64) -> Value {
    json!({
        "callType": "1", "calledNo": "13800138000", "workNo": "125", "taskId": task.to_string(),
        "appointTime": LATER, "remark": "回访",
    })
}

#[tokio::test]
async fn the_documented_edit_of_a_reserved_call_is_taken() {
    let server = Server::start().await;
    let task = campaign(&server).await;
    let made = call(&server, "POST", "/appoint/create", &manual(task)).await;
    assert_eq!(
        (code(&made), &made["resultDesc"]),
        ("0200000", &json!("success"))
    );
    let id = made["returnObject"]["appointId"].as_str().unwrap();
    assert_eq!((id.len(), &made["returnObject"]["id"]), (30, &json!(id)));
    let request =
        include_str!("../../../../../fixtures/huawei/UpdateAppointment/documented/request.http");
    let (_, body) = request.split_once("\n\n").unwrap();
    let mut body: Value = serde_json::from_str(body).unwrap();
    body["appointId"] = id.into();
    body["appointTime"] = (LATER + 60_000).into();
    let answer = call(&server, "POST", "/appoint/update", &body).await;
    let wanted: Value = serde_json::from_str(include_str!(
        "../../../../../fixtures/huawei/UpdateAppointment/documented/response.json"
    ))
    .unwrap();
    assert_eq!(answer, wanted);
    let list = async |body: Value| call(&server, "POST", "/appoint/list", &body).await;
    let listed = list(json!({"offset": 0, "limit": 10})).await;
    assert_eq!(listed["totalCount"], 1, "{listed}");
    let row = &listed["data"][0];
    for (name, value) in [
        ("appointId", json!(id)),
        ("callType", json!("1")),
        ("calledNo", json!("13800138000")),
        ("appointTime", json!(LATER + 60_000)),
        ("remark", json!("Remarks updated 0516")),
        ("workNo", json!("125")),
        ("taskId", json!(task.to_string())),
        ("taskName", json!("reserved")),
        ("timeout", json!(false)),
    ] {
        assert_eq!(row[name], value, "{name}");
    }
    for (body, count) in [
        (
            json!({"userAccountList": ["125"], "offset": 0, "limit": 1}),
            1,
        ),
        (
            json!({"userAccountList": ["126"], "offset": 0, "limit": 1}),
            0,
        ),
        (
            json!({"calledNo": "13800138001", "offset": 0, "limit": 1}),
            0,
        ),
        (
            json!({"beginTime": LATER + 60_001, "offset": 0, "limit": 1}),
            0,
        ),
        (
            json!({"endTime": LATER + 60_000, "offset": 0, "limit": 1}),
            1,
        ),
        (json!({"taskId": task, "offset": 0, "limit": 1}), 1),
    ] {
        assert_eq!(list(body.clone()).await["totalCount"], count, "{body}");
    }
    assert_eq!(code(&list(json!({"limit": 1})).await), "02000001");
    assert_eq!(
        code(&list(json!({"offset": 0, "limit": 0})).await),
        "02000007"
    );
    // Fields that are left out stay as they are; an empty remark takes it away.
    let bare = json!({"appointId": id, "remark": ""});
    assert_eq!(
        code(&call(&server, "POST", "/appoint/update", &bare).await),
        "0200000"
    );
    let row = &list(json!({"offset": 0, "limit": 10})).await["data"][0];
    assert_eq!(
        (&row["remark"], &row["appointTime"]),
        (&json!(""), &json!(LATER + 60_000))
    );
    for (change, wanted) in [
        (
            json!({"appointTime": 1_749_204_000_000_i64 - 200_000_000_000}),
            "0200001",
        ),
        (json!({"appointTime": "soon"}), "02000006"),
        (json!({"workNo": "126"}), "0200001"),
        (json!({"workNo": "1".repeat(33)}), "02000003"),
        (json!({"remark": "x".repeat(2_001)}), "02000003"),
        (json!({"remark": "x".repeat(2_000)}), "0200000"),
        (json!({"appointId": null}), "02000001"),
        (
            json!({"appointId": "174729926098016859445364892091"}),
            "04000004",
        ),
        (json!({"appointId": "x"}), "04000004"),
        (json!({"userAccount": "125"}), "0200000"),
    ] {
        let mut body = json!({"appointId": id});
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let answer = call(&server, "POST", "/appoint/update", &body).await;
        assert_eq!(code(&answer), wanted, "{change}: {answer}");
    }
    let result = json!({"appointId": id, "failCode": "00000", "busiResult": "sold"});
    let answer = call(&server, "POST", "/appoint/updateResult", &result).await;
    assert_eq!(code(&answer), "0200000", "{answer}");
    let row = &list(json!({"offset": 0, "limit": 10})).await["data"][0];
    assert_eq!(
        (&row["busiResult"], &row["failCode"]),
        (&json!("sold"), &json!("00000"))
    );
    // It is over.
    assert_eq!(
        code(&call(&server, "POST", "/appoint/update", &bare).await),
        "0200001"
    );
    let named = json!({"appointId": id});
    assert_eq!(
        code(&call(&server, "POST", "/appoint/delete", &named).await),
        "0200000"
    );
    assert_eq!(
        code(&call(&server, "POST", "/appoint/delete", &named).await),
        "04000004"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_reservation_is_made_whole_or_not_at_all() {
    let server = Server::start().await;
    let task = campaign(&server).await;
    for (name, value, wanted) in [
        ("callType", json!(3), "02000007"),
        ("callType", Value::Null, "02000001"),
        ("calledNo", Value::Null, "02000001"),
        ("calledNo", json!("nobody"), "04000002"),
        ("workNo", Value::Null, "02000001"),
        ("workNo", json!("126"), "0200001"),
        ("taskId", Value::Null, "02000001"),
        ("taskId", json!("999"), "0200007"),
        ("appointTime", json!(1_600_000_000_000_i64), "04000001"),
        ("callData", json!("x".repeat(1025)), "02000003"),
    ] {
        let mut body = manual(task);
        body[name] = value.clone();
        let answer = call(&server, "POST", "/appoint/create", &body).await;
        assert_eq!(code(&answer), wanted, "{name} {value}: {answer}");
    }
    // An automatic one needs no agent, is dialed ahead of its time, and cannot be modified.
    let mut body = manual(task);
    body["callType"] = 2.into();
    body["workNo"] = Value::Null;
    let made = call(&server, "POST", "/appoint/create", &body).await;
    assert_eq!(code(&made), "0200000", "{made}");
    let named = json!({"appointId": made["returnObject"]["id"], "remark": "x"});
    for operation in ["update", "updateResult"] {
        let answer = call(&server, "POST", &format!("/appoint/{operation}"), &named).await;
        assert_eq!(code(&answer), "0200001", "{operation}");
    }
    let listed = call(
        &server,
        "POST",
        "/appoint/list",
        &json!({"offset": 0, "limit": 1}),
    )
    .await;
    assert_eq!(listed["data"][0]["appointTime"], LATER, "{listed}");
    server.stop().await;
}

#[tokio::test]
async fn blocked_numbers_are_not_taken_into_a_campaign() {
    let server = Server::start().await;
    let task = campaign(&server).await;
    let add = async |body: Value| call(&server, "POST", "/blocklist/add", &body).await;
    let many: Vec<String> = (0..21).map(|n| format!("139001390{n:02}")).collect();
    for (body, wanted) in [
        (json!({}), "02000001"),
        (json!({"blocklist": []}), "02000001"),
        (json!({"blocklist": many}), "0200029"),
        (json!({"blocklist": ["1", "1"]}), "0200018"),
        (json!({"blocklist": ["a"]}), "02000002"),
        (json!({"blocklist": ["1".repeat(25)]}), "02000003"),
        (json!({"blocklist": ["1"], "validityTime": 0}), "02000007"),
        (json!({"blocklist": ["1"], "validityTime": 121}), "02000007"),
        (
            json!({"blocklist": ["1"], "validityExpirationTime": "2020-01-01 00:00:00"}),
            "02000007",
        ),
        (json!({"blocklist": ["1"], "restrictTimes": 1}), "02000009"),
        (
            json!({"blocklist": ["1"], "restrictTimes": 101, "restrictPeriod": "0"}),
            "02000007",
        ),
        (
            json!({"blocklist": ["1"], "restrictTimes": 1, "restrictPeriod": "2"}),
            "02000007",
        ),
        (
            json!({"blocklist": ["1"], "restrictTimes": 1, "restrictPeriod": "0"}),
            "0200001",
        ),
        (json!({"blocklist": &many[..20]}), "0200000"),
        (json!({"blocklist": ["13900139000"]}), "0200007"),
    ] {
        let answer = add(body.clone()).await;
        assert_eq!(code(&answer), wanted, "{body}: {answer}");
    }
    let path = format!("/calldata/{task}");
    let records = json!({"callDataList": [{"called": "13900139000"}, {"called": "13900139099"}]});
    assert_eq!(
        code(&call(&server, "POST", &path, &records).await),
        "0200024"
    );
    let one = json!({"blocklistNo": "13900139000"});
    assert_eq!(
        code(&call(&server, "POST", "/blocklist/delete", &one).await),
        "0200000"
    );
    assert_eq!(
        code(&call(&server, "DELETE", "/blocklist/delete", &one).await),
        "0200001"
    );
    assert_eq!(
        code(&call(&server, "POST", &path, &records).await),
        "0200000"
    );
    assert_eq!(
        code(&call(&server, "DELETE", "/blocklist", &Value::Null).await),
        "0200000"
    );
    assert_eq!(
        code(&add(json!({"blocklist": &many[..20]})).await),
        "0200000"
    );
    server.stop().await;
}
