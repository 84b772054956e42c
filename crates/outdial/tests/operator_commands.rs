//! Commands that ask a server: what they send, what they show, and how they end.

mod support;

use serde_json::json;
use support::fake_server::{Answer, Asked, FakeServer};
use support::{code, outdial, outdial_with_input, program, stderr, stdout};

fn not_found() -> Answer {
    (
        404,
        json!({"type": "urn:outdial:problem:not-found", "title": "There is no such thing", "status": 404,
               "detail": "campaign 9 does not exist"}),
    )
}

fn campaign(state: &str) -> serde_json::Value {
    json!({"id": 7, "name": "春季 renewals", "state": state, "end_reason": null, "mode": "progressive",
           "target": {"skill_group": 255}, "caller_ids": ["+8675586013388"], "priority": 3, "revision": 2})
}

fn answers(asked: &Asked) -> Answer {
    match asked.line().as_str() {
        "GET /api/v1/campaigns?limit=1000" => (
            200,
            json!({"items": [campaign("running")], "next_cursor": "n/2"}),
        ),
        "GET /api/v1/campaigns?limit=1000&cursor=n%2F2" => (
            200,
            json!({"items": [{"id": 12, "name": "x\u{1b}[2J", "state": "ended", "end_reason": "list_done",
                "mode": "rate", "target": {"sip": "sip:bot@h"}, "priority": 1}], "next_cursor": null}),
        ),
        "GET /api/v1/campaigns/7" => (200, campaign("running")),
        "GET /api/v1/campaigns/7/stats" => (
            200,
            json!({"state": "running", "contacts": {"waiting": 10, "in_progress": 2, "done": 88},
                "attempts": 120, "answered": 60, "abandoned": 1, "abandonment": 0.016, "occupancy": 0.71,
                "calls_now": {"ringing": 2, "talking": 5, "waiting": 0},
                "agents": {"idle": 1, "busy": 5, "wrap_up": 1, "away": 3},
                "outcomes": {"answered": 60, "busy": 5, "machine": 0},
                "not_dialing_because": [{"code": "no_agent", "text": "no agent is free", "until": null}]}),
        ),
        "POST /api/v1/campaigns/7/start" => (200, campaign("running")),
        "POST /api/v1/campaigns/7/pause" => (
            409,
            json!({"title": "The state does not allow it", "status": 409, "detail": "a draft cannot be paused; start it first"}),
        ),
        "POST /api/v1/campaigns" => match asked.text().contains("\"name\":\"good\"") {
            true => (201, campaign("draft")),
            false => (
                422,
                json!({"title": "Fields of the request are wrong", "status": 422, "detail": "2 fields are wrong; see errors",
                    "errors": [{"field": "mode", "problem": "is required"}, {"field": "colour", "problem": "is not known"}]}),
            ),
        },
        "GET /api/v1/agents?limit=1000" => (
            200,
            json!({"items": [{"id": "1001", "name": "Agent", "state": "ready", "activity": "idle", "leg": "up", "call": null,
                "skill_groups": [255, 256], "reason": ""}], "next_cursor": null}),
        ),
        "PUT /api/v1/agents/1001/state" => {
            let wish: serde_json::Value = serde_json::from_slice(&asked.body).expect("JSON");
            (
                200,
                json!({"id": "1001", "state": wish["state"], "leg": "down"}),
            )
        }
        "GET /api/v1/campaigns/7/explain?number=%2B8613012345678" => (
            200,
            json!({"campaign": [], "contacts": [{"contact_id": 3, "reasons": [
                {"code": "resting", "text": "rests after a busy line", "until": "2026-03-02T01:00:00Z"}],
                "attempts": [{"id": 5, "started_at": "2026-03-02T00:00:00Z", "outcome": "busy", "blame": "callee", "sip_status": 486}]}]}),
        ),
        "GET /api/v1/trunks?limit=1000" => (
            200,
            json!({"items": [{"name": "carrier", "uri": "sip:h", "health": "out", "reason": "no answer to OPTIONS",
                "calls": 0, "max_calls": 30, "breakers": [], "halted": null}], "next_cursor": null}),
        ),
        "POST /api/v1/trunks/carrier/test" => match asked.text().contains("10085") {
            true => (
                200,
                json!({"answered": true, "responded": true, "progress": "ringing", "sip_status": 200, "q850_cause": null}),
            ),
            false => (
                200,
                json!({"answered": false, "responded": true, "progress": null, "sip_status": 486, "q850_cause": 17}),
            ),
        },
        _ => not_found(),
    }
}

fn ask(server: &FakeServer, arguments: &[&str]) -> (i32, String, String) {
    let url = server.url();
    let output = outdial(
        arguments
            .iter()
            .copied()
            .chain(["--url", &url, "--key", "k-1"]),
    );
    (code(&output), stdout(&output), stderr(&output))
}

#[test]
fn every_request_bears_key_and_tenant() {
    let server = FakeServer::start(answers);
    let output = program()
        .args(["campaign", "list"])
        .env("OUTDIAL_URL", format!("{}/", server.url()))
        .env("OUTDIAL_KEY", "k-env")
        .env("OUTDIAL_TENANT", "acme")
        .output()
        .expect("the program runs");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    for asked in server.asked() {
        assert_eq!(asked.header("authorization"), "Bearer k-env");
        assert_eq!(asked.header("outdial-tenant"), "acme");
    }
}

#[test]
fn campaigns_are_listed_over_all_pages() {
    let server = FakeServer::start(answers);
    let (code, shown, told) = ask(&server, &["campaign", "list"]);
    assert_eq!((code, told.as_str()), (0, ""));
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 3, "{shown}");
    assert!(
        lines[0].starts_with("ID") && lines[0].contains("STATE"),
        "{shown}"
    );
    assert!(
        lines[1].contains("running") && lines[1].contains("skill group 255"),
        "{shown}"
    );
    assert!(
        lines[2].contains("ended (list done)") && lines[2].contains("sip:bot@h"),
        "{shown}"
    );
    assert!(!shown.contains('\u{1b}'), "a name moves the cursor");
    let (_, json, _) = ask(&server, &["campaign", "list", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(2));
}

#[test]
fn a_campaign_is_shown_with_how_it_is_doing() {
    let server = FakeServer::start(answers);
    let (code, shown, _) = ask(&server, &["campaign", "show", "7"]);
    assert_eq!(code, 0);
    for part in [
        "campaign 7: 春季 renewals",
        "10 waiting, 2 in progress, 88 done",
        "120 (60 answered, 1 abandoned)",
        "1.6 %",
        "answered 60, busy 5",
        "no agent is free [no_agent]",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
}

#[test]
fn a_campaign_is_made_from_a_file_or_from_standard_input() {
    let server = FakeServer::start(answers);
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("c.json");
    std::fs::write(&file, r#"{"name": "good"}"#).expect("a writable directory");
    let file = file.to_str().expect("UTF-8");
    let (code_, shown, _) = ask(&server, &["campaign", "create", file]);
    assert_eq!(code_, 0);
    assert!(shown.contains("campaign 7 made"), "{shown}");
    let url = server.url();
    let arguments = ["campaign", "create", "-", "--url", &url, "--key", "k"];
    let output = outdial_with_input(&arguments, br#"{"name": "bad"}"#);
    assert_eq!(code(&output), 1);
    let told = stderr(&output);
    assert!(
        told.contains("Fields of the request are wrong (422)"),
        "{told}"
    );
    assert!(
        told.contains("mode: is required") && told.contains("colour: is not known"),
        "{told}"
    );
    let output = outdial_with_input(&arguments, b"{\n\"name\": bad}");
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("standard input:2:"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn commands_change_a_campaigns_state_or_say_why_not() {
    let server = FakeServer::start(answers);
    let (code, shown, _) = ask(&server, &["campaign", "start", "7"]);
    assert_eq!((code, shown.as_str()), (0, "campaign 7 is running\n"));
    let (code, _, told) = ask(&server, &["campaign", "pause", "7"]);
    assert_eq!(code, 1);
    assert!(
        told.contains("a draft cannot be paused; start it first (409)"),
        "{told}"
    );
    let (code, _, told) = ask(&server, &["campaign", "resume", "9"]);
    assert_eq!(code, 1);
    assert!(told.contains("campaign 9 does not exist"), "{told}");
}

#[test]
fn agents_are_listed_and_change_their_state() {
    let server = FakeServer::start(answers);
    let (code, shown, _) = ask(&server, &["agent", "list"]);
    assert_eq!(code, 0);
    assert!(
        shown.contains("1001") && shown.contains("255, 256"),
        "{shown}"
    );
    let (code, shown, _) = ask(
        &server,
        &[
            "agent",
            "break",
            "1001",
            "--reason",
            "lunch",
            "--after-call",
        ],
    );
    assert_eq!(code, 0);
    assert!(shown.contains("agent 1001 is break"), "{shown}");
    let sent = server.asked().pop().expect("a request").text();
    let sent: serde_json::Value = serde_json::from_str(&sent).expect("JSON");
    assert_eq!(
        sent,
        json!({"state": "break", "when": "after_call", "reason": "lunch"})
    );
    let (code, _, _) = ask(&server, &["agent", "ready", "1001"]);
    assert_eq!(code, 0);
}

#[test]
fn an_explanation_is_given_in_words() {
    let server = FakeServer::start(answers);
    let (code, shown, _) = ask(
        &server,
        &["explain", "--campaign", "7", "--number", "+8613012345678"],
    );
    assert_eq!(code, 0);
    assert!(shown.contains("campaign 7 dials"), "{shown}");
    assert!(
        shown.contains("rests after a busy line [resting], until 2026-03-02T01:00:00Z"),
        "{shown}"
    );
    assert!(shown.contains("486"), "{shown}");
}

#[test]
fn a_trunk_is_listed_and_tested() {
    let server = FakeServer::start(answers);
    let (code, shown, _) = ask(&server, &["trunk", "list"]);
    assert_eq!(code, 0);
    assert!(
        shown.contains("out") && shown.contains("no answer to OPTIONS"),
        "{shown}"
    );
    let (code, shown, _) = ask(&server, &["trunk", "test", "carrier", "--to", "10085"]);
    assert_eq!(
        (code, shown.as_str()),
        (
            0,
            "carrier: answered, and hung up, it rang, SIP status 200\n"
        )
    );
    let (code, shown, _) = ask(
        &server,
        &["trunk", "test", "carrier", "--to", "13012345678"],
    );
    assert_eq!(
        (code, shown.as_str()),
        (1, "carrier: not answered, SIP status 486, Q.850 cause 17\n")
    );
}

#[test]
fn who_cannot_be_reached_or_is_no_outdial_is_named() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("bound");
    drop(free);
    let output = outdial([
        "campaign",
        "list",
        "--key",
        "k",
        "--url",
        &format!("http://{address}"),
    ]);
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("cannot be reached"),
        "{}",
        stderr(&output)
    );
    assert!(
        stderr(&output).contains("OUTDIAL_URL"),
        "{}",
        stderr(&output)
    );
    let stranger = FakeServer::start(|_| (200, json!("hello")));
    let (code, _, told) = ask(&stranger, &["campaign", "list"]);
    assert_eq!(code, 1);
    assert!(told.contains("no Outdial server"), "{told}");
}
