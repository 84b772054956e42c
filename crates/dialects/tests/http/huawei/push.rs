//! Results are pushed to `callBackUrl`: a receiver on loopback, and every callee busy.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use outdial_dialects::huawei::PushRules;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{call, code};
use crate::common::Server;

/// What the receiver was sent, and what it is still to answer; 200 when there is nothing left.
#[derive(Clone, Default)]
struct Receiver {
    got: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
    answers: Arc<Mutex<VecDeque<StatusCode>>>,
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> Response {
    let body = serde_json::from_str(&body).unwrap_or(Value::Null);
    receiver.got.lock().unwrap().push((headers, body));
    let answer = receiver.answers.lock().unwrap().pop_front();
    match answer.unwrap_or(StatusCode::OK) {
        StatusCode::OK => r#"{"retCode":"0","retMsg":"success"}"#.into_response(),
        // Who follows it is taken.
        StatusCode::FOUND => (StatusCode::FOUND, [(header::LOCATION, "/taken")]).into_response(),
        status => status.into_response(),
    }
}

impl Receiver {
    /// Listens; says where.
    async fn listen(answers: &[StatusCode]) -> (Self, String) {
        let receiver = Self::default();
        receiver.answers.lock().unwrap().extend(answers);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/results", listener.local_addr().unwrap());
        let router = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, url)
    }

    fn pushes(&self) -> Vec<Value> {
        let got = self.got.lock().unwrap();
        got.iter().map(|(_, body)| body.clone()).collect()
    }

    async fn until(&self, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(120);
        loop {
            let pushes = self.pushes();
            if enough(&pushes) {
                return pushes;
            }
            assert!(tokio::time::Instant::now() < deadline, "{pushes:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn rules(rest: Duration) -> PushRules {
    PushRules {
        gather: Duration::from_millis(50),
        rest,
        rounds: 3,
    }
}

/// A campaign whose results go to this address, with numbers, running.
async fn running(server: &Server, url: &str, numbers: &[&str]) -> i64 {
    let body = json!({
        "name": "pushed", "deviceType": 3, "callerNo": "10085", "maxAlertingTime": 20,
        "scheduleParam": {"workdayBeginTime1": "00:00", "workdayEndTime1": "23:59"},
        "ivrParam": {"deviceSign": "oifde-flowcode", "callCount": 100, "callInterval": 1},
        "callBackUrl": url, "initStatus": 3,
    });
    let id = super::campaigns::created(server, &body).await;
    let one = |number: &&str| json!({"called": number, "sessionId": format!("s-{number}"), "customField": "spring"});
    let list: Vec<Value> = numbers.iter().map(one).collect();
    let path = format!("/calldata/{id}");
    let added = call(server, "POST", &path, &json!({"callDataList": list})).await;
    assert_eq!(code(&added), "0200000", "{added}");
    let resumed = call(server, "PUT", &format!("/{id}/resume"), &Value::Null).await;
    assert_eq!(code(&resumed), "0200000", "{resumed}");
    id
}

fn records(pushes: &[Value]) -> Vec<&Value> {
    pushes
        .iter()
        .flat_map(|body| body.as_array().unwrap())
        .collect()
}

#[tokio::test]
async fn each_final_result_is_pushed_as_documented() {
    let server = Server::start().await;
    let (receiver, url) = Receiver::listen(&[]).await;
    server
        .dialects
        .huawei
        .push_results(rules(Duration::from_secs(600)));
    let id = running(&server, &url, &["13800138001", "13800138002"]).await;
    let pushes = receiver.until(|pushes| records(pushes).len() == 2).await;
    let mut records = records(&pushes);
    records.sort_by_key(|record| record["called"].to_string());
    let first = records[0];
    assert_eq!(first["campaignId"], id.to_string());
    assert_eq!(first["sessionId"], "s-13800138001");
    assert_eq!(
        (&first["called"], &first["vdnId"]),
        (&json!("13800138001"), &json!(7))
    );
    assert_eq!(
        (&first["callStatus"], &first["failCode"]),
        (&json!(5), &json!("00537"))
    );
    assert_eq!(
        (&first["customField"], &first["recordPath"]),
        (&json!("spring"), &json!(""))
    );
    assert_eq!(first["callTimeStr"].as_str().unwrap().len(), 19);
    let path = format!("/callresultdetail/{}", first["callId"].as_str().unwrap());
    let detail = call(&server, "GET", &path, &Value::Null).await;
    assert_eq!(
        detail["data"]["called"], "13800138001",
        "the ids of calls are the queries'"
    );
    let kind = receiver.got.lock().unwrap()[0].0[header::CONTENT_TYPE].clone();
    assert_eq!(kind, "application/json; charset=UTF-8");
    server.stop().await;
}

#[tokio::test]
async fn a_push_is_repeated_until_it_is_answered_with_200_and_no_redirect_is_followed() {
    let server = Server::start().await;
    let refusals = [
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::FOUND,
        StatusCode::NO_CONTENT,
    ];
    let (receiver, url) = Receiver::listen(&refusals).await;
    server
        .dialects
        .huawei
        .push_results(rules(Duration::from_millis(100)));
    running(&server, &url, &["13800138001"]).await;
    let pushes = receiver.until(|pushes| pushes.len() >= 4).await;
    assert!(pushes.iter().all(|push| push == &pushes[0]), "{pushes:?}");
    // What was taken is not pushed again, also not by a server that is started anew.
    let (service, caller) = server.inside();
    let caller = outdial_service::Caller {
        origin: outdial_domain::Origin::Huawei,
        ..caller
    };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(120);
    while !service.notes(&caller, "push").await.unwrap().is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "it is kept still");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let server = server.restart().await;
    server
        .dialects
        .huawei
        .push_results(rules(Duration::from_millis(100)));
    server.pass(1_000);
    running_again(&server, &url).await;
    let pushes = receiver.until(|pushes| pushes.len() >= 5).await;
    assert_eq!(pushes[4][0]["called"], "13800138009");
    server.stop().await;
}

/// Another campaign with another number, whose result is pushed after all that was before.
async fn running_again(server: &Server, url: &str) {
    let list = call(server, "GET", "?name=pushed", &Value::Null).await;
    let id = list["data"][0]["id"].as_i64().unwrap();
    assert_eq!(list["data"][0]["callBackUrl"], url);
    let path = format!("/calldata/{id}");
    let added = call(
        server,
        "POST",
        &path,
        &json!({"callDataList": [{"called": "13800138009"}]}),
    )
    .await;
    assert_eq!(code(&added), "0200000", "{added}");
}

#[tokio::test]
async fn what_has_not_arrived_is_pushed_by_the_next_server() {
    let server = Server::start().await;
    let (receiver, url) = Receiver::listen(&[StatusCode::SERVICE_UNAVAILABLE; 2]).await;
    server
        .dialects
        .huawei
        .push_results(rules(Duration::from_secs(3_600)));
    running(&server, &url, &["13800138001"]).await;
    receiver.until(|pushes| pushes.len() == 2).await;
    // Nobody pushes now: what ends meanwhile is in the journal only.
    let server = server.restart().await;
    server.pass(1_000);
    running_again(&server, &url).await;
    let (service, caller) = server.inside();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(120);
    let ended = async || {
        let filter = outdial_service::AttemptFilter::default();
        let attempts = service
            .attempts(&caller, filter, Default::default())
            .await
            .unwrap();
        attempts
            .items
            .iter()
            .filter(|attempt| attempt.outcome.is_some())
            .count()
    };
    while ended().await < 2 {
        assert!(tokio::time::Instant::now() < deadline, "it is not called");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server
        .dialects
        .huawei
        .push_results(rules(Duration::from_secs(3_600)));
    let pushes = receiver.until(|pushes| records(pushes).len() >= 4).await;
    let mut called: Vec<_> = records(&pushes[2..])
        .iter()
        .map(|r| r["called"].clone())
        .collect();
    called.sort_by_key(ToString::to_string);
    assert_eq!(called, ["13800138001", "13800138009"]);
    server.stop().await;
}

#[tokio::test]
async fn results_are_given_up_after_six_pushes() {
    let server = Server::start().await;
    let (receiver, url) = Receiver::listen(&[StatusCode::NOT_FOUND; 6]).await;
    server
        .dialects
        .huawei
        .push_results(rules(Duration::from_millis(20)));
    let id = running(&server, &url, &["13800138001"]).await;
    receiver.until(|pushes| pushes.len() == 6).await;
    server.pass(1_000);
    let path = format!("/calldata/{id}");
    let one = json!({"callDataList": [{"called": "13800138002"}]});
    assert_eq!(code(&call(&server, "POST", &path, &one).await), "0200000");
    // The next result is the next push.
    let pushes = receiver.until(|pushes| pushes.len() >= 7).await;
    assert_eq!(pushes[6][0]["called"], "13800138002");
    server.stop().await;
}
