//! What a restart must not forget.

use serde_json::{Value, json};

use crate::common::{Server, tenant};

/// A time zone in which no midnight is near.
fn quiet_zone() -> &'static str {
    let since_1970 = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    if since_1970.as_secs() / 3600 % 24 == 23 {
        "Asia/Shanghai"
    } else {
        "UTC"
    }
}

fn waits_for(stats: &Value, word: &str) -> bool {
    stats["not_dialing_because"].to_string().contains(word)
}

async fn a_caller_id_is_used_up_after(reason: &str, limit: impl Fn(&mut outdial_domain::CallerId)) {
    let mut acme = tenant("acme");
    acme.time_zone = quiet_zone().to_owned();
    limit(&mut acme.caller_ids[0]);
    let server = Server::with(vec![acme]).await;
    let id = server
        .campaign(json!({"mode": "concurrency", "target": {"flow": 4600}, "max_calls": 5}))
        .await;
    let path = format!("/api/v1/campaigns/{id}");
    let list = "number\n13012345671\n13012345672\n13012345673\n13012345674\n";
    server.contacts(id, "", "text/csv", list).await;
    server.ask("POST", &format!("{path}/start"), None).await;
    let stats = format!("{path}/stats");
    let used_up = |stats: &Value| stats["contacts"]["done"] == 3 && waits_for(stats, reason);
    server.wait_for(&stats, used_up).await;
    let server = server.restart().await;
    let after = server.wait_for(&stats, used_up).await;
    assert_eq!(after["attempts"], 3, "{after}");
    server.stop().await;
}

#[tokio::test]
async fn a_caller_ids_calls_of_today_still_count_after_a_restart() {
    a_caller_id_is_used_up_after("caller_id_day", |caller_id| caller_id.per_day = Some(3)).await;
}

#[tokio::test]
async fn a_caller_ids_calls_of_the_last_hour_still_count_after_a_restart() {
    a_caller_id_is_used_up_after("caller_id_hour", |caller_id| caller_id.per_hour = Some(3)).await;
}
