//! Tencent's Python library and command-line client.

use crate::harness::{Config, Server, Work};
use crate::script;

async fn server(work: &Work) -> Server {
    let config = Config::new()
        .carrier("sip:127.0.0.1:9")
        .flow(4600, "sip:ivr@127.0.0.1:9")
        .tenant(
            "[tenant.tencent]\nsdk_app_id = 1400000000\n\
             keys = [{ id = \"AKIDtestid\", secret = \"testsecret\" }]",
        );
    Server::start(work, &config).await
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
