//! Small clients of the four vendors' APIs, written from their public pages and from nothing of the
//! server's code: each signs its requests and reads its vendor's envelope.

mod alibaba;
mod dezhu;
mod huawei;
mod tencent;

pub(crate) use alibaba::{Alibaba, SCRIPT};
pub(crate) use dezhu::{Dezhu, DezhuKey, task};
pub(crate) use huawei::{Huawei, all_day, of_agents, of_flow, segments};
pub(crate) use tencent::{Tencent, predictive};

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use ureq::Agent;
use ureq::http::Request;

/// Longest time that any answer may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Keys of all vendors, as lines of the tenant's table.
pub(crate) fn lines(dezhu: &DezhuKey) -> String {
    let lines = [tencent::lines(), alibaba::lines(), huawei::lines()];
    format!("{}{}", lines.concat(), dezhu.lines())
}

/// Sends requests to the server under test.
#[derive(Clone, Debug)]
struct Http {
    agent: Agent,
    /// `127.0.0.1:PORT`
    host: String,
}

impl Http {
    fn new(port: u16) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(LIMIT))
            .build();
        Self {
            agent: config.into(),
            host: format!("127.0.0.1:{port}"),
        }
    }

    /// Status and JSON of the answer.
    fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: &str,
    ) -> (u16, Value) {
        let uri = format!("http://{}{path}", self.host);
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(body.to_owned()).unwrap();
        // The client blocks; other tasks of this test's runtime go on meanwhile.
        tokio::task::block_in_place(|| {
            let request = self
                .agent
                .configure_request(request)
                .allow_non_standard_methods(true)
                .build();
            let mut answer = self.agent.run(request).unwrap();
            let text = answer.body_mut().read_to_string().unwrap();
            let json = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{method} {path}: {error}: {text}"));
            (answer.status().as_u16(), json)
        })
    }
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Percent-encodes all but letters, digits and `-._~`.
fn enc(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => write!(out, "%{byte:02X}").unwrap(),
        }
        out
    })
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// Now, in UTC, as `strftime` writes it.
fn utc(format: &str) -> String {
    jiff::Timestamp::from_millisecond(now_ms())
        .unwrap()
        .strftime(format)
        .to_string()
}
