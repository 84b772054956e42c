//! Who signed a request to Alibaba OutboundBot: ACS3-HMAC-SHA256 in headers, or V1 in the query.
//!
//! Source: the vendor's pages "V3 request structure and signature" and "RPC signature", and its client libraries as
//! measured.

use std::time::Duration;

use outdial_domain::Timestamp;

use crate::clock::Tolerance;
use crate::incoming::Incoming;
use crate::nonce::{NonceRefusal, NonceStore};
use crate::signing::{
    KeyRing, base64, decode_form, hex, hmac_sha1, hmac_sha256, percent_encode,
    push_percent_encoded, same, sha256_hex,
};

/// The algorithm of the header form.
const ACS3: &str = "ACS3-HMAC-SHA256";

/// How far a client's clock may be off.
const TOLERANCE: Tolerance = Tolerance::of(Duration::from_secs(15 * 60));

/// How long a nonce is remembered: as long as any request with it could come through.
pub(super) const NONCES_KEEP: Duration = Duration::from_secs(30 * 60);

/// Why a request is nobody's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefusal {
    /// A parameter that every request has is not there.
    #[error("{0} is mandatory for this action.")]
    Missing(&'static str),
    /// The time is not written as `YYYY-MM-DDThh:mm:ssZ`.
    #[error("Specified time stamp or date value is not well formatted.")]
    TimeFormat,
    /// The client's clock is off by more than 15 minutes.
    #[error("Specified time stamp or date value is expired.")]
    Expired,
    /// No key has this id.
    #[error("Specified access key is not found.")]
    UnknownKey,
    /// An algorithm, or a version of signatures, that is not taken.
    #[error("Specified signature method is not valid.")]
    Method,
    /// The request cannot be read, so that nothing can be checked.
    #[error("Specified parameter {0} is not valid.")]
    Invalid(&'static str),
    /// The signature is of another request, or made with another secret. Holds the text that we signed:
    /// with it a client tells a wrong secret from a wrong request.
    #[error(
        "Specified signature is not matched with our calculation. server string to sign is:{0}"
    )]
    Mismatch(String),
    /// The request came before.
    #[error("Specified signature nonce was used already.")]
    Replayed,
    /// So many requests of this key are remembered that no more can be.
    #[error("Request was denied due to user flow control.")]
    TooMany,
}

impl SignatureRefusal {
    /// Alibaba's error code.
    pub fn code(&self) -> String {
        match self {
            Self::Missing(name) => format!("Missing{name}"),
            Self::Invalid(name) => format!("Invalid{name}"),
            Self::TimeFormat => "InvalidTimeStamp.Format".to_owned(),
            Self::Expired => "InvalidTimeStamp.Expired".to_owned(),
            Self::UnknownKey => "InvalidAccessKeyId.NotFound".to_owned(),
            Self::Method => "InvalidSignatureMethod".to_owned(),
            Self::Mismatch(_) => "SignatureDoesNotMatch".to_owned(),
            Self::Replayed => "SignatureNonceUsed".to_owned(),
            Self::TooMany => "Throttling.User".to_owned(),
        }
    }
}

/// Where a key's owner keeps the nonces of a key.
pub trait Nonces {
    /// The nonces that this key has used.
    fn nonces(&self) -> &NonceStore;
}

/// The owner of the key that signed a request, by either way of signing. Takes its nonce.
///
/// With `nonces_since` a request that was signed before it is refused as expired: nonces of that time are
/// forgotten, since they do not outlive the process, and it may have come through already.
///
/// # Errors
/// [`SignatureRefusal`].
pub fn verify<'k, T: Nonces>(
    request: &Incoming,
    keys: &'k KeyRing<T>,
    nonces_since: Option<Timestamp>,
    now: Timestamp,
) -> Result<(&'k T, String), SignatureRefusal> {
    let (claim, to_sign) = match request.header("authorization") {
        Some(header) if header.starts_with("ACS3-") => acs3(request, header)?,
        _ => v1(request)?,
    };
    let signed_at = read_time(&claim.time).ok_or(SignatureRefusal::TimeFormat)?;
    let forgotten = nonces_since.is_some_and(|since| signed_at < since);
    if forgotten || !TOLERANCE.accepts(now, signed_at) {
        return Err(SignatureRefusal::Expired);
    }
    let (secret, owner) = keys.find(&claim.key).ok_or(SignatureRefusal::UnknownKey)?;
    let expected = match claim.scheme {
        Scheme::Acs3 => hex(&hmac_sha256(secret.text().as_bytes(), to_sign.as_bytes())),
        Scheme::V1 => {
            let key = format!("{}&", secret.text());
            base64(&hmac_sha1(key.as_bytes(), to_sign.as_bytes()))
        }
        // Found out here, after the key: the order in which the vendor checks.
        Scheme::Other => return Err(SignatureRefusal::Method),
    };
    if !same(&expected, &claim.signature) || !claim.body_matches {
        return Err(SignatureRefusal::Mismatch(to_sign));
    }
    // Only now, so that forgeries burn no nonces.
    match owner
        .nonces()
        .take(&format!("{}\n{}", claim.key, claim.nonce), now)
    {
        Ok(()) => Ok((owner, claim.key)),
        Err(NonceRefusal::Used) => Err(SignatureRefusal::Replayed),
        Err(NonceRefusal::Full) => Err(SignatureRefusal::TooMany),
    }
}

/// What a request says of its signature.
struct Claim {
    scheme: Scheme,
    key: String,
    time: String,
    nonce: String,
    signature: String,
    /// Whether the body has the hash that was signed.
    body_matches: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Acs3,
    V1,
    Other,
}

/// The claim of a signature in headers, and the text that it signs.
fn acs3(request: &Incoming, header: &str) -> Result<(Claim, String), SignatureRefusal> {
    use SignatureRefusal::{Invalid, Missing};
    let part = |header: &str, name: &'static str| {
        let value = request.header(header).filter(|value| !value.is_empty());
        value.map(str::to_owned).ok_or(Missing(name))
    };
    part("x-acs-action", "Action")?;
    part("x-acs-version", "Version")?;
    let time = part("x-acs-date", "Timestamp")?;
    let nonce = part("x-acs-signature-nonce", "SignatureNonce")?;
    let content = part("x-acs-content-sha256", "ContentSha256")?;
    let (algorithm, rest) = header.split_once(' ').ok_or(Invalid("Authorization"))?;
    let (mut key, mut names, mut signature) = (None, None, None);
    for part in rest.split(',') {
        let (name, value) = part
            .trim()
            .split_once('=')
            .ok_or(Invalid("Authorization"))?;
        let place = match name {
            "Credential" => &mut key,
            "SignedHeaders" => &mut names,
            "Signature" => &mut signature,
            _ => return Err(Invalid("Authorization")),
        };
        if place.replace(value).is_some() {
            return Err(Invalid("Authorization"));
        }
    }
    let key = key.ok_or(Missing("AccessKeyId"))?;
    let names = names.ok_or(Missing("SignedHeaders"))?;
    let signature = signature.ok_or(Missing("Signature"))?;
    let headers = canonical_headers(request, names)?;
    let query = decode_form(request.query().as_bytes()).ok_or(Invalid("Query"))?;
    let canonical = format!(
        "{}\n{}\n{}\n{headers}\n{names}\n{content}",
        request.method,
        request.path(),
        canonical_query(query),
    );
    let to_sign = format!("{ACS3}\n{}", sha256_hex(canonical.as_bytes()));
    let claim = Claim {
        scheme: match algorithm == ACS3 {
            true => Scheme::Acs3,
            false => Scheme::Other,
        },
        key: key.to_owned(),
        time,
        nonce,
        signature: signature.to_owned(),
        body_matches: same(&sha256_hex(&request.body), &content),
    };
    Ok((claim, to_sign))
}

/// The signed headers in the client's order. What matters must be among them: an unsigned action could
/// be exchanged under way.
fn canonical_headers(request: &Incoming, names: &str) -> Result<String, SignatureRefusal> {
    let invalid = SignatureRefusal::Invalid("SignedHeaders");
    let list: Vec<&str> = names.split(';').collect();
    let must_be_signed = request
        .headers
        .keys()
        .map(|name| name.as_str())
        .filter(|name| *name == "host" || *name == "content-type" || name.starts_with("x-acs-"));
    let lacks = |name: &str| !list.contains(&name);
    if lacks("host") || must_be_signed.into_iter().any(lacks) {
        return Err(invalid);
    }
    let mut text = String::new();
    for name in list {
        let mut values = Vec::new();
        for value in request.headers.get_all(name) {
            let value = std::str::from_utf8(value.as_bytes()).map_err(|_| invalid.clone())?;
            values.push(value.trim());
        }
        if name == "host" && values.is_empty() {
            values.extend(request.host());
        }
        if values.is_empty() {
            return Err(invalid);
        }
        values.sort_unstable();
        text.push_str(name);
        for (place, value) in values.iter().enumerate() {
            text.push(if place == 0 { ':' } else { ',' });
            text.push_str(value);
        }
        text.push('\n');
    }
    Ok(text)
}

/// The claim of a signature in the query, and the text that it signs.
fn v1(request: &Incoming) -> Result<(Claim, String), SignatureRefusal> {
    use SignatureRefusal::{Invalid, Missing};
    let mut pairs = decode_form(request.query().as_bytes()).ok_or(Invalid("Query"))?;
    let mut body_matches = true;
    if request.is_form() {
        pairs.extend(decode_form(&request.body).ok_or(Invalid("Body"))?);
    } else if !request.body.is_empty() {
        // It would not be covered by the signature.
        body_matches = false;
    }
    let part = |name: &'static str| {
        let mut found = pairs
            .iter()
            .filter(|(n, _)| n == name)
            .map(|(_, value)| value);
        match (found.next(), found.next()) {
            (Some(value), None) if !value.is_empty() => Ok(value.clone()),
            (Some(_), Some(_)) => Err(Invalid(name)),
            _ => Err(Missing(name)),
        }
    };
    let key = part("AccessKeyId")?;
    let signature = part("Signature")?;
    let method = part("SignatureMethod")?;
    let version = part("SignatureVersion")?;
    let nonce = part("SignatureNonce")?;
    let time = part("Timestamp")?;
    part("Action")?;
    part("Version")?;
    let scheme = match method == "HMAC-SHA1" && version == "1.0" {
        true => Scheme::V1,
        false => Scheme::Other,
    };
    pairs.retain(|(name, _)| name != "Signature");
    let to_sign = format!(
        "{}&{}&{}",
        request.method,
        percent_encode("/"),
        percent_encode(&canonical_query(pairs))
    );
    let claim = Claim {
        scheme,
        key,
        time,
        nonce,
        signature,
        body_matches,
    };
    Ok((claim, to_sign))
}

/// Pairs by name, encoded afresh: clients differ in how they write them on the wire.
fn canonical_query(mut pairs: Vec<(String, String)>) -> String {
    pairs.sort_unstable();
    let length: usize = pairs.iter().map(|(n, v)| n.len() + v.len() + 2).sum();
    // What is encoded is longer: half as much again is room for most.
    let mut text = String::with_capacity(length + length / 2);
    for (name, value) in &pairs {
        if !text.is_empty() {
            text.push('&');
        }
        push_percent_encoded(&mut text, name);
        text.push('=');
        push_percent_encoded(&mut text, value);
    }
    text
}

/// `YYYY-MM-DDThh:mm:ssZ`, and nothing else.
fn read_time(text: &str) -> Option<Timestamp> {
    let shape = "dddd-dd-ddTdd:dd:ddZ";
    let fits = |(c, want): (u8, u8)| match want {
        b'd' => c.is_ascii_digit(),
        want => c == want,
    };
    if text.len() != shape.len() || !text.bytes().zip(shape.bytes()).all(fits) {
        return None;
    }
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_millis(time.as_millisecond()))
}

#[cfg(test)]
#[path = "sign_tests.rs"]
mod tests;
