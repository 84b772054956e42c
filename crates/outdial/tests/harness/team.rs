//! Agents: phones of the peers, and their states by the API.

use super::{Rest, secs, until};
use outdial_peers::{Phone, PhoneHost, PhoneOptions, Ticker, Timing};
use serde_json::{Value, json};
use std::time::Duration;

/// The id of the n-th agent.
pub(crate) fn id(n: usize) -> String {
    (1001 + n).to_string()
}

/// Agents with phones behind one socket.
pub(crate) struct Team {
    pub(crate) phones: Vec<Phone>,
    /// Keeps the socket open.
    pub(crate) host: PhoneHost,
}

impl Team {
    /// So many phones, each with these options and the agent's id as its user.
    pub(crate) async fn start(
        count: usize,
        options: impl Fn(PhoneOptions) -> PhoneOptions,
    ) -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        let host = PhoneHost::start(listen, Timing::default(), &Ticker::start())
            .await
            .unwrap();
        let phones = (0..count)
            .map(|n| host.phone(options(PhoneOptions::new(id(n)))))
            .collect();
        Self { phones, host }
    }

    /// Id and address of each, for the configuration.
    pub(crate) fn agents(&self) -> Vec<(String, String)> {
        self.phones
            .iter()
            .enumerate()
            .map(|(n, phone)| (id(n), phone.uri()))
            .collect()
    }

    /// Sets everybody ready and waits until every leg is up.
    pub(crate) async fn ready(&self, rest: &Rest) {
        for n in 0..self.phones.len() {
            set_state(rest, &id(n), "ready");
        }
        for n in 0..self.phones.len() {
            until_leg(rest, &id(n), "up", secs(15)).await;
        }
    }
}

/// Sets an agent's wished state, now.
pub(crate) fn set_state(rest: &Rest, id: &str, state: &str) {
    rest.put(&format!("agents/{id}/state"), &json!({ "state": state }))
        .ok("agent state");
}

pub(crate) fn agent(rest: &Rest, id: &str) -> Value {
    rest.get(&format!("agents/{id}")).ok("agent")
}

/// Waits until an agent's leg is `down`, `calling` or `up`.
pub(crate) async fn until_leg(rest: &Rest, id: &str, leg: &str, limit: Duration) -> Value {
    until_agent(rest, id, &format!("its leg is {leg}"), limit, |a| {
        a["leg"] == leg
    })
    .await
}

pub(crate) async fn until_agent(
    rest: &Rest,
    id: &str,
    what: &str,
    limit: Duration,
    holds: impl Fn(&Value) -> bool,
) -> Value {
    until(&format!("agent {id}: {what}"), limit, || {
        let agent = agent(rest, id);
        if holds(&agent) {
            Ok(agent)
        } else {
            Err(agent.to_string())
        }
    })
    .await
}
