//! Every operation in every state of a campaign.

use std::sync::Arc;

use outdial_dialects::Tolerance;
use outdial_dialects::huawei::sign;
use outdial_domain::{CampaignId, LifeCycleCommand};
use serde_json::{Value, json};

use super::campaigns::{created, documented};
use super::{call, code};
use crate::common::Server;

/// A way to a state, the state, and what the three groups of operations answer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// 2: its period has not begun.
    Scheduled,
    /// 2: it dials, or would if it had agents.
    Running,
    /// 3.
    Suspended,
    /// 4: aborted through another API.
    Aborted,
    /// 4: its period is over.
    Expired,
}

use Way::{Aborted, Expired, Running, Scheduled, Suspended};

const WAYS: [Way; 5] = [Scheduled, Running, Suspended, Aborted, Expired];

impl Way {
    fn state(self) -> i64 {
        match self {
            Scheduled | Running => 2,
            Suspended => 3,
            Aborted | Expired => 4,
        }
    }
}

/// An operation: its method, its path with `{}` for the campaign, its body, and its codes in the states
/// 2, 3 and 4.
type Row = (&'static str, &'static str, Value, [&'static str; 3]);

const OK: &str = "0200000";

fn table() -> Vec<Row> {
    let policy =
        json!({"policyType": 0, "policyJson": {"policy": {"retryDay": 1, "retryTimes": 1}}});
    let holiday = json!({"name": "weekend", "type": 1, "week": "6,7"});
    let number = json!({"callDataList": [{"called": "13800138000"}]});
    vec![
        ("GET", "/{}", Value::Null, [OK; 3]),
        ("PUT", "/{}", documented(), [OK, OK, "0200016"]),
        ("PUT", "/{}/pause", Value::Null, [OK, "0200011", "0200011"]),
        ("PUT", "/{}/resume", Value::Null, ["0200011", OK, "0200011"]),
        ("DELETE", "/{}", Value::Null, ["0200009", OK, OK]),
        ("POST", "/calldata/{}", number, [OK, OK, "0200019"]),
        (
            "POST",
            "/calldata/{}/delete",
            json!({"called": "13800138000"}),
            ["0200019", OK, OK],
        ),
        ("POST", "/retryPolicy/{}", policy, [OK; 3]),
        ("POST", "/holiday/{}", holiday, [OK; 3]),
        ("DELETE", "/holiday/{}", Value::Null, [OK; 3]),
        (
            "POST",
            "/callerNo/{}",
            json!({"callerNo": ["4008013260"]}),
            [OK; 3],
        ),
        ("POST", "/callresult/{}", json!({}), [OK; 3]),
        (
            "POST",
            "/callbatch/{}/create",
            json!({"name": "a"}),
            [OK; 3],
        ),
    ]
}

/// A campaign that has come this way.
async fn come(server: &Server, way: Way) -> i64 {
    let mut body = documented();
    if way == Running {
        for name in ["strBeginTime", "strEndTime"] {
            body.as_object_mut().unwrap().remove(name);
        }
    }
    let id = created(server, &body).await;
    let (service, caller) = server.inside();
    let own = CampaignId::new(u32::try_from(id).unwrap()).unwrap();
    match way {
        Scheduled | Expired => {}
        Running => {
            // A list that is done is not one that runs.
            let number = json!({"callDataList": [{"called": "13800138007"}]});
            let added = call(server, "POST", &format!("/calldata/{id}"), &number).await;
            assert_eq!(code(&added), OK, "{added}");
        }
        Suspended => {
            let paused = call(server, "PUT", &format!("/{id}/pause"), &Value::Null).await;
            assert_eq!(code(&paused), OK, "{paused}");
        }
        Aborted => {
            let abort = service.command_campaign(&caller, own, LifeCycleCommand::Abort);
            abort.await.unwrap();
        }
    }
    id
}

#[tokio::test]
async fn every_operation_answers_as_its_state_says() {
    for way in WAYS {
        let mut server = Server::start().await;
        // Requests are still signed at the time of the other tests.
        let huawei = Arc::try_unwrap(server.dialects.huawei).unwrap();
        let rules = sign::Rules {
            tolerance: Tolerance::ANY,
            ..sign::Rules::default()
        };
        server.dialects.huawei = Arc::new(huawei.with_rules(rules));
        for (method, path, body, codes) in table() {
            let id = come(&server, way).await;
            if way == Expired {
                server.pass(80 * 365 * 86_400_000);
            }
            let shown = call(&server, "GET", &format!("/{id}"), &Value::Null).await;
            assert_eq!(shown["returnObject"]["status"], way.state(), "{way:?}");
            server.pass(1_000);
            let path = path.replace("{}", &id.to_string());
            let answer = call(&server, method, &path, &body).await;
            let wanted = codes[usize::try_from(way.state() - 2).unwrap()];
            assert_eq!(code(&answer), wanted, "{way:?}: {method} {path}: {answer}");
            if way == Expired {
                server.pass(-80 * 365 * 86_400_000);
            }
            // Its name is to be free for the next one.
            let (service, caller) = server.inside();
            let own = CampaignId::new(u32::try_from(id).unwrap()).unwrap();
            // An error says that it has ended, or is gone already.
            let _ = service
                .command_campaign(&caller, own, LifeCycleCommand::Abort)
                .await;
            let _ = service.remove_campaign(&caller, own).await;
        }
        server.stop().await;
    }
}
