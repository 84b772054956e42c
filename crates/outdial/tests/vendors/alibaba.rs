//! Alibaba's Python libraries, the present and the older one.

use crate::harness::{Config, Server, Work};
use crate::script;

const SCRIPT: &str = "5a3940ce-a12f-4222-9f0f-605a9b89ea7c";

/// A server whose lines lead nowhere, with the numbers and scripts that the workflows name.
async fn run(workflow: &str) {
    let work = Work::new(&format!("alibaba-{workflow}"));
    let tenant = format!(
        "caller_ids = [\"075586013388\"]\n\
         [tenant.alibaba]\ninstance_id = \"174952ab-9825-4cc9-a5e2-de82d7fa4cdd\"\n\
         keys = [{{ id = \"LTAItestid\", secret = \"testsecret\" }}]\n\
         [[tenant.flow]]\nid = 41\nname = \"script\"\nuri = \"sip:bot@127.0.0.1:9\"\n\
         aliases = [\"{SCRIPT}\"]"
    );
    let config = Config::new().carrier("sip:127.0.0.1:9").tenant(&tenant);
    let server = Server::start(&work, &config).await;
    script::run("alibaba", workflow, &work, &server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_made_edited_run_and_deleted() {
    run("workflow").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn single_jobs_are_held_and_asked_for_later() {
    run("jobs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_block_list_and_the_limits_are_told_and_changed() {
    run("instance").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_signing_is_checked() {
    run("signing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_range_ends_where_it_is_documented() {
    run("ranges").await;
}
