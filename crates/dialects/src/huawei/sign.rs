//! Who signed a request to Huawei CC-iSales: `auth-v2`, HMAC-SHA256 over the whole request.
//!
//! Source: two published copies of the vendor's signer, which agree. Beware: the key of the second HMAC is the *hex text* of the first, the
//! body is not hashed but percent-encoded whole, and the line of the query is absent where there is none.

use std::time::Duration;

use outdial_domain::Timestamp;

use crate::clock::Tolerance;
use crate::incoming::Incoming;
use crate::signing::{
    KeyRing, decode_form, hex, hmac_sha256, percent_decode, percent_encode, percent_encode_bytes,
    same,
};

/// The only scheme; others belong to other products.
const SCHEME: &str = "auth-v2";

/// Most readings of one request that are tried.
const CANDIDATES_MAX: usize = 8;

/// How far a client's clock may be off, where nothing else is set.
pub const TOLERANCE_DEFAULT: Tolerance = Tolerance::of(Duration::from_secs(15 * 60));

/// Why a request is nobody's. All of them are HTTP 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefusal {
    /// There is no header `Authorization`.
    #[error("the header Authorization is missing")]
    Missing,
    /// It cannot be read.
    #[error("Authorization is not auth-v2/ak/timestamp/signedHeaders/signature: {0}")]
    Malformed(&'static str),
    /// No key has this id.
    #[error("the access key is not known")]
    UnknownKey,
    /// The client's clock is off.
    #[error("the timestamp is too far from the server's time")]
    Expired,
    /// The signature is of another request, or made with another secret.
    #[error("the signature does not match")]
    Mismatch,
}

impl SignatureRefusal {
    /// The code of the envelope.
    pub fn code(self) -> &'static str {
        "401"
    }
}

/// What a deployment may change of the check.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How far a client's clock may be off.
    pub tolerance: Tolerance,
    /// Hosts that clients may have signed beside the one that came: for a proxy that rewrites it.
    pub host_aliases: Vec<String>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            tolerance: TOLERANCE_DEFAULT,
            host_aliases: Vec::new(),
        }
    }
}

/// The owner of the key that signed a request.
///
/// # Errors
/// [`SignatureRefusal`].
pub fn verify<'k, T>(
    request: &Incoming,
    keys: &'k KeyRing<T>,
    rules: &Rules,
    now: Timestamp,
) -> Result<(&'k T, String), SignatureRefusal> {
    use SignatureRefusal::{Malformed, Missing};
    if !request.headers.contains_key("authorization") {
        return Err(Missing);
    }
    let header = request
        .header("authorization")
        .ok_or(Malformed("it is no single text"))?;
    let parts: Vec<&str> = header.split('/').collect();
    let [scheme, key, time, names, signature] = parts[..] else {
        return Err(Malformed("it has not five parts"));
    };
    if scheme != SCHEME {
        return Err(Malformed("the scheme is another"));
    }
    let is_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    if signature.len() != 64 || !signature.bytes().all(is_hex) {
        return Err(Malformed("the signature is not 64 lower-case hex digits"));
    }
    let signed_at =
        read_time(time).ok_or(Malformed("the timestamp is not yyyy-MM-ddTHH:mm:ssZ"))?;
    let (secret, owner) = keys.find(key).ok_or(SignatureRefusal::UnknownKey)?;
    if !rules.tolerance.accepts(now, signed_at) {
        return Err(SignatureRefusal::Expired);
    }
    let prefix = format!("{SCHEME}/{key}/{time}/{names}");
    let signing_key = hex(&hmac_sha256(secret.text().as_bytes(), prefix.as_bytes()));
    let queries = query_candidates(request.query());
    let body = percent_encode_bytes(&request.body);
    let mut tried = 0;
    for query in &queries {
        for host in host_candidates(request, &rules.host_aliases)? {
            if tried == CANDIDATES_MAX {
                return Err(SignatureRefusal::Mismatch);
            }
            tried += 1;
            let headers = canonical_headers(request, names, &host)?;
            let (method, path) = (&request.method, request.path());
            let canonical = format!("{method}\n{path}\n{query}{names}\n{headers}\n{body}");
            let expected = hex(&hmac_sha256(signing_key.as_bytes(), canonical.as_bytes()));
            if same(&expected, signature) {
                return Ok((owner, key.to_owned()));
            }
        }
    }
    Err(SignatureRefusal::Mismatch)
}

/// The line of the query with its line feed, as the client may have written it. Clients differ in whether
/// a plus is a blank, and some leave an empty line where there is no query.
fn query_candidates(query: &str) -> Vec<String> {
    if query.is_empty() {
        return vec![String::new(), "\n".to_owned()];
    }
    let form = decode_form(query.as_bytes());
    let literal = query.contains('+').then(|| decode_address(query)).flatten();
    [form, literal]
        .into_iter()
        .flatten()
        .map(|pairs| {
            let mut parts: Vec<String> = pairs
                .iter()
                .map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value)))
                .collect();
            parts.sort();
            format!("{}\n", parts.join("&"))
        })
        .collect()
}

/// The pairs of a query in which a plus is a plus.
fn decode_address(query: &str) -> Option<Vec<(String, String)>> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((percent_decode(name)?, percent_decode(value)?))
        })
        .collect()
}

/// The hosts that a client may have signed: the one it sent, the same without its port, our other names.
fn host_candidates(
    request: &Incoming,
    aliases: &[String],
) -> Result<Vec<String>, SignatureRefusal> {
    let wire = request
        .host()
        .ok_or(SignatureRefusal::Malformed("the request has no host"))?;
    let mut hosts = vec![wire.to_owned()];
    let without_port = match wire.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|c| c.is_ascii_digit()) => host,
        _ => wire,
    };
    for host in std::iter::once(without_port).chain(aliases.iter().map(String::as_str)) {
        if !hosts.iter().any(|known| known == host) {
            hosts.push(host.to_owned());
        }
    }
    Ok(hosts)
}

fn canonical_headers(
    request: &Incoming,
    names: &str,
    host: &str,
) -> Result<String, SignatureRefusal> {
    let mut lines = Vec::new();
    let mut has_host = false;
    for name in names.split(';') {
        let value = match name {
            "host" => {
                has_host = true;
                host
            }
            name => request
                .header(name)
                .ok_or(SignatureRefusal::Malformed("a signed header is not there"))?,
        };
        let name = percent_encode(&name.to_lowercase());
        lines.push(format!("{name}:{}", percent_encode(value)));
    }
    if !has_host {
        return Err(SignatureRefusal::Malformed("host is not signed"));
    }
    lines.sort();
    Ok(lines.join("\n"))
}

/// `yyyy-MM-ddTHH:mm:ssZ`, with or without milliseconds.
fn read_time(text: &str) -> Option<Timestamp> {
    let fits = |shape: &str| {
        let same = |(c, want): (u8, u8)| match want {
            b'd' => c.is_ascii_digit(),
            want => c == want,
        };
        text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(same)
    };
    if !fits("dddd-dd-ddTdd:dd:ddZ") && !fits("dddd-dd-ddTdd:dd:dd.dddZ") {
        return None;
    }
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_millis(time.as_millisecond()))
}

#[cfg(test)]
#[path = "sign_tests.rs"]
mod tests;
