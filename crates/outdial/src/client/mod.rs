//! A client of our own REST API, for the operator commands.

mod error;
mod pages;

use std::io::Read;
use std::time::Duration;

use serde_json::Value;
use ureq::http::{Method, Response, StatusCode};
use ureq::{Agent, Body, SendBody};

use crate::command_line::ServerArguments;

pub(crate) use error::ClientError;
pub(crate) use pages::Pages;

/// Connecting takes no longer than this.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// A request other than an upload, from beginning to end, takes no longer than this.
const REQUEST_LIMIT: Duration = Duration::from_secs(60);
/// A call that is made while the caller waits rings and is given up within this.
const CALL_LIMIT: Duration = Duration::from_secs(180);
/// A server that takes nothing of an upload for so long is taken for dead.
const WRITE_LIMIT: Duration = Duration::from_secs(120);
/// After the last byte of an upload the server may take so long to commit it.
const COMMIT_LIMIT: Duration = Duration::from_secs(600);
/// Most bytes of an answer; a page of 1,000 items with all their attributes stays far below.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

/// The media type of what is sent but for uploads.
const JSON: &str = "application/json";

/// How long an answer is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// As long as a request takes.
    Request,
    /// As long as a call takes.
    Call,
    /// As long as bytes go out, and then until they are committed.
    Upload,
}

/// A server and the key it is asked with.
pub(crate) struct Client {
    agent: Agent,
    /// Without a slash at the end.
    url: String,
    authorization: String,
    tenant: Option<String>,
}

impl Client {
    /// A client of the server that the command line names. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ClientError::Usage`] without a key, or with an address that is none.
    pub(crate) fn new(server: &ServerArguments) -> Result<Self, ClientError> {
        let url = server.url.trim_end_matches('/').to_owned();
        let host = url
            .strip_prefix("http://")
            .or_else(|| url.strip_prefix("https://"));
        if host.is_none_or(str::is_empty) {
            return Err(ClientError::Usage(format!(
                "`{}` is no server's address; give --url http://HOST:PORT or set OUTDIAL_URL",
                url.escape_debug()
            )));
        }
        let Some(key) = server.key.as_deref().filter(|key| !key.is_empty()) else {
            return Err(ClientError::Usage(
                "the server asks for a key; give --key, or set OUTDIAL_KEY (admin_key or a [[tenant.key]] of its configuration)".to_owned(),
            ));
        };
        let header_safe = |text: &str| text.bytes().all(|b| (0x21..=0x7e).contains(&b));
        if !header_safe(key) || !server.tenant.as_deref().is_none_or(header_safe) {
            return Err(ClientError::Usage(
                "the key or the tenant has spaces or letters that no HTTP header can carry"
                    .to_owned(),
            ));
        }
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT_LIMIT))
            .timeout_global(Some(REQUEST_LIMIT))
            .user_agent(concat!("outdial/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Ok(Self {
            agent,
            url,
            authorization: format!("Bearer {key}"),
            tenant: server.tenant.clone(),
        })
    }

    /// Reads something; `path` is below `/api/v1`.
    pub(crate) fn read(&self, path: &str) -> Result<Value, ClientError> {
        self.ask(&Method::GET, path, "", SendBody::none(), Patience::Request)
    }

    /// Sends JSON.
    pub(crate) fn send(
        &self,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, ClientError> {
        let text = body.to_string();
        let mut reader = text.as_bytes();
        let body = SendBody::from_reader(&mut reader);
        self.ask(method, path, JSON, body, Patience::Request)
    }

    /// Sends JSON that makes a call, and waits until the call is over.
    pub(crate) fn send_and_wait(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        let text = body.to_string();
        let mut reader = text.as_bytes();
        let body = SendBody::from_reader(&mut reader);
        self.ask(&Method::POST, path, JSON, body, Patience::Call)
    }

    /// Uploads a stream, for as long as it takes.
    pub(crate) fn upload(
        &self,
        path: &str,
        content_type: &str,
        body: &mut dyn Read,
    ) -> Result<Value, ClientError> {
        let body = SendBody::from_reader(body);
        self.ask(&Method::POST, path, content_type, body, Patience::Upload)
    }

    /// All items of a list, page by page.
    pub(crate) fn list(&self, path: &str) -> Pages<'_> {
        Pages::new(self, path)
    }

    /// Sends a request; without a body the media type is empty.
    fn ask(
        &self,
        method: &Method,
        path: &str,
        content_type: &str,
        body: SendBody<'_>,
        patience: Patience,
    ) -> Result<Value, ClientError> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}/api/v1{path}", self.url))
            .header("authorization", &self.authorization)
            .header("accept", "application/json");
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        if let Some(tenant) = &self.tenant {
            request = request.header("outdial-tenant", tenant);
        }
        let request = request.body(body).map_err(|error| {
            ClientError::Usage(format!(
                "`{}` is no address: {error}",
                self.url.escape_debug()
            ))
        })?;
        let config = self.agent.configure_request(request);
        let config = match patience {
            Patience::Request => config,
            Patience::Call => config.timeout_global(Some(CALL_LIMIT)),
            Patience::Upload => config
                .timeout_global(None)
                .timeout_per_write(Some(WRITE_LIMIT))
                .timeout_recv_response(Some(COMMIT_LIMIT)),
        };
        let answer = self.agent.run(config.build());
        let answer = answer.map_err(|error| ClientError::unreachable(&self.url, error))?;
        read_answer(&self.url, answer)
    }
}

fn read_answer(url: &str, mut answer: Response<Body>) -> Result<Value, ClientError> {
    let status = answer.status();
    let text = answer
        .body_mut()
        .with_config()
        .limit(ANSWER_BYTES_MAX)
        .read_to_string();
    let text = text.map_err(|error| ClientError::unreachable(url, error))?;
    if status == StatusCode::NO_CONTENT || (status.is_success() && text.is_empty()) {
        return Ok(Value::Null);
    }
    match serde_json::from_str(&text) {
        Ok(value) if status.is_success() => Ok(value),
        Ok(value) => Err(ClientError::refused(status.as_u16(), &value)),
        Err(_) => Err(ClientError::NotOurs {
            url: url.to_owned(),
            status: status.as_u16(),
        }),
    }
}

/// A text as one segment of a path.
pub(crate) fn segment(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_an_id_is_it_stays_one_segment() {
        assert_eq!(segment("1001"), "1001");
        assert_eq!(segment("a/../b?c=d"), "a%2F%2E%2E%2Fb%3Fc%3Dd");
        assert_eq!(segment("+86"), "%2B86");
    }

    #[test]
    fn a_client_needs_a_key_and_an_address() {
        let server = |url: &str, key: Option<&str>| {
            Client::new(&ServerArguments {
                url: url.to_owned(),
                key: key.map(str::to_owned),
                tenant: None,
            })
        };
        assert!(server("http://127.0.0.1:8080/", Some("k")).is_ok());
        for (url, key) in [
            ("http://127.0.0.1", None),
            ("http://127.0.0.1", Some("")),
            ("127.0.0.1:8080", Some("k")),
            ("http://", Some("k")),
            ("http://a", Some("k\r\nx: y")),
        ] {
            assert!(
                matches!(server(url, key), Err(ClientError::Usage(_))),
                "{url}"
            );
        }
    }
}
