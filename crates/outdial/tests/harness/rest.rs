//! A client of our REST API that hides nothing: status, headers and body of every answer.

use serde_json::Value;
use std::time::Duration;
use ureq::http::{Request, Response};
use ureq::{Agent, Body};

/// Longest time that any answer may take.
const LIMIT: Duration = Duration::from_secs(30);

/// A client with a key.
#[derive(Clone, Debug)]
pub(crate) struct Rest {
    agent: Agent,
    base: String,
    key: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) text: String,
}

impl Answer {
    fn of(mut response: Response<Body>) -> Self {
        let content_type = response
            .headers()
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let status = response.status().as_u16();
        let text = response
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_string()
            .unwrap();
        Self {
            status,
            content_type,
            text,
        }
    }

    /// The body; `null` where it is not JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The body of an answer that has to be a success.
    pub(crate) fn ok(self, what: &str) -> Value {
        assert!(
            (200..300).contains(&self.status),
            "{what}: {} {}",
            self.status,
            self.text
        );
        self.json()
    }
}

impl Rest {
    /// A client of the server at `http://ADDRESS`.
    pub(crate) fn new(base: &str, key: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(LIMIT))
            .build();
        Self {
            agent: config.into(),
            base: base.to_owned(),
            key: key.to_owned(),
        }
    }

    /// The same server with another key.
    pub(crate) fn with_key(&self, key: &str) -> Self {
        Self {
            key: key.to_owned(),
            ..self.clone()
        }
    }

    /// Any request; `Err` only when there is no HTTP answer at all.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<Answer, String> {
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/api/v1/{path}")
        };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        if !self.key.is_empty() {
            request = request.header("Authorization", format!("Bearer {}", self.key));
        }
        if let Some(content_type) = content_type {
            request = request.header("Content-Type", content_type);
        }
        let request = request
            .body(body.to_vec())
            .map_err(|error| error.to_string())?;
        // The client blocks; other tasks of this test's runtime go on meanwhile.
        let answer = tokio::task::block_in_place(|| {
            let request = self
                .agent
                .configure_request(request)
                .allow_non_standard_methods(true)
                .build();
            self.agent.run(request).map(Answer::of)
        });
        answer.map_err(|error| error.to_string())
    }

    /// The body of a GET as it comes, for as long as the server sends.
    pub(crate) fn stream(&self, path: &str) -> impl std::io::Read + use<> {
        let endless = Agent::config_builder().timeout_global(None).build();
        let agent: Agent = endless.into();
        let answer = agent
            .get(format!("{}/api/v1/{path}", self.base))
            .header("Authorization", format!("Bearer {}", self.key))
            .call()
            .unwrap_or_else(|error| panic!("GET {path}: {error}"));
        answer.into_body().into_reader()
    }

    fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = body.to_string();
        self.send(method, path, Some("application/json"), body.as_bytes())
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, b"")
            .unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.json("POST", path, body)
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        self.json("PUT", path, body)
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> Answer {
        self.json("PATCH", path, body)
    }

    /// A POST without a body, as for commands.
    pub(crate) fn command(&self, path: &str) -> Answer {
        self.send("POST", path, None, b"")
            .unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// Every item of a list, page by page.
    pub(crate) fn all(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let from = cursor.map(|c| format!("&cursor={c}")).unwrap_or_default();
            let page = self.get(&format!("{path}{joint}limit=500{from}")).ok(path);
            items.extend(
                page["items"]
                    .as_array()
                    .expect("a list has items")
                    .iter()
                    .cloned(),
            );
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return items,
            }
        }
    }
}
