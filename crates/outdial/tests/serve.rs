//! The real server, asked by the real operator commands.

mod support;

use rust_xlsxwriter::Workbook;
use serde_json::Value;
use support::live_server::{BusyTrunk, LiveServer, write_configuration};
use support::{code, outdial, stderr, stdout};

const SETTINGS: &str = r#"{"name": "spring", "mode": "progressive", "target": {"skill_group": 255},
    "caller_ids": ["075586013388"]}"#;

fn write(server: &LiveServer, name: &str, text: &str) -> String {
    let path = server.directory.path().join(name);
    std::fs::write(&path, text).expect("a writable directory");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn a_campaign_is_made_filled_run_and_exported_by_operator_commands() {
    let trunk = BusyTrunk::start();
    let server = LiveServer::start(trunk.address);
    let settings = write(&server, "campaign.json", SETTINGS);
    let made = server.ask(&["campaign", "create", &settings, "--json"]);
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    let id = made["id"].to_string();

    let list = write(
        &server,
        "list.csv",
        "number,city\n13012345678,Beijing\nnonsense,Xi'an\n+8613012345679,\n",
    );
    let imported = server.ask(&["import", "--campaign", &id, &list]);
    assert_eq!(code(&imported), 0, "{}", stderr(&imported));
    assert!(
        stdout(&imported).contains("line 3: number: "),
        "{}",
        stdout(&imported)
    );
    assert!(
        stdout(&imported).contains("2 contacts accepted, 1 rejected"),
        "{}",
        stdout(&imported)
    );

    let path = server.directory.path().join("list.xlsx");
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, number) in ["number", "13012345680", "13012345678", "x"]
        .into_iter()
        .enumerate()
    {
        sheet.write(row as u32 * 2, 0, number).expect("a cell");
    }
    workbook.save(&path).expect("a writable directory");
    let path = path.to_str().expect("UTF-8");
    let imported = server.ask(&["import", "--campaign", &id, path, "--skip-duplicates"]);
    assert_eq!(code(&imported), 0, "{}", stderr(&imported));
    assert!(
        stdout(&imported).contains("row 7: number: "),
        "{}",
        stdout(&imported)
    );
    assert!(
        stdout(&imported).contains("1 left out as duplicates"),
        "{}",
        stdout(&imported)
    );

    let started = server.ask(&["campaign", "start", &id]);
    assert_eq!(
        stdout(&started),
        format!("campaign {id} is running\n"),
        "{}",
        stderr(&started)
    );
    let explained = server.ask(&["explain", "--campaign", &id, "--number", "13012345678"]);
    assert!(
        stdout(&explained).contains("[no_agent]"),
        "{}",
        stdout(&explained)
    );
    let shown = server.ask(&["campaign", "show", &id]);
    assert!(stdout(&shown).contains("3 waiting"), "{}", stdout(&shown));
    let agents = server.ask(&["agent", "list"]);
    assert!(stdout(&agents).contains("offline"), "{}", stdout(&agents));

    let exported = server.ask(&["export", "--campaign", &id, "--format", "csv"]);
    assert_eq!(code(&exported), 0, "{}", stderr(&exported));
    let header = stdout(&exported);
    assert!(
        header.starts_with("attempt_id,") && header.trim_end().ends_with(",city"),
        "{header}"
    );

    let refused = server.ask(&["campaign", "resume", &id]);
    assert_eq!(code(&refused), 1);
    assert!(stderr(&refused).contains("(409)"), "{}", stderr(&refused));
    let (status, _) = server.stop();
    assert!(status.success(), "{status}");
}

#[test]
fn no_log_shows_a_number_even_when_everything_is_logged() {
    let trunk = BusyTrunk::start();
    let server = LiveServer::start(trunk.address);
    let settings = write(&server, "campaign.json", SETTINGS);
    assert_eq!(code(&server.ask(&["campaign", "create", &settings])), 0);
    let list = write(
        &server,
        "list.csv",
        "number\n13012345678\n1301234567890123456789x\n",
    );
    assert_eq!(code(&server.ask(&["import", "--campaign", "1", &list])), 0);
    server.ask(&["explain", "--campaign", "1", "--number", "13012345678"]);
    let tested = server.ask(&["trunk", "test", "carrier", "--to", "13012345678"]);
    assert_eq!(code(&tested), 1, "{}", stderr(&tested));
    assert!(
        stdout(&tested).contains("carrier: not answered, SIP status 486"),
        "{}",
        stdout(&tested)
    );
    let (status, log) = server.stop();
    assert!(status.success(), "{status}");
    assert!(log.contains("request"), "nothing is logged");
    for digits in ["13012345678", "75586013388", "admin-key"] {
        let leaks: Vec<&str> = log
            .lines()
            .filter(|line| line.contains(digits))
            .take(3)
            .collect();
        assert!(leaks.is_empty(), "{leaks:#?}");
    }
}

#[test]
fn check_tries_database_and_trunks_also_beside_a_running_server() {
    let trunk = BusyTrunk::start();
    let directory = tempfile::tempdir().expect("a directory");
    let path = write_configuration(directory.path(), trunk.address);
    let path = path.to_str().expect("UTF-8");
    let checked = outdial(["check", "--config", path]);
    assert_eq!(code(&checked), 0, "{}", stderr(&checked));
    assert!(
        stdout(&checked).contains("trunk carrier: answered OPTIONS in "),
        "{}",
        stdout(&checked)
    );

    let server = LiveServer::start(trunk.address);
    let configuration = server.configuration();
    let beside = outdial(["check", "--config", configuration.to_str().expect("UTF-8")]);
    assert_eq!(code(&beside), 0, "{}", stderr(&beside));
    assert!(
        stdout(&beside).contains("in use by another process"),
        "{}",
        stdout(&beside)
    );
    server.stop();

    std::fs::write(
        directory.path().join("outdial.db"),
        "no database at all, but a text",
    )
    .expect("writable");
    let foreign = outdial(["check", "--config", path]);
    assert_eq!(code(&foreign), 1);
    assert!(
        stderr(&foreign).contains("error: database "),
        "{}",
        stderr(&foreign)
    );
    drop(trunk);
}

#[test]
fn a_trunk_that_says_nothing_fails_the_check() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let directory = tempfile::tempdir().expect("a directory");
    let path = write_configuration(directory.path(), silent.local_addr().expect("bound"));
    let checked = outdial(["check", "--config", path.to_str().expect("UTF-8")]);
    assert_eq!(code(&checked), 1);
    assert!(
        stderr(&checked).contains("error: trunk carrier: no answer"),
        "{}",
        stderr(&checked)
    );
}

#[test]
fn a_port_that_is_taken_is_named_with_its_remedy() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let trunk = BusyTrunk::start();
    let directory = tempfile::tempdir().expect("a directory");
    let path = write_configuration(directory.path(), trunk.address);
    let output = support::program()
        .args(["serve", "--config"])
        .arg(&path)
        .env(
            "OUTDIAL_SERVER__LISTEN",
            taken.local_addr().expect("bound").to_string(),
        )
        .output()
        .expect("the program runs");
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("another address"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_vendors_apis_are_on_the_port_of_our_own() {
    let trunk = BusyTrunk::start();
    let server = LiveServer::start(trunk.address);
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let ask = |path: &str| {
        let address = format!("{}{path}", server.url);
        let mut response = agent.get(&address).call().expect("an answer");
        let json: Value = response.body_mut().read_json().expect("JSON");
        (response.status().as_u16(), json)
    };
    let (status, json) = ask("/?Version=2020-02-10&Action=None");
    let code = json["Response"]["Error"]["Code"].as_str();
    assert_eq!((status, code), (200, Some("MissingParameter")), "{json}");
    let (status, json) = ask("/?Version=2019-12-26&Action=None");
    assert_eq!(
        (status, json["Code"].as_str()),
        (400, Some("MissingAccessKeyId")),
        "{json}"
    );
    let (status, json) = ask("/rest/isales/v1/openapi/campaigns/7");
    assert_eq!(
        (status, json["resultCode"].as_str()),
        (401, Some("401")),
        "{json}"
    );
    let (status, json) = ask("/speech/openapi/v1/task/outbound/page");
    assert_eq!(
        (status, json["code"].as_str()),
        (200, Some("10001")),
        "{json}"
    );
    let (status, json) = ask("/nobodys");
    let problem = Some("urn:outdial:problem:route-not-found");
    assert_eq!((status, json["type"].as_str()), (404, problem), "{json}");
    server.stop();
}
