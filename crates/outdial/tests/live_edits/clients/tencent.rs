//! Tencent Cloud Contact Center: JSON, signed by TC3-HMAC-SHA256.

use serde_json::{Value, json};

use super::{Http, hex, hmac_sha256, now_ms, sha256_hex, utc};

pub(crate) const APP: u64 = 1_400_000_000;
const KEY: (&str, &str) = ("AKIDtestid", "testsecret");

/// Lines of the tenant's table.
pub(crate) fn lines() -> String {
    let (id, secret) = KEY;
    format!(
        "[tenant.tencent]\nsdk_app_id = {APP}\nrequests_per_s = 0\n\
         keys = [{{ id = \"{id}\", secret = \"{secret}\" }}]\n"
    )
}

#[derive(Clone, Debug)]
pub(crate) struct Tencent(Http);

impl Tencent {
    pub(crate) fn new(port: u16) -> Self {
        Self(Http::new(port))
    }

    /// `Response`; where it is an error, its code.
    pub(crate) fn ask(&self, action: &str, mut fields: Value) -> Result<Value, String> {
        fields["SdkAppId"] = json!(APP);
        let body = fields.to_string();
        let time = (now_ms() / 1000).to_string();
        let scope = format!("{}/ccc/tc3_request", utc("%Y-%m-%d"));
        let canonical = format!(
            "POST\n/\n\ncontent-type:application/json\nhost:{}\n\ncontent-type;host\n{}",
            self.0.host,
            sha256_hex(body.as_bytes())
        );
        let to_sign = format!(
            "TC3-HMAC-SHA256\n{time}\n{scope}\n{}",
            sha256_hex(canonical.as_bytes())
        );
        let (id, secret) = KEY;
        let mut key = format!("TC3{secret}").into_bytes();
        for part in scope.split('/') {
            key = hmac_sha256(&key, part.as_bytes());
        }
        let signature = hex(&hmac_sha256(&key, to_sign.as_bytes()));
        let headers = [
            ("Content-Type", "application/json".to_owned()),
            ("X-TC-Action", action.to_owned()),
            ("X-TC-Version", "2020-02-10".to_owned()),
            ("X-TC-Timestamp", time),
            (
                "Authorization",
                format!(
                    "TC3-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders=content-type;host, \
                     Signature={signature}"
                ),
            ),
        ];
        let (_, answer) = self.0.send("POST", "/", &headers, &body);
        let response = answer["Response"].clone();
        assert!(response["RequestId"].is_string(), "{action}: {answer}");
        match response["Error"]["Code"].as_str() {
            Some(code) => Err(code.to_owned()),
            None => Ok(response),
        }
    }

    /// An answer that has to be a success.
    pub(crate) fn ok(&self, action: &str, fields: Value) -> Value {
        self.ask(action, fields)
            .unwrap_or_else(|code| panic!("{action}: {code}"))
    }

    /// Creates a predictive campaign; `changes` overrule the fields of these tests.
    pub(crate) fn create(&self, changes: Value) -> u64 {
        let fields = predictive(changes);
        let made = self.ok("CreatePredictiveDialingCampaign", fields);
        made["CampaignId"].as_u64().unwrap()
    }
}

/// Fields of a predictive campaign that begins in an hour.
pub(crate) fn predictive(changes: Value) -> Value {
    let now = now_ms() / 1000;
    let mut fields = json!({
        "Name": "live edits",
        "Callees": ["13000000001", "13000000002"],
        "Callers": ["0086075586013388"],
        "CallOrder": 1,
        "SkillGroupId": crate::harness::config::GROUP,
        "Priority": 2,
        "ExpectedAbandonRate": 20,
        "RetryInterval": 600,
        "StartTime": now + 3600,
        "EndTime": now + 7200,
    });
    crate::harness::campaign::merge(&mut fields, changes);
    fields
}
