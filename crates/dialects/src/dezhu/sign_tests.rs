use std::sync::LazyLock;

use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};

use super::*;

pub(in crate::dezhu) const PUBLIC_KEY: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwaUF2lDkYfT9XgwfTNSMxkn9ZrDhtY3IIr4D2NtPO0aJBbMeKHm3PF8DcICqzSpx1WhZiusf78Sh6fQKrr/f7iYPsCnzy7McgYiXaOqYIIr2LMU3nNZbtXjVRgVmtF8TgPYy9otHWR40iCb+PSN3vESP/C+dTHB12QSbVMj0H/nsfBmN65conXX3mmjz35iYcb7uJfxhyXFzMbNCFtE+ikw6pCPcL20XKpg7hVGJRHfdRZdzXwMrCl1O/QuocUJioBLeuWJYaYl4FMegmtBhnzN1JHQeFQZGjYXTmg4uHFQ8PhbrTE8ihJzyxsuEJxlpj7KvX0BGx3fW0lmMep6OmwIDAQAB";
const SIGN: &str = "n/BNPB2EeyZAvCIvhp5UWaiTWCAEyjcIVbLyol9C+XbbdO11sR9Q/WTED71POUuwBNCJHJcfBDplVaeXBSz9OKAY21D1fuGq7f8mdd5iZKlTmTc6XdI8EGnA0ARuMi1ApWqkLez3c372T+Qhw0nEcrltCJTldthTQbVcp8E+nxPILj7Bz4QNVPPF95eXNAacFvq7y5hN1++gap8PlZfaDHb58GVslnONC3pbMrVyCMElRbRsi7famTBqCUxxeO7JRDv1yNfhFMe3EhrqwaLhM1ygSvBt5ssTJd1oWWGZEtqSWOmyEd2vrC53oe3PN1uFmj7Swu7GgQZITL2QHRmvsg==";
const APP: &str = "0123456789abcdef0123456789abcdef";
const NOW: i64 = 1_700_000_000_000;

fn apps() -> Apps<&'static str> {
    let app = App {
        keys: vec![PublicKey::read(PUBLIC_KEY).unwrap()],
        owner: "acme",
    };
    Apps::from([(APP.to_owned(), app)])
}

fn ask_as(headers: &[(&str, &str)], now: i64) -> Result<&'static str, SignatureRefusal> {
    let request = Incoming::of(
        "POST",
        "/speech/openapi/v1/task/outbound/edit",
        headers,
        b"{}",
    );
    let now = Timestamp::from_millis(now);
    verify(&request, &apps(), TOLERANCE_DEFAULT, now).map(|(owner, _)| *owner)
}

fn ask(app: &str, timestamp: &str, sign: &str, now: i64) -> Result<&'static str, SignatureRefusal> {
    ask_as(
        &[("appId", app), ("timestamp", timestamp), ("sign", sign)],
        now,
    )
}

#[test]
fn the_known_answer_verifies_in_every_spelling() {
    let time = "1700000000000";
    assert_eq!(ask(APP, time, SIGN, NOW), Ok("acme"));
    assert_eq!(ask(APP, time, SIGN, NOW + 300_000), Ok("acme"));
    assert_eq!(ask(APP, time, SIGN.trim_end_matches('='), NOW), Ok("acme"));
    let url_safe = SIGN.replace('+', "-").replace('/', "_");
    assert_eq!(ask(APP, time, &url_safe, NOW), Ok("acme"));
    let blanks = format!(" {} {}", &SIGN[..76], &SIGN[76..]);
    assert_eq!(ask(APP, time, &blanks, NOW), Ok("acme"));
}

#[test]
fn every_refusal_has_its_code() {
    let time = "1700000000000";
    let code = |app, time, sign, now| ask(app, time, sign, now).unwrap_err().code();
    assert_eq!(code(APP, time, SIGN, NOW + 300_001), "10001");
    assert_eq!(code(APP, time, SIGN, NOW - 300_001), "10001");
    assert_eq!(code(APP, "1700000000001", SIGN, NOW), "10001");
    for wrong in ["", "now", "-1", "17000000000000000000", "1700000000000.0"] {
        assert_eq!(code(APP, wrong, SIGN, NOW), "10001", "{wrong}");
    }
    for wrong in ["", "?", "AAAA", &SIGN[4..]] {
        assert_eq!(code(APP, time, wrong, NOW), "10001", "{wrong}");
    }
    assert_eq!(
        code("99845aaaaebd4d61acccc9b776208f12", time, SIGN, NOW),
        "10002"
    );
    let twice = [
        ("appId", APP),
        ("timestamp", time),
        ("sign", SIGN),
        ("sign", SIGN),
    ];
    assert_eq!(ask_as(&twice, NOW), Err(SignatureRefusal::Missing("sign")));
    let mut keyless = apps();
    keyless.get_mut(APP).unwrap().keys.clear();
    let request = Incoming::of("GET", "/", &twice[..3], b"");
    let now = Timestamp::from_millis(NOW);
    let refused = verify(&request, &keyless, TOLERANCE_DEFAULT, now).unwrap_err();
    assert_eq!(refused, SignatureRefusal::NoKey);
}

/// A key pair for tests only.
static PAIR: LazyLock<RsaKeyPair> = LazyLock::new(|| {
    let der = LENIENT
        .decode(include_str!("test_key.txt").replace('\n', ""))
        .unwrap();
    RsaKeyPair::from_der(&der).unwrap()
});

fn sign(message: &str) -> String {
    let mut signature = vec![0; PAIR.public().modulus_len()];
    let random = SystemRandom::new();
    PAIR.sign(
        &RSA_PKCS1_SHA256,
        &random,
        message.as_bytes(),
        &mut signature,
    )
    .unwrap();
    LENIENT.encode(signature)
}

/// An app with two keys, the second of which is ours.
fn rotating() -> Apps<&'static str> {
    let mut apps = apps();
    let own = LENIENT.encode(PAIR.public_key().as_ref());
    let keys = &mut apps.get_mut(APP).unwrap().keys;
    keys.push(PublicKey::read(&own).unwrap());
    apps
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_signature_by_any_active_key_verifies_and_one_flipped_bit_does_not(
        time in 0..i64::MAX, bit in any::<prop::sample::Index>(),
    ) {
        let (apps, time) = (rotating(), time.to_string());
        let good = sign(&format!("{APP}{time}"));
        let ask = |sign: &str| {
            let headers = [("appId", APP), ("timestamp", &time[..]), ("sign", sign)];
            let request = Incoming::of("GET", "/", &headers, b"");
            verify(&request, &apps, Tolerance::ANY, Timestamp::from_millis(0)).is_ok()
        };
        prop_assert!(ask(&good));
        let mut bytes = LENIENT.decode(&good).unwrap();
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!ask(&LENIENT.encode(bytes)));
        // The order of the two texts matters.
        let swapped = sign(&format!("{time}{APP}"));
        prop_assert!(!ask(&swapped));
    }

    #[test]
    fn any_headers_are_answered(time in "\\PC{0,30}", sign in "\\PC{0,400}") {
        let Ok(time) = axum::http::HeaderValue::from_bytes(time.as_bytes()) else { return Ok(()) };
        let Ok(sign) = axum::http::HeaderValue::from_bytes(sign.as_bytes()) else { return Ok(()) };
        let mut request = Incoming::of("GET", "/", &[("appId", APP)], b"");
        request.headers.insert("timestamp", time);
        request.headers.insert("sign", sign);
        prop_assert!(verify(&request, &apps(), Tolerance::ANY, Timestamp::from_millis(0)).is_err());
    }
}
