//! Table 14 of "Modifying an Outbound Campaign (V1)": every code of it is answered, but for those of which
//! the page says why they cannot be.

use std::collections::BTreeSet;

use outdial_dialects::huawei::codes::{Answered, TABLE_14};
use serde_json::{Value, json};

use super::campaigns::{created, documented};
use super::{call, code};
use crate::common::Server;

#[tokio::test]
async fn every_code_of_table_14_is_answered_by_what_the_table_names() {
    let server = Server::start().await;
    let id = created(&server, &documented()).await;
    let mut other = documented();
    other["name"] = "other".into();
    created(&server, &other).await;
    let edit = |pointer: &str, value: Value| {
        let mut body = documented();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let path = format!("/{id}");
    let mut got = BTreeSet::new();
    for (pointer, value, wanted) in [
        ("/strBeginTime", json!("2023-11-14 23:59:59"), "0200002"),
        ("/name", json!("other"), "0200005"),
        ("/skillParam/skillId", json!(1), "0200017"),
        ("/name", json!(""), "02000001"),
        ("/description", json!("a;b"), "02000002"),
        ("/name", json!("x".repeat(101)), "02000003"),
        ("/deviceType", json!("two"), "02000006"),
        ("/maxAlertingTime", json!(121), "02000007"),
        ("/strEndTime", json!("soon"), "02000008"),
        ("/deviceType", json!(6), "02000009"),
        ("/scheduleParam/workdayBeginTime1", json!("08"), "02000010"),
    ] {
        let answer = call(&server, "PUT", &path, &edit(pointer, value)).await;
        assert_eq!(code(&answer), wanted, "{pointer}: {answer}");
        got.insert(wanted.to_owned());
    }
    let unknown = call(&server, "PUT", "/999", &documented()).await;
    got.insert(code(&unknown).to_owned());
    let numbers = json!({"callerNo": vec!["10085"; 101]});
    let many = call(&server, "POST", &format!("/callerNo/{id}"), &numbers).await;
    got.insert(code(&many).to_owned());
    let last = json!({"callerNo": ["10085"]});
    let last = call(&server, "DELETE", &format!("/callerNo/{id}"), &last).await;
    got.insert(code(&last).to_owned());
    let (service, caller) = server.inside();
    let own = outdial_domain::CampaignId::new(u32::try_from(id).unwrap()).unwrap();
    let abort = outdial_domain::LifeCycleCommand::Abort;
    service.command_campaign(&caller, own, abort).await.unwrap();
    let ended = call(&server, "PUT", &path, &documented()).await;
    got.insert(code(&ended).to_owned());
    for (code, answered, words) in TABLE_14 {
        let reached = *answered != Answered::Never;
        assert_eq!(got.contains(*code), reached, "{code}: {words}");
    }
    server.stop().await;
}
