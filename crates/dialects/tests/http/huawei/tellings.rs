//! Call data is deleted, results have codes of the tenant's, business results are written back, and the
//! day is counted. Every callee is busy.

use std::time::Duration;

use serde_json::{Value, json};

use super::{BASE, call, code, signed, told};
use crate::common::Server;

fn campaign() -> Value {
    json!({
        "name": "tellings", "deviceType": 3, "callerNo": "10085", "maxAlertingTime": 20,
        "scheduleParam": {"workdayBeginTime1": "00:00", "workdayEndTime1": "23:59"},
        "ivrParam": {"deviceSign": "oifde-flowcode", "callCount": 100, "callInterval": 1},
        "callBackUrl": "http://127.0.0.1:9/results", "initStatus": 3,
    })
}

async fn with_records(server: &Server, records: Value) -> (i64, Vec<String>) {
    let id = super::campaigns::created(server, &campaign()).await;
    let body = json!({"callDataList": records});
    let added = call(server, "POST", &format!("/calldata/{id}"), &body).await;
    assert_eq!(code(&added), "0200000", "{added}");
    let list = added["returnObject"]["dataIdList"].as_array().unwrap();
    let ids = list
        .iter()
        .map(|record| record["dataId"].as_str().unwrap().to_owned());
    (id, ids.collect())
}

/// Whether a record is there.
async fn is_there(server: &Server, id: i64, data_id: &str) -> bool {
    let path = format!("/calldata/{id}/{data_id}");
    code(&call(server, "GET", &path, &Value::Null).await) == "0200000"
}

#[tokio::test]
async fn call_data_is_deleted_by_everything_that_is_given() {
    let server = Server::start().await;
    let records = json!([
        {"called": "13800138001", "sessionId": "s-1", "customField": "spring", "recycleTime": "2026-01-15 08:00:00"},
        {"called": "13800138002", "sessionId": "s-2", "customField": "spring", "recycleTime": "2026-01-15 09:00:00"},
        {"called": "13800138003", "sessionId": "s-3", "customField": "summer", "recycleTime": "2026-01-16 08:00:00"},
        {"called": "13800138004", "customField": "winter"},
    ]);
    let (id, ids) = with_records(&server, records).await;
    let path = format!("/calldata/{id}/delete");
    let delete = async |body: Value| call(&server, "POST", &path, &body).await;
    for (body, wanted) in [
        (Value::Null, "02000001"),
        (json!({}), "02000001"),
        (json!({"called": ""}), "02000001"),
        (json!({"archiveHistory": 0}), "02000001"),
        (json!({"archiveHistory": 2, "called": "1"}), "02000007"),
        (json!({"sessionId": "x".repeat(33)}), "02000003"),
        (json!({"called": "1".repeat(25)}), "02000003"),
        (json!({"called": "+86"}), "02000002"),
        (json!({"customField": "x".repeat(201)}), "02000003"),
        (json!({"recycleTime": "today"}), "0200030"),
        (json!({"recycleType": "1"}), "02000009"),
        (
            json!({"recycleTime": "2026-01-15 08:00:00", "recycleType": "4"}),
            "02000007",
        ),
        // Nobody is both.
        (
            json!({"sessionId": "s-1", "called": "13800138002"}),
            "0200000",
        ),
        (json!({"called": "13800138999"}), "0200000"),
        (
            json!({"recycleTime": "2026-01-14 23:59:59", "recycleType": 1}),
            "0200000",
        ),
        (
            json!({"recycleTime": "2026-01-15 08:30:00", "recycleType": "3"}),
            "0200000",
        ),
    ] {
        let answer = delete(body.clone()).await;
        assert_eq!(code(&answer), wanted, "{body}: {answer}");
    }
    for data_id in &ids {
        assert!(is_there(&server, id, data_id).await);
    }
    let there = async || {
        let mut there = Vec::new();
        for data_id in &ids {
            there.push(is_there(&server, id, data_id).await);
        }
        there
    };
    delete(json!({"recycleTime": "2026-01-15 23:00:00", "recycleType": "2", "sessionId": "s-2"}))
        .await;
    assert_eq!(there().await, [true, false, true, true]);
    delete(json!({"recycleTime": "2026-01-15 00:00:00", "recycleType": "1"})).await;
    assert_eq!(there().await, [false, false, true, true]);
    delete(json!({"customField": "summer"})).await;
    assert_eq!(there().await, [false, false, false, true]);
    let unknown = call(
        &server,
        "POST",
        "/calldata/999/delete",
        &json!({"called": "1"}),
    )
    .await;
    assert_eq!(code(&unknown), "0200007");
    // Only who is left is called, and the campaign comes to its end.
    let resumed = call(&server, "PUT", &format!("/{id}/resume"), &Value::Null).await;
    assert_eq!(code(&resumed), "0200000", "{resumed}");
    let results = results(&server, id, 1).await;
    assert_eq!(results["data"][0]["called"], "13800138004");
    let (service, caller) = server.inside();
    let own = outdial_domain::CampaignId::new(u32::try_from(id).unwrap()).unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(120);
    while service
        .campaign(&caller, own)
        .await
        .unwrap()
        .state
        .end_reason()
        .is_none()
    {
        assert!(tokio::time::Instant::now() < deadline, "it does not end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.stop().await;
}

/// Its results, as soon as there are so many.
async fn results(server: &Server, id: i64, count: u64) -> Value {
    let path = format!("/callresult/{id}");
    let deadline = tokio::time::Instant::now() + Duration::from_secs(120);
    loop {
        let answer = call(server, "POST", &path, &json!({})).await;
        if answer["totalCount"] == count {
            return answer;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "no results: {answer}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_result_shows_the_tenants_own_code_and_business() {
    let server = Server::start().await;
    let records = json!([{"called": "13800138001"}]);
    let (id, ids) = with_records(&server, records).await;
    for (body, wanted) in [
        (json!({"obsCodes": ["00537"]}), "02000001"),
        (json!({"displayResult": "Busy"}), "02000001"),
        (json!({"displayResult": "Busy", "obsCodes": []}), "02000001"),
        (
            json!({"displayResult": "Busy", "obsCodes": ["busy"]}),
            "02000007",
        ),
        (
            json!({"displayResult": "Busy", "obsCodes": vec!["00537"; 101]}),
            "02000011",
        ),
        (
            json!({"displayResult": "x".repeat(201), "obsCodes": ["00537"]}),
            "02000003",
        ),
        (
            json!({"resultCode": "12345678", "displayResult": "Busy", "obsCodes": ["00537"]}),
            "02000003",
        ),
    ] {
        let answer = call(&server, "POST", "/createObResult", &body).await;
        assert_eq!(code(&answer), wanted, "{body}: {answer}");
    }
    let busy =
        json!({"resultCode": "BUSY", "displayResult": "Busy", "obsCodes": ["00537", "00145"]});
    let made = call(&server, "POST", "/createObResult", &busy).await;
    assert_eq!(code(&made), "0200000", "{made}");
    let again = call(&server, "POST", "/createObResult", &busy).await;
    assert_eq!(code(&again), "02000007", "its code is taken");
    let other = json!({"displayResult": "No answer", "obsCodes": ["00603"]});
    let other = call(&server, "POST", "/createObResult", &other).await;
    let listed = call(
        &server,
        "GET",
        "/queryOBSResults?pageSize=1&pageNum=1",
        &Value::Null,
    )
    .await;
    assert_eq!(
        (&listed["totalCount"], &listed["data"]),
        (
            &json!(2),
            &json!([{"defId": made["defId"], "displayResult": "Busy", "resultCode": "BUSY"}])
        )
    );
    let past = call(
        &server,
        "GET",
        "/queryOBSResults?pageSize=51&pageNum=1",
        &Value::Null,
    )
    .await;
    assert_eq!(code(&past), "02000007");
    let gone = format!("/{}/deleteObsResult", other["defId"].as_str().unwrap());
    assert_eq!(
        code(&call(&server, "DELETE", &gone, &Value::Null).await),
        "0200000"
    );
    assert_eq!(
        code(&call(&server, "DELETE", &gone, &Value::Null).await),
        "0200001"
    );
    call(&server, "PUT", &format!("/{id}/resume"), &Value::Null).await;
    let found = results(&server, id, 1).await;
    assert_eq!(
        (
            &found["data"][0]["failCode"],
            &found["data"][0]["resultCode"]
        ),
        (&json!("00537"), &json!("BUSY"))
    );
    // What business came of it.
    let path = format!("/callBusiResult/{}", ids[0]);
    for (body, wanted) in [
        (json!({}), "02000001"),
        (json!({"busiResult": "x".repeat(51)}), "02000003"),
        (
            json!({"busiResult": "sold", "subStatus": "x".repeat(51)}),
            "02000003",
        ),
        (
            json!({"busiResult": "sold", "subStatus": "two", "busiResultDesc": "both"}),
            "0200000",
        ),
        (json!({"busiResult": "lost"}), "0200000"),
    ] {
        let answer = call(&server, "POST", &path, &body).await;
        assert_eq!(code(&answer), wanted, "{body}: {answer}");
    }
    let unknown = call(
        &server,
        "POST",
        "/callBusiResult/999",
        &json!({"busiResult": "sold"}),
    )
    .await;
    assert_eq!(code(&unknown), "02000007");
    let shown = call(
        &server,
        "GET",
        &format!("/calldata/{id}/{}", ids[0]),
        &Value::Null,
    )
    .await;
    assert_eq!(
        shown["data"]["properties"],
        json!([{"propCode": "busiResult", "propName": "busiResult", "propValue": "lost"}])
    );
    server.stop().await;
}

#[tokio::test]
async fn the_day_is_counted_by_campaign_and_batch_once_in_five_minutes() {
    let server = Server::start().await;
    let records = json!([
        {"called": "13800138001", "customField": "spring"},
        {"called": "13800138002", "customField": "summer"},
        {"called": "13800138003"},
    ]);
    let (id, _) = with_records(&server, records).await;
    call(&server, "PUT", &format!("/{id}/resume"), &Value::Null).await;
    results(&server, id, 3).await;
    let base = BASE.replace("/v1/", "/v2/");
    let ask = async |query: &str| {
        let target = format!("{base}/statistics{query}");
        let answer = server.send(signed("GET", &target, "")).await;
        let (status, code) = told(&answer);
        (status, code.to_owned(), answer.json)
    };
    let own = format!("?campaignId={id}");
    let (_, _, counted) = ask(&own).await;
    let detail = &counted["countDetail"][0];
    let counts =
        |detail: &Value, names: [&str; 5]| names.map(|name| detail[name].as_u64().unwrap());
    let names = [
        "unCallCount",
        "totalCount",
        "totalCalledCount",
        "totalCallSucc",
        "totalFinishCount",
    ];
    assert_eq!(counts(detail, names), [0, 3, 3, 0, 3], "{counted}");
    assert_eq!(detail["campaignId"], id.to_string());
    // The test's day is long over.
    let names = [
        "dailyCount",
        "dailyCalledCount",
        "dailyCallSucc",
        "dailyFinishCount",
        "calledCount",
    ];
    let today = counts(detail, names);
    assert_eq!(
        today,
        [3, 3, 0, 3, 3],
        "calls after the test's midnight are today's: {counted}"
    );
    let batches = detail["batchDetail"].as_array().unwrap();
    let named: Vec<_> = batches
        .iter()
        .map(|batch| (&batch["batchId"], &batch["totalCount"]))
        .collect();
    assert_eq!(
        named,
        [(&json!("spring"), &json!(1)), (&json!("summer"), &json!(1))]
    );
    let (_, _, one) = ask(&format!("{own}&batchId=summer")).await;
    assert_eq!(
        one["countDetail"][0]["batchDetail"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(ask("?batchId=summer").await.1, "02000009");
    assert_eq!(ask("?campaignId=999").await.1, "0200007");
    assert_eq!(ask(&own).await.0, 429);
    server.pass(299_999);
    assert_eq!(ask(&own).await.0, 429);
    server.pass(1);
    assert_eq!(ask(&own).await.0, 200);
    assert_eq!(ask("").await.2["countDetail"].as_array().unwrap().len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn numbers_are_added_to_a_batch_that_is_started() {
    let server = Server::start().await;
    let (id, _) = with_records(&server, json!([{"called": "13800138001"}])).await;
    let create =
        async |body: Value| call(&server, "POST", &format!("/callbatch/{id}/create"), &body).await;
    for (body, wanted) in [
        (json!({}), "02000001"),
        (json!({"name": "a/b"}), "02000002"),
        (json!({"name": "名".repeat(256)}), "02000003"),
        (json!({"name": "a", "status": 3}), "02000007"),
    ] {
        assert_eq!(code(&create(body.clone()).await), wanted, "{body}");
    }
    let first = create(json!({"name": "first", "status": 1})).await;
    assert_eq!(code(&first), "0200000", "{first}");
    let first = first["returnObject"]["id"].as_str().unwrap().to_owned();
    assert_eq!(first.len(), 30);
    assert_eq!(code(&create(json!({"name": "first"})).await), "02000007");
    let second = create(json!({"name": "second"})).await;
    let second = second["returnObject"]["id"].as_str().unwrap().to_owned();
    let add = async |batch: &str, called: &str| {
        server.pass(1_000);
        let body = json!({"batchId": batch, "callDataList": [{"called": called}]});
        let answer = call(&server, "POST", &format!("/calldata/{id}"), &body).await;
        code(&answer).to_owned()
    };
    assert_eq!(add(&first, "13800138002").await, "0200000");
    assert_eq!(
        add(&second, "13800138003").await,
        "0200001",
        "it is suspended"
    );
    assert_eq!(add("1", "13800138003").await, "03000004");
    let pause = async |batch: &str| {
        let body = json!({"id": batch});
        let answer = call(&server, "POST", &format!("/callbatch/{id}/pause"), &body).await;
        code(&answer).to_owned()
    };
    assert_eq!(
        pause(&first).await,
        "03000002",
        "it has a number that waits"
    );
    assert_eq!(pause(&second).await, "03000006");
    assert_eq!(pause("1").await, "03000004");
    let body = json!({"called": "13800138002"});
    call(&server, "POST", &format!("/calldata/{id}/delete"), &body).await;
    assert_eq!(pause(&first).await, "0200000");
    let list =
        async |body: Value| call(&server, "GET", &format!("/callbatch/{id}/list"), &body).await;
    let listed = list(json!({"offset": 1, "limit": 1})).await;
    assert_eq!(
        (&listed["totalCount"], &listed["data"]),
        (
            &json!(2),
            &json!([{"id": second, "name": "second", "status": 2}])
        )
    );
    let named = list(json!({"offset": 0, "limit": 10, "name": "irs"})).await;
    assert_eq!(named["data"][0]["id"], first);
    assert_eq!(
        list(json!({"offset": 0, "limit": 10, "status": 1})).await["totalCount"],
        0
    );
    assert_eq!(code(&list(json!({"offset": 0})).await), "02000001");
    server.stop().await;
}
