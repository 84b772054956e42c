use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use outdial_dialects::dezhu::Operation;
use serde_json::{Value, json};

use crate::common::{Answer, Server, request};

/// For the clock and the application of these tests.
const SIGN: &str = "n/BNPB2EeyZAvCIvhp5UWaiTWCAEyjcIVbLyol9C+XbbdO11sR9Q/WTED71POUuwBNCJHJcfBDplVaeXBSz9OKAY21D1fuGq7f8mdd5iZKlTmTc6XdI8EGnA0ARuMi1ApWqkLez3c372T+Qhw0nEcrltCJTldthTQbVcp8E+nxPILj7Bz4QNVPPF95eXNAacFvq7y5hN1++gap8PlZfaDHb58GVslnONC3pbMrVyCMElRbRsi7famTBqCUxxeO7JRDv1yNfhFMe3EhrqwaLhM1ygSvBt5ssTJd1oWWGZEtqSWOmyEd2vrC53oe3PN1uFmj7Swu7GgQZITL2QHRmvsg==";

fn signed(method: &str, path: &str, body: &str) -> Request<Body> {
    let headers = [
        ("appId", "0123456789abcdef0123456789abcdef"),
        ("timestamp", "1700000000000"),
        ("sign", SIGN),
        ("content-type", "application/json"),
    ];
    request(
        method,
        &format!("/speech/openapi/v1{path}"),
        &headers,
        body.to_owned(),
    )
}

pub(crate) fn told(answer: &Answer) -> (u16, &str) {
    assert_eq!(
        answer.headers["content-type"],
        "application/json;charset=UTF-8"
    );
    assert!(answer.json["message"].is_string(), "{}", answer.text);
    assert!(answer.json.get("data").is_some(), "{}", answer.text);
    (
        answer.status.as_u16(),
        answer.json["code"].as_str().unwrap(),
    )
}

#[tokio::test]
async fn groups_are_listed_with_their_ids_as_texts() {
    let server = Server::start().await;
    let answer = server
        .send(signed("GET", "/skillset/outbound/list", ""))
        .await;
    assert_eq!(told(&answer), (200, "10000"));
    assert_eq!(answer.json["message"], json!("请求成功"));
    let group = json!({"skillSetId": "1462016331580064", "skillSetName": "sales"});
    let other = json!({"skillSetId": "other-set", "skillSetName": "support"});
    assert_eq!(answer.json["data"], json!([group, other]));
    let answer = server
        .send(signed("GET", "/number/outbound/groups", ""))
        .await;
    assert_eq!(
        answer.json["data"][0]["outboundNumberGroupId"],
        json!("1070678044124225")
    );
    server.stop().await;
}

#[tokio::test]
async fn every_refusal_has_the_vendors_code() {
    let server = Server::start().await;
    for (method, path, body, want) in [
        ("POST", "/skillset/outbound/list", "", (404, "20001")),
        ("GET", "/none", "", (404, "20001")),
        ("GET", "/communicate/voice", "", (200, "29002")),
        (
            "GET",
            "/communicate/voice?communicateVoiceId=7",
            "",
            (200, "20001"),
        ),
        ("GET", "/skillset/outbound/list?a=1&a=2", "", (200, "29002")),
        ("GET", "/skillset/outbound/list", "[]", (200, "29002")),
    ] {
        assert_eq!(
            told(&server.send(signed(method, path, body)).await),
            want,
            "{method} {path}"
        );
    }
    let mut encrypted = signed("GET", "/skillset/outbound/list", "");
    encrypted
        .headers_mut()
        .insert("encrypted", "AES/REQBODY/RESP".parse().unwrap());
    assert_eq!(told(&server.send(encrypted).await), (200, "29002"));
    let mut unknown = signed("GET", "/skillset/outbound/list", "");
    unknown
        .headers_mut()
        .insert("appId", "other".parse().unwrap());
    assert_eq!(told(&server.send(unknown).await), (200, "10002"));
    let path = "/speech/openapi/v1/skillset/outbound/list";
    assert_eq!(
        told(&server.send(request("GET", path, &[], "")).await),
        (200, "10001")
    );
    let large = server
        .send(request("GET", path, &[], vec![b' '; (8 << 20) + 1]))
        .await;
    assert_eq!(told(&large), (200, "29002"));
    server.pass(300_001);
    let late = server
        .send(signed("GET", "/skillset/outbound/list", ""))
        .await;
    assert_eq!(told(&late), (200, "10001"));
    server.stop().await;
}

#[tokio::test]
async fn an_operators_path_and_a_fault_of_ours() {
    let mut server = Server::start().await;
    let dezhu = Arc::try_unwrap(server.dialects.dezhu).unwrap();
    let dezhu = dezhu
        .with_path("GET", "/sg/list", "list_skill_groups")
        .with(Operation {
            name: "edit_task",
            data_on_fault: Value::Bool(false),
            run: |_| Box::pin(async { panic!("a fault of the test's") }),
        });
    server.dialects.dezhu = Arc::new(dezhu);
    assert_eq!(
        told(&server.send(signed("GET", "/sg/list", "")).await),
        (200, "10000")
    );
    let answer = server
        .send(signed("POST", "/task/outbound/edit", "{}"))
        .await;
    assert_eq!(told(&answer), (200, "29008"));
    assert_eq!(answer.json["data"], json!(false));
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_vendors_is_passed_on() {
    let server = Server::start().await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for request in [
        request("GET", "/", &[], ""),
        request("POST", "/", &form, "a=b"),
        request("POST", "/", &form, vec![b'a'; 5 << 20]),
        request("POST", "/other", &form, "SecretId=1"),
    ] {
        let answer = server.send(request).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.text[..]),
            (404, "nobody's")
        );
    }
    server.stop().await;
}

/// The seed's example of a task that has not started, with its dates moved to the future.
pub(crate) fn example() -> Value {
    json!({
        "taskId": 121,
        "taskName": "自动外呼任务名称",
        "taskExecStartDate": "2096-09-27",
        "taskExecEndDate": "2096-09-27",
        "taskExecTimes": [
            {"taskExecTimeStartStr": "11:36:00", "taskExecTimeEndStr": "12:35:00"}
        ],
        "taskDesc": "自动外呼描述",
        "skillSetId": "1462016331580064",
        "outboundNumberGroupId": "1070678044124225",
        "strategyDisplaySwitch": 1,
        "sendNumberStrategy": 0,
        "abandonmentRate": 2,
        "multiplyPower": 2,
        "maxRingingDuration": 20,
        "acw": 10,
        "outboundPhoneGroups": [{
            "name": "外呼任务号码批次名称,如:本人、亲属、朋友",
            "identify": "default",
            "autoOutboundSwitch": 1,
            "autoOutboundInterval": 5,
            "autoOutboundTimes": 1
        }]
    })
}

pub(crate) fn with(mut body: Value, fields: Value) -> Value {
    let Value::Object(fields) = fields else {
        panic!("an object")
    };
    for (name, value) in fields {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(&name);
        } else {
            body[name] = value;
        }
    }
    body
}

pub(crate) fn customer(key: &str) -> Value {
    json!({
        "name": "王先生", "externalCustomerId": key, "externalData": "data",
        "phoneGroupVoList": [{
            "identify": "default",
            "phoneRelationVoList": [{"mobile": "130 1234-5678", "relation": "父亲"}],
        }],
    })
}

pub(crate) async fn post(server: &Server, path: &str, body: &Value) -> Answer {
    server.send(signed("POST", path, &body.to_string())).await
}

pub(crate) async fn get(server: &Server, path: &str) -> Answer {
    server.send(signed("GET", path, "")).await
}

/// Makes a task and answers its id.
pub(crate) async fn create(server: &Server, fields: Value) -> Value {
    let answer = post(server, "/task/outbound/create", &with(example(), fields)).await;
    assert_eq!(told(&answer), (200, "10000"), "{}", answer.text);
    assert!(answer.json["data"].is_u64());
    answer.json["data"].clone()
}

pub(crate) async fn edit(server: &Server, body: &Value) -> Answer {
    let answer = post(server, "/task/outbound/edit", body).await;
    let edited = answer.json["code"] == "10000";
    assert_eq!(answer.json["data"], json!(edited), "{}", answer.text);
    answer
}

pub(crate) async fn detail(server: &Server, id: &Value) -> Value {
    let answer = get(server, &format!("/task/outbound/detail?taskId={id}")).await;
    assert_eq!(told(&answer), (200, "10000"), "{}", answer.text);
    answer.json["data"].clone()
}

pub(crate) async fn command(server: &Server, path: &str, id: &Value) -> Answer {
    post(server, path, &json!({"taskId": id})).await
}

#[tokio::test]
async fn the_seeds_example_edits_a_task_that_has_not_started() {
    let server = Server::start().await;
    let first = json!({
        "taskName": "first", "multiplyPower": 1, "acw": null, "maxRingingDuration": null,
        "strategyDisplaySwitch": null, "taskDesc": null,
    });
    let id = create(&server, first).await;
    let made = detail(&server, &id).await;
    assert_eq!(made["taskStatus"], json!(1));
    assert_eq!(
        (&made["acw"], &made["maxRingingDuration"]),
        (&json!(10), &json!(45))
    );
    let wanted = with(example(), json!({"taskId": id}));
    let answer = edit(&server, &wanted).await;
    assert_eq!(
        answer.json,
        json!({"code": "10000", "message": "请求成功", "data": true})
    );
    let shown = detail(&server, &id).await;
    for (name, value) in wanted.as_object().unwrap() {
        match name.as_str() {
            "abandonmentRate" => assert_eq!(shown[name], Value::Null),
            "strategyDisplaySwitch" => assert_eq!(shown[name], json!(true)),
            _ => assert_eq!(&shown[name], value, "{name}"),
        }
    }
    let batches = get(
        &server,
        &format!("/task/outbound/getPhoneGroups?taskId={id}"),
    )
    .await;
    assert_eq!(batches.json["data"], wanted["outboundPhoneGroups"]);
    server.stop().await;
}

#[tokio::test]
async fn a_task_goes_its_way_from_list_to_end() {
    let server = Server::start().await;
    let customers = json!({"outBoundCustomers": [customer("a"), customer("b")]});
    let id = create(&server, customers).await;
    let shown = detail(&server, &id).await;
    assert_eq!(
        (&shown["taskStatus"], &shown["totalCount"]),
        (&json!(1), &json!(2))
    );
    for (command_path, code, status) in [
        ("/task/outbound/pause", "20001", 1),
        ("/task/run", "10000", 3),
        ("/task/outbound/start", "10000", 3),
        ("/task/outbound/pause", "10000", 2),
        ("/task/outbound/pause", "10000", 2),
        ("/task/outbound/start", "10000", 3),
        ("/task/outbound/delete", "20001", 3),
        ("/task/outbound/close", "10000", 4),
        ("/task/outbound/stop", "20001", 4),
        ("/task/outbound/start", "20001", 4),
        ("/task/outbound/pause", "20001", 4),
    ] {
        let answer = command(&server, command_path, &id).await;
        assert_eq!(told(&answer), (200, code), "{command_path} {}", answer.text);
        let shown = detail(&server, &id).await;
        assert_eq!(shown["taskStatus"], json!(status), "{command_path}");
    }
    let late = edit(&server, &with(example(), json!({"taskId": id}))).await;
    assert_eq!(told(&late), (200, "20001"));
    let answer = command(&server, "/task/outbound/delete", &id).await;
    assert_eq!(told(&answer), (200, "10000"));
    let gone = get(&server, &format!("/task/outbound/detail?taskId={id}")).await;
    assert_eq!(told(&gone), (200, "20001"));
    // Its name is free again.
    create(&server, json!({})).await;
    server.stop().await;
}

#[tokio::test]
async fn a_running_or_paused_task_keeps_its_frozen_fields() {
    let server = Server::start().await;
    let id = create(&server, json!({"outBoundCustomers": [customer("a")]})).await;
    command(&server, "/task/outbound/start", &id).await;
    for (path, power) in [("/task/outbound/start", 7), ("/task/outbound/pause", 8)] {
        command(&server, path, &id).await;
        let before = detail(&server, &id).await;
        // Frozen fields are not even looked at.
        let body = with(
            example(),
            json!({
                "taskId": id, "taskName": "", "taskExecEndDate": "yesterday", "acw": 0,
                "maxRingingDuration": 51, "taskDesc": [], "multiplyPower": power,
                "strategyDisplaySwitch": "false",
            }),
        );
        assert_eq!(told(&edit(&server, &body).await), (200, "10000"));
        let shown = detail(&server, &id).await;
        let wanted = with(
            before,
            json!({"multiplyPower": power, "strategyDisplaySwitch": false}),
        );
        assert_eq!(shown, wanted);
    }
    let predictive = json!({
        "taskId": id, "sendNumberStrategy": 1, "abandonmentRate": 3, "multiplyPower": 0,
        "outboundPhoneGroups": [{"name": "n", "autoOutboundSwitch": 0, "autoOutboundTimes": 99}],
        "outboundNumberGroupId": "1070678044124225",
    });
    assert_eq!(told(&edit(&server, &predictive).await), (200, "10000"));
    let shown = detail(&server, &id).await;
    assert_eq!(shown["sendNumberStrategy"], json!(1));
    assert_eq!(shown["abandonmentRate"], json!(3));
    assert_eq!(shown["multiplyPower"], Value::Null);
    assert_eq!(
        shown["outboundPhoneGroups"],
        json!([{"name": "n", "identify": "default", "autoOutboundSwitch": 0,
            "autoOutboundInterval": null, "autoOutboundTimes": null}])
    );
    let other = with(
        predictive,
        json!({"outboundPhoneGroups": [{"name": "n", "identify": "other"}]}),
    );
    assert_eq!(told(&edit(&server, &other).await), (200, "20001"));
    server.stop().await;
}

#[tokio::test]
async fn every_range_ends_where_the_page_says() {
    let server = Server::start().await;
    let id = create(&server, json!({"taskName": "taken"})).await;
    let id2 = create(&server, json!({"taskName": "other"})).await;
    let text = |count| "字".repeat(count);
    let batch = |fields| json!([with(example()["outboundPhoneGroups"][0].clone(), fields)]);
    let times =
        |from: &str, to: &str| json!([{"taskExecTimeStartStr": from, "taskExecTimeEndStr": to}]);
    let cases = [
        ("taskName", json!(text(1)), "10000"),
        ("taskName", json!(text(50)), "10000"),
        ("taskName", json!(text(51)), "29002"),
        ("taskName", json!("  "), "29002"),
        ("taskName", json!("taken"), "20001"),
        ("taskName", json!("other"), "10000"),
        ("taskExecStartDate", json!("2096-09-28"), "29002"),
        ("taskExecStartDate", json!("2020-09-27"), "10000"),
        ("taskExecEndDate", json!("2096-09-31"), "29002"),
        ("taskExecEndDate", json!("20960928"), "10000"),
        ("taskExecTimes", times("11:36:00", "11:36:00"), "29002"),
        ("taskExecTimes", times("11:36", "11:36:01"), "10000"),
        ("taskExecTimes", json!([]), "29002"),
        ("taskDesc", json!(text(200)), "10000"),
        ("taskDesc", json!(text(201)), "29002"),
        ("skillSetId", json!("255"), "10000"),
        ("skillSetId", json!("256"), "20001"),
        ("outboundNumberGroupId", json!("nope"), "20001"),
        ("strategyDisplaySwitch", json!("0"), "10000"),
        ("strategyDisplaySwitch", json!(2), "29002"),
        ("sendNumberStrategy", json!(2), "29002"),
        ("sendNumberStrategy", json!(-1), "29002"),
        ("sendNumberStrategy", json!("1"), "10000"),
        ("multiplyPower", json!(0), "29002"),
        ("multiplyPower", json!(1), "10000"),
        ("multiplyPower", json!(100), "10000"),
        ("multiplyPower", json!(101), "29002"),
        ("multiplyPower", json!(1.5), "29002"),
        ("abandonmentRate", json!(99), "10000"),
        ("maxRingingDuration", json!(19), "29002"),
        ("maxRingingDuration", json!(20), "10000"),
        ("maxRingingDuration", json!(50), "10000"),
        ("maxRingingDuration", json!(51), "29002"),
        ("acw", json!(0), "29002"),
        ("acw", json!(1), "10000"),
        ("acw", json!(180.0), "10000"),
        ("acw", json!(181), "29002"),
        ("outboundPhoneGroups", json!([]), "29002"),
        (
            "outboundPhoneGroups",
            json!([{"name": "a"}, {"name": "b"}]),
            "29002",
        ),
        (
            "outboundPhoneGroups",
            batch(json!({"name": text(51)})),
            "29002",
        ),
        (
            "outboundPhoneGroups",
            batch(json!({"identify": "other"})),
            "10000",
        ),
        (
            "outboundPhoneGroups",
            batch(json!({"autoOutboundSwitch": 2})),
            "29002",
        ),
        (
            "outboundPhoneGroups",
            batch(json!({"autoOutboundInterval": 4})),
            "29002",
        ),
        (
            "outboundPhoneGroups",
            batch(json!({"autoOutboundInterval": 2880})),
            "10000",
        ),
        (
            "outboundPhoneGroups",
            batch(json!({"autoOutboundInterval": 2881})),
            "29002",
        ),
        (
            "outboundPhoneGroups",
            batch(json!({"autoOutboundTimes": 0})),
            "29002",
        ),
        (
            "outboundPhoneGroups",
            batch(json!({"autoOutboundTimes": 3})),
            "10000",
        ),
        (
            "outboundPhoneGroups",
            batch(json!({"autoOutboundTimes": 4})),
            "29002",
        ),
        ("unknown", json!({"a": 1}), "10000"),
    ];
    for (name, value, code) in cases {
        let mut body = with(example(), json!({"taskId": id2}));
        body[name] = value.clone();
        if name != "taskName" {
            body["taskName"] = json!("other");
        }
        let before = detail(&server, &id2).await;
        let answer = edit(&server, &body).await;
        assert_eq!(told(&answer), (200, code), "{name} {value} {}", answer.text);
        if code != "10000" {
            assert_eq!(detail(&server, &id2).await, before, "{name} {value}");
        }
    }
    for power in [(0, "29002"), (1, "10000"), (5, "10000"), (6, "29002")] {
        let fields = json!({
            "taskId": id, "taskName": "taken", "sendNumberStrategy": 1,
            "abandonmentRate": power.0, "multiplyPower": "x",
        });
        let answer = edit(&server, &with(example(), fields)).await;
        assert_eq!(told(&answer), (200, power.1), "{power:?}");
    }
    for name in example().as_object().unwrap().keys() {
        let kept = [
            "strategyDisplaySwitch",
            "maxRingingDuration",
            "acw",
            "taskDesc",
        ];
        let fine = kept.contains(&name.as_str()) || name == "abandonmentRate";
        let code = if fine { "10000" } else { "29002" };
        let mut body = with(example(), json!({"taskId": id}));
        body.as_object_mut().unwrap().remove(name);
        assert_eq!(
            told(&edit(&server, &body).await),
            (200, code),
            "without {name}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn unknown_tasks_do_not_exist_and_are_told_as_the_vendor_does() {
    let server = Server::start().await;
    for (id, code) in [
        (json!(121), "20001"),
        (json!(0), "20001"),
        (json!(-1), "20001"),
        (json!(9_007_199_254_740_993_i64), "20001"),
        (json!("121"), "20001"),
        (json!("x"), "29002"),
        (json!(1.5), "29002"),
        (Value::Null, "29002"),
        (json!([]), "29002"),
    ] {
        let answer = edit(&server, &with(example(), json!({"taskId": id}))).await;
        assert_eq!(told(&answer), (200, code), "{id}");
        for path in [
            "/task/outbound/start",
            "/task/outbound/pause",
            "/task/outbound/stop",
        ] {
            let answer = command(&server, path, &id).await;
            assert_eq!(told(&answer), (200, code), "{path} {id}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn customers_are_appended_once_and_all_or_none() {
    let server = Server::start().await;
    let id = create(&server, json!({})).await;
    let append = |customers: Vec<Value>| json!({"taskId": id, "outBoundCustomers": customers});
    let path = "/task/outbound/customer/append";
    let answer = post(&server, path, &append(vec![customer("a"), customer("b")])).await;
    assert_eq!(answer.json["data"], json!(true), "{}", answer.text);
    let again = post(&server, path, &append(vec![customer("b"), customer("c")])).await;
    assert_eq!(told(&again), (200, "10000"));
    let listed = get(
        &server,
        &format!("/task/outbound/customer/page?taskId={id}&pageSize=2"),
    )
    .await;
    assert_eq!(listed.json["data"]["total"], json!(3));
    let first = &listed.json["data"]["list"][0];
    assert_eq!(first["externalCustomerId"], json!("a"));
    assert_eq!(
        first["phoneRelationVoList"],
        json!([{"mobile": "13012345678", "relation": "父亲"}])
    );
    let many = |count: usize| (0..count).map(|n| customer(&format!("m{n}"))).collect();
    let long =
        |name: &str, count: usize| vec![with(customer("x"), json!({name: "字".repeat(count)}))];
    for (customers, code) in [
        (vec![customer("d"), customer("d")], "29002"),
        (vec![with(customer("d"), json!({"name": null}))], "29002"),
        (
            vec![with(customer("d"), json!({"phoneGroupVoList": null}))],
            "29002",
        ),
        (long("name", 21), "29002"),
        (long("desc", 201), "29002"),
        (long("externalCustomerId", 65), "29002"),
        (long("externalData", 41), "29002"),
        (many(1001), "29002"),
        (many(1000), "10000"),
        (vec![], "10000"),
    ] {
        let answer = post(&server, path, &append(customers)).await;
        assert_eq!(told(&answer), (200, code), "{}", answer.text);
    }
    assert_eq!(detail(&server, &id).await["totalCount"], json!(1003));
    let none = post(&server, path, &json!({"taskId": id})).await;
    assert_eq!(told(&none), (200, "29002"));
    server.stop().await;
}

#[tokio::test]
async fn tasks_are_listed_by_name_state_and_group() {
    let server = Server::start().await;
    for name in ["spring", "summer one", "summer two"] {
        create(&server, json!({"taskName": name})).await;
    }
    for (query, names) in [
        ("", vec!["summer two", "summer one", "spring"]),
        ("query=summer", vec!["summer two", "summer one"]),
        ("query=summer&pageNumber=2&pageSize=1", vec!["summer one"]),
        (
            "taskStatus=1&taskType=1",
            vec!["summer two", "summer one", "spring"],
        ),
        ("taskStatus=3", vec![]),
        ("taskType=2", vec![]),
        ("skillsetId=255&query=spring", vec!["spring"]),
        ("skillSetId=1462016331580064&query=spring", vec!["spring"]),
        ("skillsetId=7", vec![]),
        ("pageNum=9", vec![]),
    ] {
        let answer = get(&server, &format!("/task/outbound/page?{query}")).await;
        assert_eq!(told(&answer), (200, "10000"), "{query}");
        let list = answer.json["data"]["list"].as_array().unwrap();
        let found: Vec<_> = list
            .iter()
            .map(|task| task["taskName"].as_str().unwrap())
            .collect();
        assert_eq!(found, names, "{query}");
        assert!(answer.json["data"]["total"].is_u64());
    }
    for query in [
        "taskStatus=7",
        "taskStatus=0",
        "taskType=3",
        "pageSize=0",
        "pageSize=1001",
    ] {
        let answer = get(&server, &format!("/task/outbound/page?{query}")).await;
        assert_eq!(told(&answer), (200, "29002"), "{query}");
    }
    server.stop().await;
}

#[tokio::test]
async fn records_are_asked_for_in_the_vendors_parameters() {
    let server = Server::start().await;
    for (query, code) in [
        ("", "10000"),
        (
            "queryMode=1&callType=3&startDate=20231101&endDate=20231114",
            "10000",
        ),
        ("startDate=2023-11-01&endDate=2023-11-14", "10000"),
        ("startDate=20231114&endDate=20231101", "29002"),
        ("startDate=1", "29002"),
        ("queryMode=4", "29002"),
        ("queryMode=0", "29002"),
        ("queryMode=2", "10000"),
        ("queryMode=3&summaryId=done", "10000"),
        ("callType=4", "29002"),
        ("callResult=10", "10000"),
        ("callResult=11", "29002"),
        ("evaluationScore=6", "29002"),
        ("taskId=121", "20001"),
        (
            "pageNum=0&name=a&searchInfo=b&nameOrPhoneOrRelay=c&customerPhone=1&summaryId=",
            "10000",
        ),
        ("skillsetName=none&userId=7", "10000"),
    ] {
        let answer = get(&server, &format!("/communicate/pageQuery?{query}")).await;
        assert_eq!(told(&answer), (200, code), "{query} {}", answer.text);
        if code == "10000" {
            assert_eq!(answer.json["data"], json!({"total": 0, "list": []}));
        }
    }
    server.stop().await;
}
