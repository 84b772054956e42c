//! Tencent's Python library and command-line client.

use crate::harness::{Config, Server, Team, Work, ms, secs};
use crate::script;
use outdial_peers::{CallLog, CalleePlan, Carrier, CarrierOptions, Planner};

fn tenant(config: Config) -> Config {
    config.tenant(
        "[tenant.tencent]\nsdk_app_id = 1400000000\n\
         keys = [{ id = \"AKIDtestid\", secret = \"testsecret\" }]",
    )
}

/// A server whose lines lead nowhere.
async fn server(work: &Work) -> Server {
    let config = Config::new()
        .carrier("sip:127.0.0.1:9")
        .flow(4600, "sip:ivr@127.0.0.1:9");
    Server::start(work, &tenant(config)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_is_made_edited_run_and_deleted() {
    let work = Work::new("tencent-workflow");
    let server = server(&work).await;
    script::run("tencent", "workflow", &work, &server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_range_ends_where_it_is_documented() {
    let work = Work::new("tencent-ranges");
    let server = server(&work).await;
    script::run("tencent", "ranges", &work, &server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_signing_is_checked() {
    let work = Work::new("tencent-signing");
    let server = server(&work).await;
    script::run("tencent", "signing", &work, &server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_after_twenty_in_a_second_is_refused() {
    let work = Work::new("tencent-rate");
    let server = server(&work).await;
    script::run("tencent", "rate", &work, &server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_client_works() {
    let work = Work::new("tencent-cli");
    let server = server(&work).await;
    script::run("tencent", "cli", &work, &server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_automatic_task_is_made_run_and_stopped() {
    let work = Work::new("tencent-tasks");
    let server = server(&work).await;
    script::run("tencent", "tasks", &work, &server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_operation_of_the_library_is_unknown() {
    let work = Work::new("tencent-operations");
    let server = server(&work).await;
    script::run("tencent", "operations", &work, &server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_seen_while_it_lasts_and_told_in_all_detail() {
    let work = Work::new("tencent-sessions");
    // It talks until somebody ends it.
    let plan = CalleePlan::answer().ring_time(ms(100)).talk(secs(600));
    let carrier = Carrier::start(CarrierOptions::new(Planner::same(plan)))
        .await
        .unwrap();
    let team = Team::start(1, |phone| phone).await;
    let config = tenant(Config::new().carrier(&carrier.uri()).agents(team.agents()));
    let server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    script::run("tencent", "sessions", &work, &server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_before_the_start_replaces_whom_the_carrier_is_asked_for() {
    let work = Work::new("tencent-dialing");
    let plan = CalleePlan::answer().ring_time(ms(100)).talk(ms(300));
    let carrier = Carrier::start(CarrierOptions::new(Planner::same(plan)))
        .await
        .unwrap();
    let team = Team::start(1, |phone| phone).await;
    let config = tenant(
        Config::new()
            .carrier(&carrier.uri())
            .agents(team.agents())
            .flow(4600, "sip:ivr@127.0.0.1:9"),
    );
    let server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    script::run("tencent", "dialing", &work, &server).await;
    let numbers = carrier.read(|log: &CallLog| {
        let calls = log.calls().iter();
        calls.map(|call| call.number.clone()).collect::<Vec<_>>()
    });
    assert_eq!(numbers.len(), 2, "{numbers:?}");
    for end in ["13000000003", "13000000004"] {
        let dialed = numbers.iter().any(|number| number.ends_with(end));
        assert!(dialed, "{numbers:?}");
    }
}
