//! A client of the server's API.

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;

use super::Failure;

/// Longest time that an answer may take.
const LIMIT: Duration = Duration::from_secs(60);

/// A client with the admin's key.
#[derive(Clone, Debug)]
pub struct Rest {
    agent: Agent,
    base: String,
    key: &'static str,
}

impl Rest {
    pub fn new(port: u16, key: &'static str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(LIMIT))
            .build();
        Self {
            agent: config.into(),
            base: format!("http://127.0.0.1:{port}"),
            key,
        }
    }

    /// Whether the server takes requests.
    pub fn is_ready(&self) -> bool {
        let answer = self.agent.get(format!("{}/readyz", self.base)).call();
        answer.is_ok_and(|answer| answer.status() == 200)
    }

    pub fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send("GET", path, "application/json", Vec::new())
    }

    pub fn put(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send("PUT", path, "application/json", body.to_string().into())
    }

    pub fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send("POST", path, "application/json", body.to_string().into())
    }

    /// A POST without a body, as for commands.
    pub fn command(&self, path: &str) -> Result<Value, Failure> {
        self.send("POST", path, "application/json", Vec::new())
    }

    pub fn post_csv(&self, path: &str, text: String) -> Result<Value, Failure> {
        self.send("POST", path, "text/csv", text.into())
    }

    /// Every item of a list, page by page.
    pub fn all(&self, path: &str) -> Result<Vec<Value>, Failure> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let mut page = self.get(&format!("{path}?limit=500{cursor}"))?;
            match page["items"].take() {
                Value::Array(more) => items.extend(more),
                other => return Err(format!("{path}: no list but {other}").into()),
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Value, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}/api/v1/{path}", self.base))
            .header("Authorization", format!("Bearer {}", self.key));
        if !body.is_empty() {
            request = request.header("Content-Type", content_type);
        }
        let request = self
            .agent
            .configure_request(request.body(body)?)
            .allow_non_standard_methods(true)
            .build();
        let mut answer = self.agent.run(request)?;
        let text = answer
            .body_mut()
            .with_config()
            .limit(1 << 28)
            .read_to_string()?;
        if answer.status().is_success() {
            Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
        } else {
            Err(format!("{method} {path}: {} {text}", answer.status()).into())
        }
    }
}
