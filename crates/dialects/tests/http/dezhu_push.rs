//! Dezhu's record push: every call that is over, to a receiver on loopback, with every callee busy.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::http::{StatusCode, header};
use outdial_dialects::dezhu::PushRules;
use outdial_domain::{
    AttemptId, Calendar, CampaignId, Country, FlowId, LifeCycleCommand, Mode, NewContact, Origin,
    PhoneNumber, Settings, Target,
};
use outdial_service::{Caller, Disposition};
use serde_json::{Value, json};

use crate::common::Server;
use crate::dezhu::get;
use crate::receiver::Receiver;

fn rules(rest: Duration) -> PushRules {
    PushRules {
        rests: vec![rest; 9],
    }
}

fn contact(number: &str) -> NewContact {
    let country = Country::new("CN").unwrap();
    let attributes = [
        ("name", "王先生"),
        ("externalData", "d"),
        ("relation", "本人"),
    ];
    NewContact {
        external_id: Some(format!("c-{number}")),
        attributes: attributes
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..NewContact::with_number(PhoneNumber::parse(number, country).unwrap())
    }
}

/// A campaign without agents that calls these numbers, each so many times.
async fn running(server: &Server, numbers: &[&str], times: u32) -> CampaignId {
    let (service, caller) = server.inside();
    let mut settings = Settings::new(
        &format!("told {}", numbers[0]),
        Mode::Concurrency,
        Target::Flow(FlowId::new(4600)),
        vec![PhoneNumber::from_text("10085").unwrap()],
        Calendar::always("Asia/Shanghai").unwrap(),
    );
    settings.retry.attempts_total = times;
    settings.retry.interval = Duration::from_millis(1);
    let id = service.create_campaign(&caller, settings, None).await;
    let id = id.unwrap().id;
    let contacts = numbers.iter().map(|number| contact(number)).collect();
    service.add_contacts(&caller, id, contacts).await.unwrap();
    let start = LifeCycleCommand::Start;
    service.command_campaign(&caller, id, start).await.unwrap();
    id
}

/// Waits until nothing is left to push.
async fn all_arrived(server: &Server) {
    let (service, caller) = server.inside();
    let caller = Caller {
        origin: Origin::Dezhu,
        ..caller
    };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(120);
    while !service.notes(&caller, "push").await.unwrap().is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "it is kept still");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn every_call_is_told_as_the_query_shows_it() {
    let (receiver, url) = Receiver::listen(&[]).await;
    let server = Server::start_telling(&url).await;
    server
        .dialects
        .dezhu
        .push_records(&rules(Duration::from_secs(3600)));
    let id = running(&server, &["13800138001", "13800138002"], 2).await;
    let told = receiver.until(|told| told.len() >= 4).await;
    assert_eq!(told.len(), 4, "each attempt, and each once");
    all_arrived(&server).await;
    let kind = receiver.header(0, header::CONTENT_TYPE);
    assert_eq!(kind, "application/json; charset=UTF-8");
    let ids: BTreeSet<&str> = told.iter().map(|r| r["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 4);
    let mut times: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for record in &told {
        assert_eq!(record["taskId"], json!(id.number()));
        assert_eq!(record["communicateSource"], json!(2));
        assert_eq!(record["callType"], json!(2));
        assert_eq!(record["speechCallResult"], json!(1), "busy");
        assert_eq!(record["callingNumber"], json!("10085"));
        assert_eq!(record["customerName"], json!("王先生"));
        assert_eq!(record["externalData"], json!("d"));
        assert_eq!(record["relation"], json!("本人"));
        let number = record["calledNumber"].as_str().unwrap();
        let key = format!("c-{number}");
        assert_eq!(record["externalCustomerId"], json!(key));
        let time = record["callTimes"].as_i64().unwrap();
        times.entry(number).or_default().push(time);
    }
    for times in times.values_mut() {
        times.sort_unstable();
        assert_eq!(times, &[1, 2]);
    }
    // Attempts are placed by the real clock, which the dialects' clock here does not go by.
    let path = "/communicate/pageQuery?startDate=20200101&endDate=20991231&pageSize=100";
    let listed = get(&server, path).await.json;
    let listed = listed["data"]["list"].as_array().unwrap();
    assert_eq!(listed.len(), 4);
    for record in listed {
        let mut record = record.clone();
        let summary = record.as_object_mut().unwrap().remove("summaryId");
        assert_eq!(summary, Some(json!("")));
        let pushed = told.iter().find(|told| told["id"] == record["id"]).unwrap();
        assert_eq!(pushed, &record);
    }
    let (service, caller) = server.inside();
    let disposition = Disposition {
        code: "promise".to_owned(),
        ..Disposition::default()
    };
    let first = AttemptId::new(told[0]["id"].as_str().unwrap().parse().unwrap());
    let disposed = service.dispose(&caller, first, disposition).await;
    disposed.unwrap();
    for (query, total) in [
        ("queryMode=1", 4),
        ("queryMode=2", 0),
        ("queryMode=3", 1),
        ("summaryId=promise", 1),
        ("summaryId=other", 0),
    ] {
        let listed = get(&server, &format!("{path}&{query}")).await.json;
        assert_eq!(listed["data"]["total"], json!(total), "{query}");
        for record in listed["data"]["list"].as_array().unwrap() {
            let summary = if record["id"] == told[0]["id"] {
                "promise"
            } else {
                ""
            };
            assert_eq!(record["summaryId"], json!(summary));
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_record_is_told_again_until_any_answer_of_success() {
    let refusals = [
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::FOUND,
        StatusCode::NO_CONTENT,
    ];
    let (receiver, url) = Receiver::listen(&refusals).await;
    let server = Server::start_telling(&url).await;
    server
        .dialects
        .dezhu
        .push_records(&rules(Duration::from_millis(20)));
    running(&server, &["13800138001"], 1).await;
    let told = receiver.until(|told| told.len() >= 3).await;
    assert!(told.iter().all(|record| record == &told[0]), "{told:?}");
    all_arrived(&server).await;
    running(&server, &["13800138002"], 1).await;
    let told = receiver.until(|told| told.len() >= 4).await;
    assert_eq!(
        told[3]["calledNumber"],
        json!("13800138002"),
        "204 is a success"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_record_is_given_up_after_ten_pushes() {
    let (receiver, url) = Receiver::listen(&[StatusCode::BAD_GATEWAY; 10]).await;
    let server = Server::start_telling(&url).await;
    server
        .dialects
        .dezhu
        .push_records(&rules(Duration::from_millis(5)));
    running(&server, &["13800138001"], 1).await;
    receiver.until(|told| told.len() >= 10).await;
    all_arrived(&server).await;
    running(&server, &["13800138002"], 1).await;
    let told = receiver.until(|told| told.len() >= 11).await;
    assert_eq!(told[10]["calledNumber"], json!("13800138002"));
    server.stop().await;
}

#[tokio::test]
async fn what_ended_while_nobody_told_it_is_told_by_the_next_server() {
    let (receiver, url) = Receiver::listen(&[StatusCode::SERVICE_UNAVAILABLE]).await;
    let server = Server::start_telling(&url).await;
    let late = || rules(Duration::from_secs(3600));
    server.dialects.dezhu.push_records(&late());
    running(&server, &["13800138001"], 1).await;
    receiver.until(|told| told.len() == 1).await;
    // This one tells nobody: what ends now is in the journal only.
    let server = server.restart().await;
    let id = running(&server, &["13800138002"], 1).await;
    let (service, caller) = server.inside();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(120);
    while service.stats(&caller, id).await.unwrap().contacts.done < 1 {
        assert!(tokio::time::Instant::now() < deadline, "it is not called");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let server = server.restart().await;
    server.dialects.dezhu.push_records(&late());
    let told = receiver.until(|told| told.len() >= 3).await;
    let mut numbers: Vec<&Value> = told[1..].iter().map(|r| &r["calledNumber"]).collect();
    numbers.sort_by_key(ToString::to_string);
    assert_eq!(numbers, ["13800138001", "13800138002"]);
    server.stop().await;
}
