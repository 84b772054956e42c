//! Call data, results and numbers to show, through Huawei's API. Every callee of the test's line is busy.

use std::time::Duration;

use serde_json::{Value, json};

use super::{call, code};
use crate::common::Server;

/// An IVR campaign that may call at any time but in the last minute of a day.
fn campaign() -> Value {
    json!({
        "name": "records", "deviceType": 3, "callerNo": "10085", "maxAlertingTime": 20,
        "scheduleParam": {"workdayBeginTime1": "00:00", "workdayEndTime1": "23:59"},
        "ivrParam": {"deviceSign": "oifde-flowcode", "callCount": 100, "callInterval": 1},
        "callBackUrl": "https://127.0.0.1/results", "initStatus": 3,
    })
}

async fn created(server: &Server) -> i64 {
    let answer = call(server, "POST", "", &campaign()).await;
    assert_eq!(code(&answer), "0200000", "{answer}");
    answer["returnObject"]["id"].as_i64().unwrap()
}

fn records(numbers: &[&str]) -> Value {
    let one = |number: &&str| json!({"called": number});
    json!({"callDataList": numbers.iter().map(one).collect::<Vec<_>>()})
}

#[tokio::test]
async fn numbers_are_added_whole_or_not_at_all() {
    let server = Server::start().await;
    let id = created(&server).await;
    let path = format!("/calldata/{id}");
    let add = async |body: &Value| call(&server, "POST", &path, body).await;
    let twenty: Vec<String> = (0..21).map(|n| format!("138001380{n:02}")).collect();
    let twenty: Vec<&str> = twenty.iter().map(String::as_str).collect();
    let mut wrong = vec![
        (Value::Null, "02000001"),
        (json!({"callDataList": []}), "02000001"),
        (json!({"callDataList": {}}), "02000006"),
        (records(&twenty), "0200029"),
        (records(&["13800138000", "13800138000"]), "0200018"),
        (records(&["+8613800138000"]), "02000002"),
        (records(&["1234567890123456789012345"]), "02000003"),
        (json!({"callDataList": [{"sessionId": "a"}]}), "02000001"),
        (
            json!({"callDataList": [{"called": "1", "recycleTime": "tomorrow"}]}),
            "0200030",
        ),
    ];
    for (name, most) in [
        ("sessionId", 32),
        ("caller", 24),
        ("customField", 200),
        ("callData", 1024),
    ] {
        let mut record = json!({"called": "1"});
        record[name] = "1".repeat(most + 1).into();
        wrong.push((json!({"callDataList": [record]}), "02000003"));
    }
    for (body, wanted) in wrong {
        assert_eq!(code(&add(&body).await), wanted, "{body}");
    }
    let answer = add(&records(&twenty[..20])).await;
    assert_eq!(code(&answer), "0200000", "{answer}");
    assert_eq!(answer["resultDesc"], "create data succeeded");
    assert_eq!(answer["returnObject"]["totalSize"], 20);
    let list = answer["returnObject"]["dataIdList"].as_array().unwrap();
    assert_eq!(list.len(), 20);
    assert_eq!(list[3]["called"], twenty[3]);
    let data_id = list[3]["dataId"].as_str().unwrap();
    let shown = call(&server, "GET", &format!("{path}/{data_id}"), &Value::Null).await;
    assert_eq!(
        shown["data"],
        json!({"dataId": data_id, "properties": [], "calledNos": [{"calledNo": twenty[3], "type": ""}]})
    );
    // Less than a second after the last ones.
    server.pass(999);
    assert_eq!(code(&add(&records(&["13800138099"])).await), "0200022");
    server.pass(1);
    let answer = add(&records(&["13800138099"])).await;
    assert_eq!(answer["returnObject"]["totalSize"], 21, "{answer}");
    let unknown = call(&server, "GET", &format!("{path}/999999"), &Value::Null).await;
    assert_eq!(code(&unknown), "0200001");
    let unknown = call(&server, "POST", "/calldata/999", &records(&["1"])).await;
    assert_eq!(code(&unknown), "0200007");
    server.stop().await;
}

#[tokio::test]
async fn results_are_found_by_what_was_given_with_the_numbers() {
    let server = Server::start().await;
    let id = created(&server).await;
    let body = json!({"callDataList": [
        {"called": "13800138001", "sessionId": "s-1", "customField": "first"},
        {"called": "13800138002", "sessionId": "s-2"},
    ]});
    let added = call(&server, "POST", &format!("/calldata/{id}"), &body).await;
    assert_eq!(code(&added), "0200000", "{added}");
    let resumed = call(&server, "PUT", &format!("/{id}/resume"), &Value::Null).await;
    assert_eq!(code(&resumed), "0200000", "{resumed}");
    let path = format!("/callresult/{id}");
    let query = async |body: Value| call(&server, "POST", &path, &body).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while query(json!({})).await["totalCount"] != 2 {
        assert!(tokio::time::Instant::now() < deadline, "no results");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let found = query(json!({"sessionId": "s-1"})).await;
    assert_eq!(found["totalCount"], 1);
    let row = &found["data"][0];
    assert_eq!(
        (&row["called"], &row["sessionId"]),
        (&json!("13800138001"), &json!("s-1"))
    );
    assert_eq!(
        (&row["callStatus"], &row["failCode"]),
        (&json!(5), &json!("00537"))
    );
    assert_eq!(
        (&row["campaignId"], &row["vdnId"]),
        (&json!(id.to_string()), &json!(7))
    );
    let call_id = row["callId"].as_str().unwrap();
    let detail = call(
        &server,
        "GET",
        &format!("/callresultdetail/{call_id}"),
        &Value::Null,
    )
    .await;
    assert_eq!(
        (&detail["data"]["callStatus"], &detail["data"]["callId"]),
        (&json!("5"), &json!(call_id))
    );
    for unknown in ["x", "1-1", "1-999999"] {
        let answer = call(
            &server,
            "GET",
            &format!("/callresultdetail/{unknown}"),
            &Value::Null,
        )
        .await;
        assert_eq!(code(&answer), "02000007", "{unknown}");
    }
    for (body, count) in [
        (json!({"customField": "first"}), 1),
        (json!({"customField": "second"}), 0),
        (json!({"showDetail": 1}), 2),
        (
            json!({"beginTime": "2020-01-01", "endTime": "2020-01-31"}),
            0,
        ),
    ] {
        assert_eq!(query(body.clone()).await["totalCount"], count, "{body}");
    }
    let second = query(json!({"pageSize": 1, "pageNum": 2})).await;
    assert_eq!(
        (
            second["data"].as_array().unwrap().len(),
            &second["totalCount"]
        ),
        (1, &json!(2))
    );
    for (body, wanted) in [
        (json!({"pageSize": 501}), "02000007"),
        (json!({"pageSize": 101, "showDetail": 1}), "02000007"),
        (json!({"showDetail": 2}), "02000007"),
        (json!({"beginTime": "2020-01-01"}), "02000009"),
        (
            json!({"beginTime": "2020-01-01", "endTime": "2020-02-01"}),
            "02000009",
        ),
        (
            json!({"beginTime": "2020-01-02", "endTime": "2020-01-01"}),
            "02000009",
        ),
        (
            json!({"beginTime": "today", "endTime": "today"}),
            "02000008",
        ),
        (json!({"sessionId": "x".repeat(33)}), "02000003"),
    ] {
        assert_eq!(code(&query(body.clone()).await), wanted, "{body}");
    }
    let failures = format!("/failcategorystatistics?campaignId={id}");
    let failures = call(&server, "GET", &failures, &Value::Null).await;
    assert_eq!(failures["data"][0]["failData"], json!({"00537": 2}));
    let missing = call(&server, "GET", "/failcategorystatistics", &Value::Null).await;
    assert_eq!(code(&missing), "02000001");
    // The list is done: still started, and may be deleted.
    let shown = call(&server, "GET", &format!("/{id}"), &Value::Null).await;
    assert_eq!(shown["returnObject"]["status"], 2);
    let deleted = call(&server, "DELETE", &format!("/{id}"), &Value::Null).await;
    assert_eq!(code(&deleted), "0200000", "{deleted}");
    server.stop().await;
}

#[tokio::test]
async fn a_retry_policy_is_set_and_shown() {
    let server = Server::start().await;
    let id = created(&server).await;
    let path = format!("/retryPolicy/{id}");
    let set = async |policy: Value| {
        let body = json!({"policyType": 0, "policyJson": policy});
        call(&server, "POST", &path, &body).await
    };
    let shown = call(&server, "GET", &path, &Value::Null).await;
    assert_eq!(
        shown["data"]["policyJson"],
        r#"{"policy":"{\"retryDay\":1,\"retryTimes\":1}","type":0}"#
    );
    let plain = json!([{"type": 0, "policy": r#"{"retryDay":2,"retryTimes":3}"#}]).to_string();
    assert_eq!(code(&set(plain.clone().into()).await), "0200000");
    let shown = call(&server, "GET", &path, &Value::Null).await;
    assert_eq!(
        (&shown["data"]["policyType"], &shown["data"]["policyJson"]),
        (&json!(0), &json!(plain))
    );
    for (policy, wanted) in [
        (Value::Null, "02000001"),
        (json!("{"), "02000008"),
        (json!({"type": 2}), "02000007"),
        (json!({"type": 0}), "02000001"),
        (
            json!({"type": 0, "policy": {"retryDay": 0, "retryTimes": 1}}),
            "02000007",
        ),
        (
            json!({"type": 0, "policy": {"retryDay": 2, "retryTime": 50}}),
            "0200000",
        ),
        (
            json!({"type": 0, "policy": {"retryDay": 2, "retryTime": 51}}),
            "02000007",
        ),
        (
            json!({"type": 1, "policy": [{"result": 1, "callInterval": 60, "retryNumber": 99}]}),
            "0200000",
        ),
        (
            json!({"type": 1, "policy": [{"result": 1, "callInterval": 60, "retryNumber": 100}]}),
            "02000007",
        ),
        (
            json!({"type": 1, "policy": [{"result": 1, "retryNumber": 1}]}),
            "02000001",
        ),
    ] {
        let answer = set(policy.clone()).await;
        assert_eq!(code(&answer), wanted, "{policy}: {answer}");
    }
    for method in ["GET", "POST"] {
        let body =
            json!({"policyType": 0, "policyJson": {"policy": {"retryDay": 1, "retryTimes": 1}}});
        let answer = call(&server, method, "/retryPolicy/999", &body).await;
        assert_eq!(code(&answer), "0200-01", "{method}");
    }
    server.stop().await;
}

#[tokio::test]
async fn further_numbers_to_show_stay_when_the_campaign_is_edited() {
    let server = Server::start().await;
    let id = created(&server).await;
    let path = format!("/callerNo/{id}");
    let change = async |method: &str, numbers: &[&str]| {
        let answer = call(&server, method, &path, &json!({"callerNo": numbers})).await;
        code(&answer).to_owned()
    };
    assert_eq!(
        change("POST", &["075586013388", "4008013260"]).await,
        "0200000"
    );
    assert_eq!(change("POST", &["10085", "10085"]).await, "02000007");
    assert_eq!(change("POST", &["10086"]).await, "02000007");
    assert_eq!(change("POST", &[]).await, "02000001");
    assert_eq!(change("POST", &["10085"; 101]).await, "02000011");
    assert_eq!(change("DELETE", &["4008013260"]).await, "0200000");
    let edited = call(&server, "PUT", &format!("/{id}"), &campaign()).await;
    assert_eq!(code(&edited), "0200000", "{edited}");
    // Both are still there: without one of them the other remains, without both none would.
    assert_eq!(
        change("DELETE", &["10085", "075586013388"]).await,
        "0200001"
    );
    assert_eq!(change("DELETE", &["10085"]).await, "0200000");
    let shown = call(&server, "GET", &format!("/{id}"), &Value::Null).await;
    assert_eq!(shown["returnObject"]["callerNo"], "075586013388");
    let unknown = call(
        &server,
        "POST",
        "/callerNo/999",
        &json!({"callerNo": ["10085"]}),
    )
    .await;
    assert_eq!(code(&unknown), "0200007");
    server.stop().await;
}
