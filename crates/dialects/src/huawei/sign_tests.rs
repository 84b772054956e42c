use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use sha2::Sha256;

use super::*;
use crate::signing::{AccessKey, Secret};

/// 2026-01-15T08:30:00Z
const NOW: i64 = 1_768_465_800;
const HOST: (&str, &str) = ("host", "dialer.example.com:28443");

fn keys() -> KeyRing<&'static str> {
    let mut keys = KeyRing::default();
    let key = AccessKey {
        id: "demo-ak-0001".to_owned(),
        secret: Secret::new("demo-sk-3f9c2a"),
    };
    keys.add(key, "acme");
    keys
}

fn ask_with(request: &Incoming, rules: &Rules, now: i64) -> Result<(), SignatureRefusal> {
    verify(request, &keys(), rules, Timestamp::from_secs(now)).map(|_| ())
}

fn ask(request: &Incoming, now: i64) -> Result<(), SignatureRefusal> {
    ask_with(request, &Rules::default(), now)
}

fn authorization(names: &str, signature: &str) -> String {
    format!("auth-v2/demo-ak-0001/2026-01-15T08:30:00Z/{names}/{signature}")
}

const PAUSE: &str = "/rest/isales/v1/openapi/campaigns/7/46/pause";
const SIGNATURE_1: &str = "edc5545fc038b32f8f567f3d5c860885ba2a1002f8e8e2707f6529c0ccffabc1";

fn vector_1(authorization: &str) -> Incoming {
    Incoming::of("PUT", PAUSE, &[HOST, ("authorization", authorization)], b"")
}

#[test]
fn vector_1_no_query_and_no_body() {
    let request = vector_1(&authorization("host", SIGNATURE_1));
    assert_eq!(ask(&request, NOW), Ok(()));
    assert_eq!(ask(&request, NOW + 900), Ok(()));
    assert_eq!(ask(&request, NOW + 901), Err(SignatureRefusal::Expired));
    assert_eq!(ask(&request, NOW - 901), Err(SignatureRefusal::Expired));
    let rules = Rules {
        tolerance: Tolerance::ANY,
        ..Rules::default()
    };
    assert_eq!(ask_with(&request, &rules, NOW + 1_000_000), Ok(()));
}

#[test]
fn vector_2_a_query_with_blanks_and_an_empty_value() {
    let target = "/rest/isales/v1/openapi/campaigns/7?name=spring%20sale&status=0&deviceType=2&beginTime=2026-01-15%2000:00:00&endTime=&curPage=1&rowsPerPage=10";
    let signature = "0108bb3328eea80dfceefb2d5994cea43312aac298e139b2dd093d3b6fc209ad";
    let header = authorization("host", signature);
    let ask_at = |target: &str| {
        let request = Incoming::of("GET", target, &[HOST, ("authorization", &header)], b"");
        ask(&request, NOW)
    };
    assert_eq!(ask_at(target), Ok(()));
    assert_eq!(ask_at(&target.replace("%20", "+")), Ok(()));
    assert_eq!(
        ask_at(&target.replace("curPage=1", "curPage=2")),
        Err(SignatureRefusal::Mismatch)
    );
}

const BODY_3: &str = r#"{"appointId":"174729926098016859445364892091","remark":"回访 0516","appointTime":1749204000000,"workNo":"125"}"#;
const SIGNATURE_3: &str = "74d0757845318dd677ec3bd285a05a2ba7d523312558eace3c142cd75752cd5c";

fn vector_3(body: &[u8], signature: &str) -> Incoming {
    let header = authorization("content-length;content-type;host", signature);
    let headers = [
        HOST,
        ("content-type", "application/json; charset=UTF-8"),
        ("content-length", "112"),
        ("authorization", &header),
    ];
    Incoming::of(
        "POST",
        "/rest/isales/v1/openapi/campaigns/7/appoint/update",
        &headers,
        body,
    )
}

#[test]
fn vector_3_a_body_that_is_not_ascii() {
    assert_eq!(BODY_3.len(), 112);
    assert_eq!(ask(&vector_3(BODY_3.as_bytes(), SIGNATURE_3), NOW), Ok(()));
    let spaced = BODY_3.replace(",\"remark\"", ", \"remark\"");
    let refused = ask(&vector_3(spaced.as_bytes(), SIGNATURE_3), NOW);
    assert_eq!(refused, Err(SignatureRefusal::Mismatch));
}

#[test]
fn headers_that_cannot_be_read_say_why() {
    let good = authorization("host", SIGNATURE_1);
    let ask = |header: &str| ask(&vector_1(header), NOW).unwrap_err();
    for wrong in [
        "",
        "Bearer x",
        "SDK-HMAC-SHA256 Access=a, SignedHeaders=host, Signature=b",
        &format!("{good}/"),
        &good.replace("auth-v2", "auth-v1"),
        &good.replace("08:30:00Z", "08:30Z"),
        &good.replace(SIGNATURE_1, &SIGNATURE_1.to_uppercase()),
        &good.replace("/host/", "/content-type;host/"),
        &good.replace("/host/", "/accept/"),
    ] {
        assert!(
            matches!(ask(wrong), SignatureRefusal::Malformed(_)),
            "{wrong}"
        );
    }
    assert_eq!(
        ask(&good.replace("0001", "0002")),
        SignatureRefusal::UnknownKey
    );
    assert_eq!(
        ask(&good.replace("edc5", "edc6")),
        SignatureRefusal::Mismatch
    );
    let none = Incoming::of("PUT", PAUSE, &[HOST], b"");
    assert_eq!(
        super::tests::ask(&none, NOW),
        Err(SignatureRefusal::Missing)
    );
}

/// A signer of its own, after two published copies of the vendor's.
fn sign(path: &str, host: &str, query_line: &str, time: &str, body: &[u8]) -> String {
    let mac = |key: &[u8], text: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(text);
        let code = mac.finalize().into_bytes();
        code.iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    let encode = |bytes: &[u8]| {
        let keep = |b: &u8| b.is_ascii_alphanumeric() || b"-._~".contains(b);
        let one = |b: &u8| match keep(b) {
            true => char::from(*b).to_string(),
            false => format!("%{b:02X}"),
        };
        bytes.iter().map(one).collect::<String>()
    };
    let prefix = format!("auth-v2/demo-ak-0001/{time}/host");
    let key = mac(b"demo-sk-3f9c2a", prefix.as_bytes());
    let host = encode(host.as_bytes());
    let canonical = format!(
        "POST\n{path}\n{query_line}host\nhost:{host}\n{}",
        encode(body)
    );
    format!("{prefix}/{}", mac(key.as_bytes(), canonical.as_bytes()))
}

#[test]
fn clients_that_sign_otherwise_are_understood() {
    let time = "2026-01-15T08:30:00.123Z";
    let rules = Rules {
        host_aliases: vec!["public.example.com".to_owned()],
        ..Rules::default()
    };
    for (host, query_line) in [
        ("dialer.example.com", ""),
        ("dialer.example.com:28443", "\n"),
        ("public.example.com", "\n"),
    ] {
        let header = sign(PAUSE, host, query_line, time, b"{}");
        let request = Incoming::of("POST", PAUSE, &[HOST, ("authorization", &header)], b"{}");
        assert_eq!(
            ask_with(&request, &rules, NOW),
            Ok(()),
            "{host} {query_line:?}"
        );
    }
}

proptest! {
    #[test]
    fn a_body_of_any_bytes_verifies_and_one_flipped_bit_does_not(
        body in prop::collection::vec(any::<u8>(), 1..200), bit in any::<prop::sample::Index>(),
    ) {
        let header = sign(PAUSE, HOST.1, "", "2026-01-15T08:30:00Z", &body);
        let headers = [HOST, ("authorization", &header[..])];
        prop_assert_eq!(ask(&Incoming::of("POST", PAUSE, &headers, &body), NOW), Ok(()));
        let mut flipped = body;
        let bit = bit.index(flipped.len() * 8);
        flipped[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(ask(&Incoming::of("POST", PAUSE, &headers, &flipped), NOW).is_err());
    }

    #[test]
    fn a_flipped_bit_of_the_header_is_refused(bit in any::<prop::sample::Index>()) {
        let mut text = authorization("host", SIGNATURE_1).into_bytes();
        let bit = bit.index(text.len() * 8);
        text[bit / 8] ^= 1 << (bit % 8);
        let Ok(value) = axum::http::HeaderValue::from_bytes(&text) else { return Ok(()) };
        let mut request = vector_1("x");
        request.headers.insert("authorization", value);
        prop_assert!(ask(&request, NOW).is_err());
    }

    #[test]
    fn anything_is_answered(header in "\\PC{0,120}", query in "[a-z0-9%+&=]{0,60}", body in prop::collection::vec(any::<u8>(), 0..60)) {
        for header in [header.clone(), format!("auth-v2/{header}"), format!("auth-v2/demo-ak-0001/2026-01-15T08:30:00Z/{header}/{SIGNATURE_1}")] {
            let Ok(value) = axum::http::HeaderValue::from_bytes(header.as_bytes()) else { continue };
            let mut request = Incoming::of("GET", &format!("{PAUSE}?{query}"), &[HOST], &body);
            request.headers.insert("authorization", value);
            prop_assert!(ask(&request, NOW).is_err());
        }
    }
}
