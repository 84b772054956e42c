//! An independent client for Dezhu's API.

use std::fs;
use std::process::Command;

use crate::harness::{Config, Server, Team, Work, ms, ports, secs};
use crate::script;
use outdial_peers::{CalleePlan, Carrier, CarrierOptions, Planner};

const APP_ID: &str = "99845aaaaebd4d61acccc9b776208f12";

/// A pair of keys: the path of the private one, and the public one.
fn key_pair(work: &Work) -> (String, String) {
    let key = work.path("private.pem");
    let openssl = |arguments: &[&str]| {
        let done = Command::new("openssl").args(arguments).output();
        let done = done.expect("the command openssl; on Debian: apt-get install openssl");
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).unwrap()
    };
    let private = key.display().to_string();
    openssl(&["genrsa", "-out", &private, "2048"]);
    assert!(fs::metadata(&key).is_ok_and(|file| file.len() > 0));
    let public = openssl(&["rsa", "-in", &private, "-pubout"]);
    (private, public)
}

/// The tenant's section; `more` stands in its table for Dezhu.
fn tenant(public: &str, more: &str) -> String {
    format!(
        "caller_ids = [\"075586013388\", \"4008013260\"]\n\
         [tenant.dezhu]\napp_id = \"{APP_ID}\"\npublic_key = \"\"\"\n{public}\"\"\"\n{more}\n\
         [[tenant.number_group]]\nid = \"1070678044124225\"\ncaller_ids = [\"075586013388\"]"
    )
}

async fn run(server: &Server, private: &str, more: &[(&str, String)], work: &Work) {
    let arguments = [
        ("--base", format!("http://127.0.0.1:{}", server.http)),
        ("--app-id", APP_ID.to_owned()),
        ("--key", private.to_owned()),
        ("--skill-set", "255".to_owned()),
        ("--number-group", "1070678044124225".to_owned()),
    ];
    let arguments = arguments.iter().chain(more);
    let arguments: Vec<String> = arguments
        .flat_map(|(name, value)| [(*name).to_owned(), value.clone()])
        .collect();
    script::run_with("dezhu_client.py", &arguments, work).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_made_edited_run_and_closed() {
    let work = Work::new("dezhu");
    let (private, public) = key_pair(&work);
    let own =
        "paths = [{ method = \"GET\", path = \"/sg/list\", operation = \"list_skill_groups\" }]";
    let config = Config::new()
        .carrier("sip:127.0.0.1:9")
        .tenant(&tenant(&public, own));
    let server = Server::start(&work, &config).await;
    run(&server, &private, &[], &work).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_is_told_to_the_tenants_own_address() {
    let work = Work::new("dezhu-push");
    let (private, public) = key_pair(&work);
    let plan = CalleePlan::answer().ring_time(ms(100)).talk(secs(2));
    let carrier = Carrier::start(CarrierOptions::new(Planner::same(plan)))
        .await
        .unwrap();
    let team = Team::start(1, |phone| phone).await;
    let receiver = ports::free();
    let tells = format!("callback_url = \"http://127.0.0.1:{receiver}/records\"");
    let config = Config::new()
        .carrier(&carrier.uri())
        .agents(team.agents())
        .tenant(&tenant(&public, &tells));
    let server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let receiver = [("--receiver", receiver.to_string())];
    run(&server, &private, &receiver, &work).await;
}
