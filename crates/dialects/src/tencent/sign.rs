//! Who signed a request to Tencent CCC: TC3-HMAC-SHA256, the way of all current clients.
//!
//! Source: the vendor's page "Signature method v3", and its client libraries as measured.

use std::time::Duration;

use axum::http::Method;
use outdial_domain::Timestamp;

use super::legacy;
use crate::clock::Tolerance;
use crate::incoming::Incoming;
use crate::signing::{KeyRing, hex, hmac_sha256, same, sha256_hex};

/// The only algorithm of the header form.
const ALGORITHM: &str = "TC3-HMAC-SHA256";

/// What is hashed in place of a body that the client did not want to hash.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// Most readings of one request that are tried; each costs a hash and an HMAC.
const CANDIDATES_MAX: usize = 8;

/// How far a client's clock may be off.
pub(super) const TOLERANCE: Tolerance = Tolerance::of(Duration::from_secs(300));

/// Why a request is nobody's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefusal {
    /// A part that every request has is not there.
    #[error("The request is missing the parameter `{0}`.")]
    Missing(&'static str),
    /// The header `Authorization` cannot be read.
    #[error("The header `Authorization` is malformed: {0}.")]
    Malformed(&'static str),
    /// No key has this id.
    #[error("The SecretId is not found.")]
    UnknownKey,
    /// The client's clock is off by more than five minutes.
    #[error(
        "The signature is expired: the request's time is more than 300 seconds from the server's."
    )]
    Expired,
    /// The signature is of another request, or made with another secret.
    #[error(
        "The provided credentials could not be validated. Please check your signature is correct."
    )]
    Mismatch,
}

impl SignatureRefusal {
    /// Tencent's error code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "MissingParameter",
            Self::Malformed(_) => "AuthFailure.InvalidAuthorization",
            Self::UnknownKey => "AuthFailure.SecretIdNotFound",
            Self::Expired => "AuthFailure.SignatureExpire",
            Self::Mismatch => "AuthFailure.SignatureFailure",
        }
    }
}

/// The owner of the key that signed a request, by either way of signing.
///
/// `public_names` are the hosts that clients may have signed in place of the one they connect to.
///
/// # Errors
/// [`SignatureRefusal`].
pub fn verify<'k, T>(
    request: &Incoming,
    keys: &'k KeyRing<T>,
    public_names: &[String],
    now: Timestamp,
) -> Result<(&'k T, String), SignatureRefusal> {
    match request.headers.contains_key("authorization") {
        true => verify_header(request, keys, public_names, now),
        false => legacy::verify(request, keys, public_names, now),
    }
}

fn verify_header<'k, T>(
    request: &Incoming,
    keys: &'k KeyRing<T>,
    public_names: &[String],
    now: Timestamp,
) -> Result<(&'k T, String), SignatureRefusal> {
    let header = request
        .header("authorization")
        .ok_or(SignatureRefusal::Malformed("it is no single text"))?;
    let authorization = Authorization::read(header)?;
    let (secret, owner) = keys
        .find(authorization.key)
        .ok_or(SignatureRefusal::UnknownKey)?;
    let timestamp = request
        .header("x-tc-timestamp")
        .ok_or(SignatureRefusal::Missing("X-TC-Timestamp"))?;
    let signed_at = read_time(timestamp)?;
    if !TOLERANCE.accepts(now, signed_at) {
        return Err(SignatureRefusal::Expired);
    }
    if authorization.date != utc_date(signed_at) {
        return Err(SignatureRefusal::Mismatch);
    }
    let payload = payload_hash(request);
    let scope = authorization.scope;
    let key = signing_key(secret.text(), authorization.date, authorization.service);
    let candidates = header_candidates(request, &authorization, public_names)
        .ok_or(SignatureRefusal::Mismatch)?;
    for headers in candidates {
        let canonical = format!(
            "{}\n/\n{}\n{headers}\n{}\n{payload}",
            request.method,
            request.query(),
            authorization.signed_headers,
        );
        let to_sign = format!(
            "{ALGORITHM}\n{timestamp}\n{scope}\n{}",
            sha256_hex(canonical.as_bytes())
        );
        if same(
            &hex(&hmac_sha256(&key, to_sign.as_bytes())),
            authorization.signature,
        ) {
            return Ok((owner, authorization.key.to_owned()));
        }
    }
    Err(SignatureRefusal::Mismatch)
}

/// The header `Authorization` in its parts.
struct Authorization<'h> {
    key: &'h str,
    date: &'h str,
    service: &'h str,
    /// Date, service and `tc3_request`, as they stand in the header.
    scope: &'h str,
    signed_headers: &'h str,
    signature: &'h str,
}

impl<'h> Authorization<'h> {
    fn read(header: &'h str) -> Result<Self, SignatureRefusal> {
        use SignatureRefusal::Malformed;
        let rest = header
            .strip_prefix(ALGORITHM)
            .and_then(|rest| rest.strip_prefix(' '))
            .ok_or(Malformed("the algorithm is not TC3-HMAC-SHA256"))?;
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in rest.split(',') {
            let (name, value) = part
                .trim()
                .split_once('=')
                .ok_or(Malformed("a part has no `=`"))?;
            let place = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(Malformed("a part is not known")),
            };
            if place.replace(value).is_some() {
                return Err(Malformed("a part stands twice"));
            }
        }
        let credential = credential.ok_or(Malformed("Credential is missing"))?;
        let signed_headers = signed_headers.ok_or(Malformed("SignedHeaders is missing"))?;
        let signature = signature.ok_or(Malformed("Signature is missing"))?;
        let is_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        if signature.len() != 64 || !signature.bytes().all(is_hex) {
            return Err(Malformed("Signature is not 64 lower-case hex digits"));
        }
        let (key, scope) = credential
            .split_once('/')
            .ok_or(Malformed("Credential has not four parts"))?;
        let parts: Vec<&str> = scope.split('/').collect();
        let [date, service, "tc3_request"] = parts[..] else {
            return Err(Malformed(
                "Credential is not SecretId/date/service/tc3_request",
            ));
        };
        check_signed_headers(signed_headers)?;
        Ok(Self {
            key,
            date,
            service,
            scope,
            signed_headers,
            signature,
        })
    }
}

/// Lower-case, ascending, and the two that make a signature mean something.
fn check_signed_headers(list: &str) -> Result<(), SignatureRefusal> {
    let names: Vec<&str> = list.split(';').collect();
    let lower = !list.bytes().any(|c| c.is_ascii_uppercase());
    let ascending = names.windows(2).all(|pair| pair[0] < pair[1]);
    let complete = names.contains(&"content-type") && names.contains(&"host");
    if lower && ascending && complete {
        return Ok(());
    }
    Err(SignatureRefusal::Malformed(
        "SignedHeaders must be lower-case, ascending, and hold content-type and host",
    ))
}

/// UNIX seconds as they stand in a request.
pub(super) fn read_time(text: &str) -> Result<Timestamp, SignatureRefusal> {
    let digits = !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    let seconds: Option<i64> = digits.then(|| text.parse().ok()).flatten();
    seconds
        .and_then(|seconds| seconds.checked_mul(1000))
        .map(Timestamp::from_millis)
        .ok_or(SignatureRefusal::Expired)
}

fn utc_date(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.millis())
        .map(|time| time.strftime("%Y-%m-%d").to_string())
        .unwrap_or_default()
}

fn payload_hash(request: &Incoming) -> String {
    if request.header("x-tc-content-sha256") == Some(UNSIGNED) {
        return sha256_hex(UNSIGNED.as_bytes());
    }
    match request.method == Method::GET {
        true => sha256_hex(b""),
        false => sha256_hex(&request.body),
    }
}

fn signing_key(secret: &str, date: &str, service: &str) -> [u8; 32] {
    let of_date = hmac_sha256(format!("TC3{secret}").as_bytes(), date.as_bytes());
    let of_service = hmac_sha256(&of_date, service.as_bytes());
    hmac_sha256(&of_service, b"tc3_request")
}

/// The canonical headers as the client may have written them: clients differ in the host that they sign
/// and in the case of values. `None` when a signed header is not there.
fn header_candidates(
    request: &Incoming,
    authorization: &Authorization<'_>,
    public_names: &[String],
) -> Option<Vec<String>> {
    let names: Vec<&str> = authorization.signed_headers.split(';').collect();
    let mut values = Vec::with_capacity(names.len());
    for name in &names {
        values.push(match *name {
            "host" => request.host()?,
            name => request.header(name)?,
        });
    }
    let hosts = host_candidates(request.host()?, public_names);
    let mut candidates: Vec<String> = Vec::new();
    for lower in [false, true] {
        for host in &hosts {
            let mut text = String::new();
            for (name, value) in names.iter().zip(&values) {
                let value = if *name == "host" { host } else { *value };
                let value = match lower {
                    true => value.to_lowercase(),
                    false => value.to_owned(),
                };
                text.push_str(&format!("{name}:{value}\n"));
            }
            if !candidates.contains(&text) {
                candidates.push(text);
            }
        }
    }
    candidates.truncate(CANDIDATES_MAX);
    Some(candidates)
}

/// The hosts that a client may have signed: the one it sent, without capitals, without its port, and the
/// vendor's own names, which clients sign that reach us through a gateway.
pub(super) fn host_candidates(wire: &str, public_names: &[String]) -> Vec<String> {
    let mut hosts = vec![wire.to_owned()];
    let without_port = match wire.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|c| c.is_ascii_digit()) => host,
        _ => wire,
    };
    let others = [wire.to_lowercase(), without_port.to_owned()];
    for host in others.into_iter().chain(public_names.iter().cloned()) {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

#[cfg(test)]
#[path = "sign_tests.rs"]
mod tests;
