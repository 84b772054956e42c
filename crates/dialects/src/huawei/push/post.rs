//! One push: a POST of results to the address that a campaign names.
//!
//! The address comes from outside. Only `http` and `https` are spoken, redirects are not followed, no
//! proxy of the environment is used, every step has its time, and little of the answer is read.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};
use ureq::Agent;

/// Time to connect, TLS included. Source: the vendor has it as a setting; this is the project's choice.
const CONNECT: Duration = Duration::from_secs(5);

/// Time for the answer, as above.
const ANSWER: Duration = Duration::from_secs(10);

/// Time for all of it.
const WHOLE: Duration = Duration::from_secs(20);

/// Most bytes of an answer's headers, and of its body, that are read.
const ANSWER_MAX: usize = 16 << 10;

/// Why a push is to be made again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PushFault {
    /// The address may not be pushed to.
    #[error("the address is not http or https at a host that may be called back")]
    Address,
    /// The receiver answered something else than 200.
    #[error("the receiver answered {0}")]
    Status(u16),
    /// There was no answer.
    #[error("no answer: {0}")]
    NoAnswer(String),
}

/// Pushes at once, over all tenants: each takes a thread while it lasts, and receivers that hang must not
/// take those that others need.
const AT_ONCE: usize = 64;

/// Pushes results; cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::huawei) struct Post {
    agent: Agent,
    /// Hosts that may be pushed to; empty = all.
    hosts: Arc<[String]>,
    room: Arc<Semaphore>,
}

impl Post {
    /// Pushes to any host.
    pub(in crate::huawei) fn new() -> Self {
        let settings = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .max_response_header_size(ANSWER_MAX)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(ANSWER))
            .timeout_global(Some(WHOLE))
            .user_agent("outdial");
        let agent = settings.build().new_agent();
        Self {
            agent,
            hosts: Arc::default(),
            room: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// The same, to these hosts only; none = any.
    pub(in crate::huawei) fn to_hosts(&self, hosts: &[String]) -> Self {
        Self {
            hosts: hosts.into(),
            ..self.clone()
        }
    }

    /// Pushes; only the status of the answer decides. Source: the vendor's page about the callback.
    ///
    /// # Errors
    /// [`PushFault`] for everything but 200.
    pub(super) async fn send(&self, url: &str, body: &Value) -> Result<(), PushFault> {
        if !may_be_called_back(url, &self.hosts) {
            return Err(PushFault::Address);
        }
        // The semaphore is never closed.
        let _room = self.room.acquire().await.ok();
        let (post, url, body) = (self.clone(), url.to_owned(), body.to_string());
        let (tell, told) = oneshot::channel();
        // A thread of its own, not one of the runtime's: a server that stops does not wait for a receiver
        // that hangs. What was on its way then is pushed again by the next one.
        let thread = std::thread::Builder::new().name("push".to_owned());
        let begun = thread.spawn(move || {
            // Whoever asked may have gone.
            let _ = tell.send(post.send_now(&url, &body));
        });
        begun.map_err(|error| PushFault::NoAnswer(error.to_string()))?;
        let ended = |_| Err(PushFault::NoAnswer("the push has failed".to_owned()));
        told.await.unwrap_or_else(ended)
    }

    fn send_now(&self, url: &str, body: &str) -> Result<(), PushFault> {
        let request = self
            .agent
            .post(url)
            .header("Content-Type", "application/json; charset=UTF-8");
        let answer = request.send(body);
        let mut answer = answer.map_err(|error| PushFault::NoAnswer(error.to_string()))?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(PushFault::Status(status));
        }
        let limit = ANSWER_MAX as u64;
        let told = answer.body_mut().with_config().limit(limit).read_json();
        if let Ok(Value::Object(told)) = told
            && let Some(code) = told.get("retCode")
            && code.as_str() != Some("0")
            && code.as_i64() != Some(0)
        {
            tracing::warn!(%code, "a receiver of results answered 200 and another retCode than 0");
        }
        Ok(())
    }
}

/// Whether an address may be called back: `http` or `https`, and a host of the list where there is one.
pub(in crate::huawei) fn may_be_called_back(url: &str, hosts: &[String]) -> bool {
    let Ok(uri) = url.parse::<axum::http::Uri>() else {
        return false;
    };
    let scheme = uri.scheme_str();
    let Some(host) = uri.host().filter(|host| !host.is_empty()) else {
        return false;
    };
    let listed = |own: &String| own.eq_ignore_ascii_case(host);
    matches!(scheme, Some("http" | "https")) && (hosts.is_empty() || hosts.iter().any(listed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_and_of_the_list_are_called_back() {
        let any = |url| may_be_called_back(url, &[]);
        for sound in [
            "http://127.0.0.1:8080/a",
            "HTTPS://crm.example.com/a?b=c",
            "http://[::1]/",
        ] {
            assert!(any(sound), "{sound}");
        }
        for wrong in [
            "",
            "/results",
            "ftp://crm.example.com/",
            "file:///etc/passwd",
            "http://",
            "gopher://x/",
            "crm.example.com/a",
        ] {
            assert!(!any(wrong), "{wrong}");
        }
        let hosts = ["crm.example.com".to_owned()];
        assert!(may_be_called_back("https://CRM.example.com:8443/x", &hosts));
        for other in [
            "https://example.com/",
            "https://crm.example.com.evil.example/",
            "https://crm.example.com@evil.example/",
        ] {
            assert!(!may_be_called_back(other, &hosts), "{other}");
        }
    }
}
