//! Wrong requests and garbage on the SIP port.

use crate::harness::config::{CALLER_ID, GROUP};
use crate::harness::{Campaign, Config, Server, Team, Work, list, ms, secs, until};
use outdial_peers::{CalleePlan, Carrier, CarrierOptions, Planner};
use serde_json::{Value, json};
use std::io::Write as _;
use std::net::{TcpStream, UdpSocket};

/// A wrong request, and what its problem document has to say.
struct Wrong {
    method: &'static str,
    path: &'static str,
    content_type: Option<&'static str>,
    body: String,
    status: u16,
    /// A field that has to be named; empty where it is not about one.
    field: &'static str,
}

fn wrong(
    method: &'static str,
    path: &'static str,
    body: Value,
    status: u16,
    field: &'static str,
) -> Wrong {
    let content_type = (!body.is_null()).then_some("application/json");
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    Wrong {
        method,
        path,
        content_type,
        body,
        status,
        field,
    }
}

/// A campaign that would be right, with one field changed.
fn campaign(field: &str, value: Value) -> Value {
    let mut fields = json!({
        "name": "wrong",
        "mode": "progressive",
        "target": { "skill_group": GROUP },
        "caller_ids": [CALLER_ID],
    });
    fields[field] = value;
    fields
}

fn wrong_campaigns() -> Vec<Wrong> {
    let cases: Vec<(&'static str, &'static str, Value)> = vec![
        ("name", "name", json!("")),
        ("name", "name", json!(7)),
        ("mode", "mode", json!("quick")),
        ("mode", "mode", json!(null)),
        ("target", "target", json!({ "skill_group": 999 })),
        ("target", "target", json!({ "flow": 1 })),
        (
            "target",
            "target",
            json!({ "skill_group": GROUP, "sip": "sip:a@b" }),
        ),
        ("caller_ids", "caller_ids", json!([])),
        ("caller_ids", "caller_ids", json!(["4008013260"])),
        ("caller_ids", "caller_ids", json!("075586013388")),
        ("ratio", "ratio", json!(3)),
        ("ring_timeout_s", "ring_timeout_s", json!(-1)),
        ("ring_timeout_s", "ring_timeout_s", json!("thirty")),
        ("answer_wait_s", "answer_wait_s", json!(61)),
        ("priority", "priority", json!(0)),
        ("priority", "priority", json!(6)),
        ("order", "order", json!("backwards")),
        ("abandonment_ceiling", "abandonment_ceiling", json!(1.5)),
        (
            "retry",
            "retry.attempts_total",
            json!({ "attempts_total": 0 }),
        ),
        ("retry", "retry.never", json!({ "never": ["sometimes"] })),
        (
            "calendar",
            "calendar.time_zone",
            json!({ "time_zone": "Mars/Olympus" }),
        ),
        (
            "calendar",
            "calendar.rules",
            json!({ "rules": [{ "days": ["mon"], "windows": [{ "from": "25:00", "to": "26:00" }] }] }),
        ),
        ("ring_timeout", "ring_timeout", json!(30)),
        ("state", "state", json!("running")),
    ];
    cases
        .into_iter()
        .map(|(field, named, value)| wrong("POST", "campaigns", campaign(field, value), 422, named))
        .collect()
}

fn other_wrongs() -> Vec<Wrong> {
    let mut cases = vec![
        wrong("GET", "campaigns/4711", json!(null), 404, ""),
        wrong("GET", "campaigns/abc", json!(null), 404, ""),
        wrong("GET", "nothing/here", json!(null), 404, ""),
        wrong("DELETE", "campaigns", json!(null), 405, ""),
        wrong("GET", "campaigns?limit=0", json!(null), 422, "limit"),
        wrong("GET", "campaigns?limit=many", json!(null), 422, "limit"),
        wrong("GET", "campaigns?cursor=%FF%FF", json!(null), 422, "cursor"),
        wrong("GET", "agents/9999", json!(null), 404, ""),
        wrong(
            "PUT",
            "agents/1001/state",
            json!({ "state": "asleep" }),
            422,
            "state",
        ),
        wrong("PUT", "agents/1001/state", json!({}), 422, "state"),
        wrong(
            "PUT",
            "agents/1001/state",
            json!({ "state": "break", "when": "soon" }),
            422,
            "when",
        ),
        wrong(
            "POST",
            "trunks/nowhere/resume",
            json!({ "suspect": "retry" }),
            404,
            "",
        ),
        wrong(
            "POST",
            "trunks/carrier/resume",
            json!({ "suspect": "forget" }),
            422,
            "suspect",
        ),
        wrong("POST", "halt", json!({ "reason": "x" }), 422, "tenant"),
        wrong("POST", "halt", json!({ "campaign": 0 }), 422, "campaign"),
        wrong("POST", "calls/12345/hangup", json!(null), 404, ""),
        wrong(
            "POST",
            "attempts/12345/disposition",
            json!({ "code": "x" }),
            404,
            "",
        ),
        wrong("POST", "campaigns/1/pause", json!(null), 409, ""),
        wrong(
            "POST",
            "campaigns/1/contacts",
            json!({ "number": "13800000000" }),
            400,
            "",
        ),
        wrong(
            "PATCH",
            "campaigns/1",
            json!({ "mode": "ratio" }),
            422,
            "mode",
        ),
        wrong(
            "PATCH",
            "campaigns/1",
            json!({ "colour": "red" }),
            422,
            "colour",
        ),
    ];
    let broken = |body: &str, content_type, status| Wrong {
        method: "POST",
        path: "campaigns",
        content_type,
        body: body.to_owned(),
        status,
        field: "",
    };
    cases.push(broken("{\"name\": ", Some("application/json"), 400));
    cases.push(broken(
        "name=x",
        Some("application/x-www-form-urlencoded"),
        415,
    ));
    cases.push(broken("[]", Some("application/json"), 422));
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_request_gets_a_problem_document_that_names_field_and_reason() {
    let work = Work::new("wrong-requests");
    let config = Config::new()
        .carrier("sip:127.0.0.1:9")
        .agent("1001", "sip:1001@127.0.0.1:9");
    let server = Server::start(&work, &config).await;
    // A draft, so that there is a campaign with id 1.
    let draft = Campaign::create(&server.rest, json!({}));
    assert_eq!(draft.id, 1);

    let cases: Vec<Wrong> = wrong_campaigns()
        .into_iter()
        .chain(other_wrongs())
        .collect();
    assert!(cases.len() >= 30);
    let mut faults = Vec::new();
    for case in &cases {
        let Wrong {
            method,
            path,
            content_type,
            body,
            status,
            field,
        } = case;
        let answer = server
            .rest
            .send(method, path, *content_type, body.as_bytes())
            .unwrap();
        let problem = answer.json();
        let mut fault = |what: &str| {
            faults.push(format!(
                "{method} {path} {body}\n  {what}: {} {}",
                answer.status, answer.text
            ));
        };
        if answer.status != *status {
            fault(&format!("status {status} wanted"));
        } else if answer.content_type != "application/problem+json" {
            fault("no problem document");
        } else if problem["status"] != *status || !problem["title"].is_string() {
            fault("title and status are missing");
        } else if !field.is_empty() && !names(&problem, field) {
            fault(&format!("does not name {field}"));
        }
    }
    assert!(
        faults.is_empty(),
        "{} of {}:\n{}",
        faults.len(),
        cases.len(),
        faults.join("\n")
    );

    for (key, status) in [("", 401), ("wrong-key", 401)] {
        let answer = server.rest.with_key(key).get("campaigns");
        assert_eq!(
            (answer.status, answer.content_type.as_str()),
            (status, "application/problem+json")
        );
    }
    assert_eq!(
        draft.show()["state"],
        "draft",
        "nothing was changed by any of it"
    );
}

/// Whether a problem document has a reason for this field or something in it.
fn names(problem: &Value, field: &str) -> bool {
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().any(|error| {
        error["field"]
            .as_str()
            .is_some_and(|named| named.starts_with(field))
            && error["problem"]
                .as_str()
                .is_some_and(|reason| !reason.is_empty())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_on_the_sip_port_is_ignored_and_counted() {
    let work = Work::new("garbage");
    let talker = CalleePlan::answer().talk(ms(200));
    let carrier = Carrier::start(CarrierOptions::new(Planner::same(talker)))
        .await
        .unwrap();
    let team = Team::start(2, |phone| phone).await;
    let config = Config::new().carrier(&carrier.uri()).agents(team.agents());
    let mut server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;

    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let pieces: [&[u8]; 8] = [
        b"\x00\xff\xfe garbage",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"INVITE",
        b"INVITE sip:x SIP/2.0\r\n\r\n",
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n\r\n",
        b"SIP/2.0 99999 No\r\nCall-ID: a\r\nCSeq: x INVITE\r\n\r\n",
        b"BYE sip:a@127.0.0.1 SIP/2.0\r\nContent-Length: -5\r\n\r\n",
        &[b'A'; 9_000],
    ];
    let rounds = 25;
    for _ in 0..rounds {
        for piece in pieces {
            stranger.send_to(piece, ("127.0.0.1", server.sip)).unwrap();
        }
        // Not faster than a socket's buffer is read.
        tokio::time::sleep(ms(2)).await;
    }
    let over_tcp = 20;
    for _ in 0..over_tcp {
        let mut stranger = TcpStream::connect(("127.0.0.1", server.sip)).unwrap();
        stranger.write_all(pieces[1]).unwrap();
    }
    let expected = f64::from(rounds * 8 + over_tcp);
    let counted = || {
        let count = server.metric("outdial_sip_garbage_total", &[]);
        if count == expected {
            Ok(())
        } else {
            Err(format!("{count} counted"))
        }
    };
    until("garbage is counted in /metrics", secs(5), counted).await;

    let campaign = Campaign::create(&server.rest, json!({}));
    campaign.import(&list::mixed(&[(0, 4)]));
    campaign.start();
    campaign.until_list_done(secs(20)).await;
    assert_eq!(campaign.outcomes(), [("answered".to_owned(), 4)].into());
    assert!(server.is_alive());
    assert!(!server.log().contains("panicked"), "no panic by garbage");
}
