//! Signs what was made up, so that it is read past its signature.

use base64::Engine as _;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::sent::Sent;
use crate::common::{NOW, hmac, hmac_hex, sha_hex};

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const TIME: &str = "2023-11-14T22:13:20Z";

/// For the clock and the application of these tests.
pub(super) const DEZHU_SIGN: &str = "n/BNPB2EeyZAvCIvhp5UWaiTWCAEyjcIVbLyol9C+XbbdO11sR9Q/WTED71POUuwBNCJHJcfBDplVaeXBSz9OKAY21D1fuGq7f8mdd5iZKlTmTc6XdI8EGnA0ARuMi1ApWqkLez3c372T+Qhw0nEcrltCJTldthTQbVcp8E+nxPILj7Bz4QNVPPF95eXNAacFvq7y5hN1++gap8PlZfaDHb58GVslnONC3pbMrVyCMElRbRsi7famTBqCUxxeO7JRDv1yNfhFMe3EhrqwaLhM1ygSvBt5ssTJd1oWWGZEtqSWOmyEd2vrC53oe3PN1uFmj7Swu7GgQZITL2QHRmvsg==";

/// How a client signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    TencentHeader,
    TencentUnsignedBody,
    TencentLegacy,
    AlibabaHeader,
    AlibabaQuery,
    Huawei,
    Dezhu,
}

pub(super) type Pairs = Vec<(String, String)>;

pub(super) fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).to_string()
}

/// Pairs as a query or form.
pub(super) fn query(pairs: &[(String, String)]) -> String {
    let one = |(name, value): &(String, String)| {
        format!("{}={}", encode(name.as_bytes()), encode(value.as_bytes()))
    };
    pairs.iter().map(one).collect::<Vec<_>>().join("&")
}

/// Writes a TC3 signature over whatever the request is.
pub(super) fn tencent_header(sent: &mut Sent, hashed: bool) {
    let payload = match hashed {
        true => sha_hex(&sent.body),
        false => {
            sent.set("x-tc-content-sha256", "UNSIGNED-PAYLOAD");
            sha_hex(b"UNSIGNED-PAYLOAD")
        }
    };
    let content_type = sent.header("content-type").unwrap_or_default().to_vec();
    let (_, query) = sent.target.split_once('?').unwrap_or_default();
    let canonical = format!(
        "{}\n/\n{query}\ncontent-type:{}\nhost:h\n\ncontent-type;host\n{payload}",
        sent.method,
        String::from_utf8_lossy(&content_type)
    );
    let scope = "2023-11-14/ccc/tc3_request";
    let to_sign = format!(
        "TC3-HMAC-SHA256\n{NOW}\n{scope}\n{}",
        sha_hex(canonical.as_bytes())
    );
    let date = hmac(b"TC3secret", b"2023-11-14");
    let key = hmac(&hmac(&date, b"ccc"), b"tc3_request");
    let signature = hmac_hex(&key, to_sign.as_bytes());
    sent.set("x-tc-timestamp", NOW.to_string());
    sent.set("authorization", format!("TC3-HMAC-SHA256 Credential=AKID-acme/{scope}, SignedHeaders=content-type;host, Signature={signature}"));
}

/// The parameters with the legacy signature among them.
pub(super) fn tencent_legacy(method: &str, pairs: &mut Pairs) {
    let own = [
        ("SecretId", "AKID-acme".to_owned()),
        ("Timestamp", NOW.to_string()),
        ("Nonce", "7".to_owned()),
        ("SignatureMethod", "HmacSHA256".to_owned()),
    ];
    pairs.extend(own.map(|(name, value)| (name.to_owned(), value)));
    let mut sorted: Pairs = pairs.clone();
    sorted
        .iter_mut()
        .for_each(|(name, _)| *name = name.replace('_', "."));
    sorted.sort();
    let lines: Vec<String> = sorted.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let source = format!("{method}h/?{}", lines.join("&"));
    let signature =
        base64::engine::general_purpose::STANDARD.encode(hmac(b"secret", source.as_bytes()));
    pairs.push(("Signature".to_owned(), signature));
}

fn canonical_query(pairs: &[(String, String)]) -> String {
    let mut sorted = pairs.to_vec();
    sorted.sort();
    query(&sorted)
}

/// Writes an ACS3 signature; `pairs` are those of the query.
pub(super) fn alibaba_header(sent: &mut Sent, pairs: &[(String, String)], nonce: u64) {
    let content = sha_hex(&sent.body);
    sent.set("x-acs-content-sha256", content.clone());
    sent.set("x-acs-date", TIME);
    sent.set("x-acs-signature-nonce", nonce.to_string());
    let mut signed: Vec<(String, String)> = sent
        .headers
        .iter()
        .filter(|(name, _)| name == "host" || name == "content-type" || name.starts_with("x-acs-"))
        .map(|(name, value)| {
            (
                name.clone(),
                String::from_utf8_lossy(value).trim().to_owned(),
            )
        })
        .collect();
    signed.sort();
    let names: Vec<&str> = signed.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let lines: String = signed.iter().map(|(n, v)| format!("{n}:{v}\n")).collect();
    let (path, _) = sent.target.split_once('?').unwrap_or((&sent.target, ""));
    let canonical = format!(
        "{}\n{path}\n{}\n{lines}\n{names}\n{content}",
        sent.method,
        canonical_query(pairs)
    );
    let to_sign = format!("ACS3-HMAC-SHA256\n{}", sha_hex(canonical.as_bytes()));
    let signature = hmac_hex(b"secret", to_sign.as_bytes());
    sent.set(
        "authorization",
        format!(
            "ACS3-HMAC-SHA256 Credential=LTAI-acme,SignedHeaders={names},Signature={signature}"
        ),
    );
}

/// The parameters with the signature of the query among them.
pub(super) fn alibaba_query(method: &str, pairs: &mut Pairs, nonce: u64) {
    use ::hmac::{KeyInit as _, Mac as _};
    let own = [
        ("AccessKeyId", "LTAI-acme".to_owned()),
        ("SignatureMethod", "HMAC-SHA1".to_owned()),
        ("SignatureVersion", "1.0".to_owned()),
        ("SignatureNonce", nonce.to_string()),
        ("Timestamp", TIME.to_owned()),
    ];
    pairs.extend(own.map(|(name, value)| (name.to_owned(), value)));
    let to_sign = format!("{method}&%2F&{}", encode(canonical_query(pairs).as_bytes()));
    // A key of any length is taken.
    let mut mac = ::hmac::Hmac::<sha1::Sha1>::new_from_slice(b"secret&").unwrap();
    mac.update(to_sign.as_bytes());
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    pairs.push(("Signature".to_owned(), signature));
}

/// Writes Huawei's signature; `pairs` are those of the query.
pub(super) fn huawei(sent: &mut Sent, pairs: &[(String, String)]) {
    let prefix = format!("auth-v2/ak-acme/{TIME}/host");
    let key = hmac_hex(b"secret", prefix.as_bytes());
    let (path, _) = sent.target.split_once('?').unwrap_or((&sent.target, ""));
    let mut lines: Vec<String> = pairs
        .iter()
        .map(|(n, v)| format!("{}={}", encode(n.as_bytes()), encode(v.as_bytes())))
        .collect();
    lines.sort();
    let query = match pairs {
        [] => String::new(),
        _ => lines.join("&") + "\n",
    };
    let canonical = format!(
        "{}\n{path}\n{query}host\nhost:h\n{}",
        sent.method,
        encode(&sent.body)
    );
    let signature = hmac_hex(key.as_bytes(), canonical.as_bytes());
    sent.set("authorization", format!("{prefix}/{signature}"));
}

/// Dezhu's signature covers neither body nor path.
pub(super) fn dezhu(sent: &mut Sent) {
    sent.set("appId", "0123456789abcdef0123456789abcdef");
    sent.set("timestamp", format!("{NOW}000"));
    sent.set("sign", DEZHU_SIGN);
}
