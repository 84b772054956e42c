//! A client of Alibaba's API, and what its tests wait for.

use std::cell::Cell;
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::alibaba::{signed, told};
use crate::common::{Answer, Server};

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
pub(crate) const SCRIPT: &str = "5a3940ce-a12f-4222-9f0f-605a9b89ea7c";
/// A job with one variable.
pub(crate) const JOB: &str = r#"{"extras":[{"key":"loan","value":"5"}],"contacts":[{"phoneNumber":"13012345678","referenceId":"crm-1","name":"王"}]}"#;

/// A client of the instance `instance-acme`.
pub(crate) struct Client {
    pub(crate) server: Server,
    nonce: Cell<u32>,
}

impl Client {
    pub(crate) async fn start() -> Self {
        let (server, nonce) = (Server::start().await, Cell::new(0));
        Self { server, nonce }
    }

    pub(crate) async fn send(&self, action: &str, pairs: &[(&str, &str)], accept: &str) -> Answer {
        let mut pairs = pairs.to_vec();
        if !pairs.iter().any(|(name, _)| *name == "InstanceId") {
            pairs.push(("InstanceId", "instance-acme"));
        }
        pairs.sort_unstable();
        let encode = |text| utf8_percent_encode(text, ENCODED).to_string();
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        self.nonce.set(self.nonce.get() + 1);
        // The key's rate is kept by the clock of the test.
        self.server.pass(20);
        let nonce = self.nonce.get().to_string();
        let request = signed(action, &pairs.join("&"), &nonce, accept, "2019-12-26");
        self.server.send(request).await
    }

    pub(crate) async fn code(&self, action: &str, pairs: &[(&str, &str)]) -> (u16, String) {
        let answer = self.send(action, pairs, "application/json").await;
        let (status, code) = told(&answer);
        (status, code.to_owned())
    }

    /// An answer that must be a success.
    pub(crate) async fn ask(&self, action: &str, pairs: &[(&str, &str)]) -> Value {
        let answer = self.send(action, pairs, "application/json").await;
        assert_eq!(told(&answer), (200, "OK"), "{action} {}", answer.text);
        answer.json
    }

    /// A new group; its id.
    pub(crate) async fn group(&self, more: &[(&str, &str)]) -> String {
        let mut pairs = vec![("JobGroupName", "spring"), ("ScriptId", SCRIPT)];
        pairs.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        pairs.extend(more);
        let made = self.ask("CreateJobGroup", &pairs).await;
        made["JobGroup"]["JobGroupId"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn status(&self, group: &str) -> String {
        let shown = self.ask("DescribeJobGroup", &[("JobGroupId", group)]).await;
        shown["JobGroup"]["Status"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn all(&self, action: &str, group: &str) -> (u16, String) {
        self.code(action, &[("All", "True"), ("JobGroupId", group)])
            .await
    }

    pub(crate) async fn assign(&self, group: &str) -> Value {
        self.ask("AssignJobs", &[("JobGroupId", group), ("JobsJson.1", JOB)])
            .await
    }

    /// Waits until a group has a status.
    pub(crate) async fn until(&self, group: &str, wanted: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let status = self.status(group).await;
            if status == wanted {
                return;
            }
            assert!(Instant::now() < deadline, "it is {status}, not {wanted}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
