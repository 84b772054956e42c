//! Reserved calls of Huawei's are moved, and their offers with them.

use crate::clients::{now_ms, of_agents};
use crate::harness::{Rest, secs, soak, until};
use crate::world::{Plan, World};
use outdial_peers::{CallLog, CalleePlan, Planner};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::sync::{Arc, Mutex};

/// Everything that `GET /events` has said so far.
type Heard = Arc<Mutex<Vec<Value>>>;

/// Listens to the server's events until it ends.
fn listen(rest: &Rest) -> Heard {
    let heard = Heard::default();
    let (rest, said) = (rest.clone(), Arc::clone(&heard));
    std::thread::spawn(move || {
        let events = BufReader::new(rest.stream("events"));
        // The server ends with the test, and the stream with it.
        for line in events.lines().map_while(Result::ok) {
            if let Some(data) = line.strip_prefix("data:") {
                let event = serde_json::from_str(data.trim()).unwrap();
                said.lock().unwrap().push(event);
            }
        }
    });
    heard
}

/// When an agent's offer of a reserved call was made, in milliseconds since 1970.
fn offers(heard: &Heard, agent: &str) -> Vec<i64> {
    let heard = heard.lock().unwrap();
    let made = heard.iter().filter(|event| {
        event["appointment_id"].is_u64() && event["agent_id"] == agent && event["offer_id"].is_u64()
    });
    let at = |event: &Value| -> i64 {
        let at: jiff::Timestamp = event["at"].as_str().unwrap().parse().unwrap();
        at.as_millisecond()
    };
    made.map(at).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn moving_a_reserved_call_moves_its_offer() {
    let plan = Plan {
        agents: 2,
        ..Plan::new(Planner::same(CalleePlan::refuse(486)))
    };
    let world = World::start("huawei-reserved", plan).await;
    let heard = listen(world.rest());
    let campaign = world.huawei.create(&of_agents("reserved"));
    let reserve = |agent: &str, number: &str, at: i64| {
        let body = json!({
            "callType": "1", "calledNo": number, "workNo": agent,
            "taskId": campaign, "appointTime": at,
        });
        let made = world.huawei.ok("POST", "/appoint/create", Some(&body));
        made["returnObject"]["appointId"].clone()
    };
    let hour = 3_600_000;
    let start = now_ms();
    let postponed = reserve("1001", "13800138001", start + 8_000);
    let hastened = reserve("1002", "13800138002", start + hour);
    let move_to = |id: &Value, at: i64| {
        let body = json!({ "appointId": id, "appointTime": at });
        world.huawei.ok("POST", "/appoint/update", Some(&body));
    };
    // Far ahead first: a slow machine may not have passed the time before it is moved.
    let (later, sooner) = (start + 10_000, start + 8_500);
    move_to(&postponed, later);
    move_to(&hastened, sooner);
    assert!(
        now_ms() < start + 8_000,
        "this machine is too slow to move it"
    );
    for (agent, due) in [("1002", sooner), ("1001", later)] {
        let what = format!("the call of {agent} is offered");
        let at = until(&what, secs(40), || {
            let offers = offers(&heard, agent);
            offers.first().copied().ok_or(format!("{offers:?}"))
        })
        .await;
        assert!(
            at >= due,
            "{agent}: offered {} ms before its time",
            due - at
        );
        let late = at - due;
        println!("{agent}: offered {late} ms after its time");
        assert!(
            late <= if soak() { 1_000 } else { 10_000 },
            "{agent}: {late} ms late"
        );
    }
    for agent in ["1001", "1002"] {
        assert_eq!(offers(&heard, agent).len(), 1, "{agent}: one offer");
    }
    // What an agent decides on is not dialed before.
    assert_eq!(world.carrier.read(CallLog::count), 0);
    let offer = world.rest().get("agents/1001/offers").ok("offers")["items"][0].clone();
    assert_eq!(offer["contact"]["number"], "+8613800138001", "{offer}");
}
