//! The vendors' clients: each signs by its vendor's rule, with the time of day.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use ring::{digest, hmac};
use serde_json::Value;

use crate::support::Failure;
use crate::wire::request;

pub(crate) const HOST: &str = "127.0.0.1:8080";
pub(crate) const SECRET: &str = "bench-secret";
pub(crate) const SDK_APP_ID: u64 = 1_400_000_000;
pub(crate) const INSTANCE: &str = "bench-instance";
pub(crate) const APP_ID: &str = "99845aaaaebd4d61acccc9b776208f12";

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes))
}

fn mac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn encode(bytes: &[u8]) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let one = |b: &u8| match keep(*b) {
        true => char::from(*b).to_string(),
        false => format!("%{b:02X}"),
    };
    bytes.iter().map(one).collect()
}

fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Tencent: TC3-HMAC-SHA256 over a JSON document.
pub(crate) fn tencent(action: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let at = Timestamp::now();
    let (seconds, day) = (
        at.as_second().to_string(),
        at.strftime("%Y-%m-%d").to_string(),
    );
    let canonical = format!(
        "POST\n/\n\ncontent-type:application/json\nhost:{HOST}\n\ncontent-type;host\n{}",
        sha256(body.as_bytes())
    );
    let scope = format!("{day}/ccc/tc3_request");
    let hashed = sha256(canonical.as_bytes());
    let to_sign = format!("TC3-HMAC-SHA256\n{seconds}\n{scope}\n{hashed}");
    let key = mac(format!("TC3{SECRET}").as_bytes(), &day);
    let key = mac(mac(key.as_ref(), "ccc").as_ref(), "tc3_request");
    let signature = hex(mac(key.as_ref(), &to_sign));
    let authorization = format!(
        "TC3-HMAC-SHA256 Credential=bench/{scope}, SignedHeaders=content-type;host, Signature={signature}"
    );
    let headers = [
        ("host", HOST),
        ("content-type", "application/json"),
        ("x-tc-action", action),
        ("x-tc-version", "2020-02-10"),
        ("x-tc-timestamp", &seconds),
        ("authorization", &authorization),
    ];
    request("POST", "/", &headers, body.as_bytes())
}

/// Alibaba: ACS3-HMAC-SHA256 over a query.
pub(crate) fn alibaba(action: &str, pairs: &[(&str, &str)]) -> Result<Vec<u8>, Failure> {
    let nonce: [u8; 16] = ring::rand::generate(&SystemRandom::new())
        .map_err(|_| "the system gives no random numbers")?
        .expose();
    let (nonce, date, content) = (hex(nonce), now(), sha256(b""));
    let mut pairs: Vec<String> = pairs
        .iter()
        .map(|(n, v)| format!("{}={}", encode(n.as_bytes()), encode(v.as_bytes())))
        .collect();
    pairs.sort();
    let query = pairs.join("&");
    let own = [
        ("accept", "application/json"),
        ("host", HOST),
        ("x-acs-action", action),
        ("x-acs-content-sha256", &content),
        ("x-acs-date", &date),
        ("x-acs-signature-nonce", &nonce),
        ("x-acs-version", "2019-12-26"),
    ];
    let names = own.map(|(name, _)| name).join(";");
    let lines: String = own.iter().map(|(n, v)| format!("{n}:{v}\n")).collect();
    let canonical = format!("POST\n/\n{query}\n{lines}\n{names}\n{content}");
    let to_sign = format!("ACS3-HMAC-SHA256\n{}", sha256(canonical.as_bytes()));
    let signature = hex(mac(SECRET.as_bytes(), &to_sign));
    let authorization =
        format!("ACS3-HMAC-SHA256 Credential=bench,SignedHeaders={names},Signature={signature}");
    let mut headers = own.to_vec();
    headers.push(("authorization", &authorization));
    Ok(request("POST", &format!("/?{query}"), &headers, b""))
}

/// Huawei: `auth-v2` over the whole request.
pub(crate) fn huawei(method: &str, path: &str, body: &Value) -> Vec<u8> {
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let path = format!("/rest/isales/v1/openapi/campaigns/7{path}");
    let prefix = format!("auth-v2/bench/{}/host", now());
    let key = hex(mac(SECRET.as_bytes(), &prefix));
    let canonical = format!(
        "{method}\n{path}\nhost\nhost:{}\n{}",
        encode(HOST.as_bytes()),
        encode(body.as_bytes())
    );
    let authorization = format!("{prefix}/{}", hex(mac(key.as_bytes(), &canonical)));
    let headers = [
        ("host", HOST),
        ("content-type", "application/json; charset=UTF-8"),
        ("authorization", &authorization),
    ];
    request(method, &path, &headers, body.as_bytes())
}

/// Dezhu: RSA over application and time.
pub(crate) struct Dezhu(RsaKeyPair);

impl Dezhu {
    pub(crate) fn new() -> Result<Self, Failure> {
        // A pair of keys for tests, which opens nothing.
        let text: String = include_str!("../../../dialects/src/dezhu/test_key.txt")
            .split_whitespace()
            .collect();
        let pair = RsaKeyPair::from_der(&STANDARD.decode(text)?);
        Ok(Self(pair.map_err(|error| error.to_string())?))
    }

    /// As a tenant uploads it.
    pub(crate) fn public_key(&self) -> String {
        STANDARD.encode(self.0.public_key().as_ref())
    }

    pub(crate) fn request(&self, path: &str, body: &Value) -> Result<Vec<u8>, Failure> {
        let time = Timestamp::now().as_millisecond().to_string();
        let mut signature = vec![0; self.0.public().modulus_len()];
        let message = format!("{APP_ID}{time}");
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message.as_bytes(),
                &mut signature,
            )
            .map_err(|_| "the key does not sign")?;
        let headers = [
            ("host", HOST),
            ("content-type", "application/json"),
            ("appId", APP_ID),
            ("timestamp", &time),
            ("sign", &STANDARD.encode(signature)),
        ];
        let target = format!("/speech/openapi/v1{path}");
        Ok(request(
            "POST",
            &target,
            &headers,
            body.to_string().as_bytes(),
        ))
    }
}

/// Our own API.
pub(crate) fn rest(method: &str, path: &str, key: &str, body: &Value) -> Vec<u8> {
    let headers = [
        ("host", HOST),
        ("content-type", "application/merge-patch+json"),
        ("authorization", &format!("Bearer {key}")),
    ];
    let target = format!("/api/v1/{path}");
    request(method, &target, &headers, body.to_string().as_bytes())
}
