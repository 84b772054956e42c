use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::signing::{AccessKey, Secret};

/// 2026-01-02T03:04:05Z
const NOW: i64 = 1_767_323_045;
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const FORM: &str = "application/x-www-form-urlencoded";

type Headers<'n, 'v> = Vec<(&'n str, &'v str)>;

struct Owner(NonceStore);

impl Nonces for Owner {
    fn nonces(&self) -> &NonceStore {
        &self.0
    }
}

fn keys() -> KeyRing<Owner> {
    let mut keys = KeyRing::default();
    let key = AccessKey {
        id: "testid".to_owned(),
        secret: Secret::new("testsecret"),
    };
    keys.add(key, Owner(NonceStore::new(NONCES_KEEP, 1000)));
    keys
}

fn ask(request: &Incoming, now: i64) -> Result<(), SignatureRefusal> {
    verify(request, &keys(), None, Timestamp::from_secs(now)).map(|_| ())
}

const V1_QUERY: &str = "AccessKeyId=testid&Action=ModifyJobGroup&CallingNumber.1=4008013260&Format=JSON&InstanceId=inst-1&JobGroupId=jg-1&Name=%E6%98%A5%E5%AD%A3+%E5%9B%9E%E8%AE%BF%2Ba%2Ab~&RegionId=cn-shanghai&ScenarioId=sc-1&SignatureMethod=HMAC-SHA1&SignatureNonce=3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf&SignatureType=&SignatureVersion=1.0&StrategyJson=%7B%22id%22%3A%22st-1%22%2C%22maxAttemptsPerDay%22%3A3%7D&Timestamp=2026-01-02T03%3A04%3A05Z&Version=2019-12-26&Signature=bXE75o9UObywlZ%2BV6V896o9vlf4%3D";

fn v1_request(change: impl Fn(String) -> String) -> Incoming {
    let target = format!("/?{}", change(V1_QUERY.to_owned()));
    Incoming::of("POST", &target, &[("host", "127.0.0.1:8080")], b"")
}

#[test]
fn the_v1_vector_verifies_however_blanks_are_written() {
    assert_eq!(ask(&v1_request(|q| q), NOW), Ok(()));
    assert_eq!(ask(&v1_request(|q| q.replace('+', "%20")), NOW), Ok(()));
    // Half of it in a form, as early clients have it.
    let (query, body) = V1_QUERY.split_once("&RegionId").unwrap();
    let request = Incoming::of(
        "POST",
        &format!("/?{query}"),
        &[("host", "h"), ("content-type", FORM)],
        format!("RegionId{body}").as_bytes(),
    );
    assert_eq!(ask(&request, NOW), Ok(()));
}

#[test]
fn the_v1_text_to_sign_is_told_after_the_only_colon() {
    let refused = ask(&v1_request(|q| q.replace("inst-1", "inst-2")), NOW).unwrap_err();
    let message = refused.to_string();
    assert_eq!(refused.code(), "SignatureDoesNotMatch");
    let (before, after) = message.split_once(':').unwrap();
    assert!(before.ends_with("server string to sign is"));
    assert!(
        after.starts_with("POST&%2F&AccessKeyId%3Dtestid%26Action%3D"),
        "{after}"
    );
    assert!(!after.contains(':'), "{after}");
}

#[test]
fn every_v1_refusal_has_its_code() {
    let code = |from: &str, to: &str, now| {
        ask(&v1_request(|q| q.replace(from, to)), now)
            .unwrap_err()
            .code()
    };
    assert_eq!(code("x", "x", NOW + 901), "InvalidTimeStamp.Expired");
    assert_eq!(code("x", "x", NOW - 901), "InvalidTimeStamp.Expired");
    assert_eq!(code("T03%3A04", "+03%3A04", NOW), "InvalidTimeStamp.Format");
    assert_eq!(
        code("AccessKeyId=testid", "AccessKeyId=other", NOW),
        "InvalidAccessKeyId.NotFound"
    );
    assert_eq!(
        code("HMAC-SHA1", "HMAC-SHA256", NOW),
        "InvalidSignatureMethod"
    );
    assert_eq!(
        code("SignatureVersion=1.0", "SignatureVersion=2.0", NOW),
        "InvalidSignatureMethod"
    );
    assert_eq!(code("Timestamp", "TimeStamp", NOW), "MissingTimestamp");
    assert_eq!(
        code("SignatureNonce=", "Nonce=", NOW),
        "MissingSignatureNonce"
    );
    assert_eq!(code("&Signature=", "&Other=", NOW), "MissingSignature");
    assert_eq!(code("AccessKeyId=testid&", "", NOW), "MissingAccessKeyId");
    assert_eq!(code("&Version=2019-12-26", "", NOW), "MissingVersion");
    assert_eq!(
        code("Action=ModifyJobGroup", "Action=", NOW),
        "MissingAction"
    );
    assert_eq!(
        code("&Version=", "&Version=1&Version=", NOW),
        "InvalidVersion"
    );
    assert_eq!(ask(&v1_request(|q| q), NOW + 900), Ok(()));
    let with_body = Incoming::of("POST", &format!("/?{V1_QUERY}"), &[("host", "h")], b"{}");
    assert_eq!(
        ask(&with_body, NOW).unwrap_err().code(),
        "SignatureDoesNotMatch"
    );
}

#[test]
fn a_nonce_comes_through_once_and_a_forgery_burns_none() {
    let keys = keys();
    let ask = |request: &Incoming, now| {
        verify(request, &keys, None, Timestamp::from_secs(now)).map_err(|refused| refused.code())
    };
    let forged = ask(&v1_request(|q| q.replace("inst-1", "inst-2")), NOW);
    assert_eq!(forged.err().as_deref(), Some("SignatureDoesNotMatch"));
    assert!(ask(&v1_request(|q| q), NOW - 900).is_ok());
    // The last moment at which its time still counts.
    assert_eq!(
        ask(&v1_request(|q| q), NOW + 899).err().as_deref(),
        Some("SignatureNonceUsed")
    );
}

#[test]
fn what_was_signed_before_nonces_were_kept_is_refused() {
    let (request, now) = (v1_request(|q| q), Timestamp::from_secs(NOW + 60));
    let ask = |since: i64| {
        let since = Some(Timestamp::from_secs(since));
        verify(&request, &keys(), since, now).map(|_| ())
    };
    assert_eq!(ask(NOW), Ok(()));
    assert_eq!(ask(NOW + 1), Err(SignatureRefusal::Expired));
}

const QUERY_A: &str = "/?CallingNumber.1=4008013260&InstanceId=inst-1&JobGroupId=jg-1&Name=%E6%98%A5%E5%AD%A3+%E5%9B%9E%E8%AE%BF%2Ba%2Ab~&ScenarioId=sc-1&StrategyJson=%7B%22id%22%3A%22st-1%22%2C%22maxAttemptsPerDay%22%3A3%7D";
const NAMES_A: &str =
    "accept;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";

fn headers_a<'a>(
    authorization: &'a str,
    content: &'a str,
    action: &'a str,
) -> Vec<(&'a str, &'a str)> {
    vec![
        ("accept", "application/json"),
        ("host", "127.0.0.1:8080"),
        ("x-acs-action", action),
        ("x-acs-version", "2019-12-26"),
        ("x-acs-date", "2026-01-02T03:04:05Z"),
        ("x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d"),
        ("x-acs-content-sha256", content),
        ("authorization", authorization),
    ]
}

fn authorization(names: &str, signature: &str) -> String {
    format!("ACS3-HMAC-SHA256 Credential=testid,SignedHeaders={names},Signature={signature}")
}

fn vector_a(change: impl FnOnce(&mut Vec<(&str, &str)>)) -> Incoming {
    let signature = "c401ea482f15df929b7659de0c7e02aae09fa5476b73f70835b46a88fb5ad9e0";
    let authorization = authorization(NAMES_A, signature);
    let mut headers = headers_a(&authorization, EMPTY, "ModifyJobGroup");
    change(&mut headers);
    Incoming::of("POST", QUERY_A, &headers, b"")
}

#[test]
fn acs3_vector_a_a_query() {
    assert_eq!(ask(&vector_a(|_| {}), NOW), Ok(()));
}

#[test]
fn acs3_vector_b_a_form() {
    let body = "CallingNumber=%5B%2295187%22%5D&InstanceId=inst-1&JobGroupId=jg-1&JobsJson=%5B%22%7B%7D%22%5D";
    let names = "accept;content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    let authorization = authorization(
        names,
        "1348a81885ed9190b36d0a768f768bb0428a4c2aaf3d0b1c61e75dfc1a271ce3",
    );
    let content = "432edc4e0579b666f3ed5f6291b079d13e6b662c19c506e5e4e9dafd23b419d7";
    let mut headers = headers_a(&authorization, content, "AssignJobsAsync");
    headers.push(("content-type", FORM));
    let request = Incoming::of("POST", "/", &headers, body.as_bytes());
    assert_eq!(ask(&request, NOW), Ok(()));
    // The right signature over another body.
    let tampered = Incoming::of(
        "POST",
        "/",
        &headers,
        body.replace("jg-1", "jg-2").as_bytes(),
    );
    assert_eq!(
        ask(&tampered, NOW).unwrap_err().code(),
        "SignatureDoesNotMatch"
    );
}

#[test]
fn every_acs3_refusal_has_its_code() {
    let code = |change: &dyn Fn(&mut Headers<'_, '_>), now| {
        ask(&vector_a(|h| change(h)), now).unwrap_err().code()
    };
    let without =
        |name: &'static str| move |h: &mut Vec<(&str, &str)>| h.retain(|(n, _)| *n != name);
    assert_eq!(code(&without("x-acs-date"), NOW), "MissingTimestamp");
    assert_eq!(code(&without("x-acs-action"), NOW), "MissingAction");
    assert_eq!(code(&without("x-acs-version"), NOW), "MissingVersion");
    assert_eq!(
        code(&without("x-acs-signature-nonce"), NOW),
        "MissingSignatureNonce"
    );
    assert_eq!(code(&without("authorization"), NOW), "MissingAccessKeyId");
    assert_eq!(code(&|_| {}, NOW + 901), "InvalidTimeStamp.Expired");
    assert_eq!(
        code(&|h| h.push(("x-acs-security-token", "t")), NOW),
        "InvalidSignedHeaders",
        "a header that changes meaning must be signed"
    );
    let sm3 = authorization(NAMES_A, "x").replace("HMAC-SHA256", "HMAC-SM3");
    let mut headers = headers_a(&sm3, EMPTY, "ModifyJobGroup");
    let refused = ask(&Incoming::of("POST", QUERY_A, &headers, b""), NOW).unwrap_err();
    assert_eq!(refused.code(), "InvalidSignatureMethod");
    let spaced = authorization(
        NAMES_A,
        "c401ea482f15df929b7659de0c7e02aae09fa5476b73f70835b46a88fb5ad9e0",
    )
    .replace(',', ", ");
    headers = headers_a(&spaced, EMPTY, "ModifyJobGroup");
    assert_eq!(
        ask(&Incoming::of("POST", QUERY_A, &headers, b""), NOW),
        Ok(())
    );
    headers[2].1 = "DeleteJobGroup";
    let refused = ask(&Incoming::of("POST", QUERY_A, &headers, b""), NOW).unwrap_err();
    assert_eq!(refused.code(), "SignatureDoesNotMatch");
}

#[test]
fn a_time_is_read_in_one_form_only() {
    assert_eq!(
        read_time("2026-01-02T03:04:05Z"),
        Some(Timestamp::from_secs(NOW))
    );
    for wrong in [
        "2026-01-02T03:04:05",
        "2026-13-02T03:04:05Z",
        "2026-01-02T25:04:05Z",
        "2026-01-02t03:04:05z",
        "",
        "é",
    ] {
        assert_eq!(read_time(wrong), None, "{wrong}");
    }
}

/// A signer of its own, after the vendor's documentation.
fn sign_acs3(body: &[u8]) -> (String, String) {
    let digest = |bytes: &[u8]| {
        let digest = Sha256::digest(bytes);
        digest
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect::<String>()
    };
    let content = digest(body);
    let canonical = format!(
        "POST\n/\n\naccept:application/json\nhost:127.0.0.1:8080\nx-acs-action:AssignJobs\nx-acs-content-sha256:{content}\nx-acs-date:2026-01-02T03:04:05Z\nx-acs-signature-nonce:3156853299f313e23d1673dc12e1703d\nx-acs-version:2019-12-26\n\n{NAMES_A}\n{content}"
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(b"testsecret").unwrap();
    mac.update(format!("ACS3-HMAC-SHA256\n{}", digest(canonical.as_bytes())).as_bytes());
    let signature = mac.finalize().into_bytes();
    let signature: String = signature.iter().map(|b| format!("{b:02x}")).collect();
    (authorization(NAMES_A, &signature), content)
}

proptest! {
    #[test]
    fn a_body_of_any_bytes_verifies_and_one_flipped_bit_does_not(
        body in prop::collection::vec(any::<u8>(), 1..200), bit in any::<prop::sample::Index>(),
    ) {
        let (authorization, content) = sign_acs3(&body);
        let headers = headers_a(&authorization, &content, "AssignJobs");
        prop_assert_eq!(ask(&Incoming::of("POST", "/", &headers, &body), NOW), Ok(()));
        let mut flipped = body;
        let bit = bit.index(flipped.len() * 8);
        flipped[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(ask(&Incoming::of("POST", "/", &headers, &flipped), NOW).is_err());
    }

    #[test]
    fn a_changed_value_of_the_query_is_refused(name in "[A-Za-z]{1,9}", value in "[a-z0-9]{0,9}") {
        let request = v1_request(|query| format!("{query}&{name}={value}"));
        prop_assert!(ask(&request, NOW).is_err());
    }

    #[test]
    fn anything_is_answered(
        header in "\\PC{0,100}", query in "[ -~&&[^#<>\"`{} ]]{0,80}", body in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        for header in [header.clone(), format!("ACS3-{header}"), format!("{ACS3} Credential=testid,SignedHeaders={header}")] {
            let target = format!("/?{query}");
            if target.parse::<axum::http::Uri>().is_err() { continue }
            let Ok(value) = axum::http::HeaderValue::from_bytes(header.as_bytes()) else { continue };
            let mut request = Incoming::of("POST", &target, &headers_a("x", EMPTY, "A"), &body);
            request.headers.insert("authorization", value);
            prop_assert!(ask(&request, NOW).is_err());
        }
    }
}
