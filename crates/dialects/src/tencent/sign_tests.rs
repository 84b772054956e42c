use axum::http::HeaderValue;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::signing::{AccessKey, Secret};

type Headers = Vec<(String, String)>;

const BODY: &str = r#"{"SdkAppId": 1400000000, "CampaignId": 2569, "Name": "spring list", "Callees": ["+8613012345678"], "Callers": ["0086075586013388"], "CallOrder": 0, "SkillGroupId": 255, "Priority": 3, "ExpectedAbandonRate": 10, "RetryInterval": 1800, "StartTime": 1708483433, "EndTime": 1708485433}"#;
const QUERY: &str = "SdkAppId=1400000000&CampaignId=2569&Name=spring+list&Callees.0=%2B8613012345678&Callers.0=0086075586013388&CallOrder=0&SkillGroupId=255&Priority=3&ExpectedAbandonRate=10&RetryInterval=1800&StartTime=1708483433&EndTime=1708485433";
const NOW: i64 = 1_708_483_433;

fn keys() -> KeyRing<&'static str> {
    let mut keys = KeyRing::default();
    let key = AccessKey {
        id: "AKIDtestid".to_owned(),
        secret: Secret::new("testsecret"),
    };
    keys.add(key, "acme");
    keys
}

fn names() -> Vec<String> {
    vec!["ccc.tencentcloudapi.com".to_owned()]
}

fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Incoming {
    Incoming::of(method, target, headers, body.as_bytes())
}

fn authorization(signature: &str) -> String {
    format!(
        "TC3-HMAC-SHA256 Credential=AKIDtestid/2024-02-21/ccc/tc3_request, SignedHeaders=content-type;host, Signature={signature}"
    )
}

fn ask(request: &Incoming, now: i64) -> Result<&'static str, SignatureRefusal> {
    let keys = keys();
    verify(request, &keys, &names(), Timestamp::from_secs(now)).map(|(owner, _)| *owner)
}

/// Vector A, with changes.
fn vector_a(change: impl FnOnce(&mut Vec<(String, String)>)) -> Incoming {
    let signature = "6b6a0ea6f71e511133e48c2fb097275695c832e1a63166a025fb2e6996b19747";
    let mut headers = vec![
        ("host".to_owned(), "127.0.0.1:8080".to_owned()),
        ("content-type".to_owned(), "application/json".to_owned()),
        ("x-tc-timestamp".to_owned(), NOW.to_string()),
        ("authorization".to_owned(), authorization(signature)),
    ];
    change(&mut headers);
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (&n[..], &v[..])).collect();
    request("POST", "/", &headers, BODY)
}

fn set(headers: &mut [(String, String)], name: &str, value: &str) {
    let found = headers.iter_mut().find(|(n, _)| n == name).unwrap();
    value.clone_into(&mut found.1);
}

#[test]
fn the_key_chain_is_the_documented_one() {
    assert_eq!(
        hex(&signing_key("testsecret", "2024-02-21", "ccc")),
        "2fbd8b659b15ad72dae12223faa157d87b65ee0232fca6ba73424adfe30c564b"
    );
    assert_eq!(
        sha256_hex(BODY.as_bytes()),
        "93727b546ee046a91edcd8e87419bf972f603b7da91de607f46ef7fba8dc9297"
    );
}

#[test]
fn vector_a_a_posted_document() {
    assert_eq!(ask(&vector_a(|_| {}), NOW), Ok("acme"));
}

#[test]
fn vector_b_an_unsigned_payload() {
    let signature = "018c141be97ba35ad0da36c76c986c436be7cdfa427633cbcb2f08f351ef747f";
    let request = vector_a(|headers| {
        set(headers, "authorization", &authorization(signature));
        headers.push(("x-tc-content-sha256".to_owned(), UNSIGNED.to_owned()));
    });
    assert_eq!(ask(&request, NOW), Ok("acme"));
}

#[test]
fn vector_c_a_query() {
    let signature = "f3f8dcb2cf59b5e8858cc77aff7dfd54a238cb4f1648e4172ffb4ce4f5da3c6c";
    let now = NOW.to_string();
    let authorization = authorization(signature);
    let headers = [
        ("host", "127.0.0.1:8080"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-tc-timestamp", &now),
        ("authorization", &authorization),
    ];
    let request = request("GET", &format!("/?{QUERY}"), &headers, "");
    assert_eq!(ask(&request, NOW), Ok("acme"));
}

fn legacy_parameters(method: &str) -> String {
    format!(
        "Action=UpdatePredictiveDialingCampaign&Version=2020-02-10&{QUERY}&Language=zh-CN&Nonce=123456789&RequestClient=SDK_PYTHON_3.1.177&SecretId=AKIDtestid&SignatureMethod={method}&Timestamp={NOW}"
    )
}

#[test]
fn vector_d_a_form_signed_the_old_way() {
    let body = format!(
        "{}&Signature=%2B1bsontGy2ghmdt%2B%2FLEWUgs14tZ%2FN251C2aBjmSDqWA%3D",
        legacy_parameters("HmacSHA256")
    );
    let headers = [
        ("host", "127.0.0.1:8080"),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    assert_eq!(ask(&request("POST", "/", &headers, &body), NOW), Ok("acme"));
    let tampered = body.replace("spring+list", "spring+lisT");
    let refused = ask(&request("POST", "/", &headers, &tampered), NOW);
    assert_eq!(refused, Err(SignatureRefusal::Mismatch));
}

#[test]
fn vector_e_a_query_signed_the_old_way() {
    let target = format!(
        "/?{}&Signature=%2BmKag9y5Mxc8RL4uuOnUFG3rzME%3D",
        legacy_parameters("HmacSHA1")
    );
    let request = request("GET", &target, &[("host", "127.0.0.1:8080")], "");
    assert_eq!(ask(&request, NOW), Ok("acme"));
    assert_eq!(ask(&request, NOW + 301), Err(SignatureRefusal::Expired));
}

#[test]
fn a_legacy_request_names_what_it_lacks() {
    let ask_without = |name: &str| {
        let all = format!("{}&Signature=x", legacy_parameters("HmacSHA1"));
        let kept: Vec<&str> = all
            .split('&')
            .filter(|pair| !pair.starts_with(&format!("{name}=")))
            .collect();
        let target = format!("/?{}", kept.join("&"));
        ask(&request("GET", &target, &[("host", "h")], ""), NOW)
    };
    for name in ["SecretId", "Timestamp", "Nonce", "Signature"] {
        assert_eq!(ask_without(name), Err(SignatureRefusal::Missing(name)));
    }
    assert_eq!(ask_without("Region"), Err(SignatureRefusal::Mismatch));
}

#[test]
fn every_refusal_has_its_code() {
    let code =
        |change: &dyn Fn(&mut Headers), now| ask(&vector_a(|h| change(h)), now).unwrap_err().code();
    let other_key = authorization(&"0".repeat(64)).replace("AKIDtestid", "AKIDother");
    let other_date = authorization(&"0".repeat(64)).replace("02-21", "02-22");
    let set_authorization =
        |text: String| move |h: &mut Vec<(String, String)>| set(h, "authorization", &text);
    assert_eq!(code(&|_| {}, NOW + 300 + 1), "AuthFailure.SignatureExpire");
    assert_eq!(code(&|_| {}, NOW - 300 - 1), "AuthFailure.SignatureExpire");
    assert_eq!(
        code(&set_authorization(other_key), NOW),
        "AuthFailure.SecretIdNotFound"
    );
    assert_eq!(
        code(&set_authorization(other_date), NOW),
        "AuthFailure.SignatureFailure"
    );
    for malformed in [
        "SKIP",
        "",
        "TC3-HMAC-SHA256",
        "TC3-HMAC-SHA256 Credential=a/b/c/d",
    ] {
        assert_eq!(
            code(&set_authorization(malformed.to_owned()), NOW),
            "AuthFailure.InvalidAuthorization",
            "{malformed}"
        );
    }
    let without_time = |h: &mut Vec<(String, String)>| h.retain(|(n, _)| n != "x-tc-timestamp");
    assert_eq!(code(&without_time, NOW), "MissingParameter");
    assert!(
        ask(&vector_a(|_| {}), NOW + 300).is_ok(),
        "the limit itself is taken"
    );
}

#[test]
fn clients_that_sign_another_host_are_understood() {
    // Node signs the host without its port, and its first label as the service.
    let signed = |service: &str, host: &str, action: &str| {
        let signer = Signer {
            service: service.to_owned(),
            host: host.to_owned(),
            headers: vec![("x-tc-action", action.to_owned())],
        };
        signer.sign(BODY.as_bytes())
    };
    for (service, host) in [
        ("127", "127.0.0.1"),
        ("localhost:8080", "127.0.0.1"),
        ("ccc", "ccc.tencentcloudapi.com"),
    ] {
        // The documentation's sample signs the action in lower case.
        for action in [
            "UpdatePredictiveDialingCampaign",
            "updatepredictivedialingcampaign",
        ] {
            let authorization = signed(service, host, action);
            let request = vector_a(|headers| {
                set(headers, "authorization", &authorization);
                let action = "UpdatePredictiveDialingCampaign".to_owned();
                headers.push(("x-tc-action".to_owned(), action));
            });
            assert_eq!(ask(&request, NOW), Ok("acme"), "{service} {host} {action}");
        }
    }
}

#[test]
fn a_host_with_a_scheme_is_taken_as_it_is() {
    let signer = Signer {
        host: "http://127.0.0.1:8080".to_owned(),
        ..Signer::default()
    };
    let authorization = signer.sign(BODY.as_bytes());
    let request = vector_a(|headers| {
        set(headers, "authorization", &authorization);
        set(headers, "host", "http://127.0.0.1:8080");
    });
    assert_eq!(ask(&request, NOW), Ok("acme"));
}

/// A signer of its own, after the vendor's documentation.
struct Signer {
    service: String,
    host: String,
    headers: Vec<(&'static str, String)>,
}

impl Default for Signer {
    fn default() -> Self {
        Self {
            service: "ccc".to_owned(),
            host: "127.0.0.1:8080".to_owned(),
            headers: Vec::new(),
        }
    }
}

impl Signer {
    fn sign(&self, body: &[u8]) -> String {
        let mac = |key: &[u8], text: &str| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        };
        let digest = |bytes: &[u8]| {
            let digest = Sha256::digest(bytes);
            digest
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect::<String>()
        };
        let mut headers = vec![
            ("content-type", "application/json".to_owned()),
            ("host", self.host.clone()),
        ];
        headers.extend(self.headers.iter().cloned());
        headers.sort();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String = headers.iter().map(|(n, v)| format!("{n}:{v}\n")).collect();
        let canonical = format!("POST\n/\n\n{lines}\n{names}\n{}", digest(body));
        let scope = format!("2024-02-21/{}/tc3_request", self.service);
        let to_sign = format!(
            "TC3-HMAC-SHA256\n{NOW}\n{scope}\n{}",
            digest(canonical.as_bytes())
        );
        let key = mac(b"TC3testsecret", "2024-02-21");
        let key = mac(&mac(&key, &self.service), "tc3_request");
        let signature: String = mac(&key, &to_sign)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        format!(
            "TC3-HMAC-SHA256 Credential=AKIDtestid/{scope}, SignedHeaders={names}, Signature={signature}"
        )
    }
}

proptest! {
    #[test]
    fn a_body_of_any_bytes_verifies_and_one_flipped_bit_does_not(
        body in prop::collection::vec(any::<u8>(), 1..300), bit in any::<prop::sample::Index>(),
    ) {
        let authorization = Signer::default().sign(&body);
        let mut request = vector_a(|headers| set(headers, "authorization", &authorization));
        request.body = Bytes::from(body.clone());
        prop_assert_eq!(ask(&request, NOW), Ok("acme"));
        let mut flipped = body;
        let bit = bit.index(flipped.len() * 8);
        flipped[bit / 8] ^= 1 << (bit % 8);
        request.body = Bytes::from(flipped);
        prop_assert_eq!(ask(&request, NOW), Err(SignatureRefusal::Mismatch));
    }

    #[test]
    fn a_flipped_bit_of_the_header_is_refused(bit in any::<prop::sample::Index>()) {
        let mut text = authorization("6b6a0ea6f71e511133e48c2fb097275695c832e1a63166a025fb2e6996b19747").into_bytes();
        let bit = bit.index(text.len() * 8);
        text[bit / 8] ^= 1 << (bit % 8);
        let Ok(value) = HeaderValue::from_bytes(&text) else { return Ok(()) };
        // A blank that becomes none, or none that becomes one, changes no part.
        prop_assume!(text[bit / 8] != b' ' && !(bit / 8 > 15 && text[bit / 8] == 0x00));
        let mut request = vector_a(|_| {});
        request.headers.insert("authorization", value);
        prop_assert!(ask(&request, NOW).is_err());
    }

    #[test]
    fn any_header_is_answered(text in "\\PC{0,200}", method in "[A-Z]{1,8}", body in prop::collection::vec(any::<u8>(), 0..100)) {
        let mut request = vector_a(|_| {});
        request.method = method.parse().unwrap();
        request.body = Bytes::from(body);
        for text in [text.clone(), format!("TC3-HMAC-SHA256 {text}"), format!("TC3-HMAC-SHA256 Credential=AKIDtestid/{text}")] {
            let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) else { continue };
            request.headers.insert("authorization", value);
            prop_assert!(ask(&request, NOW).is_err());
        }
    }
}
