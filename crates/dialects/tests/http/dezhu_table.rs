//! Dezhu's edit by a table: every field in every state, and what customers may be taken out where.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::common::Server;
use crate::dezhu::{command, create, customer, detail, edit, example, get, post, told, with};

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// 1, without customers: it waits for the first.
    Empty,
    /// 1, with customers: it waits for its first window.
    Waiting,
    /// 3.
    Running,
    /// 2.
    Paused,
    /// 4, by hand.
    Stopped,
}

use State::{Empty, Paused, Running, Stopped, Waiting};

const STATES: [(State, i64); 5] = [
    (Empty, 1),
    (Waiting, 1),
    (Running, 3),
    (Paused, 2),
    (Stopped, 4),
];

/// A task in a state, with its id.
async fn in_state(server: &Server, state: State) -> Value {
    let name = json!(format!("{state:?}"));
    let customers = match state {
        Empty => json!([]),
        _ => json!([customer("a"), customer("b")]),
    };
    let fields = json!({"taskName": name, "outBoundCustomers": customers});
    let id = create(server, fields).await;
    let steps: &[&str] = match state {
        Empty | Waiting => &[],
        Running => &["start"],
        Paused => &["start", "pause"],
        Stopped => &["start", "stop"],
    };
    for step in steps {
        let done = command(server, &format!("/task/outbound/{step}"), &id).await;
        assert_eq!(told(&done), (200, "10000"), "{step}");
    }
    id
}

/// What becomes of a field that is given another value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is the task's from now on.
    Taken,
    /// The edit is carried out, and the task keeps what it had.
    Kept,
    /// The edit is refused with this code.
    Refused(&'static str),
}

use Fate::{Kept, Refused, Taken};

/// Each field of the seed's tables: another value, and what becomes of it before the start, while the task
/// runs, and while it is paused. A task that has ended refuses every edit.
fn table() -> Vec<(&'static str, Value, [Fate; 4])> {
    let batch = |fields| json!([with(example()["outboundPhoneGroups"][0].clone(), fields)]);
    let other_batch = batch(json!({"identify": "other"}));
    let early = [Taken, Taken, Kept, Kept];
    let always = [Taken; 4];
    let times = json!([{"taskExecTimeStartStr": "10:00:00", "taskExecTimeEndStr": "11:00:00"}]);
    let bound = Refused("20001");
    vec![
        ("taskName", json!("another name"), early),
        ("taskExecStartDate", json!("2096-09-26"), early),
        ("taskExecEndDate", json!("2096-09-28"), early),
        ("taskExecTimes", times, early),
        ("taskDesc", json!("另一个描述"), early),
        ("skillSetId", json!("other-set"), early),
        ("maxRingingDuration", json!(50), early),
        ("acw", json!(180), early),
        ("outboundNumberGroupId", json!("other-numbers"), always),
        ("strategyDisplaySwitch", json!(false), always),
        ("multiplyPower", json!(7), always),
        (
            "outboundPhoneGroups",
            batch(json!({"name": "亲属"})),
            always,
        ),
        (
            "outboundPhoneGroups",
            batch(json!({"autoOutboundInterval": 2880, "autoOutboundTimes": 3})),
            always,
        ),
        (
            "outboundPhoneGroups",
            json!([{
                "name": "n", "identify": "default", "autoOutboundSwitch": 0,
                "autoOutboundInterval": null, "autoOutboundTimes": null,
            }]),
            always,
        ),
        // Customers are bound to it.
        (
            "outboundPhoneGroups",
            other_batch,
            [Taken, bound, bound, bound],
        ),
        // The other strategy's parameter is not looked at.
        ("abandonmentRate", json!(5), [Kept; 4]),
        // Out of range: refused where the field is read, passed over where it is frozen.
        (
            "acw",
            json!(181),
            [Refused("29002"), Refused("29002"), Kept, Kept],
        ),
        (
            "taskName",
            json!(""),
            [Refused("29002"), Refused("29002"), Kept, Kept],
        ),
        ("skillSetId", json!("none"), [bound, bound, Kept, Kept]),
        ("multiplyPower", json!(0), [Refused("29002"); 4]),
        ("outboundNumberGroupId", json!("none"), [bound; 4]),
    ]
}

#[tokio::test]
async fn every_field_is_edited_where_the_seeds_tables_have_it() {
    let server = Server::start().await;
    for (state, number) in STATES {
        let id = in_state(&server, state).await;
        let column = STATES.iter().position(|(s, _)| *s == state).unwrap();
        let base = with(
            example(),
            json!({"taskId": id, "taskName": format!("{state:?}")}),
        );
        for (name, value, fates) in table() {
            // What the one before has changed is as it was.
            let reset = edit(&server, &base).await;
            assert_eq!(reset.json["code"] == "10000", state != Stopped);
            let before = detail(&server, &id).await;
            assert_eq!(before["taskStatus"], json!(number), "{state:?}");
            let mut body = base.clone();
            body[name] = value.clone();
            let answer = edit(&server, &body).await;
            let fate = fates.get(column).copied().unwrap_or(Refused("20001"));
            let code = match fate {
                Refused(code) => code,
                Taken | Kept => "10000",
            };
            let place = format!("{state:?} {name} = {value}");
            assert_eq!(told(&answer), (200, code), "{place}: {}", answer.text);
            let mut wanted = before;
            if fate == Taken {
                wanted[name] = value;
            }
            assert_eq!(detail(&server, &id).await, wanted, "{place}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn the_other_strategy_is_chosen_in_every_state() {
    let server = Server::start().await;
    for (state, _) in STATES {
        let id = in_state(&server, state).await;
        for (rate, code) in [(0, "29002"), (1, "10000"), (5, "10000"), (6, "29002")] {
            let body = with(
                example(),
                json!({
                    "taskId": id, "taskName": format!("{state:?}"), "sendNumberStrategy": 1,
                    "abandonmentRate": rate, "multiplyPower": null,
                }),
            );
            let answer = edit(&server, &body).await;
            let code = if state == Stopped && code == "10000" {
                "20001"
            } else {
                code
            };
            assert_eq!(
                answer.json["code"] == "10000",
                code == "10000",
                "{state:?} {rate}"
            );
            if code == "10000" {
                let shown = detail(&server, &id).await;
                assert_eq!(shown["abandonmentRate"], json!(rate));
                assert_eq!(shown["multiplyPower"], Value::Null);
            }
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn customers_are_deleted_where_nobody_dials() {
    let server = Server::start().await;
    let path = "/task/outbound/customer/delete";
    for (state, _) in STATES {
        let id = in_state(&server, state).await;
        let total = async || {
            let path = format!("/task/outbound/customer/page?taskId={id}");
            let listed = get(&server, &path).await;
            listed.json["data"]["total"].as_i64().unwrap()
        };
        let before = total().await;
        let body = json!({"taskId": id, "externalCustomerIds": ["b", "nobody", "b"]});
        let answer = post(&server, path, &body).await;
        let deletes = matches!(state, Empty | Waiting | Paused);
        let code = if deletes { "10000" } else { "20001" };
        assert_eq!(told(&answer), (200, code), "{state:?} {}", answer.text);
        let gone = i64::from(deletes && state != Empty);
        assert_eq!(total().await, before - gone, "{state:?}");
        if deletes {
            assert_eq!(answer.json["data"], json!(true));
            let shown = detail(&server, &id).await;
            assert_eq!(shown["totalCount"], json!(before - gone));
        }
    }
    let fields = json!({"taskName": "many", "outBoundCustomers": [customer("a"), customer("b")]});
    let id = create(&server, fields).await;
    let many = |count: usize| {
        (0..count)
            .map(|n| json!(format!("m{n}")))
            .collect::<Vec<_>>()
    };
    for (keys, code) in [
        (json!([]), "29002"),
        (Value::Null, "29002"),
        (json!("a"), "29002"),
        (json!([{}]), "29002"),
        (json!(many(2000)), "10000"),
        (json!(many(2001)), "29002"),
        (json!([7]), "10000"),
    ] {
        let body = json!({"taskId": id, "externalCustomerIds": keys});
        let answer = post(&server, path, &body).await;
        assert_eq!(told(&answer), (200, code), "{}", answer.text);
    }
    // Who was deleted may be given again.
    let append = json!({"taskId": id, "outBoundCustomers": [customer("b")]});
    let delete = json!({"taskId": id, "externalCustomerIds": ["b"]});
    for (path, body) in [(path, &delete), ("/task/outbound/customer/append", &append)] {
        assert_eq!(told(&post(&server, path, body).await), (200, "10000"));
    }
    assert_eq!(detail(&server, &id).await["totalCount"], json!(2));
    server.stop().await;
}

#[tokio::test]
async fn an_operators_paths_lead_to_every_operation() {
    let mut server = Server::start().await;
    let mut dezhu = Arc::try_unwrap(server.dialects.dezhu).unwrap();
    let names: Vec<&str> = outdial_dialects::dezhu::operations().collect();
    for name in &names {
        for method in ["GET", "POST"] {
            dezhu = dezhu.with_path(method, &format!("/own/{name}"), name);
        }
    }
    server.dialects.dezhu = Arc::new(dezhu);
    for name in &names {
        let path = format!("/own/{name}");
        for answer in [
            get(&server, &path).await,
            post(&server, &path, &json!({})).await,
        ] {
            // Found, and its fields are looked at.
            let (status, code) = told(&answer);
            assert_eq!(status, 200, "{name}");
            assert!(["10000", "29002"].contains(&code), "{name} {}", answer.text);
        }
    }
    server.stop().await;
}
