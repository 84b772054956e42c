//! Who signed a request to Tencent CCC the old way: HmacSHA1 or HmacSHA256 over the parameters.
//!
//! Source: the vendor's page "Signature method v1", and its client library as measured.

use std::collections::BTreeMap;

use axum::http::Method;
use outdial_domain::Timestamp;

use super::sign::{SignatureRefusal, TOLERANCE, host_candidates, read_time};
use crate::incoming::Incoming;
use crate::signing::{KeyRing, base64, decode_form, hmac_sha1, hmac_sha256, same};

pub(super) fn verify<'k, T>(
    request: &Incoming,
    keys: &'k KeyRing<T>,
    public_names: &[String],
    now: Timestamp,
) -> Result<(&'k T, String), SignatureRefusal> {
    let text = match request.method == Method::GET {
        true => request.query().as_bytes(),
        false if request.is_form() => &request.body,
        // A body of another kind holds no signature.
        false => b"",
    };
    let pairs = decode_form(text).ok_or(SignatureRefusal::Mismatch)?;
    let mut parameters: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, value) in &pairs {
        if parameters.insert(name, value).is_some() {
            // Which of the two was meant, nobody knows.
            return Err(SignatureRefusal::Mismatch);
        }
    }
    let part = |name: &'static str| {
        let found = parameters.get(name).copied();
        found.ok_or(SignatureRefusal::Missing(name))
    };
    let key = part("SecretId")?;
    let timestamp = part("Timestamp")?;
    part("Nonce")?;
    let signature = part("Signature")?;
    let (secret, owner) = keys.find(key).ok_or(SignatureRefusal::UnknownKey)?;
    if !TOLERANCE.accepts(now, read_time(timestamp)?) {
        return Err(SignatureRefusal::Expired);
    }
    let sha256 = match parameters.get("SignatureMethod").copied() {
        None | Some("HmacSHA1") => false,
        Some("HmacSHA256") => true,
        Some(_) => return Err(SignatureRefusal::Mismatch),
    };
    let signed = signed_text(&parameters);
    let host = request.host().ok_or(SignatureRefusal::Missing("Host"))?;
    let matches = host_candidates(host, public_names).iter().any(|host| {
        let source = format!("{}{host}/?{signed}", request.method);
        let (secret, source) = (secret.text().as_bytes(), source.as_bytes());
        let expected = match sha256 {
            true => base64(&hmac_sha256(secret, source)),
            false => base64(&hmac_sha1(secret, source)),
        };
        same(&expected, signature)
    });
    match matches {
        true => Ok((owner, key.to_owned())),
        false => Err(SignatureRefusal::Mismatch),
    }
}

/// The parameters as they are signed: sorted, not encoded, `_` in a name as `.`.
fn signed_text(parameters: &BTreeMap<&str, &str>) -> String {
    let mut pairs: Vec<(String, &str)> = parameters
        .iter()
        .filter(|(name, _)| **name != "Signature")
        .map(|(name, value)| (name.replace('_', "."), *value))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}
